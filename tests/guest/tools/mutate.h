/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mutate.h - packets of all kinds, sound, unsound, and nearly sound.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include "common.h"

#define MUTATE_MAX	65535

/* Frames of a capture (pcap; Ethernet or IP) to choose from beside those that are
 * made here.  Returns how many there were.
 */
u32 mutate_capture(const char *path);

/* A frame with an Ethernet header, whose addresses are for the caller to set; up to
 * @max bytes.  @mtu: most are not longer than that with their header.
 */
u32 mutate_frame(struct rng *rng, u8 *buf, u32 max, u32 mtu);

/* Where the network header of a frame lies, behind all VLAN tags; its ethertype. */
u32 mutate_network(const u8 *frame, u32 len, u32 *type);

/* Where the transport header of a packet lies as its headers say; 0: no telling. */
u32 mutate_transport(const u8 *ip, u32 len, u8 *proto);

/* Length and checksum of an IPv4 or IPv6 header, as they should be. */
void mutate_mend(u8 *ip, u32 len);

#endif /* MUTATE_H */
