// SPDX-License-Identifier: GPL-2.0-only
/*
 * overflow.c - when a queue begins to lose, and when it has stopped.
 *
 * DOC: Overflow
 *
 * The first loss of a queue that loses nothing marks it and, by an irq_work
 * (copies may be asked for where the workqueue's locks are held), has the
 * namespace's work look at once.  While a queue is marked, further losses cost
 * the packet path a barrier and a load.  The work tells that it overflows, and
 * comes again until a second has passed in which its counters did not grow;
 * then it tells that it has recovered, and takes the mark away:
 *
 *	producer			work
 *
 *	count the loss			losing = 0
 *	full barrier			full barrier
 *	load losing			add up the counters
 *
 * so either the producer marks it again, or the work sees the loss.
 *
 * The namespace outlives whoever may mark a queue of it: a queue is "dead" before
 * its namespace ends, and a grace period is between.
 */
#include <linux/jiffies.h>

#include "net.h"
#include "nl_queue.h"
#include "overflow.h"
#include "table.h"

#define QUIET		HZ
/* How often it looks meanwhile. */
#define LOOK		(HZ / 4)

void tq_overflow_begin(struct tq_queue *q)
{
	if (!READ_ONCE(q->dead) && !cmpxchg(&q->losing, 0, 1))
		irq_work_queue(&q->tn->overflow_irq);
}

/* What was lost; what the end of a queue or a flush took is no overflow. */
static u64 losses(const struct tq_queue *q)
{
	struct tq_queue_stats stats;
	u64 sum = 0;
	int i;

	tq_queue_stats(q, &stats);
	for (i = TQUEUE_LOSS_FULL; i < TQUEUE_LOSS_SLOTS; i++)
		if (i != TQUEUE_LOSS_DYING && i != TQUEUE_LOSS_FLUSHED)
			sum += stats.lost[i];
	return sum;
}

/* A second without a loss.  True: there was one after all. */
static bool rest_easy(struct tq_queue *q)
{
	WRITE_ONCE(q->losing, 0);
	smp_mb();	/* with tq_overflow_note() */
	return losses(q) != q->losses_seen && !cmpxchg(&q->losing, 0, 1);
}

/* True: look again. */
static bool look(struct tq_net *tn, struct tq_queue *q)
{
	const u64 sum = losses(q);

	if (!q->overflows || sum != q->losses_seen) {
		q->losses_seen = sum;
		q->losses_at = jiffies;
		if (!q->overflows)
			tq_nl_queue_overflow(tn, q, TQUEUE_CMD_QUEUE_OVERFLOW_NTF);
		q->overflows = true;
		return true;
	}
	if (time_before(jiffies, q->losses_at + QUIET))
		return true;
	q->overflows = false;
	tq_nl_queue_overflow(tn, q, TQUEUE_CMD_QUEUE_RECOVERED_NTF);
	return rest_easy(q);
}

static void overflow_work(struct work_struct *work)
{
	struct tq_net *tn = container_of(to_delayed_work(work), struct tq_net, overflow);
	struct tq_queue *q;
	bool again = false;

	mutex_lock(&tn->lock);
	list_for_each_entry(q, &tn->queues, net_node)
		if (READ_ONCE(q->losing) && look(tn, q))
			again = true;
	mutex_unlock(&tn->lock);
	/* Not if somebody wants it at once. */
	if (again)
		queue_delayed_work(tq_wq, &tn->overflow, LOOK);
}

static void overflow_irq(struct irq_work *work)
{
	struct tq_net *tn = container_of(work, struct tq_net, overflow_irq);

	mod_delayed_work(tq_wq, &tn->overflow, 0);
}

void tq_overflow_init(struct tq_net *tn)
{
	init_irq_work(&tn->overflow_irq, overflow_irq);
	INIT_DELAYED_WORK(&tn->overflow, overflow_work);
}

void tq_overflow_exit(struct tq_net *tn)
{
	irq_work_sync(&tn->overflow_irq);
	cancel_delayed_work_sync(&tn->overflow);
}
