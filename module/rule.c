// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - rules and their versions: memory and matching.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "packet.h"
#include "queue.h"
#include "quota.h"
#include "rule.h"

void tq_prefix_mask(union nf_inet_addr *mask, u8 family, u8 len)
{
	unsigned int words = family == NFPROTO_IPV4 ? 1 : 4, i;

	memset(mask, 0, sizeof(*mask));
	for (i = 0; i < words && len; i++) {
		unsigned int bits = min_t(unsigned int, len, 32);

		mask->all[i] = (__force u32)htonl(~0U << (32 - bits));
		len -= bits;
	}
}

bool tq_prefix_holds(const union nf_inet_addr *net, unsigned int len,
		     const union nf_inet_addr *addr)
{
	unsigned int i;

	for (i = 0; len; i++) {
		unsigned int bits = min_t(unsigned int, len, 32);

		if ((net->all[i] ^ addr->all[i]) & (__force u32)htonl(~0U << (32 - bits)))
			return false;
		len -= bits;
	}
	return true;
}

/* The name may be changed under us by a rename: one packet then sees a mix of
 * the two, as it does in xtables' own interface match.
 */
static bool ifname_test(const char *name, unsigned int len, const char *dev)
{
	return dev && !strncmp(dev, name, len);
}

static bool residual_test(const struct tq_match *m, const struct tq_key *key)
{
	const u32 has = m->has;

	if (has & (TQ_HAS_ICMP_TYPE | TQ_HAS_ICMP_CODE)) {
		if (!(key->have & TQ_KEY_ICMP) || key->icmp_type != m->icmp_type)
			return false;
		if (has & TQ_HAS_ICMP_CODE && key->icmp_code != m->icmp_code)
			return false;
	}
	if (has & TQ_HAS_TCP &&
	    (!(key->have & TQ_KEY_TCP) || (key->tcp_flags & m->tcp_mask) != m->tcp_flags))
		return false;
	if (has & TQ_HAS_MARK && (key->mark & m->mark_mask) != m->mark)
		return false;
	if (has & TQ_HAS_DSCP && key->dscp != m->dscp)
		return false;
	if (has & TQ_HAS_LEN && (key->len < m->len_min || key->len > m->len_max))
		return false;
	if (has & TQ_HAS_FRAG && !(key->frag & m->frag))
		return false;
	if (has & TQ_HAS_CT && !(key->ct & m->ct))
		return false;
	if (has & TQ_HAS_IIF && !ifname_test(m->iif, m->iif_len, key->in))
		return false;
	if (has & TQ_HAS_OIF && !ifname_test(m->oif, m->oif_len, key->out))
		return false;
	return true;
}

bool tq_match_test(const struct tq_match *m, const struct tq_key *key)
{
	if (m->family && m->family != key->family)
		return false;
	if (m->has & TQ_HAS_PROTO && m->proto != key->proto)
		return false;
	if (m->has & TQ_HAS_PORTS) {
		if (!(key->have & TQ_KEY_PORTS) ||
		    key->sport < m->sport_min || key->sport > m->sport_max ||
		    key->dport < m->dport_min || key->dport > m->dport_max)
			return false;
	}
	if (!tq_prefix_holds(&m->src, m->src_len, &key->src) ||
	    !tq_prefix_holds(&m->dst, m->dst_len, &key->dst))
		return false;
	return !(m->has & TQ_HAS_RESIDUAL) || residual_test(m, key);
}

void tq_actions_change(const struct tq_actions *a, struct tq_key *key)
{
	if (a->mark_mask)
		key->mark = (key->mark & ~a->mark_mask) | a->mark;
	if (a->rewrite.what & TQ_SET_DSCP)
		key->dscp = a->rewrite.dscp;
}

bool tq_actions_use(const struct tq_actions *a, const struct tq_queue *q)
{
	u32 i;

	for (i = 0; i < a->n_copies; i++)
		if (a->copy[i].queue == q)
			return true;
	return a->steal == q;
}

bool tq_actions_equal(const struct tq_actions *a, const struct tq_actions *b)
{
	u32 i;

	if (a->verdict != b->verdict || a->mark != b->mark ||
	    a->mark_mask != b->mark_mask || a->n_copies != b->n_copies ||
	    memcmp(&a->rewrite, &b->rewrite, sizeof(a->rewrite)) ||
	    a->nfqueue != b->nfqueue || a->bypass != b->bypass || a->steal != b->steal ||
	    a->steal_else != b->steal_else ||
	    tq_quota_sample(a->quota) != tq_quota_sample(b->quota) ||
	    tq_quota_rate(a->quota) != tq_quota_rate(b->quota) ||
	    tq_quota_burst(a->quota) != tq_quota_burst(b->quota))
		return false;
	for (i = 0; i < a->n_copies; i++)
		if (a->copy[i].queue != b->copy[i].queue ||
		    a->copy[i].snaplen != b->copy[i].snaplen)
			return false;
	return true;
}

void tq_actions_release(struct tq_actions *a)
{
	while (a->n_copies)
		tq_queue_unuse(a->copy[--a->n_copies].queue);
	if (a->steal)
		tq_queue_unuse(a->steal);
	a->steal = NULL;
	tq_quota_free(a->quota);
	a->quota = NULL;
}

int tq_actions_copy(struct tq_actions *to, const struct tq_actions *from)
{
	u32 i;

	*to = *from;
	if (from->quota) {
		to->quota = tq_quota_alloc(tq_quota_sample(from->quota),
					   tq_quota_rate(from->quota),
					   tq_quota_burst(from->quota));
		if (!to->quota)
			return -ENOMEM;
	}
	for (i = 0; i < to->n_copies; i++)
		tq_queue_use_again(to->copy[i].queue);
	if (to->steal)
		tq_queue_use_again(to->steal);
	return 0;
}

void tq_actions_forget(struct tq_actions *a)
{
	a->n_copies = 0;
	a->steal = NULL;
	a->quota = NULL;
}

struct tq_rule *tq_rule_alloc(u64 handle)
{
	struct tq_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);

	if (!rule)
		return NULL;
	rule->handle = handle;
	refcount_set(&rule->refs, 1);
	RB_CLEAR_NODE(&rule->expiry);
	return rule;
}

void tq_rule_put(struct tq_rule *rule)
{
	/* rhashtable readers (there are none but under the lock today) and
	 * packets that count in it: both are behind RCU.
	 */
	if (refcount_dec_and_test(&rule->refs))
		kfree_rcu(rule, rcu);
}

struct tq_version *tq_version_alloc(struct tq_rule *rule, u32 prio, u64 place,
				    const struct tq_match *match,
				    const struct tq_actions *actions)
{
	struct tq_version *v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);

	if (!v)
		return NULL;
	refcount_inc(&rule->refs);
	v->rule = rule;
	v->prio = prio;
	v->place = place;
	v->match = *match;
	v->actions = *actions;
	v->born = TQ_GEN_NEVER;
	v->died = TQ_GEN_NEVER;
	return v;
}

void tq_version_free(struct tq_version *v)
{
	tq_actions_release(&v->actions);
	tq_rule_put(v->rule);
	kfree(v);
}

static void version_free_cb(struct rcu_head *head)
{
	tq_version_free(container_of(head, struct tq_version, rcu));
}

void tq_version_free_rcu(struct tq_version *v)
{
	call_rcu(&v->rcu, version_free_cb);
}
