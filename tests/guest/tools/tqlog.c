// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqlog - what a queue of mode log promises, one case after another.  See sem.h.
 *
 *   tqlog flood DEVICE READERS
 *	so many readers at different speeds, until SIGTERM: each
 *	sees whole records only, of each CPU by growing number, and accounts for
 *	what it was overtaken by.  Prints "name=value" lines.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sem.h"

static void count(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	(void)payload;
	*(u64 *)arg = rec->seq;
}

static void must_read(int fd, const char *text)
{
	const char *got = take(fd, 65536)->got;

	CHECK(!strcmp(got, text), "\"%s\"", got);
}

static int nothing(int fd)
{
	u8 buf[4096];

	return read(fd, buf, sizeof(buf)) == -1 && errno == EAGAIN;
}

static void case_each_its_own(void)
{
	int a = dev_open(O_RDWR | O_NONBLOCK), b = dev_open(O_RDONLY | O_NONBLOCK), c;

	pin_to_cpu(0);
	CHECK(nothing(a) && nothing(b));
	put(a, "one");
	put(a, "two");
	must_read(a, "onetwo");
	CHECK(nothing(a));
	must_read(b, "onetwo");
	/* Who comes later begins at the oldest. */
	c = dev_open(O_RDONLY | O_NONBLOCK);
	put(a, "three");
	must_read(c, "onetwothree");
	must_read(a, "three");
	must_read(b, "three");
	CHECK(nothing(a) && nothing(b) && nothing(c));
	CHECK(!readable(a) && !readable(b));
	put(a, "x");
	CHECK(readable(a) == POLLIN && readable(b) == POLLIN);
	must_read(a, "x");
	CHECK(readable(a) == 0 && readable(b) == POLLIN);
}

static void case_seek(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	u8 buf[64];

	pin_to_cpu(0);
	put(fd, "a");
	put(fd, "b");
	must_read(fd, "ab");
	CHECK(lseek(fd, 0, SEEK_SET) == 0, "%s", strerror(errno));
	must_read(fd, "ab");
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(lseek(fd, 0, SEEK_END) == 0, "%s", strerror(errno));
	CHECK(nothing(fd) && !readable(fd));
	put(fd, "c");
	must_read(fd, "c");
	CHECK(lseek(fd, 1, SEEK_SET) == -1 && errno == ESPIPE, "%s", strerror(errno));
	CHECK(lseek(fd, -1, SEEK_END) == -1 && errno == ESPIPE, "%s", strerror(errno));
	CHECK(lseek(fd, 0, SEEK_CUR) == -1 && errno == EINVAL, "%s", strerror(errno));
	CHECK(lseek(fd, 0, SEEK_DATA) == -1 && errno == EINVAL, "%s", strerror(errno));
	CHECK(pread(fd, buf, sizeof(buf), 0) == -1 && errno == ESPIPE, "%s", strerror(errno));
	must_read((lseek(fd, 0, SEEK_SET), fd), "abc");
}

/* So many messages of 100 bytes that all before them are gone. */
static void lap(int fd)
{
	char text[101];
	int i;

	memset(text, 'l', 100);
	text[100] = 0;
	for (i = 0; i < (int)(2 * RING / (HDR + 104)); i++)
		put(fd, text);
}

static void case_overtaken(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK), fast = dev_open(O_RDONLY | O_NONBLOCK), i;
	static u8 buf[1 << 20] __attribute__((aligned(8)));
	u64 last = 0;
	ssize_t n;

	pin_to_cpu(0);
	put(fd, "first");
	must_read(fast, "first");
	for (i = 0; i < 3; i++) {
		lap(fd);
		CHECK(readable(fd) == POLLIN);
		CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EPIPE, "%s", strerror(errno));
		n = read(fd, buf, sizeof(buf));
		CHECK(n > RING * 3 / 4 && n <= RING, "%zd %s", n, strerror(errno));
		parse(buf, n, count, &last);
		CHECK(nothing(fd));
	}
	CHECK(last == (u64)i * (2 * RING / (HDR + 104)), "%" PRIu64, last);
	/* Others are overtaken on their own account. */
	CHECK(read(fast, buf, sizeof(buf)) == -1 && errno == EPIPE, "%s", strerror(errno));
	CHECK(read(fast, buf, sizeof(buf)) == n);
	/* An overtaken reader that seeks has nothing to be told. */
	lap(fd);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(read(fd, buf, sizeof(buf)) == n, "%s", strerror(errno));
	lap(fd);
	CHECK(lseek(fd, 0, SEEK_END) == 0 && nothing(fd));
	/* Two rings at once: told once. */
	lap(fd);
	pin_to_cpu(1);
	lap(fd);
	lap(fd);
	CHECK(lseek(fast, 0, SEEK_SET) == 0);
	lap(fd);
	pin_to_cpu(0);
	lap(fd);
	CHECK(read(fast, buf, sizeof(buf)) == -1 && errno == EPIPE, "%s", strerror(errno));
	n = read(fast, buf, sizeof(buf));
	CHECK(n > 2 * RING * 3 / 4, "%zd %s", n, strerror(errno));
	parse(buf, n, NULL, NULL);
	CHECK(nothing(fast));
}

static void case_small_buffer(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	u8 buf[256];

	pin_to_cpu(0);
	put(fd, "12345678");
	put(fd, "abc");
	CHECK(read(fd, buf, HDR + 7) == -1 && errno == EINVAL, "%s", strerror(errno));
	CHECK(syscall(SYS_read, fd, 8L, 4096L) == -1 && errno == EFAULT, "%s", strerror(errno));
	CHECK(take(fd, HDR + 8 + 50)->records == 1);
	must_read(fd, "abc");
}

static void case_never_waits(void)
{
	int fd = dev_open(O_RDWR), i;
	struct pollfd p = { fd, POLLOUT, 0 };

	for (i = 0; i < 20; i++) {
		pin_to_cpu(i & 1);
		CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "%#x", (unsigned int)p.revents);
		lap(fd);
	}
}

static void case_wakes(void)
{
	static struct call c, p;
	struct text t = { 0 };
	int i, fd = dev_open(O_RDWR);

	for (i = 0; i < 100 && !sem_failed; i++) {
		c.fd = dev_open(O_RDONLY);
		c.size = sizeof(c.buf);
		lseek(c.fd, 0, SEEK_END);
		p.fd = dev_open(O_RDONLY);
		lseek(p.fd, 0, SEEK_END);
		p.tid = c.tid = 0;
		if (pthread_create(&c.thread, NULL, calling, &c) ||
		    pthread_create(&p.thread, NULL, polling, &p))
			die("no thread");
		if (i & 1) {
			while (!c.tid || !p.tid)
				usleep(100);
			wait_asleep(c.tid);
			wait_asleep(p.tid);
		} else {
			/* Or a reader may begin after the record has come. */
			while (!c.tid || !p.tid)
				;
		}
		put(fd, "wake");
		call_end(&c);
		call_end(&p);
		memset(&t, 0, sizeof(t));
		CHECK(c.ret > 0, "%zd %s", c.ret, strerror(c.err));
		parse(c.buf, c.ret, add_text, &t);
		CHECK(!strcmp(t.got, "wake"), "\"%s\"", t.got);
		CHECK(p.ret == 1 && p.err == POLLIN, "%zd %#x", p.ret, (unsigned int)p.err);
		close(c.fd);
		close(p.fd);
	}
}

static void case_epoll_edge(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK), ep = epoll_create1(EPOLL_CLOEXEC), i;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
		die_errno("epoll");
	for (i = 0; i < 200; i++) {
		put(fd, "x");
		CHECK(epoll_wait(ep, &ev, 1, HANG_S * 1000) == 1);
		must_read(fd, "x");
		if (i & 1)
			CHECK(nothing(fd));
	}
}

static void case_deleted(void)
{
	static struct call c;
	int fd = dev_open(O_RDWR | O_NONBLOCK), late = dev_open(O_RDONLY);
	u8 buf[64];

	put(fd, "rest");
	c.fd = dev_open(O_RDONLY);
	c.size = sizeof(c.buf);
	lseek(c.fd, 0, SEEK_END);
	call_start(&c);
	tqctl("queue del q");
	call_end(&c);
	CHECK(c.ret == 0, "%zd %s", c.ret, strerror(c.err));
	must_read(late, "rest");
	CHECK(read(late, buf, sizeof(buf)) == 0);
	lseek(late, 0, SEEK_SET);
	must_read(late, "rest");
	CHECK(readable(late) & POLLHUP);
	CHECK(write(fd, "x", 1) == -1 && errno == ENXIO, "%s", strerror(errno));
}

static void case_no_map(void)
{
	int fd = dev_open(O_RDWR);

	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV,
	      "%s", strerror(errno));
	CHECK(system("tqctl queue flush q 2>&1 | grep -q 'log'") == 0);
	tqctl("queue set q watermark 1 flush 5ms");
	put(fd, "x");
	must_read(fd, "x");
}

/* ---- change of the ring size ---- */

struct numbers {
	u64	first, last, n;
};

static void note_number(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	struct numbers *s = arg;

	(void)payload;
	if (!s->n)
		s->first = rec->seq;
	else
		CHECK(rec->seq == s->last + 1, "%" PRIu64 " after %" PRIu64, (u64)rec->seq, s->last);
	s->last = rec->seq;
	s->n++;
}

/* All that is there for @fd, up to number @last. */
static struct numbers all_of(int fd, u64 last)
{
	static u8 buf[1 << 20] __attribute__((aligned(8)));
	struct numbers s = { 0 };
	ssize_t n = read(fd, buf, sizeof(buf));

	CHECK(n > 0, "%zd %s", n, strerror(errno));
	parse(buf, n, note_number, &s);
	CHECK(s.last == last && nothing(fd), "%" PRIu64 ", not %" PRIu64, s.last, last);
	return s;
}

static void resize(const char *size)
{
	char command[64];

	snprintf(command, sizeof(command), "queue set q ring %s", size);
	tqctl(command);
}

/* A row of messages that all have this size as records. */
#define ROW_BYTES	(HDR + 104)

static void row(int fd, int n)
{
	char text[101];

	memset(text, 'r', 100);
	text[100] = 0;
	while (n--)
		put(fd, text);
}

static void case_resized(void)
{
	const u64 in_8k = 8192 / ROW_BYTES, in_ring = RING / ROW_BYTES;
	int fd = dev_open(O_RDWR | O_NONBLOCK), behind = dev_open(O_RDONLY | O_NONBLOCK);
	int late, idle;
	static char big[4001];
	u8 buf[64];
	struct numbers s;
	u64 last;

	pin_to_cpu(0);
	row(fd, 10);
	all_of(fd, 9);
	/* Larger: everything stays, and nobody notices. */
	resize("64K");
	row(fd, 5);
	s = all_of(fd, 14);
	CHECK(s.first == 10, "%" PRIu64, s.first);
	s = all_of(behind, 14);
	CHECK(s.first == 0, "%" PRIu64, s.first);
	late = dev_open(O_RDONLY | O_NONBLOCK);
	s = all_of(late, 14);
	CHECK(s.first == 0, "%" PRIu64, s.first);
	/* Full, and smaller: what fits of the newest; who has it before him goes on. */
	row(fd, 1000);
	last = 1014;
	CHECK(lseek(late, 0, SEEK_END) == 0);
	row(fd, 3);
	last += 3;
	idle = dev_open(O_RDONLY | O_NONBLOCK);
	resize("8K");
	s = all_of(late, last);
	CHECK(s.n == 3, "%" PRIu64, s.n);
	CHECK(readable(behind) == POLLIN);
	CHECK(read(behind, buf, sizeof(buf)) == -1 && errno == EPIPE, "%s", strerror(errno));
	s = all_of(behind, last);
	CHECK(s.n == in_8k, "%" PRIu64 ", not %" PRIu64, s.n, in_8k);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	s = all_of(fd, last);
	CHECK(s.n == in_8k, "%" PRIu64, s.n);
	/* Twice in a row, while nobody reads: what was given up does not come back. */
	resize("32K");
	resize("1M");
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	s = all_of(fd, last);
	CHECK(s.n == in_8k, "%" PRIu64, s.n);
	CHECK(nothing(behind) && nothing(late));
	/* Told once, however often it has changed. */
	CHECK(read(idle, buf, sizeof(buf)) == -1 && errno == EPIPE, "%s", strerror(errno));
	s = all_of(idle, last);
	CHECK(s.n == in_8k, "%" PRIu64, s.n);
	/* More than one slice, and written over in the new size. */
	row(fd, 4000);
	last += 4000;
	resize("512K");
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	s = all_of(fd, last);
	CHECK(s.n == 524288 / ROW_BYTES, "%" PRIu64, s.n);
	resize("16K");
	row(fd, 1);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	s = all_of(fd, last + 1);
	CHECK(s.n == in_ring, "%" PRIu64, s.n);
	/* A record that is too large for the new ring, and what is before it. */
	memset(big, 'b', 4000 - HDR);
	put(fd, big);
	row(fd, 2);
	resize("8K");
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	s = all_of(fd, last + 4);
	CHECK(s.n == 2, "%" PRIu64, s.n);
	/* And one whose ring has nothing. */
	put(fd, "one");
	CHECK(lseek(late, 0, SEEK_END) == 0);
	pin_to_cpu(1);
	put(fd, "two");
	must_read(late, "two");
	CHECK(nothing(late) && !readable(late));
	/* Sleepers sleep on, and are woken by what comes. */
	tqctl("queue set q watermark 1");
	{
		static struct call c;

		c.fd = dev_open(O_RDONLY);
		c.size = sizeof(c.buf);
		lseek(c.fd, 0, SEEK_END);
		call_start(&c);
		resize("32K");
		put(fd, "wake");
		call_end(&c);
		CHECK(c.ret == HDR + 8, "%zd %s", c.ret, strerror(c.err));
	}
}

/* ---- flood ---- */

static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

#define UNTIL_THE_END (~0u)	/* a rest: until nothing more will come */

/* Reads until the end of the queue or SIGTERM; @rest microseconds after each
 * read.  @jump: seeks now and then.
 */
static int follow(const char *path, unsigned int number, unsigned int rest, int jump)
{
	static u8 buf[65536] __attribute__((aligned(8)));
	struct reader r = { 0 };
	u64 overtaken = 0, reads = 0, missed = 0, i;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), quiet = 0;
	u8 told[REC_CPUS];
	int cpu;

	if (fd < 0)
		die_errno("%s", path);
	memset(told, 1, sizeof(told));
	while (quiet < 2) {
		struct pollfd p = { fd, POLLIN, 0 };
		u64 seen[REC_CPUS], gap = 0;
		ssize_t n;

		if (jump && reads && reads % 500 == 0 && !stopped) {
			/* All over again: the numbers may go back now. */
			memset(r.next, 0, sizeof(r.next));
			memset(r.mono, 0, sizeof(r.mono));
			lseek(fd, 0, reads % 1000 ? SEEK_SET : SEEK_END);
			memset(told, 1, sizeof(told));
		}
		memcpy(seen, r.next, sizeof(seen));
		n = read(fd, buf, number & 1 ? sizeof(buf) : 2048);
		if (n < 0 && errno == EPIPE) {
			overtaken++;
			memset(told, 1, sizeof(told));
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			/* After the last packet. */
			if (stopped)
				quiet++;
			else if (poll(&p, 1, 1000) < 0 && errno != EINTR)
				die_errno("poll");
			continue;
		}
		if (n <= 0)
			break;
		reads++;
		r.ledger.n = 0;
		if (rec_parse(&r, buf, (size_t)n, 0, NULL, NULL) != (size_t)n)
			rec_bad(&r, "%zd bytes, not all of them records", n);
		/* What is missed lies before the first record of a CPU after the
		 * word of it.
		 */
		for (i = 0; i < r.ledger.n; i++) {
			const struct span *s = &r.ledger.span[i];

			cpu = (int)s->cpu;
			if (s->seq != seen[cpu] && !told[cpu])
				rec_bad(&r, "cpu %d: %" PRIu64 " after %" PRIu64 " without EPIPE",
					cpu, s->seq, seen[cpu]);
			gap += s->seq - seen[cpu];
			seen[cpu] = s->seq + s->n;
			told[cpu] = 0;
		}
		missed += gap;
		while (rest == UNTIL_THE_END && !stopped)
			usleep(10000);
		if (rest && !stopped)
			usleep(rest);
	}
	printf("reader=%u records=%" PRIu64 " lost=%" PRIu64 " missed=%" PRIu64 " overtaken=%" PRIu64
	       " reads=%" PRIu64 " bad=%" PRIu64 "\n", number, r.records, r.lost, missed, overtaken,
	       reads, r.bad);
	if (!jump)
		for (cpu = 0; cpu < REC_CPUS; cpu++)
			if (r.next[cpu])
				printf("next%u_cpu%d=%" PRIu64 "\n", number, cpu, r.next[cpu]);
	printf("account%u=%" PRIu64 "\n", number, r.records + r.lost + missed);
	fflush(stdout);
	return r.bad ? 1 : 0;
}

static int flood(const char *path, unsigned int readers)
{
	static const unsigned int pauses[] = { 0, 300, 5000, 100000, UNTIL_THE_END };
	const struct sigaction term = { .sa_handler = on_term };
	pid_t pid[16];
	int bad = 0, status;
	unsigned int i;

	sigaction(SIGTERM, &term, NULL);
	for (i = 0; i < readers && i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(follow(path, i, pauses[i % ARRAY_SIZE(pauses)], i >= 5));
	}
	while (!stopped)
		usleep(10000);
	for (i = 0; i < readers && i < ARRAY_SIZE(pid); i++)
		kill(pid[i], SIGTERM);
	for (i = 0; i < readers && i < ARRAY_SIZE(pid); i++) {
		waitpid(pid[i], &status, 0);
		bad |= status;
	}
	printf("failed=%d\n", bad);
	return !!bad;
}

static const struct sem_case table[] = {
#define C(x) { #x, case_ ## x }
	C(each_its_own), C(seek), C(overtaken), C(small_buffer), C(never_waits), C(wakes),
	C(epoll_edge), C(deleted), C(no_map), C(resized),
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "flood"))
		return flood(argv[2], (unsigned int)number(argv[3]));
	return sem_main(argc, argv, table, ARRAY_SIZE(table));
}
