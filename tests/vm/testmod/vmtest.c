// SPDX-License-Identifier: GPL-2.0-only
/*
 * Misbehaves on request, so that selftest can prove that the harness sees it:
 *
 *     insmod vmtest.ko do=warn
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *todo = "nothing";
module_param_named(do, todo, charp, 0444);
MODULE_PARM_DESC(do, "what to do wrong");

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_MUTEX(mutex);
static int value;
static int __rcu *shared = (int __rcu *)&value;

static noinline void leak(void)
{
	int i;

	/* Several: a stale pointer on some stack may hide one of them. */
	for (i = 0; i < 20; i++)
		*(volatile char *)kmalloc(300, GFP_KERNEL) = 1;
}

static noinline void use_after_free(void)
{
	volatile char *p = kmalloc(100, GFP_KERNEL);

	kfree((void *)p);
	p[10] = 1;
}

static noinline void abba(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static int __init vmtest_init(void)
{
	if (!strcmp(todo, "warn")) {
		WARN(1, "vmtest: asked to\n");
	} else if (!strcmp(todo, "bug")) {
		BUG();
	} else if (!strcmp(todo, "spin")) {
		preempt_disable();
		for (;;)
			cpu_relax();
	} else if (!strcmp(todo, "leak")) {
		leak();
	} else if (!strcmp(todo, "uaf")) {
		use_after_free();
	} else if (!strcmp(todo, "abba")) {
		abba();
	} else if (!strcmp(todo, "rcu")) {
		value = *rcu_dereference(shared);
	} else if (!strcmp(todo, "sleep")) {
		spin_lock(&lock_a);
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
		spin_unlock(&lock_a);
	}
	return 0;
}
module_init(vmtest_init);

static void __exit vmtest_exit(void)
{
}
module_exit(vmtest_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Misbehaves for the test of the test harness");
