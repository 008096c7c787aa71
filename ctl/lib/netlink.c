// SPDX-License-Identifier: GPL-2.0-only
/*
 * QUEUE_OPEN, and what it takes to say it: a socket in the right namespace, the
 * number of the family, one request each.  No library, so that this one brings
 * nothing along.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

/* Not in the headers of the oldest systems that we build on. */
#define ATTR_MSG	1	/* NLMSGERR_ATTR_MSG */

/**
 * struct request - one request and what came of it
 * @attr: the attribute of the reply that is wanted: u16 or u32
 * @value: of it
 * @found: it was there
 * @code: errno; 0: granted
 * @text: the kernel's sentence, or ""
 */
struct request {
	uint32_t	seq;
	int		attr;
	uint32_t	value;
	bool		found;
	int		code;
	char		text[160];
	_Alignas(4) char buf[8192];
	size_t		len;
};

/* ---- messages ---- */

static struct nlmsghdr *begin(struct request *r, uint16_t type, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = (void *)r->buf;
	struct genlmsghdr *g = NLMSG_DATA(nlh);

	memset(r->buf, 0, NLMSG_LENGTH(GENL_HDRLEN));
	nlh->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++r->seq;
	g->cmd = cmd;
	g->version = version;
	return nlh;
}

/* Names and numbers only: there is always room. */
static void put(struct nlmsghdr *nlh, uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)((char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));

	memset(attr, 0, NLA_HDRLEN + NLA_ALIGN(len));
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((char *)attr + NLA_HDRLEN, data, len);
	nlh->nlmsg_len = NLMSG_ALIGN(nlh->nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

/* The attribute @type among the @len bytes at @from, or NULL. */
static const struct nlattr *find(const char *from, size_t len, int type)
{
	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const void *)from;
		size_t step = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			break;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		if (step >= len)
			break;
		from += step;
		len -= step;
	}
	return NULL;
}

static void read_reply(struct request *r, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	uint16_t half;

	if (nlh->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return;
	attr = find((const char *)nlh + NLMSG_LENGTH(GENL_HDRLEN),
		    nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), r->attr);
	if (!attr)
		return;
	switch (attr->nla_len - NLA_HDRLEN) {
	case sizeof(half):
		memcpy(&half, (const char *)attr + NLA_HDRLEN, sizeof(half));
		r->value = half;
		r->found = true;
		break;
	case sizeof(r->value):
		memcpy(&r->value, (const char *)attr + NLA_HDRLEN, sizeof(r->value));
		r->found = true;
		break;
	}
}

static void read_ack(struct request *r, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);
	size_t at = NLMSG_LENGTH(sizeof(*err));
	const struct nlattr *attr;

	r->code = EPROTO;
	if (nlh->nlmsg_len < at)
		return;
	r->code = -err->error;
	/* The request comes back with an error, unless capped. */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && err->error)
		at += NLMSG_ALIGN(err->msg.nlmsg_len) - sizeof(err->msg);
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlh->nlmsg_len <= at)
		return;
	attr = find((const char *)nlh + at, nlh->nlmsg_len - at, ATTR_MSG);
	if (attr)
		snprintf(r->text, sizeof(r->text), "%.*s", (int)(attr->nla_len - NLA_HDRLEN),
			 (const char *)attr + NLA_HDRLEN);
}

/* True: the answer is complete. */
static bool read_messages(struct request *r, size_t len)
{
	const struct nlmsghdr *nlh = (const void *)r->buf;

	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		if (nlh->nlmsg_seq != r->seq)
			continue;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			read_ack(r, nlh);
			return true;
		}
		read_reply(r, nlh);
	}
	return false;
}

/* 0: there was an answer, in *r; or an errno. */
static int ask(int sock, struct request *r, const struct nlmsghdr *nlh)
{
	ssize_t n;

	r->found = false;
	r->text[0] = 0;
	while (send(sock, nlh, nlh->nlmsg_len, 0) < 0)
		if (errno != EINTR)
			return errno;
	/* The kernel has answered before send() came back; from here on a signal
	 * must not make us forget a descriptor that is open.
	 */
	do {
		n = recv(sock, r->buf, sizeof(r->buf), 0);
		if (n < 0 && errno != EINTR)
			return errno;
	} while (n < 0 || !read_messages(r, n));
	return 0;
}

/* ---- the socket ---- */

/**
 * struct elsewhere - what a thread does in a namespace for us
 * @code: errno
 */
struct elsewhere {
	int	netns;
	int	sock;
	int	code;
};

static int new_socket(void)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int sock, one = 1;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0)
		return -1;
	/* Nobody else can send to it then. */
	if (connect(sock, (const void *)&kernel, sizeof(kernel))) {
		close(sock);
		return -1;
	}
	/* Neither can fail on a kernel that the module is for. */
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return sock;
}

static void *enter(void *arg)
{
	struct elsewhere *e = arg;

	e->sock = setns(e->netns, CLONE_NEWNET) ? -1 : new_socket();
	e->code = errno;
	return NULL;
}

/* A thread of its own goes there: the caller's could fail to come back.  It takes
 * no signals, which are the program's.
 */
static int socket_in(int netns, int *code)
{
	struct elsewhere e = { .netns = netns, .sock = -1 };
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	*code = pthread_create(&thread, NULL, enter, &e);
	if (!*code) {
		pthread_join(thread, NULL);
		*code = e.code;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return e.sock;
}

/* ---- the requests ---- */

static int find_family(struct tqueue *q, int sock, struct request *r)
{
	struct nlmsghdr *nlh = begin(r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	int err;

	put(nlh, CTRL_ATTR_FAMILY_NAME, TQUEUE_FAMILY_NAME, sizeof(TQUEUE_FAMILY_NAME));
	r->attr = CTRL_ATTR_FAMILY_ID;
	err = ask(sock, r, nlh);
	if (err)
		return tqi_fail(q, err, "netlink socket");
	if (r->code == ENOENT)
		return tqi_refuse(q, ENODEV,
				  "the kernel has no netlink family \"tqueue\": the module is not loaded");
	if (r->code || !r->found)
		return tqi_fail(q, r->code ? r->code : EPROTO, "netlink family \"tqueue\"");
	return r->value;
}

static int open_queue(struct tqueue *q, int sock, struct request *r, int family,
		      const char *name, int oflags)
{
	struct nlmsghdr *nlh = begin(r, family, TQUEUE_CMD_QUEUE_OPEN, TQUEUE_FAMILY_VERSION);
	/* There is no opening for writing only by this way. */
	uint32_t flags = (oflags & O_ACCMODE) == O_WRONLY ? (oflags & ~O_ACCMODE) | O_RDWR :
							     oflags;
	int err;

	put(nlh, TQUEUE_A_QUEUE_NAME, name, strlen(name) + 1);
	put(nlh, TQUEUE_A_QUEUE_OPEN_FLAGS, &flags, sizeof(flags));
	r->attr = TQUEUE_A_QUEUE_FD;
	err = ask(sock, r, nlh);
	if (err)
		return tqi_fail(q, err, "netlink socket");
	if (r->code)
		return tqi_fail(q, r->code, "refused by the kernel%s%s", r->text[0] ? ": " : "",
				r->text);
	if (!r->found)
		return tqi_refuse(q, EPROTO, "the module's reply has no descriptor");
	return r->value;
}

int tqi_queue_open(struct tqueue *q, int netns, const char *name, int oflags)
{
	struct request r = { .seq = 0 };
	int sock, code = 0, ret;

	sock = netns < 0 ? new_socket() : socket_in(netns, &code);
	if (sock < 0 && netns < 0)
		return tqi_fail(q, errno, "netlink socket");
	if (sock < 0)
		return tqi_fail(q, code, "a socket in its network namespace");
	ret = find_family(q, sock, &r);
	if (ret >= 0)
		ret = open_queue(q, sock, &r, ret, name, oflags);
	close(sock);
	return ret;
}
