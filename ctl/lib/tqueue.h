/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tqueue.h - reading the records of a queue.  Knows nothing of tqctl.
 *
 *	struct tqueue_reader *r = tqueue_reader_new(tqueue_open(id, O_RDONLY), 0);
 *	while (tqueue_reader_fill(r) > 0)
 *		while ((rec = tqueue_reader_next(r)))
 *			use(rec, tqueue_record_payload(rec));
 *	tqueue_reader_free(r);
 */
#ifndef LIBTQUEUE_H
#define LIBTQUEUE_H

#include <stddef.h>
#include <sys/types.h>
#include <linux/tqueue.h>

struct tqueue_reader;

/* Opens the device node of queue @id.  A descriptor, or -1 with errno.  Queues
 * of network namespaces of containers have no node: use QUEUE_OPEN (netlink).
 */
int tqueue_open(unsigned int id, int flags);
/* The same by name, for queues of the initial network namespace. */
int tqueue_open_name(const char *name, int flags);

/* Takes @fd over.  @size: of the buffer for one read(2); 0: 256 KiB.  NULL with
 * errno: no memory, or a bad @fd; @fd is still the caller's then.
 */
struct tqueue_reader *tqueue_reader_new(int fd, size_t size);
/* Closes the descriptor; NULL is fine. */
void tqueue_reader_free(struct tqueue_reader *r);
int tqueue_reader_fd(const struct tqueue_reader *r);

/* Reads what the queue has, once tqueue_reader_next() has given everything:
 * bytes; 0 when the queue was deleted; -1 with the errno of read(2), or EPROTO
 * if what came are not records.  The buffer grows if a record needs it.
 */
ssize_t tqueue_reader_fill(struct tqueue_reader *r);

/* From now on a fill takes @records at most; 0: no limit.  For programs that want
 * an exact number and leave the rest to others; it costs some more read(2).
 */
void tqueue_reader_limit(struct tqueue_reader *r, unsigned long long records);

/* The next record; NULL: fill again.  Good until the next fill. */
const struct tqueue_record *tqueue_reader_next(struct tqueue_reader *r);

/* The @caplen bytes after the header. */
const void *tqueue_record_payload(const struct tqueue_record *rec);

/* What a TQUEUE_RECORD_LOST tells; causes that this module lacks are 0. */
void tqueue_record_lost(const struct tqueue_record *rec, struct tqueue_lost *lost);

#endif
