// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqueue-count QUEUE [SECONDS]: which addresses send to us?  Counts packets and
 * bytes by IPv4 source for some seconds, or until the queue is deleted.
 *
 *	cc tqueue-count.c $(pkg-config --cflags --libs libtqueue) -o tqueue-count
 *
 * It shows all that a reader needs: opening, waiting, records and losses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libtqueue.h>

#define SOURCES	1024

static struct source {
	struct in_addr	addr;
	uint64_t	packets;
	uint64_t	bytes;
} sources[SOURCES];

static unsigned int used;

static void count(const struct tqueue_record *rec)
{
	/* The link-layer header comes first; it may have no bytes. */
	const unsigned char *ip = (const unsigned char *)tqueue_payload(rec) + rec->mac_len;
	struct in_addr addr;
	unsigned int i;

	if (rec->type != TQUEUE_RECORD_PACKET || rec->family != TQUEUE_FAMILY_IPV4 ||
	    rec->caplen < rec->mac_len + 20u)
		return;
	memcpy(&addr, ip + 12, sizeof(addr));
	for (i = 0; i < used && sources[i].addr.s_addr != addr.s_addr; i++)
		;
	if (i == SOURCES)
		return;
	if (i == used)
		sources[used++].addr = addr;
	sources[i].packets++;
	sources[i].bytes += rec->origlen - rec->mac_len;
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* All that is there.  1: more may come; 0: the queue was deleted. */
static int take(struct tqueue *q)
{
	const struct tqueue_record *rec;
	int ret;

	while ((ret = tqueue_next(q, &rec)) > 0)
		count(rec);
	return ret == -EAGAIN ? 1 : ret;
}

static int run(struct tqueue *q, long seconds)
{
	struct pollfd p = { .fd = tqueue_fd(q), .events = POLLRDBAND };
	time_t end = now() + seconds;
	int ret;

	while ((ret = take(q)) > 0) {
		long left = end - now();

		if (left <= 0)
			return 0;
		if (poll(&p, 1, left * 1000) < 0 && errno != EINTR)
			return -errno;
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct tqueue_lost lost;
	char text[INET_ADDRSTRLEN];
	struct tqueue *q;
	unsigned int i;
	int err;

	if (argc < 2) {
		fprintf(stderr, "Usage: %s QUEUE [SECONDS]\n", argv[0]);
		return 2;
	}
	q = tqueue_new();
	if (!q)
		return 1;
	err = tqueue_open(q, argv[1], TQUEUE_O_NONBLOCK);
	if (!err)
		err = run(q, argc > 2 ? strtol(argv[2], NULL, 10) : 10);
	if (err)
		fprintf(stderr, "%s: %s\n", argv[0], tqueue_error(q));
	for (i = 0; i < used; i++)
		printf("%-15s %10" PRIu64 " packets %12" PRIu64 " bytes\n",
		       inet_ntop(AF_INET, &sources[i].addr, text, sizeof(text)),
		       sources[i].packets, sources[i].bytes);
	tqueue_losses(q, &lost);
	printf("%" PRIu64 " lost, %s\n", (uint64_t)lost.count,
	       tqueue_mapped(q) ? "by mmap" : "by read");
	tqueue_free(q);
	return err ? 1 : 0;
}
