// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_queue_fill.c - what messages say of a queue; dumps of queues, STATS_GET.
 *
 * A queue on a machine with many CPUs may not fit into one message of a dump.
 * Then more messages with its id and name follow, which hold the rest of its
 * rings; a reply to QUEUE_GET is always one message.
 */
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/sock.h>

#include "map.h"
#include "net.h"
#include "netlink.h"
#include "nl_queue.h"
#include "queue.h"
#include "table.h"
#include "xt_users.h"

/* A reply that does not fit is tried again with twice the room, up to here. */
#define REPLY_MAX	1048576

static int put_stats(struct sk_buff *skb, int attr, const struct tq_queue_stats *stats)
{
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, attr);
	if (!nest ||
	    nla_put_u64_64bit(skb, TQUEUE_A_STATS_RECORDS, stats->records, TQUEUE_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, TQUEUE_A_STATS_BYTES, stats->bytes, TQUEUE_A_STATS_PAD))
		return -EMSGSIZE;
	for (i = TQUEUE_LOSS_FULL; i <= TQUEUE_LOSS_FLUSHED; i++)
		if (nla_put_u64_64bit(skb, TQUEUE_A_STATS_LOST_FULL + i - 1, stats->lost[i],
				      TQUEUE_A_STATS_PAD))
			return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, TQUEUE_A_STATS_OVERWRITTEN, stats->overwritten,
			      TQUEUE_A_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_total(struct sk_buff *skb, const struct tq_queue *q)
{
	struct tq_queue_stats stats;

	tq_queue_stats(q, &stats);
	return put_stats(skb, TQUEUE_A_QUEUE_STATS, &stats);
}

static int put_ring(struct sk_buff *skb, int cpu, const struct tq_queue_stats *stats, u32 pending)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, TQUEUE_A_QUEUE_RING);
	if (!nest ||
	    nla_put_u32(skb, TQUEUE_A_RING_CPU, cpu) ||
	    nla_put_u32(skb, TQUEUE_A_RING_PENDING, pending) ||
	    put_stats(skb, TQUEUE_A_RING_STATS, stats)) {
		if (nest)
			nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* The rings from CPU *@next on; -EMSGSIZE: *@next does not fit any more.  A CPU
 * without a ring is told of only if something was lost for that.
 */
static int put_rings(struct sk_buff *skb, const struct tq_queue *q, unsigned long *next)
{
	struct tq_queue_stats stats;
	u32 pending;
	int err;

	for (; *next < nr_cpu_ids; (*next)++) {
		if (!cpu_possible(*next))
			continue;
		if (!tq_queue_cpu_stats(q, *next, &stats, &pending) &&
		    !memchr_inv(&stats, 0, sizeof(stats)))
			continue;
		err = put_ring(skb, *next, &stats, pending);
		if (err)
			return err;
	}
	return 0;
}

static int put_holder(struct sk_buff *skb, u32 type, u32 count)
{
	struct nlattr *nest;

	if (!count)
		return 0;
	nest = nla_nest_start(skb, TQUEUE_A_QUEUE_HOLDER);
	if (!nest ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_TYPE, type) ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_COUNT, count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_settings(struct sk_buff *skb, const struct tq_net *tn, const struct tq_queue *q)
{
	u64 memory;
	const u32 rings = tq_queue_rings(q, &memory);

	if (nla_put_u32(skb, TQUEUE_A_QUEUE_MODE, q->mode) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_RING_SIZE, q->ring_size) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_SNAPLEN, q->snaplen) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_WATERMARK, q->watermark) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_FLUSH_US, q->flush_us) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_RINGS, rings) ||
	    nla_put_u64_64bit(skb, TQUEUE_A_QUEUE_MEMORY, memory, TQUEUE_A_QUEUE_PAD) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_READERS, atomic_read(&q->files)) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_MAPPED, tq_map_is(q)) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_SERIAL, tn->serial))
		return -EMSGSIZE;
	return 0;
}

static int put_name(struct sk_buff *skb, u32 id, const char *name)
{
	if (nla_put_u32(skb, TQUEUE_A_QUEUE_ID, id) ||
	    nla_put_string(skb, TQUEUE_A_QUEUE_NAME, name))
		return -EMSGSIZE;
	return 0;
}

/* Everything but the rings, as far as @query asks for it. */
static int fill(struct sk_buff *skb, struct tq_net *tn, struct tq_queue *q, u32 query)
{
	int err;

	lockdep_assert_held(&tn->lock);
	err = put_name(skb, q->id, q->name);
	if (!err && !(query & TQUEUE_QUERY_TERSE))
		err = put_settings(skb, tn, q);
	if (!err && query & TQUEUE_QUERY_STATS)
		err = put_total(skb, q);
	if (!err && query & TQUEUE_QUERY_HOLDERS)
		err = tq_table_put_queue_holders(skb, tn, q) ?:
		      tq_xt_users_put(skb, TQUEUE_A_QUEUE_HOLDER, &q->xt_users, &q->xt_lock) ?:
		      put_holder(skb, TQUEUE_HOLDER_KERNEL, atomic_read(&q->kernel_users)) ?:
		      put_holder(skb, TQUEUE_HOLDER_FILE, atomic_read(&q->files)) ?:
		      put_holder(skb, TQUEUE_HOLDER_MAPPING, READ_ONCE(q->maps));
	return err;
}

int tq_nl_queue_reply(const struct genl_info *info, struct tq_net *tn, struct tq_queue *q, u8 cmd,
		      u32 query, struct sk_buff **skb)
{
	size_t size;
	void *hdr;
	int err;

	for (size = NLMSG_GOODSIZE;; size *= 2) {
		unsigned long cpu = 0;

		*skb = tq_nl_reply_new(info, cmd, size, &hdr);
		if (!*skb)
			return -ENOMEM;
		err = fill(*skb, tn, q, query);
		if (!err && query & TQUEUE_QUERY_RINGS)
			err = put_rings(*skb, q, &cpu);
		if (!err)
			break;
		nlmsg_free(*skb);
		if (err != -EMSGSIZE || size >= REPLY_MAX)
			return err;
	}
	genlmsg_end(*skb, hdr);
	return 0;
}

void tq_nl_queue_notify(struct tq_net *tn, const struct genl_info *info, u8 cmd,
			struct tq_queue *q, u32 id, const char *name)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	lockdep_assert_held(&tn->lock);
	if (!tq_nl_wanted(tn, info))
		return;
	/* Who listens sees by the next serial if there was no memory. */
	skb = tq_nl_ntf_new(info, cmd, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return;
	if (q)
		err = fill(skb, tn, q, 0);
	else
		err = put_name(skb, id, name) ?:
		      nla_put_u32(skb, TQUEUE_A_QUEUE_SERIAL, tn->serial);
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, info);
}

void tq_nl_queue_overflow(struct tq_net *tn, const struct tq_queue *q, u8 cmd)
{
	struct sk_buff *skb;
	void *hdr;

	lockdep_assert_held(&tn->lock);
	if (!tq_nl_wanted(tn, NULL))
		return;
	tq_net_event(tn);
	skb = tq_nl_ntf_new(NULL, cmd, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return;
	if (WARN_ON_ONCE(put_name(skb, q->id, q->name) || put_total(skb, q) ||
			 nla_put_u32(skb, TQUEUE_A_QUEUE_SERIAL, tn->serial))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, NULL);
}

/* Dumps. */

/**
 * struct dump_state - in netlink_callback.args, zeroed at first
 * @done: queues that are told of
 * @cpu: the first CPU of the next one that is not, if some are
 */
struct dump_state {
	unsigned long	done;
	unsigned long	cpu;
};

static struct dump_state *dump_state(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump_state) > sizeof(cb->args));
	return (struct dump_state *)cb->args;
}

/* One message; 0: all of @q is told.  -EMSGSIZE: more must go into the next skb;
 * what this message has so far stays if a ring got in.
 */
static int dump_queue(struct sk_buff *skb, struct netlink_callback *cb, struct tq_net *tn,
		      struct tq_queue *q, u8 cmd, u32 query)
{
	struct dump_state *state = dump_state(cb);
	const unsigned long first = state->cpu;
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &tq_nl_family,
			  NLM_F_MULTI, cmd);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	err = first ? put_name(skb, q->id, q->name) : fill(skb, tn, q, query);
	if (!err && query & TQUEUE_QUERY_RINGS)
		err = put_rings(skb, q, &state->cpu);
	if (err && state->cpu == first) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	genlmsg_end(skb, hdr);
	if (!err)
		state->cpu = 0;
	return err;
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd, u32 query)
{
	struct tq_net *tn = tq_net(sock_net(skb->sk));
	struct dump_state *state = dump_state(cb);
	unsigned long n = 0;
	struct tq_queue *q;
	int err = 0;

	mutex_lock(&tn->lock);
	cb->seq = tn->state;
	list_for_each_entry(q, &tn->queues, net_node) {
		/* By number, since an id says nothing about the order.  If the
		 * list has changed, the state has, and the reader is told.
		 */
		if (n++ < state->done)
			continue;
		err = dump_queue(skb, cb, tn, q, cmd, query);
		if (err)
			break;
		state->done = n;
	}
	mutex_unlock(&tn->lock);
	return skb->len ? skb->len : err;
}

int tq_nl_queue_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tq_compat_dump_attrs(cb);
	struct nlattr *which = attrs[TQUEUE_A_QUEUE_ID] ?: attrs[TQUEUE_A_QUEUE_NAME];
	struct nlattr *query = attrs[TQUEUE_A_QUEUE_QUERY];
	int err;

	err = tq_nl_dump_once(cb);
	if (err)
		return err;
	if (which) {
		NL_SET_ERR_MSG_ATTR(cb->extack, which, TQ_NL_ALL_QUEUES);
		return -EINVAL;
	}
	return dump(skb, cb, TQUEUE_CMD_QUEUE_GET, query ? nla_get_u32(query) : 0);
}

int tq_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, TQUEUE_CMD_STATS_GET,
		    TQUEUE_QUERY_TERSE | TQUEUE_QUERY_STATS | TQUEUE_QUERY_RINGS);
}
