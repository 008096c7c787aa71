// SPDX-License-Identifier: GPL-2.0-only
/* Configurations in memory; config_read.c and config_load.c fill them, by config_rule.c. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

void config_free(struct config *c)
{
	size_t i;

	for (i = 0; i < c->table_n; i++)
		config_table_free(&c->tables[i]);
	for (i = 0; i < c->queue_n; i++)
		tq_queue_free(&c->queues[i]);
	free(c->queues);
	free(c->tables);
	free(c->hooks);
	memset(c, 0, sizeof(*c));
}

struct tq_queue *config_queue(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->queue_n; i++)
		if (!strcmp(c->queues[i].name, name))
			return &c->queues[i];
	return NULL;
}

struct config_table *config_table(const struct config *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->table_n; i++)
		if (!strcmp(c->tables[i].name, name))
			return &c->tables[i];
	return NULL;
}

struct tq_table config_table_settings(const struct config_table *table)
{
	struct tq_table t = { .has = TQ_BIT(TQUEUE_A_TABLE_NAME), .rules_max = table->rules_max };

	if (t.rules_max)
		t.has |= TQ_BIT(TQUEUE_A_TABLE_RULES_MAX);
	memcpy(t.name, table->name, sizeof(t.name));
	return t;
}

static int by_priority(const void *a, const void *b)
{
	const struct config_rule *x = a, *y = b;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* They mostly are, and sorting takes as much memory again. */
static bool is_sorted(const struct config_table *t)
{
	size_t i;

	for (i = 1; i < t->n; i++)
		if (by_priority(&t->rules[i - 1], &t->rules[i]) > 0)
			return false;
	return true;
}

void config_sort(struct config *c)
{
	size_t i, k;

	for (i = 0; i < c->table_n; i++) {
		struct config_table *t = &c->tables[i];

		if (!is_sorted(t))
			qsort(t->rules, t->n, sizeof(*t->rules), by_priority);
		for (k = 0; k < t->n; k++)
			t->rules[k].place = k;
	}
}
