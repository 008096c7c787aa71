/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * param.h - what can be set in /sys/module/tqueue/parameters.
 */
#ifndef _TQ_PARAM_H
#define _TQ_PARAM_H

#include <linux/tqueue.h>
#include <linux/types.h>

/**
 * struct tq_params - all of them but "queues"; to be read by READ_ONCE(), once
 *	for each object: they change at any time
 * @ring_size: of new queues; bytes for each CPU
 * @snaplen: of new queues
 * @watermark: of new queues; 0: a sixteenth of the ring
 * @flush_us: of new queues
 * @busy_rate: packets in a second that make a rule busy (busy.c); 0: none does
 * @max_memory: bytes of the initial user namespace; 0: no limit, as for the rest
 * @max_queues: of the same
 * @max_user_memory: of each other user namespace
 * @max_user_queues: of the same
 */
struct tq_params {
	u32		ring_size;
	u32		snaplen;
	u32		watermark;
	u32		flush_us;
	u32		busy_rate;
	unsigned long	max_memory;
	unsigned long	max_queues;
	unsigned long	max_user_memory;
	unsigned long	max_user_queues;
};

extern struct tq_params tq_params;

#define TQ_PARAM_QUEUES_MAX	32

/**
 * struct tq_param_queue - one of "queues"
 * @ring_size: 0: the default
 */
struct tq_param_queue {
	char	name[TQUEUE_NAME_SIZE];
	u32	ring_size;
};

/* Queues to be made when the module is loaded; NULL after the last. */
const struct tq_param_queue *tq_param_queue(unsigned int i);

#endif /* _TQ_PARAM_H */
