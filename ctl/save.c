// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "config.h"
#include "msg.h"
#include "print.h"
#include "save.h"
#include "tqctl.h"

/* Rules are printed as they come, since there may be many. */
struct save {
	struct tqctl	*t;
	const char	*table;
};

static void print_rules(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *at = NULL;
	struct save *s = arg;
	struct tq_rule rule;
	int ret;

	while ((ret = msg_rules_next(reply, &at, &rule)) == 1) {
		fprintf(s->t->out.file, "rule add %s ", s->table);
		print_rule(s->t->out.file, &rule, s->t->stats);
		fputc('\n', s->t->out.file);
	}
	if (ret)
		tqctl_garbled(s->t);
}

static int save_rules(struct tqctl *t, const char *table)
{
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TABLE) };
	struct save s = { .t = t, .table = table };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_RULE_GET, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	memcpy(frame.table, table, sizeof(frame.table));
	msg_rules_put(msg, &frame);
	return tqctl_request(t, msg, print_rules, &s);
}

static int save(struct tqctl *t, const struct config *c)
{
	FILE *f = t->out.file;
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; i < c->queue_n; i++) {
		fputs("queue add ", f);
		print_queue_words(f, &c->queues[i]);
		fputc('\n', f);
	}
	for (i = 0; !code && i < c->table_n; i++) {
		fprintf(f, "table add %s\n", c->tables[i].name);
		code = save_rules(t, c->tables[i].name);
	}
	for (i = 0; !code && i < c->hook_n; i++) {
		fputs("hook add ", f);
		print_hook_words(f, &c->hooks[i]);
		fputc('\n', f);
	}
	return code;
}

int save_config(struct tqctl *t)
{
	struct config c = { 0 };
	int code;

	code = config_load_objects(t, &c);
	if (!code)
		code = save(t, &c);
	config_free(&c);
	return code;
}
