/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * room.h - how many rules a table may have, and who is going to add some.
 */
#ifndef _TQ_ROOM_H
#define _TQ_ROOM_H

#include <linux/types.h>

struct tq_room;
struct tq_table;
struct tq_txn;

/* All under tq_net.lock, and tq_table.lock where there is a table. */

/* What @txn adds to @t, from now on counted; NULL: no memory. */
struct tq_room *tq_room_get(struct tq_txn *txn, struct tq_table *t);
/* May @txn add one rule more? */
bool tq_room_for_one(const struct tq_room *room);
/* @txn has so many rules more in it, or, if @by is -1, one less. */
void tq_room_change(struct tq_room *room, int by);

/* Would @max rules be enough for @t, whatever open transactions end how? */
bool tq_room_enough(const struct tq_table *t, u32 max);

/* At the commit of @txn, whose rules are counted by the table from now on.  What
 * takes it back, if there is such a transaction, will add the contrary.
 */
void tq_room_commit(struct tq_txn *txn);
/* With the transaction. */
void tq_room_free(struct tq_txn *txn);

#endif /* _TQ_ROOM_H */
