/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay.h - what a table would do with the packets of a capture file.
 */
#ifndef TQCTL_REPLAY_H
#define TQCTL_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "decode.h"
#include "parse.h"

struct json_object;
struct tqctl;

/**
 * struct replay_words - what was asked for
 * @path: the file; "-" is standard input
 * @filter: in the language of libpcap, or NULL
 * @count: only so many packets; 0: all
 * @summary: nothing about single packets
 * @given: what a capture does not know: interfaces, mark, state of conntrack
 */
struct replay_words {
	const char		*path;
	const char		*filter;
	uint64_t		count;
	bool			summary;
	struct tq_packet	given;
};

/* A packet of the file; @number counts from 1, in the file. */
struct replay_line {
	uint64_t		number;
	uint64_t		ns;
	uint32_t		len;
	enum decode		found;
	struct tq_packet	pkt;
	const struct answer	*answer;	/* of DECODE_IP only */
};

struct replay_count {
	uint64_t	packets;
	uint64_t	bytes;
};

/**
 * struct replay_sum - all of them
 * @packets: that were looked at
 * @no_rule: IP, but no rule matched; bytes from the IP header on
 * @other: by enum decode; bytes of the frames
 * @first_generation: of the table, at the first answer
 */
struct replay_sum {
	uint64_t		packets;
	struct replay_count	no_rule;
	struct replay_count	other[DECODE_CUT + 1];
	uint64_t		first_generation;
};

/* parse_replay.c: what follows "rule test TABLE capture" */
extern const struct parse_key parse_replay_keys[];
int parse_replay(struct parse *p, struct replay_words *w);

/* replay.c: an exit status */
int replay_run(struct tqctl *t, const char *table, const struct replay_words *w);

/* print_replay.c */
void print_replay_line(FILE *f, const struct ask *a, const struct replay_line *line);
struct json_object *json_replay_line(const struct ask *a, const struct replay_line *line);
/* These order the rules of @a, so that no answer is good any more. */
void print_replay_sum(FILE *f, struct ask *a, const struct replay_sum *sum);
struct json_object *json_replay_sum(struct ask *a, const struct replay_sum *sum);

#endif
