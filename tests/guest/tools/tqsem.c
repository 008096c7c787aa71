// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqsem - what read, write and poll of a queue promise, one case after another.
 * See sem.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmap.h"
#include "sem.h"

/* ---- cases ---- */

static void case_empty(void)
{
	int fd = dev_open(O_RDONLY | O_NONBLOCK);
	u8 buf[4096];

	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EAGAIN, "%s", strerror(errno));
	CHECK(readable(fd) == 0, "%#x", (unsigned int)readable(fd));
	CHECK(read(fd, buf, 0) <= 0);
	CHECK(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE, "%s", strerror(errno));
	CHECK(pread(fd, buf, sizeof(buf), 0) == -1 && errno == ESPIPE, "%s", strerror(errno));
}

static void case_message(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct iovec v[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
	struct text *t;
	u32 cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		pin_to_cpu((int)cpu);
		put(fd, "hello");
		CHECK(readable(fd) & POLLIN);
		t = take(fd, 4096);
		CHECK(t->records == 1 && !strcmp(t->got, "hello"), "%u \"%s\"", t->records, t->got);
		CHECK(t->cpu == cpu, "%u", t->cpu);
		CHECK(!readable(fd));
	}
	/* One call, one record. */
	CHECK(writev(fd, v, 3) == 5, "%s", strerror(errno));
	put(fd, "f");
	t = take(fd, 4096);
	CHECK(t->records == 2 && !strcmp(t->got, "abcdef"), "%u \"%s\"", t->records, t->got);
}

static void case_small_buffer(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	size_t one = HDR + 104;		/* of 101 bytes */
	char text[102];
	u8 buf[1024];
	struct iovec v[2] = { { buf, 100 }, { buf + 100, one - 100 } };
	struct text *t;
	ssize_t n;
	size_t size;

	memset(text, 'x', 101);
	text[101] = 0;
	pin_to_cpu(0);
	put(fd, text);
	put(fd, text);
	for (size = 1; size < one; size += size < HDR ? HDR - 1 : 1)
		CHECK(read(fd, buf, size) == -1 && errno == EINVAL, "%zu: %s", size, strerror(errno));
	/* Neither a record too many nor a part of one. */
	t = take(fd, one + one - 1);
	CHECK(t->records == 1, "%u", t->records);
	n = readv(fd, v, 2);
	CHECK(n == (ssize_t)one, "%zd %s", n, strerror(errno));
	parse(buf, n, NULL, NULL);
	CHECK(!readable(fd));
	put(fd, text);
	put(fd, text);
	t = take(fd, 4096);
	CHECK(t->records == 2, "%u", t->records);
}

static void case_bad_address(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct text *t;

	put(fd, "stays");
	CHECK(syscall(SYS_read, fd, 8L, 4096L) == -1 && errno == EFAULT, "%s", strerror(errno));
	t = take(fd, 4096);
	CHECK(t->records == 1 && !strcmp(t->got, "stays"), "%u \"%s\"", t->records, t->got);
	CHECK(syscall(SYS_write, fd, 8L, 10L) == -1 && errno == EFAULT, "%s", strerror(errno));
	put(fd, "next");
	t = take(fd, 4096);
	CHECK(t->records == 1 && !strcmp(t->got, "next"), "%u \"%s\"", t->records, t->got);
}

static void case_block(void)
{
	static struct call c;
	struct text t = { 0 };

	c.fd = dev_open(O_RDWR);
	c.size = sizeof(c.buf);
	call_start(&c);
	put(c.fd, "wake");
	call_end(&c);
	CHECK(c.ret > 0, "%zd %s", c.ret, strerror(c.err));
	parse(c.buf, c.ret, add_text, &t);
	CHECK(!strcmp(t.got, "wake"), "\"%s\"", t.got);
}

static void case_poll(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	int other = dev_open(O_RDONLY | O_NONBLOCK);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, other, &ev))
		die_errno("epoll");
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "%#x", (unsigned int)p.revents);
	CHECK(epoll_wait(ep, &ev, 1, 0) == 0);
	put(fd, "x");
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLOUT), "%#x", (unsigned int)p.revents);
	CHECK(epoll_wait(ep, &ev, 1, HANG_S * 1000) == 1 && ev.events == EPOLLIN, "%#x", ev.events);
	CHECK(readable(other) == POLLIN);
	take(fd, 4096);
	CHECK(readable(other) == 0);
}

static void case_poll_wakes(void)
{
	static struct call c;

	c.fd = dev_open(O_RDWR);
	poll_start(&c);
	put(c.fd, "x");
	call_end(&c);
	CHECK(c.ret == 1 && c.err == POLLIN, "%zd %#x", c.ret, (unsigned int)c.err);
}

/* What poll says to who wants the watermark or the flush interval. */
static short enough(int fd, int ms)
{
	struct pollfd p = { fd, POLLRDBAND, 0 };

	if (poll(&p, 1, ms) < 0)
		die_errno("poll");
	return p.revents;
}

#define MARK	4096
#define ONE	(HDR + 8)

/* So many more that the next reaches the mark. */
static void put_all_but_one(int fd, size_t there)
{
	for (; (there + 1) * ONE < MARK; there++)
		put(fd, "x");
}

static void case_enough(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct pollfd p = { fd, POLLIN | POLLRDBAND, 0 };
	u64 start, ms;

	pin_to_cpu(0);
	tqctl("queue set q watermark 4K flush 60s");
	CHECK(enough(fd, 0) == 0);
	put(fd, "x");
	CHECK(enough(fd, 50) == 0 && readable(fd) == POLLIN);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN, "%#x", (unsigned int)p.revents);
	put_all_but_one(fd, 1);
	CHECK(enough(fd, 50) == 0);
	put(fd, "x");
	CHECK(enough(fd, 0) == POLLRDBAND);
	take(fd, 65536);
	CHECK(enough(fd, 0) == 0);

	/* It was there before anybody asked, and no other comes. */
	tqctl("queue set q flush 300ms");
	put(fd, "x");
	start = now_ns();
	CHECK(enough(fd, HANG_S * 1000) == POLLRDBAND);
	ms = (now_ns() - start) / 1000000;
	CHECK(ms < 10000, "%llu ms", (unsigned long long)ms);
	CHECK(enough(fd, 0) == POLLRDBAND);
	take(fd, 4096);
	start = now_ns();
	put(fd, "x");
	CHECK(enough(fd, HANG_S * 1000) == POLLRDBAND);
	ms = (now_ns() - start) / 1000000;
	CHECK(ms >= 299, "%llu ms", (unsigned long long)ms);
}

/* Asleep, with some there already. */
static void case_enough_wakes(void)
{
	static struct call c = { .events = POLLRDBAND };
	struct epoll_event ev = { .events = EPOLLRDBAND | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	u64 start;

	pin_to_cpu(0);
	tqctl("queue set q watermark 4K flush 60s");
	c.fd = dev_open(O_RDWR);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &ev))
		die_errno("epoll");
	put_all_but_one(c.fd, 0);
	CHECK(epoll_wait(ep, &ev, 1, 0) == 0);
	start = now_ns();
	poll_start(&c);
	put(c.fd, "x");
	call_end(&c);
	CHECK(now_ns() - start < 30 * 1000000000ull);	/* by the mark, not by the interval */
	CHECK(c.ret == 1 && c.err == POLLRDBAND, "%zd %#x", c.ret, (unsigned int)c.err);
	CHECK(epoll_wait(ep, &ev, 1, HANG_S * 1000) == 1 && ev.events == EPOLLRDBAND, "%#x", ev.events);
	tqctl("queue del q");
	CHECK(enough(c.fd, 0) == (POLLRDBAND | POLLHUP));
	take(c.fd, 65536);
	CHECK(enough(c.fd, 0) == POLLHUP);
}

/* Asleep, then one record; woken after COMMAND, or without one. */
static void woken(int fd, short events, const char *command)
{
	static struct call c;
	sigset_t child, was;
	u64 start;

	memset(&c, 0, sizeof(c));
	c.events = events;
	c.fd = fd;
	/* Or tqctl's end wakes the other thread, for system() blocks this in ours only. */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &was);
	poll_start(&c);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	put(fd, "x");
	start = now_ns();
	if (command)
		tqctl(command);
	call_end(&c);
	command = command ?: "after it";
	CHECK(now_ns() - start < 30 * 1000000000ull, "%s", command);
	CHECK(c.ret == 1 && c.err == events, "%s: %zd %#x", command, c.ret, (unsigned int)c.err);
	take(fd, 4096);
}

/* Asleep by settings that then change: who was is woken, and so is who is next. */
static void woken_by(short events, const char *command)
{
	int fd;

	tqctl("queue set q watermark 4K flush 60s");
	fd = dev_open(O_RDWR);
	woken(fd, events, command);
	woken(fd, events, NULL);
	close(fd);
}

static void case_settings_wake(void)
{
	woken_by(POLLIN, "queue set q flush 1ms");
	woken_by(POLLRDBAND, "queue set q flush 1ms");
	woken_by(POLLRDBAND, "queue set q watermark 1");
}

/* By its own tail, whatever that says; to others, that they can't read. */
static void case_enough_mapped(void)
{
	int fd = dev_open(O_RDWR), other = dev_open(O_RDONLY);
	struct qmap m;
	const u8 *records;
	u32 len;

	pin_to_cpu(0);
	tqctl("queue set q watermark 4K flush 60s");
	put_all_but_one(fd, 0);
	CHECK(enough(fd, 0) == 0 && enough(other, 0) == 0);
	put(fd, "x");
	CHECK(enough(fd, 0) == POLLRDBAND && enough(other, 0) == POLLRDBAND);
	if (qmap_open(&m, fd))
		die_errno("mmap");
	CHECK(enough(fd, 0) == POLLRDBAND);
	len = qmap_peek(&m, 0, &records);
	CHECK(len == (MARK / ONE + 1) * ONE, "%u", len);
	qmap_release(&m, 0, len - ONE);
	CHECK(enough(fd, 50) == 0);
	CHECK(enough(other, 0) == POLLRDBAND);
	/* In the middle of a record, at no multiple of 8, ahead. */
	m.cons[0]->tail += 8;
	enough(fd, 1);
	m.cons[0]->tail += 3;
	enough(fd, 1);
	m.cons[0]->tail += 1 << 20;
	enough(fd, 1);
	qmap_close(&m);
}

static volatile sig_atomic_t signals;

static void on_usr1(int sig)
{
	(void)sig;
	signals++;
}

static void case_signal(void)
{
	struct sigaction sa = { .sa_handler = on_usr1 };
	static struct call c;
	struct text t = { 0 };

	c.fd = dev_open(O_RDWR);
	c.size = sizeof(c.buf);
	sigaction(SIGUSR1, &sa, NULL);
	call_start(&c);
	pthread_kill(c.thread, SIGUSR1);
	call_end(&c);
	CHECK(c.ret == -1 && c.err == EINTR, "%zd %s", c.ret, strerror(c.err));

	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	call_start(&c);
	pthread_kill(c.thread, SIGUSR1);
	while (signals < 2)
		usleep(100);
	wait_asleep(c.tid);
	put(c.fd, "later");
	call_end(&c);
	CHECK(c.ret > 0, "%zd %s", c.ret, strerror(c.err));
	parse(c.buf, c.ret, add_text, &t);
	CHECK(!strcmp(t.got, "later"), "\"%s\"", t.got);
}

static void case_sigio(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct sigaction sa = { .sa_handler = on_usr1 };
	int i;

	sigaction(SIGIO, &sa, NULL);
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC))
		die_errno("O_ASYNC");
	put(fd, "x");
	for (i = 0; i < HANG_S * 1000 && !signals; i++)
		usleep(1000);
	CHECK(signals > 0);
}

/* How many bytes one message may have: by the uapi a record is at most a
 * quarter of a ring.
 */
static size_t message_max(int fd)
{
	static char big[RING];
	size_t size = RING / 4 - HDR;

	memset(big, 'm', sizeof(big));
	CHECK(write(fd, big, size + 1) == -1 && errno == EMSGSIZE, "%s", strerror(errno));
	CHECK(write(fd, big, RING) == -1 && errno == EMSGSIZE, "%s", strerror(errno));
	CHECK(write(fd, big, size) == (ssize_t)size, "%s", strerror(errno));
	return size;
}

static void case_message_size(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	size_t size = message_max(fd);
	struct text *t = take(fd, 65536);

	CHECK(t->records == 1 && strlen(t->got) == size, "%u %zu", t->records, strlen(t->got));
}

static void case_full(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	unsigned int n, sum = 0, round;

	pin_to_cpu(0);
	for (round = 0; round < 20; round++) {
		size_t size = 1 + round * 37;

		n = fill(fd, size);
		/* No more than fits, and not much less (one record is a quarter). */
		CHECK(n * ((HDR + size + 7) & ~7u) <= RING, "%u of %zu", n, size);
		CHECK((n + 1) * ((HDR + size + 7) & ~7u) > RING * 3 / 4, "%u of %zu", n, size);
		for (sum = 0; readable(fd); )
			sum += take(fd, 3000)->records;
		CHECK(sum == n, "%u of %u", sum, n);
	}
}

static void case_full_block(void)
{
	static struct call c;
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	unsigned int n, sum = 0;

	pin_to_cpu(0);		/* the thread below inherits it: the same ring */
	n = fill(fd, 500);
	c.fd = dev_open(O_RDWR);
	c.is_write = 1;
	c.size = 500;
	call_start(&c);
	while (sum < n + 1) {
		struct pollfd p = { fd, POLLIN, 0 };

		if (poll(&p, 1, HANG_S * 1000) != 1)
			die("the waiting message never came");
		sum += take(fd, 4096)->records;
	}
	call_end(&c);
	CHECK(c.ret == 500, "%zd %s", c.ret, strerror(c.err));
}

static void case_order(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	char text[8];
	int i, next = 0;

	pin_to_cpu(1);
	while (next < 2000) {
		for (i = 0; i < 50; i++) {
			snprintf(text, sizeof(text), "%05d", next + i);
			put(fd, text);
		}
		while (readable(fd)) {
			struct text *t = take(fd, 1000);
			char *at;

			for (at = t->got; *at; at += 5, next++)
				CHECK(strtol(strndupa(at, 5), NULL, 10) == next, "%.5s %d", at, next);
		}
		if (sem_failed)
			return;
	}
}

/* Some virtual machines have but the timer's tick for a clock. */
static void wait_for_clock(void)
{
	struct timespec was, now;

	clock_gettime(CLOCK_MONOTONIC, &was);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec == was.tv_sec && now.tv_nsec == was.tv_nsec);
}

static void case_two_cpus(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct text *t;
	int i;

	/* By time across rings, when nobody writes meanwhile. */
	for (i = 0; i < 8; i++) {
		char text[2] = { (char)('a' + i), 0 };

		pin_to_cpu(i & 1);
		put(fd, text);
		wait_for_clock();
	}
	t = take(fd, 65536);
	CHECK(!strcmp(t->got, "abcdefgh"), "\"%s\"", t->got);
}

static void case_delete(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct pollfd p = { fd, POLLIN, 0 };
	struct text *t;
	u8 buf[64];

	put(fd, "rest");
	tqctl("queue del q");
	CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP), "%#x", (unsigned int)p.revents);
	CHECK(write(fd, "x", 1) == -1, "a message to a queue that is gone");
	t = take(fd, 4096);
	CHECK(t->records == 1 && !strcmp(t->got, "rest"), "%u \"%s\"", t->records, t->got);
	CHECK(read(fd, buf, sizeof(buf)) == 0, "%s", strerror(errno));
	CHECK(read(fd, buf, sizeof(buf)) == 0, "%s", strerror(errno));
	CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP), "%#x", (unsigned int)p.revents);
	CHECK(open(sem_device, O_RDONLY) == -1, "the device node of a queue that is gone");
}

static void case_delete_wakes(void)
{
	static struct call c, p;

	c.fd = dev_open(O_RDWR);
	c.size = sizeof(c.buf);
	call_start(&c);
	p.fd = dev_open(O_RDONLY);
	if (pthread_create(&p.thread, NULL, polling, &p))
		die("no thread");
	while (!p.tid)
		usleep(100);
	wait_asleep(p.tid);
	tqctl("queue del q");
	call_end(&c);
	CHECK(c.ret == 0, "%zd %s", c.ret, strerror(c.err));
	call_end(&p);
	CHECK(p.ret == 1 && (p.err & POLLHUP), "%zd %#x", p.ret, (unsigned int)p.err);
}

static void case_delete_wakes_writer(void)
{
	static struct call w;
	int fd = dev_open(O_RDWR | O_NONBLOCK);

	pin_to_cpu(0);
	fill(fd, 500);
	w.fd = dev_open(O_RDWR);
	w.is_write = 1;
	w.size = 500;
	call_start(&w);
	tqctl("queue del q");
	call_end(&w);
	CHECK(w.ret == -1, "%zd", w.ret);
}

static void case_flags(void)
{
	int fd = dev_open(O_RDONLY);
	char path[64];
	u8 buf[4096];
	FILE *f;

	CHECK(write(fd, "x", 1) == -1 && errno == EBADF, "%s", strerror(errno));
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		die_errno("O_NONBLOCK");
	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EAGAIN, "%s", strerror(errno));
	fd = dev_open(O_WRONLY);
	put(fd, "x");
	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EBADF, "%s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	CHECK(f && fread(buf, 1, sizeof(buf), f) > 0);
	if (f)
		fclose(f);
}

static void case_fork(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK), status;
	pid_t pid;

	put(fd, "for the child");
	pid = fork();
	if (!pid) {
		struct text *t = take(fd, 4096);

		CHECK(!strcmp(t->got, "for the child"), "\"%s\"", t->got);
		put(fd, "from the child");
		fflush(stdout);
		_exit(sem_failed);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0, "%#x", (unsigned int)status);
	CHECK(!strcmp(take(fd, 4096)->got, "from the child"));
}

/* Two readers at once: each record reaches exactly one of them. */
static void *race_thread(void *arg)
{
	u64 *seen = arg;
	int fd = dev_open(O_RDONLY);
	u8 *buf = xcalloc(1, 4096);

	for (;;) {
		ssize_t n = read(fd, buf, 4096);
		ssize_t at;

		if (n <= 0)
			return NULL;
		for (at = 0; at < n; ) {
			struct tqueue_record rec;
			int i;

			memcpy(&rec, buf + at, sizeof(rec));
			memcpy(&i, buf + at + rec.hdr_len, sizeof(i));
			if (rec.type == TQUEUE_RECORD_MESSAGE)
				__atomic_fetch_add(&seen[i], 1, __ATOMIC_RELAXED);
			at += rec.len;
		}
	}
}

#define RACE_N 4000

static void case_two_readers(void)
{
	static u64 seen[RACE_N];
	pthread_t t[3];
	int fd = dev_open(O_WRONLY), i;

	for (i = 0; i < 3; i++)
		if (pthread_create(&t[i], NULL, race_thread, seen))
			die("no thread");
	for (i = 0; i < RACE_N; i++)
		if (write(fd, &i, sizeof(i)) != sizeof(i))
			die_errno("write");
	close(fd);
	tqctl("queue del q");
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < RACE_N; i++)
		CHECK(seen[i] == 1, "message %d: %" PRIu64 " times", i, seen[i]);
}

/* Many sleeps and wake-ups: none may be lost. */
static void case_ping(void)
{
	static struct call c;
	int fd = dev_open(O_RDWR);
	int i;

	for (i = 0; i < 300 && !sem_failed; i++) {
		c.fd = fd;
		c.size = sizeof(c.buf);
		c.tid = 0;
		if (pthread_create(&c.thread, NULL, calling, &c))
			die("no thread");
		if (i & 1)
			sched_yield();
		put(fd, "ping");
		call_end(&c);
		CHECK(c.ret > 0, "%zd %s", c.ret, strerror(c.err));
	}
}

static const struct sem_case table[] = {
#define C(x) { #x, case_ ## x }
	C(empty), C(message), C(small_buffer), C(bad_address), C(block), C(poll), C(enough),
	C(enough_wakes), C(enough_mapped), C(settings_wake),
	C(poll_wakes), C(signal), C(sigio), C(message_size), C(full), C(full_block),
	C(order), C(two_cpus), C(flags), C(fork), C(ping), C(two_readers),
	C(delete), C(delete_wakes), C(delete_wakes_writer),
};

int main(int argc, char **argv)
{
	return sem_main(argc, argv, table, ARRAY_SIZE(table));
}
