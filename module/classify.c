// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Theory of operation
 *
 * Tuple space search, with few tuples (tuples.c) and one hash for all of them
 * (lines.c).  A tuple has a shape: so many leading bits of the source address, of
 * the destination address and of both ports, and the protocol or not.  Every
 * version is kept in one tuple that is not finer than its match.  Masked by the
 * shape, a packet's key is equal to that of every version in the tuple that can
 * match it, so one probe of the hash finds them all; each is then tested in
 * full.
 *
 *	rules					tuple
 *	  10  src 192.0.2.0/24 proto tcp	(24, 0, 0, 0, yes)
 *	  20  src 192.0.2.7			(32, 0, 0, 0, no)
 *	  30  dst 198.51.100.0/26 dport 80	(0, 24, 0, 16, yes), with others of
 *						that /24 and port
 *
 * The plan of the packet's family says which tuples to probe.  A tuple whose
 * best rank can't win any more is left out.
 *
 * What a hit costs in cache lines: the plan and, with many tuples, one for each
 * of its cuts, all independent of each other; then for each tuple that remains
 * its own, the line of the hash and the version, which has the counters.
 *
 * DOC: Readers and writers
 *
 * Packets hold rcu_read_lock() and take no other lock; writers are serialised
 * by the owner's mutex.  What a packet may find is only ever a superset of what
 * it may use: a version counts if its generations say so, wherever it is
 * linked.  Hence
 *
 *  - a tuple is in the plan, its best rank lowered and the filters' bits set,
 *    before its version is linked; a rank is never raised and a bit never
 *    cleared but in a new plan;
 *  - a packet reads the generation before the plans and the lines, so that it
 *    finds in them every version that was committed in that generation;
 *  - a new array of lines holds the same slots, and is published when it is
 *    complete.  Packets in the old one see the versions of the time they began,
 *    which is a superset of what their generation needs;
 *  - an unlinked version, vector, tuple, plan or array is freed after a grace
 *    period.
 */
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/slab.h>

#include "account.h"
#include "classify.h"
#include "lines.h"
#include "packet.h"
#include "plan.h"
#include "rule.h"
#include "tuples.h"

#define LINES_MIN	2
/* Doubling costs memory, half of that time. */
#define LINES_DOUBLE	64
#define LINES_MAX	(1U << 30)

static struct tq_lines *locked_lines(const struct tq_classifier *c)
{
	return rcu_dereference_protected(c->lines, lockdep_is_held(c->lock));
}

/* ---- memory ---- */

int tq_classifier_charge(struct tq_classifier *c, size_t bytes)
{
	int err = tq_account_charge(c->account, bytes);

	if (!err)
		c->memory += bytes;
	return err;
}

void tq_classifier_uncharge(struct tq_classifier *c, size_t bytes)
{
	tq_account_uncharge(c->account, bytes);
	c->memory -= bytes;
}

static size_t lines_size(u32 n)
{
	return (size_t)n * sizeof(struct tq_line);
}

/* ---- writers ---- */

/* Slots that may be in use before the array grows: six of seven. */
static u32 roomy(const struct tq_lines *l)
{
	return l->n * (TQ_LINE_SLOTS - 1);
}

static int grow(struct tq_classifier *c)
{
	struct tq_lines *old = locked_lines(c), *new;
	const u32 n = old->n < LINES_DOUBLE ? old->n * 2 : old->n + old->n / 2;
	u32 i, s;
	int err;

	if (old->n >= LINES_MAX)
		return -ENOSPC;
	err = tq_classifier_charge(c, lines_size(n));
	if (err)
		return err;
	new = tq_lines_alloc(n);
	if (!new) {
		tq_classifier_uncharge(c, lines_size(n));
		return -ENOMEM;
	}
	for (i = 0; i < old->n; i++) {
		for (s = 0; s < TQ_LINE_SLOTS; s++) {
			const unsigned long slot = old->line[i].slot[s];
			const struct tq_version *v = tq_slot_first(slot);
			struct tq_point at;

			if (!v)
				continue;
			tq_point_of(&at, v);
			tq_lines_insert(new, tq_tuple_hash(v->link->tuple, &at), slot);
		}
		cond_resched();
	}
	rcu_assign_pointer(c->lines, new);
	tq_classifier_uncharge(c, lines_size(old->n));
	tq_lines_free_rcu(old);
	return 0;
}

/* One more in a slot that is in use. */
static int insert_into(struct tq_classifier *c, unsigned long *slot, struct tq_version *v)
{
	const struct tq_vector *old = tq_slot_vector(*slot);
	const size_t was = old ? tq_vector_size(old->n) : 0;
	const size_t size = tq_vector_size(tq_slot_count(*slot) + 1);
	int err = tq_classifier_charge(c, size);

	if (err)
		return err;
	err = tq_slot_add(slot, v);
	tq_classifier_uncharge(c, err ? size : was);
	return err;
}

static int insert(struct tq_classifier *c, struct tq_version *v, const struct tq_point *at)
{
	const u64 hash = tq_tuple_hash(v->link->tuple, at);
	unsigned long *slot;
	int err;

	slot = tq_lines_find(locked_lines(c), v->link->tuple, hash, at);
	if (slot)
		return insert_into(c, slot, v);
	/* Without memory there may still be room: slower, not wrong.  But who is at
	 * his limit does not get it slow.
	 */
	if (c->slots >= roomy(locked_lines(c)) && grow(c) == -EDQUOT)
		return -EDQUOT;
	err = tq_lines_insert(locked_lines(c), hash, (unsigned long)v);
	if (err)
		return -ENOMEM;
	c->slots++;
	return 0;
}

int tq_classifier_add(struct tq_classifier *c, struct tq_version *v)
{
	struct tq_point at;
	struct tq_tuple *t;
	int err;

	lockdep_assert_held(c->lock);

	tq_point_of(&at, v);
	t = tq_tuple_for(c, v, &at);
	if (IS_ERR(t))
		return PTR_ERR(t);
	v->link->tuple = t;
	tq_tuple_count(c, t, v, &at);
	err = insert(c, v, &at);
	if (err)
		tq_tuple_uncount(c, t);
	else
		tq_plan_tidy(c, t->family);
	return err;
}

void tq_classifier_del(struct tq_classifier *c, struct tq_version *v)
{
	const u8 family = v->link->tuple->family;
	struct tq_point at;
	size_t freed;

	lockdep_assert_held(c->lock);

	tq_point_of(&at, v);
	c->slots -= tq_lines_remove(locked_lines(c), v, tq_tuple_hash(v->link->tuple, &at), &at,
				    &freed);
	tq_classifier_uncharge(c, freed);
	tq_tuple_uncount(c, v->link->tuple);
	tq_plan_tidy(c, family);
}

static bool same_match(const struct tq_version *v, const struct tq_match *m)
{
	struct tq_match own;

	/* The cheap part first. */
	if (v->has != m->has || v->family != m->family)
		return false;
	tq_version_match(v, &own);
	return !memcmp(&own, m, sizeof(own));
}

static struct tq_version *same_in(const struct tq_classifier *c, const struct tq_tuple *t,
				  const struct tq_point *at, u32 prio, const struct tq_match *m,
				  bool (*wanted)(const struct tq_version *v, const void *arg),
				  const void *arg)
{
	unsigned long *slot = tq_lines_find(locked_lines(c), t, tq_tuple_hash(t, at), at);
	struct tq_vector *vec = slot ? tq_slot_vector(*slot) : NULL;
	u32 i, n = vec ? vec->n : !!slot;

	for (i = 0; i < n; i++) {
		struct tq_version *v = vec ? vec->entry[i].v : (struct tq_version *)*slot;

		if (v && v->prio == prio && same_match(v, m) && wanted(v, arg))
			return v;
	}
	return NULL;
}

struct tq_version *tq_classifier_same(struct tq_classifier *c, u32 prio,
				      const struct tq_match *m,
				      bool (*wanted)(const struct tq_version *v, const void *arg),
				      const void *arg)
{
	const struct tq_plan *p = tq_plan_locked(c, m->family == NFPROTO_IPV4 ? TQ_CLS_IPV4 :
						 m->family ? TQ_CLS_IPV6 : TQ_CLS_ANY);
	unsigned long set[TQ_PLAN_WORDS] = { (1UL << TQ_TUPLES_FLAT) - 1 };
	struct tq_version *v;
	struct tq_point at;
	unsigned int bit;

	if (!p)
		return NULL;
	/* Its first packet would find it. */
	tq_point_of_match(&at, m);
	if (p->words)
		tq_plan_choose(p, &at, set);
	for_each_set_bit(bit, set, p->n_bits) {
		const struct tq_tuple *t = tq_plan_tuple(c, p, bit);

		if (!t)
			continue;
		v = same_in(c, t, &at, prio, m, wanted, arg);
		if (v)
			return v;
	}
	return NULL;
}

/* ---- packets ---- */

/**
 * struct look - one lookup
 * @key: of the packet
 * @at: the same for the index
 * @gen: generation
 * @after: only what comes after this; or NULL
 * @best: found so far
 * @rank: of @best; ULONG_MAX: none
 */
struct look {
	const struct tq_key		*key;
	struct tq_point			at;
	unsigned long			gen;
	const struct tq_version		*after;
	const struct tq_version		*best;
	unsigned long			rank;
};

/* Does @v win?  Then it is the best now. */
static bool try(struct look *look, const struct tq_version *v)
{
	if (!tq_version_test(v, look->key) || !tq_version_seen(v, look->gen))
		return false;
	if (look->best && !tq_version_before(v, look->best))
		return false;
	if (look->after && !tq_version_before(look->after, v))
		return false;
	if (tq_version_expired(v))
		return false;
	look->best = v;
	look->rank = tq_version_rank(v);
	return true;
}

/* Those of the vector are in order: the first that matches is its best. */
static void try_vector(struct look *look, const struct tq_vector *vec)
{
	const u16 dport = look->key->dport;
	u32 i;

	for (i = 0; i < vec->n; i++) {
		const struct tq_entry *e = &vec->entry[i];
		const struct tq_version *v;

		if (look->best && e->prio > look->best->prio)
			return;
		if (dport < e->dport_min || dport > e->dport_max)
			continue;
		v = READ_ONCE(e->v);
		if (v && try(look, v))
			return;
	}
}

static void probe(struct look *look, const struct tq_lines *l, const struct tq_tuple *t)
{
	const u64 hash = tq_tuple_hash(t, &look->at);
	const struct tq_line *line = tq_line_of(l, hash);
	u32 lines = 0;

	do {
		u64 m = tq_line_match(line, tq_tag_of(hash));

		for (; m; m &= m - 1) {
			/* A dependent load, as of a pointer. */
			const unsigned long slot = READ_ONCE(line->slot[__ffs64(m) / 8]);

			if (slot & 1) {
				try_vector(look, tq_slot_vector(slot));
			} else if (slot) {
				/* A hit will write it. */
				prefetchw((const void *)slot);
				try(look, (const struct tq_version *)slot);
			}
		}
		if (!READ_ONCE(line->spilled))
			break;
		line = tq_line_next(l, (struct tq_line *)line);
	} while (++lines < l->n);
}

static void ask(struct look *look, const struct tq_lines *l, const struct tq_plan *p,
		unsigned int bit)
{
	const struct tq_tuple *t = rcu_dereference(p->tuple[bit]);

	/* Equal ranks may be different places. */
	if (t && READ_ONCE(t->best) <= look->rank)
		probe(look, l, t);
}

/* None ends it: only when the plan was made were they in order. */
static void walk(struct look *look, const struct tq_lines *l, const struct tq_plan *p)
{
	unsigned long set[TQ_PLAN_WORDS] __uninitialized;
	unsigned int i;

	if (!p->words) {
		for (i = 0; i < p->n_bits; i++)
			ask(look, l, p, i);
		return;
	}
	tq_plan_choose(p, &look->at, set);
	for (i = 0; i < p->words; i++)
		for (; set[i]; set[i] &= set[i] - 1)
			ask(look, l, p, i * BITS_PER_LONG + __ffs(set[i]));
}

struct tq_version *tq_classifier_lookup(const struct tq_classifier *c, const struct tq_key *key,
					unsigned long gen, const struct tq_version *after)
{
	const bool v4 = key->family == NFPROTO_IPV4;
	const struct tq_plan *own =
		rcu_dereference(c->shapes[v4 ? TQ_CLS_IPV4 : TQ_CLS_IPV6].plan);
	const struct tq_plan *any = rcu_dereference(c->shapes[TQ_CLS_ANY].plan);
	struct look look __uninitialized;
	const struct tq_lines *l;

	if (!own && !any)
		return NULL;
	l = rcu_dereference(c->lines);
	look.key = key;
	look.gen = gen;
	look.after = after;
	look.best = NULL;
	look.rank = ULONG_MAX;
	tq_point_of_key(&look.at, key, v4);
	if (own)
		walk(&look, l, own);
	if (any)
		walk(&look, l, any);
	return (struct tq_version *)look.best;
}

/* ---- life ---- */

u32 tq_classifier_tuples(const struct tq_classifier *c)
{
	u32 n = 0;
	unsigned int i;

	for (i = 0; i < TQ_CLS_LISTS; i++)
		n += c->shapes[i].tuples;
	return n;
}

int tq_classifier_init(struct tq_classifier *c, struct mutex *lock, struct tq_account *account)
{
	struct tq_lines *l;
	int err;

	memset(c, 0, sizeof(*c));
	c->lock = lock;
	c->account = account;
	err = tq_classifier_charge(c, lines_size(LINES_MIN));
	if (err)
		return err;
	l = tq_lines_alloc(LINES_MIN);
	if (!l) {
		tq_classifier_uncharge(c, lines_size(LINES_MIN));
		return -ENOMEM;
	}
	RCU_INIT_POINTER(c->lines, l);
	return 0;
}

void tq_classifier_destroy(struct tq_classifier *c)
{
	unsigned int i;

	for (i = 0; i < TQ_CLS_LISTS; i++)
		tq_plan_destroy(&c->shapes[i]);
	/* The last reference: nobody else can look. */
	tq_lines_free(rcu_dereference_protected(c->lines, true));
	tq_account_uncharge(c->account, c->memory);
}
