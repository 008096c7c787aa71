/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call.h - calls of a queue's device, and what they may return: the parts of
 * tqcalls.  call.c has the table of results and the slots that files lie in,
 * callio.c what moves records, tqcalls.c all other calls, and who makes them.
 */
#ifndef CALL_H
#define CALL_H

#include <errno.h>

#include "rec.h"

#define PROCS		16
#define THREADS		2
#define OWN		6	/* slots of a thread */
#define COMMON		4	/* and of all threads of a process */
#define FIRST_FD	100
#define PIECES		3
#define DEVICES		8
#define HANG_S		120
#define TICK_NS		15000000
#define HDR		sizeof(struct tqueue_record)
#define LARGEST		(HDR + 65536)	/* record */
#define SURE		1900	/* bytes of a message that fit into the quarter of any ring */

#define CALLS(X)								\
	X(open) X(close) X(read) X(readv) X(preadv2) X(preadv2_nowait) X(pread)	\
	X(write) X(writev) X(pwrite) X(poll) X(mmap) X(munmap) X(mprotect)	\
	X(vmsplice) X(consume) X(ioctl) X(ioctl_flag) X(lseek) X(fcntl) X(dup)	\
	X(dup2) X(fork) X(sendmsg) X(recvmsg) X(splice) X(sendfile)		\
	X(copy_file_range) X(fsync) X(epoll_add) X(epoll_mod) X(epoll_del)	\
	X(epoll_wait)

enum call {
#define X(name)	c_##name,
	CALLS(X)
#undef X
	N_CALLS
};

#define ERRNOS(X)								\
	X(EINTR) X(EBADF) X(EAGAIN) X(EACCES) X(EFAULT) X(EBUSY) X(EEXIST)	\
	X(ENODEV) X(EINVAL) X(ENOTTY) X(ESPIPE) X(EPIPE) X(EMSGSIZE) X(ENXIO)	\
	X(ENOENT) X(EPERM) X(EOPNOTSUPP) X(ENOMEM)

enum {
	E_ok,
#define X(name)	E_##name,
	ERRNOS(X)
#undef X
	N_ERRNOS
};

/* What a result depends on. */
enum {
	STREAM	= 1 << 0,	/* not a log */
	RD	= 1 << 1,	/* open for reading */
	WR	= 1 << 2,
	WAITS	= 1 << 3,	/* without O_NONBLOCK */
	BADMEM	= 1 << 4,	/* some of the memory is not there */
	SHORT	= 1 << 5,	/* the buffer might not hold a record */
	LONG	= 1 << 6,	/* a message that might not fit into a ring */
	HUGE	= 1 << 7,	/* nor into any */
	PRIVATE	= 1 << 8,
	BEYOND	= 1 << 9,	/* the end, or between two pages */
	EXEC	= 1 << 10,
	WOTHER	= 1 << 11,	/* writing to what is no consumer's page */
	OFFSET	= 1 << 12,	/* other than 0 */
	WHENCE	= 1 << 13,	/* other than SEEK_SET and SEEK_END */
	DIRECT	= 1 << 14,
	WRONG	= 1 << 15,	/* for a single call: see there */
};
/**
 * struct file - what a thread knows of an open file
 * @access: O_RDONLY, O_WRONLY, O_RDWR
 * @alone: no other descriptor of it is in use
 * @waits: no O_NONBLOCK, if @alone
 * @next: by CPU, the least number that the next record may have, if @alone
 */
struct file {
	u32	id, stream;
	int	access, alone, waits;
	u64	next[REC_CPUS];
};

/* @gen is odd while somebody puts another file there, or none. */
struct slot {
	u32		gen;
	int		fd, open;
	struct file	f;
};

/* A call of a slot's file: may a condition be true, may it be false? */
struct use {
	struct slot	*s;
	u32		gen;
	int		fd;
	struct file	f;
	unsigned int	yes, no;
};

struct piece {
	u8	*at;
	size_t	len;
	int	writable;
};

/* Shared by all processes. */
struct shared {
	u64	count[N_CALLS][N_ERRNOS], bad, records, packets, messages, signals, killed;
	struct { volatile u64 since; volatile int call; } at[PROCS][THREADS];
};

extern struct shared *shared;
extern const char *const call_names[N_CALLS];
extern const struct errno_name { const char *name; int err; } errnos[N_ERRNOS];
extern struct slot slots[THREADS * OWN + COMMON];
extern struct slot nobody;	/* for calls that have something to do with no slot */
extern size_t page;
extern u32 me_p;		/* this process, counted from 0 */
extern __thread u32 me_t;	/* this thread */
extern __thread int depth;	/* 1 in a child that a call of fork has made */
extern __thread int epoll;
extern __thread int pipes[2];
extern __thread struct rng rng;
extern __thread struct piece pieces[PIECES];
extern __thread struct reader *reader;
extern __thread u8 *buf;
extern __thread u8 *nowhere;	/* the end of memory that is there, with nothing behind it */

#define COUNT(what)	__atomic_fetch_add(&shared->what, 1, __ATOMIC_RELAXED)

u32 below(u32 n);
/* Says what is wrong, and makes the program fail. */
void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* To be called before a call. */
void now(enum call call);
/* Counts the result of a call, and looks it up.  @u: NULL if no slot is used.  0 or errno. */
int judge(const struct use *u, enum call call, long ret);
/* Adds a condition.  @is: -1 nobody knows */
void cond(struct use *u, unsigned int bits, int is);

/* One of ours, or of all. */
struct slot *any_slot(void);
/* Begins the use of a slot's file; 0: there was none, but maybe there is one now. */
int use(struct use *u);
/* Somebody has put another file there meanwhile. */
int raced(const struct use *u);
/* What is open twice is nobody's own. */
void share(struct use *u);
/* Around a change of what lies in a slot; 0: somebody else is changing it. */
int change_begin(struct slot *s);
void change_end(struct slot *s);
/* Moves descriptor @fd into a slot. */
void install(struct slot *s, int fd, const struct file *f);
void do_close_fd(int fd);
/* What the kernel says of the file; 0: it is not open, or no queue's. */
int fdinfo(int fd, u32 *id, u32 *deleted);
/* What a call has told must be true. */
void must_be_deleted(const struct use *u, const char *why);
void do_open(struct slot *s);	/* tqcalls.c */

/* callio.c */
void do_read(enum call call);
void do_write(enum call call);
void do_poll(void);
void do_epoll(void);
void do_mapping(void);
void do_munmap(struct piece *p);
void do_consume(void);

#endif /* CALL_H */
