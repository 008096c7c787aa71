/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map.h - the rings of a mapped queue: the consumer's side of section 2 of
 * linux/tqueue.h.  Knows no handle.
 */
#ifndef LIBTQUEUE_MAP_H
#define LIBTQUEUE_MAP_H

#include <stdbool.h>
#include <linux/tqueue.h>

struct tqi_map;

/* Maps queue @fd.  NULL with errno: it can't be mapped, or not by us; nothing
 * of it is mapped then.
 */
struct tqi_map *tqi_map_new(int fd);
void tqi_map_free(struct tqi_map *m);

/* Looks for what producers have committed since the last time: that is the next
 * batch.  0, or a negative errno: -EPROTO a ring that makes no sense, or is
 * frozen; -ENOMEM no room to map a ring that is new.
 */
int tqi_map_look(struct tqi_map *m);

/* The next record of the batch, oldest first: 1; 0: none is left; -EPROTO.
 * With @hold the producers get nothing back before tqi_map_release(); else a
 * record is good until the next call.
 */
int tqi_map_next(struct tqi_map *m, bool hold, const struct tqueue_record **rec);

/* All that was given out is the producers' again. */
void tqi_map_release(struct tqi_map *m);

#endif
