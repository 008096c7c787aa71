// SPDX-License-Identifier: GPL-2.0-only
/*
 * drain [-l] [-m MEGABYTES] KIND WHAT COUNTERS
 *
 *	tqueue DEVICE		reads a queue by read(2), 256 KiB at once
 *	mapped DEVICE		the same by libtqueue, which maps it
 *	packet INTERFACE	reads an AF_PACKET ring, TPACKET_V3
 *	nflog GROUP		reads an NFLOG group
 *
 * The reader that is attached while the bench times the writer.  It looks at each
 * record as far as to count it.  -m: size of the neighbours' buffers (a queue has
 * its own).
 *
 * COUNTERS is a file of uint64_t that is mapped and kept current: records, losses,
 * 1 once it is attached, system calls, how many times were taken, and the last of
 * these in a ring of SAMPLES: picoseconds per record, of CHUNK records or more
 * with the system calls between them; with -l: nanoseconds from the making of each
 * record to its coming.
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
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <linux/tqueue.h>
#include <libtqueue.h>
#include <net/if.h>

#define BUFFER		(256 * 1024)
#define BLOCK_SIZE	(1 << 20)
#define SAMPLES		4096
#define CHUNK		1024

static volatile uint64_t *counters;
enum { RECORDS, LOSSES, READY, CALLS, TIMES, FIRST, COUNTERS = FIRST + SAMPLES };

static bool timed;
static unsigned int megabytes = 128;

/* The linker puts these in the place of the C library's, in libtqueue too. */
ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
int __real_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
ssize_t __real_recv(int fd, void *to, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *to, size_t n, int flags);
int __real_getsockopt(int fd, int level, int name, void *to, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *to, socklen_t *len);
int __real_nanosleep(const struct timespec *ts, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *rest);

ssize_t __wrap_read(int fd, void *to, size_t n)
{
	counters[CALLS]++;
	return __real_read(fd, to, n);
}

int __wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	counters[CALLS]++;
	return __real_poll(p, n, ms);
}

ssize_t __wrap_recv(int fd, void *to, size_t n, int flags)
{
	counters[CALLS]++;
	return __real_recv(fd, to, n, flags);
}

int __wrap_getsockopt(int fd, int level, int name, void *to, socklen_t *len)
{
	counters[CALLS]++;
	return __real_getsockopt(fd, level, name, to, len);
}

int __wrap_nanosleep(const struct timespec *ts, struct timespec *rest)
{
	counters[CALLS]++;
	return __real_nanosleep(ts, rest);
}

static void map_counters(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, COUNTERS * sizeof(*counters)))
		err(1, "%s", path);
	counters = mmap(NULL, COUNTERS * sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counters == MAP_FAILED)
		err(1, "%s", path);
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void note(uint64_t time)
{
	counters[FIRST + counters[TIMES] % SAMPLES] = time;
	counters[TIMES]++;
}

static void note_time(clockid_t clock, uint64_t made)
{
	note(now(clock) - made);
}

/* The TSC, since a clock may be a system call. */
static double ps_per_cycle;

static void calibrate(void)
{
	const uint64_t ns = now(CLOCK_MONOTONIC), cycles = __rdtsc();
	uint64_t later;

	do {
		later = now(CLOCK_MONOTONIC);
	} while (later - ns < 50000000);
	ps_per_cycle = (later - ns) * 1000.0 / (__rdtsc() - cycles);
}

/* After some records. */
static void note_chunk(void)
{
	static uint64_t records, cycles;
	const uint64_t n = counters[RECORDS] - records;
	uint64_t t;

	if (timed || n < CHUNK)
		return;
	t = __rdtsc();
	if (cycles)
		note((t - cycles) * ps_per_cycle / n);
	cycles = t;
	records += n;
}

static void look_at(const struct tqueue_record *rec)
{
	const struct tqueue_lost *lost = (void *)((char *)rec + rec->hdr_len);

	if (rec->type == TQUEUE_RECORD_LOST) {
		counters[LOSSES] += lost->count;
		return;
	}
	counters[RECORDS]++;
	if (timed)
		note_time(CLOCK_MONOTONIC, rec->mono_ns);
}

static void drain_tqueue(const char *path)
{
	int fd = open(path, O_RDONLY);
	char *buffer = malloc(BUFFER);
	ssize_t len = 0;

	if (fd < 0 || !buffer)
		err(1, "%s", path);
	counters[READY] = 1;
	for (;;) {
		struct pollfd enough = { .fd = fd, .events = POLLRDBAND };
		ssize_t at;

		/* As libtqueue does. */
		if (len < BUFFER / 2)
			poll(&enough, 1, -1);
		len = read(fd, buffer, BUFFER);
		if (len <= 0)
			err(1, "read");
		for (at = 0; at < len; at += ((struct tqueue_record *)(buffer + at))->len)
			look_at((void *)(buffer + at));
		note_chunk();
	}
}

static void drain_mapped(const char *path)
{
	struct tqueue *q = tqueue_new();
	const struct tqueue_record *rec;

	if (!q || tqueue_open_path(q, path, 0))
		errx(1, "%s", q ? tqueue_error(q) : "no memory");
	counters[READY] = 1;
	while (tqueue_next(q, &rec) > 0) {
		look_at(rec);
		note_chunk();
	}
	errx(1, "%s", tqueue_error(q));
}

static void look_at_block(struct tpacket_block_desc *block)
{
	const struct tpacket3_hdr *packet = (void *)((char *)block + block->hdr.bh1.offset_to_first_pkt);
	unsigned int n = block->hdr.bh1.num_pkts;

	for (; n; n--) {
		counters[RECORDS] += packet->tp_snaplen > 0;
		if (timed)
			note_time(CLOCK_REALTIME, packet->tp_sec * 1000000000ull + packet->tp_nsec);
		packet = (void *)((char *)packet + packet->tp_next_offset);
	}
}

static void drain_packet(const char *interface)
{
	const unsigned int blocks = megabytes;
	const struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = blocks, .tp_frame_size = 2048,
		.tp_frame_nr = BLOCK_SIZE / 2048 * blocks, .tp_retire_blk_tov = 10,
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
	ring = mmap(NULL, (size_t)BLOCK_SIZE * blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED || bind(fd, (void *)&addr, sizeof(addr)))
		err(1, "AF_PACKET");
	counters[READY] = 1;
	for (;; i = (i + 1) % blocks) {
		struct tpacket_block_desc *block = (void *)(ring + (size_t)i * BLOCK_SIZE);
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		while (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
			 TP_STATUS_USER))
			poll(&pfd, 1, 1000);
		look_at_block(block);
		if (block->hdr.bh1.block_status & TP_STATUS_LOSING) {
			struct tpacket_stats_v3 stats;
			socklen_t len = sizeof(stats);

			if (!getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
				counters[LOSSES] += stats.tp_drops;
		}
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		note_chunk();
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
	/* The kernel doubles it, and counts what an skb takes besides its bytes. */
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), room = megabytes << 20;
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
		note_chunk();
	}
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "lm:")) != -1) {
		if (opt == 'l')
			timed = true;
		else if (opt == 'm')
			megabytes = atoi(optarg);
		else
			return 2;
	}
	argv += optind;
	if (argc - optind != 3)
		errx(2, "usage: drain [-l] [-m MEGABYTES] tqueue|mapped|packet|nflog WHAT COUNTERS");
	map_counters(argv[2]);
	calibrate();
	if (!strcmp(argv[0], "tqueue"))
		drain_tqueue(argv[1]);
	else if (!strcmp(argv[0], "mapped"))
		drain_mapped(argv[1]);
	else if (!strcmp(argv[0], "packet"))
		drain_packet(argv[1]);
	else if (!strcmp(argv[0], "nflog"))
		drain_nflog(atoi(argv[1]));
	errx(2, "no '%s'", argv[0]);
}
