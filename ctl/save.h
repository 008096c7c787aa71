/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * save.h - the configuration of a namespace as the text that apply takes.
 */
#ifndef TQCTL_SAVE_H
#define TQCTL_SAVE_H

struct tqctl;

/* To t->out.file; with t->stats and counters.  An exit status. */
int save_config(struct tqctl *t);

#endif
