// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "unit.h"
#include <sys/mman.h>
#include <unistd.h>

#include "fake_map.h"

static size_t stride(const struct fake *f)
{
	return 2 * f->page + 2 * (size_t)f->size;
}

static char *slot(const struct fake *f, unsigned int ring)
{
	return f->base + f->page + ring * stride(f);
}

struct tqueue_map_info *fake_info(const struct fake *f)
{
	return (void *)f->base;
}

struct tqueue_map_consumer *fake_cons(const struct fake *f, unsigned int ring)
{
	return (void *)slot(f, ring);
}

struct tqueue_map_producer *fake_prod(const struct fake *f, unsigned int ring)
{
	return (void *)(slot(f, ring) + f->page);
}

void fake_init(struct fake *f, unsigned int rings, unsigned int ready, uint32_t size,
	       uint32_t start)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	assert_true(rings <= FAKE_RINGS);
	f->page = sysconf(_SC_PAGESIZE);
	f->size = size;
	f->rings = rings;
	f->hdr_len = sizeof(struct tqueue_record);
	f->len = f->page + rings * stride(f);
	f->fd = memfd_create("queue", MFD_CLOEXEC);
	assert_true(f->fd >= 0);
	/* The last ring may be one that comes later: its data are not there. */
	assert_int_equal(ftruncate(f->fd, f->len - (ready < rings ? 2 * (size_t)size : 0)), 0);
	f->base = mmap(NULL, f->len, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	assert_true(f->base != MAP_FAILED);
	*fake_info(f) = (struct tqueue_map_info) {
		.magic = TQUEUE_MAP_MAGIC, .version = TQUEUE_MAP_VERSION, .page_size = f->page,
		.hdr_len = f->hdr_len, .queue = 5, .rings = rings, .ring_size = size,
		.watermark = 1, .ring_offset = f->page, .ring_stride = stride(f),
	};
	for (i = 0; i < rings; i++) {
		fake_cons(f, i)->tail = start;
		fake_prod(f, i)->head = start;
		fake_prod(f, i)->state = i < ready ? TQUEUE_MAP_READY : TQUEUE_MAP_NO_RING;
	}
}

void fake_free(struct fake *f)
{
	munmap(f->base, f->len);
	close(f->fd);
}

void fake_ready(struct fake *f, unsigned int ring)
{
	assert_int_equal(ftruncate(f->fd, f->len), 0);
	__atomic_store_n(&fake_prod(f, ring)->state, TQUEUE_MAP_READY, __ATOMIC_RELEASE);
}

bool fake_bytes(struct fake *f, unsigned int ring, const void *data, uint32_t len)
{
	struct tqueue_map_producer *prod = fake_prod(f, ring);
	char *to = slot(f, ring) + 2 * f->page;
	uint32_t tail, at, i;

	tail = __atomic_load_n(&fake_cons(f, ring)->tail, __ATOMIC_ACQUIRE);
	if (prod->head + len - tail > f->size)
		return false;
	at = prod->head & (f->size - 1);
	for (i = 0; i < len; i++) {
		uint32_t o = (at + i) & (f->size - 1);

		to[o] = ((const char *)data)[i];
		to[o + f->size] = ((const char *)data)[i];
	}
	__atomic_store_n(&prod->head, prod->head + len, __ATOMIC_RELEASE);
	return true;
}

/* Room for a record with a longer header. */
struct message {
	struct tqueue_record	rec;
	unsigned char		rest[8192];
};

static void make(const struct fake *f, struct message *m, unsigned int ring, uint16_t type,
		 uint64_t mono_ns, uint32_t len)
{
	memset(m, 0, sizeof(*m));
	m->rec.type = type;
	m->rec.hdr_len = f->hdr_len;
	m->rec.len = (f->hdr_len + len + 7) / 8 * 8;
	m->rec.mono_ns = mono_ns;
	m->rec.real_ns = mono_ns + 1000000000;
	m->rec.seq = f->seq[ring];
	m->rec.caplen = len;
	m->rec.origlen = len;
	m->rec.cpu = ring;
	assert_true(m->rec.len <= sizeof(*m));
}

static unsigned char *payload(struct message *m)
{
	return (unsigned char *)m + m->rec.hdr_len;
}

static bool tell(struct fake *f, unsigned int ring, uint64_t mono_ns)
{
	struct tqueue_lost *lost = &f->lost[ring];
	struct message m;

	make(f, &m, ring, TQUEUE_RECORD_LOST, mono_ns, sizeof(*lost));
	m.rec.seq -= lost->count;
	memcpy(payload(&m), lost, sizeof(*lost));
	if (!fake_bytes(f, ring, &m, m.rec.len))
		return false;
	memset(lost, 0, sizeof(*lost));
	return true;
}

bool fake_put(struct fake *f, unsigned int ring, uint64_t mono_ns, uint32_t len)
{
	struct tqueue_lost *lost = &f->lost[ring];
	struct message m;
	bool done;
	uint32_t i;

	done = !lost->count || tell(f, ring, mono_ns);
	if (done) {
		make(f, &m, ring, TQUEUE_RECORD_MESSAGE, mono_ns, len);
		for (i = 0; i < len; i++)
			payload(&m)[i] = fake_byte(m.rec.seq, i);
		done = fake_bytes(f, ring, &m, m.rec.len);
	}
	if (!done) {
		lost->count++;
		lost->cause[TQUEUE_LOSS_FULL]++;
	}
	f->seq[ring]++;
	return done;
}
