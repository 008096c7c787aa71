// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "print.h"
#include "top.h"

/* ---- views ---- */

static int append_rings(struct tq_queue *to, struct tq_queue *from)
{
	struct tq_ring *ring;

	if (!from->ring_n)
		return 0;
	ring = realloc(to->ring, (to->ring_n + from->ring_n) * sizeof(*ring));
	if (!ring)
		return -1;
	memcpy(ring + to->ring_n, from->ring, from->ring_n * sizeof(*ring));
	to->ring = ring;
	to->ring_n += from->ring_n;
	return 0;
}

int top_add(struct top_view *v, struct tq_queue *q)
{
	struct tq_queue *queue;
	int ret;

	if (v->n && v->queue[v->n - 1].id == q->id) {
		ret = append_rings(&v->queue[v->n - 1], q);
		tq_queue_free(q);
		return ret;
	}
	queue = realloc(v->queue, (v->n + 1) * sizeof(*queue));
	if (!queue) {
		tq_queue_free(q);
		return -1;
	}
	v->queue = queue;
	v->queue[v->n++] = *q;
	memset(q, 0, sizeof(*q));
	return 0;
}

void top_free(struct top_view *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		tq_queue_free(&v->queue[i]);
	free(v->queue);
	memset(v, 0, sizeof(*v));
}

static const struct tq_queue *find_queue(const struct top_view *v, const struct tq_queue *q)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (v->queue[i].id == q->id && !strcmp(v->queue[i].name, q->name))
			return &v->queue[i];
	return NULL;
}

static const struct tq_ring *find_ring(const struct tq_queue *q, uint32_t cpu)
{
	size_t i;

	for (i = 0; q && i < q->ring_n; i++)
		if (q->ring[i].cpu == cpu)
			return &q->ring[i];
	return NULL;
}

/* ---- rates ---- */

/**
 * struct rate - of one ring, or of a queue
 * @records: a second, taken
 * @bytes: a second, with headers
 * @lost: a second, all causes
 * @cause: the same by cause
 */
struct rate {
	uint64_t	records;
	uint64_t	bytes;
	uint64_t	lost;
	uint64_t	cause[TQUEUE_LOSS_SLOTS];
};

/* A counter that went back is another queue's. */
static uint64_t per_second(uint64_t now, uint64_t was, uint64_t ns)
{
	uint64_t d = now >= was ? now - was : now;

	return ns ? (uint64_t)((double)d * 1000000000 / ns + 0.5) : 0;
}

static struct rate rate(const struct tq_stats *now, const struct tq_stats *was, uint64_t ns)
{
	static const struct tq_stats zero;
	struct rate r = { 0 };
	unsigned int i;

	if (!was || was->records > now->records)
		was = &zero;
	r.records = per_second(now->records, was->records, ns);
	r.bytes = per_second(now->bytes, was->bytes, ns);
	r.lost = per_second(tq_stats_lost_sum(now), tq_stats_lost_sum(was), ns);
	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++)
		if (tq_stats_lost(now, i))
			r.cause[i] = per_second(*tq_stats_lost(now, i), *tq_stats_lost(was, i), ns);
	return r;
}

static uint64_t pending(const struct tq_queue *q)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < q->ring_n; i++)
		sum += q->ring[i].pending;
	return sum;
}

/* ---- text ---- */

#define ROW	"%-16s %4s %12" PRIu64 " %9s %12" PRIu64 " %5u%%"

static void print_row(FILE *f, const char *name, const char *cpu, const struct rate *r,
		      uint64_t fill, uint64_t size)
{
	char bytes[PRINT_SIZE];
	const char *sep = "  ";
	int i;

	fprintf(f, ROW, name, cpu, r->records, print_about(bytes, r->bytes), r->lost,
		size ? (unsigned int)(fill * 100 / size) : 0);
	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++) {
		if (!r->cause[i])
			continue;
		fprintf(f, "%s%s %" PRIu64, sep, tq_name(tq_losses, i), r->cause[i]);
		sep = ", ";
	}
	fputc('\n', f);
}

/* The CPUs that have done something, or have something. */
static void print_cpus(FILE *f, const struct tq_queue *q, const struct tq_queue *was, uint64_t ns)
{
	char cpu[12];
	size_t i;

	for (i = 0; i < q->ring_n; i++) {
		const struct tq_ring *ring = &q->ring[i], *old = find_ring(was, ring->cpu);
		struct rate r = rate(&ring->stats, old ? &old->stats : NULL, ns);

		if (!r.records && !r.lost && !ring->pending)
			continue;
		snprintf(cpu, sizeof(cpu), "%u", ring->cpu);
		print_row(f, "", cpu, &r, ring->pending, q->ring_size);
	}
}

void print_top(FILE *f, const struct top_view *was, const struct top_view *now)
{
	uint64_t ns = now->at - was->at;
	size_t i;

	fprintf(f, "%-16s %4s %12s %9s %12s %6s  %s\n", "QUEUE", "CPU", "RECORDS/s", "BYTES/s",
		"LOST/s", "FULL", "CAUSES");
	for (i = 0; i < now->n; i++) {
		const struct tq_queue *q = &now->queue[i], *old = find_queue(was, q);
		struct rate r = rate(&q->stats, old ? &old->stats : NULL, ns);

		print_row(f, q->name, "all", &r, pending(q), (uint64_t)q->ring_size * q->ring_n);
		print_cpus(f, q, old, ns);
	}
}

/* ---- JSON ---- */

static void add_u64(json_object *obj, const char *key, uint64_t v)
{
	json_object_object_add(obj, key, json_object_new_uint64(v));
}

static void add_rate(json_object *obj, const struct rate *r)
{
	json_object *causes = json_object_new_object();
	int i;

	add_u64(obj, "records_per_s", r->records);
	add_u64(obj, "bytes_per_s", r->bytes);
	add_u64(obj, "lost_per_s", r->lost);
	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++)
		if (r->cause[i])
			add_u64(causes, tq_name(tq_losses, i), r->cause[i]);
	json_object_object_add(obj, "causes_per_s", causes);
}

static json_object *json_cpus(const struct tq_queue *q, const struct tq_queue *was, uint64_t ns)
{
	json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < q->ring_n; i++) {
		const struct tq_ring *ring = &q->ring[i], *old = find_ring(was, ring->cpu);
		struct rate r = rate(&ring->stats, old ? &old->stats : NULL, ns);
		json_object *obj = json_object_new_object();

		add_u64(obj, "cpu", ring->cpu);
		add_rate(obj, &r);
		add_u64(obj, "pending_bytes", ring->pending);
		json_object_array_add(list, obj);
	}
	return list;
}

json_object *json_top(const struct top_view *was, const struct top_view *now)
{
	json_object *top = json_object_new_object(), *list = json_object_new_array();
	uint64_t ns = now->at - was->at;
	size_t i;

	add_u64(top, "interval_ms", ns / 1000000);
	for (i = 0; i < now->n; i++) {
		const struct tq_queue *q = &now->queue[i], *old = find_queue(was, q);
		struct rate r = rate(&q->stats, old ? &old->stats : NULL, ns);
		json_object *obj = json_object_new_object();

		add_u64(obj, "id", q->id);
		json_object_object_add(obj, "name", json_object_new_string(q->name));
		add_rate(obj, &r);
		add_u64(obj, "pending_bytes", pending(q));
		add_u64(obj, "ring_bytes", q->ring_size);
		add_u64(obj, "readers", q->readers);
		json_object_object_add(obj, "cpus", json_cpus(q, old, ns));
		json_object_array_add(list, obj);
	}
	json_object_object_add(top, "queues", list);
	return top;
}
