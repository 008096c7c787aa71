// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tqueue.h>
#include "nlreq.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#define ATTR_MISS_TYPE	5	/* NLMSGERR_ATTR_MISS_TYPE, from Linux 6.1 on */

#define REQ_MAX		(256 << 10)


struct name {
	const char	*name;
	int		value;
};

/* Made from the uapi header by the Makefile. */
static const struct name attrs[] = {
#define N(x) { #x + 9, x },
#include "attrs.inc"
#undef N
};
static const struct name cmds[] = {
#define N(x) { #x + 11, x },
#include "cmds.inc"
#undef N
};
static const struct name errnos[] = {
#define N(x) { #x, x },
	N(EPERM) N(ENOENT) N(E2BIG) N(EAGAIN) N(ENOMEM) N(EBUSY) N(EEXIST) N(ENODEV) N(EINVAL)
	N(EFBIG) N(ENOSPC) N(ERANGE) N(ENAMETOOLONG) N(EOVERFLOW) N(EMSGSIZE) N(EOPNOTSUPP)
	N(ENOBUFS) N(EDQUOT) N(EALREADY) N(ESRCH) N(EBADF) N(ENXIO) N(EPROTO) N(EMFILE) N(ESTALE)
#undef N
};

static int sock = -1;
static int want_fd;
static FILE *kept;
static u16 family_id;
static u32 group_id, seq, last_txn, last_id;

/* the request that is being made, and whose attribute lies where */
static u8 req[REQ_MAX] __attribute__((aligned(4)));
static size_t req_len;
static struct { size_t off; const char *word; } places[NL_WORDS];
static unsigned int n_places;

static int lookup(const struct name *t, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(t[i].name, name))
			return t[i].value;
	return -1;
}

const char *nl_error_name(int err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].value == err)
			return errnos[i].name;
	return err ? strerror(err) : "OK";
}

static void put(const void *p, size_t n)
{
	if (req_len + n + 4 > REQ_MAX)
		die("request too long");
	memcpy(req + req_len, p, n);
	req_len += n;
}

static void align(void)
{
	while (req_len % 4)
		req[req_len++] = 0;
}

static size_t attr_begin(int type)
{
	struct nlattr a = { sizeof(a), (u16)type };
	size_t at = req_len;

	put(&a, sizeof(a));
	return at;
}

static void attr_end(size_t at)
{
	struct nlattr a;

	memcpy(&a, req + at, sizeof(a));
	a.nla_len = (u16)(req_len - at);
	memcpy(req + at, &a, sizeof(a));
	align();
}

static void put_number(const char *value, size_t size)
{
	u64 v = !strcmp(value, "$txn") ? last_txn : !strcmp(value, "$last") ? last_id :
		value[0] == '-' ? (u64)-(int64_t)number(value + 1) : number(value);

	put(&v, size);		/* little endian hosts only */
}

static void put_value(size_t at, const char *value)
{
	const char *colon = strchr(value, ':');
	const char *rest = colon ? colon + 1 : "";

	if (!strncmp(value, "u8:", 3)) {
		put_number(rest, 1);
	} else if (!strncmp(value, "u16:", 4)) {
		put_number(rest, 2);
	} else if (!strncmp(value, "u32:", 4) || !strncmp(value, "s32:", 4)) {
		put_number(rest, 4);
	} else if (!strncmp(value, "u64:", 4)) {
		put_number(rest, 8);
	} else if (!strncmp(value, "str:", 4)) {
		put(rest, strlen(rest) + 1);
	} else if (!strncmp(value, "str*", 4)) {
		u64 n = strtoull(value + 4, NULL, 10);

		while (n--)
			put(rest, 1);
		put("", 1);
	} else if (!strncmp(value, "chars:", 6)) {
		put(rest, strlen(rest));
	} else if (!strncmp(value, "hex:", 4)) {
		for (; rest[0] && rest[1]; rest += 2) {
			char two[3] = { rest[0], rest[1], 0 };
			u8 byte = (u8)strtoul(two, NULL, 16);

			put(&byte, 1);
		}
	} else if (!strncmp(value, "cut:", 4)) {
		struct nlattr a;

		memcpy(&a, req + at, sizeof(a));
		a.nla_len = (u16)number(rest);
		memcpy(req + at, &a, sizeof(a));
		return;
	} else if (strcmp(value, "nil")) {
		die("unknown value: %s", value);
	}
	attr_end(at);
}

/* The type of "ATTR" or "ATTR+flag". */
static int attr_type(const char *word)
{
	const char *plus = strchr(word, '+');
	char name[64];
	int type;

	snprintf(name, sizeof(name), "%.*s", (int)(plus ? plus - word : (ptrdiff_t)strlen(word)),
		 word);
	type = isdigit((unsigned char)*name) ? (int)number(name) :
					       lookup(attrs, ARRAY_SIZE(attrs), name);
	if (type < 0)
		die("unknown attribute: %s", word);
	if (plus && !strcmp(plus, "+nested"))
		type |= NLA_F_NESTED;
	else if (plus && !strcmp(plus, "+order"))
		type |= NLA_F_NET_BYTEORDER;
	else if (plus)
		die("unknown flag: %s", word);
	return type;
}

/* ATTR=VALUE, ATTR={ ... }: takes words up to the end or the closing brace. */
static char **put_attrs(char **w)
{
	for (; *w && strcmp(*w, "}") && strcmp(*w, ")"); w++) {
		char *eq = strchr(*w, '=');
		int type;
		size_t at;

		if (!eq)
			die("no \"=\": %s", *w);
		*eq++ = 0;
		type = attr_type(*w);
		if (*eq == '{')
			type |= NLA_F_NESTED;
		at = attr_begin(type);
		if (n_places == NL_WORDS)
			die("too many attributes");
		places[n_places].off = at;
		places[n_places++].word = *w;
		if (*eq == '{' || *eq == '(') {
			w = put_attrs(w + 1);
			if (!*w)
				die("an open nest");
			attr_end(at);
		} else {
			put_value(at, eq);
		}
	}
	return w;
}

void nl_want_fd(void)
{
	want_fd = 1;
}

void nl_keep(const char *file)
{
	kept = fopen(file, "a");
	if (!kept)
		die_errno("%s", file);
}

void nl_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int on = 1, room = 4 << 20;

	if (sock >= 0)
		close(sock);
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die_errno("netlink socket");
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

static void parse_ack(struct answer *a, const struct nlmsghdr *h, const u8 *tlvs, const u8 *end)
{
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	while (end - tlvs >= (ptrdiff_t)sizeof(struct nlattr)) {
		struct nlattr t;
		const u8 *v = tlvs + sizeof(t);
		u32 off;
		unsigned int i;

		memcpy(&t, tlvs, sizeof(t));
		if (t.nla_len < sizeof(t) || t.nla_len > end - tlvs)
			break;
		if (t.nla_type == NLMSGERR_ATTR_MSG) {
			snprintf(a->text, sizeof(a->text), "%.*s", (int)(t.nla_len - sizeof(t)), v);
		} else if (t.nla_type == NLMSGERR_ATTR_OFFS) {
			memcpy(&off, v, sizeof(off));
			a->attr = "an attribute that was not sent";
			for (i = 0; i < n_places; i++)
				if (places[i].off == off)
					a->attr = places[i].word;
		} else if (t.nla_type == ATTR_MISS_TYPE) {
			memcpy(&a->missing, v, sizeof(a->missing));
		}
		tlvs += (t.nla_len + 3) & ~3;
	}
}

/* What is worth knowing of a reply of our family. */
static void parse_own(struct answer *a, u8 cmd, const struct nlattr *t, const u8 *value)
{
	static const struct { u8 cmd; u16 attr; } made[] = {
		{ TQUEUE_CMD_QUEUE_NEW, TQUEUE_A_QUEUE_ID },
		{ TQUEUE_CMD_TABLE_NEW, TQUEUE_A_TABLE_ID },
		{ TQUEUE_CMD_HOOK_NEW, TQUEUE_A_HOOK_ID },
	};
	size_t i;
	u32 v;

	if (t->nla_len != sizeof(*t) + sizeof(v))
		return;
	memcpy(&v, value, sizeof(v));
	for (i = 0; i < ARRAY_SIZE(made); i++)
		if (made[i].cmd == cmd && made[i].attr == t->nla_type)
			last_id = v;
	if (cmd == TQUEUE_CMD_TXN_BEGIN && t->nla_type == TQUEUE_A_TXN_ID)
		last_txn = v;
	if (cmd == TQUEUE_CMD_TABLE_GET && t->nla_type == TQUEUE_A_TABLE_SERIAL)
		a->serial = v;
	/* If nobody uses it: an open file would be a change. */
	if (cmd == TQUEUE_CMD_QUEUE_OPEN && t->nla_type == TQUEUE_A_QUEUE_FD) {
		if (want_fd)
			a->fd = (int)v;
		else
			close((int)v);
	}
}

static void parse_reply(struct answer *a, const struct nlmsghdr *h)
{
	const u8 *p = (const u8 *)h + NLMSG_HDRLEN + GENL_HDRLEN, *q;
	const u8 *end = (const u8 *)h + h->nlmsg_len;
	const struct genlmsghdr *g = NLMSG_DATA(h);

	a->replies++;
	for (; end - p >= (ptrdiff_t)sizeof(struct nlattr); ) {
		struct nlattr t;

		memcpy(&t, p, sizeof(t));
		if (t.nla_len < sizeof(t))
			break;
		/* What deleted rules leave behind goes when no packet can be in it. */
		if (g->cmd != TQUEUE_CMD_TABLE_GET || (t.nla_type != TQUEUE_A_TABLE_MEMORY &&
						       t.nla_type != TQUEUE_A_TABLE_TUPLES))
			for (q = p; q < p + t.nla_len; q++)
				a->hash = (a->hash ^ *q) * 0x100000001b3u;
		if (h->nlmsg_type == family_id)
			parse_own(a, g->cmd, &t, p + sizeof(t));
		if (h->nlmsg_type == GENL_ID_CTRL && t.nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&family_id, p + sizeof(t), sizeof(family_id));
		if (h->nlmsg_type == GENL_ID_CTRL && t.nla_type == CTRL_ATTR_MCAST_GROUPS) {
			/* { 1: { NAME, ID } }: only one group is there */
			const u8 *in = p + 2 * sizeof(t), *in_end = p + t.nla_len;

			while (in_end - in >= (ptrdiff_t)sizeof(t)) {
				struct nlattr m;

				memcpy(&m, in, sizeof(m));
				if (m.nla_type == CTRL_ATTR_MCAST_GRP_ID)
					memcpy(&group_id, in + sizeof(m), sizeof(group_id));
				if (m.nla_len < sizeof(m))
					break;
				in += (m.nla_len + 3) & ~3;
			}
		}
		p += (t.nla_len + 3) & ~3;
	}
}

/* Reads up to the acknowledgement or the end of the dump. */
static void get_answer(struct answer *a, int dump)
{
	static u8 buf[1 << 18] __attribute__((aligned(4)));

	for (;;) {
		ssize_t n = recv(sock, buf, sizeof(buf), 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0)
			die_errno("receive");
		if (kept && fwrite(buf, 1, (size_t)n, kept) != (size_t)n)
			die_errno("keeping what was received");
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			const u8 *body = NLMSG_DATA(h), *end = (const u8 *)h + h->nlmsg_len;
			int err;

			if (h->nlmsg_seq != seq)
				continue;
			if (h->nlmsg_type != NLMSG_ERROR && h->nlmsg_type != NLMSG_DONE) {
				parse_reply(a, h);
				continue;
			}
			memcpy(&err, body, sizeof(err));
			a->error = err < 0 ? -err : 0;
			a->done = h->nlmsg_type == NLMSG_DONE;
			body += h->nlmsg_type == NLMSG_ERROR ? (ptrdiff_t)sizeof(struct nlmsgerr) :
							       (ptrdiff_t)sizeof(err);
			parse_ack(a, h, body, end);
			if (h->nlmsg_type == NLMSG_DONE || err || !dump)
				return;
		}
	}
}

void nl_begin(u16 type, u8 cmd, u8 version, u16 flags)
{
	struct nlmsghdr h = { 0, type, (u16)(NLM_F_REQUEST | flags), ++seq, 0 };
	struct genlmsghdr g = { cmd, version, 0 };

	req_len = 0;
	n_places = 0;
	put(&h, sizeof(h));
	put(&g, sizeof(g));
}

static int send_it(void)
{
	u32 len = (u32)req_len;

	memcpy(req, &len, sizeof(len));
	/* Without an address, or the kernel would not ask who had opened the socket. */
	return send(sock, req, req_len, 0) < 0;
}

void nl_exchange(struct answer *a, int dump)
{
	memset(a, 0, sizeof(*a));
	a->missing = -1;
	if (send_it()) {
		a->error = errno;
		return;
	}
	get_answer(a, dump);
}

void nl_find_family(void)
{
	struct answer a;
	size_t at;

	nl_begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	at = attr_begin(CTRL_ATTR_FAMILY_NAME);
	put(TQUEUE_FAMILY_NAME, sizeof(TQUEUE_FAMILY_NAME));
	attr_end(at);
	nl_exchange(&a, 0);
	if (!family_id)
		die("no family \"%s\": %s", TQUEUE_FAMILY_NAME, nl_error_name(a.error));
}

/* Makes the request; whether it is a dump. */
static int build(char **words)
{
	u16 flags = NLM_F_ACK;
	u8 version = TQUEUE_FAMILY_VERSION;
	int cmd, dump = 0;

	cmd = lookup(cmds, ARRAY_SIZE(cmds), words[0]);
	for (words++; *words; words++) {
		if (!strcmp(*words, "dump")) {
			flags |= NLM_F_DUMP;
			dump = 1;
		} else if (!strcmp(*words, "excl"))
			flags |= NLM_F_EXCL;
		else if (!strcmp(*words, "echo"))
			flags |= NLM_F_ECHO;
		else if (!strncmp(*words, "version=", 8))
			version = (u8)number(*words + 8);
		else if (!strncmp(*words, "cmd=", 4))
			cmd = (int)number(*words + 4);
		else
			break;
	}
	if (cmd < 0)
		die("unknown command");
	nl_begin(family_id, (u8)cmd, version, flags);
	if (*put_attrs(words))
		die("a closing brace too many");
	return dump;
}

void nl_request(char **words, struct answer *a)
{
	int dump;

	memset(a, 0, sizeof(*a));
	a->missing = -1;
	if (!strcmp(words[0], "reopen")) {
		nl_open();
		return;
	}
	if (!strcmp(words[0], "join")) {
		if (setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group_id,
			       sizeof(group_id)))
			a->error = errno;
		return;
	}
	dump = build(words);
	nl_exchange(a, dump);
}

void nl_send(char **words)
{
	build(words);
	if (send_it())
		die_errno("send");
}

int nl_socket(void)
{
	return sock;
}

u16 nl_family(void)
{
	return family_id;
}

u32 nl_group(void)
{
	return group_id;
}

u32 nl_seq(void)
{
	return seq;
}

void nl_put_u32(u16 type, u32 value)
{
	size_t at = attr_begin(type);

	put(&value, sizeof(value));
	attr_end(at);
}

unsigned int nl_split(char *line, char **words, unsigned int max)
{
	unsigned int n = 0;
	char *save, *w;

	for (w = strtok_r(line, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (n && !strcmp(w, "#"))
			break;
		if (n == max - 1)
			die("too many words");
		words[n++] = w;
	}
	words[n] = NULL;
	return n;
}

