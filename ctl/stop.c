// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "stop.h"

uint64_t stop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

int stop_init(struct stop *s, uint64_t after_us)
{
	sigset_t set;

	fill(&set);
	s->deadline = after_us ? stop_now() + after_us * 1000 : 0;
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0)
		return -1;
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

void stop_free(struct stop *s)
{
	sigset_t set;

	if (s->fd < 0)
		return;
	fill(&set);
	close(s->fd);
	s->fd = -1;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static enum stop_why wait_for(const struct stop *s, int fd, short events, int tick_ms)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = events },
		{ .fd = s->fd, .events = POLLIN },
	};
	uint64_t now = stop_now(), left = 0;
	int timeout = tick_ms, n;

	if (s->deadline) {
		left = s->deadline > now ? (s->deadline - now + 999999) / 1000000 : 0;
		if (!left)
			return STOP_END;
		if (left > INT_MAX)
			left = INT_MAX;
		if (timeout < 0 || left < (uint64_t)timeout)
			timeout = left;
	}
	n = poll(fds, 2, timeout);
	if (n < 0)
		return errno == EINTR ? STOP_TICK : STOP_ERROR;
	if (fds[1].revents) {
		struct signalfd_siginfo info;

		/* Taken, so that it does not end the program later. */
		while (read(s->fd, &info, sizeof(info)) > 0)
			;
		return STOP_END;
	}
	if (n)
		return STOP_READY;
	return s->deadline && stop_now() >= s->deadline ? STOP_END : STOP_TICK;
}

enum stop_why stop_wait(const struct stop *s, int fd, int tick_ms)
{
	return wait_for(s, fd, POLLIN, tick_ms);
}

enum stop_why stop_wait_queue(const struct stop *s, int fd, int tick_ms)
{
	return wait_for(s, fd, POLLRDBAND, tick_ms);
}
