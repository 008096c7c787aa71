// SPDX-License-Identifier: GPL-2.0-only
/* Configurations in memory; config_read.c and config_load.c fill them. */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "print.h"

void config_free(struct config *c)
{
	size_t i, k;

	for (i = 0; i < c->table_n; i++) {
		for (k = 0; k < c->tables[i].n; k++) {
			free(c->tables[i].rules[k].words);
			free(c->tables[i].rules[k].state);
		}
		free(c->tables[i].rules);
	}
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

#define HAS(name)	(r->has & TQ_BIT(TQUEUE_A_RULE_##name))

static void make_box(struct config_box *b, const struct tq_rule *r)
{
	memset(b, 0, sizeof(*b));
	if (HAS(FAMILY))
		b->family = r->family;
	if (HAS(SRC)) {
		memcpy(b->src, r->src.bytes, sizeof(b->src));
		b->src_len = r->src_len;
	}
	if (HAS(DST)) {
		memcpy(b->dst, r->dst.bytes, sizeof(b->dst));
		b->dst_len = r->dst_len;
	}
	b->proto_min = HAS(PROTO) ? r->proto : 0;
	b->proto_max = HAS(PROTO) ? r->proto : UINT8_MAX;
	b->sport_min = HAS(SPORT_MIN) ? r->sport_min : 0;
	b->sport_max = HAS(SPORT_MIN) ? r->sport_max : UINT16_MAX;
	b->dport_min = HAS(DPORT_MIN) ? r->dport_min : 0;
	b->dport_max = HAS(DPORT_MIN) ? r->dport_max : UINT16_MAX;
	if (HAS(MARK)) {
		b->mark = r->mark;
		b->mark_mask = HAS(MARK_MASK) ? r->mark_mask : TQ_ALL_ONES;
	}
}

static char *to_text(const struct tq_rule *rule,
		     void (*print)(FILE *f, const struct tq_rule *rule))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	print(f, rule);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

#define RULE_BIT(name)	TQ_BIT(TQUEUE_A_RULE_##name)
#define SPORT		(RULE_BIT(SPORT_MIN) | RULE_BIT(SPORT_MAX))
#define DPORT		(RULE_BIT(DPORT_MIN) | RULE_BIT(DPORT_MAX))

/* Any port of both kinds: one of them is enough to say that there are ports. */
static void settle_ports(struct tq_rule *r)
{
	bool any_sport = !HAS(SPORT_MIN) || (!r->sport_min && r->sport_max == UINT16_MAX);
	bool any_dport = !HAS(DPORT_MIN) || (!r->dport_min && r->dport_max == UINT16_MAX);

	if (!HAS(SPORT_MIN) && !HAS(DPORT_MIN))
		return;
	if (any_sport)
		r->has &= ~SPORT;
	else if (any_dport)
		r->has &= ~DPORT;
	if (any_sport && !HAS(DPORT_MIN)) {
		r->has |= DPORT;
		r->dport_min = 0;
		r->dport_max = UINT16_MAX;
	}
}

/* What is left out, and what can be said in two ways, is what the kernel will say;
 * else a rule would not be the same as the one that it has become.
 */
static void settle(struct tq_rule *r)
{
	if (!HAS(VERDICT))
		r->verdict = TQUEUE_VERDICT_PASS;
	r->has |= RULE_BIT(VERDICT);
	if (r->verdict == TQUEUE_VERDICT_STEAL && !HAS(STEAL_ELSE)) {
		r->has |= RULE_BIT(STEAL_ELSE);
		r->steal_else = TQUEUE_VERDICT_PASS;
	}
	if (HAS(RATE) && !HAS(BURST)) {
		r->has |= RULE_BIT(BURST);
		r->burst = r->rate;
	}
	if (HAS(SRC) && !r->src_len)
		r->has &= ~(RULE_BIT(SRC) | RULE_BIT(SRC_LEN));
	if (HAS(DST) && !r->dst_len)
		r->has &= ~(RULE_BIT(DST) | RULE_BIT(DST_LEN));
	settle_ports(r);
}

int config_add_rule(struct config_table *table, const struct tq_rule *rule, bool state)
{
	struct tq_rule whole = *rule;
	struct config_rule *r;

	settle(&whole);
	if (table->n == table->room) {
		size_t room = table->room ? table->room * 2 : 64;

		r = realloc(table->rules, room * sizeof(*r));
		if (!r)
			return -1;
		table->rules = r;
		table->room = room;
	}
	r = &table->rules[table->n];
	memset(r, 0, sizeof(*r));
	r->words = to_text(&whole, print_rule_words);
	if (!r->words)
		return -1;
	if (state && whole.has & PRINT_RULE_STATE) {
		r->state = to_text(&whole, print_rule_state);
		if (!r->state) {
			free(r->words);
			return -1;
		}
	}
	r->handle = whole.handle;
	r->timeout_ms = whole.timeout_ms;
	r->prio = whole.prio;
	r->place = table->n++;
	make_box(&r->box, &whole);
	return 0;
}

static int by_priority(const void *a, const void *b)
{
	const struct config_rule *x = a, *y = b;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

void config_sort(struct config *c)
{
	size_t i, k;

	for (i = 0; i < c->table_n; i++) {
		struct config_table *t = &c->tables[i];

		if (t->n)
			qsort(t->rules, t->n, sizeof(*t->rules), by_priority);
		for (k = 0; k < t->n; k++)
			t->rules[k].place = k;
	}
}
