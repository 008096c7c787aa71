/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify.h - the index of a table: from a packet's key to the first version
 * that matches it.
 */
#ifndef _TQ_CLASSIFY_H
#define _TQ_CLASSIFY_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct tq_buckets;
struct tq_key;
struct tq_match;
struct tq_version;

enum {
	TQ_CLS_IPV4,
	TQ_CLS_IPV6,
	TQ_CLS_ANY,		/* rules without a family */
	TQ_CLS_LISTS,
};

/**
 * struct tq_classifier - index of one table
 * @buckets: RCU; hash of all versions
 * @tuples: RCU; struct tq_tuple.node, the shapes by family
 * @lock: what writers hold; only to be asserted, the owner has it
 * @grown: RCU state of the last growth
 * @seed: of the hash
 * @versions: linked
 * @n_tuples: linked
 * @next_id: of a tuple
 */
struct tq_classifier {
	struct tq_buckets __rcu	*buckets;
	struct list_head	tuples[TQ_CLS_LISTS];
	struct mutex		*lock;
	unsigned long		grown;
	u32			seed;
	u32			versions;
	u32			n_tuples;
	u32			next_id;
};

int tq_classifier_init(struct tq_classifier *c, struct mutex *lock);
/* No packet looks and no version is linked any more. */
void tq_classifier_destroy(struct tq_classifier *c);

/* Links @v.  May sleep; -ENOMEM leaves the index as it was. */
int tq_classifier_add(struct tq_classifier *c, struct tq_version *v);
/* Unlinks @v.  A packet may hold it for a grace period yet. */
void tq_classifier_del(struct tq_classifier *c, struct tq_version *v);

/* The next linked version after @prev (NULL: the first) with this priority and
 * match, in no order.  Under the lock.
 */
struct tq_version *tq_classifier_same(struct tq_classifier *c, u32 prio,
				      const struct tq_match *m, struct tq_version *prev);

/* The first version in order that matches @key in generation @gen and, if
 * @after is given, comes after that one.  Under rcu_read_lock(), which must have
 * been taken before @gen was read and @after found.
 */
struct tq_version *tq_classifier_lookup(const struct tq_classifier *c, const struct tq_key *key,
					unsigned long gen, const struct tq_version *after);

size_t tq_classifier_memory(const struct tq_classifier *c);

#endif /* _TQ_CLASSIFY_H */
