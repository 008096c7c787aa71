// SPDX-License-Identifier: GPL-2.0-only
/* "queue read" and "queue write": records as text, messages from text. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "names.h"
#include "print_record.h"
#include "stop.h"
#include "tqctl.h"
#include "tqueue.h"

#include <json-c/json.h>

/* ---- read ---- */

struct reading {
	char			name[TQUEUE_NAME_SIZE];
	uint64_t		count;		/* stop after so many; 0: no limit */
	bool			follow;
	uint64_t		seen;
	struct names		names;
	struct tqueue_reader	*reader;
	struct stop		stop;
};

static const struct parse_key read_keys[] = {
	{ "-c", "N", "stop after N records" },
	{ "--follow", "", "wait for more instead of stopping when the queue is empty" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_queue_read_keys(unsigned int i)
{
	return &read_keys[i];
}

static int parse_read(struct parse *p, struct reading *r)
{
	if (parse_name(p, r->name, "the name of a queue"))
		return -1;
	while (parse_peek(p)) {
		if (parse_take(p, "-c") || parse_take(p, "--count")) {
			if (parse_u64(p, &r->count, 1))
				return -1;
		} else if (parse_take(p, "--follow") || parse_take(p, "-f")) {
			r->follow = true;
		} else {
			parse_next(p);
			return parse_bad(p, "neither -c N nor --follow");
		}
	}
	return 0;
}

static void show(struct tqctl *t, struct reading *r, const struct tqueue_record *rec)
{
	const void *payload = tqueue_record_payload(rec);
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

/* True: enough. */
static bool show_all(struct tqctl *t, struct reading *r)
{
	const struct tqueue_record *rec;

	while ((rec = tqueue_reader_next(r->reader))) {
		show(t, r, rec);
		r->seen++;
	}
	fflush(t->out.file);
	return (r->count && r->seen == r->count) || ferror(t->out.file);
}

static int read_loop(struct tqctl *t, struct reading *r)
{
	for (;;) {
		ssize_t n;

		if (r->count)
			tqueue_reader_limit(r->reader, r->count - r->seen);
		n = tqueue_reader_fill(r->reader);
		if (!n)
			return TQCTL_OK;
		if (n < 0 && errno == EPIPE) {
			tqctl_say(t, "overtaken: the oldest records were overwritten unread");
			continue;
		}
		if (n < 0 && errno != EAGAIN)
			return tqctl_errno(t, errno, r->name);
		if (n > 0 && show_all(t, r))
			return TQCTL_OK;
		if (n < 0 && !r->follow)
			return TQCTL_OK;
		if (n < 0 && stop_wait(&r->stop, tqueue_reader_fd(r->reader), -1) == STOP_END)
			return TQCTL_OK;
	}
}

int cmd_queue_read(struct tqctl *t, struct parse *p)
{
	struct reading r = { .stop.fd = -1 };
	int fd, code;

	if (parse_read(p, &r))
		return tqctl_usage(t, p);
	code = device_open(t, r.name, O_RDONLY | O_NONBLOCK, &fd);
	if (code)
		return code;
	r.reader = tqueue_reader_new(fd, 0);
	if (!r.reader || stop_init(&r.stop, 0)) {
		code = tqctl_errno(t, errno, r.name);
		if (!r.reader)
			close(fd);
	} else {
		code = read_loop(t, &r);
	}
	tqueue_reader_free(r.reader);
	stop_free(&r.stop);
	names_free(&r.names);
	return code;
}

/* ---- write ---- */

static int write_one(struct tqctl *t, int fd, const char *text, size_t len)
{
	if (write(fd, text, len) == (ssize_t)len)
		return TQCTL_OK;
	if (errno == EMSGSIZE)
		tqctl_say(t, "a message of %zu bytes is more than a quarter of a ring", len);
	else
		tqctl_errno(t, errno, "write");
	return TQCTL_REFUSED;
}

static int write_lines(struct tqctl *t, int fd)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = TQCTL_OK;

	while (!code && (len = getline(&line, &size, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		if (len)
			code = write_one(t, fd, line, len);
	}
	free(line);
	return code;
}

int cmd_queue_write(struct tqctl *t, struct parse *p)
{
	char name[TQUEUE_NAME_SIZE];
	const char *text;
	int fd, code;

	if (parse_name(p, name, "the name of a queue") ||
	    parse_need(p, &text, "a text, or - for lines of standard input,") || parse_end(p))
		return tqctl_usage(t, p);
	if (!*text) {
		parse_bad(p, "an empty message");
		return tqctl_usage(t, p);
	}
	code = device_open(t, name, O_WRONLY, &fd);
	if (code)
		return code;
	code = strcmp(text, "-") ? write_one(t, fd, text, strlen(text)) : write_lines(t, fd);
	close(fd);
	return code;
}
