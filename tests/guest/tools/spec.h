/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spec.h - packets by a line of text, each with a number, so that who sees one can say
 * what all of its bytes must be.
 *
 *	"udp 10.0.0.1:1000 10.0.0.2:2000 [word]...", "icmp6 fd00::1 fd00::2", "253 ..."; a "+"
 *	behind a port counts it up with each packet (64 of them); words: len=N (body) mark=N
 *	ttl=N dscp=N type=N code=N flags=N vlan=N first, later (fragments), hop, dest, route,
 *	atomic, opt (headers)
 *	or "raw HEX": the frame from its type field on, as it is
 *
 * The last 8 bytes of a body (of 8 or more) are the packet's number, with the thread's number
 * in the highest byte.
 */
#ifndef SPEC_H
#define SPEC_H

#include "pkt.h"

struct spec {
	struct pkt	p;
	int		count_sport, count_dport;
	u8		*raw;
	size_t		raw_len;
};

/* Ends the program if it is none. */
void spec_parse(struct spec *s, const char *text);
/* The frame (PKT_MAX) without the addresses of its Ethernet header; its length. */
size_t spec_build(const struct spec *s, unsigned int thread, u64 number, u8 *frame);

#endif /* SPEC_H */
