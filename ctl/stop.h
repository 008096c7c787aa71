/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stop.h - the ends of a command that runs on: SIGINT, SIGTERM, a time.
 */
#ifndef TQCTL_STOP_H
#define TQCTL_STOP_H

#include <stdint.h>

/**
 * struct stop - when to stop
 * @fd: readable when a signal came; -1: not initialised
 * @deadline: CLOCK_MONOTONIC in ns; 0: none
 */
struct stop {
	int		fd;
	uint64_t	deadline;
};

enum stop_why {
	STOP_READY,	/* @fd of the wait is readable */
	STOP_TICK,	/* @tick_ms have passed */
	STOP_END,	/* a signal came, or it is time */
	STOP_ERROR,	/* errno */
};

uint64_t stop_now(void);
/* From here on the signals end the wait, not the program.  @after_us: 0: never.
 * 0, or -1 with errno.
 */
int stop_init(struct stop *s, uint64_t after_us);
/* Until @fd is readable, or -1: it never is; @tick_ms -1: no tick. */
enum stop_why stop_wait(const struct stop *s, int fd, int tick_ms);
/* The same for a queue, until its watermark is reached or its flush interval has passed. */
enum stop_why stop_wait_queue(const struct stop *s, int fd, int tick_ms);
/* Signals end the program again. */
void stop_free(struct stop *s);

#endif
