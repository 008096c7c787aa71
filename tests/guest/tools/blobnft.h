/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * blobnft.h - rules of iptables through nf_tables: expressions "match" and "target".
 */
#ifndef BLOBNFT_H
#define BLOBNFT_H

#include "common.h"

struct nft_way {
	int	fd;
	u8	family;		/* of the table "blob", whose chain is "c" */
	u32	seq;
};

int nft_way_open(struct nft_way *w, int six);
/* A rule of our match and target; 0 or an errno. */
int nft_way_add(struct nft_way *w, struct rng *rng, int spoilt);
/* NULL, or what is wrong with a rule that is there; @n: how many of ours there are. */
const char *nft_way_wrong(struct nft_way *w, u32 *n);
/* Deletes all rules; 0 or an errno. */
int nft_way_empty(struct nft_way *w);

#endif /* BLOBNFT_H */
