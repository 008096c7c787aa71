// SPDX-License-Identifier: GPL-2.0-only
/*
 * expire.c - removes and announces rules whose time is over.
 *
 * Packets skip such a rule by themselves, from the jiffy on at which it expires.
 * What is left to do is not urgent: one work item per namespace wakes up for
 * the soonest rule, not more often than SLACK allows, and deletes in
 * transactions of a bounded size, so that a hundred thousand rules that end
 * together keep neither packets nor commands waiting.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "expire.h"
#include "net.h"
#include "nl_rule.h"
#include "table.h"
#include "txn.h"

/* Rules that end within this time are removed together. */
#define SLACK		(HZ / 4)
/* Rules in one transaction. */
#define BATCH		2048

/* Notes the deletion of up to BATCH expired rules of @t; how many. */
static unsigned int note_expired(struct tq_txn *txn, struct tq_table *t)
{
	u64 handles[16];
	unsigned int n = 0;

	while (n < BATCH) {
		unsigned int got = 0, i;
		struct rb_node *node;

		/* tq_txn_delete() takes the lock itself: some handles at a time. */
		mutex_lock(&t->lock);
		for (node = rb_first_cached(&t->expiry); node && got < ARRAY_SIZE(handles);
		     node = rb_next(node)) {
			struct tq_rule *rule = rb_entry(node, struct tq_extra, expiry)->rule;

			if (!tq_rule_expired(rule))
				break;
			/* Ours already, or busy in another transaction. */
			if (!rule->change)
				handles[got++] = rule->handle;
		}
		mutex_unlock(&t->lock);
		if (!got)
			break;
		for (i = 0; i < got; i++, n++)
			if (tq_txn_delete(txn, t, handles[i], NULL))
				return n;	/* no memory: the next run tries again */
	}
	return n;
}

static unsigned int expire_table(struct tq_net *tn, struct tq_table *t)
{
	struct tq_txn *txn = tq_txn_new(tn, 0);
	unsigned int n;

	if (!txn)
		return 0;
	n = note_expired(txn, t);
	if (!n) {
		tq_txn_abort(txn);
		return 0;
	}
	tq_txn_commit(txn);
	tq_nl_rules_expired(tn, txn);
	tq_txn_release(txn);
	return n;
}

/* 0: nothing. */
static u64 soonest(struct tq_table *t)
{
	struct rb_node *node;
	u64 at;

	mutex_lock(&t->lock);
	node = rb_first_cached(&t->expiry);
	at = node ? rb_entry(node, struct tq_extra, expiry)->expires : 0;
	mutex_unlock(&t->lock);
	return at;
}

static void expire_work(struct work_struct *work)
{
	struct tq_net *tn = container_of(to_delayed_work(work), struct tq_net, expire);
	u64 next = 0;
	struct tq_table *t;
	unsigned long id;

	mutex_lock(&tn->lock);
	tn->expire_at = 0;
	if (tn->dying)
		goto unlock;
	xa_for_each(&tn->tables, id, t) {
		unsigned int n = expire_table(tn, t);
		u64 at = soonest(t);

		/* Over, and could not be removed: busy, or no memory. */
		if (!n && at && at <= get_jiffies_64())
			at = get_jiffies_64() + HZ;
		if (at && (!next || at < next))
			next = at;
	}
	/* What is over and was one too many comes next time: not at once, to let
	 * others have the lock.
	 */
	tq_expire_by(tn, next);
unlock:
	mutex_unlock(&tn->lock);
}

void tq_expire_init(struct tq_net *tn)
{
	INIT_DELAYED_WORK(&tn->expire, expire_work);
}

void tq_expire_by(struct tq_net *tn, u64 when)
{
	u64 now = get_jiffies_64();

	lockdep_assert_held(&tn->lock);
	if (!when || tn->dying)
		return;
	when = when > now ? when + SLACK : now + 1;
	if (tn->expire_at && tn->expire_at <= when)
		return;
	tn->expire_at = when;
	/* A delay is an unsigned long, and no timer runs for a hundred years. */
	mod_delayed_work(tq_wq, &tn->expire, min_t(u64, when - now, 3600 * HZ));
}
