// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <json-c/json.h>

#include "sink.h"

/* Of a file's buffer. */
#define SIZE	(256 * 1024)

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool in_row(const struct sink *s)
{
	return s->rotate_bytes || s->rotate_ns;
}

/* ---- names ---- */

/* The format is the user's: that is the point. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
char *sink_name(const char *path, unsigned int number, time_t now)
{
	char buf[PATH_MAX], *dot, *base, *name = NULL;
	struct tm tm;

	localtime_r(&now, &tm);
	/* 0: it does not fit, or is empty, which no path is */
	if (!strftime(buf, sizeof(buf), path, &tm)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	base = strrchr(buf, '/');
	base = base ? base + 1 : buf;
	dot = strrchr(base, '.');
	if (!dot || dot == base)
		dot = base + strlen(base);
	if (asprintf(&name, "%.*s_%05u%s", (int)(dot - buf), buf, number, dot) < 0)
		return NULL;
	return name;
}
#pragma GCC diagnostic pop

/* A row keeps its newest files. */
static int keep(struct sink *s)
{
	char **row, *name = strdup(s->current);

	row = name ? realloc(s->row, (s->row_n + 1) * sizeof(*row)) : NULL;
	if (!row) {
		free(name);
		return -1;
	}
	s->row = row;
	s->row[s->row_n++] = name;
	if (s->row_n <= s->files)
		return 0;
	/* Somebody may have taken it away already. */
	unlink(s->row[0]);
	free(s->row[0]);
	memmove(s->row, s->row + 1, --s->row_n * sizeof(*s->row));
	return 0;
}

/* ---- files ---- */

static FILE *open_stream(int fd)
{
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

static int set_current(struct sink *s, char *name)
{
	free(s->current);
	s->current = name;
	return name ? 0 : -1;
}

/* The next free number. */
static FILE *open_next(struct sink *s)
{
	int fd;

	do {
		if (set_current(s, sink_name(s->path, ++s->number, time(NULL))))
			return NULL;
		fd = open(s->current, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	} while (fd < 0 && errno == EEXIST && s->number < UINT_MAX);
	return open_stream(fd);
}

static FILE *open_one(struct sink *s)
{
	if (set_current(s, strdup(s->path)))
		return NULL;
	if (!strcmp(s->path, "-"))
		/* A stream of its own: what fails here is told here. */
		return open_stream(dup(STDOUT_FILENO));
	return fopen(s->path, "we");
}

int sink_open(struct sink *s)
{
	s->file = in_row(s) ? open_next(s) : open_one(s);
	if (!s->file)
		return -1;
	/* The C library would take the size, but not give it a buffer of its own. */
	if (!s->buf)
		s->buf = malloc(SIZE);
	if (s->buf)
		setvbuf(s->file, s->buf, _IOFBF, SIZE);
	s->opened++;
	s->bytes = 0;
	s->records = 0;
	s->due = s->rotate_ns ? clock_ns(CLOCK_MONOTONIC) + s->rotate_ns : 0;
	if (s->files && keep(s))
		return -1;
	if (s->json)
		return 0;
	s->pcapng.f = s->file;
	if (pcapng_begin(&s->pcapng))
		return -1;
	return fflush(s->file) ? -1 : 0;
}

int sink_end(struct sink *s)
{
	int ret = 0;

	if (!s->file)
		return 0;
	if (!s->json)
		ret = pcapng_end(&s->pcapng, clock_ns(CLOCK_REALTIME));
	if (fclose(s->file))
		ret = -1;
	s->file = NULL;
	return ret;
}

/* ---- records ---- */

static int write_line(struct sink *s, const struct tqueue_record *rec, const void *payload,
		      const struct record_names *names)
{
	struct tqueue_record cut = *rec;
	struct json_object *obj;
	const char *text;
	size_t len;
	int ret;

	if (rec->type != TQUEUE_RECORD_LOST && s->pcapng.snaplen && cut.caplen > s->pcapng.snaplen) {
		cut.caplen = s->pcapng.snaplen;
		cut.flags |= TQUEUE_RECORD_F_TRUNCATED;
	}
	obj = json_record(&cut, payload, names);
	if (s->no_payload)
		json_object_object_del(obj, "payload");
	text = json_object_to_json_string_length(obj, JSON_C_TO_STRING_PLAIN |
						 JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	ret = fwrite(text, 1, len, s->file) == len && putc('\n', s->file) != EOF ? 0 : -1;
	s->bytes += len + 1;
	json_object_put(obj);
	return ret;
}

/* That of a record like this one, if it is not long ago: putting it together takes as long
 * as all else that is done for a packet.  A number keeps its name (names.h).
 */
static const char *comment(struct sink *s, const struct tqueue_record *rec,
			   const struct record_names *names)
{
	const struct sink_like like = {
		.rule = rec->rule,
		.table = rec->table,
		.generation = rec->generation,
		.mark = rec->mark,
		.iif = rec->iif,
		.oif = rec->oif,
		.hook = rec->hook,
		.verdict = rec->verdict,
	};
	struct sink_comment *c = &s->comment[(rec->rule ^ rec->iif ^ rec->oif ^ rec->hook) % SINK_COMMENTS];

	if (!c->text[0] || memcmp(&c->like, &like, sizeof(like))) {
		c->like = like;
		record_comment(c->text, sizeof(c->text), rec, names);
	}
	return c->text[0] ? c->text : NULL;
}

static int write_block(struct sink *s, const struct tqueue_record *rec, const void *payload,
		       const struct record_names *names)
{
	int ret;

	ret = pcapng_record(&s->pcapng, rec, payload, comment(s, rec, names));
	s->bytes = s->pcapng.bytes;
	return ret;
}

int sink_record(struct sink *s, const struct tqueue_record *rec, const void *payload,
		const struct record_names *names)
{
	int ret;

	if (!s->file && sink_open(s))
		return -1;
	ret = s->json ? write_line(s, rec, payload, names) : write_block(s, rec, payload, names);
	s->records++;
	if (!ret && s->rotate_bytes && s->bytes >= s->rotate_bytes)
		ret = sink_end(s);
	return ret;
}

void sink_lost(struct sink *s, uint64_t n)
{
	pcapng_lost(&s->pcapng, n);
}

const char *sink_where(const struct sink *s)
{
	return s->current ? s->current : s->path;
}

int sink_flush(struct sink *s)
{
	if (!s->file)
		return 0;
	if (s->due && clock_ns(CLOCK_MONOTONIC) >= s->due && s->records)
		return sink_end(s);
	return fflush(s->file) ? -1 : 0;
}

void sink_free(struct sink *s)
{
	size_t i;

	if (s->file)
		fclose(s->file);
	for (i = 0; i < s->row_n; i++)
		free(s->row[i]);
	free(s->row);
	free(s->current);
	free(s->buf);
	pcapng_free(&s->pcapng);
	memset(s, 0, sizeof(*s));
}
