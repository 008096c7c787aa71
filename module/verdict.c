// SPDX-License-Identifier: GPL-2.0-only
/*
 * verdict.c - runs the winning rule on a packet.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>

#include "packet.h"
#include "queue.h"
#include "rule.h"
#include "table.h"
#include "verdict.h"

static u8 hook_point(const struct nf_hook_state *state)
{
	static const u8 inet[NF_INET_NUMHOOKS] = {
		[NF_INET_PRE_ROUTING]	= TQUEUE_HOOK_PREROUTING,
		[NF_INET_LOCAL_IN]	= TQUEUE_HOOK_INPUT,
		[NF_INET_FORWARD]	= TQUEUE_HOOK_FORWARD,
		[NF_INET_LOCAL_OUT]	= TQUEUE_HOOK_OUTPUT,
		[NF_INET_POST_ROUTING]	= TQUEUE_HOOK_POSTROUTING,
	};

	return state->hook < ARRAY_SIZE(inet) ? inet[state->hook] : 0;
}

static void meta_init(struct tq_record_meta *meta, const struct tq_key *key,
		      const struct nf_hook_state *state)
{
	memset(meta, 0, sizeof(*meta));
	meta->iif = state->in ? state->in->ifindex : 0;
	meta->oif = state->out ? state->out->ifindex : 0;
	meta->family = key->family;
	meta->hook = hook_point(state);
	meta->protocol = key->proto;
}

static void copies(const struct tq_table *t, const struct tq_version *v, unsigned long gen,
		   const struct sk_buff *skb, const struct tq_key *key,
		   const struct nf_hook_state *state, bool match_only)
{
	const struct tq_actions *a = &v->actions;
	struct tq_record_meta meta;
	u32 i;

	meta_init(&meta, key, state);
	meta.rule = v->rule->handle;
	meta.table = t->id;
	meta.generation = gen;
	meta.verdict = match_only ? TQUEUE_VERDICT_MATCH : a->verdict;

	/* Chosen is counted whatever becomes of the copy: the queue counts
	 * those that it loses.
	 */
	atomic64_add(a->n_copies, &v->rule->copies);
	for (i = 0; i < a->n_copies; i++)
		tq_queue_packet(a->copy[i].queue, skb, &meta, a->copy[i].snaplen);
}

static void count(struct tq_rule *rule, const struct tq_key *key)
{
	time64_t now = ktime_get_real_seconds();

	atomic64_inc(&rule->packets);
	atomic64_add(key->len, &rule->bytes);
	if (READ_ONCE(rule->last_hit) != now)
		WRITE_ONCE(rule->last_hit, now);
}

/* Counts a hit and makes the copies that the rule asks for. */
static void hit(const struct tq_table *t, const struct tq_version *v, unsigned long gen,
		const struct sk_buff *skb, const struct tq_key *key,
		const struct nf_hook_state *state, bool match_only)
{
	count(v->rule, key);
	if (v->actions.n_copies)
		copies(t, v, gen, skb, key, state, match_only);
}

/* Does to the packet what the rule says, and to @key what a rule may ask for.
 * False: it can't be done.
 */
static bool change(const struct tq_actions *a, struct sk_buff *skb, struct tq_key *key)
{
	if (a->mark_mask) {
		skb->mark = (skb->mark & ~a->mark_mask) | a->mark;
		key->mark = skb->mark;
	}
	if (a->rewrite.what) {
		if (unlikely(!tq_rewrite(skb, key->family, &a->rewrite)))
			return false;
		if (a->rewrite.what & TQ_SET_DSCP)
			key->dscp = a->rewrite.dscp;
	}
	return true;
}

unsigned int tq_verdict(const struct tq_table *t, struct sk_buff *skb,
			const struct nf_hook_state *state)
{
	/* Once, and before anything of the table: pairs with the release in
	 * txn.c:tq_txn_commit().
	 */
	const unsigned long gen = atomic_long_read_acquire(&t->generation);
	const struct tq_version *v;
	struct tq_key key;

	if (!tq_key_init(&key, skb, state->pf, state->in, state->out))
		return TQ_PASS;
	v = tq_classifier_lookup(&t->classifier, &key, gen);
	if (!v)
		return TQ_PASS;
	hit(t, v, gen, skb, &key, state, false);
	/* It must not go on as if no rule had asked for a change. */
	if (unlikely(!change(&v->actions, skb, &key)))
		return NF_DROP;
	switch (v->actions.verdict) {
	case TQUEUE_VERDICT_ACCEPT:
		return NF_ACCEPT;
	case TQUEUE_VERDICT_DROP:
		return NF_DROP;
	default:
		return TQ_PASS;
	}
}

bool tq_verdict_match(const struct tq_table *t, const struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	/* As in tq_verdict(). */
	const unsigned long gen = atomic_long_read_acquire(&t->generation);
	const struct tq_version *v;
	struct tq_key key;

	if (!tq_key_init(&key, skb, state->pf, state->in, state->out))
		return false;
	v = tq_classifier_lookup(&t->classifier, &key, gen);
	if (!v)
		return false;
	hit(t, v, gen, skb, &key, state, true);
	return v->actions.verdict != TQUEUE_VERDICT_PASS;
}

void tq_verdict_copy(struct tq_queue *q, const struct sk_buff *skb,
		     const struct nf_hook_state *state, u32 snaplen)
{
	struct tq_record_meta meta;
	struct tq_key key;

	/* Even a packet without a whole header is one that was asked for. */
	tq_key_init(&key, skb, state->pf, state->in, state->out);
	meta_init(&meta, &key, state);
	meta.verdict = TQUEUE_VERDICT_PASS;
	tq_queue_packet(q, skb, &meta, snaplen);
}
