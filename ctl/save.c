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
		if (s->t->out.json) {
			if (!s->t->stats)
				rule.has &= ~PRINT_RULE_STATE;
			out_json(&s->t->out, json_rule(s->table, &rule));
			continue;
		}
		fputs("rule add ", s->t->out.file);
		fputs(s->table, s->t->out.file);
		fputc(' ', s->t->out.file);
		print_rule(s->t->out.file, &rule, s->t->stats);
		fputc('\n', s->t->out.file);
	}
	if (ret)
		tqctl_garbled(s->t);
}

static int save_rules(struct tqctl *t, const char *table)
{
	struct save s = { .t = t, .table = table };
	struct nl_msg *msg;
	int code;

	msg = tqctl_dump_message(t, TQUEUE_CMD_RULE_GET, table, &code);
	if (!msg)
		return code;
	code = tqctl_request(t, msg, print_rules, &s);
	return !code && tnl_torn(t->nl) ? TQCTL_LOST : code;
}

/* The settings only: what is not a setting is not given back. */
static void save_objects(struct tqctl *t, const struct config *c)
{
	struct out *out = &t->out;
	size_t i;

	out_document_list(out, "queues");
	for (i = 0; i < c->queue_n; i++) {
		struct tq_queue q = c->queues[i];

		q.has &= PRINT_QUEUE_SETTINGS;
		out_json(out, json_queue(&q));
	}
	out_document_list(out, "tables");
	for (i = 0; i < c->table_n; i++) {
		struct tq_table table = config_table_settings(&c->tables[i]);

		out_json(out, json_table(&table));
	}
}

static int save_json(struct tqctl *t, const struct config *c)
{
	int code = TQCTL_OK;
	size_t i;

	out_document_begin(&t->out);
	save_objects(t, c);
	out_document_list(&t->out, "rules");
	for (i = 0; !code && i < c->table_n; i++)
		code = save_rules(t, c->tables[i].name);
	/* What is cut here is no document, and nobody takes it for one. */
	if (code)
		return code;
	out_document_list(&t->out, "hooks");
	for (i = 0; i < c->hook_n; i++) {
		struct tq_hook hook = c->hooks[i];

		hook.has &= ~(TQ_BIT(TQUEUE_A_HOOK_ID) | TQ_BIT(TQUEUE_A_HOOK_ACTIVE));
		out_json(&t->out, json_hook(&hook));
	}
	out_document_end(&t->out);
	return code;
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
		struct tq_table table = config_table_settings(&c->tables[i]);

		fputs("table add ", f);
		print_table_words(f, &table);
		fputc('\n', f);
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
		code = t->out.json ? save_json(t, &c) : save(t, &c);
	config_free(&c);
	return code;
}
