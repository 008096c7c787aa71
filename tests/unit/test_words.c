// SPDX-License-Identifier: GPL-2.0-only
/* Every word of every command, out of the tool's own tables: wrong in every way, and
 * in its help.  A wrong one is a matter of usage, its place is named, and the network
 * is not reached.  With WORDS set, all commands and words are written to that file,
 * for words.py to see that the manual page has them.
 */
#include <unistd.h>

#include "unit.h"

/* What is no value of anything but a file. */
#define STRANGE		"no/such!"
#define LONG		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

enum kind {
	WORD,		/* none of the garbage is one */
	NUMBER,		/* only a negative number is one */
	NAME,		/* some of it is */
	ANYTHING,	/* a file: all of it is */
};

/* What the tables call a value, as they write it, and one that is right. */
static const struct value {
	const char	*args;
	const char	*good;
	enum kind	kind;
} values[] = {
	{ "SIZE", "64K", WORD }, { "N", "5", WORD }, { "TIME", "2s", WORD }, { "H", "5", WORD },
	{ "MS", "5", WORD }, { "ID", "5", WORD }, { "F", "ip", WORD }, { "POINT", "input", WORD },
	{ "NAME|N", "17", WORD }, { "N|NAME", "5", WORD }, { "FLAGS/MASK", "syn/syn", WORD },
	{ "V[/MASK]", "5", WORD }, { "N[-M]", "5", WORD }, { "N[/CODE]", "5", WORD },
	{ "KIND[,KIND]", "first", WORD }, { "STATE[,STATE]", "new", WORD },
	{ "N[/s]", "5", WORD }, { "N|NAME[+N|-N]", "raw", NUMBER },
	{ "set N|inc N|dec N", "set 5", WORD }, { "PREFIX", "10.0.0.0/8", WORD },
	{ "ADDRESS", "10.0.0.1", WORD }, { "stream|list", "stream", WORD },
	{ "NAME", "n1", NAME }, { "QUEUE", "q", NAME }, { "TABLE", "t", NAME },
	{ "FILE", "/nonexistent/f", ANYTHING }, { "TEXT|-", "text", ANYTHING },
	{ "EXPRESSION", "tcp", ANYTHING },
};

/* Words whose value is another than others of that name have. */
static const struct {
	const char	*key;
	struct value	value;
} special[] = {
	{ "verdict", { "NAME", "drop", WORD } },
	/* Of one packet, not of many. */
	{ "rule test src", { "PREFIX", "10.0.0.1", WORD } },
	{ "rule test dst", { "PREFIX", "10.0.0.1", WORD } },
	{ "rule test tcp-flags", { "FLAGS/MASK", "syn", WORD } },
};

/* May be there several times, as their help says. */
static const char *const many[] = { "queue" };

static const char *const garbage[] = {
	"\"\"", "\"a b\"", STRANGE, LONG, "/",			/* of a name, too */
	"-1", "99999999999999999999999", "0x", "\x80\xff", "%n%s", "1,,2", "1-", "-", "5x",
};
#define FOR_NAMES	5

static FILE *all;
static unsigned int tried, bad;

/* The value @args begins with; what is in brackets behind a blank can be left out. */
static struct value value_of(const char *path, const char *key, const char *args)
{
	static char buf[64];
	struct value v = { .kind = WORD };
	char *end, whole[128];
	size_t i;

	snprintf(whole, sizeof(whole), "%s %s", path, key);
	for (i = 0; i < COUNT(special); i++)
		if (!strcmp(special[i].key, key) || !strcmp(special[i].key, whole))
			return special[i].value;
	snprintf(buf, sizeof(buf), "%s", args);
	end = strstr(buf, " [");
	if (end)
		*end = 0;
	for (i = 0; i < COUNT(values); i++)
		if (!strcmp(values[i].args, buf))
			return values[i];
	/* "auto|ethernet|raw": one of these words */
	end = strchr(buf, '|');
	if (!end || strpbrk(buf, "ABCDEFGHIJKLMNOPQRSTUVWXYZ["))
		fail_msg("%s: \"%s\" has no line in values[]", key, args);
	*end = 0;
	v.args = args;
	v.good = buf;
	return v;
}

/* The shortest right line: what of @args is not in brackets, by values[]. */
static void base_line(char *line, size_t size, const char *path, const char *args)
{
	char word[64], copy[256], *at = copy;
	int depth = 0, n;
	size_t len;

	len = snprintf(line, size, "%s", path);
	snprintf(copy, sizeof(copy), "%s", args);
	for (; sscanf(at, " %63s%n", word, &n) == 1; at += n) {
		const char *brackets = word;
		bool inside = depth || *word == '[';

		for (; *brackets; brackets++)
			depth += (*brackets == '[') - (*brackets == ']');
		if (inside || strstr(word, "..."))
			continue;
		if (*word >= 'A' && *word <= 'Z')
			len += snprintf(line + len, size - len, " %s", value_of(path, "", word).good);
		else
			len += snprintf(line + len, size - len, " %s", word);
	}
	/* "FILE..." is at least one. */
	if (strstr(args, " FILE..."))
		snprintf(line + len, size - len, " /nonexistent/f");
}

/* @text must be refused for its usage, at one of the words @first to @last (from 1);
 * 0 for @first: or because something is missing in it.
 */
static void wrong(const char *text, unsigned int first, unsigned int last, const char *why)
{
	char *err = NULL, *at;
	unsigned int word = 0;
	int code;

	tried++;
	code = run_line(text, &err);
	at = strstr(err, "word ");
	if (at)
		sscanf(at, "word %u \"", &word);
	if (code != TQCTL_USAGE || !*err || (first && !word) || word < first || word > last) {
		bad++;
		print_error("%s: tqctl %s: exit %d, wanted word %u to %u: %s", why, text, code,
			    first, last, *err ? err : "nothing\n");
	}
	free(err);
}

static unsigned int count(const char *text)
{
	struct line line;

	line_init(&line, text);
	return line.n;
}

/* A strange word at each place of the right line @text, behind the first @skip. */
static void strangers(const char *text, unsigned int skip)
{
	char out[512];
	struct line line;
	unsigned int at, i;
	size_t n;

	line_init(&line, text);
	for (at = skip; at <= line.n; at++) {
		n = 0;
		for (i = 0; i <= line.n; i++) {
			if (i == at)
				n += snprintf(out + n, sizeof(out) - n, "%s ", STRANGE);
			if (i < line.n)
				n += snprintf(out + n, sizeof(out) - n, "%s ", line.words[i]);
		}
		/* It may be taken for a file, and then the next word is one too many. */
		wrong(out, at + 1, at + 2, "a word that there is not");
	}
}

/* All that is shorter than the right line @text. */
static void shorter(const char *text, unsigned int skip)
{
	struct line line;
	unsigned int n, i;
	char out[512];
	size_t len;

	line_init(&line, text);
	for (n = skip; n < line.n; n++) {
		len = 0;
		for (i = 0; i < n; i++)
			len += snprintf(out + len, sizeof(out) - len, "%s ", line.words[i]);
		wrong(out, 0, n, "it is too short");
	}
}

static bool is_many(const char *key)
{
	size_t i;

	for (i = 0; i < COUNT(many); i++)
		if (!strcmp(many[i], key))
			return true;
	return false;
}

/* Commands that take any strange word for a file. */
static bool only_files(const char *path)
{
	return !strcmp(path, "apply") || !strcmp(path, "restore");
}

/* The right line that @key can follow: some follow another word only. */
static const char *base_for(const char *path, const char *key, const char *base)
{
	static const char *const of_capture[] = { "filter", "count", "summary" };
	size_t i;

	for (i = 0; i < COUNT(of_capture); i++)
		if (!strcmp(path, "rule test") && !strcmp(key, of_capture[i]))
			return "rule test t capture /nonexistent/f";
	return base;
}

static void one_key(const char *path, const char *base, const struct parse_key *key)
{
	const unsigned int n = count(base);
	struct value v = { .good = "", .kind = ANYTHING };
	char text[512], right[256];
	size_t i, most;

	if (*key->args)
		v = value_of(path, key->name, key->args);
	snprintf(right, sizeof(right), "%s %s %s", base, key->name, v.good);
	if (*key->args) {
		snprintf(text, sizeof(text), "%s %s", base, key->name);
		wrong(text, n + 1, n + 1, "its value is missing");
		most = v.kind == WORD || v.kind == NUMBER ? COUNT(garbage) : v.kind == NAME ? FOR_NAMES : 0;
		for (i = 0; i < most; i++) {
			if (v.kind == NUMBER && !strcmp(garbage[i], "-1"))
				continue;
			snprintf(text, sizeof(text), "%s %s %s", base, key->name, garbage[i]);
			wrong(text, n + 2, n + 2, "a bad value");
		}
	}
	if (!is_many(key->name)) {
		snprintf(text, sizeof(text), "%s %s %s", right, key->name, v.good);
		wrong(text, count(right) + 1, count(right) + 3, "it is there twice");
	}
	/* Behind the name of the command, and not where any word is a file. */
	if (!only_files(path))
		strangers(right, count(path));
}

/* What "--help" and its like print. */
static char *help(const char *path, const char *word)
{
	struct tqctl t = { .netns = "/nonexistent/netns", .err = stderr };
	struct line line;
	char text[256];
	size_t size;
	char *out;

	snprintf(text, sizeof(text), "%s %s", path, word);
	line_init(&line, text);
	t.out.file = open_memstream(&out, &size);
	assert_non_null(t.out.file);
	assert_int_equal(tqctl_run(&t, line.words, line.n), TQCTL_OK);
	fclose(t.out.file);
	return out;
}

static void in_help(const char *path, const char *out, const char *what)
{
	if (!strstr(out, what))
		fail_msg("\"tqctl %s --help\" has no \"%s\"", path, what);
}

static void test_help_of(const struct command *row, const char *path)
{
	static const char *const words[] = { "--help", "help", "-h" };
	const struct parse_key *key;
	const struct command *sub;
	char left[96];
	size_t i, k;

	for (i = 0; i < COUNT(words); i++) {
		char *out = help(path, words[i]);

		in_help(path, out, path);
		for (sub = row->sub; sub && sub->name; sub++) {
			in_help(path, out, sub->name);
			in_help(path, out, sub->args);
			in_help(path, out, sub->help);
		}
		if (!row->sub) {
			in_help(path, out, row->args);
			in_help(path, out, row->help);
		}
		for (k = 0; row->keys && (key = row->keys(k)) && key->name; k++) {
			snprintf(left, sizeof(left), "  %s %s", key->name, key->args);
			in_help(path, out, left);
			in_help(path, out, key->help);
		}
		free(out);
	}
}

static void each(const struct command *rows, const char *above,
		 void (*fn)(const struct command *row, const char *path))
{
	char path[128];

	for (; rows->name; rows++) {
		snprintf(path, sizeof(path), "%s%s%s", above, *above ? " " : "", rows->name);
		fn(rows, path);
		if (rows->sub)
			each(rows->sub, path, fn);
	}
}

static void test_help(void **state)
{
	each(tqctl_rows(), "", test_help_of);
}

static void write_words(const struct command *row, const char *path)
{
	const struct parse_key *key;
	unsigned int i;

	if (row->sub)
		return;
	fprintf(all, "%s\t%s", path, row->help);
	for (i = 0; row->keys && (key = row->keys(i)) && key->name; i++)
		fprintf(all, "\t%s", key->name);
	fprintf(all, "\n");
}

static bool has_word(const char *text, const char *word)
{
	struct line line;
	unsigned int i;

	line_init(&line, text);
	for (i = 0; i < line.n; i++)
		if (!strcmp(line.words[i], word))
			return true;
	return false;
}

static void test_words_of(const struct command *row, const char *path)
{
	const struct parse_key *key;
	char base[128], text[512];
	unsigned int i, n = count(path);

	if (row->sub) {
		wrong(path, 0, n, "no command");
		snprintf(text, sizeof(text), "%s %s", path, STRANGE);
		wrong(text, n + 1, n + 1, "no such command");
		return;
	}
	base_line(base, sizeof(base), path, row->args);
	/* These could do what they say to the machine of the tests. */
	if (strncmp(path, "module", 6)) {
		shorter(base, n);
		/* Files come last. */
		if (strstr(row->args, " FILE..."))
			snprintf(base, sizeof(base), "%s", path);
		for (i = 0; row->keys && (key = row->keys(i)) && key->name; i++)
			if (!has_word(base, key->name))
				one_key(path, base_for(path, key->name, base), key);
	}
	if (!only_files(path))
		strangers(base, n);
}

static void test_words(void **state)
{
	const char *path = getenv("WORDS");

	each(tqctl_rows(), "", test_words_of);
	print_message("# %u wrong lines\n", tried);
	assert_true(tried > 1000);
	assert_int_equal(bad, 0);
	if (path) {
		all = fopen(path, "w");
		assert_non_null(all);
		each(tqctl_rows(), "", write_words);
		fclose(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
