// SPDX-License-Identifier: GPL-2.0-only
/*
 * change.c - making and ending changes of a transaction.
 *
 * They have a cache of their own: a transaction has as many of them as rules, made by
 * turns with these and gone soon.  Among other objects of their size they would leave
 * every second place empty behind them, 128 bytes for each rule.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "account.h"
#include "change.h"
#include "rule.h"
#include "table.h"

static struct kmem_cache *changes;

int tq_change_init(void)
{
	changes = kmem_cache_create(KBUILD_MODNAME "_change", sizeof(struct tq_change), 0,
				    SLAB_ACCOUNT, NULL);
	return changes ? 0 : -ENOMEM;
}

void tq_change_exit(void)
{
	kmem_cache_destroy(changes);
}

struct tq_change *tq_change_alloc(struct tq_table *t, bool must)
{
	struct tq_change *c;
	int err = 0;

	if (must)
		tq_account_force(t->account, sizeof(*c));
	else
		err = tq_account_charge(t->account, sizeof(*c));
	if (err)
		return ERR_PTR(err);
	c = kmem_cache_zalloc(changes, GFP_KERNEL);
	if (!c) {
		tq_account_uncharge(t->account, sizeof(*c));
		return ERR_PTR(-ENOMEM);
	}
	tq_table_get(t);
	c->table = t;
	return c;
}

void tq_change_free(struct tq_change *c)
{
	if (c->rule)
		tq_rule_put(c->rule);
	tq_account_uncharge(c->table->account, sizeof(*c));
	tq_table_put(c->table);
	kmem_cache_free(changes, c);
}

/* What was born in @c's commit is old enough now; it may have been replaced. */
static void grow_up(const struct tq_change *c)
{
	struct tq_version *v = c->rule->current_ver;

	if (v && v->born == c->gen)
		tq_version_grow_up(v);
}

void tq_change_reclaim(struct tq_change *c)
{
	mutex_lock(&c->table->lock);
	if (c->born)
		grow_up(c);
	if (c->before)
		tq_table_unlink(c->table, c->before);
	mutex_unlock(&c->table->lock);
	if (c->before)
		tq_version_free_rcu(c->before);
	tq_change_free(c);
	cond_resched();
}
