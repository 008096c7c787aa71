// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet.c - reads the keys of a packet.
 *
 * Nothing is read from skb->data directly: at a hook only as much of a packet
 * is linear as the stack needed so far, and what is there may be too short or
 * wrong.  A field that can't be read is absent, and a rule that asks for it
 * does not match; that is never an error.
 */
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/tqueue.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

/* An IPv6 packet may hold a thousand extension headers.  No sender needs more
 * than a handful; behind this many the transport header counts as unreadable.
 */
#define MAX_EXT_HDRS	16

/* Byte of a TCP header that holds the flags. */
#define TCP_FLAGS_OFFSET	13

bool tq_proto_has_ports(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static void transport(struct tq_key *key, const struct sk_buff *skb, int off)
{
	if (tq_proto_has_ports(key->proto)) {
		__be16 _ports[2];
		const __be16 *ports = skb_header_pointer(skb, off, sizeof(_ports), _ports);

		if (ports) {
			key->sport = ntohs(ports[0]);
			key->dport = ntohs(ports[1]);
			key->have |= TQ_KEY_PORTS;
		}
		if (key->proto == IPPROTO_TCP) {
			u8 _flags;
			const u8 *flags = skb_header_pointer(skb, off + TCP_FLAGS_OFFSET,
							     sizeof(_flags), &_flags);

			if (flags) {
				key->tcp_flags = *flags;
				key->have |= TQ_KEY_TCP;
			}
		}
	} else if (key->proto == (key->family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		u8 _icmp[2];
		const u8 *icmp = skb_header_pointer(skb, off, sizeof(_icmp), _icmp);

		if (icmp) {
			key->icmp_type = icmp[0];
			key->icmp_code = icmp[1];
			key->have |= TQ_KEY_ICMP;
		}
	}
}

static bool key_ipv4(struct tq_key *key, const struct sk_buff *skb, int off)
{
	struct iphdr _iph;
	const struct iphdr *iph = skb_header_pointer(skb, off, sizeof(_iph), &_iph);

	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;

	key->src.ip = iph->saddr;
	key->dst.ip = iph->daddr;
	key->proto = iph->protocol;
	key->dscp = iph->tos >> 2;
	if (iph->frag_off & htons(IP_OFFSET)) {
		key->frag = TQUEUE_FRAG_LATER;
		return true;
	}
	key->frag = iph->frag_off & htons(IP_MF) ? TQUEUE_FRAG_FIRST : TQUEUE_FRAG_NONE;
	transport(key, skb, off + iph->ihl * 4);
	return true;
}

/* Follows the extension headers; false if there is no transport header that
 * can be read.  In every case key->proto and key->frag say what was found.
 */
static bool skip_ext_hdrs(struct tq_key *key, const struct sk_buff *skb, int *off)
{
	int n;

	for (n = 0; ipv6_ext_hdr(key->proto); n++) {
		struct ipv6_opt_hdr _hdr;
		const struct ipv6_opt_hdr *hdr;

		if (key->proto == NEXTHDR_NONE || n == MAX_EXT_HDRS)
			return false;
		hdr = skb_header_pointer(skb, *off, sizeof(_hdr), &_hdr);
		if (!hdr)
			return false;

		if (key->proto == NEXTHDR_FRAGMENT) {
			struct frag_hdr _fh;
			const struct frag_hdr *fh;

			fh = skb_header_pointer(skb, *off, sizeof(_fh), &_fh);
			if (!fh)
				return false;
			key->proto = fh->nexthdr;
			if (fh->frag_off & htons(IP6_OFFSET)) {
				key->frag = TQUEUE_FRAG_LATER;
				return false;
			}
			if (fh->frag_off & htons(IP6_MF))
				key->frag = TQUEUE_FRAG_FIRST;
			*off += sizeof(_fh);
			continue;
		}
		*off += key->proto == NEXTHDR_AUTH ? ipv6_authlen(hdr) : ipv6_optlen(hdr);
		key->proto = hdr->nexthdr;
	}
	return true;
}

static bool key_ipv6(struct tq_key *key, const struct sk_buff *skb, int off)
{
	struct ipv6hdr _ip6h;
	const struct ipv6hdr *ip6h = skb_header_pointer(skb, off, sizeof(_ip6h), &_ip6h);

	if (!ip6h || ip6h->version != 6)
		return false;

	key->src.in6 = ip6h->saddr;
	key->dst.in6 = ip6h->daddr;
	key->proto = ip6h->nexthdr;
	key->dscp = ipv6_get_dsfield(ip6h) >> 2;
	key->frag = TQUEUE_FRAG_NONE;
	off += sizeof(_ip6h);
	if (skip_ext_hdrs(key, skb, &off))
		transport(key, skb, off);
	return true;
}

bool tq_key_init(struct tq_key *key, const struct sk_buff *skb, u8 family,
		 const struct net_device *in, const struct net_device *out)
{
	int off = skb_network_offset(skb);

	memset(key, 0, sizeof(*key));
	key->family = family;
	key->in = in ? in->name : NULL;
	key->out = out ? out->name : NULL;
	key->mark = skb->mark;
	key->len = skb->len - off;

	switch (family) {
	case NFPROTO_IPV4:
		return key_ipv4(key, skb, off);
	case NFPROTO_IPV6:
		return key_ipv6(key, skb, off);
	default:
		return false;
	}
}
