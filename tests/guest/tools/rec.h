/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rec.h - checks what read(2) of a queue returns against the uapi header, and
 * keeps a ledger of sequence numbers: which were read, which were told lost.
 */
#ifndef REC_H
#define REC_H

#include <linux/tqueue.h>
#include "common.h"

#define REC_CPUS	64
#define REC_SETS	4096	/* generations that are looked at together */

/* One line of a ledger: @n numbers of @cpu's ring from @seq on. */
struct span {
	u32	cpu;
	u32	lost;		/* 0: one record that was read; 1: told lost */
	u64	seq;
	u64	n;
};

struct ledger {
	struct span	*span;
	size_t		n, room;
};

void ledger_add(struct ledger *l, const struct span *s);

/* What a ledger as a whole amounts to. */
struct ledger_sum {
	u64	read;
	u64	lost;
	u64	missing;	/* neither read nor told lost */
	u64	twice;		/* in more than one span */
	u64	next[REC_CPUS];	/* number after the last; 0: none seen */
};

/* Sorts @l. */
void ledger_sum(struct ledger *l, struct ledger_sum *sum);

/* One reader: state for checks that span records. */
struct reader {
	u32		queue;		/* expected id; 0: any */
	int		raw;		/* a target took what a raw socket sent, which may be no IP */
	int		check_sets;	/* rule >> 32 is the same within a generation */
	struct ledger	ledger;
	u64		records, packets, messages, lost, lost_records, bytes;
	u64		cause[TQUEUE_LOSS_SLOTS];
	u64		bad;		/* violations; the first few are printed */
	u64		unmatched;	/* packets without a rule */
	u64		next[REC_CPUS];
	u64		mono[REC_CPUS];
	u32		gen[REC_CPUS];
	u8		gen_seen[REC_CPUS];
	struct {
		u32	gen, set, valid;
	} sets[REC_SETS];
	u64		generations;
};

typedef void (*rec_fn)(const struct tqueue_record *rec, const u8 *payload, void *arg);

/* Checks the @len bytes at @buf that one read returned and calls @fn (may be
 * NULL) for every record.  @open_end: the buffer may end in zeros (a reader
 * that was killed).  Returns the bytes that records took.
 */
size_t rec_parse(struct reader *r, const u8 *buf, size_t len, int open_end,
		 rec_fn fn, void *arg);

void rec_bad(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* REC_H */
