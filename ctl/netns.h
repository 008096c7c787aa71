/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netns.h - the network namespaces that can be entered: our own, those of
 * "ip netns", and those of processes.
 */
#ifndef TQCTL_NETNS_H
#define TQCTL_NETNS_H

#include <stddef.h>
#include <sys/types.h>

/**
 * struct netns - one of them
 * @fd: holds it
 * @name: for people: "" our own, a name of "ip netns", or "of process 1 (x)"
 * @path: for tnl_open(), as long as @fd is open
 */
struct netns {
	int	fd;
	dev_t	dev;
	ino_t	ino;
	char	name[64];
	char	path[40];
};

struct netns_list {
	struct netns	*v;
	size_t		n;
};

/* Each once, our own first.  -1: errno.  What can't be opened is not there. */
int netns_all(struct netns_list *l);
void netns_free(struct netns_list *l);

#endif
