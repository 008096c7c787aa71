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
 * A netdev hook is bound to a device by name: it is registered while a device of
 * that name is there.  Who takes RTNL sees to it: a device can't come or go
 * between looking it up and registering, and before it goes or gets another name
 * the notifier takes the hook off it.  So what is registered has a device that is
 * alive, and no reference is needed.
 *
 * The core does not wait for packets when it unregisters: the ops and the array
 * are freed after a grace period, and so is a table whose last user goes.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "hook.h"
#include "net.h"
#include "netlink.h"
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
 * struct tq_point - one hook of netfilter
 * @node: in tq_net.points
 * @ops: what netfilter has, if @active
 * @family: enum tqueue_family
 * @point: enum tqueue_hook_point
 * @device: family netdev: name of the device; else empty
 * @active: registered
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
	char				device[IFNAMSIZ];
	bool				active;
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

/* Those that leave a device are not under rcu_read_lock() yet. */
static unsigned int netdev_hook_fn(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	unsigned int verdict;

	rcu_read_lock();
	verdict = hook_fn(priv, skb, state);
	rcu_read_unlock();
	return verdict;
}

/* At a device nobody can tell what conntrack has seen: there are packets that
 * never come by it.
 */
static bool tracked(u32 point, s32 priority)
{
	switch (point) {
	case TQUEUE_HOOK_PREROUTING:
	case TQUEUE_HOOK_OUTPUT:
		return priority > NF_IP_PRI_CONNTRACK;
	case TQUEUE_HOOK_INGRESS:
	case TQUEUE_HOOK_EGRESS:
		return false;
	default:
		return true;
	}
}

/* -1: not on this kernel */
static const s8 hooknum[] = {
	[TQUEUE_HOOK_PREROUTING]	= NF_INET_PRE_ROUTING,
	[TQUEUE_HOOK_INPUT]		= NF_INET_LOCAL_IN,
	[TQUEUE_HOOK_FORWARD]		= NF_INET_FORWARD,
	[TQUEUE_HOOK_OUTPUT]		= NF_INET_LOCAL_OUT,
	[TQUEUE_HOOK_POSTROUTING]	= NF_INET_POST_ROUTING,
	[TQUEUE_HOOK_INGRESS]		= IS_ENABLED(CONFIG_NETFILTER_INGRESS) ?
					  NF_NETDEV_INGRESS : -1,
	[TQUEUE_HOOK_EGRESS]		= TQ_NETDEV_EGRESS,
};

bool tq_hook_has(u32 point)
{
	return hooknum[point] >= 0;
}

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

static struct tq_point *point_find(struct tq_net *tn, const struct tq_hook_at *at)
{
	struct tq_point *p;

	list_for_each_entry(p, &tn->points, node)
		if (p->family == at->family && p->point == at->point &&
		    p->ops.priority == at->priority && !strcmp(p->device, at->device))
			return p;
	return NULL;
}

/* @dev: NULL for the other families */
static int point_register(struct tq_net *tn, struct tq_point *p, struct net_device *dev)
{
	int err;

	p->ops.dev = dev;
	err = nf_register_net_hook(tn->net, &p->ops);
	p->active = !err;
	return err;
}

static void point_unregister(struct tq_net *tn, struct tq_point *p)
{
	if (p->active)
		nf_unregister_net_hook(tn->net, &p->ops);
	p->active = false;
}

/* Without its device it is made, but not registered. */
static struct tq_point *point_new(struct tq_net *tn, const struct tq_hook_at *at,
				  struct tq_bindings *b)
{
	struct tq_point *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	struct net_device *dev = NULL;
	int err = 0;

	if (!p)
		return ERR_PTR(-ENOMEM);
	p->family = at->family;
	p->point = at->point;
	p->ops.hook = *at->device ? netdev_hook_fn : hook_fn;
	p->ops.priv = p;
	/* enum tqueue_family has the numbers of NFPROTO_*. */
	p->ops.pf = at->family;
	p->ops.hooknum = hooknum[at->point];
	p->ops.priority = at->priority;
	p->tracked = tracked(at->point, at->priority);
	strscpy(p->device, at->device, sizeof(p->device));
	rcu_assign_pointer(p->bindings, b);
	if (*p->device) {
		ASSERT_RTNL();
		dev = __dev_get_by_name(tn->net, p->device);
	}
	if (dev || !*p->device)
		err = point_register(tn, p, dev);
	if (err) {
		kfree(p);
		return ERR_PTR(err);
	}
	if (*p->device)
		WRITE_ONCE(tn->device_points, tn->device_points + 1);
	list_add_tail(&p->node, &tn->points);
	return p;
}

static void point_free(struct tq_net *tn, struct tq_point *p)
{
	point_unregister(tn, p);
	if (*p->device)
		WRITE_ONCE(tn->device_points, tn->device_points - 1);
	list_del(&p->node);
	kfree_rcu(locked_bindings(tn, p), rcu);
	kfree_rcu(p, rcu);
}

/* ---- devices ---- */

static void point_changed(struct tq_net *tn, const struct tq_point *p)
{
	struct tq_hook *h;
	unsigned long id;

	xa_for_each(&tn->hooks, id, h)
		if (h->at == p)
			tq_nl_hook_changed(tn, h);
}

static void device_gone(struct tq_net *tn, struct net_device *dev)
{
	struct tq_point *p;

	list_for_each_entry(p, &tn->points, node) {
		if (!p->active || p->ops.dev != dev || !*p->device)
			continue;
		point_unregister(tn, p);
		point_changed(tn, p);
	}
}

static void device_there(struct tq_net *tn, struct net_device *dev)
{
	struct tq_point *p;

	list_for_each_entry(p, &tn->points, node) {
		if (p->active || strcmp(p->device, dev->name))
			continue;
		if (point_register(tn, p, dev)) {
			pr_warn_ratelimited("tqueue: netns %u: no memory for the hook at %s\n",
					    tn->net->ns.inum, dev->name);
			continue;
		}
		point_changed(tn, p);
	}
}

/* Under RTNL.  A device that moves to another namespace is unregistered here
 * and registered there.
 */
static int device_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct tq_net *tn = tq_net(dev_net(dev));

	if (event != NETDEV_REGISTER && event != NETDEV_UNREGISTER && event != NETDEV_CHANGENAME)
		return NOTIFY_DONE;
	/* Most namespaces have none, and RTNL must not wait for our lock then.
	 * Nor may a namespace that has ended be touched.
	 */
	if (!READ_ONCE(tn->device_points))
		return NOTIFY_DONE;
	mutex_lock(&tn->lock);
	if (event != NETDEV_REGISTER)
		device_gone(tn, dev);
	if (event != NETDEV_UNREGISTER)
		device_there(tn, dev);
	mutex_unlock(&tn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call	= device_event,
};

/* ---- hooks ---- */

static bool bound(struct tq_net *tn, const struct tq_point *p, const struct tq_table *t)
{
	struct tq_hook *h;
	unsigned long id;

	xa_for_each(&tn->hooks, id, h)
		if (h->at == p && h->table == t)
			return true;
	return false;
}

bool tq_hook_active(const struct tq_hook *hook)
{
	return hook->at->active;
}

const char *tq_hook_device(const struct tq_hook *hook)
{
	return hook->at->device;
}

/* Here a packet can't wait for a program. */
static int check_table(const struct tq_table *t, u32 family, struct netlink_ext_ack *extack)
{
	if (family != TQUEUE_FAMILY_NETDEV || !t->nfqueue_rules)
		return 0;
	NL_SET_ERR_MSG(extack, "no nfqueue from a netdev hook, and the table has such rules");
	return -EINVAL;
}

/* @t is, or is not any more, at a hook of @family. */
static void use_table(struct tq_table *t, u32 family)
{
	tq_table_use_again(t);
	t->netdev_hooks += family == TQUEUE_FAMILY_NETDEV;
}

static void unuse_table(struct tq_table *t, u32 family)
{
	t->netdev_hooks -= family == TQUEUE_FAMILY_NETDEV;
	tq_table_unuse(t);
}

struct tq_hook *tq_hook_create(struct tq_net *tn, struct tq_table *t, const struct tq_hook_at *at,
			       struct netlink_ext_ack *extack)
{
	struct tq_bindings *b;
	struct tq_hook *hook;
	struct tq_point *p;
	bool new;
	int err;

	lockdep_assert_held(&tn->lock);

	if (tn->dying)
		return ERR_PTR(-ENODEV);
	err = check_table(t, at->family, extack);
	if (err)
		return ERR_PTR(err);
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		return ERR_PTR(-ENODEV);
	}
	hook = kzalloc(sizeof(*hook), GFP_KERNEL_ACCOUNT);
	err = -ENOMEM;
	if (!hook)
		goto put_module;
	hook->family = at->family;
	hook->point = at->point;
	hook->priority = at->priority;
	hook->table = t;

	err = xa_alloc_cyclic(&tn->hooks, &hook->id, hook, XA_LIMIT(1, INT_MAX), &tn->next_hook,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free_hook;

	p = point_find(tn, at);
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

	use_table(t, at->family);
	if (new) {
		p = point_new(tn, at, b);
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
	unuse_table(t, at->family);
	kfree(b);
erase_hook:
	xa_erase(&tn->hooks, hook->id);
free_hook:
	kfree(hook);
put_module:
	module_put(THIS_MODULE);
	return ERR_PTR(err);
}

int tq_hook_set_table(struct tq_net *tn, struct tq_hook *hook, struct tq_table *t,
		      struct netlink_ext_ack *extack)
{
	struct tq_table *old = hook->table;
	struct tq_bindings *b;
	int err;

	lockdep_assert_held(&tn->lock);

	if (t == old)
		return 0;
	err = check_table(t, hook->family, extack);
	if (err)
		return err;
	if (bound(tn, hook->at, t)) {
		NL_SET_ERR_MSG(extack, "the table is at this hook already");
		return -EEXIST;
	}
	hook->table = t;
	b = bindings_make(tn, hook->at, NULL, NULL);
	if (!b) {
		hook->table = old;
		return -ENOMEM;
	}
	use_table(t, hook->family);
	bindings_publish(tn, hook->at, b);
	unuse_table(old, hook->family);
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
	unuse_table(hook->table, hook->family);
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
		unuse_table(hook->table, hook->family);
		kfree(hook);
		module_put(THIS_MODULE);
	}
}

int tq_hook_init(void)
{
	return register_netdevice_notifier(&device_notifier);
}

void tq_hook_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
