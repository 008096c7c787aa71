// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_holders.c - who refers to a table, and which rules refer to a queue.
 *
 * A reader who wants every rule asks for a filtered dump; here the first few
 * of each table are named and the rest counted, so that the answer fits into
 * a message whatever the tables hold.
 */
#include <linux/netlink.h>

#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "table.h"
#include "txn.h"
#include "xt_users.h"

#define RULES_NAMED	8

static int put_hooks(struct sk_buff *skb, struct tq_net *tn, const struct tq_table *t)
{
	struct tq_hook *h;
	unsigned long id;

	xa_for_each(&tn->hooks, id, h) {
		struct nlattr *nest;

		if (h->table != t)
			continue;
		nest = nla_nest_start(skb, TQUEUE_A_TABLE_HOLDER);
		if (!nest ||
		    nla_put_u32(skb, TQUEUE_A_HOLDER_TYPE, TQUEUE_HOLDER_HOOK) ||
		    nla_put_u32(skb, TQUEUE_A_HOLDER_HOOK, h->id))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

int tq_table_put_holders(struct sk_buff *skb, struct tq_net *tn, struct tq_table *t)
{
	lockdep_assert_held(&tn->lock);
	return put_hooks(skb, tn, t) ?:
	       tq_xt_users_put(skb, TQUEUE_A_TABLE_HOLDER, &t->xt_users, &t->xt_lock);
}

/* A rule of @t; @count: without a handle, so many further ones. */
static int put_rule(struct sk_buff *skb, const struct tq_table *t, u64 handle, u32 count)
{
	struct nlattr *nest = nla_nest_start(skb, TQUEUE_A_QUEUE_HOLDER);

	if (!nest ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_TYPE, TQUEUE_HOLDER_RULE) ||
	    nla_put_string(skb, TQUEUE_A_HOLDER_TABLE, t->name) ||
	    (handle && nla_put_u64_64bit(skb, TQUEUE_A_HOLDER_HANDLE, handle,
					 TQUEUE_A_HOLDER_PAD)) ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_COUNT, count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Does @v hold @q?  Packets see it, or it may come back: see tq_txn_keep(). */
static bool holds(const struct tq_version *v, unsigned long gen, const struct tq_queue *q)
{
	const struct tq_rule *rule = tq_version_rule(v);

	if (!tq_actions_use(v->link->actions, q))
		return false;
	if (tq_version_seen(v, gen))
		return true;
	if (!rule->change || rule->change->version != v || !rule->change->txn->unconfirmed)
		return false;
	/* Each rule once. */
	return !rule->current_ver || !tq_actions_use(rule->current_ver->link->actions, q);
}

static int put_rules(struct sk_buff *skb, struct tq_table *t, const struct tq_queue *q)
{
	unsigned long gen = tq_table_generation(t);
	struct tq_version *v;
	u32 n = 0;
	int err;

	/* Most tables of many rules have none; looking at all takes its time. */
	if (!t->queue_rules)
		return 0;
	for (v = tq_table_after(t, true, 0, 0); v; v = tq_table_next(v)) {
		if (!holds(v, gen, q))
			continue;
		if (n++ < RULES_NAMED) {
			err = put_rule(skb, t, tq_version_rule(v)->handle, 1);
			if (err)
				return err;
		}
	}
	return n > RULES_NAMED ? put_rule(skb, t, 0, n - RULES_NAMED) : 0;
}

int tq_table_put_queue_holders(struct sk_buff *skb, struct tq_net *tn, const struct tq_queue *q)
{
	struct tq_table *t;
	unsigned long id;
	int err = 0;

	lockdep_assert_held(&tn->lock);
	xa_for_each(&tn->tables, id, t) {
		mutex_lock(&t->lock);
		err = put_rules(skb, t, q);
		mutex_unlock(&t->lock);
		if (err)
			break;
	}
	return err;
}
