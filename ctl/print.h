/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * print.h - structs of model.h to text, and to JSON.
 *
 * Text of settings is made of the words that the parser takes.  JSON has
 * numbers in the units of the uapi and names of members that end in the unit.
 */
#ifndef TQCTL_PRINT_H
#define TQCTL_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"

struct json_object;

void print_queue(FILE *f, const struct tq_queue *q);
struct json_object *json_queue(const struct tq_queue *q);

#define PRINT_QUEUE_SETTINGS \
	(TQ_BIT(TQUEUE_A_QUEUE_NAME) | TQ_BIT(TQUEUE_A_QUEUE_MODE) | \
	 TQ_BIT(TQUEUE_A_QUEUE_RING_SIZE) | TQ_BIT(TQUEUE_A_QUEUE_SNAPLEN) | \
	 TQ_BIT(TQUEUE_A_QUEUE_WATERMARK) | TQ_BIT(TQUEUE_A_QUEUE_FLUSH_US))

/* The words that make the queue again: what follows "queue add". */
void print_queue_words(FILE *f, const struct tq_queue *q);

void print_stats(FILE *f, const struct tq_queue *q);

void print_table(FILE *f, const struct tq_table *t);
struct json_object *json_table(const struct tq_table *t);

/* What follows "table add" or "table set". */
void print_table_words(FILE *f, const struct tq_table *t);

/* The words that make the rule again.  @counters: and what it has counted.
 * No end of line.
 */
void print_rule(FILE *f, const struct tq_rule *r, bool counters);
/* Only match, actions and verdict, with a blank before each word. */
void print_rule_words(FILE *f, const struct tq_rule *r);
/* Only counters and what is left of the timeout. */
#define PRINT_RULE_STATE \
	(TQ_BIT(TQUEUE_A_RULE_PACKETS) | TQ_BIT(TQUEUE_A_RULE_BYTES) | \
	 TQ_BIT(TQUEUE_A_RULE_COPIES) | TQ_BIT(TQUEUE_A_RULE_LAST_HIT_MS) | \
	 TQ_BIT(TQUEUE_A_RULE_EXPIRES_MS))
void print_rule_state(FILE *f, const struct tq_rule *r);
struct json_object *json_rule(const char *table, const struct tq_rule *r);

/* What follows "hook add". */
void print_hook_words(FILE *f, const struct tq_hook *h);
void print_hook(FILE *f, const struct tq_hook *h);
struct json_object *json_hook(const struct tq_hook *h);

/* "rule suspects handle 7; open files 1" */
void print_holders(FILE *f, const struct tq_holders *h);

void print_version(FILE *f, const struct tq_version *v);
struct json_object *json_version(const struct tq_version *v);

/* In decimal; the first without an end, which it returns. */
char *print_u64_at(char *to, uint64_t v);
void print_u64(FILE *f, uint64_t v);
/* "32M", "100ms": exact, in the largest unit that divides */
#define PRINT_SIZE 24
const char *print_size(char buf[PRINT_SIZE], uint64_t bytes);
/* "12.3M": about, of bytes */
const char *print_about(char buf[PRINT_SIZE], uint64_t bytes);
const char *print_time(char buf[PRINT_SIZE * 2], uint64_t us);
/* "203.0.113.0/24"; no length if it is the whole address */
#define PRINT_PREFIX 52
const char *print_prefix(char buf[PRINT_PREFIX], const struct tq_addr *addr, uint32_t len);

#endif
