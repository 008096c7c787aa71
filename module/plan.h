/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - which tuples of a family can hold a match for a packet.
 */
#ifndef _TQ_PLAN_H
#define _TQ_PLAN_H

#include "tuples.h"

#define TQ_PLAN_WORDS	(TQ_TUPLES_MAX / BITS_PER_LONG)
/* So few are asked one by one. */
#define TQ_TUPLES_FLAT	8
#define TQ_CUTS_MAX	24

/**
 * struct tq_filter - for each prefix of one length the tuples that have a rule
 *	with it, or with one that has the same hash
 * @mask: number of entries - 1
 * @used: entries with any bit
 * @bits: tq_plan.words for each entry
 */
struct tq_filter {
	struct rcu_head		rcu;
	u32			mask;
	u32			used;
	unsigned long		bits[];
};

/**
 * struct tq_cut - one length in one dimension
 * @m: of the two words of the point that it looks at
 * @salt: of the hash
 * @filter: of all tuples with this length
 * @w: the two words
 * @dim: TQ_CUT_*
 * @id: the length, as tq_shape_id() has it
 */
struct tq_cut {
	u64			m[2];
	u64			salt;
	struct tq_filter	*filter;
	u8			w[2];
	u8			dim;
	u16			id;
};

/**
 * struct tq_plan - the tuples of a family and how to choose among them
 * @size: bytes of it and the filters
 * @n_bits: length of @tuple
 * @words: of the sets of tuples; 0: there are so few that all are asked
 * @n_cuts: length of @cut
 * @any: by dimension: the tuples that no cut there knows of
 * @tuple: or NULL; by best rank at the time the plan was made, then by age
 */
struct tq_plan {
	struct rcu_head		rcu;
	size_t			size;
	u16			n_bits;
	u8			words;
	u8			n_cuts;
	unsigned long		any[TQ_CUT_DIMS][TQ_PLAN_WORDS];
	struct tq_tuple __rcu	**tuple;
	struct tq_cut		cut[];
};

static inline u32 tq_cut_hash(const struct tq_cut *cut, const struct tq_point *p)
{
	return tq_mum((p->w[cut->w[0]] & cut->m[0]) ^ cut->salt,
		      (p->w[cut->w[1]] & cut->m[1]) ^ rol64(cut->salt, 32));
}

/* The tuples of @p that may hold a version whose key @at has, as a set of
 * p->words words.
 */
static inline void tq_plan_choose(const struct tq_plan *p, const struct tq_point *at,
				  unsigned long *set)
{
	unsigned long bits[TQ_CUT_DIMS][TQ_PLAN_WORDS] __uninitialized;
	const unsigned int words = p->words;
	unsigned int i, d, w;

	for (d = 0; d < TQ_CUT_DIMS; d++)
		for (w = 0; w < words; w++)
			bits[d][w] = READ_ONCE(p->any[d][w]);
	for (i = 0; i < p->n_cuts; i++) {
		const struct tq_cut *cut = &p->cut[i];
		const struct tq_filter *f = cut->filter;
		const unsigned long *entry =
			&f->bits[(tq_cut_hash(cut, at) & f->mask) * words];

		for (w = 0; w < words; w++)
			bits[cut->dim][w] |= READ_ONCE(entry[w]);
	}
	for (w = 0; w < words; w++)
		set[w] = bits[TQ_CUT_SRC][w] & bits[TQ_CUT_DST][w] &
			 bits[TQ_CUT_DPORT][w] & bits[TQ_CUT_SPORT][w];
}

static inline struct tq_plan *tq_plan_locked(const struct tq_classifier *c, u8 family)
{
	return rcu_dereference_protected(c->shapes[family].plan, lockdep_is_held(c->lock));
}

static inline struct tq_tuple *tq_plan_tuple(const struct tq_classifier *c,
					     const struct tq_plan *p, unsigned int bit)
{
	return rcu_dereference_protected(p->tuple[bit], lockdep_is_held(c->lock));
}

/* All under the lock of the classifier. */

/* Takes in @t, which has no version yet.  -ENOMEM, -EDQUOT: it is not in the plan. */
int tq_plan_add(struct tq_classifier *c, struct tq_tuple *t);
/* Lets packets find what is at @at in @t. */
void tq_plan_mark(struct tq_classifier *c, const struct tq_tuple *t, const struct tq_point *at);
/* Forgets @t, which has no version any more. */
void tq_plan_del(struct tq_classifier *c, struct tq_tuple *t);
/* Makes a better plan if it is worth the while.  Every version that is counted
 * is linked.
 */
void tq_plan_tidy(struct tq_classifier *c, u8 family);

void tq_plan_destroy(struct tq_shapes *s);

#endif /* _TQ_PLAN_H */
