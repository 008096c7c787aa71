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
 * @used: entries with any bit
 * @bits: tq_plan.words for each entry
 */
struct tq_filter {
	u32			used;
	unsigned long		bits[];
};

/**
 * struct tq_cut - one length in one dimension
 * @m: of the two words of the point that it looks at
 * @salt: of the hash
 * @filter: of all tuples with this length
 * @mask: number of its entries - 1
 * @id: the length, as tq_shape_id() has it
 * @dim: TQ_CUT_*
 */
struct tq_cut {
	u64			m[2];
	u64			salt;
	struct tq_filter	*filter;
	u32			mask;
	u16			id;
	u8			dim;
};

/**
 * struct tq_plan - the tuples of a family and how to choose among them
 * @size: bytes of it and the filters
 * @n_bits: length of @tuple
 * @words: of the sets of tuples: 64, 128 or 256 bits; 0: there are so few that all are
 *	asked
 * @n_cuts: length of @cut
 * @w: by dimension: the two words of a point that its cuts look at
 * @end: by dimension: where its cuts end
 * @any: by dimension: the tuples that no cut there knows of
 * @tuple: or NULL; by best rank at the time the plan was made, then by age
 * @cut: by dimension
 */
struct tq_plan {
	struct rcu_head		rcu;
	size_t			size;
	u16			n_bits;
	u8			words;
	u8			n_cuts;
	u8			w[TQ_CUT_DIMS][2];
	u8			end[TQ_CUT_DIMS];
	unsigned long		any[TQ_CUT_DIMS][TQ_PLAN_WORDS];
	struct tq_tuple __rcu	**tuple;
	struct tq_cut		cut[];
};

/* @a, @b: the two words of the point that @cut looks at. */
static inline u32 tq_cut_hash(const struct tq_cut *cut, u64 a, u64 b)
{
	return tq_mum((a & cut->m[0]) ^ cut->salt, (b & cut->m[1]) ^ rol64(cut->salt, 32));
}

/* With @words known to the compiler, the sets are in registers. */
static __always_inline void tq_plan_choose_words(const struct tq_plan *p, const struct tq_point *at,
						 unsigned long *set, const unsigned int words)
{
	const struct tq_cut *cut = p->cut;
	unsigned int d, w;

	for (w = 0; w < words; w++)
		set[w] = ~0UL;
	for (d = 0; d < TQ_CUT_DIMS; d++) {
		const struct tq_cut *end = p->cut + p->end[d];
		const u64 a = at->w[p->w[d][0]], b = at->w[p->w[d][1]];
		unsigned long bits[TQ_PLAN_WORDS] __uninitialized;

		for (w = 0; w < words; w++)
			bits[w] = READ_ONCE(p->any[d][w]);
		for (; cut < end; cut++) {
			const unsigned long *entry =
				&cut->filter->bits[(tq_cut_hash(cut, a, b) & cut->mask) * words];

			for (w = 0; w < words; w++)
				bits[w] |= READ_ONCE(entry[w]);
		}
		for (w = 0; w < words; w++)
			set[w] &= bits[w];
	}
}

/* The tuples of @p that may hold a version whose key @at has, as a set of
 * p->words words.
 */
static inline void tq_plan_choose(const struct tq_plan *p, const struct tq_point *at,
				  unsigned long *set)
{
	if (p->words == 64 / BITS_PER_LONG)
		tq_plan_choose_words(p, at, set, 64 / BITS_PER_LONG);
	else if (p->words == 128 / BITS_PER_LONG)
		tq_plan_choose_words(p, at, set, 128 / BITS_PER_LONG);
	else
		tq_plan_choose_words(p, at, set, TQ_PLAN_WORDS);
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
