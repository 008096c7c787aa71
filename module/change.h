/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * change.h - what a transaction makes of one rule.
 */
#ifndef _TQ_CHANGE_H
#define _TQ_CHANGE_H

#include <linux/list.h>
#include <linux/types.h>

struct tq_rule;
struct tq_table;
struct tq_txn;
struct tq_version;

/**
 * struct tq_change - one rule added, replaced or deleted
 * @node: in tq_txn.changes, oldest first
 * @table: a reference
 * @rule: a reference; NULL: not yet
 * @version: what the rule became; NULL: deleted
 * @txn: that it is part of
 * @prev: the transaction's change of the same rule before this one; NULL: it is
 *	the first
 * @before: with @prev: what the transaction had made of the rule before this
 *	change; without, and only after commit: what it replaced
 * @back: the change that takes this one back, in tq_txn.back
 * @born: the commit gave the rule a new version, in generation @gen, of
 *	which these are the low 32 bits
 * @refresh: nothing but the timeout changes; @version and @before are NULL
 * @timed: the timeout is set, to @timeout_ms, of which @expires_ms are left
 * @restore: in such a change: the timeout was @timeout_ms and the end
 *	@was_expires, before it became @set_expires
 */
struct tq_change {
	struct list_head	node;
	struct tq_txn		*txn;
	struct tq_change	*prev;
	struct tq_table		*table;
	struct tq_rule		*rule;
	struct tq_version	*version;
	struct tq_version	*before;
	struct tq_change	*back;
	bool			born;
	bool			refresh;
	bool			timed;
	bool			restore;
	u32			gen;
	u64			timeout_ms;
	u64			expires_ms;
	u64			was_expires;
	u64			set_expires;
};

int tq_change_init(void);
/* After tq_table_exit(), when the last one is gone. */
void tq_change_exit(void);

/* A change of @t, counted there; @must: over the limit or not.  -ENOMEM, -EDQUOT. */
struct tq_change *tq_change_alloc(struct tq_table *t, bool must);
/* What it holds goes with it. */
void tq_change_free(struct tq_change *c);
/* The end of a committed change: what it replaced goes, a grace period after. */
void tq_change_reclaim(struct tq_change *c);

#endif /* _TQ_CHANGE_H */
