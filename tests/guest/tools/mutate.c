// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "pkt.h"

#define CAPTURED	2000

enum { P_HOP = 0, P_IPIP = 4, P_IP6 = 41, P_ROUTE = 43, P_FRAG = 44, P_AH = 51, P_DEST = 60,
       P_MH = 135 };

static struct { u8 *data; u32 len; } captured[CAPTURED];
static u32 n_captured;

/* The frame that is being made. */
struct frame {
	struct rng	*rng;
	u8		*buf;
	u32		len, max;
};

static u32 below(const struct frame *f, u32 n)
{
	return rng_below(f->rng, n);
}

static u8 any_byte(const struct frame *f)
{
	return (u8)rng_u64(f->rng);
}

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static void set16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* ---- what is read of a frame ---- */

static int is_tag(u32 type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

u32 mutate_network(const u8 *frame, u32 len, u32 *type)
{
	u32 at = 12;

	while (at + 6 <= len && is_tag(get16(frame + at)))
		at += 4;
	*type = at + 2 <= len ? get16(frame + at) : 0;
	return at + 2 <= len ? at + 2 : len;
}

u32 mutate_transport(const u8 *ip, u32 len, u8 *proto)
{
	u32 at = 40, n;

	if (len >= 20 && ip[0] >> 4 == 4) {
		*proto = ip[9];
		at = (ip[0] & 15) * 4u;
		return at >= 20 && at < len ? at : 0;
	}
	if (len < 40 || ip[0] >> 4 != 6)
		return 0;
	*proto = ip[6];
	for (n = 0; n < 20 && at + 8 <= len; n++) {
		switch (*proto) {
		case P_HOP: case P_ROUTE: case P_DEST: case P_MH:
			*proto = ip[at];
			at += (ip[at + 1] + 1u) * 8;
			break;
		case P_FRAG:
			*proto = ip[at];
			at += 8;
			break;
		case P_AH:
			*proto = ip[at];
			at += (ip[at + 1] + 2u) * 4;
			break;
		default:
			return at;
		}
	}
	return 0;
}

void mutate_mend(u8 *ip, u32 len)
{
	if (len >= 20 && ip[0] >> 4 == 4) {
		u32 ihl = (ip[0] & 15) * 4u, sum = 0, i;

		if (ihl < 20 || ihl > len)
			return;
		set16(ip + 2, len);
		set16(ip + 10, 0);
		for (i = 0; i < ihl; i += 2)
			sum += get16(ip + i);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		set16(ip + 10, ~sum);
	} else if (len >= 40 && ip[0] >> 4 == 6) {
		set16(ip + 4, len - 40 > 65535 ? 0 : len - 40);
	}
}

/* ---- captures ---- */

static void capture_add(const u8 *packet, u32 len, u32 link)
{
	const u32 head = link == 1 ? 0 : 14;
	u8 *to;

	if (n_captured == CAPTURED || len < 1 || head + len > MUTATE_MAX)
		return;
	to = xcalloc(1, head + len);
	memcpy(to + head, packet, len);
	if (head)
		set16(to + 12, packet[0] >> 4 == 6 ? 0x86dd : 0x0800);
	captured[n_captured].data = to;
	captured[n_captured++].len = head + len;
}

u32 mutate_capture(const char *path)
{
	const u32 before = n_captured;
	static u8 packet[MUTATE_MAX];
	u32 file[6], rec[4];
	FILE *f = fopen(path, "r");

	if (!f)
		die_errno("%s", path);
	if (fread(file, sizeof(file), 1, f) == 1 &&
	    (file[0] == 0xa1b2c3d4 || file[0] == 0xa1b23c4d) &&
	    (file[5] == 1 || file[5] == 101 || file[5] == 12 || file[5] == 228 || file[5] == 229))
		while (fread(rec, sizeof(rec), 1, f) == 1 && rec[2] <= sizeof(packet) &&
		       fread(packet, 1, rec[2], f) == rec[2])
			capture_add(packet, rec[2], file[5]);
	fclose(f);
	return n_captured - before;
}

/* ---- what is made ---- */

/* Sources and destinations that a route leads from and to, mostly; see t_packetfuzz.sh. */
static void any_addr(const struct frame *f, u8 family, int source, u8 *to)
{
	static const u8 net[][4] = { { 10, 9, 0, 2 }, { 10, 8, 0, 0 }, { 10, 7, 0, 0 },
				     { 127, 0, 0, 1 }, { 255, 255, 255, 255 }, { 224, 0, 0, 1 } };
	const u32 which = below(f, 20);
	const u8 *n = net[source ? 1 : which < 6 ? 0 : which < 18 ? 1 + which % 2 : 2 + which % 4];
	u32 i;

	for (i = 0; i < 16; i++)
		to[i] = any_byte(f);
	if (family == 4) {
		if (source) {
			to[0] = 10;
			to[1] = 9;
			to[2] = 1;
		} else if (n[2] || n[3] || n[0] == 127) {
			memcpy(to, n, 4);
		} else {
			memcpy(to, n, 2);
		}
		return;
	}
	memset(to, 0, 14);
	to[0] = 0xfd;
	to[1] = source ? 9 : n[0] == 10 ? n[1] : 8;
	if (!source && n[1] == 9)
		memcpy(to + 14, "\0\2", 2);
	else if (source)
		to[13] = 1;
	if (!source && n[0] == 224)
		memcpy(to, "\377\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

static void make(struct frame *f, u32 mtu)
{
	static const u8 protos[] = {
		PKT_TCP, PKT_TCP, PKT_UDP, PKT_UDP, PKT_ICMP, PKT_ICMP6, PKT_SCTP, PKT_DCCP,
		PKT_UDPLITE, PKT_ESP, PKT_GRE, PKT_NONE6,
	};
	static const u16 ports[] = { 53, 80, 22, 443, 1023, 1024, 2000, 2001, 2002, 2003, 2004, 65535 };
	struct pkt p = { .family = below(f, 2) ? 4 : 6 };

	p.proto = protos[below(f, ARRAY_SIZE(protos))];
	if (!below(f, 8))
		p.proto = any_byte(f);
	any_addr(f, p.family, 1, p.src);
	any_addr(f, p.family, 0, p.dst);
	p.sport = below(f, 3) ? ports[below(f, ARRAY_SIZE(ports))] : (u16)rng_u64(f->rng);
	p.dport = below(f, 3) ? ports[below(f, ARRAY_SIZE(ports))] : (u16)rng_u64(f->rng);
	p.icmp_type = below(f, 2) ? 8 * (p.family == 4) : any_byte(f);
	p.icmp_code = (u8)below(f, 4);
	p.tcp_flags = any_byte(f);
	p.dscp = (u8)below(f, 64);
	p.frag = below(f, 4) ? TQUEUE_FRAG_NONE : below(f, 2) ? TQUEUE_FRAG_FIRST : TQUEUE_FRAG_LATER;
	p.exts = below(f, 3) ? 0 : any_byte(f);
	p.ttl = below(f, 8) ? 64 : (u8)below(f, 3);
	p.id = (u32)rng_u64(f->rng) | 1;
	p.seq = rng_u64(f->rng);
	p.vlan = below(f, 6) ? 0 : (u16)rng_u64(f->rng) | 1;
	p.body = (u16)below(f, below(f, 4) ? 100 : PKT_MAX - 300);
	if (p.body > mtu - 200)
		p.body = (u16)(mtu - 200);
	f->len = (u32)pkt_build(&p, f->buf);
}

/* ---- changes of place ---- */

static u8 *insert(struct frame *f, u32 at, u32 n)
{
	if (at > f->len || f->len + n > f->max)
		return NULL;
	memmove(f->buf + at + n, f->buf + at, f->len - at);
	f->len += n;
	return f->buf + at;
}

static void fill(const struct frame *f, u8 *to, u32 n)
{
	while (n--)
		*to++ = any_byte(f);
}

/* A tag more, of either kind. */
static void add_tag(struct frame *f)
{
	u8 *tag = insert(f, 12, 4);

	if (tag) {
		set16(tag, below(f, 2) ? 0x8100 : below(f, 4) ? 0x88a8 : 0x9100);
		fill(f, tag + 2, 2);
	}
}

static void add_options(struct frame *f, u32 net)
{
	static const u8 kinds[] = { 0, 1, 7, 68, 130, 131, 137, 148 };
	const u32 n = 4 * (1 + below(f, 10)), words = f->buf[net] & 15;
	u8 *opt;

	if (words * 4 + n > 60)
		return;
	opt = insert(f, net + words * 4, n);
	if (!opt)
		return;
	memset(opt, 1, n);
	opt[0] = kinds[below(f, ARRAY_SIZE(kinds))];
	opt[1] = below(f, 3) ? (u8)n : any_byte(f);
	opt[2] = (u8)(below(f, 2) ? 4 : below(f, 12));
	f->buf[net] = (u8)(f->buf[net] & 0xf0) | (u8)(words + n / 4);
}

/* One header or many, of a sound or another length, in front of what is there. */
static void add_headers(struct frame *f, u32 net)
{
	static const u8 kinds[] = { P_HOP, P_ROUTE, P_FRAG, P_AH, P_DEST, P_MH, 139, 140, 253 };
	u32 n = below(f, 4) ? 1 + below(f, 3) : 14 + below(f, 8);

	while (n--) {
		const u8 kind = kinds[below(f, below(f, 4) ? 5 : ARRAY_SIZE(kinds))];
		const u32 units = below(f, 5) ? 0 : below(f, 4);
		u8 *hdr = insert(f, net + 40, 8 * (units + 1));

		if (!hdr)
			return;
		memset(hdr, 0, 8 * (units + 1));
		hdr[0] = f->buf[net + 6];
		hdr[1] = (u8)(kind == P_FRAG ? 0 : kind == P_AH ? 2 * units : units);
		if (kind == P_FRAG)
			fill(f, hdr + 2, 6);
		else
			hdr[2] = (u8)(below(f, 2) ? 1 : below(f, 256)), hdr[3] = (u8)(8 * units + 4);
		if (!below(f, 16))
			hdr[1] = any_byte(f);
		f->buf[net + 6] = kind;
	}
}

/* What is there becomes the inside of something. */
static void add_tunnel(struct frame *f, u32 net, u32 type)
{
	const u32 outer = below(f, 2) ? 20 : 40, gre = below(f, 2) ? 4 : 0;
	const u8 inside = gre ? PKT_GRE : type == 0x0800 ? P_IPIP : P_IP6;
	u8 *ip = insert(f, net, outer + gre);

	if (!ip)
		return;
	memset(ip, 0, outer + gre);
	if (outer == 20) {
		ip[0] = 0x45;
		ip[8] = 64;
		ip[9] = inside;
		any_addr(f, 4, 1, ip + 12);
		any_addr(f, 4, 0, ip + 16);
	} else {
		ip[0] = 0x60;
		ip[6] = inside;
		ip[7] = 64;
		any_addr(f, 6, 1, ip + 8);
		any_addr(f, 6, 0, ip + 24);
	}
	if (gre)
		set16(ip + outer + 2, type);
	set16(f->buf + net - 2, outer == 20 ? 0x0800 : 0x86dd);
	mutate_mend(ip, f->len - net);
}

/* ---- changes of value ---- */

/* A 16-bit field that says how much there is, or where. */
static void odd_length(struct frame *f, u32 at, u32 truth)
{
	static const u16 odd[] = { 0, 1, 7, 8, 19, 20, 21, 39, 40, 41, 0x7fff, 0x8000, 0xffff };

	if (at + 2 > f->len)
		return;
	if (below(f, 2))
		set16(f->buf + at, odd[below(f, ARRAY_SIZE(odd))]);
	else
		set16(f->buf + at, truth + below(f, 17) - 8);
}

static void change_field(struct frame *f, u32 net, u32 type)
{
	const u32 l3 = f->len - net;
	u8 *ip = f->buf + net, proto;
	u32 l4;

	if (l3 < 20 || (type == 0x86dd && l3 < 40))
		return;
	l4 = mutate_transport(ip, l3, &proto);
	switch (below(f, 8)) {
	case 0:
		ip[0] = any_byte(f);
		break;
	case 1:
		odd_length(f, net + (type == 0x0800 ? 2 : 4), type == 0x0800 ? l3 : l3 - 40);
		break;
	case 2:		/* fragment */
		if (type == 0x0800)
			set16(ip + 6, below(f, 2) ? 0x2000 : below(f, 0x4000));
		break;
	case 3:
		ip[type == 0x0800 ? 9 : 6] = any_byte(f);
		break;
	case 4:
		ip[type == 0x0800 ? 8 : 7] = (u8)below(f, 3);
		break;
	case 5:		/* TCP's header length, UDP's length */
		if (l4)
			odd_length(f, net + l4 + (proto == PKT_TCP ? 12 : 4), l3 - l4);
		break;
	case 6:		/* ends within a header */
		if (l4)
			f->len = net + l4 + below(f, 20) % (l3 - l4 + 1);
		break;
	default:
		set16(f->buf + net - 2, below(f, 2) ? 0x0800 : below(f, 2) ? 0x86dd :
		      (u32)rng_u64(f->rng) & 0xffff);
	}
}

static void change_bytes(struct frame *f, u32 from)
{
	u32 n = 1 + below(f, 4), at;

	if (from >= f->len)
		return;
	while (n--) {
		at = from + below(f, f->len - from < 80 ? f->len - from : 80);
		if (below(f, 2))
			f->buf[at] ^= (u8)(1 << below(f, 8));
		else
			f->buf[at] = any_byte(f);
	}
}

static void change_length(struct frame *f, u32 net, u32 mtu)
{
	u32 n;

	if (below(f, 2)) {
		if (f->len > net)
			f->len = net + below(f, f->len - net + 1);
		return;
	}
	n = below(f, 2) ? below(f, 64) : below(f, mtu);
	if (f->len + n > mtu + 14)
		return;
	fill(f, f->buf + f->len, n);
	f->len += n;
}

static void mutate(struct frame *f, u32 mtu)
{
	u32 type;
	const u32 net = mutate_network(f->buf, f->len, &type);
	const int ip4 = type == 0x0800 && f->len >= net + 20;
	const int ip6 = type == 0x86dd && f->len >= net + 40;

	switch (below(f, 12)) {
	case 0:
		add_tag(f);
		break;
	case 1: case 2:
		if (ip4)
			add_options(f, net);
		else if (ip6)
			add_headers(f, net);
		break;
	case 3:
		if (ip4 || ip6)
			add_tunnel(f, net, type);
		break;
	case 4: case 5: case 6: case 7:
		change_field(f, net, type);
		break;
	case 8: case 9: case 10:
		change_bytes(f, net);
		break;
	default:
		change_length(f, net, mtu);
	}
}

u32 mutate_frame(struct rng *rng, u8 *buf, u32 max, u32 mtu)
{
	struct frame f = { rng, buf, 0, max };
	u32 n, type, net;

	memset(buf, 0, 14);
	if (n_captured && below(&f, 2)) {
		const u32 i = below(&f, n_captured);

		f.len = captured[i].len < max ? captured[i].len : max;
		memcpy(buf, captured[i].data, f.len);
		net = mutate_network(buf, f.len, &type);
		/* Where it can go in the topology, mostly. */
		if (type == 0x0800 && f.len >= net + 20 && below(&f, 4)) {
			any_addr(&f, 4, 1, buf + net + 12);
			memcpy(buf + net + 16, below(&f, 2) ? "\12\11\0\2" : "\12\10\0\3", 4);
		} else if (type == 0x86dd && f.len >= net + 40 && below(&f, 4)) {
			u8 addr[16];

			any_addr(&f, 6, 1, buf + net + 8);
			any_addr(&f, 6, 0, addr);
			memcpy(buf + net + 24, addr, 16);
		}
	} else {
		make(&f, mtu);
	}
	for (n = below(&f, 10) < 3 ? 0 : 1 + below(&f, 3); n; n--)
		mutate(&f, mtu);
	net = mutate_network(buf, f.len, &type);
	/* Else few would come further than the first look at their header. */
	if (below(&f, 4))
		mutate_mend(buf + net, f.len - net);
	return f.len;
}
