// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqgen - sends described packets from a device.
 *
 *   tqgen [options] DEVICE [PACKET]...
 *
 *   PACKET: see spec.h; they are sent in turn.
 *   -n N     so many packets in all, by each thread (default 1)
 *   -c CPUS  a thread pinned to each of the CPUs, as 0,1
 *   -r PPS   by each thread
 *   -d MAC   destination; default: that of the device's peer, from -p
 *   -p IN    the device whose address to send to
 *   -b N     packets for each system call (default 32)
 *   -T SECS  until then, whatever N is
 *   -Q       by the device's qdisc: around it, the kernel divides by the number of queues of
 *            a device that goes, which is 0 (packet_xmit(), 6.12)
 *
 * Prints "sent=N".  SIGTERM ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pkt.h"
#include "spec.h"

#define MAX_SPECS	64
#define MAX_BATCH	128
#define MAX_THREADS	8

static struct spec specs[MAX_SPECS];
static unsigned int n_specs, batch = 32;
static u64 count = 1, rate, seconds;
static const char *device;
static u8 dst_mac[6];
static int cpus[MAX_THREADS];
static unsigned int n_cpus;
static int qdisc;
static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

struct message {
	u8		frame[PKT_MAX];
	struct iovec	iov;
	union {
		struct cmsghdr	hdr;
		u8		room[CMSG_SPACE(sizeof(u32))];
	} control;
};

static void make(struct message *m, struct msghdr *hdr, unsigned int thread, u64 seq,
		 const u8 src_mac[6])
{
	const struct spec *s = &specs[seq % n_specs];

	m->iov = (struct iovec){ m->frame, spec_build(s, thread, seq, m->frame) };
	memcpy(m->frame, dst_mac, 6);
	memcpy(m->frame + 6, src_mac, 6);
	memset(hdr, 0, sizeof(*hdr));
	hdr->msg_iov = &m->iov;
	hdr->msg_iovlen = 1;
	if (s->p.mark) {
		m->control.hdr = (struct cmsghdr){ CMSG_LEN(sizeof(u32)), SOL_SOCKET, SO_MARK };
		memcpy(CMSG_DATA(&m->control.hdr), &s->p.mark, sizeof(u32));
		hdr->msg_control = &m->control;
		hdr->msg_controllen = sizeof(m->control);
	}
}

static void keep_rate(u64 start, u64 sent)
{
	u64 due = start + sent * 1000000000u / rate, now = now_ns();
	struct timespec ts;

	if (due <= now)
		return;
	ts = (struct timespec){ (time_t)((due - now) / 1000000000u),
				(long)((due - now) % 1000000000u) };
	nanosleep(&ts, NULL);
}

static void *sending(void *arg)
{
	unsigned int thread = (unsigned int)(uintptr_t)arg, i;
	struct message *m = xcalloc(batch, sizeof(*m));
	struct mmsghdr hdr[MAX_BATCH];
	u64 sent = 0, start = now_ns(), end = start + seconds * 1000000000u;
	u8 src_mac[6];
	int fd = pkt_open(device, src_mac);

	if (qdisc && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &(int){ 0 }, sizeof(int)))
		die_errno("PACKET_QDISC_BYPASS");
	if (n_cpus)
		pin_to_cpu(cpus[thread]);
	while (!stopped && (seconds ? now_ns() < end : sent < count)) {
		unsigned int n = !seconds && count - sent < batch ? (unsigned int)(count - sent) : batch;

		for (i = 0; i < n; i++)
			make(&m[i], &hdr[i].msg_hdr, thread, sent + i, src_mac);
		for (i = 0; i < n; ) {
			int k = sendmmsg(fd, hdr + i, n - i, 0);

			/* a device that is gone ends the traffic, quietly */
			if (k < 0 && (errno == ENETDOWN || errno == ENXIO || errno == ENODEV))
				goto out;
			if (k < 0 && errno != ENOBUFS && errno != EINTR)
				die_errno("send by %s", device);
			i += k > 0 ? (unsigned int)k : 0;
		}
		sent += n;
		if (rate)
			keep_rate(start, sent);
	}
out:
	close(fd);
	free(m);
	return (void *)(uintptr_t)sent;
}

static void parse_mac(const char *text)
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &dst_mac[0], &dst_mac[1], &dst_mac[2],
		   &dst_mac[3], &dst_mac[4], &dst_mac[5]) != 6)
		die("no MAC address: %s", text);
}

static void parse_cpus(char *list)
{
	char *save, *item;

	for (item = strtok_r(list, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		if (n_cpus == MAX_THREADS)
			die("too many CPUs");
		cpus[n_cpus++] = (int)number(item);
	}
}

int main(int argc, char **argv)
{
	const struct sigaction term = { .sa_handler = on_term };
	pthread_t thread[MAX_THREADS];
	unsigned int i, threads;
	u64 sent = 0;
	int opt;

	while ((opt = getopt(argc, argv, "n:c:r:d:p:b:T:Q")) != -1) {
		switch (opt) {
		case 'n':
			count = number(optarg);
			break;
		case 'c':
			parse_cpus(optarg);
			break;
		case 'r':
			rate = number(optarg);
			break;
		case 'd':
			parse_mac(optarg);
			break;
		case 'p':
			pkt_mac_of(optarg, dst_mac);
			break;
		case 'b':
			batch = (unsigned int)number(optarg);
			break;
		case 'Q':
			qdisc = 1;
			break;
		case 'T':
			seconds = number(optarg);
			break;
		default:
			die("see the head of tqgen.c");
		}
	}
	if (optind == argc || !batch || batch > MAX_BATCH)
		die("a DEVICE, and a batch of 1 to %d", MAX_BATCH);
	device = argv[optind++];
	if (argc - optind > MAX_SPECS)
		die("too many PACKETs");
	for (; optind < argc; optind++)
		spec_parse(&specs[n_specs++], argv[optind]);
	if (!n_specs)
		spec_parse(&specs[n_specs++], "udp 10.9.0.1:1000+ 10.9.0.2:2000 len=32");
	sigaction(SIGTERM, &term, NULL);
	threads = n_cpus ? n_cpus : 1;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, sending, (void *)(uintptr_t)i))
			die("no thread");
	for (i = 0; i < threads; i++) {
		void *n;

		pthread_join(thread[i], &n);
		sent += (u64)(uintptr_t)n;
	}
	printf("sent=%" PRIu64 "\n", sent);
	return 0;
}
