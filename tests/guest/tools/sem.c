// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sem.h"

const char *sem_device;
u32 sem_queue;
int sem_failed;

int dev_open(int flags)
{
	int fd = open(sem_device, flags | O_CLOEXEC);

	if (fd < 0)
		die_errno("%s", sem_device);
	return fd;
}

void put(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	if (n != (ssize_t)strlen(text))
		die_errno("write %zd", n);
}

/* Parses with all checks of rec.c; their failures are ours. */
size_t parse(const u8 *buf, ssize_t n, rec_fn fn, void *arg)
{
	struct reader r = { .queue = sem_queue };
	size_t used = n > 0 ? rec_parse(&r, buf, (size_t)n, 0, fn, arg) : 0;

	if (r.bad || (n > 0 && used != (size_t)n))
		sem_failed = 1;
	free(r.ledger.span);
	return used;
}

void add_text(const struct tqueue_record *rec, const u8 *payload, void *arg)
{
	struct text *t = arg;
	size_t at = strlen(t->got);

	CHECK(rec->type == TQUEUE_RECORD_MESSAGE, "type %u", rec->type);
	CHECK(rec->caplen == rec->origlen, "%u %u", rec->caplen, rec->origlen);
	CHECK(!rec->rule && !rec->table && !rec->hook && !rec->verdict && !rec->flags);
	t->cpu = rec->cpu;
	t->records++;
	if (at + rec->caplen < sizeof(t->got))
		memcpy(t->got + at, payload, rec->caplen);
}

/* One read; its messages, joined. */
struct text *take(int fd, size_t size)
{
	static struct text t;
	static u8 buf[1 << 20] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, size);

	memset(&t, 0, sizeof(t));
	if (n < 0)
		die_errno("read");
	parse(buf, n, add_text, &t);
	return &t;
}

int readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	if (poll(&p, 1, 0) < 0)
		die_errno("poll");
	return p.revents;
}

/* Waits until thread @tid sleeps. */
void wait_asleep(pid_t tid)
{
	char path[64], line[256], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	for (;;) {
		FILE *f = fopen(path, "r");
		int asleep;

		if (!f || !fgets(line, sizeof(line), f))
			die_errno("%s", path);
		fclose(f);
		state = strrchr(line, ')');
		asleep = state && state[2] == 'S';
		if (asleep)
			return;
		usleep(1000);
	}
}

void *calling(void *arg)
{
	struct call *c = arg;

	c->tid = (pid_t)syscall(SYS_gettid);
	c->ret = c->is_write ? write(c->fd, c->buf, c->size) : read(c->fd, c->buf, c->size);
	c->err = errno;
	return NULL;
}

void call_start(struct call *c)
{
	c->tid = 0;
	if (pthread_create(&c->thread, NULL, calling, c))
		die("no thread");
	while (!c->tid)
		usleep(100);
	wait_asleep(c->tid);
}

void call_end(struct call *c)
{
	pthread_join(c->thread, NULL);
}

void tqctl(const char *command)
{
	char line[256];
	int status;

	snprintf(line, sizeof(line), "tqctl %s", command);
	fflush(stdout);
	status = system(line);
	if (status)
		die("%s: status %#x", line, (unsigned int)status);
}

void *polling(void *arg)
{
	struct call *c = arg;
	struct pollfd p = { c->fd, c->events ? c->events : POLLIN, 0 };

	c->tid = (pid_t)syscall(SYS_gettid);
	c->ret = poll(&p, 1, HANG_S * 1000);
	c->err = p.revents;
	return NULL;
}

void poll_start(struct call *c)
{
	if (pthread_create(&c->thread, NULL, polling, c))
		die("no thread");
	while (!c->tid)
		usleep(100);
	wait_asleep(c->tid);
}

/* Fills this CPU's ring; returns how many messages went in. */
unsigned int fill(int fd, size_t size)
{
	static char text[RING];
	unsigned int n = 0;

	memset(text, 'f', sizeof(text));
	while (write(fd, text, size) == (ssize_t)size)
		if (++n > RING)
			die("a ring without an end");
	CHECK(errno == EAGAIN, "%s", strerror(errno));
	return n;
}

int sem_main(int argc, char **argv, const struct sem_case *table, size_t n)
{
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (i = 0; i < n; i++)
			puts(table[i].name);
		return 0;
	}
	if (argc != 4)
		die("DEVICE ID CASE, or list");
	sem_device = argv[1];
	sem_queue = (u32)number(argv[2]);
	alarm(HANG_S * 2);
	for (i = 0; i < n; i++)
		if (!strcmp(argv[3], table[i].name)) {
			table[i].fn();
			return sem_failed;
		}
	die("no such case: %s", argv[3]);
}
