// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <json-c/json.h>

#include "msg.h"
#include "print.h"
#include "replay.h"
#include "tqctl.h"

/* Outside a batch a change takes effect at once. */
static int finish(struct tqctl *t, int code)
{
	return code || t->file ? code : rules_commit(t);
}

static void print_handle(struct tqctl *t, const char *table)
{
	json_object *obj;

	if (!t->rules.handle_n)
		return;
	if (!t->out.json) {
		fprintf(t->out.file, "handle %" PRIu64 "\n", t->rules.handles[0]);
		return;
	}
	obj = json_object_new_object();
	json_object_object_add(obj, "table", json_object_new_string(table));
	json_object_object_add(obj, "handle", json_object_new_uint64(t->rules.handles[0]));
	json_object_object_add(obj, "generation", json_object_new_uint64(t->rules.generation));
	out_json(&t->out, obj);
}

static int cmd_add(struct tqctl *t, struct parse *p)
{
	char table[TQUEUE_NAME_SIZE];
	struct tq_rule rule;
	int code;

	if (parse_name(p, table, "the name of a table") || parse_rule(p, &rule))
		return tqctl_usage(t, p);
	t->rules.want_handles = !t->file;
	code = finish(t, rules_change(t, TQUEUE_CMD_RULE_NEW, table, &rule));
	if (!code)
		print_handle(t, table);
	return code;
}

static int cmd_replace(struct tqctl *t, struct parse *p)
{
	char table[TQUEUE_NAME_SIZE];
	struct tq_rule rule;

	if (parse_name(p, table, "the name of a table") || parse_rule(p, &rule))
		return tqctl_usage(t, p);
	if (!(rule.has & TQ_BIT(TQUEUE_A_RULE_HANDLE))) {
		parse_bad(p, "handle N is missing: which rule is it to replace?");
		return tqctl_usage(t, p);
	}
	return finish(t, rules_change(t, TQUEUE_CMD_RULE_SET, table, &rule));
}

static int cmd_del(struct tqctl *t, struct parse *p)
{
	struct tq_rule rule = { .has = TQ_BIT(TQUEUE_A_RULE_HANDLE) };
	char table[TQUEUE_NAME_SIZE];
	unsigned int n, i;
	uint64_t *handles;
	int code = TQCTL_OK;

	handles = calloc(p->n, sizeof(*handles));
	if (!handles)
		return tqctl_errno(t, ENOMEM, "handles");
	if (parse_name(p, table, "the name of a table") || parse_handles(p, handles, p->n, &n)) {
		free(handles);
		return tqctl_usage(t, p);
	}
	for (i = 0; i < n && !code; i++) {
		rule.handle = handles[i];
		code = rules_change(t, TQUEUE_CMD_RULE_DEL, table, &rule);
	}
	free(handles);
	return finish(t, code);
}

/* ---- showing ---- */

static void show(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *at = NULL;
	struct tqctl *t = arg;
	struct tq_rules frame;
	struct tq_rule rule;
	int ret;

	if (msg_rules_get(reply, &frame)) {
		tqctl_garbled(t);
		return;
	}
	while ((ret = msg_rules_next(reply, &at, &rule)) == 1) {
		if (t->out.json) {
			out_json(&t->out, json_rule(frame.table, &rule));
		} else {
			print_rule(t->out.file, &rule, t->stats);
			fputc('\n', t->out.file);
		}
	}
	if (ret)
		tqctl_garbled(t);
}

static struct nl_msg *get_message(struct tqctl *t, uint8_t cmd, int flags, const char *table,
				  int *code)
{
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TABLE) };
	struct nl_msg *msg = tqctl_message(t, cmd, flags, code);

	memcpy(frame.table, table, sizeof(frame.table));
	if (msg)
		msg_rules_put(msg, &frame);
	return msg;
}

static int cmd_list(struct tqctl *t, struct parse *p)
{
	char table[TQUEUE_NAME_SIZE];
	struct tq_filter filter;
	struct nl_msg *msg;
	int code;

	if (parse_name(p, table, "the name of a table") || parse_filter(p, &filter))
		return tqctl_usage(t, p);
	msg = get_message(t, TQUEUE_CMD_RULE_GET, NLM_F_DUMP, table, &code);
	if (!msg)
		return code;
	if (filter.has)
		msg_rules_put_filter(msg, &filter);
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, show, t);
	out_list_end(&t->out);
	return !code && tnl_torn(t->nl) ? TQCTL_LOST : code;
}

static int cmd_show(struct tqctl *t, struct parse *p)
{
	struct tq_rule rule = { .has = TQ_BIT(TQUEUE_A_RULE_HANDLE) };
	char table[TQUEUE_NAME_SIZE];
	struct nl_msg *msg;
	unsigned int n;
	int code;

	if (parse_name(p, table, "the name of a table") ||
	    parse_handles(p, &rule.handle, 1, &n))
		return tqctl_usage(t, p);
	msg = get_message(t, TQUEUE_CMD_RULE_GET, 0, table, &code);
	if (!msg)
		return code;
	msg_rules_put_rule(msg, &rule);
	return tqctl_request(t, msg, show, t);
}

static int test_capture(struct tqctl *t, struct parse *p, const char *table)
{
	struct replay_words w;

	return parse_replay(p, &w) ? tqctl_usage(t, p) : replay_run(t, table, &w);
}

/* The winner, or, by "all", whatever matches. */
static int cmd_test(struct tqctl *t, struct parse *p)
{
	char table[TQUEUE_NAME_SIZE];
	struct tq_packet pkt;
	struct nl_msg *msg;
	bool all;
	int code;

	if (parse_name(p, table, "the name of a table"))
		return tqctl_usage(t, p);
	if (parse_take(p, "capture"))
		return test_capture(t, p, table);
	if (parse_packet(p, &pkt))
		return tqctl_usage(t, p);
	all = parse_take(p, "all");
	if (parse_end(p))
		return tqctl_usage(t, p);
	msg = get_message(t, TQUEUE_CMD_RULE_TEST, all ? NLM_F_DUMP : 0, table, &code);
	if (!msg)
		return code;
	msg_rules_put_packet(msg, &pkt);
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, show, t);
	out_list_end(&t->out);
	return code;
}

static const struct parse_key *filter_keys(unsigned int i)
{
	return &parse_filter_keys[i];
}

/* A packet that is described, or one of a capture. */
static const struct parse_key *test_keys(unsigned int i)
{
	unsigned int n = 0;

	while (parse_packet_key(n))
		n++;
	return i < n ? parse_packet_key(i) : &parse_replay_keys[i - n];
}

const struct command rule_commands[] = {
	{ "add", "TABLE [KEY...]", "add a rule: match, actions, verdict, in any order",
	  .run = cmd_add, .keys = parse_rule_key, .joins = true },
	{ "del", "TABLE handle H [H...]", "delete rules", .run = cmd_del, .joins = true },
	{ "replace", "TABLE handle H [KEY...]", "put another rule in its place; keys as for add",
	  .run = cmd_replace, .keys = parse_rule_key, .joins = true },
	{ "list", "TABLE [KEY...]",
	  "the rules in their order, or those that the keys choose; with -s and their counters",
	  .run = cmd_list, .keys = filter_keys },
	{ "show", "TABLE handle H", "one rule", .run = cmd_show },
	{ "test", "TABLE KEY... [all]",
	  "the rule that such a packet, or each of a capture, would hit, or all that match it",
	  .run = cmd_test, .keys = test_keys },
	{ .name = NULL }
};
