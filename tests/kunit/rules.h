/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - rules and packets by chance, so few different ones that they meet; and what
 * it means that one matches the other, bit by bit and field by field.
 */
#ifndef _TQK_RULES_H
#define _TQK_RULES_H

#include <linux/prandom.h>
#include <linux/types.h>

struct tq_key;
struct tq_match;

bool tqk_ref_match(const struct tq_match *m, const struct tq_key *k);

void tqk_draw_match(struct rnd_state *rnd, struct tq_match *m);
/* Any packet, or, more often, one that @m, if it is not NULL, nearly or just matches. */
void tqk_draw_key(struct rnd_state *rnd, const struct tq_match *m, struct tq_key *k);

#endif /* _TQK_RULES_H */
