// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqsample - puts messages into a queue from within the kernel.
 *
 *     insmod tqsample.ko queue=NAME
 *     echo TEXT >/sys/module/tqsample/parameters/post	a message from task context
 *     echo N >/sys/module/tqsample/parameters/burst	N of them from each CPU, with BH
 *							off
 *     echo N >/sys/module/tqsample/parameters/big	one of N bytes
 *     echo Y >/sys/module/tqsample/parameters/nest	and one more, "nested", from a
 *							tracepoint that each record meets
 *							while it is made
 *
 * The queue is one of the first network namespace.  It is held until the module
 * is unloaded.
 */
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/tqueue.h>

static char *queue = "q";
module_param(queue, charp, 0444);
MODULE_PARM_DESC(queue, "name of the queue");

static struct tq_queue *held;

static int post_set(const char *text, const struct kernel_param *kp)
{
	return held ? tqueue_post(held, text, strcspn(text, "\n")) : -ENODEV;
}

static const struct kernel_param_ops post_ops = { .set = post_set };
module_param_cb(post, &post_ops, NULL, 0200);
MODULE_PARM_DESC(post, "a message to post");

static int big_set(const char *text, const struct kernel_param *kp)
{
	unsigned int len;
	void *data;
	int err;

	err = kstrtouint(text, 0, &len);
	if (err || !held)
		return err ? err : -ENODEV;
	data = kvzalloc(len, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	err = tqueue_post(held, data, len);
	kvfree(data);
	return err;
}

static const struct kernel_param_ops big_ops = { .set = big_set };
module_param_cb(big, &big_ops, NULL, 0200);
MODULE_PARM_DESC(big, "bytes of a message to post");

static unsigned int left;

static void burst_fn(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < left; i++) {
		local_bh_disable();
		tqueue_post(held, &i, sizeof(i));
		local_bh_enable();
		cond_resched();
	}
}

static DEFINE_PER_CPU(struct work_struct, burst_work);

/* Parameters are written one at a time. */
static int burst_set(const char *text, const struct kernel_param *kp)
{
	int err = kstrtouint(text, 0, &left);
	int cpu;

	if (err || !held)
		return err ? err : -ENODEV;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		INIT_WORK(per_cpu_ptr(&burst_work, cpu), burst_fn);
		schedule_work_on(cpu, per_cpu_ptr(&burst_work, cpu));
	}
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&burst_work, cpu));
	cpus_read_unlock();
	return 0;
}

static const struct kernel_param_ops burst_ops = { .set = burst_set };
module_param_cb(burst, &burst_ops, NULL, 0200);
MODULE_PARM_DESC(burst, "messages to post from each CPU");

/* ---- from within the making of a record ---- */

static bool nest;
module_param(nest, bool, 0600);
MODULE_PARM_DESC(nest, "post one more from a tracepoint's handler");

/* Our symbols of tqueue keep it, and so this, from going. */
static struct tracepoint *queued;

static void probe(void *data, const char *name, u32 id, const char *table, u64 rule, u32 size)
{
	if (READ_ONCE(nest))
		tqueue_post(held, "nested", 6);
}

static int find_tracepoint(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct tp_module *m = data;
	int i;

	for (i = 0; i < m->mod->num_tracepoints; i++) {
		struct tracepoint *tp = tracepoint_ptr_deref(&m->mod->tracepoints_ptrs[i]);

		if (!strcmp(tp->name, "tqueue_record_queued"))
			queued = tp;
	}
	return NOTIFY_OK;
}

static int add_probe(void)
{
	static struct notifier_block nb = { .notifier_call = find_tracepoint };
	int err;

	/* It is told of the modules that are there. */
	err = register_tracepoint_module_notifier(&nb);
	if (err)
		return err;
	unregister_tracepoint_module_notifier(&nb);
	return queued ? tracepoint_probe_register(queued, probe, NULL) : -ENODEV;
}

static int __init sample_init(void)
{
	struct tq_queue *q = tqueue_get(&init_net, queue);
	int err;

	if (IS_ERR(q)) {
		pr_info("there is no queue %s\n", queue);
		return -ENODEV;	/* insmod takes ENOENT for a missing symbol */
	}
	held = q;
	err = add_probe();
	if (err)
		tqueue_put(q);
	return err;
}

static void __exit sample_exit(void)
{
	tracepoint_probe_unregister(queued, probe, NULL);
	tracepoint_synchronize_unregister();
	tqueue_put(held);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A sample producer for tqueue");
