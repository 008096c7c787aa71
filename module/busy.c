// SPDX-License-Identifier: GPL-2.0-only
/*
 * busy.c - counters of rules that many packets hit.
 *
 * A rule counts in the line that packets compare anyway, by atomic additions; its
 * copies in the line of its handle, which goes into each record.
 * That is cheap until several CPUs hit the same rule all the time and take these
 * lines from each other; but counters for each CPU would be too much for a
 * million rules of which few are ever hit.  So a rule gets them when it is
 * found to be busy, and keeps them.
 *
 * Of so many packets as are allowed in a second, rounded down to a power of two,
 * the last looks how long they took, and if that was not longer than allowed,
 * notes the rule's handle in the table.  When that was is on another line, so
 * only one packet of TQ_BUSY_LOOK comes here at all: of a million rules that
 * are hit now and then, none does.  A work item takes it from there, under the
 * table's lock: no memory is allocated, and no lock taken, for a packet.  If all
 * places are taken, the next time will do.
 *
 * What was counted before stays where it is; the counters of a rule are the sum
 * of all places.  Packets that have not seen the flag yet go on counting there.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/math64.h>

#include "busy.h"
#include "param.h"
#include "table.h"
#include "txn.h"

/* Only so many of a table. */
#define RULES_MAX	4096

void tq_busy_look(struct tq_table *t, const struct tq_version *home, u64 packets)
{
	struct tq_rule *rule = tq_version_rule(home);
	const u32 rate = READ_ONCE(tq_params.busy_rate), now = jiffies;
	u32 window, since;
	unsigned int i;

	/* Half of a counter might be read where they are two words. */
	if (!rate || !IS_ENABLED(CONFIG_64BIT))
		return;
	window = max_t(u32, rounddown_pow_of_two(rate), TQ_BUSY_LOOK);
	if (packets & (window - 1))
		return;
	since = READ_ONCE(rule->first.since);
	WRITE_ONCE(rule->first.since, now);
	/* The first time there is nothing to compare with. */
	if (packets == window || (u32)(now - since) > div_u64((u64)window * HZ, rate))
		return;
	for (i = 0; i < TQ_BUSY_NOTED; i++) {
		const u64 was = atomic64_cmpxchg(&t->busy.noted[i], 0, rule->handle);

		if (was == rule->handle)
			return;
		if (!was)
			break;
	}
	/* A table that is found by a packet may have no reference any more. */
	if (i == TQ_BUSY_NOTED || !refcount_inc_not_zero(&t->refs))
		return;
	if (!queue_work(tq_wq, &t->busy.work))
		tq_table_put(t);
}

static void set_busy(struct tq_version *v)
{
	/* (Q) who sees the flag finds the counters; pairs with tq_busy_count(). */
	if (v)
		smp_store_release(&v->flags, v->flags | TQ_V_BUSY);
}

static void promote(struct tq_table *t, struct tq_rule *rule)
{
	struct tq_counters __percpu *busy;

	lockdep_assert_held(&t->lock);
	if (t->busy.rules >= RULES_MAX || (rule->extra && rule->extra->busy) ||
	    tq_table_make_extra(t, rule))
		return;
	/* At the limit it goes on as before. */
	if (tq_table_charge(t, tq_busy_memory()))
		return;
	busy = alloc_percpu_gfp(struct tq_counters, GFP_KERNEL_ACCOUNT);
	if (!busy) {
		tq_table_uncharge(t, tq_busy_memory());
		return;
	}
	/* (P) they are cleared; pairs with tq_rule_counters(). */
	smp_store_release(&rule->extra->busy, busy);
	t->busy.rules++;
	set_busy(rule->current_ver);
	set_busy(tq_rule_pending(rule));
}

static void busy_work(struct work_struct *work)
{
	struct tq_table *t = container_of(work, struct tq_table, busy.work);
	unsigned int i;

	mutex_lock(&t->lock);
	for (i = 0; i < TQ_BUSY_NOTED; i++) {
		const u64 handle = atomic64_xchg(&t->busy.noted[i], 0);
		struct tq_rule *rule = handle ? tq_table_rule(t, handle) : NULL;

		if (rule)
			promote(t, rule);
	}
	mutex_unlock(&t->lock);
	tq_table_put(t);
}

void tq_rule_counters(const struct tq_rule *rule, struct tq_counters *sum)
{
	/* (P) pairs with rule.c:tq_rule_make_extra() and promote(). */
	const struct tq_extra *extra = smp_load_acquire(&rule->extra);
	const struct tq_counters __percpu *busy = extra ? smp_load_acquire(&extra->busy) : NULL;
	const struct tq_version *home = rule->first.v;
	int cpu;

	sum->packets = atomic64_read(&home->packets);
	sum->bytes = atomic64_read(&home->bytes);
	sum->copies = atomic64_read(&rule->copies);
	sum->last_hit = READ_ONCE(home->last_hit);
	if (!busy)
		return;
	for_each_possible_cpu(cpu) {
		const struct tq_counters *c = per_cpu_ptr(busy, cpu);

		sum->packets += READ_ONCE(c->packets);
		sum->bytes += READ_ONCE(c->bytes);
		sum->copies += READ_ONCE(c->copies);
		sum->last_hit = max(sum->last_hit, READ_ONCE(c->last_hit));
	}
}

size_t tq_busy_memory(void)
{
	return num_possible_cpus() * sizeof(struct tq_counters);
}

void tq_busy_init(struct tq_busy *b)
{
	INIT_WORK(&b->work, busy_work);
}
