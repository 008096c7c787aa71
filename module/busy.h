/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * busy.h - counters of rules that many packets hit.
 */
#ifndef _TQ_BUSY_H
#define _TQ_BUSY_H

#include <linux/atomic.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "rule.h"

struct tq_table;

#define TQ_BUSY_NOTED	4
#define TQ_BUSY_LOOK	64	/* a power of two */

/**
 * struct tq_busy - in a table: its busy rules
 * @noted: handles of rules that have become busy; 0: none
 * @rules: number of those with counters of their own for each CPU; under
 *	tq_table.lock
 * @work: gives these to those that are noted
 */
struct tq_busy {
	atomic64_t		noted[TQ_BUSY_NOTED];
	u32			rules;
	struct work_struct	work;
};

/**
 * struct tq_counters - of one rule and CPU
 * @copies: that were asked for
 * @last_hit: seconds since the epoch
 */
struct tq_counters {
	u64			packets;
	u64			bytes;
	u64			copies;
	u32			last_hit;
};

/* Counts a packet of @len bytes at second @now of a rule one of whose versions
 * has TQ_V_BUSY.  Packet path.
 */
static inline void tq_busy_count(const struct tq_rule *rule, u32 len, u32 now)
{
	struct tq_counters __percpu *c;

	/* (Q) pairs with the release in busy.c:set_busy(). */
	smp_rmb();
	c = rule->extra->busy;
	/* Each by itself is whole on every CPU and in every context. */
	this_cpu_inc(c->packets);
	this_cpu_add(c->bytes, len);
	if (this_cpu_read(c->last_hit) != now)
		this_cpu_write(c->last_hit, now);
}

/* The same for @n copies of it. */
static inline void tq_busy_count_copies(const struct tq_rule *rule, u32 n)
{
	smp_rmb();							/* Q */
	this_cpu_add(rule->extra->busy->copies, n);
}

/* To be called for each packet that makes the counter of a rule of @t a multiple of
 * TQ_BUSY_LOOK: @packets; @home has it.  Packet path.
 */
void tq_busy_look(struct tq_table *t, const struct tq_version *home, u64 packets);

/* What @rule has counted, on all CPUs. */
void tq_rule_counters(const struct tq_rule *rule, struct tq_counters *sum);

/* Bytes of the counters of one rule. */
size_t tq_busy_memory(void);

void tq_busy_init(struct tq_busy *b);

#endif /* _TQ_BUSY_H */
