// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <netinet/in.h>
#include <pcap/dlt.h>

#include "decode.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_PACKET_##name)

#define ETH_IP		0x0800
#define ETH_IP6		0x86dd

/* As in module/packet.c. */
#define MAX_EXT_HDRS	16
#define TCP_FLAGS_AT	13

/* Tags within tags are seldom more than two. */
#define MAX_VLANS	4

/**
 * struct view - the frame, as far as it was captured
 * @off: of the IP header
 * @end: behind the packet; what may follow is padding
 * @there: bytes that were captured
 * @cut: something was asked for that is in the packet, but was not captured
 */
struct view {
	const uint8_t	*data;
	uint32_t	off;
	uint32_t	end;
	uint32_t	there;
	bool		cut;
};

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* NULL: the packet does not have them, or, with @cut, the capture. */
static const uint8_t *bytes(struct view *v, uint32_t off, uint32_t n)
{
	if (off > v->end || v->end - off < n)
		return NULL;
	if (off > v->there || v->there - off < n) {
		v->cut = true;
		return NULL;
	}
	return v->data + off;
}

/* ---- transport ---- */

static bool has_ports(uint32_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_DCCP;
}

static void transport(struct tq_packet *pkt, struct view *v, uint32_t off)
{
	uint32_t icmp = pkt->family == TQUEUE_FAMILY_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	uint32_t need = 0;
	const uint8_t *at;

	if (has_ports(pkt->proto)) {
		need = 4;
		at = bytes(v, off, 4);
		if (at) {
			pkt->sport = get16(at);
			pkt->dport = get16(at + 2);
			pkt->has |= BIT(SPORT) | BIT(DPORT);
		}
		if (pkt->proto == IPPROTO_TCP) {
			need = TCP_FLAGS_AT + 1;
			at = bytes(v, off + TCP_FLAGS_AT, 1);
			if (at) {
				pkt->tcp_flags = *at;
				pkt->has |= BIT(TCP_FLAGS);
			}
		}
	} else if (pkt->proto == icmp) {
		need = 2;
		at = bytes(v, off, 2);
		if (at) {
			pkt->icmp_type = at[0];
			pkt->icmp_code = at[1];
			pkt->has |= BIT(ICMP_TYPE) | BIT(ICMP_CODE);
		}
	}
	/* The packet itself ends before its transport header does. */
	if (need && (off > v->end || v->end - off < need)) {
		pkt->transport_len = off > v->end ? 0 : v->end - off;
		pkt->has |= BIT(TRANSPORT_LEN);
	}
}

/* ---- IP ---- */

/* False: the packet can't have @len bytes. */
static bool set_length(struct view *v, uint32_t len, uint32_t least)
{
	if (len < least || len > v->end - v->off)
		return false;
	v->end = v->off + len;
	return true;
}

static void set_addresses(struct tq_packet *pkt, const uint8_t *src, uint8_t size)
{
	pkt->src.len = size;
	memcpy(pkt->src.bytes, src, size);
	pkt->dst.len = size;
	memcpy(pkt->dst.bytes, src + size, size);
}

static enum decode ipv4(struct tq_packet *pkt, struct view *v)
{
	const uint8_t *ip = bytes(v, v->off, 20);
	uint32_t len, hlen, frag;

	if (!ip)
		return v->cut ? DECODE_CUT : DECODE_BAD;
	len = get16(ip + 2);
	hlen = (ip[0] & 15) * 4;
	/* Super-packets too long for the field say 0. */
	if (!len)
		len = v->end - v->off > 65535 ? v->end - v->off : 0;
	if (ip[0] >> 4 != 4 || hlen < 20 || !set_length(v, len, hlen))
		return DECODE_BAD;

	pkt->family = TQUEUE_FAMILY_IPV4;
	set_addresses(pkt, ip + 12, 4);
	pkt->proto = ip[9];
	pkt->dscp = ip[1] >> 2;
	frag = get16(ip + 6);
	if (frag & 0x1fff) {
		pkt->frag = TQUEUE_FRAG_LATER;
		return DECODE_IP;
	}
	pkt->frag = frag & 0x2000 ? TQUEUE_FRAG_FIRST : TQUEUE_FRAG_NONE;
	transport(pkt, v, v->off + hlen);
	return DECODE_IP;
}

static bool is_ext_hdr(uint32_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH || proto == IPPROTO_NONE ||
	       proto == IPPROTO_DSTOPTS;
}

/* False: there is no transport header that can be read. */
static bool skip_ext_hdrs(struct tq_packet *pkt, struct view *v, uint32_t *off)
{
	unsigned int n;

	for (n = 0; is_ext_hdr(pkt->proto); n++) {
		const uint8_t *hdr;

		if (pkt->proto == IPPROTO_NONE || n == MAX_EXT_HDRS)
			return false;
		hdr = bytes(v, *off, pkt->proto == IPPROTO_FRAGMENT ? 8 : 2);
		if (!hdr)
			return false;
		if (pkt->proto == IPPROTO_FRAGMENT) {
			uint32_t frag = get16(hdr + 2);

			pkt->proto = hdr[0];
			if (frag & 0xfff8) {
				pkt->frag = TQUEUE_FRAG_LATER;
				return false;
			}
			if (frag & 1)
				pkt->frag = TQUEUE_FRAG_FIRST;
			*off += 8;
			continue;
		}
		*off += pkt->proto == IPPROTO_AH ? (hdr[1] + 2) * 4 : (hdr[1] + 1) * 8;
		pkt->proto = hdr[0];
	}
	return true;
}

static enum decode ipv6(struct tq_packet *pkt, struct view *v)
{
	const uint8_t *ip = bytes(v, v->off, 40);
	uint32_t off = v->off + 40, len;

	if (!ip)
		return v->cut ? DECODE_CUT : DECODE_BAD;
	len = get16(ip + 4);
	/* Where the length is 0, all that is there may be the packet's. */
	if (ip[0] >> 4 != 6 || (len && !set_length(v, 40 + len, 40)))
		return DECODE_BAD;

	pkt->family = TQUEUE_FAMILY_IPV6;
	set_addresses(pkt, ip + 8, 16);
	pkt->proto = ip[6];
	pkt->dscp = (get16(ip) >> 4 & 0xff) >> 2;
	pkt->frag = TQUEUE_FRAG_NONE;
	if (skip_ext_hdrs(pkt, v, &off))
		transport(pkt, v, off);
	return DECODE_IP;
}

/* ---- links ---- */

/* Behind a field of type @type, which is followed by what v->off says. */
static enum decode ether(struct tq_packet *pkt, struct view *v, uint16_t type)
{
	unsigned int n;

	for (n = 0; n < MAX_VLANS; n++) {
		const uint8_t *tag;

		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		tag = bytes(v, v->off, 4);
		if (!tag)
			return v->cut ? DECODE_CUT : DECODE_NOT_IP;
		type = get16(tag + 2);
		v->off += 4;
	}
	if (type == ETH_IP)
		return ipv4(pkt, v);
	return type == ETH_IP6 ? ipv6(pkt, v) : DECODE_NOT_IP;
}

/* A header of @size bytes with an Ethernet type at @at. */
static enum decode typed(struct tq_packet *pkt, struct view *v, uint32_t size, uint32_t at)
{
	const uint8_t *hdr = bytes(v, 0, size);

	if (!hdr)
		return v->cut ? DECODE_CUT : DECODE_NOT_IP;
	v->off = size;
	return ether(pkt, v, get16(hdr + at));
}

/* The family's number is that of the system that captured, in its byte order. */
static enum decode loopback(struct tq_packet *pkt, struct view *v)
{
	const uint8_t *hdr = bytes(v, 0, 4);
	uint32_t family;

	if (!hdr)
		return v->cut ? DECODE_CUT : DECODE_NOT_IP;
	family = get32(hdr);
	if (family > 0xffff)
		family = hdr[1] << 8 | hdr[0];
	v->off = 4;
	switch (family) {
	case 2:
		return ipv4(pkt, v);
	case 10:	/* Linux */
	case 24:	/* NetBSD, OpenBSD */
	case 28:	/* FreeBSD */
	case 30:	/* macOS */
		return ipv6(pkt, v);
	default:
		return DECODE_NOT_IP;
	}
}

static enum decode raw(struct tq_packet *pkt, struct view *v)
{
	const uint8_t *first = bytes(v, 0, 1);

	if (!first)
		return v->cut ? DECODE_CUT : DECODE_NOT_IP;
	switch (*first >> 4) {
	case 4:
		return ipv4(pkt, v);
	case 6:
		return ipv6(pkt, v);
	default:
		return DECODE_NOT_IP;
	}
}

bool decode_knows(int link)
{
	switch (link) {
	case DLT_EN10MB:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return true;
	default:
		return false;
	}
}

static enum decode frame(int link, struct tq_packet *pkt, struct view *v)
{
	switch (link) {
	case DLT_EN10MB:
		return typed(pkt, v, 14, 12);
	case DLT_LINUX_SLL:
		return typed(pkt, v, 16, 14);
	case DLT_LINUX_SLL2:
		return typed(pkt, v, 20, 0);
	case DLT_NULL:
	case DLT_LOOP:
		return loopback(pkt, v);
	case DLT_RAW:
		return raw(pkt, v);
	case DLT_IPV4:
		return ipv4(pkt, v);
	case DLT_IPV6:
		return ipv6(pkt, v);
	default:
		return DECODE_NOT_IP;
	}
}

enum decode decode_frame(int link, const uint8_t *data, uint32_t caplen, uint32_t len,
			 struct tq_packet *pkt)
{
	struct view v = { .data = data, .end = len > caplen ? len : caplen, .there = caplen };
	enum decode found;

	memset(pkt, 0, sizeof(*pkt));
	found = frame(link, pkt, &v);
	if (found != DECODE_IP)
		return found;
	if (v.cut)
		return DECODE_CUT;
	pkt->len = v.end - v.off;
	pkt->has |= BIT(FAMILY) | BIT(SRC) | BIT(DST) | BIT(PROTO) | BIT(DSCP) | BIT(LEN) |
		    BIT(FRAG);
	return DECODE_IP;
}
