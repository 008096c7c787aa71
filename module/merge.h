/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * merge.h - the records of several rings in the order that they were made.
 *
 * A heap of the rings that have something to read: the oldest record on top.
 */
#ifndef _TQ_MERGE_H
#define _TQ_MERGE_H

#include <linux/types.h>

struct tq_queue_cpu;
struct tq_ring;

/**
 * struct tq_merge - a ring with records to read, while a read goes on
 * @stamp: mono_ns of its next record
 * @c: the CPU's part of the queue
 * @ring: one of its rings
 * @avail: bytes left of what was committed when the read began
 * @cpu: whose it is
 */
struct tq_merge {
	u64			stamp;
	struct tq_queue_cpu	*c;
	struct tq_ring		*ring;
	u32			avail;
	u32			cpu;
};

/* Makes a heap of @n rings in any order. */
void tq_merge_begin(struct tq_merge *heap, unsigned int n);
/* The ring on top has moved to another record, or has no more (!avail).  Returns
 * how many are left.
 */
unsigned int tq_merge_next(struct tq_merge *heap, unsigned int n);

#endif /* _TQ_MERGE_H */
