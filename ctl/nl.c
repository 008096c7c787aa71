// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <linux/tqueue.h>

#include "nl.h"

/* No message of a dump is larger, so each takes one system call; another reply
 * may be, and MSG_TRUNC says how much.
 */
#define RECV_SIZE	(256 * 1024)
/* So much of a dump is kept until it is complete, to be asked for again if it was
 * torn.  What is more goes to the caller as it comes.
 */
#define DUMP_KEEP	(1024 * 1024)
#define DUMP_TRIES	20

/* Not in the headers of the oldest systems that we build on. */
#define ATTR_MSG	1	/* NLMSGERR_ATTR_MSG */
#define ATTR_OFFS	2
#define ATTR_MISS_TYPE	5
#define ATTR_MISS_NEST	6

/* A received datagram of a dump that is not complete yet. */
struct part {
	struct part	*next;
	int		len;
	_Alignas(8) unsigned char data[];
};

struct tnl {
	struct nl_sock	*sock;
	int		family;
	int		events;		/* the multicast group; 0: none */
	unsigned char	*buf;
	size_t		size;
	bool		torn;
	char		warning[240];
};

static int local_error(struct tnl_error *err, int code, const char *text)
{
	memset(err, 0, sizeof(*err));
	err->local = true;
	err->code = code;
	snprintf(err->text, sizeof(err->text), "%s", text);
	return -1;
}

static int enter_netns(const char *netns, struct tnl_error *err)
{
	char path[512];
	int fd;

	if (strchr(netns, '/'))
		snprintf(path, sizeof(path), "%s", netns);
	else
		snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		local_error(err, code, "");
		snprintf(err->text, sizeof(err->text), "network namespace %.200s", netns);
		return -1;
	}
	close(fd);
	return 0;
}

void tnl_close(struct tnl *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		nl_socket_free(nl->sock);
	free(nl->buf);
	free(nl);
}

int tnl_fd(const struct tnl *nl)
{
	return nl_socket_get_fd(nl->sock);
}

struct nl_msg *tnl_message(struct tnl *nl, uint8_t cmd, int flags, size_t size)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + size);
	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
			 NLM_F_REQUEST | NLM_F_ACK | flags, cmd, TQUEUE_FAMILY_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

bool tnl_torn(const struct tnl *nl)
{
	return nl->torn;
}

const char *tnl_warning(const struct tnl *nl)
{
	return nl->warning;
}

/* One datagram of a dump into nl->buf.  Its length, or -1. */
static int receive_part(struct tnl *nl, struct tnl_error *err)
{
	ssize_t len;

	do {
		len = recv(tnl_fd(nl), nl->buf, nl->size, MSG_TRUNC);
	} while (len < 0 && errno == EINTR);
	if (len > (ssize_t)nl->size)
		return local_error(err, EMSGSIZE, "netlink reply");
	return len < 0 ? local_error(err, errno, "netlink socket") : len;
}

/* One datagram into nl->buf, whatever its size.  Its length, or -1. */
static int receive(struct tnl *nl, int flags, struct tnl_error *err)
{
	for (;;) {
		ssize_t len = recv(tnl_fd(nl), nl->buf, nl->size, MSG_PEEK | MSG_TRUNC | flags);

		if (len > (ssize_t)nl->size) {
			unsigned char *buf = realloc(nl->buf, len);

			if (!buf)
				return local_error(err, ENOMEM, "netlink reply");
			nl->buf = buf;
			nl->size = len;
			continue;
		}
		if (len >= 0)
			len = recv(tnl_fd(nl), nl->buf, nl->size, flags);
		if (len >= 0)
			return len;
		if (errno != EINTR)
			return local_error(err, errno, "netlink socket");
	}
}

/* ---- the extended ack ---- */

static void read_tlvs(const struct nlattr *attr, int len, struct tnl_error *err)
{
	for (; nla_ok(attr, len); attr = nla_next(attr, &len)) {
		switch (nla_type(attr)) {
		case ATTR_MSG:
			snprintf(err->text, sizeof(err->text), "%.*s", nla_len(attr),
				 (const char *)nla_data(attr));
			break;
		case ATTR_OFFS:
			if (nla_len(attr) >= 4)
				err->offset = nla_get_u32(attr);
			break;
		case ATTR_MISS_TYPE:
			if (nla_len(attr) >= 4)
				err->miss_type = nla_get_u32(attr);
			break;
		case ATTR_MISS_NEST:
			if (nla_len(attr) >= 4)
				err->miss_nest = nla_get_u32(attr);
			break;
		}
	}
}

/* @at: bytes of the message before the attributes of the extended ack */
static void read_ack(const struct nlmsghdr *nlh, size_t at, int code, struct tnl_error *err)
{
	memset(err, 0, sizeof(*err));
	err->code = -code;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS && nlh->nlmsg_len > at)
		read_tlvs((const struct nlattr *)((const char *)nlh + at), nlh->nlmsg_len - at,
			  err);
}

/* NLMSG_ERROR: also the acknowledgement, with code 0. */
static int read_error(const struct nlmsghdr *nlh, struct tnl_error *err)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	size_t at = NLMSG_HDRLEN + sizeof(*e);

	if (nlh->nlmsg_len < at)
		return local_error(err, EPROTO, "short error message");
	/* The request comes back in full with an error, unless capped. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && e->error)
		at += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	read_ack(nlh, at, e->error, err);
	return e->error ? -1 : 0;
}

/* NLMSG_DONE: ends a dump, with an error if the dump failed half way. */
static int read_done(const struct nlmsghdr *nlh, struct tnl_error *err)
{
	size_t at = NLMSG_HDRLEN + sizeof(int);
	int code = 0;

	if (nlh->nlmsg_len >= at)
		memcpy(&code, nlmsg_data(nlh), sizeof(code));
	read_ack(nlh, at, code, err);
	return code ? -1 : 0;
}

/* ---- requests ---- */

static bool read_reply(const struct nlmsghdr *nlh, struct tnl_reply *reply)
{
	const struct genlmsghdr *g = nlmsg_data(nlh);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return false;
	reply->cmd = g->cmd;
	reply->attrs = (const struct nlattr *)((const char *)g + GENL_HDRLEN);
	reply->len = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	return true;
}

static void deliver(const struct nlmsghdr *nlh, tnl_reply_fn *fn, void *arg)
{
	struct tnl_reply reply;

	if (read_reply(nlh, &reply))
		fn(&reply, arg);
}

static void deliver_all(const struct tnl *nl, const void *data, int len, uint32_t seq,
			tnl_reply_fn *fn, void *arg)
{
	const struct nlmsghdr *nlh;

	for (nlh = data; nlmsg_ok(nlh, len);
	     nlh = nlmsg_next((struct nlmsghdr *)nlh, &len))
		if (nlh->nlmsg_type == nl->family && nlh->nlmsg_seq == seq)
			deliver(nlh, fn, arg);
}

enum outcome {
	MORE,		/* the reply goes on */
	COMPLETE,
	FAILED,
};

/* What the datagram in nl->buf says about request @seq as a whole. */
static enum outcome scan(struct tnl *nl, int len, uint32_t seq, struct tnl_error *err)
{
	const struct nlmsghdr *nlh;
	int ret;

	for (nlh = (void *)nl->buf; nlmsg_ok(nlh, len);
	     nlh = nlmsg_next((struct nlmsghdr *)nlh, &len)) {
		if (nlh->nlmsg_seq != seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			nl->torn = true;
		if (nlh->nlmsg_type == NLMSG_ERROR)
			ret = read_error(nlh, err);
		else if (nlh->nlmsg_type == NLMSG_DONE)
			ret = read_done(nlh, err);
		else
			continue;
		snprintf(nl->warning, sizeof(nl->warning), "%s", ret ? "" : err->text);
		return ret ? FAILED : COMPLETE;
	}
	return MORE;
}

static int send_request(struct tnl *nl, struct nl_msg *msg, struct tnl_error *err)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	nlh->nlmsg_seq = NL_AUTO_SEQ;
	nl_complete_msg(nl->sock, msg);
	for (;;) {
		if (send(tnl_fd(nl), nlh, nlh->nlmsg_len, 0) >= 0)
			return 0;
		if (errno != EINTR)
			return local_error(err, errno, "netlink socket");
	}
}

static int request(struct tnl *nl, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
		   struct tnl_error *err)
{
	enum outcome outcome;
	uint32_t seq;
	int len;

	if (send_request(nl, msg, err))
		return -1;
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	do {
		len = receive(nl, 0, err);
		if (len < 0)
			return -1;
		outcome = scan(nl, len, seq, err);
		if (outcome != FAILED && fn)
			deliver_all(nl, nl->buf, len, seq, fn, arg);
	} while (outcome == MORE);
	return outcome == COMPLETE ? 0 : -1;
}

/* ---- the socket ---- */

/* errno of a libnl error; libnl folds many errnos into few numbers. */
static int libnl_errno(int nlerr)
{
	switch (-nlerr) {
	case NLE_NOMEM:
		return ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return EPROTONOSUPPORT;
	default:
		return errno ? errno : EIO;
	}
}

static void got_family(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *id = nla_find(reply->attrs, reply->len, CTRL_ATTR_FAMILY_ID);
	const struct nlattr *all = nla_find(reply->attrs, reply->len, CTRL_ATTR_MCAST_GROUPS);
	struct nlattr *group;
	struct tnl *found = arg;
	int rem;

	if (id && nla_len(id) >= (int)sizeof(uint16_t))
		found->family = nla_get_u16(id);
	if (!all)
		return;
	nla_for_each_nested(group, all, rem) {
		const struct nlattr *name = nla_find(nla_data(group), nla_len(group),
						     CTRL_ATTR_MCAST_GRP_NAME);

		id = nla_find(nla_data(group), nla_len(group), CTRL_ATTR_MCAST_GRP_ID);
		if (name && id && nla_len(id) >= (int)sizeof(uint32_t) &&
		    !nla_strcmp(name, TQUEUE_MCGRP_EVENTS))
			found->events = nla_get_u32(id);
	}
}

/* Not by libnl, for which each error means that there is no family; nor anything
 * after this, as it would not know our sequence numbers.
 */
static int find_family(struct tnl *nl, struct tnl_error *err)
{
	struct tnl found = { 0 };
	struct nl_msg *msg;
	int ret = -1;

	nl->family = GENL_ID_CTRL;
	msg = tnl_message(nl, CTRL_CMD_GETFAMILY, 0, 256);
	if (!msg || nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, TQUEUE_FAMILY_NAME))
		local_error(err, ENOMEM, "netlink message");
	else
		ret = request(nl, msg, got_family, &found, err);
	nlmsg_free(msg);
	if (!ret && !found.family)
		return local_error(err, EPROTO, "netlink family \"tqueue\"");
	if (ret && !err->local) {
		const int code = err->code;

		local_error(err, code, code == ENOENT ?
			    "the kernel has no netlink family \"tqueue\"" :
			    "the kernel can't tell of netlink family \"tqueue\"");
		err->no_family = code == ENOENT;
	}
	nl->family = found.family;
	nl->events = found.events;
	return ret;
}

struct tnl *tnl_open(const char *netns, struct tnl_error *err)
{
	int one = 1, ret;
	struct tnl *nl;

	memset(err, 0, sizeof(*err));
	if (netns && enter_netns(netns, err))
		return NULL;
	nl = calloc(1, sizeof(*nl));
	if (nl) {
		nl->size = RECV_SIZE;
		nl->buf = malloc(nl->size);
		nl->sock = nl_socket_alloc();
	}
	if (!nl || !nl->buf || !nl->sock) {
		local_error(err, ENOMEM, "netlink socket");
		goto fail;
	}
	errno = 0;
	ret = genl_connect(nl->sock);
	if (ret) {
		local_error(err, libnl_errno(ret), "netlink socket");
		goto fail;
	}
	nl_socket_set_buffer_size(nl->sock, 1024 * 1024, 256 * 1024);
	/* Neither can fail on a kernel that the module is for. */
	setsockopt(tnl_fd(nl), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(tnl_fd(nl), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (find_family(nl, err))
		goto fail;
	return nl;
fail:
	tnl_close(nl);
	return NULL;
}

/* ---- dumps ---- */

static void free_parts(struct part *part)
{
	while (part) {
		struct part *next = part->next;

		free(part);
		part = next;
	}
}

/* What has come of a dump and has not been delivered yet. */
struct kept {
	struct part	*first, **end;
	size_t		size;
	bool		passing;	/* no more of it: too much has come */
};

static int keep(const struct tnl *nl, int len, struct kept *k)
{
	struct part *part = malloc(sizeof(*part) + len);

	if (!part)
		return -1;
	part->len = len;
	memcpy(part->data, nl->buf, len);
	part->next = NULL;
	*k->end = part;
	k->end = &part->next;
	k->size += len;
	return 0;
}

static void forget(struct kept *k)
{
	free_parts(k->first);
	k->first = NULL;
	k->end = &k->first;
	k->size = 0;
}

static void pass_on(const struct tnl *nl, struct kept *k, uint32_t seq, tnl_reply_fn *fn,
		    void *arg)
{
	const struct part *part;

	for (part = k->first; part && fn; part = part->next)
		deliver_all(nl, part->data, part->len, seq, fn, arg);
	forget(k);
}

static int dump(struct tnl *nl, struct nl_msg *msg, struct kept *k, tnl_reply_fn *fn, void *arg,
		struct tnl_error *err)
{
	enum outcome outcome;
	uint32_t seq;
	int len;

	if (send_request(nl, msg, err))
		return -1;
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	do {
		len = receive_part(nl, err);
		if (len < 0)
			return -1;
		outcome = scan(nl, len, seq, err);
		if (k->size + len > DUMP_KEEP) {
			k->passing = true;
			pass_on(nl, k, seq, fn, arg);
		}
		if (k->passing && fn)
			deliver_all(nl, nl->buf, len, seq, fn, arg);
		else if (!k->passing && keep(nl, len, k))
			return local_error(err, ENOMEM, "netlink reply");
	} while (outcome == MORE);
	return outcome == COMPLETE ? 0 : -1;
}

static int dump_whole(struct tnl *nl, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
		      struct tnl_error *err)
{
	struct kept k = { .first = NULL };
	int tries, ret;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		forget(&k);
		nl->torn = false;
		ret = dump(nl, msg, &k, fn, arg, err);
		if (ret || k.passing || !nl->torn)
			break;
	}
	if (!ret && nl->torn && !k.passing)
		ret = local_error(err, EAGAIN, "the objects kept changing while they were read");
	if (!ret)
		pass_on(nl, &k, nlmsg_hdr(msg)->nlmsg_seq, fn, arg);
	forget(&k);
	return ret;
}

int tnl_request(struct tnl *nl, struct nl_msg *msg, tnl_reply_fn *fn, void *arg,
		struct tnl_error *err)
{
	memset(err, 0, sizeof(*err));
	nl->torn = false;
	nl->warning[0] = 0;
	if ((nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return dump_whole(nl, msg, fn, arg, err);
	return request(nl, msg, fn, arg, err);
}

/* ---- many requests at once ---- */

struct many {
	unsigned int	n;
	uint32_t	first;		/* number of the first request; the others follow */
	unsigned int	left;		/* without an answer */
	tnl_many_fn	*fn;
	void		*arg;
	unsigned int	*failed;
	struct tnl_error *err;
};

static void many_answer(const struct tnl *nl, struct many *m, const struct nlmsghdr *nlh)
{
	const uint32_t i = nlh->nlmsg_seq - m->first;
	struct tnl_reply reply;
	struct tnl_error err;

	if (i >= m->n)
		return;		/* of an earlier request that was given up */
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (!read_error(nlh, &err))
			return;
		if (i < *m->failed) {
			*m->failed = i;
			*m->err = err;
		}
	} else if (nlh->nlmsg_type == nl->family && read_reply(nlh, &reply)) {
		m->fn(i, &reply, m->arg);
	} else {
		return;
	}
	m->left--;
}

static int many_send(struct tnl *nl, struct nl_msg *const *msgs, struct many *m)
{
	struct iovec *iov = calloc(m->n, sizeof(*iov));
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = m->n };
	unsigned int i;
	ssize_t sent;

	if (!iov)
		return local_error(m->err, ENOMEM, "netlink messages");
	for (i = 0; i < m->n; i++) {
		struct nlmsghdr *nlh = nlmsg_hdr(msgs[i]);

		nlh->nlmsg_seq = NL_AUTO_SEQ;
		nl_complete_msg(nl->sock, msgs[i]);
		/* The reply is the acknowledgement; libnl wants both. */
		nlh->nlmsg_flags &= ~NLM_F_ACK;
		if (!i)
			m->first = nlh->nlmsg_seq;
		iov[i] = (struct iovec){ nlh, NLMSG_ALIGN(nlh->nlmsg_len) };
	}
	do {
		sent = sendmsg(tnl_fd(nl), &hdr, 0);
	} while (sent < 0 && errno == EINTR);
	free(iov);
	return sent < 0 ? local_error(m->err, errno, "netlink socket") : 0;
}

int tnl_request_many(struct tnl *nl, struct nl_msg *const *msgs, unsigned int n,
		     tnl_many_fn *fn, void *arg, unsigned int *failed, struct tnl_error *err)
{
	struct many m = { .n = n, .left = n, .fn = fn, .arg = arg, .failed = failed, .err = err };
	const struct nlmsghdr *nlh;
	int flags = 0, len;

	memset(err, 0, sizeof(*err));
	nl->torn = false;
	nl->warning[0] = 0;
	*failed = n;
	if (many_send(nl, msgs, &m))
		return -1;
	while (m.left) {
		len = receive(nl, flags, err);
		/* What is queued must be taken: before, all further replies are lost. */
		if (len < 0 && err->code == ENOBUFS) {
			flags = MSG_DONTWAIT;
			continue;
		}
		if (len < 0 && flags && err->code == EAGAIN)
			err->code = ENOBUFS;
		if (len < 0)
			return -1;
		for (nlh = (void *)nl->buf; nlmsg_ok(nlh, len);
		     nlh = nlmsg_next((struct nlmsghdr *)nlh, &len))
			many_answer(nl, &m, nlh);
	}
	return *failed < n ? -1 : 0;
}

/* ---- notifications ---- */

int tnl_subscribe(struct tnl *nl, struct tnl_error *err)
{
	int ret;

	memset(err, 0, sizeof(*err));
	if (!nl->events)
		return local_error(err, ENOENT, "multicast group \"events\"");
	errno = 0;
	ret = nl_socket_add_membership(nl->sock, nl->events);
	if (ret)
		return local_error(err, libnl_errno(ret), "multicast group \"events\"");
	return 0;
}

int tnl_events(struct tnl *nl, tnl_reply_fn *fn, void *arg, struct tnl_error *err)
{
	for (;;) {
		const struct nlmsghdr *nlh;
		int len = receive(nl, MSG_DONTWAIT, err);

		if (len < 0)
			return err->code == EAGAIN ? 0 : -1;
		for (nlh = (void *)nl->buf; nlmsg_ok(nlh, len);
		     nlh = nlmsg_next((struct nlmsghdr *)nlh, &len))
			if (nlh->nlmsg_type == nl->family)
				deliver(nlh, fn, arg);
	}
}
