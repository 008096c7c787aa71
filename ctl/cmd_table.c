// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "print.h"
#include "tqctl.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_TABLE_##name)

/* The one word of most commands. */
static int parse_only_name(struct parse *p, struct tq_table *table)
{
	memset(table, 0, sizeof(*table));
	table->has = BIT(NAME);
	return parse_name(p, table->name, "the name of a table") || parse_end(p) ? -1 : 0;
}

static int parse_with_settings(struct parse *p, struct tq_table *table)
{
	memset(table, 0, sizeof(*table));
	table->has = BIT(NAME);
	return parse_name(p, table->name, "the name of a table") || parse_table(p, table) ? -1 : 0;
}

static struct nl_msg *message(struct tqctl *t, uint8_t cmd, int flags,
			      const struct tq_table *table, int *code)
{
	struct nl_msg *msg = tqctl_message(t, cmd, flags, code);

	if (msg)
		msg_table_put(msg, table);
	return msg;
}

static void show(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_table table;

	if (msg_table_get(reply, &table)) {
		tqctl_garbled(t);
		return;
	}
	if (t->out.json)
		out_json(&t->out, json_table(&table));
	else
		print_table(t->out.file, &table);
	tq_table_free(&table);
}

static int cmd_add(struct tqctl *t, struct parse *p)
{
	struct tq_table table;
	struct nl_msg *msg;
	int code;

	if (parse_with_settings(p, &table))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_TABLE_NEW, 0, &table, &code);
	return msg ? tqctl_request(t, msg, t->file && !t->out.json ? NULL : show, t) : code;
}

static int cmd_set(struct tqctl *t, struct parse *p)
{
	struct tq_table table;
	struct nl_msg *msg;
	const char *word;
	int code;

	if (parse_with_settings(p, &table))
		return tqctl_usage(t, p);
	if (!(table.has & BIT(RULES_MAX))) {
		parse_need(p, &word, "max and a number of rules");
		return tqctl_usage(t, p);
	}
	msg = message(t, TQUEUE_CMD_TABLE_SET, 0, &table, &code);
	return msg ? tqctl_request(t, msg, NULL, NULL) : code;
}

static void keep(const struct tnl_reply *reply, void *arg)
{
	msg_table_get(reply, arg);
}

/* Says who keeps a table from being deleted. */
static void say_holders(struct tqctl *t, const char *name)
{
	struct tq_table table = { .has = BIT(NAME) | BIT(QUERY),
				  .query = TQUEUE_QUERY_HOLDERS };
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	memcpy(table.name, name, sizeof(table.name));
	msg = message(t, TQUEUE_CMD_TABLE_GET, 0, &table, &code);
	if (!msg)
		return;
	memset(&table, 0, sizeof(table));
	if (!tqctl_try(t, msg, keep, &table, &err) && table.holders.n) {
		fprintf(t->err, "  table %s is held by ", name);
		print_holders(t->err, &table.holders);
		fputc('\n', t->err);
	}
	nlmsg_free(msg);
	tq_table_free(&table);
}

static int cmd_del(struct tqctl *t, struct parse *p)
{
	struct tq_table table;
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	if (parse_only_name(p, &table))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_TABLE_DEL, 0, &table, &code);
	if (!msg)
		return code;
	code = tqctl_try(t, msg, NULL, NULL, &err);
	if (code)
		code = tqctl_refused(t, msg, &err);
	if (code && err.code == EBUSY)
		say_holders(t, table.name);
	nlmsg_free(msg);
	return code;
}

static int cmd_show(struct tqctl *t, struct parse *p)
{
	struct tq_table table = { 0 };
	bool one = parse_peek(p);
	struct nl_msg *msg;
	int code;

	if (one) {
		table.has = BIT(NAME);
		if (parse_name(p, table.name, "the name of a table"))
			return tqctl_usage(t, p);
	}
	if (t->holders || (one && parse_take(p, "holders"))) {
		table.has |= BIT(QUERY);
		table.query = TQUEUE_QUERY_HOLDERS;
	}
	if (parse_end(p))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_TABLE_GET, one ? 0 : NLM_F_DUMP, &table, &code);
	if (!msg)
		return code;
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, show, t);
	out_list_end(&t->out);
	return code;
}

static int cmd_flush(struct tqctl *t, struct parse *p)
{
	struct tq_table table;
	struct nl_msg *msg;
	int code;

	if (parse_only_name(p, &table))
		return tqctl_usage(t, p);
	if (t->file)
		return rules_flush_table(t, table.name);
	msg = message(t, TQUEUE_CMD_TABLE_FLUSH, 0, &table, &code);
	return msg ? tqctl_request(t, msg, NULL, NULL) : code;
}

static const struct parse_key *setting_keys(unsigned int i)
{
	return &parse_table_keys[i];
}

const struct command table_commands[] = {
	{ "add", "NAME [max N]", "make an empty table", .run = cmd_add, .keys = setting_keys },
	{ "set", "NAME max N", "limit the number of rules", .run = cmd_set, .keys = setting_keys },
	{ "del", "NAME", "delete a table and its rules, unless something uses it", .run = cmd_del },
	{ "show", "[NAME [holders]]", "one table or all; with who uses it", .run = cmd_show },
	{ "list", "[NAME [holders]]", "the same", .run = cmd_show },
	{ "flush", "NAME", "delete all rules of a table", .run = cmd_flush, .joins = true },
	{ .name = NULL }
};
