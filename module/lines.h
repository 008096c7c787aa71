/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lines.h - the hash of a classifier: from (tuple, masked key) to versions.
 *
 * The array consists of lines of 64 bytes: seven tags of 8 bits, seven slots,
 * and a count.  A key's versions are in one slot of the line that its hash names
 * or, if that was full, of one of the next; "spilled" counts the slots that are
 * in a later line though they belong to this or an earlier one.  So a key that
 * is not there costs one line, nearly always.
 *
 * A slot is a version, or, with its lowest bit set, a vector of them in order.
 *
 * Readers trust nothing but the version itself: a tag may be stale, a slot may
 * be anybody's.  A live slot is never moved inside an array.
 */
#ifndef _TQ_LINES_H
#define _TQ_LINES_H

#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "rule.h"

struct tq_point;
struct tq_tuple;

#define TQ_LINE_SLOTS	7

/**
 * struct tq_line - one line of the hash
 * @tag: of each slot; 0: empty
 * @spilled: slots that had to go further; TQ_SPILLED_MAX: and never less
 * @tags: all of them at once
 * @slot: a version, or a vector with the lowest bit set; 0: none
 */
struct tq_line {
	union {
		struct {
			u8	tag[TQ_LINE_SLOTS];
			u8	spilled;
		};
		__le64		tags;
	};
	unsigned long		slot[TQ_LINE_SLOTS];
};

#define TQ_SPILLED_MAX	255

/**
 * struct tq_lines - the array
 * @line: aligned to its size
 * @n: number of lines
 */
struct tq_lines {
	struct rcu_head		rcu;
	struct tq_line		*line;
	u32			n;
};

/**
 * struct tq_entry - one version in a vector, with what decides most often
 * @v: NULL: deleted
 * @prio: its own
 * @dport_min: lowest destination port, 0 if it does not ask for ports
 * @dport_max: highest, or 65535
 */
struct tq_entry {
	struct tq_version	*v;
	u32			prio;
	u16			dport_min;
	u16			dport_max;
};

/**
 * struct tq_vector - versions with one key in one tuple, in order
 * @n: length
 * @dead: deleted ones
 */
struct tq_vector {
	struct rcu_head		rcu;
	u32			n;
	u32			dead;
	struct tq_entry		entry[];
};

static inline size_t tq_vector_size(u32 n)
{
	return offsetof(struct tq_vector, entry[n]);
}

static inline struct tq_vector *tq_slot_vector(unsigned long slot)
{
	return slot & 1 ? (struct tq_vector *)(slot & ~1UL) : NULL;
}

static inline struct tq_line *tq_line_of(const struct tq_lines *l, u64 hash)
{
	return &l->line[((hash & U32_MAX) * l->n) >> 32];
}

static inline struct tq_line *tq_line_next(const struct tq_lines *l, struct tq_line *line)
{
	return ++line == l->line + l->n ? l->line : line;
}

static inline u8 tq_tag_of(u64 hash)
{
	return (hash >> 56) ?: 1;
}

/* Bit 8 * i + 7 is set if slot i of @line may have @tag. */
static inline u64 tq_line_match(const struct tq_line *line, u8 tag)
{
	u64 x = le64_to_cpu(READ_ONCE(line->tags)) ^ tag * 0x0101010101010101ULL;

	return (x - 0x0101010101010101ULL) & ~x & 0x0080808080808080ULL;
}

/* Under the lock of the owner, all of them. */
struct tq_lines *tq_lines_alloc(u32 n);
void tq_lines_free(struct tq_lines *l);
void tq_lines_free_rcu(struct tq_lines *l);

/* The slot of the key that @at has in @t, or NULL; @hash: of that key. */
unsigned long *tq_lines_find(const struct tq_lines *l, const struct tq_tuple *t, u64 hash,
			     const struct tq_point *at);
/* A version that is in @slot. */
struct tq_version *tq_slot_first(unsigned long slot);
/* How many versions are. */
u32 tq_slot_count(unsigned long slot);

/* Puts @v into @slot, which has its key; -ENOMEM. */
int tq_slot_add(unsigned long *slot, struct tq_version *v);
/* Puts @what into an empty slot; -ENOSPC. */
int tq_lines_insert(struct tq_lines *l, u64 hash, unsigned long what);
/* Takes @v out of the slot of its key, which is at @at.  True: that is empty now,
 * and @freed bytes of a vector with it.
 */
bool tq_lines_remove(struct tq_lines *l, const struct tq_version *v, u64 hash,
		     const struct tq_point *at, size_t *freed);

#endif /* _TQ_LINES_H */
