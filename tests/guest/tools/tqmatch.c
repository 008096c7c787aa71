// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqmatch - is the first rule that matches the one that the kernel says?
 *
 *   tqmatch [-s SEED] [-r RULES] [-46] [-i SEND=IN,...] [-o OUT,OUT] rules TABLE QUEUE
 *	prints random rules as a batch for tqctl; all of them copy to QUEUE
 *   tqmatch (the same options) [-n PACKETS] [-b BATCH] [-v] [-X] [-a NAME] run DEVICE
 *	sends packets that are likely to meet edges of these rules, reads the
 *	queue's DEVICE and compares each packet's records with what a linear
 *	search finds, one for each rule that it meets in turn (verdicts next
 *	and repeat); a packet that no rule is for must have no record
 *
 * Packets leave by SEND and come in by its peer IN in this very namespace, so
 * that the mark that the sender gives them stays.  With -o they are routed, to
 * one device or the other by a bit of the destination.
 *
 *   tqmatch (the same options) gone TABLE
 *	prints the batch that deletes the rules that -g N leaves out and -g N-1 does not
 *
 *   tqmatch (the same options) dry
 *	only says how many packets would meet which verdict
 *
 *   -v       records must say "match": the fate is iptables' own
 *   -k KEYS  of frag,icmp,flags,dscp,len,ct: use these keys too; next: and these
 *            verdicts, and rules that change what packets have
 *   -g N     N of three rules are deleted (default 0)
 *   -X       plant an error: expect the wrong rule for one packet
 *
 * Prints counts as "name=value", for scripts; exits 1 if a packet differed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rec.h"
#include "rule.h"

#define BATCH_MAX	4096	/* more would not fit an IPv4 identification */
#define HANG_MS		60000

/* @p, @frame and @len: as the next rule is to find it; @hits rules from
 * chain[@at] on, of which @seen have made their record
 */
struct sent {
	struct pkt		p;
	u8			frame[256];
	u32			len;
	u32			at, hits, seen;
};

static struct world world;
static char send_if[8][16];
static int send_fd[8], in_index[8], out_index[2];
static u8 in_mac[8][6], send_mac[8][6];
static struct rule *rules;
static u32 n_rules = 100, n_packets = 1000, batch = 1000, hook_point, gone;
static int as_match;
static struct sent *sent;
static const struct rule **chain;
static u32 chain_n, chain_room;
static u32 n_sent, expected, got;
static struct reader reader;
static u64 wrong, hits[2][8], none[2], winners, relooks, dropped_relooks;
static u8 *won;

/* The rule whose record is next; NULL: none any more */
static const struct rule *due(const struct sent *s)
{
	return s->seen < s->hits ? chain[s->at + s->seen] : NULL;
}

static void complain(const struct sent *s, const struct tqueue_record *rec, const char *what)
{
	FILE *f = stdout;

	if (wrong++ >= 5)
		return;
	fprintf(f, "# %s: IPv%u proto %u ports %u %u frag %u mark %#x in %s out %s exts %#x len %u\n",
		what, s->p.family, s->p.proto, s->p.sport, s->p.dport, s->p.frag, s->p.mark,
		world.in[s->p.port], pkt_out(&world, &s->p), s->p.exts, pkt_len(&s->p));
	if (due(s)) {
		fprintf(f, "#   expected, as %u of %u: ", s->seen + 1, s->hits);
		rule_print(f, due(s), "T", "Q");
	} else {
		fputs("#   expected: no rule\n", f);
	}
	if (rec) {
		u32 i;

		fprintf(f, "#   record: rule %" PRIu64 " verdict %u proto %u family %u hook %u iif %u oif %u mark %#x origlen %u caplen %u\n",
			(u64)rec->rule, rec->verdict, rec->protocol, rec->family, rec->hook,
			rec->iif, rec->oif, rec->mark, rec->origlen, rec->caplen);
		for (i = 0; i < n_rules; i++)
			if (rules[i].handle == rec->rule) {
				fputs("#   which is: ", f);
				rule_print(f, &rules[i], "T", "Q");
				break;
			}
	}
}

/* A router has taken one from the TTL and mended the checksum: not compared. */
static int same_bytes(const struct sent *s, const u8 *got_bytes, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u32 ip = i - PKT_ETH;

		if (s->frame[i] == got_bytes[i])
			continue;
		if (world.outs && i >= PKT_ETH &&
		    (s->p.family == 4 ? ip == 8 || ip == 10 || ip == 11 : ip == 7))
			continue;
		return 0;
	}
	return 1;
}

static u32 packet_id(const u8 *ip, u32 len)
{
	if (len >= 20 && ip[0] >> 4 == 4)
		return (u32)(ip[4] << 8 | ip[5]);
	if (len >= 40 && ip[0] >> 4 == 6)
		return (u32)((ip[1] & 0xf) << 16 | ip[2] << 8 | ip[3]);
	return ~0u;
}

static void build(struct sent *s)
{
	u8 buf[PKT_MAX];

	s->len = (u32)pkt_build(&s->p, buf);
	if (s->len > sizeof(s->frame))
		die("a packet has grown");
	memcpy(s->frame, buf, s->len);
	memcpy(s->frame, in_mac[s->p.port], 6);
	memcpy(s->frame + 6, send_mac[s->p.port], 6);
}

static void compare(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	const struct rule *rule;
	const struct pkt *p;
	struct sent *s;
	u32 id, cap;

	(void)arg;
	if (rec->type != TQUEUE_RECORD_PACKET)
		return;
	id = packet_id(payload + rec->mac_len, rec->caplen - rec->mac_len);
	if (id >= n_sent) {
		if (wrong++ < 5)
			printf("# a record of a packet that was not sent: id %u\n", id);
		return;
	}
	s = &sent[id];
	p = &s->p;
	got++;
	rule = due(s);
	if (!rule) {
		complain(s, rec, "a record without a rule");
		return;
	}
	if (rec->rule != rule->handle) {
		complain(s, rec, "wrong rule");
		s->seen++;
		return;
	}
	cap = rule->snaplen && rule->snaplen < s->len ? rule->snaplen : s->len;
	if (rec->verdict != (as_match ? TQUEUE_VERDICT_MATCH : rule->verdict))
		complain(s, rec, "wrong verdict");
	else if (rec->family != (p->family == 4 ? TQUEUE_FAMILY_IPV4 : TQUEUE_FAMILY_IPV6) ||
		 rec->protocol != p->proto || rec->mark != p->mark || rec->hook != hook_point ||
		 (int)rec->iif != in_index[p->port] ||
		 rec->oif != (world.outs ? (u32)out_index[pkt_out(&world, p) == world.out[1]] : 0))
		complain(s, rec, "wrong in the record");
	else if (rec->origlen != s->len || rec->caplen != cap || rec->mac_len != PKT_ETH)
		complain(s, rec, "wrong length");
	else if (!same_bytes(s, payload, cap))
		complain(s, rec, "wrong bytes");
	s->seen++;
	rule_change(rule, &s->p);
	if (due(s))
		build(s);
}

static void send_all(void)
{
	struct mmsghdr msg[64];
	struct iovec iov[64];
	union {
		struct cmsghdr hdr;
		u8 room[CMSG_SPACE(sizeof(u32))];
	} control[64];
	u32 i, port, done;

	for (port = 0; port < world.ins; port++) {
		u32 n = 0;

		for (i = 0; i <= n_sent; i++) {
			struct sent *s = &sent[i];

			if (i < n_sent && s->p.port == port) {
				memset(&msg[n], 0, sizeof(msg[n]));
				iov[n] = (struct iovec){ s->frame, s->len };
				control[n].hdr = (struct cmsghdr){
					CMSG_LEN(sizeof(u32)), SOL_SOCKET, SO_MARK };
				memcpy(CMSG_DATA(&control[n].hdr), &s->p.mark, sizeof(u32));
				msg[n].msg_hdr.msg_iov = &iov[n];
				msg[n].msg_hdr.msg_iovlen = 1;
				msg[n].msg_hdr.msg_control = &control[n];
				msg[n].msg_hdr.msg_controllen = sizeof(control[n]);
				n++;
			}
			if (n < 64 && i < n_sent)
				continue;
			for (done = 0; done < n; ) {
				int k = sendmmsg(send_fd[port], msg + done, n - done, 0);

				if (k < 0 && errno != ENOBUFS && errno != EINTR)
					die_errno("send by %s", send_if[port]);
				done += k > 0 ? (u32)k : 0;
			}
			n = 0;
		}
	}
}

/* Takes what is there; returns the number of bytes. */
static size_t take(int fd)
{
	static u8 buf[1 << 20] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		die_errno("read");
	rec_parse(&reader, buf, (size_t)n, 0, compare, NULL);
	return (size_t)n;
}

static void receive(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	u32 i;

	while (got < expected) {
		if (take(fd))
			continue;
		if (!poll(&pfd, 1, HANG_MS))
			break;
		if (pfd.revents & (POLLERR | POLLHUP))
			die("queue: poll says %#x", (unsigned int)pfd.revents);
	}
	while (take(fd))
		;
	for (i = 0; i < n_sent; i++)
		if (due(&sent[i]))
			complain(&sent[i], NULL, "no record");
}

static void meet(struct sent *s, const struct rule *rule)
{
	size_t at = (size_t)(rule - rules);

	if (chain_n == chain_room) {
		chain_room = chain_room ? chain_room * 2 : 4096;
		chain = xrealloc(chain, chain_room * sizeof(*chain));
	}
	chain[chain_n++] = rule;
	relooks += s->hits > 0;
	s->hits++;
	winners += !won[at];
	won[at] = 1;
}

/* Lets the packet go through the rules; returns what becomes of it. */
static unsigned int go(struct sent *s)
{
	const struct rule *rule;
	unsigned int repeats = 0;
	struct pkt p = s->p;
	u32 from = 0;

	s->at = chain_n;
	while ((rule = rules_first(&world, rules, n_rules, from, &p))) {
		meet(s, rule);
		if (as_match)
			return rule->verdict > TQUEUE_VERDICT_DROP ? TQUEUE_VERDICT_DROP :
								     rule->verdict;
		rule_change(rule, &p);
		if (rule->verdict == TQUEUE_VERDICT_NEXT) {
			from = (u32)(rule - rules) + 1;
		} else if (rule->verdict == TQUEUE_VERDICT_REPEAT) {
			if (repeats++ == 4) {
				dropped_relooks++;
				return TQUEUE_VERDICT_DROP;
			}
			from = 0;
		} else {
			return rule->verdict;
		}
	}
	return s->hits ? TQUEUE_VERDICT_PASS : 0;
}

static void draw(struct sent *s, u32 id, u64 seq)
{
	unsigned int fate;
	u8 buf[PKT_MAX];

	memset(s, 0, sizeof(*s));
	do {
		pkt_draw(&world, rules, n_rules, &s->p);
		s->p.id = id;
		s->p.seq = seq;
	} while (pkt_build(&s->p, buf) > sizeof(s->frame));
	build(s);
	fate = go(s);
	expected += s->hits;
	if (fate)
		hits[s->p.family == 6][fate]++;
	else
		none[s->p.family == 6]++;
}

static int dry(void)
{
	struct sent s;
	u32 i;

	won = xcalloc(n_rules, 1);
	for (i = 0; i < n_packets; i++, chain_n = 0)
		draw(&s, 0, i);
	printf("packets=%u none=%" PRIu64 " winners=%" PRIu64 " relooks=%" PRIu64 "\n", n_packets,
	       none[0] + none[1], winners, relooks);
	return 0;
}

static int run(const char *device, int plant)
{
	u64 seq = 0;
	int fd = open(device, O_RDONLY | O_NONBLOCK);
	u32 i;

	if (fd < 0)
		die_errno("%s", device);
	for (i = 0; i < world.ins; i++) {
		send_fd[i] = pkt_open(send_if[i], send_mac[i]);
		pkt_mac_of(world.in[i], in_mac[i]);
		in_index[i] = (int)if_nametoindex(world.in[i]);
	}
	for (i = 0; i < world.outs; i++)
		out_index[i] = (int)if_nametoindex(world.out[i]);
	sent = xcalloc(batch, sizeof(*sent));
	won = xcalloc(n_rules, 1);
	while (seq < n_packets && wrong < 100) {
		n_sent = n_packets - seq < batch ? (u32)(n_packets - seq) : batch;
		expected = got = chain_n = 0;
		for (i = 0; i < n_sent; i++)
			draw(&sent[i], i, seq++);
		for (i = 0; plant && i < n_sent; i++)
			if (sent[i].hits) {
				chain[sent[i].at] = &rules[(chain[sent[i].at] - rules + 1) % n_rules];
				plant = 0;
			}
		send_all();
		receive(fd);
	}
	for (i = 0; i < 2; i++)
		printf("packets%d=%" PRIu64 "\npass%d=%" PRIu64 "\naccept%d=%" PRIu64
		       "\ndrop%d=%" PRIu64 "\nnone%d=%" PRIu64 "\n", i ? 6 : 4,
		       hits[i][1] + hits[i][2] + hits[i][3] + none[i], i ? 6 : 4, hits[i][1],
		       i ? 6 : 4, hits[i][2], i ? 6 : 4, hits[i][3], i ? 6 : 4, none[i]);
	printf("relooks=%" PRIu64 "\nlooped=%" PRIu64 "\n", relooks, dropped_relooks);
	printf("winners=%" PRIu64 "\nrecords=%" PRIu64 "\nlost=%" PRIu64 "\nbad=%" PRIu64
	       "\nwrong=%" PRIu64 "\n", winners, reader.records, reader.lost, reader.bad, wrong);
	return wrong || reader.bad || reader.lost ? 1 : 0;
}

static void parse_ports(char *list)
{
	char *item, *save;

	for (item = strtok_r(list, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		char *in = strchr(item, '=');

		if (!in || world.ins == ARRAY_SIZE(send_if))
			die("-i takes SEND=IN,...");
		*in++ = 0;
		snprintf(send_if[world.ins], 16, "%s", item);
		snprintf(world.in[world.ins++], 16, "%s", in);
	}
}

static void parse_outs(char *list)
{
	char *item, *save;

	for (item = strtok_r(list, ",", &save); item && world.outs < 2;
	     item = strtok_r(NULL, ",", &save))
		snprintf(world.out[world.outs++], 16, "%s", item);
	world.routed = 1;
}

static void parse_keys(const char *list)
{
	static const char *const names[] = { "frag", "icmp", "flags", "dscp", "len", "ct", "next" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(list, names[i]))
			world.keys |= 1u << i;
}

/* Which third of the rules is it? */
static u32 third(const struct rule *q)
{
	return (u32)(q->handle & 0xffffffff) / 7 % 3;
}

static void print_gone(const char *table)
{
	u32 i;

	for (i = 0; i < n_rules; i++)
		if (third(&rules[i]) == gone - 1)
			printf("rule del %s handle %" PRIu64 "\n", table, rules[i].handle);
}

static void leave_out(void)
{
	u32 i, left = 0;

	for (i = 0; i < n_rules; i++)
		if (third(&rules[i]) >= gone)
			rules[left++] = rules[i];
	n_rules = left;
}

int main(int argc, char **argv)
{
	int opt, plant = 0;
	u64 seed = 1;
	u32 i;

	while ((opt = getopt(argc, argv, "s:r:n:b:46i:o:k:vXg:")) != -1) {
		switch (opt) {
		case 's':
			seed = number(optarg);
			break;
		case 'r':
			n_rules = (u32)number(optarg);
			break;
		case 'n':
			n_packets = (u32)number(optarg);
			break;
		case 'b':
			batch = (u32)number(optarg);
			break;
		case '4':
			world.families |= 1;
			break;
		case '6':
			world.families |= 2;
			break;
		case 'i':
			parse_ports(optarg);
			break;
		case 'o':
			parse_outs(optarg);
			break;
		case 'k':
			parse_keys(optarg);
			break;
		case 'v':
			as_match = 1;
			break;
		case 'X':
			plant = 1;
			break;
		case 'g':
			gone = (u32)number(optarg);
			break;
		default:
			die("see the head of tqmatch.c");
		}
	}
	if (!world.families)
		world.families = 3;
	if (!world.ins || !n_rules || !batch || batch > BATCH_MAX)
		die("-i, and a batch of up to %d", BATCH_MAX);
	hook_point = world.outs ? TQUEUE_HOOK_FORWARD : TQUEUE_HOOK_PREROUTING;
	world_init(&world, seed);
	rules = rules_draw(&world, n_rules);
	if (argc - optind == 3 && !strcmp(argv[optind], "rules")) {
		for (i = 0; i < n_rules; i++)
			rule_print(stdout, &rules[i], argv[optind + 1], argv[optind + 2]);
		return 0;
	}
	if (argc - optind == 2 && gone && !strcmp(argv[optind], "gone")) {
		print_gone(argv[optind + 1]);
		return 0;
	}
	leave_out();
	if (!n_rules)
		die("no rule is left");
	if (argc - optind == 1 && !strcmp(argv[optind], "dry")) {
		rules_sort(rules, n_rules);
		return dry();
	}
	if (argc - optind != 2 || strcmp(argv[optind], "run"))
		die("rules TABLE QUEUE, or run DEVICE");
	rules_sort(rules, n_rules);
	return run(argv[optind + 1], plant);
}
