// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - names and lives of queues.
 *
 * Their rings are in rings.c.  What puts records in is in post.c, what takes them
 * out in stream.c; files are chardev.c's.
 */

/**
 * DOC: End of a queue
 *
 *	1. The name goes, so no new user can find it, and "dead" is set, so no
 *	   producer that looks puts anything in.
 *	2. The device goes: nobody can open it any more.
 *	3. A grace period passes: producers that did not see "dead" are through,
 *	   and so are lookups that found the name.  QUEUE_DEL waits for it, an
 *	   expedited one, so that the queue is at its end when the command is.
 *	   A namespace that ends leaves it to work items, all waiting at once.
 *	4. "ended" is set and all sleepers are woken: readers get what is left,
 *	   then end of file.  The name's reference is dropped.
 *	5. With the last reference (files, rules that a dying namespace left
 *	   behind, the character device) the device's release frees the memory,
 *	   by a work item, since that reference may go in softirq context.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "account.h"
#include "device.h"
#include "map.h"
#include "merge.h"
#include "net.h"
#include "param.h"
#include "queue.h"
#include "ring.h"
#include "xt_users.h"

/* Protects the next three, and which CPUs have rings in queues of the list. */
static DEFINE_MUTEX(tq_queues_lock);
static DEFINE_XARRAY_ALLOC1(queue_ids);
static u32 next_id;
static LIST_HEAD(all_queues);

struct workqueue_struct *tq_queue_wq;
static enum cpuhp_state cpuhp_state;

const char *tq_queue_name(const struct tq_queue *q)
{
	return q->name;
}

void tq_queues_hold(void)
{
	cpus_read_lock();
	mutex_lock(&tq_queues_lock);
}

void tq_queues_release(void)
{
	mutex_unlock(&tq_queues_lock);
	cpus_read_unlock();
}

const char *tq_queue_mode_name(const struct tq_queue *q)
{
	return q->mode == TQUEUE_MODE_LOG ? "log" : "stream";
}

/* References. */

static struct tq_queue *find_rcu(struct tq_net *tn, const char *name)
{
	struct tq_queue *q;

	hlist_for_each_entry_rcu(q, &tn->queue_names[tq_name_hash(name)], name_node,
				 lockdep_is_held(&tn->lock))
		if (!strcmp(q->name, name))
			return q;
	return NULL;
}

struct tq_queue *tq_queue_use(struct tq_net *tn, const char *name)
{
	struct tq_queue *q;

	rcu_read_lock();
	q = find_rcu(tn, name);
	if (q && !refcount_inc_not_zero(&q->users))
		q = NULL;
	if (q)
		get_device(&q->dev);
	rcu_read_unlock();
	return q;
}

void tq_queue_use_again(struct tq_queue *q)
{
	refcount_inc(&q->users);
	get_device(&q->dev);
}

static void drop_user(struct tq_queue *q)
{
	/* The name is a user until it is gone. */
	WARN_ON_ONCE(refcount_dec_and_test(&q->users) && !READ_ONCE(q->dead));
}

void tq_queue_unuse(struct tq_queue *q)
{
	drop_user(q);
	put_device(&q->dev);
}

struct tq_queue *tq_queue_by_name(struct tq_net *tn, const char *name)
{
	lockdep_assert_held(&tn->lock);
	return find_rcu(tn, name);
}

struct tq_queue *tq_queue_by_id(struct tq_net *tn, u32 id)
{
	struct tq_queue *q;

	lockdep_assert_held(&tn->lock);
	/* An id is given back, under the lock, before its queue is freed.  If
	 * the queue is of our namespace and lives, tn->lock keeps it so.
	 */
	mutex_lock(&tq_queues_lock);
	q = xa_load(&queue_ids, id);
	if (q && (q->dead || q->tn != tn))
		q = NULL;
	mutex_unlock(&tq_queues_lock);
	return q;
}

int tq_queue_xt_add(struct tq_queue *q, u8 family, const char *xt_table)
{
	return tq_xt_users_add(&q->xt_users, &q->xt_lock, family, xt_table);
}

void tq_queue_xt_del(struct tq_queue *q, u8 family, const char *xt_table)
{
	tq_xt_users_del(&q->xt_users, &q->xt_lock, family, xt_table);
}

/* Birth. */

static int cpu_prepare(unsigned int cpu)
{
	struct tq_queue *q;

	mutex_lock(&tq_queues_lock);
	list_for_each_entry(q, &all_queues, all_node)
		tq_queue_add_ring(q, cpu);
	mutex_unlock(&tq_queues_lock);
	return 0;
}

static void free_queue(struct work_struct *work)
{
	struct tq_queue *q = container_of(work, struct tq_queue, free_work);

	hrtimer_cancel(&q->timer);
	if (q->id) {
		mutex_lock(&tq_queues_lock);
		xa_erase(&queue_ids, q->id);
		mutex_unlock(&tq_queues_lock);
	}
	if (q->cpu) {
		tq_queue_free_rings(q);
		tq_map_free(q);
		free_percpu(q->cpu);
	}
	kvfree(q->next);
	mutex_destroy(&q->map_lock);
	mutex_destroy(&q->consumer);
	tq_account_del_queue(q->account);
	tq_account_put(q->account);
	kfree(q);
}

static void release(struct device *dev)
{
	struct tq_queue *q = container_of(dev, struct tq_queue, dev);

	queue_work(tq_queue_wq, &q->free_work);
}

/* After the grace period: see the DOC. */
static void end_queue(struct tq_queue *q)
{
	smp_store_release(&q->ended, true);	/* with queue_read(): look for records after */
	wake_up_interruptible_poll(&q->wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
	wake_up_interruptible_poll(&q->room, EPOLLOUT | EPOLLWRNORM | EPOLLHUP);
	kill_fasync(&q->fasync, SIGIO, POLL_HUP);
	put_device(&q->dev);
}

static void end_work(struct work_struct *work)
{
	end_queue(container_of(to_rcu_work(work), struct tq_queue, end_work));
}

static int init_cpus(struct tq_queue *q)
{
	int cpu, err;

	q->cpu = alloc_percpu_gfp(struct tq_queue_cpu, GFP_KERNEL_ACCOUNT);
	if (!q->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct tq_queue_cpu *c = per_cpu_ptr(q->cpu, cpu);

		local_lock_init(&c->lock);
		u64_stats_init(&c->syncp);
		c->absent = TQUEUE_LOSS_NO_RING;
	}
	/* Without a lock: CPUs that come up now get theirs in publish(). */
	for_each_online_cpu(cpu) {
		err = tq_queue_add_ring(q, cpu);
		if (err)
			return err;
	}
	return 0;
}

/* A queue without id, name and device, which is counted already.  It is freed by
 * put_device().
 */
static struct tq_queue *new_queue(struct tq_net *tn, const struct tq_queue_config *config)
{
	struct tq_queue *q;
	int err;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q) {
		tq_account_del_queue(tn->account);
		return ERR_PTR(-ENOMEM);
	}
	q->account = tq_account_hold(tn->account);
	q->tn = tn;
	q->net = tn->net;
	q->mode = config->mode;
	q->ring_size = config->ring_size;
	q->snaplen = config->snaplen;
	q->watermark = config->watermark;
	q->flush_us = config->flush_us;
	strscpy(q->name, config->name, sizeof(q->name));
	hrtimer_setup(&q->timer, tq_queue_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	init_waitqueue_head(&q->wait);
	init_waitqueue_head(&q->room);
	mutex_init(&q->consumer);
	mutex_init(&q->map_lock);
	refcount_set(&q->users, 1);
	spin_lock_init(&q->xt_lock);
	INIT_LIST_HEAD(&q->xt_users);
	INIT_LIST_HEAD(&q->all_node);
	INIT_RCU_WORK(&q->end_work, end_work);
	INIT_WORK(&q->free_work, free_queue);
	device_initialize(&q->dev);
	q->dev.release = release;

	q->next = kvcalloc(nr_cpu_ids, sizeof(*q->next), GFP_KERNEL_ACCOUNT);
	err = q->next ? init_cpus(q) : -ENOMEM;
	if (err) {
		put_device(&q->dev);
		return ERR_PTR(err);
	}
	return q;
}

/* Gives @q its id and puts it where CPUs that come up find it. */
static int publish(struct tq_queue *q)
{
	int err, cpu;
	u32 id;

	tq_queues_hold();
	err = xa_alloc_cyclic(&queue_ids, &id, q, XA_LIMIT(1, TQ_QUEUES_MAX), &next_id,
			      GFP_KERNEL);
	if (err >= 0) {
		q->id = id;
		list_add_tail(&q->all_node, &all_queues);
		for_each_online_cpu(cpu)
			tq_queue_add_ring(q, cpu);
	}
	tq_queues_release();
	return min(err, 0);
}

/* Steps 1 and 2 of the end, but for the name: see the DOC. */
static void close_queue(struct tq_queue *q)
{
	WRITE_ONCE(q->dead, true);
	mutex_lock(&tq_queues_lock);
	list_del_init(&q->all_node);
	mutex_unlock(&tq_queues_lock);
	if (q->has_device)
		tq_device_del(q);
}

void tq_queue_defaults(struct tq_queue_config *config)
{
	if (!config->mode)
		config->mode = TQUEUE_MODE_STREAM;
	if (!config->ring_size)
		config->ring_size = READ_ONCE(tq_params.ring_size);
	if (!config->watermark)
		config->watermark = min(READ_ONCE(tq_params.watermark), config->ring_size);
	/* Leaves a sleeping reader most of the ring as time to wake up. */
	if (!config->watermark)
		config->watermark = config->ring_size / 16;
	if (!config->flush_us)
		config->flush_us = READ_ONCE(tq_params.flush_us);
}

bool tq_queue_fits(u32 ring_size)
{
	return tq_ring_memory(ring_size) * num_online_cpus() / PAGE_SIZE <= totalram_pages();
}

struct tq_queue *tq_queue_create(struct tq_net *tn, const struct tq_queue_config *config,
				 struct netlink_ext_ack *extack)
{
	struct tq_queue *q;
	int err;

	lockdep_assert_held(&tn->lock);
	if (tn->dying) {
		NL_SET_ERR_MSG(extack, "the network namespace is ending");
		return ERR_PTR(-ENXIO);
	}
	if (tq_queue_by_name(tn, config->name)) {
		NL_SET_ERR_MSG(extack, "there is a queue of that name already");
		return ERR_PTR(-EEXIST);
	}
	if (!tq_queue_fits(config->ring_size)) {
		NL_SET_ERR_MSG(extack, "the rings are larger than all memory of this machine");
		return ERR_PTR(-ENOMEM);
	}
	err = tq_account_add_queue(tn->account);
	if (err) {
		NL_SET_ERR_MSG(extack, TQ_OVER_QUEUES);
		return ERR_PTR(err);
	}
	q = new_queue(tn, config);
	if (q == ERR_PTR(-EDQUOT)) {
		NL_SET_ERR_MSG(extack, TQ_OVER_MEMORY);
		return q;
	}
	if (IS_ERR(q)) {
		NL_SET_ERR_MSG(extack, "not enough memory for the rings");
		return q;
	}
	err = publish(q);
	if (err) {
		NL_SET_ERR_MSG(extack, "no queue id is free on this machine");
		put_device(&q->dev);
		return ERR_PTR(err);
	}
	err = config->no_device ? 0 : tq_device_add(q);
	if (err) {
		NL_SET_ERR_MSG(extack, "the queue's device can't be made");
		close_queue(q);
		/* It may have been open for a moment. */
		queue_rcu_work(tq_queue_wq, &q->end_work);
		return ERR_PTR(err);
	}
	tq_net_serial(tn);
	list_add_tail(&q->net_node, &tn->queues);
	hlist_add_head_rcu(&q->name_node, &tn->queue_names[tq_name_hash(q->name)]);
	return q;
}

int tq_queue_set(struct tq_queue *q, const struct tq_queue_config *config,
		 struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&q->tn->lock);
	if (q->ring_size == config->ring_size && q->snaplen == config->snaplen &&
	    q->watermark == config->watermark && q->flush_us == config->flush_us)
		return 0;
	if (q->ring_size != config->ring_size) {
		err = tq_queue_resize(q, config->ring_size, extack);
		if (err)
			return err;
	}
	WRITE_ONCE(q->snaplen, config->snaplen);
	WRITE_ONCE(q->watermark, config->watermark);
	WRITE_ONCE(q->flush_us, config->flush_us);
	tq_map_settings(q);
	tq_queue_wait_anew(q);
	tq_net_serial(q->tn);
	return 1;
}

static void forget(struct tq_queue *q)
{
	lockdep_assert_held(&q->tn->lock);
	hlist_del_rcu(&q->name_node);
	list_del(&q->net_node);
	close_queue(q);
}

int tq_queue_delete(struct tq_net *tn, struct tq_queue *q, struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&tn->lock);
	if (!refcount_dec_if_one(&q->users)) {
		NL_SET_ERR_MSG(extack, "rules, iptables rules or kernel modules refer to the queue");
		return -EBUSY;
	}
	tq_net_serial(tn);
	forget(q);
	synchronize_rcu_expedited();
	end_queue(q);
	return 0;
}

void tq_queue_kill_all(struct tq_net *tn)
{
	struct tq_queue *q, *tmp;

	lockdep_assert_held(&tn->lock);
	list_for_each_entry_safe(q, tmp, &tn->queues, net_node) {
		forget(q);
		drop_user(q);
		queue_rcu_work(tq_queue_wq, &q->end_work);
	}
}

int tq_queue_init(void)
{
	int err;

	/* Not one of the system's: tq_queue_exit() waits for all that is in it,
	 * work that works have queued included.
	 */
	tq_queue_wq = alloc_workqueue("tqueue_free", WQ_UNBOUND, 0);
	if (!tq_queue_wq)
		return -ENOMEM;
	err = tq_device_init();
	if (err)
		goto destroy_wq;
	/* One state for all queues; see kernel/cpu.c on what an instance each
	 * would cost.
	 */
	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "net/tqueue:prepare",
					cpu_prepare, NULL);
	if (err < 0)
		goto exit_chardev;
	cpuhp_state = err;
	return 0;

exit_chardev:
	tq_device_exit();
destroy_wq:
	destroy_workqueue(tq_queue_wq);
	return err;
}

void tq_queue_exit(void)
{
	WARN_ON_ONCE(!list_empty(&all_queues));
	cpuhp_remove_state_nocalls(cpuhp_state);
	/* Grace periods first: they put work into the queue, and that puts more. */
	rcu_barrier();
	destroy_workqueue(tq_queue_wq);
	tq_device_exit();
	xa_destroy(&queue_ids);
}
