// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - tables: names, life, order of rules.
 */
#include <linux/netlink.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "account.h"
#include "net.h"
#include "queue.h"
#include "quota.h"
#include "room.h"
#include "snapshot.h"
#include "table.h"
#include "txn.h"
#include "xt_users.h"

struct workqueue_struct *tq_wq;

static const struct rhashtable_params handle_params = {
	.head_offset		= offsetof(struct tq_rule, hash),
	.key_offset		= offsetof(struct tq_rule, handle),
	.key_len		= sizeof_field(struct tq_rule, handle),
	.automatic_shrinking	= true,
};

/* ---- memory ---- */

int tq_table_charge(struct tq_table *t, size_t bytes)
{
	int err = tq_account_charge(t->account, bytes);

	if (!err)
		t->memory += bytes;
	return err;
}

void tq_table_uncharge(struct tq_table *t, size_t bytes)
{
	tq_account_uncharge(t->account, bytes);
	t->memory -= bytes;
}

/* Of a rule, with its place in the table of handles. */
static size_t memory_of_rule(const struct tq_rule *rule)
{
	return tq_rule_memory(rule) + sizeof(void *);
}

static size_t memory_of(const struct tq_version *v)
{
	return tq_version_memory(v) + (v->link->actions->quota ? tq_quota_memory() : 0);
}

u64 tq_table_memory(struct tq_table *t)
{
	lockdep_assert_held(&t->lock);
	return t->memory + t->classifier.memory;
}

/* ---- life ---- */

/* Of which nothing is left but its own memory. */
static void free_table(struct tq_table *t)
{
	tq_account_uncharge(t->account, t->memory);
	tq_account_put(t->account);
	mutex_destroy(&t->lock);
	kfree(t);
}

/* Nobody can reach the table any more: no name, no user, no change. */
static void table_free_work(struct work_struct *work)
{
	struct tq_table *t = container_of(to_rcu_work(work), struct tq_table, work);
	struct rb_node *n;

	mutex_lock(&t->lock);
	while ((n = rb_first(&t->order))) {
		struct tq_version *v = rb_entry(n, struct tq_link, order)->v;
		struct tq_rule *rule = tq_version_rule(v);

		/* No change is left, so a linked version is a current one. */
		tq_table_unlink(t, v);
		tq_table_unhash(t, rule);
		rule->current_ver = NULL;
		tq_version_free(v);
		cond_resched();
	}
	mutex_unlock(&t->lock);
	rhashtable_destroy(&t->handles);
	tq_classifier_destroy(&t->classifier);
	free_table(t);
}

void tq_table_get(struct tq_table *t)
{
	refcount_inc(&t->refs);
}

void tq_table_put(struct tq_table *t)
{
	if (refcount_dec_and_test(&t->refs))
		queue_rcu_work(tq_wq, &t->work);
}

void tq_table_use_again(struct tq_table *t)
{
	refcount_inc(&t->users);
	refcount_inc(&t->refs);
}

/* Nothing happens at 0, which is reached only when the name's user is gone:
 * the memory has a count of its own.
 */
static void unuse(struct tq_table *t)
{
	if (refcount_dec_and_test(&t->users))
		return;
}

void tq_table_unuse(struct tq_table *t)
{
	unuse(t);
	tq_table_put(t);
}

static struct tq_table *find_rcu(struct tq_net *tn, const char *name)
{
	struct tq_table *t;

	hlist_for_each_entry_rcu(t, &tn->table_names[tq_name_hash(name)], name_node,
				 lockdep_is_held(&tn->lock))
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

struct tq_table *tq_table_use(struct tq_net *tn, const char *name)
{
	struct tq_table *t;

	rcu_read_lock();
	t = find_rcu(tn, name);
	if (t && refcount_inc_not_zero(&t->users))
		refcount_inc(&t->refs);
	else
		t = NULL;
	rcu_read_unlock();
	return t;
}

struct tq_table *tq_table_find(struct tq_net *tn, const char *name)
{
	lockdep_assert_held(&tn->lock);
	return find_rcu(tn, name);
}

int tq_table_xt_add(struct tq_table *t, u8 family, const char *xt_table)
{
	return tq_xt_users_add(&t->xt_users, &t->xt_lock, family, xt_table);
}

void tq_table_xt_del(struct tq_table *t, u8 family, const char *xt_table)
{
	tq_xt_users_del(&t->xt_users, &t->xt_lock, family, xt_table);
}

struct tq_table *tq_table_create(struct tq_net *tn, const char *name, u32 rules_max,
				 struct netlink_ext_ack *extack)
{
	struct tq_table *t;
	int err;

	lockdep_assert_held(&tn->lock);

	if (tn->dying)
		return ERR_PTR(-ENODEV);
	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return ERR_PTR(-ENOMEM);
	strscpy(t->name, name, sizeof(t->name));
	mutex_init(&t->lock);
	spin_lock_init(&t->xt_lock);
	INIT_LIST_HEAD(&t->xt_users);
	INIT_RCU_WORK(&t->work, table_free_work);
	tq_busy_init(&t->busy);
	refcount_set(&t->users, 1);
	refcount_set(&t->refs, 1);
	atomic_long_set(&t->generation, 1);
	t->order = RB_ROOT;
	t->expiry = RB_ROOT_CACHED;
	tq_snapshot_init(t);
	t->next_handle = 1;
	t->next_place = 1;
	t->rules_max = rules_max;
	t->account = tq_account_hold(tn->account);

	err = tq_table_charge(t, sizeof(*t));
	if (err)
		goto free;
	err = tq_classifier_init(&t->classifier, &t->lock, t->account);
	if (err)
		goto free;
	err = rhashtable_init(&t->handles, &handle_params);
	if (err)
		goto destroy_classifier;
	err = xa_alloc_cyclic(&tn->tables, &t->id, t, XA_LIMIT(1, INT_MAX), &tn->next_table,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto destroy_handles;
	hlist_add_head_rcu(&t->name_node, &tn->table_names[tq_name_hash(name)]);
	return t;

destroy_handles:
	rhashtable_destroy(&t->handles);
destroy_classifier:
	tq_classifier_destroy(&t->classifier);
free:
	free_table(t);
	if (err == -EDQUOT)
		NL_SET_ERR_MSG(extack, TQ_OVER_MEMORY);
	return ERR_PTR(err);
}

int tq_table_limit(struct tq_table *t, u32 rules_max)
{
	int ret = 1;

	mutex_lock(&t->lock);
	if (rules_max == t->rules_max)
		ret = 0;
	else if (!tq_room_enough(t, rules_max))
		ret = -EBUSY;
	else
		t->rules_max = rules_max;
	mutex_unlock(&t->lock);
	return ret;
}

static void forget(struct tq_net *tn, struct tq_table *t)
{
	hlist_del_rcu(&t->name_node);
	xa_erase(&tn->tables, t->id);
	tq_table_put(t);
}

int tq_table_delete(struct tq_net *tn, struct tq_table *t)
{
	lockdep_assert_held(&tn->lock);

	/* From here to 0 nobody can take a user any more: see tq_table_use(). */
	if (!refcount_dec_if_one(&t->users))
		return -EBUSY;
	forget(tn, t);
	return 0;
}

void tq_table_kill_all(struct tq_net *tn)
{
	struct tq_table *t;
	unsigned long id;

	lockdep_assert_held(&tn->lock);

	xa_for_each(&tn->tables, id, t) {
		unuse(t);
		forget(tn, t);
	}
}

/* ---- rules, under tq_table.lock ---- */

struct tq_rule *tq_table_rule(struct tq_table *t, u64 handle)
{
	lockdep_assert_held(&t->lock);
	return rhashtable_lookup_fast(&t->handles, &handle, handle_params);
}

int tq_table_hash(struct tq_table *t, struct tq_rule *rule)
{
	int err;

	lockdep_assert_held(&t->lock);
	err = tq_table_charge(t, memory_of_rule(rule));
	if (err)
		return err;
	refcount_inc(&rule->refs);
	err = rhashtable_insert_fast(&t->handles, &rule->hash, handle_params);
	if (err) {
		tq_rule_put(rule);
		tq_table_uncharge(t, memory_of_rule(rule));
		return err;
	}
	if (rule->handle >= t->next_handle)
		t->next_handle = rule->handle + 1;
	return 0;
}

static void make_timed(struct tq_version *v)
{
	if (v)
		WRITE_ONCE(v->flags, v->flags | TQ_V_TIMED);
}

int tq_table_make_extra(struct tq_table *t, struct tq_rule *rule)
{
	int err;

	lockdep_assert_held(&t->lock);
	if (rule->extra)
		return 0;
	err = tq_table_charge(t, sizeof(*rule->extra));
	if (err)
		return err;
	if (tq_rule_make_extra(rule)) {
		tq_table_uncharge(t, sizeof(*rule->extra));
		return -ENOMEM;
	}
	return 0;
}

int tq_table_make_timed(struct tq_table *t, struct tq_rule *rule)
{
	int err = tq_table_make_extra(t, rule);

	if (err)
		return err;
	make_timed(rule->current_ver);
	make_timed(tq_rule_pending(rule));
	return 0;
}

void tq_table_unexpire(struct tq_table *t, struct tq_rule *rule)
{
	lockdep_assert_held(&t->lock);
	if (!rule->extra || RB_EMPTY_NODE(&rule->extra->expiry))
		return;
	rb_erase_cached(&rule->extra->expiry, &t->expiry);
	RB_CLEAR_NODE(&rule->extra->expiry);
}

void tq_table_expire_at(struct tq_table *t, struct tq_rule *rule, u64 when)
{
	struct rb_node **p = &t->expiry.rb_root.rb_node, *parent = NULL;
	struct tq_extra *extra = rule->extra;
	bool first = true;

	if (!extra) {
		WARN_ON_ONCE(when);
		return;
	}
	tq_table_unexpire(t, rule);
	WRITE_ONCE(extra->expires, when);
	if (!when)
		return;
	while (*p) {
		parent = *p;
		if (when < rb_entry(parent, struct tq_extra, expiry)->expires) {
			p = &parent->rb_left;
		} else {
			p = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&extra->expiry, parent, p);
	rb_insert_color_cached(&extra->expiry, &t->expiry, first);
}

void tq_table_set_expiry(struct tq_table *t, struct tq_rule *rule, u64 ms)
{
	/* Rounded up: never too early.  0 is "never" and long past. */
	tq_table_expire_at(t, rule, ms ? get_jiffies_64() +
			   DIV_ROUND_UP_ULL(ms * HZ, MSEC_PER_SEC) : 0);
}

void tq_table_unhash(struct tq_table *t, struct tq_rule *rule)
{
	lockdep_assert_held(&t->lock);
	tq_table_unexpire(t, rule);
	rhashtable_remove_fast(&t->handles, &rule->hash, handle_params);
	tq_table_uncharge(t, memory_of_rule(rule));
	t->busy.rules -= rule->extra && rule->extra->busy;
	tq_rule_put(rule);
}

int tq_table_link(struct tq_table *t, struct tq_version *v)
{
	struct rb_node **p = &t->order.rb_node, *parent = NULL;
	int err;

	lockdep_assert_held(&t->lock);
	err = tq_table_charge(t, memory_of(v));
	if (err)
		return err;
	err = tq_classifier_add(&t->classifier, v);
	if (err) {
		tq_table_uncharge(t, memory_of(v));
		return err;
	}
	while (*p) {
		parent = *p;
		p = tq_version_before(v, rb_entry(parent, struct tq_link, order)->v) ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&v->link->order, parent, p);
	rb_insert_color(&v->link->order, &t->order);
	return 0;
}

void tq_table_unlink(struct tq_table *t, struct tq_version *v)
{
	lockdep_assert_held(&t->lock);
	tq_classifier_del(&t->classifier, v);
	tq_table_uncharge(t, memory_of(v));
	rb_erase(&v->link->order, &t->order);
}

static struct tq_version *version_at(struct rb_node *n)
{
	return n ? rb_entry(n, struct tq_link, order)->v : NULL;
}

struct tq_version *tq_table_after(struct tq_table *t, bool first, u32 prio, u64 place)
{
	struct rb_node *n = t->order.rb_node, *found = NULL;

	lockdep_assert_held(&t->lock);
	while (n) {
		const struct tq_link *l = rb_entry(n, struct tq_link, order);

		if (first || l->v->prio > prio || (l->v->prio == prio && l->place > place)) {
			found = n;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return version_at(found);
}

struct tq_version *tq_table_next(struct tq_version *v)
{
	return version_at(rb_next(&v->link->order));
}

/* ---- module ---- */

void tq_table_reclaim_wait(void)
{
	/* A committed change goes through RCU to its work; that frees versions
	 * by RCU, and may put the last reference of a table, which goes through
	 * RCU to work of its own.
	 */
	rcu_barrier();
	flush_workqueue(tq_wq);
	rcu_barrier();
	flush_workqueue(tq_wq);
	rcu_barrier();
}

int tq_table_init(void)
{
	tq_wq = alloc_workqueue("tqueue", WQ_UNBOUND, 0);
	return tq_wq ? 0 : -ENOMEM;
}

void tq_table_exit(void)
{
	destroy_workqueue(tq_wq);
}
