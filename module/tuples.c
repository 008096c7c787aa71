// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuples.c - under which shape a rule is kept, and the plans that say where to
 * look for a packet's rules.
 *
 * DOC: Few tuples
 *
 * Real rule sets have hundreds of shapes, and a probe for each is what makes
 * tuple space search slow.  A rule may be kept under any shape that is coarser
 * than its own, for a match is always tested in full; so it goes where others
 * are, as long as no slot gets crowded (TupleMerge).  In this order:
 *
 *	1. its coarse shape: prefix lengths rounded down to whole bytes (IPv6:
 *	   0, 16, 32, 48, 64, 128), ports only if they are single ones
 *	2. the finest tuple there is that is coarser than the rule
 *	3. lengths rounded down to multiples of 4 (IPv6: 8)
 *	4. its own lengths; of a range of ports the leading bits that all of it
 *	   has in common
 *	5. where there is least of a crowd
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
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "lines.h"
#include "tuples.h"

/* Versions in a slot from which on a rule is sent elsewhere. */
#define CROWD		16
/* Prefixes are counted by the bits that they set among so many. */
#define SKETCH_BITS	(1U << 16)
/* From so many set bits on, about 30,000 prefixes, there is no filter. */
#define SKETCH_FULL	(SKETCH_BITS / 8 * 3)
#define FILTER_MIN	64U
/* What shape_id() can be. */
#define IDS		(2 << 8)

static struct tq_plan *locked_plan(const struct tq_classifier *c, const struct tq_shapes *s)
{
	return rcu_dereference_protected(s->plan, lockdep_is_held(c->lock));
}

static struct tq_lines *locked_lines(const struct tq_classifier *c)
{
	return rcu_dereference_protected(c->lines, lockdep_is_held(c->lock));
}

/* ---- shapes ---- */

static void set_rest(struct tq_point *p, u8 proto, u16 sport, u16 dport)
{
	p->w[TQ_POINT_REST] = (u64)proto << 32 | (u32)sport << 16 | dport;
}

static void set_addr6(u64 *w, const union nf_inet_addr *a)
{
	w[0] = tq_addr6_half(a, 0);
	w[1] = tq_addr6_half(a, 1);
}

void tq_point_of_match(struct tq_point *p, const struct tq_match *m)
{
	memset(p, 0, sizeof(*p));
	if (m->family == NFPROTO_IPV4) {
		p->w[0] = (u64)ntohl(m->src.ip) << 32 | ntohl(m->dst.ip);
	} else if (m->family) {
		set_addr6(&p->w[0], &m->src);
		set_addr6(&p->w[2], &m->dst);
	}
	set_rest(p, m->proto, m->sport_min, m->dport_min);
}

void tq_point_of(struct tq_point *p, const struct tq_version *v)
{
	memset(p, 0, sizeof(*p));
	if (v->family == NFPROTO_IPV4) {
		p->w[0] = (u64)v->src4 << 32 | v->dst4;
	} else if (v->family) {
		set_addr6(&p->w[0], &v->addr6[0]);
		set_addr6(&p->w[2], &v->addr6[1]);
	}
	set_rest(p, v->proto, v->sport_min, v->dport_min);
}

bool tq_tuple_has_key(const struct tq_tuple *t, const struct tq_version *v,
		      const struct tq_point *at)
{
	struct tq_point p;
	unsigned int i;

	tq_point_of(&p, v);
	for (i = 0; i < ARRAY_SIZE(p.w); i++)
		if ((p.w[i] ^ at->w[i]) & t->mask.w[i])
			return false;
	return true;
}

/* The leading bits that all of a range have in common. */
static u8 common_bits(u16 min, u16 max)
{
	return 16 - fls(min ^ max);
}

static struct tq_shape own_shape(const struct tq_version *v)
{
	struct tq_shape s = {
		.src_len	= v->src_len,
		.dst_len	= v->dst_len,
		.proto		= !!(v->has & TQ_HAS_PROTO),
	};

	if (v->has & TQ_HAS_PORTS) {
		s.sport_bits = common_bits(v->sport_min, v->sport_max);
		s.dport_bits = common_bits(v->dport_min, v->dport_max);
	}
	return s;
}

static u8 coarse_len(u8 family, u8 len)
{
	if (family == TQ_CLS_IPV4)
		return round_down(len, 8);
	if (len == 128)
		return len;
	return len >= 64 ? 64 : round_down(len, 16);
}

static struct tq_shape only_single_ports(struct tq_shape s)
{
	s.sport_bits = s.sport_bits == 16 ? 16 : 0;
	s.dport_bits = s.dport_bits == 16 ? 16 : 0;
	return s;
}

static struct tq_shape coarse_shape(u8 family, const struct tq_shape *own)
{
	struct tq_shape s = only_single_ports(*own);

	s.src_len = coarse_len(family, s.src_len);
	s.dst_len = coarse_len(family, s.dst_len);
	return s;
}

static struct tq_shape middle_shape(u8 family, const struct tq_shape *own)
{
	const unsigned int step = family == TQ_CLS_IPV4 ? 4 : 8;
	struct tq_shape s = only_single_ports(*own);

	s.src_len = round_down(s.src_len, step);
	s.dst_len = round_down(s.dst_len, step);
	return s;
}

static bool coarser(const struct tq_shape *a, const struct tq_shape *b)
{
	return a->src_len <= b->src_len && a->dst_len <= b->dst_len &&
	       a->sport_bits <= b->sport_bits && a->dport_bits <= b->dport_bits &&
	       a->proto <= b->proto;
}

static unsigned int fineness(const struct tq_shape *s)
{
	return s->src_len + s->dst_len + s->sport_bits + s->dport_bits + 8 * s->proto;
}

/* 0: the tuple does not care. */
static unsigned int shape_id(const struct tq_shape *s, unsigned int dim)
{
	switch (dim) {
	case TQ_CUT_SRC:
		return s->src_len;
	case TQ_CUT_DST:
		return s->dst_len;
	case TQ_CUT_DPORT:
		return s->proto << 8 | s->dport_bits;
	default:
		return s->sport_bits;
	}
}

static u64 top_bits(unsigned int n, unsigned int of)
{
	const u64 all = of == 64 ? U64_MAX : (1ULL << of) - 1;

	return n >= of ? all : n ? all & ~(all >> n) : 0;
}

/* Which bits of which two words of a point a length is about. */
static void dim_mask(u8 family, unsigned int dim, unsigned int id, u8 w[2], u64 m[2])
{
	w[0] = TQ_POINT_REST;
	w[1] = TQ_POINT_REST;
	m[1] = 0;
	switch (dim) {
	case TQ_CUT_DPORT:
		m[0] = top_bits(id & 0xff, 16) | (id >> 8 ? 0xffULL << 32 : 0);
		return;
	case TQ_CUT_SPORT:
		m[0] = top_bits(id, 16) << 16;
		return;
	}
	if (family == TQ_CLS_IPV4) {
		w[0] = 0;
		w[1] = 0;
		m[0] = top_bits(id, 32) << (dim == TQ_CUT_SRC ? 32 : 0);
		return;
	}
	w[0] = dim == TQ_CUT_SRC ? 0 : 2;
	w[1] = w[0] + 1;
	m[0] = top_bits(id, 64);
	m[1] = id > 64 ? top_bits(id - 64, 64) : 0;
}

/* ---- tuples ---- */

static struct tq_tuple *tuple_new(u8 family, const struct tq_shape *shape)
{
	struct tq_tuple *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	unsigned int dim;

	if (!t)
		return NULL;
	for (dim = 0; dim < TQ_CUT_DIMS; dim++) {
		u64 m[2];
		u8 w[2];

		dim_mask(family, dim, shape_id(shape, dim), w, m);
		t->mask.w[w[0]] |= m[0];
		t->mask.w[w[1]] |= m[1];
	}
	if (shape->src_len || shape->dst_len)
		t->words = family == TQ_CLS_IPV4 ? 1 : 4;
	t->family = family;
	t->shape = *shape;
	t->best = ULONG_MAX;
	get_random_bytes(&t->salt, sizeof(t->salt));
	return t;
}

static struct tq_tuple *find_shape(const struct tq_plan *p, const struct tq_shape *shape)
{
	unsigned int i;

	for (i = 0; i < p->n_bits; i++)
		if (p->tuple[i] && !memcmp(&p->tuple[i]->shape, shape, sizeof(*shape)))
			return p->tuple[i];
	return NULL;
}

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
		const unsigned int id = shape_id(&t->shape, dim);
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

/* Notes in the filters that @t has a version at @at.  True: as above. */
static bool plan_mark(struct tq_plan *p, const struct tq_tuple *t, const struct tq_point *at)
{
	bool untidy = false;
	unsigned int i, w;

	for (i = 0; i < p->n_cuts; i++) {
		const struct tq_cut *cut = &p->cut[i];
		struct tq_filter *f = cut->filter;
		unsigned long *entry, any = 0;

		if (cut->id != shape_id(&t->shape, cut->dim))
			continue;
		entry = &f->bits[(tq_cut_hash(cut, at) & f->mask) * p->words];
		for (w = 0; w < p->words; w++)
			any |= entry[w];
		f->used += !any;
		untidy |= f->used > f->mask / 2;
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

static struct tq_plan *plan_alloc(unsigned int cuts, unsigned int bits)
{
	struct tq_plan *p = kvzalloc(plan_size(cuts, bits), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	p->n_bits = bits;
	p->words = bits <= TQ_TUPLES_FLAT ? 0 : bits / BITS_PER_LONG;
	p->tuple = (struct tq_tuple **)&p->cut[cuts];
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

static int by_best(const void *a, const void *b)
{
	const struct tq_tuple *x = *(const struct tq_tuple **)a;
	const struct tq_tuple *y = *(const struct tq_tuple **)b;

	return x->best == y->best ? 0 : x->best < y->best ? -1 : 1;
}

static void draft_tuples(struct draft *d, const struct tq_plan *old, struct tq_tuple *more)
{
	unsigned int i;

	for (i = 0; old && i < old->n_bits; i++)
		if (old->tuple[i])
			d->tuple[d->n++] = old->tuple[i];
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

/* Chooses the cuts: those that most tuples have.  -ENOMEM. */
static int draft_cuts(struct draft *d)
{
	u16 (*count)[IDS] = kvcalloc(TQ_CUT_DIMS, sizeof(*count), GFP_KERNEL);
	const unsigned int bits = bits_for(d->n);
	unsigned int i, dim, id;

	d->plan = plan_alloc(bits > TQ_TUPLES_FLAT ? TQ_CUTS_MAX : 0, bits);
	if (!d->plan || !count) {
		kvfree(count);
		return -ENOMEM;
	}
	for (i = 0; i < d->n; i++)
		for (dim = 0; dim < TQ_CUT_DIMS; dim++)
			count[dim][shape_id(&d->tuple[i]->shape, dim)]++;
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
		dim_mask(d->family, cut->dim, cut->id, cut->w, cut->m);
		get_random_bytes(&cut->salt, sizeof(cut->salt));
		d->plan->n_cuts++;
	}
	kvfree(count);
	return 0;
}

static void sketch_one(struct draft *d, struct tq_version *v)
{
	struct tq_tuple *t = v->tuple;
	struct tq_point at;
	unsigned int i;

	tq_point_of(&at, v);
	for (i = 0; i < d->plan->n_cuts; i++) {
		const struct tq_cut *cut = &d->plan->cut[i];

		if (cut->id == shape_id(&t->shape, cut->dim))
			__set_bit(i * SKETCH_BITS + tq_cut_hash(cut, &at) % SKETCH_BITS, d->sketch);
	}
}

static void mark_one(struct draft *d, struct tq_version *v)
{
	struct tq_point at;

	tq_point_of(&at, v);
	plan_mark(d->plan, v->tuple, &at);
}

static void for_each_version(const struct tq_classifier *c, struct draft *d,
			     void (*do_one)(struct draft *d, struct tq_version *v))
{
	const struct tq_lines *l = locked_lines(c);
	u32 i, s, e;

	for (i = 0; i < l->n; i++) {
		for (s = 0; s < TQ_LINE_SLOTS; s++) {
			const unsigned long slot = l->line[i].slot[s];
			struct tq_version *v = tq_slot_first(slot);
			const struct tq_vector *vec = tq_slot_vector(slot);

			if (!v || v->tuple->family != d->family)
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
static int draft_filters(const struct tq_classifier *c, struct draft *d)
{
	struct tq_plan *p = d->plan;
	const unsigned int cuts = p->n_cuts;
	unsigned int i;

	if (!cuts)
		return 0;
	d->sketch = kvcalloc(BITS_TO_LONGS(SKETCH_BITS) * cuts, sizeof(long), GFP_KERNEL);
	if (!d->sketch)
		return -ENOMEM;
	for_each_version(c, d, sketch_one);
	p->n_cuts = 0;
	for (i = 0; i < cuts; i++) {
		const unsigned int used = bitmap_weight(d->sketch + BIT_WORD(i * SKETCH_BITS),
							SKETCH_BITS);
		const u32 size = roundup_pow_of_two(max(4 * used, FILTER_MIN));
		struct tq_cut *cut = &p->cut[p->n_cuts];

		if (used > SKETCH_FULL)
			continue;
		*cut = p->cut[i];
		cut->filter = kvzalloc(struct_size(cut->filter, bits, (size_t)size * p->words),
				       GFP_KERNEL_ACCOUNT);
		if (!cut->filter)
			return -ENOMEM;
		cut->filter->mask = size - 1;
		p->n_cuts++;
	}
	return 0;
}

/* A new plan, with @more as a further tuple. */
static int replan(struct tq_classifier *c, struct tq_shapes *s, u8 family, struct tq_tuple *more)
{
	struct tq_plan *old = locked_plan(c, s);
	struct draft *d = kvzalloc(sizeof(*d), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	/* Not again at the next change. */
	s->changes = 0;
	if (!d)
		return err;
	d->family = family;
	draft_tuples(d, old, more);
	err = draft_cuts(d) ?: draft_filters(c, d);
	if (err)
		goto free;

	sort(d->tuple, d->n, sizeof(d->tuple[0]), by_best, NULL);
	for (i = 0; i < d->n; i++)
		plan_attach(d->plan, d->tuple[i], i);
	if (d->plan->words)
		for_each_version(c, d, mark_one);
	rcu_assign_pointer(s->plan, d->plan);
	s->planned = s->versions;
	s->untidy = false;
	d->plan = NULL;
	if (old)
		call_rcu(&old->rcu, plan_free_cb);
free:
	if (d->plan)
		plan_free(d->plan);
	kvfree(d->sketch);
	kvfree(d);
	return err;
}

/* ---- where to keep a version ---- */

static struct tq_tuple *add_tuple(struct tq_classifier *c, u8 family, const struct tq_shape *shape)
{
	struct tq_shapes *s = &c->shapes[family];
	struct tq_plan *p = locked_plan(c, s);
	struct tq_tuple *t = tuple_new(family, shape);
	unsigned int bit;

	if (!t)
		return ERR_PTR(-ENOMEM);
	for (bit = 0; p && bit < p->n_bits; bit++) {
		if (p->tuple[bit])
			continue;
		s->untidy |= plan_attach(p, t, bit);
		s->tuples++;
		return t;
	}
	if (replan(c, s, family, t)) {
		kfree(t);
		return ERR_PTR(-ENOMEM);
	}
	s->tuples++;
	return t;
}

static u32 crowd(const struct tq_classifier *c, const struct tq_tuple *t, const struct tq_point *at)
{
	const unsigned long *slot = tq_lines_find(locked_lines(c), t, tq_tuple_hash(t, at), at);

	return slot ? tq_slot_count(*slot) : 0;
}

/* The finest tuple that can hold @own and is not crowded; if all are, @least is
 * the one with the smallest crowd.
 */
static struct tq_tuple *finest(const struct tq_classifier *c, const struct tq_plan *p,
			       const struct tq_shape *own, const struct tq_point *at,
			       struct tq_tuple **least)
{
	struct tq_tuple *best = NULL;
	u32 fewest = U32_MAX;
	unsigned int i;

	*least = NULL;
	for (i = 0; i < p->n_bits; i++) {
		struct tq_tuple *t = p->tuple[i];
		u32 n;

		if (!t || !coarser(&t->shape, own))
			continue;
		n = crowd(c, t, at);
		if (n < fewest) {
			fewest = n;
			*least = t;
		}
		if (n < CROWD && (!best || fineness(&t->shape) > fineness(&best->shape)))
			best = t;
	}
	return best;
}

struct tq_tuple *tq_tuple_for(struct tq_classifier *c, const struct tq_version *v,
			      const struct tq_point *at)
{
	const u8 family = v->family == NFPROTO_IPV4 ? TQ_CLS_IPV4 :
			  v->family ? TQ_CLS_IPV6 : TQ_CLS_ANY;
	static const struct tq_shape all;
	struct tq_shapes *s = &c->shapes[family];
	const struct tq_shape own = own_shape(v);
	struct tq_shape shape = coarse_shape(family, &own);
	struct tq_plan *p = locked_plan(c, s);
	struct tq_tuple *t, *least;

	lockdep_assert_held(c->lock);

	/* One is kept for rules that no other tuple can hold. */
	if (!p)
		return add_tuple(c, family, &shape);
	t = find_shape(p, &shape);
	if (t && crowd(c, t, at) < CROWD)
		return t;
	if (!t && s->tuples < TQ_TUPLES_MAX - 1)
		return add_tuple(c, family, &shape);
	t = finest(c, p, &own, at, &least);
	if (t)
		return t;
	if (s->tuples < TQ_TUPLES_MAX - 1) {
		shape = middle_shape(family, &own);
		if (!find_shape(p, &shape))
			return add_tuple(c, family, &shape);
		if (!find_shape(p, &own))
			return add_tuple(c, family, &own);
	}
	return least ?: add_tuple(c, family, &all);
}

void tq_shapes_tidy(struct tq_classifier *c, u8 family)
{
	struct tq_shapes *s = &c->shapes[family];

	/* As many deletions as there are rules left: their bits are in the way. */
	if (s->changes > 2 * s->versions + FILTER_MIN)
		s->untidy = true;
	if (s->untidy && s->changes > s->planned / 2 + FILTER_MIN / 4)
		replan(c, s, family, NULL);
}

void tq_tuple_count(struct tq_classifier *c, struct tq_tuple *t, const struct tq_version *v,
		    const struct tq_point *at)
{
	struct tq_shapes *s = &c->shapes[t->family];
	const unsigned long rank = tq_version_rank(v);

	if (rank < t->best)
		WRITE_ONCE(t->best, rank);
	t->versions++;
	s->versions++;
	s->changes++;
	s->untidy |= plan_mark(locked_plan(c, s), t, at);
}

void tq_tuple_uncount(struct tq_classifier *c, struct tq_tuple *t)
{
	struct tq_shapes *s = &c->shapes[t->family];
	struct tq_plan *p = locked_plan(c, s);

	s->versions--;
	s->changes++;
	if (--t->versions)
		return;
	/* Packets that hold a version of it may still compare v->tuple with a
	 * tuple of theirs, but never follow it.
	 */
	RCU_INIT_POINTER(p->tuple[t->bit], NULL);
	kfree_rcu(t, rcu);
	if (--s->tuples)
		return;
	RCU_INIT_POINTER(s->plan, NULL);
	call_rcu(&p->rcu, plan_free_cb);
	s->planned = 0;
	s->changes = 0;
	s->untidy = false;
}

void tq_shapes_destroy(struct tq_shapes *s)
{
	/* The last reference: nobody else can look. */
	struct tq_plan *p = rcu_dereference_protected(s->plan, true);

	if (p)
		plan_free(p);
}

size_t tq_shapes_memory(const struct tq_classifier *c, const struct tq_shapes *s)
{
	const struct tq_plan *p = locked_plan(c, s);
	size_t size = s->tuples * sizeof(struct tq_tuple);
	unsigned int i;

	if (!p)
		return size;
	size += plan_size(p->words ? TQ_CUTS_MAX : 0, p->n_bits);
	for (i = 0; i < p->n_cuts; i++) {
		const struct tq_filter *f = p->cut[i].filter;

		size += struct_size(f, bits, ((size_t)f->mask + 1) * p->words);
	}
	return size;
}
