// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "tqctl.h"

/* Room at the end of each message for RULES_TXN. */
#define TXN_ROOM	16

static void drop_message(struct rules *r)
{
	if (r->msg)
		nlmsg_free(r->msg);
	r->msg = NULL;
	r->n = 0;
}

void rules_free(struct rules *r)
{
	drop_message(r);
	free(r->lines);
	free(r->handles);
	memset(r, 0, sizeof(*r));
}

void rules_abort(struct tqctl *t)
{
	struct tq_txn txn = { .has = TQ_BIT(TQUEUE_A_TXN_ID), .id = t->rules.txn };
	struct tnl_error err;
	struct nl_msg *msg;

	drop_message(&t->rules);
	if (!t->rules.txn)
		return;
	t->rules.txn = 0;
	msg = tnl_message(t->nl, TQUEUE_CMD_TXN_ABORT, 0, 64);
	if (!msg)
		return;
	/* If this fails, the transaction ends when the socket does. */
	if (!msg_txn_put(msg, &txn))
		tnl_request(t->nl, msg, NULL, NULL, &err);
	nlmsg_free(msg);
}

static void got_txn(const struct tnl_reply *reply, void *arg)
{
	msg_txn_get(reply, arg);
}

static int begin(struct tqctl *t)
{
	struct tq_txn txn = { 0 };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_TXN_BEGIN, 0, &code);
	if (!msg)
		return code;
	code = tqctl_request(t, msg, got_txn, &txn);
	if (code)
		return code;
	t->rules.txn = txn.id;
	return txn.id ? TQCTL_OK : tqctl_garbled(t);
}

/* Points messages at the line of the batch that the kernel complains of. */
static int refused(struct tqctl *t, const struct tnl_error *err)
{
	struct rules *r = &t->rules;
	const struct rules_line *first = r->lines, *last = r->lines + r->n - 1;
	const char *file = t->file;
	unsigned int line = t->line, column = t->column;
	struct msg_place place;
	int code;

	/* The commands have been read long ago. */
	snprintf(t->what, sizeof(t->what), "rule %s", r->cmd == TQUEUE_CMD_RULE_NEW ? "add" :
		 r->cmd == TQUEUE_CMD_RULE_SET ? "replace" : "del");
	msg_find(r->msg, err, &place);
	if (place.rule >= 0 && (unsigned int)place.rule < r->n) {
		t->file = r->lines[place.rule].file;
		t->line = r->lines[place.rule].line;
		t->column = r->lines[place.rule].column;
	} else if (r->n > 1 && first->file) {
		tqctl_say(t, "one of the rules from %s:%u to %s:%u:", first->file, first->line,
			  last->file ? last->file : "?", last->line);
	}
	code = tqctl_refused(t, r->msg, err);
	t->file = file;
	t->line = line;
	t->column = column;
	return code;
}

static void got_rules(const struct tnl_reply *reply, void *arg)
{
	const struct nlattr *at = NULL;
	struct rules *r = arg;
	struct tq_rules frame;
	struct tq_rule rule;

	if (!msg_rules_get(reply, &frame))
		r->generation = frame.generation;
	while (r->want_handles && msg_rules_next(reply, &at, &rule) == 1) {
		uint64_t *v = realloc(r->handles, (r->handle_n + 1) * sizeof(*v));

		if (!v)
			return;
		r->handles = v;
		v[r->handle_n++] = rule.handle;
	}
}

/* Sends the message, if there is one. */
static int send_pending(struct tqctl *t)
{
	struct rules *r = &t->rules;
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TXN), .txn = r->txn };
	struct tnl_error err;
	int code = TQCTL_OK;

	if (!r->msg)
		return TQCTL_OK;
	if (r->txn && msg_rules_put(r->msg, &frame))
		code = tqctl_errno(t, EMSGSIZE, "netlink message");
	else if (tqctl_try(t, r->msg, got_rules, r, &err))
		code = refused(t, &err);
	drop_message(r);
	return code;
}

/* Sends it as a part of a transaction: more is to come. */
static int send_part(struct tqctl *t)
{
	int code = TQCTL_OK;

	if (!t->rules.txn)
		code = begin(t);
	return code ? code : send_pending(t);
}

static int start(struct tqctl *t, uint8_t cmd, int flags, const char *table)
{
	struct rules *r = &t->rules;
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TABLE) };
	int code;

	code = tqctl_open(t);
	if (code)
		return code;
	r->msg = tnl_message(t->nl, cmd, flags, MSG_RULES_SIZE);
	if (!r->msg)
		return tqctl_errno(t, ENOMEM, "netlink message");
	r->cmd = cmd;
	r->flags = flags;
	memcpy(r->table, table, sizeof(r->table));
	memcpy(frame.table, table, sizeof(frame.table));
	return msg_rules_put(r->msg, &frame) ? tqctl_garbled(t) : TQCTL_OK;
}

static int note_line(struct tqctl *t)
{
	struct rules *r = &t->rules;

	if (r->n == r->room) {
		unsigned int room = r->room ? r->room * 2 : 64;
		struct rules_line *v = realloc(r->lines, room * sizeof(*v));

		if (!v)
			return tqctl_errno(t, ENOMEM, "list of rules");
		r->lines = v;
		r->room = room;
	}
	r->lines[r->n++] = (struct rules_line){ t->file, t->line, t->column };
	return TQCTL_OK;
}

static int change(struct tqctl *t, uint8_t cmd, int flags, const char *table,
		  const struct tq_rule *rule)
{
	struct rules *r = &t->rules;
	int code = TQCTL_OK;

	if (r->msg && (r->cmd != cmd || r->flags != flags || strcmp(r->table, table) ||
		       msg_used(r->msg) + MSG_RULE_MAX + TXN_ROOM > MSG_RULES_SIZE))
		code = send_part(t);
	if (!code && !r->msg)
		code = start(t, cmd, flags, table);
	if (!code)
		code = note_line(t);
	if (!code && msg_rules_put_rule(r->msg, rule))
		code = tqctl_errno(t, EMSGSIZE, "netlink message");
	if (code)
		rules_abort(t);
	return code;
}

int rules_change(struct tqctl *t, uint8_t cmd, const char *table, const struct tq_rule *rule)
{
	return change(t, cmd, 0, table, rule);
}

int rules_add_twin(struct tqctl *t, const char *table, const struct tq_rule *rule)
{
	return change(t, TQUEUE_CMD_RULE_NEW, NLM_F_APPEND, table, rule);
}

static int flush_table(struct tqctl *t, const char *table)
{
	struct tq_table model = {
		.has = TQ_BIT(TQUEUE_A_TABLE_NAME) | TQ_BIT(TQUEUE_A_TABLE_TXN),
	};
	struct nl_msg *msg;
	int code;

	code = send_part(t);
	if (code)
		return code;
	msg = tqctl_message(t, TQUEUE_CMD_TABLE_FLUSH, 0, &code);
	if (!msg)
		return code;
	memcpy(model.name, table, sizeof(model.name));
	model.txn = t->rules.txn;
	msg_table_put(msg, &model);
	return tqctl_request(t, msg, NULL, NULL);
}

int rules_flush_table(struct tqctl *t, const char *table)
{
	int code = flush_table(t, table);

	if (code)
		rules_abort(t);
	return code;
}

static int commit(struct tqctl *t)
{
	struct tq_txn txn = { .has = TQ_BIT(TQUEUE_A_TXN_ID), .id = t->rules.txn };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_TXN_COMMIT, 0, &code);
	if (!msg)
		return code;
	if (t->rules.confirm_ms) {
		txn.has |= TQ_BIT(TQUEUE_A_TXN_CONFIRM_MS);
		txn.confirm_ms = t->rules.confirm_ms;
	}
	msg_txn_put(msg, &txn);
	code = tqctl_request(t, msg, NULL, NULL);
	if (code)
		return code;
	t->rules.unconfirmed = t->rules.confirm_ms ? txn.id : 0;
	t->rules.txn = 0;
	return TQCTL_OK;
}

int rules_commit(struct tqctl *t)
{
	struct rules *r = &t->rules;
	int code;

	/* A message of its own can't be taken back. */
	code = r->msg && r->confirm_ms ? send_part(t) : send_pending(t);
	if (!code && t->rules.txn)
		code = commit(t);
	if (code)
		rules_abort(t);
	return code;
}
