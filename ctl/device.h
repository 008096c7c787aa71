/* SPDX-License-Identifier: GPL-2.0-only */
/* device.h - from the name of a queue to its open device. */
#ifndef TQCTL_DEVICE_H
#define TQCTL_DEVICE_H

struct tqctl;
struct tqueue;

/* Opens queue @name with @flags, enum tqueue_open_flag: *q, to be freed by
 * tqueue_free() also after a failure.  An exit status; what went wrong has been
 * told.
 */
int device_open(struct tqctl *t, const char *name, int flags, struct tqueue **q);

/* Tells what tqueue_next() or tqueue_write() said no to.  An exit status. */
int device_error(struct tqctl *t, const struct tqueue *q);

#endif
