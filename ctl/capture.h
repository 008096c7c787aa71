/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - from a queue into a sink, until something ends it.
 */
#ifndef TQCTL_CAPTURE_H
#define TQCTL_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "names.h"
#include "sink.h"
#include "stop.h"

struct tqctl;
struct tqueue;

/**
 * struct capture - one run; set up to @sink, the rest is 0
 * @queue: name
 * @for_us: stop after this time; 0: no limit
 * @count: stop after so many packets; 0: no limit
 * @messages: write messages too
 * @shared: let others read and write meanwhile
 * @quiet: neither progress nor summary
 * @sink: what it needs to be opened
 * @packets: written
 * @bytes: of them, as captured
 * @skipped: messages that were not written
 * @shown: when progress was shown, and what
 * @code: exit status
 */
struct capture {
	char			queue[TQUEUE_NAME_SIZE];
	uint64_t		for_us;
	uint64_t		count;
	bool			messages;
	bool			shared;
	bool			quiet;
	struct sink		sink;

	struct tqueue		*source;
	struct names		names;
	struct stop		stop;
	uint64_t		packets;
	uint64_t		bytes;
	uint64_t		skipped;
	struct {
		uint64_t	at;
		uint64_t	packets;
		uint64_t	bytes;
		uint64_t	lost;
	} shown;
	int			code;
};

/* Words for enum pcapng_link. */
extern const struct tq_name capture_links[];

/* Opens queue and sink, runs, closes, tells.  An exit status. */
int capture_run(struct tqctl *t, struct capture *c);

#endif
