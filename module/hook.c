// SPDX-License-Identifier: GPL-2.0-only
/*
 * hook.c - direct netfilter hooks: tables that need no iptables.
 *
 * All tables at one (family, hook, priority) share one nf_hook_ops, because
 * unregistering one makes the core drop every packet that waits in any NFQUEUE
 * of the namespace.  Which tables they are is an array that is replaced as a
 * whole; a packet goes through them in the order of their hooks' creation until
 * one accepts or drops it.
 *
 * The core does not wait for packets when it unregisters: the ops and the array
 * are freed after a grace period, and so is a table whose last user goes.
 */
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include "hook.h"
#include "net.h"
#include "packet.h"
#include "table.h"
#include "verdict.h"

/* The tables of a point, in order. */
struct tq_bindings {
	struct rcu_head		rcu;
	u32			n;
	struct tq_table		*table[];
};

/**
 * struct tq_point - one registered hook
 * @node: in tq_net.points
 * @ops: what netfilter has
 * @family: enum tqueue_family
 * @point: enum tqueue_hook_point
 * @hooks: number of struct tq_hook here
 * @tracked: conntrack, if it is on, comes before
 * @bindings: RCU
 * @rcu: delays its end
 */
struct tq_point {
	struct list_head		node;
	struct nf_hook_ops		ops;
	u32				family;
	u32				point;
	u32				hooks;
	bool				tracked;
	struct tq_bindings __rcu	*bindings;
	struct rcu_head			rcu;
};

static unsigned int hook_fn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct tq_point *p = priv;
	const struct tq_bindings *b = rcu_dereference(p->bindings);
	const struct tq_place place = { state, p->tracked };
	u32 i;

	for (i = 0; i < b->n; i++) {
		unsigned int verdict = tq_verdict(b->table[i], skb, &place);

		if (verdict != TQ_PASS)
			return verdict;
	}
	return NF_ACCEPT;
}

static bool tracked(u32 point, s32 priority)
{
	switch (point) {
	case TQUEUE_HOOK_PREROUTING:
	case TQUEUE_HOOK_OUTPUT:
		return priority > NF_IP_PRI_CONNTRACK;
	default:
		return true;
	}
}

static const u8 hooknum[] = {
	[TQUEUE_HOOK_PREROUTING]	= NF_INET_PRE_ROUTING,
	[TQUEUE_HOOK_INPUT]		= NF_INET_LOCAL_IN,
	[TQUEUE_HOOK_FORWARD]		= NF_INET_FORWARD,
	[TQUEUE_HOOK_OUTPUT]		= NF_INET_LOCAL_OUT,
	[TQUEUE_HOOK_POSTROUTING]	= NF_INET_POST_ROUTING,
};

static struct tq_bindings *locked_bindings(struct tq_net *tn, struct tq_point *p)
{
	return rcu_dereference_protected(p->bindings, lockdep_is_held(&tn->lock));
}

/* The tables of all hooks at @p but @without; then @last, if given.  Hooks are
 * in order of id but for a wrap of the ids, which does not matter.
 */
static struct tq_bindings *bindings_make(struct tq_net *tn, struct tq_point *p,
					 const struct tq_hook *without, struct tq_table *last)
{
	struct tq_bindings *b;
	struct tq_hook *h;
	unsigned long id;

	b = kzalloc(struct_size(b, table, p->hooks + 1), GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	xa_for_each(&tn->hooks, id, h)
		if (h->at == p && h != without)
			b->table[b->n++] = h->table;
	if (last)
		b->table[b->n++] = last;
	return b;
}

static void bindings_publish(struct tq_net *tn, struct tq_point *p, struct tq_bindings *new)
{
	struct tq_bindings *old = locked_bindings(tn, p);

	rcu_assign_pointer(p->bindings, new);
	if (old)
		kfree_rcu(old, rcu);
}

static struct tq_point *point_find(struct tq_net *tn, u32 family, u32 point, s32 priority)
{
	struct tq_point *p;

	list_for_each_entry(p, &tn->points, node)
		if (p->family == family && p->point == point && p->ops.priority == priority)
			return p;
	return NULL;
}

static struct tq_point *point_new(struct tq_net *tn, u32 family, u32 point, s32 priority,
				  struct tq_bindings *b)
{
	struct tq_point *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->family = family;
	p->point = point;
	p->ops.hook = hook_fn;
	p->ops.priv = p;
	/* enum tqueue_family has the numbers of NFPROTO_*. */
	p->ops.pf = family;
	p->ops.hooknum = hooknum[point];
	p->ops.priority = priority;
	p->tracked = tracked(point, priority);
	rcu_assign_pointer(p->bindings, b);
	err = nf_register_net_hook(tn->net, &p->ops);
	if (err) {
		kfree(p);
		return ERR_PTR(err);
	}
	list_add_tail(&p->node, &tn->points);
	return p;
}

static void point_free(struct tq_net *tn, struct tq_point *p)
{
	nf_unregister_net_hook(tn->net, &p->ops);
	list_del(&p->node);
	kfree_rcu(locked_bindings(tn, p), rcu);
	kfree_rcu(p, rcu);
}

static bool bound(struct tq_net *tn, const struct tq_point *p, const struct tq_table *t)
{
	struct tq_hook *h;
	unsigned long id;

	xa_for_each(&tn->hooks, id, h)
		if (h->at == p && h->table == t)
			return true;
	return false;
}

struct tq_hook *tq_hook_create(struct tq_net *tn, struct tq_table *t, u32 family, u32 point,
			       s32 priority, struct netlink_ext_ack *extack)
{
	struct tq_bindings *b;
	struct tq_hook *hook;
	struct tq_point *p;
	bool new;
	int err;

	lockdep_assert_held(&tn->lock);

	if (tn->dying)
		return ERR_PTR(-ENODEV);
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return ERR_PTR(-ENODEV);
	}
	hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!hook)
		goto put_module;
	hook->family = family;
	hook->point = point;
	hook->priority = priority;
	hook->table = t;

	err = xa_alloc_cyclic(&tn->hooks, &hook->id, hook, XA_LIMIT(1, INT_MAX), &tn->next_hook,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free_hook;

	p = point_find(tn, family, point, priority);
	new = !p;
	if (p) {
		err = -EEXIST;
		if (bound(tn, p, t)) {
			NL_SET_ERR_MSG(extack, "the table is at this hook already");
			goto erase_hook;
		}
		b = bindings_make(tn, p, NULL, t);
	} else {
		b = kzalloc(struct_size(b, table, 1), GFP_KERNEL_ACCOUNT);
		if (b)
			b->table[b->n++] = t;
	}
	err = -ENOMEM;
	if (!b)
		goto erase_hook;

	tq_table_use_again(t);
	if (new) {
		p = point_new(tn, family, point, priority, b);
		if (IS_ERR(p)) {
			err = PTR_ERR(p);
			NL_SET_ERR_MSG(extack, "netfilter refuses the hook");
			goto unuse_table;
		}
	} else {
		bindings_publish(tn, p, b);
	}
	p->hooks++;
	hook->at = p;
	return hook;

unuse_table:
	tq_table_unuse(t);
	kfree(b);
erase_hook:
	xa_erase(&tn->hooks, hook->id);
free_hook:
	kfree(hook);
put_module:
	module_put(THIS_MODULE);
	return ERR_PTR(err);
}

int tq_hook_set_table(struct tq_net *tn, struct tq_hook *hook, struct tq_table *t)
{
	struct tq_table *old = hook->table;
	struct tq_bindings *b;

	lockdep_assert_held(&tn->lock);

	if (t == old)
		return 0;
	if (bound(tn, hook->at, t))
		return -EEXIST;
	hook->table = t;
	b = bindings_make(tn, hook->at, NULL, NULL);
	if (!b) {
		hook->table = old;
		return -ENOMEM;
	}
	tq_table_use_again(t);
	bindings_publish(tn, hook->at, b);
	tq_table_unuse(old);
	return 0;
}

int tq_hook_delete(struct tq_net *tn, struct tq_hook *hook)
{
	struct tq_point *p = hook->at;

	lockdep_assert_held(&tn->lock);

	if (p->hooks > 1) {
		struct tq_bindings *b = bindings_make(tn, p, hook, NULL);

		if (!b)
			return -ENOMEM;
		bindings_publish(tn, p, b);
	}
	xa_erase(&tn->hooks, hook->id);
	if (!--p->hooks)
		point_free(tn, p);
	tq_table_unuse(hook->table);
	kfree(hook);
	module_put(THIS_MODULE);
	return 0;
}

void tq_hook_kill_all(struct tq_net *tn)
{
	struct tq_point *p, *next;
	struct tq_hook *hook;
	unsigned long id;

	lockdep_assert_held(&tn->lock);

	list_for_each_entry_safe(p, next, &tn->points, node)
		point_free(tn, p);
	xa_for_each(&tn->hooks, id, hook) {
		xa_erase(&tn->hooks, id);
		tq_table_unuse(hook->table);
		kfree(hook);
		module_put(THIS_MODULE);
	}
}
