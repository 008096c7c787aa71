// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the ladder of init and its mirror.
 *
 * ORDER: tables own the workqueue that everything dies in, changes the cache
 * that they go back to from there; queues need their class before a namespace
 * can hold one; the namespaces must be there before the doors open, and the
 * queues that the load asks for, so that a bad one ends it while nobody can
 * hold anything.  Their devices come last, when nothing can
 * fail any more.  On the way down the doors close first, so that nothing new
 * is made; then the namespaces let go of all objects; then what is still in
 * flight (RCU callbacks, work) is waited for, first that of tables, whose rules
 * hold queues.
 */
#include <linux/module.h>
#include <linux/stringify.h>

#include "change.h"
#include "hook.h"
#include "load.h"
#include "net.h"
#include "netlink.h"
#include "queue.h"
#include "table.h"
#include "xt_tqueue.h"

static int __init tq_init(void)
{
	int err;

	err = tq_change_init();
	if (err)
		return err;
	err = tq_table_init();
	if (err)
		goto exit_change;
	err = tq_queue_init();
	if (err)
		goto exit_table;
	err = tq_net_init();
	if (err)
		goto exit_queue;
	err = tq_load_queues();
	if (err)
		goto exit_net;
	err = tq_hook_init();
	if (err)
		goto exit_net;
	err = tq_xt_init();
	if (err)
		goto exit_hook;
	err = tq_nl_init();
	if (err)
		goto exit_xt;
	tq_load_devices();
	return 0;

exit_xt:
	tq_xt_exit();
exit_hook:
	tq_hook_exit();
exit_net:
	tq_net_exit();
	tq_table_reclaim_wait();
exit_queue:
	tq_queue_exit();
exit_table:
	tq_table_exit();
exit_change:
	tq_change_exit();
	return err;
}

static void __exit tq_exit(void)
{
	tq_nl_exit();
	tq_xt_exit();
	tq_hook_exit();
	tq_net_exit();
	tq_table_reclaim_wait();
	tq_queue_exit();
	tq_table_exit();
	tq_change_exit();
}

module_init(tq_init);
module_exit(tq_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Rule tables that choose packets, queues that hand out copies of them");
MODULE_VERSION(__stringify(TQ_VERSION));
