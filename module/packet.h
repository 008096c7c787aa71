/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.h - the keys of a packet that rules look at.
 */
#ifndef _TQ_PACKET_H
#define _TQ_PACKET_H

#include <linux/netfilter.h>
#include <linux/types.h>

struct sk_buff;

/* bits of tq_key.have: which of the optional fields the packet carries */
enum {
	TQ_KEY_PORTS	= 1 << 0,
	TQ_KEY_ICMP	= 1 << 1,
	TQ_KEY_TCP	= 1 << 2,
};

/**
 * struct tq_place - where a packet is looked at
 * @state: as netfilter says
 * @tracked: conntrack, if it is on, comes before
 */
struct tq_place {
	const struct nf_hook_state	*state;
	bool				tracked;
};

/**
 * struct tq_key - everything of a packet that a rule can ask for
 * @src: source address, network order; of an IPv4 address only the first word
 * @dst: destination address
 * @in: name of the device it came in by, or NULL
 * @out: name of the device it leaves by, or NULL
 * @mark: its mark
 * @len: bytes from the network header on
 * @sport: source port, host order; valid with TQ_KEY_PORTS
 * @dport: destination port
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: transport protocol; of an IPv6 packet whose chain of extension
 *	headers can't be followed, the number of the first that can't be read
 * @have: TQ_KEY_*
 * @frag: exactly one TQUEUE_FRAG_*
 * @dscp: 0 to 63
 * @icmp_type: valid with TQ_KEY_ICMP
 * @icmp_code: valid with TQ_KEY_ICMP
 * @tcp_flags: the byte with FIN, SYN, ...; valid with TQ_KEY_TCP
 * @ct: exactly one TQUEUE_CT_*
 *
 * No pointer into the packet: it may be rewritten while the key is in use.
 */
struct tq_key {
	union nf_inet_addr	src;
	union nf_inet_addr	dst;
	const char		*in;
	const char		*out;
	u32			mark;
	u32			len;
	u16			sport;
	u16			dport;
	u8			family;
	u8			proto;
	u8			have;
	u8			frag;
	u8			dscp;
	u8			icmp_type;
	u8			icmp_code;
	u8			tcp_flags;
	u8			ct;
};

/* NFPROTO_IPV4, NFPROTO_IPV6, or one that no rule is for. */
u8 tq_packet_family(const struct sk_buff *skb, const struct tq_place *place);

/* Fills @key from @skb as seen at @place, under rcu_read_lock().  False if it is
 * not IP, or its IP header is not whole or, at a netdev hook, which sees packets
 * before anybody has looked, not sound: such a packet matches no rule.
 */
bool tq_key_init(struct tq_key *key, const struct sk_buff *skb, const struct tq_place *place);

/* key.proto of tq_key_init() without the other keys; 0: no whole IP header.  At hooks of
 * NFPROTO_IPV4 and NFPROTO_IPV6 only.
 */
u8 tq_packet_proto(const struct sk_buff *skb, const struct tq_place *place);

/* True for the protocols whose first four bytes are ports. */
bool tq_proto_has_ports(u8 proto);

#endif /* _TQ_PACKET_H */
