// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Theory of operation
 *
 * Tuple space search.  The shape of a match is (family, source prefix length,
 * destination prefix length, is a protocol given).  All versions of one shape
 * form a tuple.  Masked by the shape of its tuple, a packet's addresses and
 * protocol are equal to those of every version in the tuple that can match it,
 * so one probe of a hash table finds them all; ports and the other keys are
 * compared one by one.  A lookup probes each tuple once, except those whose
 * best priority can't win any more.
 *
 *	rules					tuple
 *	  10  src 192.0.2.0/24 proto tcp	(v4, 24, 0, yes)
 *	  20  src 192.0.2.7			(v4, 32, 0, no)
 *	  30  dst 2001:db8::/32			(v6, 0, 32, no)
 *	an IPv4 packet probes the first two, an IPv6 packet the third
 *
 * There is one bucket array for all tuples; the tuple's id is part of the hash.
 *
 * DOC: Readers and writers
 *
 * Packets hold rcu_read_lock() and take no other lock; writers are serialised
 * by the owner's mutex.  What a packet may find is only ever a superset of what
 * it may use: a version counts if its generations say so, wherever it is
 * linked.  Hence
 *
 *  - a tuple is in its list, and its best priority lowered, before its version
 *    is linked; the best priority is never raised, it is a hint;
 *  - a packet reads the generation before the bucket array, so that it finds
 *    in the array every version that was committed in that generation;
 *  - growth links every version into a second, larger array by its other
 *    hlist_node and then publishes the array.  Packets in the old array see
 *    the versions of the time they began, which is a superset of what their
 *    generation needs.  The next growth would use the first node again, so it
 *    waits until no packet can be in the old array: a grace period that has
 *    nearly always passed by then;
 *  - an unlinked version, tuple or array is freed after a grace period.
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "classify.h"
#include "packet.h"
#include "rule.h"

#define BUCKETS_MIN	16
#define BUCKETS_MAX	(1U << 22)

/**
 * struct tq_tuple - all versions of one shape
 * @node: in tq_classifier.tuples
 * @src_mask: of the source prefix length
 * @dst_mask: of the destination prefix length
 * @best: lowest priority number of any version that was ever linked
 * @id: what makes it a key of its own in the common bucket array
 * @family: NFPROTO_*, 0 for both
 * @src_len: source prefix length
 * @dst_len: destination prefix length
 * @proto: a protocol is given
 * @words: 32-bit words of an address: 0 (no address in the shape), 1 or 4
 * @versions: linked
 * @rcu: delays its end
 */
struct tq_tuple {
	struct list_head	node;
	union nf_inet_addr	src_mask;
	union nf_inet_addr	dst_mask;
	u32			best;
	u32			id;
	u8			family;
	u8			src_len;
	u8			dst_len;
	bool			proto;
	u8			words;
	u32			versions;
	struct rcu_head		rcu;
};

struct tq_buckets {
	struct rcu_head		rcu;
	u32			mask;
	u32			which;		/* index into tq_version.node */
	struct hlist_head	head[];
};

static struct tq_buckets *locked_buckets(const struct tq_classifier *c)
{
	return rcu_dereference_protected(c->buckets, lockdep_is_held(c->lock));
}

static struct tq_buckets *buckets_alloc(u32 n, u32 which)
{
	struct tq_buckets *b = kvzalloc(struct_size(b, head, n), GFP_KERNEL_ACCOUNT);

	if (b) {
		b->mask = n - 1;
		b->which = which;
	}
	return b;
}

static u32 hash(const struct tq_classifier *c, const struct tq_tuple *t,
		const union nf_inet_addr *src, const union nf_inet_addr *dst, u8 proto)
{
	u32 h = c->seed ^ t->id, i;

	for (i = 0; i < t->words; i++)
		h = jhash_2words(src->all[i] & t->src_mask.all[i],
				 dst->all[i] & t->dst_mask.all[i], h);
	return jhash_1word(t->proto ? proto : 0, h);
}

static struct hlist_head *bucket_of(const struct tq_classifier *c, struct tq_buckets *b,
				    const struct tq_version *v)
{
	const struct tq_match *m = &v->match;

	return &b->head[hash(c, v->tuple, &m->src, &m->dst, m->proto) & b->mask];
}

static struct list_head *list_of(struct tq_classifier *c, u8 family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return &c->tuples[TQ_CLS_IPV4];
	case NFPROTO_IPV6:
		return &c->tuples[TQ_CLS_IPV6];
	default:
		return &c->tuples[TQ_CLS_ANY];
	}
}

static struct tq_tuple *tuple_find(struct tq_classifier *c, const struct tq_match *m)
{
	bool proto = m->has & TQ_HAS_PROTO;
	struct tq_tuple *t;

	list_for_each_entry(t, list_of(c, m->family), node)
		if (t->src_len == m->src_len && t->dst_len == m->dst_len && t->proto == proto)
			return t;
	return NULL;
}

static struct tq_tuple *tuple_new(struct tq_classifier *c, const struct tq_match *m)
{
	struct tq_tuple *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	t->id = ++c->next_id;
	t->family = m->family;
	t->src_len = m->src_len;
	t->dst_len = m->dst_len;
	t->proto = m->has & TQ_HAS_PROTO;
	t->best = U32_MAX;
	tq_prefix_mask(&t->src_mask, m->family, m->src_len);
	tq_prefix_mask(&t->dst_mask, m->family, m->dst_len);
	if (m->src_len || m->dst_len)
		t->words = m->family == NFPROTO_IPV4 ? 1 : 4;
	return t;
}

/* Doubles the bucket array. */
static int grow(struct tq_classifier *c)
{
	struct tq_buckets *old = locked_buckets(c), *new;
	struct tq_version *v;
	u32 i, n = (old->mask + 1) * 2;

	new = buckets_alloc(n, !old->which);
	if (!new)
		return -ENOMEM;

	/* Nobody may be on the way along the nodes that are used next. */
	cond_synchronize_rcu(c->grown);

	for (i = 0; i <= old->mask; i++) {
		hlist_for_each_entry(v, &old->head[i], node[old->which])
			hlist_add_head_rcu(&v->node[new->which], bucket_of(c, new, v));
		cond_resched();
	}
	rcu_assign_pointer(c->buckets, new);
	c->grown = get_state_synchronize_rcu();
	kvfree_rcu(old, rcu);
	return 0;
}

int tq_classifier_add(struct tq_classifier *c, struct tq_version *v)
{
	struct tq_tuple *t, *new = NULL;
	struct tq_buckets *b;

	lockdep_assert_held(c->lock);

	t = tuple_find(c, &v->match);
	if (!t) {
		t = new = tuple_new(c, &v->match);
		if (!t)
			return -ENOMEM;
	}

	b = locked_buckets(c);
	if (c->versions > b->mask && b->mask + 1 < BUCKETS_MAX) {
		/* Longer chains are slow, not wrong: no reason to refuse. */
		if (!grow(c))
			b = locked_buckets(c);
	}

	if (v->prio < t->best)
		WRITE_ONCE(t->best, v->prio);
	if (new) {
		list_add_tail_rcu(&t->node, list_of(c, v->match.family));
		c->n_tuples++;
	}
	t->versions++;
	c->versions++;
	v->tuple = t;
	hlist_add_head_rcu(&v->node[b->which], bucket_of(c, b, v));
	return 0;
}

void tq_classifier_del(struct tq_classifier *c, struct tq_version *v)
{
	struct tq_tuple *t = v->tuple;

	lockdep_assert_held(c->lock);

	hlist_del_rcu(&v->node[locked_buckets(c)->which]);
	c->versions--;
	if (!--t->versions) {
		/* Packets that hold a version of it may still compare v->tuple
		 * with a tuple of theirs, but never follow it.
		 */
		list_del_rcu(&t->node);
		c->n_tuples--;
		kfree_rcu(t, rcu);
	}
}

struct tq_version *tq_classifier_same(struct tq_classifier *c, u32 prio,
				      const struct tq_match *m, struct tq_version *prev)
{
	struct tq_buckets *b = locked_buckets(c);
	struct tq_tuple *t = tuple_find(c, m);
	struct tq_version *w;
	struct hlist_node *n;

	if (!t)
		return NULL;
	if (prev)
		n = prev->node[b->which].next;
	else
		n = b->head[hash(c, t, &m->src, &m->dst, m->proto) & b->mask].first;
	for (; n; n = n->next) {
		w = hlist_entry(n, struct tq_version, node[b->which]);
		if (w->tuple == t && w->prio == prio && !memcmp(&w->match, m, sizeof(*m)))
			return w;
	}
	return NULL;
}

/* The best of @best and the versions of @t. */
static struct tq_version *probe(const struct tq_classifier *c, struct tq_buckets *b,
				const struct tq_tuple *t, const struct tq_key *key,
				unsigned long gen, const struct tq_version *after,
				struct tq_version *best)
{
	u32 h = hash(c, t, &key->src, &key->dst, key->proto);
	struct tq_version *v;

	hlist_for_each_entry_rcu(v, &b->head[h & b->mask], node[b->which]) {
		if (v->tuple != t || (best && !tq_version_before(v, best)) ||
		    (after && !tq_version_before(after, v)))
			continue;
		if (tq_match_test(&v->match, key) && tq_version_seen(v, gen) &&
		    !tq_rule_expired(v->rule))
			best = v;
	}
	return best;
}

static struct tq_version *walk(const struct tq_classifier *c, struct tq_buckets *b,
			       const struct list_head *tuples, const struct tq_key *key,
			       unsigned long gen, const struct tq_version *after,
			       struct tq_version *best)
{
	const struct tq_tuple *t;

	list_for_each_entry_rcu(t, tuples, node) {
		/* Equal may still win by place.  Not "break": the order of the
		 * list is that of creation.
		 */
		if (best && READ_ONCE(t->best) > best->prio)
			continue;
		best = probe(c, b, t, key, gen, after, best);
	}
	return best;
}

struct tq_version *tq_classifier_lookup(const struct tq_classifier *c, const struct tq_key *key,
					unsigned long gen, const struct tq_version *after)
{
	struct tq_buckets *b = rcu_dereference(c->buckets);
	struct tq_version *best;

	best = walk(c, b, &c->tuples[key->family == NFPROTO_IPV4 ? TQ_CLS_IPV4 : TQ_CLS_IPV6],
		    key, gen, after, NULL);
	return walk(c, b, &c->tuples[TQ_CLS_ANY], key, gen, after, best);
}

size_t tq_classifier_memory(const struct tq_classifier *c)
{
	struct tq_buckets *b = locked_buckets(c);

	return struct_size(b, head, b->mask + 1) + c->n_tuples * sizeof(struct tq_tuple);
}

int tq_classifier_init(struct tq_classifier *c, struct mutex *lock)
{
	struct tq_buckets *b = buckets_alloc(BUCKETS_MIN, 0);
	int i;

	if (!b)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->lock = lock;
	c->seed = get_random_u32();
	c->grown = get_state_synchronize_rcu();
	for (i = 0; i < TQ_CLS_LISTS; i++)
		INIT_LIST_HEAD(&c->tuples[i]);
	RCU_INIT_POINTER(c->buckets, b);
	return 0;
}

void tq_classifier_destroy(struct tq_classifier *c)
{
	/* The last reference: nobody else can look. */
	kvfree(rcu_dereference_protected(c->buckets, true));
}
