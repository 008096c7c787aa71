/* SPDX-License-Identifier: GPL-2.0-only */
/* unit.h - what the unit tests share: one command line in, text out. */
#ifndef TQUEUE_UNIT_H
#define TQUEUE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tqctl.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct line {
	char		text[512];
	const char	*words[64];
	unsigned int	n;
	struct parse	p;
};

/* Splits @text and sets up the parser on it. */
static inline struct parse *line_init(struct line *line, const char *text)
{
	int n;

	assert_true(strlen(text) < sizeof(line->text));
	strcpy(line->text, text);
	n = text_split(line->text, line->words, COUNT(line->words));
	assert_true(n >= 0);
	line->n = n;
	parse_init(&line->p, line->words, n);
	return &line->p;
}

/* Runs one command line.  Its exit status; *err is what it told, to be freed. */
static inline int run_line(const char *text, char **err)
{
	struct tqctl t = { .out.file = stdout };
	struct line line;
	size_t size;
	int code;

	line_init(&line, text);
	t.err = open_memstream(err, &size);
	assert_non_null(t.err);
	/* No command may get as far as the network. */
	t.netns = "/nonexistent/netns";
	code = tqctl_run(&t, line.words, line.n);
	rules_free(&t.rules);
	tnl_close(t.nl);
	fclose(t.err);
	return code;
}

#endif
