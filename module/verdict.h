/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - what the doors have in common: look a packet up, do as the
 * winning rule says.
 */
#ifndef _TQ_VERDICT_H
#define _TQ_VERDICT_H

#include <linux/types.h>
#include <linux/tqueue.h>

struct sk_buff;
struct tq_place;
struct tq_queue;
struct tq_quota;
struct tq_table;

/* The packet goes on behind the table: XT_CONTINUE for an iptables rule, the
 * next table or NF_ACCEPT for a hook.
 */
#define TQ_PASS		(~0U)

/* Looks from the start that verdict repeat gives a packet in a table, behind the
 * first look; the next one drops it.
 */
#define TQ_REPEAT_MAX	4

/**
 * tq_verdict() - lets a table decide on a packet at a netfilter hook
 * @t: the table
 * @skb: the packet; its header may have moved afterwards
 * @place: where
 *
 * Packet path, under rcu_read_lock().  Returns TQ_PASS or what netfilter is to
 * be told: NF_ACCEPT, NF_DROP, NF_QUEUE with a number and perhaps the bypass
 * flag, or NF_STOLEN; with the last there is no packet any more.
 */
unsigned int tq_verdict(struct tq_table *t, struct sk_buff *skb,
			const struct tq_place *place);

/* For "-m tqueue": is the winning rule one that does anything?  It counts and
 * copies; the packet is not changed and the verdict not carried out.
 */
bool tq_verdict_match(struct tq_table *t, const struct sk_buff *skb,
		      const struct tq_place *place);

/**
 * struct tq_target - what "-j TQUEUE --queue" does with a packet
 * @queue: where to
 * @quota: how many packets; NULL: all
 * @snaplen: 0 or a smaller limit than the queue's own
 * @steal: the packet ends in the queue
 * @otherwise: what netfilter is told of a packet that does not
 */
struct tq_target {
	struct tq_queue	*queue;
	struct tq_quota	*quota;
	u32		snaplen;
	bool		steal;
	unsigned int	otherwise;
};

/* Copies or steals @skb for no rule of ours.  Returns as tq_verdict(). */
unsigned int tq_verdict_queue(const struct tq_target *target, struct sk_buff *skb,
			      const struct tq_place *place);

#endif /* _TQ_VERDICT_H */
