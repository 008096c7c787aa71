// SPDX-License-Identifier: GPL-2.0-only
/*
 * rewrite.c - TTL, hop limit and DSCP.
 *
 * Which checksums know of these bytes?  That of the IPv4 header: it is mended by
 * the difference, so that a wrong one stays wrong.  No transport checksum, for
 * they are not in the pseudo header: a packet whose checksum is still to be
 * made (CHECKSUM_PARTIAL) and a super-packet (GSO), whose header is copied to
 * each segment, need nothing more.  And the sum that a device has made of the
 * whole packet (CHECKSUM_COMPLETE): an IPv4 header with its checksum adds
 * nothing to it, before and after; the change of an IPv6 header must be added.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/dsfield.h>

#include "rewrite.h"

/* The bits of TOS and traffic class that are not DSCP. */
#define ECN_MASK	0x03

static u8 new_ttl(const struct tq_rewrite *r, u8 ttl)
{
	if (r->what & TQ_SET_TTL)
		return r->ttl;
	if (r->what & TQ_ADD_TTL)
		return clamp_t(int, ttl + r->ttl, 0, 255);
	return ttl;
}

static u8 new_dsfield(const struct tq_rewrite *r, u8 dsfield)
{
	return r->what & TQ_SET_DSCP ? (dsfield & ECN_MASK) | (r->dscp << 2) : dsfield;
}

static bool rewrite_ipv4(struct sk_buff *skb, const struct tq_rewrite *r)
{
	struct iphdr *iph = ip_hdr(skb);
	const u8 ttl = new_ttl(r, iph->ttl), dsfield = new_dsfield(r, iph->tos);

	if (ttl == iph->ttl && dsfield == iph->tos)
		return true;
	if (skb_ensure_writable(skb, skb_network_offset(skb) + sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	/* The word that the checksum adds has the TTL in its upper half. */
	csum_replace2(&iph->check, htons(iph->ttl << 8), htons(ttl << 8));
	iph->ttl = ttl;
	ipv4_change_dsfield(iph, 0, dsfield);
	return true;
}

static bool rewrite_ipv6(struct sk_buff *skb, const struct tq_rewrite *r)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const u8 hop_limit = new_ttl(r, ip6h->hop_limit);
	const u8 dsfield = new_dsfield(r, ipv6_get_dsfield(ip6h));
	/* Both fields are in the first eight bytes. */
	const unsigned int bytes = offsetof(struct ipv6hdr, saddr);

	if (hop_limit == ip6h->hop_limit && dsfield == ipv6_get_dsfield(ip6h))
		return true;
	if (skb_ensure_writable(skb, skb_network_offset(skb) + sizeof(*ip6h)))
		return false;
	ip6h = ipv6_hdr(skb);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_sub(skb->csum, csum_partial(ip6h, bytes, 0));
	ip6h->hop_limit = hop_limit;
	ipv6_change_dsfield(ip6h, 0, dsfield);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_partial(ip6h, bytes, 0));
	return true;
}

bool tq_rewrite(struct sk_buff *skb, u8 family, const struct tq_rewrite *r)
{
	const unsigned int len = family == NFPROTO_IPV4 ? sizeof(struct iphdr) :
							  sizeof(struct ipv6hdr);

	/* Makes the header linear, which it nearly always is. */
	if (!pskb_may_pull(skb, skb_network_offset(skb) + len))
		return false;
	return family == NFPROTO_IPV4 ? rewrite_ipv4(skb, r) : rewrite_ipv6(skb, r);
}
