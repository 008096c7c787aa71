/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map.h - a queue of mode stream, mapped by its consumer.
 */
#ifndef _TQ_MAP_H
#define _TQ_MAP_H

#include <linux/types.h>

struct file;
struct tq_queue;
struct tq_ring;
struct vm_area_struct;

/* mmap(2).  Takes no tq_queue.consumer: whoever holds that may wait for the lock
 * that the caller of mmap has.
 */
int tq_map(struct tq_queue *q, struct file *file, struct vm_area_struct *vma);
bool tq_map_is(const struct tq_queue *q);
/* It was a moment ago, by another file than @file. */
bool tq_map_is_by_other(const struct tq_queue *q, const struct file *file);

/* The holder of tq_queue.consumer takes records out between these.  False: the
 * queue is mapped, nobody else may.
 */
bool tq_map_read_begin(struct tq_queue *q);
void tq_map_read_end(struct tq_queue *q);

/* The rest is under tq_queue.map_lock. */

/* Makes the ring of a CPU that had none part of the mapping, if there is one. */
struct tq_ring *tq_map_ring_new(struct tq_queue *q, int cpu);
/* The queue's settings have changed.  Takes map_lock itself. */
void tq_map_settings(struct tq_queue *q);
/* With the last reference. */
void tq_map_free(struct tq_queue *q);

#endif /* _TQ_MAP_H */
