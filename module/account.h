/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * account.h - what a user namespace has of queues and tables, and its limits.
 *
 * Control path only: no packet writes to, or reads from, an account.
 */
#ifndef _TQ_ACCOUNT_H
#define _TQ_ACCOUNT_H

#include <linux/types.h>

struct tq_account;
struct user_namespace;

/* Said with -EDQUOT. */
#define TQ_OVER_MEMORY	"over the memory limit of the user namespace (max_memory, max_user_memory)"
#define TQ_OVER_QUEUES	"over the queue limit of the user namespace (max_queues, max_user_queues)"

/* A reference to the account of @ns.  NULL: no memory. */
struct tq_account *tq_account_get(struct user_namespace *ns);
/* A further reference. */
struct tq_account *tq_account_hold(struct tq_account *a);
/* May sleep. */
void tq_account_put(struct tq_account *a);

/* Counts @bytes, which need not be there yet.  -EDQUOT: over the limit, nothing
 * is counted.
 */
int tq_account_charge(struct tq_account *a, size_t bytes);
/* The same, over the limit or not: for what must not be refused. */
void tq_account_force(struct tq_account *a, size_t bytes);
void tq_account_uncharge(struct tq_account *a, size_t bytes);

/* The same for a queue. */
int tq_account_add_queue(struct tq_account *a);
void tq_account_del_queue(struct tq_account *a);

/**
 * struct tq_account_use - for people
 * @memory: bytes
 * @memory_max: 0: no limit
 * @queues: number
 * @queues_max: 0: no limit
 */
struct tq_account_use {
	u64	memory;
	u64	memory_max;
	u32	queues;
	u32	queues_max;
};

void tq_account_use(const struct tq_account *a, struct tq_account_use *use);

#endif /* _TQ_ACCOUNT_H */
