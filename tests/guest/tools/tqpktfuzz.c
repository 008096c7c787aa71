// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqpktfuzz - sends packets of all kinds, sound and unsound, by all ways into the stack.
 *
 *   tqpktfuzz [-s SEED] [-n PACKETS] [-f FIRST] [-e COUNT] [-T SECONDS] [-m MTU] [-c CPU]
 *		-l LIST WAY... [-- CAPTURE...]
 *
 *   WAY	packet:DEVICE:MAC  frames from a device to MAC, by a packet socket
 *		tun:DEVICE	packets that come in by a device of its own
 *		tap:DEVICE	the same, frames; the bytes of a packet in many pieces
 *		raw		packets of this machine, whose header is ours
 *		udp		what a socket sends, in pieces that are put together later
 *   LIST	a file to write down each packet before it is sent (sent.h)
 *   CAPTURE	further packets to begin with
 *   -f FIRST	makes those before the FIRST packet, but does not send them
 *   -e COUNT	at the end so many sound datagrams to port 7777
 *
 * The same seed makes the same packets.  Packet, tun and tap give the kernel a header of
 * virtio-net with each: super-packets, checksums that are to be filled in, and how much of
 * it is to lie in one piece.  Prints "name=value" lines.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mutate.h"
#include "pkt.h"
#include "sent.h"

#define WAYS	8
#define PIECES	16

#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL	36
#endif
#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

enum kind { BY_PACKET, BY_TUN, BY_TAP, BY_RAW, BY_UDP };

struct way {
	enum kind	kind;
	int		fd, fd6;
	u8		src[6], dst[6];
	u64		sent, refused;
};

static struct way ways[WAYS];
static u32 n_ways, mtu = 1500;
static struct rng rng;
static struct sent_list *list;
static u8 frame[MUTATE_MAX + 64];
static u64 super, partial;

static u32 below(u32 n)
{
	return rng_below(&rng, n);
}

/* ---- ways ---- */

static void packet_way(struct way *w, char *text)
{
	char *mac = strchr(text, ':');
	int on = 1;

	if (!mac || sscanf(mac + 1, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &w->dst[0], &w->dst[1],
			   &w->dst[2], &w->dst[3], &w->dst[4], &w->dst[5]) != 6)
		die("packet:DEVICE:MAC");
	*mac = 0;
	w->fd = pkt_open(text, w->src);
	if (setsockopt(w->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		die_errno("PACKET_VNET_HDR");
}

/* Packets that are merged are none of those that were sent. */
static void no_merging(struct ifreq *ifr)
{
	static struct ethtool_value gro = { .cmd = ETHTOOL_SGRO };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ifr->ifr_data = (void *)&gro;
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, ifr))
		die_errno("no GRO on %s", ifr->ifr_name);
	close(fd);
}

static void tun_way(struct way *w, const char *name)
{
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ifr.ifr_flags = IFF_VNET_HDR |
			(w->kind == BY_TUN ? IFF_TUN : IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS);
	w->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (w->fd < 0 || ioctl(w->fd, TUNSETIFF, &ifr))
		die_errno("%s", name);
	if (w->kind == BY_TAP) {
		no_merging(&ifr);
		pkt_mac_of(name, w->dst);
		memcpy(w->src, "\2\0\0\0\0\13", 6);
	}
}

static void raw_way(struct way *w)
{
	int on = 1, room = 8 << 20;

	w->fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	w->fd6 = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
	if (w->fd < 0 || w->fd6 < 0 ||
	    setsockopt(w->fd6, IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof(on)))
		die_errno("raw sockets");
	setsockopt(w->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	setsockopt(w->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
}

static void udp_way(struct way *w)
{
	w->fd = socket(AF_INET, SOCK_DGRAM, 0);
	w->fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
	if (w->fd < 0 || w->fd6 < 0)
		die_errno("sockets");
}

static void add_way(char *text)
{
	static const struct { const char *name; enum kind kind; } kinds[] = {
		{ "packet:", BY_PACKET }, { "tun:", BY_TUN }, { "tap:", BY_TAP },
		{ "raw", BY_RAW }, { "udp", BY_UDP },
	};
	struct way *w = &ways[n_ways];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(text, kinds[i].name, strlen(kinds[i].name)))
			break;
	if (i == ARRAY_SIZE(kinds) || n_ways++ == WAYS)
		die("no way: %s", text);
	w->kind = kinds[i].kind;
	text += strlen(kinds[i].name);
	switch (w->kind) {
	case BY_PACKET:
		packet_way(w, text);
		break;
	case BY_TUN: case BY_TAP:
		tun_way(w, text);
		break;
	case BY_RAW:
		raw_way(w);
		break;
	default:
		udp_way(w);
	}
}

/* ---- virtio-net ---- */

/* What goes with a packet whose network header is @net bytes behind its start. */
static struct virtio_net_hdr offload(const u8 *packet, u32 len, u32 net)
{
	struct virtio_net_hdr h = { 0 };
	u8 proto = 0;
	u32 l4 = net < len ? mutate_transport(packet + net, len - net, &proto) : 0;

	if (!below(24)) {
		h.flags = (u8)below(4);
		h.gso_type = (u8)rng_u64(&rng);
		h.hdr_len = (u16)rng_u64(&rng);
		h.gso_size = (u16)rng_u64(&rng);
		h.csum_start = (u16)below(len + 1);
		h.csum_offset = (u16)below(len + 1);
		return h;
	}
	/* How much of a large one lies in one piece */
	h.hdr_len = (u16)(below(3) ? 0 : below(4) ? net + 1 + below(80) : below(len + 1));
	if (!l4 || (proto != PKT_TCP && proto != PKT_UDP) || !below(2))
		return h;
	l4 += net;
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.csum_start = (u16)l4;
	h.csum_offset = proto == PKT_TCP ? 16 : 6;
	if (below(2)) {
		h.gso_size = (u16)(8 + below(1400));
		h.hdr_len = (u16)(l4 + (proto == PKT_TCP ? 20 : 8));
		if (proto == PKT_TCP)
			h.gso_type = packet[net] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
							     VIRTIO_NET_HDR_GSO_TCPV6;
		else
			h.gso_type = below(2) ? VIRTIO_NET_HDR_GSO_UDP : 5 /* _GSO_UDP_L4 */;
	}
	return h;
}

/* ---- sending ---- */

/* A long one now and then, whose tail is not where its head is. */
static u32 stretch(u32 len, u32 max)
{
	u32 more = below(4) ? below(9000) : below(60000), type, net = mutate_network(frame, len, &type);

	if (len + more > max)
		more = max - len;
	while (more >= 8) {
		u64 v = rng_u64(&rng);

		memcpy(frame + len, &v, 8);
		len += 8;
		more -= 8;
	}
	if (below(8))
		mutate_mend(frame + net, len - net);
	return len;
}

static int send_packet(struct way *w, u32 len, int send)
{
	u32 type, net = mutate_network(frame, len, &type);
	struct virtio_net_hdr h = offload(frame, len, net);
	struct iovec iov[] = { { &h, sizeof(h) }, { frame, len } };

	memcpy(frame, below(16) ? w->dst : (const u8 *)"\377\377\377\377\377\377", 6);
	memcpy(frame + 6, w->src, 6);
	if (!send)
		return 0;
	/* The device that sends it may have to do so. */
	frame[6] = h.gso_type || h.flags ? SENT_MAY_CHANGE : 2;
	super += h.gso_type != 0;
	partial += h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	sent_add(list, frame, len, 14);
	return writev(w->fd, iov, 2) < 0 ? -1 : 0;
}

static int send_tun(struct way *w, u32 len, int send)
{
	u32 type, net = mutate_network(frame, len, &type);
	struct virtio_net_hdr h = offload(frame + net, len - net, 0);
	struct tun_pi pi = { 0, htons((u16)type) };
	struct iovec iov[] = { { &pi, sizeof(pi) }, { &h, sizeof(h) }, { frame + net, len - net } };

	if (!below(8))
		pi.proto = htons(below(2) ? 0x0800 : 0x86dd);
	if (!send || len <= net)
		return 0;
	super += h.gso_type != 0;
	partial += h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	sent_add(list, frame + net, len - net, 0);
	return writev(w->fd, iov, 3) < 0 ? -1 : 0;
}

static int send_tap(struct way *w, u32 len, int send)
{
	u32 type, net = mutate_network(frame, len, &type), n = 1, at = 14, piece;
	struct virtio_net_hdr h = offload(frame, len, net);
	struct iovec iov[PIECES] = { { &h, sizeof(h) } };

	memcpy(frame, w->dst, 6);
	memcpy(frame + 6, w->src, 6);
	/* The first is the head; at least a frame's own header must be in it. */
	if (below(3) && len > 14)
		at += below(len - 14 < 60 ? len - 14 : 60);
	if (len - at > (PIECES - 3) * 4000u)
		len = at + (PIECES - 3) * 4000u;
	iov[n++] = (struct iovec){ frame, at };
	while (at < len) {
		piece = n == PIECES - 1 || len - at > (PIECES - 1 - n) * 2000u ? 4096 : 1 + below(2000);
		if (piece > len - at)
			piece = len - at;
		iov[n++] = (struct iovec){ frame + at, piece };
		at += piece;
	}
	if (!send)
		return 0;
	super += h.gso_type != 0;
	partial += h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	sent_add(list, frame, len, 14);
	return writev(w->fd, iov, (int)n) < 0 ? -1 : 0;
}

static int send_raw(struct way *w, u32 len, int send)
{
	u32 type, net = mutate_network(frame, len, &type);
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	u8 *ip = frame + net;
	u32 id = below(65535) + 1;
	ssize_t n;

	len -= net;
	if (len < 20 || (ip[0] >> 4 == 6 && len < 40) || !send)
		return 0;
	if (ip[0] >> 4 == 6) {
		memcpy(&to6.sin6_addr, ip + 24, 16);
		sent_add(list, ip, len, 0);
		n = sendto(w->fd6, ip, len, MSG_DONTWAIT, (void *)&to6, sizeof(to6));
	} else {
		memcpy(&to.sin_addr, ip + 16, 4);
		/* What the kernel would fill in */
		if (!ip[4] && !ip[5])
			ip[4] = (u8)(id >> 8), ip[5] = (u8)id;
		if (!ip[12] && !ip[13] && !ip[14] && !ip[15])
			ip[12] = 10;
		mutate_mend(ip, len);
		sent_add(list, ip, len, 0);
		n = sendto(w->fd, ip, len, MSG_DONTWAIT, (void *)&to, sizeof(to));
	}
	return n < 0 ? -1 : 0;
}

/* Bodies in pieces and of all lengths: lists of fragments, pages, super-packets. */
static int send_udp(struct way *w, u32 len, int send)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((u16)(2000 + below(8))) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = to.sin_port };
	const int six = (int)below(2), near = (int)below(2), segment = below(3) ? 0 : (int)(1 + below(1400));
	int n = (int)below(4), err = 0;
	int fd = six ? w->fd6 : w->fd;

	inet_pton(AF_INET, near ? "10.9.0.2" : "10.8.0.3", &to.sin_addr);
	inet_pton(AF_INET6, near ? "fd09::2" : "fd08::3", &to6.sin6_addr);
	if (!send)
		return 0;
	setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	do {
		const void *addr = six ? (const void *)&to6 : &to;

		if (sendto(fd, frame, len, MSG_DONTWAIT | (n ? MSG_MORE : 0), addr,
			   six ? sizeof(to6) : sizeof(to)) < 0)
			err = -1;
	} while (n--);
	return err;
}

/* By the first way, which is a packet's. */
static void the_end(u64 count)
{
	static const struct virtio_net_hdr none;
	struct pkt p = { .family = 4, .proto = PKT_UDP, .sport = 7, .dport = 7777, .ttl = 64,
			 .frag = TQUEUE_FRAG_NONE, .body = 30, .src = { 10, 9, 1, 1 },
			 .dst = { 10, 9, 0, 2 } };

	while (count--) {
		const u32 len = (u32)pkt_build(&p, frame);
		const struct iovec iov[] = { { (void *)&none, sizeof(none) }, { frame, len } };

		memcpy(frame, ways->dst, 6);
		memcpy(frame + 6, ways->src, 6);
		sent_add(list, frame, len, 14);
		if (ways->kind != BY_PACKET || writev(ways->fd, iov, 2) < 0)
			die_errno("the end");
	}
}

static void one(int send)
{
	struct way *w = &ways[below(n_ways)];
	u32 len = mutate_frame(&rng, frame, MUTATE_MAX - 4096, mtu);
	int err;

	if (w->kind != BY_RAW && !below(24))
		len = stretch(len, w->kind == BY_PACKET && below(2) ? mtu : MUTATE_MAX - 4096);
	if (len < 14)
		len = 14;
	err = w->kind == BY_PACKET ? send_packet(w, len, send) : w->kind == BY_TUN ? send_tun(w, len, send) :
	      w->kind == BY_TAP ? send_tap(w, len, send) : w->kind == BY_RAW ? send_raw(w, len, send) :
	      send_udp(w, len, send);
	if (err)
		w->refused++;
	else
		w->sent++;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "packet", "tun", "tap", "raw", "udp" };
	u64 seed = 1, n = 1000, first = 0, last = 0, seconds = 0, end, i, sums[2][ARRAY_SIZE(names)] = { 0 };
	u32 captures = 0, k;
	const char *path = NULL;
	int opt, past = 0;

	while ((opt = getopt(argc, argv, "+s:n:f:e:T:m:l:c:")) != -1) {
		switch (opt) {
		case 's':
			seed = number(optarg);
			break;
		case 'n':
			n = number(optarg);
			break;
		case 'f':
			first = number(optarg);
			break;
		case 'e':
			last = number(optarg);
			break;
		case 'T':
			seconds = number(optarg);
			break;
		case 'm':
			mtu = (u32)number(optarg);
			break;
		case 'l':
			path = optarg;
			break;
		case 'c':
			pin_to_cpu((int)number(optarg));
			break;
		default:
			die("see the head of tqpktfuzz.c");
		}
	}
	for (; optind < argc; optind++) {
		if (!strcmp(argv[optind], "--"))
			past = 1;
		else if (past)
			captures += mutate_capture(argv[optind]);
		else
			add_way(argv[optind]);
	}
	if (!path || !n_ways)
		die("-l LIST and a WAY");
	signal(SIGPIPE, SIG_IGN);
	list = sent_open(path);
	rng_seed(&rng, seed);
	end = seconds ? now_ns() + seconds * 1000000000ull : ~0ull;
	for (i = 0; i < n && now_ns() < end; i++)
		one(i >= first);
	the_end(last);
	for (k = 0; k < n_ways; k++) {
		sums[0][ways[k].kind] += ways[k].sent;
		sums[1][ways[k].kind] += ways[k].refused;
	}
	printf("made=%" PRIu64 "\ncaptured=%u\nsuper=%" PRIu64 "\npartial=%" PRIu64 "\n", i, captures,
	       super, partial);
	for (k = 0; k < ARRAY_SIZE(names); k++)
		if (sums[0][k] || sums[1][k])
			printf("%s=%" PRIu64 "\n%s_refused=%" PRIu64 "\n", names[k], sums[0][k],
			       names[k], sums[1][k]);
	return 0;
}
