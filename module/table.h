/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - a named, ordered set of rules.
 *
 * Who can hold a table: its name (one user, until deleted or the namespace
 * ends), every hook and every xtables rule (a user each), every change that is
 * not reclaimed yet (a reference, not a user).  tq_table_delete() works only
 * while the name is the sole user.
 */
#ifndef _TQ_TABLE_H
#define _TQ_TABLE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/tqueue.h>
#include <linux/workqueue.h>

#include "busy.h"
#include "classify.h"
#include "rule.h"

struct netlink_ext_ack;
struct tq_net;
struct tq_queue;

/**
 * struct tq_table - a table
 * @generation: what packets see; written with release by commit, the only
 *	thing that a commit changes for them
 * @classifier: index of all linked versions, seen or not
 * @name_node: RCU; in tq_net.table_names
 * @lock: protects everything below; inside tq_net.lock
 * @handles: rules by handle: committed or pending, not deleted
 * @order: all linked versions by (prio, place)
 * @expiry: struct tq_extra of rules that expire, soonest first
 * @next_handle: not in use, nor any above
 * @next_place: behind all others
 * @rules: committed and not deleted
 * @rules_max: no more of them; 0: no limit
 * @promised: what open transactions may add to them; see room.c
 * @nfqueue_rules: versions with verdict nfqueue, pending or seen by packets
 * @queue_rules: versions that copy to a queue or steal, likewise
 * @netdev_hooks: where such a verdict can't be carried out; under tq_net.lock
 * @busy: rules that many packets hit
 * @account: where it counts; a reference
 * @memory: bytes of it, the rules, the linked versions and what they hold, all of
 *	which are charged to @account
 * @unconfirmed: changes that may still be taken back; under tq_net.lock
 * @committing: a commit has changed it, but not @generation yet
 * @snapshots: struct tq_snapshot
 * @kept: struct tq_change that would disturb a snapshot if they ended
 * @kept_n: length of @kept
 * @kept_work: looks what of it is not needed any more
 * @users: who forbids its deletion
 * @refs: who keeps its memory
 * @xt_lock: protects @xt_users
 * @xt_users: struct tq_xt_user
 * @work: frees it
 */
struct tq_table {
	atomic_long_t		generation;
	struct tq_classifier	classifier;
	u32			id;
	char			name[TQUEUE_NAME_SIZE];
	struct hlist_node	name_node;

	struct mutex		lock;
	struct rhashtable	handles;
	struct rb_root		order;
	struct rb_root_cached	expiry;
	u64			next_handle;
	u64			next_place;
	u32			rules;
	u32			rules_max;
	s64			promised;
	u32			nfqueue_rules;
	u32			queue_rules;
	u32			netdev_hooks;
	u32			unconfirmed;
	struct tq_busy		busy;
	struct tq_account	*account;
	u64			memory;
	bool			committing;
	struct list_head	snapshots;
	struct list_head	kept;
	u32			kept_n;
	struct delayed_work	kept_work;

	refcount_t		users;
	refcount_t		refs;
	spinlock_t		xt_lock;
	struct list_head	xt_users;
	struct rcu_work		work;
};

static inline unsigned long tq_table_generation(const struct tq_table *t)
{
	return atomic_long_read(&t->generation);
}

/* Looks @name up and takes a user (and a reference); any context, RCU only. */
struct tq_table *tq_table_use(struct tq_net *tn, const char *name);
/* A further user of a table that the caller holds. */
void tq_table_use_again(struct tq_table *t);
void tq_table_unuse(struct tq_table *t);
void tq_table_get(struct tq_table *t);
void tq_table_put(struct tq_table *t);

/* xtables rules by family and iptables table, for the HOLDERS nest. */
int tq_table_xt_add(struct tq_table *t, u8 family, const char *xt_table);
void tq_table_xt_del(struct tq_table *t, u8 family, const char *xt_table);

/* Control path, under tq_net.lock. */
struct tq_table *tq_table_find(struct tq_net *tn, const char *name);
struct tq_table *tq_table_create(struct tq_net *tn, const char *name, u32 rules_max,
				 struct netlink_ext_ack *extack);
/* 1: changed, 0: nothing to change, -EBUSY: there are more rules. */
int tq_table_limit(struct tq_table *t, u32 rules_max);
int tq_table_delete(struct tq_net *tn, struct tq_table *t);
void tq_table_kill_all(struct tq_net *tn);

/* Under tq_table.lock.  What takes memory may be refused: -ENOMEM, -EDQUOT. */
struct tq_rule *tq_table_rule(struct tq_table *t, u64 handle);
int tq_table_hash(struct tq_table *t, struct tq_rule *rule);
void tq_table_unhash(struct tq_table *t, struct tq_rule *rule);
/* tq_rule_make_extra() for a rule that is in the table of handles. */
int tq_table_make_extra(struct tq_table *t, struct tq_rule *rule);
/* @rule may get a timeout now: packets look for it. */
int tq_table_make_timed(struct tq_table *t, struct tq_rule *rule);
/* A rule that is in the table of handles has so many bytes more, or less again. */
int tq_table_charge(struct tq_table *t, size_t bytes);
void tq_table_uncharge(struct tq_table *t, size_t bytes);
/* The rule expires in @ms milliseconds, or, if 0, never. */
void tq_table_set_expiry(struct tq_table *t, struct tq_rule *rule, u64 ms);
/* At @when, jiffies64; 0: never. */
void tq_table_expire_at(struct tq_table *t, struct tq_rule *rule, u64 when);
/* The rule is not looked for when it expires; its time stays as it is. */
void tq_table_unexpire(struct tq_table *t, struct tq_rule *rule);
int tq_table_link(struct tq_table *t, struct tq_version *v);
void tq_table_unlink(struct tq_table *t, struct tq_version *v);
/* A version may be seen by packets, now or after a commit; or not any more. */
static inline void tq_table_alive(struct tq_table *t, const struct tq_version *v)
{
	t->nfqueue_rules += v->verdict == TQUEUE_VERDICT_NFQUEUE;
	t->queue_rules += v->link->actions->n_copies || v->link->actions->steal;
}

static inline void tq_table_dead(struct tq_table *t, const struct tq_version *v)
{
	t->nfqueue_rules -= v->verdict == TQUEUE_VERDICT_NFQUEUE;
	t->queue_rules -= v->link->actions->n_copies || v->link->actions->steal;
}

/* The first linked version behind (@prio, @place), or the very first. */
struct tq_version *tq_table_after(struct tq_table *t, bool first, u32 prio, u64 place);
struct tq_version *tq_table_next(struct tq_version *v);
u64 tq_table_memory(struct tq_table *t);

/* Fills the HOLDER nests of a table or, for rules that copy to it, of a queue.
 * Under tq_net.lock.
 */
int tq_table_put_holders(struct sk_buff *skb, struct tq_net *tn, struct tq_table *t);
int tq_table_put_queue_holders(struct sk_buff *skb, struct tq_net *tn, const struct tq_queue *q);

/* Waits until everything that was deleted or replaced before has given back
 * what it held.  Sleeps for a grace period or two; under none of our locks.
 */
void tq_table_reclaim_wait(void);

/* For work that must be over before the module or a table goes. */
extern struct workqueue_struct *tq_wq;

int tq_table_init(void);
void tq_table_exit(void);

#endif /* _TQ_TABLE_H */
