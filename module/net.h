/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net.h - what tqueue keeps per network namespace.
 *
 * Locking, outermost first:
 *
 *	RTNL, nft's commit mutex	never taken by us under any lock below;
 *					the packet filter's own doors may hold them
 *					when they call checkentry
 *	tq_net.lock			all configuration of one namespace: names,
 *					rules, transactions, hooks, settings
 *	cpus_read_lock
 *	tq_queues_lock (queue.c)	the machine-wide list and ids of queues,
 *					and which CPUs have a ring in them
 *	tq_queue.consumer		one reader at a time takes records out of a
 *					stream; may wait for user memory
 *	tq_log_reader.lock		one open file of a log; the same
 *	mmap_lock			taken by others, before:
 *	tq_queue.map_lock		mapped, being read, being resized; nothing
 *					that may wait for user memory
 *	accounts_lock (account.c)	begin and end of accounts
 *
 * Readers of names (checkentry) and of rules (packets) hold rcu_read_lock()
 * only.  checkentry and destroy take none of the mutexes.
 */
#ifndef _TQ_NET_H
#define _TQ_NET_H

#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

struct tq_account;
struct tq_hook;
struct tq_queue;
struct tq_table;

#define TQ_NAME_HASH_BITS	8

/**
 * struct tq_net - one network namespace
 * @net: the namespace; not a counted reference: this struct is part of it
 * @account: of the user namespace that owns it; a reference
 * @lock: protects everything below for writers
 * @serial: number of the last event; never 0; see tq_net_serial()
 * @state: number of the last change, by which dumps know that there was one; never 0
 * @dying: pre_exit has begun; nothing new is made
 * @queue_names: RCU; struct tq_queue.name_node
 * @table_names: RCU; struct tq_table.name_node
 * @queues: all queues, in order of creation; struct tq_queue.net_node
 * @tables: by id
 * @hooks: by id
 * @points: struct tq_point.node: netfilter hooks
 * @device_points: how many of them are for a device; raised under RTNL
 * @txns: by id
 * @revert: takes back what was not confirmed in time
 * @expire: removes rules whose time is over
 * @overflow_irq: a queue has begun to lose
 * @overflow: tells of it, and looks whether they still do
 * @expire_at: jiffies64 at which it runs next; 0: not
 */
struct tq_net {
	struct net		*net;
	struct tq_account	*account;
	struct mutex		lock;
	u32			serial;
	u32			state;
	bool			dying;
	struct hlist_head	queue_names[1 << TQ_NAME_HASH_BITS];
	struct hlist_head	table_names[1 << TQ_NAME_HASH_BITS];
	struct list_head	queues;
	struct xarray		tables;
	u32			next_table;
	struct xarray		hooks;
	u32			next_hook;
	struct list_head	points;
	u32			device_points;
	struct xarray		txns;
	u32			next_txn;
	struct delayed_work	revert;
	struct delayed_work	expire;
	struct irq_work		overflow_irq;
	struct delayed_work	overflow;
	u64			expire_at;
};

struct tq_net *tq_net(const struct net *net);

/* Next serial, for a change that was just made.  Under tq_net.lock. */
u32 tq_net_serial(struct tq_net *tn);
/* The same for an event that changes no object: dumps under way stay whole. */
u32 tq_net_event(struct tq_net *tn);

/* Bucket of a name in queue_names or table_names. */
u32 tq_name_hash(const char *name);

/* -EINVAL unless @name obeys the rule at TQUEUE_NAME_SIZE. */
int tq_name_check(const char *name);

int tq_net_init(void);
void tq_net_exit(void);

#endif /* _TQ_NET_H */
