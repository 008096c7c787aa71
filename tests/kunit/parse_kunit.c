// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse_kunit.c - suite of nl_rule_parse.c: what each attribute becomes, and the
 * sentence and the place of each refusal, after which nothing is held.
 */
#include <kunit/test.h>
#include <linux/in.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "fixture.h"
#include "net.h"
#include "netlink.h"
#include "nl_rule.h"
#include "queue.h"
#include "quota.h"
#include "ring.h"
#include "table.h"
#include "txn.h"

#define A(name)	TQUEUE_A_RULE_##name

/* Kinds of attributes. */
enum {
	END,
	U32,
	S32,
	U64,
	BYTES,		/* @value of @text */
	TEXT,		/* with its NUL */
	COPY,		/* to the queue @text; @value: snaplen, 0: none */
	NO_QUEUE,	/* a copy without one */
	SWAPPED,	/* U32 with NLA_F_NET_BYTEORDER */
};

struct attr {
	u16		type;
	u8		kind;
	u64		value;
	const char	*text;
};

/**
 * struct request - a rule as a message describes it
 * @desc: of the case
 * @text: sentence of the refusal; NULL: only that there is one is asked (the core's own)
 * @err: negative; 0: taken
 * @at: which of @attr is at fault, from 1 on; 0: the nest
 * @attr: up to END
 */
struct request {
	const char	*desc;
	const char	*text;
	int		err;
	int		at;
	struct attr	attr[12];
};

/**
 * struct bench - where a rule is parsed
 * @t: of it the parser looks at the number of netdev hooks only
 * @spec: the last rule
 * @skb: has the nest
 * @offset: of each attribute in the nest
 */
struct bench {
	struct tq_net		*tn;
	struct tq_queue		*q[TQUEUE_RULE_COPIES_MAX + 1];
	struct tq_table		t;
	struct tq_rule_spec	spec;
	struct sk_buff		*skb;
	struct nlattr		*nest;
	struct nlattr		*attr[12];
	struct netlink_ext_ack	extack;
};

/* With queues q0, q1 and so on, @queues of them. */
static struct bench *bench_of(struct kunit *test, u32 queues)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	char name[] = "q0";
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->tn = tqk_net(test);
	for (i = 0; i < queues; i++, name[1]++)
		b->q[i] = tqk_queue(test, b->tn, name, TQUEUE_MODE_STREAM, TQ_RING_SIZE_MIN);
	return b;
}

static int put(struct sk_buff *skb, const struct attr *a)
{
	struct nlattr *nest;

	switch (a->kind) {
	case U32:
		return nla_put_u32(skb, a->type, a->value);
	case SWAPPED:
		return nla_put_u32(skb, a->type | NLA_F_NET_BYTEORDER, a->value);
	case S32:
		return nla_put_s32(skb, a->type, a->value);
	case U64:
		return nla_put(skb, a->type, sizeof(u64), &a->value);
	case BYTES:
		return nla_put(skb, a->type, a->value, a->text);
	case TEXT:
		return nla_put_string(skb, a->type, a->text);
	}
	nest = nla_nest_start(skb, a->type);
	if (!nest || (a->kind == COPY && nla_put_string(skb, TQUEUE_A_COPY_QUEUE, a->text)) ||
	    (a->value && nla_put_u32(skb, TQUEUE_A_COPY_SNAPLEN, a->value)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int parse(struct kunit *test, struct bench *b, const struct attr *attr, u32 n)
{
	u32 i;
	int err;

	b->skb = nlmsg_new(4096, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, b->skb);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, tqk_free_skb, b->skb), 0);
	b->nest = nla_nest_start(b->skb, TQUEUE_A_RULES_RULE);
	for (i = 0; i < n && attr[i].kind != END; i++) {
		b->attr[i] = (struct nlattr *)skb_tail_pointer(b->skb);
		KUNIT_ASSERT_EQ(test, put(b->skb, &attr[i]), 0);
	}
	nla_nest_end(b->skb, b->nest);
	memset(&b->extack, 0, sizeof(b->extack));
	/* What is not set shows. */
	memset(&b->spec, 0xa5, sizeof(b->spec));
	mutex_lock(&b->tn->lock);
	err = tq_nl_rule_parse(b->tn, &b->t, &b->spec, b->nest, &b->extack);
	mutex_unlock(&b->tn->lock);
	return err;
}

/* ---- refusals ---- */

static const struct request refusals[] = {
	/* addresses */
	{ "address without family", "a rule with an address needs a family", -EINVAL, 1,
	  { { A(SRC), BYTES, 4, "\x0a\0\0\0" } } },
	{ "destination without family", "a rule with an address needs a family", -EINVAL, 1,
	  { { A(DST), BYTES, 4, "\x0a\0\0\0" } } },
	{ "length without source", "prefix length without an address", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(SRC_LEN), U32, 8 } } },
	{ "length without destination", "prefix length without an address", -EINVAL, 1,
	  { { A(DST_LEN), U32, 8 } } },
	{ "IPv6 address for IPv4", "address is not of the rule's family", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(SRC), BYTES, 16, "0123456789abcdef" } } },
	{ "IPv4 address for IPv6", "address is not of the rule's family", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV6 }, { A(DST), BYTES, 4, "\x0a\0\0\0" } } },
	{ "no address at all", "address is not of the rule's family", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(DST), BYTES, 0, "" } } },
	{ "33 bits of IPv4", "prefix length is longer than the address", -EINVAL, 3,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(SRC), BYTES, 4, "\x0a\0\0\0" },
	    { A(SRC_LEN), U32, 33 } } },
	{ "129 bits", NULL, -ERANGE, 3,
	  { { A(FAMILY), U32, NFPROTO_IPV6 }, { A(SRC), BYTES, 16, "0123456789abcdef" },
	    { A(SRC_LEN), U32, 129 } } },
	{ "a bit behind the length", "address has bits beyond its prefix length", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(SRC), BYTES, 4, "\x0a\x01\0\0" },
	    { A(SRC_LEN), U32, 15 } } },
	{ "the last bit of 127", "address has bits beyond its prefix length", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV6 }, { A(DST), BYTES, 16,
	      "\xfe\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01" },
	    { A(DST_LEN), U32, 127 } } },
	{ "a bit of length 0", "address has bits beyond its prefix length", -EINVAL, 2,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(DST), BYTES, 4, "\x80\0\0\0" },
	    { A(DST_LEN), U32, 0 } } },
	{ "family between", "a rule is for IPv4, IPv6 or both", -EINVAL, 1,
	  { { A(FAMILY), U32, TQUEUE_FAMILY_NETDEV } } },
	{ "family 0", NULL, -ERANGE, 1, { { A(FAMILY), U32, 0 } } },

	/* ports */
	{ "only the least port", "source port range needs both ends", -EINVAL, 1,
	  { { A(SPORT_MIN), U32, 1 } } },
	{ "only the largest port", "destination port range needs both ends", -EINVAL, 1,
	  { { A(DPORT_MAX), U32, 1 } } },
	{ "source ports backwards", "source port range ends before it begins", -EINVAL, 1,
	  { { A(SPORT_MIN), U32, 2 }, { A(SPORT_MAX), U32, 1 } } },
	{ "destination ports backwards", "destination port range ends before it begins", -EINVAL, 2,
	  { { A(DPORT_MAX), U32, 0 }, { A(DPORT_MIN), U32, 65535 } } },
	{ "ports of ICMP", "the rule's protocol has no ports", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_ICMP }, { A(DPORT_MIN), U32, 1 }, { A(DPORT_MAX), U32, 2 } } },
	{ "port 65536", NULL, -ERANGE, 1,
	  { { A(SPORT_MIN), U32, 65536 }, { A(SPORT_MAX), U32, 65536 } } },

	/* ICMP and TCP */
	{ "code without type", "ICMP code without a type", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_ICMP }, { A(ICMP_CODE), U32, 0 } } },
	{ "type without protocol", "an ICMP type needs protocol icmp or icmpv6", -EINVAL, 1,
	  { { A(ICMP_TYPE), U32, 8 } } },
	{ "type of TCP", "an ICMP type needs protocol icmp or icmpv6", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_TCP }, { A(ICMP_TYPE), U32, 8 } } },
	{ "ICMP of IPv6", "an ICMP type needs protocol icmp or icmpv6", -EINVAL, 3,
	  { { A(FAMILY), U32, NFPROTO_IPV6 }, { A(PROTO), U32, IPPROTO_ICMP },
	    { A(ICMP_TYPE), U32, 8 } } },
	{ "ICMPv6 of IPv4", "an ICMP type needs protocol icmp or icmpv6", -EINVAL, 3,
	  { { A(FAMILY), U32, NFPROTO_IPV4 }, { A(PROTO), U32, IPPROTO_ICMPV6 },
	    { A(ICMP_TYPE), U32, 8 } } },
	{ "flags without mask", "TCP flags need both value and mask", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_TCP }, { A(TCP_FLAGS), U32, 2 } } },
	{ "mask without flags", "TCP flags need both value and mask", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_TCP }, { A(TCP_MASK), U32, 2 } } },
	{ "flags of UDP", "TCP flags need protocol tcp", -EINVAL, 2,
	  { { A(PROTO), U32, IPPROTO_UDP }, { A(TCP_FLAGS), U32, 2 }, { A(TCP_MASK), U32, 2 } } },
	{ "flags of any protocol", "TCP flags need protocol tcp", -EINVAL, 1,
	  { { A(TCP_FLAGS), U32, 2 }, { A(TCP_MASK), U32, 2 } } },
	{ "flags outside of the mask", "TCP flags are not within their mask", -EINVAL, 3,
	  { { A(PROTO), U32, IPPROTO_TCP }, { A(TCP_MASK), U32, 0x12 },
	    { A(TCP_FLAGS), U32, 0x13 } } },

	/* the rest of a match */
	{ "empty name in", "an interface name, or its beginning and a +", -EINVAL, 1,
	  { { A(IIF), TEXT, 0, "" } } },
	{ "only a plus", "an interface name, or its beginning and a +", -EINVAL, 1,
	  { { A(OIF), TEXT, 0, "+" } } },
	{ "a name of 16", NULL, -EINVAL, 1, { { A(OIF), TEXT, 0, "0123456789abcdef" } } },
	{ "bytes behind the NUL", "a string ends with its first NUL", -EINVAL, 1,
	  { { A(IIF), BYTES, 6, "eth0\0" } } },
	{ "mask without mark", "mask without a mark", -EINVAL, 1, { { A(MARK_MASK), U32, 1 } } },
	{ "mark outside of its mask", "mark is not within its mask", -EINVAL, 2,
	  { { A(MARK_MASK), U32, 0xf0 }, { A(MARK), U32, 0x1f0 } } },
	{ "only the least length", "length range needs both ends", -EINVAL, 1,
	  { { A(LEN_MIN), U32, 1 } } },
	{ "lengths backwards", "length range ends before it begins", -EINVAL, 1,
	  { { A(LEN_MIN), U32, 2 }, { A(LEN_MAX), U32, 1 } } },
	{ "DSCP 64", NULL, -ERANGE, 1, { { A(DSCP), U32, 64 } } },
	{ "no kind of fragment", NULL, -ERANGE, 1, { { A(FRAG), U32, 0 } } },

	/* of the whole */
	{ "twice", "attribute is there twice", -EINVAL, 3,
	  { { A(PRIO), U32, 1 }, { A(PROTO), U32, 6 }, { A(PRIO), U32, 1 } } },
	{ "network order", "attribute must be in host byte order", -EINVAL, 1,
	  { { A(PRIO), SWAPPED, 1 } } },
	{ "a handle of 64 bits", "a handle is 1 to 2^63 - 1", -EINVAL, 1,
	  { { A(HANDLE), U64, 1ULL << 63 } } },
	{ "handle 0", NULL, -ERANGE, 1, { { A(HANDLE), U64, 0 } } },
	{ "too short", NULL, -EINVAL, 1, { { A(PRIO), BYTES, 2, "\0" } } },

	/* time and counters */
	{ "time left without timeout", "time left without a timeout", -EINVAL, 1,
	  { { A(EXPIRES_MS), U64, 1 } } },
	{ "more left than all", "time left is 0 or more than the timeout", -EINVAL, 2,
	  { { A(TIMEOUT_MS), U64, 10 }, { A(EXPIRES_MS), U64, 11 } } },
	{ "nothing left", "time left is 0 or more than the timeout", -EINVAL, 2,
	  { { A(TIMEOUT_MS), U64, 10 }, { A(EXPIRES_MS), U64, 0 } } },
	{ "a hundred years and a bit", "timeout is longer than a hundred years", -EINVAL, 1,
	  { { A(TIMEOUT_MS), U64, 36525ULL * 86400000 + 1 } } },
	{ "hit in 2106", "last hit is later than the year 2106", -EINVAL, 1,
	  { { A(LAST_HIT_MS), U64, (1ULL << 32) * 1000 } } },

	/* actions */
	{ "set mark outside of its mask", "mark is not within its mask", -EINVAL, 1,
	  { { A(SET_MARK), U32, 3 }, { A(SET_MARK_MASK), U32, 1 } } },
	{ "mask of no set mark", "mask without a mark", -EINVAL, 1,
	  { { A(SET_MARK_MASK), U32, 1 } } },
	{ "TTL set and added", "a rule sets the TTL or adds to it, not both", -EINVAL, 2,
	  { { A(SET_TTL), U32, 1 }, { A(ADD_TTL), S32, -1 } } },
	{ "TTL 0", NULL, -ERANGE, 1, { { A(SET_TTL), U32, 0 } } },
	{ "nfqueue without number", "verdict nfqueue needs a number", -EINVAL, 1,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_NFQUEUE } } },
	{ "number without nfqueue", "only for verdict nfqueue", -EINVAL, 2,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_DROP }, { A(NFQUEUE_NUM), U32, 1 } } },
	{ "bypass without nfqueue", "only for verdict nfqueue", -EINVAL, 1,
	  { { A(FLAGS), U32, TQUEUE_RULE_F_BYPASS } } },
	{ "steal without queue", "verdict steal needs a queue", -EINVAL, 1,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_STEAL } } },
	{ "queue without steal", "only for verdict steal", -EINVAL, 1,
	  { { A(STEAL_QUEUE), TEXT, 0, "q0" } } },
	{ "else without steal", "only for verdict steal", -EINVAL, 1,
	  { { A(STEAL_ELSE), U32, TQUEUE_VERDICT_DROP } } },
	{ "else accept", "what can't be stolen is passed or dropped", -EINVAL, 3,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_STEAL }, { A(STEAL_QUEUE), TEXT, 0, "q0" },
	    { A(STEAL_ELSE), U32, TQUEUE_VERDICT_ACCEPT } } },
	{ "steal for nobody", "no such queue", -ENOENT, 2,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_STEAL }, { A(STEAL_QUEUE), TEXT, 0, "nobody" } } },
	{ "copy to nobody", "no such queue", -ENOENT, -1, { { A(COPY), COPY, 0, "nobody" } } },
	{ "copy without queue", "a copy needs a queue", -EINVAL, 2,
	  { { A(COPY), COPY, 0, "q1" }, { A(COPY), NO_QUEUE, 96 } } },
	{ "two copies to one", "the rule copies to this queue already", -EINVAL, -1,
	  { { A(COPY), COPY, 0, "q1" }, { A(COPY), COPY, 9, "q2" }, { A(COPY), COPY, 0, "q1" } } },
	{ "copy and steal for one", "the rule copies to this queue already", -EINVAL, 3,
	  { { A(VERDICT), U32, TQUEUE_VERDICT_STEAL }, { A(COPY), COPY, 0, "q0" },
	    { A(STEAL_QUEUE), TEXT, 0, "q0" } } },
	{ "sample of nothing", "the rule copies to no queue", -EINVAL, 1,
	  { { A(SAMPLE), U32, 2 } } },
	{ "rate of nothing", "the rule copies to no queue", -EINVAL, 1, { { A(RATE), U32, 2 } } },
	{ "burst without rate", "burst without a rate", -EINVAL, 3,
	  { { A(COPY), COPY, 0, "q0" }, { A(SAMPLE), U32, 2 }, { A(BURST), U32, 2 } } },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

static void check_refusal(struct kunit *test, struct bench *b, const struct request *r, int err)
{
	const struct nlattr *at = r->at > 0 ? b->attr[r->at - 1] : b->nest;
	u32 i;

	KUNIT_EXPECT_EQ(test, err, r->err);
	KUNIT_ASSERT_NOT_NULL_MSG(test, b->extack._msg, "a refusal without a word");
	if (r->text)
		KUNIT_EXPECT_STREQ(test, b->extack._msg, r->text);
	KUNIT_ASSERT_NOT_NULL_MSG(test, b->extack.bad_attr, "a refusal of nothing");
	/* -1: what is at fault is in a nest. */
	if (r->at >= 0)
		KUNIT_EXPECT_EQ_MSG(test, (const u8 *)b->extack.bad_attr - (const u8 *)b->nest,
				    (const u8 *)at - (const u8 *)b->nest, "it is of type %u",
				    nla_type(b->extack.bad_attr));
	else
		KUNIT_EXPECT_EQ(test, nla_type(b->extack.bad_attr), TQUEUE_A_COPY_QUEUE);
	for (i = 0; i < ARRAY_SIZE(b->q) && b->q[i]; i++)
		KUNIT_EXPECT_EQ_MSG(test, refcount_read(&b->q[i]->users), 1, "q%u is held", i);
}

static void refused(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct bench *b = bench_of(test, 3);

	check_refusal(test, b, r, parse(test, b, r->attr, ARRAY_SIZE(r->attr)));
}

static void nfqueue_at_a_device(struct kunit *test)
{
	static const struct request r = {
		"", "no nfqueue from a netdev hook, and the table is at one", -EINVAL, 2,
		{ { A(NFQUEUE_NUM), U32, 5 }, { A(VERDICT), U32, TQUEUE_VERDICT_NFQUEUE } }
	};
	struct bench *b = bench_of(test, 3);

	KUNIT_EXPECT_EQ(test, parse(test, b, r.attr, ARRAY_SIZE(r.attr)), 0);
	b->t.netdev_hooks = 1;
	check_refusal(test, b, &r, parse(test, b, r.attr, ARRAY_SIZE(r.attr)));
}

static void too_many_copies(struct kunit *test)
{
	static const struct attr attr[] = {
		{ A(COPY), COPY, 0, "q0" }, { A(COPY), COPY, 0, "q1" }, { A(COPY), COPY, 0, "q2" },
		{ A(COPY), COPY, 0, "q3" }, { A(COPY), COPY, 0, "q4" }, { A(COPY), COPY, 0, "q5" },
		{ A(COPY), COPY, 0, "q6" }, { A(COPY), COPY, 0, "q7" }, { A(COPY), COPY, 0, "q8" },
	};
	const struct request r = {
		"", "too many copies in one rule", -E2BIG, TQUEUE_RULE_COPIES_MAX + 1,
	};
	struct bench *b = bench_of(test, TQUEUE_RULE_COPIES_MAX + 1);
	u32 i;

	BUILD_BUG_ON(ARRAY_SIZE(attr) <= TQUEUE_RULE_COPIES_MAX);
	KUNIT_ASSERT_EQ(test, parse(test, b, attr, TQUEUE_RULE_COPIES_MAX), 0);
	KUNIT_EXPECT_EQ(test, b->spec.actions.n_copies, TQUEUE_RULE_COPIES_MAX);
	for (i = 0; i < TQUEUE_RULE_COPIES_MAX; i++)
		KUNIT_EXPECT_PTR_EQ(test, b->spec.actions.copy[i].queue, b->q[i]);
	tq_actions_release(&b->spec.actions);
	check_refusal(test, b, &r, parse(test, b, attr, TQUEUE_RULE_COPIES_MAX + 1));
}

/* ---- rules ---- */

static void nothing_given(struct kunit *test)
{
	struct bench *b = bench_of(test, 4);
	struct tq_rule_spec want;

	memset(&want, 0, sizeof(want));
	want.actions.verdict = TQUEUE_VERDICT_PASS;
	KUNIT_ASSERT_EQ(test, parse(test, b, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&b->spec, &want, sizeof(want)), 0);
}

/* What is not given is 0, byte by byte: rules are compared so. */
static void whole_match(struct kunit *test)
{
	static const struct attr first[] = {
		{ A(HANDLE), U64, S64_MAX }, { A(PRIO), U32, U32_MAX },
		{ A(FAMILY), U32, NFPROTO_IPV4 }, { A(SRC), BYTES, 4, "\xc0\0\x02\x07" },
		{ A(DST), BYTES, 4, "\xc6\x33\x64\0" }, { A(DST_LEN), U32, 24 },
		{ A(PROTO), U32, IPPROTO_TCP }, { A(DPORT_MIN), U32, 22 },
		{ A(DPORT_MAX), U32, 65535 }, { A(TCP_FLAGS), U32, 0x02 },
		{ A(TCP_MASK), U32, 0xff },
	};
	static const struct attr second[] = {
		{ A(IIF), TEXT, 0, "eth0" }, { A(OIF), TEXT, 0, "0123456789abcd+" },
		{ A(MARK), U32, 0x80000001 }, { A(DSCP), U32, 63 }, { A(LEN_MIN), U32, 5 },
		{ A(LEN_MAX), U32, 5 }, { A(FRAG), U32, 7 }, { A(CT_STATE), U32, 31 },
		{ A(PROTO), U32, IPPROTO_ICMPV6 }, { A(ICMP_TYPE), U32, 255 },
		{ A(ICMP_CODE), U32, 0 },
	};
	struct bench *b = bench_of(test, 4);
	struct tq_match want;

	KUNIT_ASSERT_EQ(test, parse(test, b, first, ARRAY_SIZE(first)), 0);
	memset(&want, 0, sizeof(want));
	want.family = NFPROTO_IPV4;
	want.src.ip = htonl(0xc0000207);
	want.src_len = 32;
	want.dst.ip = htonl(0xc6336400);
	want.dst_len = 24;
	want.proto = IPPROTO_TCP;
	want.sport_max = 65535;
	want.dport_min = 22;
	want.dport_max = 65535;
	want.tcp_flags = 2;
	want.tcp_mask = 0xff;
	want.has = TQ_HAS_PROTO | TQ_HAS_PORTS | TQ_HAS_TCP;
	KUNIT_EXPECT_EQ(test, memcmp(&b->spec.match, &want, sizeof(want)), 0);
	KUNIT_EXPECT_EQ(test, b->spec.handle, S64_MAX);
	KUNIT_EXPECT_EQ(test, b->spec.prio, U32_MAX);
	KUNIT_EXPECT_FALSE(test, b->spec.timed);

	KUNIT_ASSERT_EQ(test, parse(test, b, second, ARRAY_SIZE(second)), 0);
	memset(&want, 0, sizeof(want));
	/* An exact name with its NUL, a beginning without. */
	strscpy(want.iif, "eth0", IFNAMSIZ);
	want.iif_len = 5;
	strscpy(want.oif, "0123456789abcd+", IFNAMSIZ);
	want.oif_len = 14;
	want.mark = 0x80000001;
	want.mark_mask = U32_MAX;
	want.dscp = 63;
	want.len_min = 5;
	want.len_max = 5;
	want.frag = 7;
	want.ct = 31;
	want.proto = IPPROTO_ICMPV6;
	want.icmp_type = 255;
	want.has = TQ_HAS_IIF | TQ_HAS_OIF | TQ_HAS_MARK | TQ_HAS_DSCP | TQ_HAS_LEN | TQ_HAS_FRAG |
		   TQ_HAS_CT | TQ_HAS_PROTO | TQ_HAS_ICMP_TYPE | TQ_HAS_ICMP_CODE;
	KUNIT_EXPECT_EQ(test, memcmp(&b->spec.match, &want, sizeof(want)), 0);
}

static void whole_actions(struct kunit *test)
{
	static const struct attr attr[] = {
		{ A(COPY), COPY, 0, "q3" }, { A(COPY), COPY, 96, "q1" },
		{ A(VERDICT), U32, TQUEUE_VERDICT_STEAL }, { A(STEAL_QUEUE), TEXT, 0, "q2" },
		{ A(STEAL_ELSE), U32, TQUEUE_VERDICT_DROP }, { A(SAMPLE), U32, 10 },
		{ A(RATE), U32, 1000 }, { A(SET_MARK), U32, 0x10 }, { A(SET_MARK_MASK), U32, 0x30 },
		{ A(ADD_TTL), S32, -255 }, { A(SET_DSCP), U32, 0 },
	};
	struct bench *b = bench_of(test, 4);
	const struct tq_actions *a = &b->spec.actions;

	KUNIT_ASSERT_EQ(test, parse(test, b, attr, ARRAY_SIZE(attr)), 0);
	KUNIT_EXPECT_EQ(test, a->n_copies, 2);
	KUNIT_EXPECT_PTR_EQ(test, a->copy[0].queue, b->q[3]);
	KUNIT_EXPECT_EQ(test, a->copy[0].snaplen, 0);
	KUNIT_EXPECT_PTR_EQ(test, a->copy[1].queue, b->q[1]);
	KUNIT_EXPECT_EQ(test, a->copy[1].snaplen, 96);
	KUNIT_EXPECT_EQ(test, a->verdict, TQUEUE_VERDICT_STEAL);
	KUNIT_EXPECT_PTR_EQ(test, a->steal, b->q[2]);
	KUNIT_EXPECT_EQ(test, a->steal_else, TQUEUE_VERDICT_DROP);
	KUNIT_EXPECT_EQ(test, tq_quota_sample(a->quota), 10);
	KUNIT_EXPECT_EQ(test, tq_quota_rate(a->quota), 1000);
	KUNIT_EXPECT_EQ_MSG(test, tq_quota_burst(a->quota), 1000, "a burst is a second's");
	KUNIT_EXPECT_EQ(test, a->mark, 0x10);
	KUNIT_EXPECT_EQ(test, a->mark_mask, 0x30);
	KUNIT_EXPECT_EQ(test, a->rewrite.what, TQ_ADD_TTL | TQ_SET_DSCP);
	KUNIT_EXPECT_EQ(test, a->rewrite.ttl, -255);
	KUNIT_EXPECT_EQ(test, a->rewrite.dscp, 0);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[0]->users), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[1]->users), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[2]->users), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[3]->users), 2);
	tq_actions_release(&b->spec.actions);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[2]->users), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&b->q[3]->users), 1);
}

static void state_that_is_restored(struct kunit *test)
{
	static const struct attr attr[] = {
		{ A(PACKETS), U64, U64_MAX }, { A(BYTES), U64, 1ULL << 40 }, { A(COPIES), U64, 3 },
		{ A(LAST_HIT_MS), U64, 4294967295999ULL },
		{ A(TIMEOUT_MS), U64, 36525ULL * 86400000 }, { A(EXPIRES_MS), U64, 1 },
		{ A(VERDICT), U32, TQUEUE_VERDICT_NFQUEUE },
		{ A(NFQUEUE_NUM), U32, 65535 }, { A(FLAGS), U32, TQUEUE_RULE_F_BYPASS },
	};
	static const struct attr timeout[] = { { A(TIMEOUT_MS), U64, 77 } };
	static const struct attr never[] = { { A(TIMEOUT_MS), U64, 0 } };
	struct bench *b = bench_of(test, 4);

	KUNIT_ASSERT_EQ(test, parse(test, b, attr, ARRAY_SIZE(attr)), 0);
	KUNIT_EXPECT_EQ(test, b->spec.packets, U64_MAX);
	KUNIT_EXPECT_EQ(test, b->spec.bytes, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, b->spec.copies, 3);
	KUNIT_EXPECT_EQ(test, b->spec.last_hit, U32_MAX);
	KUNIT_EXPECT_TRUE(test, b->spec.timed);
	KUNIT_EXPECT_EQ(test, b->spec.timeout_ms, 36525ULL * 86400000);
	KUNIT_EXPECT_EQ(test, b->spec.expires_ms, 1);
	KUNIT_EXPECT_EQ(test, b->spec.actions.nfqueue, 65535);
	KUNIT_EXPECT_TRUE(test, b->spec.actions.bypass);
	KUNIT_ASSERT_EQ(test, parse(test, b, timeout, 1), 0);
	KUNIT_EXPECT_EQ(test, b->spec.expires_ms, 77);
	KUNIT_ASSERT_EQ(test, parse(test, b, never, 1), 0);
	KUNIT_EXPECT_TRUE(test, b->spec.timed);
	KUNIT_EXPECT_EQ(test, b->spec.timeout_ms, 0);
}

/* The family says how long an address is, in every prefix length. */
static void every_prefix_length(struct kunit *test)
{
	struct bench *b = bench_of(test, 4);
	u8 bytes[16];
	u32 v6, len;

	for (v6 = 0; v6 < 2; v6++) {
		for (len = 0; len <= (v6 ? 128 : 32); len += 1 + (v6 && len % 32 > 1) * 5) {
			const struct attr attr[] = {
				{ A(SRC), BYTES, v6 ? 16 : 4, (char *)bytes },
				{ A(SRC_LEN), U32, len },
				{ A(FAMILY), U32, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4 },
			};
			u32 i;

			memset(bytes, 0, sizeof(bytes));
			for (i = 0; i < len; i++)
				bytes[i / 8] |= 0x80 >> i % 8;
			KUNIT_ASSERT_EQ_MSG(test, parse(test, b, attr, 3), 0, "length %u", len);
			KUNIT_EXPECT_EQ(test, b->spec.match.src_len, len);
			KUNIT_EXPECT_EQ(test, memcmp(&b->spec.match.src, bytes, sizeof(bytes)), 0);
			if (len == (v6 ? 128 : 32))
				continue;
			bytes[len / 8] |= 0x80 >> len % 8;
			KUNIT_ASSERT_EQ_MSG(test, parse(test, b, attr, 3), -EINVAL, "length %u",
					    len);
		}
	}
}

/* ---- handles alone ---- */

static void only_the_handle(struct kunit *test)
{
	static const struct attr good[] = { { A(HANDLE), U64, 99 } };
	static const struct attr more[] = { { A(HANDLE), U64, 99 }, { A(PRIO), U32, 1 } };
	struct bench *b = bench_of(test, 4);
	u64 handle = 0;

	KUNIT_ASSERT_EQ(test, parse(test, b, good, 1), 0);
	KUNIT_EXPECT_EQ(test, tq_nl_rule_parse_handle(&handle, b->nest, &b->extack), 0);
	KUNIT_EXPECT_EQ(test, handle, 99);
	KUNIT_ASSERT_EQ(test, parse(test, b, more, 2), 0);
	KUNIT_EXPECT_EQ(test, tq_nl_rule_parse_handle(&handle, b->nest, &b->extack), -EINVAL);
	KUNIT_EXPECT_STREQ(test, b->extack._msg, "only the rule's handle is needed");
	KUNIT_EXPECT_PTR_EQ(test, b->extack.bad_attr, (const struct nlattr *)b->attr[1]);
	KUNIT_ASSERT_EQ(test, parse(test, b, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, tq_nl_rule_parse_handle(&handle, b->nest, &b->extack), -EINVAL);
	KUNIT_EXPECT_STREQ(test, b->extack._msg, "a rule is needed, by handle");
	KUNIT_EXPECT_PTR_EQ(test, b->extack.bad_attr, (const struct nlattr *)b->nest);
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE_PARAM(refused, refusal_gen_params),
	KUNIT_CASE(nfqueue_at_a_device),
	KUNIT_CASE(too_many_copies),
	KUNIT_CASE(nothing_given),
	KUNIT_CASE(whole_match),
	KUNIT_CASE(whole_actions),
	KUNIT_CASE(state_that_is_restored),
	KUNIT_CASE(every_prefix_length),
	KUNIT_CASE(only_the_handle),
	{ }
};

static struct kunit_suite parse_suite = {
	.name = "tqueue_parse",
	.test_cases = parse_cases,
};
kunit_test_suite(parse_suite);
