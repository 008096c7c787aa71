/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * txn.h - sets of changes to rules that become visible at once, or not at all.
 *
 * Life of a transaction: tq_txn_new(), any number of changes, then either
 * tq_txn_commit() and tq_txn_release(), or tq_txn_abort().  Every message
 * that changes rules is a transaction of its own, unless it names an open one.
 * What is committed to be confirmed leaves a second transaction, which would
 * take it back: see tq_txn_keep().
 */
#ifndef _TQ_TXN_H
#define _TQ_TXN_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "change.h"
#include "rule.h"

struct netlink_ext_ack;
struct tq_net;
struct tq_table;

/**
 * struct tq_txn - a transaction
 * @tn: its namespace
 * @id: 0: of one message only
 * @portid: of the netlink socket that owns it
 * @changes: struct tq_change
 * @count: length of @changes
 * @rooms: struct tq_room: how many rules it adds to which table
 * @back: what takes it back once it is committed, if tq_txn_keep() was called
 * @unconfirmed: this is one that takes another back, which is committed
 * @deadline: jiffies64 at which it does so
 * @work: reclaims what was replaced, a grace period after commit
 */
struct tq_txn {
	struct tq_net		*tn;
	u32			id;
	u32			portid;
	struct list_head	changes;
	u32			count;
	struct list_head	rooms;
	struct tq_txn		*back;
	bool			unconfirmed;
	u64			deadline;
	struct rcu_work		work;
};

/**
 * struct tq_rule_spec - a rule as a request describes it
 * @handle: 0: the kernel gives one
 * @actions: with users of the queues, which a successful call takes over
 * @packets: and so on: what the counters of a new rule begin with
 * @excl: an equal rule is an error, not the answer
 * @append: an equal rule is no reason not to add this one; @excl goes before it
 * @timed: @timeout_ms and @expires_ms, what is left of it, are given; 0: never
 */
struct tq_rule_spec {
	u64			handle;
	u32			prio;
	struct tq_match		match;
	struct tq_actions	actions;
	bool			excl;
	bool			append;
	bool			timed;
	u64			timeout_ms;
	u64			expires_ms;
	u64			packets;
	u64			bytes;
	u64			copies;
	u32			last_hit;
};

/* All under tq_net.lock. */
struct tq_txn *tq_txn_new(struct tq_net *tn, u32 portid);

/* The rule that @spec added or, without a handle, that was there already;
 * valid as long as tq_net.lock is held.  ERR_PTR: nothing was changed.
 */
struct tq_rule *tq_txn_add(struct tq_txn *txn, struct tq_table *t, struct tq_rule_spec *spec,
			   struct netlink_ext_ack *extack);
struct tq_rule *tq_txn_replace(struct tq_txn *txn, struct tq_table *t, struct tq_rule_spec *spec,
			       struct netlink_ext_ack *extack);
int tq_txn_delete(struct tq_txn *txn, struct tq_table *t, u64 handle,
		  struct netlink_ext_ack *extack);
int tq_txn_flush(struct tq_txn *txn, struct tq_table *t, struct netlink_ext_ack *extack);

/* Undoes the changes that were made when there were more than @count. */
void tq_txn_rollback(struct tq_txn *txn, u32 count);

/* Makes all changes visible, each table at once; can't fail, does not wait. */
void tq_txn_commit(struct tq_txn *txn);
/* After commit, and after its changes were announced: lets go of it. */
void tq_txn_release(struct tq_txn *txn);
void tq_txn_abort(struct tq_txn *txn);

/* Before a commit: makes the transaction that takes it back, @txn->back.  After
 * the commit it is the caller's, for tq_txn_confirm() or for tq_txn_revert(),
 * which ends as a commit does, by tq_txn_release().  -ENOMEM, -EDQUOT: nothing is
 * kept.
 */
int tq_txn_keep(struct tq_txn *txn);
void tq_txn_confirm(struct tq_txn *back);
void tq_txn_revert(struct tq_txn *back);

/* What @rule becomes if the transaction that has changed it commits, or NULL. */
static inline struct tq_version *tq_rule_pending(const struct tq_rule *rule)
{
	return rule->change ? rule->change->version : NULL;
}

#endif /* _TQ_TXN_H */
