// SPDX-License-Identifier: GPL-2.0-only
/*
 * txn_back.c - what takes a commit back: made before it, kept until it is
 * confirmed.  See DOC: Transactions in txn.c.
 */
#include <linux/slab.h>

#include "net.h"
#include "rule.h"
#include "table.h"
#include "txn.h"

/* A version like @v, with its place, that nobody sees yet.  -ENOMEM, -EDQUOT. */
static struct tq_version *clone(struct tq_table *t, const struct tq_version *v)
{
	struct tq_actions actions;
	struct tq_version *new;
	struct tq_match match;
	int err;

	if (tq_actions_copy(&actions, v->link->actions))
		return ERR_PTR(-ENOMEM);
	tq_version_match(v, &match);
	new = tq_version_alloc(tq_version_rule(v), v->prio, v->link->place, &match, &actions);
	if (!new) {
		tq_actions_release(&actions);
		return ERR_PTR(-ENOMEM);
	}
	err = tq_table_link(t, new);
	if (err) {
		tq_version_free(new);
		return ERR_PTR(err);
	}
	tq_table_alive(t, new);
	return new;
}

static int keep(struct tq_txn *back, struct tq_change *c)
{
	struct tq_table *t = c->table;
	struct tq_change *b = tq_change_alloc(t, false);
	struct tq_version *v = NULL;

	if (IS_ERR(b))
		return PTR_ERR(b);
	mutex_lock(&t->lock);
	/* A rule comes back as a whole, for the first of its changes. */
	b->refresh = c->refresh || c->prev;
	if (!b->refresh && c->rule->current_ver)
		v = clone(t, c->rule->current_ver);
	mutex_unlock(&t->lock);
	if (IS_ERR(v)) {
		tq_change_free(b);
		return PTR_ERR(v);
	}
	b->version = v;
	refcount_inc(&c->rule->refs);
	b->txn = back;
	b->rule = c->rule;
	c->back = b;
	t->unconfirmed++;
	/* Newest first, so that a timeout that was set twice is the first again. */
	list_add(&b->node, &back->changes);
	back->count++;
	return 0;
}

/* Its tables may be deleted again. */
static void let_go(struct tq_txn *back)
{
	struct tq_change *b;

	list_for_each_entry(b, &back->changes, node)
		b->table->unconfirmed--;
	back->unconfirmed = false;
}

/* Before its commit: @txn is as it was without tq_txn_keep(). */
static void keep_nothing(struct tq_txn *txn, struct tq_txn *back)
{
	struct tq_change *c, *b, *next;

	list_for_each_entry(c, &txn->changes, node)
		c->back = NULL;
	list_for_each_entry_safe(b, next, &back->changes, node) {
		if (b->version) {
			mutex_lock(&b->table->lock);
			tq_table_dead(b->table, b->version);
			tq_table_unlink(b->table, b->version);
			mutex_unlock(&b->table->lock);
			tq_version_free_rcu(b->version);
		}
		tq_change_free(b);
		cond_resched();
	}
	kfree(back);
}

int tq_txn_keep(struct tq_txn *txn)
{
	struct tq_txn *back = tq_txn_new(txn->tn, 0);
	struct tq_change *c;
	int err;

	lockdep_assert_held(&txn->tn->lock);
	if (!back)
		return -ENOMEM;
	list_for_each_entry(c, &txn->changes, node) {
		err = keep(back, c);
		if (err) {
			let_go(back);
			keep_nothing(txn, back);
			return err;
		}
		cond_resched();
	}
	back->id = txn->id;
	back->unconfirmed = true;
	txn->back = back;
	return 0;
}

void tq_txn_confirm(struct tq_txn *back)
{
	let_go(back);
	tq_txn_abort(back);
}

void tq_txn_revert(struct tq_txn *back)
{
	let_go(back);
	tq_txn_commit(back);
}
