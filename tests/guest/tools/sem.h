/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sem.h - what the programs share that hold cases of what a queue promises.
 *
 *   PROGRAM DEVICE ID CASE, or PROGRAM list
 *
 * Each case starts on a queue that is empty and has just been made with rings
 * of RING bytes; the records are messages that it writes itself.  Prints TAP
 * comments and ends with status 0 or 1.  A case that hangs is ended by SIGALRM.
 */
#ifndef SEM_H
#define SEM_H

#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>

#include "rec.h"

#define RING		16384
#define HDR		sizeof(struct tqueue_record)
#define HANG_S		60

extern const char *sem_device;
extern u32 sem_queue;
extern int sem_failed;

#define CHECK(cond, ...)						\
	do {								\
		if (!(cond)) {						\
			sem_failed = 1;					\
			printf("# line %d: %s: ", __LINE__, #cond);	\
			printf(" " __VA_ARGS__);				\
			putchar('\n');					\
		}							\
	} while (0)

struct sem_case {
	const char	*name;
	void		(*fn)(void);
};

int sem_main(int argc, char **argv, const struct sem_case *table, size_t n);

int dev_open(int flags);
/* One message. */
void put(int fd, const char *text);
/* Parses with all checks of rec.c; their failures are ours. */
size_t parse(const u8 *buf, ssize_t n, rec_fn fn, void *arg);

struct text {
	char	got[16384];
	u32	records, cpu;
};

void add_text(const struct tqueue_record *rec, const u8 *payload, void *arg);
/* One read; its messages, joined. */
struct text *take(int fd, size_t size);
/* What poll says of reading, without waiting. */
int readable(int fd);
/* Waits until thread @tid sleeps. */
void wait_asleep(pid_t tid);

/* A system call in a thread of its own. */
struct call {
	pthread_t	thread;
	volatile pid_t	tid;
	int		fd, is_write;
	short		events;		/* for polling(); 0: POLLIN */
	size_t		size;
	u8		buf[65536] __attribute__((aligned(8)));
	ssize_t		ret;
	int		err;
};

void call_start(struct call *c);
void call_end(struct call *c);
/* For pthread_create(): poll; ret, and revents in err. */
void *polling(void *arg);
/* That, until it sleeps. */
void poll_start(struct call *c);
void *calling(void *arg);

void tqctl(const char *command);
/* Fills this CPU's ring; returns how many messages went in. */
unsigned int fill(int fd, size_t size);

#endif /* SEM_H */
