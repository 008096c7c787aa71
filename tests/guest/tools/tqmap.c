// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqmap - what a mapping of a queue promises, one case after another.  See sem.h.
 *
 * Nobody can write messages into a queue that is mapped; where a case needs a
 * record then, it sends a packet to 127.0.0.1:2000, for which a rule must stand.
 *
 *   tqmap dirty	fills memory with a pattern and gives it back
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmap.h"
#include "sem.h"

static size_t page;

static void map(struct qmap *m, int fd)
{
	if (qmap_open(m, fd))
		die_errno("mmap");
}

/* A packet of @size bytes of payload, each of them @fill. */
static void packet(u8 fill_byte, size_t size)
{
	static int s = -1;
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(2000),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	u8 payload[2048];

	if (s < 0)
		s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memset(payload, fill_byte, size);
	if (sendto(s, payload, size, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)size)
		die_errno("sendto");
}

/* Records of all slots, consumed; how many. */
static u32 take_all(const struct qmap *m)
{
	struct reader r = { .queue = sem_queue };
	u32 slot;

	for (slot = 0; slot < m->info->rings; slot++) {
		const u8 *at;
		u32 len = qmap_peek(m, slot, &at);

		if (!len)
			continue;
		CHECK(rec_parse(&r, at, len, 0, NULL, NULL) == len);
		qmap_release(m, slot, len);
	}
	CHECK(!r.bad);
	free(r.ledger.span);
	return (u32)r.records;
}

/* One read; how many records, and how many losses they told of. */
static u32 read_some(int fd, u64 *lost)
{
	static u8 buf[65536] __attribute__((aligned(8)));
	struct reader r = { .queue = sem_queue };
	ssize_t n = read(fd, buf, sizeof(buf));

	CHECK(n > 0 && rec_parse(&r, buf, (size_t)n, 0, NULL, NULL) == (size_t)n && !r.bad);
	free(r.ledger.span);
	*lost = r.lost;
	return (u32)r.records;
}

static int wait_readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, HANG_S * 1000) != 1)
		die("nothing to read came");
	return p.revents;
}

static int zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return 0;
	return 1;
}

/* ---- cases ---- */

static void case_layout(void)
{
	int fd = dev_open(O_RDWR);
	struct qmap m;
	u32 i;

	map(&m, fd);
	CHECK(m.info->queue == sem_queue && m.info->ring_size == RING, "%u %u", m.info->queue,
	      m.info->ring_size);
	CHECK(m.info->rings >= 2 && m.info->watermark == RING / 16, "%u %u", m.info->rings,
	      m.info->watermark);
	CHECK(m.info->ring_offset == page && m.info->ring_stride == 2 * page + 2 * RING);
	CHECK(m.info->hdr_len == HDR, "%u", m.info->hdr_len);
	CHECK(zero((const u8 *)(m.info + 1), page - sizeof(*m.info)));
	for (i = 0; i < 2; i++) {
		const struct tqueue_map_producer *p = qmap_producer(&m, i);

		CHECK(p->state == TQUEUE_MAP_READY && !p->head && !p->records);
		CHECK(zero((const u8 *)p->lost, page - offsetof(struct tqueue_map_producer, lost)));
		CHECK(zero((const u8 *)m.cons[i], page));
		CHECK(zero(qmap_data(&m, i), 2 * RING));
	}
	/* A file that may only be read can be looked at, and that is all. */
	CHECK(mmap(NULL, page, PROT_READ, MAP_SHARED, dev_open(O_RDONLY), 0) == MAP_FAILED &&
	      errno == EBUSY, "%s", strerror(errno));
	qmap_close(&m);
	fd = dev_open(O_RDONLY);
	m.info = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(m.info != MAP_FAILED && m.info->magic == TQUEUE_MAP_MAGIC);
	CHECK(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)page) == MAP_FAILED &&
	      errno == EACCES, "%s", strerror(errno));
}

static void case_refused(void)
{
	const size_t stride = 2 * page + 2 * RING;
	const struct {
		size_t	offset, len;
		int	prot, flags, err;
	} tries[] = {
		{ 0, page, PROT_READ, MAP_PRIVATE, EINVAL },
		{ page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, EINVAL },
		{ 0, page, PROT_READ | PROT_EXEC, MAP_SHARED, EPERM },
		{ 0, page, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM },
		{ 0, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM },
		{ page, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM },
		{ 2 * page, page, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM },
		{ 3 * page, page, PROT_WRITE, MAP_SHARED, EPERM },
		{ 0, page + 2 * stride, PROT_READ | PROT_WRITE, MAP_SHARED, EPERM },
		{ 1 << 30, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, EINVAL },
		{ 0, (size_t)1 << 40, PROT_READ, MAP_SHARED, EINVAL },
		{ (size_t)1 << 44, page, PROT_READ, MAP_SHARED, EINVAL },
		{ (size_t)1 << 44, page, PROT_READ | PROT_WRITE, MAP_SHARED, EINVAL },
	};
	int fd = dev_open(O_RDWR);
	size_t i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		p = mmap(NULL, tries[i].len, tries[i].prot, tries[i].flags, fd,
			 (off_t)tries[i].offset);
		CHECK(p == MAP_FAILED && errno == tries[i].err, "try %zu: %s", i,
		      p == MAP_FAILED ? strerror(errno) : "mapped");
	}
	/* And nobody is kept out by what was refused. */
	put(dev_open(O_RDWR), "x");
	CHECK(take(fd, 4096)->records == 1);
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(page + stride));
	CHECK(p != MAP_FAILED, "%s", strerror(errno));
}

static void on_fault(int sig)
{
	_exit(sig == SIGSEGV ? 3 : 4);
}

/* What becomes of who writes there: 3 SIGSEGV, 4 SIGBUS, 0 nothing. */
static int child_writes(volatile u8 *p)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, on_fault);
		signal(SIGBUS, on_fault);
		*p = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Neither a pipe nor a disk takes hold of the page at @at, as both do of any other. */
static void pinned(u8 *at)
{
	static const char file[] = "/var/tmp/tqmap.direct";
	struct iovec iov = { .iov_len = page };
	void *other = NULL;
	int pipes[2], fd;

	fd = open(file, O_CREAT | O_WRONLY | O_DIRECT, 0600);
	if (fd < 0 || pipe(pipes) || posix_memalign(&other, page, page))
		die_errno("%s", file);
	memset(other, 1, page);
	iov.iov_base = other;
	CHECK(vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK) == (ssize_t)page, "%s", strerror(errno));
	CHECK(write(fd, other, page) == (ssize_t)page, "%s", strerror(errno));
	iov.iov_base = at;
	CHECK(vmsplice(pipes[1], &iov, 1, SPLICE_F_NONBLOCK) == -1 && errno == EFAULT, "%s",
	      strerror(errno));
	CHECK(write(fd, at, page) == -1 && errno == EFAULT, "%s", strerror(errno));
	close(fd);
	unlink(file);
	close(pipes[0]);
	close(pipes[1]);
	free(other);
}

static void case_protection(void)
{
	int fd = dev_open(O_RDWR);
	struct qmap m;
	u8 *p, copy[8];
	struct iovec to, from = { copy, sizeof(copy) };

	map(&m, fd);
	p = (u8 *)m.info;
	CHECK(mprotect(p, page, PROT_READ | PROT_WRITE) && errno == EACCES, "%s", strerror(errno));
	CHECK(mprotect(p + page, page, PROT_READ | PROT_WRITE) && errno == EACCES);
	CHECK(mprotect(p + 3 * page, page, PROT_READ | PROT_WRITE) && errno == EACCES);
	CHECK(mprotect(p, m.size, PROT_READ | PROT_EXEC) && errno == EACCES, "%s", strerror(errno));
	CHECK(mprotect(m.cons[0], page, PROT_READ | PROT_EXEC) && errno == EACCES);
	CHECK(child_writes(p) == 3);
	CHECK(child_writes(p + page) == 3);
	CHECK(child_writes(p + 2 * page) == 3);
	CHECK(child_writes(p + 3 * page) == 3);
	CHECK(child_writes((u8 *)m.cons[0] + 64) == 0);
	CHECK(((u8 *)m.cons[0])[64] == 1, "a child does not share the page");
	CHECK(mprotect(m.cons[0], page, PROT_READ) == 0, "%s", strerror(errno));
	CHECK(child_writes((u8 *)m.cons[0] + 64) == 3);
	CHECK(mprotect(m.cons[0], page, PROT_READ | PROT_WRITE) == 0, "%s", strerror(errno));
	CHECK(child_writes((u8 *)m.cons[0] + 64) == 0);
	/* Nobody can hold a page longer than the mapping lasts; ENOSYS: nor by this
	 * way in any kernel without it.
	 */
	to = (struct iovec){ m.cons[0], sizeof(copy) };
	CHECK(process_vm_writev(getpid(), &from, 1, &to, 1, 0) == -1 &&
	      (errno == EFAULT || errno == ENOSYS), "%s", strerror(errno));
	pinned((u8 *)m.cons[0]);
	pinned(p + 3 * page);
	/* What an earlier consumer wrote is not for the next one. */
	qmap_close(&m);
	map(&m, fd);
	CHECK(zero((u8 *)m.cons[0], page));
}

static void case_reads(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct reader r = { .queue = sem_queue };
	struct qmap m;
	const u8 *at;
	u8 buf[64];
	u32 len;

	pin_to_cpu(0);
	put(fd, "one");
	put(fd, "two");
	map(&m, fd);
	CHECK(readable(fd) == POLLIN);
	CHECK(take_all(&m) == 2);
	CHECK(readable(fd) == 0);
	qmap_close(&m);
	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EAGAIN, "%s", strerror(errno));

	put(fd, "three");
	put(fd, "four");
	put(fd, "five");
	map(&m, fd);
	len = qmap_peek(&m, 0, &at);
	CHECK(len == 3 * (HDR + 8), "%u", len);
	CHECK(rec_parse(&r, at, HDR + 8, 0, NULL, NULL) == HDR + 8 && !r.bad);
	qmap_release(&m, 0, HDR + 8);
	qmap_close(&m);
	CHECK(!strcmp(take(fd, 4096)->got, "fourfive"));
	/* Round and round, by both ways in turn. */
	for (len = 0; len < 2000; len++) {
		put(fd, "turn");
		if (len % 3) {
			CHECK(!strcmp(take(fd, 4096)->got, "turn"));
			continue;
		}
		map(&m, fd);
		CHECK(take_all(&m) == 1, "turn %u", len);
		qmap_close(&m);
	}
}

static void case_excludes(void)
{
	int fd = dev_open(O_RDWR), other = dev_open(O_RDWR);
	struct pollfd p = { other, POLLOUT, 0 };
	struct qmap m, m2;
	u8 buf[4096];

	put(fd, "x");
	map(&m, fd);
	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EBUSY, "%s", strerror(errno));
	CHECK(read(other, buf, sizeof(buf)) == -1 && errno == EBUSY, "%s", strerror(errno));
	CHECK(qmap_open(&m2, other) == -1 && errno == EBUSY, "%s", strerror(errno));
	CHECK(write(other, "x", 1) == -1 && errno == EAGAIN, "%s", strerror(errno));
	CHECK(poll(&p, 1, 0) == 0, "%#x", (unsigned int)p.revents);
	CHECK(system("tqctl queue flush q >/dev/null 2>&1") != 0);
	CHECK(system("tqctl queue set q ring 32K 2>&1 | grep -q mapped") == 0);
	CHECK(system("tqctl queue show q holders | grep -q mapping") == 0);
	tqctl("queue set q snaplen 80 watermark 4242");
	CHECK(m.info->watermark == 4242, "%u", m.info->watermark);
	/* The same file may map more. */
	CHECK(mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "%s", strerror(errno));
	qmap_close(&m);
	CHECK(read(other, buf, sizeof(buf)) == -1 && errno == EBUSY, "one piece is left");
	close(fd);
	CHECK(read(other, buf, sizeof(buf)) == -1 && errno == EBUSY, "and without its file");
}

static void case_excludes_no_more(void)
{
	int fd = dev_open(O_RDWR), other = dev_open(O_RDWR);
	struct qmap m;
	u64 lost;

	pin_to_cpu(0);	/* what is lost is told by the next record of the same ring */
	put(fd, "x");
	map(&m, fd);
	qmap_close(&m);
	CHECK(take(other, 4096)->records == 1);
	put(other, "x");
	map(&m, other);
	qmap_close(&m);
	tqctl("queue flush q");
	tqctl("queue set q ring 32K");
	map(&m, fd);
	CHECK(m.info->ring_size == 32768, "%u", m.info->ring_size);
	qmap_close(&m);
	/* Not while a ring of another size has something in it. */
	put(fd, "old");
	tqctl("queue set q ring 16K");
	CHECK(qmap_open(&m, fd) == -1 && errno == EBUSY, "%s", strerror(errno));
	/* And word of what was flushed. */
	CHECK(read_some(fd, &lost) == 1 && lost == 1, "%d lost", (int)lost);
	CHECK(readable(fd) == 0);
	tqctl("queue set q ring 16K");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	CHECK(read(fd, &m, sizeof(m)) == -1 && errno == EAGAIN, "%s", strerror(errno));
	map(&m, fd);
	CHECK(m.info->ring_size == 16384, "%u", m.info->ring_size);
}

/* read(2) does not tell of a flush behind records that a mapping took meanwhile. */
static void case_flush_is_a_gap(void)
{
	int fd = dev_open(O_RDWR);
	struct qmap m;
	u64 lost;

	pin_to_cpu(0);
	put(fd, "flushed");
	tqctl("queue flush q");
	put(fd, "taken");
	map(&m, fd);
	CHECK(take_all(&m) == 1);
	qmap_close(&m);
	put(fd, "read");
	CHECK(read_some(fd, &lost) == 1 && lost == 0, "%d lost", (int)lost);
}

static void case_wakes_reader(void)
{
	static struct call c;
	struct qmap m;

	c.fd = dev_open(O_RDONLY);
	c.size = sizeof(c.buf);
	call_start(&c);
	map(&m, dev_open(O_RDWR));
	call_end(&c);
	CHECK(c.ret == -1 && c.err == EBUSY, "%zd %s", c.ret, strerror(c.err));
}

static void case_wakes_writer(void)
{
	static struct call c;
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct pollfd p = { fd, POLLOUT, 0 };
	struct qmap m;
	unsigned int n;

	pin_to_cpu(0);
	n = fill(fd, 500);
	c.fd = dev_open(O_RDWR);
	c.is_write = 1;
	c.size = 500;
	call_start(&c);
	map(&m, fd);
	call_end(&c);
	CHECK(c.ret == -1 && c.err == EAGAIN, "%zd %s", c.ret, strerror(c.err));
	CHECK(take_all(&m) == n);
	qmap_close(&m);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "%#x", (unsigned int)p.revents);
	put(fd, "again");
	CHECK(!strcmp(take(fd, 4096)->got, "again"));
}

/* Many sleeps and wake-ups: none may be lost. */
static void case_ping(void)
{
	static struct call c;
	struct qmap m;
	int i;

	c.fd = dev_open(O_RDWR);
	map(&m, c.fd);
	for (i = 0; i < 300 && !sem_failed; i++) {
		c.tid = 0;
		if (pthread_create(&c.thread, NULL, polling, &c))
			die("no thread");
		if (i & 1)
			sched_yield();
		packet('p', 10);
		call_end(&c);
		CHECK(c.ret == 1 && c.err == POLLIN, "%zd %#x", c.ret, (unsigned int)c.err);
		CHECK(take_all(&m) == 1);
	}
}

/* What lies in a ring is what was committed to it, or zeros: @shadow has what we
 * have seen.
 */
static void case_no_garbage(void)
{
	static u8 shadow[RING];
	int fd = dev_open(O_RDWR);
	struct qmap m;
	unsigned int i, j;

	pin_to_cpu(0);
	map(&m, fd);
	for (i = 0; i < 600 && !sem_failed; i++) {
		const u8 *data = qmap_data(&m, 0), *at;
		u32 tail, len;

		for (j = 0; j <= i % 7; j++)
			packet((u8)(i + 1), 1 + (i * 131 + j * 17) % 700);
		wait_readable(fd);
		tail = m.cons[0]->tail;
		len = qmap_peek(&m, 0, &at);
		for (j = 0; j < len; j++)
			shadow[(tail + j) & (RING - 1)] = at[j];
		CHECK(!memcmp(shadow, data, RING) && !memcmp(shadow, data + RING, RING),
		      "lap %u", tail / RING);
		qmap_release(&m, 0, len);
	}
	CHECK(m.cons[0]->tail > 3 * RING, "%u", m.cons[0]->tail);
}

static void case_fork(void)
{
	int fd = dev_open(O_RDWR), status;
	struct qmap m;
	pid_t pid;

	map(&m, fd);
	packet('a', 10);
	wait_readable(fd);
	pid = fork();
	if (!pid) {
		CHECK(take_all(&m) == 1);
		fflush(stdout);
		_exit(sem_failed);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0, "%#x", (unsigned int)status);
	CHECK(readable(fd) == 0, "the child consumed it");
	packet('b', 10);
	wait_readable(fd);
	CHECK(take_all(&m) == 1);
}

static void case_closed(void)
{
	int fd = dev_open(O_RDWR), other;
	struct qmap m;
	u32 n = 0;

	map(&m, fd);
	close(fd);
	packet('a', 10);
	while (!n)
		n = take_all(&m);
	CHECK(n == 1);
	other = dev_open(O_RDWR | O_NONBLOCK);
	CHECK(read(other, &n, sizeof(n)) == -1 && errno == EBUSY, "%s", strerror(errno));
	qmap_close(&m);
	CHECK(read(other, &n, sizeof(n)) == -1 && errno == EAGAIN, "%s", strerror(errno));
}

static void case_pieces(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct qmap m;
	u8 *p, buf[64];
	u64 lost;
	int i;

	map(&m, fd);
	p = (u8 *)m.info;
	/* Holes in the middle, and other pages in their place. */
	CHECK(munmap(p + 5 * page, page) == 0, "%s", strerror(errno));
	CHECK(mmap(p + 7 * page, page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + 7 * page);
	CHECK(mprotect(p, page, PROT_NONE) == 0);
	CHECK(munmap(m.cons[1], page) == 0);
	CHECK(m.cons[0]->tail == 0);
	CHECK(read(fd, buf, sizeof(buf)) == -1 && errno == EBUSY, "%s", strerror(errno));
	for (i = 0; i < 100; i++)
		packet('a', 100);
	CHECK(munmap(m.cons[0], page) == 0);
	CHECK(munmap(p, 3 * page) == 0 && munmap(p + 3 * page, m.size - 3 * page) == 0);
	CHECK(read_some(fd, &lost) > 30);
	CHECK(readable(fd) == 0);
}

static void case_moved(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	struct qmap m;
	u8 *to;

	pin_to_cpu(0);
	put(fd, "x");
	map(&m, fd);
	to = mmap(NULL, m.size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m.info = mremap((void *)m.info, m.size, m.size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK((u8 *)m.info == to, "%s", strerror(errno));
	m.cons[0] = mremap(m.cons[0], page, page, MREMAP_MAYMOVE | MREMAP_FIXED, to + m.size);
	CHECK((u8 *)m.cons[0] == to + m.size, "%s", strerror(errno));
	CHECK(take_all(&m) == 1);
	packet('a', 10);
	wait_readable(fd);
	CHECK(take_all(&m) == 1);
	CHECK(mremap(m.cons[0], page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED, "grown");
	CHECK(mremap((void *)m.info, m.size, m.size + page, MREMAP_MAYMOVE) == MAP_FAILED, "grown");
	/* A second mapping of the same pages. */
	to = mremap(m.cons[0], 0, page, MREMAP_MAYMOVE);
	CHECK(to == MAP_FAILED || (((struct tqueue_map_consumer *)to)->tail == m.cons[0]->tail &&
				   munmap(to, page) == 0));
	/* Shrunk. */
	CHECK((u8 *)mremap((void *)m.info, m.size, 3 * page, 0) == (const u8 *)m.info);
	CHECK(m.info->magic == TQUEUE_MAP_MAGIC);
}

static void case_deleted(void)
{
	static struct call c;
	struct qmap m;
	u32 n;

	c.fd = dev_open(O_RDWR | O_NONBLOCK);
	put(c.fd, "rest");
	map(&m, c.fd);
	CHECK(take_all(&m) == 1);
	packet('a', 10);
	wait_readable(c.fd);
	n = take_all(&m);
	CHECK(n == 1, "%u", n);
	poll_start(&c);
	tqctl("table flush t");
	tqctl("queue del q");
	call_end(&c);
	CHECK(c.ret == 1 && (c.err & POLLHUP), "%zd %#x", c.ret, (unsigned int)c.err);
	CHECK(take_all(&m) == 0);
	CHECK(m.info->queue == sem_queue);
	qmap_close(&m);
	CHECK(read(c.fd, &n, sizeof(n)) == 0, "%s", strerror(errno));
	map(&m, c.fd);
	CHECK(take_all(&m) == 0);
	close(c.fd);
	CHECK(m.info->queue == sem_queue);
}

static void case_killed(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK), status, i, sum = 0;
	struct qmap m;
	pid_t pid;

	pin_to_cpu(0);
	for (i = 0; i < 20; i++)
		put(fd, "12345678");
	pid = fork();
	if (!pid) {
		map(&m, dev_open(O_RDWR));
		qmap_release(&m, 0, 7 * (HDR + 8));
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status));
	while (readable(fd))
		sum += (int)take(fd, 1000)->records;
	CHECK(sum == 13, "%d", sum);
}

/* A tail that no honest consumer writes: the ring is frozen, for the others
 * nothing changes, and all is well when the mapping has gone.
 */
static void bad_tail(u32 tail)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK);
	const struct tqueue_map_producer *p;
	struct qmap m;
	u64 lost;
	u32 head;
	int i;

	pin_to_cpu(0);
	put(fd, "x");
	map(&m, fd);
	p = qmap_producer(&m, 0);
	m.cons[0]->tail += tail;
	for (i = 0; i < 200; i++)
		packet('a', 300);
	CHECK(p->state == TQUEUE_MAP_FROZEN, "tail %#x: state %u", tail, p->state);
	head = p->head;
	m.cons[0]->tail = head;
	for (i = 0; i < 100; i++)
		packet('b', 300);
	CHECK(p->head == head && p->lost[TQUEUE_LOSS_FULL] >= 100);
	CHECK(readable(fd) == 0, "a frozen ring");
	pin_to_cpu(1);
	packet('c', 300);
	wait_readable(fd);
	CHECK(take_all(&m) == 1);
	pin_to_cpu(0);
	qmap_close(&m);
	CHECK(read(fd, &m, sizeof(m)) == -1 && errno == EAGAIN, "%s", strerror(errno));
	put(fd, "well");
	/* A lost record, then that. */
	i = (int)read_some(fd, &lost);
	CHECK(i == 1 && lost >= 100, "%d records, %d lost", i, (int)lost);
	close(fd);
}

static void case_bad_tail(void)
{
	bad_tail(1 << 20);
	bad_tail(-(RING + 8u));
	bad_tail(4);
	bad_tail(0x80000000u);
}

/* In the middle of a record, where nobody sees it before the mapping goes. */
static void case_odd_tail(void)
{
	int fd = dev_open(O_RDWR | O_NONBLOCK), i;
	struct qmap m;
	u32 tail;

	pin_to_cpu(0);
	for (tail = 8; tail < 3 * (HDR + 304); tail += 8) {
		for (i = 0; i < 3; i++) {
			char text[301];

			memset(text, 'a' + i, 300);
			text[300] = 0;
			put(fd, text);
		}
		map(&m, fd);
		m.cons[0]->tail += tail;
		qmap_close(&m);
		if (tail % (HDR + 304)) {
			CHECK(!readable(fd), "tail %u", tail);
		} else {
			i = (int)take(fd, 4096)->records;
			CHECK(i == 3 - (int)(tail / (HDR + 304)), "tail %u: %d", tail, i);
		}
		put(fd, "good");
		CHECK(!strcmp(take(fd, 4096)->got, "good"), "tail %u", tail);
	}
}

static const struct sem_case table[] = {
#define C(x) { #x, case_ ## x }
	C(layout), C(refused), C(protection), C(reads), C(excludes), C(excludes_no_more),
	C(flush_is_a_gap),
	C(wakes_reader), C(wakes_writer), C(ping), C(no_garbage), C(fork), C(closed),
	C(pieces), C(moved), C(deleted), C(killed), C(bad_tail), C(odd_tail),
};

static int dirty(void)
{
	const size_t size = 32 << 20;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die_errno("mmap");
	memset(p, 0xa5, size);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "dirty"))
		return dirty();
	page = (size_t)sysconf(_SC_PAGESIZE);
	return sem_main(argc, argv, table, ARRAY_SIZE(table));
}
