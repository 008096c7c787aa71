// SPDX-License-Identifier: GPL-2.0-only
/*
 * tuples.c - under which shape a rule is kept.
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
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "lines.h"
#include "plan.h"
#include "tuples.h"

/* Versions in a slot from which on a rule is sent elsewhere. */
#define CROWD		16

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

unsigned int tq_shape_id(const struct tq_shape *s, unsigned int dim)
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

void tq_cut_mask(u8 family, unsigned int dim, unsigned int id, u8 w[2], u64 m[2])
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

		tq_cut_mask(family, dim, tq_shape_id(shape, dim), w, m);
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

static struct tq_tuple *find_shape(const struct tq_classifier *c, const struct tq_plan *p,
				   const struct tq_shape *shape)
{
	unsigned int i;

	for (i = 0; i < p->n_bits; i++) {
		struct tq_tuple *t = tq_plan_tuple(c, p, i);

		if (t && !memcmp(&t->shape, shape, sizeof(*shape)))
			return t;
	}
	return NULL;
}

/* ---- where to keep a version ---- */

static struct tq_tuple *add_tuple(struct tq_classifier *c, u8 family, const struct tq_shape *shape)
{
	struct tq_tuple *t;
	int err = tq_classifier_charge(c, sizeof(*t));

	if (err)
		return ERR_PTR(err);
	t = tuple_new(family, shape);
	err = t ? tq_plan_add(c, t) : -ENOMEM;
	if (!err)
		return t;
	kfree(t);
	tq_classifier_uncharge(c, sizeof(*t));
	return ERR_PTR(err);
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
		struct tq_tuple *t = tq_plan_tuple(c, p, i);
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
	struct tq_plan *p = tq_plan_locked(c, family);
	struct tq_tuple *t, *least;

	lockdep_assert_held(c->lock);

	/* One is kept for rules that no other tuple can hold. */
	if (!p)
		return add_tuple(c, family, &shape);
	t = find_shape(c, p, &shape);
	if (t && crowd(c, t, at) < CROWD)
		return t;
	if (!t && s->tuples < TQ_TUPLES_MAX - 1)
		return add_tuple(c, family, &shape);
	t = finest(c, p, &own, at, &least);
	if (t)
		return t;
	if (s->tuples < TQ_TUPLES_MAX - 1) {
		shape = middle_shape(family, &own);
		if (!find_shape(c, p, &shape))
			return add_tuple(c, family, &shape);
		if (!find_shape(c, p, &own))
			return add_tuple(c, family, &own);
	}
	return least ?: add_tuple(c, family, &all);
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
	tq_plan_mark(c, t, at);
}

void tq_tuple_uncount(struct tq_classifier *c, struct tq_tuple *t)
{
	struct tq_shapes *s = &c->shapes[t->family];

	s->versions--;
	s->changes++;
	if (--t->versions)
		return;
	tq_plan_del(c, t);
	tq_classifier_uncharge(c, sizeof(*t));
	/* Packets that hold a version of it may still compare its tuple with a
	 * tuple of theirs, but never follow it.
	 */
	kfree_rcu(t, rcu);
}
