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

/* The operations of a family that all need CAP_NET_ADMIN in the namespace, sorted
 * by number.  Where do and dump can't have policies of their own, what only one of
 * them takes (@both lets in what any does) is left for the handlers to refuse.
 * TQ_GENL_DUMP_TOO comes behind the do of the same command, without a comma.
 */
#ifdef TQ_HAVE_GENL_SPLIT_OPS
#define tq_genl_ops	genl_split_ops
#define TQ_GENL_DO(_cmd, _doit, _policy, _max)					\
	{									\
		.cmd		= (_cmd),					\
		.doit		= (_doit),					\
		.policy		= (_policy),					\
		.maxattr	= (_max),					\
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO,	\
	}
#define TQ_GENL_DUMP(_cmd, _dumpit, _policy, _max)				\
	{									\
		.cmd		= (_cmd),					\
		.dumpit		= (_dumpit),					\
		.policy		= (_policy),					\
		.maxattr	= (_max),					\
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,	\
	}
#define TQ_GENL_DO_DUMP(_cmd, _doit, _do, _dumpit, _done, _both, _max)		\
	TQ_GENL_DO(_cmd, _doit, _do, _max)
#define TQ_GENL_DUMP_TOO(_cmd, _dumpit, _done, _policy, _max)			\
	{									\
		.cmd		= (_cmd),					\
		.dumpit		= (_dumpit),					\
		.done		= (_done),					\
		.policy		= (_policy),					\
		.maxattr	= (_max),					\
		.flags		= GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DUMP,	\
	},
#define TQ_GENL_FAMILY_OPS(_ops)						\
	.split_ops	= (_ops),						\
	.n_split_ops	= ARRAY_SIZE(_ops),
#else
#define tq_genl_ops	genl_ops
#define TQ_GENL_DO_DUMP(_cmd, _doit, _do, _dumpit, _done, _both, _max)		\
	{									\
		.cmd		= (_cmd),					\
		.doit		= (_doit),					\
		.dumpit		= (_dumpit),					\
		.done		= (_done),					\
		.policy		= (_both),					\
		.maxattr	= (_max),					\
		.flags		= GENL_UNS_ADMIN_PERM,				\
	}
#define TQ_GENL_DUMP_TOO(_cmd, _dumpit, _done, _policy, _max)
#define TQ_GENL_DO(_cmd, _doit, _policy, _max)					\
	TQ_GENL_DO_DUMP(_cmd, _doit, NULL, NULL, NULL, _policy, _max)
#define TQ_GENL_DUMP(_cmd, _dumpit, _policy, _max)				\
	TQ_GENL_DO_DUMP(_cmd, NULL, NULL, _dumpit, NULL, _policy, _max)
#define TQ_GENL_FAMILY_OPS(_ops)						\
	.ops		= (_ops),						\
	.n_ops		= ARRAY_SIZE(_ops),
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
