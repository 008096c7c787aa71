/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * overflow.h - tells who listens that a queue begins to lose, and has stopped.
 */
#ifndef _TQ_OVERFLOW_H
#define _TQ_OVERFLOW_H

#include "queue.h"

struct tq_net;

/* Slow path of tq_overflow_note(). */
void tq_overflow_begin(struct tq_queue *q);

/* @q has just counted a loss.  Packet path, in the read-side section of RCU in
 * which that was done; any context.
 */
static inline void tq_overflow_note(struct tq_queue *q)
{
	smp_mb();	/* counted, then looked; with rest_easy() */
	if (unlikely(!READ_ONCE(q->losing)))
		tq_overflow_begin(q);
}

void tq_overflow_init(struct tq_net *tn);
/* Nothing of @tn can lose any more.  May sleep, not under tq_net.lock. */
void tq_overflow_exit(struct tq_net *tn);

#endif /* _TQ_OVERFLOW_H */
