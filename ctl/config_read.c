// SPDX-License-Identifier: GPL-2.0-only
/* A configuration from text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "share.h"
#include "tqctl.h"

#define WORDS_MAX	256

static int no_memory(struct tqctl *t)
{
	return tqctl_errno(t, ENOMEM, "configuration");
}

static int read_queue(struct tqctl *t, struct config *c, struct parse *p)
{
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_NAME) }, *v;

	if (parse_name(p, q.name, "the name of a queue"))
		return tqctl_usage(t, p);
	if (config_queue(c, q.name)) {
		parse_bad(p, "the queue is there already");
		return tqctl_usage(t, p);
	}
	if (parse_queue(p, &q) || parse_share(p, &q))
		return tqctl_usage(t, p);
	v = realloc(c->queues, (c->queue_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(t);
	c->queues = v;
	v[c->queue_n++] = q;
	return TQCTL_OK;
}

static int read_table(struct tqctl *t, struct config *c, struct parse *p)
{
	struct config_table table = { 0 }, *v;

	if (parse_name(p, table.name, "the name of a table"))
		return tqctl_usage(t, p);
	if (config_table(c, table.name)) {
		parse_bad(p, "the table is there already");
		return tqctl_usage(t, p);
	}
	if (parse_end(p))
		return tqctl_usage(t, p);
	v = realloc(c->tables, (c->table_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(t);
	c->tables = v;
	v[c->table_n++] = table;
	return TQCTL_OK;
}

/* The table that a rule or hook names, which must have been added before. */
static struct config_table *known_table(struct config *c, struct parse *p,
					char name[TQUEUE_NAME_SIZE])
{
	struct config_table *table;

	if (parse_name(p, name, "the name of a table"))
		return NULL;
	table = config_table(c, name);
	if (!table)
		parse_bad(p, "no line before adds this table");
	return table;
}

static int known_queues(struct config *c, struct parse *p, const struct tq_rule *rule)
{
	unsigned int i;

	for (i = 0; i < rule->copy_n; i++)
		if (!config_queue(c, rule->copy[i].queue))
			return parse_bad(p, "no line before adds queue %s", rule->copy[i].queue);
	if (rule->steal_queue[0] && !config_queue(c, rule->steal_queue))
		return parse_bad(p, "no line before adds queue %s", rule->steal_queue);
	return 0;
}

static int read_rule(struct tqctl *t, struct config *c, struct parse *p)
{
	struct config_table *table;
	char name[TQUEUE_NAME_SIZE];
	struct config_rule *r;
	struct tq_rule rule;

	table = known_table(c, p, name);
	if (!table || parse_rule(p, &rule) || known_queues(c, p, &rule))
		return tqctl_usage(t, p);
	if (config_add_rule(table, &rule, true))
		return no_memory(t);
	r = &table->rules[table->n - 1];
	r->file = t->file;
	r->line = t->line;
	return TQCTL_OK;
}

static int read_hook(struct tqctl *t, struct config *c, struct parse *p)
{
	struct tq_hook hook = { .has = TQ_BIT(TQUEUE_A_HOOK_TABLE) }, *v;

	if (!known_table(c, p, hook.table) || parse_hook(p, &hook))
		return tqctl_usage(t, p);
	v = realloc(c->hooks, (c->hook_n + 1) * sizeof(*v));
	if (!v)
		return no_memory(t);
	c->hooks = v;
	v[c->hook_n++] = hook;
	return TQCTL_OK;
}

static const struct {
	const char	*name;
	int		(*read)(struct tqctl *t, struct config *c, struct parse *p);
} objects[] = {
	{ "queue", read_queue }, { "table", read_table },
	{ "rule", read_rule }, { "hook", read_hook },
};

static int read_line(struct tqctl *t, struct config *c, const char *const *words, unsigned int n)
{
	const char *object, *add;
	struct parse p;
	size_t i;

	parse_init(&p, words, n);
	object = parse_next(&p);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (strcmp(objects[i].name, object))
			continue;
		if (parse_need(&p, &add, "add"))
			return tqctl_usage(t, &p);
		if (!strcmp(add, "add"))
			return objects[i].read(t, c, &p);
		parse_bad(&p, "a configuration has only \"%s add\"", object);
		return tqctl_usage(t, &p);
	}
	parse_bad(&p, "not one of queue, table, rule, hook");
	return tqctl_usage(t, &p);
}

static int read_lines(struct tqctl *t, struct config *c, FILE *f)
{
	const char *words[WORDS_MAX];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = TQCTL_OK, n;

	while (!code && (len = getline(&line, &size, f)) >= 0) {
		t->line++;
		n = memchr(line, 0, len) ? -1 : text_split(line, words, WORDS_MAX);
		if (n < 0) {
			tqctl_say(t, "a NUL byte, an open quote, or more than %d words", WORDS_MAX);
			code = TQCTL_USAGE;
		} else if (n > 0) {
			code = read_line(t, c, words, n);
		}
	}
	if (!code && ferror(f))
		code = tqctl_errno(t, errno, "read");
	free(line);
	return code;
}

int config_read(struct tqctl *t, struct config *c, const char *path)
{
	bool in = !strcmp(path, "-");
	FILE *f = in ? stdin : fopen(path, "re");
	int code;

	if (!f)
		return tqctl_errno(t, errno, path);
	t->file = in ? "stdin" : path;
	t->line = 0;
	code = read_lines(t, c, f);
	t->file = NULL;
	if (!in)
		fclose(f);
	return code;
}
