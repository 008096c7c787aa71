// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways to an open queue.  By netlink, for whoever may configure the namespace;
 * by the device node, for members of the group tqueue.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static int begin(struct tqueue *q, const char *what, int flags)
{
	q->error[0] = 0;
	if (q->fd >= 0)
		return tqi_refuse(q, EBUSY, "the handle has a queue already");
	snprintf(q->what, sizeof(q->what), "%s", what);
	if (flags & ~(TQUEUE_O_WRITE | TQUEUE_O_WRITE_ONLY | TQUEUE_O_NONBLOCK | TQUEUE_O_SHARED |
		      TQUEUE_O_HOLD))
		return tqi_refuse(q, EINVAL, "flags 0x%x are unknown", flags);
	q->flags = flags;
	return 0;
}

static int begin_name(struct tqueue *q, const char *name, int flags)
{
	char what[TQUEUE_NAME_SIZE + 8];
	int err;

	snprintf(what, sizeof(what), "queue %s", name);
	err = begin(q, what, flags);
	if (err)
		return err;
	if (!*name || strlen(name) >= TQUEUE_NAME_SIZE || strchr(name, '/'))
		return tqi_refuse(q, EINVAL, "not the name of a queue");
	return 0;
}

/* Flags of open(2).  Who maps writes one page, where it says what it has read. */
static int oflags(int flags)
{
	int o = O_CLOEXEC | (flags & TQUEUE_O_NONBLOCK ? O_NONBLOCK : 0);

	if (flags & TQUEUE_O_WRITE_ONLY)
		return o | O_WRONLY;
	return o | (flags & TQUEUE_O_SHARED && !(flags & TQUEUE_O_WRITE) ? O_RDONLY : O_RDWR);
}

static int done(struct tqueue *q, int fd)
{
	q->fd = fd;
	return 0;
}

/* A descriptor, or -1 with errno. */
static int open_node(const char *path, int flags)
{
	int fd = open(path, oflags(flags));

	/* A node may be for reading only; then it is not mapped. */
	if (fd < 0 && errno == EACCES && !(flags & (TQUEUE_O_WRITE | TQUEUE_O_WRITE_ONLY)))
		fd = open(path, oflags(flags | TQUEUE_O_SHARED));
	return fd;
}

static int node_error(struct tqueue *q, const char *path, int code)
{
	switch (code) {
	case EACCES:
		return tqi_fail(q, code, "%s is for root and the group tqueue", path);
	case EPERM:
		return tqi_fail(q, code,
				"%s is a queue of another network namespace: CAP_NET_ADMIN is needed",
				path);
	case ENXIO:
	case ENODEV:
		return tqi_fail(q, code, "%s is no queue any more", path);
	default:
		return tqi_fail(q, code, "%s", path);
	}
}

int tqueue_open_path(struct tqueue *q, const char *path, int flags)
{
	int err, fd;

	/* Sentences have the path anyway. */
	err = begin(q, "", flags);
	if (err)
		return err;
	fd = open_node(path, flags);
	return fd < 0 ? node_error(q, path, errno) : done(q, fd);
}

int tqueue_open_fd(struct tqueue *q, int fd, int flags)
{
	char what[32];
	int err, o;

	snprintf(what, sizeof(what), "descriptor %d", fd);
	err = begin(q, what, flags);
	if (err)
		return err;
	o = fcntl(fd, F_GETFL);
	if (o < 0)
		return tqi_fail(q, errno, "%s", "");
	/* Its own flag is what its user sees, and others who have it, too. */
	if (o & O_NONBLOCK)
		q->flags |= TQUEUE_O_NONBLOCK;
	else if (flags & TQUEUE_O_NONBLOCK && fcntl(fd, F_SETFL, o | O_NONBLOCK))
		return tqi_fail(q, errno, "%s", "");
	return done(q, fd);
}

/* udev's link, for who may not configure.  It is of the initial namespace; the
 * kernel refuses it to those in another.
 */
static int open_link(struct tqueue *q, const char *name, int flags)
{
	char path[32 + TQUEUE_NAME_SIZE];
	int fd;

	snprintf(path, sizeof(path), "/dev/tqueue/by-name/%s", name);
	fd = open_node(path, flags);
	if (fd >= 0)
		return done(q, fd);
	if (errno == ENOENT)
		return tqi_fail(q, EPERM,
				"without CAP_NET_ADMIN in the network namespace it could be found as %s only, which is not there",
				path);
	return node_error(q, path, errno);
}

static int open_name(struct tqueue *q, int netns, const char *name, int flags)
{
	int fd;

	fd = tqi_queue_open(q, netns, name, oflags(flags));
	if (fd >= 0)
		return done(q, fd);
	return fd == -EPERM && netns < 0 ? open_link(q, name, flags) : fd;
}

int tqueue_open(struct tqueue *q, const char *name, int flags)
{
	return tqueue_open_netns_fd(q, -1, name, flags);
}

int tqueue_open_netns_fd(struct tqueue *q, int netns, const char *name, int flags)
{
	int err = begin_name(q, name, flags);

	return err ? err : open_name(q, netns, name, flags);
}

int tqueue_open_netns(struct tqueue *q, const char *netns, const char *name, int flags)
{
	char path[512];
	int err, fd;

	if (!netns)
		return tqueue_open(q, name, flags);
	err = begin_name(q, name, flags);
	if (err)
		return err;
	if ((size_t)snprintf(path, sizeof(path), "%s%s",
			     strchr(netns, '/') ? "" : "/run/netns/", netns) >= sizeof(path))
		return tqi_fail(q, ENAMETOOLONG, "network namespace");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tqi_fail(q, errno, "network namespace %s", netns);
	err = open_name(q, fd, name, flags);
	close(fd);
	return err;
}
