// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqnlfuzz - netlink requests out of the spec, and such as are nearly right.
 *
 *   tqnlfuzz [-s SEED] [-n OPERATIONS] [-t SECONDS] [-v] TABLE
 *
 * TABLE is what tests/spec/table.py makes of uapi/tqueue.yaml.  Several sockets in
 * three network namespaces, the one that it is started in, a new one, and one of a
 * user namespace, send requests of every operation: with names out of a few, and
 * with ids, handles and transactions that were seen in answers, so that things are
 * made, changed, used and deleted; in part by stories, whose steps belong together.
 * A fifth of them is spoilt: an attribute is missing, twice, too short, too long, of
 * another type or nested wrongly, the message cut or drawn out, its flags others.  In
 * between dumps are left half read, sockets closed in the midst of transactions,
 * namespaces given up, files of QUEUE_OPEN read, written, mapped, closed, and packets
 * sent through the loopback devices.
 *
 * What is wrong: an answer that is not what TABLE says, a request that is not answered,
 * a refusal without a sentence where the module refused, an operation that was not
 * granted once (with 1,000 operations or more).  Prints "name=value" lines; exits 1 if
 * anything is wrong.
 *
 * Operation N of a seed is the same always, but for what it took from answers.  -v
 * prints each request before it is sent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/tqueue.h>
#include "nlfuzz.h"
#include "nlreq.h"

#define SOCKS	7
#define BATCH	4
#define FORMS	96
#define ENOUGH	1000	/* operations, for each to be granted */

struct sock {
	int		fd;
	unsigned int	ns;
	int		unread;		/* a dump was left */
	const char *const *story;
	struct favour	favour;
};

/* One message of those that are sent together. */
struct sent {
	u32		seq;
	u8		cmd;
	int		dump, ack;
	int		sound;		/* it must be answered, */
	int		words;		/* and a refusal is the module's */
	int		answered;
	size_t		at, len;
};

static struct sock socks[SOCKS];
static struct ns spaces[NSS];
static u64 granted[FORMS], refused[FORMS], errors[512], bad, operation, seed;
static u64 messages, spoilt, dumps_left, closed_open, namespaces, overruns, cut, records, events;
static u32 seq;
static int verbose;
static struct sent *batch;	/* what is being answered */
static unsigned int n_batch;
static int lossy;		/* an answer may have been lost */

static void wrong(const struct sent *m, const char *why, int value)
{
	size_t i;

	if (bad++ >= 20)
		return;
	printf("# seed %" PRIu64 " operation %" PRIu64 ": %s (%d)\n", seed, operation, why, value);
	if (!m)
		return;
	printf("# request %u%s:", m->cmd, m->dump ? " dump" : "");
	for (i = 0; i < m->len && i < 600; i++)
		printf("%s%02x", i % 4 ? "" : " ", msg[m->at + i]);
	printf("\n");
}

/* ---- sockets ---- */

static void open_sock(struct sock *s)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct timeval limit = { .tv_sec = 20 };
	int on = 1, room = 1 << 20;
	u32 group = nl_group();

	if (s->fd >= 0)
		close(s->fd);
	ns_enter(&spaces[s->ns]);
	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)))
		die_errno("netlink socket");
	setsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!below(3) &&
	    setsockopt(s->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		wrong(NULL, "the group can't be joined", errno);
	s->unread = 0;
	s->story = NULL;
	s->favour = (struct favour){ .queue = below(QUEUES), .table = below(TABLES) };
}

/* Everything of a namespace is given up, and it gets a new one. */
static void new_space(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < SOCKS; k++)
		if (socks[k].ns == i && socks[k].fd >= 0) {
			close(socks[k].fd);
			socks[k].fd = -1;
		}
	ns_new(&spaces[i], i == NSS - 1);
	for (k = 0; k < SOCKS; k++)
		if (socks[k].ns == i)
			open_sock(&socks[k]);
	namespaces++;
}

/* ---- answers ---- */

static struct sent *find_sent(u32 number)
{
	unsigned int i;

	for (i = 0; i < n_batch; i++)
		if (batch[i].seq == number)
			return &batch[i];
	return NULL;
}

/* The sentence of an acknowledgement, or NULL. */
static const char *words(const struct nlmsghdr *h, const u8 *tlvs)
{
	const u8 *end = (const u8 *)h + h->nlmsg_len;
	struct nlattr t;

	for (; h->nlmsg_flags & NLM_F_ACK_TLVS && end - tlvs >= (ptrdiff_t)sizeof(t);
	     tlvs += (t.nla_len + 3) & ~3) {
		memcpy(&t, tlvs, sizeof(t));
		if (t.nla_len < sizeof(t))
			break;
		if (t.nla_type == NLMSGERR_ATTR_MSG && t.nla_len > sizeof(t) + 8)
			return (const char *)tlvs + sizeof(t);
	}
	return NULL;
}

/* The core says no words of its own; nor who has no memory. */
static int may_be_mute(const struct sock *s, const struct sent *m, int err)
{
	const struct sent *before;

	if (err == ENOMEM || err == ENOBUFS || !m->words)
		return 1;
	if (!find_form(m->cmd, m->dump))
		return err == EOPNOTSUPP;
	for (before = batch; before < m; before++)
		if (before->dump && err == EBUSY)
			return 1;
	return m->dump && err == EBUSY && s->unread;
}

static void answered(struct sock *s, const struct nlmsghdr *h)
{
	struct sent *m = find_sent(h->nlmsg_seq);
	const int done = h->nlmsg_type == NLMSG_DONE;
	const u8 *body = NLMSG_DATA(h);
	const char *why;
	int err, form;

	if (h->nlmsg_len < NLMSG_LENGTH(done ? sizeof(err) : sizeof(struct nlmsgerr))) {
		wrong(m, "an acknowledgement is too short", (int)h->nlmsg_len);
		return;
	}
	if (!m)
		return;		/* of what was left unread */
	memcpy(&err, body, sizeof(err));
	err = -err;
	form = find_form(m->cmd, m->dump);
	if (m->answered || err < 0 || err >= (int)ARRAY_SIZE(errors) ||
	    (m->sound && m->dump && !done && !err)) {
		wrong(m, "an answer that can't be", err);
		return;
	}
	m->answered = 1;
	if (form && m->words) {
		granted[form] += !err;
		refused[form] += !!err;
	}
	if (!err && (m->cmd == TQUEUE_CMD_TXN_COMMIT || m->cmd == TQUEUE_CMD_TXN_ABORT))
		s->favour.open = 0;
	errors[err]++;
	why = words(h, body + (done ? sizeof(err) : sizeof(struct nlmsgerr)));
	if (verbose)
		printf("%s -> %s %s\n", form_title(form), nl_error_name(err), why ? why : "");
	if (err && !why && !may_be_mute(s, m, err))
		wrong(m, "refused without a word", err);
}

static void told(struct sock *s, const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = NLMSG_DATA(h);
	const u8 *end = (const u8 *)h + h->nlmsg_len;
	const struct sent *m = find_sent(h->nlmsg_seq);
	struct reply r = { .space = &spaces[s->ns], .favour = &s->favour, .fd = -1 };
	const char *why;
	char text[128];

	if (h->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) {
		wrong(m, "a reply is too short", (int)h->nlmsg_len);
		return;
	}
	if (g->cmd >= TQUEUE_CMD_QUEUE_NEW_NTF)
		events++;
	why = check_reply(g->cmd, (const u8 *)g + GENL_HDRLEN, end, &r);
	if (why) {
		snprintf(text, sizeof(text), "in a message of command %u: %s, attribute", g->cmd,
			 why);
		wrong(m, text, r.type);
	}
	if (r.fd >= 0 && g->cmd == TQUEUE_CMD_QUEUE_OPEN)
		keep_file(r.fd);
}

/* Reads what there is; or, with @leave, only the first of it. */
static void read_answers(struct sock *s, int leave)
{
	static u8 buf[1 << 17] __attribute__((aligned(8)));

	for (;;) {
		/* A dump takes messages of the size that it saw was asked for. */
		const size_t room = below(12) ? sizeof(buf) : below(3) ? 4096 : 700;
		struct iovec iov = { buf, room };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n = recvmsg(s->fd, &mh, MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0 && errno == EAGAIN) {
			s->unread = 0;
			return;
		}
		if (n < 0 && errno != ENOBUFS) {
			wrong(NULL, "nothing can be received", errno);
			return;
		}
		if (n < 0 || mh.msg_flags & MSG_TRUNC) {
			overruns += n < 0;
			cut += n >= 0;
			lossy = 1;
			continue;
		}
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == nl_family())
				told(s, h);
			else if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE)
				answered(s, h);
			else
				wrong(NULL, "a message of another type", h->nlmsg_type);
		}
		if (leave) {
			s->unread = 1;
			dumps_left++;
			lossy = 1;
			return;
		}
	}
}

/* ---- requests ---- */

static void spoil_head(struct sent *m)
{
	struct nlmsghdr h;
	struct genlmsghdr g;

	memcpy(&h, msg + m->at, sizeof(h));
	memcpy(&g, msg + m->at + NLMSG_HDRLEN, sizeof(g));
	switch (below(8)) {
	case 0:		/* REPLACE, EXCL, CREATE, APPEND, ROOT, MATCH, ATOMIC ... */
	case 1:
		h.nlmsg_flags = (u16)(h.nlmsg_flags ^ (below(16) << 8));
		break;
	case 2:
		h.nlmsg_flags = (u16)(rng_u64(&rng) & ~(below(2) ? (u64)NLM_F_ACK : 0));
		break;
	case 3:
		g.cmd = (u8)below(below(2) ? 256 : 50);
		break;
	case 4:
		g.version = (u8)below(256);
		g.reserved = (u16)(below(2) ? 0 : below(65536));
		break;
	case 5:
		h.nlmsg_len = below(2) ? below(40) : h.nlmsg_len + below(100) - 50;
		break;
	case 6:
		/* No other family's. */
		h.nlmsg_type = (u16)(below(2) ? below(NLMSG_MIN_TYPE) : 60000 + below(5000));
		break;
	default:
		h.nlmsg_flags |= NLM_F_ECHO;
	}
	m->sound = h.nlmsg_flags & NLM_F_REQUEST && h.nlmsg_len == m->len &&
		   h.nlmsg_type == nl_family();
	m->words = m->sound;
	m->cmd = g.cmd;
	m->dump = (h.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	m->ack = !!(h.nlmsg_flags & NLM_F_ACK);
	memcpy(msg + m->at, &h, sizeof(h));
	memcpy(msg + m->at + NLMSG_HDRLEN, &g, sizeof(g));
}

/* Puts a request behind what is in msg. */
static void request(struct sock *s, struct sent *m, int form, const char *with, int honest)
{
	static const u16 kinds[] = {
		NLM_F_EXCL, NLM_F_APPEND, NLM_F_ECHO, NLM_F_ECHO, NLM_F_CREATE,
	};
	struct nlmsghdr h = { .nlmsg_type = nl_family(), .nlmsg_seq = ++seq };
	struct genlmsghdr g = { .version = TQUEUE_FAMILY_VERSION };
	const int spoil = !honest && rng_chance(&rng, 35);

	*m = (struct sent){ .seq = seq, .sound = 1, .words = 1, .at = msg_len };
	m->cmd = g.cmd = form_cmd(form, &m->dump);
	m->ack = 1;
	h.nlmsg_flags = (u16)(NLM_F_REQUEST | NLM_F_ACK | (m->dump ? NLM_F_DUMP : 0));
	if (!m->dump && !below(5))
		h.nlmsg_flags |= kinds[below(ARRAY_SIZE(kinds))];
	if (!m->dump && !honest && !below(20)) {
		h.nlmsg_flags &= (u16)~NLM_F_ACK;
		m->ack = 0;
	}
	put(&h, sizeof(h));
	put(&g, sizeof(g));
	put_request(form, &spaces[s->ns], &s->favour, with, spoil && below(4));
	if (spoil && !below(4))
		spoil_bytes(m->at + NLMSG_LENGTH(GENL_HDRLEN));
	h.nlmsg_len = (u32)(msg_len - m->at);
	memcpy(msg + m->at, &h, sizeof(h));
	m->len = msg_len - m->at;
	if (spoil && !below(4))
		spoil_head(m);
	spoilt += (u64)spoil;
	messages++;
	/* The next begins where this one ends, or is said to. */
	while (msg_len % 4)
		put("", 1);
}

static void say_request(const struct sock *s)
{
	size_t i;

	printf("%" PRIu64 ": socket %td namespace %u:", operation, s - socks, s->ns);
	for (i = 0; i < msg_len; i++)
		printf("%s%02x", i % 4 ? "" : " ", msg[i]);
	printf("\n");
	fflush(stdout);
}

static void exchange(struct sock *s, struct sent *sent, unsigned int n, int leave)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	unsigned int i;

	if (verbose)
		say_request(s);
	lossy = s->unread;
	batch = sent;
	n_batch = n;
	if (sendto(s->fd, msg, msg_len, 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		wrong(sent, "nothing can be sent", errno);
	} else {
		read_answers(s, leave);
		/* Behind a wrong length nobody knows what a message is. */
		for (i = 0; i < n && sent[i].sound && !lossy; i++)
			if (!sent[i].answered && (sent[i].ack || sent[i].dump))
				wrong(&sent[i], "no answer", 0);
	}
	n_batch = 0;
}

static int takes_away(int form)
{
	return strstr(form_title(form), "-del") || strstr(form_title(form), "-flush");
}

/* The next form of the socket's story, or any. */
static int next_form(struct sock *s, const char **with)
{
	const char *step;

	*with = NULL;
	if (s->story && !*s->story)
		s->story = NULL;
	if (!s->story && !below(3)) {
		s->story = any_story();
		s->favour.queue = below(QUEUES);
		s->favour.table = below(TABLES);
	}
	if (!s->story || !below(3)) {
		int form = (int)(1 + below(n_requests()));

		/* There is to be something rather than nothing. */
		return below(2) && takes_away(form) ? (int)(1 + below(n_requests())) : form;
	}
	step = *s->story++;
	*with = strchr(step, '+');
	return form_named(step);
}

static void talk(struct sock *s)
{
	struct sent sent[BATCH];
	const unsigned int n = below(6) ? 1 : 1 + below(BATCH);
	const int leave = !below(15);
	const char *with;
	unsigned int i;
	int form;

	if (s->unread && below(2))
		read_answers(s, 0);
	msg_len = 0;
	for (i = 0; i < n; i++) {
		form = next_form(s, &with);
		/* A story of which every third step is spoilt comes to nothing. */
		request(s, &sent[i], form, with, s->story && below(2));
	}
	for (i = 0; i + 1 < n; i++)
		if (!sent[i].sound)
			sent[i + 1].sound = sent[i + 1].words = 0;
	exchange(s, sent, n, leave);
}

/* ---- the rest ---- */

static void use_files(void)
{
	const char *why = use_file(&records);

	if (why)
		wrong(NULL, why, errno);
}

static void step(void)
{
	struct sock *s = &socks[below(SOCKS)];

	switch (below(40)) {
	case 0: case 1: case 2:
		use_files();
		return;
	case 3:
		closed_open += (u64)s->favour.open;
		open_sock(s);
		return;
	case 4:
		if (!below(8))
			new_space(1 + below(NSS - 1));
		return;
	default:
		talk(s);
		if (!below(4))
			ns_packets(&spaces[s->ns]);
		if (!below(4))
			use_files();
	}
}

/* The control plane of each namespace answers a new socket. */
static void still_there(void)
{
	struct sock s = { .fd = -1 };
	struct sent m;
	const int form = form_named("version-get");

	for (s.ns = 0; s.ns < NSS; s.ns++) {
		const u64 before = granted[form];

		open_sock(&s);
		msg_len = 0;
		request(&s, &m, form, NULL, 1);
		exchange(&s, &m, 1, 0);
		if (granted[form] == before)
			wrong(&m, "the control plane no longer answers", (int)s.ns);
	}
	close(s.fd);
}

static int all_granted(void)
{
	unsigned int i;

	for (i = 1; i <= n_requests() && granted[i]; i++)
		;
	return i > n_requests();
}

/* Where it takes longer until everything was granted it goes on for a while. */
static int more(u64 count)
{
	return count >= ENOUGH && operation < 4 * count && !all_granted();
}

static void report(void)
{
	unsigned int i;

	printf("operations=%" PRIu64 "\nmessages=%" PRIu64 "\nspoilt=%" PRIu64
	       "\nleft_unread=%" PRIu64 "\nclosed_in_transaction=%" PRIu64
	       "\nnamespaces=%" PRIu64 "\noverruns=%" PRIu64 "\ncut=%" PRIu64
	       "\nrecords=%" PRIu64 "\nevents=%" PRIu64 "\n",
	       operation, messages, spoilt, dumps_left, closed_open, namespaces, overruns, cut,
	       records, events);
	for (i = 1; i <= n_requests(); i++) {
		printf("%s=%" PRIu64 "/%" PRIu64 "\n", form_title((int)i), granted[i], refused[i]);
		if (operation >= ENOUGH && !granted[i]) {
			printf("# %s was never granted\n", form_title((int)i));
			bad++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i])
			printf("answer_%s=%" PRIu64 "\n", nl_error_name((int)i), errors[i]);
	printf("bad=%" PRIu64 "\n", bad);
}

int main(int argc, char **argv)
{
	u64 count = 0, end = 0;
	unsigned int i;
	int opt;

	seed = (u64)time(NULL);
	while ((opt = getopt(argc, argv, "s:n:t:v")) != -1) {
		switch (opt) {
		case 's':
			seed = number(optarg);
			break;
		case 'n':
			count = number(optarg);
			break;
		case 't':
			end = now_ns() + number(optarg) * 1000000000ull;
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			die("see the head of tqnlfuzz.c");
		}
	}
	if (optind + 1 != argc || (!count && !end))
		die("see the head of tqnlfuzz.c");
	printf("seed=%" PRIu64 "\n", seed);
	fflush(stdout);
	read_table(argv[optind]);
	if (n_requests() >= FORMS)
		die("more operations than FORMS");
	nl_open();
	nl_find_family();
	for (i = 0; i < SOCKS; i++)
		socks[i] = (struct sock){ .fd = -1, .ns = i % NSS };
	rng_seed(&rng, seed);
	ns_home(&spaces[0]);
	for (i = 0; i < SOCKS; i += NSS)
		open_sock(&socks[i]);
	for (i = 1; i < NSS; i++)
		new_space(i);
	for (; count ? operation < count || more(count) : now_ns() < end; operation++) {
		rng_seed(&rng, seed ^ operation * 0x2545f4914f6cdd1du);
		step();
		if (operation % 500 == 0)
			still_there();
	}
	for (i = 0; i < SOCKS; i++)
		read_answers(&socks[i], 0);
	still_there();
	report();
	return bad ? 1 : 0;
}
