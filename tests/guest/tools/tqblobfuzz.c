// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqblobfuzz - rules with tqueue's match and target, given to the kernel past iptables.
 *
 *   tqblobfuzz [-s SEED] [-n ROUNDS] WAY
 *
 *   WAY	ip, ip6		IPT_SO_SET_REPLACE and its like, table filter
 *		ip-32, ip6-32	the same by the calls of 32-bit user space (int 0x80)
 *		nft, nft6	nf_tables' expressions "match" and "target", in chain c of
 *				table blob
 *
 * Most are spoilt.  A sound one must be taken; whatever is taken must be listed as one that
 * is sound, without a pointer of the kernel, and can be taken away.  Objects: blob.h.
 * Prints "name=value" lines; exits 1 if something was wrong, 77 if there is no such way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blob.h"
#include "blobnft.h"

#define LOW_ROOM	(1u << 20)
#define EMPTY_EVERY	8

/* Both families have the same numbers, but for the last two. */
enum { SET_REPLACE = 64, SET_ADD_COUNTERS, GET_INFO = 64, GET_ENTRIES, GET_REVISION_MATCH,
       GET_REVISION_TARGET };

static int fd, six, compat;
static const struct blob_abi *abi;
static struct rng rng;
static u8 *low;			/* memory that 32 bits reach; what calls are given lies there */
static u8 *counters;
static u64 taken, refused, sound, wrong, listed, infos;

static u32 below(u32 n)
{
	return rng_below(&rng, n);
}

static void complain(const char *text, int err)
{
	if (wrong++ < 10)
		printf("# %s%s%s\n", text, err ? ": " : "", err ? strerror(err) : "");
}

/* ---- calls, of either user space ---- */

#ifdef __x86_64__
static long call32(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}
#else
static long call32(long nr, long a, long b, long c, long d, long e)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e;
	return -ENOSYS;
}
#endif

/* 32-bit: numbers of i386 */
static int sockopt(int set, int what, void *at, u32 *len)
{
	const int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	socklen_t *size = (void *)(low + LOW_ROOM - 8);
	long ret;

	*size = *len;
	if (compat)
		ret = set ? call32(366, fd, level, what, (long)at, (long)*len) :
			    call32(365, fd, level, what, (long)at, (long)size);
	else
		ret = set ? setsockopt(fd, level, what, at, *len) : getsockopt(fd, level, what, at, size);
	*len = *size;
	if (compat && ret < 0)
		return (int)-ret;
	return ret < 0 ? errno : 0;
}

static void end(int sig)
{
	_exit(sig);
}

/* Where a call of another kind would end the process. */
static int have_compat(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die_errno("fork");
	if (!pid) {
		/* Without a handler the kernel would log it, as it does a fault of its own. */
		signal(SIGSEGV, end);
		/* getpid */
		_exit(call32(20, 0, 0, 0, 0, 0) != getpid());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* ---- tables ---- */

static u32 put32(u32 at, u32 v)
{
	memcpy(low + at, &v, sizeof(v));
	return at + 4;
}

static u32 get32(u32 at)
{
	u32 v;

	memcpy(&v, low + at, sizeof(v));
	return v;
}

/* Numbers of entries and their bytes. */
static int get_info(u32 *n, u32 *size)
{
	u32 len = 84;
	int err;

	memset(low, 0, len);
	strcpy((char *)low, "filter");
	err = sockopt(0, GET_INFO, low, &len);
	*n = get32(76);
	*size = get32(80);
	return err;
}

static int replace(const struct blob *b, int spoilt)
{
	const u32 head = compat ? 92 : 96;
	u64 to = (u64)(uintptr_t)counters;
	u32 n, size, at = 32, i, len = head + b->len;
	int err = get_info(&n, &size);

	if (err)
		return err;
	memset(low, 0, head);
	strcpy((char *)low, "filter");
	at = put32(at, spoilt && !below(40) ? below(32) : 0xe);
	at = put32(at, b->entries);
	at = put32(at, spoilt && !below(40) ? b->len + 8 - 16 * below(2) : b->len);
	for (i = 0; i < BLOB_HOOKS; i++)
		at = put32(at, b->hook_entry[i]);
	for (i = 0; i < BLOB_HOOKS; i++)
		at = put32(at, b->underflow[i]);
	put32(at, spoilt && !below(40) ? (u32)rng_u64(&rng) : n);
	memcpy(low + 88, &to, compat ? 4 : 8);
	memcpy(low + head, b->bytes, b->len);
	if (spoilt && !below(40))
		len = below(len + 1);
	return sockopt(1, SET_REPLACE, low, &len);
}

static void empty(void)
{
	struct blob b;
	int err;

	blob_make(&b, abi, &rng, 0);
	err = replace(&b, 0);
	if (err)
		complain("an empty table is refused", err);
}

static void look(void)
{
	const u32 head = compat ? 36 : 40;
	u32 n, size, len, of_ours;
	const char *what;
	int err = get_info(&n, &size);

	if (err) {
		complain("GET_INFO", err);
		return;
	}
	/* The kernel's own size; that of 32 bits is less, and told by GET_INFO, too. */
	len = head + size;
	memset(low, 0xa5, len);
	memset(low, 0, head);
	strcpy((char *)low, "filter");
	put32(32, size);
	err = sockopt(0, GET_ENTRIES, low, &len);
	if (err) {
		complain("GET_ENTRIES", err);
		return;
	}
	what = blob_wrong(abi, low + head, size, &of_ours);
	if (what)
		complain(what, 0);
	listed++;
	infos += of_ours;
}

/* Calls beside: whatever they say, they must end. */
static void beside(void)
{
	u32 len = below(400), i;

	for (i = 0; i < len; i++)
		low[i] = (u8)rng_u64(&rng);
	memset(low, 0, 32);
	strcpy((char *)low, "filter");
	switch (below(3)) {
	case 0:
		put32(32, below(2) ? below(30) : (u32)rng_u64(&rng));
		sockopt(1, SET_ADD_COUNTERS, low, &len);
		break;
	case 1:
		put32(32, below(2) ? len : (u32)rng_u64(&rng));
		sockopt(0, GET_ENTRIES, low, &len);
		break;
	default:
		len = 30;
		strcpy((char *)low, below(2) ? "tqueue" : "TQUEUE");
		low[29] = (u8)below(3);
		sockopt(0, (six ? 2 : 0) + (below(2) ? GET_REVISION_MATCH : GET_REVISION_TARGET), low, &len);
	}
}

static void tally(int err, int spoilt, const char *refusal)
{
	if (err)
		refused++;
	else
		taken++;
	if (spoilt)
		return;
	sound++;
	if (err)
		complain(refusal, err);
}

static void table_round(void)
{
	const int spoilt = !!below(4);
	struct blob b;
	int err;

	blob_make(&b, abi, &rng, 3);
	if (spoilt)
		blob_spoil(&b, &rng);
	err = replace(&b, spoilt);
	tally(err, spoilt, "a sound table is refused");
	if (!err)
		look();
	if (!below(4))
		beside();
	if (!below(EMPTY_EVERY))
		empty();
}

static int open_tables(void)
{
	u32 n, size;
	int err;

	if (compat && !have_compat()) {
		printf("# no calls of 32 bits\n");
		return 77;
	}
	fd = socket(six ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	low = mmap(NULL, LOW_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	counters = mmap(NULL, LOW_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
			-1, 0);
	if (fd < 0 || low == MAP_FAILED || counters == MAP_FAILED)
		die_errno("no socket, or no memory");
	abi = blob_abi(six, compat);
	err = get_info(&n, &size);
	if (err) {
		printf("# the table can't be asked: %s\n", strerror(err));
		return 77;
	}
	if (compat) {
		struct blob b;

		/* A kernel without compat code takes it for native, and finds it too short. */
		blob_make(&b, abi, &rng, 0);
		err = replace(&b, 0);
		if (err) {
			printf("# tables of 32 bits are not understood: %s\n", strerror(err));
			return 77;
		}
	}
	return 0;
}

/* ---- nf_tables ---- */

static void nft_look(struct nft_way *w)
{
	u32 n;
	const char *what = nft_way_wrong(w, &n);

	if (what)
		complain(what, 0);
	listed++;
	infos += n;
}

static void nft_round(struct nft_way *w)
{
	const int spoilt = !!below(4);
	int err = nft_way_add(w, &rng, spoilt);

	tally(err, spoilt, "a sound rule is refused");
	if (!err)
		nft_look(w);
	if (!below(EMPTY_EVERY)) {
		err = nft_way_empty(w);
		if (err)
			complain("rules can't be deleted", err);
	}
}

int main(int argc, char **argv)
{
	u64 seed = 1, n = 100, i;
	struct nft_way nft = { 0 };
	const char *way;
	int opt, ret;

	while ((opt = getopt(argc, argv, "s:n:")) != -1) {
		if (opt == 's')
			seed = number(optarg);
		else if (opt == 'n')
			n = number(optarg);
		else
			die("see the head of tqblobfuzz.c");
	}
	if (argc - optind != 1)
		die("a WAY");
	way = argv[optind];
	six = !!strchr(way, '6');
	compat = !!strstr(way, "-32");
	rng_seed(&rng, seed);
	if (!strncmp(way, "nft", 3)) {
		if (nft_way_open(&nft, six))
			die_errno("netlink");
		for (i = 0; i < n; i++)
			nft_round(&nft);
		opt = nft_way_empty(&nft);
		if (opt)
			complain("rules can't be deleted", opt);
	} else {
		ret = open_tables();
		if (ret)
			return ret;
		for (i = 0; i < n; i++)
			table_round();
		empty();
	}
	printf("taken=%" PRIu64 "\nrefused=%" PRIu64 "\nsound=%" PRIu64 "\nlisted=%" PRIu64
	       "\ninfos=%" PRIu64 "\nwrong=%" PRIu64 "\n", taken, refused, sound, listed, infos, wrong);
	return !!wrong;
}
