/* SPDX-License-Identifier: GPL-2.0-only */
/* internal.h - what the sources of libtqueue have in common.  Names begin with
 * tqi_, so that the static library takes no name from anybody.
 */
#ifndef LIBTQUEUE_INTERNAL_H
#define LIBTQUEUE_INTERNAL_H

#include <stdbool.h>

#include "libtqueue.h"

/* The first version of the header has this size; it can only grow. */
#define TQI_HDR_MIN	96

struct tqi_map;

/**
 * struct tqueue - a handle
 * @fd: the open queue, or -1
 * @flags: enum tqueue_open_flag
 * @map: the mapped rings; NULL: read(2)
 * @decided: whether to map
 * @held: TQUEUE_O_HOLD: records were given out and not released
 * @buf: what the last read(2) brought
 * @size: of @buf, or to be
 * @len: bytes in @buf that are whole records
 * @at: the next record
 * @ahead: the last read(2) did not fill half of @buf, so the next waits for enough
 * @limit: most records of one read(2) from now on; 0: no limit
 * @losses: sum of the lost records
 * @what: the queue, for sentences
 * @error: the last sentence
 */
struct tqueue {
	int			fd;
	int			flags;
	struct tqi_map		*map;
	bool			decided;
	bool			held;
	char			*buf;
	size_t			size;
	size_t			len;
	size_t			at;
	bool			ahead;
	uint64_t		limit;
	struct tqueue_lost	losses;
	char			what[96];
	char			error[320];
};

/* Keeps "WHAT: sentence: text of the errno"; always -@code. */
int tqi_fail(struct tqueue *q, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same without the text of the errno. */
int tqi_refuse(struct tqueue *q, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* True if there is a whole record in the @len bytes at @rec. */
bool tqi_is_record(const struct tqueue_record *rec, size_t len);

/* netlink.c: QUEUE_OPEN in network namespace @netns, -1: the thread's.  A
 * descriptor, or a negative errno.
 */
int tqi_queue_open(struct tqueue *q, int netns, const char *name, int oflags);

#endif
