/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - the character device of a queue.
 */
#ifndef _TQ_DEVICE_H
#define _TQ_DEVICE_H

struct tq_queue;

/* Makes the device and its node, if the queue's namespace gets one. */
int tq_device_add(struct tq_queue *q);
/* Nobody can open the device any more; open files stay. */
void tq_device_del(struct tq_queue *q);

int tq_device_init(void);
void tq_device_exit(void);

#endif /* _TQ_DEVICE_H */
