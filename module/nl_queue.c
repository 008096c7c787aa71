// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_queue.c - QUEUE_NEW, _SET, _DEL, _GET, _OPEN, _FLUSH and STATS_GET.
 *
 * A queue on a machine with many CPUs may not fit into one message of a dump.
 * Then more messages with its id and name follow, which hold the rest of its
 * rings; a reply to QUEUE_GET is always one message.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/sock.h>

#include "chardev.h"
#include "net.h"
#include "netlink.h"
#include "queue.h"
#include "ring.h"
#include "table.h"
#include "xt_users.h"

#define QUERY_BITS	(TQUEUE_QUERY_TERSE | TQUEUE_QUERY_STATS | \
			 TQUEUE_QUERY_RINGS | TQUEUE_QUERY_HOLDERS)
/* A reply that does not fit is tried again with twice the room, up to here. */
#define REPLY_MAX	1048576

/* Not const: policies of old kernels point to variables. */
static struct netlink_range_validation ring_size_range = {
	.min = TQ_RING_SIZE_MIN, .max = TQ_RING_SIZE_MAX,
};

static struct netlink_range_validation watermark_range = {
	.min = 1, .max = TQ_RING_SIZE_MAX,
};

static struct netlink_range_validation flush_us_range = {
	.min = 1, .max = TQ_FLUSH_US_MAX,
};

const struct nla_policy tq_nl_queue_new_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_QUEUE_MODE]	   = NLA_POLICY_RANGE(NLA_U32, TQUEUE_MODE_STREAM, TQUEUE_MODE_LOG),
	[TQUEUE_A_QUEUE_RING_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ring_size_range),
	[TQUEUE_A_QUEUE_SNAPLEN]   = { .type = NLA_U32 },
	[TQUEUE_A_QUEUE_WATERMARK] = NLA_POLICY_FULL_RANGE(NLA_U32, &watermark_range),
	[TQUEUE_A_QUEUE_FLUSH_US]  = NLA_POLICY_FULL_RANGE(NLA_U32, &flush_us_range),
};

const struct nla_policy tq_nl_queue_set_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_QUEUE_RING_SIZE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ring_size_range),
	[TQUEUE_A_QUEUE_SNAPLEN]   = { .type = NLA_U32 },
	[TQUEUE_A_QUEUE_WATERMARK] = NLA_POLICY_FULL_RANGE(NLA_U32, &watermark_range),
	[TQUEUE_A_QUEUE_FLUSH_US]  = NLA_POLICY_FULL_RANGE(NLA_U32, &flush_us_range),
};

const struct nla_policy tq_nl_queue_id_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
};

const struct nla_policy tq_nl_queue_get_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_QUEUE_QUERY]	   = NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
};

const struct nla_policy tq_nl_queue_open_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	/* O_WRONLY is not one of the bits. */
	[TQUEUE_A_QUEUE_OPEN_FLAGS] = NLA_POLICY_MASK(NLA_U32, O_RDWR | O_NONBLOCK | O_CLOEXEC),
};

/* The queue that a request names by id or by name. */
static struct tq_queue *find(struct tq_net *tn, struct genl_info *info)
{
	struct nlattr *id = info->attrs[TQUEUE_A_QUEUE_ID];
	struct nlattr *name = info->attrs[TQUEUE_A_QUEUE_NAME];
	struct tq_queue *q;

	lockdep_assert_held(&tn->lock);
	if (id && name) {
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "give the queue's id or its name, not both");
		return ERR_PTR(-EINVAL);
	}
	if (!id && GENL_REQ_ATTR_CHECK(info, TQUEUE_A_QUEUE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a queue is needed, by name or id");
		return ERR_PTR(-EINVAL);
	}
	q = id ? tq_queue_by_id(tn, nla_get_u32(id)) : tq_queue_by_name(tn, nla_data(name));
	if (!q) {
		NL_SET_ERR_MSG_ATTR(info->extack, id ?: name, "no such queue");
		return ERR_PTR(-ENOENT);
	}
	return q;
}

/* Messages. */

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

static int put_files(struct sk_buff *skb, const struct tq_queue *q)
{
	const u32 files = atomic_read(&q->files);
	struct nlattr *nest;

	if (!files)
		return 0;
	nest = nla_nest_start(skb, TQUEUE_A_QUEUE_HOLDER);
	if (!nest ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_TYPE, TQUEUE_HOLDER_FILE) ||
	    nla_put_u32(skb, TQUEUE_A_HOLDER_COUNT, files))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_settings(struct sk_buff *skb, const struct tq_net *tn, const struct tq_queue *q)
{
	const u32 rings = tq_queue_rings(q);

	if (nla_put_u32(skb, TQUEUE_A_QUEUE_MODE, q->mode) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_RING_SIZE, q->ring_size) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_SNAPLEN, q->snaplen) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_WATERMARK, q->watermark) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_FLUSH_US, q->flush_us) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_RINGS, rings) ||
	    nla_put_u64_64bit(skb, TQUEUE_A_QUEUE_MEMORY, rings * tq_ring_memory(q->ring_size),
			      TQUEUE_A_QUEUE_PAD) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_READERS, atomic_read(&q->files)) ||
	    nla_put_u32(skb, TQUEUE_A_QUEUE_MAPPED, 0) ||
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
		      put_files(skb, q);
	return err;
}

static int reply(const struct genl_info *info, struct tq_net *tn, struct tq_queue *q, u8 cmd,
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

/* Tells of a change that has the namespace's serial.  @q is NULL if it is gone. */
static void notify(struct tq_net *tn, const struct genl_info *info, u8 cmd, struct tq_queue *q,
		   u32 id, const char *name)
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

/* Requests. */

static int settings(struct tq_queue_config *config, const struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;

	if (attrs[TQUEUE_A_QUEUE_RING_SIZE])
		config->ring_size = nla_get_u32(attrs[TQUEUE_A_QUEUE_RING_SIZE]);
	if (attrs[TQUEUE_A_QUEUE_SNAPLEN])
		config->snaplen = nla_get_u32(attrs[TQUEUE_A_QUEUE_SNAPLEN]);
	if (attrs[TQUEUE_A_QUEUE_WATERMARK])
		config->watermark = nla_get_u32(attrs[TQUEUE_A_QUEUE_WATERMARK]);
	if (attrs[TQUEUE_A_QUEUE_FLUSH_US])
		config->flush_us = nla_get_u32(attrs[TQUEUE_A_QUEUE_FLUSH_US]);
	tq_queue_defaults(config);
	if (!is_power_of_2(config->ring_size)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[TQUEUE_A_QUEUE_RING_SIZE],
				    "the ring size must be a power of two");
		return -EINVAL;
	}
	if (config->watermark > config->ring_size) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[TQUEUE_A_QUEUE_WATERMARK],
				    "the watermark is larger than a ring");
		return -EINVAL;
	}
	return 0;
}

static int new_config(struct tq_queue_config *config, struct genl_info *info)
{
	struct nlattr *name = info->attrs[TQUEUE_A_QUEUE_NAME];
	struct nlattr *mode = info->attrs[TQUEUE_A_QUEUE_MODE];

	memset(config, 0, sizeof(*config));
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_QUEUE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a name is needed");
		return -EINVAL;
	}
	if (tq_name_check(nla_data(name))) {
		NL_SET_ERR_MSG_ATTR(info->extack, name, TQ_NL_BAD_NAME);
		return -EINVAL;
	}
	strscpy(config->name, nla_data(name), sizeof(config->name));
	if (mode && nla_get_u32(mode) != TQUEUE_MODE_STREAM) {
		NL_SET_ERR_MSG_ATTR(info->extack, mode, "this version has no mode but stream");
		return -EOPNOTSUPP;
	}
	config->mode = TQUEUE_MODE_STREAM;
	return settings(config, info);
}

int tq_nl_queue_new(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_queue_config config;
	struct sk_buff *msg;
	struct tq_queue *q;
	int err;

	err = tq_nl_once(info, 0) ?: new_config(&config, info);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	q = tq_queue_create(tn, &config, info->extack);
	if (IS_ERR(q)) {
		err = PTR_ERR(q);
		if (err == -EEXIST)
			NL_SET_BAD_ATTR(info->extack, info->attrs[TQUEUE_A_QUEUE_NAME]);
		else if (err == -ENOMEM)
			NL_SET_BAD_ATTR(info->extack, info->attrs[TQUEUE_A_QUEUE_RING_SIZE]);
		goto unlock;
	}
	err = reply(info, tn, q, TQUEUE_CMD_QUEUE_NEW, 0, &msg);
	if (err) {
		tq_queue_delete(tn, q, NULL);
		goto unlock;
	}
	notify(tn, info, TQUEUE_CMD_QUEUE_NEW_NTF, q, 0, NULL);
	err = genlmsg_reply(msg, info);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

static int set(struct tq_net *tn, struct genl_info *info)
{
	struct tq_queue_config config;
	struct tq_queue *q;
	int err;

	q = find(tn, info);
	if (IS_ERR(q))
		return PTR_ERR(q);
	config = (struct tq_queue_config) {
		.mode = q->mode, .ring_size = q->ring_size, .snaplen = q->snaplen,
		.watermark = q->watermark, .flush_us = q->flush_us,
	};
	err = settings(&config, info);
	if (err)
		return err;
	if (config.ring_size != q->ring_size) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TQUEUE_A_QUEUE_RING_SIZE],
				    "this version can't change the ring size of a queue");
		return -EOPNOTSUPP;
	}
	if (tq_queue_set(q, &config))
		notify(tn, info, TQUEUE_CMD_QUEUE_SET_NTF, q, 0, NULL);
	return 0;
}

int tq_nl_queue_set(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	mutex_lock(&tn->lock);
	err = set(tn, info);
	mutex_unlock(&tn->lock);
	return err;
}

static int del(struct tq_net *tn, struct genl_info *info, struct netlink_ext_ack *extack)
{
	char name[TQUEUE_NAME_SIZE];
	struct tq_queue *q;
	u32 id;
	int err;

	lockdep_assert_held(&tn->lock);
	q = find(tn, info);
	if (IS_ERR(q))
		return PTR_ERR(q);
	id = q->id;
	strscpy(name, q->name, sizeof(name));
	err = tq_queue_delete(tn, q, extack);
	if (err) {
		NL_SET_BAD_ATTR(extack, info->attrs[TQUEUE_A_QUEUE_ID] ?:
					info->attrs[TQUEUE_A_QUEUE_NAME]);
		return err;
	}
	notify(tn, info, TQUEUE_CMD_QUEUE_DEL_NTF, NULL, id, name);
	return 0;
}

int tq_nl_queue_del(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	mutex_lock(&tn->lock);
	err = del(tn, info, NULL);
	mutex_unlock(&tn->lock);
	if (err != -EBUSY)
		return err;

	/* Rules that were deleted a moment ago hold the queue until no packet
	 * can be in them.  Not under the lock: it is they who are waited for.
	 */
	tq_table_reclaim_wait();
	mutex_lock(&tn->lock);
	err = del(tn, info, info->extack);
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_queue_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *query = info->attrs[TQUEUE_A_QUEUE_QUERY];
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *msg;
	struct tq_queue *q;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	mutex_lock(&tn->lock);
	q = find(tn, info);
	err = PTR_ERR_OR_ZERO(q);
	if (!err)
		err = reply(info, tn, q, TQUEUE_CMD_QUEUE_GET, query ? nla_get_u32(query) : 0,
			    &msg);
	mutex_unlock(&tn->lock);
	return err ? err : genlmsg_reply(msg, info);
}

static int open_file(struct tq_net *tn, struct genl_info *info, struct sk_buff **skb,
		     struct file **file, u32 flags, int fd)
{
	struct tq_queue *q;
	int err;

	q = find(tn, info);
	if (IS_ERR(q))
		return PTR_ERR(q);
	*file = tq_chardev_file(q, flags);
	if (IS_ERR(*file)) {
		NL_SET_ERR_MSG(info->extack, "the file could not be opened");
		return PTR_ERR(*file);
	}
	err = reply(info, tn, q, TQUEUE_CMD_QUEUE_OPEN, TQUEUE_QUERY_TERSE, skb);
	if (err)
		goto close;
	if (nla_put_u32(*skb, TQUEUE_A_QUEUE_FD, fd)) {
		nlmsg_free(*skb);
		err = -EMSGSIZE;
		goto close;
	}
	nlmsg_end(*skb, nlmsg_hdr(*skb));
	return 0;

close:
	fput(*file);
	return err;
}

/* A request is carried out by the task that sends it: the descriptor is its own.
 * The reply goes out first, because it can fail.
 */
int tq_nl_queue_open(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[TQUEUE_A_QUEUE_OPEN_FLAGS];
	const u32 flags = attr ? nla_get_u32(attr) : O_RDONLY | O_CLOEXEC;
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *msg;
	struct file *file;
	int err, fd;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	fd = get_unused_fd_flags(flags & O_CLOEXEC);
	if (fd < 0) {
		NL_SET_ERR_MSG(info->extack, "no file descriptor is free");
		return fd;
	}
	mutex_lock(&tn->lock);
	err = open_file(tn, info, &msg, &file, flags, fd);
	mutex_unlock(&tn->lock);
	if (err)
		goto put_fd;
	err = genlmsg_reply(msg, info);
	if (err)
		goto put_file;
	fd_install(fd, file);
	return 0;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return err;
}

int tq_nl_queue_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_queue *q;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	mutex_lock(&tn->lock);
	q = find(tn, info);
	err = PTR_ERR_OR_ZERO(q);
	if (!err)
		get_device(&q->dev);
	mutex_unlock(&tn->lock);
	if (err)
		return err;
	/* Without the namespace's lock: a reader may be held up by a page fault
	 * for as long as it likes.
	 */
	err = tq_queue_flush(q);
	put_device(&q->dev);
	return err;
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
	cb->seq = tn->serial;
	list_for_each_entry(q, &tn->queues, net_node) {
		/* By number, since an id says nothing about the order.  If the
		 * list has changed, the serial has, and the reader is told.
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
		NL_SET_ERR_MSG_ATTR(cb->extack, which, "a dump is of all queues");
		return -EINVAL;
	}
	return dump(skb, cb, TQUEUE_CMD_QUEUE_GET, query ? nla_get_u32(query) : 0);
}

int tq_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, TQUEUE_CMD_STATS_GET,
		    TQUEUE_QUERY_TERSE | TQUEUE_QUERY_STATS | TQUEUE_QUERY_RINGS);
}
