// SPDX-License-Identifier: GPL-2.0-only
/*
 * map.c - mmap of a queue: see DOC: Mappings.
 */

/**
 * DOC: Mappings
 *
 * The layout is in the uapi header.  A queue is read by read(2) or by the one
 * file that has it mapped, never by both: "maps" counts the pieces of mapping,
 * "reading" says that somebody is in read(2), and each refuses to begin while
 * the other goes on.  All this is under tq_queue.map_lock, which nests inside
 * mmap_lock: nothing is copied from or to user memory under it.
 *
 * What a mapping can write is one page per ring, with the tail in it.  The
 * producer alone reads that, once when it needs room, and takes it only if it
 * lies between the last one that it took ("seen") and head.  So whatever the
 * consumer writes, the producer never writes over [seen, head), and loses
 * records at worst, in that ring.  read(2) uses another word for the tail, in
 * the kernel's own memory.
 *
 * When the last piece goes, each ring is taken back:
 *
 *	1. The producer is told to look at "seen" itself for the tail: it finds no
 *	   new room.
 *	2. A grace period: no producer looks at the page any more; "seen" stays.
 *	3. All of [seen, head) is as the kernel has written it, but "seen", and
 *	   the last tail, may lie anywhere in it.  They are good if a walk from
 *	   record to record leads from "seen" to head and meets the tail; then
 *	   reading goes on at the tail.  Otherwise what is there is given up.
 *	4. A frozen ring thaws.
 *
 * The pages are mapped without a reference (VM_PFNMAP): nothing can pin them
 * (get_user_pages() refuses), so that nobody writes to a consumer page when its
 * last mapping has gone, and charged pages can be mapped on every kernel.  They
 * live as long as the queue, which the mapping's file holds; rings are not
 * replaced while they are mapped.
 *
 * A CPU without a ring has but a consumer and a producer page, made when
 * somebody touches them ("stubs").  If it gets a ring, that takes these pages.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "map.h"
#include "queue.h"
#include "ring.h"

/* Pages that one fault maps, if they are of one ring. */
#define FAULT_AROUND	16

static unsigned long stride_pages(const struct tq_queue *q)
{
	return TQ_RING_PAGES + 2UL * (q->ring_size >> PAGE_SHIFT);
}

static u64 total_pages(const struct tq_queue *q)
{
	return 1 + (u64)nr_cpu_ids * stride_pages(q);
}

bool tq_map_is(const struct tq_queue *q)
{
	return READ_ONCE(q->maps);
}

bool tq_map_is_by_other(const struct tq_queue *q, const struct file *file)
{
	return tq_map_is(q) && READ_ONCE(q->mapper) != file;
}

bool tq_map_read_begin(struct tq_queue *q)
{
	bool free;

	lockdep_assert_held(&q->consumer);
	mutex_lock(&q->map_lock);
	free = !q->maps;
	q->reading = free;
	mutex_unlock(&q->map_lock);
	return free;
}

void tq_map_read_end(struct tq_queue *q)
{
	mutex_lock(&q->map_lock);
	q->reading = false;
	mutex_unlock(&q->map_lock);
}

/* Pages. */

static struct tq_ring *slot_ring(const struct tq_queue *q, unsigned long slot)
{
	if (!cpu_possible(slot))
		return NULL;
	return rcu_dereference_protected(per_cpu_ptr(q->cpu, slot)->ring,
					 lockdep_is_held(&q->map_lock));
}

/* The two pages of a slot without a ring. */
static struct page **stub(struct tq_queue *q, unsigned long slot)
{
	struct page **pages = q->stubs + TQ_RING_PAGES * slot;
	int i;

	for (i = 0; i < TQ_RING_PAGES; i++) {
		if (!pages[i])
			pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
		if (!pages[i])
			return NULL;
	}
	return pages;
}

/* ERR_PTR(-EFAULT): there is none. */
static struct page *page_at(struct tq_queue *q, unsigned long pgoff)
{
	unsigned long slot, i;
	struct tq_ring *ring;
	struct page **pages;

	if (!pgoff)
		return q->info;
	slot = (pgoff - 1) / stride_pages(q);
	i = (pgoff - 1) % stride_pages(q);
	if (slot >= nr_cpu_ids)
		return ERR_PTR(-EFAULT);
	ring = slot_ring(q, slot);
	if (ring)
		return ring->pages[i];
	if (i >= TQ_RING_PAGES)
		return ERR_PTR(-EFAULT);
	pages = stub(q, slot);
	return pages ? pages[i] : ERR_PTR(-ENOMEM);
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct tq_queue *q = vma->vm_private_data;
	unsigned long addr = vmf->address & PAGE_MASK, pgoff = vmf->pgoff;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct page *page;
	int i;

	mutex_lock(&q->map_lock);
	for (i = 0; i < FAULT_AROUND && addr < vma->vm_end; i++, pgoff++, addr += PAGE_SIZE) {
		page = page_at(q, pgoff);
		if (IS_ERR(page)) {
			if (!i && PTR_ERR(page) == -ENOMEM)
				ret = VM_FAULT_OOM;
			break;
		}
		ret = vmf_insert_pfn(vma, addr, page_to_pfn(page));
		if (ret != VM_FAULT_NOPAGE)
			break;
	}
	mutex_unlock(&q->map_lock);
	/* What was meant as a help need not succeed. */
	return i ? VM_FAULT_NOPAGE : ret;
}

/* Begin and end. */

static void fill_info(struct tq_queue *q)
{
	struct tqueue_map_info *info = page_address(q->info);

	*info = (struct tqueue_map_info) {
		.magic		= TQUEUE_MAP_MAGIC,
		.version	= TQUEUE_MAP_VERSION,
		.page_size	= PAGE_SIZE,
		.hdr_len	= sizeof(struct tqueue_record),
		.queue		= q->id,
		.rings		= nr_cpu_ids,
		.ring_size	= q->ring_size,
		.watermark	= READ_ONCE(q->watermark),
		.ring_offset	= PAGE_SIZE,
		.ring_stride	= (u64)stride_pages(q) << PAGE_SHIFT,
	};
}

void tq_map_settings(struct tq_queue *q)
{
	mutex_lock(&q->map_lock);
	if (q->maps)
		fill_info(q);
	mutex_unlock(&q->map_lock);
}

static int begin(struct tq_queue *q)
{
	unsigned long slot;

	if (!q->info)
		q->info = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!q->stubs)
		q->stubs = kvcalloc(nr_cpu_ids, TQ_RING_PAGES * sizeof(*q->stubs),
				    GFP_KERNEL_ACCOUNT);
	if (!q->info || !q->stubs)
		return -ENOMEM;
	fill_info(q);
	for (slot = 0; slot < nr_cpu_ids; slot++) {
		struct tq_ring *ring = slot_ring(q, slot);

		if (ring)
			tq_ring_map(ring);
	}
	return 0;
}

/* Is [@from, @head) a row of records, one of which begins at @tail, or does it
 * end there?  If "from" is not where a record begins, these are bytes of packets
 * that look like headers, perhaps on purpose.
 */
static bool is_row(const struct tq_queue *q, int cpu, const struct tq_ring *ring, u32 from,
		   u32 tail, u32 head)
{
	bool met = tail == head;
	u64 seq = 0;

	while (from != head) {
		const struct tqueue_record *rec = tq_ring_at(ring, from);
		const u32 left = head - from;

		if (left < sizeof(*rec) || rec->len > left || rec->hdr_len != sizeof(*rec) ||
		    rec->len != ALIGN(rec->hdr_len + (u64)rec->caplen, 8) ||
		    rec->queue != q->id || rec->cpu != cpu || (seq && rec->seq != seq) ||
		    rec->type < TQUEUE_RECORD_PACKET || rec->type > TQUEUE_RECORD_LOST)
			return false;
		if (rec->type == TQUEUE_RECORD_LOST) {
			const struct tqueue_lost *lost = (const void *)(rec + 1);

			if (rec->caplen != sizeof(*lost))
				return false;
			seq = rec->seq + lost->count;
		} else {
			seq = rec->seq + 1;
		}
		met |= from == tail;
		from += rec->len;
		cond_resched();
	}
	return met;
}

static void take_back_ring(const struct tq_queue *q, int cpu, struct tq_ring *ring)
{
	struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);
	u32 from, tail, head;

	if (!tq_ring_held(ring, &from, &tail, &head) || !is_row(q, cpu, ring, from, tail, head))
		tail = head;
	/* What a flush threw away before these records was a gap to who took them: read(2)
	 * must not tell of it behind them.
	 */
	if (tq_ring_resume(ring, tail))
		memset(&c->flushed, 0, sizeof(c->flushed));
}

/* See the DOC. */
static void take_back(struct tq_queue *q)
{
	unsigned long slot;

	for (slot = 0; slot < nr_cpu_ids; slot++)
		if (slot_ring(q, slot))
			tq_ring_hold(slot_ring(q, slot));
	synchronize_rcu_expedited();
	for (slot = 0; slot < nr_cpu_ids; slot++)
		if (slot_ring(q, slot))
			take_back_ring(q, slot, slot_ring(q, slot));
}

struct tq_ring *tq_map_ring_new(struct tq_queue *q, int cpu)
{
	struct page **first = q->stubs ? q->stubs + TQ_RING_PAGES * cpu : NULL;
	struct tq_ring *ring;

	lockdep_assert_held(&q->map_lock);
	if (first && !(first[0] && first[1]))
		first = NULL;
	ring = tq_ring_new(q->ring_size, cpu, first, q->account);
	if (IS_ERR(ring))
		return ring;
	if (first)
		memset(first, 0, TQ_RING_PAGES * sizeof(*first));
	if (q->maps)
		tq_ring_map(ring);
	return ring;
}

void tq_map_free(struct tq_queue *q)
{
	unsigned long i;

	if (q->info)
		__free_page(q->info);
	for (i = 0; q->stubs && i < (unsigned long)TQ_RING_PAGES * nr_cpu_ids; i++)
		if (q->stubs[i])
			__free_page(q->stubs[i]);
	kvfree(q->stubs);
}

/* VMAs. */

static void map_open(struct vm_area_struct *vma)
{
	struct tq_queue *q = vma->vm_private_data;

	mutex_lock(&q->map_lock);
	WRITE_ONCE(q->maps, q->maps + 1);
	mutex_unlock(&q->map_lock);
}

static void map_close(struct vm_area_struct *vma)
{
	struct tq_queue *q = vma->vm_private_data;
	bool last;

	mutex_lock(&q->map_lock);
	last = q->maps == 1;
	if (last) {
		take_back(q);
		WRITE_ONCE(q->mapper, NULL);
	}
	WRITE_ONCE(q->maps, q->maps - 1);
	mutex_unlock(&q->map_lock);
	if (!last)
		return;
	if (tq_queue_hungry(q))
		tq_queue_wake(q);
	tq_queue_made_room(q);
}

static const struct vm_operations_struct map_ops = {
	.open	= map_open,
	.close	= map_close,
	.fault	= map_fault,
};

static bool is_consumer_page(const struct tq_queue *q, struct vm_area_struct *vma)
{
	return vma_pages(vma) == 1 && vma->vm_pgoff && (vma->vm_pgoff - 1) % stride_pages(q) == 0;
}

/* What the uapi header says of protection and place. */
static int check_vma(const struct tq_queue *q, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= total_pages(q) || vma_pages(vma) > total_pages(q) - vma->vm_pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_flags & VM_WRITE && !is_consumer_page(q, vma))
		return -EPERM;
	return 0;
}

/* *@first: there was no mapping before. */
static int attach(struct tq_queue *q, struct file *file, struct vm_area_struct *vma, bool *first)
{
	int err;

	lockdep_assert_held(&q->map_lock);
	if (q->reading || atomic_read(&q->old_rings) || (q->maps && q->mapper != file))
		return -EBUSY;
	/* Not before: the ring size is known only now. */
	err = check_vma(q, vma);
	if (err)
		return err;
	*first = !q->maps;
	err = *first ? begin(q) : 0;
	if (err)
		return err;
	WRITE_ONCE(q->mapper, file);
	WRITE_ONCE(q->maps, q->maps + 1);
	return 0;
}

int tq_map(struct tq_queue *q, struct file *file, struct vm_area_struct *vma)
{
	bool first = false;
	int err;

	if (q->mode != TQUEUE_MODE_STREAM)
		return -ENODEV;
	mutex_lock(&q->map_lock);
	err = attach(q, file, vma, &first);
	mutex_unlock(&q->map_lock);
	if (err)
		return err;
	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP,
		     VM_MAYEXEC | (vma->vm_flags & VM_WRITE ? 0 : VM_MAYWRITE));
	vma->vm_private_data = q;
	vma->vm_ops = &map_ops;
	if (first) {
		/* They are to return EBUSY and EAGAIN. */
		wake_up_interruptible_poll(&q->wait, EPOLLIN | EPOLLRDNORM | EPOLLRDBAND);
		wake_up_interruptible_poll(&q->room, EPOLLOUT | EPOLLWRNORM);
	}
	return 0;
}
