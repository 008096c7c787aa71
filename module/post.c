// SPDX-License-Identifier: GPL-2.0-only
/*
 * post.c - puts records into queues, and wakes readers.
 *
 * What a queue is and how it ends: queue.c; its rings: rings.c.
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
 * CPU writes, unless a reader has to be woken or the queue begins to lose
 * (overflow.c).
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
 * A reader that asks poll for EPOLLRDBAND without EPOLLIN wants enough, not the first
 * record: it is hungry until the watermark is reached or the oldest record has waited
 * for the flush interval.  As records may be there that no commit will look at again,
 * it starts the timer itself, for what is left of the interval.  A producer that finds
 * it hungry between the two starts it for all of the interval, once.
 *
 * When watermark or flush interval change, everybody is woken and waits anew.  A timer
 * of the old interval is stopped: while it was armed no other would be started.  A
 * producer that has just armed it may start it after that; the next one starts it again.
 *
 * Readers of a log each look for themselves whether they find nothing; what the
 * watermark is compared with is then what came since one of them did ("mark").
 *
 * Writers that wait for room are the mirror: (G) is in wq_has_sleeper(), between
 * publishing a tail and looking for waiters, (H) in prepare_to_wait(), between
 * waiting and looking at the tail.
 */

#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "map.h"
#include "overflow.h"
#include "queue.h"
#include "record.h"
#include "ring.h"
#include "trace.h"

/* Wake-ups: see the DOC. */

void tq_queue_wake(struct tq_queue *q)
{
	if (!xchg(&q->hungry, 0))
		return;
	wake_up_interruptible_poll(&q->wait, EPOLLIN | EPOLLRDNORM | EPOLLRDBAND);
	kill_fasync(&q->fasync, SIGIO, POLL_IN);
}

enum hrtimer_restart tq_queue_timer(struct hrtimer *timer)
{
	struct tq_queue *q = container_of(timer, struct tq_queue, timer);

	clear_bit(0, &q->armed);
	smp_mb__after_atomic();						/* with E */
	tq_queue_wake(q);
	return HRTIMER_NORESTART;
}

void tq_queue_wait_anew(struct tq_queue *q)
{
	hrtimer_cancel(&q->timer);
	clear_bit(0, &q->armed);
	smp_mb__after_atomic();						/* with E and F */
	tq_queue_wake(q);
}

static u64 flush_ns(const struct tq_queue *q)
{
	return (u64)READ_ONCE(q->flush_us) * NSEC_PER_USEC;
}

static void after_commit(struct tq_queue *q, const struct tq_ring *ring)
{
	u32 fill;

	smp_mb();							/* E, with F */
	if (likely(!READ_ONCE(q->hungry)))
		return;
	fill = q->mode == TQUEUE_MODE_LOG ? READ_ONCE(ring->prod->head) - READ_ONCE(ring->mark) :
					    tq_ring_pending(ring);
	if (fill >= READ_ONCE(q->watermark))
		tq_queue_wake(q);
	else if (!test_bit(0, &q->armed) && !test_and_set_bit(0, &q->armed))
		hrtimer_start(&q->timer, ns_to_ktime(flush_ns(q)), HRTIMER_MODE_REL_SOFT);
}

bool tq_queue_hungry(struct tq_queue *q)
{
	WRITE_ONCE(q->hungry, 1);
	smp_mb();							/* F, with E */
	return tq_queue_readable(q);
}

/* Nanoseconds until this ring has something old enough; 0: it has enough now; U64_MAX: it
 * has nothing.
 */
static u64 ring_due_in(const struct tq_queue *q, const struct tq_ring *ring)
{
	const u64 interval = flush_ns(q);
	const struct tqueue_record *rec;
	const void *first;
	u64 age;
	u32 fill;

	fill = ring ? tq_ring_unread(ring, &first) : 0;
	if (!fill)
		return U64_MAX;
	if (fill >= READ_ONCE(q->watermark))
		return 0;
	/* Another reader may take it, and a producer write there, meanwhile: then the age
	 * is any, and we wait for at most an interval more.
	 */
	rec = first;
	age = ktime_get_ns() - data_race(rec->mono_ns);
	if ((s64)age < 0)
		age = 0;
	return age < interval ? interval - age : 0;
}

static u64 due_in(const struct tq_queue *q)
{
	u64 least = U64_MAX;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);

		least = min3(least, ring_due_in(q, rcu_dereference(c->ring)),
			     ring_due_in(q, rcu_dereference(c->old)));
	}
	rcu_read_unlock();
	return least;
}

bool tq_queue_due(struct tq_queue *q)
{
	u64 left;

	if (!due_in(q))
		return true;
	WRITE_ONCE(q->hungry, 1);
	smp_mb();							/* F, with E */
	left = due_in(q);
	if (left && left != U64_MAX) {
		set_bit(0, &q->armed);
		hrtimer_start(&q->timer, ns_to_ktime(left), HRTIMER_MODE_REL_SOFT);
	}
	return !left;
}

void tq_queue_log_hungry(struct tq_queue *q)
{
	int cpu;

	/* Of several readers the last counts; the timer bounds what that costs the
	 * others.  A mark that is set in a ring which is just being replaced is
	 * forgotten: the next record wakes at once.
	 */
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		struct tq_ring *ring = rcu_dereference(per_cpu_ptr(q->cpu, cpu)->ring);

		if (ring)
			WRITE_ONCE(ring->mark, READ_ONCE(ring->prod->head));
	}
	rcu_read_unlock();
	WRITE_ONCE(q->hungry, 1);
	smp_mb();							/* F, with E */
}

bool tq_queue_writable(struct tq_queue *q)
{
	struct tq_ring *ring;
	bool yes;

	rcu_read_lock();
	ring = rcu_dereference(raw_cpu_ptr(q->cpu)->ring);
	if (q->mode == TQUEUE_MODE_LOG)
		yes = ring;
	else
		yes = ring && !tq_map_is(q) && ring->size - tq_ring_pending(ring) >=
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

void tq_queue_instead(struct tq_queue *q, void (*fn)(struct tq_queue_cpu *c, void *arg), void *arg)
{
	struct tq_queue_cpu *c;

	local_bh_disable();
	c = enter(q);
	/* No producer calls us. */
	if (!WARN_ON_ONCE(!c)) {
		fn(c, arg);
		leave(q, c);
	}
	local_bh_enable();
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

/* Of a log: makes room for @need bytes. */
static void give_up_oldest(struct tq_queue_cpu *c, struct tq_ring *ring, u32 need)
{
	u64 n = 0;

	if (tq_ring_room(ring) >= need)
		return;
	do {
		const struct tqueue_record *rec = tq_ring_oldest(ring);

		n += rec->type != TQUEUE_RECORD_LOST;
		tq_ring_give_up(ring, rec->len);
	} while (tq_ring_room(ring) < need);
	tq_ring_given_up(ring);
	u64_stats_update_begin(&c->syncp);
	add(&c->stats.overwritten, n);
	u64_stats_update_end(&c->syncp);
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
	if (q->mode == TQUEUE_MODE_LOG)
		give_up_oldest(c, ring, lost + size);
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

static void publish_losses(const struct tq_queue_cpu *c, struct tq_ring *ring)
{
	int i;

	for (i = 0; i < TQUEUE_LOSS_NESTED; i++)
		WRITE_ONCE(ring->prod->lost[i], c->stats.lost[i]);
	WRITE_ONCE(ring->prod->lost[TQUEUE_LOSS_NESTED], c->nested_seen);
}

static void commit(struct tq_queue_cpu *c, struct tq_ring *ring, u32 size)
{
	const u32 lost = lost_record_size(c);

	u64_stats_update_begin(&c->syncp);
	add(&c->stats.records, 1);
	add(&c->stats.bytes, size);
	u64_stats_update_end(&c->syncp);
	c->seq++;
	if (unlikely(lost)) {
		memset(&c->pending, 0, sizeof(c->pending));
		/* What was lost while the ring was new went into the old one. */
		publish_losses(c, ring);
	}
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
	trace_tqueue_record_queued(q->name, q->id, meta->table_name, meta->rule, size);
	return 0;
}

/* @meta may be NULL. */
static void trace_lost(const struct tq_queue *q, const struct tq_record_meta *meta, u32 cause)
{
	trace_tqueue_record_lost(q->name, q->id, meta ? meta->table_name : NULL,
				 meta ? meta->rule : 0, cause);
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
	if (unlikely(cause))
		tq_overflow_note(q);
	rcu_read_unlock();
	local_bh_enable();
	if (unlikely(cause))
		trace_lost(q, meta, cause);
	return !cause;
}

void tq_queue_lose(struct tq_queue *q, const struct tq_record_meta *meta, enum tqueue_loss cause)
{
	struct tq_queue_cpu *c;

	if (WARN_ON_ONCE(cause < TQUEUE_LOSS_FULL || cause >= TQUEUE_LOSS_NESTED))
		return;
	trace_lost(q, meta, cause);
	local_bh_disable();
	rcu_read_lock();
	c = enter(q);
	if (likely(c)) {
		lose(c, rcu_dereference(c->ring), cause);
		leave(q, c);
	}
	tq_overflow_note(q);
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
	trace_tqueue_record_queued(q->name, q->id, NULL, 0, tq_record_size(len));
	return 0;
}

/* Why put_message() has returned @err. */
static unsigned int cause_of(const struct tq_queue *q, const struct tq_queue_cpu *c,
			     const struct tq_ring *ring, int err)
{
	switch (err) {
	case -EAGAIN:
		return TQUEUE_LOSS_FULL;
	case -EMSGSIZE:
		return TQUEUE_LOSS_TOO_BIG;
	default:
		return closed(q, c, ring);
	}
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

int tq_queue_post(struct tq_queue *q, const void *data, size_t len)
{
	struct tq_queue_cpu *c;
	struct tq_ring *ring;
	unsigned int cause = TQUEUE_LOSS_NESTED;
	int err = -EBUSY;

	local_bh_disable();
	rcu_read_lock();
	c = enter(q);
	if (likely(c)) {
		ring = rcu_dereference(c->ring);
		err = len > TQ_MESSAGE_MAX ? -EMSGSIZE : put_message(q, c, ring, data, len);
		if (err) {
			cause = cause_of(q, c, ring, err);
			lose(c, ring, cause);
		}
		leave(q, c);
		if (!err)
			after_commit(q, ring);
		else if (err == -EAGAIN && READ_ONCE(q->hungry))
			tq_queue_wake(q);
	}
	if (err)
		tq_overflow_note(q);
	rcu_read_unlock();
	local_bh_enable();
	if (err)
		trace_lost(q, NULL, cause);
	return err == -EAGAIN ? -ENOBUFS : err;
}

size_t tq_queue_message_max(const struct tq_queue *q)
{
	return min_t(size_t, tq_record_payload(READ_ONCE(q->ring_size) / 4), TQ_MESSAGE_MAX);
}
