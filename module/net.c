// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.c - begin and end of a network namespace.
 *
 * A namespace ends in two steps.  pre_exit: hooks are unregistered, names
 * forgotten, open transactions aborted, queues killed; sockets, devices and
 * iptables rules of the namespace still exist.  Then the core waits for a grace
 * period, for all namespaces that end together, and exit finds nothing to do
 * but free.  What iptables rules still use lives on by its references: nft
 * destroys its rules even later.
 */
#include <linux/jhash.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "account.h"
#include "expire.h"
#include "hook.h"
#include "net.h"
#include "nl_txn.h"
#include "overflow.h"
#include "queue.h"
#include "table.h"

static unsigned int net_id;

struct tq_net *tq_net(const struct net *net)
{
	return net_generic(net, net_id);
}

u32 tq_net_serial(struct tq_net *tn)
{
	if (!++tn->state)
		tn->state = 1;
	return tq_net_event(tn);
}

u32 tq_net_event(struct tq_net *tn)
{
	lockdep_assert_held(&tn->lock);
	if (!++tn->serial)
		tn->serial = 1;
	return tn->serial;
}

u32 tq_name_hash(const char *name)
{
	return jhash(name, strlen(name), 0) & ((1 << TQ_NAME_HASH_BITS) - 1);
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

int tq_name_check(const char *name)
{
	const char *p;

	if (!*name || *name == '-' || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	for (p = name; *p; p++)
		if (!name_char(*p))
			return -EINVAL;
	return p - name < TQUEUE_NAME_SIZE ? 0 : -EINVAL;
}

static int __net_init net_begin(struct net *net)
{
	struct tq_net *tn = tq_net(net);
	int i;

	tn->account = tq_account_get(net->user_ns);
	if (!tn->account)
		return -ENOMEM;
	tn->net = net;
	tn->serial = 1;
	tn->state = 1;
	mutex_init(&tn->lock);
	for (i = 0; i < ARRAY_SIZE(tn->queue_names); i++) {
		INIT_HLIST_HEAD(&tn->queue_names[i]);
		INIT_HLIST_HEAD(&tn->table_names[i]);
	}
	INIT_LIST_HEAD(&tn->queues);
	INIT_LIST_HEAD(&tn->points);
	xa_init_flags(&tn->tables, XA_FLAGS_ALLOC1);
	xa_init_flags(&tn->hooks, XA_FLAGS_ALLOC1);
	xa_init_flags(&tn->txns, XA_FLAGS_ALLOC1);
	tq_nl_txn_net_init(tn);
	tq_expire_init(tn);
	tq_overflow_init(tn);
	return 0;
}

static void __net_exit net_pre_end(struct net *net)
{
	struct tq_net *tn = tq_net(net);

	mutex_lock(&tn->lock);
	tn->dying = true;
	tq_hook_kill_all(tn);
	tq_nl_txn_abort_all(tn);
	tq_table_kill_all(tn);
	tq_queue_kill_all(tn);
	mutex_unlock(&tn->lock);
	cancel_delayed_work_sync(&tn->revert);
	cancel_delayed_work_sync(&tn->expire);
	tq_overflow_exit(tn);
}

static void __net_exit net_end(struct list_head *nets)
{
	struct net *net;

	list_for_each_entry(net, nets, exit_list) {
		struct tq_net *tn = tq_net(net);

		/* Copies that were under way have found the queue alive until now. */
		tq_overflow_exit(tn);
		xa_destroy(&tn->txns);
		xa_destroy(&tn->hooks);
		xa_destroy(&tn->tables);
		mutex_destroy(&tn->lock);
		tq_account_put(tn->account);
	}
}

static struct pernet_operations net_ops = {
	.init		= net_begin,
	.pre_exit	= net_pre_end,
	.exit_batch	= net_end,
	.id		= &net_id,
	.size		= sizeof(struct tq_net),
};

int tq_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

void tq_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
