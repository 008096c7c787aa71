// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqfuzz - a consumer that does to its mapping whatever it may.
 *
 *   tqfuzz DEVICE SECONDS SEED
 *
 * Each round is a process of its own that maps pieces of the queue at odd and at
 * right places, writes random values into every page that it can write, and in
 * between moves, splits, protects, shrinks and unmaps them, forks, closes the
 * file, reads, writes and polls the queue, and ends in one way or another.  What
 * it must not be able to do is checked: to write to any page but a consumer's, or
 * to be let into the rings by two files at once.  Prints "name=value" lines;
 * exits 1 if something was allowed that must not be.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/tqueue.h>
#include "common.h"

#define PIECES	32
#define FILES	3

struct piece {
	u8	*at;
	size_t	len;
	off_t	offset;
	int	write, mixed, parents;
};

/* Shared by all processes. */
struct counts {
	u64	rounds, maps, refused, writes, faults, moves, cuts, forks, reads, records, bad;
};

static struct counts *counts;
static const char *device;
static struct rng rng;
static size_t page;
static struct piece pieces[PIECES];
static int fds[FILES];
static struct tqueue_map_info info;
static sigjmp_buf jump;

#define COUNT(what)	__atomic_fetch_add(&counts->what, 1, __ATOMIC_RELAXED)

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(jump, 1);
}

static u32 below(u32 n)
{
	return rng_below(&rng, n);
}

static struct piece *any_piece(void)
{
	struct piece *p = &pieces[below(PIECES)];

	return p->at ? p : NULL;
}

/* Now and then right: a page of a ring, or the whole. */
static off_t any_offset(void)
{
	const off_t slot = (off_t)(info.ring_offset + below(info.rings + 1) * info.ring_stride);

	switch (below(9)) {
	case 0:
		return 0;
	case 1:
		return (off_t)below(64) * (off_t)page;
	case 2:
		return (off_t)(rng_u64(&rng) >> (10 + below(50)) << 12 & INT64_MAX);
	case 3:
		return slot + (off_t)(1 + below(4)) * (off_t)page;
	default:
		return slot;
	}
}

static size_t any_len(void)
{
	switch (below(4)) {
	case 0:
		return (1 + below(16)) * page;
	case 1:
		return (size_t)info.ring_stride;
	case 2:
		return 1 + below(3 * (u32)page);
	default:
		return page;
	}
}

static int is_consumer(off_t offset)
{
	return offset >= (off_t)info.ring_offset &&
	       ((u64)offset - info.ring_offset) % info.ring_stride == 0;
}

static void do_map(void)
{
	static const int prots[] = {
		PROT_READ, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_WRITE,
		PROT_NONE, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	struct piece *p = &pieces[below(PIECES)];
	const int prot = prots[below(ARRAY_SIZE(prots))];
	const int flags = (below(8) ? MAP_SHARED : MAP_PRIVATE) | (below(4) ? 0 : MAP_POPULATE);
	const off_t offset = any_offset();
	const size_t len = any_len();
	u8 *at;

	at = mmap(NULL, len, prot, flags, fds[below(8) ? 0 : below(FILES)], offset);
	if (at == MAP_FAILED) {
		COUNT(refused);
		return;
	}
	COUNT(maps);
	if (prot & PROT_EXEC || flags & MAP_PRIVATE ||
	    (prot & PROT_WRITE && (len > page || !is_consumer(offset)))) {
		COUNT(bad);
		printf("# mapped: offset %#" PRIx64 " length %zu prot %d flags %#x\n",
		       (u64)offset, len, prot, flags);
	}
	if (p->at)
		munmap(p->at, p->len);
	*p = (struct piece){ at, (len + page - 1) & ~(page - 1), offset, !!(prot & PROT_WRITE), 0, 0 };
}

static u32 any_tail(const struct piece *p)
{
	const volatile u32 *now = (const volatile u32 *)p->at;

	switch (below(6)) {
	case 0:
		return *now + 8 * below(40);
	case 1:
		return *now - 8 * below(40);
	case 2:
		return *now + info.ring_size - 8 * below(8);
	case 3:
		return *now + below(64);
	case 4:
		return *now;
	default:
		return (u32)rng_u64(&rng);
	}
}

static struct piece *rather_writable(void)
{
	struct piece *p = any_piece();
	u32 i;

	for (i = below(64); i && (!p || !p->write); i--)
		p = any_piece();
	return p;
}

static void print_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

/* Anything into any page; only consumer pages may take it. */
static void do_write(void)
{
	struct piece *volatile p = rather_writable();	/* volatile: siglongjmp() */
	volatile u32 *to;

	if (!p)
		return;
	to = (volatile u32 *)(p->at + (below(2) ? 0 : below((u32)(p->len / 4)) * 4));
	if (sigsetjmp(jump, 1)) {
		COUNT(faults);
		return;
	}
	*to = p->write && (const u8 *)to == p->at ? any_tail(p) : (u32)rng_u64(&rng);
	COUNT(writes);
	if (!p->mixed && (!is_consumer(p->offset) || p->len > page)) {
		COUNT(bad);
		printf("# written: offset %#" PRIx64 " + %#zx, at %p\n", (u64)p->offset,
		       (size_t)((const volatile u8 *)to - p->at), (const volatile void *)to);
		print_maps();
	}
}

static void do_look(void)
{
	struct piece *volatile p = any_piece();
	volatile u8 sink;

	if (!p)
		return;
	if (sigsetjmp(jump, 1)) {
		COUNT(faults);
		return;
	}
	sink = p->at[below((u32)p->len)];
	(void)sink;
}

static void do_protect(void)
{
	struct piece *p = any_piece();
	size_t from;

	if (!p)
		return;
	from = below((u32)(p->len / page)) * page;
	if (mprotect(p->at + from, (1 + below((u32)((p->len - from) / page))) * page,
		     (int)below(8)) == 0)
		COUNT(cuts);
}

static void do_move(void)
{
	struct piece *p = any_piece();
	size_t len;
	u8 *at;

	if (!p)
		return;
	len = below(3) ? p->len : (1 + below(2 * (u32)(p->len / page))) * page;
	at = mremap(p->at, below(16) ? p->len : 0, len, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		return;
	COUNT(moves);
	if (len > p->len && !p->mixed) {
		COUNT(bad);
		printf("# grown: %zu to %zu\n", p->len, len);
	}
	p->at = at;
	p->len = len;
}

static void do_unmap(void)
{
	struct piece *p = any_piece();
	size_t from;

	if (!p)
		return;
	COUNT(cuts);
	if (below(2)) {
		munmap(p->at, p->len);
		p->at = NULL;
		return;
	}
	if (below(2) && p->len > page) {
		p->len -= page;
		munmap(p->at + p->len, page);
		return;
	}
	/* Something else in its place. */
	from = below((u32)(p->len / page)) * page;
	if (mmap(p->at + from, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    MAP_FAILED)
		p->mixed = 1;
}

static void do_advise(void)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, MADV_REMOVE,
		MADV_MERGEABLE, MADV_HUGEPAGE, MADV_NORMAL,
	};
	struct piece *p = any_piece();
	u32 i = below(ARRAY_SIZE(advice));

	if (!p)
		return;
	madvise(p->at, p->len, advice[i]);
	p->parents |= advice[i] == MADV_DONTFORK;
	if (!below(4))
		msync(p->at, p->len, MS_SYNC);
	if (!below(4))
		mlock(p->at, p->len);
	if (!below(4)) {
		u8 buf[16];
		struct iovec l = { buf, sizeof(buf) }, r = { p->at, sizeof(buf) };

		process_vm_writev(getpid(), &l, 1, &r, 1, 0);
		process_vm_readv(getpid(), &l, 1, &r, 1, 0);
	}
}

/* What read gives, mapped or not, must be whole records. */
static void do_file(void)
{
	static u8 buf[65536] __attribute__((aligned(8)));
	const int fd = fds[below(FILES)];
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	ssize_t n, at;

	switch (below(4)) {
	case 0:
		if (write(fd, buf, 1 + below(500)) < 0)
			COUNT(refused);
		break;
	case 1:
		poll(&p, 1, 0);
		break;
	default:
		n = read(fd, buf, sizeof(buf));
		COUNT(reads);
		for (at = 0; at < n; ) {
			struct tqueue_record rec;

			memcpy(&rec, buf + at, sizeof(rec));
			if (n - at < (ssize_t)sizeof(rec) || rec.len < sizeof(rec) ||
			    rec.len > n - at || rec.queue != info.queue || rec.type < 1 || rec.type > 3) {
				COUNT(bad);
				printf("# read: at %zd of %zd: len %u type %u queue %u\n", at, n,
				       rec.len, rec.type, rec.queue);
				break;
			}
			at += rec.len;
			COUNT(records);
		}
	}
}

static void do_close(void)
{
	const u32 i = below(FILES);

	close(fds[i]);
	fds[i] = open(device, (below(4) ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
}

/* MADV_DONTFORK leaves a hole to the child, where something else may come to lie. */
static void forget_parents(void)
{
	u32 i;

	for (i = 0; i < PIECES; i++)
		if (pieces[i].parents)
			pieces[i].at = NULL;
}

static void steps(u32 n, int depth)
{
	while (n--) {
		switch (below(16)) {
		case 0: case 1: case 2: case 3:
			do_map();
			break;
		case 4: case 5: case 6: case 7:
			do_write();
			break;
		case 8:
			do_look();
			break;
		case 9:
			do_protect();
			break;
		case 10:
			do_move();
			break;
		case 11:
			do_unmap();
			break;
		case 12:
			do_advise();
			break;
		case 13:
			do_file();
			break;
		case 14:
			if (!below(8))
				do_close();
			break;
		default:
			if (depth < 2 && !below(8)) {
				pid_t pid = fork();

				COUNT(forks);
				rng_u64(&rng);
				if (!pid) {
					rng.s ^= (u64)getpid() << 32;
					forget_parents();
					steps(1 + below(60), depth + 1);
					fflush(stdout);
					_exit(0);
				}
				/* Its life and ours overlap, or do not. */
				if (pid > 0 && below(2))
					waitpid(pid, NULL, 0);
			}
		}
	}
}

static void round_of(u64 seed)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	u32 i;

	rng_seed(&rng, seed);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	for (i = 0; i < FILES; i++)
		fds[i] = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	steps(50 + below(300), 0);
	fflush(stdout);
	if (!below(4))
		raise(SIGKILL);
	_exit(0);
}

/* For who aims at the right places: what the queue would say of itself. */
static void look_at_info(void)
{
	const u64 end = now_ns() + 10 * 1000000000ull;
	int fd = open(device, O_RDWR);
	void *p;

	if (fd < 0)
		die_errno("%s", device);
	do
		p = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	while (p == MAP_FAILED && errno == EBUSY && now_ns() < end);
	if (p == MAP_FAILED)
		die_errno("mmap");
	memcpy(&info, p, sizeof(info));
	munmap(p, page);
	close(fd);
}

/* Slow kernels need longer until everything was tried. */
static int all_tried(void)
{
	const u64 tried[] = {
		counts->maps, counts->refused, counts->writes, counts->faults, counts->moves,
		counts->cuts, counts->forks,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tried); i++)
		if (tried[i] < 10)
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	u64 end, last, seed;

	if (argc != 4)
		die("DEVICE SECONDS SEED");
	device = argv[1];
	page = (size_t)sysconf(_SC_PAGESIZE);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		die_errno("mmap");
	look_at_info();
	end = now_ns() + number(argv[2]) * 1000000000ull;
	last = end + 19 * number(argv[2]) * 1000000000ull;
	for (seed = number(argv[3]); now_ns() < (all_tried() ? end : last); seed++) {
		pid_t pid = fork();

		if (pid < 0)
			die_errno("fork");
		if (!pid)
			round_of(seed);
		waitpid(pid, NULL, 0);
		counts->rounds++;
	}
	printf("rounds=%" PRIu64 "\nmaps=%" PRIu64 "\nrefused=%" PRIu64 "\nwrites=%" PRIu64
	       "\nfaults=%" PRIu64 "\nmoves=%" PRIu64 "\ncuts=%" PRIu64 "\nforks=%" PRIu64
	       "\nreads=%" PRIu64 "\nrecords=%" PRIu64 "\nbad=%" PRIu64 "\n",
	       counts->rounds, counts->maps, counts->refused, counts->writes, counts->faults,
	       counts->moves, counts->cuts, counts->forks, counts->reads, counts->records,
	       counts->bad);
	return counts->bad ? 1 : 0;
}
