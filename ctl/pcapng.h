/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pcapng.h - records to a pcapng file (draft-ietf-opsawg-pcapng).
 *
 * One section; one interface per link type, named after the queue and described
 * when its first packet comes, so that readers of a pipe see everything at
 * once.  Blocks are in the byte order of this machine.
 */
#ifndef TQCTL_PCAPNG_H
#define TQCTL_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/tqueue.h>

enum pcapng_link {
	PCAPNG_LINK_AUTO,	/* as it is in the record */
	PCAPNG_LINK_ETHERNET,	/* all: a header of zeros where there is none */
	PCAPNG_LINK_RAW,	/* all: link-layer headers are cut off */
};

enum pcapng_iface {
	PCAPNG_ETHERNET,	/* LINKTYPE_ETHERNET */
	PCAPNG_RAW,		/* LINKTYPE_RAW */
	PCAPNG_MESSAGES,	/* LINKTYPE_USER0: what programs wrote to the queue */
	PCAPNG_IFACES
};

/* No reader takes longer packets. */
#define PCAPNG_SNAPLEN	262144

/**
 * struct pcapng - a file being written
 * @f: file
 * @name: of the queue
 * @app: "tqctl 1.0"
 * @link: enum pcapng_link
 * @snaplen: most bytes of a packet; 0: PCAPNG_SNAPLEN
 * @iface: number in the file of each enum pcapng_iface, plus 1; 0: not yet
 * @ifaces: how many there are
 * @written: packets by interface
 * @dropped: losses by interface
 * @pending: losses since the packet before
 * @bytes: of the file so far
 * @buf: the block being built
 */
struct pcapng {
	FILE		*f;
	const char	*name;
	const char	*app;
	int		link;
	uint32_t	snaplen;
	unsigned int	iface[PCAPNG_IFACES];
	unsigned int	ifaces;
	uint64_t	written[PCAPNG_IFACES];
	uint64_t	dropped[PCAPNG_IFACES];
	uint64_t	pending;
	uint64_t	bytes;
	char		*buf;
	size_t		len;
	size_t		size;
	bool		no_memory;
};

/* All: 0, or -1 with errno: the file could not be written. */

/* Begins a section.  For the first the first five members must be set, the rest 0;
 * for another file only @f: what is lost between two files is told in the second.
 */
int pcapng_begin(struct pcapng *p);
/* A packet or message; @comment may be NULL. */
int pcapng_record(struct pcapng *p, const struct tqueue_record *rec, const void *payload,
		  const char *comment);
/* @n records were lost before the next packet. */
void pcapng_lost(struct pcapng *p, uint64_t n);
/* Statistics of all interfaces; flushes.  Does not close. */
int pcapng_end(struct pcapng *p, uint64_t now_ns);
void pcapng_free(struct pcapng *p);

#endif
