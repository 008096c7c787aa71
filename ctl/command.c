// SPDX-License-Identifier: GPL-2.0-only
/* From words to the row of a table, and help from the same tables. */
#include <string.h>

#include "tqctl.h"

static const struct command objects[] = {
	{ "queue", "", "named rings that hold copies of packets", .sub = queue_commands },
	{ "table", "", "named sets of rules", .sub = table_commands },
	{ "rule", "", "which packets, and what to do with them", .sub = rule_commands },
	{ "hook", "", "tables at netfilter's hooks, without iptables", .sub = hook_commands },
	{ "txn", "", "changes that are not committed, or not confirmed, yet", .sub = txn_commands },
	{ "capture", "QUEUE -w FILE [OPTION...]", "write packets to a pcapng file or a pipe",
	  .run = cmd_capture, .keys = cmd_capture_keys },
	{ "save", "", "print the whole configuration; with -s and the counters", .run = cmd_save },
	{ "restore", "[--dry-run] [--confirm TIME] [FILE...]",
	  "make what save has printed: as apply, but shows nothing and reads standard input",
	  .run = cmd_restore, .keys = cmd_apply_keys },
	{ "apply", "[--dry-run] [--quiet] [--confirm TIME] FILE...",
	  "make the configuration what the files say, by the smallest change",
	  .run = cmd_apply, .keys = cmd_apply_keys },
	{ "top", "[QUEUE] [-c N] [-d TIME]", "what queues and CPUs take and lose in a second",
	  .run = cmd_top, .keys = cmd_top_keys },
	{ "metrics", "[-w FILE] [--rules]", "counters as OpenMetrics, for Prometheus",
	  .run = cmd_metrics, .keys = cmd_metrics_keys },
	{ "monitor", "", "print changes as they happen", .run = cmd_monitor },
	{ "module", "", "the kernel module: unload, reload", .sub = module_commands },
	{ "doctor", "", "what keeps tqueue from working here, and how to mend it", .run = cmd_doctor },
	{ "version", "", "versions of tool and module", .run = cmd_version },
	{ .name = NULL }
};

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

static void print_rows(FILE *f, const struct command *rows)
{
	for (; rows->name; rows++) {
		if (rows->args[0])
			fprintf(f, "  %s %s\n        %s\n", rows->name, rows->args, rows->help);
		else
			fprintf(f, "  %-14s%s\n", rows->name, rows->help);
	}
}

const struct command *tqctl_rows(void)
{
	return objects;
}

void tqctl_objects(FILE *f)
{
	print_rows(f, objects);
}

static void help_rows(const struct tqctl *t, const struct command *rows, const char *path)
{
	fprintf(t->out.file, "Usage: tqctl %s%sCOMMAND\n\n", path, *path ? " " : "");
	print_rows(t->out.file, rows);
}

static void help_command(const struct tqctl *t, const struct command *row, const char *path)
{
	const struct parse_key *key;
	unsigned int i;
	char left[64];

	fprintf(t->out.file, "Usage: tqctl %s%s%s\n  %s\n", path, *row->args ? " " : "",
		row->args, row->help);
	for (i = 0; row->keys && (key = row->keys(i)) && key->name; i++) {
		if (!i)
			fputc('\n', t->out.file);
		snprintf(left, sizeof(left), "%s %s", key->name, key->args);
		fprintf(t->out.file, "  %-30s %s\n", left, key->help);
	}
}

/* The names of the rows that begin with @word, in @list; the last of them. */
static const struct command *candidates(const struct command *rows, const char *word,
					char *list, size_t size, unsigned int *count)
{
	const struct command *found = NULL;
	size_t n = 0;

	*count = 0;
	for (; rows->name && n < size; rows++) {
		if (strncmp(rows->name, word, strlen(word)))
			continue;
		n += snprintf(list + n, size - n, "%s%s", n ? ", " : "", rows->name);
		found = rows;
		++*count;
	}
	return found;
}

/* The row that @word names in full, or begins if it begins only one. */
static const struct command *find(struct parse *p, const struct command *rows, const char *word)
{
	const struct command *row;
	unsigned int count;
	char list[160];

	for (row = rows; row->name; row++)
		if (!strcmp(row->name, word))
			return row;
	row = candidates(rows, word, list, sizeof(list), &count);
	if (count == 1)
		return row;
	if (count) {
		parse_bad(p, "may be any of %s", list);
	} else {
		candidates(rows, "", list, sizeof(list), &count);
		parse_bad(p, "not one of %s", list);
	}
	return NULL;
}

static void enter(struct tqctl *t, const char *name)
{
	size_t n = strlen(t->what), len = strlen(name);

	if (n + 1 + len >= sizeof(t->what))
		return;
	if (n)
		t->what[n++] = ' ';
	memcpy(t->what + n, name, len + 1);
}

static int run_row(struct tqctl *t, struct parse *p, const struct command *row)
{
	const char *word = parse_peek(p);
	int code;

	if (word && is_help(word)) {
		help_command(t, row, t->what);
		return TQCTL_OK;
	}
	/* Only changes of rules wait for each other. */
	if (!row->joins) {
		code = rules_commit(t);
		if (code)
			return code;
	}
	return row->run(t, p);
}

int tqctl_run(struct tqctl *t, const char *const *words, unsigned int n)
{
	const struct command *rows = objects, *row;
	const char *word;
	struct parse p;

	t->what[0] = 0;
	parse_init(&p, words, n);
	for (;;) {
		word = parse_next(&p);
		if (!word) {
			tqctl_say(t, "a command is missing; see \"tqctl %s%s--help\"", t->what,
				  t->what[0] ? " " : "");
			return TQCTL_USAGE;
		}
		if (is_help(word)) {
			help_rows(t, rows, t->what);
			return TQCTL_OK;
		}
		row = find(&p, rows, word);
		if (!row)
			return tqctl_usage(t, &p);
		enter(t, row->name);
		if (!row->sub)
			return run_row(t, &p, row);
		rows = row->sub;
	}
}
