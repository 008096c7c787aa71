// SPDX-License-Identifier: GPL-2.0-only
/*
 * "monitor": what changes, as it changes.
 *
 * A socket that is full takes nothing more until it has been read empty; then all
 * that came in is older than what was lost, and all that will come in is newer.  So
 * the state is read when there is nothing left to read, by another socket, and holds
 * everything that was lost.  Events that come meanwhile may be in it already:
 * each has the whole object, which makes it right to follow them on top.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "print.h"
#include "stop.h"
#include "tqctl.h"

/**
 * struct monitor - where a monitor is
 * @t: its socket asks
 * @events: the one that listens
 * @serial: of the last event; 0: none yet
 * @behind: events are missing since the state was read
 * @known: serial when the state was last begun to be read; 0: never, or not told
 * @reading: the state is being read
 * @tables: names of the tables in it
 * @n: how many
 * @room: of @tables
 * @full: no memory for more of them
 */
struct monitor {
	struct tqctl	*t;
	struct tnl	*events;
	uint32_t	serial;
	bool		behind;
	uint32_t	known;
	bool		reading;
	char		(*tables)[TQUEUE_NAME_SIZE];
	size_t		n, room;
	bool		full;
};

static const struct tq_name events[] = {
	{ "queue add",		TQUEUE_CMD_QUEUE_NEW_NTF },
	{ "queue set",		TQUEUE_CMD_QUEUE_SET_NTF },
	{ "queue del",		TQUEUE_CMD_QUEUE_DEL_NTF },
	{ "queue overflow",	TQUEUE_CMD_QUEUE_OVERFLOW_NTF },
	{ "queue recovered",	TQUEUE_CMD_QUEUE_RECOVERED_NTF },
	{ "table add",		TQUEUE_CMD_TABLE_NEW_NTF },
	{ "table set",		TQUEUE_CMD_TABLE_SET_NTF },
	{ "table del",		TQUEUE_CMD_TABLE_DEL_NTF },
	{ "table flush",	TQUEUE_CMD_TABLE_FLUSH_NTF },
	{ "rule add",		TQUEUE_CMD_RULE_NEW_NTF },
	{ "rule set",		TQUEUE_CMD_RULE_SET_NTF },
	{ "rule del",		TQUEUE_CMD_RULE_DEL_NTF },
	{ "rule expired",	TQUEUE_CMD_RULE_EXPIRED_NTF },
	{ "hook add",		TQUEUE_CMD_HOOK_NEW_NTF },
	{ "hook set",		TQUEUE_CMD_HOOK_SET_NTF },
	{ "hook del",		TQUEUE_CMD_HOOK_DEL_NTF },
	{ "txn committed",	TQUEUE_CMD_TXN_COMMITTED_NTF },
	{ "txn reverted",	TQUEUE_CMD_TXN_REVERTED_NTF },
	{ NULL, 0 }
};

/* Programs are told among the events.  @to: 0 if it is not known yet what is lost. */
static void emit_lost(struct monitor *m, uint32_t from, uint32_t to)
{
	json_object *obj;

	if (!m->t->out.json)
		return;
	obj = json_object_new_object();
	json_object_object_add(obj, "event", json_object_new_string("lost"));
	if (to) {
		json_object_object_add(obj, "from", json_object_new_int64(from));
		json_object_object_add(obj, "to", json_object_new_int64(to));
	}
	out_json(&m->t->out, obj);
}

/* Serials run on from 0xffffffff to 1; a gap is a loss. */
static void check_serial(struct monitor *m, uint32_t serial)
{
	uint32_t next = m->serial + 1;

	if (!serial || m->reading)
		return;
	if (!next)
		next = 1;
	if (m->serial && serial != next) {
		const uint32_t last = serial == 1 ? UINT32_MAX : serial - 1;

		tqctl_say(m->t, "events %u to %u are missing: too many to follow", next, last);
		emit_lost(m, next, last);
		/* Those that were told of when they were lost are in the state. */
		if (!m->known || (int32_t)(m->known - last) < 0)
			m->behind = true;
	}
	m->serial = serial;
}

static void emit(struct monitor *m, const char *event, uint32_t serial, const char *key,
		 json_object *value)
{
	json_object *obj = json_object_new_object();

	json_object_object_add(obj, "event", json_object_new_string(event));
	if (serial && !m->reading)
		json_object_object_add(obj, "serial", json_object_new_int64(serial));
	if (value)
		json_object_object_add(obj, key, value);
	out_json(&m->t->out, obj);
}

static void queue_event(struct monitor *m, const char *event, const struct tnl_reply *reply)
{
	struct tqctl *t = m->t;
	struct tq_queue q;

	if (msg_queue_get(reply, &q)) {
		tqctl_garbled(t);
		return;
	}
	check_serial(m, q.serial);
	if (t->out.json) {
		emit(m, event, q.serial, "queue", json_queue(&q));
	} else {
		fprintf(t->out.file, "%s ", event);
		print_queue(t->out.file, &q);
	}
	tq_queue_free(&q);
}

static void table_event(struct monitor *m, const char *event, const struct tnl_reply *reply)
{
	struct tqctl *t = m->t;
	struct tq_table table;

	if (msg_table_get(reply, &table)) {
		tqctl_garbled(t);
		return;
	}
	check_serial(m, table.serial);
	if (m->reading && !m->known)
		m->known = table.serial;	/* tables are read first */
	if (t->out.json) {
		emit(m, event, table.serial, "table", json_table(&table));
	} else {
		fprintf(t->out.file, "%s ", event);
		print_table(t->out.file, &table);
	}
	tq_table_free(&table);
}

static void hook_event(struct monitor *m, const char *event, const struct tnl_reply *reply)
{
	struct tqctl *t = m->t;
	struct tq_hook hook;

	if (msg_hook_get(reply, &hook)) {
		tqctl_garbled(t);
		return;
	}
	check_serial(m, hook.serial);
	if (t->out.json) {
		emit(m, event, hook.serial, "hook", json_hook(&hook));
	} else if (hook.has & TQ_BIT(TQUEUE_A_HOOK_POINT)) {
		fprintf(t->out.file, "%s ", event);
		print_hook(t->out.file, &hook);
	} else {
		fprintf(t->out.file, "%s %u\n", event, hook.id);
	}
}

/* One event may tell of several rules. */
static void rule_event(struct monitor *m, const char *event, const struct tnl_reply *reply)
{
	const struct nlattr *at = NULL;
	struct tqctl *t = m->t;
	struct tq_rules frame;
	struct tq_rule rule;
	json_object *value;

	if (msg_rules_get(reply, &frame)) {
		tqctl_garbled(t);
		return;
	}
	check_serial(m, frame.serial);
	while (msg_rules_next(reply, &at, &rule) == 1) {
		if (t->out.json) {
			value = json_rule(frame.table, &rule);
			emit(m, event, frame.serial, "rule", value);
			continue;
		}
		fprintf(t->out.file, "%s %s ", event, frame.table);
		if (rule.has & TQ_BIT(TQUEUE_A_RULE_PRIO))
			print_rule(t->out.file, &rule, t->stats);
		else
			fprintf(t->out.file, "handle %" PRIu64, rule.handle);
		fputc('\n', t->out.file);
	}
}

static void txn_event(struct monitor *m, const char *event, const struct tnl_reply *reply)
{
	struct tqctl *t = m->t;
	struct tq_txn txn;
	json_object *value;

	if (msg_txn_get(reply, &txn)) {
		tqctl_garbled(t);
		return;
	}
	check_serial(m, txn.serial);
	if (!t->out.json) {
		fprintf(t->out.file, "%s %u changes %u\n", event, txn.id, txn.changes);
		return;
	}
	value = json_object_new_object();
	json_object_object_add(value, "id", json_object_new_int64(txn.id));
	json_object_object_add(value, "changes", json_object_new_int64(txn.changes));
	emit(m, event, txn.serial, "txn", value);
}

static void show(const struct tnl_reply *reply, void *arg)
{
	const char *event = tq_name(events, reply->cmd);
	struct monitor *m = arg;

	switch (reply->cmd) {
	case TQUEUE_CMD_QUEUE_NEW_NTF ... TQUEUE_CMD_QUEUE_RECOVERED_NTF:
		queue_event(m, event, reply);
		break;
	case TQUEUE_CMD_TABLE_NEW_NTF ... TQUEUE_CMD_TABLE_FLUSH_NTF:
		table_event(m, event, reply);
		break;
	case TQUEUE_CMD_RULE_NEW_NTF ... TQUEUE_CMD_RULE_EXPIRED_NTF:
		rule_event(m, event, reply);
		break;
	case TQUEUE_CMD_HOOK_NEW_NTF ... TQUEUE_CMD_HOOK_DEL_NTF:
		hook_event(m, event, reply);
		break;
	case TQUEUE_CMD_TXN_COMMITTED_NTF ... TQUEUE_CMD_TXN_REVERTED_NTF:
		txn_event(m, event, reply);
		break;
	}
}

static void remember(struct monitor *m, const struct tnl_reply *reply)
{
	struct tq_table table;

	if (m->full || msg_table_get(reply, &table))
		return;
	if (m->n == m->room) {
		const size_t room = m->room ? 2 * m->room : 64;
		void *tables = realloc(m->tables, room * sizeof(*m->tables));

		m->full = !tables;
		if (m->full)
			goto out;
		m->tables = tables;
		m->room = room;
	}
	memcpy(m->tables[m->n++], table.name, sizeof(table.name));
out:
	tq_table_free(&table);
}

static void show_state(const struct tnl_reply *reply, void *arg)
{
	struct monitor *m = arg;

	switch (reply->cmd) {
	case TQUEUE_CMD_QUEUE_GET:
		queue_event(m, "queue state", reply);
		break;
	case TQUEUE_CMD_TABLE_GET:
		table_event(m, "table state", reply);
		remember(m, reply);
		break;
	case TQUEUE_CMD_RULE_GET:
		rule_event(m, "rule state", reply);
		break;
	case TQUEUE_CMD_HOOK_GET:
		hook_event(m, "hook state", reply);
		break;
	}
}

/* @table: its rules; NULL: all objects of the kind.  An exit status. */
static int read_some(struct monitor *m, uint8_t cmd, const char *table)
{
	struct tqctl *t = m->t;
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	msg = tqctl_dump_message(t, cmd, table, &code);
	if (!msg)
		return code;
	code = tqctl_try(t, msg, show_state, m, &err);
	if (!code) {
		/* What changed in it is told by events; what was left out is not. */
		m->behind = m->behind || tnl_torn(t->nl);
	} else if (table && err.code == ENOENT && !err.local) {
		code = TQCTL_OK;	/* deleted since: an event says so */
	} else if (err.code == EAGAIN && err.local) {
		tqctl_say(t, "%s", err.text);
		m->behind = true;
		code = TQCTL_OK;
	} else {
		code = tqctl_refused(t, msg, &err);
	}
	nlmsg_free(msg);
	return code;
}

static void emit_mark(struct monitor *m, const char *mark)
{
	if (m->t->out.json)
		emit(m, mark, 0, NULL, NULL);
	else
		fprintf(m->t->out.file, "%s\n", mark);
}

/* Everything that there is, for those who follow it. */
static int read_state(struct monitor *m)
{
	int code;
	size_t i;

	m->behind = false;
	m->reading = true;
	m->known = 0;
	m->n = 0;
	emit_mark(m, "state begin");
	code = read_some(m, TQUEUE_CMD_TABLE_GET, NULL);
	if (!code)
		code = read_some(m, TQUEUE_CMD_QUEUE_GET, NULL);
	if (!code)
		code = read_some(m, TQUEUE_CMD_HOOK_GET, NULL);
	for (i = 0; !code && i < m->n; i++)
		code = read_some(m, TQUEUE_CMD_RULE_GET, m->tables[i]);
	if (!code && m->full)
		code = tqctl_errno(m->t, ENOMEM, "tables");
	if (!code && !m->behind)
		emit_mark(m, "state end");
	m->reading = false;
	return code;
}

static int follow(struct monitor *m, const struct stop *stop)
{
	const int fd = tnl_fd(m->events);
	struct tqctl *t = m->t;
	struct tnl_error err;
	int code = TQCTL_OK;

	while (!code && !ferror(t->out.file)) {
		/* Read what is there; then is the time to read the state. */
		switch (stop_wait(stop, fd, m->behind ? 0 : -1)) {
		case STOP_END:
			return TQCTL_OK;
		case STOP_ERROR:
			return tqctl_errno(t, errno, "poll");
		case STOP_TICK:
			code = read_state(m);
			break;
		case STOP_READY:
			if (tnl_events(m->events, show, m, &err)) {
				if (err.code != ENOBUFS)
					return tqctl_refused(t, NULL, &err);
				/* Which they are shows by the next one, whenever that comes. */
				tqctl_say(t, "events are missing: too many to follow");
				emit_lost(m, 0, 0);
				m->behind = true;
			} else if (m->behind) {
				code = read_state(m);
			}
			break;
		}
		fflush(t->out.file);
	}
	return code;
}

int cmd_monitor(struct tqctl *t, struct parse *p)
{
	struct stop stop = { .fd = -1 };
	struct monitor m = { .t = t };
	struct tnl_error err;
	int code;

	if (parse_end(p))
		return tqctl_usage(t, p);
	code = tqctl_open(t);
	if (code)
		return code;
	/* In the namespace that the thread is in since. */
	m.events = tnl_open(NULL, &err);
	if (!m.events || tnl_subscribe(m.events, &err))
		code = tqctl_refused(t, NULL, &err);
	else if (stop_init(&stop, 0))
		code = tqctl_errno(t, errno, "signalfd");
	else
		code = follow(&m, &stop);
	stop_free(&stop);
	tnl_close(m.events);
	free(m.tables);
	return code;
}
