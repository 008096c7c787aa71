// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tqctl.h"

#define WORDS_MAX	256

static int run_lines(struct tqctl *t, FILE *f)
{
	const char *words[WORDS_MAX];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = TQCTL_OK, n;

	while (!code && (len = getline(&line, &size, f)) >= 0) {
		t->line++;
		t->what[0] = 0;
		if (memchr(line, 0, len)) {
			tqctl_say(t, "the line holds a NUL byte");
			code = TQCTL_USAGE;
			break;
		}
		n = text_split(line, words, WORDS_MAX);
		if (n < 0) {
			tqctl_say(t, "an open quote, or more than %d words", WORDS_MAX);
			code = TQCTL_USAGE;
		} else if (n > 0) {
			code = tqctl_run(t, words, n);
		}
	}
	if (!code && ferror(f))
		code = tqctl_errno(t, errno, "read");
	free(line);
	return code;
}

int tqctl_batch(struct tqctl *t, const char *path)
{
	FILE *f = stdin;
	int code;

	if (strcmp(path, "-")) {
		f = fopen(path, "re");
		if (!f)
			return tqctl_errno(t, errno, path);
	}
	t->file = f == stdin ? "stdin" : path;
	t->line = 0;
	code = run_lines(t, f);
	t->what[0] = 0;
	if (code)
		rules_abort(t);
	else
		code = rules_commit(t);
	if (f != stdin)
		fclose(f);
	t->file = NULL;
	return code;
}
