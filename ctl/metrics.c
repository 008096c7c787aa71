// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>

#include "metrics.h"

/* A family: all its samples must be together. */
static void family(FILE *f, const char *name, const char *type, const char *unit,
		   const char *help)
{
	fprintf(f, "# TYPE tqueue_%s %s\n", name, type);
	if (unit)
		fprintf(f, "# UNIT tqueue_%s %s\n", name, unit);
	fprintf(f, "# HELP tqueue_%s %s\n", name, help);
}

/* A value of a label: what is not one of our names may hold anything. */
static void label(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s=\"", key);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else
			fputc(*value, f);
	}
	fputc('"', f);
}

static void sample(FILE *f, const char *name, const char *key, const char *value, uint64_t v)
{
	fprintf(f, "tqueue_%s{", name);
	label(f, key, value);
	fprintf(f, "} %" PRIu64 "\n", v);
}

/* ---- queues ---- */

/* A member of struct tq_queue: @size bytes at @offset. */
struct column {
	const char	*name;
	const char	*type;
	const char	*unit;
	const char	*help;
	size_t		offset;
	size_t		size;
};

#define COLUMN(name, type, unit, help, owner, member) \
	{ name, type, unit, help, offsetof(struct owner, member), \
	  sizeof(((struct owner *)0)->member) }

static const struct column queue_columns[] = {
	COLUMN("queue_records", "counter", NULL, "Records put into a ring.", tq_queue, stats.records),
	COLUMN("queue_record_bytes", "counter", "bytes", "Bytes of these, with headers.",
	       tq_queue, stats.bytes),
	COLUMN("queue_flushed", "counter", NULL,
	       "Records that were put into a ring and thrown away unread.", tq_queue, stats.flushed),
	COLUMN("queue_overwritten", "counter", NULL,
	       "Oldest records of a log that were given up for new ones.",
	       tq_queue, stats.overwritten),
	COLUMN("queue_ring_size_bytes", "gauge", "bytes", "Size of the ring of one CPU.",
	       tq_queue, ring_size),
	COLUMN("queue_memory_bytes", "gauge", "bytes", "Memory of all rings.", tq_queue, memory),
	COLUMN("queue_readers", "gauge", NULL, "Open files.", tq_queue, readers),
};

static const struct column table_columns[] = {
	COLUMN("table_rules", "gauge", NULL, "Rules.", tq_table, rules),
	COLUMN("table_memory_bytes", "gauge", "bytes", "Memory of rules and index.",
	       tq_table, memory),
	COLUMN("table_generation", "gauge", NULL, "One more with every change.",
	       tq_table, generation),
};

static uint64_t value(const void *object, const struct column *c)
{
	const char *at = (const char *)object + c->offset;

	return c->size == sizeof(uint64_t) ? *(const uint64_t *)at : *(const uint32_t *)at;
}

/* A counter's samples end in _total, its family does not. */
static const char *sample_name(const struct column *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", c->name, c->type[0] == 'c' ? "_total" : "");
	return buf;
}

static void queue_samples(FILE *f, const struct metrics *m)
{
	const size_t n = sizeof(queue_columns) / sizeof(queue_columns[0]);
	const struct column *c;
	char name[64];
	size_t i;

	for (c = queue_columns; c < queue_columns + n; c++) {
		family(f, c->name, c->type, c->unit, c->help);
		for (i = 0; i < m->queue_n; i++)
			sample(f, sample_name(c, name, sizeof(name)), "queue",
			       m->queues[i].name, value(&m->queues[i], c));
	}
}

static void losses(FILE *f, const struct metrics *m)
{
	unsigned int cause;
	const uint64_t *n;
	size_t i;

	family(f, "queue_lost", "counter", NULL,
	       "Copies that were asked for and not put into a ring, by cause.");
	for (i = 0; i < m->queue_n; i++) {
		for (cause = TQUEUE_LOSS_FULL; (n = tq_stats_lost(&m->queues[i].stats, cause)); cause++) {
			fputs("tqueue_queue_lost_total{", f);
			label(f, "queue", m->queues[i].name);
			fputc(',', f);
			label(f, "cause", tq_name(tq_losses, cause));
			fprintf(f, "} %" PRIu64 "\n", *n);
		}
	}
}

/* ---- tables, hooks, rules ---- */

static void table_samples(FILE *f, const struct metrics *m)
{
	const size_t n = sizeof(table_columns) / sizeof(table_columns[0]);
	const struct column *c;
	char name[64];
	size_t i;

	for (c = table_columns; c < table_columns + n; c++) {
		family(f, c->name, c->type, c->unit, c->help);
		for (i = 0; i < m->table_n; i++)
			sample(f, sample_name(c, name, sizeof(name)), "table",
			       m->tables[i].name, value(&m->tables[i], c));
	}
}

static void hook_samples(FILE *f, const struct metrics *m)
{
	size_t i;

	family(f, "hook_active", "gauge", NULL, "0 while the device of the hook is not there.");
	for (i = 0; i < m->hook_n; i++) {
		const struct tq_hook *h = &m->hooks[i];

		fprintf(f, "tqueue_hook_active{id=\"%u\",", h->id);
		label(f, "table", h->table);
		fputc(',', f);
		label(f, "family", tq_name(tq_hook_families, h->family));
		fputc(',', f);
		label(f, "point", tq_name(tq_points, h->point));
		fprintf(f, ",priority=\"%d\",", h->priority);
		label(f, "device", h->device);
		fprintf(f, "} %u\n", h->active);
	}
}

static void rule_samples(FILE *f, const struct metrics *m)
{
	static const struct column columns[] = {
		COLUMN("rule_packets", "counter", NULL, "Packets that the rule won.",
		       tq_rule, packets),
		COLUMN("rule_packet_bytes", "counter", "bytes",
		       "Bytes of these, from the network header on.", tq_rule, bytes),
		COLUMN("rule_copies", "counter", NULL, "Copies that it asked for.",
		       tq_rule, copies),
	};
	const struct column *c;
	size_t i;

	for (c = columns; m->rules && c < columns + 3; c++) {
		family(f, c->name, c->type, c->unit, c->help);
		for (i = 0; i < m->rule_n; i++) {
			const struct metrics_rule *r = &m->rules[i];

			fprintf(f, "tqueue_%s_total{", c->name);
			label(f, "table", r->table);
			fprintf(f, ",handle=\"%" PRIu64 "\"} %" PRIu64 "\n", r->rule.handle,
				value(&r->rule, c));
		}
	}
}

void metrics_print(FILE *f, const struct metrics *m)
{
	family(f, "build", "gauge", NULL, "Version of the loaded module; always 1.");
	sample(f, "build", "version", m->version, 1);
	queue_samples(f, m);
	losses(f, m);
	table_samples(f, m);
	hook_samples(f, m);
	rule_samples(f, m);
	fputs("# EOF\n", f);
}

void metrics_free(struct metrics *m)
{
	size_t i;

	for (i = 0; i < m->queue_n; i++)
		tq_queue_free(&m->queues[i]);
	for (i = 0; i < m->table_n; i++)
		tq_table_free(&m->tables[i]);
	free(m->queues);
	free(m->tables);
	free(m->hooks);
	free(m->rules);
}
