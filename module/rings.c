// SPDX-License-Identifier: GPL-2.0-only
/*
 * rings.c - the rings of a queue: made, replaced, counted.
 */

/**
 * DOC: Change of the ring size
 *
 * Each CPU gets a new ring, and its old one stays until it is read empty:
 *
 *	1. Claim: tq_queue.old_rings becomes nonzero.  Another change, or a
 *	   mapping, is refused while it is.
 *	2. New rings are allocated.  This may fail; nothing has happened yet.
 *	3. For each CPU: "old" is set, then "ring" is replaced.  From now on new
 *	   records go into the new ring, but a producer that is at work may still
 *	   commit to the old one.
 *	4. A grace period, then the old rings are sealed: nothing will come any
 *	   more.  Only now a consumer that finds an old ring empty may go on to
 *	   the new one, or the order of records would be lost.  Whoever waits for
 *	   that is woken.
 *	5. The consumer that finds an old ring sealed and empty takes it away.
 *	   With the last one the claim ends.
 *
 * What must outlive a ring (numbers, losses, counters) is in struct tq_queue_cpu.
 *
 * The consumer loads "ring", then "old" (L): if it sees the new ring it sees the
 * old one too (K, in rcu_assign_pointer()), and so never reads the new one first.
 *
 *	resize				consumer
 *
 *	old = the ring			load ring
 *	store ring, release	(K)	read barrier	(L)
 *					load old
 *
 * Only the consumer takes "old" away, so what it has found stays while it holds
 * tq_queue.consumer.  Others look under RCU.
 *
 * A log has no old rings: what is kept moves into the new ones (move.c).
 */
#include <linux/cpu.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "account.h"
#include "map.h"
#include "move.h"
#include "net.h"
#include "queue.h"
#include "ring.h"

/* A new @ring goes on with what @c has lost, and may still be losing: words, for a copy
 * of bytes might show one that was half written.
 */
void tq_queue_lost_before(struct tq_ring *ring, const struct tq_queue_cpu *c)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(ring->prod->lost); i++)
		ring->prod->lost[i] = READ_ONCE(c->stats.lost[i]);
}

/* A ring for a CPU that has none.  Nobody produces there yet: either the CPU is
 * not up or the queue has no name.  The memory is charged to nobody if a CPU
 * comes up late: the task is then the hotplug thread.
 */
int tq_queue_add_ring(struct tq_queue *q, int cpu)
{
	struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
	struct tq_ring *ring;

	if (rcu_access_pointer(c->ring))
		return 0;
	/* It may become part of a mapping here and now. */
	mutex_lock(&q->map_lock);
	ring = tq_map_ring_new(q, cpu);
	if (!IS_ERR(ring)) {
		tq_queue_lost_before(ring, c);
		rcu_assign_pointer(c->ring, ring);
	} else {
		WRITE_ONCE(c->absent, TQUEUE_LOSS_NO_MEMORY);
	}
	mutex_unlock(&q->map_lock);
	return PTR_ERR_OR_ZERO(ring);
}

void tq_queue_free_rings(struct tq_queue *q)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);

		tq_ring_free(rcu_dereference_protected(c->ring, 1));
		tq_ring_free(rcu_dereference_protected(c->old, 1));
	}
}

/* Consumer's side. */

struct tq_ring *tq_queue_ring(struct tq_queue *q, struct tq_queue_cpu *c)
{
	struct tq_ring *ring, *old;

	ring = rcu_dereference_check(c->ring, lockdep_is_held(&q->consumer));
	smp_rmb();							/* L, with K */
	old = rcu_dereference_check(c->old, lockdep_is_held(&q->consumer));
	if (likely(!old))
		return ring;
	if (!tq_ring_drained(old))
		return old;
	RCU_INIT_POINTER(c->old, NULL);
	tq_ring_free_rcu(old, tq_queue_wq);
	atomic_dec_return_release(&q->old_rings);
	return ring;
}

/* Nobody may read for a long time: takes the old rings away that are empty. */
static void drop_drained(struct tq_queue *q)
{
	int cpu;

	/* Who holds it does the same, or the next one after. */
	if (!atomic_read(&q->old_rings) || !mutex_trylock(&q->consumer))
		return;
	for_each_possible_cpu(cpu)
		tq_queue_ring(q, per_cpu_ptr(q->cpu, cpu));
	mutex_unlock(&q->consumer);
}

static bool cpu_readable(const struct tq_queue_cpu *c)
{
	struct tq_ring *ring, *old;

	ring = rcu_dereference(c->ring);
	smp_rmb();							/* L, with K */
	old = rcu_dereference(c->old);
	if (unlikely(old)) {
		const bool sealed = smp_load_acquire(&old->sealed);	/* J, with I */

		if (tq_ring_pending(old))
			return true;
		if (!sealed)
			return false;
	}
	return ring && tq_ring_pending(ring);
}

bool tq_queue_readable(struct tq_queue *q)
{
	bool any = false;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		any = cpu_readable(per_cpu_ptr(q->cpu, cpu));
		if (any)
			break;
	}
	rcu_read_unlock();
	return any;
}

/* Change of the size. */

static void free_all(struct tq_ring **rings)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tq_ring_free(rings[cpu]);
	kvfree(rings);
}

/* For each CPU that has a ring or is up; a second call adds what is missing. */
static int new_rings(const struct tq_queue *q, u32 size, struct tq_ring **rings)
{
	struct tq_ring *ring;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (rings[cpu])
			continue;
		if (!cpu_online(cpu) && !rcu_access_pointer(per_cpu_ptr(q->cpu, cpu)->ring))
			continue;
		ring = tq_ring_new(size, cpu, NULL, q->account);
		if (IS_ERR(ring))
			return PTR_ERR(ring);
		rings[cpu] = ring;
	}
	return 0;
}

/* Step 3: see the DOC. */
static void replace_rings(struct tq_queue *q, u32 size, struct tq_ring **rings)
{
	int cpu;

	WRITE_ONCE(q->ring_size, size);
	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
		struct tq_ring *old = rcu_dereference_protected(c->ring, 1);

		if (!rings[cpu])
			continue;
		if (old) {
			atomic_inc(&q->old_rings);
			rcu_assign_pointer(c->old, old);
		}
		tq_queue_lost_before(rings[cpu], c);
		rcu_assign_pointer(c->ring, rings[cpu]);		/* K, with L */
		rings[cpu] = NULL;
	}
}

/* Steps 4 and 5. */
static void seal_old_rings(struct tq_queue *q)
{
	int cpu;

	synchronize_rcu_expedited();
	for_each_possible_cpu(cpu) {
		/* Nobody takes it away before it is sealed. */
		struct tq_ring *old = rcu_dereference_protected(per_cpu_ptr(q->cpu, cpu)->old, 1);

		if (old)
			tq_ring_seal(old);
	}
	atomic_dec_return_release(&q->old_rings);	/* the claim's own */
	smp_mb();							/* E, with F */
	if (tq_queue_readable(q))
		tq_queue_wake(q);
	drop_drained(q);
	tq_queue_made_room(q);
}

static int claim(struct tq_queue *q, struct netlink_ext_ack *extack)
{
	int err = -EBUSY;

	drop_drained(q);
	mutex_lock(&q->map_lock);
	if (q->maps)
		NL_SET_ERR_MSG(extack, "a consumer has the queue mapped");
	else if (atomic_cmpxchg(&q->old_rings, 0, 1))
		NL_SET_ERR_MSG(extack, "the rings of before the last change are not read empty yet");
	else
		err = 0;
	mutex_unlock(&q->map_lock);
	return err;
}

/* Nothing can fail once the first ring was replaced. */
static int resize_stream(struct tq_queue *q, u32 size, struct tq_ring **rings)
{
	int err;

	tq_queues_hold();
	/* CPUs may have come up meanwhile. */
	err = new_rings(q, size, rings);
	if (!err)
		replace_rings(q, size, rings);
	tq_queues_release();
	if (!err)
		seal_old_rings(q);
	return err;
}

/* The same, but this may take long: other queues need not wait for it. */
static int resize_log(struct tq_queue *q, u32 size, struct tq_ring **rings)
{
	int cpu, err;

	cpus_read_lock();
	err = new_rings(q, size, rings);
	for_each_possible_cpu(cpu) {
		if (err || !rings[cpu])
			continue;
		tq_move(q, cpu, rings[cpu]);
		rings[cpu] = NULL;
	}
	/* No CPU comes up now, so this is before the next ring is made. */
	if (!err)
		WRITE_ONCE(q->ring_size, size);
	cpus_read_unlock();
	return err;
}

int tq_queue_resize(struct tq_queue *q, u32 size, struct netlink_ext_ack *extack)
{
	const bool log = q->mode == TQUEUE_MODE_LOG;
	struct tq_ring **rings;
	int err;

	lockdep_assert_held(&q->tn->lock);
	err = log ? 0 : claim(q, extack);
	if (err)
		return err;
	rings = kvcalloc(nr_cpu_ids, sizeof(*rings), GFP_KERNEL_ACCOUNT);
	err = rings && tq_queue_fits(size) ? new_rings(q, size, rings) : -ENOMEM;
	if (!err)
		err = log ? resize_log(q, size, rings) : resize_stream(q, size, rings);
	if (err && !log)
		atomic_dec(&q->old_rings);
	if (rings)
		free_all(rings);
	if (err == -EDQUOT)
		NL_SET_ERR_MSG(extack, TQ_OVER_MEMORY);
	else if (err)
		NL_SET_ERR_MSG(extack, "not enough memory for the rings");
	return err;
}

/* Counters. */

static u32 pending_of(const struct tq_ring *ring)
{
	return ring ? tq_ring_pending(ring) : 0;
}

bool tq_queue_cpu_stats(const struct tq_queue *q, int cpu, struct tq_queue_stats *stats,
			u32 *pending)
{
	const struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
	const struct tq_ring *ring;
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&c->syncp);
		stats->records = READ_ONCE(c->stats.records);
		stats->bytes = READ_ONCE(c->stats.bytes);
		stats->overwritten = READ_ONCE(c->stats.overwritten);
		for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
			stats->lost[i] = READ_ONCE(c->stats.lost[i]);
	} while (u64_stats_fetch_retry(&c->syncp, start));
	stats->lost[TQUEUE_LOSS_NESTED] = atomic64_read(&c->nested);
	stats->lost[TQUEUE_LOSS_FLUSHED] = READ_ONCE(c->flushed_records);

	rcu_read_lock();
	ring = rcu_dereference(c->ring);
	*pending = pending_of(ring) + pending_of(rcu_dereference(c->old));
	rcu_read_unlock();
	return ring;
}

void tq_queue_stats(const struct tq_queue *q, struct tq_queue_stats *sum)
{
	struct tq_queue_stats one;
	u32 pending;
	int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		tq_queue_cpu_stats(q, cpu, &one, &pending);
		sum->records += one.records;
		sum->bytes += one.bytes;
		sum->overwritten += one.overwritten;
		for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
			sum->lost[i] += one.lost[i];
	}
}

u32 tq_queue_rings(const struct tq_queue *q, u64 *memory)
{
	u32 n = 0;
	int cpu;

	*memory = 0;
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
		const struct tq_ring *ring = rcu_dereference(c->ring);
		const struct tq_ring *old = rcu_dereference(c->old);

		n += !!ring;
		*memory += ring ? tq_ring_memory(ring->size) : 0;
		*memory += old ? tq_ring_memory(old->size) : 0;
	}
	rcu_read_unlock();
	return n;
}
