/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fixture.h - what the suites share: numbers by a seed, and objects of the module
 * that no namespace knows of.
 */
#ifndef _TQK_FIXTURE_H
#define _TQK_FIXTURE_H

#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct tq_account;
struct tq_net;
struct tq_queue;

/* The seed of this run; parameter "seed" of the module. */
extern u32 tqk_seed;

/* Random numbers for @test.  @seed 0: the run's.  The log says which it is. */
void tqk_rnd(struct kunit *test, struct rnd_state *rnd, u32 seed);
/* Below @n, which is not 0. */
u32 tqk_below(struct rnd_state *rnd, u32 n);
static inline bool tqk_one_in(struct rnd_state *rnd, u32 n)
{
	return !tqk_below(rnd, n);
}

/* Parameters of cases that draw: some seeds that are always the same, and 0. */
static const u32 tqk_seeds[] = { 1, 2, 3, 0 };

static inline void tqk_seed_desc(const u32 *seed, char *desc)
{
	if (*seed)
		snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
	else
		strscpy(desc, "the run's seed", KUNIT_PARAM_DESC_SIZE);
}

#define TQK_SEED_PARAMS	KUNIT_ARRAY_PARAM(tqk_seed, tqk_seeds, tqk_seed_desc)
#define TQK_SEED(test)	(*(const u32 *)(test)->param_value)

/* This case stays on its CPU; returns which. */
int tqk_pin(struct kunit *test);

/* Given back when the case ends, when nothing may be counted in it any more. */
struct tq_account *tqk_account(struct kunit *test);
/* A namespace without a name for anybody else, and queues in it. */
struct tq_net *tqk_net(struct kunit *test);
struct tq_queue *tqk_queue(struct kunit *test, struct tq_net *tn, const char *name, u32 mode,
			   u32 ring_size);

/**
 * struct tqk_packet - bytes and how they lie in an skb
 * @bytes: from the MAC header on, or from the network header if @mac is 0
 * @len: how many
 * @mac: of them, before the network header, and pulled
 * @linear: of all of them, in the head; the rest is in pages
 * @frags: in how many
 * @list: the last half of what is paged is in an skb of the frag_list
 */
struct tqk_packet {
	const u8	*bytes;
	u32		len;
	u32		mac;
	u32		linear;
	u32		frags;
	bool		list;
};

/* Freed when the case ends, or before by kunit_release_action() of tqk_free_skb(). */
struct sk_buff *tqk_skb(struct kunit *test, const struct tqk_packet *p);
void tqk_free_skb(void *skb);

/* The Internet checksum's sum, without mercy for speed; folded, not inverted. */
u16 tqk_sum(const void *bytes, size_t len);

#endif /* _TQK_FIXTURE_H */
