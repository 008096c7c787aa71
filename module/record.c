// SPDX-License-Identifier: GPL-2.0-only
/*
 * record.c - the bytes of records.
 *
 * Every byte of a record is written: each field of the header, a struct without
 * holes, the payload, and zeroes up to the next multiple of 8.  So
 * nothing that lay in the ring before is ever seen.
 */
#include <linux/build_bug.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "queue.h"
#include "record.h"

#define ASSERT_OFFSET(field, offset) \
	static_assert(offsetof(struct tqueue_record, field) == (offset))

ASSERT_OFFSET(len, 0);
ASSERT_OFFSET(type, 4);
ASSERT_OFFSET(hdr_len, 6);
ASSERT_OFFSET(mono_ns, 8);
ASSERT_OFFSET(real_ns, 16);
ASSERT_OFFSET(seq, 24);
ASSERT_OFFSET(caplen, 32);
ASSERT_OFFSET(origlen, 36);
ASSERT_OFFSET(rule, 40);
ASSERT_OFFSET(queue, 48);
ASSERT_OFFSET(table, 52);
ASSERT_OFFSET(generation, 56);
ASSERT_OFFSET(mark, 60);
ASSERT_OFFSET(iif, 64);
ASSERT_OFFSET(oif, 68);
ASSERT_OFFSET(flags, 72);
ASSERT_OFFSET(cpu, 76);
ASSERT_OFFSET(linktype, 78);
ASSERT_OFFSET(mac_len, 80);
ASSERT_OFFSET(vlan_tci, 82);
ASSERT_OFFSET(vlan_proto, 84);
ASSERT_OFFSET(gso_size, 86);
ASSERT_OFFSET(family, 88);
ASSERT_OFFSET(hook, 89);
ASSERT_OFFSET(protocol, 90);
ASSERT_OFFSET(verdict, 91);
ASSERT_OFFSET(reserved, 92);
static_assert(sizeof(struct tqueue_record) == 96);
static_assert(sizeof(struct tqueue_record) % 8 == 0);

static_assert(offsetof(struct tqueue_lost, cause) == 8);
static_assert(sizeof(struct tqueue_lost) == 8 + 8 * TQUEUE_LOSS_SLOTS);
static_assert(TQUEUE_LOSS_FLUSHED < TQUEUE_LOSS_SLOTS);
static_assert(TQUEUE_A_STATS_LOST_FULL + TQUEUE_LOSS_NESTED - 1 == TQUEUE_A_STATS_LOST_NESTED);
static_assert(TQUEUE_A_STATS_LOST_FULL + TQUEUE_LOSS_FLUSHED - 1 == TQUEUE_A_STATS_FLUSHED);

static_assert(sizeof(struct tqueue_map_info) == 48);
static_assert(offsetof(struct tqueue_map_info, ring_offset) == 32);
static_assert(sizeof(struct tqueue_map_consumer) == 4);
static_assert(offsetof(struct tqueue_map_producer, records) == 8);
static_assert(offsetof(struct tqueue_map_producer, lost) == 16);
static_assert(sizeof(struct tqueue_map_producer) == 16 + 8 * TQUEUE_LOSS_SLOTS);

/* Bytes of Ethernet header before the network header, or 0.
 *
 * Packets made on this machine have none yet at OUTPUT and POSTROUTING.  A
 * packet that is forwarded still has the one that it came with, even where
 * skb->dev is already the device it leaves by; one that was put into a tunnel
 * has what is left of an inner one, at some place or other.  So the header must
 * end where the network header starts, and its type field must agree.
 */
static unsigned int mac_len(const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	int len;

	if (!dev || (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK))
		return 0;
	if (!skb_mac_header_was_set(skb))
		return 0;
	len = skb_network_header(skb) - skb_mac_header(skb);
	if (len < ETH_HLEN || len > ETH_HLEN + 2 * VLAN_HLEN)
		return 0;
	if (skb_network_offset(skb) > (int)skb_headlen(skb))
		return 0;
	if (memcmp(skb_network_header(skb) - sizeof(skb->protocol), &skb->protocol,
		   sizeof(skb->protocol)))
		return 0;
	return len;
}

bool tq_record_plan(struct tq_record_plan *plan, const struct sk_buff *skb, u32 limit)
{
	int len;

	plan->mac_len = mac_len(skb);
	plan->offset = skb_network_offset(skb) - plan->mac_len;
	len = skb->len - plan->offset;
	if (len <= plan->mac_len)
		return false;
	plan->origlen = len;
	plan->caplen = min_t(u32, len, limit);
	return true;
}

/* The clock is read once: that costs more than all the rest of the header.  Each
 * field is written, one by one: for a struct compilers clear all of it first, by
 * "rep stos", which takes longer than the fields.
 */
static void fill_header(struct tqueue_record *rec, const struct tq_record_place *place, u16 type,
			u32 caplen)
{
	const ktime_t now = ktime_get();

	/* Who adds a field writes it: here, or in both of fill_rest() and fill_packet(). */
	BUILD_BUG_ON(sizeof(*rec) != 96);
	rec->len = tq_record_size(caplen);
	rec->type = type;
	rec->hdr_len = sizeof(*rec);
	rec->mono_ns = ktime_to_ns(now);
	rec->real_ns = ktime_to_ns(ktime_mono_to_real(now));
	rec->seq = place->seq;
	rec->caplen = caplen;
	rec->queue = place->queue;
	rec->cpu = place->cpu;
	rec->reserved = 0;
}

/* The other fields, of what is no packet. */
static void fill_rest(struct tqueue_record *rec)
{
	rec->origlen = rec->caplen;
	rec->rule = 0;
	rec->table = 0;
	rec->generation = 0;
	rec->mark = 0;
	rec->iif = 0;
	rec->oif = 0;
	rec->flags = 0;
	rec->linktype = TQUEUE_LINKTYPE_NONE;
	rec->mac_len = 0;
	rec->vlan_tci = 0;
	rec->vlan_proto = 0;
	rec->gso_size = 0;
	rec->family = 0;
	rec->hook = 0;
	rec->protocol = 0;
	rec->verdict = 0;
}

static void *payload(struct tqueue_record *rec)
{
	return rec + 1;
}

/* Behind the payload, after it: a store that is ahead of the others makes a long copy
 * a fifth slower.
 */
static void pad(struct tqueue_record *rec, u32 caplen)
{
	if (caplen & 7)
		memset(payload(rec) + caplen, 0, -caplen & 7);
}

/* The other fields, of a packet. */
static void fill_packet(struct tqueue_record *rec, const struct tq_record_plan *plan,
			const struct sk_buff *skb, const struct tq_record_meta *meta)
{
	const u16 gso_size = skb_shinfo(skb)->gso_size;
	const bool vlan = skb_vlan_tag_present(skb);
	u32 flags = meta->flags;

	if (plan->caplen < plan->origlen)
		flags |= TQUEUE_RECORD_F_TRUNCATED;
	if (gso_size)
		flags |= TQUEUE_RECORD_F_GSO;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		flags |= TQUEUE_RECORD_F_CSUM_PARTIAL;
	if (vlan)
		flags |= TQUEUE_RECORD_F_VLAN;
	rec->vlan_tci = vlan ? skb_vlan_tag_get(skb) : 0;
	rec->vlan_proto = vlan ? skb->vlan_proto : 0;
	rec->gso_size = gso_size;
	rec->origlen = plan->origlen;
	rec->rule = meta->rule;
	rec->table = meta->table;
	rec->generation = meta->generation;
	rec->mark = skb->mark;
	rec->iif = meta->iif;
	rec->oif = meta->oif;
	rec->flags = flags;
	rec->linktype = plan->mac_len ? TQUEUE_LINKTYPE_ETHERNET : TQUEUE_LINKTYPE_RAW;
	rec->mac_len = plan->mac_len;
	rec->family = meta->family;
	rec->hook = meta->hook;
	rec->protocol = meta->protocol;
	rec->verdict = meta->verdict;
}

bool tq_record_packet(void *to, const struct tq_record_place *place,
		      const struct tq_record_plan *plan, const struct sk_buff *skb,
		      const struct tq_record_meta *meta)
{
	struct tqueue_record *rec = to;

	/* The one call takes the bytes from wherever they are: before skb->data
	 * (the headers that the stack has pulled), in the head, in pages, in
	 * fragments.
	 */
	if (skb_copy_bits(skb, plan->offset, payload(rec), plan->caplen))
		return false;
	pad(rec, plan->caplen);
	fill_header(rec, place, TQUEUE_RECORD_PACKET, plan->caplen);
	fill_packet(rec, plan, skb, meta);
	return true;
}

void tq_record_message(void *to, const struct tq_record_place *place, const void *data, u32 len)
{
	struct tqueue_record *rec = to;

	memcpy(payload(rec), data, len);
	pad(rec, len);
	fill_header(rec, place, TQUEUE_RECORD_MESSAGE, len);
	fill_rest(rec);
}

void tq_record_lost(void *to, const struct tq_record_place *place, const struct tqueue_lost *lost)
{
	struct tqueue_record *rec = to;

	BUILD_BUG_ON(TQ_RECORD_LOST_SIZE % 8);
	memcpy(payload(rec), lost, sizeof(*lost));
	fill_header(rec, place, TQUEUE_RECORD_LOST, sizeof(*lost));
	fill_rest(rec);
}
