// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - names, rings and lives of queues, and what puts records in.
 *
 * Taking records out is chardev.c's work.
 */

/**
 * DOC: Producers
 *
 * Each CPU writes to its own ring only, with BH off: that keeps softirqs and
 * tasks of one CPU apart.  On PREEMPT_RT, where BH off can be preempted, the
 * nested local lock does it.  What is left is re-entry of the same context
 * between reserve and commit, from a tracepoint's handler say: waiting for
 * ourselves would never end, so it is a loss with a cause of its own ("nested").
 *
 * The packet path allocates nothing, and writes no line of memory that another
 * CPU writes, unless a reader has to be woken.
 *
 * Every copy that is asked for takes a number (seq), whether it becomes a record
 * or a loss.  Losses gather in "pending" and go before the next record of that
 * CPU as one lost record; both are committed together, or neither, and then the
 * loss goes on.  Hence, for each CPU, at any moment:
 *
 *	seq = records + lost = read + unread + flushed + lost
 *
 * with nested losses joining both sides when the next copy is asked for.
 */

/**
 * DOC: Wake-ups
 *
 * A reader that found nothing says so in "hungry", looks once more, and sleeps
 * (or returns EAGAIN, or 0 from poll).  A producer looks at hungry after each
 * commit.  If it is set, either the ring's fill has reached the watermark, and
 * the producer clears it and wakes everybody, or the timer is started and does
 * that when the flush interval is over.  Who is not hungry is never woken, and
 * between two wake-ups somebody must have found the rings empty: no wake-up per
 * packet.  A ring that is full wakes at once.
 *
 *	producer				reader
 *
 *	publish head		(A)		hungry = 1
 *	full barrier		(E)		full barrier		(F)
 *	load hungry				load heads
 *
 * E pairs with F: at least one of the two sees what the other has written, so
 * either the reader finds the record or the producer finds it hungry.  It takes
 * full barriers, since both sides store, then load.  The same holds between
 * "armed = 0" in the timer and E, if the timer runs just when a producer finds
 * it still armed: then the timer's xchg() of hungry comes after, and whom it
 * wakes sees the record.
 *
 * All waiters are woken, not one: if it died before it read, nobody would clear
 * the table.  The wake-up is a direct one: netfilter runs us in softirq or task
 * context without runqueue locks, and so irq_work would only add an interrupt.
 * It comes after the local lock is given back, since it may run handlers.
 *
 * Writers that wait for room are the mirror: (G) is in wq_has_sleeper(), between
 * publishing a tail and looking for waiters, (H) in prepare_to_wait(), between
 * waiting and looking at the tail.
 */

/**
 * DOC: End of a queue
 *
 *	1. The name goes, so no new user can find it, and "dead" is set, so no
 *	   producer that looks puts anything in.
 *	2. The device goes: nobody can open it any more.
 *	3. A grace period passes: producers that did not see "dead" are through,
 *	   and so are lookups that found the name.  QUEUE_DEL waits for it, an
 *	   expedited one, so that the queue is at its end when the command is.
 *	   A namespace that ends leaves it to work items, all waiting at once.
 *	4. "ended" is set and all sleepers are woken: readers get what is left,
 *	   then end of file.  The name's reference is dropped.
 *	5. With the last reference (files, rules that a dying namespace left
 *	   behind, the character device) the device's release frees the memory,
 *	   by a work item, since that reference may go in softirq context.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "chardev.h"
#include "net.h"
#include "queue.h"
#include "record.h"
#include "ring.h"
#include "xt_users.h"

/* Protects the next three, and which CPUs have rings in queues of the list. */
static DEFINE_MUTEX(tq_queues_lock);
static DEFINE_XARRAY_ALLOC1(queue_ids);
static u32 next_id;
static LIST_HEAD(all_queues);

static struct workqueue_struct *queue_wq;
static enum cpuhp_state cpuhp_state;

const char *tq_queue_name(const struct tq_queue *q)
{
	return q->name;
}

u32 tq_queue_id(const struct tq_queue *q)
{
	return q->id;
}

/* Wake-ups: see the DOC. */

void tq_queue_wake(struct tq_queue *q)
{
	if (!xchg(&q->hungry, 0))
		return;
	wake_up_interruptible_poll(&q->wait, EPOLLIN | EPOLLRDNORM);
	kill_fasync(&q->fasync, SIGIO, POLL_IN);
}

static enum hrtimer_restart flush_timer(struct hrtimer *timer)
{
	struct tq_queue *q = container_of(timer, struct tq_queue, timer);

	clear_bit(0, &q->armed);
	smp_mb__after_atomic();						/* with E */
	tq_queue_wake(q);
	return HRTIMER_NORESTART;
}

static void after_commit(struct tq_queue *q, const struct tq_ring *ring)
{
	smp_mb();							/* E, with F */
	if (likely(!READ_ONCE(q->hungry)))
		return;
	if (tq_ring_pending(ring) >= READ_ONCE(q->watermark))
		tq_queue_wake(q);
	else if (!test_bit(0, &q->armed) && !test_and_set_bit(0, &q->armed))
		hrtimer_start(&q->timer,
			      ns_to_ktime((u64)READ_ONCE(q->flush_us) * NSEC_PER_USEC),
			      HRTIMER_MODE_REL_SOFT);
}

bool tq_queue_readable(struct tq_queue *q)
{
	bool any = false;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		struct tq_ring *ring = rcu_dereference(per_cpu_ptr(q->cpu, cpu)->ring);

		if (ring && tq_ring_pending(ring)) {
			any = true;
			break;
		}
	}
	rcu_read_unlock();
	return any;
}

bool tq_queue_hungry(struct tq_queue *q)
{
	WRITE_ONCE(q->hungry, 1);
	smp_mb();							/* F, with E */
	return tq_queue_readable(q);
}

bool tq_queue_writable(struct tq_queue *q)
{
	struct tq_ring *ring;
	bool yes;

	rcu_read_lock();
	ring = rcu_dereference(raw_cpu_ptr(q->cpu)->ring);
	yes = ring && ring->size - tq_ring_pending(ring) >=
		      tq_ring_record_max(ring) + TQ_RECORD_LOST_SIZE;
	rcu_read_unlock();
	return yes;
}

void tq_queue_made_room(struct tq_queue *q)
{
	if (wq_has_sleeper(&q->room))					/* G, with H */
		wake_up_interruptible_poll(&q->room, EPOLLOUT | EPOLLWRNORM);
}

/* Producers: see the DOC. */

/* With BH off.  NULL: this context is at work in the ring already. */
static struct tq_queue_cpu *enter(struct tq_queue *q)
{
	struct tq_queue_cpu *c = this_cpu_ptr(q->cpu);

	if (unlikely(READ_ONCE(c->owner) == current)) {
		atomic64_inc(&c->nested);
		return NULL;
	}
	local_lock_nested_bh(&q->cpu->lock);
	WRITE_ONCE(c->owner, current);
	barrier();	/* re-entry happens on this CPU: the compiler is all to fear */
	return c;
}

static void leave(struct tq_queue *q, struct tq_queue_cpu *c)
{
	barrier();
	WRITE_ONCE(c->owner, NULL);
	local_unlock_nested_bh(&q->cpu->lock);
}

static void add(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

static void lose(struct tq_queue_cpu *c, struct tq_ring *ring, unsigned int cause)
{
	u64_stats_update_begin(&c->syncp);
	add(&c->stats.lost[cause], 1);
	u64_stats_update_end(&c->syncp);
	c->pending.count++;
	c->pending.cause[cause]++;
	c->seq++;
	if (ring)
		WRITE_ONCE(ring->prod->lost[cause], c->stats.lost[cause]);
}

/* What was lost by re-entry gets its numbers now. */
static void take_nested(struct tq_queue_cpu *c, struct tq_ring *ring)
{
	const u64 total = atomic64_read(&c->nested);
	const u64 new = total - c->nested_seen;

	if (likely(!new))
		return;
	c->nested_seen = total;
	c->pending.count += new;
	c->pending.cause[TQUEUE_LOSS_NESTED] += new;
	c->seq += new;
	WRITE_ONCE(ring->prod->lost[TQUEUE_LOSS_NESTED], total);
}

static u32 lost_record_size(const struct tq_queue_cpu *c)
{
	return unlikely(c->pending.count) ? TQ_RECORD_LOST_SIZE : 0;
}

/* Room for a record of @size bytes, behind a lost record if there must be one,
 * which is written.  NULL: not enough for both.
 */
static void *reserve(struct tq_queue *q, struct tq_queue_cpu *c, struct tq_ring *ring, u32 size,
		     struct tq_record_place *place)
{
	u32 lost;
	void *to;

	take_nested(c, ring);
	lost = lost_record_size(c);
	to = tq_ring_reserve(ring, lost + size);
	if (unlikely(!to))
		return NULL;
	place->queue = q->id;
	place->cpu = smp_processor_id();
	if (unlikely(lost)) {
		place->seq = c->seq - c->pending.count;
		tq_record_lost(to, place, &c->pending);
	}
	place->seq = c->seq;
	return to + lost;
}

static void commit(struct tq_queue_cpu *c, struct tq_ring *ring, u32 size)
{
	const u32 lost = lost_record_size(c);

	u64_stats_update_begin(&c->syncp);
	add(&c->stats.records, 1);
	add(&c->stats.bytes, size);
	u64_stats_update_end(&c->syncp);
	c->seq++;
	if (unlikely(lost))
		memset(&c->pending, 0, sizeof(c->pending));
	WRITE_ONCE(ring->prod->records, c->stats.records);
	tq_ring_commit(ring, lost + size);
}

/* 0, or an enum tqueue_loss: why there is nothing to put a record into. */
static unsigned int closed(const struct tq_queue *q, const struct tq_queue_cpu *c,
			   const struct tq_ring *ring)
{
	if (unlikely(READ_ONCE(q->dead)))
		return TQUEUE_LOSS_DYING;
	if (unlikely(!ring))
		return READ_ONCE(c->absent);
	return 0;
}

/* 0 or an enum tqueue_loss */
static unsigned int put_packet(struct tq_queue *q, struct tq_queue_cpu *c, struct tq_ring *ring,
			       const struct sk_buff *skb, const struct tq_record_meta *meta,
			       u32 snaplen)
{
	const unsigned int cause = closed(q, c, ring);
	const u32 own = READ_ONCE(q->snaplen);
	struct tq_record_place place;
	struct tq_record_plan plan;
	u32 limit, size;
	void *to;

	if (unlikely(cause))
		return cause;
	limit = tq_record_payload(tq_ring_record_max(ring));
	limit = min_not_zero(min_not_zero(limit, own), snaplen);
	if (unlikely(!tq_record_plan(&plan, skb, limit)))
		return TQUEUE_LOSS_UNREADABLE;
	size = tq_record_size(plan.caplen);
	to = reserve(q, c, ring, size, &place);
	if (unlikely(!to))
		return TQUEUE_LOSS_FULL;
	if (unlikely(!tq_record_packet(to, &place, &plan, skb, meta)))
		return TQUEUE_LOSS_UNREADABLE;
	commit(c, ring, size);
	return 0;
}

bool tq_queue_packet(struct tq_queue *q, const struct sk_buff *skb,
		     const struct tq_record_meta *meta, u32 snaplen)
{
	unsigned int cause = TQUEUE_LOSS_NESTED;
	struct tq_queue_cpu *c;
	struct tq_ring *ring;

	local_bh_disable();
	rcu_read_lock();
	c = enter(q);
	if (likely(c)) {
		ring = rcu_dereference(c->ring);
		cause = put_packet(q, c, ring, skb, meta, snaplen);
		if (unlikely(cause))
			lose(c, ring, cause);
		leave(q, c);
		if (likely(!cause))
			after_commit(q, ring);
		else if (cause == TQUEUE_LOSS_FULL && READ_ONCE(q->hungry))
			tq_queue_wake(q);
	}
	rcu_read_unlock();
	local_bh_enable();
	return !cause;
}

void tq_queue_lose(struct tq_queue *q, enum tqueue_loss cause)
{
	struct tq_queue_cpu *c;

	if (WARN_ON_ONCE(cause < TQUEUE_LOSS_FULL || cause >= TQUEUE_LOSS_NESTED))
		return;
	local_bh_disable();
	rcu_read_lock();
	c = enter(q);
	if (likely(c)) {
		lose(c, rcu_dereference(c->ring), cause);
		leave(q, c);
	}
	rcu_read_unlock();
	local_bh_enable();
}

static int put_message(struct tq_queue *q, struct tq_queue_cpu *c, struct tq_ring *ring,
		       const void *data, size_t len)
{
	struct tq_record_place place;
	void *to;

	switch (closed(q, c, ring)) {
	case 0:
		break;
	case TQUEUE_LOSS_DYING:
		return -ENXIO;
	default:
		return -ENOMEM;
	}
	if (len > tq_record_payload(tq_ring_record_max(ring)))
		return -EMSGSIZE;
	to = reserve(q, c, ring, tq_record_size(len), &place);
	if (!to)
		return -EAGAIN;
	tq_record_message(to, &place, data, len);
	commit(c, ring, tq_record_size(len));
	return 0;
}

int tq_queue_message(struct tq_queue *q, const void *data, size_t len)
{
	struct tq_queue_cpu *c;
	struct tq_ring *ring;
	int err = -EBUSY;

	local_bh_disable();
	rcu_read_lock();
	c = enter(q);
	if (likely(c)) {
		ring = rcu_dereference(c->ring);
		err = put_message(q, c, ring, data, len);
		leave(q, c);
		if (!err)
			after_commit(q, ring);
		else if (err == -EAGAIN && READ_ONCE(q->hungry))
			tq_queue_wake(q);
	}
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

size_t tq_queue_message_max(const struct tq_queue *q)
{
	return tq_record_payload(READ_ONCE(q->ring_size) / 4);
}

/* Consumers. */

struct tq_ring *tq_queue_ring(const struct tq_queue *q, const struct tq_queue_cpu *c)
{
	/* Rings of a live queue are only ever added; they are freed with it. */
	return rcu_dereference_check(c->ring, lockdep_is_held(&q->consumer));
}

/* A reader of this ring will be told of @rec by a lost record, as if it had
 * never been put in.
 */
static void throw_away(struct tq_queue_cpu *c, const struct tqueue_record *rec)
{
	const struct tqueue_lost *lost = (const void *)rec + rec->hdr_len;
	int i;

	if (!c->flushed.count)
		c->flushed_seq = rec->seq;
	if (rec->type != TQUEUE_RECORD_LOST) {
		c->flushed.count++;
		c->flushed.cause[TQUEUE_LOSS_FLUSHED]++;
		add(&c->flushed_records, 1);
		return;
	}
	c->flushed.count += lost->count;
	for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
		c->flushed.cause[i] += lost->cause[i];
}

static void flush_ring(struct tq_queue_cpu *c, struct tq_ring *ring)
{
	const struct tqueue_record *rec;
	u32 left, avail;

	/* Not what comes in meanwhile, or it might never end. */
	tq_ring_peek(ring, &left);
	while (left) {
		u32 len;

		rec = tq_ring_peek(ring, &avail);
		len = rec->len;
		if (WARN_ON_ONCE(len < sizeof(*rec) || len > left))
			return;
		throw_away(c, rec);
		tq_ring_consume(ring, len);
		left -= len;
		cond_resched();
	}
}

int tq_queue_flush(struct tq_queue *q)
{
	int cpu;

	if (mutex_lock_interruptible(&q->consumer))
		return -ERESTARTSYS;
	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
		struct tq_ring *ring = tq_queue_ring(q, c);

		if (ring)
			flush_ring(c, ring);
	}
	mutex_unlock(&q->consumer);
	tq_queue_made_room(q);
	return 0;
}

/* Counters. */

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
		for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
			stats->lost[i] = READ_ONCE(c->stats.lost[i]);
	} while (u64_stats_fetch_retry(&c->syncp, start));
	stats->lost[TQUEUE_LOSS_NESTED] = atomic64_read(&c->nested);
	stats->lost[TQUEUE_LOSS_FLUSHED] = READ_ONCE(c->flushed_records);

	rcu_read_lock();
	ring = rcu_dereference(c->ring);
	*pending = ring ? tq_ring_pending(ring) : 0;
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
		for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
			sum->lost[i] += one.lost[i];
	}
}

u32 tq_queue_rings(const struct tq_queue *q)
{
	u32 n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += !!rcu_access_pointer(per_cpu_ptr(q->cpu, cpu)->ring);
	return n;
}

/* References. */

static struct tq_queue *find_rcu(struct tq_net *tn, const char *name)
{
	struct tq_queue *q;

	hlist_for_each_entry_rcu(q, &tn->queue_names[tq_name_hash(name)], name_node,
				 lockdep_is_held(&tn->lock))
		if (!strcmp(q->name, name))
			return q;
	return NULL;
}

struct tq_queue *tq_queue_use(struct tq_net *tn, const char *name)
{
	struct tq_queue *q;

	rcu_read_lock();
	q = find_rcu(tn, name);
	if (q && !refcount_inc_not_zero(&q->users))
		q = NULL;
	if (q)
		get_device(&q->dev);
	rcu_read_unlock();
	return q;
}

static void drop_user(struct tq_queue *q)
{
	/* The name is a user until it is gone. */
	WARN_ON_ONCE(refcount_dec_and_test(&q->users) && !READ_ONCE(q->dead));
}

void tq_queue_unuse(struct tq_queue *q)
{
	drop_user(q);
	put_device(&q->dev);
}

struct tq_queue *tq_queue_by_name(struct tq_net *tn, const char *name)
{
	lockdep_assert_held(&tn->lock);
	return find_rcu(tn, name);
}

struct tq_queue *tq_queue_by_id(struct tq_net *tn, u32 id)
{
	struct tq_queue *q;

	lockdep_assert_held(&tn->lock);
	/* An id is given back, under the lock, before its queue is freed.  If
	 * the queue is of our namespace and lives, tn->lock keeps it so.
	 */
	mutex_lock(&tq_queues_lock);
	q = xa_load(&queue_ids, id);
	if (q && (q->dead || q->tn != tn))
		q = NULL;
	mutex_unlock(&tq_queues_lock);
	return q;
}

void tq_queue_xt_add(struct tq_queue *q, u8 family, const char *xt_table)
{
	tq_xt_users_add(&q->xt_users, &q->xt_lock, family, xt_table);
}

void tq_queue_xt_del(struct tq_queue *q, u8 family, const char *xt_table)
{
	tq_xt_users_del(&q->xt_users, &q->xt_lock, family, xt_table);
}

/* Birth. */

/* A ring for a CPU that has none.  Nobody produces there yet: either the CPU is
 * not up or the queue has no name.  The memory is charged to nobody if a CPU
 * comes up late: the task is then the hotplug thread.
 */
static void add_ring(struct tq_queue *q, int cpu)
{
	struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
	struct tq_ring *ring;

	if (rcu_access_pointer(c->ring))
		return;
	ring = tq_ring_new(q->ring_size, cpu);
	if (!ring) {
		WRITE_ONCE(c->absent, TQUEUE_LOSS_NO_MEMORY);
		return;
	}
	memcpy(ring->prod->lost, c->stats.lost, sizeof(ring->prod->lost));
	rcu_assign_pointer(c->ring, ring);
}

static int cpu_prepare(unsigned int cpu)
{
	struct tq_queue *q;

	mutex_lock(&tq_queues_lock);
	list_for_each_entry(q, &all_queues, all_node)
		add_ring(q, cpu);
	mutex_unlock(&tq_queues_lock);
	return 0;
}

static void free_queue(struct work_struct *work)
{
	struct tq_queue *q = container_of(work, struct tq_queue, free_work);
	int cpu;

	hrtimer_cancel(&q->timer);
	if (q->id) {
		mutex_lock(&tq_queues_lock);
		xa_erase(&queue_ids, q->id);
		mutex_unlock(&tq_queues_lock);
	}
	if (q->cpu) {
		/* No reference is left, so nobody reads any more. */
		for_each_possible_cpu(cpu)
			tq_ring_free(rcu_dereference_protected(per_cpu_ptr(q->cpu, cpu)->ring, 1));
		free_percpu(q->cpu);
	}
	kvfree(q->next);
	mutex_destroy(&q->consumer);
	kfree(q);
}

static void release(struct device *dev)
{
	struct tq_queue *q = container_of(dev, struct tq_queue, dev);

	queue_work(queue_wq, &q->free_work);
}

/* After the grace period: see the DOC. */
static void end_queue(struct tq_queue *q)
{
	smp_store_release(&q->ended, true);	/* with queue_read(): look for records after */
	wake_up_interruptible_poll(&q->wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
	wake_up_interruptible_poll(&q->room, EPOLLOUT | EPOLLWRNORM | EPOLLHUP);
	kill_fasync(&q->fasync, SIGIO, POLL_HUP);
	put_device(&q->dev);
}

static void end_work(struct work_struct *work)
{
	end_queue(container_of(to_rcu_work(work), struct tq_queue, end_work));
}

static int init_cpus(struct tq_queue *q)
{
	int cpu;

	q->cpu = alloc_percpu_gfp(struct tq_queue_cpu, GFP_KERNEL_ACCOUNT);
	if (!q->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);

		local_lock_init(&c->lock);
		u64_stats_init(&c->syncp);
		c->absent = TQUEUE_LOSS_NO_RING;
	}
	/* Without a lock: CPUs that come up now get theirs in publish(). */
	for_each_online_cpu(cpu) {
		add_ring(q, cpu);
		if (!rcu_access_pointer(per_cpu_ptr(q->cpu, cpu)->ring))
			return -ENOMEM;
	}
	return 0;
}

/* A queue without id, name and device.  It is freed by put_device(). */
static struct tq_queue *new_queue(struct tq_net *tn, const struct tq_queue_config *config)
{
	struct tq_queue *q;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return NULL;
	q->tn = tn;
	q->net = tn->net;
	q->mode = config->mode;
	q->ring_size = config->ring_size;
	q->snaplen = config->snaplen;
	q->watermark = config->watermark;
	q->flush_us = config->flush_us;
	strscpy(q->name, config->name, sizeof(q->name));
	hrtimer_setup(&q->timer, flush_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	init_waitqueue_head(&q->wait);
	init_waitqueue_head(&q->room);
	mutex_init(&q->consumer);
	refcount_set(&q->users, 1);
	spin_lock_init(&q->xt_lock);
	INIT_LIST_HEAD(&q->xt_users);
	INIT_LIST_HEAD(&q->all_node);
	INIT_RCU_WORK(&q->end_work, end_work);
	INIT_WORK(&q->free_work, free_queue);
	device_initialize(&q->dev);
	q->dev.release = release;

	q->next = kvcalloc(nr_cpu_ids, sizeof(*q->next), GFP_KERNEL_ACCOUNT);
	if (!q->next || init_cpus(q)) {
		put_device(&q->dev);
		return NULL;
	}
	return q;
}

/* Gives @q its id and puts it where CPUs that come up find it. */
static int publish(struct tq_queue *q)
{
	int err, cpu;
	u32 id;

	cpus_read_lock();
	mutex_lock(&tq_queues_lock);
	err = xa_alloc_cyclic(&queue_ids, &id, q, XA_LIMIT(1, TQ_QUEUES_MAX), &next_id,
			      GFP_KERNEL);
	if (err >= 0) {
		q->id = id;
		list_add_tail(&q->all_node, &all_queues);
		for_each_online_cpu(cpu)
			add_ring(q, cpu);
	}
	mutex_unlock(&tq_queues_lock);
	cpus_read_unlock();
	return min(err, 0);
}

/* Steps 1 and 2 of the end, but for the name: see the DOC. */
static void close_queue(struct tq_queue *q)
{
	WRITE_ONCE(q->dead, true);
	mutex_lock(&tq_queues_lock);
	list_del_init(&q->all_node);
	mutex_unlock(&tq_queues_lock);
	if (q->has_device)
		tq_chardev_del(q);
}

void tq_queue_defaults(struct tq_queue_config *config)
{
	if (!config->mode)
		config->mode = TQUEUE_MODE_STREAM;
	if (!config->ring_size)
		config->ring_size = max_t(u32, TQ_RING_SIZE_DEFAULT, TQ_RING_SIZE_MIN);
	/* Leaves a sleeping reader most of the ring as time to wake up. */
	if (!config->watermark)
		config->watermark = config->ring_size / 16;
	if (!config->flush_us)
		config->flush_us = TQ_FLUSH_US_DEFAULT;
}

struct tq_queue *tq_queue_create(struct tq_net *tn, const struct tq_queue_config *config,
				 struct netlink_ext_ack *extack)
{
	struct tq_queue *q;
	int err;

	lockdep_assert_held(&tn->lock);
	if (tn->dying) {
		NL_SET_ERR_MSG(extack, "the network namespace is ending");
		return ERR_PTR(-ENXIO);
	}
	if (tq_queue_by_name(tn, config->name)) {
		NL_SET_ERR_MSG(extack, "there is a queue of that name already");
		return ERR_PTR(-EEXIST);
	}
	if (tq_ring_memory(config->ring_size) * num_online_cpus() / PAGE_SIZE > totalram_pages()) {
		NL_SET_ERR_MSG(extack, "the rings are larger than all memory of this machine");
		return ERR_PTR(-ENOMEM);
	}
	q = new_queue(tn, config);
	if (!q) {
		NL_SET_ERR_MSG(extack, "not enough memory for the rings");
		return ERR_PTR(-ENOMEM);
	}
	err = publish(q);
	if (err) {
		NL_SET_ERR_MSG(extack, "no queue id is free on this machine");
		put_device(&q->dev);
		return ERR_PTR(err);
	}
	err = tq_chardev_add(q);
	if (err) {
		NL_SET_ERR_MSG(extack, "the queue's device can't be made");
		close_queue(q);
		/* It may have been open for a moment. */
		queue_rcu_work(queue_wq, &q->end_work);
		return ERR_PTR(err);
	}
	tq_net_serial(tn);
	list_add_tail(&q->net_node, &tn->queues);
	hlist_add_head_rcu(&q->name_node, &tn->queue_names[tq_name_hash(q->name)]);
	return q;
}

int tq_queue_set(struct tq_queue *q, const struct tq_queue_config *config)
{
	lockdep_assert_held(&q->tn->lock);
	if (q->snaplen == config->snaplen && q->watermark == config->watermark &&
	    q->flush_us == config->flush_us)
		return 0;
	WRITE_ONCE(q->snaplen, config->snaplen);
	WRITE_ONCE(q->watermark, config->watermark);
	WRITE_ONCE(q->flush_us, config->flush_us);
	tq_net_serial(q->tn);
	return 1;
}

static void forget(struct tq_queue *q)
{
	lockdep_assert_held(&q->tn->lock);
	hlist_del_rcu(&q->name_node);
	list_del(&q->net_node);
	close_queue(q);
}

int tq_queue_delete(struct tq_net *tn, struct tq_queue *q, struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&tn->lock);
	if (!refcount_dec_if_one(&q->users)) {
		NL_SET_ERR_MSG(extack, "rules or iptables rules refer to the queue");
		return -EBUSY;
	}
	tq_net_serial(tn);
	forget(q);
	synchronize_rcu_expedited();
	end_queue(q);
	return 0;
}

void tq_queue_kill_all(struct tq_net *tn)
{
	struct tq_queue *q, *tmp;

	lockdep_assert_held(&tn->lock);
	list_for_each_entry_safe(q, tmp, &tn->queues, net_node) {
		forget(q);
		drop_user(q);
		queue_rcu_work(queue_wq, &q->end_work);
	}
}

int tq_queue_init(void)
{
	int err;

	/* Not one of the system's: tq_queue_exit() waits for all that is in it,
	 * work that works have queued included.
	 */
	queue_wq = alloc_workqueue("tqueue_free", WQ_UNBOUND, 0);
	if (!queue_wq)
		return -ENOMEM;
	err = tq_chardev_init();
	if (err)
		goto destroy_wq;
	/* One state for all queues; see kernel/cpu.c on what an instance each
	 * would cost.
	 */
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/tqueue:prepare",
					cpu_prepare, NULL);
	if (err < 0)
		goto exit_chardev;
	cpuhp_state = err;
	return 0;

exit_chardev:
	tq_chardev_exit();
destroy_wq:
	destroy_workqueue(queue_wq);
	return err;
}

void tq_queue_exit(void)
{
	WARN_ON_ONCE(!list_empty(&all_queues));
	cpuhp_remove_state_nocalls(cpuhp_state);
	/* Grace periods first: they put work into the queue, and that puts more. */
	rcu_barrier();
	destroy_workqueue(queue_wq);
	tq_chardev_exit();
	xa_destroy(&queue_ids);
}
