// SPDX-License-Identifier: GPL-2.0-only
/*
 * The handle: the next record, out of mapped rings or out of a buffer that
 * read(2) fills, and what a user may ask of both.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"
#include "map.h"

#define DEFAULT_SIZE	(256 * 1024)
/* A quarter of the largest ring is the largest record. */
#define LARGEST_SIZE	(1024 * 1024 * 1024)
/* A step of room for a record that leaves none for a second one. */
#define STEP		(TQI_HDR_MIN - 8)

/* ---- errors ---- */

static void keep_error(struct tqueue *q, const char *fmt, va_list ap)
{
	int n;

	n = snprintf(q->error, sizeof(q->error), "%s%s", q->what, q->what[0] ? ": " : "");
	vsnprintf(q->error + n, sizeof(q->error) - n, fmt, ap);
}

int tqi_refuse(struct tqueue *q, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep_error(q, fmt, ap);
	va_end(ap);
	return -code;
}

int tqi_fail(struct tqueue *q, int code, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	keep_error(q, fmt, ap);
	va_end(ap);
	n = strlen(q->error);
	/* %m: as strerror(), but for threads */
	errno = code;
	snprintf(q->error + n, sizeof(q->error) - n, "%s%m", *fmt ? ": " : "");
	return -code;
}

const char *tqueue_error(const struct tqueue *q)
{
	return q->error;
}

/* ---- life ---- */

struct tqueue *tqueue_new(void)
{
	struct tqueue *q = calloc(1, sizeof(*q));

	if (q) {
		q->fd = -1;
		q->size = DEFAULT_SIZE;
	}
	return q;
}

void tqueue_free(struct tqueue *q)
{
	if (!q)
		return;
	if (q->map && !(q->flags & TQUEUE_O_HOLD))
		tqi_map_release(q->map);
	tqi_map_free(q->map);
	if (q->fd >= 0)
		close(q->fd);
	free(q->buf);
	free(q);
}

int tqueue_fd(const struct tqueue *q)
{
	return q->fd;
}

int tqueue_mapped(const struct tqueue *q)
{
	return q->map != NULL;
}

int tqueue_buffered(const struct tqueue *q)
{
	return q->at != q->len;
}

int tqueue_set_buffer(struct tqueue *q, size_t size)
{
	if (q->buf)
		return tqi_refuse(q, EBUSY, "its buffer is in use already");
	if (size > LARGEST_SIZE)
		return tqi_refuse(q, EINVAL, "no buffer needs more than %d bytes", LARGEST_SIZE);
	q->size = size ? size : DEFAULT_SIZE;
	return 0;
}

void tqueue_limit(struct tqueue *q, uint64_t records)
{
	q->limit = records;
}

/* ---- records ---- */

bool tqi_is_record(const struct tqueue_record *rec, size_t len)
{
	return len >= TQI_HDR_MIN && rec->len <= len && rec->len % 8 == 0 &&
	       rec->hdr_len >= TQI_HDR_MIN && rec->hdr_len % 8 == 0 &&
	       rec->hdr_len <= rec->len && rec->caplen <= rec->len - rec->hdr_len;
}

const void *tqueue_payload(const struct tqueue_record *rec)
{
	return (const char *)rec + rec->hdr_len;
}

void tqueue_time(const struct tqueue_record *rec, struct timespec *ts)
{
	ts->tv_sec = rec->real_ns / 1000000000;
	ts->tv_nsec = rec->real_ns % 1000000000;
}

void tqueue_lost(const struct tqueue_record *rec, struct tqueue_lost *lost)
{
	size_t len = rec->caplen < sizeof(*lost) ? rec->caplen : sizeof(*lost);

	memset(lost, 0, sizeof(*lost));
	memcpy(lost, tqueue_payload(rec), len);
}

void tqueue_losses(const struct tqueue *q, struct tqueue_lost *lost)
{
	*lost = q->losses;
}

static void add_losses(struct tqueue *q, const struct tqueue_record *rec)
{
	struct tqueue_lost lost;
	int i;

	tqueue_lost(rec, &lost);
	q->losses.count += lost.count;
	for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
		q->losses.cause[i] += lost.cause[i];
}

/* ---- read(2) ---- */

static bool are_records(const char *buf, size_t len)
{
	size_t at;

	for (at = 0; at < len; at += ((const struct tqueue_record *)(buf + at))->len)
		if (!tqi_is_record((const void *)(buf + at), len - at))
			return false;
	return true;
}

static int grow(struct tqueue *q)
{
	char *buf;

	if (q->size > LARGEST_SIZE / 2) {
		errno = EINVAL;
		return -1;
	}
	buf = realloc(q->buf, q->size * 2);
	if (!buf)
		return -1;
	q->buf = buf;
	q->size *= 2;
	return 0;
}

/* read(2) says EINVAL if the next record is larger than the room for it. */
static ssize_t read_records(struct tqueue *q)
{
	size_t room = q->size;
	ssize_t n;

	if (q->limit && q->limit < q->size / TQI_HDR_MIN)
		room = q->limit * TQI_HDR_MIN;
	while ((n = read(q->fd, q->buf, room)) < 0 && errno == EINVAL) {
		if (room == q->size && grow(q))
			return -1;
		room = q->limit && room + STEP < q->size ? room + STEP : q->size;
	}
	return n;
}

static int read_error(struct tqueue *q, int code)
{
	switch (code) {
	case EAGAIN:
		return tqi_refuse(q, code, "it has no more records now");
	case EPIPE:
		return tqi_refuse(q, code, "overtaken: the oldest records were overwritten unread");
	case EBUSY:
		return tqi_fail(q, code, "another program has mapped it");
	default:
		return tqi_fail(q, code, "read");
	}
}

/* read(2) returns with the first record: who is faster than the producers would call it
 * for each.
 */
static int wait_for_enough(struct tqueue *q)
{
	struct pollfd p = { .fd = q->fd, .events = POLLRDBAND };

	return poll(&p, 1, -1) < 0;
}

static int fill(struct tqueue *q)
{
	ssize_t n;

	if (!q->buf)
		q->buf = malloc(q->size);
	if (!q->buf)
		return tqi_fail(q, ENOMEM, "a buffer of %zu bytes", q->size);
	q->len = 0;
	q->at = 0;
	if (q->ahead && wait_for_enough(q))
		return tqi_fail(q, errno, "poll");
	n = read_records(q);
	if (n < 0)
		return read_error(q, errno);
	if (!are_records(q->buf, n))
		return tqi_refuse(q, EPROTO, "what came are no records");
	q->len = n;
	q->ahead = q->len < q->size / 2 && !q->limit && !(q->flags & TQUEUE_O_NONBLOCK);
	return n > 0;
}

static int next_read(struct tqueue *q, const struct tqueue_record **rec)
{
	if (q->at == q->len) {
		int ret = fill(q);

		if (ret <= 0)
			return ret;
	}
	*rec = (const void *)(q->buf + q->at);
	q->at += (*rec)->len;
	return 1;
}

/* ---- mmap(2) ---- */

static int look(struct tqueue *q)
{
	int err = tqi_map_look(q->map);

	if (err == -EPROTO)
		return tqi_refuse(q, EPROTO, "a mapped ring is frozen, or makes no sense");
	return err ? tqi_fail(q, -err, "mapping a ring") : 0;
}

/* Until there is something to look for.  1: there is; 0: never again.
 * @again: it is not the first time, and nothing was found.
 */
static int wait_mapped(struct tqueue *q, bool again)
{
	const bool nonblock = q->flags & TQUEUE_O_NONBLOCK;
	struct pollfd p = { .fd = q->fd, .events = POLLRDBAND };
	int n;

	n = poll(&p, 1, nonblock ? 0 : -1);
	if (n < 0)
		return tqi_fail(q, errno, "poll");
	if (!n || (nonblock && again && !(p.revents & POLLHUP)))
		return read_error(q, EAGAIN);
	return !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* A batch is over: the next one. */
static int next_batch(struct tqueue *q, const struct tqueue_record **rec)
{
	bool ended = false, again = false;
	int ret;

	for (;;) {
		tqi_map_release(q->map);
		ret = look(q);
		if (!ret)
			ret = tqi_map_next(q->map, q->flags & TQUEUE_O_HOLD, rec);
		if (ret || ended)
			return ret;
		ret = wait_mapped(q, again);
		if (ret < 0)
			return ret;
		/* Deleted: what was committed until then is still there. */
		ended = !ret;
		again = true;
	}
}

static int next_mapped(struct tqueue *q, const struct tqueue_record **rec)
{
	int ret = tqi_map_next(q->map, q->flags & TQUEUE_O_HOLD, rec);

	if (!ret && q->held)
		return tqi_refuse(q, EAGAIN, "all that there was is held");
	if (!ret)
		ret = next_batch(q, rec);
	if (ret == -EPROTO && !q->error[0])
		tqi_refuse(q, EPROTO, "what came are no records");
	return ret;
}

/* ---- both ---- */

/* Maps if it can.  A queue that can't be mapped, of mode log, or because another
 * consumer is there, is read; so is one that we write to, which a mapping stops.
 */
static void decide(struct tqueue *q)
{
	q->decided = true;
	if (!(q->flags & (TQUEUE_O_SHARED | TQUEUE_O_WRITE)))
		q->map = tqi_map_new(q->fd);
}

int tqueue_next(struct tqueue *q, const struct tqueue_record **rec)
{
	int ret;

	q->error[0] = 0;
	if (q->fd < 0 || q->flags & TQUEUE_O_WRITE_ONLY)
		return tqi_refuse(q, EBADF, "it is not open for reading");
	if (!q->decided)
		decide(q);
	if (q->map)
		ret = next_mapped(q, rec);
	else if (q->held && q->at == q->len)
		ret = tqi_refuse(q, EAGAIN, "all that there was is held");
	else
		ret = next_read(q, rec);
	if (ret <= 0)
		return ret;
	q->held = q->flags & TQUEUE_O_HOLD;
	if ((*rec)->type == TQUEUE_RECORD_LOST)
		add_losses(q, *rec);
	return 1;
}

void tqueue_release(struct tqueue *q)
{
	q->held = false;
	if (q->map)
		tqi_map_release(q->map);
}

int tqueue_write(struct tqueue *q, const void *data, size_t len)
{
	if (q->fd < 0 || !(q->flags & (TQUEUE_O_WRITE | TQUEUE_O_WRITE_ONLY)))
		return tqi_refuse(q, EBADF, "it is not open for writing");
	if (!len)
		return tqi_refuse(q, EINVAL, "an empty message");
	if (write(q->fd, data, len) == (ssize_t)len)
		return 0;
	switch (errno) {
	case EMSGSIZE:
		return tqi_refuse(q, EMSGSIZE,
				  "a message of %zu bytes is more than a quarter of a ring, or than 64 KiB",
				  len);
	case EAGAIN:
		return tqi_fail(q, EAGAIN, "no room for a message, or a program has mapped it");
	case ENXIO:
		return tqi_fail(q, ENXIO, "it was deleted");
	default:
		return tqi_fail(q, errno, "write");
	}
}
