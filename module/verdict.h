/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - what the doors have in common: look a packet up, do as the
 * winning rule says.
 */
#ifndef _TQ_VERDICT_H
#define _TQ_VERDICT_H

#include <linux/netfilter.h>
#include <linux/tqueue.h>

struct sk_buff;
struct tq_queue;
struct tq_table;

/**
 * tq_verdict() - the verdict of a table for a packet at a netfilter hook
 * @t: the table
 * @skb: the packet
 * @state: where
 * @match_only: count and copy, but do not change the packet
 *
 * Packet path, under rcu_read_lock().  Returns TQUEUE_VERDICT_PASS, _ACCEPT or
 * _DROP; the packet is the caller's still.
 */
enum tqueue_verdict tq_verdict(const struct tq_table *t, struct sk_buff *skb,
			       const struct nf_hook_state *state, bool match_only);

/* Copies @skb to @q for no rule of ours (target TQUEUE --queue). */
void tq_verdict_copy(struct tq_queue *q, const struct sk_buff *skb,
		     const struct nf_hook_state *state, u32 snaplen);

#endif /* _TQ_VERDICT_H */
