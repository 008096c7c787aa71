/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * complete.h - what may come next on a command line, for shells: from the tables
 * that help is printed from, and the names of what there is now.
 */
#ifndef TQCTL_COMPLETE_H
#define TQCTL_COMPLETE_H

struct tqctl;

/* Prints the words that may take the place of the last of @words, one a line; the
 * shell knows which of them begin as it does.  Always TQCTL_OK.
 */
int tqctl_complete(struct tqctl *t, const char *const *words, unsigned int n);

#endif
