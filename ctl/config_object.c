// SPDX-License-Identifier: GPL-2.0-only
/* The objects of a configuration, from words into the struct; text and JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "share.h"
#include "tqctl.h"

static int no_memory(struct tqctl *t)
{
	return tqctl_errno(t, ENOMEM, "configuration");
}

/* ---- names that may be added later ---- */

/**
 * struct config_ref - a name
 * @queue: of a queue; else of a table
 * @said: what is to be said if it is never added
 */
struct config_ref {
	char		name[TQUEUE_NAME_SIZE];
	bool		queue;
	unsigned int	line, column;
	char		said[320];
};

static bool is_there(const struct config *c, const char *name, bool queue)
{
	const struct config_table *table;

	if (queue)
		return config_queue(c, name);
	table = config_table(c, name);
	return table && !table->only_named;
}

/* The word taken last names what is not there: notes it, or refuses it if it can't
 * come later.
 */
static int name_later(struct config_reader *r, struct parse *p, const char *name, bool queue)
{
	struct tqctl *t = r->t;
	struct config_ref *v;
	size_t i;

	for (i = 0; i < r->ref_n; i++)
		if (r->refs[i].queue == queue && !strcmp(r->refs[i].name, name))
			return TQCTL_OK;
	if (queue)
		parse_bad(p, "%s adds queue %s", r->later ? "nothing" : "no line before", name);
	else
		parse_bad(p, "%s adds this table", r->later ? "nothing" : "no line before");
	if (!r->later)
		return tqctl_usage(t, p);
	v = realloc(r->refs, (r->ref_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(t);
	r->refs = v;
	v += r->ref_n++;
	memset(v, 0, sizeof(*v));
	strcpy(v->name, name);
	v->queue = queue;
	v->line = t->line;
	v->column = t->column;
	memcpy(v->said, p->err, sizeof(v->said));
	return TQCTL_OK;
}

int config_reader_end(struct config_reader *r, int code)
{
	struct tqctl *t = r->t;
	size_t i;

	for (i = 0; !code && i < r->ref_n; i++) {
		if (is_there(r->c, r->refs[i].name, r->refs[i].queue))
			continue;
		t->line = r->refs[i].line;
		t->column = r->refs[i].column;
		tqctl_say(t, "%s", r->refs[i].said);
		code = TQCTL_USAGE;
	}
	free(r->refs);
	return code;
}

/* ---- objects ---- */

int config_read_queue(struct config_reader *r, struct parse *p)
{
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_NAME) }, *v;
	struct config *c = r->c;

	if (parse_name(p, q.name, "the name of a queue"))
		return tqctl_usage(r->t, p);
	if (config_queue(c, q.name)) {
		parse_bad(p, "the queue is there already");
		return tqctl_usage(r->t, p);
	}
	if (parse_queue(p, &q) || parse_share(p, &q))
		return tqctl_usage(r->t, p);
	v = realloc(c->queues, (c->queue_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(r->t);
	c->queues = v;
	v[c->queue_n++] = q;
	return TQCTL_OK;
}

static struct config_table *add_table(struct config *c, const char *name)
{
	struct config_table *v = realloc(c->tables, (c->table_n + 1) * sizeof(*v));

	if (!v)
		return NULL;
	c->tables = v;
	v += c->table_n++;
	memset(v, 0, sizeof(*v));
	strcpy(v->name, name);
	return v;
}

int config_read_table(struct config_reader *r, struct parse *p)
{
	struct tq_table settings = { 0 };
	char name[TQUEUE_NAME_SIZE];
	struct config_table *table;

	if (parse_name(p, name, "the name of a table"))
		return tqctl_usage(r->t, p);
	table = config_table(r->c, name);
	if (table && !table->only_named) {
		parse_bad(p, "the table is there already");
		return tqctl_usage(r->t, p);
	}
	if (parse_table(p, &settings))
		return tqctl_usage(r->t, p);
	if (!table)
		table = add_table(r->c, name);
	if (!table)
		return no_memory(r->t);
	table->only_named = false;
	table->rules_max = settings.rules_max;
	return TQCTL_OK;
}

/* Every queue that the rule names: there, or noted. */
static int name_queues(struct config_reader *r, struct parse *p, const struct tq_rule *rule)
{
	int code = TQCTL_OK;
	unsigned int i;

	for (i = 0; !code && i < rule->copy_n; i++)
		if (!config_queue(r->c, rule->copy[i].queue))
			code = name_later(r, p, rule->copy[i].queue, true);
	if (!code && rule->steal_queue[0] && !config_queue(r->c, rule->steal_queue))
		code = name_later(r, p, rule->steal_queue, true);
	return code;
}

/* The table that a rule or hook names. */
static int name_table(struct config_reader *r, struct parse *p, char name[TQUEUE_NAME_SIZE])
{
	if (parse_name(p, name, "the name of a table"))
		return tqctl_usage(r->t, p);
	return is_there(r->c, name, false) ? TQCTL_OK : name_later(r, p, name, false);
}

int config_read_rule(struct config_reader *r, struct parse *p)
{
	struct config_table *table;
	char name[TQUEUE_NAME_SIZE];
	struct config_rule *added;
	struct tq_rule rule;
	int code;

	code = name_table(r, p, name);
	if (!code && parse_rule(p, &rule))
		code = tqctl_usage(r->t, p);
	if (!code)
		code = name_queues(r, p, &rule);
	if (code)
		return code;
	table = config_table(r->c, name);
	if (!table) {
		table = add_table(r->c, name);
		if (!table)
			return no_memory(r->t);
		table->only_named = true;
	}
	if (config_add_rule(table, &rule, true))
		return no_memory(r->t);
	added = &table->rules[table->n - 1];
	added->file = r->t->file;
	added->line = r->t->line;
	added->column = r->t->column;
	return TQCTL_OK;
}

int config_read_hook(struct config_reader *r, struct parse *p)
{
	struct tq_hook hook = { .has = TQ_BIT(TQUEUE_A_HOOK_TABLE) }, *v;
	struct config *c = r->c;
	int code;

	code = name_table(r, p, hook.table);
	if (!code && parse_hook(p, &hook))
		code = tqctl_usage(r->t, p);
	if (code)
		return code;
	v = realloc(c->hooks, (c->hook_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(r->t);
	c->hooks = v;
	v[c->hook_n++] = hook;
	return TQCTL_OK;
}
