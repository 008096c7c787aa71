// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota_kunit.c - suite of quota.c: each Nth exactly, and never more than the rate and
 * the burst allow.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>

#include "fixture.h"
#include "quota.h"

static void free_quota(void *q)
{
	tq_quota_free(q);
}

static struct tq_quota *quota_of(struct kunit *test, u32 sample, u32 rate, u32 burst)
{
	struct tq_quota *q = tq_quota_alloc(sample, rate, burst);

	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_quota, q), 0);
	KUNIT_EXPECT_EQ(test, tq_quota_sample(q), sample);
	KUNIT_EXPECT_EQ(test, tq_quota_rate(q), rate);
	KUNIT_EXPECT_EQ(test, tq_quota_burst(q), rate ? burst : 0);
	tqk_pin(test);
	return q;
}

static void none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tq_quota_sample(NULL), 0);
	KUNIT_EXPECT_EQ(test, tq_quota_rate(NULL), 0);
	KUNIT_EXPECT_EQ(test, tq_quota_burst(NULL), 0);
	tq_quota_free(NULL);
}

static const u32 samples[] = { 1, 2, 3, 7, 100, 1000 };

static void sample_desc(const u32 *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "1 of %u", *n);
}

KUNIT_ARRAY_PARAM(sample, samples, sample_desc);

static void each_nth(struct kunit *test)
{
	const u32 n = *(const u32 *)test->param_value;
	struct tq_quota *q = quota_of(test, n, 0, 0);
	u32 i;

	for (i = 1; i <= 3 * n + 1; i++)
		KUNIT_ASSERT_EQ_MSG(test, tq_quota_take(q), i % n ? TQUEUE_LOSS_SAMPLED_OUT : 0,
				    "packet %u", i);
}

/* So few a second that the time a case takes does not matter. */
static void burst_then_nothing(struct kunit *test)
{
	struct tq_quota *q = quota_of(test, 0, 1, 20);
	const u64 begin = ktime_get_ns();
	u32 i, granted = 0;

	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ_MSG(test, tq_quota_take(q), 0, "packet %u of the burst", i);
	for (i = 0; i < 1000; i++) {
		const unsigned int cause = tq_quota_take(q);

		granted += !cause;
		if (cause)
			KUNIT_ASSERT_EQ(test, cause, TQUEUE_LOSS_RATE_LIMITED);
	}
	KUNIT_EXPECT_LE(test, granted, (ktime_get_ns() - begin) / NSEC_PER_SEC);
}

static const struct limit {
	const char	*desc;
	u32		rate;
	u32		burst;
} limits[] = {
	{ "10 a second, burst 1",		10,		1 },
	{ "1000 a second, burst 10",		1000,		10 },
	{ "1024 a second, burst 1000",		1024,		1000 },
	{ "100000 a second, burst 5",		100000,		5 },
	{ "100000 a second, burst 1000",	100000,		1000 },
	{ "a million a second, burst 7777",	1000000,	7777 },
	{ "as many as can be",			U32_MAX,	U32_MAX },
};

KUNIT_ARRAY_PARAM_DESC(limit, limits, desc);

/* The promise of quota.c: in any time T no more than rate * T + burst, and (slice - 1)
 * for each CPU, which is less than half of the burst; but not less than the burst.
 */
static void within_the_limit(struct kunit *test)
{
	const struct limit *limit = test->param_value;
	struct tq_quota *q = quota_of(test, 0, limit->rate, limit->burst);
	const u64 begin = ktime_get_ns();
	u64 granted = 0, ns;
	u32 i;

	for (i = 0; i < 30000; i++) {
		const unsigned int cause = tq_quota_take(q);

		granted += !cause;
		if (cause)
			KUNIT_ASSERT_EQ(test, cause, TQUEUE_LOSS_RATE_LIMITED);
		if (i + 1 == limit->burst / 2)
			KUNIT_EXPECT_EQ_MSG(test, granted, i + 1, "half of the burst is there");
	}
	ns = ktime_get_ns() - begin;
	KUNIT_EXPECT_LE_MSG(test, granted,
			    mul_u64_u32_div(ns, limit->rate, NSEC_PER_SEC) + 1 + limit->burst +
			    limit->burst / 2, "in %llu ns", ns);
	KUNIT_EXPECT_GE(test, granted, min(limit->burst / 2, 30000U));
}

/* The sample first; what it leaves out takes nothing of the rate. */
static void sample_and_limit(struct kunit *test)
{
	struct tq_quota *q = quota_of(test, 5, 1, 4);
	u32 i, count[TQUEUE_LOSS_SLOTS] = { };
	const u64 begin = ktime_get_ns();

	for (i = 0; i < 100; i++)
		count[tq_quota_take(q)]++;
	KUNIT_EXPECT_EQ(test, count[TQUEUE_LOSS_SAMPLED_OUT], 80);
	KUNIT_EXPECT_EQ(test, count[0] + count[TQUEUE_LOSS_RATE_LIMITED], 20);
	KUNIT_EXPECT_GE(test, count[0], 4);
	KUNIT_EXPECT_LE(test, count[0], 4 + (ktime_get_ns() - begin) / NSEC_PER_SEC);
}

static struct kunit_case quota_cases[] = {
	KUNIT_CASE(none),
	KUNIT_CASE_PARAM(each_nth, sample_gen_params),
	KUNIT_CASE(burst_then_nothing),
	KUNIT_CASE_PARAM(within_the_limit, limit_gen_params),
	KUNIT_CASE(sample_and_limit),
	{ }
};

static struct kunit_suite quota_suite = {
	.name = "tqueue_quota",
	.test_cases = quota_cases,
};
kunit_test_suite(quota_suite);
