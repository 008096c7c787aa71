// SPDX-License-Identifier: GPL-2.0-only
/*
 * export.c - the door for other kernel modules: see net/tqueue.h.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/module.h>

#include <net/tqueue.h>

#include "net.h"
#include "queue.h"

struct tq_queue *tqueue_get(struct net *net, const char *name)
{
	struct tq_queue *q = tq_queue_use(tq_net(net), name);

	if (!q)
		return ERR_PTR(-ENOENT);
	atomic_inc(&q->kernel_users);
	return q;
}
EXPORT_SYMBOL_GPL(tqueue_get);

int tqueue_post(struct tq_queue *queue, const void *data, size_t len)
{
	return len ? tq_queue_post(queue, data, len) : -EINVAL;
}
EXPORT_SYMBOL_GPL(tqueue_post);

void tqueue_put(struct tq_queue *queue)
{
	atomic_dec(&queue->kernel_users);
	tq_queue_unuse(queue);
}
EXPORT_SYMBOL_GPL(tqueue_put);
