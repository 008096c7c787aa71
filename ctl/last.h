/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * last.h - the newest of the records that go by, as copies.
 */
#ifndef TQCTL_LAST_H
#define TQCTL_LAST_H

#include <stdint.h>
#include <linux/tqueue.h>

/**
 * struct last - up to @max records
 * @v: a ring of @max places, as copies
 * @seen: how many have gone by; the place of the next is @seen % @max
 */
struct last {
	uint32_t		max;
	struct tqueue_record	**v;
	uint64_t		seen;
};

/* 0, or -1: no memory; then last_free() is still to be called. */
int last_init(struct last *l, uint32_t max);
/* Keeps @rec, and forgets the oldest if there are too many.  0, or -1: no memory. */
int last_keep(struct last *l, const struct tqueue_record *rec);
/* The @i-th of those that are kept, the oldest being 0; NULL behind the newest. */
const struct tqueue_record *last_get(const struct last *l, uint32_t i);
void last_free(struct last *l);

#endif
