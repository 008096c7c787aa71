// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Accounts
 *
 * Queues and tables are counted for the user namespace that owns their network
 * namespace; all network namespaces of one user namespace share its account.
 *
 * What counts: the rings of queues, from before their pages are allocated until
 * these are free, so also while somebody has a deleted queue open; rules, their
 * versions, changes and the index of tables, until they are handed over to RCU.
 * What does not: hooks, open files, messages on their way; those are charged to
 * the memory cgroup only, as is all of this.
 *
 * A user namespace that another one has made counts there as well, so that
 * nesting gets nobody round a limit.  The initial one is left out of that: its
 * limit is for its own, or any user could use it up.
 *
 * An account lives as long as anything is counted in it, which may be longer
 * than the network namespace (a table is freed by a worker, a queue when its last
 * file is closed).  It holds its user namespace, so no new one can have the same
 * address; and it can be found as long as it lives, so nobody gets a new one
 * while an old one still has memory.  When it goes, all must be given back.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "account.h"
#include "param.h"

/**
 * struct tq_account - an account
 * @memory: bytes
 * @queues: number
 * @user_ns: whose; a reference
 * @parent: account of the user namespace that made it; a reference.  NULL: that
 *	is the initial one, or this is
 * @refs: when 0, it is taken out of @accounts under the lock
 * @node: in @accounts
 */
struct tq_account {
	atomic64_t		memory;
	atomic64_t		queues;
	struct user_namespace	*user_ns;
	struct tq_account	*parent;
	refcount_t		refs;
	struct hlist_node	node;
};

static DEFINE_MUTEX(accounts_lock);
static DEFINE_HASHTABLE(accounts, 8);

static struct tq_account *find(const struct user_namespace *ns)
{
	struct tq_account *a;

	hash_for_each_possible(accounts, a, node, (unsigned long)ns)
		if (a->user_ns == ns)
			return a;
	return NULL;
}

static struct tq_account *new_account(struct user_namespace *ns)
{
	struct tq_account *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);

	if (!a)
		return NULL;
	a->user_ns = get_user_ns(ns);
	refcount_set(&a->refs, 1);
	hash_add(accounts, &a->node, (unsigned long)ns);
	return a;
}

struct tq_account *tq_account_get(struct user_namespace *ns)
{
	struct tq_account *first = NULL, **link = &first;
	bool failed = false;

	mutex_lock(&accounts_lock);
	do {
		*link = find(ns);
		if (*link) {
			/* Its parents are there. */
			refcount_inc(&(*link)->refs);
			break;
		}
		*link = new_account(ns);
		failed = !*link;
		if (failed)
			break;
		link = &(*link)->parent;
		ns = ns->parent;
	} while (ns && ns != &init_user_ns);
	mutex_unlock(&accounts_lock);
	if (failed) {
		tq_account_put(first);
		return NULL;
	}
	return first;
}

struct tq_account *tq_account_hold(struct tq_account *a)
{
	refcount_inc(&a->refs);
	return a;
}

void tq_account_put(struct tq_account *a)
{
	while (a && refcount_dec_and_mutex_lock(&a->refs, &accounts_lock)) {
		struct tq_account *parent = a->parent;

		hash_del(&a->node);
		mutex_unlock(&accounts_lock);
		WARN_ON_ONCE(atomic64_read(&a->memory) || atomic64_read(&a->queues));
		put_user_ns(a->user_ns);
		kfree(a);
		a = parent;
	}
}

static unsigned long memory_max(const struct tq_account *a)
{
	return a->user_ns == &init_user_ns ? READ_ONCE(tq_params.max_memory) :
					     READ_ONCE(tq_params.max_user_memory);
}

static unsigned long queues_max(const struct tq_account *a)
{
	return a->user_ns == &init_user_ns ? READ_ONCE(tq_params.max_queues) :
					     READ_ONCE(tq_params.max_user_queues);
}

static bool add_within(atomic64_t *v, s64 n, s64 max)
{
	s64 now = atomic64_read(v);

	do {
		if (max && now + n > max)
			return false;
	} while (!atomic64_try_cmpxchg(v, &now, now + n));
	return true;
}

int tq_account_charge(struct tq_account *a, size_t bytes)
{
	struct tq_account *at, *undo;

	for (at = a; at; at = at->parent) {
		if (add_within(&at->memory, bytes, memory_max(at)))
			continue;
		for (undo = a; undo != at; undo = undo->parent)
			atomic64_sub(bytes, &undo->memory);
		return -EDQUOT;
	}
	return 0;
}

void tq_account_force(struct tq_account *a, size_t bytes)
{
	for (; a; a = a->parent)
		atomic64_add(bytes, &a->memory);
}

void tq_account_uncharge(struct tq_account *a, size_t bytes)
{
	for (; a; a = a->parent)
		atomic64_sub(bytes, &a->memory);
}

int tq_account_add_queue(struct tq_account *a)
{
	struct tq_account *at, *undo;

	for (at = a; at; at = at->parent) {
		if (add_within(&at->queues, 1, queues_max(at)))
			continue;
		for (undo = a; undo != at; undo = undo->parent)
			atomic64_dec(&undo->queues);
		return -EDQUOT;
	}
	return 0;
}

void tq_account_del_queue(struct tq_account *a)
{
	for (; a; a = a->parent)
		atomic64_dec(&a->queues);
}

void tq_account_use(const struct tq_account *a, struct tq_account_use *use)
{
	use->memory = atomic64_read(&a->memory);
	use->memory_max = memory_max(a);
	use->queues = atomic64_read(&a->queues);
	use->queues_max = min(queues_max(a), (unsigned long)U32_MAX);
}
