/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_words.h - an object of JSON as the words of a command, so that whatever
 * takes words takes JSON, with the same ranges, names and refusals.
 *
 * The members are those that print*.c makes.  What is state and no setting, as
 * the readers of a queue, is taken and left out.
 */
#ifndef TQCTL_JSON_WORDS_H
#define TQCTL_JSON_WORDS_H

#include <stddef.h>

struct json_object;
struct parse;

enum json_kind { JSON_QUEUE, JSON_TABLE, JSON_RULE, JSON_HOOK, JSON_KINDS };

#define JSON_WORDS_MAX	192

/**
 * struct json_words - what follows "queue add", "table add", ...
 * @v: the words; they end with the object
 * @place: ".dport" for each
 * @element: "rules[17]"
 * @err: what is wrong, with its place
 */
struct json_words {
	const char	*v[JSON_WORDS_MAX];
	const char	*place[JSON_WORDS_MAX];
	unsigned int	n;
	char		element[40];
	char		err[256];

	/* private */
	char		room[8192];
	size_t		used;
};

/* "queues", "tables", ... and a NULL. */
extern const char *const json_lists[];

/* Sets up @p on the words of @obj.  -1: @w->err. */
int json_words(struct json_words *w, struct parse *p, enum json_kind kind, unsigned long index,
	       struct json_object *obj);

#endif
