// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_users.c - which iptables tables refer to an object, and how often.
 */
#include <linux/netfilter/x_tables.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tqueue.h>
#include <net/netlink.h>

#include "xt_users.h"

struct tq_xt_user {
	struct list_head	node;
	u32			count;
	u8			family;
	char			xt_table[XT_TABLE_MAXNAMELEN];
};

static struct tq_xt_user *find(struct list_head *users, u8 family, const char *xt_table)
{
	struct tq_xt_user *u;

	list_for_each_entry(u, users, node)
		if (u->family == family &&
		    !strncmp(u->xt_table, xt_table, sizeof(u->xt_table) - 1))
			return u;
	return NULL;
}

int tq_xt_users_add(struct list_head *users, spinlock_t *lock, u8 family, const char *xt_table)
{
	struct tq_xt_user *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT), *u;

	if (!new)
		return -ENOMEM;
	spin_lock_bh(lock);
	u = find(users, family, xt_table);
	if (u) {
		u->count++;
	} else {
		new->count = 1;
		new->family = family;
		strscpy(new->xt_table, xt_table, sizeof(new->xt_table));
		list_add_tail(&new->node, users);
		new = NULL;
	}
	spin_unlock_bh(lock);
	kfree(new);
	return 0;
}

void tq_xt_users_del(struct list_head *users, spinlock_t *lock, u8 family, const char *xt_table)
{
	struct tq_xt_user *u;

	spin_lock_bh(lock);
	u = find(users, family, xt_table);
	if (u && --u->count)
		u = NULL;
	if (u)
		list_del(&u->node);
	spin_unlock_bh(lock);
	kfree(u);
}

int tq_xt_users_put(struct sk_buff *skb, int attr, struct list_head *users, spinlock_t *lock)
{
	struct tq_xt_user *u;
	int err = 0;

	spin_lock_bh(lock);
	list_for_each_entry(u, users, node) {
		struct nlattr *nest = nla_nest_start(skb, attr);

		if (!nest ||
		    nla_put_u32(skb, TQUEUE_A_HOLDER_TYPE, TQUEUE_HOLDER_XT) ||
		    nla_put_u32(skb, TQUEUE_A_HOLDER_FAMILY, u->family) ||
		    nla_put_string(skb, TQUEUE_A_HOLDER_XT_TABLE, u->xt_table) ||
		    nla_put_u32(skb, TQUEUE_A_HOLDER_COUNT, u->count)) {
			err = -EMSGSIZE;
			break;
		}
		nla_nest_end(skb, nest);
	}
	spin_unlock_bh(lock);
	return err;
}
