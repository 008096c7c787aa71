/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plan.h - the smallest change that turns one table into another.
 *
 * Rules of a table are kept wherever they are the same, with handle, counters
 * and what is left of their timeouts.  The kernel puts a new rule behind all
 * others of its priority, so one that belongs between others makes those that
 * come after it move, too: but only such as share a packet with it, since for
 * all others the order has no meaning.
 */
#ifndef TQCTL_PLAN_H
#define TQCTL_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

enum plan_what {
	PLAN_KEEP,	/* nothing to do */
	PLAN_TIMEOUT,	/* the same, but for its timeout */
	PLAN_REPLACE,	/* other words for the handle of its mate, in its place */
	PLAN_MOVE,	/* its mate, behind all others of its priority */
	PLAN_ADD,
};

/**
 * struct plan - for each wanted rule what is to be done
 * @what: as the rules of the table that is wanted
 * @changes: rules to delete, change, move or add, all together
 *
 * Rules of the present table without a mate are to be deleted.
 */
struct plan {
	enum plan_what	*what;
	size_t		changes;
};

/* Both tables must be sorted; sets the mates of their rules.  @now may be NULL:
 * an empty table.  -1: no memory.
 */
int plan_rules(struct plan *plan, struct config_table *now, struct config_table *want);
void plan_free(struct plan *plan);

/* False if no packet can match both. */
bool plan_overlap(const struct config_box *a, const struct config_box *b);

#endif
