// SPDX-License-Identifier: GPL-2.0-only
/*
 * "apply", "restore" and "save": whole configurations.
 *
 * apply makes the namespace what the files say, by the smallest change.  First
 * come new queues and tables, then all changes of rules in one transaction, then
 * hooks, at last what is to go.  Up to the end of the transaction a refusal
 * takes back what was done.
 *
 * With --confirm the kernel takes back the rules by itself.  So nothing may be
 * done before the confirmation that it can't take back and that packets see:
 * hooks only at tables that are new, whose rules go; all the rest afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>

#include "apply.h"
#include "print.h"
#include "tqctl.h"

#define LOCK_DIR	"/run/tqctl"

/* ---- all of it ---- */

/* Waits for another apply in this namespace.  Who may not make the lock, as in a
 * user namespace, goes without: the kernel refuses what two change at once.
 */
static int take_lock(void)
{
	struct stat ns;
	char path[64];
	int fd;

	if (stat("/proc/thread-self/ns/net", &ns))
		return -1;
	if (mkdir(LOCK_DIR, 0700) && errno != EEXIST)
		return -1;
	snprintf(path, sizeof(path), LOCK_DIR "/apply-%ju", (uintmax_t)ns.st_ino);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A line of diff_print() as an object; cuts @line. */
static struct json_object *json_change(char *line)
{
	json_object *obj = json_object_new_object();
	char *was = strstr(line, "\t# ");

	if (was)
		*was = 0;
	json_object_object_add(obj, "change", json_object_new_string(
		line[0] == '+' ? "add" : line[0] == '-' ? "del" : "set"));
	json_object_object_add(obj, "words", json_object_new_string(line + 2));
	if (was)
		json_object_object_add(obj, "about", json_object_new_string(was + 3));
	return obj;
}

static int show(struct apply *a)
{
	struct out *out = &a->t->out;
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *f;

	if (!out->json) {
		diff_print(out->file, &a->diff, &a->now, &a->want);
		return TQCTL_OK;
	}
	f = open_memstream(&text, &size);
	if (!f)
		return tqctl_errno(a->t, errno, "list of changes");
	diff_print(f, &a->diff, &a->now, &a->want);
	if (fclose(f)) {
		free(text);
		return tqctl_errno(a->t, errno, "list of changes");
	}
	out_list_begin(out);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		out_json(out, json_change(line));
	out_list_end(out);
	free(text);
	return TQCTL_OK;
}

static int apply(struct apply *a)
{
	struct tqctl *t = a->t;
	char what[sizeof(t->what)];
	int code, lock;

	memcpy(what, t->what, sizeof(what));
	code = tqctl_open(t);
	if (code)
		return code;
	/* Who only looks need not wait for one that is to be confirmed. */
	lock = a->dry ? -1 : take_lock();
	code = apply_compare(a);
	if (!code && !a->quiet)
		code = show(a);
	if (!code && !a->dry && a->diff.changes)
		code = a->confirm_ms ? apply_confirmed(a) : apply_run(a);
	memcpy(t->what, what, sizeof(what));
	diff_free(&a->diff);
	if (lock >= 0)
		close(lock);
	return code;
}

/* ---- words ---- */

static const struct parse_key apply_keys[] = {
	{ "--dry-run", "", "show what there is to do, and do nothing" },
	{ "--quiet", "", "do not show it" },
	{ "--confirm", "TIME", "the kernel takes it back unless it is confirmed within that time" },
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_apply_keys(unsigned int i)
{
	return &apply_keys[i];
}

static int read_confirm(struct apply *a, struct parse *p)
{
	uint64_t us;

	if (parse_time(p, &us))
		return tqctl_usage(a->t, p);
	if (us < 1000 || us / 1000 > UINT32_MAX) {
		parse_bad(p, "not a time from 1ms to 49d");
		return tqctl_usage(a->t, p);
	}
	a->confirm_ms = us / 1000;
	return TQCTL_OK;
}

/* Reads the options and, into a->want, the files. */
static int read_words(struct apply *a, struct parse *p)
{
	const char *word;
	bool any = false;
	int code = TQCTL_OK;
	uint32_t seen = 0;

	while (!code && parse_peek(p)) {
		if (parse_once(p, apply_keys, &seen))
			return tqctl_usage(a->t, p);
		word = parse_next(p);
		if (!strcmp(word, "--dry-run") || !strcmp(word, "-n")) {
			a->dry = true;
			a->quiet = a->quiet && !a->restore;
		} else if (!strcmp(word, "--quiet") || !strcmp(word, "-q")) {
			a->quiet = true;
		} else if (!strcmp(word, "--confirm")) {
			code = read_confirm(a, p);
		} else if (word[0] == '-' && word[1]) {
			parse_bad(p, "neither a file nor --dry-run, --quiet or --confirm");
			code = tqctl_usage(a->t, p);
		} else {
			any = true;
			code = config_read(a->t, &a->want, word);
		}
	}
	if (!code && !any && a->restore) {
		code = config_read(a->t, &a->want, "-");
	} else if (!code && !any) {
		parse_need(p, &word, "a file, or - for standard input");
		code = tqctl_usage(a->t, p);
	}
	return code;
}

static int run(struct apply *a, struct parse *p)
{
	int code;

	if (a->t->file) {
		tqctl_say(a->t, "not in a batch");
		return TQCTL_USAGE;
	}
	code = read_words(a, p);
	if (!code)
		code = apply(a);
	config_free(&a->now);
	config_free(&a->want);
	return code;
}

int cmd_apply(struct tqctl *t, struct parse *p)
{
	struct apply a = { .t = t };

	return run(&a, p);
}

int cmd_restore(struct tqctl *t, struct parse *p)
{
	struct apply a = { .t = t, .restore = true, .quiet = true };

	return run(&a, p);
}
