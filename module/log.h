/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log.h - reads a queue of mode log; each open file on its own.
 */
#ifndef _TQ_LOG_H
#define _TQ_LOG_H

#include <linux/types.h>

struct iov_iter;
struct tq_log_reader;
struct tq_queue;

/* At the oldest record.  The caller holds @q as long as the reader lives.  NULL:
 * no memory.
 */
struct tq_log_reader *tq_log_reader_new(struct tq_queue *q);
void tq_log_reader_free(struct tq_log_reader *r);

/* Bytes; 0: there is nothing new; -EPIPE: overtaken, now at the oldest again;
 * -EINVAL, -EFAULT: not even the first record could be given out; -ERESTARTSYS.
 * @drained: nothing was left of what was there.
 */
ssize_t tq_log_read(struct tq_log_reader *r, struct iov_iter *to, bool *drained);
/* SEEK_SET: the oldest record; SEEK_END: behind the newest.  -EINVAL,
 * -ERESTARTSYS.
 */
int tq_log_seek(struct tq_log_reader *r, int whence);
/* Is there anything that this reader has not seen? */
bool tq_log_readable(const struct tq_log_reader *r);

#endif /* _TQ_LOG_H */
