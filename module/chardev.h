/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chardev.h - files of a queue.
 */
#ifndef _TQ_CHARDEV_H
#define _TQ_CHARDEV_H

struct file;
struct file_operations;
struct tq_queue;

extern const struct file_operations tq_chardev_fops;

/* An open file without a device; @flags as for open(2).  Takes a reference to
 * the queue.  ERR_PTR.
 */
struct file *tq_chardev_file(struct tq_queue *q, unsigned int flags);

#endif /* _TQ_CHARDEV_H */
