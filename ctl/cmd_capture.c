// SPDX-License-Identifier: GPL-2.0-only
/* "capture": records of a queue to a pcapng file, or live to a pipe. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "libtqueue.h"
#include "names.h"
#include "pcapng.h"
#include "print_record.h"
#include "stop.h"
#include "tqctl.h"

/**
 * struct capture - one run
 * @for_us: stop after this time; 0: no limit
 * @count: stop after so many packets; 0: no limit
 * @messages: write messages too
 * @quiet: no progress (-q)
 * @packets: written
 * @bytes: of them, as captured
 * @skipped: messages that were not written
 * @lost: what the lost records told
 * @progress: when the last progress was shown
 * @code: exit status
 */
struct capture {
	char			queue[TQUEUE_NAME_SIZE];
	const char		*path;
	uint64_t		for_us;
	uint64_t		count;
	bool			messages;
	bool			quiet;

	struct pcapng		pcapng;
	struct tqueue		*source;
	struct names		names;
	struct stop		stop;

	uint64_t		packets;
	uint64_t		bytes;
	uint64_t		skipped;
	struct tqueue_lost	lost;
	uint64_t		progress;
	int			code;
};

enum step {
	GO_ON,
	ENOUGH,
	BROKEN_PIPE,	/* nobody reads what we write: a normal end */
	FAILED,		/* it has been told, and capture.code is set */
};

/* Records between two looks at signals and the clock. */
#define SOME	1024

/* ---- words ---- */

static const struct tq_name links[] = {
	{ "auto", PCAPNG_LINK_AUTO },
	{ "ethernet", PCAPNG_LINK_ETHERNET },
	{ "raw", PCAPNG_LINK_RAW },
	{ NULL, 0 }
};

static const struct parse_key keys[] = {
	{ "-w", "FILE", "write here; - is standard output" },
	{ "-c", "N", "stop after N packets" },
	{ "--for", "TIME", "stop after this time" },
	{ "--snaplen", "N", "write the first N bytes of a packet at most" },
	{ "--link", "auto|ethernet|raw",
	  "one link type for all: tcpdump can't read a file with two" },
	{ "--messages", "", "write messages too, as packets of link type USER0" },
	{ "-q", "", "no progress and no summary" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_capture_keys(unsigned int i)
{
	return &keys[i];
}

static int parse_option(struct parse *p, struct capture *c)
{
	uint32_t link;

	if (parse_take(p, "-w") || parse_take(p, "--write"))
		return parse_need(p, &c->path, "a file");
	if (parse_take(p, "-c") || parse_take(p, "--count"))
		return parse_u64(p, &c->count, 1);
	if (parse_take(p, "--for"))
		return parse_time(p, &c->for_us);
	if (parse_take(p, "--snaplen"))
		return parse_u32(p, &c->pcapng.snaplen, 1, PCAPNG_SNAPLEN);
	if (parse_take(p, "--link")) {
		if (parse_enum(p, links, "a kind of link", &link))
			return -1;
		c->pcapng.link = link;
		return 0;
	}
	if (parse_take(p, "--messages")) {
		c->messages = true;
		return 0;
	}
	if (parse_take(p, "-q") || parse_take(p, "--quiet")) {
		c->quiet = true;
		return 0;
	}
	parse_next(p);
	return parse_bad(p, "not an option of capture");
}

static int parse_words(struct parse *p, struct capture *c)
{
	if (parse_name(p, c->queue, "the name of a queue"))
		return -1;
	while (parse_peek(p))
		if (parse_option(p, c))
			return -1;
	if (c->path)
		return 0;
	return parse_bad(p, "-w FILE is missing (\"queue read\" prints text)");
}

/* ---- one record ---- */

static void make_comment(char *buf, size_t size, struct tqctl *t, struct capture *c,
			 const struct tqueue_record *rec)
{
	const char *hook = tq_name(tq_points, rec->hook);
	const char *verdict = tq_name(tq_verdicts, rec->verdict);
	size_t n = 0;

	buf[0] = 0;
#define ADD(...) (n += n < size ? (size_t)snprintf(buf + n, size - n, __VA_ARGS__) : 0)
	if (rec->table)
		ADD("table=%s ", names_table(&c->names, t, rec->table));
	if (rec->rule)
		ADD("rule=%" PRIu64 " gen=%u ", (uint64_t)rec->rule, rec->generation);
	if (verdict)
		ADD("verdict=%s ", verdict);
	if (hook)
		ADD("hook=%s ", hook);
	if (rec->iif)
		ADD("iif=%s ", names_iface(&c->names, rec->iif));
	if (rec->oif)
		ADD("oif=%s ", names_iface(&c->names, rec->oif));
	if (rec->mark)
		ADD("mark=0x%x ", rec->mark);
#undef ADD
	n = strlen(buf);
	if (n)
		buf[n - 1] = 0;
}

/* Losses that somebody asked for are no holes in the capture. */
static uint64_t holes(const struct tqueue_lost *lost)
{
	return lost->count - lost->cause[TQUEUE_LOSS_RATE_LIMITED] -
	       lost->cause[TQUEUE_LOSS_SAMPLED_OUT];
}

static void take_lost(struct capture *c, const struct tqueue_record *rec)
{
	struct tqueue_lost lost;
	int i;

	tqueue_lost(rec, &lost);
	c->lost.count += lost.count;
	for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
		c->lost.cause[i] += lost.cause[i];
	pcapng_lost(&c->pcapng, holes(&lost));
}

static enum step write_failed(struct tqctl *t, struct capture *c)
{
	if (errno == EPIPE)
		return BROKEN_PIPE;
	c->code = TQCTL_LOST;
	tqctl_say(t, "%s: %s: records that were taken out of the queue are lost", c->path,
		  strerror(errno));
	return FAILED;
}

static enum step take(struct tqctl *t, struct capture *c, const struct tqueue_record *rec)
{
	char comment[256];

	if (rec->type == TQUEUE_RECORD_LOST) {
		take_lost(c, rec);
		return GO_ON;
	}
	if (rec->type != TQUEUE_RECORD_PACKET &&
	    (rec->type != TQUEUE_RECORD_MESSAGE || !c->messages)) {
		c->skipped++;
		return GO_ON;
	}
	make_comment(comment, sizeof(comment), t, c, rec);
	if (pcapng_record(&c->pcapng, rec, tqueue_payload(rec),
			  comment[0] ? comment : NULL))
		return write_failed(t, c);
	c->packets++;
	c->bytes += rec->caplen;
	return c->count && c->packets == c->count ? ENOUGH : GO_ON;
}

/* ---- the loop ---- */

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
	if (step != FAILED && step != BROKEN_PIPE && fflush(c->pcapng.f))
		return write_failed(t, c);
	if (step != GO_ON)
		return step;
	switch (ret) {
	case 1:
		return GO_ON;
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

static void show_progress(struct tqctl *t, struct capture *c)
{
	uint64_t now = stop_now();

	if (c->quiet || !isatty(fileno(t->err)) || now - c->progress < 500000000)
		return;
	c->progress = now;
	fprintf(t->err, "\r%" PRIu64 " packets, %" PRIu64 " lost ", c->packets,
		(uint64_t)c->lost.count);
	fflush(t->err);
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

static enum step loop(struct tqctl *t, struct capture *c)
{
	enum step step = GO_ON;
	bool empty = true;

	while (step == GO_ON) {
		switch (stop_wait(&c->stop, tqueue_fd(c->source), empty ? 500 : 0)) {
		case STOP_READY:
			step = take_some(t, c, 0, &empty);
			break;
		case STOP_TICK:
			if (!empty)
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
	if (c->quiet)
		return;
	if (isatty(fileno(t->err)))
		fputs("\r\033[K", t->err);
	fprintf(t->err, "%s: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " lost", c->queue,
		c->packets, c->bytes, (uint64_t)c->lost.count);
	if (c->lost.count) {
		fputs(" (", t->err);
		print_lost(t->err, &c->lost);
		fputc(')', t->err);
	}
	if (c->skipped)
		fprintf(t->err, ", %" PRIu64 " messages not written", c->skipped);
	fputc('\n', t->err);
}

/* ---- beginning and end ---- */

static uint64_t real_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int run(struct tqctl *t, struct capture *c)
{
	enum step step;

	/* A reader of the pipe that leaves is an errno, not a death. */
	signal(SIGPIPE, SIG_IGN);
	if (stop_init(&c->stop, c->for_us))
		return tqctl_errno(t, errno, "signalfd");
	if (pcapng_begin(&c->pcapng) || fflush(c->pcapng.f))
		return tqctl_errno(t, errno, c->path);	/* nothing is lost yet */
	step = loop(t, c);
	/* After a failed write the file is as good as it gets. */
	if (step == ENOUGH && pcapng_end(&c->pcapng, real_now()))
		write_failed(t, c);
	summarize(t, c);
	return c->code;
}

static int open_file(struct tqctl *t, struct capture *c)
{
	if (!strcmp(c->path, "-") && isatty(STDOUT_FILENO)) {
		tqctl_say(t, "pcapng is not for a terminal; pipe it to tcpdump -r - or give a file");
		return TQCTL_USAGE;
	}
	/* A stream of its own: what fails here is told here. */
	c->pcapng.f = strcmp(c->path, "-") ? fopen(c->path, "we") :
					     fdopen(dup(STDOUT_FILENO), "w");
	if (!c->pcapng.f)
		return tqctl_errno(t, errno, c->path);
	setvbuf(c->pcapng.f, NULL, _IOFBF, 256 * 1024);
	return TQCTL_OK;
}

static int close_file(struct tqctl *t, struct capture *c, int code)
{
	if (c->pcapng.f && fclose(c->pcapng.f) && !code) {
		write_failed(t, c);
		return c->code;
	}
	return code;
}

int cmd_capture(struct tqctl *t, struct parse *p)
{
	struct capture c = { .stop.fd = -1 };
	char app[32];
	int code;

	if (parse_words(p, &c))
		return tqctl_usage(t, p);
	snprintf(app, sizeof(app), "tqctl %s", tqctl_version);
	c.pcapng.app = app;
	c.pcapng.name = c.queue;
	code = device_open(t, c.queue, TQUEUE_O_NONBLOCK, &c.source);
	if (!code)
		code = open_file(t, &c);
	if (!code)
		code = run(t, &c);
	code = close_file(t, &c, code);
	tqueue_free(c.source);
	stop_free(&c.stop);
	names_free(&c.names);
	pcapng_free(&c.pcapng);
	return code;
}
