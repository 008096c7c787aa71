// SPDX-License-Identifier: GPL-2.0-only
/*
 * move.c - see DOC: Change of a log's ring size.
 */

/**
 * DOC: Change of a log's ring size
 *
 * What a log holds is there to be read by who comes later, so it can't wait in an
 * old ring until somebody has read it: the newest records that fit are copied into
 * the new ring, and the old one goes.
 *
 * Each record keeps its position.  So the cursors of readers, which are positions
 * and numbers, mean in the new ring what they meant in the old one, and whose next
 * record is not there any more finds himself overtaken, as always (log.c).
 *
 * The copying is done in the place of the producer (tq_queue_instead()), on its CPU
 * if that is up: so nothing is written over meanwhile, and when the copy has
 * reached the head, the pointer is exchanged then and there.  No grace period is
 * needed for that: whoever produces next on this CPU loads the new pointer.  It goes
 * by slices, so that packets do not wait for long, and what they bring between two
 * slices is copied by the next.  They may also write over what is to be copied next:
 * then it begins again at what is the oldest now.  Copying a record takes less time
 * than making one, so the copy gets there; should it not in ROUNDS, the last slice
 * has no limit.
 *
 * A reader that waits and does not see the new ring is no danger: if it saw the old
 * pointer after it had set "hungry", then the producer, who comes after the exchange,
 * sees "hungry" (E and F in post.c).
 */
#include <linux/bottom_half.h>
#include <linux/cpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "move.h"
#include "net.h"
#include "queue.h"
#include "ring.h"

/* Bytes; a tenth of a millisecond.  A record costs so many besides its own. */
#define SLICE		(256 << 10)
#define RECORD_COST	256
/* Slices before a call gives the CPU back. */
#define SLICES		8
#define ROUNDS		1024

/**
 * struct move - what is under way for one CPU
 * @q: the queue
 * @from: its ring
 * @to: what is to be its ring
 * @begun: there is something in @to, or could be
 * @kept: records in @to, lost records not counted
 * @rounds: calls so far
 * @done: @to is the ring now
 */
struct move {
	struct tq_queue	*q;
	struct tq_ring	*from;
	struct tq_ring	*to;
	bool		begun;
	u64		kept;
	unsigned int	rounds;
	bool		done;
};

static bool counts(const struct tqueue_record *rec)
{
	return rec->type != TQUEUE_RECORD_LOST;
}

/* Nothing is kept of what is before @pos. */
static void begin_at(struct move *m, u32 pos)
{
	tq_ring_begin_at(m->to, pos);
	m->kept = 0;
}

static void give_up_oldest(struct move *m)
{
	const struct tqueue_record *rec = tq_ring_oldest(m->to);

	m->kept -= counts(rec);
	tq_ring_give_up(m->to, rec->len);
}

static void copy_one(struct move *m, const struct tqueue_record *rec)
{
	while (tq_ring_room(m->to) < rec->len)
		give_up_oldest(m);
	memcpy(tq_ring_reserve(m->to, rec->len), rec, rec->len);
	tq_ring_commit(m->to, rec->len);
	m->kept += counts(rec);
}

/* True: all is there. */
static bool copy_slice(struct move *m)
{
	const struct tq_ring *from = m->from;
	struct tq_ring *to = m->to;
	s64 budget = m->rounds < ROUNDS ? SLICE : S64_MAX;

	/* In the old ring, what we would go on with may be written over by now. */
	if (!m->begun || to->head - from->seen > from->head - from->seen)
		begin_at(m, from->seen);
	m->begun = true;
	while (to->head != from->head) {
		const struct tqueue_record *rec = tq_ring_at(from, to->head);
		const u32 len = rec->len;

		if (budget <= 0)
			return false;
		budget -= RECORD_COST;
		/* Larger than a record may be now, or too long ago to be there in
		 * the end: neither it nor what is before it.
		 */
		if (len > tq_ring_record_max(to) || from->head - to->head > to->size) {
			begin_at(m, to->head + len);
			continue;
		}
		copy_one(m, rec);
		budget -= len;
	}
	return true;
}

/* The new ring becomes the ring. */
static void exchange(struct move *m, struct tq_queue_cpu *c)
{
	const struct tq_ring *from = m->from;
	struct tq_ring *to = m->to;

	/* What was written over in the old ring is counted as such already. */
	while (to->head - to->seen > from->head - from->seen)
		give_up_oldest(m);
	tq_ring_given_up(to);
	WRITE_ONCE(to->mark, READ_ONCE(from->mark));
	tq_queue_lost_before(to, c);
	u64_stats_update_begin(&c->syncp);
	WRITE_ONCE(c->stats.overwritten, c->stats.records - m->kept);
	u64_stats_update_end(&c->syncp);
	rcu_assign_pointer(c->ring, to);
	m->done = true;
}

static void move_slice(struct tq_queue_cpu *c, void *arg)
{
	struct move *m = arg;

	if (copy_slice(m))
		exchange(m, c);
}

/* On the CPU whose ring it is. */
static int move_here(void *arg)
{
	struct move *m = arg;
	int i;

	for (i = 0; i < SLICES && !m->done; i++)
		tq_queue_instead(m->q, move_slice, m);
	return 0;
}

void tq_move(struct tq_queue *q, int cpu, struct tq_ring *to)
{
	struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
	struct move m = {
		.q = q,
		.from = rcu_dereference_protected(c->ring, lockdep_is_held(&q->tn->lock)),
		.to = to,
	};

	if (!m.from) {
		tq_queue_lost_before(to, c);
		rcu_assign_pointer(c->ring, to);
		return;
	}
	for (; !m.done; m.rounds++) {
		if (cpu_online(cpu)) {
			smp_call_on_cpu(cpu, move_here, &m, false);
		} else {
			/* There is no producer. */
			local_bh_disable();
			move_slice(c, &m);
			local_bh_enable();
		}
		cond_resched();
	}
	tq_ring_put(m.from, tq_queue_wq);
}
