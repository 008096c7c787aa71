// SPDX-License-Identifier: GPL-2.0-only
/*
 * chardev.c - files of a queue: of its device (device.c), or an anonymous inode.
 *
 * errno of read: EINVAL the next record is larger than the buffer; EAGAIN
 * nothing there and O_NONBLOCK; EBUSY somebody has the queue mapped; EPIPE in
 * mode log: overtaken, the next one goes on at the oldest record; EFAULT;
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
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "chardev.h"
#include "log.h"
#include "map.h"
#include "queue.h"
#include "stream.h"

/**
 * struct queue_file - an open file
 * @q: its queue, of which it holds a reference
 * @log: NULL unless the queue is one of mode log
 */
struct queue_file {
	struct tq_queue		*q;
	struct tq_log_reader	*log;
};

static struct tq_queue *file_queue(const struct file *file)
{
	return ((const struct queue_file *)file->private_data)->q;
}

static bool nonblocking(const struct kiocb *iocb)
{
	return (iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT);
}

static bool readable(const struct queue_file *f)
{
	return f->log ? tq_log_readable(f->log) : tq_queue_readable(f->q);
}

/* As tq_queue_hungry(), for this file. */
static bool hungry(const struct queue_file *f)
{
	if (!f->log)
		return tq_queue_hungry(f->q);
	tq_queue_log_hungry(f->q);
	return tq_log_readable(f->log);
}

static ssize_t read_stream(struct tq_queue *q, struct iov_iter *to, bool *drained)
{
	ssize_t len = -EBUSY;

	if (mutex_lock_interruptible(&q->consumer))
		return -ERESTARTSYS;
	if (tq_map_read_begin(q)) {
		len = tq_stream_take(q, to, drained);
		tq_map_read_end(q);
	}
	mutex_unlock(&q->consumer);
	if (len > 0)
		tq_queue_made_room(q);
	return len;
}

static ssize_t queue_read(struct kiocb *iocb, struct iov_iter *to)
{
	const struct queue_file *f = iocb->ki_filp->private_data;
	struct tq_queue *q = f->q;
	bool ended, drained;
	ssize_t len;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		/* First: if it was set, what we find is all there will be. */
		ended = smp_load_acquire(&q->ended);
		len = f->log ? tq_log_read(f->log, to, &drained) : read_stream(q, to, &drained);
		if (len || ended)
			break;
		if (nonblocking(iocb)) {
			if (!hungry(f))
				return -EAGAIN;
		} else if (wait_event_interruptible(q->wait, hungry(f) || READ_ONCE(q->ended) ||
							     tq_map_is(q))) {
			return -ERESTARTSYS;
		}
	}
	/* With edge-triggered epoll a short read may mean "empty" as well as
	 * EAGAIN does.  If there is something again, tell at once: nobody else
	 * will.
	 */
	if (len > 0 && drained && nonblocking(iocb) && hungry(f))
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
	struct tq_queue *q = file_queue(iocb->ki_filp);
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
	return tq_map(file_queue(file), file, vma);
}

/* What poll says to a reader who wants to know @wanted. */
static __poll_t poll_read(struct file *file, __poll_t wanted, bool ended)
{
	const struct queue_file *f = file->private_data;
	const __poll_t any = EPOLLIN | EPOLLRDNORM;

	/* Whoever asks for EPOLLIN as well, as select() does, is told by that. */
	if ((wanted & EPOLLRDBAND) && !(wanted & any) && !f->log && !ended)
		/* While others have it mapped, read(2) has EBUSY to say. */
		return tq_map_is_by_other(f->q, file) || tq_queue_due(f->q) ? EPOLLRDBAND : 0;
	if (!readable(f) && !hungry(f))
		return 0;
	return f->log || ended ? any | EPOLLRDBAND : any;
}

static __poll_t queue_poll(struct file *file, poll_table *wait)
{
	struct tq_queue *q = file_queue(file);
	__poll_t mask = 0;
	bool ended;

	poll_wait(file, &q->wait, wait);
	if (file->f_mode & FMODE_WRITE)
		poll_wait(file, &q->room, wait);
	smp_mb();	/* H, with G, on kernels whose poll_wait() has none */
	ended = smp_load_acquire(&q->ended);
	if (file->f_mode & FMODE_READ)
		mask |= poll_read(file, poll_requested_events(wait), ended);
	if (ended)
		mask |= EPOLLHUP;
	else if ((file->f_mode & FMODE_WRITE) && tq_queue_writable(q))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static int queue_fasync(int fd, struct file *file, int on)
{
	const struct queue_file *f = file->private_data;
	struct tq_queue *q = f->q;
	int err;

	err = fasync_helper(fd, file, on, &q->fasync);
	if (err >= 0 && on && hungry(f))
		tq_queue_wake(q);
	return err;
}

static loff_t queue_llseek(struct file *file, loff_t offset, int whence)
{
	const struct queue_file *f = file->private_data;

	if (!f->log || offset)
		return -ESPIPE;
	return tq_log_seek(f->log, whence);
}

static void queue_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct tq_queue *q = file_queue(file);

	seq_printf(m, "tqueue-id:\t%u\n", q->id);
	seq_printf(m, "tqueue-name:\t%s\n", q->name);
	seq_printf(m, "tqueue-mode:\t%s\n", tq_queue_mode_name(q));
	seq_printf(m, "tqueue-mapped:\t%d\n", tq_map_is(q));
	seq_printf(m, "tqueue-deleted:\t%d\n", READ_ONCE(q->dead));
}

/* A file of @q, which holds a reference.  NULL: no memory. */
static struct queue_file *new_file(struct tq_queue *q)
{
	struct queue_file *f;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return NULL;
	if (q->mode == TQUEUE_MODE_LOG) {
		f->log = tq_log_reader_new(q);
		if (!f->log) {
			kfree(f);
			return NULL;
		}
	}
	f->q = q;
	get_device(&q->dev);
	atomic_inc(&q->files);
	return f;
}

static void free_file(struct queue_file *f)
{
	tq_log_reader_free(f->log);
	atomic_dec(&f->q->files);
	put_device(&f->q->dev);
	kfree(f);
}

/* No positions: neither pread() nor a lock for f_pos.  lseek() of a log means its
 * cursors.
 */
static void init_file(struct file *file, const struct queue_file *f)
{
	stream_open(file_inode(file), file);
	if (f->log)
		file->f_mode |= FMODE_LSEEK;
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
	file->private_data = new_file(q);
	if (!file->private_data)
		return -ENOMEM;
	init_file(file, file->private_data);
	return 0;
}

static int queue_release(struct inode *inode, struct file *file)
{
	free_file(file->private_data);
	return 0;
}

const struct file_operations tq_chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= queue_open,
	.release	= queue_release,
	.llseek		= queue_llseek,
	.read_iter	= queue_read,
	.write_iter	= queue_write,
	.mmap		= queue_mmap,
	.poll		= queue_poll,
	.fasync		= queue_fasync,
	.show_fdinfo	= queue_show_fdinfo,
};

struct file *tq_chardev_file(struct tq_queue *q, unsigned int flags)
{
	struct queue_file *f;
	struct file *file;

	f = new_file(q);
	if (!f)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("[tqueue]", &tq_chardev_fops, f, flags & (O_ACCMODE | O_NONBLOCK));
	if (IS_ERR(file))
		free_file(f);
	else
		init_file(file, f);
	return file;
}
