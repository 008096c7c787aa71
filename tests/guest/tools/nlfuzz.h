/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nlfuzz.h - requests made by the table of nltable.h, right or spoilt, and what
 * surrounds them: namespaces, packets, open files.
 */
#ifndef NLFUZZ_H
#define NLFUZZ_H

#include "nltable.h"

#define QUEUES		5	/* names of each namespace: q0 ... */
#define TABLES		3	/* t0 ... */
#define NSS		3	/* namespaces, the last one of a user namespace */

extern struct rng rng;
u32 below(u32 n);

/* The message, or messages, that are being made. */
extern u8 msg[];
extern size_t msg_len;
void put(const void *p, size_t n);

/* The attributes of a request; @with, as "+NAME", is one that must be there. */
void put_request(int form, const struct ns *n, const struct favour *f, const char *with,
		 int spoil);
/* Whatever may be wrong behind @from, which is where attributes begin. */
void spoil_bytes(size_t from);
/* Names of operations that belong together, ending in NULL; "+NAME" behind one is an
 * attribute that must be there.
 */
const char *const *any_story(void);

void ns_home(struct ns *n);
void ns_new(struct ns *n, int user);
void ns_enter(const struct ns *n);
/* Some through its loopback device. */
void ns_packets(const struct ns *n);

/* A few files of queues stay open for a while. */
void keep_file(int fd);
/* Reads, writes, maps, closes one; what is wrong, or NULL.  Counts records. */
const char *use_file(u64 *records);

#endif
