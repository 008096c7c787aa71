// SPDX-License-Identifier: GPL-2.0-only
/*
 * merge_kunit.c - suite of merge.c: several streams of time stamps become one.
 */
#include <kunit/test.h>

#include "fixture.h"
#include "merge.h"

#define STREAMS	24
#define STAMPS	40

/* Streams of increasing stamps, and how far each was taken. */
struct streams {
	u64		stamp[STREAMS][STAMPS];
	u32		n[STREAMS];
	u32		at[STREAMS];
	struct tq_merge	heap[STREAMS];
};

/* Takes all that there is in order; returns how many. */
static u32 take_all(struct kunit *test, struct streams *s, unsigned int n)
{
	u64 last = 0;
	u32 taken = 0;

	tq_merge_begin(s->heap, n);
	while (n) {
		struct tq_merge *top = &s->heap[0];
		const u32 i = top->cpu;

		KUNIT_ASSERT_LT(test, s->at[i], s->n[i]);
		KUNIT_ASSERT_EQ(test, top->stamp, s->stamp[i][s->at[i]]);
		KUNIT_ASSERT_LE_MSG(test, last, top->stamp, "stream %u, number %u", i, s->at[i]);
		last = top->stamp;
		taken++;
		top->avail = s->n[i] - ++s->at[i];
		if (top->avail)
			top->stamp = s->stamp[i][s->at[i]];
		n = tq_merge_next(s->heap, n);
		KUNIT_ASSERT_LE(test, n, STREAMS);
	}
	return taken;
}

static struct streams *streams_of(struct kunit *test)
{
	struct streams *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	return s;
}

/* Streams that have nothing are not in the heap, as in a read. */
static unsigned int begin(struct streams *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < STREAMS; i++) {
		s->at[i] = 0;
		if (!s->n[i])
			continue;
		s->heap[n].cpu = i;
		s->heap[n].avail = s->n[i];
		s->heap[n++].stamp = s->stamp[i][0];
	}
	return n;
}

static void random_streams(struct kunit *test)
{
	struct streams *s = streams_of(test);
	struct rnd_state rnd;
	unsigned int round;

	tqk_rnd(test, &rnd, TQK_SEED(test));
	for (round = 0; round < 100; round++) {
		/* Few different stamps: many are equal. */
		const u32 step = 1 + tqk_below(&rnd, 50);
		const u32 streams = 1 + tqk_below(&rnd, STREAMS);
		u32 i, k, sum = 0;

		for (i = 0; i < STREAMS; i++) {
			u64 stamp = tqk_below(&rnd, 100);

			s->n[i] = i < streams ? tqk_below(&rnd, STAMPS + 1) : 0;
			sum += s->n[i];
			for (k = 0; k < s->n[i]; k++) {
				stamp += tqk_below(&rnd, step);
				s->stamp[i][k] = stamp;
			}
		}
		KUNIT_ASSERT_EQ_MSG(test, take_all(test, s, begin(s)), sum, "round %u", round);
	}
}

/* 64 bits of time: the upper half decides, too. */
static void large_stamps(struct kunit *test)
{
	struct streams *s = streams_of(test);
	const u64 stamp[] = { 1ULL << 63, 1ULL << 32, U32_MAX, 1ULL << 62, U64_MAX, 0, 1ULL << 33 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stamp); i++) {
		s->n[i] = 1;
		s->stamp[i][0] = stamp[i];
	}
	KUNIT_EXPECT_EQ(test, take_all(test, s, begin(s)), ARRAY_SIZE(stamp));
}

static void one_stream(struct kunit *test)
{
	struct streams *s = streams_of(test);
	u32 k;

	for (k = 0; k < STAMPS; k++)
		s->stamp[0][k] = k;
	s->n[0] = STAMPS;
	KUNIT_EXPECT_EQ(test, take_all(test, s, begin(s)), STAMPS);
	/* And none. */
	tq_merge_begin(s->heap, 0);
}

TQK_SEED_PARAMS;

static struct kunit_case merge_cases[] = {
	KUNIT_CASE_PARAM(random_streams, tqk_seed_gen_params),
	KUNIT_CASE(large_stamps),
	KUNIT_CASE(one_stream),
	{ }
};

static struct kunit_suite merge_suite = {
	.name = "tqueue_merge",
	.test_cases = merge_cases,
};
kunit_test_suite(merge_suite);
