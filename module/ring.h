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
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/tqueue.h>

struct tq_account;

#define TQ_RING_SIZE_MIN	(2 * PAGE_SIZE)
#define TQ_RING_SIZE_MAX	(1U << 30)
/* Pages before the data. */
#define TQ_RING_PAGES		2

/**
 * struct tq_ring - one ring
 * @cons: page that the consumer writes
 * @prod: page that the producer writes
 * @data: the bytes, twice in a row
 * @size: bytes of data, a power of two
 * @pages: @cons, @prod, then the data, once
 * @nr_pages: how many
 * @tails: where the producer looks for the tail: at @tail, in the consumer page
 *	while the ring is mapped, or at @seen when nobody may move it
 * @sealed: no producer is left, nor will one come; set once
 * @account: where its memory counts; a reference
 * @free_work: tq_ring_free_rcu()
 * @refs: of a log: the queue's, and one of each read(2) that is at it
 * @head: producer's own: where the next reservation starts
 * @seen: producer's own: the tail when it last had to look
 * @tail: consumer's own: where the next record starts.  In a log it is the
 *	producer's, who alone consumes: where the oldest record starts
 * @mark: of a log: head when a reader last found nothing
 */
struct tq_ring {
	struct tqueue_map_consumer	*cons;
	struct tqueue_map_producer	*prod;
	u8				*data;
	u32				size;
	u32				nr_pages;
	struct page			**pages;
	const u32			*tails;
	bool				sealed;
	struct tq_account		*account;
	struct rcu_work			free_work;
	refcount_t			refs;

	u32				head ____cacheline_aligned_in_smp;
	u32				seen;

	u32				tail ____cacheline_aligned_in_smp;
	u32				mark;
};

/* Zeroed memory near @cpu, charged to the current memory cgroup and to @account.
 * @first: NULL, or the first two pages, which the ring takes over.  -ENOMEM, or
 * -EDQUOT by @account.  Sleeps; gives up rather than call the OOM killer.
 */
struct tq_ring *tq_ring_new(u32 size, int cpu, struct page *const *first,
			    struct tq_account *account);
void tq_ring_free(struct tq_ring *ring);
/* The same after a grace period, by a work item of @wq.  Any context. */
void tq_ring_free_rcu(struct tq_ring *ring, struct workqueue_struct *wq);

/* For readers of a log, who sleep while they hold a ring that may be replaced.
 * tq_ring_get() is for who found it under RCU; false: it was replaced.
 */
bool tq_ring_get(struct tq_ring *ring);
void tq_ring_put(struct tq_ring *ring, struct workqueue_struct *wq);

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
/* Of a ring that nobody else knows: it is empty, and what comes next is at @pos. */
void tq_ring_begin_at(struct tq_ring *ring, u32 pos);

/* Producer of a log: see DOC: Logs in log.c.  The oldest byte; it is given up, with
 * @len - 1 more; and all that, before anything is written in its place.
 */
const void *tq_ring_oldest(const struct tq_ring *ring);
void tq_ring_give_up(struct tq_ring *ring, u32 len);
void tq_ring_given_up(struct tq_ring *ring);
/* Free bytes, as far as the producer knows. */
u32 tq_ring_room(const struct tq_ring *ring);

/* Consumer.  tq_ring_peek() gives the first byte not yet consumed, which stays
 * until tq_ring_consume(), and says in @avail how many follow.
 */
const void *tq_ring_peek(struct tq_ring *ring, u32 *avail);
void tq_ring_consume(struct tq_ring *ring, u32 len);

/* For who knows that the last producer has gone: from now on, a consumer that
 * finds nothing knows that this is all.
 */
void tq_ring_seal(struct tq_ring *ring);
/* Consumer: sealed, and nothing is left. */
bool tq_ring_drained(struct tq_ring *ring);

/* Who has taken the consumer's place from the kernel, and gives it back: see DOC:
 * Mappings in map.c.
 */
void tq_ring_map(struct tq_ring *ring);
void tq_ring_hold(struct tq_ring *ring);
/* After a grace period: the tail that the producer took last, the tail that the
 * mapping left, and head.  False: the ring is frozen.
 */
bool tq_ring_held(const struct tq_ring *ring, u32 *seen, u32 *tail, u32 *head);
/* True: records were taken since tq_ring_map(). */
bool tq_ring_resume(struct tq_ring *ring, u32 tail);

/* The byte of a position. */
static inline const void *tq_ring_at(const struct tq_ring *ring, u32 pos)
{
	return ring->data + (pos & (ring->size - 1));
}

/* Anybody: bytes committed and not consumed, at some moment of the call. */
u32 tq_ring_pending(const struct tq_ring *ring);
/* The same, and where these bytes begin: memory of the ring, but a record only as long as
 * nobody consumes it, and behind the tail of a hostile mapping any bytes of records.
 */
u32 tq_ring_unread(const struct tq_ring *ring, const void **first);

#endif /* _TQ_RING_H */
