/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a named set of per-CPU rings with a character device.
 *
 * Who can hold a queue:
 *	its name (one user, until deleted or the namespace ends), every rule and
 *	xtables rule that copies to it (a user each), every open file and every
 *	mapping (a reference each, not a user).
 * tq_queue_delete() works only while the name is the sole user.  A namespace
 * that ends kills its queues whatever uses them; packets that still arrive are
 * counted as lost ("dying") and the memory goes with the last reference, from
 * the device's release.
 */
#ifndef _TQ_QUEUE_H
#define _TQ_QUEUE_H

#include <linux/types.h>
#include <linux/tqueue.h>

struct netlink_ext_ack;
struct sk_buff;
struct tq_net;
struct tq_queue;

/**
 * struct tq_queue_config - settings of a queue, units as in the uapi header
 */
struct tq_queue_config {
	char	name[TQUEUE_NAME_SIZE];
	u32	mode;
	u32	ring_size;
	u32	snaplen;
	u32	watermark;
	u32	flush_us;
};

/**
 * struct tq_record_meta - what a packet record says beyond the packet itself
 */
struct tq_record_meta {
	u64	rule;
	u32	table;
	u32	generation;
	u32	iif;
	u32	oif;
	u32	flags;		/* TQUEUE_RECORD_F_STOLEN or 0; the rest is seen on the skb */
	u8	family;
	u8	hook;
	u8	protocol;
	u8	verdict;
};

/* Looks @name up in @tn and takes a user (and a reference); NULL if there is
 * none.  Any context; uses RCU only.
 */
struct tq_queue *tq_queue_use(struct tq_net *tn, const char *name);
/* Gives a user back.  Any context that may not be hardirq. */
void tq_queue_unuse(struct tq_queue *q);

const char *tq_queue_name(const struct tq_queue *q);
u32 tq_queue_id(const struct tq_queue *q);

/* Accounting of the xtables rules that use a queue, for the HOLDERS nest. */
void tq_queue_xt_add(struct tq_queue *q, u8 family, const char *xt_table);
void tq_queue_xt_del(struct tq_queue *q, u8 family, const char *xt_table);

/* Copies @skb, from its MAC header (if it has one) on, into this CPU's ring.
 * @snaplen: 0 or a smaller limit than the queue's own.  Packet path: any
 * context but hardirq and NMI; never sleeps, allocates or waits.  False: the
 * copy was lost and counted.
 */
bool tq_queue_packet(struct tq_queue *q, const struct sk_buff *skb,
		     const struct tq_record_meta *meta, u32 snaplen);

/* Counts a copy that was chosen but not made.  Context as tq_queue_packet(). */
void tq_queue_lose(struct tq_queue *q, enum tqueue_loss cause);

/* Control path, under tq_net.lock. */
struct tq_queue *tq_queue_create(struct tq_net *tn, const struct tq_queue_config *config,
				 struct netlink_ext_ack *extack);
int tq_queue_delete(struct tq_net *tn, struct tq_queue *q, struct netlink_ext_ack *extack);
/* Netns exit: all queues of @tn, used or not. */
void tq_queue_kill_all(struct tq_net *tn);

int tq_queue_init(void);
void tq_queue_exit(void);

#endif /* _TQ_QUEUE_H */
