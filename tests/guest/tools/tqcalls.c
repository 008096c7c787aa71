// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqcalls - all calls of a queue's device in any order, from many processes and
 * threads at once; each result must be one that tqueue(4) has for it.
 *
 *   tqcalls [-s SEED] [-n CALLS] [-p PROCESSES] MODE:PATH...
 *
 *   MODE is stream or log, PATH a device or a link to one; whose queue may be
 *   deleted and the link be put to another meanwhile.  Rings are of 8 KiB or
 *   more; packets are tqgen's, to port 2000 and above, and not cut.
 *   -s SEED       the same choices in each thread, at each of its calls (default 1)
 *   -n CALLS      of each process, those of its children not counted (default 1000)
 *   -p PROCESSES  of two threads each (default 4)
 *
 * A file lies in a slot, which is a number of a descriptor.  Each thread has slots of
 * its own; a few are common to the threads of a process, so that one closes and
 * replaces what the other is just using: then any documented result will do.  Each
 * thread has a timer whose signal ends calls that wait.  Prints "CALL.ERRNO=N"
 * lines; exits 1 if a result was wrong, or a call has not come back for HANG_S.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

static struct { int stream; const char *path; } devices[DEVICES];
static u32 n_devices;
static int sockets[2], plain;	/* and a regular file */
static u64 seed = 1, n_calls = 1000;
static u32 n_procs = 4;

/* ---- files come and go ---- */

void do_open(struct slot *s)
{
	const u32 d = below(n_devices), deal = below(20);
	struct file f = { .stream = devices[d].stream, .alone = 1, .waits = !below(4) };
	struct use u = { .s = &nobody };
	const int direct = !below(40);
	u32 deleted;
	int fd;

	f.access = deal < 4 ? O_RDONLY : deal < 7 ? O_WRONLY : O_RDWR;
	cond(&u, DIRECT, direct);
	now(c_open);
	fd = open(devices[d].path, f.access | (f.waits ? 0 : O_NONBLOCK) | (direct ? O_DIRECT : 0) |
		  (below(20) ? 0 : O_APPEND) | O_CLOEXEC);
	if (judge(&u, c_open, fd) == 0) {
		if (!fdinfo(fd, &f.id, &deleted))
			bad("open: not in fdinfo");
		install(s, fd, &f);
	}
}

static void do_close(void)
{
	struct slot *s = any_slot();

	if (!s->open || !change_begin(s))
		return;
	if (s->open)
		do_close_fd(s->fd);
	s->open = 0;
	change_end(s);
}
static void do_dup(void)
{
	struct use u;
	int fd;

	if (!use(&u))
		return;
	share(&u);
	now(c_dup);
	fd = dup(u.fd);
	/* Whose file it is, if that has changed meanwhile, nobody knows. */
	if (judge(&u, c_dup, fd) == 0 && raced(&u))
		do_close_fd(fd);
	else if (fd >= 0)
		install(any_slot(), fd, &u.f);
}

/* Another process gets it, or we another's. */
static void do_pass(void)
{
	union { struct cmsghdr hdr; u8 room[CMSG_SPACE(sizeof(int))]; } control;
	struct file f;
	struct iovec iov = { &f, sizeof(f) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct use u;
	int fd = -1;

	if (below(2)) {
		now(c_recvmsg);
		if (judge(NULL, c_recvmsg, recvmsg(sockets[1], &msg, MSG_DONTWAIT)))
			return;
		if (msg.msg_controllen >= sizeof(control.hdr))
			memcpy(&fd, CMSG_DATA(&control.hdr), sizeof(fd));
		if (fd < 0)
			bad("a message without a descriptor");
		else
			install(any_slot(), fd, &f);
		return;
	}
	if (!use(&u))
		return;
	share(&u);
	/* A descriptor that stays the same while it is on its way */
	fd = dup(u.fd);
	if (fd < 0 || raced(&u)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	f = u.f;
	control.hdr = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(fd));
	now(c_sendmsg);
	judge(NULL, c_sendmsg, sendmsg(sockets[0], &msg, MSG_DONTWAIT));
	close(fd);
}
/* ---- the others ---- */

static void do_flags(void)
{
	const int waits = !below(3), async = !below(4), direct = !below(20);
	int on = !waits;
	struct use u;
	long ret;

	if (!use(&u))
		return;
	cond(&u, DIRECT, direct);
	if (below(2)) {
		now(c_fcntl);
		fcntl(u.fd, F_SETOWN, getpid());
		ret = fcntl(u.fd, F_SETFL, (waits ? 0 : O_NONBLOCK) | (async ? O_ASYNC : 0) |
			    (direct ? O_DIRECT : 0));
		if (judge(&u, c_fcntl, ret))
			return;
	} else {
		now(c_ioctl_flag);
		if (below(2)) {
			judge(&u, c_ioctl_flag, ioctl(u.fd, FIOASYNC, &on));
			return;
		}
		judge(&u, c_ioctl_flag, ioctl(u.fd, FIONBIO, &on));
	}
	if (u.f.alone)
		u.s->f.waits = waits;
}

static void do_lseek(void)
{
	static const int whences[] = { SEEK_SET, SEEK_END, SEEK_CUR, SEEK_DATA, 77 };
	const int whence = whences[below(ARRAY_SIZE(whences))];
	const off_t offset = below(3) ? 0 : (off_t)rng_u64(&rng) >> 20;
	struct use u;

	if (!use(&u))
		return;
	cond(&u, OFFSET, !!offset);
	cond(&u, WHENCE, whence != SEEK_SET && whence != SEEK_END);
	now(c_lseek);
	if (judge(&u, c_lseek, lseek(u.fd, offset, whence)) == 0 && u.f.alone)
		memset(u.s->f.next, 0, sizeof(u.s->f.next));
}

static void do_ioctl(void)
{
	static const unsigned long cmds[] = { TCGETS, FIONREAD, FIOQSIZE, SIOCATMARK, 0xdead0001 };
	struct use u;

	if (!use(&u))
		return;
	now(c_ioctl);
	judge(&u, c_ioctl, ioctl(u.fd, cmds[below(ARRAY_SIZE(cmds))], buf));
}

/* What would move bytes without a buffer of ours. */
static void do_splice(void)
{
	const int in = (int)below(2);
	struct use u;

	if (!use(&u))
		return;
	cond(&u, WRONG, u.f.access == (in ? O_RDONLY : O_WRONLY));
	switch (below(4)) {
	case 0:
		now(c_splice);
		judge(&u, c_splice, in ? splice(pipes[0], NULL, u.fd, NULL, 4096, SPLICE_F_NONBLOCK) :
					 splice(u.fd, NULL, pipes[1], NULL, 4096, SPLICE_F_NONBLOCK));
		break;
	case 1:
		now(c_sendfile);
		judge(&u, c_sendfile, in ? sendfile(u.fd, plain, NULL, 100) :
					   sendfile(pipes[1], u.fd, NULL, 100));
		break;
	case 2:
		now(c_copy_file_range);
		judge(&u, c_copy_file_range,
		      in ? copy_file_range(plain, NULL, u.fd, NULL, 100, 0) :
			   copy_file_range(u.fd, NULL, plain, NULL, 100, 0));
		break;
	default:
		now(c_fsync);
		judge(&u, c_fsync, below(2) ? fsync(u.fd) : fdatasync(u.fd));
	}
}

static void on_signal(int sig)
{
	(void)sig;
	COUNT(signals);
}

/* Ends what waits, again and again: one signal might come just before a call. */
static void start_timer(void)
{
	const struct itimerspec tick = { { 0, TICK_NS }, { 0, TICK_NS } };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	timer_t timer;

	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) || timer_settime(timer, 0, &tick, NULL))
		die_errno("timer");
}

static void steps(u64 n);

/* A child goes on with all files and mappings, and is killed at some point or not. */
static void do_fork(void)
{
	const u32 n = 1 + below(40), kills = !below(3), waits = below(2);
	const u64 key = rng_u64(&rng);
	sigset_t some, before;
	pid_t pid;
	u32 i;

	for (i = 0; i < OWN; i++)
		slots[me_t * OWN + i].f.alone = 0;
	/* Signals make fork begin again, for ever if they come often enough. */
	sigemptyset(&some);
	sigaddset(&some, SIGALRM);
	sigaddset(&some, SIGIO);
	pthread_sigmask(SIG_BLOCK, &some, &before);
	now(c_fork);
	pid = fork();
	if (!pid) {
		depth++;
		/* Descriptors and memory are copied one after the other: the other
		 * thread may have changed its slots in between.
		 */
		for (i = THREADS * OWN; i < ARRAY_SIZE(slots); i++)
			slots[i].gen |= 1;
		rng_seed(&rng, key);
		start_timer();
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		steps(n);
		_exit(0);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	judge(NULL, c_fork, pid);
	if (pid < 0)
		return;
	if (kills) {
		usleep(below(5000));
		kill(pid, SIGKILL);
		COUNT(killed);
	}
	while (waits && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	shared->at[me_p][me_t].since = now_ns();
}

static void step(void)
{
	static const enum call reads[] = { c_read, c_readv, c_preadv2, c_preadv2_nowait, c_pread };
	static const enum call writes[] = { c_write, c_write, c_writev, c_writev, c_pwrite };
	const u32 deal = below(100);
	struct piece *p = &pieces[below(PIECES)];

	/* A queue that is mapped is of no use for others, so not for long. */
	if (p->at && below(2))
		do_munmap(p);
	if (deal < 24)
		do_read(reads[below(4) ? below(3) : below(5)]);
	else if (deal < 48)
		do_write(writes[below(5)]);
	else if (deal < 54)
		do_poll();
	else if (deal < 62)
		do_epoll();
	else if (deal < 71)
		do_mapping();
	else if (deal < 74)
		do_consume();
	else if (deal < 78)
		do_flags();
	else if (deal < 81)
		do_lseek();
	else if (deal < 83)
		do_ioctl();
	else if (deal < 86)
		do_splice();
	else if (deal < 89)
		do_dup();
	else if (deal < 93)
		do_pass();
	else if (deal < 96)
		do_close();
	else if (deal < 99)
		do_open(any_slot());
	else if (!depth)
		do_fork();
}

/* What a step does depends on its number alone, not on how those before it went. */
static void steps(u64 n)
{
	const u64 key = rng_u64(&rng);
	u64 i;

	for (i = 0; i < n; i++) {
		rng_seed(&rng, key + i);
		rng_seed(&rng, rng_u64(&rng));
		step();
	}
}

static void *run(void *arg)
{
	me_t = (u32)(uintptr_t)arg;
	rng_seed(&rng, (seed << 16) + me_p * THREADS + me_t);
	reader = xcalloc(1, sizeof(*reader));
	buf = xcalloc(1, 160 << 10);
	nowhere = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (nowhere == MAP_FAILED || mprotect(nowhere += 3 * page, 5 * page, PROT_NONE))
		die_errno("memory");
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || pipe2(pipes, O_CLOEXEC))
		die_errno("epoll, pipe");
	start_timer();
	steps(n_calls / THREADS);
	shared->at[me_p][me_t].since = 0;
	return NULL;
}

static void process(void)
{
	struct sigaction sa = { .sa_handler = on_signal };	/* no SA_RESTART */
	pthread_t thread;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		slots[i].fd = FIRST_FD + (int)i;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGIO, &sa, NULL);
	shared->at[me_p][0].since = shared->at[me_p][1].since = now_ns();
	if (pthread_create(&thread, NULL, run, (void *)1))
		die("no thread");
	run(NULL);
	pthread_join(thread, NULL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	_exit(0);
}

/* A call that has not come back; says which, and where. */
static int hangs(void)
{
	u32 p, t;

	for (p = 0; p < n_procs; p++)
		for (t = 0; t < THREADS; t++) {
			const u64 since = shared->at[p][t].since;

			if (!since || now_ns() < since + HANG_S * 1000000000ull)
				continue;
			printf("# process %u thread %u: %s for %d s\n", p, t,
			       call_names[shared->at[p][t].call], HANG_S);
			fflush(stdout);
			return system("cd /proc; for p in [0-9]*; do "
				      "grep -qx tqcalls $p/comm && head -n 20 $p/task/*/stack; "
				      "done 2>&1 | sed 's/^/# /'") | 1;
		}
	return 0;
}

static void show(void)
{
	size_t c, e;

	for (c = 0; c < N_CALLS; c++)
		for (e = 0; e < ARRAY_SIZE(errnos); e++)
			if (shared->count[c][e])
				printf("%s.%s=%" PRIu64 "\n", call_names[c], errnos[e].name,
				       shared->count[c][e]);
	printf("records=%" PRIu64 "\npackets=%" PRIu64 "\nmessages=%" PRIu64 "\nsignals=%" PRIu64
	       "\nkilled=%" PRIu64 "\nbad=%" PRIu64 "\n", shared->records, shared->packets,
	       shared->messages, shared->signals, shared->killed, shared->bad);
}

static void prepare(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die_errno("mmap");
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets))
		die_errno("socketpair");
	plain = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (plain < 0)
		die_errno("/proc/self/exe");
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(int argc, char **argv)
{
	u32 left, ok = 1, hung = 0;
	pid_t pids[PROCS];
	int opt, status;

	while ((opt = getopt(argc, argv, "s:n:p:")) != -1) {
		if (opt == 's')
			seed = number(optarg);
		else if (opt == 'n')
			n_calls = number(optarg);
		else if (opt == 'p')
			n_procs = (u32)number(optarg);
		else
			die("see the head of tqcalls.c");
	}
	for (; optind < argc && n_devices < DEVICES; optind++, n_devices++) {
		char *colon = strchr(argv[optind], ':');

		if (!colon)
			die("no MODE:PATH: %s", argv[optind]);
		devices[n_devices].stream = !strncmp(argv[optind], "stream:", 7);
		devices[n_devices].path = colon + 1;
	}
	if (!n_devices || optind < argc || !n_procs || n_procs > PROCS)
		die("1 to %d devices, 1 to %d processes", DEVICES, PROCS);
	prepare();
	for (me_p = 0; me_p < n_procs; me_p++) {
		pids[me_p] = fork();
		if (pids[me_p] < 0)
			die_errno("fork");
		if (!pids[me_p])
			process();
	}
	for (left = n_procs; left; usleep(20000)) {
		while (left && waitpid(-1, &status, WNOHANG) > 0) {
			left--;
			if (status) {
				printf("# a process ended with %#x\n", (unsigned int)status);
				ok = 0;
			}
		}
		if (left && !hung && hangs()) {
			hung = 1;
			while (me_p--)
				kill(pids[me_p], SIGKILL);
		}
	}
	show();
	return !ok || hung || shared->bad;
}
