// SPDX-License-Identifier: GPL-2.0-only
/* "queue read" and "queue write": records as text, messages from text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "last.h"
#include "libtqueue.h"
#include "msg.h"
#include "names.h"
#include "print_record.h"
#include "stop.h"
#include "tqctl.h"

#include <json-c/json.h>

/* ---- read ---- */

/* They are kept in memory. */
#define LAST_MAX	1000000

struct reading {
	char			name[TQUEUE_NAME_SIZE];
	uint64_t		count;		/* stop after so many; 0: no limit */
	bool			follow;
	uint32_t		newest;		/* only so many of what is there; 0: all */
	struct last		last;
	uint64_t		since;		/* with newest: when we began */
	bool			done;
	uint64_t		seen;
	struct names		names;
	struct tqueue		*queue;
	struct stop		stop;
};

static const struct parse_key read_keys[] = {
	{ "-c", "N", "stop after N records" },
	{ "--last", "N", "of a queue of mode log: only the newest N" },
	{ "--follow", "", "wait for more instead of stopping when the queue is empty" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_queue_read_keys(unsigned int i)
{
	return &read_keys[i];
}

static int parse_read(struct parse *p, struct reading *r)
{
	uint32_t seen = 0;

	if (parse_name(p, r->name, "the name of a queue"))
		return -1;
	while (parse_peek(p)) {
		if (parse_once(p, read_keys, &seen))
			return -1;
		if (parse_take(p, "-c") || parse_take(p, "--count")) {
			if (parse_u64(p, &r->count, 1))
				return -1;
		} else if (parse_take(p, "--follow") || parse_take(p, "-f")) {
			r->follow = true;
		} else if (parse_take(p, "--last")) {
			if (parse_u32(p, &r->newest, 1, LAST_MAX))
				return -1;
		} else {
			parse_next(p);
			return parse_bad(p, "neither -c N nor --last N nor --follow");
		}
	}
	if (r->count && r->newest)
		return parse_bad(p, "-c N and --last N do not go together");
	return 0;
}

static void show(struct tqctl *t, struct reading *r, const struct tqueue_record *rec)
{
	const void *payload = tqueue_payload(rec);
	struct record_names names = {
		.table = names_table(&r->names, t, rec->table),
		.iif = names_iface(&r->names, rec->iif),
		.oif = names_iface(&r->names, rec->oif),
	};

	if (t->out.json)
		out_json(&t->out, json_record(rec, payload, &names));
	else
		print_record(t->out.file, rec, payload, &names);
}

static void show_last(struct tqctl *t, struct reading *r)
{
	const struct tqueue_record *rec;
	uint32_t i;

	for (i = 0; (rec = last_get(&r->last, i)); i++)
		show(t, r, rec);
	last_free(&r->last);
	fflush(t->out.file);
}

/* For --last, the newest are shown when all have gone by that were there: more
 * may come faster than they are read.
 */
static int take(struct tqctl *t, struct reading *r, const struct tqueue_record *rec)
{
	if (r->last.v && rec->mono_ns > r->since) {
		show_last(t, r);
		r->done = !r->follow;
	}
	if (r->last.v)
		return last_keep(&r->last, rec) ? -ENOMEM : 0;
	if (!r->done)
		show(t, r, rec);
	return 0;
}

static bool enough(const struct tqctl *t, const struct reading *r)
{
	return r->done || (r->count && r->seen == r->count) || ferror(t->out.file);
}

/* What there is.  1: more may come; 0: never again, or enough; else an errno. */
static int show_all(struct tqctl *t, struct reading *r)
{
	const struct tqueue_record *rec;
	int ret = 1;

	while (!enough(t, r) && ret > 0) {
		/* What is not wanted stays in the queue. */
		if (r->count)
			tqueue_limit(r->queue, r->count - r->seen);
		ret = tqueue_next(r->queue, &rec);
		if (ret == -EPIPE && r->last.v) {
			ret = 1;	/* older ones only */
		} else if (ret == -EPIPE) {
			tqctl_say(t, "%s", tqueue_error(r->queue));
			ret = 1;
		} else if (ret > 0) {
			if (take(t, r, rec))
				return -ENOMEM;
			r->seen++;
		}
	}
	fflush(t->out.file);
	if (ret == -EAGAIN)
		return 1;
	return ret > 0 ? 0 : ret;
}

static int read_loop(struct tqctl *t, struct reading *r)
{
	for (;;) {
		int ret = show_all(t, r);

		if (ret == -ENOMEM)
			return tqctl_errno(t, ENOMEM, "records");
		if (r->last.v)
			show_last(t, r);
		if (ret < 0)
			return device_error(t, r->queue);
		if (!ret || !r->follow)
			return TQCTL_OK;
		switch (stop_wait_queue(&r->stop, tqueue_fd(r->queue), -1)) {
		case STOP_END:
			return TQCTL_OK;
		case STOP_ERROR:
			return tqctl_errno(t, errno, "poll");
		default:
			break;
		}
	}
}

static void got_queue(const struct tnl_reply *reply, void *arg)
{
	msg_queue_get(reply, arg);
}

/* In a stream, whoever looks at a record has taken it. */
static int check_log(struct tqctl *t, const char *name)
{
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_NAME) };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_QUEUE_GET, 0, &code);
	if (!msg)
		return code;
	memcpy(q.name, name, sizeof(q.name));
	msg_queue_put(msg, &q);
	code = tqctl_request(t, msg, got_queue, &q);
	if (!code && q.mode != TQUEUE_MODE_LOG) {
		tqctl_say(t, "--last is for mode log: queue %s is a stream, where reading consumes",
			  name);
		code = TQCTL_REFUSED;
	}
	tq_queue_free(&q);
	return code;
}

int cmd_queue_read(struct tqctl *t, struct parse *p)
{
	struct reading r = { .stop.fd = -1 };
	int code;

	if (parse_read(p, &r))
		return tqctl_usage(t, p);
	r.since = stop_now();
	code = r.newest ? check_log(t, r.name) : TQCTL_OK;
	if (!code && r.newest && last_init(&r.last, r.newest))
		code = tqctl_errno(t, ENOMEM, "records");
	/* Not mapped: others may read and write meanwhile. */
	if (!code)
		code = device_open(t, r.name, TQUEUE_O_NONBLOCK | TQUEUE_O_SHARED, &r.queue);
	if (!code && stop_init(&r.stop, 0))
		code = tqctl_errno(t, errno, "signalfd");
	if (!code)
		code = read_loop(t, &r);
	tqueue_free(r.queue);
	stop_free(&r.stop);
	last_free(&r.last);
	names_free(&r.names);
	return code;
}

/* ---- write ---- */

static int write_lines(struct tqctl *t, struct tqueue *q)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = TQCTL_OK;

	while (!code && (len = getline(&line, &size, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		if (len && tqueue_write(q, line, len))
			code = device_error(t, q);
	}
	free(line);
	return code;
}

int cmd_queue_write(struct tqctl *t, struct parse *p)
{
	char name[TQUEUE_NAME_SIZE];
	struct tqueue *q;
	const char *text;
	int code;

	if (parse_name(p, name, "the name of a queue") ||
	    parse_need(p, &text, "a text, or - for lines of standard input,") || parse_end(p))
		return tqctl_usage(t, p);
	if (!*text) {
		parse_bad(p, "an empty message");
		return tqctl_usage(t, p);
	}
	code = device_open(t, name, TQUEUE_O_WRITE_ONLY, &q);
	if (!code && !strcmp(text, "-"))
		code = write_lines(t, q);
	else if (!code && tqueue_write(q, text, strlen(text)))
		code = device_error(t, q);
	tqueue_free(q);
	return code;
}
