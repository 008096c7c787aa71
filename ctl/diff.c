// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "print.h"

#define QUEUE_BIT(name)	TQ_BIT(TQUEUE_A_QUEUE_##name)

uint64_t diff_settings(const struct tq_queue *now, const struct tq_queue *want)
{
	uint64_t differ = 0;

	if (now->mode != want->mode)
		differ |= QUEUE_BIT(MODE);
	if (now->ring_size != want->ring_size)
		differ |= QUEUE_BIT(RING_SIZE);
	if (now->snaplen != want->snaplen)
		differ |= QUEUE_BIT(SNAPLEN);
	if (now->watermark != want->watermark)
		differ |= QUEUE_BIT(WATERMARK);
	if (now->flush_us != want->flush_us)
		differ |= QUEUE_BIT(FLUSH_US);
	return differ & want->has;
}

static void diff_queues(struct diff *d, const struct config *now, const struct config *want)
{
	size_t i;

	for (i = 0; i < want->queue_n; i++) {
		const struct tq_queue *q = config_queue(now, want->queues[i].name);

		d->queue[i] = !q ? DIFF_ADD :
			      diff_settings(q, &want->queues[i]) ? DIFF_SET : DIFF_KEEP;
		d->changes += d->queue[i] != DIFF_KEEP;
	}
	for (i = 0; i < now->queue_n; i++) {
		d->old_queue[i] = config_queue(want, now->queues[i].name) ? DIFF_KEEP : DIFF_DEL;
		d->changes += d->old_queue[i] == DIFF_DEL;
	}
}

bool diff_raises(const struct config_table *now, const struct config_table *want)
{
	return now->rules_max && (!want->rules_max || want->rules_max > now->rules_max);
}

static int diff_tables(struct diff *d, struct config *now, struct config *want)
{
	size_t i;

	for (i = 0; i < want->table_n; i++) {
		struct config_table *table = config_table(now, want->tables[i].name);

		d->table[i] = !table ? DIFF_ADD :
			      table->rules_max != want->tables[i].rules_max ? DIFF_SET : DIFF_KEEP;
		d->changes += d->table[i] != DIFF_KEEP;
		if (plan_rules(&d->plans[i], table, &want->tables[i]))
			return -1;
		d->plan_n++;
		d->changes += d->plans[i].changes;
	}
	for (i = 0; i < now->table_n; i++) {
		d->old_table[i] = config_table(want, now->tables[i].name) ? DIFF_KEEP : DIFF_DEL;
		d->changes += d->old_table[i] == DIFF_DEL;
	}
	return 0;
}

static bool same_place(const struct tq_hook *a, const struct tq_hook *b)
{
	return a->family == b->family && a->point == b->point && a->priority == b->priority &&
	       !strcmp(a->device, b->device);
}

/* Gives each hook of @want one of @now that nobody has yet. */
static void match_hooks(struct diff *d, const struct config *now, const struct config *want,
			bool any_table)
{
	size_t i, k;

	for (i = 0; i < want->hook_n; i++) {
		for (k = 0; d->hook[i] == DIFF_ADD && k < now->hook_n; k++) {
			if (d->old_hook[k] == DIFF_KEEP ||
			    !same_place(&now->hooks[k], &want->hooks[i]) ||
			    (!any_table && strcmp(now->hooks[k].table, want->hooks[i].table)))
				continue;
			d->hook[i] = any_table ? DIFF_SET : DIFF_KEEP;
			d->hook_id[i] = now->hooks[k].id;
			d->old_hook[k] = DIFF_KEEP;
		}
	}
}

static void diff_hooks(struct diff *d, const struct config *now, const struct config *want)
{
	size_t i;

	for (i = 0; i < want->hook_n; i++)
		d->hook[i] = DIFF_ADD;
	for (i = 0; i < now->hook_n; i++)
		d->old_hook[i] = DIFF_DEL;
	match_hooks(d, now, want, false);
	match_hooks(d, now, want, true);
	for (i = 0; i < want->hook_n; i++)
		d->changes += d->hook[i] != DIFF_KEEP;
	for (i = 0; i < now->hook_n; i++)
		d->changes += d->old_hook[i] == DIFF_DEL;
}

int diff_make(struct diff *d, struct config *now, struct config *want)
{
	memset(d, 0, sizeof(*d));
	d->queue = calloc(want->queue_n + 1, sizeof(*d->queue));
	d->table = calloc(want->table_n + 1, sizeof(*d->table));
	d->hook = calloc(want->hook_n + 1, sizeof(*d->hook));
	d->hook_id = calloc(want->hook_n + 1, sizeof(*d->hook_id));
	d->plans = calloc(want->table_n + 1, sizeof(*d->plans));
	d->old_queue = calloc(now->queue_n + 1, sizeof(*d->old_queue));
	d->old_table = calloc(now->table_n + 1, sizeof(*d->old_table));
	d->old_hook = calloc(now->hook_n + 1, sizeof(*d->old_hook));
	if (!d->queue || !d->table || !d->hook || !d->hook_id || !d->plans || !d->old_queue ||
	    !d->old_table || !d->old_hook || diff_tables(d, now, want)) {
		diff_free(d);
		return -1;
	}
	diff_queues(d, now, want);
	diff_hooks(d, now, want);
	return 0;
}

void diff_free(struct diff *d)
{
	size_t i;

	for (i = 0; i < d->plan_n; i++)
		plan_free(&d->plans[i]);
	free(d->plans);
	free(d->queue);
	free(d->table);
	free(d->hook);
	free(d->hook_id);
	free(d->old_queue);
	free(d->old_table);
	free(d->old_hook);
	memset(d, 0, sizeof(*d));
}

/* ---- for people ---- */

static void print_rule_change(FILE *f, const char *table, const struct config_rule *r,
			      enum plan_what what)
{
	char buf[PRINT_SIZE * 2];

	switch (what) {
	case PLAN_KEEP:
		return;
	case PLAN_ADD:
		fprintf(f, "+ rule add %s prio %" PRIu32 "%s", table, r->prio, r->words);
		break;
	case PLAN_MOVE:
		fprintf(f, "~ rule move %s handle %" PRIu64 " prio %" PRIu32 "%s", table,
			r->mate->handle, r->prio, r->words);
		break;
	case PLAN_REPLACE:
	case PLAN_TIMEOUT:
		fprintf(f, "~ rule replace %s handle %" PRIu64 " prio %" PRIu32 "%s", table,
			r->mate->handle, r->prio, r->words);
		break;
	}
	if (r->timeout_ms)
		fprintf(f, " timeout %s", print_time(buf, r->timeout_ms * 1000));
	fputc('\n', f);
}

static void print_rules(FILE *f, const struct plan *plan, const struct config_table *now,
			const struct config_table *want)
{
	size_t i;

	for (i = 0; now && i < now->n; i++)
		if (!now->rules[i].mate)
			fprintf(f, "- rule del %s handle %" PRIu64 "\t# prio %" PRIu32 "%s\n",
				want->name, now->rules[i].handle, now->rules[i].prio,
				now->rules[i].words);
	for (i = 0; i < want->n; i++)
		print_rule_change(f, want->name, &want->rules[i], plan->what[i]);
}

static void print_hooks(FILE *f, const struct diff *d, const struct config *now,
			const struct config *want)
{
	size_t i;

	for (i = 0; i < want->hook_n; i++) {
		if (d->hook[i] == DIFF_SET)
			fprintf(f, "~ hook set %" PRIu32 " table %s\n", d->hook_id[i],
				want->hooks[i].table);
		if (d->hook[i] != DIFF_ADD)
			continue;
		fputs("+ hook add ", f);
		print_hook_words(f, &want->hooks[i]);
		fputc('\n', f);
	}
	for (i = 0; i < now->hook_n; i++) {
		if (d->old_hook[i] != DIFF_DEL)
			continue;
		fprintf(f, "- hook del %" PRIu32 "\t# ", now->hooks[i].id);
		print_hook_words(f, &now->hooks[i]);
		fputc('\n', f);
	}
}

void diff_print(FILE *f, const struct diff *d, const struct config *now,
		const struct config *want)
{
	size_t i;

	for (i = 0; i < want->queue_n; i++) {
		struct tq_queue q = want->queues[i];

		if (d->queue[i] == DIFF_KEEP)
			continue;
		if (d->queue[i] == DIFF_SET)
			q.has = diff_settings(config_queue(now, q.name), &q);
		fputs(d->queue[i] == DIFF_ADD ? "+ queue add " : "~ queue set ", f);
		print_queue_words(f, &q);
		fputc('\n', f);
	}
	for (i = 0; i < want->table_n; i++) {
		struct tq_table table = config_table_settings(&want->tables[i]);

		if (d->table[i] == DIFF_KEEP)
			continue;
		if (d->table[i] == DIFF_SET)
			table.has |= TQ_BIT(TQUEUE_A_TABLE_RULES_MAX);
		fputs(d->table[i] == DIFF_ADD ? "+ table add " : "~ table set ", f);
		print_table_words(f, &table);
		fputc('\n', f);
	}
	for (i = 0; i < want->table_n; i++)
		print_rules(f, &d->plans[i], config_table(now, want->tables[i].name),
			    &want->tables[i]);
	print_hooks(f, d, now, want);
	for (i = 0; i < now->table_n; i++)
		if (d->old_table[i] == DIFF_DEL)
			fprintf(f, "- table del %s\t# with %zu rules\n", now->tables[i].name,
				now->tables[i].n);
	for (i = 0; i < now->queue_n; i++)
		if (d->old_queue[i] == DIFF_DEL)
			fprintf(f, "- queue del %s\n", now->queues[i].name);
}
