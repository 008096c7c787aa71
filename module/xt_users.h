/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xt_users.h - counts of xtables rules by family and iptables table: what the
 * HOLDERS nest of a queue or table shows.
 */
#ifndef _TQ_XT_USERS_H
#define _TQ_XT_USERS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct sk_buff;

/* @lock protects @users.  Process context.  0 or -ENOMEM: then it is not counted, and
 * the rule must not be, or its end would be counted as another's.
 */
int tq_xt_users_add(struct list_head *users, spinlock_t *lock, u8 family, const char *xt_table);
void tq_xt_users_del(struct list_head *users, spinlock_t *lock, u8 family, const char *xt_table);

/* One nest of @attr per family and table.  -EMSGSIZE if @skb is full. */
int tq_xt_users_put(struct sk_buff *skb, int attr, struct list_head *users, spinlock_t *lock);

#endif /* _TQ_XT_USERS_H */
