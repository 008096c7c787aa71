/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json_split.h - a JSON document {"NAME": [{...}, ...], ...} as its objects, one
 * after the other, so that a million of them needs no memory.
 *
 * json-c parses each object; here is found where it begins and ends, and refused
 * what json-c takes although it is no JSON, or changes silently: names that are
 * there twice, numbers beyond 64 bits, single quotes, control characters.
 */
#ifndef TQCTL_JSON_SPLIT_H
#define TQCTL_JSON_SPLIT_H

#include <stddef.h>
#include <stdio.h>

struct json_object;
struct json_tokener;

#define JSON_SPLIT_MAX	(1u << 20)	/* bytes of one object */
#define JSON_SPLIT_KEYS	8		/* lists of a document at most */

/**
 * struct json_split - one run
 * @f: where it is read
 * @keys: names of the lists that the document may have, up to NULL
 * @line: of the next character, from 1
 * @column: the same
 * @key: the list of the current object, as a place in @keys
 * @index: its number in the list, from 0
 * @at_line: where it begins; after an error, where that is
 * @at_column: the same
 * @err: what is wrong
 */
struct json_split {
	FILE			*f;
	const char *const	*keys;
	unsigned int		line, column;
	unsigned int		key;
	unsigned long		index;
	unsigned int		at_line, at_column;
	char			err[160];

	/* private */
	unsigned int		state;
	unsigned int		seen;
	struct json_tokener	*tokener;
	char			*text;
	size_t			len, room;
};

/* @line and @column: of what @f gives next.  -1: no memory. */
int json_split_init(struct json_split *s, FILE *f, const char *const *keys, unsigned int line,
		    unsigned int column);
void json_split_free(struct json_split *s);

/* 1: an object, which the caller frees; 0: the end; -1: an error, in @s->err. */
int json_split_next(struct json_split *s, struct json_object **obj);

#endif
