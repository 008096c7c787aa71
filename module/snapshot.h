/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h - the rules of a table as they are at one moment, for a dump.
 *
 * A dump of many messages takes its time, and rules change meanwhile.  Versions
 * have generations, so all that it takes to read one whole set is that those
 * which die are kept until the dump is over.  Nobody may keep them for long: a
 * snapshot can be taken away, and then the dump goes on with what there is and
 * says that it was interrupted, if it was.
 */
#ifndef _TQ_SNAPSHOT_H
#define _TQ_SNAPSHOT_H

#include <linux/types.h>

struct tq_change;
struct tq_net;
struct tq_snapshot;
struct tq_table;

void tq_snapshot_init(struct tq_table *t);

/* NULL: no memory.  Under tq_net.lock. */
struct tq_snapshot *tq_snapshot_take(struct tq_net *tn, struct tq_table *t);
/* May be NULL.  Under none of our locks. */
void tq_snapshot_drop(struct tq_snapshot *s);
/* The generation that the dump is to show of @t; @s may be NULL.  Under tq_table.lock. */
unsigned long tq_snapshot_generation(const struct tq_snapshot *s, const struct tq_table *t);

/* True if the end of @c would disturb a snapshot: then the table has it, and sees to
 * it later.  Under tq_table.lock, by the worker that reclaims.
 */
bool tq_snapshot_keeps(struct tq_table *t, struct tq_change *c);

/* Takes all snapshots of a namespace away: somebody needs what they keep. */
void tq_snapshot_break_all(struct tq_net *tn);

#endif /* _TQ_SNAPSHOT_H */
