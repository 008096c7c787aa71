/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qmap.h - a queue, mapped as the uapi header says.
 */
#ifndef QMAP_H
#define QMAP_H

#include <linux/tqueue.h>
#include "common.h"

struct qmap {
	int				fd;
	const struct tqueue_map_info	*info;	/* of the whole, read only */
	size_t				size;
	struct tqueue_map_consumer	**cons;	/* of each slot, writable */
};

/* Of a file that is open for reading and writing.  -1 and errno. */
int qmap_open(struct qmap *m, int fd);
/* Takes all of it away but the file. */
void qmap_close(struct qmap *m);

const struct tqueue_map_producer *qmap_producer(const struct qmap *m, u32 slot);
const u8 *qmap_data(const struct qmap *m, u32 slot);

/* Records that are there to read, one after the other; 0: none. */
u32 qmap_peek(const struct qmap *m, u32 slot, const u8 **records);
void qmap_release(const struct qmap *m, u32 slot, u32 len);

#endif /* QMAP_H */
