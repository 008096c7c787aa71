/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * expire.h - rules that end by themselves.
 */
#ifndef _TQ_EXPIRE_H
#define _TQ_EXPIRE_H

#include <linux/types.h>

struct tq_net;

void tq_expire_init(struct tq_net *tn);

/* Something expires at @when (jiffies64; 0: never).  Under tq_net.lock. */
void tq_expire_by(struct tq_net *tn, u64 when);

#endif /* _TQ_EXPIRE_H */
