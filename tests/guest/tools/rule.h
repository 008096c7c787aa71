/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule.h - random rule sets and packets, and the linear reference: the first
 * rule that matches, in order of priority, then of insertion.
 */
#ifndef RULE_H
#define RULE_H

#include <stdio.h>
#include "pkt.h"

/* Optional keys, by their names on tqctl's command line. */
enum rule_key {
	KEY_FRAG	= 1 << 0,
	KEY_ICMP	= 1 << 1,
	KEY_FLAGS	= 1 << 2,
	KEY_DSCP	= 1 << 3,
	KEY_LEN		= 1 << 4,
	KEY_CT		= 1 << 5,
	KEY_NEXT	= 1 << 6,	/* verdicts next and repeat, and what they may see */
};

/**
 * struct rule - keys that are not there match everything
 * @order: place in the batch
 * @proto: -1: any; so also @icmp_type, @icmp_code, @dscp
 * @smax: with @smin > @smax there is no such key; so also @dmin, @lmin
 * @iif, @oif: "" any; a last "+" makes a prefix
 * @ct: of enum tqueue_ct_state; no packet here has a state
 * @verdict: TQUEUE_VERDICT_PASS, _ACCEPT, _DROP, _NEXT or _REPEAT
 * @snaplen: of its copy; 0: none given
 */
struct rule {
	u32	order;
	u32	prio;
	u64	handle;
	u8	family;
	u8	has_src, has_dst;
	u8	src[16], dst[16];
	u8	src_len, dst_len;
	int	proto;
	int	smin, smax, dmin, dmax;
	int	icmp_type, icmp_code;
	u8	tcp_flags, tcp_mask;
	int	dscp;
	int	lmin, lmax;
	u8	frag;
	char	iif[16], oif[16];
	u32	mark, mark_mask;
	u8	has_mark;
	u8	verdict;
	u16	snaplen;
	u32	set_mark, set_mask;
	int	set_dscp;	/* -1: no */
	int	set_ttl, add_ttl;	/* 0: no */
	u8	ct;
};

/**
 * struct world - what rules and packets are drawn from
 * @in: names of the devices packets come in by, @ins of them
 * @out: the same for those they leave by; @outs is 0 before routing.  The
 *	first bit of an IPv4 destination (the fourth of an IPv6 one) chooses.
 * @routed: only addresses that a router passes on
 */
struct world {
	char		in[8][16], out[2][16];
	unsigned int	ins, outs;
	int		families;	/* bit 0: IPv4, bit 1: IPv6 */
	int		routed;
	u32		keys;
	struct rng	rng;
	u8		center[2][64][16];
	u32		marks[8];
};

void world_init(struct world *w, u64 seed);

/* @n rules in the order of their insertion */
struct rule *rules_draw(struct world *w, u32 n);
/* One "rule add" line. */
void rule_print(FILE *f, const struct rule *r, const char *table, const char *queue);

/* Sorts @rules into the order in which they are tried. */
void rules_sort(struct rule *rules, u32 n);

/* A packet that is likely to meet an edge of one of @rules. */
void pkt_draw(struct world *w, const struct rule *rules, u32 n, struct pkt *p);

/* Bytes from the network header on. */
u32 pkt_len(const struct pkt *p);
const char *pkt_out(const struct world *w, const struct pkt *p);
int rule_matches(const struct world *w, const struct rule *r, const struct pkt *p);

/* The first from place @from on; NULL if none does. */
const struct rule *rules_first(const struct world *w, const struct rule *rules, u32 n, u32 from,
			       const struct pkt *p);

/* What the rule makes of the packet. */
void rule_change(const struct rule *r, struct pkt *p);

#endif /* RULE_H */
