/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_NETFILTER_H
#define _TQ_COMPAT_LINUX_NETFILTER_H

#include_next <linux/netfilter.h>

#include <linux/skbuff.h>

/* True: nf_tables looks at this packet even if a target has stolen it. */
static inline bool tq_compat_traced(const struct sk_buff *skb)
{
#if !defined(TQ_HAVE_NFT_TRACE_SKBID) && \
	(IS_ENABLED(CONFIG_NETFILTER_XT_TARGET_TRACE) || IS_ENABLED(CONFIG_NF_TABLES))
	return skb->nf_trace;
#else
	return false;
#endif
}

/* The number of this hook, if there is one. */
#if defined(TQ_HAVE_NETDEV_EGRESS) && IS_ENABLED(CONFIG_NETFILTER_EGRESS)
#define TQ_NETDEV_EGRESS	NF_NETDEV_EGRESS
#else
#define TQ_NETDEV_EGRESS	(-1)
#endif

#endif /* _TQ_COMPAT_LINUX_NETFILTER_H */
