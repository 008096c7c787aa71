// SPDX-License-Identifier: GPL-2.0-only
/* "top": what each queue and CPU takes and loses in a second, again and again. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "msg.h"
#include "stop.h"
#include "top.h"
#include "tqctl.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_QUEUE_##name)

/**
 * struct run - one run
 * @name: of the only queue to be shown; "": all
 * @count: how often; 0: until a signal
 * @every_us: time between
 * @failed: a reply that could not be kept
 */
struct run {
	char		name[TQUEUE_NAME_SIZE];
	uint64_t	count;
	uint64_t	every_us;
	struct top_view	was;
	struct top_view	now;
	bool		failed;
};

static const struct parse_key keys[] = {
	{ "-c", "N", "stop after N times" },
	{ "-d", "TIME", "from one time to the next; 1s" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_top_keys(unsigned int i)
{
	return &keys[i];
}

static int parse_words(struct parse *p, struct run *r)
{
	const char *word = parse_peek(p);
	uint32_t seen = 0;

	if (word && word[0] != '-' && parse_name(p, r->name, "the name of a queue"))
		return -1;
	while (parse_peek(p)) {
		if (parse_once(p, keys, &seen))
			return -1;
		if (parse_take(p, "-c") || parse_take(p, "--count")) {
			if (parse_u64(p, &r->count, 1))
				return -1;
		} else if (parse_take(p, "-d") || parse_take(p, "--delay")) {
			if (parse_time(p, &r->every_us))
				return -1;
			if (r->every_us < 1000 || r->every_us > 3600 * UINT64_C(1000000))
				return parse_bad(p, "less than 1ms, or more than an hour");
		} else {
			parse_next(p);
			return parse_bad(p, "neither -c N nor -d TIME");
		}
	}
	return 0;
}

static void keep(const struct tnl_reply *reply, void *arg)
{
	struct run *r = arg;
	struct tq_queue q;

	if (msg_queue_get(reply, &q) || top_add(&r->now, &q))
		r->failed = true;
}

static int look(struct tqctl *t, struct run *r)
{
	struct tq_queue q = {
		.has = BIT(QUERY), .query = TQUEUE_QUERY_STATS | TQUEUE_QUERY_RINGS,
	};
	struct nl_msg *msg;
	int code;

	if (r->name[0]) {
		q.has |= BIT(NAME);
		memcpy(q.name, r->name, sizeof(q.name));
	}
	msg = tqctl_message(t, TQUEUE_CMD_QUEUE_GET, r->name[0] ? 0 : NLM_F_DUMP, &code);
	if (!msg)
		return code;
	msg_queue_put(msg, &q);
	top_free(&r->was);
	r->was = r->now;
	memset(&r->now, 0, sizeof(r->now));
	code = tqctl_request(t, msg, keep, r);
	r->now.at = stop_now();
	return !code && r->failed ? tqctl_garbled(t) : code;
}

static void show(struct tqctl *t, const struct run *r)
{
	if (t->out.json) {
		out_json(&t->out, json_top(&r->was, &r->now));
	} else {
		/* Home, and nothing below. */
		if (isatty(fileno(t->out.file)))
			fputs("\033[H\033[J", t->out.file);
		print_top(t->out.file, &r->was, &r->now);
	}
	fflush(t->out.file);
}

static int loop(struct tqctl *t, struct run *r, const struct stop *stop)
{
	uint64_t shown = 0;
	int code;

	code = look(t, r);
	while (!code && (!r->count || shown < r->count) && !ferror(t->out.file)) {
		switch (stop_wait(stop, -1, r->every_us / 1000)) {
		case STOP_END:
			return TQCTL_OK;
		case STOP_ERROR:
			return tqctl_errno(t, errno, "poll");
		default:
			break;
		}
		code = look(t, r);
		if (!code)
			show(t, r);
		shown++;
	}
	return code;
}

int cmd_top(struct tqctl *t, struct parse *p)
{
	struct run r = { .every_us = 1000000 };
	struct stop stop = { .fd = -1 };
	int code;

	if (parse_words(p, &r))
		return tqctl_usage(t, p);
	if (stop_init(&stop, 0))
		code = tqctl_errno(t, errno, "signalfd");
	else
		code = loop(t, &r, &stop);
	stop_free(&stop);
	top_free(&r.was);
	top_free(&r.now);
	return code;
}
