// SPDX-License-Identifier: GPL-2.0-only
/*
 * Misbehaves on request, so that selftest can prove that the harness sees it:
 *
 *     insmod vmtest.ko do=warn
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
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

/* A race of two tasks, and a twin that is none, of which nothing must be said. */

static unsigned long counter;

static noinline void count(void)
{
	counter++;
}

static noinline void count_marked(void)
{
	WRITE_ONCE(counter, READ_ONCE(counter) + 1);
}

/* A value that goes from hand to hand, without and with what orders it before the turn:
 * only a model of memory that reorders sees the race of the first.  The accesses after
 * the store are in the same function, as the model ends with that.
 */

static unsigned long parcel;
static int turn;

static noinline void send_unordered(void)
{
	parcel++;
	WRITE_ONCE(turn, 1);
	while (READ_ONCE(turn) && !kthread_should_stop())
		cpu_relax();
}

static noinline void send_ordered(void)
{
	parcel++;
	smp_store_release(&turn, 1);
	while (READ_ONCE(turn) && !kthread_should_stop())
		cpu_relax();
}

static noinline void receive(void)
{
	while (!smp_load_acquire(&turn))
		if (kthread_should_stop())
			return;
	parcel++;
	smp_store_release(&turn, 0);
}

static void (*races[2])(void);

static int racer(void *race)
{
	while (!kthread_should_stop()) {
		(*(void (**)(void))race)();
		cond_resched();
	}
	return 0;
}

static int run_race(void (*one)(void), void (*other)(void))
{
	struct task_struct *a, *b;

	races[0] = one;
	races[1] = other;
	a = kthread_run(racer, &races[0], "vmtest-a");
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = kthread_run(racer, &races[1], "vmtest-b");
	msleep(3000);
	kthread_stop(a);
	return IS_ERR(b) ? PTR_ERR(b) : kthread_stop(b);
}

static int __init vmtest_init(void)
{
	if (!strcmp(todo, "warn")) {
		WARN(1, "vmtest: asked to\n");
	} else if (!strcmp(todo, "bug")) {
		BUG();
	} else if (!strcmp(todo, "breakpoint")) {
		asm volatile("int3");
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
	} else if (!strcmp(todo, "count")) {
		return run_race(count, count);
	} else if (!strcmp(todo, "count-marked")) {
		return run_race(count_marked, count_marked);
	} else if (!strcmp(todo, "send-unordered")) {
		return run_race(send_unordered, receive);
	} else if (!strcmp(todo, "send-ordered")) {
		return run_race(send_ordered, receive);
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
