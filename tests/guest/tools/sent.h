/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sent.h - a list of packets, in a file that those who send them share with those
 * who look whether what they see is one of them.
 *
 * A packet is in the list before it is sent, so who does not find it need not wait.  One
 * that a device may cut or sum up on its way has a source address of its own kind.
 */
#ifndef SENT_H
#define SENT_H

#include <linux/tqueue.h>
#include "common.h"

#define SENT_SIZE	(512u << 20)	/* of the file, most of it a hole */

#define SENT_MAY_CHANGE	0x06	/* first byte of the source address, else 0x02 */

struct sent_list;

/* Makes the file if it is not there. */
struct sent_list *sent_open(const char *path);

/* @len bytes, the first @mac of them an Ethernet header or @mac 0. */
void sent_add(struct sent_list *list, const u8 *packet, u32 len, u32 mac);

/* What is told of a packet that is looked for. */
enum sent_answer {
	SENT_SAME,	/* it is one of these, but for what a router or a rule changes */
	SENT_CHANGED,	/* one that may have changed */
	SENT_SHORT,	/* too little of it is there to tell */
	SENT_OTHER,	/* not sent */
	SENT_ANSWERS
};

/* The packet of a record. */
enum sent_answer sent_find(struct sent_list *list, const struct tqueue_record *rec,
			   const u8 *payload);
/* A whole frame, as it was sent, without a tag that has been taken out; @mac as above. */
enum sent_answer sent_find_frame(struct sent_list *list, const u8 *frame, u32 len, u32 mac,
				 int tagged);

#endif /* SENT_H */
