// SPDX-License-Identifier: GPL-2.0-only
/* What surrounds the requests: namespaces, packets in them, open files. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/tqueue.h>
#include "nlfuzz.h"

/* ---- namespaces ---- */

void ns_enter(const struct ns *n)
{
	if (setns(n->fd, CLONE_NEWNET))
		die_errno("setns");
}

static void ns_ready(struct ns *n)
{
	ns_enter(n);
	n->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->udp < 0)
		die_errno("socket");
}

void ns_home(struct ns *n)
{
	n->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (n->fd < 0)
		die_errno("own namespace");
	ns_ready(n);
}

static void in_new(int user)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s;

	if (unshare((user ? CLONE_NEWUSER : 0) | CLONE_NEWNET))
		die_errno("unshare");
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &ifr))
		die_errno("lo");
	close(s);
}

/* By a child that makes it: nobody comes back out of a user namespace. */
void ns_new(struct ns *n, int user)
{
	int up[2], down[2];
	char path[64], c;
	pid_t pid;

	if (n->fd > 0) {
		close(n->fd);
		close(n->udp);
	}
	memset(n, 0, sizeof(*n));
	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		die_errno("pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die_errno("fork");
	if (!pid) {
		close(up[0]);
		close(down[1]);
		in_new(user);
		_exit(write(up[1], "", 1) != 1 || read(down[0], &c, 1) < 0);
	}
	close(up[1]);
	close(down[0]);
	if (read(up[0], &c, 1) != 1)
		die("no new namespace");
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	n->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (n->fd < 0)
		die_errno("%s", path);
	close(up[0]);
	close(down[1]);
	waitpid(pid, NULL, 0);
	ns_ready(n);
}

void ns_packets(const struct ns *n)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	u32 i;

	for (i = below(16); i; i--) {
		to.sin_port = htons((u16)below(4));
		sendto(n->udp, "packet", 1 + below(6), MSG_DONTWAIT, (struct sockaddr *)&to,
		       sizeof(to));
	}
}

/* ---- files ---- */

#define FILES	8

static int files[FILES];	/* 0: none */

void keep_file(int fd)
{
	int *f = &files[below(FILES)];

	if (*f)
		close(*f);
	*f = fd;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

const char *use_file(u64 *records)
{
	static u8 buf[32768] __attribute__((aligned(8)));
	int *f = &files[below(FILES)];
	struct pollfd p = { *f, POLLIN | POLLOUT, 0 };
	ssize_t n, at;
	void *map;

	if (!*f)
		return NULL;
	switch (below(10)) {
	case 0:
		close(*f);
		*f = 0;
		return NULL;
	case 1: case 2: case 3:
		n = write(*f, buf, 1 + below(200));
		/* Full; open for reading only; deleted. */
		return n < 0 && errno != EAGAIN && errno != EBADF && errno != ENXIO ?
		       "a message was refused" : NULL;
	case 4:
		poll(&p, 1, 0);
		return NULL;
	case 5:
		map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, *f, 0);
		if (map != MAP_FAILED)
			munmap(map, 4096);
		return NULL;
	}
	n = read(*f, buf, sizeof(buf) - 8 * below(64));
	if (n < 0 && errno != EAGAIN && errno != EPIPE)
		return "a read was refused";
	for (at = 0; at < n; ) {
		struct tqueue_record rec;

		memcpy(&rec, buf + at, sizeof(rec));
		if (n - at < (ssize_t)sizeof(rec) || rec.len < sizeof(rec) || rec.len > n - at)
			return "no whole record was read";
		at += rec.len;
		++*records;
	}
	return NULL;
}
