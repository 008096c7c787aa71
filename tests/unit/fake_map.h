/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_map.h - a queue's mapping made of a file in memory, and its producers.
 *
 * Its data lie there twice, as two copies that the producers write both: a file
 * can't show one page at two offsets as the module does.
 */
#ifndef TQUEUE_FAKE_MAP_H
#define TQUEUE_FAKE_MAP_H

#include <stdbool.h>
#include <linux/tqueue.h>

#define FAKE_RINGS	8

struct fake {
	int			fd;
	char			*base;
	size_t			len;
	size_t			page;
	uint32_t		size;
	unsigned int		rings;
	uint32_t		hdr_len;
	struct tqueue_lost	lost[FAKE_RINGS];	/* not told yet */
	uint64_t		seq[FAKE_RINGS];
};

/* @start: position where all rings begin; the rings from @ready on have none yet,
 * and no pages behind their data.
 */
void fake_init(struct fake *f, unsigned int rings, unsigned int ready, uint32_t size,
	       uint32_t start);
void fake_free(struct fake *f);
/* A ring that comes later. */
void fake_ready(struct fake *f, unsigned int ring);

struct tqueue_map_info *fake_info(const struct fake *f);
struct tqueue_map_consumer *fake_cons(const struct fake *f, unsigned int ring);
struct tqueue_map_producer *fake_prod(const struct fake *f, unsigned int ring);

/* Raw bytes into ring @ring, committed; false: no room.  @len a multiple of 8. */
bool fake_bytes(struct fake *f, unsigned int ring, const void *data, uint32_t len);
/* A message of @len bytes that can be checked; a loss is told before the next. */
bool fake_put(struct fake *f, unsigned int ring, uint64_t mono_ns, uint32_t len);
/* What is in such a message, at @i. */
static inline unsigned char fake_byte(uint64_t seq, uint32_t i)
{
	return seq * 31 + i * 7 + 3;
}

#endif
