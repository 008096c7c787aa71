/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hook.h - attachments of tables to netfilter hooks.
 */
#ifndef _TQ_HOOK_H
#define _TQ_HOOK_H

#include <linux/types.h>
#include <linux/tqueue.h>

struct netlink_ext_ack;
struct tq_net;
struct tq_point;
struct tq_table;

/**
 * struct tq_hook_at - where a hook is to be
 * @family: enum tqueue_family
 * @point: enum tqueue_hook_point, one that this kernel has
 * @priority: as netfilter's: lower comes first
 * @device: name; "" unless @family is netdev
 */
struct tq_hook_at {
	u32		family;
	u32		point;
	s32		priority;
	const char	*device;
};

/**
 * struct tq_hook - one table at one hook
 * @id: unique in its namespace
 * @family: enum tqueue_family
 * @point: enum tqueue_hook_point
 * @priority: as netfilter's: lower comes first
 * @table: a user
 * @at: where it is registered
 */
struct tq_hook {
	u32		id;
	u32		family;
	u32		point;
	s32		priority;
	struct tq_table	*table;
	struct tq_point	*at;
};

/* All under tq_net.lock.  A hook holds the module, so that removing it never
 * opens a firewall silently.
 */
/* Under RTNL too, if it is for a device. */
struct tq_hook *tq_hook_create(struct tq_net *tn, struct tq_table *t, const struct tq_hook_at *at,
			       struct netlink_ext_ack *extack);
int tq_hook_set_table(struct tq_net *tn, struct tq_hook *hook, struct tq_table *t,
		      struct netlink_ext_ack *extack);
/* -ENOMEM: the hook stays. */
int tq_hook_delete(struct tq_net *tn, struct tq_hook *hook);
/* Netns exit: can't fail. */
void tq_hook_kill_all(struct tq_net *tn);

/* False while its device is not there. */
bool tq_hook_active(const struct tq_hook *hook);
/* "" but for family netdev. */
const char *tq_hook_device(const struct tq_hook *hook);

/* Does this kernel have the hook? */
bool tq_hook_has(u32 point);

int tq_hook_init(void);
void tq_hook_exit(void);

#endif /* _TQ_HOOK_H */
