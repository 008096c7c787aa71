/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.h - takes records out of a queue of mode stream.
 */
#ifndef _TQ_STREAM_H
#define _TQ_STREAM_H

#include <linux/types.h>

struct iov_iter;
struct tq_queue;

/* Under tq_queue.consumer.  Bytes; 0: there is nothing; -errno: not even the first
 * record could be given out.  @drained: nothing was left of what was there.
 */
ssize_t tq_stream_take(struct tq_queue *q, struct iov_iter *to, bool *drained);
/* Throws away what is there to read.  -ERESTARTSYS; -EBUSY: mapped. */
int tq_stream_flush(struct tq_queue *q);

#endif /* _TQ_STREAM_H */
