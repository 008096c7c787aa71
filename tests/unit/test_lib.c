// SPDX-License-Identifier: GPL-2.0-only
/* libtqueue: records out of a mapping made of memory. */
#define _GNU_SOURCE
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "fake_map.h"
#include "lib_check.h"

static struct tqueue *open_fake(const struct fake *f, int flags)
{
	struct tqueue *q = tqueue_new();

	assert_non_null(q);
	assert_int_equal(tqueue_open_fd(q, dup(f->fd), flags), 0);
	return q;
}

/* ---- mapped ---- */

/* Oldest first, whatever ring they are in; time and payload. */
static void test_merge(void **state)
{
	static const struct { unsigned int ring; uint64_t mono; } order[] = {
		{ 2, 10 }, { 0, 20 }, { 0, 30 }, { 1, 40 }, { 2, 50 }, { 2, 60 }, { 0, 70 },
	};
	uint64_t seq[3] = { 0 };
	struct timespec ts;
	struct tqueue *q;
	struct fake f;
	unsigned int ring;
	size_t i;

	fake_init(&f, 3, 3, 8192, 0);
	for (ring = 0; ring < 3; ring++)
		for (i = 0; i < COUNT(order); i++)
			if (order[i].ring == ring)
				assert_true(fake_put(&f, ring, order[i].mono, 40 + i));
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	for (i = 0; i < COUNT(order); i++) {
		ring = order[i].ring;
		tqueue_time(check(q, ring, seq[ring]++), &ts);
		assert_int_equal(ts.tv_sec, 1);
		assert_int_equal(ts.tv_nsec, order[i].mono);
	}
	assert_int_equal(tqueue_mapped(q), 1);
	check_empty(q);
	/* What is given out is the producers' again. */
	for (ring = 0; ring < 3; ring++)
		assert_int_equal(fake_cons(&f, ring)->tail, fake_prod(&f, ring)->head);
	tqueue_free(q);
	fake_free(&f);
}

/* Every offset of the end of the ring within a record, and positions that pass 2^32. */
static void test_wrap(void **state)
{
	struct tqueue *q;
	struct fake f;
	uint64_t i;

	fake_init(&f, 1, 1, 8192, (uint32_t)-4000);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	for (i = 0; i < 3000; i++) {
		assert_true(fake_put(&f, 0, i + 1, i * 37 % 1900));
		check(q, 0, i);
		if (i % 3 == 0)
			check_empty(q);
	}
	tqueue_free(q);
	fake_free(&f);
}

/* A header that has grown, as a newer module would write it. */
static void test_header_growth(void **state)
{
	static const uint32_t sizes[] = { 96, 104, 160, 256 };
	struct tqueue *q;
	struct fake f;
	size_t i;

	fake_init(&f, 1, 1, 8192, 0);
	fake_info(&f)->hdr_len = 256;
	for (i = 0; i < COUNT(sizes); i++) {
		f.hdr_len = sizes[i];
		assert_true(fake_put(&f, 0, i, 50));
	}
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	for (i = 0; i < COUNT(sizes); i++)
		assert_int_equal(check(q, 0, i)->hdr_len, sizes[i]);
	assert_int_equal(tqueue_mapped(q), 1);
	tqueue_free(q);
	fake_free(&f);
}

/* A record of unknown type is given out; what is lost is told and summed up. */
static void test_lost(void **state)
{
	const struct tqueue_record *rec;
	struct tqueue_lost lost;
	struct tqueue *q;
	struct fake f;
	uint64_t full;

	fake_init(&f, 2, 2, 8192, 0);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	/* So full that the loss can't be told either. */
	while (fake_put(&f, 0, 1, 104))
		;
	fake_put(&f, 0, 2, 104);
	full = f.lost[0].count;
	assert_int_equal(full, 2);
	while (tqueue_next(q, &rec) > 0)
		assert_int_equal(rec->type, TQUEUE_RECORD_MESSAGE);
	assert_true(fake_put(&f, 0, 3, 8));
	assert_int_equal(tqueue_next(q, &rec), 1);
	assert_int_equal(rec->type, TQUEUE_RECORD_LOST);
	tqueue_lost(rec, &lost);
	assert_int_equal(lost.count, full);
	assert_int_equal(lost.cause[TQUEUE_LOSS_FULL], full);
	check(q, 0, f.seq[0] - 1);
	f.lost[1].count = 9;
	f.lost[1].cause[TQUEUE_LOSS_NESTED] = 9;
	assert_true(fake_put(&f, 1, 4, 0));
	assert_int_equal(tqueue_next(q, &rec), 1);
	check(q, 1, 0);
	tqueue_losses(q, &lost);
	assert_int_equal(lost.count, full + 9);
	assert_int_equal(lost.cause[TQUEUE_LOSS_FULL], full);
	assert_int_equal(lost.cause[TQUEUE_LOSS_NESTED], 9);
	tqueue_free(q);
	fake_free(&f);
}

/* A CPU that comes online: before that its data must not be touched. */
static void test_late_ring(void **state)
{
	struct tqueue *q;
	struct fake f;

	fake_init(&f, 2, 1, 8192, 64);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	assert_true(fake_put(&f, 0, 1, 10));
	check(q, 0, 0);
	check_empty(q);
	fake_ready(&f, 1);
	assert_true(fake_put(&f, 1, 2, 10));
	check(q, 1, 0);
	check_empty(q);
	tqueue_free(q);
	fake_free(&f);
}

static void test_hold(void **state)
{
	struct tqueue *q;
	struct fake f;
	uint32_t start = 4096;
	int i;

	fake_init(&f, 1, 1, 8192, start);
	q = open_fake(&f, TQUEUE_O_NONBLOCK | TQUEUE_O_HOLD);
	for (i = 0; i < 5; i++)
		assert_true(fake_put(&f, 0, i, 1000));
	for (i = 0; i < 5; i++)
		check(q, 0, i);
	assert_int_equal(fake_cons(&f, 0)->tail, start);
	/* There is more, but first what is held. */
	assert_true(fake_put(&f, 0, i, 8));
	check_empty(q);
	assert_string_equal(strstr(tqueue_error(q), ": ") + 2, "all that there was is held");
	tqueue_release(q);
	assert_int_equal(fake_cons(&f, 0)->tail, start + 5 * 1096);
	check(q, 0, 5);
	/* Not released: it is there for the next reader. */
	tqueue_free(q);
	assert_int_equal(fake_cons(&f, 0)->tail, start + 5 * 1096);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	check(q, 0, 5);
	/* Given out, and so gone. */
	tqueue_free(q);
	assert_int_equal(fake_cons(&f, 0)->tail, fake_prod(&f, 0)->head);
	fake_free(&f);
}

/* Within a long batch the producers get room back, but never under the record that
 * is in use; what was not asked for stays.
 */
static void test_room(void **state)
{
	struct tqueue *q;
	struct fake f;
	int i, n = 0, moved = 0;
	uint32_t tail = 0, used = 0;

	fake_init(&f, 1, 1, 16384, 0);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	while (fake_put(&f, 0, n, 100))
		n++;
	for (i = 0; i < n - 1; i++) {
		uint32_t len = check(q, 0, i)->len;
		uint32_t now = fake_cons(&f, 0)->tail;

		assert_true(now <= used);
		moved += now != tail;
		tail = now;
		used += len;
	}
	assert_in_range(moved, 3, 4);
	tqueue_free(q);
	assert_int_equal(fake_cons(&f, 0)->tail, used);
	fake_free(&f);
}

/* What makes no sense is an error, not a crash, and other rings go on. */
static void test_nonsense(void **state)
{
	static const struct { uint32_t head; } heads[] = { { 8192 + 8 }, { 4 }, { (uint32_t)-8 } };
	const struct tqueue_record *rec;
	struct tqueue_record bad;
	struct tqueue *q;
	struct fake f;
	size_t i;

	for (i = 0; i < COUNT(heads); i++) {
		fake_init(&f, 2, 2, 8192, 0);
		q = open_fake(&f, TQUEUE_O_NONBLOCK);
		fake_prod(&f, 0)->head = heads[i].head;
		assert_true(fake_put(&f, 1, 1, 20));
		assert_int_equal(tqueue_next(q, &rec), -EPROTO);
		assert_non_null(strstr(tqueue_error(q), "makes no sense"));
		check(q, 1, 0);
		tqueue_free(q);
		fake_free(&f);
	}
	fake_init(&f, 2, 2, 8192, 0);
	q = open_fake(&f, TQUEUE_O_NONBLOCK);
	fake_prod(&f, 0)->state = TQUEUE_MAP_FROZEN;
	assert_int_equal(tqueue_next(q, &rec), -EPROTO);
	assert_true(fake_put(&f, 1, 1, 20));
	check(q, 1, 0);
	check_empty(q);
	tqueue_free(q);
	fake_free(&f);
	for (i = 0; i < 6; i++) {
		fake_init(&f, 1, 1, 8192, 0);
		q = open_fake(&f, TQUEUE_O_NONBLOCK);
		bad = (struct tqueue_record) { .len = 104, .hdr_len = 96, .caplen = 8 };
		switch (i) {
		case 0: bad.len = 0; break;
		case 1: bad.len = 100; break;
		case 2: bad.len = 112; break;
		case 3: bad.hdr_len = 88; break;
		case 4: bad.hdr_len = 112; break;
		case 5: bad.caplen = 9; break;
		}
		assert_true(fake_bytes(&f, 0, &bad, sizeof(bad)));
		assert_true(fake_bytes(&f, 0, "payload", 8));
		assert_int_equal(tqueue_next(q, &rec), -EPROTO);
		assert_non_null(strstr(tqueue_error(q), "no records"));
		assert_true(fake_put(&f, 0, 1, 8));
		check(q, 0, 0);
		tqueue_free(q);
		fake_free(&f);
	}
}

/* Random values in all that the kernel writes. */
static void test_garbage(void **state)
{
	const struct tqueue_record *rec;
	struct tqueue *q = NULL;
	unsigned int seed = 1;
	struct fake f;
	int i, j;

	fake_init(&f, 2, 2, 8192, 0);
	for (i = 0; i < 20000; i++) {
		uint32_t v = (uint32_t)rand_r(&seed) << 8 ^ rand_r(&seed);
		uint32_t at = (uint32_t)rand_r(&seed) % (4 * f.size) & ~7u;

		if (!q)
			q = open_fake(&f, TQUEUE_O_NONBLOCK);
		switch (v % 8) {
		case 0: fake_prod(&f, v >> 31)->head = v & ~7u; break;
		case 1: fake_prod(&f, v >> 31)->head = v % 16384 & ~7u; break;
		case 2: fake_cons(&f, v >> 31)->tail = v; break;
		case 3: fake_put(&f, v >> 31, v >> 16, v >> 22); break;
		default: memcpy(f.base + 3 * f.page + at % (2 * f.size), &v, 4); break;
		}
		for (j = 0; j < 40 && tqueue_next(q, &rec) > 0; j++)
			v += ((const unsigned char *)rec)[rec->len - 1];
		if (i % 16 == 0) {
			tqueue_free(q);
			q = NULL;
		}
	}
	tqueue_free(q);
	fake_free(&f);
}

/* Not a mapping that we know: read(2) is tried instead. */
static void test_not_mapped(void **state)
{
	const struct tqueue_record *rec;
	struct tqueue *q;
	struct fake f;
	char path[40];
	int i, fd;

	for (i = 0; i < 9; i++) {
		struct tqueue_map_info *info;

		fake_init(&f, 1, 1, 8192, 0);
		info = fake_info(&f);
		switch (i) {
		case 0: info->magic++; break;
		case 1: info->version++; break;
		case 2: info->page_size *= 2; break;
		case 3: info->hdr_len = 88; break;
		case 4: info->rings = 0; break;
		case 5: info->ring_size = 8192 + 4096; break;
		case 6: info->ring_offset = 100; break;
		case 7: info->ring_stride = 8192; break;
		case 8: info->rings = 1u << 30; break;
		}
		q = open_fake(&f, TQUEUE_O_NONBLOCK);
		tqueue_next(q, &rec);
		assert_int_equal(tqueue_mapped(q), 0);
		tqueue_free(q);
		fake_free(&f);
	}
	/* Its consumer page can't be written, or it was not to be mapped. */
	fake_init(&f, 1, 1, 8192, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f.fd);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	q = tqueue_new();
	assert_int_equal(tqueue_open_fd(q, fd, 0), 0);
	tqueue_next(q, &rec);
	assert_int_equal(tqueue_mapped(q), 0);
	tqueue_free(q);
	for (i = 0; i < 2; i++) {
		q = open_fake(&f, i ? TQUEUE_O_SHARED : TQUEUE_O_WRITE);
		tqueue_next(q, &rec);
		assert_int_equal(tqueue_mapped(q), 0);
		tqueue_free(q);
	}
	fake_free(&f);
}

/* ---- producers at work ---- */

#define PUTS	60000

struct producer {
	struct fake	*f;
	unsigned int	ring;
	pthread_t	thread;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	unsigned int i;

	for (i = 0; i < PUTS; i++) {
		fake_put(p->f, p->ring, i, (i * 13 + p->ring) % 700);
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

struct tally {
	uint64_t	next[FAKE_RINGS];
	uint64_t	read;
	uint64_t	lost;
};

static void account(struct tally *t, const struct tqueue_record *rec)
{
	const unsigned char *p = tqueue_payload(rec);
	struct tqueue_lost lost;
	uint32_t i;

	assert_int_equal(rec->seq, t->next[rec->cpu]);
	if (rec->type == TQUEUE_RECORD_LOST) {
		tqueue_lost(rec, &lost);
		t->next[rec->cpu] += lost.count;
		t->lost += lost.count;
		return;
	}
	for (i = 0; i < rec->caplen; i++)
		if (p[i] != fake_byte(rec->seq, i))
			fail_msg("ring %u message %u byte %u", rec->cpu, (unsigned int)rec->seq, i);
	t->next[rec->cpu]++;
	t->read++;
}

/* Three producers against one consumer: each record exactly once, in order and
 * whole, or counted as lost.
 */
static void producers(int flags)
{
	const struct tqueue_record *rec;
	struct producer p[3];
	struct tally t = { .read = 0 };
	uint64_t untold = 0;
	struct tqueue *q;
	struct fake f;
	unsigned int i;
	int ret;

	fake_init(&f, 3, 3, 16384, (uint32_t)-100000);
	q = open_fake(&f, TQUEUE_O_NONBLOCK | flags);
	for (i = 0; i < COUNT(p); i++) {
		p[i].f = &f;
		p[i].ring = i;
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	do {
		while ((ret = tqueue_next(q, &rec)) > 0)
			account(&t, rec);
		assert_int_equal(ret, -EAGAIN);
		tqueue_release(q);
		for (i = 0; i < COUNT(p); i++)
			if (__atomic_load_n(&f.seq[i], __ATOMIC_RELAXED) < PUTS)
				break;
		sched_yield();
	} while (i < COUNT(p));
	for (i = 0; i < COUNT(p); i++)
		pthread_join(p[i].thread, NULL);
	do {
		while (tqueue_next(q, &rec) > 0)
			account(&t, rec);
		tqueue_release(q);
	} while (tqueue_next(q, &rec) > 0 && (account(&t, rec), 1));
	for (i = 0; i < COUNT(p); i++)
		untold += f.lost[i].count;
	assert_int_equal(t.read + t.lost + untold, 3 * PUTS);
	/* On a busy machine the producers may be done before the first read. */
	assert_true(t.read > 100);
	tqueue_free(q);
	fake_free(&f);
}

static void test_producers(void **state)
{
	producers(0);
}

static void test_producers_hold(void **state)
{
	producers(TQUEUE_O_HOLD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_header_growth),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_late_ring),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_not_mapped),
		cmocka_unit_test(test_producers),
		cmocka_unit_test(test_producers_hold),
	};

	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
