/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl_filter.h - which rules a dump shows.
 */
#ifndef _TQ_NL_FILTER_H
#define _TQ_NL_FILTER_H

#include <net/netlink.h>
#include <linux/netfilter.h>
#include <linux/tqueue.h>

struct tq_key;
struct tq_net;
struct tq_queue;
struct tq_version;

/**
 * struct tq_filter - all must hold; what is not asked for is 0 or NULL
 * @key: a packet that the rule matches
 * @queue: the rule copies to it, or steals for it
 * @prio_min: lowest priority number
 * @prio_max: highest, at least @prio_min
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6: the rule is for it, or for both
 * @verdict: enum tqueue_verdict
 * @src: with @src_family: the rule's source prefix holds it
 * @dst: with @dst_family: the rule's destination prefix holds it
 * @hit: the rule has hit at least once
 */
struct tq_filter {
	const struct tq_key	*key;
	const struct tq_queue	*queue;
	u32			prio_min;
	u32			prio_max;
	u32			verdict;
	u8			family;
	u8			src_family;
	u8			dst_family;
	bool			hit;
	union nf_inet_addr	src;
	union nf_inet_addr	dst;
};

extern const struct nla_policy tq_nl_filter_policy[TQUEUE_A_FILTER_MAX + 1];

/* Everything passes. */
void tq_nl_filter_init(struct tq_filter *f);
/* What the RULES_FILTER @nest says, which may be NULL.  Under tq_net.lock, as
 * long as @f is used.
 */
int tq_nl_filter_parse(struct tq_net *tn, struct tq_filter *f, const struct nlattr *nest,
		       struct netlink_ext_ack *extack);
bool tq_nl_filter_test(const struct tq_filter *f, const struct tq_version *v);

#endif /* _TQ_NL_FILTER_H */
