/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - what queues do in a second: the difference of two views of them.
 */
#ifndef TQCTL_TOP_H
#define TQCTL_TOP_H

#include <stdint.h>
#include <stdio.h>

#include "model.h"

struct json_object;

/**
 * struct top_view - all queues at one moment
 * @at: CLOCK_MONOTONIC, ns
 * @queue: with their rings, by order of the kernel
 */
struct top_view {
	uint64_t	at;
	struct tq_queue	*queue;
	size_t		n;
};

/* Takes @q over, which may be a further part of the last one.  0, or -1: no memory. */
int top_add(struct top_view *v, struct tq_queue *q);
void top_free(struct top_view *v);

/* What happened from @was to @now.  A queue that was not there has begun at 0. */
void print_top(FILE *f, const struct top_view *was, const struct top_view *now);
struct json_object *json_top(const struct top_view *was, const struct top_view *now);

#endif
