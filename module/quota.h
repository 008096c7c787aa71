/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * quota.h - how many of the packets that a rule hits are copied: each Nth, or
 * so many a second, or both.
 */
#ifndef _TQ_QUOTA_H
#define _TQ_QUOTA_H

#include <linux/types.h>
#include <linux/tqueue.h>

struct tq_quota;

/* @sample: each Nth packet, 0: all; @rate: packets a second, 0: no limit; of
 * them @burst, at least 1, may come at once.  May sleep; NULL: no memory.
 */
struct tq_quota *tq_quota_alloc(u32 sample, u32 rate, u32 burst);
/* Nobody uses it any more.  Any context but hardirq and NMI. */
void tq_quota_free(struct tq_quota *q);

/* May this packet be copied?  0, or why not: TQUEUE_LOSS_SAMPLED_OUT or
 * _RATE_LIMITED.  Packet path; context as for tq_queue_packet().
 */
unsigned int tq_quota_take(struct tq_quota *q);

u32 tq_quota_sample(const struct tq_quota *q);
u32 tq_quota_rate(const struct tq_quota *q);
u32 tq_quota_burst(const struct tq_quota *q);
size_t tq_quota_memory(void);

#endif /* _TQ_QUOTA_H */
