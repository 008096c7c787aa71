/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * common.h - what all helper programs of the guest tests share.
 */
#ifndef COMMON_H
#define COMMON_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Ends the program with status 2 (a helper failed, no verdict); with _errno
 * the error's name is appended.
 */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void die_errno(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);

/* A number in any base with an optional K or M. */
u64 number(const char *text);

u64 now_ns(void);

/* Same sequence for the same seed on every machine. */
struct rng {
	u64 s;
};

void rng_seed(struct rng *r, u64 seed);
u64 rng_u64(struct rng *r);
/* 0 to n-1; n > 0 */
u32 rng_below(struct rng *r, u32 n);
/* true in @percent of 100 cases */
int rng_chance(struct rng *r, u32 percent);

void pin_to_cpu(int cpu);

#endif /* COMMON_H */
