/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ask.h - which rules packets would meet: RULE_TEST for many packets.
 *
 * Requests go out many at a time, and equal packets are asked for once as long
 * as the table stays as it is.
 */
#ifndef TQCTL_ASK_H
#define TQCTL_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct tqctl;

/* Packets of one ask_all(). */
#define ASK_MAX	64

/* A rule that has won, as it was when it did so last. */
struct ask_rule {
	struct tq_rule	rule;
	uint64_t	packets;	/* for the caller to count in */
	uint64_t	bytes;
};

/**
 * struct answer - what would happen to a packet
 * @n: rules that win, in turn; 0: none
 * @rule: their places in ask.rule
 * @generation: of the table that said so
 */
struct answer {
	uint32_t	n;
	uint32_t	*rule;
	uint64_t	generation;
};

struct ask_entry;

/**
 * struct ask - one table that is asked; set up @t and @table
 * @rule: all that have ever won
 * @rule_n: how many
 * @slot: of rule handles, by hash; @slot_n of them, place + 1 in @rule, or 0
 * @cache: packets that were asked for, by hash
 * @cached: how many
 * @generation: of the newest answer
 * @asked: requests that were sent
 */
struct ask {
	struct tqctl		*t;
	char			table[TQUEUE_NAME_SIZE];
	struct ask_rule		*rule;
	uint32_t		rule_n;
	uint32_t		*slot;
	uint32_t		slot_n;
	struct ask_entry	**cache;
	uint32_t		cached;
	uint64_t		generation;
	uint64_t		asked;
};

/* Answers for @pkt[0] to @pkt[n - 1], n <= ASK_MAX; they are good until the next
 * call.  Bytes between the members of a packet must be 0.  An exit status; of
 * an error the user has been told, as of packet @number[i].
 */
int ask_all(struct ask *a, const struct tq_packet *pkt, const uint64_t *number, unsigned int n,
	    const struct answer **answer);
/* Is the table there?  An exit status, of which the user has been told. */
int ask_check(struct ask *a);
/* Whatever comes is asked for anew; no answer is good any more. */
void ask_forget(struct ask *a);
void ask_free(struct ask *a);

#endif
