/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl_queue.h - what nl_queue.c and overflow.c need of nl_queue_fill.c.
 */
#ifndef _TQ_NL_QUEUE_H
#define _TQ_NL_QUEUE_H

#include <linux/types.h>

struct genl_info;
struct sk_buff;
struct tq_net;
struct tq_queue;

/* A message of @cmd about @q, with what @query (enum tqueue_query) asks for.
 * Under tq_net.lock, both.
 */
int tq_nl_queue_reply(const struct genl_info *info, struct tq_net *tn, struct tq_queue *q, u8 cmd,
		      u32 query, struct sk_buff **skb);
/* Tells of a change that has the namespace's serial.  @q is NULL if it is gone;
 * then @id and @name tell which it was.
 */
void tq_nl_queue_notify(struct tq_net *tn, const struct genl_info *info, u8 cmd,
			struct tq_queue *q, u32 id, const char *name);

/* Tells who listens, with a new serial, that @q overflows or has recovered.  Under
 * tq_net.lock.
 */
void tq_nl_queue_overflow(struct tq_net *tn, const struct tq_queue *q, u8 cmd);

#endif /* _TQ_NL_QUEUE_H */
