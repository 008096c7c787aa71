// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"

extern const char *__progname;

static void vsay(const char *fmt, va_list ap, int err)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", __progname);
	vfprintf(stderr, fmt, ap);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap, 0);
	va_end(ap);
	exit(2);
}

void die_errno(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap, err);
	va_end(ap);
	exit(2);
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("out of memory");
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("out of memory");
	return p;
}

u64 number(const char *text)
{
	char *end;
	u64 v;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (end != text && (*end == 'K' || *end == 'k')) {
		v <<= 10;
		end++;
	} else if (end != text && *end == 'M') {
		v <<= 20;
		end++;
	}
	if (errno || end == text || *end)
		die("no number: %s", text);
	return v;
}

u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

void rng_seed(struct rng *r, u64 seed)
{
	r->s = seed;
}

/* splitmix64 */
u64 rng_u64(struct rng *r)
{
	u64 z = r->s += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

u32 rng_below(struct rng *r, u32 n)
{
	return (u32)(((rng_u64(r) >> 32) * n) >> 32);
}

int rng_chance(struct rng *r, u32 percent)
{
	return rng_below(r, 100) < percent;
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die_errno("cpu %d", cpu);
}
