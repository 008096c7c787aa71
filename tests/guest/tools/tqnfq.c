// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqnfq - listens to an NFQUEUE by raw nfnetlink messages.
 *
 *   tqnfq [-d] [-m MARK] NUMBER
 *   -d       drop what comes; default: accept
 *   -m MARK  give it this mark as well
 *
 * Prints "ready", then by SIGTERM "packets=N" and the packets' hooks, "hook0=N"
 * (prerouting) to "hook4=N".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

static int fd;
static u16 queue;
static u64 packets, hooks[8];
static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

struct message {
	struct nlmsghdr	nlh;
	struct nfgenmsg	nfg;
	u8		attrs[256];
};

static void begin(struct message *m, u8 type, u16 flags, u16 number)
{
	memset(m, 0, sizeof(*m));
	m->nlh.nlmsg_type = (u16)(NFNL_SUBSYS_QUEUE << 8 | type);
	m->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlh.nlmsg_len = NLMSG_LENGTH(sizeof(m->nfg));
	m->nfg.version = NFNETLINK_V0;
	m->nfg.res_id = htons(number);
}

static void put(struct message *m, u16 type, const void *data, u16 len)
{
	struct nlattr *a = (void *)((u8 *)m + NLMSG_ALIGN(m->nlh.nlmsg_len));

	a->nla_type = type;
	a->nla_len = (u16)(NLA_HDRLEN + len);
	memcpy((u8 *)a + NLA_HDRLEN, data, len);
	m->nlh.nlmsg_len = NLMSG_ALIGN(m->nlh.nlmsg_len) + (u32)NLA_ALIGN(a->nla_len);
}

static void send_message(const struct message *m)
{
	if (send(fd, m, m->nlh.nlmsg_len, 0) < 0)
		die_errno("send");
}

static void acknowledged(void)
{
	struct {
		struct nlmsghdr	nlh;
		struct nlmsgerr	err;
		u8		rest[256];
	} reply;

	if (recv(fd, &reply, sizeof(reply), 0) < (ssize_t)sizeof(reply.nlh) ||
	    reply.nlh.nlmsg_type != NLMSG_ERROR)
		die("no answer");
	if (reply.err.error) {
		errno = -reply.err.error;
		die_errno("queue %u", queue);
	}
}

static void bind_queue(void)
{
	const struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params params = {
		.copy_range = htonl(64), .copy_mode = NFQNL_COPY_PACKET };
	const u32 room = htonl(8192);
	struct message m;

	begin(&m, NFQNL_MSG_CONFIG, NLM_F_ACK, queue);
	put(&m, NFQA_CFG_CMD, &cmd, sizeof(cmd));
	send_message(&m);
	acknowledged();
	begin(&m, NFQNL_MSG_CONFIG, NLM_F_ACK, queue);
	put(&m, NFQA_CFG_PARAMS, &params, sizeof(params));
	put(&m, NFQA_CFG_QUEUE_MAXLEN, &room, sizeof(room));
	send_message(&m);
	acknowledged();
}

static void answer(const struct nlmsghdr *nlh, u32 verdict, u32 mark)
{
	const u8 *at = (const u8 *)nlh + NLMSG_LENGTH(sizeof(struct nfgenmsg));
	const u8 *end = (const u8 *)nlh + nlh->nlmsg_len;
	const struct nfqnl_msg_packet_hdr *hdr = NULL;
	struct nfqnl_msg_verdict_hdr v;
	struct message m;

	while (end - at >= (ssize_t)NLA_HDRLEN) {
		const struct nlattr *a = (const void *)at;

		if ((a->nla_type & NLA_TYPE_MASK) == NFQA_PACKET_HDR)
			hdr = (const void *)(at + NLA_HDRLEN);
		at += NLA_ALIGN(a->nla_len);
	}
	if (!hdr)
		die("a packet without a header");
	packets++;
	hooks[hdr->hook % ARRAY_SIZE(hooks)]++;
	v = (struct nfqnl_msg_verdict_hdr){ htonl(verdict), hdr->packet_id };
	begin(&m, NFQNL_MSG_VERDICT, 0, queue);
	put(&m, NFQA_VERDICT_HDR, &v, sizeof(v));
	mark = htonl(mark);
	if (mark)
		put(&m, NFQA_MARK, &mark, sizeof(mark));
	send_message(&m);
}

int main(int argc, char **argv)
{
	const struct sigaction term = { .sa_handler = on_term };
	static u8 buf[65536] __attribute__((aligned(8)));
	const int room = 8 << 20;
	u32 verdict = NF_ACCEPT, mark = 0;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "dm:")) != -1) {
		if (opt == 'd')
			verdict = NF_DROP;
		else if (opt == 'm')
			mark = (u32)number(optarg);
		else
			die("see the head of tqnfq.c");
	}
	if (argc - optind != 1)
		die("the NUMBER of a queue");
	queue = (u16)number(argv[optind]);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (fd < 0)
		die_errno("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	bind_queue();
	sigaction(SIGTERM, &term, NULL);
	puts("ready");
	fflush(stdout);
	while (!stopped) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		struct nlmsghdr *nlh = (void *)buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_errno("recv");
		for (; NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n))
			if (nlh->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
				answer(nlh, verdict, mark);
	}
	printf("packets=%" PRIu64 "\n", packets);
	for (i = 0; i < 5; i++)
		printf("hook%u=%" PRIu64 "\n", i, hooks[i]);
	return 0;
}
