/* SPDX-License-Identifier: GPL-2.0-only */
/* share.h - a queue's whole size, in shares of this machine's CPUs. */
#ifndef TQCTL_SHARE_H
#define TQCTL_SHARE_H

struct parse;
struct tq_queue;

/* "size 32M": ring_size becomes each online CPU's share, rounded down to a power
 * of two of pages; nothing to do if the words gave no size.  0, or -1 with a
 * sentence in @p.
 */
int parse_share(struct parse *p, struct tq_queue *q);

#endif
