// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqnl - sends netlink requests as they are described, also such as no honest
 * program sends, and checks how they are refused.
 *
 *   tqnl [-c] [FILE]		cases from FILE or standard input; TAP out
 *   tqnl -e REQUEST...		one request; prints the answer
 *
 * A case:   EXPECT ATTR <- REQUEST
 *   EXPECT  OK or names of errors, joined by commas
 *   ATTR    the attribute that the answer must point at, "?" for one that is
 *           missing, "-" for any or none, "!" for a refusal by netlink itself,
 *           which has no words
 *   REQUEST COMMAND [dump|excl|echo|version=N|cmd=N|noack]... [ATTR=VALUE]...
 *   ATTR    a name of the uapi header without TQUEUE_A_, or a number
 *   VALUE   u8: u16: u32: s32: u64: NUMBER   ("$txn": the last TXN_ID seen)
 *           str:TEXT    with its NUL; str*N:C is N times the character C
 *           chars:TEXT  without
 *           hex:BYTES   nil (no bytes)
 *           { ... }     a nest; ( ... ) a nest without the nested flag
 *           cut:N       only the header, which claims N bytes
 *   COMMAND "join" joins the group of events, "reopen" takes a new socket
 *
 * Every refusal must come with a sentence and must have changed nothing: all
 * objects are dumped before and after.  -c: not (for callers who may not dump).
 */
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
#include "common.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#define ATTR_MISS_TYPE	5	/* NLMSGERR_ATTR_MISS_TYPE, from Linux 6.1 on */

#define REQ_MAX		(256 << 10)
#define WORDS		4096

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
static u16 family_id;
static u32 group_id, seq, last_txn;

/* the request that is being made, and whose attribute lies where */
static u8 req[REQ_MAX] __attribute__((aligned(4)));
static size_t req_len;
static struct { size_t off; const char *word; } places[WORDS];
static unsigned int n_places;

struct answer {
	int		error;		/* positive */
	char		text[256];
	const char	*attr;		/* word of the request */
	int		missing;	/* type, or -1 */
	unsigned int	replies;
	u64		hash;
};

static int lookup(const struct name *t, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(t[i].name, name))
			return t[i].value;
	return -1;
}

static const char *error_name(int err)
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
	u64 v = !strcmp(value, "$txn") ? last_txn :
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
		type = isdigit((unsigned char)**w) ? (int)number(*w) :
		       lookup(attrs, ARRAY_SIZE(attrs), *w);
		if (type < 0)
			die("unknown attribute: %s", *w);
		if (*eq == '{')
			type |= NLA_F_NESTED;
		at = attr_begin(type);
		if (n_places == WORDS)
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

static void open_socket(void)
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

static void parse_reply(struct answer *a, const struct nlmsghdr *h)
{
	const u8 *p = (const u8 *)h + NLMSG_HDRLEN + GENL_HDRLEN, *q;
	const u8 *end = (const u8 *)h + h->nlmsg_len;
	const struct genlmsghdr *g = NLMSG_DATA(h);

	a->replies++;
	for (q = p; q < end; q++)
		a->hash = (a->hash ^ *q) * 0x100000001b3u;
	for (; end - p >= (ptrdiff_t)sizeof(struct nlattr); ) {
		struct nlattr t;

		memcpy(&t, p, sizeof(t));
		if (t.nla_len < sizeof(t))
			break;
		if (h->nlmsg_type == family_id && t.nla_type == TQUEUE_A_TXN_ID &&
		    g->cmd == TQUEUE_CMD_TXN_BEGIN)
			memcpy(&last_txn, p + sizeof(t), sizeof(last_txn));
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
			body += h->nlmsg_type == NLMSG_ERROR ? (ptrdiff_t)sizeof(struct nlmsgerr) :
							       (ptrdiff_t)sizeof(err);
			parse_ack(a, h, body, end);
			if (h->nlmsg_type == NLMSG_DONE || err || !dump)
				return;
		}
	}
}

static void begin_request(u16 type, u8 cmd, u8 version, u16 flags)
{
	struct nlmsghdr h = { 0, type, (u16)(NLM_F_REQUEST | flags), ++seq, 0 };
	struct genlmsghdr g = { cmd, version, 0 };

	req_len = 0;
	n_places = 0;
	put(&h, sizeof(h));
	put(&g, sizeof(g));
}

static void exchange(struct answer *a, int dump)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	u32 len = (u32)req_len;

	memset(a, 0, sizeof(*a));
	a->missing = -1;
	memcpy(req, &len, sizeof(len));
	if (sendto(sock, req, req_len, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		a->error = errno;
		return;
	}
	get_answer(a, dump);
}

static void find_family(void)
{
	struct answer a;
	size_t at;

	begin_request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	at = attr_begin(CTRL_ATTR_FAMILY_NAME);
	put(TQUEUE_FAMILY_NAME, sizeof(TQUEUE_FAMILY_NAME));
	attr_end(at);
	exchange(&a, 0);
	if (!family_id)
		die("no family \"%s\": %s", TQUEUE_FAMILY_NAME, error_name(a.error));
}

/* @words: a request, ending in NULL */
static void request(char **words, struct answer *a)
{
	u16 flags = NLM_F_ACK;
	u8 version = TQUEUE_FAMILY_VERSION;
	int cmd, dump = 0;

	memset(a, 0, sizeof(*a));
	a->missing = -1;
	if (!strcmp(words[0], "reopen")) {
		open_socket();
		return;
	}
	if (!strcmp(words[0], "join")) {
		if (setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group_id, sizeof(group_id)))
			a->error = errno;
		return;
	}
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
	begin_request(family_id, (u8)cmd, version, flags);
	if (*put_attrs(words))
		die("a closing brace too many");
	exchange(a, dump);
}

/* Everything there is but for what only counts. */
static u64 state_hash(void)
{
	static const u8 dumps[] = {
		TQUEUE_CMD_QUEUE_GET, TQUEUE_CMD_TABLE_GET, TQUEUE_CMD_HOOK_GET,
		TQUEUE_CMD_STATS_GET,
	};
	struct answer a;
	u64 hash = 0;
	size_t i, at;

	for (i = 0; i < ARRAY_SIZE(dumps); i++) {
		begin_request(family_id, dumps[i], TQUEUE_FAMILY_VERSION, NLM_F_ACK | NLM_F_DUMP);
		exchange(&a, 1);
		if (a.error)
			die("dump %u: %s", dumps[i], error_name(a.error));
		hash = hash * 31 + a.hash;
	}
	/* All rules of the first tables: more are not made here. */
	for (i = 1; i < 9; i++) {
		u32 id = (u32)i;

		begin_request(family_id, TQUEUE_CMD_RULE_GET, TQUEUE_FAMILY_VERSION,
			      NLM_F_ACK | NLM_F_DUMP);
		at = attr_begin(TQUEUE_A_RULES_TABLE_ID);
		put(&id, sizeof(id));
		attr_end(at);
		exchange(&a, 1);
		hash = hash * 31 + a.hash;
	}
	return hash;
}

static int is_expected(const char *expect, int error)
{
	const char *name = error_name(error), *at = expect;
	size_t n = strlen(name);

	while ((at = strstr(at, name))) {
		if ((at == expect || at[-1] == ',') && (!at[n] || at[n] == ','))
			return 1;
		at += n;
	}
	return 0;
}

static unsigned int n_cases, n_failed;

static void say(int good, const char *what, const struct answer *a, const char *why)
{
	n_failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", ++n_cases, what);
	if (!good)
		printf("# %s\n", why);
	if (a->error)
		printf("# -> %s: %s%s%s%s\n", error_name(a->error), a->text[0] ? a->text : "(no text)",
		       a->attr ? " [" : "", a->attr ? a->attr : "", a->attr ? "]" : "");
}

static void one_case(const char *line, char **w, int check_state)
{
	const char *expect = w[0], *attr = w[1];
	/* Old kernels tell of no attribute when a dump is refused. */
	int is_dump = w[4] && !strcmp(w[4], "dump");
	u64 before = 0;
	struct answer a;

	if (check_state)
		before = state_hash();
	request(w + 3, &a);
	if (!is_expected(expect, a.error))
		say(0, line, &a, "another answer was expected");
	else if (a.error && check_state && before != state_hash())
		say(0, line, &a, "refused, but something has changed");
	else if (a.error && a.error != EPERM && strcmp(attr, "!") && !a.text[0])
		say(0, line, &a, "refused without a word");
	else if (!strcmp(attr, "?") && a.attr)
		say(0, line, &a, "an attribute is missing, but one that is there was blamed");
	else if (strcmp(attr, "-") && strcmp(attr, "!") && strcmp(attr, "?") &&
		 (a.attr ? strcmp(attr, a.attr) : !is_dump))
		say(0, line, &a, "the wrong attribute was blamed");
	else
		say(1, line, &a, "");
}

static unsigned int split(char *line, char **words)
{
	unsigned int n = 0;
	char *save, *w;

	for (w = strtok_r(line, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (n == WORDS - 1)
			die("too many words");
		words[n++] = w;
	}
	words[n] = NULL;
	return n;
}

static int cases(FILE *f, int check_state)
{
	static char *words[WORDS];
	char *line = NULL, *copy;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = 0;
		copy = strdup(line);
		if (!split(copy, words) || words[0][0] == '#') {
			free(copy);
			continue;
		}
		if (!words[1] || !words[2] || strcmp(words[2], "<-") || !words[3])
			die("no case: %s", line);
		one_case(line, words, check_state);
		free(copy);
	}
	printf("1..%u\n", n_cases);
	return n_failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	int opt, check_state = 1, once = 0;
	struct answer a;
	FILE *f = stdin;

	while ((opt = getopt(argc, argv, "+ce")) != -1) {
		switch (opt) {
		case 'c':
			check_state = 0;
			break;
		case 'e':
			once = 1;
			break;
		default:
			die("see the head of tqnl.c");
		}
	}
	open_socket();
	find_family();
	if (once) {
		if (optind == argc)
			die("no request");
		request(argv + optind, &a);
		printf("%s %s%s%s%s replies=%u\n", error_name(a.error), a.text, a.attr ? " [" : "",
		       a.attr ? a.attr : "", a.attr ? "]" : "", a.replies);
		return a.error ? 1 : 0;
	}
	if (optind < argc) {
		f = fopen(argv[optind], "r");
		if (!f)
			die_errno("%s", argv[optind]);
	}
	return cases(f, check_state);
}
