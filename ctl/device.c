// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <netlink/msg.h>

#include "device.h"
#include "msg.h"
#include "tqctl.h"
#include "tqueue.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_QUEUE_##name)

static void keep(const struct tnl_reply *reply, void *arg)
{
	msg_queue_get(reply, arg);
}

/* *denied: who asks may not configure, but may be one of the group that reads. */
static int queue_id(struct tqctl *t, const char *name, uint32_t *id, bool *denied)
{
	struct tq_queue q = { .has = BIT(NAME) | BIT(QUERY), .query = TQUEUE_QUERY_TERSE };
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	*denied = false;
	msg = tqctl_message(t, TQUEUE_CMD_QUEUE_GET, 0, &code);
	if (!msg)
		return code;
	memcpy(q.name, name, sizeof(q.name));
	msg_queue_put(msg, &q);
	memset(&q, 0, sizeof(q));
	code = tqctl_try(t, msg, keep, &q, &err);
	if (code && err.code == EPERM)
		*denied = true;
	else if (code)
		tqctl_refused(t, msg, &err);
	else if (!q.id)
		code = tqctl_garbled(t);
	*id = q.id;
	nlmsg_free(msg);
	tq_queue_free(&q);
	return code;
}

/* Without a device node: the kernel opens it for us. */
static int open_by_netlink(struct tqctl *t, uint32_t id, int flags, int *fd)
{
	struct tq_queue q = { .has = BIT(ID) | BIT(OPEN_FLAGS), .id = id };
	struct tnl_error err;
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(t, TQUEUE_CMD_QUEUE_OPEN, 0, &code);
	if (!msg)
		return code;
	/* There is no opening for writing only by this way. */
	q.open_flags = flags & O_WRONLY ? (flags & ~O_WRONLY) | O_RDWR : flags;
	q.open_flags |= O_CLOEXEC;
	msg_queue_put(msg, &q);
	memset(&q, 0, sizeof(q));
	code = tqctl_try(t, msg, keep, &q, &err);
	if (code && err.code == EOPNOTSUPP) {
		tqctl_say(t, "there is no /dev/tqueue/%u (is udev running?), and this module "
			  "can't open a queue without it", id);
	} else if (code) {
		tqctl_refused(t, msg, &err);
	} else if (!(q.has & BIT(FD))) {
		code = tqctl_garbled(t);
	}
	*fd = q.fd;
	nlmsg_free(msg);
	tq_queue_free(&q);
	return code;
}

static int say_open_error(struct tqctl *t, const char *name, int code)
{
	switch (code) {
	case EACCES:
		tqctl_say(t, "queue %s: %s: its device is for root and the group tqueue "
			  "(\"usermod -aG tqueue USER\", then log in again)", name,
			  strerror(code));
		break;
	case EPERM:
		tqctl_say(t, "queue %s: %s: opening a queue of another network namespace "
			  "needs CAP_NET_ADMIN there", name, strerror(code));
		break;
	case EBUSY:
		tqctl_say(t, "queue %s: %s: a program has it mapped", name, strerror(code));
		break;
	default:
		tqctl_say(t, "queue %s: its device: %s", name, strerror(code));
	}
	return TQCTL_REFUSED;
}

/* udev's link, for those who may not ask the module for the id. */
static int open_by_name(struct tqctl *t, const char *name, int flags, int *fd)
{
	*fd = t->netns ? -1 : tqueue_open_name(name, flags);
	if (*fd >= 0)
		return TQCTL_OK;
	if (!t->netns && errno != ENOENT)
		return say_open_error(t, name, errno);
	tqctl_say(t, "queue %s: without CAP_NET_ADMIN in the network namespace it can be found "
		  "as /dev/tqueue/by-name/%s only, which %s", name, name,
		  t->netns ? "--netns rules out" : "is not there");
	return TQCTL_REFUSED;
}

int device_open(struct tqctl *t, const char *name, int flags, int *fd)
{
	uint32_t id;
	bool denied;
	int code;

	code = queue_id(t, name, &id, &denied);
	if (denied)
		return open_by_name(t, name, flags, fd);
	if (code)
		return code;
	*fd = tqueue_open(id, flags);
	if (*fd >= 0)
		return TQCTL_OK;
	/* ENXIO: a node left over from another queue, or made by hand */
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		return open_by_netlink(t, id, flags, fd);
	return say_open_error(t, name, errno);
}
