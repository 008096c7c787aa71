/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - a whole configuration: what a namespace has, or what it shall have.
 *
 * A file of it is made of the commands "queue add", "table add", "rule add" and
 * "hook add", or of JSON with the same objects.  A rule is kept as its own words, which is also what makes two
 * rules the same; millions of them fit into memory.
 */
#ifndef TQCTL_CONFIG_H
#define TQCTL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model.h"

struct parse;
struct tqctl;

/* The packets that a rule can match, or more: enough to see that no packet
 * matches two rules.  All ranges are closed; addresses in network order.
 */
struct config_box {
	uint8_t		family;		/* 0: any */
	uint8_t		src_len, dst_len;
	uint8_t		src[16], dst[16];
	uint8_t		proto_min, proto_max;
	uint16_t	sport_min, sport_max;
	uint16_t	dport_min, dport_max;
	uint32_t	mark, mark_mask;
};

/**
 * struct config_rule - one rule
 * @words: match, actions and verdict, as the printer says them
 * @state: counters and what is left of the timeout, or NULL
 * @box: packed; config_box() has it as a struct
 * @handle: 0: none was given
 * @timeout_ms: 0: none
 * @prio: lower first
 * @place: the how manieth of its table
 * @twin: another rule of this configuration has the same priority and words; not
 *	known of all that have a mate
 * @mate: the rule of the other configuration that is the same, or NULL
 * @file: where it was read
 * @line: of @file
 * @column: the same, if it is JSON
 */
struct config_rule {
	const char		*words;
	const char		*state;
	const char		*box;
	uint64_t		handle;
	uint64_t		timeout_ms;
	uint32_t		prio;
	uint32_t		place;
	struct config_rule	*mate;
	bool			twin;
	const char		*file;
	unsigned int		line;
	unsigned int		column;
};

/**
 * struct config_table - one table
 * @rules_max: 0: no limit
 * @rules: by priority, then order
 * @blocks: what they point to
 * @scratch: text in the making, by itself since tables move
 * @present: it is the kernel's: no boxes
 * @like: whose words its rules may point to, or NULL: it must live as long
 * @like_at: there the next rule is looked for
 */
struct config_table {
	char			name[TQUEUE_NAME_SIZE];
	uint32_t		rules_max;
	struct config_rule	*rules;
	size_t			n, room;
	bool			only_named;	/* a rule names it, nothing adds it yet */
	struct config_block	*blocks;
	struct config_scratch	*scratch;
	bool			present;
	const struct config_table *like;
	size_t			like_at;
};

struct config {
	struct tq_queue		*queues;
	size_t			queue_n;
	struct config_table	*tables;
	size_t			table_n;
	struct tq_hook		*hooks;
	size_t			hook_n;
};

/* Adds what @path says ("-": standard input), as text or, if it begins with {, as
 * JSON; @path must live as long as @c.  An exit status; what is wrong has been
 * told, with file and line.
 */
int config_read(struct tqctl *t, struct config *c, const char *path);
/* What the kernel has, beside @like, which must be sorted and live longer; the
 * second without the rules.  An exit status.
 */
int config_load(struct tqctl *t, struct config *c, const struct config *like);
int config_load_objects(struct tqctl *t, struct config *c);
/* Sorts the rules; to be called once when all is read. */
void config_sort(struct config *c);
void config_free(struct config *c);

struct tq_queue *config_queue(const struct config *c, const char *name);
struct config_table *config_table(const struct config *c, const char *name);
/* As "table add" has it: name and, if there is one, limit. */
struct tq_table config_table_settings(const struct config_table *table);

void config_table_free(struct config_table *t);
/* The box of a rule of a table that is not @present. */
void config_box(const struct config_rule *r, struct config_box *b);

/* Appends @rule to @table; words and box are made from it, and the state if that
 * is wanted.  -1: no memory.
 */
int config_add_rule(struct config_table *table, const struct tq_rule *rule, bool state);

/**
 * struct config_reader - one file on its way into a configuration
 * @later: what is named may be added further down: config_reader_end() looks
 * @refs: names that were not known yet, and where they were first
 */
struct config_reader {
	struct tqctl		*t;
	struct config		*c;
	bool			later;
	struct config_ref	*refs;
	size_t			ref_n;
};

/* config_object.c: what follows "queue add", "table add", ... in @p.  Exit
 * statuses, as above.
 */
int config_read_queue(struct config_reader *r, struct parse *p);
int config_read_table(struct config_reader *r, struct parse *p);
int config_read_rule(struct config_reader *r, struct parse *p);
int config_read_hook(struct config_reader *r, struct parse *p);
/* Sees that all is there that was named, if @code is 0, and frees. */
int config_reader_end(struct config_reader *r, int code);

/* config_json.c: a document whose first character comes next, in that line and
 * column.
 */
int config_read_json(struct config_reader *r, FILE *f, unsigned int line, unsigned int column);

#endif
