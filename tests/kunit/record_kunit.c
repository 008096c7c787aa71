// SPDX-License-Identifier: GPL-2.0-only
/*
 * record_kunit.c - suite of record.c: what a record of any packet says, and that
 * it says it in every byte and in none behind.
 */
#include <kunit/test.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "fixture.h"
#include "queue.h"
#include "record.h"

#define LEN	300
#define ROOM	(sizeof(struct tqueue_record) + LEN + 64)

static const struct tq_record_place place = { .seq = 0x123456789aULL, .queue = 77, .cpu = 5 };

static const struct tq_record_meta meta = {
	.rule = 0x0102030405060708ULL, .table = 11, .generation = 12, .iif = 13, .oif = 14,
	.flags = TQUEUE_RECORD_F_STOLEN, .family = 15, .hook = 16, .protocol = 17, .verdict = 18,
};

/**
 * struct bench - a packet of LEN bytes in several skbs, and room for its record
 */
struct bench {
	struct net_device	dev;
	u8			bytes[LEN];
	u8			to[2][ROOM];
};

static struct bench *bench_of(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, b);
	tqk_rnd(test, &rnd, 0);
	prandom_bytes_state(&rnd, b->bytes, LEN);
	b->dev.type = ARPHRD_ETHER;
	return b;
}

static const struct layout {
	const char	*desc;
	u32		linear;
	u32		frags;
	bool		list;
} layouts[] = {
	{ "linear",			LEN,	0,	false },
	{ "nothing but the MAC header",	0,	1,	false },
	{ "the headers",		40,	1,	false },
	{ "an odd place",		33,	3,	false },
	{ "many pages",			1,	7,	false },
	{ "a list",			20,	1,	true },
	{ "pages and a list",		50,	4,	true },
};

KUNIT_ARRAY_PARAM_DESC(layout, layouts, desc);

/* The bench's bytes with a MAC header of @mac, the type of which is @type. */
static struct sk_buff *skb_of(struct kunit *test, struct bench *b, const struct layout *l,
			      u32 mac, u32 len, __be16 type)
{
	struct tqk_packet p = {
		.bytes = b->bytes, .len = len, .mac = mac,
		.linear = mac + l->linear, .frags = l->frags, .list = l->list,
	};
	struct sk_buff *skb;

	if (mac)
		memcpy(b->bytes + mac - 2, &type, 2);
	skb = tqk_skb(test, &p);
	skb->dev = &b->dev;
	skb->protocol = type;
	skb->mark = 0xfeedbeef;
	return skb;
}

/* Writes the record twice, over different bytes: each of its own must be the same, and
 * each behind it as it was.
 */
static const struct tqueue_record *write(struct kunit *test, struct bench *b,
					 const struct tq_record_plan *plan,
					 const struct sk_buff *skb)
{
	const struct tqueue_record *rec = (void *)b->to[0];
	const u32 size = tq_record_size(plan->caplen);
	struct tqueue_record *other = (void *)b->to[1];
	const u64 before = ktime_get_ns();

	KUNIT_ASSERT_LT(test, size, ROOM);
	memset(b->to[0], 0x00, ROOM);
	memset(b->to[1], 0xff, ROOM);
	KUNIT_ASSERT_TRUE(test, tq_record_packet(b->to[0], &place, plan, skb, &meta));
	KUNIT_ASSERT_TRUE(test, tq_record_packet(b->to[1], &place, plan, skb, &meta));
	KUNIT_EXPECT_GE(test, rec->mono_ns, before);
	KUNIT_EXPECT_GE(test, other->mono_ns, rec->mono_ns);
	KUNIT_EXPECT_LE(test, other->mono_ns, ktime_get_ns());
	KUNIT_EXPECT_NE(test, rec->real_ns, 0);
	other->mono_ns = rec->mono_ns;
	other->real_ns = rec->real_ns;
	KUNIT_ASSERT_EQ_MSG(test, memcmp(b->to[0], b->to[1], size), 0,
			    "bytes of the record that are not written");
	KUNIT_ASSERT_NULL_MSG(test, memchr_inv(b->to[0] + size, 0x00, ROOM - size),
			      "bytes behind the record");
	KUNIT_ASSERT_NULL_MSG(test, memchr_inv(b->to[1] + size, 0xff, ROOM - size),
			      "bytes behind the record");
	return rec;
}

/* A whole record of @skb, of which @len bytes from @from on are the packet. */
static void expect(struct kunit *test, struct bench *b, const struct sk_buff *skb, u32 limit,
		   u32 from, u32 len, u32 mac, u32 flags)
{
	const u32 cap = min(len, limit);
	const struct tqueue_record *rec;
	struct tq_record_plan plan;
	u32 i;

	KUNIT_ASSERT_TRUE(test, tq_record_plan(&plan, skb, limit));
	KUNIT_EXPECT_EQ(test, plan.caplen, cap);
	KUNIT_EXPECT_EQ(test, plan.origlen, len);
	rec = write(test, b, &plan, skb);

	KUNIT_EXPECT_EQ(test, rec->len, (96 + cap + 7) / 8 * 8);
	KUNIT_EXPECT_EQ(test, rec->type, TQUEUE_RECORD_PACKET);
	KUNIT_EXPECT_EQ(test, rec->hdr_len, 96);
	KUNIT_EXPECT_EQ(test, rec->seq, place.seq);
	KUNIT_EXPECT_EQ(test, rec->caplen, cap);
	KUNIT_EXPECT_EQ(test, rec->origlen, len);
	KUNIT_EXPECT_EQ(test, rec->rule, meta.rule);
	KUNIT_EXPECT_EQ(test, rec->queue, place.queue);
	KUNIT_EXPECT_EQ(test, rec->table, meta.table);
	KUNIT_EXPECT_EQ(test, rec->generation, meta.generation);
	KUNIT_EXPECT_EQ(test, rec->mark, skb->mark);
	KUNIT_EXPECT_EQ(test, rec->iif, meta.iif);
	KUNIT_EXPECT_EQ(test, rec->oif, meta.oif);
	KUNIT_EXPECT_EQ(test, rec->cpu, place.cpu);
	KUNIT_EXPECT_EQ(test, rec->flags, flags | TQUEUE_RECORD_F_STOLEN |
			(cap < len ? TQUEUE_RECORD_F_TRUNCATED : 0));
	KUNIT_EXPECT_EQ(test, rec->linktype, mac ? TQUEUE_LINKTYPE_ETHERNET : TQUEUE_LINKTYPE_RAW);
	KUNIT_EXPECT_EQ(test, rec->mac_len, mac);
	KUNIT_EXPECT_EQ(test, rec->family, meta.family);
	KUNIT_EXPECT_EQ(test, rec->hook, meta.hook);
	KUNIT_EXPECT_EQ(test, rec->protocol, meta.protocol);
	KUNIT_EXPECT_EQ(test, rec->verdict, meta.verdict);
	KUNIT_EXPECT_EQ(test, rec->reserved, 0);
	if (!(flags & TQUEUE_RECORD_F_VLAN)) {
		KUNIT_EXPECT_EQ(test, rec->vlan_tci, 0);
		KUNIT_EXPECT_EQ(test, rec->vlan_proto, 0);
	}
	if (!(flags & TQUEUE_RECORD_F_GSO))
		KUNIT_EXPECT_EQ(test, rec->gso_size, 0);

	KUNIT_EXPECT_EQ_MSG(test, memcmp(rec + 1, b->bytes + from, cap), 0, "payload of %u", cap);
	for (i = cap; i % 8; i++)
		KUNIT_EXPECT_EQ_MSG(test, ((u8 *)(rec + 1))[i], 0, "padding of %u", cap);
}

static void whole(struct kunit *test)
{
	struct bench *b = bench_of(test);
	u32 len;

	for (len = 30; len < 46; len++) {
		struct sk_buff *skb = skb_of(test, b, test->param_value, 14, len, htons(ETH_P_IP));

		expect(test, b, skb, U32_MAX, 0, len, 14, 0);
	}
	expect(test, b, skb_of(test, b, test->param_value, 14, LEN, htons(ETH_P_IPV6)), LEN, 0, LEN,
	       14, 0);
}

static void every_snaplen(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, test->param_value, 14, LEN, htons(ETH_P_IP));
	u32 limit;

	for (limit = 1; limit <= LEN + 8; limit++)
		expect(test, b, skb, limit, 0, LEN, 14, 0);
}

/* A packet that was made here has no link-layer header yet. */
static void no_mac_header(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, test->param_value, 0, LEN, htons(ETH_P_IP));

	expect(test, b, skb, U32_MAX, 0, LEN, 0, 0);
	skb->dev = NULL;
	expect(test, b, skb, 17, 0, LEN, 0, 0);
}

/* What the stack has pulled is still there before skb->data. */
static void data_moved_on(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, &layouts[0], 14, LEN, htons(ETH_P_IP));

	__skb_pull(skb, 20);
	expect(test, b, skb, U32_MAX, 0, LEN, 14, 0);
	__skb_push(skb, 34);
	expect(test, b, skb, U32_MAX, 0, LEN, 14, 0);
	expect(test, b, skb, 100, 0, LEN, 14, 0);
}

static const struct mac {
	const char	*desc;
	u32		len;
	u16		dev_type;
	bool		agrees;
	bool		taken;
} macs[] = {
	{ "Ethernet",				14,	ARPHRD_ETHER,	true,	true },
	{ "of the loopback device",		14,	ARPHRD_LOOPBACK, true,	true },
	{ "a VLAN tag in the packet",		18,	ARPHRD_ETHER,	true,	true },
	{ "two",				22,	ARPHRD_ETHER,	true,	true },
	{ "three",				26,	ARPHRD_ETHER,	true,	false },
	{ "a byte too few",			13,	ARPHRD_ETHER,	true,	false },
	{ "of a tunnel",			14,	ARPHRD_TUNNEL,	true,	false },
	{ "of a device without",		14,	ARPHRD_NONE,	true,	false },
	{ "of another protocol",		14,	ARPHRD_ETHER,	false,	false },
};

KUNIT_ARRAY_PARAM_DESC(mac, macs, desc);

static void mac_header(struct kunit *test)
{
	const struct mac *mac = test->param_value;
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, &layouts[2], mac->len, LEN, htons(ETH_P_IP));
	const u32 len = mac->taken ? mac->len : 0, from = mac->len - len;

	b->dev.type = mac->dev_type;
	if (!mac->agrees)
		skb->protocol = htons(ETH_P_ARP);
	expect(test, b, skb, U32_MAX, from, LEN - from, len, 0);
}

static void vlan_in_metadata(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, &layouts[0], 14, LEN, htons(ETH_P_IP));
	const struct tqueue_record *rec = (void *)b->to[0];

	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021AD), 0xa123);
	expect(test, b, skb, 50, 0, LEN, 14, TQUEUE_RECORD_F_VLAN);
	KUNIT_EXPECT_EQ(test, rec->vlan_tci, 0xa123);
	KUNIT_EXPECT_EQ(test, ntohs(rec->vlan_proto), ETH_P_8021AD);
	/* A tag of 0 is one, too. */
	__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), 0);
	expect(test, b, skb, U32_MAX, 0, LEN, 14, TQUEUE_RECORD_F_VLAN);
	KUNIT_EXPECT_EQ(test, rec->vlan_tci, 0);
	KUNIT_EXPECT_EQ(test, ntohs(rec->vlan_proto), ETH_P_8021Q);
	__vlan_hwaccel_clear_tag(skb);
	expect(test, b, skb, U32_MAX, 0, LEN, 14, 0);
}

static void super_packet(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, &layouts[4], 14, LEN, htons(ETH_P_IP));
	const struct tqueue_record *rec = (void *)b->to[0];

	skb_shinfo(skb)->gso_size = 1448;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	expect(test, b, skb, 64, 0, LEN, 14, TQUEUE_RECORD_F_GSO);
	KUNIT_EXPECT_EQ(test, rec->gso_size, 1448);
	skb->ip_summed = CHECKSUM_PARTIAL;
	expect(test, b, skb, U32_MAX, 0, LEN, 14,
	       TQUEUE_RECORD_F_GSO | TQUEUE_RECORD_F_CSUM_PARTIAL);
	skb_shinfo(skb)->gso_size = 0;
	expect(test, b, skb, U32_MAX, 0, LEN, 14, TQUEUE_RECORD_F_CSUM_PARTIAL);
	skb->ip_summed = CHECKSUM_COMPLETE;
	expect(test, b, skb, U32_MAX, 0, LEN, 14, 0);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	expect(test, b, skb, U32_MAX, 0, LEN, 14, 0);
}

/* Nothing behind the link-layer header, or a network header that is not there. */
static void no_packet(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, &layouts[0], 14, 15, htons(ETH_P_IP));
	struct tq_record_plan plan;

	KUNIT_EXPECT_TRUE(test, tq_record_plan(&plan, skb, 100));
	KUNIT_EXPECT_EQ(test, plan.origlen, 15);
	__skb_trim(skb, 0);
	KUNIT_EXPECT_FALSE(test, tq_record_plan(&plan, skb, 100));
	skb = skb_of(test, b, &layouts[0], 0, 20, htons(ETH_P_IP));
	skb_set_network_header(skb, 20);
	KUNIT_EXPECT_FALSE(test, tq_record_plan(&plan, skb, 100));
}

/* More than there is can't be read, and is no record. */
static void unreadable(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb = skb_of(test, b, test->param_value, 14, 200, htons(ETH_P_IP));
	struct tq_record_plan plan;

	KUNIT_ASSERT_TRUE(test, tq_record_plan(&plan, skb, U32_MAX));
	plan.caplen = 201;
	KUNIT_EXPECT_FALSE(test, tq_record_packet(b->to[0], &place, &plan, skb, &meta));
}

static void message(struct kunit *test)
{
	struct bench *b = bench_of(test);
	const struct tqueue_record *rec = (void *)b->to[0];
	struct tqueue_record *other = (void *)b->to[1];
	u32 len, i;

	for (len = 0; len < 40; len++) {
		const u32 size = tq_record_size(len);

		memset(b->to[0], 0x00, ROOM);
		memset(b->to[1], 0xff, ROOM);
		tq_record_message(b->to[0], &place, b->bytes, len);
		tq_record_message(b->to[1], &place, b->bytes, len);
		other->mono_ns = rec->mono_ns;
		other->real_ns = rec->real_ns;
		KUNIT_ASSERT_EQ(test, memcmp(rec, other, size), 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(b->to[1] + size, 0xff, ROOM - size));
		KUNIT_EXPECT_EQ(test, rec->len, size);
		KUNIT_EXPECT_EQ(test, rec->type, TQUEUE_RECORD_MESSAGE);
		KUNIT_EXPECT_EQ(test, rec->caplen, len);
		KUNIT_EXPECT_EQ(test, rec->origlen, len);
		KUNIT_EXPECT_EQ(test, rec->linktype, TQUEUE_LINKTYPE_NONE);
		KUNIT_EXPECT_EQ(test, rec->seq, place.seq);
		KUNIT_EXPECT_EQ(test, rec->queue, place.queue);
		KUNIT_EXPECT_EQ(test, rec->cpu, place.cpu);
		/* The fields of packets: rule to oif but for queue, and from mac_len on. */
		KUNIT_EXPECT_EQ(test, rec->rule, 0);
		KUNIT_EXPECT_NULL(test, memchr_inv(&rec->table, 0, 24));
		KUNIT_EXPECT_NULL(test, memchr_inv(&rec->mac_len, 0, 16));
		KUNIT_EXPECT_EQ(test, memcmp(rec + 1, b->bytes, len), 0);
		for (i = len; i % 8; i++)
			KUNIT_EXPECT_EQ(test, ((u8 *)(rec + 1))[i], 0);
	}
}

static void lost(struct kunit *test)
{
	const struct tqueue_lost lost = { .count = 5, .cause = { 0, 2, [TQUEUE_LOSS_NESTED] = 3 } };
	struct bench *b = bench_of(test);
	const struct tqueue_record *rec = (void *)b->to[0];
	struct tqueue_record *other = (void *)b->to[1];

	memset(b->to[0], 0x00, ROOM);
	memset(b->to[1], 0xff, ROOM);
	tq_record_lost(b->to[0], &place, &lost);
	tq_record_lost(b->to[1], &place, &lost);
	other->mono_ns = rec->mono_ns;
	other->real_ns = rec->real_ns;
	KUNIT_EXPECT_EQ(test, TQ_RECORD_LOST_SIZE, 96 + sizeof(lost));
	KUNIT_EXPECT_EQ(test, memcmp(rec, other, TQ_RECORD_LOST_SIZE), 0);
	KUNIT_EXPECT_EQ(test, b->to[1][TQ_RECORD_LOST_SIZE], 0xff);
	KUNIT_EXPECT_EQ(test, rec->type, TQUEUE_RECORD_LOST);
	KUNIT_EXPECT_EQ(test, rec->len, TQ_RECORD_LOST_SIZE);
	KUNIT_EXPECT_EQ(test, rec->caplen, sizeof(lost));
	KUNIT_EXPECT_EQ(test, rec->seq, place.seq);
	KUNIT_EXPECT_EQ(test, memcmp(rec + 1, &lost, sizeof(lost)), 0);
}

/* The inverse of each other, so that a record at the limit is no longer than that. */
static void sizes(struct kunit *test)
{
	u32 size;

	for (size = 96; size < 4096; size += 8) {
		KUNIT_ASSERT_EQ(test, tq_record_size(tq_record_payload(size)), size);
		KUNIT_ASSERT_EQ(test, tq_record_size(tq_record_payload(size) + 1), size + 8);
	}
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE_PARAM(whole, layout_gen_params),
	KUNIT_CASE_PARAM(every_snaplen, layout_gen_params),
	KUNIT_CASE_PARAM(no_mac_header, layout_gen_params),
	KUNIT_CASE(data_moved_on),
	KUNIT_CASE_PARAM(mac_header, mac_gen_params),
	KUNIT_CASE(vlan_in_metadata),
	KUNIT_CASE(super_packet),
	KUNIT_CASE(no_packet),
	KUNIT_CASE_PARAM(unreadable, layout_gen_params),
	KUNIT_CASE(message),
	KUNIT_CASE(lost),
	KUNIT_CASE(sizes),
	{ }
};

static struct kunit_suite record_suite = {
	.name = "tqueue_record",
	.test_cases = record_cases,
};
kunit_test_suite(record_suite);
