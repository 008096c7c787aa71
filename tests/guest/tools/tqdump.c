// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqdump - dumps a table's rules again and again, as a reader with a small
 * buffer does, and says which of two states each dump shows.
 *
 *   tqdump [-b BYTES] [-s SECONDS] [-x COMMAND] TABLE A B
 *   tqdump [-b BYTES] -x COMMAND
 *
 * In a state all rules have the same mark to set, 1 or 2, and there are A or B of
 * them with the priorities 1, 2, 3, ...: whatever is none of both is a mixture.
 * Prints name=value lines: dumps, a, b, torn (told to be interrupted, of whatever
 * content), mixed (not told, but neither A nor B).
 *
 * -x: one dump, and COMMAND after its first part; without TABLE a dump of the
 * queues, of which only "torn" is told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tqueue.h>
#include "nlreq.h"

static u32 want[2];
static size_t room = 4096;

/* One dump so far. */
struct seen {
	u32	rules;
	u32	mark;
	int	of_rules;
	int	torn;
	int	odd;		/* a mark or priority that does not follow */
};

static const u8 *attr_next(const u8 *p, const u8 *end, struct nlattr *a)
{
	if (end - p < (ptrdiff_t)sizeof(*a))
		return NULL;
	memcpy(a, p, sizeof(*a));
	a->nla_type &= NLA_TYPE_MASK;
	if (a->nla_len < sizeof(*a) || a->nla_len > end - p)
		die("a bad attribute");
	return p + ((a->nla_len + 3) & ~3);
}

static void see_rule(struct seen *s, const u8 *p, const u8 *end)
{
	u32 prio = 0, mark = 0;
	struct nlattr a;
	const u8 *next;

	for (; (next = attr_next(p, end, &a)); p = next) {
		if (a.nla_type == TQUEUE_A_RULE_PRIO)
			memcpy(&prio, p + sizeof(a), sizeof(prio));
		if (a.nla_type == TQUEUE_A_RULE_SET_MARK)
			memcpy(&mark, p + sizeof(a), sizeof(mark));
	}
	s->rules++;
	if (!s->mark)
		s->mark = mark;
	if (prio != s->rules || mark != s->mark)
		s->odd = 1;
}

/* 1: the dump is at its end. */
static int see(struct seen *s, const struct nlmsghdr *h)
{
	const u8 *p = (const u8 *)h + NLMSG_HDRLEN + GENL_HDRLEN;
	const u8 *end = (const u8 *)h + h->nlmsg_len, *next;
	struct nlattr a;
	int err;

	if (h->nlmsg_seq != nl_seq())
		return 0;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		s->torn = 1;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		memcpy(&err, NLMSG_DATA(h), sizeof(err));
		if (err)
			die("dump: %s", nl_error_name(-err));
		return h->nlmsg_type == NLMSG_DONE;
	}
	for (; s->of_rules && (next = attr_next(p, end, &a)); p = next)
		if (a.nla_type == TQUEUE_A_RULES_RULE)
			see_rule(s, p + sizeof(a), p + a.nla_len);
	return 0;
}

static void dump(const char *table, const char *between, struct seen *s)
{
	static u8 buf[1 << 16] __attribute__((aligned(4)));
	char line[128], *words[16];
	int done = 0, parts = 0;

	memset(s, 0, sizeof(*s));
	s->of_rules = !!table;
	if (table)
		snprintf(line, sizeof(line), "RULE_GET dump RULES_TABLE=str:%s", table);
	else
		snprintf(line, sizeof(line), "QUEUE_GET dump");
	nl_split(line, words, ARRAY_SIZE(words));
	nl_send(words);
	while (!done) {
		ssize_t n = recv(nl_socket(), buf, room, MSG_TRUNC);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0)
			die_errno("receive");
		if ((size_t)n > room)
			die("a part of %zd bytes for a buffer of %zu", n, room);
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
			done |= see(s, h);
		if (!parts++ && between && (done || system(between)))
			die("%s", done ? "the dump had one part only" : "the command failed");
	}
}

int main(int argc, char **argv)
{
	unsigned int n = 0, is[2] = { 0 }, torn = 0, mixed = 0;
	const char *between = NULL;
	u64 end, seconds = 1;
	struct seen s;
	int opt, i;

	while ((opt = getopt(argc, argv, "b:s:x:")) != -1) {
		switch (opt) {
		case 'b':
			room = number(optarg);
			break;
		case 's':
			seconds = number(optarg);
			break;
		case 'x':
			between = optarg;
			break;
		default:
			die("see the head of tqdump.c");
		}
	}
	if ((argc - optind != 3 && (argc > optind || !between)) || room > 1 << 16)
		die("see the head of tqdump.c");
	if (argc > optind) {
		want[0] = (u32)number(argv[optind + 1]);
		want[1] = (u32)number(argv[optind + 2]);
	}
	nl_open();
	nl_find_family();
	/* The kernel makes parts as large as a buffer that it has seen on the socket. */
	nl_open();
	if (argc == optind) {
		dump(NULL, between, &s);
		printf("torn=%d\n", s.torn);
		return 0;
	}
	end = now_ns() + seconds * 1000000000;
	do {
		dump(argv[optind], between, &s);
		n++;
		torn += s.torn;
		for (i = 0; i < 2; i++)
			is[i] += !s.torn && !s.odd && s.mark == (u32)i + 1 && s.rules == want[i];
		mixed = n - torn - is[0] - is[1];
	} while (!between && now_ns() < end);
	printf("dumps=%u\na=%u\nb=%u\ntorn=%u\nmixed=%u\n", n, is[0], is[1], torn, mixed);
	return mixed != 0;
}
