// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Snapshots
 *
 * A snapshot is a generation and a promise: versions which die later stay linked,
 * and those which are born later are not taken for old ones.  It is kept in one
 * place: a change that a worker would end goes to tq_table.kept instead, if a
 * snapshot is older.
 *
 * The promise ends with the dump; after LIFE, for a reader that has stopped
 * reading; when more is kept than the table has rules; and when the deletion of a
 * queue needs what these rules hold.  A broken snapshot has no table any more.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "net.h"
#include "snapshot.h"
#include "table.h"
#include "txn.h"

#define LIFE		(30 * HZ)
/* So much may be kept of a table however few rules it has. */
#define KEPT_MIN	65536

/**
 * struct tq_snapshot - what one dump sees
 * @node: in tq_table.snapshots; under tq_table.lock
 * @all: in all_snapshots, while it has a table
 * @table: a reference; NULL: broken.  Written under tq_table.lock and all_lock
 * @tn: only to be compared
 * @generation: of @table
 * @until: jiffies64 at which it ends
 */
struct tq_snapshot {
	struct list_head	node;
	struct list_head	all;
	struct tq_table		*table;
	struct tq_net		*tn;
	unsigned long		generation;
	u64			until;
};

static LIST_HEAD(all_snapshots);
static DEFINE_SPINLOCK(all_lock);	/* innermost */

/* The work has a reference of its own while it is pending. */
static void run_work(struct tq_table *t, unsigned long delay)
{
	tq_table_get(t);
	if (mod_delayed_work(tq_wq, &t->kept_work, delay))
		tq_table_put(t);
}

/* The caller gives back the reference, when it has let go of the lock. */
static void detach(struct tq_snapshot *s)
{
	lockdep_assert_held(&s->table->lock);
	list_del(&s->node);
	spin_lock(&all_lock);
	list_del(&s->all);
	s->table = NULL;
	spin_unlock(&all_lock);
}

/* Those that are over, or, with @all, all of them; how many. */
static unsigned int break_some(struct tq_table *t, bool all)
{
	struct tq_snapshot *s, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(s, next, &t->snapshots, node) {
		if (!all && s->until > get_jiffies_64())
			continue;
		detach(s);
		n++;
	}
	return n;
}

static void put_table(struct tq_table *t, unsigned int n)
{
	while (n--)
		tq_table_put(t);
}

static bool needed(const struct tq_table *t, const struct tq_change *c)
{
	const struct tq_snapshot *s;

	/* Generations are not far apart, so 32 bits of them tell. */
	list_for_each_entry(s, &t->snapshots, node)
		if ((s32)((u32)s->generation - c->gen) < 0)
			return true;
	return false;
}

static void kept_work(struct work_struct *work)
{
	struct tq_table *t = container_of(to_delayed_work(work), struct tq_table, kept_work);
	struct tq_change *c, *next;
	LIST_HEAD(over);
	unsigned int n;

	mutex_lock(&t->lock);
	n = break_some(t, false);
	list_for_each_entry_safe(c, next, &t->kept, node) {
		if (needed(t, c))
			continue;
		list_move_tail(&c->node, &over);
		t->kept_n--;
	}
	if (!list_empty(&t->kept))
		run_work(t, HZ);
	mutex_unlock(&t->lock);
	put_table(t, n);
	list_for_each_entry_safe(c, next, &over, node)
		tq_change_reclaim(c);
	tq_table_put(t);
}

void tq_snapshot_init(struct tq_table *t)
{
	INIT_LIST_HEAD(&t->snapshots);
	INIT_LIST_HEAD(&t->kept);
	INIT_DELAYED_WORK(&t->kept_work, kept_work);
}

struct tq_snapshot *tq_snapshot_take(struct tq_net *tn, struct tq_table *t)
{
	struct tq_snapshot *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	lockdep_assert_held(&tn->lock);
	if (!s)
		return NULL;
	tq_table_get(t);
	s->table = t;
	s->tn = tn;
	s->until = get_jiffies_64() + LIFE;
	mutex_lock(&t->lock);
	s->generation = tq_table_generation(t);
	list_add_tail(&s->node, &t->snapshots);
	spin_lock(&all_lock);
	list_add_tail(&s->all, &all_snapshots);
	spin_unlock(&all_lock);
	mutex_unlock(&t->lock);
	return s;
}

void tq_snapshot_drop(struct tq_snapshot *s)
{
	struct tq_table *t;
	bool mine = false;

	if (!s)
		return;
	spin_lock(&all_lock);
	t = s->table;
	if (t)
		tq_table_get(t);
	spin_unlock(&all_lock);
	if (t) {
		mutex_lock(&t->lock);
		mine = s->table;
		if (mine)
			detach(s);
		if (!list_empty(&t->kept))
			run_work(t, 0);
		mutex_unlock(&t->lock);
		put_table(t, 1 + mine);
	}
	kfree(s);
}

unsigned long tq_snapshot_generation(const struct tq_snapshot *s, const struct tq_table *t)
{
	lockdep_assert_held(&t->lock);
	return s && s->table == t ? s->generation : tq_table_generation(t);
}

bool tq_snapshot_keeps(struct tq_table *t, struct tq_change *c)
{
	lockdep_assert_held(&t->lock);
	if (!needed(t, c))
		return false;
	list_move_tail(&c->node, &t->kept);
	t->kept_n++;
	if (t->kept_n > max_t(u32, t->rules, KEPT_MIN))
		put_table(t, break_some(t, true));	/* not the last: @c has one */
	if (t->kept_n == 1 || list_empty(&t->snapshots))
		run_work(t, list_empty(&t->snapshots) ? 0 : HZ);
	return true;
}

void tq_snapshot_break_all(struct tq_net *tn)
{
	struct tq_snapshot *s;
	struct tq_table *t;
	unsigned int n;

	do {
		t = NULL;
		spin_lock(&all_lock);
		list_for_each_entry(s, &all_snapshots, all) {
			if (s->tn != tn)
				continue;
			t = s->table;
			tq_table_get(t);
			break;
		}
		spin_unlock(&all_lock);
		if (!t)
			break;
		mutex_lock(&t->lock);
		n = break_some(t, true);
		if (!list_empty(&t->kept))
			run_work(t, 0);
		mutex_unlock(&t->lock);
		put_table(t, n + 1);
	} while (t);
}
