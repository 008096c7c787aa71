// SPDX-License-Identifier: GPL-2.0-only
/* The configuration that the kernel has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "config.h"
#include "msg.h"
#include "tqctl.h"

/**
 * struct load - one run
 * @error: an errno, or -1 for a reply that can't be understood; the first one
 */
struct load {
	struct config		*c;
	struct config_table	*table;
	int			error;
};

/* One more element at the end of the array @*v of @*n. */
static void *grow(void *v, size_t *n, size_t size, struct load *l)
{
	void **array = v;
	char *more = realloc(*array, (*n + 1) * size);

	if (!more) {
		l->error = ENOMEM;
		return NULL;
	}
	*array = more;
	return memset(more + size * (*n)++, 0, size);
}

static void got_queue(const struct tnl_reply *reply, void *arg)
{
	struct load *l = arg;
	struct tq_queue q, *more;

	if (l->error || msg_queue_get(reply, &q)) {
		l->error = l->error ? l->error : -1;
		return;
	}
	/* What did not fit into one message has no settings. */
	if (!(q.has & TQ_BIT(TQUEUE_A_QUEUE_RING_SIZE))) {
		tq_queue_free(&q);
		return;
	}
	more = grow(&l->c->queues, &l->c->queue_n, sizeof(q), l);
	if (more)
		*more = q;
	else
		tq_queue_free(&q);
}

static void got_table(const struct tnl_reply *reply, void *arg)
{
	struct config_table *more;
	struct load *l = arg;
	struct tq_table table;

	if (l->error || msg_table_get(reply, &table)) {
		l->error = l->error ? l->error : -1;
		return;
	}
	more = grow(&l->c->tables, &l->c->table_n, sizeof(*more), l);
	if (more) {
		memcpy(more->name, table.name, sizeof(more->name));
		more->rules_max = table.rules_max;
	}
	tq_table_free(&table);
}

static void got_rules(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *at = NULL;
	struct load *l = arg;
	struct tq_rule rule;
	int ret = 0;

	while (!l->error && (ret = msg_rules_next(reply, &at, &rule)) == 1)
		if (config_add_rule(l->table, &rule, false))
			l->error = ENOMEM;
	if (ret < 0)
		l->error = -1;
}

static void got_hook(const struct tnl_reply *reply, void *arg)
{
	struct load *l = arg;
	struct tq_hook *more;

	if (l->error)
		return;
	more = grow(&l->c->hooks, &l->c->hook_n, sizeof(*more), l);
	if (more && msg_hook_get(reply, more))
		l->error = -1;
}

/* Asks for all objects of a kind; @table is for rules. */
static int dump(struct tqctl *t, struct load *l, uint8_t cmd, tnl_reply_fn *fn,
		struct config_table *table)
{
	struct nl_msg *msg;
	int code;

	msg = tqctl_dump_message(t, cmd, table ? table->name : NULL, &code);
	if (!msg)
		return code;
	l->table = table;
	code = tqctl_request(t, msg, fn, l);
	if (!code && l->error)
		code = l->error < 0 ? tqctl_garbled(t) :
				      tqctl_errno(t, l->error, "configuration");
	return code;
}

int config_load_objects(struct tqctl *t, struct config *c)
{
	struct load l = { .c = c };
	int code;

	code = dump(t, &l, TQUEUE_CMD_QUEUE_GET, got_queue, NULL);
	if (!code)
		code = dump(t, &l, TQUEUE_CMD_TABLE_GET, got_table, NULL);
	if (!code)
		code = dump(t, &l, TQUEUE_CMD_HOOK_GET, got_hook, NULL);
	return code;
}

int config_load(struct tqctl *t, struct config *c, const struct config *like)
{
	struct load l = { .c = c };
	int code = config_load_objects(t, c);
	size_t i;

	for (i = 0; !code && i < c->table_n; i++) {
		c->tables[i].present = true;
		c->tables[i].like = config_table(like, c->tables[i].name);
		code = dump(t, &l, TQUEUE_CMD_RULE_GET, got_rules, &c->tables[i]);
	}
	return code;
}
