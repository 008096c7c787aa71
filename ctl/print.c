// SPDX-License-Identifier: GPL-2.0-only
/* Values, queues, tables, hooks, version; rules are in print_rule.c. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <json-c/json.h>

#include "print.h"

static void add_u64(json_object *obj, const char *key, uint64_t v)
{
	json_object_object_add(obj, key, json_object_new_uint64(v));
}

static void add_text(json_object *obj, const char *key, const char *v)
{
	json_object_object_add(obj, key, json_object_new_string(v));
}

/* Name of @value, or its number where the tool is older than the module. */
static void add_name(json_object *obj, const char *key, const struct tq_name *names,
		     int64_t value)
{
	const char *name = tq_name(names, value);

	json_object_object_add(obj, key, name ? json_object_new_string(name) :
						json_object_new_int64(value));
}

static void put_name(FILE *f, const struct tq_name *names, int64_t value)
{
	const char *name = tq_name(names, value);

	if (name)
		fputs(name, f);
	else
		fprintf(f, "%" PRId64, value);
}

/* ---- values ---- */

char *print_u64_at(char *to, uint64_t v)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = '0' + v % 10;
		v /= 10;
	} while (v);
	while (n)
		*to++ = digits[--n];
	return to;
}

void print_u64(FILE *f, uint64_t v)
{
	char buf[20];

	fwrite_unlocked(buf, 1, print_u64_at(buf, v) - buf, f);
}

const char *print_about(char buf[PRINT_SIZE], uint64_t bytes)
{
	static const char units[] = " KMGTPE";
	double v = bytes;
	int i = 0;

	/* 999.95 would be shown with four digits. */
	for (; v >= 999.95 && units[i + 1]; i++)
		v /= 1024;
	if (i)
		snprintf(buf, PRINT_SIZE, "%.1f%c", v, units[i]);
	else
		snprintf(buf, PRINT_SIZE, "%d", (int)v);
	return buf;
}

const char *print_size(char buf[PRINT_SIZE], uint64_t bytes)
{
	static const char units[] = { 'G', 'M', 'K' };
	int shift = 30, i;

	for (i = 0; i < 3; i++, shift -= 10) {
		if (!bytes || bytes & ((UINT64_C(1) << shift) - 1))
			continue;
		snprintf(buf, PRINT_SIZE, "%" PRIu64 "%c", bytes >> shift, units[i]);
		return buf;
	}
	snprintf(buf, PRINT_SIZE, "%" PRIu64, bytes);
	return buf;
}

const char *print_time(char buf[PRINT_SIZE * 2], uint64_t us)
{
	static const struct {
		const char	*name;
		uint64_t	us;
	} units[] = {
		{ "d", UINT64_C(86400000000) }, { "h", UINT64_C(3600000000) },
		{ "m", 60000000 }, { "s", 1000000 }, { "ms", 1000 }, { "us", 1 },
	};
	size_t n = 0, i;

	strcpy(buf, "0s");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (us < units[i].us)
			continue;
		n += snprintf(buf + n, PRINT_SIZE * 2 - n, "%" PRIu64 "%s", us / units[i].us,
			      units[i].name);
		us %= units[i].us;
	}
	return buf;
}

/* Of rules there may be millions, and inet_ntop() takes its time. */
static void put_ipv4(char *to, const uint8_t *bytes)
{
	int i;

	for (i = 0; i < 4; i++) {
		to = print_u64_at(to, bytes[i]);
		*to++ = i < 3 ? '.' : 0;
	}
}

const char *print_prefix(char buf[PRINT_PREFIX], const struct tq_addr *addr, uint32_t len)
{
	buf[0] = 0;
	if (addr->len == 4)
		put_ipv4(buf, addr->bytes);
	else
		inet_ntop(AF_INET6, addr->bytes, buf, PRINT_PREFIX);
	if (len != addr->len * 8u)
		snprintf(buf + strlen(buf), PRINT_PREFIX - strlen(buf), "/%u", len);
	return buf;
}

/* ---- holders ---- */

static void print_holder(FILE *f, const struct tq_holder *h)
{
	switch (h->type) {
	case TQUEUE_HOLDER_RULE:
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_HANDLE))
			fprintf(f, "rule %s handle %" PRIu64, h->table, h->handle);
		else
			fprintf(f, "%u more rule%s of table %s", h->count,
				h->count == 1 ? "" : "s", h->table);
		return;
	case TQUEUE_HOLDER_HOOK:
		fprintf(f, "hook %u", h->hook);
		return;
	case TQUEUE_HOLDER_XT:
		fprintf(f, "%s table %s, %u rule%s",
			h->family == TQUEUE_FAMILY_IPV6 ? "ip6tables" : "iptables", h->xt_table,
			h->count, h->count == 1 ? "" : "s");
		return;
	case TQUEUE_HOLDER_FILE:
		fprintf(f, "open files %u", h->count);
		return;
	case TQUEUE_HOLDER_MAPPING:
		fprintf(f, "mappings %u", h->count);
		return;
	case TQUEUE_HOLDER_KERNEL:
		fprintf(f, "kernel modules %u", h->count);
		return;
	default:
		fprintf(f, "holder of type %u", h->type);
	}
}

void print_holders(FILE *f, const struct tq_holders *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		fputs(i ? "; " : "", f);
		print_holder(f, &h->v[i]);
	}
}

static const struct tq_name holder_types[] = {
	{ "rule", TQUEUE_HOLDER_RULE },
	{ "hook", TQUEUE_HOLDER_HOOK },
	{ "xt", TQUEUE_HOLDER_XT },
	{ "file", TQUEUE_HOLDER_FILE },
	{ "mapping", TQUEUE_HOLDER_MAPPING },
	{ "kernel", TQUEUE_HOLDER_KERNEL },
	{ NULL, 0 }
};

static json_object *json_holders(const struct tq_holders *hs)
{
	json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < hs->n; i++) {
		const struct tq_holder *h = &hs->v[i];
		json_object *obj = json_object_new_object();

		add_name(obj, "type", holder_types, h->type);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_TABLE))
			add_text(obj, "table", h->table);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_HANDLE))
			add_u64(obj, "handle", h->handle);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_HOOK))
			add_u64(obj, "hook", h->hook);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_FAMILY))
			add_name(obj, "family", tq_hook_families, h->family);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_XT_TABLE))
			add_text(obj, "xt_table", h->xt_table);
		if (h->has & TQ_BIT(TQUEUE_A_HOLDER_COUNT))
			add_u64(obj, "count", h->count);
		json_object_array_add(list, obj);
	}
	return list;
}

/* ---- counters ---- */

static void print_counters(FILE *f, const struct tq_stats *s)
{
	const char *sep = " (";
	unsigned int i;

	fprintf(f, "records %" PRIu64 " bytes %" PRIu64 " lost %" PRIu64, s->records, s->bytes,
		tq_stats_lost_sum(s));
	for (i = TQUEUE_LOSS_FULL; tq_stats_lost(s, i); i++) {
		if (!*tq_stats_lost(s, i))
			continue;
		fprintf(f, "%s%s %" PRIu64, sep, tq_name(tq_losses, i), *tq_stats_lost(s, i));
		sep = ", ";
	}
	if (tq_stats_lost_sum(s))
		fputc(')', f);
	if (s->flushed)
		fprintf(f, " flushed %" PRIu64, s->flushed);
	if (s->overwritten)
		fprintf(f, " overwritten %" PRIu64, s->overwritten);
}

static json_object *json_counters(const struct tq_stats *s)
{
	json_object *obj = json_object_new_object(), *lost = json_object_new_object();
	unsigned int i;

	add_u64(obj, "records", s->records);
	add_u64(obj, "bytes", s->bytes);
	for (i = TQUEUE_LOSS_FULL; tq_stats_lost(s, i); i++)
		add_u64(lost, tq_name(tq_losses, i), *tq_stats_lost(s, i));
	json_object_object_add(obj, "lost", lost);
	add_u64(obj, "lost_total", tq_stats_lost_sum(s));
	add_u64(obj, "flushed", s->flushed);
	add_u64(obj, "overwritten", s->overwritten);
	return obj;
}

static void print_rings(FILE *f, const struct tq_queue *q)
{
	size_t i;

	for (i = 0; i < q->ring_n; i++) {
		fprintf(f, "    cpu %u pending %u ", q->ring[i].cpu, q->ring[i].pending);
		print_counters(f, &q->ring[i].stats);
		fputc('\n', f);
	}
}

void print_stats(FILE *f, const struct tq_queue *q)
{
	fprintf(f, "%u: %s ", q->id, q->name);
	print_counters(f, &q->stats);
	fputc('\n', f);
	print_rings(f, q);
}

/* ---- queue ---- */

#define QUEUE_HAS(name)	(q->has & TQ_BIT(TQUEUE_A_QUEUE_##name))

void print_queue_words(FILE *f, const struct tq_queue *q)
{
	char buf[PRINT_SIZE * 2];

	fputs(q->name, f);
	if (QUEUE_HAS(MODE)) {
		fputs(" mode ", f);
		put_name(f, tq_modes, q->mode);
	}
	if (QUEUE_HAS(RING_SIZE))
		fprintf(f, " ring %s", print_size(buf, q->ring_size));
	if (QUEUE_HAS(SNAPLEN))
		fprintf(f, " snaplen %u", q->snaplen);
	if (QUEUE_HAS(WATERMARK))
		fprintf(f, " watermark %s", print_size(buf, q->watermark));
	if (QUEUE_HAS(FLUSH_US))
		fprintf(f, " flush %s", print_time(buf, q->flush_us));
}

void print_queue(FILE *f, const struct tq_queue *q)
{
	char buf[PRINT_SIZE];

	fprintf(f, "%u: ", q->id);
	print_queue_words(f, q);
	fputc('\n', f);
	if (QUEUE_HAS(RINGS))
		fprintf(f, "    rings %u memory %s readers %u%s\n", q->rings,
			print_size(buf, q->memory), q->readers, q->mapped ? " mapped" : "");
	if (QUEUE_HAS(STATS)) {
		fputs("    ", f);
		print_counters(f, &q->stats);
		fputc('\n', f);
	}
	print_rings(f, q);
	if (q->holders.n) {
		fputs("    held by ", f);
		print_holders(f, &q->holders);
		fputc('\n', f);
	}
}

json_object *json_queue(const struct tq_queue *q)
{
	json_object *obj = json_object_new_object(), *list;
	size_t i;

	if (QUEUE_HAS(ID))
		add_u64(obj, "id", q->id);
	add_text(obj, "name", q->name);
	if (QUEUE_HAS(MODE))
		add_name(obj, "mode", tq_modes, q->mode);
	if (QUEUE_HAS(RING_SIZE))
		add_u64(obj, "ring_bytes", q->ring_size);
	if (QUEUE_HAS(SNAPLEN))
		add_u64(obj, "snaplen", q->snaplen);
	if (QUEUE_HAS(WATERMARK))
		add_u64(obj, "watermark_bytes", q->watermark);
	if (QUEUE_HAS(FLUSH_US))
		add_u64(obj, "flush_us", q->flush_us);
	if (QUEUE_HAS(RINGS))
		add_u64(obj, "rings", q->rings);
	if (QUEUE_HAS(MEMORY))
		add_u64(obj, "memory_bytes", q->memory);
	if (QUEUE_HAS(READERS))
		add_u64(obj, "readers", q->readers);
	if (QUEUE_HAS(MAPPED))
		json_object_object_add(obj, "mapped", json_object_new_boolean(q->mapped));
	if (QUEUE_HAS(STATS))
		json_object_object_add(obj, "stats", json_counters(&q->stats));
	if (q->ring_n) {
		list = json_object_new_array();
		for (i = 0; i < q->ring_n; i++) {
			json_object *ring = json_counters(&q->ring[i].stats);

			add_u64(ring, "cpu", q->ring[i].cpu);
			add_u64(ring, "pending_bytes", q->ring[i].pending);
			json_object_array_add(list, ring);
		}
		json_object_object_add(obj, "cpus", list);
	}
	if (QUEUE_HAS(HOLDER))
		json_object_object_add(obj, "holders", json_holders(&q->holders));
	return obj;
}

/* ---- table ---- */

#define TABLE_HAS(name)	(t->has & TQ_BIT(TQUEUE_A_TABLE_##name))

void print_table(FILE *f, const struct tq_table *t)
{
	char buf[PRINT_SIZE];

	fprintf(f, "%u: %s", t->id, t->name);
	if (TABLE_HAS(RULES))
		fprintf(f, " rules %u", t->rules);
	if (t->rules_max)
		fprintf(f, " max %u", t->rules_max);
	if (TABLE_HAS(GENERATION))
		fprintf(f, " generation %" PRIu64, t->generation);
	if (TABLE_HAS(MEMORY)) {
		fprintf(f, " memory %s", print_size(buf, t->memory));
		if (t->rules)
			fprintf(f, " (%" PRIu64 " bytes a rule)", t->memory / t->rules);
	}
	if (TABLE_HAS(TUPLES))
		fprintf(f, " tuples %u", t->tuples);
	fputc('\n', f);
	if (t->holders.n) {
		fputs("    held by ", f);
		print_holders(f, &t->holders);
		fputc('\n', f);
	}
}

void print_table_words(FILE *f, const struct tq_table *t)
{
	fputs(t->name, f);
	if (TABLE_HAS(RULES_MAX))
		fprintf(f, " max %u", t->rules_max);
}

json_object *json_table(const struct tq_table *t)
{
	json_object *obj = json_object_new_object();

	if (TABLE_HAS(ID))
		add_u64(obj, "id", t->id);
	add_text(obj, "name", t->name);
	if (TABLE_HAS(RULES))
		add_u64(obj, "rules", t->rules);
	if (TABLE_HAS(RULES_MAX))
		add_u64(obj, "rules_max", t->rules_max);
	if (TABLE_HAS(GENERATION))
		add_u64(obj, "generation", t->generation);
	if (TABLE_HAS(MEMORY))
		add_u64(obj, "memory_bytes", t->memory);
	if (TABLE_HAS(TUPLES))
		add_u64(obj, "tuples", t->tuples);
	if (TABLE_HAS(HOLDER))
		json_object_object_add(obj, "holders", json_holders(&t->holders));
	return obj;
}

/* ---- hook ---- */

/* "raw", "raw+5", "-7": the name that is nearest, if it is near */
static void print_priority(FILE *f, int32_t priority)
{
	const struct tq_name *n;

	for (n = tq_priorities; n->name; n++) {
		int64_t off = priority - n->value;

		if (off < -10 || off > 10)
			continue;
		fputs(n->name, f);
		if (off)
			fprintf(f, "%+d", (int)off);
		return;
	}
	fprintf(f, "%d", priority);
}

void print_hook_words(FILE *f, const struct tq_hook *h)
{
	fprintf(f, "%s family ", h->table);
	put_name(f, tq_hook_families, h->family);
	fputs(" hook ", f);
	put_name(f, tq_points, h->point);
	fputs(" priority ", f);
	print_priority(f, h->priority);
	if (h->device[0])
		fprintf(f, " dev %s", h->device);
}

void print_hook(FILE *f, const struct tq_hook *h)
{
	fprintf(f, "%u: ", h->id);
	print_hook_words(f, h);
	if (h->has & TQ_BIT(TQUEUE_A_HOOK_ACTIVE) && !h->active)
		fputs(" (not active: no such device)", f);
	fputc('\n', f);
}

json_object *json_hook(const struct tq_hook *h)
{
	json_object *obj = json_object_new_object();

	if (h->has & TQ_BIT(TQUEUE_A_HOOK_ID))
		add_u64(obj, "id", h->id);
	add_text(obj, "table", h->table);
	add_name(obj, "family", tq_hook_families, h->family);
	add_name(obj, "hook", tq_points, h->point);
	json_object_object_add(obj, "priority", json_object_new_int(h->priority));
	if (h->device[0])
		add_text(obj, "dev", h->device);
	if (h->has & TQ_BIT(TQUEUE_A_HOOK_ACTIVE))
		json_object_object_add(obj, "active", json_object_new_boolean(h->active));
	return obj;
}

/* ---- version ---- */

void print_version(FILE *f, const struct tq_version *v)
{
	const struct tq_name *n;
	char min[PRINT_SIZE], max[PRINT_SIZE];

	fprintf(f, "module %s, netlink version %u, record header %u bytes\n", v->module, v->abi,
		v->record_hdr);
	fprintf(f, "limits: %u queues, %u queues in a rule, ring %s to %s\n", v->queue_max,
		v->copies_max, print_size(min, v->ring_min), print_size(max, v->ring_max));
	if (v->has & TQ_BIT(TQUEUE_A_VERSION_USER_MEMORY)) {
		fprintf(f, "user namespace: %u", v->user_queues);
		if (v->user_queues_max)
			fprintf(f, " of %u", v->user_queues_max);
		fprintf(f, " queues, %s", print_about(min, v->user_memory));
		if (v->user_memory_max)
			fprintf(f, " of %s", print_about(max, v->user_memory_max));
		fputs(" memory\n", f);
	}
	fputs("features:", f);
	for (n = tq_features; n->name; n++)
		if (v->features & n->value)
			fprintf(f, " %s", n->name);
	fputc('\n', f);
}

json_object *json_version(const struct tq_version *v)
{
	json_object *obj = json_object_new_object(), *list = json_object_new_array();
	const struct tq_name *n;

	add_text(obj, "version", v->module);
	add_u64(obj, "abi", v->abi);
	add_u64(obj, "record_header_bytes", v->record_hdr);
	add_u64(obj, "queues_max", v->queue_max);
	add_u64(obj, "copies_max", v->copies_max);
	add_u64(obj, "ring_min_bytes", v->ring_min);
	add_u64(obj, "ring_max_bytes", v->ring_max);
	add_u64(obj, "user_memory_bytes", v->user_memory);
	add_u64(obj, "user_memory_max_bytes", v->user_memory_max);
	add_u64(obj, "user_queues", v->user_queues);
	add_u64(obj, "user_queues_max", v->user_queues_max);
	for (n = tq_features; n->name; n++)
		if (v->features & n->value)
			json_object_array_add(list, json_object_new_string(n->name));
	json_object_object_add(obj, "features", list);
	return obj;
}
