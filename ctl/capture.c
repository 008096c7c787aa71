// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "device.h"
#include "libtqueue.h"
#include "print.h"
#include "tqctl.h"

/* Records between two looks at signals and the clock. */
#define SOME		8192
#define TICK_MS		500
#define TICK_NS		(TICK_MS * UINT64_C(1000000))

enum step {
	GO_ON,
	ENOUGH,
	BROKEN_PIPE,	/* nobody reads what we write: a normal end */
	FAILED,		/* it has been told, and capture.code is set */
};

const struct tq_name capture_links[] = {
	{ "auto", PCAPNG_LINK_AUTO },
	{ "ethernet", PCAPNG_LINK_ETHERNET },
	{ "raw", PCAPNG_LINK_RAW },
	{ NULL, 0 }
};

/* ---- one record ---- */

/* Losses that somebody asked for are no holes in the capture. */
static uint64_t holes(const struct tqueue_lost *lost)
{
	return lost->count - lost->cause[TQUEUE_LOSS_RATE_LIMITED] -
	       lost->cause[TQUEUE_LOSS_SAMPLED_OUT];
}

static enum step write_failed(struct tqctl *t, struct capture *c)
{
	if (errno == EPIPE)
		return BROKEN_PIPE;
	c->code = TQCTL_LOST;
	tqctl_say(t, "%s: %s: records that were taken out of the queue are lost",
		  sink_where(&c->sink), strerror(errno));
	return FAILED;
}

static enum step put(struct tqctl *t, struct capture *c, const struct tqueue_record *rec)
{
	const struct record_names names = {
		.queue = c->queue,
		.table = names_table(&c->names, t, rec->table),
		.iif = names_iface(&c->names, rec->iif),
		.oif = names_iface(&c->names, rec->oif),
	};

	if (sink_record(&c->sink, rec, tqueue_payload(rec), &names))
		return write_failed(t, c);
	if (rec->type == TQUEUE_RECORD_LOST)
		return GO_ON;
	c->packets++;
	c->bytes += rec->caplen;
	return c->count && c->packets == c->count ? ENOUGH : GO_ON;
}

static enum step take(struct tqctl *t, struct capture *c, const struct tqueue_record *rec)
{
	struct tqueue_lost lost;

	switch (rec->type) {
	case TQUEUE_RECORD_PACKET:
		return put(t, c, rec);
	case TQUEUE_RECORD_LOST:
		if (c->sink.json)
			return put(t, c, rec);
		tqueue_lost(rec, &lost);
		sink_lost(&c->sink, holes(&lost));
		return GO_ON;
	case TQUEUE_RECORD_MESSAGE:
		if (c->messages)
			return put(t, c, rec);
		/* fall through */
	default:
		c->skipped++;
		return GO_ON;
	}
}

/* ---- the loop ---- */

/* What the end of a round means.  @ret: of tqueue_next() */
static enum step no_record(struct tqctl *t, struct capture *c, int ret, bool *empty)
{
	switch (ret) {
	case 0:
		return ENOUGH;		/* the queue was deleted */
	case -EAGAIN:
		*empty = true;
		return GO_ON;
	case -EPIPE:
		tqctl_say(t, "%s", tqueue_error(c->source));
		return GO_ON;
	default:
		c->code = device_error(t, c->source);
		return FAILED;
	}
}

/* Some of what is there, so that the world can be looked at in between.  A record
 * that is younger than @until (CLOCK_MONOTONIC; 0: none is) is the last, but what
 * has left the queue with it is written too.  *empty: there was no more.
 */
static enum step take_some(struct tqctl *t, struct capture *c, uint64_t until, bool *empty)
{
	const struct tqueue_record *rec;
	enum step step = GO_ON;
	bool late = false;
	int ret = 1, n;

	*empty = false;
	for (n = 0; step == GO_ON && n < SOME; n++) {
		/* What is not wanted stays in the queue. */
		if (c->count)
			tqueue_limit(c->source, c->count - c->packets);
		ret = tqueue_next(c->source, &rec);
		if (ret <= 0)
			break;
		step = take(t, c, rec);
		late |= until && rec->mono_ns > until;
		if (step == GO_ON && late && !tqueue_buffered(c->source))
			step = ENOUGH;
	}
	if (step != FAILED && step != BROKEN_PIPE && sink_flush(&c->sink))
		return write_failed(t, c);
	return step == GO_ON && ret <= 0 ? no_record(t, c, ret, empty) : step;
}

/* The end has come: what was there by then is still taken. */
static enum step drain(struct tqctl *t, struct capture *c)
{
	uint64_t until = stop_now();
	enum step step = GO_ON;
	bool empty = false;

	while (step == GO_ON && !empty)
		step = take_some(t, c, until, &empty);
	return step == GO_ON ? ENOUGH : step;
}

static bool shows_progress(const struct tqctl *t, const struct capture *c)
{
	return !c->quiet && isatty(fileno(t->err));
}

static void show_progress(struct tqctl *t, struct capture *c)
{
	uint64_t now = stop_now(), ns = now - c->shown.at;
	struct tqueue_lost lost;
	char size[PRINT_SIZE];

	if (!shows_progress(t, c) || ns < TICK_NS)
		return;
	tqueue_losses(c->source, &lost);
#define RATE(v, was) ((uint64_t)((double)((v) - (was)) * 1000000000 / ns))
	fprintf(t->err, "\r%" PRIu64 " packets, %" PRIu64 "/s, %s/s, %" PRIu64 " lost, %" PRIu64
		"/s\033[K", c->packets, RATE(c->packets, c->shown.packets),
		print_about(size, RATE(c->bytes, c->shown.bytes)), (uint64_t)lost.count,
		RATE(lost.count, c->shown.lost));
#undef RATE
	fflush(t->err);
	c->shown.at = now;
	c->shown.packets = c->packets;
	c->shown.bytes = c->bytes;
	c->shown.lost = lost.count;
}

static enum step loop(struct tqctl *t, struct capture *c)
{
	enum step step = GO_ON;
	bool empty = true;

	c->shown.at = stop_now();
	while (step == GO_ON) {
		switch (stop_wait_queue(&c->stop, empty ? tqueue_fd(c->source) : -1,
					empty ? TICK_MS : 0)) {
		case STOP_TICK:
			if (!empty)
				step = take_some(t, c, 0, &empty);
			else if (sink_flush(&c->sink))
				step = write_failed(t, c);
			break;
		case STOP_READY:
			step = take_some(t, c, 0, &empty);
			break;
		case STOP_END:
			return drain(t, c);
		case STOP_ERROR:
			c->code = tqctl_errno(t, errno, "poll");
			return FAILED;
		}
		show_progress(t, c);
	}
	return step;
}

static void summarize(struct tqctl *t, const struct capture *c)
{
	struct tqueue_lost lost;

	if (c->quiet)
		return;
	if (shows_progress(t, c))
		fputs("\r\033[K", t->err);
	tqueue_losses(c->source, &lost);
	fprintf(t->err, "%s: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " lost", c->queue,
		c->packets, c->bytes, (uint64_t)lost.count);
	if (lost.count) {
		fputs(" (", t->err);
		print_lost(t->err, &lost);
		fputc(')', t->err);
	}
	if (c->skipped)
		fprintf(t->err, ", %" PRIu64 " messages not written", c->skipped);
	if (c->sink.rotate_bytes || c->sink.rotate_ns)
		fprintf(t->err, ", %u files", c->sink.opened);
	fputc('\n', t->err);
}

/* ---- beginning and end ---- */

static int run(struct tqctl *t, struct capture *c)
{
	enum step step;

	/* A reader of the pipe that leaves is an errno, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (stop_init(&c->stop, c->for_us))
		return tqctl_errno(t, errno, "signalfd");
	if (sink_open(&c->sink))
		return tqctl_errno(t, errno, sink_where(&c->sink));	/* nothing is lost yet */
	step = loop(t, c);
	/* After a failed write the file is as good as it gets. */
	if (step == ENOUGH && sink_end(&c->sink))
		write_failed(t, c);
	summarize(t, c);
	return c->code;
}

int capture_run(struct tqctl *t, struct capture *c)
{
	int flags = TQUEUE_O_NONBLOCK | (c->shared ? TQUEUE_O_SHARED : 0);
	char app[32];
	int code;

	c->stop.fd = -1;
	snprintf(app, sizeof(app), "tqctl %s", tqctl_version);
	c->sink.pcapng.app = app;
	c->sink.pcapng.name = c->queue;
	code = device_open(t, c->queue, flags, &c->source);
	if (!code)
		code = run(t, c);
	tqueue_free(c->source);
	stop_free(&c->stop);
	names_free(&c->names);
	sink_free(&c->sink);
	return code;
}
