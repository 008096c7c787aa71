// SPDX-License-Identifier: GPL-2.0-only
/* A configuration from a file: lines of text here, JSON in config_json.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "tqctl.h"

#define WORDS_MAX	256

static const struct {
	const char	*name;
	int		(*read)(struct config_reader *r, struct parse *p);
} objects[] = {
	{ "queue", config_read_queue }, { "table", config_read_table },
	{ "rule", config_read_rule }, { "hook", config_read_hook },
};

static int read_line(struct config_reader *r, const char *const *words, unsigned int n)
{
	const char *object, *add;
	struct tqctl *t = r->t;
	struct parse p;
	size_t i;

	parse_init(&p, words, n);
	object = parse_next(&p);
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		if (strcmp(objects[i].name, object))
			continue;
		if (parse_need(&p, &add, "add"))
			return tqctl_usage(t, &p);
		if (!strcmp(add, "add"))
			return objects[i].read(r, &p);
		parse_bad(&p, "a configuration has only \"%s add\"", object);
		return tqctl_usage(t, &p);
	}
	parse_bad(&p, "not one of queue, table, rule, hook");
	return tqctl_usage(t, &p);
}

static int read_lines(struct config_reader *r, FILE *f)
{
	const char *words[WORDS_MAX];
	struct tqctl *t = r->t;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = TQCTL_OK, n;

	while (!code && (len = getline(&line, &size, f)) >= 0) {
		t->line++;
		n = memchr(line, 0, len) ? -1 : text_split(line, words, WORDS_MAX);
		if (n < 0) {
			tqctl_say(t, "a NUL byte, an open quote, or more than %d words", WORDS_MAX);
			code = TQCTL_USAGE;
		} else if (n > 0) {
			code = read_line(r, words, n);
		}
	}
	if (!code && ferror(f))
		code = tqctl_errno(t, errno, "read");
	free(line);
	return code;
}

/* Passes blanks, and tells by what comes then whether this is JSON. */
static bool is_json(FILE *f, unsigned int *line, unsigned int *column)
{
	int c;

	*line = 0;
	*column = 1;
	while ((c = getc(f)) == ' ' || c == '\t' || c == '\r' || c == '\n') {
		*line += c == '\n';
		*column = c == '\n' ? 1 : *column + 1;
	}
	ungetc(c, f);
	return c == '{' || c == '[';
}

int config_read(struct tqctl *t, struct config *c, const char *path)
{
	struct config_reader r = { .t = t, .c = c };
	bool in = !strcmp(path, "-");
	FILE *f = in ? stdin : fopen(path, "re");
	unsigned int column;
	int code;

	if (!f)
		return tqctl_errno(t, errno, path);
	t->file = in ? "stdin" : path;
	r.later = is_json(f, &t->line, &column);
	code = r.later ? config_read_json(&r, f, t->line + 1, column) : read_lines(&r, f);
	code = config_reader_end(&r, code);
	t->file = NULL;
	t->column = 0;
	if (!in)
		fclose(f);
	return code;
}
