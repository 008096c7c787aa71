// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "print.h"
#include "tqctl.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_HOOK_##name)

static void show(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_hook hook;

	if (msg_hook_get(reply, &hook))
		tqctl_garbled(t);
	else if (t->out.json)
		out_json(&t->out, json_hook(&hook));
	else
		print_hook(t->out.file, &hook);
}

static int send_hook(struct tqctl *t, uint8_t cmd, const struct tq_hook *hook, tnl_reply_fn *fn)
{
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, cmd, 0, &code);
	if (!msg)
		return code;
	msg_hook_put(msg, hook);
	return tqctl_request(t, msg, fn, t);
}

static int cmd_add(struct tqctl *t, struct parse *p)
{
	struct tq_hook hook = { .has = BIT(TABLE) };

	if (parse_name(p, hook.table, "the name of a table") || parse_hook(p, &hook))
		return tqctl_usage(t, p);
	return send_hook(t, TQUEUE_CMD_HOOK_NEW, &hook, t->file && !t->out.json ? NULL : show);
}

static int cmd_set(struct tqctl *t, struct parse *p)
{
	struct tq_hook hook = { .has = BIT(ID) | BIT(TABLE) };
	const char *word;

	if (parse_u32(p, &hook.id, 1, UINT32_MAX) || parse_need(p, &word, "table NAME"))
		return tqctl_usage(t, p);
	if (strcmp(word, "table")) {
		parse_bad(p, "not a setting of a hook that can change: only table NAME");
		return tqctl_usage(t, p);
	}
	if (parse_name(p, hook.table, "the name of a table") || parse_end(p))
		return tqctl_usage(t, p);
	return send_hook(t, TQUEUE_CMD_HOOK_SET, &hook, NULL);
}

static int cmd_del(struct tqctl *t, struct parse *p)
{
	struct tq_hook hook = { .has = BIT(ID) };

	if (parse_u32(p, &hook.id, 1, UINT32_MAX) || parse_end(p))
		return tqctl_usage(t, p);
	return send_hook(t, TQUEUE_CMD_HOOK_DEL, &hook, NULL);
}

static int cmd_show(struct tqctl *t, struct parse *p)
{
	struct tq_hook hook = { 0 };
	bool one = parse_peek(p);
	struct nl_msg *msg;
	int code;

	if (one) {
		hook.has = BIT(ID);
		if (parse_u32(p, &hook.id, 1, UINT32_MAX) || parse_end(p))
			return tqctl_usage(t, p);
	}
	msg = tqctl_message(t, TQUEUE_CMD_HOOK_GET, one ? 0 : NLM_F_DUMP, &code);
	if (!msg)
		return code;
	msg_hook_put(msg, &hook);
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, show, t);
	out_list_end(&t->out);
	return code;
}

static const struct parse_key *add_keys(unsigned int i)
{
	return &parse_hook_keys[i];
}

const struct command hook_commands[] = {
	{ "add", "TABLE family F hook POINT [priority P] [dev NAME]",
	  "let packets at a point of the stack go through a table", .run = cmd_add, .keys = add_keys },
	{ "set", "ID table NAME", "let a hook use another table", .run = cmd_set },
	{ "del", "ID", "take a hook away", .run = cmd_del },
	{ "show", "[ID]", "one hook or all", .run = cmd_show },
	{ "list", "[ID]", "the same", .run = cmd_show },
	{ .name = NULL }
};
