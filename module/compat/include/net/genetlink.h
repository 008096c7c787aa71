/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_NET_GENETLINK_H
#define _TQ_COMPAT_NET_GENETLINK_H

#include_next <net/genetlink.h>

/* Attributes of a dump request, NULL where not given. */
static inline struct nlattr **tq_compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef TQ_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* From 6.1 on commands from here on are checked strictly; before, those are
 * that do not ask for less.
 */
#ifdef TQ_HAVE_GENL_RESV_START_OP
#define TQ_GENL_RESV_START_OP(op)	.resv_start_op = (op),
#else
#define TQ_GENL_RESV_START_OP(op)
#endif

/* The same bit under its older name. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/* True, and the attribute named where the kernel can, if @attr is missing. */
#ifndef GENL_REQ_ATTR_CHECK
#define GENL_REQ_ATTR_CHECK(info, attr)	(!(info)->attrs[attr])
#endif

#endif /* _TQ_COMPAT_NET_GENETLINK_H */
