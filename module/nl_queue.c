// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_queue.c - QUEUE_NEW, _SET, _DEL, _GET, _OPEN and _FLUSH.
 *
 * What a message says of a queue, and dumps of all, are in nl_queue_fill.c.
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
#include "nl_queue.h"
#include "param.h"
#include "queue.h"
#include "ring.h"
#include "stream.h"
#include "snapshot.h"
#include "table.h"

#define QUERY_BITS	(TQUEUE_QUERY_TERSE | TQUEUE_QUERY_STATS | \
			 TQUEUE_QUERY_RINGS | TQUEUE_QUERY_HOLDERS)
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

const struct nla_policy tq_nl_queue_dump_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = TQ_NL_NOT_HERE(TQ_NL_ALL_QUEUES),
	[TQUEUE_A_QUEUE_NAME]	   = TQ_NL_NOT_HERE(TQ_NL_ALL_QUEUES),
	[TQUEUE_A_QUEUE_QUERY]	   = NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
};

const struct nla_policy tq_nl_queue_open_policy[TQUEUE_A_QUEUE_MAX + 1] = {
	[TQUEUE_A_QUEUE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_QUEUE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	/* O_WRONLY is not one of the bits. */
	[TQUEUE_A_QUEUE_OPEN_FLAGS] = NLA_POLICY_MASK(NLA_U32, O_RDWR | O_NONBLOCK | O_CLOEXEC),
};

static struct nlattr *named_by(const struct genl_info *info)
{
	return info->attrs[TQUEUE_A_QUEUE_ID] ?: info->attrs[TQUEUE_A_QUEUE_NAME];
}

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
	if (config->watermark > config->ring_size && !attrs[TQUEUE_A_QUEUE_WATERMARK]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[TQUEUE_A_QUEUE_RING_SIZE],
				    "the queue's watermark is larger than such a ring: give both");
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
	if (mode)
		config->mode = nla_get_u32(mode);
	config->snaplen = READ_ONCE(tq_params.snaplen);
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
		else if (err == -ENOMEM || err == -EDQUOT)
			NL_SET_BAD_ATTR(info->extack, info->attrs[TQUEUE_A_QUEUE_RING_SIZE]);
		goto unlock;
	}
	err = tq_nl_queue_reply(info, tn, q, TQUEUE_CMD_QUEUE_NEW, 0, &msg);
	if (err) {
		tq_queue_delete(tn, q, NULL);
		goto unlock;
	}
	tq_nl_queue_notify(tn, info, TQUEUE_CMD_QUEUE_NEW_NTF, q, 0, NULL);
	tq_nl_answer(msg, info);
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
	err = tq_queue_set(q, &config, info->extack);
	if (err < 0)
		NL_SET_BAD_ATTR(info->extack, info->attrs[TQUEUE_A_QUEUE_RING_SIZE]);
	else if (err)
		tq_nl_queue_notify(tn, info, TQUEUE_CMD_QUEUE_SET_NTF, q, 0, NULL);
	return min(err, 0);
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
		NL_SET_BAD_ATTR(extack, named_by(info));
		return err;
	}
	tq_nl_queue_notify(tn, info, TQUEUE_CMD_QUEUE_DEL_NTF, NULL, id, name);
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
	 * can be in them, and no dump shows them.  Not under the lock: it is they who are waited for.
	 */
	tq_snapshot_break_all(tn);
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
		err = tq_nl_queue_reply(info, tn, q, TQUEUE_CMD_QUEUE_GET, query ? nla_get_u32(query) : 0,
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
	err = tq_nl_queue_reply(info, tn, q, TQUEUE_CMD_QUEUE_OPEN, TQUEUE_QUERY_TERSE, skb);
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
	if (!err && q->mode != TQUEUE_MODE_STREAM) {
		NL_SET_ERR_MSG_ATTR(info->extack, named_by(info),
				    "nothing in a log is unread: it can't be flushed");
		err = -EOPNOTSUPP;
	}
	if (!err)
		get_device(&q->dev);
	mutex_unlock(&tn->lock);
	if (err)
		return err;
	/* Without the namespace's lock: a reader may be held up by a page fault
	 * for as long as it likes.
	 */
	err = tq_stream_flush(q);
	if (err == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, named_by(info), "a consumer has the queue mapped");
	put_device(&q->dev);
	return err;
}
