/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tqbench.h - what /dev/tqbench takes; guest.py has the same layouts.
 *
 * Each open file holds one stream of packet headers, which write(2) appends to.
 * TQBENCH_RUN sends packets with these headers, in a circle, through a hook and
 * says how long that took; TQBENCH_CLASSIFY sends each once and keeps the mark
 * that the packet came back with, or 0 if it has none and passed, all ones if it
 * has none and did not.  read(2) gives these out as u32.
 */
#ifndef TQBENCH_H
#define TQBENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The header of a packet; addresses and ports in network order. */
struct tqbench_v4 {
	__be32	src;
	__be32	dst;
	__be16	sport;
	__be16	dport;
	__u8	proto;
	__u8	pad[3];
};

struct tqbench_v6 {
	__u32	src[4];
	__u32	dst[4];
	__be16	sport;
	__be16	dport;
	__u8	proto;
	__u8	pad[3];
};

enum tqbench_path {
	TQBENCH_NULL,		/* only makes the headers: what the loop itself costs */
	TQBENCH_HOOK,		/* nf_hook() */
	TQBENCH_RECEIVE,	/* netif_receive_skb(): taps see it, then the stack
				 * drops it as a packet for another host
				 */
};

/**
 * struct tqbench_run - one run
 * @netns: descriptor of the namespace
 * @path: enum tqbench_path
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6; the stream's
 * @hook: NF_INET_*
 * @length: bytes of each packet, from the network header on
 * @batch: packets timed as one
 * @ms: end after this time,
 * @limit: or after so many packets, if not 0
 * @rate: packets per second; 0: as many as go
 * @peers: begin when so many runs with the same number wait to begin; 0: now
 * @dev: the device they come in by
 * @packets: sent
 * @passed: of these, came back accepted
 * @ps: picoseconds per packet: percentiles 5, 50, 95 and 99 of the batches, and
 *	the mean of all
 * @longest: picoseconds of the longest batch, whole
 */
struct tqbench_run {
	__s32	netns;
	__u32	path;
	__u32	family;
	__u32	hook;
	__u32	length;
	__u32	batch;
	__u32	ms;
	__u32	peers;
	__u64	limit;
	__u64	rate;
	char	dev[16];
	__u64	packets;
	__u64	passed;
	__u64	ps[5];
	__u64	longest;
};

#define TQBENCH_STREAM		_IO('q', 1)	/* family; forgets the stream */
#define TQBENCH_RUN		_IOWR('q', 2, struct tqbench_run)
#define TQBENCH_CLASSIFY	_IOWR('q', 3, struct tqbench_run)

#endif
