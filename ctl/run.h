/* SPDX-License-Identifier: GPL-2.0-only */
/* run.h - other programs, for what only they know. */
#ifndef TQCTL_RUN_H
#define TQCTL_RUN_H

#include <stddef.h>

/**
 * run_program() - runs a program that is found by $PATH, and keeps what it prints
 * @argv: ends with NULL
 * @out: the first @size - 1 bytes of its standard output, a string; or NULL: it goes
 *	where ours goes, and so do its complaints
 *
 * With @out its messages are in English, and its complaints are lost.  Returns its
 * exit status, 128 and more if a signal ended it, -1 with errno if there is no such
 * program.
 */
int run_program(const char *const argv[], char *out, size_t size);

#endif
