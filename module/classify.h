/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify.h - the index of a table: from a packet's key to the first version
 * that matches it.
 */
#ifndef _TQ_CLASSIFY_H
#define _TQ_CLASSIFY_H

#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct tq_account;
struct tq_key;
struct tq_lines;
struct tq_match;
struct tq_plan;
struct tq_version;

enum {
	TQ_CLS_IPV4,
	TQ_CLS_IPV6,
	TQ_CLS_ANY,		/* rules without a family */
	TQ_CLS_LISTS,
};

/**
 * struct tq_shapes - the tuples of one family
 * @plan: RCU; NULL: no rules
 * @versions: linked
 * @tuples: that hold any
 * @planned: @versions when @plan was made
 * @changes: versions linked and unlinked since then
 * @untidy: @plan could be better
 */
struct tq_shapes {
	struct tq_plan __rcu	*plan;
	u32			versions;
	u32			tuples;
	u32			planned;
	u32			changes;
	bool			untidy;
};

/**
 * struct tq_classifier - index of one table
 * @lines: RCU; hash of all versions
 * @shapes: by family
 * @lock: what writers hold; only to be asserted, the owner has it
 * @slots: of @lines that are in use
 * @account: where its memory counts
 * @memory: bytes that do; what waits for a grace period to be freed does not
 */
struct tq_classifier {
	struct tq_lines __rcu	*lines;
	struct tq_shapes	shapes[TQ_CLS_LISTS];
	struct mutex		*lock;
	u32			slots;
	struct tq_account	*account;
	size_t			memory;
};

/* -ENOMEM, or -EDQUOT by @account, which must live as long. */
int tq_classifier_init(struct tq_classifier *c, struct mutex *lock, struct tq_account *account);
/* No packet looks and no version is linked any more. */
void tq_classifier_destroy(struct tq_classifier *c);

/* Links @v.  May sleep; -ENOMEM and -EDQUOT leave what packets find as it was. */
int tq_classifier_add(struct tq_classifier *c, struct tq_version *v);
/* Unlinks @v.  A packet may hold it for a grace period yet. */
void tq_classifier_del(struct tq_classifier *c, struct tq_version *v);

/* A linked version of this priority and match for which @wanted is true, or
 * NULL.  Under the lock.
 */
struct tq_version *tq_classifier_same(struct tq_classifier *c, u32 prio,
				      const struct tq_match *m,
				      bool (*wanted)(const struct tq_version *v, const void *arg),
				      const void *arg);

/* False: there is no version for packets of @family. */
static inline bool tq_classifier_asks(const struct tq_classifier *c, u8 family)
{
	return rcu_access_pointer(c->shapes[family == NFPROTO_IPV4 ? TQ_CLS_IPV4 : TQ_CLS_IPV6].plan) ||
	       rcu_access_pointer(c->shapes[TQ_CLS_ANY].plan);
}

/* The first version in order that matches @key in generation @gen and, if
 * @after is given, comes after that one.  Under rcu_read_lock(), which must have
 * been taken before @gen was read and @after found.
 */
struct tq_version *tq_classifier_lookup(const struct tq_classifier *c, const struct tq_key *key,
					unsigned long gen, const struct tq_version *after);

/* How many shapes it has. */
u32 tq_classifier_tuples(const struct tq_classifier *c);

/* For its parts: bytes that they are going to have, and have no more.  -EDQUOT. */
int tq_classifier_charge(struct tq_classifier *c, size_t bytes);
void tq_classifier_uncharge(struct tq_classifier *c, size_t bytes);

#endif /* _TQ_CLASSIFY_H */
