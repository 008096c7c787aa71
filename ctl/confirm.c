// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "confirm.h"
#include "msg.h"
#include "stop.h"
#include "tqctl.h"

/* How long a decision that was made elsewhere may stay unnoticed. */
#define LOOK_MS		250

/**
 * struct look - what is known of the transaction
 * @events: a socket of its own, in group "events"
 * @waits: it was there a moment ago
 * @left_ms: until the kernel takes it back
 * @reverted: that has happened
 * @lost: some events are missing
 */
struct look {
	struct tnl	*events;
	uint32_t	id;
	bool		waits;
	uint32_t	left_ms;
	bool		reverted;
	bool		lost;
};

int confirm_send(struct tqctl *t, uint8_t cmd, uint32_t id)
{
	struct tq_txn txn = { .has = TQ_BIT(TQUEUE_A_TXN_ID), .id = id };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, cmd, 0, &code);
	if (!msg)
		return code;
	msg_txn_put(msg, &txn);
	return tqctl_request(t, msg, NULL, NULL);
}

static void seen(const struct tnl_reply *reply, void *arg)
{
	struct look *look = arg;
	struct tq_txn txn;

	if (msg_txn_get(reply, &txn) || txn.id != look->id)
		return;
	look->waits = txn.state == TQUEUE_TXN_UNCONFIRMED;
	look->left_ms = txn.confirm_ms;
}

static int look_up(struct tqctl *t, struct look *look)
{
	struct nl_msg *msg;
	int code;

	look->waits = false;
	msg = tqctl_message(t, TQUEUE_CMD_TXN_GET, NLM_F_DUMP, &code);
	if (!msg)
		return code;
	return tqctl_request(t, msg, seen, look);
}

static void heard(const struct tnl_reply *reply, void *arg)
{
	struct look *look = arg;
	struct tq_txn txn;

	if (reply->cmd == TQUEUE_CMD_TXN_REVERTED_NTF && !msg_txn_get(reply, &txn))
		look->reverted = look->reverted || txn.id == look->id;
}

/* Once the transaction is gone, all that was said of it is there to be read. */
static void listen_to(struct look *look)
{
	struct tnl_error err;

	while (tnl_events(look->events, heard, look, &err) && err.code == ENOBUFS)
		look->lost = true;
}

/* What the line on the terminal asks for; 0: nothing. */
static uint8_t answer(bool *eof)
{
	char line[64];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0) {
		*eof = true;
		return 0;
	}
	line[n] = 0;
	line[strcspn(line, "\r\n")] = 0;
	if (!strcmp(line, "yes") || !strcmp(line, "y"))
		return TQUEUE_CMD_TXN_CONFIRM;
	if (!strcmp(line, "no") || !strcmp(line, "n"))
		return TQUEUE_CMD_TXN_ABORT;
	return 0;
}

static void ask(const struct tqctl *t, const struct look *look, bool terminal)
{
	unsigned int s = (look->left_ms + 999) / 1000;

	if (terminal)
		fprintf(t->err, "Everything is made. Keep it? yes or no, within %u s: ", s);
	else
		fprintf(t->err, "transaction %u is to be confirmed within %u s, by: tqctl txn confirm %u\n",
			look->id, s, look->id);
	fflush(t->err);
}

static int wait_for(struct tqctl *t, struct look *look, const struct stop *stop)
{
	bool terminal = isatty(STDIN_FILENO), eof = false;
	uint8_t cmd;
	int code;

	code = look_up(t, look);
	/* Over before anybody listened. */
	look->lost = !look->waits;
	if (!code && look->waits)
		ask(t, look, terminal);
	while (!code && look->waits) {
		switch (stop_wait(stop, terminal && !eof ? STDIN_FILENO : -1, LOOK_MS)) {
		case STOP_READY:
			cmd = answer(&eof);
			if (cmd)
				return confirm_send(t, cmd, look->id);
			if (!eof)
				ask(t, look, terminal);
			break;
		case STOP_TICK:
			break;
		case STOP_END:
			return confirm_send(t, TQUEUE_CMD_TXN_ABORT, look->id);
		case STOP_ERROR:
			return tqctl_errno(t, errno, "poll");
		}
		code = look_up(t, look);
	}
	return code;
}

int confirm_wait(struct tqctl *t, uint32_t id, enum confirm_end *end)
{
	struct look look = { .id = id };
	struct stop stop = { .fd = -1 };
	struct tnl_error err;
	int code;

	/* The thread is in the namespace already. */
	look.events = tnl_open(NULL, &err);
	if (!look.events || tnl_subscribe(look.events, &err))
		code = tqctl_refused(t, NULL, &err);
	else if (stop_init(&stop, 0))
		code = tqctl_errno(t, errno, "signalfd");
	else
		code = wait_for(t, &look, &stop);
	if (look.events)
		listen_to(&look);
	*end = look.reverted ? CONFIRM_REVERTED : look.lost ? CONFIRM_UNKNOWN : CONFIRM_KEPT;
	stop_free(&stop);
	tnl_close(look.events);
	return code;
}
