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
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/tqueue.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>

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

/* ---- headers ---- */

/**
 * struct view - the bytes that are the packet
 * @skb: and its bytes
 * @off: of the IP header, counted from skb->data
 * @end: behind the packet; what may follow is padding
 * @verify: nobody has looked at the IP header before
 */
struct view {
	const struct sk_buff	*skb;
	int			off;
	int			end;
	bool			verify;
};

static const void *bytes(const struct view *view, int off, int len, void *buf)
{
	if (off > view->end - len)
		return NULL;
	return skb_header_pointer(view->skb, off, len, buf);
}

static void transport(struct tq_key *key, const struct view *view, int off)
{
	if (tq_proto_has_ports(key->proto)) {
		__be16 _ports[2];
		const __be16 *ports = bytes(view, off, sizeof(_ports), _ports);

		if (ports) {
			key->sport = ntohs(ports[0]);
			key->dport = ntohs(ports[1]);
			key->have |= TQ_KEY_PORTS;
		}
		if (key->proto == IPPROTO_TCP) {
			u8 _flags;
			const u8 *flags = bytes(view, off + TCP_FLAGS_OFFSET, sizeof(_flags),
						&_flags);

			if (flags) {
				key->tcp_flags = *flags;
				key->have |= TQ_KEY_TCP;
			}
		}
	} else if (key->proto == (key->family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		u8 _icmp[2];
		const u8 *icmp = bytes(view, off, sizeof(_icmp), _icmp);

		if (icmp) {
			key->icmp_type = icmp[0];
			key->icmp_code = icmp[1];
			key->have |= TQ_KEY_ICMP;
		}
	}
}

/* The packet has @len bytes by its own account, of which @least are header.
 * False: it can't be.  A length of 0 is told by super-packets too long for it.
 */
static bool set_length(struct view *view, u32 len, u32 least)
{
	const u32 there = view->end - view->off;

	if (!len && skb_is_gso(view->skb))
		return there >= least;
	if (len < least || len > there)
		return false;
	view->end = view->off + len;
	return true;
}

static bool key_ipv4(struct tq_key *key, struct view *view)
{
	struct iphdr _iph __uninitialized;
	const struct iphdr *iph = bytes(view, view->off, sizeof(_iph), &_iph);

	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;
	if (view->verify && !set_length(view, ntohs(iph->tot_len), iph->ihl * 4))
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
	transport(key, view, view->off + iph->ihl * 4);
	return true;
}

/* Follows the extension headers; false if there is no transport header that
 * can be read.  In every case key->proto and key->frag say what was found.
 * Reads and writes nothing else of @key.
 */
static bool skip_ext_hdrs(struct tq_key *key, const struct view *view, int *off)
{
	int n;

	for (n = 0; ipv6_ext_hdr(key->proto); n++) {
		struct ipv6_opt_hdr _hdr;
		const struct ipv6_opt_hdr *hdr;

		if (key->proto == NEXTHDR_NONE || n == MAX_EXT_HDRS)
			return false;
		hdr = bytes(view, *off, sizeof(_hdr), &_hdr);
		if (!hdr)
			return false;

		if (key->proto == NEXTHDR_FRAGMENT) {
			struct frag_hdr _fh;
			const struct frag_hdr *fh;

			fh = bytes(view, *off, sizeof(_fh), &_fh);
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

static bool key_ipv6(struct tq_key *key, struct view *view)
{
	int off = view->off + sizeof(struct ipv6hdr);
	struct ipv6hdr _ip6h __uninitialized;
	const struct ipv6hdr *ip6h = bytes(view, view->off, sizeof(_ip6h), &_ip6h);

	if (!ip6h || ip6h->version != 6)
		return false;
	/* Where the length is 0, all that is there may be the packet's. */
	if (view->verify && ip6h->payload_len &&
	    !set_length(view, sizeof(_ip6h) + ntohs(ip6h->payload_len), sizeof(_ip6h)))
		return false;

	key->src.in6 = ip6h->saddr;
	key->dst.in6 = ip6h->daddr;
	key->proto = ip6h->nexthdr;
	key->dscp = ipv6_get_dsfield(ip6h) >> 2;
	key->frag = TQUEUE_FRAG_NONE;
	if (skip_ext_hdrs(key, view, &off))
		transport(key, view, off);
	return true;
}

/* ---- conntrack ---- */

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
/* Is conntrack on in this namespace?  It is when its hook is there.  We call
 * nothing of it and so don't load it either.
 */
static bool conntrack_on(const struct net *net, u8 family)
{
	const struct nf_hook_entries *hooks;
	struct nf_hook_ops **ops;
	u32 i;

	if (!rcu_access_pointer(nf_ct_hook))
		return false;
	hooks = family == NFPROTO_IPV4 ? rcu_dereference(net->nf.hooks_ipv4[NF_INET_PRE_ROUTING]) :
					 rcu_dereference(net->nf.hooks_ipv6[NF_INET_PRE_ROUTING]);
	if (!hooks)
		return false;
	ops = nf_hook_entries_get_hook_ops(hooks);
	for (i = 0; i < hooks->num_hook_entries; i++)
		if (READ_ONCE(ops[i])->priority == NF_IP_PRI_CONNTRACK)
			return true;
	return false;
}

/* A packet that conntrack has found invalid looks like one that it has not
 * seen: nothing hangs on it.
 */
static u8 conntrack_state(const struct sk_buff *skb, u8 family, const struct tq_place *place)
{
	enum ip_conntrack_info info;
	const struct nf_conn *ct = nf_ct_get(skb, &info);

	if (!ct)
		return info != IP_CT_UNTRACKED && place->tracked &&
		       conntrack_on(place->state->net, family) ? TQUEUE_CT_INVALID : TQUEUE_CT_UNTRACKED;
	if (nf_ct_is_template(ct))
		return TQUEUE_CT_UNTRACKED;
	switch (info) {
	case IP_CT_NEW:
		return TQUEUE_CT_NEW;
	case IP_CT_RELATED:
	case IP_CT_RELATED_REPLY:
		return TQUEUE_CT_RELATED;
	default:
		return TQUEUE_CT_ESTABLISHED;
	}
}
#else
static u8 conntrack_state(const struct sk_buff *skb, u8 family, const struct tq_place *place)
{
	return TQUEUE_CT_UNTRACKED;
}
#endif

/* ---- all of it ---- */

/* A netdev hook is there for every protocol.  A VLAN tag that was taken out of
 * the packet is no obstacle; one that is in it makes it another protocol.
 */
u8 tq_packet_family(const struct sk_buff *skb, const struct tq_place *place)
{
	if (place->state->pf != NFPROTO_NETDEV)
		return place->state->pf;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return NFPROTO_IPV4;
	case htons(ETH_P_IPV6):
		return NFPROTO_IPV6;
	default:
		return NFPROTO_UNSPEC;
	}
}

bool tq_key_init(struct tq_key *key, const struct sk_buff *skb, const struct tq_place *place)
{
	const struct nf_hook_state *state = place->state;
	struct view view = {
		.skb	= skb,
		.off	= skb_network_offset(skb),
		.end	= skb->len,
		.verify	= state->pf == NFPROTO_NETDEV,
	};
	bool whole = false;

	/* No memset(): of an IPv4 address one word is asked for, and of what is
	 * behind "have" what it says.
	 */
	key->family = tq_packet_family(skb, place);
	key->proto = 0;
	key->sport = 0;
	key->dport = 0;
	key->have = 0;
	key->in = state->in ? state->in->name : NULL;
	key->out = state->out ? state->out->name : NULL;
	key->mark = skb->mark;
	if (view.verify && view.off < 0)
		return false;

	if (key->family == NFPROTO_IPV4)
		whole = key_ipv4(key, &view);
	else if (key->family == NFPROTO_IPV6)
		whole = key_ipv6(key, &view);
	key->len = view.end - view.off;
	if (whole)
		key->ct = conntrack_state(skb, key->family, place);
	return whole;
}

/* A target's records have no other key: reading all of them took 4 of a copy's 80 ns. */
u8 tq_packet_proto(const struct sk_buff *skb, const struct tq_place *place)
{
	const struct view view = {
		.skb	= skb,
		.off	= skb_network_offset(skb),
		.end	= skb->len,
	};
	struct tq_key key __uninitialized;
	union {
		struct iphdr	v4;
		struct ipv6hdr	v6;
	} _hdr __uninitialized;
	int off = view.off + sizeof(_hdr.v6);
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;

	if (place->state->pf == NFPROTO_IPV4) {
		iph = bytes(&view, view.off, sizeof(_hdr.v4), &_hdr.v4);
		return iph && iph->version == 4 && iph->ihl >= 5 ? iph->protocol : 0;
	}
	ip6h = bytes(&view, view.off, sizeof(_hdr.v6), &_hdr.v6);
	if (!ip6h || ip6h->version != 6)
		return 0;
	key.proto = ip6h->nexthdr;
	skip_ext_hdrs(&key, &view, &off);
	return key.proto;
}
