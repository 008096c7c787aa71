// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqwake [-n PACKETS] [-s SEED] DEVICE HOW
 *
 * No wake-up is lost: one packet at a time, and the next one only when a reader has
 * got it, who has nothing else to end his wait.  HOW he waits: read, poll, enough
 * (poll for POLLRDBAND), select, epoll, edge, sigio, or mapped and mapped-enough
 * (poll of a mapping).
 *
 * Half of the packets are sent at once, so that they come while the reader goes to
 * sleep, the others when he has had the time to.  They are UDP from this host to
 * itself, port PORT, which somebody must have copied to the queue; the number at their
 * end says which one it is.  Prints packets=N, waited=N: those that gave the
 * reader time to sleep, waits=N: how often he waited, slowest_ms=N.  Status 1: one did not come, or another one did.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "qmap.h"

#define PORT	2000
#define HANG_S	30

enum how { READ, POLL, ENOUGH, SELECT, LEVEL, EDGE, SIG, MAPPED, MAPPED_ENOUGH };

static const char *const names[] = {
	"read", "poll", "enough", "select", "epoll", "edge", "sigio", "mapped", "mapped-enough",
};

static enum how how;
static int fd, ep = -1;
static struct qmap map;
static u64 packets = 10000;

/* How many the reader has got, and waits begun. */
static _Atomic u64 got, waits;

static void set_up(const char *device)
{
	const int mapped = how >= MAPPED;
	struct epoll_event ev = { .events = EPOLLIN | (how == EDGE ? EPOLLET : 0) };

	fd = open(device, (mapped ? O_RDWR : O_RDONLY) | O_CLOEXEC | (how == READ ? 0 : O_NONBLOCK));
	if (fd < 0)
		die_errno("%s", device);
	/* Of a log, what comes from now on; a stream has no positions. */
	if (lseek(fd, 0, SEEK_END) && errno != ESPIPE)
		die_errno("lseek");
	if (mapped && qmap_open(&map, fd))
		die_errno("mmap");
	if (how == LEVEL || how == EDGE) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
			die_errno("epoll");
	}
	if (how == SIG && (fcntl(fd, F_SETOWN, getpid()) ||
			   fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK)))
		die_errno("O_ASYNC");
}

/* For what the reader has asked for.  A wait that takes so long is one that was forgotten. */
static void wait_for_it(void)
{
	struct pollfd p = { fd, how == ENOUGH || how == MAPPED_ENOUGH ? POLLRDBAND : POLLIN, 0 };
	struct timespec hang = { .tv_sec = HANG_S };
	struct timeval hang_us = { .tv_sec = HANG_S };
	struct epoll_event ev;
	sigset_t io;
	fd_set set;
	int n;

	atomic_fetch_add(&waits, 1);
	switch (how) {
	case READ:
		return;
	case SELECT:
		FD_ZERO(&set);
		FD_SET(fd, &set);
		n = select(fd + 1, &set, NULL, NULL, &hang_us);
		break;
	case LEVEL:
	case EDGE:
		n = epoll_wait(ep, &ev, 1, HANG_S * 1000);
		break;
	case SIG:
		sigemptyset(&io);
		sigaddset(&io, SIGIO);
		n = sigtimedwait(&io, NULL, &hang) == SIGIO;
		break;
	default:
		n = poll(&p, 1, HANG_S * 1000);
	}
	if (n != 1) {
		printf("not woken: packet %llu\n", (unsigned long long)atomic_load(&got));
		exit(1);
	}
}

/* The records at @buf; how many of them are ours, the next ones. */
static u64 look_at(const u8 *buf, size_t len)
{
	const u64 first = atomic_load(&got);
	u64 number, next = first;
	size_t at;

	for (at = 0; at < len;) {
		const struct tqueue_record *rec = (const void *)(buf + at);

		at += rec->len;
		/* Of what was there before us; if it were of ours, that would not come. */
		if (rec->type == TQUEUE_RECORD_LOST)
			continue;
		memcpy(&number, (const u8 *)rec + rec->hdr_len + rec->caplen - sizeof(number),
		       sizeof(number));
		if (rec->type != TQUEUE_RECORD_PACKET || number != next) {
			printf("type %u, number %llu, not %llu\n", rec->type, (unsigned long long)number,
			       (unsigned long long)next);
			exit(1);
		}
		next++;
	}
	return next - first;
}

static u64 take(void)
{
	static u8 buf[65536] __attribute__((aligned(8)));
	const u8 *records;
	ssize_t len;
	u64 n = 0;
	u32 slot;

	if (how < MAPPED) {
		len = read(fd, buf, sizeof(buf));
		if (len < 0 && errno != EAGAIN)
			die_errno("read");
		return len > 0 ? look_at(buf, (size_t)len) : 0;
	}
	for (slot = 0; slot < map.info->rings; slot++) {
		u32 there = qmap_peek(&map, slot, &records);

		if (!there)
			continue;
		n += look_at(records, there);
		qmap_release(&map, slot, there);
	}
	return n;
}

static void *reading(void *arg)
{
	while (atomic_load(&got) < packets) {
		u64 n = take();

		if (n)
			atomic_fetch_add(&got, n);
		else if (how != READ)
			wait_for_it();
	}
	return arg;
}

static int udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Somebody is there, but does not read: what is too much for it is dropped. */
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || sink < 0 || bind(sink, (void *)&to, sizeof(to)) || connect(s, (void *)&to, sizeof(to)))
		die_errno("UDP");
	return s;
}

int main(int argc, char **argv)
{
	u64 i, start, slept = 0, slowest = 0, seed = 1;
	struct rng rng;
	pthread_t thread;
	sigset_t io;
	int opt, s;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		switch (opt) {
		case 'n':
			packets = number(optarg);
			break;
		case 's':
			seed = number(optarg);
			break;
		default:
			die("see the source");
		}
	}
	if (argc != optind + 2)
		die("DEVICE HOW");
	for (how = 0; how < ARRAY_SIZE(names) && strcmp(argv[optind + 1], names[how]); how++)
		;
	if (how == ARRAY_SIZE(names))
		die("%s: no such way", argv[optind + 1]);
	rng_seed(&rng, seed);
	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	set_up(argv[optind]);
	s = udp();
	if (pthread_create(&thread, NULL, reading, NULL))
		die("no thread");
	for (i = 0; i < packets; i++) {
		if (rng_chance(&rng, 50)) {
			usleep(rng_below(&rng, 300));
			slept++;
		}
		pin_to_cpu((int)rng_below(&rng, 2));
		start = now_ns();
		if (send(s, &i, sizeof(i), 0) != sizeof(i))
			die_errno("send");
		while (atomic_load(&got) <= i) {
			if (now_ns() - start > (HANG_S + 10) * 1000000000ull) {
				printf("packet %llu did not come\n", (unsigned long long)i);
				return 1;
			}
			sched_yield();
		}
		if (now_ns() - start > slowest)
			slowest = now_ns() - start;
	}
	pthread_join(thread, NULL);
	printf("packets=%llu\nwaited=%llu\nwaits=%llu\nslowest_ms=%llu\n", (unsigned long long)packets,
	       (unsigned long long)slept, (unsigned long long)atomic_load(&waits),
	       (unsigned long long)(slowest / 1000000));
	return 0;
}
