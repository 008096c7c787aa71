// SPDX-License-Identifier: GPL-2.0-only
/*
 * tqnl - sends netlink requests as they are described, also such as no honest
 * program sends, and checks how they are refused.
 *
 *   tqnl [-c] [-g N] [FILE]	cases from FILE or standard input; TAP out
 *   tqnl -e REQUEST...		one request; prints the answer
 *   tqnl -x QUEUE COMMAND...	COMMAND with the queue as descriptor 3, by QUEUE_OPEN
 *
 * -w FILE: all that is received is appended to FILE.  -u UID: as this user, once
 * the socket is open.  -s UID: the socket is opened as this user.
 *
 * A case:   EXPECT ATTR <- REQUEST [# WHAT]
 *   EXPECT  OK or names of errors, joined by commas; HAS is OK, and if the module
 *	     has no such command, the rest of the group is skipped but for STEPs
 *   ATTR    the attribute that the answer must point at, "?" for one that is
 *           missing, "-" for any or none, "!" for a refusal by netlink itself,
 *           which has no words
 *   REQUEST COMMAND [dump|excl|echo|version=N|cmd=N|noack]... [ATTR=VALUE]...
 *   ATTR    a name of the uapi header without TQUEUE_A_, or a number; behind
 *	     it +nested or +order for a flag that does not belong to its type
 *   VALUE   u8: u16: u32: s32: u64: NUMBER   ("$txn": the last TXN_ID seen,
 *	     "$last": the id of the last queue, table or hook that was made)
 *           str:TEXT    with its NUL; str*N:C is N times the character C
 *           chars:TEXT  without
 *           hex:BYTES   nil (no bytes)
 *           { ... }     a nest; ( ... ) a nest without the nested flag
 *           cut:N       only the header, which claims N bytes
 *   COMMAND "join" joins the group of events, "reopen" takes a new socket
 *
 * Every refusal must come with a sentence and must have changed nothing: all
 * objects are dumped before and after.  -c: not (for callers who may not dump).
 *
 * -g N is for thousands of cases: a line "group NAME" begins some that are one
 * result, of which only what is wrong is printed.  A change that is counted is
 * seen after each case, by the serial number; all objects are dumped after N.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/tqueue.h>
#include "nlreq.h"

/* Everything there is but for what only counts. */
static u64 state_hash(void)
{
	static const u8 dumps[] = {
		TQUEUE_CMD_QUEUE_GET, TQUEUE_CMD_TABLE_GET, TQUEUE_CMD_HOOK_GET,
		TQUEUE_CMD_STATS_GET,
	};
	struct answer a;
	u64 hash = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dumps); i++) {
		nl_begin(nl_family(), dumps[i], TQUEUE_FAMILY_VERSION, NLM_F_ACK | NLM_F_DUMP);
		nl_exchange(&a, 1);
		if (a.error)
			die("dump %u: %s", dumps[i], nl_error_name(a.error));
		hash = hash * 31 + a.hash;
	}
	/* All rules of the first tables: more are not made here. */
	for (i = 1; i < 9; i++) {
		nl_begin(nl_family(), TQUEUE_CMD_RULE_GET, TQUEUE_FAMILY_VERSION,
			      NLM_F_ACK | NLM_F_DUMP);
		nl_put_u32(TQUEUE_A_RULES_TABLE_ID, (u32)i);
		nl_exchange(&a, 1);
		hash = hash * 31 + a.hash;
	}
	return hash;
}

/* Changes with each change that is counted, which one small request tells. */
static u32 serial_now(void)
{
	struct answer a;

	nl_begin(nl_family(), TQUEUE_CMD_TABLE_GET, TQUEUE_FAMILY_VERSION, NLM_F_ACK);
	nl_put_u32(TQUEUE_A_TABLE_ID, 1);
	nl_exchange(&a, 0);
	if (!a.serial)
		die("no table 1, or no serial: %s", nl_error_name(a.error));
	return a.serial;
}

/* Before Linux 6.10 the end of a dump, which is how its handler refuses it, had
 * room for a text only.
 */
static int no_attr_in_done(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		die("uname");
	return major < 6 || (major == 6 && minor < 10);
}

static int is_expected(const char *expect, int error)
{
	const char *name = nl_error_name(error), *at = expect;
	size_t n = strlen(name);

	while ((at = strstr(at, name))) {
		if ((at == expect || at[-1] == ',') && (!at[n] || at[n] == ','))
			return 1;
		at += n;
	}
	return 0;
}

static unsigned int n_cases, n_failed;

/* With -g: all objects are dumped after so many cases. */
static unsigned int every;
static struct {
	char		name[64];
	unsigned int	cases, failed, skipped, since;
	u64		hash;
	u32		serial;
	int		fresh;		/* hash and serial are of now */
} group;

static void say(int good, const char *what, const struct answer *a, const char *why)
{
	if (every) {
		group.cases++;
		group.failed += !good;
		if (good)
			return;
		printf("# wrong: %s\n", what);
	} else {
		n_failed += !good;
		printf("%s %u - %s\n", good ? "ok" : "not ok", ++n_cases, what);
	}
	if (!good)
		printf("# %s\n", why);
	if (a->error || every)
		printf("# -> %s: %s%s%s%s\n", nl_error_name(a->error),
		       a->text[0] ? a->text : "(no text)", a->attr ? " [" : "",
		       a->attr ? a->attr : "", a->attr ? "]" : "");
}

/* What is wrong with a refusal, if anything is, or NULL. */
static const char *judge(const char *expect, const char *attr, const struct answer *a)
{
	if (!is_expected(expect, a->error))
		return "another answer was expected";
	if (a->error && a->error != EPERM && strcmp(attr, "!") && !a->text[0])
		return "refused without a word";
	if (!strcmp(attr, "?"))
		return a->attr ? "an attribute is missing, but one that is there was blamed" : NULL;
	if (!strcmp(attr, "-") || !strcmp(attr, "!"))
		return NULL;
	/* What the dump itself refuses comes without its attribute on old kernels. */
	if (a->attr ? strcmp(attr, a->attr) : !(a->done && no_attr_in_done()))
		return "the wrong attribute was blamed";
	return NULL;
}

static void one_case(const char *line, char **w, int check_state)
{
	u64 before = 0;
	struct answer a;
	const char *why;

	if (check_state)
		before = state_hash();
	nl_request(w + 3, &a);
	why = judge(w[0], w[1], &a);
	if (!why && a.error && check_state && before != state_hash())
		why = "refused, but something has changed";
	say(!why, line, &a, why);
}

static void refresh(void)
{
	group.hash = state_hash();
	group.serial = serial_now();
	group.fresh = 1;
	group.since = 0;
}

/* All objects are as they were before the last cases. */
static void check_group(void)
{
	static const struct answer none;

	if (group.fresh && group.since && group.hash != state_hash()) {
		printf("# one of the %u cases before:\n", group.since);
		say(0, group.name, &none, "refused, but something has changed");
		group.fresh = 0;
	}
	group.since = 0;
}

static void end_group(void)
{
	if (!group.name[0])
		return;
	check_group();
	n_failed += !!group.failed;
	if (group.skipped)
		printf("ok %u - %s # SKIP the module has no such command\n", ++n_cases, group.name);
	else
		printf("%s %u - %s: %u cases\n", group.failed ? "not ok" : "ok", ++n_cases,
		       group.name, group.cases);
	group.name[0] = 0;
}

static void begin_group(char **words)
{
	end_group();
	group.cases = group.failed = group.skipped = 0;
	for (words++; *words; words++)
		snprintf(group.name + strlen(group.name), sizeof(group.name) - strlen(group.name),
			 "%s%s", group.name[0] ? " " : "", *words);
}

/* As one_case(), without a dump before and after each. */
static void group_case(const char *line, char **w)
{
	int may_lack = !strcmp(w[0], "HAS"), step = !strcmp(w[0], "STEP");
	int fine = may_lack || step || !strcmp(w[0], "OK");
	const char *why;
	struct answer a;

	if (group.skipped && !step)
		return;
	if (fine)
		check_group();
	else if (!group.fresh)
		refresh();
	nl_request(w + 3, &a);
	if (may_lack && a.error == EOPNOTSUPP) {
		group.skipped = 1;
		return;
	}
	why = judge(fine ? "OK" : w[0], w[1], &a);
	if (a.error) {
		u32 serial = serial_now();

		if (!why && group.fresh && serial != group.serial)
			why = "refused, but something has changed";
		if (++group.since >= every)
			check_group();
	} else {
		group.fresh = 0;
	}
	say(!why, line, &a, why);
}

static int cases(FILE *f, int check_state)
{
	static char *words[NL_WORDS];
	char *line = NULL, *copy;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = 0;
		copy = strdup(line);
		if (!nl_split(copy, words, NL_WORDS) || words[0][0] == '#') {
			free(copy);
			continue;
		}
		if (!strcmp(words[0], "group")) {
			begin_group(words);
			free(copy);
			continue;
		}
		if (!words[1] || !words[2] || strcmp(words[2], "<-") || !words[3])
			die("no case: %s", line);
		if (every)
			group_case(line, words);
		else
			one_case(line, words, check_state);
		free(copy);
	}
	end_group();
	printf("1..%u\n", n_cases);
	return n_failed ? 1 : 0;
}

/* COMMAND with @queue as descriptor 3. */
static void with_queue(const char *queue, char **command)
{
	static char open_it[] = "QUEUE_OPEN";
	char name[64], *request[] = { open_it, name, NULL };
	struct answer a;

	snprintf(name, sizeof(name), "QUEUE_NAME=str:%s", queue);
	nl_want_fd();
	nl_request(request, &a);
	if (a.error)
		die("QUEUE_OPEN: %s: %s", nl_error_name(a.error), a.text);
	if (dup2(a.fd, 3) != 3)
		die_errno("dup2");
	if (a.fd != 3)
		close(a.fd);
	execvp(command[0], command);
	die_errno("%s", command[0]);
}

static uid_t user_of(const char *text)
{
	return (uid_t)number(text);
}

int main(int argc, char **argv)
{
	int opt, check_state = 1, once = 0, run = 0;
	uid_t user = 0, opener = 0;
	struct answer a;
	FILE *f = stdin;

	while ((opt = getopt(argc, argv, "+ceg:xw:u:s:")) != -1) {
		switch (opt) {
		case 'c':
			check_state = 0;
			break;
		case 'g':
			every = (unsigned int)number(optarg);
			break;
		case 'e':
			once = 1;
			break;
		case 'x':
			run = 1;
			break;
		case 'w':
			nl_keep(optarg);
			break;
		case 'u':
			user = user_of(optarg);
			break;
		case 's':
			opener = user_of(optarg);
			break;
		default:
			die("see the head of tqnl.c");
		}
	}
	/* The effective one is what a socket remembers, and what has capabilities. */
	if (opener && seteuid(opener))
		die_errno("seteuid");
	nl_open();
	if (opener && seteuid(0))
		die_errno("seteuid");
	nl_find_family();
	if (user && (setgroups(0, NULL) || setgid(user) || setuid(user)))
		die_errno("setuid");
	if (run) {
		if (argc - optind < 2)
			die("QUEUE and COMMAND");
		with_queue(argv[optind], argv + optind + 1);
	}
	if (once) {
		if (optind == argc)
			die("no request");
		nl_request(argv + optind, &a);
		printf("%s %s%s%s%s replies=%u\n", nl_error_name(a.error), a.text, a.attr ? " [" : "",
		       a.attr ? a.attr : "", a.attr ? "]" : "", a.replies);
		return a.error ? 1 : 0;
	}
	if (optind < argc) {
		f = fopen(argv[optind], "r");
		if (!f)
			die_errno("%s", argv[optind]);
	}
	return cases(f, check_state);
}
