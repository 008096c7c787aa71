// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_kunit.c - suite of packet.c: the keys of packets of every kind, of every
 * length, wherever their bytes lie, sound or not.
 */
#include <kunit/test.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tqueue.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "fixture.h"
#include "packet.h"

#define MAC	14
#define ROOM	512

/**
 * struct bench - one packet that a case makes, and where it is looked at
 * @bytes: a MAC header, then the packet
 * @len: from the network header on
 */
struct bench {
	struct net_device	in;
	struct net_device	out;
	struct nf_hook_state	state;
	struct tq_place		place;
	u8			bytes[ROOM];
	u32			len;
};

static struct bench *bench_of(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	strscpy(b->in.name, "in0", IFNAMSIZ);
	strscpy(b->out.name, "out0", IFNAMSIZ);
	b->state.in = &b->in;
	b->state.out = &b->out;
	b->state.net = &init_net;
	b->place.state = &b->state;
	return b;
}

static u8 *net_header(struct bench *b)
{
	return b->bytes + MAC;
}

/* A header of @ihl words and @payload bytes behind it that are 1, 2, 3 and so on. */
static struct iphdr *ipv4(struct bench *b, u32 ihl, u8 proto, u32 payload)
{
	struct iphdr *iph = (struct iphdr *)net_header(b);
	u32 i;

	memset(b->bytes, 0, ROOM);
	b->len = ihl * 4 + payload;
	iph->version = 4;
	iph->ihl = ihl;
	iph->tos = 0xb9;
	iph->tot_len = htons(b->len);
	iph->ttl = 64;
	iph->protocol = proto;
	iph->saddr = htonl(0xc0000207);
	iph->daddr = htonl(0xc6336405);
	memset(iph + 1, 1, ihl * 4 - sizeof(*iph));
	for (i = 0; i < payload; i++)
		net_header(b)[ihl * 4 + i] = i + 1;
	return iph;
}

static void set_payload_len(struct bench *b)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)net_header(b);

	ip6h->payload_len = htons(b->len - sizeof(*ip6h));
}

/* Only the header, of DSCP 46. */
static struct ipv6hdr *ipv6(struct bench *b, u8 nexthdr)
{
	struct ipv6hdr *ip6h = (struct ipv6hdr *)net_header(b);
	u32 i;

	memset(b->bytes, 0, ROOM);
	b->len = sizeof(*ip6h);
	net_header(b)[0] = 0x6b;
	net_header(b)[1] = 0x95;
	ip6h->nexthdr = nexthdr;
	ip6h->hop_limit = 64;
	for (i = 0; i < 16; i++) {
		ip6h->saddr.s6_addr[i] = 0x20 + i;
		ip6h->daddr.s6_addr[i] = 0x40 + i;
	}
	return ip6h;
}

/* An extension header of @len bytes behind what is there. */
static u8 *extend(struct bench *b, u8 nexthdr, u8 hdrlen, u32 len)
{
	u8 *hdr = net_header(b) + b->len;

	hdr[0] = nexthdr;
	hdr[1] = hdrlen;
	b->len += len;
	return hdr;
}

/* And @n bytes of payload, 1, 2, 3 and so on. */
static void payload(struct bench *b, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		net_header(b)[b->len++] = i + 1;
	set_payload_len(b);
}

/* The first @len bytes of the packet, @linear of them in the head, and so that they are
 * at skb->data.
 */
static struct sk_buff *skb_of(struct kunit *test, struct bench *b, u32 len, u32 linear, u8 pf)
{
	struct tqk_packet p = {
		.bytes = b->bytes, .mac = MAC, .len = MAC + len, .linear = MAC + linear, .frags = 2,
	};
	struct sk_buff *skb = tqk_skb(test, &p);

	b->state.pf = pf;
	b->state.hook = 0;
	skb->protocol = net_header(b)[0] >> 4 == 6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	skb->mark = 0x1234;
	return skb;
}

static bool init(struct tq_key *key, const struct sk_buff *skb, const struct bench *b)
{
	bool whole;

	rcu_read_lock();
	whole = tq_key_init(key, skb, &b->place);
	rcu_read_unlock();
	return whole;
}

static bool key_of(struct kunit *test, struct bench *b, struct tq_key *key, u32 len, u32 linear,
		   u8 pf)
{
	struct sk_buff *skb = skb_of(test, b, len, linear, pf);
	bool whole;

	/* What is not filled in shows. */
	memset(key, 0xa5, sizeof(*key));
	whole = init(key, skb, b);
	kunit_release_action(test, tqk_free_skb, skb);
	return whole;
}

static u8 own_pf(const struct bench *b)
{
	return b->bytes[MAC] >> 4 == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/* What the fields behind the addresses have to be. */
static void expect(struct kunit *test, const struct tq_key *key, u32 len, u8 proto, u8 have,
		   u8 frag)
{
	KUNIT_EXPECT_EQ_MSG(test, key->len, len, "length of the packet");
	KUNIT_EXPECT_EQ_MSG(test, key->proto, proto, "at length %u", len);
	KUNIT_EXPECT_EQ_MSG(test, key->have, have, "at length %u", len);
	KUNIT_EXPECT_EQ_MSG(test, key->frag, frag, "at length %u", len);
	KUNIT_EXPECT_EQ(test, key->sport, have & TQ_KEY_PORTS ? 0x0102 : 0);
	KUNIT_EXPECT_EQ(test, key->dport, have & TQ_KEY_PORTS ? 0x0304 : 0);
	if (have & TQ_KEY_TCP)
		KUNIT_EXPECT_EQ(test, key->tcp_flags, 14);
	if (have & TQ_KEY_ICMP) {
		KUNIT_EXPECT_EQ(test, key->icmp_type, 1);
		KUNIT_EXPECT_EQ(test, key->icmp_code, 2);
	}
	KUNIT_EXPECT_EQ(test, key->mark, 0x1234);
	KUNIT_EXPECT_EQ(test, key->dscp, 46);
	KUNIT_EXPECT_EQ(test, key->ct, TQUEUE_CT_UNTRACKED);
	KUNIT_EXPECT_STREQ(test, key->in, "in0");
	KUNIT_EXPECT_STREQ(test, key->out, "out0");
}

static void expect_addr(struct kunit *test, const struct tq_key *key)
{
	u32 i;

	if (key->family == NFPROTO_IPV4) {
		KUNIT_EXPECT_EQ(test, ntohl(key->src.ip), 0xc0000207);
		KUNIT_EXPECT_EQ(test, ntohl(key->dst.ip), 0xc6336405);
		return;
	}
	KUNIT_EXPECT_EQ(test, key->family, NFPROTO_IPV6);
	for (i = 0; i < 16; i++) {
		KUNIT_EXPECT_EQ(test, key->src.in6.s6_addr[i], 0x20 + i);
		KUNIT_EXPECT_EQ(test, key->dst.in6.s6_addr[i], 0x40 + i);
	}
}

/* ---- what the protocols carry ---- */

/* The keys that @there bytes of a transport header have. */
static u8 have_of(u8 proto, bool v6, u32 there)
{
	switch (proto) {
	case IPPROTO_TCP:
		return (there >= 4 ? TQ_KEY_PORTS : 0) | (there >= 14 ? TQ_KEY_TCP : 0);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return there >= 4 ? TQ_KEY_PORTS : 0;
	case IPPROTO_ICMP:
		return !v6 && there >= 2 ? TQ_KEY_ICMP : 0;
	case IPPROTO_ICMPV6:
		return v6 && there >= 2 ? TQ_KEY_ICMP : 0;
	}
	return 0;
}

static void ports_of_protocols(struct kunit *test)
{
	u32 proto, n = 0;

	for (proto = 0; proto < 256; proto++) {
		const bool want = have_of(proto, false, 20) & TQ_KEY_PORTS;

		KUNIT_EXPECT_EQ_MSG(test, tq_proto_has_ports(proto), want, "protocol %u", proto);
		n += want;
	}
	KUNIT_EXPECT_EQ(test, n, 5);
}

static void every_protocol_ipv4(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 proto;

	for (proto = 0; proto < 256; proto++) {
		ipv4(b, 5, proto, 20);
		KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, 40, 40, NFPROTO_IPV4));
		expect(test, &key, 40, proto, have_of(proto, false, 20), TQUEUE_FRAG_NONE);
		expect_addr(test, &key);
	}
}

static void every_protocol_ipv6(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 proto;

	for (proto = 0; proto < 256; proto++) {
		if (ipv6_ext_hdr(proto))
			continue;
		ipv6(b, proto);
		payload(b, 20);
		KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, 60, 60, NFPROTO_IPV6));
		expect(test, &key, 60, proto, have_of(proto, true, 20), TQUEUE_FRAG_NONE);
		expect_addr(test, &key);
	}
}

/* ---- lengths ---- */

static const struct kind {
	const char	*desc;
	u8		proto;
} kinds[] = {
	{ "TCP",	IPPROTO_TCP },
	{ "UDP",	IPPROTO_UDP },
	{ "SCTP",	IPPROTO_SCTP },
	{ "ICMP",	IPPROTO_ICMP },
	{ "ICMPv6",	IPPROTO_ICMPV6 },
	{ "ESP",	IPPROTO_ESP },
};

KUNIT_ARRAY_PARAM_DESC(kind, kinds, desc);

/* A packet with options that ends anywhere, of which any part is in pages: the keys are
 * those of the bytes that there are.  At a device what does not have the length that it
 * tells of is no packet; elsewhere others have looked before.
 */
static void cut_ipv4(struct kunit *test)
{
	const u8 proto = ((const struct kind *)test->param_value)->proto;
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 ihl, len, linear;

	for (ihl = 5; ihl <= 15; ihl += 10) {
		ipv4(b, ihl, proto, 20);
		for (len = 1; len <= b->len; len++) {
			for (linear = 0; linear <= len; linear += 1 + len / 2) {
				const u32 there = len > ihl * 4 ? len - ihl * 4 : 0;
				const bool whole = len >= 20;

				KUNIT_ASSERT_EQ(test, key_of(test, b, &key, len, linear,
							     NFPROTO_IPV4), whole);
				if (whole)
					expect(test, &key, len, proto, have_of(proto, false, there),
					       TQUEUE_FRAG_NONE);
				KUNIT_ASSERT_EQ(test, key_of(test, b, &key, len, linear,
							     NFPROTO_NETDEV), len == b->len);
				/* Short by its own account, with padding behind. */
				((struct iphdr *)net_header(b))->tot_len = htons(len);
				KUNIT_ASSERT_EQ(test, key_of(test, b, &key, b->len, linear,
							     NFPROTO_NETDEV), len >= ihl * 4);
				if (len >= ihl * 4)
					expect(test, &key, len, proto, have_of(proto, false, there),
					       TQUEUE_FRAG_NONE);
				((struct iphdr *)net_header(b))->tot_len = htons(b->len);
			}
		}
	}
}

static void cut_ipv6(struct kunit *test)
{
	const u8 proto = ((const struct kind *)test->param_value)->proto;
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 len, linear;

	ipv6(b, NEXTHDR_HOP);
	extend(b, NEXTHDR_AUTH, 0, 8);		/* 40 to 47 */
	extend(b, NEXTHDR_DEST, 4, 24);		/* to 71: in words of 4, less 2 */
	extend(b, proto, 1, 16);		/* to 87: in words of 8, less 1 */
	payload(b, 20);
	for (len = 1; len <= b->len; len++) {
		for (linear = 0; linear <= len; linear += 1 + len / 2) {
			const u32 there = len > 88 ? len - 88 : 0;
			/* Of a header that begins in it, two bytes tell what follows. */
			const u8 last = len < 42 ? NEXTHDR_HOP : len < 50 ? NEXTHDR_AUTH :
					len < 74 ? NEXTHDR_DEST : proto;
			const u8 have = have_of(proto, true, there);

			KUNIT_ASSERT_EQ(test, key_of(test, b, &key, len, linear, NFPROTO_IPV6),
					len >= 40);
			if (len >= 40)
				expect(test, &key, len, last, have, TQUEUE_FRAG_NONE);
			KUNIT_ASSERT_EQ(test, key_of(test, b, &key, len, linear, NFPROTO_NETDEV),
					len == b->len);
			if (len <= 40)
				continue;
			((struct ipv6hdr *)net_header(b))->payload_len = htons(len - 40);
			KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, b->len, linear,
						       NFPROTO_NETDEV));
			expect(test, &key, len, last, have, TQUEUE_FRAG_NONE);
			set_payload_len(b);
		}
	}
}

/* ---- extension headers ---- */

/* 16 are followed; behind more nothing is read, and the protocol is the next one. */
static void many_headers(struct kunit *test)
{
	static const u8 types[] = { NEXTHDR_HOP, NEXTHDR_ROUTING, NEXTHDR_DEST };
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 n, i;

	for (n = 0; n <= 20; n++) {
		const u8 last = n > 16 ? types[16 % 3] : IPPROTO_TCP;

		ipv6(b, n ? types[0] : IPPROTO_TCP);
		for (i = 1; i <= n; i++)
			extend(b, i < n ? types[i % 3] : IPPROTO_TCP, 0, 8);
		payload(b, 20);
		for (i = 0; i < 2; i++) {
			KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, b->len, i ? 41 : b->len,
						       i ? NFPROTO_NETDEV : NFPROTO_IPV6));
			expect(test, &key, b->len, last,
			       n > 16 ? 0 : TQ_KEY_PORTS | TQ_KEY_TCP, TQUEUE_FRAG_NONE);
		}
	}
}

static const struct frag {
	const char	*desc;
	u16		field;
	u8		frag;
} frags[] = {
	{ "the whole",			0,		TQUEUE_FRAG_NONE },
	{ "the first",			1,		TQUEUE_FRAG_FIRST },
	{ "one between",		0x10 << 3 | 1,	TQUEUE_FRAG_LATER },
	{ "the last",			0x10 << 3,	TQUEUE_FRAG_LATER },
	{ "the smallest offset",	1 << 3,		TQUEUE_FRAG_LATER },
	{ "the largest offset",		0xfff8,		TQUEUE_FRAG_LATER },
	{ "reserved bits",		0x6,		TQUEUE_FRAG_NONE },
};

KUNIT_ARRAY_PARAM_DESC(frag, frags, desc);

static void fragment_ipv6(struct kunit *test)
{
	const struct frag *f = test->param_value;
	const bool later = f->frag == TQUEUE_FRAG_LATER;
	struct bench *b = bench_of(test);
	struct tq_key key;
	u8 *hdr;

	ipv6(b, NEXTHDR_FRAGMENT);
	hdr = extend(b, IPPROTO_UDP, 0, 8);
	hdr[2] = f->field >> 8;
	hdr[3] = f->field;
	payload(b, 20);
	KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, b->len, 45, NFPROTO_IPV6));
	expect(test, &key, 68, IPPROTO_UDP, later ? 0 : TQ_KEY_PORTS, f->frag);

	/* Behind it what it is the first of may have further headers. */
	ipv6(b, NEXTHDR_FRAGMENT);
	hdr = extend(b, NEXTHDR_DEST, 0, 8);
	hdr[2] = f->field >> 8;
	hdr[3] = f->field;
	extend(b, IPPROTO_TCP, 0, 8);
	payload(b, 20);
	KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, b->len, 45, NFPROTO_IPV6));
	expect(test, &key, 76, later ? NEXTHDR_DEST : IPPROTO_TCP,
	       later ? 0 : TQ_KEY_PORTS | TQ_KEY_TCP, f->frag);
}

/* Of a fragment header that is cut, nothing counts. */
static void cut_fragment_header(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 len;

	ipv6(b, NEXTHDR_FRAGMENT);
	extend(b, IPPROTO_UDP, 0, 8)[3] = 1;
	payload(b, 4);
	for (len = 40; len < 52; len++) {
		KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, len, 40, NFPROTO_IPV6));
		expect(test, &key, len, len < 48 ? NEXTHDR_FRAGMENT : IPPROTO_UDP, 0,
		       len < 48 ? TQUEUE_FRAG_NONE : TQUEUE_FRAG_FIRST);
	}
}

static void no_next_header(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct tq_key key;

	ipv6(b, NEXTHDR_NONE);
	payload(b, 20);
	KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, b->len, 60, NFPROTO_IPV6));
	expect(test, &key, 60, NEXTHDR_NONE, 0, TQUEUE_FRAG_NONE);
}

static const struct frag4 {
	const char	*desc;
	u16		field;
	u8		frag;
} frags4[] = {
	{ "the whole",			0,		TQUEUE_FRAG_NONE },
	{ "don't fragment",		IP_DF,		TQUEUE_FRAG_NONE },
	{ "the first",			IP_MF,		TQUEUE_FRAG_FIRST },
	{ "one between",		IP_MF | 0x10,	TQUEUE_FRAG_LATER },
	{ "the last",			0x10,		TQUEUE_FRAG_LATER },
	{ "the smallest offset",	1,		TQUEUE_FRAG_LATER },
	{ "the largest offset",		IP_OFFSET,	TQUEUE_FRAG_LATER },
	{ "the reserved bit",		0x8000,		TQUEUE_FRAG_NONE },
};

KUNIT_ARRAY_PARAM_DESC(frag4, frags4, desc);

static void fragment_ipv4(struct kunit *test)
{
	const struct frag4 *f = test->param_value;
	struct bench *b = bench_of(test);
	struct tq_key key;

	ipv4(b, 6, IPPROTO_TCP, 20)->frag_off = htons(f->field);
	KUNIT_ASSERT_TRUE(test, key_of(test, b, &key, 44, 44, NFPROTO_NETDEV));
	expect(test, &key, 44, IPPROTO_TCP,
	       f->frag == TQUEUE_FRAG_LATER ? 0 : TQ_KEY_PORTS | TQ_KEY_TCP, f->frag);
}

/* ---- unsound ---- */

static void bad_headers(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct tq_key key;
	u32 v, pf;

	for (pf = 0; pf < 2; pf++) {
		const u8 at4 = pf ? NFPROTO_NETDEV : NFPROTO_IPV4;
		const u8 at6 = pf ? NFPROTO_NETDEV : NFPROTO_IPV6;

		for (v = 0; v < 16; v++) {
			ipv4(b, 5, IPPROTO_UDP, 20)->ihl = v;
			KUNIT_EXPECT_EQ_MSG(test, key_of(test, b, &key, 40, 40, at4),
					    v >= 5 && (!pf || v <= 10), "%u words", v);
			if (v == 6)
				continue;
			ipv4(b, 5, IPPROTO_UDP, 20)->version = v;
			KUNIT_EXPECT_EQ_MSG(test, key_of(test, b, &key, 40, 40, at4), v == 4,
					    "version %u", v);
		}
		for (v = 0; v < 16; v++) {
			struct sk_buff *skb;

			ipv6(b, IPPROTO_UDP)->version = v;
			payload(b, 20);
			skb = skb_of(test, b, 60, 60, at6);
			skb->protocol = htons(ETH_P_IPV6);
			KUNIT_EXPECT_EQ_MSG(test, init(&key, skb, b), v == 6,
					    "version %u", v);
		}
	}
	/* Longer than it is, by one. */
	ipv4(b, 5, IPPROTO_UDP, 20)->tot_len = htons(41);
	KUNIT_EXPECT_FALSE(test, key_of(test, b, &key, 40, 40, NFPROTO_NETDEV));
	KUNIT_EXPECT_TRUE(test, key_of(test, b, &key, 40, 40, NFPROTO_IPV4));
}

/* A length of 0 is that of a super-packet, or, of IPv6, of a jumbogram. */
static void length_of_0(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct sk_buff *skb;
	struct tq_key key;

	ipv4(b, 5, IPPROTO_UDP, 20)->tot_len = 0;
	KUNIT_EXPECT_FALSE(test, key_of(test, b, &key, 40, 40, NFPROTO_NETDEV));
	skb = skb_of(test, b, 40, 40, NFPROTO_NETDEV);
	skb_shinfo(skb)->gso_size = 8;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	KUNIT_EXPECT_TRUE(test, init(&key, skb, b));
	expect(test, &key, 40, IPPROTO_UDP, TQ_KEY_PORTS, TQUEUE_FRAG_NONE);

	ipv6(b, IPPROTO_UDP);
	payload(b, 20);
	((struct ipv6hdr *)net_header(b))->payload_len = 0;
	KUNIT_EXPECT_TRUE(test, key_of(test, b, &key, 60, 60, NFPROTO_NETDEV));
	expect(test, &key, 60, IPPROTO_UDP, TQ_KEY_PORTS, TQUEUE_FRAG_NONE);
}

static void other_protocols_at_a_device(struct kunit *test)
{
	static const u16 types[] = {
		0, ETH_P_ARP, ETH_P_8021Q, ETH_P_8021AD, ETH_P_MPLS_UC, 0xffff
	};
	struct bench *b = bench_of(test);
	struct sk_buff *skb;
	struct tq_key key;
	u32 i;

	ipv4(b, 5, IPPROTO_UDP, 20);
	skb = skb_of(test, b, 40, 40, NFPROTO_NETDEV);
	KUNIT_EXPECT_EQ(test, tq_packet_family(skb, &b->place), NFPROTO_IPV4);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		skb->protocol = htons(types[i]);
		KUNIT_EXPECT_EQ(test, tq_packet_family(skb, &b->place), NFPROTO_UNSPEC);
		KUNIT_EXPECT_FALSE(test, init(&key, skb, b));
	}
	/* What the type says is not what is there. */
	skb->protocol = htons(ETH_P_IPV6);
	KUNIT_EXPECT_EQ(test, tq_packet_family(skb, &b->place), NFPROTO_IPV6);
	KUNIT_EXPECT_FALSE(test, init(&key, skb, b));
	/* A network header before the data, where nothing of the packet is. */
	skb->protocol = htons(ETH_P_IP);
	__skb_pull(skb, 4);
	KUNIT_EXPECT_FALSE(test, init(&key, skb, b));
}

/* Bytes of any kind, cut and laid anyhow: whatever comes out, KASAN is silent, and it
 * is the same wherever the bytes lie.
 */
static void random_bytes(struct kunit *test)
{
	struct bench *b = bench_of(test);
	struct rnd_state rnd;
	u32 i, n = 0;

	tqk_rnd(test, &rnd, TQK_SEED(test));
	for (i = 0; i < 500; i++) {
		const u32 len = 1 + tqk_below(&rnd, 120);
		struct tq_key one, other;
		bool whole;
		u8 pf;

		if (tqk_one_in(&rnd, 2)) {
			ipv4(b, 5 + tqk_below(&rnd, 11), prandom_u32_state(&rnd), 80);
		} else {
			ipv6(b, tqk_one_in(&rnd, 2) ? NEXTHDR_HOP : prandom_u32_state(&rnd));
			payload(b, 100);
		}
		prandom_bytes_state(&rnd, net_header(b) + (tqk_one_in(&rnd, 5) ? 0 : 40), 100);
		if (tqk_one_in(&rnd, 4))
			memset(net_header(b) + 40, 0, 100);
		pf = tqk_one_in(&rnd, 2) ? own_pf(b) : NFPROTO_NETDEV;
		memset(&one, 0, sizeof(one));
		whole = key_of(test, b, &one, len, len, pf);
		KUNIT_ASSERT_EQ_MSG(test, key_of(test, b, &other, len, tqk_below(&rnd, len), pf),
				    whole, "packet %u: %*ph", i, (int)min(len, 64U), net_header(b));
		n += whole;
		/* Of both what is not there is 0xa5. */
		if (whole)
			KUNIT_ASSERT_EQ_MSG(test, memcmp(&one, &other, sizeof(one)), 0,
					    "packet %u: %*ph", i, (int)min(len, 64U),
					    net_header(b));
	}
	KUNIT_EXPECT_GT(test, n, 100);
}

TQK_SEED_PARAMS;

static struct kunit_case packet_cases[] = {
	KUNIT_CASE(ports_of_protocols),
	KUNIT_CASE(every_protocol_ipv4),
	KUNIT_CASE(every_protocol_ipv6),
	KUNIT_CASE_PARAM(cut_ipv4, kind_gen_params),
	KUNIT_CASE_PARAM(cut_ipv6, kind_gen_params),
	KUNIT_CASE(many_headers),
	KUNIT_CASE_PARAM(fragment_ipv6, frag_gen_params),
	KUNIT_CASE(cut_fragment_header),
	KUNIT_CASE(no_next_header),
	KUNIT_CASE_PARAM(fragment_ipv4, frag4_gen_params),
	KUNIT_CASE(bad_headers),
	KUNIT_CASE(length_of_0),
	KUNIT_CASE(other_protocols_at_a_device),
	KUNIT_CASE_PARAM(random_bytes, tqk_seed_gen_params),
	{ }
};

static struct kunit_suite packet_suite = {
	.name = "tqueue_packet",
	.test_cases = packet_cases,
};
kunit_test_suite(packet_suite);
