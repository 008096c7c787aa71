// SPDX-License-Identifier: GPL-2.0-only
/*
 * begin.c - the module of the suites: what main.c of the product does for it, as far
 * as the suites need it.  KUnit runs them when the module is there.
 *
 * Nothing is registered under a name, so the real module may be loaded.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "change.h"
#include "fixture.h"
#include "queue.h"
#include "table.h"

u32 tqk_seed;
module_param_named(seed, tqk_seed, uint, 0444);
MODULE_PARM_DESC(seed, "of what cases draw; 0 or none: one that is drawn");

static int __init tqk_begin(void)
{
	int err = tq_change_init();

	if (err)
		return err;
	err = tq_table_init();
	if (err)
		goto exit_change;
	tq_queue_wq = alloc_workqueue("tqueue_kunit", WQ_UNBOUND, 0);
	if (!tq_queue_wq) {
		err = -ENOMEM;
		goto exit_table;
	}
	while (!tqk_seed)
		tqk_seed = get_random_u32();
	return 0;

exit_table:
	tq_table_exit();
exit_change:
	tq_change_exit();
	return err;
}

static void __exit tqk_end(void)
{
	/* As tq_queue_exit(): grace periods put work into the queue. */
	rcu_barrier();
	tq_table_reclaim_wait();
	destroy_workqueue(tq_queue_wq);
	tq_table_exit();
	tq_change_exit();
}

module_init(tqk_begin);
module_exit(tqk_end);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suites of tqueue");
