// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Transactions
 *
 * A change links a version that no generation sees yet (born: never) and notes
 * in the rule what it is to become.  Everything that can fail happens there.
 *
 *	commit		for each changed rule: the new version is born, and the
 *			old one dies, in the table's generation + 1, which nobody
 *			reads yet; then each table's generation is published with
 *			release.  A packet loads it once, with acquire, so it
 *			sees all changes to a table or none.
 *	reclaim		a packet that loaded the generation before must still
 *			find what died: old versions stay linked for a grace
 *			period, are unlinked by a worker, and freed after one more.
 *			By then every packet sees what was born, too, and need
 *			not look at its generation any more.
 *	rollback	unlinks the new versions, newest change first, and
 *			gives each rule back what it was to become before.
 *
 * Transactions on one table may overlap as long as they change different
 * rules: a rule that another open transaction has changed is busy.
 *
 * A commit that is to be confirmed leaves behind the transaction that takes it
 * back, made of copies of the versions that die, with their places.  It owns
 * the rules that were changed, so that nobody can come between, keeps those
 * that were deleted in the table of handles, with their counters, and is
 * committed to revert or aborted to confirm.  Reverting can't fail: all that it
 * needs is there.
 */
#include <linux/netlink.h>
#include <linux/slab.h>

#include "expire.h"
#include "net.h"
#include "queue.h"
#include "room.h"
#include "snapshot.h"
#include "table.h"
#include "trace.h"
#include "txn.h"

/* The transaction that has changed @rule and is open, or NULL. */
static struct tq_txn *owner(const struct tq_rule *rule)
{
	return rule->change ? rule->change->txn : NULL;
}

/* What @rule is for @txn: its own change, or what packets see. */
static struct tq_version *effective(const struct tq_txn *txn, const struct tq_rule *rule)
{
	return owner(rule) == txn ? rule->change->version : rule->current_ver;
}

/* Notes that @rule becomes @version.  @c and @room were there before anything else. */
static void note(struct tq_txn *txn, struct tq_change *c, struct tq_room *room,
		 struct tq_rule *rule, struct tq_version *version)
{
	tq_room_change(room, !!version - !!effective(txn, rule));
	refcount_inc(&rule->refs);
	c->rule = rule;
	c->version = version;
	c->txn = txn;
	c->prev = owner(rule) == txn ? rule->change : NULL;
	c->before = c->prev ? c->prev->version : NULL;
	rule->change = c;
	list_add_tail(&c->node, &txn->changes);
	txn->count++;
}

static void set_timeout(struct tq_change *c, const struct tq_rule_spec *spec)
{
	c->timed = spec->timed;
	c->timeout_ms = spec->timeout_ms;
	c->expires_ms = spec->expires_ms;
}

struct tq_txn *tq_txn_new(struct tq_net *tn, u32 portid)
{
	struct tq_txn *txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);

	if (!txn)
		return NULL;
	txn->tn = tn;
	txn->portid = portid;
	INIT_LIST_HEAD(&txn->changes);
	INIT_LIST_HEAD(&txn->rooms);
	return txn;
}

/* What can fail of a new timeout. */
static int make_timed(struct tq_table *t, struct tq_rule *rule, const struct tq_rule_spec *spec)
{
	if (!spec->timed || !spec->timeout_ms)
		return 0;
	return tq_table_make_timed(t, rule);
}

/* Links a version of @rule as @spec says; -errno leaves @spec's users with the
 * caller.
 */
static int change_to(struct tq_txn *txn, struct tq_table *t, struct tq_rule *rule, u64 place,
		     struct tq_rule_spec *spec)
{
	struct tq_room *room = tq_room_get(txn, t);
	struct tq_change *c;
	struct tq_version *v;
	int err;

	c = room ? tq_change_alloc(t, false) : ERR_PTR(-ENOMEM);
	if (IS_ERR(c))
		return PTR_ERR(c);
	err = make_timed(t, rule, spec);
	if (err) {
		tq_change_free(c);
		return err;
	}
	v = tq_version_alloc(rule, spec->prio, place, &spec->match, &spec->actions);
	if (!v) {
		tq_change_free(c);
		return -ENOMEM;
	}
	err = tq_table_link(t, v);
	if (err) {
		tq_version_forget(v);
		tq_change_free(c);
		return err;
	}
	set_timeout(c, spec);
	tq_table_alive(t, v);
	note(txn, c, room, rule, v);
	return 0;
}

/* 0: none */
static u64 timeout_ms(const struct tq_rule *rule)
{
	return rule->extra ? rule->extra->timeout_ms : 0;
}

/* The rule is there: its timeout begins anew, with a new value if @spec has one.
 * The rule is not ours by that: whoever deletes it may do so.
 */
static int refresh(struct tq_txn *txn, struct tq_table *t, struct tq_rule *rule,
		   const struct tq_rule_spec *spec)
{
	struct tq_change *c;
	int err;

	if (!spec->timed && !timeout_ms(rule))
		return 0;
	c = tq_change_alloc(t, false);
	if (IS_ERR(c))
		return PTR_ERR(c);
	err = make_timed(t, rule, spec);
	if (err) {
		tq_change_free(c);
		return err;
	}
	set_timeout(c, spec);
	if (!spec->timed) {
		c->timed = true;
		c->timeout_ms = timeout_ms(rule);
		c->expires_ms = c->timeout_ms;
	}
	refcount_inc(&rule->refs);
	c->txn = txn;
	c->rule = rule;
	c->refresh = true;
	list_add_tail(&c->node, &txn->changes);
	txn->count++;
	return 0;
}

struct wanted {
	const struct tq_txn		*txn;
	const struct tq_actions		*actions;
};

static bool is_wanted(const struct tq_version *v, const void *arg)
{
	const struct wanted *w = arg;

	return v == effective(w->txn, tq_version_rule(v)) &&
	       tq_actions_equal(v->link->actions, w->actions);
}

/* The rule without a handle of its own that @spec would only double. */
static struct tq_rule *find_equal(struct tq_txn *txn, struct tq_table *t,
				  const struct tq_rule_spec *spec)
{
	const struct wanted w = { .txn = txn, .actions = &spec->actions };
	struct tq_version *v;

	v = tq_classifier_same(&t->classifier, spec->prio, &spec->match, is_wanted, &w);
	return v ? tq_version_rule(v) : NULL;
}

static void set_counters(struct tq_rule *rule, const struct tq_rule_spec *spec)
{
	struct tq_version *home = rule->first.v;

	atomic64_set(&home->packets, spec->packets);
	atomic64_set(&home->bytes, spec->bytes);
	atomic64_set(&rule->copies, spec->copies);
	home->last_hit = spec->last_hit;
}

/* One rule more than there is for @txn. */
static int check_room(struct tq_txn *txn, struct tq_table *t, struct netlink_ext_ack *extack)
{
	const struct tq_room *room = tq_room_get(txn, t);

	if (!room)
		return -ENOMEM;
	if (tq_room_for_one(room))
		return 0;
	NL_SET_ERR_MSG(extack, "the table is full: it has as many rules as it may have");
	return -ENOSPC;
}

static struct tq_rule *add_new(struct tq_txn *txn, struct tq_table *t, struct tq_rule_spec *spec)
{
	struct tq_rule *rule = tq_rule_alloc(spec->handle ?: t->next_handle,
					     spec->match.family);
	int err;

	if (!rule)
		return ERR_PTR(-ENOMEM);
	set_counters(rule, spec);
	err = tq_table_hash(t, rule);
	if (err)
		goto put;
	err = change_to(txn, t, rule, t->next_place, spec);
	if (err)
		goto unhash;
	t->next_place++;
	tq_rule_put(rule);	/* the table's and the version's remain */
	return rule;

unhash:
	tq_table_unhash(t, rule);
put:
	tq_rule_put(rule);
	return ERR_PTR(err);
}

struct tq_rule *tq_txn_add(struct tq_txn *txn, struct tq_table *t, struct tq_rule_spec *spec,
			   struct netlink_ext_ack *extack)
{
	struct tq_rule *rule = NULL;
	int err = 0;

	lockdep_assert_held(&txn->tn->lock);
	mutex_lock(&t->lock);
	if (spec->handle) {
		rule = tq_table_rule(t, spec->handle);
		if (!rule) {
			err = check_room(txn, t, extack);
			if (!err)
				rule = add_new(txn, t, spec);
		} else if (owner(rule) == txn && !rule->change->version) {
			/* Deleted before in this transaction, as a flush does that
			 * is followed by what is to be there: the same rule goes
			 * on, with its counters.
			 */
			err = check_room(txn, t, extack) ?:
			      change_to(txn, t, rule, t->next_place, spec);
			if (!err)
				t->next_place++;
		} else if (rule->change && owner(rule) != txn) {
			NL_SET_ERR_MSG(extack, "rule is being changed by another transaction");
			err = -EBUSY;
		} else {
			NL_SET_ERR_MSG(extack, "a rule with this handle exists");
			err = -EEXIST;
		}
	} else {
		if (spec->excl || !spec->append)
			rule = find_equal(txn, t, spec);
		if (!rule) {
			err = check_room(txn, t, extack);
			if (!err)
				rule = add_new(txn, t, spec);
		} else if (spec->excl) {
			NL_SET_ERR_MSG(extack, "the same rule exists");
			err = -EEXIST;
		} else {
			err = refresh(txn, t, rule, spec);
			if (!err)
				tq_actions_release(&spec->actions);
		}
	}
	mutex_unlock(&t->lock);
	return err ? ERR_PTR(err) : rule;
}

/* The rule of @handle, if @txn may change it. */
static struct tq_rule *find_mine(struct tq_txn *txn, struct tq_table *t, u64 handle,
				 struct netlink_ext_ack *extack)
{
	struct tq_rule *rule = tq_table_rule(t, handle);

	if (!rule || !effective(txn, rule)) {
		/* Only pending in another transaction is not there for us. */
		NL_SET_ERR_MSG(extack, "no rule has this handle");
		return ERR_PTR(-ENOENT);
	}
	if (rule->change && owner(rule) != txn) {
		NL_SET_ERR_MSG(extack, "rule is being changed by another transaction");
		return ERR_PTR(-EBUSY);
	}
	return rule;
}

struct tq_rule *tq_txn_replace(struct tq_txn *txn, struct tq_table *t, struct tq_rule_spec *spec,
			       struct netlink_ext_ack *extack)
{
	struct tq_version *was;
	struct tq_rule *rule;
	int err;

	lockdep_assert_held(&txn->tn->lock);
	mutex_lock(&t->lock);
	rule = find_mine(txn, t, spec->handle, extack);
	if (IS_ERR(rule))
		goto unlock;
	was = effective(txn, rule);
	err = change_to(txn, t, rule, was->prio == spec->prio ? was->link->place : t->next_place, spec);
	if (err)
		rule = ERR_PTR(err);
	else if (was->prio != spec->prio)
		t->next_place++;
unlock:
	mutex_unlock(&t->lock);
	return rule;
}

static int delete_rule(struct tq_txn *txn, struct tq_table *t, struct tq_rule *rule)
{
	struct tq_room *room = tq_room_get(txn, t);
	struct tq_change *c;

	/* Who is at his limit must be able to delete. */
	c = room ? tq_change_alloc(t, true) : ERR_PTR(-ENOMEM);
	if (IS_ERR(c))
		return PTR_ERR(c);
	note(txn, c, room, rule, NULL);
	return 0;
}

int tq_txn_delete(struct tq_txn *txn, struct tq_table *t, u64 handle,
		  struct netlink_ext_ack *extack)
{
	struct tq_rule *rule;
	int err;

	lockdep_assert_held(&txn->tn->lock);
	mutex_lock(&t->lock);
	rule = find_mine(txn, t, handle, extack);
	err = IS_ERR(rule) ? PTR_ERR(rule) : delete_rule(txn, t, rule);
	mutex_unlock(&t->lock);
	return err;
}

int tq_txn_flush(struct tq_txn *txn, struct tq_table *t, struct netlink_ext_ack *extack)
{
	u32 mark = txn->count;
	struct tq_version *v;
	int err = 0;

	lockdep_assert_held(&txn->tn->lock);
	mutex_lock(&t->lock);
	for (v = tq_table_after(t, true, 0, 0); v; v = tq_table_next(v)) {
		struct tq_rule *rule = tq_version_rule(v);

		if (v != effective(txn, rule))
			continue;
		if (rule->change && owner(rule) != txn) {
			NL_SET_ERR_MSG(extack, "a rule is being changed by another transaction");
			err = -EBUSY;
			break;
		}
		err = delete_rule(txn, t, rule);
		if (err)
			break;
	}
	mutex_unlock(&t->lock);
	if (err)
		tq_txn_rollback(txn, mark);
	return err;
}

static void undo(struct tq_txn *txn, struct tq_change *c)
{
	struct tq_rule *rule = c->rule;
	struct tq_table *t = c->table;
	const struct tq_version *was;

	if (c->refresh)
		return;
	mutex_lock(&t->lock);
	was = c->prev ? c->prev->version : rule->current_ver;
	tq_room_change(tq_room_get(txn, t), !!was - !!c->version);
	rule->change = c->prev;
	if (!c->prev && !rule->current_ver)
		tq_table_unhash(t, rule);
	if (c->version) {
		tq_table_dead(t, c->version);
		tq_table_unlink(t, c->version);
		tq_version_free_rcu(c->version);
	}
	mutex_unlock(&t->lock);
}

void tq_txn_rollback(struct tq_txn *txn, u32 count)
{
	lockdep_assert_held(&txn->tn->lock);
	while (txn->count > count) {
		struct tq_change *c = list_last_entry(&txn->changes, struct tq_change, node);

		undo(txn, c);
		list_del(&c->node);
		txn->count--;
		tq_change_free(c);
		cond_resched();
	}
}

void tq_txn_abort(struct tq_txn *txn)
{
	tq_txn_rollback(txn, 0);
	tq_room_free(txn);
	kfree(txn);
}

/* The rule's timeout is about to change: @c->back is to bring it back. */
static void keep_timeout(struct tq_change *c)
{
	struct tq_change *back = c->back;

	back->restore = true;
	back->timeout_ms = timeout_ms(c->rule);
	back->was_expires = tq_rule_expires(c->rule);
	back->set_expires = back->was_expires;
}

/* A rule that may come back does not expire meanwhile; packets of generations
 * before still look at the time itself.
 */
static void keep_expiry(struct tq_change *c)
{
	keep_timeout(c);
	tq_table_unexpire(c->table, c->rule);
}

/* Unless somebody has refreshed it since. */
static void restore_timeout(struct tq_txn *txn, struct tq_change *c)
{
	struct tq_rule *rule = c->rule;

	if (!rule->extra || rule->extra->expires != c->set_expires)
		return;
	rule->extra->timeout_ms = c->timeout_ms;
	tq_table_expire_at(c->table, rule, c->was_expires);
	tq_expire_by(txn->tn, c->was_expires);
}

/* Sets the generations of one rule's versions.  A rule that was changed more
 * than once is done at its first change; at the later ones its owner is gone.
 */
static void settle_version(struct tq_txn *txn, struct tq_change *c)
{
	struct tq_rule *rule = c->rule;
	struct tq_table *t = c->table;
	unsigned long gen = tq_table_generation(t) + 1;
	struct tq_version *old = rule->current_ver, *new;

	lockdep_assert_held(&t->lock);
	c->gen = gen;
	if (owner(rule) != txn) {
		/* What the transaction itself has replaced was never seen. */
		if (c->before)
			tq_table_dead(t, c->before);
		return;
	}
	new = rule->change->version;
	if (old) {
		tq_version_die(old, gen);
		tq_table_dead(t, old);
		t->rules--;
	}
	if (new) {
		tq_version_be_born(new, gen);
		c->born = true;
		t->rules++;
	}
	c->before = old;
	rule->current_ver = new;
	rule->change = NULL;
	t->committing = true;
	if (c->back && (old || new)) {
		rule->change = c->back;
	} else if (c->back) {
		/* Added and deleted at once: nothing to come back. */
		c->back->refresh = true;
	}
	if (!new && rule->change)
		keep_expiry(c);
	else if (!new)
		tq_table_unhash(t, rule);
}

static void settle(struct tq_txn *txn, struct tq_change *c)
{
	struct tq_rule *rule = c->rule;

	if (!c->refresh)
		settle_version(txn, c);
	if (!rule->current_ver)
		return;
	if (c->restore)
		restore_timeout(txn, c);
	if (!c->timed)
		return;
	if (c->back)
		keep_timeout(c);
	if (!rule->extra)
		return;		/* it never had a timeout, and gets none */
	rule->extra->timeout_ms = c->timeout_ms;
	tq_table_set_expiry(c->table, rule, c->expires_ms);
	if (c->back)
		c->back->set_expires = rule->extra->expires;
	tq_expire_by(txn->tn, rule->extra->expires);
}

void tq_txn_commit(struct tq_txn *txn)
{
	struct tq_change *c;

	lockdep_assert_held(&txn->tn->lock);

	list_for_each_entry(c, &txn->changes, node) {
		mutex_lock(&c->table->lock);
		settle(txn, c);
		mutex_unlock(&c->table->lock);
		cond_resched();
	}
	list_for_each_entry(c, &txn->changes, node) {
		struct tq_table *t = c->table;

		mutex_lock(&t->lock);
		if (t->committing) {
			t->committing = false;
			/* Pairs with the acquire in verdict.c:tq_verdict(): whoever
			 * reads this generation finds its versions linked and
			 * their generations set.
			 */
			atomic_long_set_release(&t->generation, tq_table_generation(t) + 1);
			trace_tqueue_table_commit(t->name, t->id, tq_table_generation(t),
						  t->rules);
		}
		mutex_unlock(&t->lock);
		cond_resched();
	}
	tq_room_commit(txn);
}

static void reclaim_work(struct work_struct *work)
{
	struct tq_txn *txn = container_of(to_rcu_work(work), struct tq_txn, work);
	struct tq_change *c, *next;

	list_for_each_entry_safe(c, next, &txn->changes, node) {
		bool kept;

		mutex_lock(&c->table->lock);
		kept = tq_snapshot_keeps(c->table, c);
		mutex_unlock(&c->table->lock);
		if (!kept)
			tq_change_reclaim(c);
	}
	kfree(txn);
}

void tq_txn_release(struct tq_txn *txn)
{
	struct tq_change *c, *next;

	tq_room_free(txn);
	list_for_each_entry_safe(c, next, &txn->changes, node) {
		if (c->before || c->born)
			continue;
		list_del(&c->node);
		tq_change_free(c);
	}
	if (list_empty(&txn->changes)) {
		kfree(txn);
		return;
	}
	INIT_RCU_WORK(&txn->work, reclaim_work);
	queue_rcu_work(tq_wq, &txn->work);
}
