// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"

struct shared *shared;
struct slot slots[THREADS * OWN + COMMON], nobody;
size_t page;
u32 me_p;
__thread struct rng rng;
__thread u32 me_t;
__thread int depth, epoll, pipes[2];
__thread struct piece pieces[PIECES];
__thread struct reader *reader;
__thread u8 *buf, *nowhere;

const char *const call_names[] = {
#define X(name)	#name,
	CALLS(X)
#undef X
};

const struct errno_name errnos[] = {
	{ "ok", 0 },
#define X(name)	{ #name, name },
	ERRNOS(X)
#undef X
};

/*
 * tqueue(4): @err may be, if all of @is hold and none of @not.  What it leaves out, as
 * any call may say so of any file, is marked by (any).  ENOMEM is nowhere: the guest
 * has enough; nor is EBUSY of write, which needs a tracer.
 */
static const struct may {
	enum call	call;
	int		err;
	unsigned int	is, not;
} may[] = {
	{ c_open, 0, 0, DIRECT }, { c_open, ENXIO }, { c_open, ENOENT },
	{ c_open, EINVAL, DIRECT },
	{ c_close, 0 }, { c_dup, 0 }, { c_dup2, 0 }, { c_fork, 0 },
#define READS(c)								\
	{ c, 0, RD }, { c, EBADF, 0, RD }, { c, EAGAIN, RD, WAITS },		\
	{ c, EINVAL, RD | SHORT }, { c, EBUSY, RD | STREAM },			\
	{ c, EPIPE, RD, STREAM }, { c, EFAULT, RD | BADMEM }, { c, EINTR, RD }
	READS(c_read), READS(c_readv), READS(c_preadv2),
	/* WRONG: no bytes */
	{ c_preadv2_nowait, EOPNOTSUPP, RD }, { c_preadv2_nowait, EBADF, 0, RD },
	{ c_preadv2_nowait, 0, RD | WRONG },
	{ c_pread, ESPIPE }, { c_pwrite, ESPIPE },
#define WRITES(c)								\
	{ c, 0, WR, BADMEM | HUGE }, { c, EBADF, 0, WR },			\
	{ c, EMSGSIZE, WR | LONG }, { c, EAGAIN, WR | STREAM, BADMEM | HUGE },	\
	{ c, ENXIO, WR, BADMEM | HUGE }, { c, EFAULT, WR | BADMEM, HUGE },	\
	{ c, EINTR, WR | STREAM | WAITS, BADMEM | HUGE }
	WRITES(c_write), WRITES(c_writev),
	{ c_poll, 0 }, { c_poll, EINTR },
	{ c_mmap, 0, STREAM | RD, PRIVATE | BEYOND | EXEC | WOTHER | WRONG },
	{ c_mmap, EACCES, 0, RD }, { c_mmap, EACCES, WRONG },
	{ c_mmap, ENODEV, 0, STREAM }, { c_mmap, EBUSY, STREAM },
	{ c_mmap, EINVAL, PRIVATE }, { c_mmap, EINVAL, BEYOND },
	{ c_mmap, EPERM, EXEC }, { c_mmap, EPERM, WOTHER },
	{ c_munmap, 0 },
	{ c_mprotect, 0, 0, WRONG }, { c_mprotect, EACCES, WRONG },
	{ c_vmsplice, EFAULT },
	{ c_consume, 0 }, { c_consume, EBUSY },
	{ c_ioctl, ENOTTY }, { c_ioctl_flag, 0 },
	{ c_lseek, 0, 0, STREAM | OFFSET | WHENCE }, { c_lseek, ESPIPE, STREAM },
	{ c_lseek, ESPIPE, OFFSET }, { c_lseek, EINVAL, WHENCE }, { c_lseek, EINTR, 0, STREAM },
	{ c_fcntl, 0, 0, DIRECT }, { c_fcntl, EINVAL, DIRECT },
	/* EBADF: (any); WRONG: not open for what the call does with it */
	{ c_splice, EINVAL }, { c_splice, EBADF, WRONG },
	{ c_sendfile, EINVAL }, { c_sendfile, EBADF, WRONG },
	{ c_copy_file_range, EINVAL },
	{ c_fsync, EINVAL },
	{ c_sendmsg, 0 }, { c_sendmsg, EAGAIN }, { c_recvmsg, 0 }, { c_recvmsg, EAGAIN },
	{ c_epoll_add, 0 }, { c_epoll_add, EEXIST }, { c_epoll_mod, 0 }, { c_epoll_mod, ENOENT },
	{ c_epoll_del, 0 }, { c_epoll_del, ENOENT }, { c_epoll_wait, 0 }, { c_epoll_wait, EINTR },
};
u32 below(u32 n)
{
	return rng_below(&rng, n);
}

void bad(const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (COUNT(bad) < 30)
		printf("# process %u thread %u: %s\n", me_p, me_t, text);
}

int raced(const struct use *u)
{
	return u->gen & 1 || __atomic_load_n(&u->s->gen, __ATOMIC_ACQUIRE) != u->gen;
}

void cond(struct use *u, unsigned int bits, int is)
{
	u->yes |= is ? bits : 0;
	u->no |= is <= 0 ? bits : 0;
}

void now(enum call call)
{
	if (!depth)
		shared->at[me_p][me_t].call = call;
}

int judge(const struct use *u, enum call call, long ret)
{
	const int err = ret < 0 ? errno : 0, any = u && raced(u);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errnos); i++)
		if (errnos[i].err == err)
			COUNT(count[call][i]);
	if (!depth)
		shared->at[me_p][me_t].since = now_ns();
	errno = err;
	if (any && err == EBADF)
		return err;
	for (i = 0; i < ARRAY_SIZE(may); i++)
		if (may[i].call == call && may[i].err == err &&
		    (any || (!(may[i].is & ~(u ? u->yes : 0)) &&
			     !(may[i].not & ~(u ? u->no : ~0u)))))
			return err;
	bad("%s: %s, which it must not be: yes %#x no %#x", call_names[call], strerror(err),
	    u ? u->yes : 0, u ? u->no : 0);
	return err;
}

/* ---- slots and files ---- */

struct slot *any_slot(void)
{
	const u32 i = below(OWN + COMMON);

	return &slots[i < OWN ? me_t * OWN + i : THREADS * OWN + i - OWN];
}

int fdinfo(int fd, u32 *id, u32 *deleted)
{
	char path[64], text[1024], *line;
	int info, n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = (int)read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = 0;
	line = strstr(text, "tqueue-id:");
	if (!line)
		return 0;
	*id = (u32)strtoul(line + 10, NULL, 10);
	line = strstr(line, "tqueue-deleted:");
	*deleted = line ? (u32)strtoul(line + 15, NULL, 10) : 0;
	return 1;
}

void must_be_deleted(const struct use *u, const char *why)
{
	u32 id, deleted;

	if (raced(u) || (fdinfo(u->fd, &id, &deleted) && deleted) || raced(u))
		return;
	bad("%s, but the queue is not deleted", why);
}

int change_begin(struct slot *s)
{
	u32 gen = __atomic_load_n(&s->gen, __ATOMIC_RELAXED);

	return !(gen & 1) && __atomic_compare_exchange_n(&s->gen, &gen, gen + 1, 0, __ATOMIC_ACQ_REL,
							 __ATOMIC_RELAXED);
}

void change_end(struct slot *s)
{
	__atomic_fetch_add(&s->gen, 1, __ATOMIC_RELEASE);
}

void do_close_fd(int fd)
{
	now(c_close);
	judge(NULL, c_close, close(fd));
}

void install(struct slot *s, int fd, const struct file *f)
{
	if (change_begin(s)) {
		now(c_dup2);
		judge(NULL, c_dup2, dup3(fd, s->fd, below(2) ? O_CLOEXEC : 0));
		s->f = *f;
		s->f.alone &= s < &slots[THREADS * OWN];
		s->open = 1;
		change_end(s);
	}
	do_close_fd(fd);
}

int use(struct use *u)
{
	struct slot *s = any_slot();

	memset(u, 0, sizeof(*u));
	u->s = s;
	u->gen = __atomic_load_n(&s->gen, __ATOMIC_ACQUIRE);
	if (!s->open) {
		do_open(s);
		return 0;
	}
	u->fd = s->fd;
	u->f = s->f;
	cond(u, STREAM, (int)u->f.stream);
	cond(u, RD, u->f.access != O_WRONLY);
	cond(u, WR, u->f.access != O_RDONLY);
	cond(u, WAITS, u->f.alone ? u->f.waits : -1);
	return 1;
}

void share(struct use *u)
{
	u->s->f.alone = 0;
	u->f.alone = 0;
}
