// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - takes records out of a queue of mode stream.
 *
 * A read takes as many whole records as fit, in the order that the CPUs made
 * them.  The heap of rings is built once per read; what is committed meanwhile
 * is for the next one.  The order is exact within a ring.  Across rings it is
 * best effort, since a slow CPU may commit a record that it began earlier.
 *
 * A record is consumed when all of it is in the reader's memory.  So a fault,
 * or a reader that is killed, costs no record, and none is given out twice.
 *
 * All of it goes on under tq_queue.consumer: one consumer at a time.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "map.h"
#include "merge.h"
#include "queue.h"
#include "record.h"
#include "ring.h"
#include "stream.h"

static unsigned int gather(struct tq_queue *q)
{
	unsigned int n = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
		struct tq_ring *ring = tq_queue_ring(q, c);
		const struct tqueue_record *rec;
		u32 avail;

		if (!ring)
			continue;
		rec = tq_ring_peek(ring, &avail);
		if (!avail)
			continue;
		q->next[n++] = (struct tq_merge) {
			.stamp = rec->mono_ns, .c = c, .ring = ring, .avail = avail, .cpu = cpu,
		};
	}
	tq_merge_begin(q->next, n);
	return n;
}

static int copy_record(struct iov_iter *to, const struct tqueue_record *rec)
{
	if (iov_iter_count(to) < rec->len)
		return -EINVAL;
	return copy_to_iter(rec, rec->len, to) == rec->len ? 0 : -EFAULT;
}

/* What a flush has thrown away, told before the record that comes after. */
static int copy_flushed(const struct tq_queue *q, const struct tq_merge *next,
			const struct tqueue_record *rec, struct iov_iter *to)
{
	const struct tq_record_place place = {
		.seq = next->c->flushed_seq, .queue = q->id, .cpu = next->cpu,
	};
	struct {
		struct tqueue_record	rec;
		struct tqueue_lost	lost;
	} told;

	tq_record_lost(&told, &place, &next->c->flushed);
	told.rec.mono_ns = rec->mono_ns;	/* readers merge by it */
	told.rec.real_ns = rec->real_ns;
	return copy_record(to, &told.rec);
}

/* Bytes given out, or -errno: nothing more fits, or goes. */
static ssize_t take_one(const struct tq_queue *q, struct tq_merge *next, struct iov_iter *to)
{
	const struct tqueue_record *rec;
	u32 avail, len;
	int err;

	rec = tq_ring_peek(next->ring, &avail);
	if (unlikely(next->c->flushed.count)) {
		err = copy_flushed(q, next, rec, to);
		if (err)
			return err;
		memset(&next->c->flushed, 0, sizeof(next->c->flushed));
		return TQ_RECORD_LOST_SIZE;
	}
	len = rec->len;
	if (WARN_ON_ONCE(len < sizeof(*rec) || len > next->avail))
		return -EIO;
	err = copy_record(to, rec);
	if (err)
		return err;
	tq_ring_consume(next->ring, len);
	next->avail -= len;
	if (next->avail) {
		rec = tq_ring_peek(next->ring, &avail);
		next->stamp = rec->mono_ns;
	}
	return len;
}

ssize_t tq_stream_take(struct tq_queue *q, struct iov_iter *to, bool *drained)
{
	unsigned int n;
	size_t done = 0;
	ssize_t len = 0;

	lockdep_assert_held(&q->consumer);
	n = gather(q);
	while (n) {
		len = take_one(q, &q->next[0], to);
		if (len < 0)
			break;
		done += len;
		n = tq_merge_next(q->next, n);
		cond_resched();
	}
	*drained = !n;
	return done ? done : len;
}

/* Flush. */

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
		WRITE_ONCE(c->flushed_records, c->flushed_records + 1);
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

int tq_stream_flush(struct tq_queue *q)
{
	int cpu;

	if (mutex_lock_interruptible(&q->consumer))
		return -ERESTARTSYS;
	if (!tq_map_read_begin(q)) {
		mutex_unlock(&q->consumer);
		return -EBUSY;
	}
	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
		struct tq_ring *ring = tq_queue_ring(q, c), *next;

		if (!ring)
			continue;
		flush_ring(c, ring);
		/* If that was an old one, the new one is next. */
		next = tq_queue_ring(q, c);
		if (next != ring)
			flush_ring(c, next);
	}
	tq_map_read_end(q);
	mutex_unlock(&q->consumer);
	tq_queue_made_room(q);
	return 0;
}
