/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * users.h - processes that have queues open or mapped, from /proc.
 */
#ifndef TQCTL_USERS_H
#define TQCTL_USERS_H

#include <stdint.h>
#include <sys/types.h>

struct user {
	uint32_t	queue;		/* id; 0: mapped only, and not known */
	pid_t		pid;
	char		comm[32];
};

struct users {
	struct user	*v;
	size_t		n;
};

/* Each process once for each queue.  -1: errno. */
int users_all(struct users *u);
void users_free(struct users *u);

#endif
