// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqfail.so, for LD_PRELOAD: the kernel's n-th allocation or copy from or to user
 * space in the system calls below fails, counted over all of them (fail-nth; see the
 * kernel's fault-injection document).
 *
 * FAILNTH	n
 * FAILNTH_OUT	file: made, with the name of the call, when it has failed
 * FAILNTH_IN	calls that count, as words; those of netlink and sockets if not set
 * FAILNTH_FROM	and which message that is sent is the first to count: what is before it
 *		does not
 *
 * No call of libc is made in between that could end in one of these.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned int left, wait_for;
static const char *out, *calls;
static bool ready;

static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static long result(long ret)
{
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = -ret;
	return -1;
}

static void begin(void)
{
	const char *n = getenv("FAILNTH"), *from = getenv("FAILNTH_FROM");

	ready = true;
	left = n ? strtoul(n, NULL, 10) : 0;
	out = getenv("FAILNTH_OUT");
	wait_for = from ? strtoul(from, NULL, 10) : 0;
	calls = getenv("FAILNTH_IN");
	if (!calls)
		calls = "sendmsg sendto recvmsg recvfrom setsockopt getsockopt";
}

static bool counts(const char *call)
{
	const size_t n = strlen(call);
	const char *at = calls;

	while ((at = strstr(at, call))) {
		if ((at == calls || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
		at += n;
	}
	return false;
}

static unsigned int digits(char *text, unsigned int n)
{
	char reversed[12];
	unsigned int len = 0, i;

	do
		reversed[len++] = '0' + n % 10;
	while (n /= 10);
	for (i = 0; i < len; i++)
		text[i] = reversed[len - 1 - i];
	return len;
}

static long call(const char *name, long nr, long a, long b, long c, long d, long e, long f)
{
	char text[16] = "";
	long ret, fd, file;

	if (!ready)
		begin();
	if (wait_for && (nr == SYS_sendmsg || nr == SYS_sendto))
		wait_for--;
	if (!left || wait_for || !counts(name))
		return result(raw(nr, a, b, c, d, e, f));
	fd = raw(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		abort();
	/* What is counted ends with the write of 0; what comes before the call is in it, too. */
	if (raw(SYS_pwrite64, fd, (long)text, digits(text, left), 0, 0, 0) < 0)
		abort();
	ret = raw(nr, a, b, c, d, e, f);
	memset(text, 0, sizeof(text));
	/* This read is a copy to user space.  If that is the one that fails, the call itself
	 * had a place less, and the next call's first is meant.
	 */
	if (raw(SYS_pread64, fd, (long)text, sizeof(text) - 1, 0, 0, 0) < 0)
		text[0] = '1';
	while (raw(SYS_pwrite64, fd, (long)"0", 1, 0, 0, 0) < 0)
		;
	raw(SYS_close, fd, 0, 0, 0, 0, 0);
	left = strtoul(text, NULL, 10);
	if (!left && out) {
		file = raw(SYS_openat, AT_FDCWD, (long)out, O_WRONLY | O_CREAT | O_TRUNC, 0600, 0, 0);
		raw(SYS_write, file, (long)name, strlen(name), 0, 0, 0);
		raw(SYS_close, file, 0, 0, 0, 0, 0);
	}
	return result(ret);
}

#define A(x)	((long)(x))

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	return call("sendmsg", SYS_sendmsg, fd, A(m), flags, 0, 0, 0);
}

ssize_t sendto(int fd, const void *p, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
	return call("sendto", SYS_sendto, fd, A(p), n, flags, A(to), len);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	return call("sendto", SYS_sendto, fd, A(p), n, flags, 0, 0);
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	return call("recvmsg", SYS_recvmsg, fd, A(m), flags, 0, 0, 0);
}

ssize_t recvfrom(int fd, void *p, size_t n, int flags, struct sockaddr *from, socklen_t *len)
{
	return call("recvfrom", SYS_recvfrom, fd, A(p), n, flags, A(from), A(len));
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
	return call("recvfrom", SYS_recvfrom, fd, A(p), n, flags, 0, 0);
}

int setsockopt(int fd, int level, int name, const void *p, socklen_t n)
{
	return call("setsockopt", SYS_setsockopt, fd, level, name, A(p), n, 0);
}

int getsockopt(int fd, int level, int name, void *p, socklen_t *n)
{
	return call("getsockopt", SYS_getsockopt, fd, level, name, A(p), A(n), 0);
}

ssize_t read(int fd, void *p, size_t n)
{
	return call("read", SYS_read, fd, A(p), n, 0, 0, 0);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
	return call("readv", SYS_readv, fd, A(v), n, 0, 0, 0);
}

ssize_t write(int fd, const void *p, size_t n)
{
	return call("write", SYS_write, fd, A(p), n, 0, 0, 0);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	return call("writev", SYS_writev, fd, A(v), n, 0, 0, 0);
}

/* glibc's other names for the same: of large files, and of _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
	if (n > room)
		abort();
	return read(fd, p, n);
}

#define OPEN_AT(dir, path, flags) ({							\
	va_list ap;									\
	int mode;									\
											\
	va_start(ap, flags);								\
	mode = (flags) & O_CREAT ? va_arg(ap, int) : 0;					\
	va_end(ap);									\
	call("open", SYS_openat, dir, A(path), flags, mode, 0, 0);			\
})

int open(const char *path, int flags, ...)
{
	return OPEN_AT(AT_FDCWD, path, flags);
}

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	return OPEN_AT(AT_FDCWD, path, flags);
}

int openat(int dir, const char *path, int flags, ...)
{
	return OPEN_AT(dir, path, flags);
}

int openat64(int dir, const char *path, int flags, ...);
int openat64(int dir, const char *path, int flags, ...)
{
	return OPEN_AT(dir, path, flags);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return call("open", SYS_openat, AT_FDCWD, A(path), flags, 0, 0, 0);
}

int poll(struct pollfd *p, nfds_t n, int timeout)
{
	return call("poll", SYS_poll, A(p), n, timeout, 0, 0, 0);
}

void *mmap(void *p, size_t n, int prot, int flags, int fd, off_t at)
{
	/* Memory of the program itself does not count. */
	if (fd < 0)
		return (void *)result(raw(SYS_mmap, A(p), n, prot, flags, fd, at));
	return (void *)call("mmap", SYS_mmap, A(p), n, prot, flags, fd, at);
}

void *mmap64(void *p, size_t n, int prot, int flags, int fd, off64_t at);
void *mmap64(void *p, size_t n, int prot, int flags, int fd, off64_t at)
{
	return mmap(p, n, prot, flags, fd, at);
}

int unshare(int flags);
int unshare(int flags)
{
	return call("unshare", SYS_unshare, flags, 0, 0, 0, 0, 0);
}

/* libkmod has it from here. */
long syscall(long nr, ...)
{
	long v[6];
	va_list ap;
	int i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		v[i] = va_arg(ap, long);
	va_end(ap);
	return call(nr == SYS_finit_module || nr == SYS_init_module ? "module" : "syscall", nr,
		    v[0], v[1], v[2], v[3], v[4], v[5]);
}
