// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Room in a table
 *
 * A commit can't fail, so whether there is room for a rule is decided when it is
 * added to a transaction, and room that was found is kept until that ends.
 *
 * For each table a transaction knows how many rules it adds, less those that it
 * deletes: its net.  Any open transaction may be committed or aborted, in any
 * order.  So for others a positive net counts as if it were there already, and a
 * negative one as nothing: what was deleted may come back.  The transaction
 * itself may use the room that it makes, as a flush does that is followed by
 * what is to be there instead.  With the nets n of all but transaction T:
 *
 *	rules + net(T) + sum of max(n, 0) <= rules_max
 *
 * is asked for before T adds one, and then holds whatever ends how; a limit
 * that it does not hold for is refused.  What takes a commit back has the
 * opposite net, which counts until that is confirmed.
 *
 * Rules are counted: the versions of a rule, of which more than one may be there
 * until a grace period has passed, are a question of memory (account.c).
 */
#include <linux/slab.h>

#include "net.h"
#include "room.h"
#include "table.h"
#include "txn.h"

/**
 * struct tq_room - what a transaction adds to one table
 * @node: in tq_txn.rooms, the last used first
 * @table: a reference
 * @net: rules
 */
struct tq_room {
	struct list_head	node;
	struct tq_table		*table;
	s64			net;
};

static struct tq_room *find(struct tq_txn *txn, const struct tq_table *t)
{
	struct tq_room *room;

	list_for_each_entry(room, &txn->rooms, node) {
		if (room->table != t)
			continue;
		/* Rules of one table mostly come in a row. */
		list_move(&room->node, &txn->rooms);
		return room;
	}
	return NULL;
}

struct tq_room *tq_room_get(struct tq_txn *txn, struct tq_table *t)
{
	struct tq_room *room = find(txn, t);

	if (room)
		return room;
	room = kzalloc(sizeof(*room), GFP_KERNEL_ACCOUNT);
	if (!room)
		return NULL;
	tq_table_get(t);
	room->table = t;
	list_add(&room->node, &txn->rooms);
	return room;
}

static void set_net(struct tq_room *room, s64 net)
{
	lockdep_assert_held(&room->table->lock);
	room->table->promised += max(net, 0LL) - max(room->net, 0LL);
	room->net = net;
}

void tq_room_change(struct tq_room *room, int by)
{
	set_net(room, room->net + by);
}

bool tq_room_for_one(const struct tq_room *room)
{
	const struct tq_table *t = room->table;

	lockdep_assert_held(&t->lock);
	return !t->rules_max || t->rules + room->net + 1 + t->promised - max(room->net, 0LL) <=
	       t->rules_max;
}

bool tq_room_enough(const struct tq_table *t, u32 max)
{
	lockdep_assert_held(&t->lock);
	return !max || t->rules + t->promised <= max;
}

void tq_room_commit(struct tq_txn *txn)
{
	struct tq_room *room;

	list_for_each_entry(room, &txn->rooms, node) {
		mutex_lock(&room->table->lock);
		set_net(room, txn->back ? -room->net : 0);
		mutex_unlock(&room->table->lock);
	}
	if (txn->back)
		list_splice_init(&txn->rooms, &txn->back->rooms);
}

void tq_room_free(struct tq_txn *txn)
{
	struct tq_room *room, *next;

	list_for_each_entry_safe(room, next, &txn->rooms, node) {
		WARN_ON_ONCE(room->net);
		list_del(&room->node);
		tq_table_put(room->table);
		kfree(room);
	}
}
