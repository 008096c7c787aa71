// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Samples and limits
 *
 * A sample is counted by each CPU for itself: of the packets that it sees it
 * takes the Nth, the 2Nth and so on.  With C CPUs that is up to C records less
 * than the Nth part of all packets, never more.
 *
 * A limit is one budget for all CPUs, for traffic may come by any of them: the
 * time at which all copies that were granted would have been made at the rate,
 * "until".  It may be ahead of the clock by what the burst takes, no more.
 * Each CPU takes a slice of several copies at a time, and spends it by itself:
 *
 *  - the shared word is written once for a slice, about a thousand times a
 *    second (SLICES) at most, however many packets come; when the budget is
 *    spent it is only read;
 *  - up to 1024 copies a second a slice is one copy, and the limit is exact:
 *    in any time T no more than rate * T + burst copies;
 *  - above that a CPU may keep some of its slice for later: at most
 *    (slice - 1) * C copies more than that in the same time, never more than
 *    half of the burst.
 *
 * It costs what tq_quota_memory() says for each rule that has one.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/local_lock.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include "quota.h"

/* Slices a second that the CPUs together may take. */
#define SLICES	1024

/**
 * struct quota_cpu - one CPU's part
 * @lock: with BH off; protects the rest.  Nothing is called under it, so there
 *	is no re-entry
 * @seen: packets since the last one that was in the sample
 * @share: copies of a slice that are left
 */
struct quota_cpu {
	local_lock_t	lock;
	u32		seen;
	u32		share;
};

/**
 * struct tq_quota - sample and limit of a rule
 * @cpu: per CPU, possible ones
 * @sample: take each Nth; 0: all
 * @rate: as it was asked for; 0: no limit
 * @burst: as it was asked for
 * @slice: copies that a CPU takes at once
 * @cost: ns that a slice takes at the rate
 * @ahead: ns that all slices of a burst take
 * @until: what is granted until now ends at this time, CLOCK_MONOTONIC in ns
 */
struct tq_quota {
	struct quota_cpu __percpu *cpu;
	u32			sample;
	u32			rate;
	u32			burst;
	u32			slice;
	u64			cost;
	u64			ahead;
	atomic64_t		until ____cacheline_aligned_in_smp;
};

static void set_rate(struct tq_quota *q, u32 rate, u32 burst)
{
	const u32 most = max(burst / (2 * num_possible_cpus()), 1U);

	q->rate = rate;
	q->burst = burst;
	q->slice = clamp(rate / SLICES, 1U, most);
	/* Rounded against the rule: never more than was asked for. */
	q->cost = div_u64((u64)q->slice * NSEC_PER_SEC + rate - 1, rate);
	q->ahead = q->cost * (burst / q->slice);
}

struct tq_quota *tq_quota_alloc(u32 sample, u32 rate, u32 burst)
{
	struct tq_quota *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	int cpu;

	if (!q)
		return NULL;
	q->cpu = alloc_percpu_gfp(struct quota_cpu, GFP_KERNEL_ACCOUNT);
	if (!q->cpu) {
		kfree(q);
		return NULL;
	}
	for_each_possible_cpu(cpu) {
		struct quota_cpu *c = per_cpu_ptr(q->cpu, cpu);

		local_lock_init(&c->lock);
	}
	q->sample = sample;
	if (rate)
		set_rate(q, rate, burst);
	return q;
}

void tq_quota_free(struct tq_quota *q)
{
	if (!q)
		return;
	free_percpu(q->cpu);
	kfree(q);
}

static bool take_slice(struct tq_quota *q)
{
	const s64 now = ktime_get_ns();
	s64 until = atomic64_read(&q->until), from;

	do {
		from = max(until, now);
		if (from - now + q->cost > q->ahead)
			return false;
	} while (!atomic64_try_cmpxchg(&q->until, &until, from + q->cost));
	return true;
}

static unsigned int take(struct tq_quota *q, struct quota_cpu *c)
{
	if (q->sample) {
		if (++c->seen < q->sample)
			return TQUEUE_LOSS_SAMPLED_OUT;
		c->seen = 0;
	}
	if (q->rate) {
		if (!c->share) {
			if (!take_slice(q))
				return TQUEUE_LOSS_RATE_LIMITED;
			c->share = q->slice;
		}
		c->share--;
	}
	return 0;
}

unsigned int tq_quota_take(struct tq_quota *q)
{
	unsigned int cause;

	local_bh_disable();
	local_lock_nested_bh(&q->cpu->lock);
	cause = take(q, this_cpu_ptr(q->cpu));
	local_unlock_nested_bh(&q->cpu->lock);
	local_bh_enable();
	return cause;
}

u32 tq_quota_sample(const struct tq_quota *q)
{
	return q ? q->sample : 0;
}

u32 tq_quota_rate(const struct tq_quota *q)
{
	return q ? q->rate : 0;
}

u32 tq_quota_burst(const struct tq_quota *q)
{
	return q ? q->burst : 0;
}

size_t tq_quota_memory(void)
{
	return sizeof(struct tq_quota) + num_possible_cpus() * sizeof(struct quota_cpu);
}
