/* SPDX-License-Identifier: GPL-2.0-only */
/* print_record.h - records to text, one line each, and to JSON. */
#ifndef TQCTL_PRINT_RECORD_H
#define TQCTL_PRINT_RECORD_H

#include <stdio.h>
#include <linux/tqueue.h>

struct json_object;

/* Names for the numbers in a record.  @queue may be NULL. */
struct record_names {
	const char	*queue;
	const char	*table;
	const char	*iif;
	const char	*oif;
};

void print_record(FILE *f, const struct tqueue_record *rec, const void *payload,
		  const struct record_names *names);
struct json_object *json_record(const struct tqueue_record *rec, const void *payload,
				const struct record_names *names);

/* "table=t rule=7 gen=3 verdict=drop": who chose a packet, where; "" if nobody. */
void record_comment(char *buf, size_t size, const struct tqueue_record *rec,
		    const struct record_names *names);

/* Losses by cause: "full 3, dying 1". */
void print_lost(FILE *f, const struct tqueue_lost *lost);

#endif
