// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqread - reads a queue, checks every record, keeps account.
 *
 *   tqread [options] DEVICE	DEVICE "-": the queue is open as standard input
 *   tqread -m LEDGER...	puts the ledgers of several readers together
 *
 *   -t N     N threads, each with an open file of its own
 *   -b SIZE  bytes a read asks for (default 64K)
 *   -w HOW   block (default), poll, epoll, enough (poll for POLLRDBAND): how to wait
 *   -n N     end after N records
 *   -i MS    end when nothing has come for MS milliseconds
 *   -l FILE  append the numbers of all records to FILE
 *   -k N     kill the reading process hard when it has taken N bytes; what it
 *            had taken by then still counts: it lies in shared memory
 *   -g       rules of one generation must be of one set (rule >> 32)
 *   -q ID    records must be of this queue
 *   -M       map the queue instead of reading it; DEVICE is opened for writing, too
 *   -s       start only when told by a byte on standard input
 *   -o       the queue is a log, whose writers may overtake us
 *   -r       what a target has copied may be no IP: a raw socket sent it
 *   -v       by readv, into three pieces
 *   -E WHAT  packets are the sender's, in every byte; WHAT: see exact_parse()
 *   -L FILE  with -E: append the numbers of all packets to FILE, as a ledger
 *   -S LIST  look packets up in a list of those that were sent (sent.h; one thread)
 *   -F IF    with -S: what came in by device number IF must be in it, before it is put
 *            together for this machine or leaves it (several times)
 *
 * Ends at end of file, else as the options say or by SIGTERM.  Prints
 * "name=value" lines; exits 1 if a record was wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact.h"
#include "qmap.h"
#include "rec.h"
#include "sent.h"

#define THREADS	8
#define DEVICES	8

enum how { BLOCK, POLL, EPOLL, ENOUGH };

static const char *device, *ledger_path, *numbers_path;
static enum how how;
static size_t buf_size = 65536;
static u64 stop_after = ~0ull, kill_after;
static int idle_ms = -1;
static volatile sig_atomic_t stopped;
static struct reader readers[THREADS];
static u64 reads[THREADS], taken;
static int saw_eof, mapping, is_log;
static u64 overtaken;
static int vectored;
static const struct exact *exact;
static struct exact_seen exact_seen[THREADS];
static struct sent_list *sent_list;
static u32 from[DEVICES], n_from;
static u64 answers[SENT_ANSWERS], strangers;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

static void print_bytes(const u8 *p, u32 n)
{
	u32 i;

	printf("#");
	for (i = 0; i < n && i < 96; i++)
		printf(" %02x", p[i]);
	putchar('\n');
}

/* Is it one of those that were sent?  Elsewhere the stack makes packets of its own. */
static void look_up(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	struct reader *r = arg;
	enum sent_answer answer;
	u32 i;

	if (exact)
		exact_check(exact, &exact_seen[r - readers], r, rec, payload);
	if (!sent_list || rec->type != TQUEUE_RECORD_PACKET)
		return;
	answer = sent_find(sent_list, rec, payload);
	answers[answer]++;
	if (answer != SENT_OTHER || (rec->hook != TQUEUE_HOOK_INGRESS &&
				     rec->hook != TQUEUE_HOOK_PREROUTING &&
				     rec->hook != TQUEUE_HOOK_FORWARD))
		return;
	for (i = 0; i < n_from; i++)
		if (rec->iif == from[i]) {
			rec_bad(r, "nobody has sent it: iif %u hook %u flags %#x caplen %u origlen %u mac_len %u",
				rec->iif, rec->hook, rec->flags, rec->caplen, rec->origlen, rec->mac_len);
			if (strangers++ < 5)
				print_bytes(payload, rec->caplen);
		}
}

static int open_device(int flags)
{
	int fd = strcmp(device, "-") ? open(device, (mapping ? O_RDWR : O_RDONLY) | O_CLOEXEC | flags) : dup(0);

	if (fd < 0)
		die_errno("%s", device);
	if (!strcmp(device, "-") && flags && fcntl(fd, F_SETFL, flags))
		die_errno("F_SETFL");
	return fd;
}

static int open_epoll(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep;

	if (how != EPOLL)
		return -1;
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
		die_errno("epoll");
	return ep;
}

/* 1: try again, 0: idle for too long or told to stop */
static int wait_for_more(int fd, int ep)
{
	struct pollfd pfd = { fd, how == ENOUGH ? POLLRDBAND : POLLIN, 0 };
	struct epoll_event ev;
	int n = ep < 0 ? poll(&pfd, 1, idle_ms) : epoll_wait(ep, &ev, 1, idle_ms);

	if (n < 0 && errno != EINTR)
		die_errno("poll");
	return n != 0 && !stopped;
}

static ssize_t read_some(int fd, u8 *buf, size_t size)
{
	const size_t third = size / 3;
	struct iovec iov[] = {
		{ buf, third }, { buf + third, third }, { buf + 2 * third, size - 2 * third },
	};

	return vectored ? readv(fd, iov, ARRAY_SIZE(iov)) : read(fd, buf, size);
}

static ssize_t next_read(int fd, int ep, u8 *buf, size_t size)
{
	for (;;) {
		ssize_t n = read_some(fd, buf, size);

		if (n >= 0 || stopped)
			return n;
		if (errno == EINTR)
			continue;
		if (is_log && errno == EPIPE) {
			overtaken++;
			continue;
		}
		if (errno != EAGAIN)
			die_errno("read");
		if (!wait_for_more(fd, ep))
			return -1;
	}
}

static void *reading(void *arg)
{
	struct reader *r = arg;
	int wait = how != BLOCK || idle_ms >= 0;
	int fd = open_device(wait ? O_NONBLOCK : 0);
	int ep = open_epoll(fd);
	u8 *buf = xcalloc(1, buf_size);
	ssize_t n;

	while (__atomic_load_n(&taken, __ATOMIC_RELAXED) < stop_after) {
		u64 before = r->records;

		n = next_read(fd, ep, buf, buf_size);
		if (n == 0)
			__atomic_store_n(&saw_eof, 1, __ATOMIC_RELAXED);
		if (n <= 0)
			break;
		if ((size_t)n > buf_size)
			rec_bad(r, "read says %zd of %zu", n, buf_size);
		reads[r - readers]++;
		rec_parse(r, buf, (size_t)n, 0, look_up, r);
		__atomic_fetch_add(&taken, r->records - before, __ATOMIC_RELAXED);
	}
	if (ep >= 0)
		close(ep);
	close(fd);
	free(buf);
	return NULL;
}

/* Every record that is there; how many bytes. */
static u64 take_mapped(struct reader *r, const struct qmap *m)
{
	u64 sum = 0;
	u32 slot;

	for (slot = 0; slot < m->info->rings; slot++) {
		const u8 *at;
		u32 len = qmap_peek(m, slot, &at);

		if (!len)
			continue;
		if (len > m->info->ring_size)
			rec_bad(r, "%u bytes in a ring of %u", len, m->info->ring_size);
		else if (rec_parse(r, at, len, 0, look_up, r) != len)
			rec_bad(r, "slot %u: %u bytes, not all of them records", slot, len);
		qmap_release(m, slot, len);
		reads[0]++;
		sum += len;
	}
	return sum;
}

/* 1: try again, 0: idle, told to stop, or the end */
static int wait_mapped(int fd, int ep)
{
	struct pollfd pfd = { fd, how == ENOUGH ? POLLRDBAND : POLLIN, 0 };
	struct epoll_event ev = { 0 };
	int n = ep < 0 ? poll(&pfd, 1, idle_ms) : epoll_wait(ep, &ev, 1, idle_ms);

	if (n < 0 && errno != EINTR)
		die_errno("poll");
	saw_eof = pfd.revents & POLLHUP || ev.events & EPOLLHUP;
	return n != 0 && !stopped;
}

static void read_mapped(struct reader *r)
{
	int fd = open_device(0);
	int ep = open_epoll(fd);
	int go_on = 1;
	struct qmap m;

	if (qmap_open(&m, fd))
		die_errno("mmap");
	for (;;) {
		while (!stopped && r->records < stop_after && take_mapped(r, &m))
			;
		/* Not before the rings were looked into once more. */
		if (!go_on || saw_eof || r->records >= stop_after)
			break;
		go_on = wait_mapped(fd, ep);
	}
	qmap_close(&m);
	close(fd);
}

/* Every read gets a fresh piece of memory that is shared with the parent, so
 * nothing is in doubt when the reader dies between a read and its return.
 */
struct arena {
	size_t	used;
	u8	bytes[] __attribute__((aligned(8)));
};

static void victim(struct arena *a, size_t size)
{
	int fd = open_device(0);

	while (a->used + buf_size <= size) {
		ssize_t n = read(fd, a->bytes + a->used, buf_size);

		if (n <= 0)
			break;
		__atomic_store_n(&a->used, a->used + (size_t)n, __ATOMIC_RELEASE);
	}
	for (;;)
		pause();
}

static void read_and_kill(struct reader *r)
{
	size_t size = kill_after + (64u << 20);
	struct arena *a = mmap(NULL, sizeof(*a) + size, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	u64 end = now_ns() + 120 * 1000000000ull;
	int status;
	pid_t pid;

	if (a == MAP_FAILED)
		die_errno("mmap");
	pid = fork();
	if (pid < 0)
		die_errno("fork");
	if (!pid) {
		victim(a, size);
		_exit(0);
	}
	while (__atomic_load_n(&a->used, __ATOMIC_ACQUIRE) < kill_after && now_ns() < end)
		usleep(500);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		rec_bad(r, "the reader ended by itself");
	if (a->used < kill_after)
		rec_bad(r, "only %zu bytes came", a->used);
	rec_parse(r, a->bytes, size, 1, NULL, NULL);
}

static void put_ledger(const char *path, const struct ledger *l)
{
	FILE *f = fopen(path, "a");

	if (!f || fwrite(l->span, sizeof(*l->span), l->n, f) != l->n || fclose(f))
		die_errno("%s", path);
}

static void get_ledger(struct ledger *l, const char *path)
{
	FILE *f = fopen(path, "r");
	struct span s;

	if (!f)
		die_errno("%s", path);
	while (fread(&s, sizeof(s), 1, f) == 1)
		ledger_add(l, &s);
	fclose(f);
}

static void print_sum(struct ledger *l)
{
	struct ledger_sum sum;
	u64 offered = 0;
	int i;

	ledger_sum(l, &sum);
	for (i = 0; i < REC_CPUS; i++) {
		offered += sum.next[i];
		if (sum.next[i])
			printf("cpu%d=%" PRIu64 "\n", i, sum.next[i]);
	}
	printf("read=%" PRIu64 "\nlost=%" PRIu64 "\nmissing=%" PRIu64 "\ntwice=%" PRIu64
	       "\noffered=%" PRIu64 "\n", sum.read, sum.lost, sum.missing, sum.twice, offered);
}

static int report(unsigned int threads)
{
	static const char *const cause[] = {
		"none", "full", "no_memory", "no_ring", "too_big", "unreadable", "dying",
		"rate_limited", "sampled_out", "nested", "flushed",
	};
	struct reader all = { 0 };
	struct ledger l = { 0 };
	u64 n_reads = 0, disorder = 0;
	unsigned int t, i;

	for (t = 0; t < threads; t++) {
		struct reader *r = &readers[t];

		all.records += r->records;
		all.packets += r->packets;
		all.messages += r->messages;
		all.lost_records += r->lost_records;
		all.bytes += r->bytes;
		all.bad += r->bad;
		all.unmatched += r->unmatched;
		all.generations += r->generations;
		for (i = 0; i < TQUEUE_LOSS_SLOTS; i++)
			all.cause[i] += r->cause[i];
		n_reads += reads[t];
		disorder += exact_seen[t].disorder;
		if (numbers_path)
			put_ledger(numbers_path, &exact_seen[t].numbers);
		for (i = 0; i < r->ledger.n; i++)
			ledger_add(&l, &r->ledger.span[i]);
	}
	printf("records=%" PRIu64 "\npackets=%" PRIu64 "\nmessages=%" PRIu64 "\nlost_records=%" PRIu64
	       "\nbytes=%" PRIu64 "\nreads=%" PRIu64 "\nunmatched=%" PRIu64 "\neof=%d\n",
	       all.records, all.packets, all.messages, all.lost_records, all.bytes, n_reads,
	       all.unmatched, saw_eof);
	if (readers[0].check_sets)
		printf("generations=%" PRIu64 "\n", all.generations);
	for (i = 0; i < ARRAY_SIZE(cause); i++)
		if (all.cause[i])
			printf("lost_%s=%" PRIu64 "\n", cause[i], all.cause[i]);
	if (is_log)
		printf("overtaken=%" PRIu64 "\n", overtaken);
	print_sum(&l);
	if (sent_list)
		printf("same=%" PRIu64 "\nchanged=%" PRIu64 "\nshort=%" PRIu64 "\nother=%" PRIu64
		       "\nstrangers=%" PRIu64 "\n", answers[SENT_SAME], answers[SENT_CHANGED],
		       answers[SENT_SHORT], answers[SENT_OTHER], strangers);
	if (exact)
		printf("disorder=%" PRIu64 "\n", disorder);
	printf("bad=%" PRIu64 "\n", all.bad);
	if (ledger_path)
		put_ledger(ledger_path, &l);
	return all.bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct sigaction term = { .sa_handler = on_term };
	pthread_t thread[THREADS];
	unsigned int threads = 1, t;
	int opt, merge = 0, start = 0, sets = 0, raw = 0;
	u32 queue = 0;

	while ((opt = getopt(argc, argv, "t:b:w:n:i:l:k:gq:smMorvS:F:E:L:")) != -1) {
		switch (opt) {
		case 't':
			threads = (unsigned int)number(optarg);
			break;
		case 'b':
			buf_size = number(optarg);
			break;
		case 'w':
			how = optarg[0] == 'b' ? BLOCK : optarg[0] == 'p' ? POLL :
			      optarg[1] == 'n' ? ENOUGH : EPOLL;
			break;
		case 'n':
			stop_after = number(optarg);
			break;
		case 'i':
			idle_ms = (int)number(optarg);
			break;
		case 'l':
			ledger_path = optarg;
			break;
		case 'k':
			kill_after = number(optarg);
			break;
		case 'g':
			sets = 1;
			break;
		case 'q':
			queue = (u32)number(optarg);
			break;
		case 's':
			start = 1;
			break;
		case 'M':
			mapping = 1;
			break;
		case 'o':
			is_log = 1;
			break;
		case 'r':
			raw = 1;
			break;
		case 'v':
			vectored = 1;
			break;
		case 'E': {
			static struct exact e;

			exact_parse(&e, optarg);
			exact = &e;
			break;
		}
		case 'L':
			numbers_path = optarg;
			break;
		case 'S':
			sent_list = sent_open(optarg);
			break;
		case 'F':
			if (n_from == DEVICES)
				die("too many devices");
			from[n_from++] = (u32)number(optarg);
			break;
		case 'm':
			merge = 1;
			break;
		default:
			die("see the head of tqread.c");
		}
	}
	if (merge) {
		struct ledger l = { 0 };

		for (; optind < argc; optind++)
			get_ledger(&l, argv[optind]);
		print_sum(&l);
		return 0;
	}
	if (argc - optind != 1 || !threads || threads > THREADS || (sent_list && threads > 1))
		die("one DEVICE, 1 to %d threads", THREADS);
	device = argv[optind];
	/* Without SA_RESTART: a signal ends a read that waits. */
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGINT, &term, NULL);
	for (t = 0; t < threads; t++) {
		readers[t].queue = queue;
		readers[t].check_sets = sets;
		readers[t].raw = raw;
	}
	if (start) {
		char c;

		if (read(0, &c, 1) != 1)
			die("standard input ended");
	}
	if (kill_after) {
		read_and_kill(&readers[0]);
		return report(1);
	}
	if (mapping) {
		read_mapped(&readers[0]);
		return report(1);
	}
	for (t = 1; t < threads; t++)
		if (pthread_create(&thread[t], NULL, reading, &readers[t]))
			die("no thread");
	reading(&readers[0]);
	/* The others may sleep in read: the signal that stopped one stops all. */
	for (t = 1; t < threads; t++) {
		if (stopped || __atomic_load_n(&taken, __ATOMIC_RELAXED) >= stop_after) {
			stopped = 1;
			while (pthread_tryjoin_np(thread[t], NULL) == EBUSY) {
				pthread_kill(thread[t], SIGTERM);
				usleep(1000);
			}
		} else {
			pthread_join(thread[t], NULL);
		}
	}
	return report(threads);
}
