// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqtap - holds clones of what comes in by a device, and looks at them late.
 *
 *   tqtap [-h HELD] [-q] LIST DEVICE
 *
 * A packet socket shares the bytes of each packet with the rest of the stack until it is
 * read.  Up to HELD packets (default 200) are left unread; then each must be as it was
 * sent (LIST: sent.h), whatever rules have changed in it since; with -q it only holds them.
 * SIGTERM ends it when it has read the rest.  Prints "name=value" lines; exits 1 if a frame was another.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sent.h"

#define ETH_P_ALL	3

static volatile sig_atomic_t stopped;
static u8 frame[1 << 17];
static u64 answers[SENT_ANSWERS], outgoing;
static int quiet;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

/* 0: nothing was there */
static int take(int fd, struct sent_list *list)
{
	union { struct cmsghdr hdr; u8 room[CMSG_SPACE(sizeof(struct tpacket_auxdata))]; } control;
	struct tpacket_auxdata aux = { 0 };
	struct sockaddr_ll from;
	struct iovec iov = { frame, sizeof(frame) };
	struct msghdr msg = { &from, sizeof(from), &iov, 1, &control, sizeof(control), 0 };
	const ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	enum sent_answer answer;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			die_errno("recvmsg");
		return 0;
	}
	if (from.sll_pkttype == PACKET_OUTGOING) {
		outgoing++;
		return 1;
	}
	if (msg.msg_controllen >= sizeof(control.hdr))
		memcpy(&aux, CMSG_DATA(&control.hdr), sizeof(aux));
	answer = sent_find_frame(list, frame, (u32)n, from.sll_hatype == ARPHRD_ETHER ? 14 : 0,
				 !!(aux.tp_status & TP_STATUS_VLAN_VALID));
	if (!quiet && answer == SENT_OTHER && answers[SENT_OTHER] < 5) {
		ssize_t i;

		printf("# not as it was sent: %zd bytes:", n);
		for (i = 0; i < n && i < 80; i++)
			printf(" %02x", frame[i]);
		putchar('\n');
	}
	answers[answer]++;
	return 1;
}

int main(int argc, char **argv)
{
	const struct sigaction term = { .sa_handler = on_term };
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd, on = 1, room = 64 << 20, opt;
	struct sent_list *list;
	u64 held = 200, n;

	while ((opt = getopt(argc, argv, "h:q")) != -1) {
		if (opt == 'h')
			held = number(optarg);
		else
			quiet = 1;
	}
	if (argc - optind != 2)
		die("LIST DEVICE");
	list = sent_open(argv[optind]);
	ll.sll_ifindex = (int)if_nametoindex(argv[optind + 1]);
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || !ll.sll_ifindex || bind(fd, (struct sockaddr *)&ll, sizeof(ll)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)))
		die_errno("%s", argv[optind + 1]);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	sigaction(SIGTERM, &term, NULL);
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		/* Time for others to do what they want to do to these. */
		usleep((useconds_t)(held * 100));
		for (n = 0; n < held && take(fd, list); n++)
			;
	}
	while (take(fd, list))
		;
	printf("same=%" PRIu64 "\nchanged=%" PRIu64 "\nshort=%" PRIu64 "\nother=%" PRIu64
	       "\noutgoing=%" PRIu64 "\n", answers[SENT_SAME], answers[SENT_CHANGED],
	       answers[SENT_SHORT], answers[SENT_OTHER], outgoing);
	return !quiet && answers[SENT_OTHER];
}
