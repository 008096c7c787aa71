// SPDX-License-Identifier: GPL-2.0-only
/*
 * chardev.c - files of a queue: /dev/tqueue/<id>, or an anonymous inode.
 *
 * errno of read: EINVAL the next record is larger than the buffer; EAGAIN
 * nothing there and O_NONBLOCK; EBUSY somebody has the queue mapped; EFAULT;
 * ERESTARTSYS; 0 the queue is deleted and empty.  Of write: EMSGSIZE; EAGAIN no
 * room and O_NONBLOCK, or mapped; ENXIO deleted; ENOMEM this CPU has no ring;
 * EFAULT; ERESTARTSYS.  Of mmap: see map.c.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "chardev.h"
#include "map.h"
#include "queue.h"
#include "stream.h"

static dev_t first_dev;

static bool nonblocking(const struct kiocb *iocb)
{
	return (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
}

static ssize_t queue_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct tq_queue *q = iocb->ki_filp->private_data;
	bool ended, drained;
	ssize_t len;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		/* First: if it was set, what we find is all there will be. */
		ended = smp_load_acquire(&q->ended);
		if (mutex_lock_interruptible(&q->consumer))
			return -ERESTARTSYS;
		len = -EBUSY;
		if (tq_map_read_begin(q)) {
			len = tq_stream_take(q, to, &drained);
			tq_map_read_end(q);
		}
		mutex_unlock(&q->consumer);
		if (len > 0)
			tq_queue_made_room(q);
		if (len || ended)
			break;
		if (nonblocking(iocb)) {
			if (!tq_queue_hungry(q))
				return -EAGAIN;
		} else if (wait_event_interruptible(q->wait, tq_queue_hungry(q) ||
							     READ_ONCE(q->ended) ||
							     tq_map_is(q))) {
			return -ERESTARTSYS;
		}
	}
	/* With edge-triggered epoll a short read may mean "empty" as well as
	 * EAGAIN does.  If there is something again, tell at once: nobody else
	 * will.
	 */
	if (len > 0 && drained && nonblocking(iocb) && tq_queue_hungry(q))
		tq_queue_wake(q);
	return len;
}

/* False: it may wait for room. */
static bool try_write(struct tq_queue *q, const void *data, size_t len, int *err)
{
	/* A consumer that has the ring mapped tells nobody that it made room. */
	if (tq_map_is(q)) {
		*err = -EAGAIN;
		return true;
	}
	*err = tq_queue_message(q, data, len);
	return *err != -EAGAIN;
}

static ssize_t queue_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct tq_queue *q = iocb->ki_filp->private_data;
	const size_t len = iov_iter_count(from);
	void *data;
	int err;

	if (!len)
		return 0;
	if (len > tq_queue_message_max(q))
		return -EMSGSIZE;
	/* The ring is no place to take a page fault in. */
	data = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	if (!copy_from_iter_full(data, len, from)) {
		kvfree(data);
		return -EFAULT;
	}
	/* H, with G: in wait_event_interruptible() */
	if (!try_write(q, data, len, &err) && !nonblocking(iocb) &&
	    wait_event_interruptible(q->room, try_write(q, data, len, &err)))
		err = -ERESTARTSYS;
	kvfree(data);
	return err ? err : len;
}

static int queue_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tq_map(file->private_data, file, vma);
}

static __poll_t queue_poll(struct file *file, poll_table *wait)
{
	struct tq_queue *q = file->private_data;
	__poll_t mask = 0;
	bool ended;

	poll_wait(file, &q->wait, wait);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &q->room, wait);
	smp_mb();	/* H, with G, on kernels whose poll_wait() has none */
	ended = smp_load_acquire(&q->ended);
	if ((file->f_mode & FMODE_READ) && (tq_queue_readable(q) || tq_queue_hungry(q)))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (ended)
		mask |= EPOLLHUP;
	else if ((file->f_mode & FMODE_WRITE) && tq_queue_writable(q))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static int queue_fasync(int fd, struct file *file, int on)
{
	struct tq_queue *q = file->private_data;
	int err;

	err = fasync_helper(fd, file, on, &q->fasync);
	if (err >= 0 && on && tq_queue_hungry(q))
		tq_queue_wake(q);
	return err;
}

static void queue_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct tq_queue *q = file->private_data;

	seq_printf(m, "tqueue-id:\t%u\n", q->id);
	seq_printf(m, "tqueue-name:\t%s\n", q->name);
	seq_printf(m, "tqueue-deleted:\t%d\n", READ_ONCE(q->dead));
}

/* A file's reference to its queue. */
static void attach(struct file *file, struct tq_queue *q)
{
	get_device(&q->dev);
	atomic_inc(&q->files);
	file->private_data = q;
}

/* The node is the initial user namespace's.  Who is in another network namespace
 * than the queue needs to be its administrator.
 */
static bool may_open(const struct tq_queue *q)
{
	return current->nsproxy->net_ns == q->net || ns_capable(&init_user_ns, CAP_NET_ADMIN);
}

static int queue_open(struct inode *inode, struct file *file)
{
	/* The open inode holds the cdev, and so the queue. */
	struct tq_queue *q = container_of(inode->i_cdev, struct tq_queue, cdev);

	/* q->net may be gone and its address taken by our own namespace, but
	 * only if the queue died long before.
	 */
	if (READ_ONCE(q->dead))
		return -ENXIO;
	if (!may_open(q))
		return -EPERM;
	attach(file, q);
	return stream_open(inode, file);
}

static int queue_release(struct inode *inode, struct file *file)
{
	struct tq_queue *q = file->private_data;

	atomic_dec(&q->files);
	put_device(&q->dev);
	return 0;
}

static const struct file_operations queue_fops = {
	.owner		= THIS_MODULE,
	.open		= queue_open,
	.release	= queue_release,
	.read_iter	= queue_read,
	.write_iter	= queue_write,
	.mmap		= queue_mmap,
	.poll		= queue_poll,
	.fasync		= queue_fasync,
	.show_fdinfo	= queue_show_fdinfo,
};

struct file *tq_chardev_file(struct tq_queue *q, unsigned int flags)
{
	struct file *file;

	file = anon_inode_getfile("[tqueue]", &queue_fops, NULL, flags & (O_ACCMODE | O_NONBLOCK));
	if (IS_ERR(file))
		return file;
	attach(file, q);
	stream_open(file_inode(file), file);
	return file;
}

/* The device. */

static char *class_devnode(tq_class_const struct device *dev, umode_t *mode)
{
	const struct tq_queue *q = container_of(dev, const struct tq_queue, dev);

	if (mode)
		*mode = 0660;
	return kasprintf(GFP_KERNEL, "tqueue/%u", q->id);
}

static int class_uevent(tq_class_const struct device *dev, struct kobj_uevent_env *env)
{
	const struct tq_queue *q = container_of(dev, const struct tq_queue, dev);

	if (add_uevent_var(env, "TQUEUE_NAME=%s", q->name) ||
	    add_uevent_var(env, "TQUEUE_INIT_NET=%d", q->net == &init_net))
		return -ENOMEM;
	return 0;
}

/* Asked for only between device_add() and device_del(), when the namespace is
 * there: it kills its queues in pre_exit.
 */
static tq_class_ns_t *class_namespace(tq_class_const struct device *dev)
{
	const struct tq_queue *q = container_of(dev, const struct tq_queue, dev);

	return tq_class_ns(q->net);
}

static struct class queue_class = {
	.name		= "tqueue",
	.devnode	= class_devnode,
	.dev_uevent	= class_uevent,
	.ns_type	= &net_ns_type_operations,
	.namespace	= class_namespace,
};

int tq_chardev_add(struct tq_queue *q)
{
	int err;

	/* Nodes are named in the one devtmpfs of the machine: not for every
	 * user's own namespace.  QUEUE_OPEN serves those.
	 */
	if (q->net->user_ns != &init_user_ns)
		return 0;
	err = dev_set_name(&q->dev, "tqueue%u", q->id);
	if (err)
		return err;
	q->dev.class = &queue_class;
	q->dev.devt = MKDEV(MAJOR(first_dev), MINOR(first_dev) + q->id);
	cdev_init(&q->cdev, &queue_fops);
	q->cdev.owner = THIS_MODULE;
	err = cdev_device_add(&q->cdev, &q->dev);
	if (err)
		return err;
	q->has_device = true;
	return 0;
}

void tq_chardev_del(struct tq_queue *q)
{
	cdev_device_del(&q->cdev, &q->dev);
}

int tq_chardev_init(void)
{
	int err;

	/* Minor number = id; 0 is none. */
	err = alloc_chrdev_region(&first_dev, 0, TQ_QUEUES_MAX + 1, "tqueue");
	if (err)
		return err;
	err = class_register(&queue_class);
	if (err)
		unregister_chrdev_region(first_dev, TQ_QUEUES_MAX + 1);
	return err;
}

void tq_chardev_exit(void)
{
	class_unregister(&queue_class);
	unregister_chrdev_region(first_dev, TQ_QUEUES_MAX + 1);
}
