/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apply.h - makes a configuration what another says.
 */
#ifndef TQCTL_APPLY_H
#define TQCTL_APPLY_H

#include "config.h"
#include "diff.h"

struct tqctl;

/**
 * struct apply - one run
 * @dry: show only
 * @quiet: do not show
 * @restore: no file is standard input
 * @confirm_ms: rules are to be confirmed within this time; 0: not
 * @queues_made: of the wanted ones that were to be added, or changed
 * @tables_made: of the wanted ones that were to be added
 */
struct apply {
	struct tqctl	*t;
	struct config	now, want;
	struct diff	diff;
	bool		dry, quiet, restore;
	uint32_t	confirm_ms;
	size_t		queues_made, tables_made;
};

/* Reads what is there and compares it with @a->want.  An exit status. */
int apply_compare(struct apply *a);
/* Makes the change in @a->diff, which is there.  An exit status. */
int apply_run(struct apply *a);
/* The same, with @a->confirm_ms. */
int apply_confirmed(struct apply *a);

#endif
