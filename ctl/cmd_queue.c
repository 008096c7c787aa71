// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "print.h"
#include "share.h"
#include "tqctl.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_QUEUE_##name)

static int parse_queue_name(struct parse *p, struct tq_queue *q)
{
	memset(q, 0, sizeof(*q));
	q->has = BIT(NAME);
	return parse_name(p, q->name, "the name of a queue");
}

static struct nl_msg *message(struct tqctl *t, uint8_t cmd, int flags, const struct tq_queue *q,
			      int *code)
{
	struct nl_msg *msg = tqctl_message(t, cmd, flags, code);

	if (msg)
		msg_queue_put(msg, q);
	return msg;
}

static void show(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_queue q;

	if (msg_queue_get(reply, &q)) {
		tqctl_garbled(t);
		return;
	}
	if (t->out.json)
		out_json(&t->out, json_queue(&q));
	else
		print_queue(t->out.file, &q);
	tq_queue_free(&q);
}

static void show_stats(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_queue q;

	if (msg_queue_get(reply, &q)) {
		tqctl_garbled(t);
		return;
	}
	if (t->out.json)
		out_json(&t->out, json_queue(&q));
	else
		print_stats(t->out.file, &q);
	tq_queue_free(&q);
}

/* ---- changing ---- */

static int cmd_add(struct tqctl *t, struct parse *p)
{
	struct nl_msg *msg;
	struct tq_queue q;
	int code;

	if (parse_queue_name(p, &q) || parse_queue(p, &q) || parse_share(p, &q))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_QUEUE_NEW, 0, &q, &code);
	return msg ? tqctl_request(t, msg, t->file && !t->out.json ? NULL : show, t) : code;
}

static int cmd_set(struct tqctl *t, struct parse *p)
{
	struct nl_msg *msg;
	struct tq_queue q;
	int code;

	if (parse_queue_name(p, &q) || parse_queue(p, &q) || parse_share(p, &q))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_QUEUE_SET, 0, &q, &code);
	return msg ? tqctl_request(t, msg, NULL, NULL) : code;
}

static void keep(const struct tnl_reply *reply, void *arg)
{
	msg_queue_get(reply, arg);
}

/* Says who keeps a queue from being deleted. */
static void say_holders(struct tqctl *t, const char *name)
{
	struct tq_queue q = { .has = BIT(NAME) | BIT(QUERY), .query = TQUEUE_QUERY_HOLDERS };
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	memcpy(q.name, name, sizeof(q.name));
	msg = message(t, TQUEUE_CMD_QUEUE_GET, 0, &q, &code);
	if (!msg)
		return;
	memset(&q, 0, sizeof(q));
	if (!tqctl_try(t, msg, keep, &q, &err) && q.holders.n) {
		fprintf(t->err, "  queue %s is held by ", name);
		print_holders(t->err, &q.holders);
		fputc('\n', t->err);
	}
	nlmsg_free(msg);
	tq_queue_free(&q);
}

static int cmd_del(struct tqctl *t, struct parse *p)
{
	struct tnl_error err;
	struct nl_msg *msg;
	struct tq_queue q;
	int code;

	if (parse_queue_name(p, &q) || parse_end(p))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_QUEUE_DEL, 0, &q, &code);
	if (!msg)
		return code;
	code = tqctl_try(t, msg, NULL, NULL, &err);
	if (code)
		code = tqctl_refused(t, msg, &err);
	if (code && err.code == EBUSY)
		say_holders(t, q.name);
	nlmsg_free(msg);
	return code;
}

static int cmd_flush(struct tqctl *t, struct parse *p)
{
	struct nl_msg *msg;
	struct tq_queue q;
	int code;

	if (parse_queue_name(p, &q) || parse_end(p))
		return tqctl_usage(t, p);
	msg = message(t, TQUEUE_CMD_QUEUE_FLUSH, 0, &q, &code);
	return msg ? tqctl_request(t, msg, NULL, NULL) : code;
}

/* ---- showing ---- */

/* One queue, if it is named, or all. */
static int get(struct tqctl *t, struct parse *p, struct tq_queue *q, tnl_reply_fn *fn)
{
	struct nl_msg *msg;
	int code;

	if (parse_end(p))
		return tqctl_usage(t, p);
	if (q->query)
		q->has |= BIT(QUERY);
	msg = message(t, TQUEUE_CMD_QUEUE_GET, q->has & BIT(NAME) ? 0 : NLM_F_DUMP, q, &code);
	if (!msg)
		return code;
	out_list_begin(&t->out);
	code = tqctl_request(t, msg, fn, t);
	out_list_end(&t->out);
	return code;
}

static int cmd_show(struct tqctl *t, struct parse *p)
{
	struct tq_queue q = { 0 };

	if (parse_peek(p) && parse_queue_name(p, &q))
		return tqctl_usage(t, p);
	if (t->stats)
		q.query |= TQUEUE_QUERY_STATS;
	if (t->holders || (q.has && parse_take(p, "holders")))
		q.query |= TQUEUE_QUERY_HOLDERS;
	return get(t, p, &q, show);
}

static int cmd_stats(struct tqctl *t, struct parse *p)
{
	struct tq_queue q = { 0 };

	if (parse_peek(p) && parse_queue_name(p, &q))
		return tqctl_usage(t, p);
	q.query = TQUEUE_QUERY_TERSE | TQUEUE_QUERY_STATS | TQUEUE_QUERY_RINGS;
	return get(t, p, &q, show_stats);
}

static const struct parse_key *setting_keys(unsigned int i)
{
	return &parse_queue_keys[i];
}

const struct command queue_commands[] = {
	{ "add", "NAME [SETTING...]", "make a queue; prints what it got", .run = cmd_add,
	  .keys = setting_keys },
	{ "set", "NAME SETTING...", "change a queue; not its mode", .run = cmd_set,
	  .keys = setting_keys },
	{ "del", "NAME", "delete a queue, unless a rule uses it; readers get what is left",
	  .run = cmd_del },
	{ "show", "[NAME [holders]]", "one queue or all; with -s counters; with who uses it",
	  .run = cmd_show },
	{ "list", "[NAME [holders]]", "the same", .run = cmd_show },
	{ "stats", "[NAME]", "counters, losses by cause, and both by CPU", .run = cmd_stats },
	{ "read", "NAME [-c N | --last N] [--follow]", "take records out and print them as text, or JSON lines",
	  .run = cmd_queue_read, .keys = cmd_queue_read_keys },
	{ "write", "NAME TEXT|-", "put a message into a queue; - is a message per line of input",
	  .run = cmd_queue_write },
	{ "flush", "NAME", "throw away what is not read yet", .run = cmd_flush },
	{ .name = NULL }
};
