// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: The consumer of mapped rings
 *
 * Each ring is a stream of records in the order of their making.  Between rings
 * the order is by mono_ns, best effort: what was committed when we looked is
 * merged exactly, and what comes later is for the next look.  To merge costs a
 * walk over all rings, so a ring is followed until its next record is younger
 * than the oldest of any other ring; under load that is many records.
 *
 * Barriers, with the letters of module/ring.c:
 *
 *   B  load of head, acquire; mate A, the producer's store of head.  What lies
 *      before the head that we saw is a whole record.
 *   C  store of tail, release; mate D, the producer's load of tail.  The bytes
 *      before the tail are overwritten only after we have done with them.
 *
 * The state of a ring is loaded with acquire: who sees READY sees its pages.
 *
 * What the kernel writes is believed only as far as it makes sense, for a module
 * that is newer than us may have bugs of its own; nothing outside the mapping is
 * ever touched.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "map.h"

#define RINGS_MAX	65536

/**
 * struct ring - one slot
 * @cons: our page; NULL: not mapped
 * @prod: the kernel's page
 * @data: the bytes, twice; NULL while there is no ring
 * @pos: the next record to give out
 * @head: end of the batch
 * @tail: as the producers know it
 * @frozen: it has been told
 */
struct ring {
	struct tqueue_map_consumer		*cons;
	const struct tqueue_map_producer	*prod;
	const char				*data;
	uint32_t				pos;
	uint32_t				head;
	uint32_t				tail;
	bool					frozen;
};

/**
 * struct tqi_map - all of them
 * @now: the ring that is followed
 * @until: as long as its records are not younger than this
 */
struct tqi_map {
	int				fd;
	size_t				page;
	uint32_t			size;
	uint64_t			offset;
	uint64_t			stride;
	const struct tqueue_map_info	*info;
	unsigned int			rings;
	unsigned int			now;
	uint64_t			until;
	struct ring			ring[];
};

/* ---- mapping ---- */

static bool makes_sense(const struct tqueue_map_info *info, size_t page)
{
	return info->magic == TQUEUE_MAP_MAGIC && info->version == TQUEUE_MAP_VERSION &&
	       info->page_size == page && info->hdr_len >= TQI_HDR_MIN &&
	       info->rings && info->rings <= RINGS_MAX &&
	       info->ring_size >= page && !(info->ring_size & (info->ring_size - 1)) &&
	       info->ring_size <= UINT32_MAX / 4 &&
	       info->ring_offset >= page && info->ring_offset % page == 0 &&
	       info->ring_stride % page == 0 &&
	       info->ring_stride >= 2 * page + 2 * (uint64_t)info->ring_size;
}

/* NULL instead of MAP_FAILED */
static void *map(const struct tqi_map *m, int prot, uint64_t at, size_t len)
{
	void *addr;

	if (at > INT64_MAX - len) {
		errno = EOVERFLOW;
		return NULL;
	}
	addr = mmap(NULL, len, prot, MAP_SHARED, m->fd, at);
	return addr == MAP_FAILED ? NULL : addr;
}

static uint64_t slot(const struct tqi_map *m, unsigned int i)
{
	return m->offset + i * m->stride;
}

static int map_slot(struct tqi_map *m, unsigned int i)
{
	struct ring *r = &m->ring[i];

	r->cons = map(m, PROT_READ | PROT_WRITE, slot(m, i), m->page);
	if (!r->cons)
		return -1;
	r->prod = map(m, PROT_READ, slot(m, i) + m->page, m->page);
	return r->prod ? 0 : -1;
}

/* Once the ring is there: until then a touch of its data is a SIGBUS. */
static int map_data(struct tqi_map *m, unsigned int i)
{
	struct ring *r = &m->ring[i];

	r->data = map(m, PROT_READ, slot(m, i) + 2 * m->page, 2 * (size_t)m->size);
	if (!r->data)
		return -errno;
	/* Ours alone; a multiple of 8, or the kernel would have frozen the ring. */
	r->tail = __atomic_load_n(&r->cons->tail, __ATOMIC_RELAXED) & ~7u;
	r->pos = r->tail;
	r->head = r->tail;
	return 0;
}

static struct tqi_map *map_info(int fd)
{
	size_t page = sysconf(_SC_PAGESIZE);
	const struct tqueue_map_info *info;
	struct tqi_map *m;

	info = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	if (info == MAP_FAILED)
		return NULL;
	m = NULL;
	if (makes_sense(info, page))
		m = calloc(1, sizeof(*m) + info->rings * sizeof(m->ring[0]));
	else
		errno = EPROTO;
	if (!m) {
		munmap((void *)info, page);
		return NULL;
	}
	m->fd = fd;
	m->page = page;
	m->info = info;
	m->rings = info->rings;
	m->size = info->ring_size;
	m->offset = info->ring_offset;
	m->stride = info->ring_stride;
	return m;
}

struct tqi_map *tqi_map_new(int fd)
{
	struct tqi_map *m = map_info(fd);
	unsigned int i;

	for (i = 0; m && i < m->rings; i++) {
		if (map_slot(m, i)) {
			int err = errno;

			tqi_map_free(m);
			errno = err;
			return NULL;
		}
	}
	return m;
}

void tqi_map_free(struct tqi_map *m)
{
	unsigned int i;

	if (!m)
		return;
	for (i = 0; i < m->rings; i++) {
		struct ring *r = &m->ring[i];

		if (r->data)
			munmap((void *)r->data, 2 * (size_t)m->size);
		if (r->prod)
			munmap((void *)r->prod, m->page);
		if (r->cons)
			munmap(r->cons, m->page);
	}
	munmap((void *)m->info, m->page);
	free(m);
}

/* ---- the batch ---- */

static int look(struct tqi_map *m, unsigned int i)
{
	struct ring *r = &m->ring[i];
	uint32_t state = __atomic_load_n(&r->prod->state, __ATOMIC_ACQUIRE);
	int err;

	if (state == TQUEUE_MAP_NO_RING || r->frozen)
		return 0;
	if (state == TQUEUE_MAP_FROZEN) {
		r->frozen = true;
		r->pos = r->head;
		return -EPROTO;
	}
	if (!r->data) {
		err = map_data(m, i);
		if (err)
			return err;
	}
	r->head = __atomic_load_n(&r->prod->head, __ATOMIC_ACQUIRE);	/* B, with A */
	if (r->head % 8 == 0 && r->head - r->tail <= m->size &&
	    r->head - r->pos <= r->head - r->tail)
		return 0;
	r->head = r->pos;
	return -EPROTO;
}

int tqi_map_look(struct tqi_map *m)
{
	unsigned int i;
	int err = 0;

	/* All of them, whatever one says. */
	for (i = 0; i < m->rings; i++) {
		int e = look(m, i);

		if (e && !err)
			err = e;
	}
	m->until = 0;
	return err;
}

static const struct tqueue_record *at(const struct tqi_map *m, const struct ring *r)
{
	return (const void *)(r->data + (r->pos & (m->size - 1)));
}

/* The ring with the oldest record, to be followed until another has the oldest.
 * 0: the batch is at its end.
 */
static int choose(struct tqi_map *m)
{
	uint64_t oldest = UINT64_MAX;
	bool found = false;
	unsigned int i;

	m->until = UINT64_MAX;
	for (i = 0; i < m->rings; i++) {
		const struct ring *r = &m->ring[i];
		uint64_t stamp;

		if (r->pos == r->head)
			continue;
		/* The header is there: look() and give() left no less. */
		stamp = at(m, r)->mono_ns;
		if (!found || stamp < oldest) {
			if (found)
				m->until = oldest;
			m->now = i;
			oldest = stamp;
			found = true;
		} else if (stamp < m->until) {
			m->until = stamp;
		}
	}
	return found;
}

static void store_tail(struct ring *r)
{
	r->tail = r->pos;
	__atomic_store_n(&r->cons->tail, r->tail, __ATOMIC_RELEASE);	/* C, with D */
}

static int give(struct tqi_map *m, struct ring *r, bool hold, const struct tqueue_record **rec)
{
	uint32_t left = r->head - r->pos;

	*rec = at(m, r);
	if (!tqi_is_record(*rec, left)) {
		/* Nothing behind it can be found. */
		r->pos = r->head;
		return -EPROTO;
	}
	/* Room for the producers before the batch ends, but not for each record:
	 * it is a line that they have to fetch.
	 */
	if (!hold && r->pos - r->tail >= m->size / 4)
		store_tail(r);
	r->pos += (*rec)->len;
	return 1;
}

int tqi_map_next(struct tqi_map *m, bool hold, const struct tqueue_record **rec)
{
	struct ring *r = &m->ring[m->now];

	if (r->pos == r->head || at(m, r)->mono_ns > m->until) {
		if (!choose(m))
			return 0;
		r = &m->ring[m->now];
	}
	return give(m, r, hold, rec);
}

void tqi_map_release(struct tqi_map *m)
{
	unsigned int i;

	for (i = 0; i < m->rings; i++)
		if (m->ring[i].tail != m->ring[i].pos)
			store_tail(&m->ring[i]);
}
