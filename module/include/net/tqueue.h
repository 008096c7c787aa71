/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tqueue.h - for kernel modules that put messages of their own into a queue.
 *
 * Who uses these symbols holds the module tqueue until it is unloaded itself.  A
 * queue that is held can't be deleted by QUEUE_DEL (its HOLDERS say that a kernel
 * module has it); it dies with its network namespace all the same, and then posts
 * are refused.  It must be given back before the holder's module is unloaded.
 */
#ifndef _NET_TQUEUE_H
#define _NET_TQUEUE_H

#include <linux/types.h>

struct net;
struct tq_queue;

/**
 * tqueue_get() - hold the queue of this name
 * @net: its network namespace, which the caller holds meanwhile
 * @name: its name
 *
 * Context: any but hardirq and NMI.
 * Return: the queue, or ERR_PTR(-ENOENT).
 */
struct tq_queue *tqueue_get(struct net *net, const char *name);

/**
 * tqueue_post() - put a message into the ring of this CPU
 * @queue: from tqueue_get()
 * @data: the payload, in kernel memory
 * @len: its bytes; not 0
 *
 * Never sleeps and never waits.  A message that can't be put in is counted as
 * lost, by its cause, and a later record tells readers of it.
 *
 * Context: task or softirq, interrupts on.  A call from a handler that has
 * interrupted this very function on the same CPU (a tracepoint's, say) is lost.
 * Return: 0; -EINVAL no bytes (not counted); -ENOBUFS no room; -EMSGSIZE more than
 * a quarter of a ring or 64 KiB; -ENXIO the queue is gone; -ENOMEM this CPU has no
 * ring; -EBUSY nested.
 */
int tqueue_post(struct tq_queue *queue, const void *data, size_t len);

/**
 * tqueue_put() - give the queue back
 * @queue: from tqueue_get(); not to be used any more
 *
 * Context: any but hardirq and NMI.
 */
void tqueue_put(struct tq_queue *queue);

#endif /* _NET_TQUEUE_H */
