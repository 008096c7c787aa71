// SPDX-License-Identifier: GPL-2.0-only
/*
 * log.c - see DOC: Logs.
 */

/**
 * DOC: Logs
 *
 * In a queue of mode log a producer that needs room gives up its oldest records:
 * it moves the tail, then writes over them.  It never waits and knows no readers.
 * A reader has a cursor for each ring, moves nothing but that, and copies records
 * out while they may be written over.  So it looks at the tail before and after:
 *
 *	producer				reader
 *
 *	store tail				load head, acquire	(B)
 *	write barrier		(M)		load bytes
 *	write the bytes				read barrier		(N)
 *	store head, release	(A)		load tail
 *
 * M pairs with N: a reader that has seen one new byte sees the new tail, and that
 * its record is not there any more.  Nothing that was read is believed before
 * that, not even the length of the record; what is in the reader's buffer by then
 * is not part of what read() returns.
 *
 * Positions are 32 bits wide, and a reader may sleep while 2^32 bytes pass.  Its
 * cursor looks good then, but the number of the record does not: the number that
 * comes next is known, because in a ring each record goes on from the one before.
 * Hence it is compared, before and after copying.
 *
 * A reader whose cursor is behind the tail was overtaken.  It is told once, by
 * EPIPE, and goes on at the oldest record of each ring that overtook it; the
 * numbers of records tell how many it has missed.
 *
 * When the ring size changes, a record keeps its position (move.c), so cursors and
 * numbers are good for the new ring as for the old one.  A read holds the rings
 * that it has begun with, since it may sleep; a ring that was replaced does not
 * change any more, and where it ends the next read goes on in the new one.
 */
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "log.h"
#include "merge.h"
#include "queue.h"
#include "ring.h"

/**
 * struct cursor - where a reader is in a ring
 * @seq: number of the next record, unless @fresh
 * @pos: its position; written under tq_log_reader.lock, read by poll
 * @fresh: nothing was read since the cursor was put there
 * @held: the ring, while a read goes on
 */
struct cursor {
	u64		seq;
	u32		pos;
	bool		fresh;
	struct tq_ring	*held;
};

/**
 * struct tq_log_reader - an open file
 * @q: its queue
 * @lock: protects the rest; one read at a time
 * @next: heap, one slot per CPU
 * @at: by CPU
 */
struct tq_log_reader {
	struct tq_queue		*q;
	struct mutex		lock;
	struct tq_merge		*next;
	struct cursor		at[];
};

/* A record's header, and the first field of its payload if that is of a loss. */
struct peek {
	struct tqueue_record	rec;
	u64			lost;
};

static struct tq_ring *ring_of(const struct tq_queue *q, int cpu)
{
	return rcu_dereference(per_cpu_ptr(q->cpu, cpu)->ring);
}

/* With a reference. */
static struct tq_ring *hold_ring(const struct tq_queue *q, int cpu)
{
	struct tq_ring *ring;

	rcu_read_lock();
	do {
		ring = ring_of(q, cpu);
	} while (ring && !tq_ring_get(ring));
	rcu_read_unlock();
	return ring;
}

static void let_go(struct tq_log_reader *r)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (r->at[cpu].held)
			tq_ring_put(r->at[cpu].held, tq_queue_wq);
		r->at[cpu].held = NULL;
	}
}

static void go(struct cursor *at, u32 pos)
{
	WRITE_ONCE(at->pos, pos);
	at->fresh = true;
}

/* After something was read at @at: is it still what it was? */
static bool still_there(const struct tq_ring *ring, const struct cursor *at)
{
	smp_rmb();							/* N, with M */
	return at->pos - READ_ONCE(ring->tail) < ring->size;
}

/* Bytes of the record at @at, which is in @peek then; 0: none; -EPIPE: overtaken. */
static int look(const struct tq_ring *ring, const struct cursor *at, struct peek *peek, u32 *avail)
{
	*avail = smp_load_acquire(&ring->prod->head) - at->pos;		/* B, with A */
	if (!*avail)
		return 0;
	data_race(memcpy(peek, tq_ring_at(ring, at->pos), sizeof(*peek)));
	if (*avail > ring->size || !still_there(ring, at) ||
	    (!at->fresh && peek->rec.seq != at->seq))
		return -EPIPE;
	return peek->rec.len;
}

/* The same record, after all of it was copied. */
static bool same(const struct tq_ring *ring, const struct cursor *at, u64 seq)
{
	const struct tqueue_record *rec = tq_ring_at(ring, at->pos);
	const u64 now = data_race(rec->seq);

	return still_there(ring, at) && now == seq;
}

/* Bytes given out, or -errno: nothing more fits, or goes. */
static ssize_t take_one(struct tq_log_reader *r, struct tq_merge *next, struct iov_iter *to)
{
	struct cursor *at = &r->at[next->cpu];
	struct tq_ring *ring = next->ring;
	struct peek peek;
	u32 avail;
	int len;

	len = look(ring, at, &peek, &avail);
	if (len < 0)
		return len;
	if (iov_iter_count(to) < len)
		return -EINVAL;
	if (copy_to_iter(tq_ring_at(ring, at->pos), len, to) != len)
		return -EFAULT;
	if (!same(ring, at, peek.rec.seq)) {
		iov_iter_revert(to, len);
		return -EPIPE;
	}
	at->seq = peek.rec.seq + (peek.rec.type == TQUEUE_RECORD_LOST ? peek.lost : 1);
	at->fresh = false;
	WRITE_ONCE(at->pos, at->pos + len);
	next->avail -= len;
	if (!next->avail)
		return len;
	/* If it is gone already, the next turn tells. */
	if (look(ring, at, &peek, &avail) > 0)
		next->stamp = peek.rec.mono_ns;
	return len;
}

/* To the oldest record, where the cursor was overtaken; how many were. */
static unsigned int catch_up(struct tq_log_reader *r)
{
	unsigned int n = 0;
	struct peek peek;
	u32 avail;
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_ring *ring = ring_of(r->q, cpu);

		if (ring && look(ring, &r->at[cpu], &peek, &avail) < 0) {
			go(&r->at[cpu], READ_ONCE(ring->tail));
			n++;
		}
	}
	rcu_read_unlock();
	return n;
}

/* Holds all rings.  How many have something new; *@overtaken: by at least one of
 * them.
 */
static unsigned int gather(struct tq_log_reader *r, bool *overtaken)
{
	unsigned int n = 0;
	struct peek peek;
	u32 avail;
	int cpu;

	*overtaken = false;
	for_each_possible_cpu(cpu) {
		struct tq_ring *ring = hold_ring(r->q, cpu);
		int len;

		r->at[cpu].held = ring;
		if (!ring)
			continue;
		len = look(ring, &r->at[cpu], &peek, &avail);
		if (len < 0)
			*overtaken = true;
		if (len <= 0)
			continue;
		r->next[n++] = (struct tq_merge) {
			.stamp = peek.rec.mono_ns, .ring = ring, .avail = avail, .cpu = cpu,
		};
	}
	tq_merge_begin(r->next, n);
	return n;
}

static ssize_t read_locked(struct tq_log_reader *r, struct iov_iter *to, bool *drained)
{
	bool overtaken;
	unsigned int n;
	size_t done = 0;
	ssize_t len = 0;

	n = gather(r, &overtaken);
	if (overtaken)
		len = -EPIPE;
	while (n && !overtaken) {
		len = take_one(r, &r->next[0], to);
		if (len <= 0)
			break;
		done += len;
		n = tq_merge_next(r->next, n);
		cond_resched();
	}
	*drained = !n;
	let_go(r);
	if (done)
		return done;
	if (len == -EPIPE)
		catch_up(r);
	return len;
}

ssize_t tq_log_read(struct tq_log_reader *r, struct iov_iter *to, bool *drained)
{
	ssize_t len;

	if (mutex_lock_interruptible(&r->lock))
		return -ERESTARTSYS;
	len = read_locked(r, to, drained);
	mutex_unlock(&r->lock);
	return len;
}

int tq_log_seek(struct tq_log_reader *r, int whence)
{
	int cpu;

	if (whence != SEEK_SET && whence != SEEK_END)
		return -EINVAL;
	if (mutex_lock_interruptible(&r->lock))
		return -ERESTARTSYS;
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_ring *ring = ring_of(r->q, cpu);

		if (!ring)
			go(&r->at[cpu], 0);
		else if (whence == SEEK_SET)
			go(&r->at[cpu], READ_ONCE(ring->tail));
		else
			go(&r->at[cpu], smp_load_acquire(&ring->prod->head));	/* B, with A */
	}
	rcu_read_unlock();
	mutex_unlock(&r->lock);
	return 0;
}

bool tq_log_readable(const struct tq_log_reader *r)
{
	bool any = false;
	int cpu;

	/* A cursor that is ahead of a ring which is just being replaced looks as
	 * if there were something: who comes and finds nothing waits again.
	 */
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_ring *ring = ring_of(r->q, cpu);

		any = ring && READ_ONCE(ring->prod->head) != READ_ONCE(r->at[cpu].pos);
		if (any)
			break;
	}
	rcu_read_unlock();
	return any;
}

struct tq_log_reader *tq_log_reader_new(struct tq_queue *q)
{
	struct tq_log_reader *r;
	int cpu;

	r = kvzalloc(struct_size(r, at, nr_cpu_ids), GFP_KERNEL_ACCOUNT);
	if (!r)
		return NULL;
	r->next = kvcalloc(nr_cpu_ids, sizeof(*r->next), GFP_KERNEL_ACCOUNT);
	if (!r->next) {
		kvfree(r);
		return NULL;
	}
	r->q = q;
	mutex_init(&r->lock);
	/* A ring that comes later begins at position 0. */
	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		const struct tq_ring *ring = ring_of(q, cpu);

		go(&r->at[cpu], ring ? READ_ONCE(ring->tail) : 0);
	}
	rcu_read_unlock();
	return r;
}

void tq_log_reader_free(struct tq_log_reader *r)
{
	if (!r)
		return;
	mutex_destroy(&r->lock);
	kvfree(r->next);
	kvfree(r);
}
