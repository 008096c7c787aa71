/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exact.h - knows every byte of what tqgen sends, and looks whether records have it.
 */
#ifndef EXACT_H
#define EXACT_H

#include "rec.h"
#include "spec.h"

#define EXACT_THREADS	8	/* of the sender */

struct exact {
	u8		macs[12];	/* destination, source */
	struct spec	spec;
};

/* Which of the sender's packets one reader has seen. */
struct exact_seen {
	struct ledger	numbers;	/* "cpu" is the sender's thread */
	u64		next[REC_CPUS][EXACT_THREADS];
	u64		disorder;	/* a lower number after a higher one in one ring */
};

/* "02:00:00:00:00:0b 02:00:00:00:00:0a udp 10.9.0.1:7 ..." */
void exact_parse(struct exact *e, const char *text);

/* Calls rec_bad(@r) if this is no whole packet of the sender's, byte by byte. */
void exact_check(const struct exact *e, struct exact_seen *seen, struct reader *r,
		 const struct tqueue_record *rec, const u8 *payload);

#endif /* EXACT_H */
