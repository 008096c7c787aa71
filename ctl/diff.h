/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * diff.h - what there is to do to turn one configuration into another.
 *
 * Objects are the same by name, hooks by table and place.  Where another table
 * is wanted at the place of a hook, the hook is given that table.
 */
#ifndef TQCTL_DIFF_H
#define TQCTL_DIFF_H

#include <stdio.h>

#include "config.h"
#include "plan.h"

enum diff_what {
	DIFF_KEEP,
	DIFF_ADD,
	DIFF_SET,
	DIFF_DEL,
};

/**
 * struct diff - what to do with each object
 * @queue, @table, @hook: as the objects that are wanted: KEEP, ADD or SET
 * @old_queue, @old_table, @old_hook: as those that are there: KEEP or DEL
 * @hook_id: the hook of each that is wanted, unless it is to be added
 * @plans: as the tables that are wanted
 * @changes: all together
 */
struct diff {
	enum diff_what	*queue, *old_queue;
	enum diff_what	*table, *old_table;
	enum diff_what	*hook, *old_hook;
	uint32_t	*hook_id;
	struct plan	*plans;
	size_t		plan_n;
	size_t		changes;
};

/* Both must be sorted.  -1: no memory. */
int diff_make(struct diff *d, struct config *now, struct config *want);
void diff_free(struct diff *d);

/* A line for each change: + what comes, - what goes, ~ what changes. */
void diff_print(FILE *f, const struct diff *d, const struct config *now,
		const struct config *want);

/* Has @want a higher limit than @now, or @now one and @want none? */
bool diff_raises(const struct config_table *now, const struct config_table *want);

/* The settings that @want names and @now has otherwise, as attributes. */
uint64_t diff_settings(const struct tq_queue *now, const struct tq_queue *want);

#endif
