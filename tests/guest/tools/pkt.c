// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pkt.h"

static u8 *put16(u8 *p, u16 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
	return p + 2;
}

static u8 *put32(u8 *p, u32 v)
{
	return put16(put16(p, (u16)(v >> 16)), (u16)v);
}

static u32 sum16(const u8 *p, size_t n, u32 sum)
{
	for (; n > 1; p += 2, n -= 2)
		sum += (u32)(p[0] << 8 | p[1]);
	if (n)
		sum += (u32)(p[0] << 8);
	return sum;
}

static u16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

int pkt_proto_has_ports(u8 proto)
{
	return proto == PKT_TCP || proto == PKT_UDP || proto == PKT_UDPLITE ||
	       proto == PKT_SCTP || proto == PKT_DCCP;
}

int pkt_has_ports(const struct pkt *p)
{
	return pkt_proto_has_ports(p->proto) && p->frag != TQUEUE_FRAG_LATER;
}

/* The transport header and the body; returns its end. */
static u8 *put_transport(const struct pkt *p, u8 *at)
{
	u8 *start = at, *sum = NULL;
	size_t i, len;

	if (p->frag == TQUEUE_FRAG_LATER)
		goto body;
	switch (p->proto) {
	case PKT_TCP:
		at = put32(put32(put16(put16(at, p->sport), p->dport), 1), 0);
		*at++ = 5 << 4;
		*at++ = p->tcp_flags;
		at = put16(at, 8192);
		sum = at;
		at = put32(at, 0);
		break;
	case PKT_UDP:
	case PKT_UDPLITE:
		at = put16(put16(at, p->sport), p->dport);
		at = put16(at, p->proto == PKT_UDP ? (u16)(8 + p->body) : 8);
		sum = at;
		at = put16(at, 0);
		break;
	case PKT_SCTP:
		at = put32(put32(put16(put16(at, p->sport), p->dport), 1), 0);
		break;
	case PKT_DCCP:
		at = put16(put16(at, p->sport), p->dport);
		at = put32(put32(put32(at, 4u << 24), 1u << 24), 1);
		break;
	case PKT_ICMP:
	case PKT_ICMP6:
		*at++ = p->icmp_type;
		*at++ = p->icmp_code;
		sum = at;
		at = put32(put16(at, 0), 7 << 16 | 1);
		break;
	default:
		break;
	}
body:
	for (i = 0; i < p->body; i++)
		at[i] = (u8)(p->seq + i);
	if (p->body >= 8) {
		put32(at + p->body - 8, (u32)(p->seq >> 32));
		put32(at + p->body - 4, (u32)p->seq);
	}
	at += p->body;
	len = (size_t)(at - start);
	/* Fragments' sums would need the whole datagram: any value will do. */
	if (sum && p->frag == TQUEUE_FRAG_NONE) {
		size_t alen = p->family == 4 ? 4 : 16;
		size_t over = p->proto == PKT_UDPLITE ? 8 : len;
		u32 s = 0;

		if (p->proto != PKT_ICMP) {
			s = sum16(p->src, alen, p->proto + (u32)len);
			s = sum16(p->dst, alen, s);
		}
		s = fold(sum16(start, over, s));
		put16(sum, s || p->proto == PKT_TCP ? (u16)s : 0xffff);
	}
	return at;
}

static u8 *put_ipv4(const struct pkt *p, u8 *at)
{
	u8 *ip = at, *end;
	u8 words = p->exts & PKT_EXT_OPT ? 6 : 5;
	u16 off = p->frag == TQUEUE_FRAG_FIRST ? 0x2000 :
		  p->frag == TQUEUE_FRAG_LATER ? (u16)(1 + p->id % 100) : 0;

	*at++ = 4 << 4 | words;
	*at++ = (u8)(p->dscp << 2);
	at = put16(at, 0);
	at = put16(put16(at, (u16)p->id), off);
	*at++ = p->ttl;
	*at++ = p->proto;
	at = put16(at, 0);
	memcpy(at, p->src, 4);
	memcpy(at + 4, p->dst, 4);
	at += 8;
	if (words == 6) {
		memset(at, 1, 4);	/* no operation */
		at += 4;
	}
	end = put_transport(p, at);
	put16(ip + 2, (u16)(end - ip));
	put16(ip + 10, fold(sum16(ip, words * 4u, 0)));
	return end;
}

static u8 *put_ipv6(const struct pkt *p, u8 *at)
{
	u8 *ip = at, *next, *end;

	at = put32(at, 6u << 28 | (u32)p->dscp << 22 | (p->id & 0xfffff));
	at = put16(at, 0);
	next = at++;
	*at++ = p->ttl;
	memcpy(at, p->src, 16);
	memcpy(at + 16, p->dst, 16);
	at += 32;
	if (p->exts & PKT_EXT_HOP) {
		*next = 0;
		next = at;
		memcpy(at, "\0\0\1\4\0\0\0\0", 8);	/* PadN */
		at += 8;
	}
	if (p->exts & PKT_EXT_DEST) {
		*next = 60;
		next = at;
		memcpy(at, "\0\0\1\4\0\0\0\0", 8);
		at += 8;
	}
	if (p->exts & PKT_EXT_ROUTE) {
		*next = 43;
		next = at;
		memcpy(at, "\0\0\375\0\0\0\0\0", 8);	/* type 253, no segments left */
		at += 8;
	}
	if (p->frag != TQUEUE_FRAG_NONE || p->exts & PKT_EXT_ATOMIC) {
		u16 off = p->frag == TQUEUE_FRAG_FIRST ? 1 :
			  p->frag == TQUEUE_FRAG_LATER ? (u16)((1 + p->id % 100) << 3) : 0;

		*next = 44;
		next = at;
		*at++ = 0;
		*at++ = 0;
		at = put32(put16(at, off), p->id);
	}
	*next = p->proto;
	end = put_transport(p, at);
	put16(ip + 4, (u16)(end - ip - 40));
	return end;
}

size_t pkt_build(const struct pkt *p, u8 *buf)
{
	u8 *at = buf + 12;

	if (p->vlan)
		at = put16(put16(at, ETH_P_8021Q), p->vlan);
	at = put16(at, p->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	at = p->family == 4 ? put_ipv4(p, at) : put_ipv6(p, at);
	return (size_t)(at - buf);
}

int pkt_parse_addr(const char *text, u8 addr[16])
{
	memset(addr, 0, 16);
	if (inet_pton(AF_INET, text, addr) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, addr) == 1)
		return 6;
	die("no address: %s", text);
}

void pkt_mac_of(const char *ifname, u8 mac[6])
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &ifr))
		die_errno("address of %s", ifname);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
}

int pkt_open(const char *ifname, u8 mac[6])
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	int fd, on = 1, room = 8 << 20;

	ll.sll_ifindex = (int)if_nametoindex(ifname);
	if (!ll.sll_ifindex)
		die_errno("device %s", ifname);
	/* protocol 0: sends only, nothing is received */
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die_errno("packet socket on %s", ifname);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		die_errno("PACKET_QDISC_BYPASS");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	pkt_mac_of(ifname, mac);
	return fd;
}
