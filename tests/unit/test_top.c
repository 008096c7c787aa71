// SPDX-License-Identifier: GPL-2.0-only
/* Rates out of two views of the queues. */
#include "unit.h"
#include <json-c/json.h>

#include "top.h"

#define S	UINT64_C(1000000000)

/* A queue with @n rings of which ring i has counted (i + 1) * @records. */
static struct tq_queue queue(uint32_t id, const char *name, unsigned int first, unsigned int n,
			     uint64_t records)
{
	struct tq_queue q = { .id = id, .ring_size = 8192 };
	unsigned int i;

	strcpy(q.name, name);
	q.ring = calloc(n, sizeof(*q.ring));
	assert_non_null(q.ring);
	q.ring_n = n;
	for (i = 0; i < n; i++) {
		struct tq_ring *r = &q.ring[i];

		r->cpu = first + i;
		r->pending = records ? 4096 : 0;
		r->stats.records = (first + i + 1) * records;
		r->stats.bytes = 100 * r->stats.records;
		r->stats.lost_full = r->stats.records / 10;
		r->stats.lost_nested = r->stats.records / 5;
		q.stats.records += r->stats.records;
		q.stats.bytes += r->stats.bytes;
		q.stats.lost_full += r->stats.lost_full;
		q.stats.lost_nested += r->stats.lost_nested;
	}
	return q;
}

static void add(struct top_view *v, struct tq_queue q)
{
	assert_int_equal(top_add(v, &q), 0);
	assert_null(q.ring);
}

static char *text(const struct top_view *was, const struct top_view *now)
{
	char *out;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	print_top(f, was, now);
	fclose(f);
	return out;
}

static void test_rates(void **state)
{
	struct top_view was = { .at = 5 * S }, now = { .at = 7 * S };
	char *out;

	add(&was, queue(1, "ids", 0, 2, 1000));
	add(&now, queue(1, "ids", 0, 2, 3000));
	add(&now, queue(2, "idle", 0, 2, 0));
	out = text(&was, &now);
	assert_string_equal(out,
		"QUEUE             CPU    RECORDS/s   BYTES/s       LOST/s   FULL  CAUSES\n"
		"ids               all         3000    293.0K          900    50%  full 300, nested 600\n"
		"                    0         1000     97.7K          300    50%  full 100, nested 200\n"
		"                    1         2000    195.3K          600    50%  full 200, nested 400\n"
		"idle              all            0         0            0     0%\n");
	free(out);
	top_free(&was);
	top_free(&now);
}

/* Rings that come in further messages; a queue in another's place; no time. */
static void test_parts(void **state)
{
	struct top_view was = { .at = S }, now = { .at = 2 * S };
	struct tq_queue rest;
	char *out;

	add(&was, queue(1, "old", 0, 1, 5000));
	add(&now, queue(1, "new", 0, 1, 100));
	rest = queue(1, "new", 1, 1, 100);
	memset(&rest.stats, 0, sizeof(rest.stats));
	add(&now, rest);
	assert_int_equal(now.n, 1);
	assert_int_equal(now.queue[0].ring_n, 2);
	out = text(&was, &now);
	assert_non_null(strstr(out, "new               all          100 "));
	assert_non_null(strstr(out, "                    1          200 "));
	free(out);
	out = text(&now, &now);
	assert_non_null(strstr(out, "new               all            0 "));
	free(out);
	top_free(&was);
	top_free(&now);
}

/* The module was reloaded: fewer records than before, but more bytes. */
static void test_restart(void **state)
{
	struct top_view was = { .at = S }, now = { .at = 2 * S };
	struct tq_queue q = queue(1, "q", 0, 1, 100);
	char *out;

	q.ring[0].stats.bytes = 600 << 10;
	q.stats.bytes = 600 << 10;
	add(&was, queue(1, "q", 0, 1, 5000));
	add(&now, q);
	out = text(&was, &now);
	assert_non_null(strstr(out, "q                 all          100    600.0K "));
	assert_non_null(strstr(out, "                    0          100    600.0K "));
	free(out);
	top_free(&was);
	top_free(&now);
}

static uint64_t number(json_object *obj, const char *key)
{
	json_object *v;

	assert_true(json_object_object_get_ex(obj, key, &v));
	return json_object_get_int64(v);
}

static json_object *member(json_object *obj, const char *key)
{
	json_object *v;

	assert_true(json_object_object_get_ex(obj, key, &v));
	return v;
}

static void test_json(void **state)
{
	struct top_view was = { .at = S }, now = { .at = S + S / 2 };
	json_object *top, *q, *ring;

	add(&was, queue(1, "ids", 0, 2, 1000));
	add(&now, queue(1, "ids", 0, 2, 2000));
	top = json_top(&was, &now);
	assert_int_equal(number(top, "interval_ms"), 500);
	q = json_object_array_get_idx(member(top, "queues"), 0);
	assert_int_equal(number(q, "records_per_s"), 6000);
	assert_int_equal(number(q, "lost_per_s"), 1800);
	assert_int_equal(number(member(q, "causes_per_s"), "full"), 600);
	assert_int_equal(number(q, "pending_bytes"), 8192);
	ring = json_object_array_get_idx(member(q, "cpus"), 1);
	assert_int_equal(number(ring, "cpu"), 1);
	assert_int_equal(number(ring, "records_per_s"), 4000);
	json_object_put(top);
	top_free(&was);
	top_free(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
