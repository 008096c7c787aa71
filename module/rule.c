// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - rules and their versions: memory and matching.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "busy.h"
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

static bool prefix_test4(u32 net, u32 len, u32 addr)
{
	/* 64 bits, for a length of 0. */
	return !((u64)(net ^ addr) >> (32 - len));
}

bool tq_version_test(const struct tq_version *v, const struct tq_key *key)
{
	if (v->family == NFPROTO_IPV4) {
		if (key->family != NFPROTO_IPV4 ||
		    !prefix_test4(v->src4, v->src_len, ntohl(key->src.ip)) ||
		    !prefix_test4(v->dst4, v->dst_len, ntohl(key->dst.ip)))
			return false;
	} else if (v->family) {
		if (key->family != v->family ||
		    !tq_prefix_holds(&v->addr6[0], v->src_len, &key->src) ||
		    !tq_prefix_holds(&v->addr6[1], v->dst_len, &key->dst))
			return false;
	}
	if (v->has & TQ_HAS_PROTO && v->proto != key->proto)
		return false;
	if (v->has & TQ_HAS_PORTS) {
		if (!(key->have & TQ_KEY_PORTS) ||
		    key->sport < v->sport_min || key->sport > v->sport_max ||
		    key->dport < v->dport_min || key->dport > v->dport_max)
			return false;
	}
	return !(v->has & TQ_HAS_RESIDUAL) || residual_test(v->link->whole, key);
}

void tq_version_match(const struct tq_version *v, struct tq_match *m)
{
	if (v->has & TQ_HAS_RESIDUAL) {
		*m = *v->link->whole;
		return;
	}
	memset(m, 0, sizeof(*m));
	if (v->family == NFPROTO_IPV4) {
		m->src.ip = htonl(v->src4);
		m->dst.ip = htonl(v->dst4);
	} else if (v->family) {
		m->src = v->addr6[0];
		m->dst = v->addr6[1];
	}
	m->src_len = v->src_len;
	m->dst_len = v->dst_len;
	m->family = v->family;
	m->proto = v->proto;
	m->has = v->has;
	m->sport_min = v->sport_min;
	m->sport_max = v->sport_max;
	m->dport_min = v->dport_min;
	m->dport_max = v->dport_max;
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

/* Most rules of large tables do nothing but this. */
static const struct tq_actions only_verdict[] = {
	[TQUEUE_VERDICT_PASS] = { .verdict = TQUEUE_VERDICT_PASS },
	[TQUEUE_VERDICT_ACCEPT] = { .verdict = TQUEUE_VERDICT_ACCEPT },
	[TQUEUE_VERDICT_DROP] = { .verdict = TQUEUE_VERDICT_DROP },
	[TQUEUE_VERDICT_NEXT] = { .verdict = TQUEUE_VERDICT_NEXT },
	[TQUEUE_VERDICT_REPEAT] = { .verdict = TQUEUE_VERDICT_REPEAT },
};

static const struct tq_actions *shared(const struct tq_actions *a)
{
	if (a->verdict < ARRAY_SIZE(only_verdict) &&
	    only_verdict[a->verdict].verdict == a->verdict &&
	    tq_actions_equal(a, &only_verdict[a->verdict]))
		return &only_verdict[a->verdict];
	return NULL;
}

static bool is_shared(const struct tq_actions *a)
{
	return a >= only_verdict && a < only_verdict + ARRAY_SIZE(only_verdict);
}

static size_t actions_size(const struct tq_actions *a)
{
	return offsetof(struct tq_actions, copy[a->n_copies]);
}

/* Bytes of memory behind the actions of a version. */
static size_t actions_memory(const struct tq_actions *a)
{
	return is_shared(a) ? 0 : actions_size(a);
}

int tq_actions_copy(struct tq_actions *to, const struct tq_actions *from)
{
	u32 i;

	memcpy(to, from, actions_size(from));
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

/* ---- generations ---- */

void tq_version_be_born(struct tq_version *v, unsigned long gen)
{
	WRITE_ONCE(v->born, gen);
	/* (O) who sees that it is young knows when it was born; pairs with
	 * tq_version_seen_by().
	 */
	smp_store_release(&v->flags, (v->flags & ~TQ_V_PENDING) | TQ_V_YOUNG);
}

void tq_version_die(struct tq_version *v, unsigned long gen)
{
	WRITE_ONCE(v->link->died, gen);
	/* (O) likewise */
	smp_store_release(&v->flags, v->flags | TQ_V_DYING);
}

void tq_version_grow_up(struct tq_version *v)
{
	WRITE_ONCE(v->flags, v->flags & ~TQ_V_YOUNG);
}

/* Is generation @gen @since or later?  They are not far apart. */
static bool gen_from(unsigned long gen, u32 since)
{
	return (s32)((u32)gen - since) >= 0;
}

bool tq_version_seen_by(const struct tq_version *v, unsigned long gen)
{
	/* (O) pairs with tq_version_be_born() and tq_version_die(). */
	const u8 flags = smp_load_acquire(&v->flags);

	if (flags & TQ_V_PENDING)
		return false;
	if (flags & TQ_V_YOUNG && !gen_from(gen, READ_ONCE(v->born)))
		return false;
	return !(flags & TQ_V_DYING && gen_from(gen, READ_ONCE(v->link->died)));
}

/* ---- memory ---- */

/* The line, and for IPv6 another one. */
static size_t version_size(u8 family)
{
	return family == NFPROTO_IPV6 ? 2 * sizeof(struct tq_version) : sizeof(struct tq_version);
}

struct tq_rule *tq_rule_alloc(u64 handle, u8 family)
{
	struct tq_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	struct tq_version *v = kzalloc(version_size(family), GFP_KERNEL_ACCOUNT);

	/* kmalloc() aligns what is a power of two. */
	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && sizeof(*v) != 64);
	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && sizeof(*rule) > 128);
	BUILD_BUG_ON(sizeof(v->addr6[0]) * 2 > sizeof(*v));

	if (!rule || !v) {
		kfree(rule);
		kfree(v);
		return NULL;
	}
	v->link = &rule->first;
	v->family = family;
	v->flags = TQ_V_HOME | TQ_V_PENDING;
	rule->first.v = v;
	rule->handle = handle;
	refcount_set(&rule->refs, 1);
	return rule;
}

int tq_rule_make_extra(struct tq_rule *rule)
{
	struct tq_extra *extra;

	if (rule->extra)
		return 0;
	extra = kzalloc(sizeof(*extra), GFP_KERNEL_ACCOUNT);
	if (!extra)
		return -ENOMEM;
	extra->rule = rule;
	RB_CLEAR_NODE(&extra->expiry);
	/* (P) pairs with tq_rule_expires() and busy.c:tq_rule_counters(). */
	smp_store_release(&rule->extra, extra);
	return 0;
}

void tq_rule_put(struct tq_rule *rule)
{
	if (!refcount_dec_and_test(&rule->refs))
		return;
	/* All its versions are gone, each a grace period after packets could last
	 * find it.  The table of handles may still look at the rule itself.
	 */
	if (rule->extra)
		free_percpu(rule->extra->busy);
	kfree(rule->extra);
	kfree(rule->first.v);
	kfree_rcu(rule, rcu);
}

/* Memory for a version of @rule. */
static struct tq_version *version_memory(struct tq_rule *rule, u8 family)
{
	struct tq_version *v = rule->first.v;
	struct tq_later *later;

	if (!rule->first_used && v->family == family)
		return v;
	v = kzalloc(version_size(family), GFP_KERNEL_ACCOUNT);
	later = kzalloc(sizeof(*later), GFP_KERNEL_ACCOUNT);
	if (!v || !later) {
		kfree(v);
		kfree(later);
		return NULL;
	}
	later->rule = rule;
	later->link.v = v;
	v->link = &later->link;
	v->flags = TQ_V_PENDING;
	return v;
}

static void free_memory(struct tq_version *v)
{
	if (v->flags & TQ_V_HOME)
		return;
	kfree(container_of(v->link, struct tq_later, link));
	kfree(v);
}

static void set_match(struct tq_version *v, const struct tq_match *m)
{
	v->has = m->has;
	v->family = m->family;
	v->proto = m->proto;
	v->src_len = m->src_len;
	v->dst_len = m->dst_len;
	v->sport_min = m->sport_min;
	v->sport_max = m->sport_max;
	v->dport_min = m->dport_min;
	v->dport_max = m->dport_max;
	if (m->family == NFPROTO_IPV4) {
		v->src4 = ntohl(m->src.ip);
		v->dst4 = ntohl(m->dst.ip);
	} else if (m->family) {
		v->addr6[0] = m->src;
		v->addr6[1] = m->dst;
	}
}

struct tq_version *tq_version_alloc(struct tq_rule *rule, u32 prio, u64 place,
				    const struct tq_match *match,
				    const struct tq_actions *actions)
{
	struct tq_version *v = version_memory(rule, match->family);
	struct tq_link *link;

	if (!v)
		return NULL;
	link = v->link;
	if (match->has & TQ_HAS_RESIDUAL) {
		link->whole = kmemdup(match, sizeof(*match), GFP_KERNEL_ACCOUNT);
		if (!link->whole)
			goto free;
	}
	link->actions = shared(actions);
	if (link->actions)
		v->flags |= TQ_V_PLAIN;
	else
		link->actions = kmemdup(actions, actions_size(actions), GFP_KERNEL_ACCOUNT);
	if (!link->actions)
		goto free;
	set_match(v, match);
	refcount_inc(&rule->refs);
	if (v->flags & TQ_V_HOME)
		rule->first_used = true;
	if (rule->extra)
		v->flags |= TQ_V_TIMED | (rule->extra->busy ? TQ_V_BUSY : 0);
	v->verdict = actions->verdict;
	v->prio = prio;
	v->place = min_t(u64, place, U32_MAX);
	link->place = place;
	return v;

free:
	kfree(link->whole);
	link->whole = NULL;
	free_memory(v);
	return NULL;
}

void tq_version_forget(struct tq_version *v)
{
	struct tq_rule *rule = tq_version_rule(v);

	if (!is_shared(v->link->actions))
		kfree(v->link->actions);
	kfree(v->link->whole);
	free_memory(v);
	tq_rule_put(rule);
}

void tq_version_free(struct tq_version *v)
{
	/* Nobody else looks at them any more. */
	if (!is_shared(v->link->actions))
		tq_actions_release((struct tq_actions *)v->link->actions);
	tq_version_forget(v);
}

size_t tq_rule_memory(const struct tq_rule *rule)
{
	const struct tq_extra *extra = rule->extra;

	return sizeof(*rule) + version_size(rule->first.v->family) +
	       (extra ? sizeof(*extra) + (extra->busy ? tq_busy_memory() : 0) : 0);
}

size_t tq_version_memory(const struct tq_version *v)
{
	return (v->flags & TQ_V_HOME ? 0 : sizeof(struct tq_later) + version_size(v->family)) +
	       (v->link->whole ? sizeof(*v->link->whole) : 0) + actions_memory(v->link->actions);
}

static void version_free_cb(struct rcu_head *head)
{
	tq_version_free(container_of(head, struct tq_link, rcu)->v);
}

void tq_version_free_rcu(struct tq_version *v)
{
	call_rcu(&v->link->rcu, version_free_cb);
}
