/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pkt.h - packets: described, built as Ethernet frames, sent from a device.
 */
#ifndef PKT_H
#define PKT_H

#include <linux/tqueue.h>
#include "common.h"

#define PKT_ETH		14
#define PKT_MAX		2048

enum {
	PKT_TCP = 6, PKT_UDP = 17, PKT_DCCP = 33, PKT_ICMP = 1, PKT_ICMP6 = 58,
	PKT_SCTP = 132, PKT_UDPLITE = 136, PKT_ESP = 50, PKT_GRE = 47, PKT_NONE6 = 59,
};

enum pkt_ext {			/* IPv6: headers before the transport's */
	PKT_EXT_HOP	= 1 << 0,
	PKT_EXT_ROUTE	= 1 << 1,
	PKT_EXT_DEST	= 1 << 2,
	PKT_EXT_ATOMIC	= 1 << 3,	/* a fragment header on a whole packet */
	PKT_EXT_OPT	= 1 << 4,	/* IPv4: options */
};

/**
 * struct pkt - a packet in host byte order but for the addresses
 * @id: IPv4 identification or IPv6 flow label, a number to know it again by
 * @proto: transport protocol
 * @frag: one bit of enum tqueue_frag
 * @body: bytes behind the transport header (LATER: behind the IP header)
 * @vlan: VLAN id of an 802.1Q tag, or 0
 * @port: index of the device it is sent from, and what it comes in by
 */
struct pkt {
	u8	family;		/* 4 or 6 */
	u8	proto;
	u8	src[16], dst[16];
	u16	sport, dport;
	u8	icmp_type, icmp_code;
	u8	tcp_flags;
	u8	dscp;
	u8	frag;
	u8	exts;
	u8	ttl;
	u32	mark;
	u32	id;
	u64	seq;
	u16	body;
	u16	vlan;
	u16	port;
};

/* True if @proto has ports where rules look for them. */
int pkt_proto_has_ports(u8 proto);
int pkt_has_ports(const struct pkt *p);

/* Writes a frame without the addresses of its Ethernet header into @buf
 * (PKT_MAX); returns its length.  The last 8 bytes of the body are @seq.
 */
size_t pkt_build(const struct pkt *p, u8 *buf);

/* "10.0.0.1", "fd00::1" -> family 4 or 6 */
int pkt_parse_addr(const char *text, u8 addr[16]);

/* A packet socket on @ifname that sends whole frames past its qdisc; @mac gets
 * the device's address.
 */
int pkt_open(const char *ifname, u8 mac[6]);
void pkt_mac_of(const char *ifname, u8 mac[6]);

#endif /* PKT_H */
