/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blob.h - rules of iptables as the kernel takes them, with tqueue's match and target.
 *
 * By native user space and by that of 32 bits, whose entries and standard targets are
 * smaller.  Objects: tables t and t2, queues q and q2.
 */
#ifndef BLOB_H
#define BLOB_H

#include <linux/netfilter/xt_tqueue.h>
#include "common.h"

#define BLOB_MAX	8192
#define BLOB_INFOS	64
#define BLOB_HOOKS	5

/* How one kind of user space of one family has it. */
struct blob_abi {
	u32	ip;		/* bytes of the entry's own match */
	u32	entry;		/* and of the entry */
	u32	standard;	/* of a standard target */
	u32	align;
};

const struct blob_abi *blob_abi(int six, int compat);

/* A match or target in a blob, by where its header begins. */
struct blob_part {
	u32	at;
	int	target;
};

struct blob {
	const struct blob_abi	*abi;
	u8			bytes[BLOB_MAX];
	u32			len, entries;
	u32			hook_entry[BLOB_HOOKS], underflow[BLOB_HOOKS];
	struct blob_part	part[BLOB_INFOS];
	u32			parts;
};

/* The chains of the table filter, with up to @rules of our rules in each. */
void blob_make(struct blob *b, const struct blob_abi *abi, struct rng *rng, u32 rules);
/* Spoils it, in one place or in a few. */
void blob_spoil(struct blob *b, struct rng *rng);

/* An info that the kernel must take. */
u32 blob_info(u8 *info, int target, struct rng *rng);
void blob_spoil_info(u8 *info, int target, struct rng *rng);

/* NULL, or what is wrong with an info that the kernel has taken. */
const char *blob_info_wrong(const u8 *info, int target);
/* The same of all that is listed; @n: how many of ours there are. */
const char *blob_wrong(const struct blob_abi *abi, const u8 *bytes, u32 len, u32 *n);

#endif /* BLOB_H */
