// SPDX-License-Identifier: GPL-2.0-only
/*
 * plan.c - plans: where to look for the rules of a packet.
 *
 * DOC: Plans
 *
 * With more than TQ_TUPLES_FLAT tuples a packet does not ask each.  A cut is one
 * prefix length of one of the four dimensions; its filter says for a prefix,
 * by hash, which tuples of that length have a rule with it.  OR-ed over the cuts
 * of a dimension and AND-ed over the dimensions, that gives the tuples that may
 * hold a match: one or two of a hundred.  A filter may say too much (hash,
 * deleted rules), never too little; a length with very many prefixes has none,
 * for nearly every packet would pass it.
 *
 * Additions go into the plan in place: tuple, best rank and filter bits before
 * the version that needs them.  What is only untidy (a filter too small, bits of
 * deleted rules, a new length without a cut) is mended by a new plan, made of
 * all versions when their number has changed by half: a constant for each change
 * on average.  If there is no memory for it, the old one remains.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "lines.h"
#include "plan.h"

/* Prefixes are counted by the bits that they set among so many. */
#define SKETCH_BITS	(1U << 16)
/* From so many set bits on, about 30,000 prefixes, there is no filter. */
#define SKETCH_FULL	(SKETCH_BITS / 8 * 3)
#define FILTER_MIN	64U
/* What tq_shape_id() can be. */
#define IDS		(2 << 8)

static const struct tq_cut *find_cut(const struct tq_plan *p, unsigned int dim, unsigned int id)
{
	unsigned int i;

	for (i = 0; i < p->n_cuts; i++)
		if (p->cut[i].dim == dim && p->cut[i].id == id)
			return &p->cut[i];
	return NULL;
}

/* Gives @t, which holds nothing yet, a bit.  True: @p could be better now. */
static bool plan_attach(struct tq_plan *p, struct tq_tuple *t, unsigned int bit)
{
	bool untidy = false;
	unsigned int dim;

	t->bit = bit;
	for (dim = 0; p->words && dim < TQ_CUT_DIMS; dim++) {
		const unsigned int id = tq_shape_id(&t->shape, dim);
		unsigned long *word = &p->any[dim][BIT_WORD(bit)];

		if (id && find_cut(p, dim, id)) {
			WRITE_ONCE(*word, *word & ~BIT_MASK(bit));
		} else {
			WRITE_ONCE(*word, *word | BIT_MASK(bit));
			untidy |= !!id;
		}
	}
	rcu_assign_pointer(p->tuple[bit], t);
	return untidy;
}

static u32 hash_of(const struct tq_plan *p, const struct tq_cut *cut, const struct tq_point *at)
{
	const u8 *w = p->w[cut->dim];

	return tq_cut_hash(cut, at->w[w[0]], at->w[w[1]]);
}

/* Notes in the filters that @t has a version at @at.  True: as above. */
static bool plan_mark(struct tq_plan *p, const struct tq_tuple *t, const struct tq_point *at)
{
	bool untidy = false;
	unsigned int i, w;

	for (i = 0; i < p->n_cuts; i++) {
		const struct tq_cut *cut = &p->cut[i];
		struct tq_filter *f = cut->filter;
		unsigned long *entry, any = 0;

		if (cut->id != tq_shape_id(&t->shape, cut->dim))
			continue;
		entry = &f->bits[(hash_of(p, cut, at) & cut->mask) * p->words];
		for (w = 0; w < p->words; w++)
			any |= entry[w];
		f->used += !any;
		untidy |= f->used > cut->mask / 2;
		w = BIT_WORD(t->bit);
		WRITE_ONCE(entry[w], entry[w] | BIT_MASK(t->bit));
	}
	return untidy;
}

/* ---- making a plan ---- */

/**
 * struct draft - a plan in the making
 * @family: whose
 * @tuple: all that have a version, and the one that is to be added
 * @n: length of @tuple
 * @plan: the new plan
 * @sketch: SKETCH_BITS for each of its cuts
 */
struct draft {
	u8			family;
	struct tq_tuple		*tuple[TQ_TUPLES_MAX];
	unsigned int		n;
	struct tq_plan		*plan;
	unsigned long		*sketch;
};

static size_t plan_size(unsigned int cuts, unsigned int bits)
{
	return sizeof(struct tq_plan) + cuts * sizeof(struct tq_cut) +
	       bits * sizeof(struct tq_tuple *);
}

/* ERR_PTR(-ENOMEM), ERR_PTR(-EDQUOT) */
static struct tq_plan *plan_alloc(struct tq_classifier *c, unsigned int cuts, unsigned int bits)
{
	const size_t size = plan_size(cuts, bits);
	struct tq_plan *p;
	int err = tq_classifier_charge(c, size);

	if (err)
		return ERR_PTR(err);
	p = kvzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!p) {
		tq_classifier_uncharge(c, size);
		return ERR_PTR(-ENOMEM);
	}
	p->size = size;
	p->n_bits = bits;
	p->words = bits <= TQ_TUPLES_FLAT ? 0 : bits / BITS_PER_LONG;
	p->tuple = (struct tq_tuple __rcu **)&p->cut[cuts];
	return p;
}

static void plan_free(struct tq_plan *p)
{
	unsigned int i;

	for (i = 0; i < p->n_cuts; i++)
		kvfree(p->cut[i].filter);
	kvfree(p);
}

static void plan_free_cb(struct rcu_head *head)
{
	plan_free(container_of(head, struct tq_plan, rcu));
}

/* Packets may still have it. */
static void plan_retire(struct tq_classifier *c, struct tq_plan *p)
{
	tq_classifier_uncharge(c, p->size);
	call_rcu(&p->rcu, plan_free_cb);
}

static int by_best(const void *a, const void *b)
{
	const struct tq_tuple *x = *(const struct tq_tuple **)a;
	const struct tq_tuple *y = *(const struct tq_tuple **)b;

	return x->best == y->best ? 0 : x->best < y->best ? -1 : 1;
}

static int by_dim(const void *a, const void *b)
{
	return ((const struct tq_cut *)a)->dim - ((const struct tq_cut *)b)->dim;
}

static void draft_tuples(const struct tq_classifier *c, struct draft *d,
			 const struct tq_plan *old, struct tq_tuple *more)
{
	struct tq_tuple *t;
	unsigned int i;

	for (i = 0; old && i < old->n_bits; i++) {
		t = tq_plan_tuple(c, old, i);
		if (t)
			d->tuple[d->n++] = t;
	}
	if (more)
		d->tuple[d->n++] = more;
}

static unsigned int bits_for(unsigned int tuples)
{
	unsigned int bits = 64;

	if (tuples <= TQ_TUPLES_FLAT)
		return TQ_TUPLES_FLAT;
	/* Some room for new ones. */
	while (bits < TQ_TUPLES_MAX && tuples + tuples / 8 > bits)
		bits *= 2;
	return bits;
}

/* Chooses the cuts: those that most tuples have.  -ENOMEM, -EDQUOT. */
static int draft_cuts(struct tq_classifier *c, struct draft *d)
{
	const unsigned int bits = bits_for(d->n);
	struct tq_plan *p = plan_alloc(c, bits > TQ_TUPLES_FLAT ? TQ_CUTS_MAX : 0, bits);
	u16 (*count)[IDS];
	unsigned int i, dim, id;

	if (IS_ERR(p))
		return PTR_ERR(p);
	d->plan = p;
	count = kvcalloc(TQ_CUT_DIMS, sizeof(*count), GFP_KERNEL);
	if (!count)
		return -ENOMEM;
	for (i = 0; i < d->n; i++)
		for (dim = 0; dim < TQ_CUT_DIMS; dim++)
			count[dim][tq_shape_id(&d->tuple[i]->shape, dim)]++;
	while (d->plan->words && d->plan->n_cuts < TQ_CUTS_MAX) {
		struct tq_cut *cut = &d->plan->cut[d->plan->n_cuts];
		unsigned int most = 0;

		for (dim = 0; dim < TQ_CUT_DIMS; dim++) {
			for (id = 1; id < IDS; id++) {
				if (count[dim][id] <= most)
					continue;
				most = count[dim][id];
				cut->dim = dim;
				cut->id = id;
			}
		}
		if (!most)
			break;
		count[cut->dim][cut->id] = 0;
		tq_cut_mask(d->family, cut->dim, cut->id, p->w[cut->dim], cut->m);
		get_random_bytes(&cut->salt, sizeof(cut->salt));
		d->plan->n_cuts++;
	}
	kvfree(count);
	sort(p->cut, p->n_cuts, sizeof(p->cut[0]), by_dim, NULL);
	return 0;
}

static void sketch_one(struct draft *d, struct tq_version *v)
{
	struct tq_tuple *t = v->link->tuple;
	struct tq_point at;
	unsigned int i;

	tq_point_of(&at, v);
	for (i = 0; i < d->plan->n_cuts; i++) {
		const struct tq_cut *cut = &d->plan->cut[i];

		if (cut->id == tq_shape_id(&t->shape, cut->dim))
			__set_bit(i * SKETCH_BITS + hash_of(d->plan, cut, &at) % SKETCH_BITS, d->sketch);
	}
}

static void mark_one(struct draft *d, struct tq_version *v)
{
	struct tq_point at;

	tq_point_of(&at, v);
	plan_mark(d->plan, v->link->tuple, &at);
}

static void each_version(const struct tq_classifier *c, struct draft *d,
			 void (*do_one)(struct draft *d, struct tq_version *v))
{
	const struct tq_lines *l =
		rcu_dereference_protected(c->lines, lockdep_is_held(c->lock));
	u32 i, s, e;

	for (i = 0; i < l->n; i++) {
		for (s = 0; s < TQ_LINE_SLOTS; s++) {
			const unsigned long slot = l->line[i].slot[s];
			struct tq_version *v = tq_slot_first(slot);
			const struct tq_vector *vec = tq_slot_vector(slot);

			if (!v || v->link->tuple->family != d->family)
				continue;
			if (!vec) {
				do_one(d, v);
				continue;
			}
			for (e = 0; e < vec->n; e++)
				if (vec->entry[e].v)
					do_one(d, vec->entry[e].v);
		}
		cond_resched();
	}
}

/* Counts the prefixes of each cut and gives it a filter, or drops it. */
static int draft_filters(struct tq_classifier *c, struct draft *d)
{
	struct tq_plan *p = d->plan;
	const unsigned int cuts = p->n_cuts;
	unsigned int i;
	int err;

	if (!cuts)
		return 0;
	d->sketch = kvcalloc(BITS_TO_LONGS(SKETCH_BITS) * cuts, sizeof(long), GFP_KERNEL);
	if (!d->sketch)
		return -ENOMEM;
	each_version(c, d, sketch_one);
	p->n_cuts = 0;
	for (i = 0; i < cuts; i++) {
		const unsigned int used = bitmap_weight(d->sketch + BIT_WORD(i * SKETCH_BITS),
							SKETCH_BITS);
		const u32 size = roundup_pow_of_two(max(4 * used, FILTER_MIN));
		struct tq_cut *cut = &p->cut[p->n_cuts];
		const size_t bytes = struct_size(cut->filter, bits, (size_t)size * p->words);

		if (used > SKETCH_FULL)
			continue;
		err = tq_classifier_charge(c, bytes);
		if (err)
			return err;
		p->size += bytes;
		*cut = p->cut[i];
		cut->filter = kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
		if (!cut->filter)
			return -ENOMEM;
		cut->mask = size - 1;
		p->n_cuts++;
		p->end[cut->dim] = p->n_cuts;
	}
	/* A dimension without cuts ends where the one before it does. */
	for (i = 1; i < TQ_CUT_DIMS; i++)
		p->end[i] = max(p->end[i], p->end[i - 1]);
	return 0;
}

/* A new plan, with @more as a further tuple. */
static int replan(struct tq_classifier *c, u8 family, struct tq_tuple *more)
{
	struct tq_shapes *s = &c->shapes[family];
	struct tq_plan *old = tq_plan_locked(c, family);
	struct draft *d = kvzalloc(sizeof(*d), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	/* Not again at the next change. */
	s->changes = 0;
	if (!d)
		return err;
	d->family = family;
	draft_tuples(c, d, old, more);
	err = draft_cuts(c, d) ?: draft_filters(c, d);
	if (err)
		goto free;

	sort(d->tuple, d->n, sizeof(d->tuple[0]), by_best, NULL);
	for (i = 0; i < d->n; i++)
		plan_attach(d->plan, d->tuple[i], i);
	if (d->plan->words)
		each_version(c, d, mark_one);
	rcu_assign_pointer(s->plan, d->plan);
	s->planned = s->versions;
	s->untidy = false;
	d->plan = NULL;
	if (old)
		plan_retire(c, old);
free:
	if (d->plan) {
		tq_classifier_uncharge(c, d->plan->size);
		plan_free(d->plan);
	}
	kvfree(d->sketch);
	kvfree(d);
	return err;
}

/* ---- changes ---- */

int tq_plan_add(struct tq_classifier *c, struct tq_tuple *t)
{
	struct tq_shapes *s = &c->shapes[t->family];
	struct tq_plan *p = tq_plan_locked(c, t->family);
	unsigned int bit = 0;
	int err;

	while (p && bit < p->n_bits && tq_plan_tuple(c, p, bit))
		bit++;
	if (p && bit < p->n_bits) {
		s->untidy |= plan_attach(p, t, bit);
	} else {
		err = replan(c, t->family, t);
		if (err)
			return err;
	}
	s->tuples++;
	return 0;
}

void tq_plan_mark(struct tq_classifier *c, const struct tq_tuple *t, const struct tq_point *at)
{
	c->shapes[t->family].untidy |= plan_mark(tq_plan_locked(c, t->family), t, at);
}

void tq_plan_del(struct tq_classifier *c, struct tq_tuple *t)
{
	struct tq_shapes *s = &c->shapes[t->family];
	struct tq_plan *p = tq_plan_locked(c, t->family);

	RCU_INIT_POINTER(p->tuple[t->bit], NULL);
	if (--s->tuples)
		return;
	RCU_INIT_POINTER(s->plan, NULL);
	plan_retire(c, p);
	s->planned = 0;
	s->changes = 0;
	s->untidy = false;
}

void tq_plan_tidy(struct tq_classifier *c, u8 family)
{
	struct tq_shapes *s = &c->shapes[family];

	/* As many deletions as there are rules left: their bits are in the way. */
	if (s->changes > 2 * s->versions + FILTER_MIN)
		s->untidy = true;
	if (s->tuples && s->untidy && s->changes > s->planned / 2 + FILTER_MIN / 4)
		replan(c, family, NULL);
}

void tq_plan_destroy(struct tq_shapes *s)
{
	/* The last reference: nobody else can look. */
	struct tq_plan *p = rcu_dereference_protected(s->plan, true);

	if (p)
		plan_free(p);
}
