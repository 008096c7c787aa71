/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libtqueue.h - reading the records of a queue.  The manual is tqueue(3).
 *
 *	struct tqueue *q = tqueue_new();
 *
 *	if (tqueue_open(q, "ids", 0))
 *		errx(1, "%s", tqueue_error(q));
 *	while ((err = tqueue_next(q, &rec)) > 0)
 *		use(rec, tqueue_payload(rec));
 *	tqueue_free(q);
 *
 * There is no state but in the handle: different threads may work on different
 * handles at the same time, and on one handle one after the other.
 *
 * Functions that return int give a negative errno when they fail, and then
 * tqueue_error() has a sentence about it.
 */
#ifndef LIBTQUEUE_H
#define LIBTQUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <linux/tqueue.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tqueue;

/* What tqueue_open() and its sisters are asked for. */
enum tqueue_open_flag {
	TQUEUE_O_WRITE		= 1 << 0,	/* tqueue_write() will be called: never map */
	TQUEUE_O_WRITE_ONLY	= 1 << 1,	/* and tqueue_next() will not */
	TQUEUE_O_NONBLOCK	= 1 << 2,	/* -EAGAIN instead of waiting */
	TQUEUE_O_SHARED		= 1 << 3,	/* never map: others may read and write */
	TQUEUE_O_HOLD		= 1 << 4,	/* records stay until tqueue_release() */
};

/* A handle without a queue; NULL: no memory. */
struct tqueue *tqueue_new(void);
/* Closes the queue; NULL is fine.  All records that were given out have left it,
 * but for those of a mapped queue that are held: they are there for the next.
 */
void tqueue_free(struct tqueue *q);

/* Opens queue @name of the network namespace that the calling thread is in; of
 * the one named @netns (as "ip netns" has them, or a path); of the one that
 * descriptor @netns is of.  NULL and -1 mean the thread's.  The thread stays
 * where it is.
 *
 * Whoever has CAP_NET_ADMIN in the namespace gets the queue from the kernel;
 * others, if the namespace is their own, by /dev/tqueue/by-name.
 *
 * -ENOENT no such queue, -ENODEV the module is not there, -EPERM, -EACCES, ...
 */
int tqueue_open(struct tqueue *q, const char *name, int flags);
int tqueue_open_netns(struct tqueue *q, const char *netns, const char *name, int flags);
int tqueue_open_netns_fd(struct tqueue *q, int netns, const char *name, int flags);
/* Opens a device node. */
int tqueue_open_path(struct tqueue *q, const char *path, int flags);
/* Takes over @fd, an open queue; if it fails, @fd is still the caller's. */
int tqueue_open_fd(struct tqueue *q, int fd, int flags);

/* What the last function that failed on this handle has to say; never NULL. */
const char *tqueue_error(const struct tqueue *q);

/* To be polled, but only after tqueue_next() has said -EAGAIN: there may be records
 * that have left the queue and not been asked for.  For POLLRDBAND, which waits for
 * the queue's watermark or flush interval, or for POLLIN, which tells of the first
 * record and so costs a system call for a few.  -1: closed.
 */
int tqueue_fd(const struct tqueue *q);

/* The next record.
 *
 *	1	*rec is the record
 *	0	the queue was deleted, and this was all
 *	-EAGAIN	there is none, and TQUEUE_O_NONBLOCK; or all that there was is
 *		held, and has to be released first
 *	-EINTR	a signal came
 *	-EPIPE	mode log: the oldest records were overwritten before we came to
 *		them; the next call goes on with the oldest
 *	-EBUSY	another program has mapped the queue
 *	-EPROTO	what came are no records
 *
 * It waits as POLLRDBAND does, see tqueue_fd().  *rec is good until the next call,
 * with TQUEUE_O_HOLD until tqueue_release().  The first call decides whether the queue
 * is mapped or read.
 */
int tqueue_next(struct tqueue *q, const struct tqueue_record **rec);

/* Gives the place of all records so far back to the producers. */
void tqueue_release(struct tqueue *q);

/* 1 if there are records that have left the queue and not been asked for: who
 * stops now loses them.
 */
int tqueue_buffered(const struct tqueue *q);

/* 1 if records come from mapped rings, 0 if by read(2). */
int tqueue_mapped(const struct tqueue *q);

/* Before the first tqueue_next(): the buffer of one read(2), which grows if a
 * record needs it; 0: 256 KiB.
 */
int tqueue_set_buffer(struct tqueue *q, size_t size);

/* From now on no more than @records leave the queue before they are asked for;
 * 0: no limit.  For programs that want an exact number and leave the rest to
 * others.  It costs some more read(2); a mapped queue never gives out more.
 */
void tqueue_limit(struct tqueue *q, uint64_t records);

/* One message.  0; -EMSGSIZE more than a quarter of a ring; -EAGAIN no room, and
 * TQUEUE_O_NONBLOCK, or a program has mapped the queue; -ENXIO deleted.
 */
int tqueue_write(struct tqueue *q, const void *data, size_t len);

/* The rec->caplen bytes after the header. */
const void *tqueue_payload(const struct tqueue_record *rec);

/* When the packet was seen: CLOCK_REALTIME, for people. */
void tqueue_time(const struct tqueue_record *rec, struct timespec *ts);

/* What a record of type TQUEUE_RECORD_LOST tells; causes that this module does
 * not know are 0.
 */
void tqueue_lost(const struct tqueue_record *rec, struct tqueue_lost *lost);

/* The sum of all that tqueue_next() has given of them. */
void tqueue_losses(const struct tqueue *q, struct tqueue_lost *lost);

#ifdef __cplusplus
}
#endif

#endif
