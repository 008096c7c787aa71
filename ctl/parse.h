/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - words of a command line to structs.
 *
 * Knows nothing of netlink and does no I/O.  Every function that returns int
 * gives 0, or -1 with a sentence in parse.err that names the word at fault and
 * its place; the object of the command (queue, rule, ...) is word 1.  Words that
 * were made of JSON have places of their own, see json_words.h.
 */
#ifndef TQCTL_PARSE_H
#define TQCTL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"

struct parse {
	const char *const	*words;
	unsigned int		n;
	unsigned int		at;	/* the next word */
	const char		*element;	/* of JSON: "rules[17]"; or NULL */
	const char *const	*places;	/* and ".dport" for each word */
	char			err[320];
};

void parse_init(struct parse *p, const char *const *words, unsigned int n);

/* The next word without or with moving on; NULL at the end. */
const char *parse_peek(const struct parse *p);
const char *parse_next(struct parse *p);
/* Takes the next word if it is @word. */
bool parse_take(struct parse *p, const char *word);
/* The next word, which must be there; @what says what it would have been. */
int parse_need(struct parse *p, const char **word, const char *what);
/* Refuses what is left. */
int parse_end(struct parse *p);
/* Sentence about word number @index (from 0).  Always -1. */
int parse_fail(struct parse *p, unsigned int index, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same about the word taken last. */
int parse_bad(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same about what is not there at all. */
int parse_lack(struct parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One word each: the next one. */
int parse_name(struct parse *p, char name[TQUEUE_NAME_SIZE], const char *what);
int parse_ifname(struct parse *p, char name[TQ_IFNAME_SIZE]);
int parse_u32(struct parse *p, uint32_t *v, uint32_t min, uint32_t max);
int parse_u64(struct parse *p, uint64_t *v, uint64_t min);
int parse_range(struct parse *p, uint32_t *min, uint32_t *max, uint32_t limit);
int parse_masked(struct parse *p, uint32_t *v, uint32_t *mask);
/* "32M": K, M and G are powers of 1024. */
int parse_size(struct parse *p, uint64_t *bytes, uint64_t max);
/* "1h30m", "100ms"; a number alone is seconds. */
int parse_time(struct parse *p, uint64_t *us);
int parse_prefix(struct parse *p, struct tq_addr *addr, uint32_t *len);
int parse_enum(struct parse *p, const struct tq_name *names, const char *what, uint32_t *v);
/* "syn,ack": the sum of the values */
int parse_set(struct parse *p, const struct tq_name *names, const char *what, uint32_t *v);

/* Pure: text to number, without words.  0 or -1. */
int text_u64(const char *text, uint64_t *v);
int text_size(const char *text, uint64_t *bytes);
int text_time(const char *text, uint64_t *us);
/* What follows the first @mark in @word, and in @head what is before it; NULL
 * if there is none.  What does not fit into @head is cut to nothing, which is
 * neither number nor name.
 */
const char *text_cut(const char *word, char mark, char *head, size_t size);

/* Splits a line of a batch in place: words are parted by blanks, "..." and
 * '...' hold blanks, # starts a comment.  Number of words, or -1 if a quote is
 * open or there are more than @max.
 */
int text_split(char *line, const char **words, unsigned int max);

/* A row of a keyword table, from which help is printed too. */
struct parse_key {
	const char	*name;
	const char	*args;
	const char	*help;
};

/* Refuses the next word if it is an option of @keys, by its short or its long name,
 * that was there before; *seen, 0 at first, keeps which were.
 */
int parse_once(struct parse *p, const struct parse_key *keys, uint32_t *seen);

/* parse_object.c */
extern const struct parse_key parse_queue_keys[];
/* what follows "queue add NAME" or "queue set NAME" */
int parse_queue(struct parse *p, struct tq_queue *q);
extern const struct parse_key parse_table_keys[];
/* what follows "table add NAME" or "table set NAME" */
int parse_table(struct parse *p, struct tq_table *t);
extern const struct parse_key parse_hook_keys[];
/* what follows "hook add TABLE" */
int parse_hook(struct parse *p, struct tq_hook *h);

/* parse_filter.c */
extern const struct parse_key parse_filter_keys[];
/* what follows "rule list TABLE" */
int parse_filter(struct parse *p, struct tq_filter *f);

/* parse_rule.c */
const struct parse_key *parse_rule_key(unsigned int i);	/* NULL after the last */
/* what follows "rule add TABLE" */
int parse_rule(struct parse *p, struct tq_rule *r);
/* The keys of a rule that describe a packet, from 0; NULL after the last. */
const struct parse_key *parse_packet_key(unsigned int i);
/* what follows "rule test TABLE", up to the word "all" or the end */
int parse_packet(struct parse *p, struct tq_packet *pkt);
/* "handle H [H...]" up to the end of the words; *at most @max.  Number in *n. */
int parse_handles(struct parse *p, uint64_t *handles, unsigned int max, unsigned int *n);

#endif
