/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * save.h - the configuration of a namespace as what apply and restore take.
 */
#ifndef TQCTL_SAVE_H
#define TQCTL_SAVE_H

struct tqctl;

/* To t->out, as text or JSON; with t->stats and counters.  An exit status. */
int save_config(struct tqctl *t);

#endif
