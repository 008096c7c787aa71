// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain tqueue DEVICE COUNTERS		reads a queue by read(2)
 * drain packet INTERFACE COUNTERS	reads an AF_PACKET ring, TPACKET_V3
 * drain nflog GROUP COUNTERS		reads an NFLOG group
 *
 * The reader that is attached while the bench times the writer.  It looks at each
 * record as far as to count it.  COUNTERS is a file of three uint64_t, records,
 * losses, and 1 once it is attached, that is mapped and kept current.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <linux/tqueue.h>
#include <net/if.h>

#define BUFFER		(256 * 1024)
#define SOCKET_BUFFER	(256 << 20)
#define BLOCK_SIZE	(1 << 20)
#define BLOCKS		128

static volatile uint64_t *counters;
enum { RECORDS, LOSSES, READY, COUNTERS };

static void map_counters(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, COUNTERS * sizeof(*counters)))
		err(1, "%s", path);
	counters = mmap(NULL, COUNTERS * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		err(1, "%s", path);
}

static void drain_tqueue(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *buffer = malloc(BUFFER);

	if (fd < 0 || !buffer)
		err(1, "%s", path);
	counters[READY] = 1;
	for (;;) {
		ssize_t len = read(fd, buffer, BUFFER), at;

		if (len <= 0)
			err(1, "read");
		for (at = 0; at < len;) {
			const struct tqueue_record *rec = (void *)(buffer + at);

			if (rec->type == TQUEUE_RECORD_PACKET) {
				counters[RECORDS]++;
			} else if (rec->type == TQUEUE_RECORD_LOST) {
				const struct tqueue_lost *lost =
					(void *)(buffer + at + rec->hdr_len);

				counters[LOSSES] += lost->count;
			}
			at += rec->len;
		}
	}
}

static void drain_packet(const char *interface)
{
	const struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
		.tp_frame_nr = BLOCK_SIZE / 2048 * BLOCKS, .tp_retire_blk_tov = 10,
	};
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), version = TPACKET_V3;
	unsigned int i = 0;
	char *ring;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		err(1, "AF_PACKET");
	ring = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED || bind(fd, (void *)&addr, sizeof(addr)))
		err(1, "AF_PACKET");
	counters[READY] = 1;
	for (;; i = (i + 1) % BLOCKS) {
		struct tpacket_block_desc *block = (void *)(ring + (size_t)i * BLOCK_SIZE);
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		struct tpacket_stats_v3 stats;
		socklen_t len = sizeof(stats);

		while (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			 TP_STATUS_USER))
			poll(&pfd, 1, 1000);
		counters[RECORDS] += block->hdr.bh1.num_pkts;
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		if (!getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
			counters[LOSSES] += stats.tp_drops;
	}
}

static void nflog_config(int fd, uint16_t group, uint16_t type, const void *data, size_t len)
{
	struct {
		struct nlmsghdr		nlh;
		struct nfgenmsg		nfg;
		struct nlattr		attr;
		char			data[32];
	} msg = {
		.nlh = { .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.nfg = { .nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = htons(group) },
		.attr = { .nla_len = NLA_HDRLEN + len, .nla_type = type },
	};
	char answer[1024];
	struct nlmsghdr *nlh = (void *)answer;

	msg.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(msg.nfg)) + NLA_ALIGN(msg.attr.nla_len);
	memcpy(msg.data, data, len);
	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
		err(1, "NFLOG");
	if (nlh->nlmsg_type != NLMSG_ERROR || *(int *)NLMSG_DATA(nlh))
		errx(1, "NFLOG: refused, %d", *(int *)NLMSG_DATA(nlh));
}

static void drain_nflog(uint16_t group)
{
	const struct nfulnl_msg_config_cmd bind_group = { .command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(65535), .copy_mode = NFULNL_COPY_PACKET,
	};
	const uint32_t size = htonl(131072);
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), room = SOCKET_BUFFER;
	char *buffer = malloc(BUFFER);

	if (fd < 0 || !buffer ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(1, "NFLOG");
	nflog_config(fd, group, NFULA_CFG_CMD, &bind_group, sizeof(bind_group));
	nflog_config(fd, group, NFULA_CFG_MODE, &mode, sizeof(mode));
	nflog_config(fd, group, NFULA_CFG_NLBUFSIZ, &size, sizeof(size));
	counters[READY] = 1;
	for (;;) {
		ssize_t len = recv(fd, buffer, BUFFER, 0);
		const struct nlmsghdr *nlh = (void *)buffer;
		int left;

		if (len < 0) {
			counters[LOSSES]++;	/* ENOBUFS: it does not say how many */
			continue;
		}
		for (left = len; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left))
			if (nlh->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
				counters[RECORDS]++;
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: drain tqueue|packet|nflog WHAT COUNTERS");
	map_counters(argv[3]);
	if (!strcmp(argv[1], "tqueue"))
		drain_tqueue(argv[2]);
	else if (!strcmp(argv[1], "packet"))
		drain_packet(argv[2]);
	else if (!strcmp(argv[1], "nflog"))
		drain_nflog(atoi(argv[2]));
	errx(2, "no '%s'", argv[1]);
}
