// SPDX-License-Identifier: GPL-2.0-only
/* "txn": transactions that are open, or committed and not confirmed yet. */
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <json-c/json.h>

#include "confirm.h"
#include "msg.h"
#include "tqctl.h"

static const struct tq_name states[] = {
	{ "open", TQUEUE_TXN_OPEN },
	{ "unconfirmed", TQUEUE_TXN_UNCONFIRMED },
	{ NULL, 0 }
};

static void show_json(struct tqctl *t, const struct tq_txn *txn)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(obj, "id", json_object_new_int64(txn->id));
	json_object_object_add(obj, "state", json_object_new_string(tq_name(states, txn->state)));
	json_object_object_add(obj, "changes", json_object_new_int64(txn->changes));
	if (txn->has & TQ_BIT(TQUEUE_A_TXN_CONFIRM_MS))
		json_object_object_add(obj, "left_ms", json_object_new_int64(txn->confirm_ms));
	out_json(&t->out, obj);
}

static void show(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_txn txn;

	if (msg_txn_get(reply, &txn)) {
		tqctl_garbled(t);
		return;
	}
	if (t->out.json) {
		show_json(t, &txn);
		return;
	}
	fprintf(t->out.file, "%u %s changes %u", txn.id, tq_name(states, txn.state), txn.changes);
	if (txn.has & TQ_BIT(TQUEUE_A_TXN_CONFIRM_MS))
		fprintf(t->out.file, " left %u.%03us", txn.confirm_ms / 1000,
			txn.confirm_ms % 1000);
	fputc('\n', t->out.file);
}

static int cmd_show(struct tqctl *t, struct parse *p)
{
	struct nl_msg *msg;
	int code;

	if (parse_end(p))
		return tqctl_usage(t, p);
	msg = tqctl_message(t, TQUEUE_CMD_TXN_GET, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, show, t);
	out_list_end(&t->out);
	return code;
}

static int decide(struct tqctl *t, struct parse *p, uint8_t cmd)
{
	uint32_t id;

	if (parse_u32(p, &id, 1, UINT32_MAX) || parse_end(p))
		return tqctl_usage(t, p);
	return confirm_send(t, cmd, id);
}

static int cmd_confirm(struct tqctl *t, struct parse *p)
{
	return decide(t, p, TQUEUE_CMD_TXN_CONFIRM);
}

static int cmd_abort(struct tqctl *t, struct parse *p)
{
	return decide(t, p, TQUEUE_CMD_TXN_ABORT);
}

const struct command txn_commands[] = {
	{ "confirm", "ID", "keep what apply --confirm made", .run = cmd_confirm },
	{ "abort", "ID", "take it back now", .run = cmd_abort },
	{ "show", "", "transactions: open, or not confirmed yet", .run = cmd_show },
	{ "list", "", "the same", .run = cmd_show },
	{ .name = NULL }
};
