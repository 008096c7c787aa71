/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - one circular buffer of bytes: one producer, one consumer, no lock.
 *
 * A ring knows neither queues nor records.  What keeps the producers of a ring
 * apart, and its consumers, is the caller's business.  See DOC: Rings in ring.c.
 */
#ifndef _TQ_RING_H
#define _TQ_RING_H

#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/tqueue.h>

#define TQ_RING_SIZE_MIN	(2 * PAGE_SIZE)
#define TQ_RING_SIZE_MAX	(1U << 30)

/**
 * struct tq_ring - one ring
 * @cons: page that the consumer writes
 * @prod: page that the producer writes
 * @data: the bytes, twice in a row
 * @size: bytes of data, a power of two
 * @pages: @cons, @prod, then the data, once
 * @nr_pages: how many
 * @head: producer's own: where the next reservation starts
 * @seen: producer's own: the tail when it last had to look
 * @tail: consumer's own: where the next record starts
 */
struct tq_ring {
	struct tqueue_map_consumer	*cons;
	struct tqueue_map_producer	*prod;
	u8				*data;
	u32				size;
	u32				nr_pages;
	struct page			**pages;

	u32				head ____cacheline_aligned_in_smp;
	u32				seen;

	u32				tail ____cacheline_aligned_in_smp;
};

/* Zeroed memory near @cpu, charged to the current memory cgroup (not on kernels
 * that can't map charged pages: 5.10).  NULL: no memory.  Sleeps; gives up
 * rather than call the OOM killer.
 */
struct tq_ring *tq_ring_new(u32 size, int cpu);
void tq_ring_free(struct tq_ring *ring);

/* The largest record: a quarter of the ring. */
static inline u32 tq_ring_record_max(const struct tq_ring *ring)
{
	return ring->size / 4;
}

/* Bytes of memory that a ring of @size bytes takes. */
static inline u64 tq_ring_memory(u32 size)
{
	return (u64)size + 2 * PAGE_SIZE;
}

/* Producer.  @len is a multiple of 8.  A reservation that is not committed is
 * forgotten by the next one.
 */
void *tq_ring_reserve(struct tq_ring *ring, u32 len);
void tq_ring_commit(struct tq_ring *ring, u32 len);

/* Consumer.  tq_ring_peek() gives the first byte not yet consumed, which stays
 * until tq_ring_consume(), and says in @avail how many follow.
 */
const void *tq_ring_peek(struct tq_ring *ring, u32 *avail);
void tq_ring_consume(struct tq_ring *ring, u32 len);

/* Anybody: bytes committed and not consumed, at some moment of the call. */
u32 tq_ring_pending(const struct tq_ring *ring);

#endif /* _TQ_RING_H */
