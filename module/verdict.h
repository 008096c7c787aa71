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

/* The packet goes on behind the table: XT_CONTINUE for an iptables rule, the
 * next table or NF_ACCEPT for a hook.
 */
#define TQ_PASS		(~0U)

/**
 * tq_verdict() - lets a table decide on a packet at a netfilter hook
 * @t: the table
 * @skb: the packet; its header may have moved afterwards
 * @state: where
 *
 * Packet path, under rcu_read_lock().  Returns TQ_PASS, NF_ACCEPT or NF_DROP;
 * the packet is the caller's still.
 */
unsigned int tq_verdict(const struct tq_table *t, struct sk_buff *skb,
			const struct nf_hook_state *state);

/* For "-m tqueue": is the winning rule one that does anything?  It counts and
 * copies; the packet is not changed and the verdict not carried out.
 */
bool tq_verdict_match(const struct tq_table *t, const struct sk_buff *skb,
		      const struct nf_hook_state *state);

/* Copies @skb to @q for no rule of ours (target TQUEUE --queue). */
void tq_verdict_copy(struct tq_queue *q, const struct sk_buff *skb,
		     const struct nf_hook_state *state, u32 snaplen);

#endif /* _TQ_VERDICT_H */
