/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chardev.h - the character device of a queue, and the read side of its files.
 */
#ifndef _TQ_CHARDEV_H
#define _TQ_CHARDEV_H

struct file;
struct tq_queue;

/* Makes the device and its node, if the queue's namespace gets one. */
int tq_chardev_add(struct tq_queue *q);
/* Nobody can open the device any more; open files stay. */
void tq_chardev_del(struct tq_queue *q);

/* An open file without a device; @flags as for open(2).  Takes a reference to
 * the queue.  ERR_PTR.
 */
struct file *tq_chardev_file(struct tq_queue *q, unsigned int flags);

int tq_chardev_init(void);
void tq_chardev_exit(void);

#endif /* _TQ_CHARDEV_H */
