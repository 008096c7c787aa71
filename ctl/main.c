// SPDX-License-Identifier: GPL-2.0-only
/* tqctl - configure tqueue and read its queues: options, then one command. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "tqctl.h"

static const struct {
	char		letter;		/* 0: long only, then its place + 1 */
	const char	*name;
	const char	*arg;
	const char	*help;
} options[] = {
	{ 'j', "json", NULL, "print JSON" },
	{ 'p', "pretty", NULL, "and break it into lines" },
	{ 's', "stats", NULL, "show counters too" },
	{ 0, "holders", NULL, "show who uses a queue or table" },
	{ 'n', "netns", "NETNS", "work in this network namespace (name or path)" },
	{ 'b', "batch", "FILE", "run the commands in FILE; - is standard input" },
	{ 'V', "version", NULL, "print the tool's version" },
	{ 'h', "help", NULL, "print this; \"tqctl OBJECT help\" tells more" },
};

#define OPTIONS		(sizeof(options) / sizeof(options[0]))
#define HOLDERS		3	/* place of "holders" */

static void help(FILE *f)
{
	char left[32];
	size_t i;

	fputs("Usage: tqctl [OPTION...] OBJECT COMMAND [ARGUMENT...]\n"
	      "       tqctl [OPTION...] -b FILE\n\nObjects:\n", f);
	tqctl_objects(f);
	fputs("\nOptions:\n", f);
	for (i = 0; i < OPTIONS; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
			 options[i].arg ? " " : "", options[i].arg ? options[i].arg : "");
		if (options[i].letter)
			fprintf(f, "  -%c, %-20s %s\n", options[i].letter, left, options[i].help);
		else
			fprintf(f, "      %-20s %s\n", left, options[i].help);
	}
	fputs("\nExit status: 0 done, 1 refused, 2 usage, 3 module not loaded, 4 data lost\n", f);
}

static void make_options(struct option *longs, char *shorts)
{
	size_t i;

	*shorts++ = '+';
	for (i = 0; i < OPTIONS; i++) {
		longs[i].name = options[i].name;
		longs[i].has_arg = options[i].arg ? required_argument : no_argument;
		longs[i].flag = NULL;
		longs[i].val = options[i].letter ? options[i].letter : (int)i + 1;
		if (options[i].letter)
			*shorts++ = options[i].letter;
		if (options[i].letter && options[i].arg)
			*shorts++ = ':';
	}
	memset(&longs[OPTIONS], 0, sizeof(longs[OPTIONS]));
	*shorts = 0;
}

/* -1: go on with the command; else the exit status */
static int read_options(struct tqctl *t, int argc, char **argv, const char **batch)
{
	struct option longs[OPTIONS + 1];
	char shorts[OPTIONS * 2 + 2];
	int c;

	make_options(longs, shorts);
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) >= 0) {
		switch (c) {
		case 'j':
			t->out.json = true;
			break;
		case 'p':
			t->out.pretty = true;
			break;
		case 's':
			t->stats = true;
			break;
		case HOLDERS + 1:
			t->holders = true;
			break;
		case 'n':
			t->netns = optarg;
			break;
		case 'b':
			*batch = optarg;
			break;
		case 'V':
			printf("tqctl %s\n", tqctl_version);
			return TQCTL_OK;
		case 'h':
			help(stdout);
			return TQCTL_OK;
		default:
			return TQCTL_USAGE;
		}
	}
	return -1;
}

/* Wireshark runs us under a name in its folder of extcap programs. */
static bool is_extcap(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n >= 6 && !strcmp(name + n - 6, "extcap");
}

int main(int argc, char **argv)
{
	struct tqctl t = { .out.file = stdout, .err = stderr };
	const char *batch = NULL;
	int code;

	if (is_extcap(argv[0]))
		code = tqctl_extcap(&t, argc, argv);
	else if (argc > 1 && !strcmp(argv[1], "--complete"))
		code = tqctl_complete(&t, (const char *const *)argv + 2, argc - 2);
	else
		code = read_options(&t, argc, argv, &batch);
	if (code < 0 && batch && optind < argc) {
		fprintf(stderr, "tqctl: \"%s\": no command goes with --batch\n", argv[optind]);
		code = TQCTL_USAGE;
	} else if (code < 0 && batch) {
		code = tqctl_batch(&t, batch);
	} else if (code < 0 && optind == argc) {
		help(stderr);
		code = TQCTL_USAGE;
	} else if (code < 0) {
		code = tqctl_run(&t, (const char *const *)argv + optind, argc - optind);
	}
	rules_free(&t.rules);
	tnl_close(t.nl);
	if (fflush(stdout) || ferror(stdout)) {
		perror("tqctl: standard output");
		code = code ? code : TQCTL_LOST;
	}
	return code;
}
