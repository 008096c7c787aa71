/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode.h - a captured frame to the packet that rules look at.
 *
 * By the rules of module/packet.c: what the one says a packet carries, the
 * other must say too.  No I/O; the bytes may be anything.
 */
#ifndef TQCTL_DECODE_H
#define TQCTL_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

enum decode {
	DECODE_IP,	/* *pkt describes it */
	DECODE_NOT_IP,
	DECODE_BAD,	/* its IP header says what can't be: it meets no rule */
	DECODE_CUT,	/* too little of it was captured to tell */
};

/* Is @link, a DLT_* of libpcap, a link type that is understood? */
bool decode_knows(int link);

/* @len: of the frame, of which @caplen bytes are at @data. */
enum decode decode_frame(int link, const uint8_t *data, uint32_t caplen, uint32_t len,
			 struct tq_packet *pkt);

#endif
