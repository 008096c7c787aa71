// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qmap.h"

static off_t slot_offset(const struct tqueue_map_info *info, u32 slot)
{
	return (off_t)(info->ring_offset + slot * info->ring_stride);
}

int qmap_open(struct qmap *m, int fd)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct tqueue_map_info *info;
	u32 slot;
	int err;

	info = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	if (info == MAP_FAILED)
		return -1;
	if (info->magic != TQUEUE_MAP_MAGIC || info->version != TQUEUE_MAP_VERSION ||
	    info->page_size != page || info->hdr_len < sizeof(struct tqueue_record))
		die("magic %#x, version %u, page size %u, header %u", info->magic, info->version,
		    info->page_size, info->hdr_len);
	m->fd = fd;
	m->size = (size_t)slot_offset(info, info->rings);
	m->info = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
	err = errno;
	munmap((void *)info, page);
	errno = err;
	if (m->info == MAP_FAILED)
		return -1;
	info = m->info;
	m->cons = xcalloc(info->rings, sizeof(*m->cons));
	for (slot = 0; slot < info->rings; slot++) {
		m->cons[slot] = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				     slot_offset(info, slot));
		if (m->cons[slot] == MAP_FAILED)
			return -1;
	}
	return 0;
}

void qmap_close(struct qmap *m)
{
	u32 slot;

	for (slot = 0; slot < m->info->rings; slot++)
		munmap(m->cons[slot], m->info->page_size);
	munmap((void *)m->info, m->size);
	free(m->cons);
}

const struct tqueue_map_producer *qmap_producer(const struct qmap *m, u32 slot)
{
	return (const void *)((const u8 *)m->info + slot_offset(m->info, slot) +
			      m->info->page_size);
}

const u8 *qmap_data(const struct qmap *m, u32 slot)
{
	return (const u8 *)qmap_producer(m, slot) + m->info->page_size;
}

u32 qmap_peek(const struct qmap *m, u32 slot, const u8 **records)
{
	const u32 tail = m->cons[slot]->tail;
	const u32 head = __atomic_load_n(&qmap_producer(m, slot)->head, __ATOMIC_ACQUIRE);

	*records = qmap_data(m, slot) + (tail & (m->info->ring_size - 1));
	return head - tail;
}

void qmap_release(const struct qmap *m, u32 slot, u32 len)
{
	__atomic_store_n(&m->cons[slot]->tail, m->cons[slot]->tail + len, __ATOMIC_RELEASE);
}
