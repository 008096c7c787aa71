// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tqueue.h"

#define DEFAULT_SIZE	(256 * 1024)
/* A quarter of the largest ring is the largest record. */
#define LARGEST_SIZE	(1024 * 1024 * 1024)

/* The smallest record, and a step that leaves no room for a second one. */
#define RECORD_MIN	sizeof(struct tqueue_record)
#define STEP		(RECORD_MIN - 8)

struct tqueue_reader {
	int		fd;
	size_t		size;
	size_t		len;	/* bytes in buf that are whole records */
	size_t		at;	/* the next record */
	char		*buf;
	unsigned long long limit;
};

int tqueue_open(unsigned int id, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/dev/tqueue/%u", id);
	return open(path, flags | O_CLOEXEC);
}

int tqueue_open_name(const char *name, int flags)
{
	char path[24 + TQUEUE_NAME_SIZE];

	if (!*name || strchr(name, '/') || strlen(name) >= TQUEUE_NAME_SIZE) {
		errno = EINVAL;
		return -1;
	}
	snprintf(path, sizeof(path), "/dev/tqueue/by-name/%s", name);
	return open(path, flags | O_CLOEXEC);
}

struct tqueue_reader *tqueue_reader_new(int fd, size_t size)
{
	struct tqueue_reader *r;

	if (fd < 0) {
		errno = EBADF;
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->fd = fd;
	r->size = size ? size : DEFAULT_SIZE;
	r->buf = malloc(r->size);
	if (!r->buf) {
		free(r);
		return NULL;
	}
	return r;
}

void tqueue_reader_free(struct tqueue_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	free(r->buf);
	free(r);
}

int tqueue_reader_fd(const struct tqueue_reader *r)
{
	return r->fd;
}

/* True if the @len bytes at @buf are records from end to end. */
static bool are_records(const char *buf, size_t len)
{
	size_t at;

	for (at = 0; at < len; ) {
		const struct tqueue_record *rec = (const void *)(buf + at);

		if (len - at < sizeof(*rec) || rec->len > len - at || rec->len % 8 ||
		    rec->hdr_len < sizeof(*rec) || rec->hdr_len > rec->len ||
		    rec->caplen > rec->len - rec->hdr_len)
			return false;
		at += rec->len;
	}
	return true;
}

static int grow(struct tqueue_reader *r)
{
	char *buf;

	if (r->size > LARGEST_SIZE / 2) {
		errno = EINVAL;
		return -1;
	}
	buf = realloc(r->buf, r->size * 2);
	if (!buf)
		return -1;
	r->buf = buf;
	r->size *= 2;
	return 0;
}

void tqueue_reader_limit(struct tqueue_reader *r, unsigned long long records)
{
	r->limit = records;
}

/* read(2) says EINVAL if the next record is larger than the room for it. */
static ssize_t read_records(struct tqueue_reader *r)
{
	size_t room = r->size;
	ssize_t n;

	if (r->limit && r->limit < r->size / RECORD_MIN)
		room = r->limit * RECORD_MIN;
	while ((n = read(r->fd, r->buf, room)) < 0 && errno == EINVAL) {
		if (room == r->size && grow(r))
			return -1;
		room = r->limit && room + STEP < r->size ? room + STEP : r->size;
	}
	return n;
}

ssize_t tqueue_reader_fill(struct tqueue_reader *r)
{
	ssize_t n;

	r->len = 0;
	r->at = 0;
	n = read_records(r);
	if (n < 0)
		return -1;
	if (!are_records(r->buf, n)) {
		errno = EPROTO;
		return -1;
	}
	r->len = n;
	return n;
}

const struct tqueue_record *tqueue_reader_next(struct tqueue_reader *r)
{
	const struct tqueue_record *rec;

	if (r->at == r->len)
		return NULL;
	rec = (const void *)(r->buf + r->at);
	r->at += rec->len;
	return rec;
}

const void *tqueue_record_payload(const struct tqueue_record *rec)
{
	return (const char *)rec + rec->hdr_len;
}

void tqueue_record_lost(const struct tqueue_record *rec, struct tqueue_lost *lost)
{
	size_t len = rec->caplen < sizeof(*lost) ? rec->caplen : sizeof(*lost);

	memset(lost, 0, sizeof(*lost));
	memcpy(lost, tqueue_record_payload(rec), len);
}
