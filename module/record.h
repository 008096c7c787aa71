/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - writes records into memory that somebody else has reserved.
 *
 * A packet record takes two steps, because its size must be known before there
 * is room for it: tq_record_plan() measures, tq_record_packet() writes.
 */
#ifndef _TQ_RECORD_H
#define _TQ_RECORD_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/tqueue.h>

struct sk_buff;
struct tq_record_meta;

#define TQ_RECORD_LOST_SIZE	(sizeof(struct tqueue_record) + sizeof(struct tqueue_lost))

/**
 * struct tq_record_place - which queue, ring and turn a record is for
 */
struct tq_record_place {
	u64	seq;
	u32	queue;
	u16	cpu;
};

/**
 * struct tq_record_plan - what of a packet goes into its record
 * @offset: of the first byte, counted from skb->data; often negative
 * @origlen: bytes from there to the end of the packet
 * @caplen: how many of them are copied
 * @mac_len: how many of them are link-layer header
 */
struct tq_record_plan {
	int	offset;
	u32	origlen;
	u32	caplen;
	u16	mac_len;
};

/* Bytes of a whole record with @caplen bytes of payload. */
static inline u32 tq_record_size(u32 caplen)
{
	return ALIGN(sizeof(struct tqueue_record) + caplen, 8);
}

/* Most bytes of payload in a record of @size bytes. */
static inline u32 tq_record_payload(u32 size)
{
	return size - sizeof(struct tqueue_record);
}

/* @limit: most bytes of payload.  False: the skb is no packet that we could
 * copy.
 */
bool tq_record_plan(struct tq_record_plan *plan, const struct sk_buff *skb, u32 limit);

/* Writes tq_record_size(plan->caplen) bytes to @to.  False: the skb could not
 * be read, and what is at @to is no record.
 */
bool tq_record_packet(void *to, const struct tq_record_place *place,
		      const struct tq_record_plan *plan, const struct sk_buff *skb,
		      const struct tq_record_meta *meta);

/* Writes tq_record_size(len) bytes. */
void tq_record_message(void *to, const struct tq_record_place *place, const void *data, u32 len);

/* Writes TQ_RECORD_LOST_SIZE bytes.  place->seq: the first that was lost. */
void tq_record_lost(void *to, const struct tq_record_place *place, const struct tqueue_lost *lost);

#endif /* _TQ_RECORD_H */
