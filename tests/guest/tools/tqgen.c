// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqgen - sends described packets from a device.
 *
 *   tqgen [options] DEVICE [PACKET]...
 *
 *   PACKET: "udp 10.0.0.1:1000 10.0.0.2:2000 [word]...", "icmp6 fd00::1 fd00::2",
 *	"253 ..."; a "+" behind a port counts it up with each packet (64 of them);
 *	words: len=N (body) mark=N ttl=N dscp=N type=N code=N flags=N vlan=N
 *	first, later (fragments), hop, dest, route, atomic, opt (headers)
 *	or "raw HEX": the frame from its type field on, as it is
 *	The PACKETs are sent in turn.
 *   -n N     so many packets in all, by each thread (default 1)
 *   -c CPUS  a thread pinned to each of the CPUs, as 0,1
 *   -r PPS   by each thread
 *   -d MAC   destination; default: that of the device's peer, from -p
 *   -p IN    the device whose address to send to
 *   -b N     packets for each system call (default 32)
 *   -T SECS  until then, whatever N is
 *
 * The last 8 bytes of a body (of 8 or more) are the packet's number, with the
 * thread's number in the highest byte.  Prints "sent=N".  SIGTERM ends it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pkt.h"

#define MAX_SPECS	64
#define MAX_BATCH	128
#define MAX_THREADS	8

struct spec {
	struct pkt	p;
	int		count_sport, count_dport;
	u8		*raw;
	size_t		raw_len;
};

static struct spec specs[MAX_SPECS];
static unsigned int n_specs, batch = 32;
static u64 count = 1, rate, seconds;
static const char *device;
static u8 dst_mac[6];
static int cpus[MAX_THREADS];
static unsigned int n_cpus;
static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

static u8 proto_number(const char *name)
{
	static const struct { const char *name; u8 number; } names[] = {
		{ "tcp", PKT_TCP }, { "udp", PKT_UDP }, { "icmp", PKT_ICMP },
		{ "icmp6", PKT_ICMP6 }, { "sctp", PKT_SCTP }, { "dccp", PKT_DCCP },
		{ "udplite", PKT_UDPLITE }, { "gre", PKT_GRE }, { "esp", PKT_ESP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].number;
	return (u8)number(name);
}

/* "10.0.0.1:80", "[fd00::1]:80+", "fd00::1" */
static int parse_end(char *text, u8 addr[16], u16 *port, int *counts)
{
	char *colon = NULL, *end = text + strlen(text);

	if (end > text && end[-1] == '+') {
		*counts = 1;
		*--end = 0;
	}
	if (text[0] == '[') {
		char *close_at = strchr(text, ']');

		if (!close_at)
			die("no \"]\": %s", text);
		*close_at = 0;
		if (close_at[1] == ':')
			colon = close_at + 1;
		text++;
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		colon = strchr(text, ':');
	}
	if (colon) {
		*colon = 0;
		*port = (u16)number(colon + 1);
	}
	return pkt_parse_addr(text, addr);
}

static int flag_word(struct pkt *p, const char *word)
{
	static const struct { const char *name; u8 ext; } exts[] = {
		{ "hop", PKT_EXT_HOP }, { "dest", PKT_EXT_DEST }, { "route", PKT_EXT_ROUTE },
		{ "atomic", PKT_EXT_ATOMIC }, { "opt", PKT_EXT_OPT },
	};
	size_t i;

	if (!strcmp(word, "first"))
		p->frag = TQUEUE_FRAG_FIRST;
	else if (!strcmp(word, "later"))
		p->frag = TQUEUE_FRAG_LATER;
	else {
		for (i = 0; i < ARRAY_SIZE(exts); i++)
			if (!strcmp(word, exts[i].name)) {
				p->exts |= exts[i].ext;
				return 1;
			}
		return 0;
	}
	return 1;
}

static void value_word(struct pkt *p, const char *word)
{
	const char *eq = strchr(word, '=');
	u64 v;

	if (!eq)
		die("unknown word: %s", word);
	v = number(eq + 1);
	if (!strncmp(word, "len=", 4))
		p->body = (u16)v;
	else if (!strncmp(word, "mark=", 5))
		p->mark = (u32)v;
	else if (!strncmp(word, "ttl=", 4))
		p->ttl = (u8)v;
	else if (!strncmp(word, "dscp=", 5))
		p->dscp = (u8)v;
	else if (!strncmp(word, "type=", 5))
		p->icmp_type = (u8)v;
	else if (!strncmp(word, "code=", 5))
		p->icmp_code = (u8)v;
	else if (!strncmp(word, "flags=", 6))
		p->tcp_flags = (u8)v;
	else if (!strncmp(word, "vlan=", 5))
		p->vlan = (u16)v;
	else
		die("unknown word: %s", word);
}

static void parse_raw(struct spec *s, const char *hex)
{
	size_t i;

	if (!hex || strlen(hex) % 2 || strlen(hex) / 2 > PKT_MAX - 12)
		die("raw HEX: no whole bytes, or too many");
	s->raw_len = strlen(hex) / 2;
	s->raw = xcalloc(1, s->raw_len);
	for (i = 0; i < s->raw_len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &s->raw[i]) != 1)
			die("raw HEX: %s", hex);
}

static void parse_spec(const char *given)
{
	char *text = strdup(given), *save, *word;
	struct spec *s = &specs[n_specs++];
	struct pkt *p = &s->p;
	int family;

	*p = (struct pkt){ .frag = TQUEUE_FRAG_NONE, .ttl = 64, .body = 32, .tcp_flags = 2 };
	word = strtok_r(text, " ", &save);
	if (!word)
		die("an empty PACKET");
	if (!strcmp(word, "raw")) {
		parse_raw(s, strtok_r(NULL, " ", &save));
		free(text);
		return;
	}
	p->proto = proto_number(word);
	p->icmp_type = p->proto == PKT_ICMP6 ? 128 : 8;
	word = strtok_r(NULL, " ", &save);
	if (!word)
		die("no source: %s", given);
	p->family = (u8)parse_end(word, p->src, &p->sport, &s->count_sport);
	word = strtok_r(NULL, " ", &save);
	if (!word)
		die("no destination: %s", given);
	family = parse_end(word, p->dst, &p->dport, &s->count_dport);
	if (family != p->family)
		die("two families: %s", given);
	while ((word = strtok_r(NULL, " ", &save)))
		if (!flag_word(p, word))
			value_word(p, word);
	if (p->body > PKT_MAX - 160)
		die("too long: %s", given);
	free(text);
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
	struct pkt p = s->p;

	p.seq = (u64)thread << 56 | seq;
	p.id = (u32)seq;
	if (s->count_sport)
		p.sport = (u16)(p.sport + seq % 64);
	if (s->count_dport)
		p.dport = (u16)(p.dport + seq % 64);
	if (s->raw) {
		memcpy(m->frame + 12, s->raw, s->raw_len);
		m->iov = (struct iovec){ m->frame, 12 + s->raw_len };
	} else {
		m->iov = (struct iovec){ m->frame, pkt_build(&p, m->frame) };
	}
	memcpy(m->frame, dst_mac, 6);
	memcpy(m->frame + 6, src_mac, 6);
	memset(hdr, 0, sizeof(*hdr));
	hdr->msg_iov = &m->iov;
	hdr->msg_iovlen = 1;
	if (p.mark) {
		m->control.hdr = (struct cmsghdr){ CMSG_LEN(sizeof(u32)), SOL_SOCKET, SO_MARK };
		memcpy(CMSG_DATA(&m->control.hdr), &p.mark, sizeof(u32));
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

	while ((opt = getopt(argc, argv, "n:c:r:d:p:b:T:")) != -1) {
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
		parse_spec(argv[optind]);
	if (!n_specs)
		parse_spec("udp 10.9.0.1:1000+ 10.9.0.2:2000 len=32");
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
