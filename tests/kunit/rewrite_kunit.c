// SPDX-License-Identifier: GPL-2.0-only
/*
 * rewrite_kunit.c - suite of rewrite.c: after a change of TTL or DSCP, sums made from
 * scratch are right, and no other byte is another.
 */
#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/checksum.h>

#include "fixture.h"
#include "rewrite.h"

#define LEN	100

static void draw_bytes(struct rnd_state *rnd, u8 *to, u32 len)
{
	prandom_bytes_state(rnd, to, len);
	/* Now and then bytes of which the sum is at its edge. */
	if (tqk_one_in(rnd, 4))
		memset(to, tqk_one_in(rnd, 2) ? 0xff : 0, len);
}

/* A header with a right checksum; returns its length. */
static u32 draw_ipv4(struct rnd_state *rnd, u8 *to)
{
	struct iphdr *iph = (struct iphdr *)to;

	draw_bytes(rnd, to, LEN);
	iph->version = 4;
	iph->ihl = 5 + tqk_below(rnd, 11);
	iph->ttl = prandom_u32_state(rnd);
	iph->tos = prandom_u32_state(rnd);
	iph->check = 0;
	iph->check = htons(~tqk_sum(to, iph->ihl * 4) & 0xffff);
	return iph->ihl * 4;
}

static void draw_ipv6(struct rnd_state *rnd, u8 *to)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)to;

	draw_bytes(rnd, to, LEN);
	ip6h->version = 6;
	ip6h->hop_limit = prandom_u32_state(rnd);
}

static void draw_change(struct rnd_state *rnd, struct tq_rewrite *r)
{
	memset(r, 0, sizeof(*r));
	switch (tqk_below(rnd, 3)) {
	case 0:
		r->what = TQ_SET_TTL;
		r->ttl = 1 + tqk_below(rnd, 255);
		break;
	case 1:
		r->what = TQ_ADD_TTL;
		r->ttl = (int)tqk_below(rnd, 511) - 255;
		break;
	}
	if (tqk_one_in(rnd, 2)) {
		r->what |= TQ_SET_DSCP;
		r->dscp = tqk_below(rnd, 64);
	}
}

static u8 wanted_ttl(const struct tq_rewrite *r, u8 ttl)
{
	int sum = ttl;

	if (r->what & TQ_SET_TTL)
		return r->ttl;
	if (r->what & TQ_ADD_TTL)
		sum += r->ttl;
	return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

/* What @bytes should become, but for the checksum. */
static void change_ipv4(u8 *bytes, const struct tq_rewrite *r)
{
	if (r->what & TQ_SET_DSCP)
		bytes[1] = r->dscp << 2 | (bytes[1] & 3);
	bytes[8] = wanted_ttl(r, bytes[8]);
}

static void change_ipv6(u8 *bytes, const struct tq_rewrite *r)
{
	if (r->what & TQ_SET_DSCP) {
		/* Four bits in each of two bytes; ECN and the flow label stay. */
		bytes[0] = 0x60 | r->dscp >> 2;
		bytes[1] = (r->dscp & 3) << 6 | (bytes[1] & 0x3f);
	}
	bytes[7] = wanted_ttl(r, bytes[7]);
}

static struct sk_buff *skb_of(struct kunit *test, const u8 *bytes, u32 mac, u32 linear)
{
	struct tqk_packet p = {
		.bytes = bytes, .len = mac + LEN, .mac = mac, .linear = mac + linear, .frags = 2,
	};

	return tqk_skb(test, &p);
}

/* Bytes of the packet, wherever they lie. */
static void copy_of(struct kunit *test, struct sk_buff *skb, u8 *to)
{
	KUNIT_ASSERT_EQ(test, skb_copy_bits(skb, skb_network_offset(skb), to, LEN), 0);
}

static void random_ipv4(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 3 * LEN, GFP_KERNEL), *want, *got;
	struct rnd_state rnd;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	want = bytes + LEN;
	got = want + LEN;
	tqk_rnd(test, &rnd, TQK_SEED(test));
	for (i = 0; i < 500; i++) {
		const u32 hdr = draw_ipv4(&rnd, bytes);
		const struct iphdr *iph = (struct iphdr *)got;
		struct tq_rewrite r;
		struct sk_buff *skb;
		u16 wrong = 0;

		draw_change(&rnd, &r);
		/* A wrong checksum stays wrong, by as much. */
		if (tqk_one_in(&rnd, 4))
			wrong = 1 + tqk_below(&rnd, 0xfffd);
		skb = skb_of(test, bytes, 0, tqk_below(&rnd, LEN + 1));
		if (wrong) {
			u16 sum = ntohs(((struct iphdr *)bytes)->check);

			sum = sum + wrong + (sum + wrong > 0xffff);
			((struct iphdr *)bytes)->check = htons(sum);
			KUNIT_ASSERT_EQ(test, skb_store_bits(skb, 0, bytes, hdr), 0);
		}
		KUNIT_ASSERT_TRUE(test, tq_rewrite(skb, NFPROTO_IPV4, &r));
		copy_of(test, skb, got);
		memcpy(want, bytes, LEN);
		change_ipv4(want, &r);
		memcpy(want + 10, got + 10, 2);
		KUNIT_ASSERT_EQ_MSG(test, memcmp(got, want, LEN), 0, "packet %u: %*ph", i, 20, got);
		/* 0 and 0xffff are one number. */
		KUNIT_ASSERT_EQ_MSG(test, tqk_sum(got, hdr) % 0xffff, wrong % 0xffff,
				    "packet %u: %*ph, it was %*ph", i, 20, got, 20, bytes);
		if (!memcmp(want, bytes, LEN))
			KUNIT_ASSERT_EQ(test, iph->check, ((struct iphdr *)bytes)->check);
		kunit_release_action(test, tqk_free_skb, skb);
	}
}

/* Every TTL becomes every other. */
static void every_ttl(struct kunit *test)
{
	struct tq_rewrite r = { .what = TQ_SET_TTL };
	u32 from, to, bad = 0;
	struct sk_buff *skb;
	struct rnd_state rnd;
	u8 bytes[LEN];

	tqk_rnd(test, &rnd, 0);
	draw_ipv4(&rnd, bytes);
	skb = skb_of(test, bytes, 0, LEN);
	for (from = 0; from < 256; from += 5) {
		for (to = 1; to < 256; to += 2) {
			struct iphdr *iph = ip_hdr(skb);

			iph->ttl = from;
			iph->check = 0;
			iph->check = htons(~tqk_sum(iph, iph->ihl * 4) & 0xffff);
			r.ttl = to;
			tq_rewrite(skb, NFPROTO_IPV4, &r);
			iph = ip_hdr(skb);
			bad += iph->ttl != to || tqk_sum(iph, iph->ihl * 4) % 0xffff;
		}
	}
	KUNIT_EXPECT_EQ_MSG(test, bad, 0, "wrong headers");
}

static const struct edge {
	const char	*desc;
	u8		ttl;
	struct tq_rewrite r;
	u8		want;
} edges[] = {
	{ "0 and 1",		0,	{ TQ_ADD_TTL, 0, 1 },		1 },
	{ "0 less 1",		0,	{ TQ_ADD_TTL, 0, -1 },		0 },
	{ "255 and 1",		255,	{ TQ_ADD_TTL, 0, 1 },		255 },
	{ "255 less 255",	255,	{ TQ_ADD_TTL, 0, -255 },	0 },
	{ "0 and 255",		0,	{ TQ_ADD_TTL, 0, 255 },		255 },
	{ "1 less 255",		1,	{ TQ_ADD_TTL, 0, -255 },	0 },
	{ "64 less 1",		64,	{ TQ_ADD_TTL, 0, -1 },		63 },
	{ "set to 255",		0,	{ TQ_SET_TTL, 0, 255 },		255 },
	{ "set to itself",	9,	{ TQ_SET_TTL, 0, 9 },		9 },
	{ "not at all",		9,	{ TQ_SET_DSCP, 63, 200 },	9 },
};

KUNIT_ARRAY_PARAM_DESC(edge, edges, desc);

static void edges_of_ttl(struct kunit *test)
{
	const struct edge *edge = test->param_value;
	struct sk_buff *skb;
	struct rnd_state rnd;
	u8 bytes[LEN];

	tqk_rnd(test, &rnd, 0);
	draw_ipv4(&rnd, bytes);
	bytes[8] = edge->ttl;
	skb = skb_of(test, bytes, 0, LEN);
	KUNIT_EXPECT_TRUE(test, tq_rewrite(skb, NFPROTO_IPV4, &edge->r));
	KUNIT_EXPECT_EQ(test, ip_hdr(skb)->ttl, edge->want);
	draw_ipv6(&rnd, bytes);
	bytes[7] = edge->ttl;
	skb = skb_of(test, bytes, 0, LEN);
	KUNIT_EXPECT_TRUE(test, tq_rewrite(skb, NFPROTO_IPV6, &edge->r));
	KUNIT_EXPECT_EQ(test, ipv6_hdr(skb)->hop_limit, edge->want);
}

static u16 folded(__wsum sum)
{
	return ntohs((__force __be16)~csum_fold(sum));
}

/* The sum that a device made of the whole packet is that of the packet as it is now. */
static void random_ipv6(struct kunit *test)
{
	u8 *bytes = kunit_kzalloc(test, 3 * LEN, GFP_KERNEL), *want, *got;
	struct rnd_state rnd;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	want = bytes + LEN;
	got = want + LEN;
	tqk_rnd(test, &rnd, TQK_SEED(test));
	for (i = 0; i < 500; i++) {
		const bool complete = tqk_one_in(&rnd, 2);
		struct tq_rewrite r;
		struct sk_buff *skb;
		__wsum sum;

		draw_ipv6(&rnd, bytes);
		draw_change(&rnd, &r);
		skb = skb_of(test, bytes, 0, tqk_below(&rnd, LEN + 1));
		sum = (__force __wsum)prandom_u32_state(&rnd);
		if (complete) {
			skb->ip_summed = CHECKSUM_COMPLETE;
			sum = csum_partial(bytes, LEN, 0);
		}
		skb->csum = sum;
		KUNIT_ASSERT_TRUE(test, tq_rewrite(skb, NFPROTO_IPV6, &r));
		copy_of(test, skb, got);
		memcpy(want, bytes, LEN);
		change_ipv6(want, &r);
		KUNIT_ASSERT_EQ_MSG(test, memcmp(got, want, LEN), 0, "packet %u: %*ph", i, 40, got);
		if (complete)
			KUNIT_ASSERT_EQ_MSG(test, folded(skb->csum) % 0xffff,
					    tqk_sum(got, LEN) % 0xffff, "packet %u: %*ph", i, 40,
					    got);
		else
			KUNIT_ASSERT_EQ(test, (__force u32)skb->csum, (__force u32)sum);
		kunit_release_action(test, tqk_free_skb, skb);
	}
}

/* What others see of a header that is shared stays as it was. */
static void shared_header(struct kunit *test)
{
	const struct tq_rewrite r = { TQ_SET_TTL | TQ_SET_DSCP, 46, 77 };
	struct sk_buff *skb, *clone;
	struct rnd_state rnd;
	u8 bytes[14 + LEN];
	u32 v6;

	tqk_rnd(test, &rnd, 0);
	for (v6 = 0; v6 < 2; v6++) {
		if (v6)
			draw_ipv6(&rnd, bytes + 14);
		else
			draw_ipv4(&rnd, bytes + 14);
		skb = skb_of(test, bytes, 14, LEN);
		clone = skb_clone(skb, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, clone);
		KUNIT_EXPECT_TRUE(test, tq_rewrite(clone, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, &r));
		KUNIT_EXPECT_EQ(test, v6 ? ipv6_hdr(clone)->hop_limit : ip_hdr(clone)->ttl, 77);
		KUNIT_EXPECT_EQ(test, memcmp(skb->data, bytes + 14, LEN), 0);
		KUNIT_EXPECT_EQ(test, memcmp(skb_mac_header(skb), bytes, 14), 0);
		KUNIT_EXPECT_EQ(test, memcmp(skb_mac_header(clone), bytes, 14), 0);
		kfree_skb(clone);
	}
}

/* A header that is not there is not changed. */
static void too_short(struct kunit *test)
{
	const struct tq_rewrite r = { TQ_SET_TTL, 0, 77 };
	struct tqk_packet p = { .frags = 1 };
	u8 bytes[40] = { 0x45 };
	u32 len;

	p.bytes = bytes;
	for (len = 1; len < 40; len++) {
		p.len = len;
		p.linear = len / 2;
		if (len < 20)
			KUNIT_EXPECT_FALSE(test, tq_rewrite(tqk_skb(test, &p), NFPROTO_IPV4, &r));
		KUNIT_EXPECT_FALSE(test, tq_rewrite(tqk_skb(test, &p), NFPROTO_IPV6, &r));
	}
}

TQK_SEED_PARAMS;

static struct kunit_case rewrite_cases[] = {
	KUNIT_CASE_PARAM(random_ipv4, tqk_seed_gen_params),
	KUNIT_CASE(every_ttl),
	KUNIT_CASE_PARAM(edges_of_ttl, edge_gen_params),
	KUNIT_CASE_PARAM(random_ipv6, tqk_seed_gen_params),
	KUNIT_CASE(shared_header),
	KUNIT_CASE(too_short),
	{ }
};

static struct kunit_suite rewrite_suite = {
	.name = "tqueue_rewrite",
	.test_cases = rewrite_cases,
};
kunit_test_suite(rewrite_suite);
