// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - runs the winning rules on a packet.
 *
 * What one hit does, in this order: it counts; it makes the copies, and the
 * record of a packet that is to be stolen, all of the packet as the rule found
 * it; it changes mark and header; then its verdict is carried out, or the table
 * is asked once more, with the changed packet but in the same generation.
 *
 * DOC: Stealing
 *
 * A packet that was queued is given back to the kernel as consumed, and
 * netfilter is told to forget it (NF_STOLEN).  nf_tables of some kernels looks
 * at a packet that is being traced ("meta nftrace") after a target has stolen
 * it; there such a packet is queued and dropped: it ends as well.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "busy.h"
#include "packet.h"
#include "queue.h"
#include "quota.h"
#include "rule.h"
#include "table.h"
#include "trace.h"
#include "verdict.h"

/**
 * struct visit - a packet in a table
 * @t: the table
 * @gen: its generation, of all looks
 * @skb: the packet
 * @key: what rules may ask for, brought up to date by every change
 * @place: where
 *
 * Kernels clear what is on the stack; for each packet that would cost as much as
 * half a lookup, so each function that has one of these sets what it reads.
 */
struct visit {
	struct tq_table			*t;
	unsigned long			gen;
	struct sk_buff			*skb;
	struct tq_key			key;
	const struct tq_place		*place;
};

/* False: no rule can be for the packet. */
static bool visit_begin(struct visit *visit, struct tq_table *t, struct sk_buff *skb,
			const struct tq_place *place)
{
	/* A rule that is seen in any generation has the classifier ask already. */
	if (!tq_classifier_asks(&t->classifier, tq_packet_family(skb, place)))
		return false;
	visit->t = t;
	visit->skb = skb;
	visit->place = place;
	if (!tq_key_init(&visit->key, skb, place))
		return false;
	/* Once, and before anything of the table: pairs with the release in
	 * txn.c:tq_txn_commit().
	 */
	visit->gen = atomic_long_read_acquire(&t->generation);
	return true;
}

static u8 hook_point(const struct nf_hook_state *state)
{
	static const u8 inet[NF_INET_NUMHOOKS] = {
		[NF_INET_PRE_ROUTING]	= TQUEUE_HOOK_PREROUTING,
		[NF_INET_LOCAL_IN]	= TQUEUE_HOOK_INPUT,
		[NF_INET_FORWARD]	= TQUEUE_HOOK_FORWARD,
		[NF_INET_LOCAL_OUT]	= TQUEUE_HOOK_OUTPUT,
		[NF_INET_POST_ROUTING]	= TQUEUE_HOOK_POSTROUTING,
	};

	if (state->pf == NFPROTO_NETDEV)
		return state->hook == NF_NETDEV_INGRESS ? TQUEUE_HOOK_INGRESS : TQUEUE_HOOK_EGRESS;
	return state->hook < ARRAY_SIZE(inet) ? inet[state->hook] : 0;
}

static void meta_init(struct tq_record_meta *meta, u8 family, u8 proto,
		      const struct nf_hook_state *state)
{
	memset(meta, 0, sizeof(*meta));
	meta->iif = state->in ? state->in->ifindex : 0;
	meta->oif = state->out ? state->out->ifindex : 0;
	meta->family = family;
	meta->hook = hook_point(state);
	meta->protocol = proto;
}

static void count(struct tq_table *t, struct tq_version *v, const struct tq_key *key)
{
	const u32 now = ktime_get_real_seconds();
	struct tq_version *home;
	u64 packets;

	if (unlikely(READ_ONCE(v->flags) & TQ_V_BUSY)) {
		tq_busy_count(tq_version_rule(v), key->len, now);
		return;
	}
	home = tq_version_home(v);
	packets = atomic64_inc_return_relaxed(&home->packets);
	atomic64_add(key->len, &home->bytes);
	if (READ_ONCE(home->last_hit) != now)
		WRITE_ONCE(home->last_hit, now);
	if (!(packets & (TQ_BUSY_LOOK - 1)))
		tq_busy_look(t, home, packets);
}

static void count_copies(const struct tq_version *v, u32 n)
{
	struct tq_rule *rule = tq_version_rule(v);

	if (unlikely(READ_ONCE(v->flags) & TQ_V_BUSY))
		tq_busy_count_copies(rule, n);
	else
		atomic64_add(n, &rule->copies);
}

static void lose(const struct tq_actions *a, struct tq_queue *steal,
		 const struct tq_record_meta *meta, enum tqueue_loss cause)
{
	u32 i;

	for (i = 0; i < a->n_copies; i++)
		tq_queue_lose(a->copy[i].queue, meta, cause);
	if (steal)
		tq_queue_lose(steal, meta, cause);
}

/* Puts into queues what the rule says.  True: the packet is to end here. */
static bool put_records(const struct visit *visit, const struct tq_version *v, bool match_only)
{
	const struct tq_actions *a = v->link->actions;
	struct tq_queue *steal = match_only ? NULL : a->steal;
	struct tq_record_meta meta;
	u32 i;

	meta_init(&meta, visit->key.family, visit->key.proto, visit->place->state);
	meta.rule = tq_version_rule(v)->handle;
	meta.table = visit->t->id;
	meta.table_name = visit->t->name;
	meta.generation = visit->gen;
	meta.verdict = match_only ? TQUEUE_VERDICT_MATCH : a->verdict;

	/* Chosen is counted whatever becomes of the copy: the queue counts
	 * those that it loses.
	 */
	count_copies(v, a->n_copies + !!steal);
	if (unlikely(a->quota)) {
		unsigned int cause = tq_quota_take(a->quota);

		if (cause) {
			lose(a, steal, &meta, cause);
			return false;
		}
	}
	for (i = 0; i < a->n_copies; i++)
		tq_queue_packet(a->copy[i].queue, visit->skb, &meta, a->copy[i].snaplen);
	if (!steal)
		return false;
	meta.flags = TQUEUE_RECORD_F_STOLEN;
	return tq_queue_packet(steal, visit->skb, &meta, 0);
}

/* Other flags may change under us, not this one. */
static bool plain(const struct tq_version *v)
{
	return READ_ONCE(v->flags) & TQ_V_PLAIN;
}

/* Counts a hit.  True: the packet is to end here. */
static bool hit(const struct visit *visit, struct tq_version *v, bool match_only)
{
	count(visit->t, v, &visit->key);
	/* The handle is on another line. */
	if (trace_tqueue_rule_hit_enabled())
		trace_tqueue_rule_hit(visit->t->name, visit->t->id, visit->gen,
				      tq_version_rule(v)->handle, v->prio,
				      match_only ? TQUEUE_VERDICT_MATCH : v->verdict,
				      visit->key.len);
	if (plain(v) || (!v->link->actions->n_copies && !v->link->actions->steal))
		return false;
	return put_records(visit, v, match_only);
}

/* Does to the packet what the rule says.  False: it can't be done. */
static bool change(struct visit *visit, const struct tq_actions *a)
{
	tq_actions_change(a, &visit->key);
	if (a->mark_mask)
		visit->skb->mark = visit->key.mark;
	return !a->rewrite.what || tq_rewrite(visit->skb, visit->key.family, &a->rewrite);
}

static unsigned int end_here(struct sk_buff *skb)
{
	if (unlikely(tq_compat_traced(skb)))
		return NF_DROP;
	consume_skb(skb);
	return NF_STOLEN;
}

static unsigned int nfqueue(const struct tq_actions *a)
{
	return NF_QUEUE_NR(a->nfqueue) | (a->bypass ? NF_VERDICT_FLAG_QUEUE_BYPASS : 0);
}

unsigned int tq_verdict(struct tq_table *t, struct sk_buff *skb,
			const struct tq_place *place)
{
	struct tq_version *v, *after = NULL;
	struct visit visit __uninitialized;
	unsigned int repeats = 0;

	if (!visit_begin(&visit, t, skb, place))
		return TQ_PASS;

	while ((v = tq_classifier_lookup(&t->classifier, &visit.key, visit.gen, after))) {
		if (hit(&visit, v, false))
			return end_here(skb);
		/* It must not go on as if no rule had asked for a change. */
		if (!plain(v) && unlikely(!change(&visit, v->link->actions)))
			return NF_DROP;
		switch (v->verdict) {
		case TQUEUE_VERDICT_ACCEPT:
			return NF_ACCEPT;
		case TQUEUE_VERDICT_DROP:
			return NF_DROP;
		case TQUEUE_VERDICT_NFQUEUE:
			return nfqueue(v->link->actions);
		case TQUEUE_VERDICT_STEAL:
			/* It could not be queued. */
			return v->link->actions->steal_else == TQUEUE_VERDICT_DROP ? NF_DROP : TQ_PASS;
		case TQUEUE_VERDICT_NEXT:
			after = v;
			break;
		case TQUEUE_VERDICT_REPEAT:
			if (repeats++ == TQ_REPEAT_MAX)
				return NF_DROP;
			after = NULL;
			break;
		default:
			return TQ_PASS;
		}
	}
	return TQ_PASS;
}

bool tq_verdict_match(struct tq_table *t, const struct sk_buff *skb,
		      const struct tq_place *place)
{
	struct visit visit __uninitialized;
	struct tq_version *v;

	if (!visit_begin(&visit, t, (struct sk_buff *)skb, place))
		return false;
	v = tq_classifier_lookup(&t->classifier, &visit.key, visit.gen, NULL);
	if (!v)
		return false;
	hit(&visit, v, true);
	return v->verdict != TQUEUE_VERDICT_PASS;
}

unsigned int tq_verdict_queue(const struct tq_target *target, struct sk_buff *skb,
			      const struct tq_place *place)
{
	unsigned int cause = target->quota ? tq_quota_take(target->quota) : 0;
	struct tq_record_meta meta;

	if (cause) {
		tq_queue_lose(target->queue, NULL, cause);
		return target->otherwise;
	}
	/* Even a packet without a whole header is one that was asked for. */
	meta_init(&meta, place->state->pf, tq_packet_proto(skb, place), place->state);
	meta.verdict = TQUEUE_VERDICT_PASS;
	if (target->steal) {
		meta.verdict = TQUEUE_VERDICT_STEAL;
		meta.flags = TQUEUE_RECORD_F_STOLEN;
	}
	if (tq_queue_packet(target->queue, skb, &meta, target->snaplen) && target->steal)
		return end_here(skb);
	return target->otherwise;
}
