// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "complete.h"
#include "msg.h"
#include "tqctl.h"

/* ---- names that there are ---- */

static void print_queue_name(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_queue q;

	if (msg_queue_get(reply, &q))
		return;
	fprintf(t->out.file, "%s\n", q.name);
	tq_queue_free(&q);
}

static void print_table_name(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_table table;

	if (msg_table_get(reply, &table))
		return;
	fprintf(t->out.file, "%s\n", table.name);
	tq_table_free(&table);
}

static void print_hook_id(const struct tnl_reply *reply, void *arg)
{
	struct tqctl *t = arg;
	struct tq_hook h;

	if (!msg_hook_get(reply, &h))
		fprintf(t->out.file, "%u\n", h.id);
}

/* Whatever goes wrong: no names.  A key that is pressed must not load the module. */
static void print_live(struct tqctl *t, uint8_t cmd, tnl_reply_fn *fn)
{
	struct tnl_error err;
	struct nl_msg *msg;

	if (access("/sys/module/tqueue", F_OK))
		return;
	if (!t->nl)
		t->nl = tnl_open(t->netns, &err);
	msg = t->nl ? tnl_message(t->nl, cmd, NLM_F_DUMP, 64) : NULL;
	if (msg)
		tnl_request(t->nl, msg, fn, t, &err);
	nlmsg_free(msg);
}

static void print_queues(struct tqctl *t)
{
	print_live(t, TQUEUE_CMD_QUEUE_GET, print_queue_name);
}

static void print_tables(struct tqctl *t)
{
	print_live(t, TQUEUE_CMD_TABLE_GET, print_table_name);
}

/* ---- words of the tables ---- */

static void print_names(struct tqctl *t, const struct tq_name *names)
{
	for (; names->name; names++)
		fprintf(t->out.file, "%s\n", names->name);
}

static void print_rows(struct tqctl *t, const struct command *rows)
{
	for (; rows->name; rows++)
		fprintf(t->out.file, "%s\n", rows->name);
}

static void print_keys(struct tqctl *t, const struct command *row)
{
	const struct parse_key *key;
	unsigned int i;

	for (i = 0; row->keys && (key = row->keys(i)) && key->name; i++)
		fprintf(t->out.file, "%s\n", key->name);
}

/* "a|b|c", if it is made of words and not of what stands for them. */
static void print_choice(struct tqctl *t, const char *args)
{
	if (!strchr(args, '|') || strpbrk(args, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[ "))
		return;
	for (; *args; args++)
		fputc(*args == '|' ? '\n' : *args, t->out.file);
	fputc('\n', t->out.file);
}

/* What follows key @name, whose words are @args. */
static void print_value(struct tqctl *t, const char *name, const char *args)
{
	static const struct {
		const char		*key;
		const struct tq_name	*names;
	} words[] = {
		{ "proto", tq_protocols }, { "dscp", tq_dscps }, { "set-dscp", tq_dscps },
		{ "ct", tq_ct_states }, { "frag", tq_frags }, { "hook", tq_points },
		{ "priority", tq_priorities },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i].key))
			print_names(t, words[i].names);
	if (!strcmp(name, "queue") || !strcmp(name, "steal"))
		print_queues(t);
	else if (!strcmp(name, "table"))
		print_tables(t);
	else
		print_choice(t, args);
}

static const struct parse_key *find_key(const struct command *row, const char *word)
{
	const struct parse_key *key;
	unsigned int i;

	for (i = 0; row->keys && (key = row->keys(i)) && key->name; i++)
		if (!strcmp(key->name, word))
			return key;
	return NULL;
}

/* What the first word behind a command names. */
static void print_first(struct tqctl *t, const char *object, const struct command *row)
{
	const char *args = row->args + (row->args[0] == '[');

	if (!strncmp(args, "QUEUE", 5))
		print_queues(t);
	else if (!strncmp(args, "TABLE", 5))
		print_tables(t);
	else if (!strncmp(args, "ID", 2))
		print_live(t, TQUEUE_CMD_HOOK_GET, print_hook_id);
	else if (!strncmp(args, "NAME", 4) && strcmp(row->name, "add") && !strcmp(object, "queue"))
		print_queues(t);
	else if (!strncmp(args, "NAME", 4) && strcmp(row->name, "add"))
		print_tables(t);
	/* What may stand alone may be left out. */
	if (row->args[0] == '[' || !row->args[0])
		print_keys(t, row);
}

/* @n words behind the command, of which the last is not complete. */
static void complete_args(struct tqctl *t, const char *object, const struct command *row,
			  const char *const *words, unsigned int n)
{
	const struct parse_key *key = n > 1 ? find_key(row, words[n - 2]) : NULL;

	if (n == 1)
		print_first(t, object, row);
	else if (key && key->args[0])
		print_value(t, key->name, key->args);
	else if (!strcmp(words[n - 2], "table"))
		print_tables(t);
	else
		print_keys(t, row);
}

/* ---- the line ---- */

static const struct command *find_row(const struct command *rows, const char *word)
{
	for (; rows && rows->name; rows++)
		if (!strcmp(rows->name, word))
			return rows;
	return NULL;
}

static bool takes_value(const char *option)
{
	return !strcmp(option, "-n") || !strcmp(option, "--netns") || !strcmp(option, "-b") ||
	       !strcmp(option, "--batch");
}

/* How many words are options; the last word never is. */
static unsigned int skip_options(struct tqctl *t, const char *const *words, unsigned int n)
{
	unsigned int i = 0;

	while (i + 1 < n && words[i][0] == '-') {
		if (!takes_value(words[i])) {
			i++;
			continue;
		}
		if (i + 2 >= n)
			return n;	/* the value itself is asked for */
		if (!strcmp(words[i], "-n") || !strcmp(words[i], "--netns"))
			t->netns = words[i + 1];
		i += 2;
	}
	return i;
}

int tqctl_complete(struct tqctl *t, const char *const *words, unsigned int n)
{
	const struct command *rows = tqctl_rows(), *row;
	const char *object = "";
	unsigned int at;

	for (at = skip_options(t, words, n); at < n; at++) {
		if (at + 1 == n) {
			print_rows(t, rows);
			break;
		}
		row = find_row(rows, words[at]);
		if (!row)
			break;
		if (!row->sub) {
			complete_args(t, object, row, words + at + 1, n - at - 1);
			break;
		}
		object = row->name;
		rows = row->sub;
	}
	return TQCTL_OK;
}
