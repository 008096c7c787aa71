/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * move.h - the records of a log go into a ring of another size.
 */
#ifndef _TQ_MOVE_H
#define _TQ_MOVE_H

struct tq_queue;
struct tq_ring;

/* @to, which is new, becomes the ring of @cpu, with what it can hold of the newest
 * records there.  Under tq_net.lock and cpus_read_lock(); sleeps; can't fail.
 */
void tq_move(struct tq_queue *q, int cpu, struct tq_ring *to);

#endif /* _TQ_MOVE_H */
