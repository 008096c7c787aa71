// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - see DOC: Rings.
 */

/**
 * DOC: Rings
 *
 * A ring is one range of kernel addresses, in the layout that the uapi header
 * promises to mappings:
 *
 *	consumer page | producer page | data | the same data once more
 *
 * The data pages are mapped twice in a row, so that a record that runs over the
 * end is still one piece of memory.  Consumer and producer have a page each,
 * because a mapping may write the first and must not write the second.
 *
 * Positions are u32 and run freely; the byte of position p is data[p & (size -
 * 1)], and since a ring has at most 2^30 bytes, "head - tail" is the number of
 * bytes in use whatever has wrapped.  There are three kinds of bytes:
 *
 *	[tail, head)		committed: the consumer's to read
 *	[head, head + len)	reserved: the producer's to write, seen by nobody
 *	the rest		free
 *
 * Each side keeps its own position in private memory.  The producer publishes a
 * copy of head; the kernel's consumer publishes tail where it is, a mapped one in
 * its page.  The producer moves bytes from free to committed by publishing head, the consumer
 * from committed to free by publishing tail; nobody else moves anything.
 *
 *	producer				consumer
 *
 *	load tail, acquire	(D)		load head, acquire	(B)
 *	write the bytes				read the bytes
 *	store head, release	(A)		store tail, release	(C)
 *
 * A pairs with B: who sees the new head sees the bytes before it.  Nothing
 * weaker will do, because the bytes are plain memory.  Nothing stronger is
 * needed, because the producer expects no answer.
 *
 * C pairs with D: who sees the new tail writes over the bytes only after they
 * were read.  For D a control dependency would order our own stores; it is an
 * acquire because the compiler may not start a memcpy early either, and because
 * on the machines where it costs something the producer looks at the tail only
 * when the ring seems full (@seen).
 *
 * I pairs with J: who sees "sealed" sees every head that was ever published, so
 * nothing found after that is nothing for ever.
 *
 * Whether a consumer sleeps is not the ring's business: barriers E to H are in
 * post.c.
 *
 * The tail of a mapped ring is written by user space.  The kernel reads it once and takes it
 * only if it lies between the last tail seen and head and is a multiple of 8.
 * Otherwise the ring is frozen: it takes no more.  No address is ever computed
 * from it.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "account.h"
#include "ring.h"

/* From number @i on. */
static void free_pages_of(struct tq_ring *ring, u32 i)
{
	for (; i < ring->nr_pages; i++) {
		__free_page(ring->pages[i]);
		cond_resched();
	}
	kvfree(ring->pages);
}

static struct page *one_page(int node)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;

	cond_resched();
	return fatal_signal_pending(current) ? NULL : alloc_pages_node(node, gfp, 0);
}

/* @data pages follow the first two, and then they follow once more. */
static bool alloc_pages_of(struct tq_ring *ring, u32 data, int node, struct page *const *first)
{
	u32 i;

	ring->pages = kvmalloc_array(TQ_RING_PAGES + 2 * (size_t)data, sizeof(*ring->pages),
				     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!ring->pages)
		return false;
	for (i = 0; i < TQ_RING_PAGES + data; i++) {
		struct page *page = first && i < TQ_RING_PAGES ? first[i] : one_page(node);

		if (!page)
			return false;
		ring->pages[i] = page;
		ring->nr_pages++;
		if (i >= TQ_RING_PAGES)
			ring->pages[i + data] = page;
	}
	return true;
}

struct tq_ring *tq_ring_new(u32 size, int cpu, struct page *const *first,
			    struct tq_account *account)
{
	const int node = cpu_to_node(cpu);
	const u32 data = size >> PAGE_SHIFT;
	struct tq_ring *ring;
	u8 *addr;
	int err;

	if (WARN_ON_ONCE(!is_power_of_2(size) || size < TQ_RING_SIZE_MIN ||
			 size > TQ_RING_SIZE_MAX))
		return ERR_PTR(-EINVAL);
	err = tq_account_charge(account, tq_ring_memory(size));
	if (err)
		return ERR_PTR(err);
	ring = kzalloc_node(sizeof(*ring), GFP_KERNEL_ACCOUNT, node);
	if (!ring)
		goto uncharge;
	if (!alloc_pages_of(ring, data, node, first))
		goto free;
	addr = vmap(ring->pages, TQ_RING_PAGES + 2 * data, VM_MAP, PAGE_KERNEL);
	if (!addr)
		goto free;
	ring->cons = (struct tqueue_map_consumer *)addr;
	ring->prod = (struct tqueue_map_producer *)(addr + PAGE_SIZE);
	ring->data = addr + TQ_RING_PAGES * PAGE_SIZE;
	ring->size = size;
	ring->tails = &ring->tail;
	refcount_set(&ring->refs, 1);
	ring->prod->state = TQUEUE_MAP_READY;
	ring->account = tq_account_hold(account);
	return ring;

free:
	/* What was given to us stays the giver's. */
	free_pages_of(ring, first ? TQ_RING_PAGES : 0);
	kfree(ring);
uncharge:
	tq_account_uncharge(account, tq_ring_memory(size));
	return ERR_PTR(-ENOMEM);
}

void tq_ring_free(struct tq_ring *ring)
{
	if (!ring)
		return;
	vunmap(ring->cons);
	free_pages_of(ring, 0);
	tq_account_uncharge(ring->account, tq_ring_memory(ring->size));
	tq_account_put(ring->account);
	kfree(ring);
}

static void free_after_rcu(struct work_struct *work)
{
	tq_ring_free(container_of(to_rcu_work(work), struct tq_ring, free_work));
}

void tq_ring_free_rcu(struct tq_ring *ring, struct workqueue_struct *wq)
{
	INIT_RCU_WORK(&ring->free_work, free_after_rcu);
	queue_rcu_work(wq, &ring->free_work);
}

bool tq_ring_get(struct tq_ring *ring)
{
	return refcount_inc_not_zero(&ring->refs);
}

void tq_ring_put(struct tq_ring *ring, struct workqueue_struct *wq)
{
	if (refcount_dec_and_test(&ring->refs))
		tq_ring_free_rcu(ring, wq);
}

/* Free bytes by the tail that we saw last; never too many. */
u32 tq_ring_room(const struct tq_ring *ring)
{
	return ring->size - (ring->head - ring->seen);
}

static void look_at_tail(struct tq_ring *ring)
{
	u32 tail;

	if (unlikely(smp_load_acquire(&ring->prod->state) == TQUEUE_MAP_FROZEN))
		return;
	tail = smp_load_acquire(READ_ONCE(ring->tails));		/* D, with C */
	if (likely(tail - ring->seen <= ring->head - ring->seen && !(tail & 7))) {
		WRITE_ONCE(ring->seen, tail);
	} else {
		/* Full, until the mapping is gone. */
		WRITE_ONCE(ring->seen, ring->head - ring->size);
		WRITE_ONCE(ring->prod->state, TQUEUE_MAP_FROZEN);
	}
}

void *tq_ring_reserve(struct tq_ring *ring, u32 len)
{
	if (unlikely(len > tq_ring_room(ring))) {
		look_at_tail(ring);
		if (len > tq_ring_room(ring))
			return NULL;
	}
	return ring->data + (ring->head & (ring->size - 1));
}

void tq_ring_commit(struct tq_ring *ring, u32 len)
{
	ring->head += len;
	smp_store_release(&ring->prod->head, ring->head);		/* A, with B */
}

void tq_ring_begin_at(struct tq_ring *ring, u32 pos)
{
	ring->head = pos;
	ring->seen = pos;
	ring->tail = pos;
	ring->prod->head = pos;
}

const void *tq_ring_oldest(const struct tq_ring *ring)
{
	return tq_ring_at(ring, ring->seen);
}

void tq_ring_give_up(struct tq_ring *ring, u32 len)
{
	ring->seen += len;
}

void tq_ring_given_up(struct tq_ring *ring)
{
	WRITE_ONCE(ring->tail, ring->seen);
	smp_wmb();							/* M, with N */
}

const void *tq_ring_peek(struct tq_ring *ring, u32 *avail)
{
	*avail = smp_load_acquire(&ring->prod->head) - ring->tail;	/* B, with A */
	return ring->data + (ring->tail & (ring->size - 1));
}

void tq_ring_consume(struct tq_ring *ring, u32 len)
{
	smp_store_release(&ring->tail, ring->tail + len);		/* C, with D */
}

void tq_ring_map(struct tq_ring *ring)
{
	/* Nothing of an earlier consumer. */
	memset(ring->cons, 0, PAGE_SIZE);
	ring->cons->tail = ring->tail;
	smp_store_release(&ring->tails, &ring->cons->tail);
}

void tq_ring_hold(struct tq_ring *ring)
{
	WRITE_ONCE(ring->tails, &ring->seen);
}

bool tq_ring_held(const struct tq_ring *ring, u32 *seen, u32 *tail, u32 *head)
{
	*seen = READ_ONCE(ring->seen);
	*tail = READ_ONCE(ring->cons->tail);
	*head = smp_load_acquire(&ring->prod->head);			/* B, with A */
	return READ_ONCE(ring->prod->state) != TQUEUE_MAP_FROZEN;
}

bool tq_ring_resume(struct tq_ring *ring, u32 tail)
{
	const bool moved = tail != ring->tail;

	WRITE_ONCE(ring->tail, tail);
	smp_store_release(&ring->tails, &ring->tail);			/* C, with D */
	/* If it was frozen, "seen" is a whole ring behind head: no tail that we
	 * set is out of its sight.
	 */
	smp_store_release(&ring->prod->state, TQUEUE_MAP_READY);
	return moved;
}

void tq_ring_seal(struct tq_ring *ring)
{
	smp_store_release(&ring->sealed, true);				/* I, with J */
}

bool tq_ring_drained(struct tq_ring *ring)
{
	u32 avail;

	if (!smp_load_acquire(&ring->sealed))				/* J, with I */
		return false;
	tq_ring_peek(ring, &avail);
	return !avail;
}

u32 tq_ring_unread(const struct tq_ring *ring, const void **first)
{
	/* The tail first: head is never behind a tail that was seen before it.
	 * Records that come and go between the two loads make the sum too
	 * large, and a hostile tail makes it anything: hence min().
	 */
	u32 tail = smp_load_acquire(READ_ONCE(ring->tails));
	u32 head = smp_load_acquire(&ring->prod->head);			/* B, with A */

	*first = tq_ring_at(ring, round_down(tail, 8));
	/* A frozen ring delivers nothing more. */
	if (unlikely(READ_ONCE(ring->prod->state) == TQUEUE_MAP_FROZEN))
		return 0;
	return min(head - tail, ring->size);
}

u32 tq_ring_pending(const struct tq_ring *ring)
{
	const void *first;

	return tq_ring_unread(ring, &first);
}
