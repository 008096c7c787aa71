/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink.h - where captured records go: pcapng or JSON lines, into one file, a pipe,
 * or a row of files of which each is whole.
 *
 * In a row, the names are strftime(3)'s of the path with _00001, _00002, ... before
 * the ending; no file that is there is overwritten.  The first file is opened at
 * once, the others when a record comes for them.
 */
#ifndef TQCTL_SINK_H
#define TQCTL_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "pcapng.h"
#include "print_record.h"

#define SINK_COMMENTS	32

/* What the comment of a record is made of; no padding, since it is compared as a whole. */
struct sink_like {
	uint64_t	rule;
	uint32_t	table;
	uint32_t	generation;
	uint32_t	mark;
	uint32_t	iif;
	uint32_t	oif;
	uint16_t	hook;
	uint16_t	verdict;
};

struct sink_comment {
	struct sink_like	like;
	char			text[256];	/* "": none yet */
};

/**
 * struct sink - set up to @pcapng by its user; the rest is 0
 * @path: file; "-" is standard output
 * @json: JSON lines instead of pcapng
 * @no_payload: without the bytes (JSON only)
 * @rotate_bytes: a file ends when it has so many; 0: no limit
 * @rotate_ns: and this long after it was begun; 0: no limit
 * @files: of a row, keep only so many; 0: all
 * @pcapng: its name, app, link and snaplen; snaplen is for JSON too
 * @file: the open file, or NULL
 * @buf: of @file, and of those after it
 * @current: its name, for messages
 * @bytes: in it
 * @records: in it
 * @due: when it ends, CLOCK_MONOTONIC; 0: never
 * @number: of the last file in the row
 * @opened: files opened
 * @row: names of those that are kept, oldest first
 * @comment: of records of late
 */
struct sink {
	const char	*path;
	bool		json;
	bool		no_payload;
	uint64_t	rotate_bytes;
	uint64_t	rotate_ns;
	uint32_t	files;
	struct pcapng	pcapng;

	FILE		*file;
	char		*buf;
	char		*current;
	uint64_t	bytes;
	uint64_t	records;
	uint64_t	due;
	unsigned int	number;
	unsigned int	opened;
	char		**row;
	size_t		row_n;
	struct sink_comment comment[SINK_COMMENTS];
};

/* All that return int: 0, or -1 with errno; sink_where() is what failed. */

int sink_open(struct sink *s);
/* A packet or message, or for JSON any record; @names may not be NULL. */
int sink_record(struct sink *s, const struct tqueue_record *rec, const void *payload,
		const struct record_names *names);
/* @n records were lost before the next; pcapng only. */
void sink_lost(struct sink *s, uint64_t n);
/* All so far is in the file or pipe.  A file whose time is over ends, but none ends
 * empty.
 */
int sink_flush(struct sink *s);
/* Ends the open file, if there is one, as it has to end. */
int sink_end(struct sink *s);
/* Closes without more ado what may be broken; frees. */
void sink_free(struct sink *s);

/* The file that is, or was, being written; never NULL. */
const char *sink_where(const struct sink *s);

/* @path as file number @number of a row that is begun at @now.  To be freed; NULL:
 * no memory, or a name that is too long (errno).
 */
char *sink_name(const char *path, unsigned int number, time_t now);

#endif
