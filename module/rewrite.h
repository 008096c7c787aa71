/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rewrite.h - changes of a packet's IP header.
 */
#ifndef _TQ_REWRITE_H
#define _TQ_REWRITE_H

#include <linux/types.h>

struct sk_buff;

/* bits of tq_rewrite.what; never both of the first two */
enum {
	TQ_SET_TTL	= 1 << 0,
	TQ_ADD_TTL	= 1 << 1,
	TQ_SET_DSCP	= 1 << 2,
};

/**
 * struct tq_rewrite - what a rule changes in the IP header; without gaps, so
 *	that two equal ones are equal byte by byte
 * @what: TQ_SET_TTL, ...; 0: nothing
 * @dscp: with TQ_SET_DSCP
 * @ttl: the new TTL or hop limit, or with TQ_ADD_TTL what is added to it
 */
struct tq_rewrite {
	u8	what;
	u8	dscp;
	s16	ttl;
};

/* Changes the IP header of @skb, which the caller has found to be whole, and
 * what depends on it.  Packet path; copies a header that others share.  False:
 * no memory for that, and nothing is changed.
 */
bool tq_rewrite(struct sk_buff *skb, u8 family, const struct tq_rewrite *r);

#endif /* _TQ_REWRITE_H */
