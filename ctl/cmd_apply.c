// SPDX-License-Identifier: GPL-2.0-only
/*
 * "apply", "restore" and "save": whole configurations.
 *
 * apply makes the namespace what the files say, by the smallest change.  First
 * come new queues and tables, then all changes of rules in one transaction, then
 * hooks, at last what is to go.  Up to the end of the transaction a refusal
 * takes back what was done.
 */
#define _GNU_SOURCE	/* asprintf() */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "config.h"
#include "diff.h"
#include "msg.h"
#include "print.h"
#include "tqctl.h"

#define LOCK_DIR	"/run/tqctl"
#define WORDS_MAX	256

/**
 * struct apply - one run
 * @dry: show only
 * @quiet: do not show
 * @queues_made: of the wanted ones that were to be added, or changed
 * @tables_made: of the wanted ones that were to be added
 */
struct apply {
	struct tqctl	*t;
	struct config	now, want;
	struct diff	diff;
	bool		dry, quiet;
	size_t		queues_made, tables_made;
};

static void now_doing(struct apply *a, const char *what, const char *name)
{
	snprintf(a->t->what, sizeof(a->t->what), "%s %s", what, name);
}

/* ---- single requests ---- */

static int put_queue(struct apply *a, uint8_t cmd, const struct tq_queue *q)
{
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(a->t, cmd, 0, &code);
	if (!msg)
		return code;
	msg_queue_put(msg, q);
	return tqctl_request(a->t, msg, NULL, NULL);
}

static int put_table(struct apply *a, uint8_t cmd, const char *name)
{
	struct tq_table table = { .has = TQ_BIT(TQUEUE_A_TABLE_NAME) };
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(a->t, cmd, 0, &code);
	if (!msg)
		return code;
	memcpy(table.name, name, sizeof(table.name));
	msg_table_put(msg, &table);
	return tqctl_request(a->t, msg, NULL, NULL);
}

static int put_hook(struct apply *a, uint8_t cmd, const struct tq_hook *hook)
{
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(a->t, cmd, 0, &code);
	if (!msg)
		return code;
	msg_hook_put(msg, hook);
	return tqctl_request(a->t, msg, NULL, NULL);
}

static int del_queue(struct apply *a, const char *name)
{
	struct tq_queue q = { .has = TQ_BIT(TQUEUE_A_QUEUE_NAME) };

	memcpy(q.name, name, sizeof(q.name));
	now_doing(a, "queue del", name);
	return put_queue(a, TQUEUE_CMD_QUEUE_DEL, &q);
}

static int del_table(struct apply *a, const char *name)
{
	now_doing(a, "table del", name);
	return put_table(a, TQUEUE_CMD_TABLE_DEL, name);
}

/* Only the settings in @bits, of those in @from. */
static int set_queue(struct apply *a, const struct tq_queue *from, uint64_t bits)
{
	struct tq_queue q = *from;

	q.has = bits | TQ_BIT(TQUEUE_A_QUEUE_NAME);
	now_doing(a, "queue set", q.name);
	return put_queue(a, TQUEUE_CMD_QUEUE_SET, &q);
}

/* ---- before the transaction ---- */

static int make_objects(struct apply *a)
{
	const struct config *want = &a->want;
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; !code && i < want->queue_n; i++) {
		const struct tq_queue *q = &want->queues[i];

		if (a->diff.queue[i] == DIFF_ADD) {
			now_doing(a, "queue add", q->name);
			code = put_queue(a, TQUEUE_CMD_QUEUE_NEW, q);
		} else if (a->diff.queue[i] == DIFF_SET) {
			code = set_queue(a, q, diff_settings(config_queue(&a->now, q->name), q));
		}
		a->queues_made += !code;
	}
	for (i = 0; !code && i < want->table_n; i++) {
		if (a->diff.table[i] == DIFF_ADD) {
			now_doing(a, "table add", want->tables[i].name);
			code = put_table(a, TQUEUE_CMD_TABLE_NEW, want->tables[i].name);
		}
		a->tables_made += !code;
	}
	return code;
}

static void take_back(struct apply *a)
{
	size_t i;

	for (i = a->tables_made; i-- > 0;)
		if (a->diff.table[i] == DIFF_ADD)
			del_table(a, a->want.tables[i].name);
	for (i = a->queues_made; i-- > 0;) {
		const struct tq_queue *q = &a->want.queues[i], *was;

		was = config_queue(&a->now, q->name);
		if (a->diff.queue[i] == DIFF_ADD)
			del_queue(a, q->name);
		else if (a->diff.queue[i] == DIFF_SET)
			set_queue(a, was, diff_settings(was, q));
	}
}

/* ---- rules ---- */

static int delete_rules(struct apply *a, const struct config_table *now,
			const struct plan *plan, const struct config_table *want)
{
	struct tq_rule rule = { .has = TQ_BIT(TQUEUE_A_RULE_HANDLE) };
	int code = TQCTL_OK;
	size_t i;

	a->t->file = NULL;
	for (i = 0; !code && now && i < now->n; i++) {
		const struct config_rule *mate = now->rules[i].mate;

		if (mate && plan->what[mate - want->rules] != PLAN_MOVE)
			continue;
		rule.handle = now->rules[i].handle;
		code = rules_change(a->t, TQUEUE_CMD_RULE_DEL, now->name, &rule);
	}
	return code;
}

/* The words of @r again as a rule. */
static int rule_of(struct apply *a, const struct config_rule *r, enum plan_what what,
		   struct tq_rule *rule)
{
	const char *words[WORDS_MAX];
	struct parse p;
	char *line;
	int n;

	if (asprintf(&line, "%s%s", r->words, what == PLAN_ADD && r->state ? r->state : "") < 0)
		return tqctl_errno(a->t, ENOMEM, "rule");
	n = text_split(line, words, WORDS_MAX);
	parse_init(&p, words, n < 0 ? 0 : n);
	if (parse_rule(&p, rule)) {
		free(line);
		return tqctl_usage(a->t, &p);
	}
	free(line);
	rule->has |= TQ_BIT(TQUEUE_A_RULE_PRIO);
	rule->prio = r->prio;
	rule->handle = what == PLAN_ADD ? r->handle : r->mate->handle;
	if (rule->handle)
		rule->has |= TQ_BIT(TQUEUE_A_RULE_HANDLE);
	if (what == PLAN_ADD ? r->timeout_ms : r->timeout_ms != r->mate->timeout_ms) {
		rule->has |= TQ_BIT(TQUEUE_A_RULE_TIMEOUT_MS);
		rule->timeout_ms = r->timeout_ms;
	}
	return TQCTL_OK;
}

static int put_rules(struct apply *a, const struct plan *plan, const struct config_table *want,
		     bool in_place)
{
	struct tq_rule rule;
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; !code && i < want->n; i++) {
		const struct config_rule *r = &want->rules[i];
		bool set = plan->what[i] == PLAN_REPLACE || plan->what[i] == PLAN_TIMEOUT;

		if (plan->what[i] == PLAN_KEEP || set != in_place)
			continue;
		/* The kernel's refusals name the line. */
		a->t->file = r->file;
		a->t->line = r->line;
		code = rule_of(a, r, plan->what[i], &rule);
		if (!code)
			code = rules_change(a->t, set ? TQUEUE_CMD_RULE_SET : TQUEUE_CMD_RULE_NEW,
					    want->name, &rule);
	}
	return code;
}

static int change_rules(struct apply *a)
{
	int code = TQCTL_OK;
	size_t i;

	snprintf(a->t->what, sizeof(a->t->what), "rule");
	for (i = 0; !code && i < a->want.table_n; i++) {
		struct config_table *want = &a->want.tables[i];
		const struct plan *plan = &a->diff.plans[i];

		if (!plan->changes)
			continue;
		code = delete_rules(a, config_table(&a->now, want->name), plan, want);
		if (!code)
			code = put_rules(a, plan, want, true);
		if (!code)
			code = put_rules(a, plan, want, false);
	}
	if (!code)
		code = rules_commit(a->t);
	a->t->file = NULL;
	return code;
}

/* ---- after it ---- */

static int change_hooks(struct apply *a)
{
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; !code && i < a->want.hook_n; i++) {
		struct tq_hook hook = a->want.hooks[i];

		if (a->diff.hook[i] == DIFF_SET) {
			hook.has = TQ_BIT(TQUEUE_A_HOOK_ID) | TQ_BIT(TQUEUE_A_HOOK_TABLE);
			hook.id = a->diff.hook_id[i];
			now_doing(a, "hook set", hook.table);
			code = put_hook(a, TQUEUE_CMD_HOOK_SET, &hook);
		} else if (a->diff.hook[i] == DIFF_ADD) {
			now_doing(a, "hook add", hook.table);
			code = put_hook(a, TQUEUE_CMD_HOOK_NEW, &hook);
		}
	}
	for (i = 0; !code && i < a->now.hook_n; i++) {
		struct tq_hook hook = { .has = TQ_BIT(TQUEUE_A_HOOK_ID), .id = a->now.hooks[i].id };

		if (a->diff.old_hook[i] != DIFF_DEL)
			continue;
		now_doing(a, "hook del", a->now.hooks[i].table);
		code = put_hook(a, TQUEUE_CMD_HOOK_DEL, &hook);
	}
	return code;
}

/* What is in use stays, and is told; the rest goes nevertheless. */
static int delete_objects(struct apply *a)
{
	int code = TQCTL_OK, ret;
	size_t i;

	for (i = 0; i < a->now.table_n; i++) {
		if (a->diff.old_table[i] != DIFF_DEL)
			continue;
		ret = del_table(a, a->now.tables[i].name);
		code = code ? code : ret;
	}
	for (i = 0; i < a->now.queue_n; i++) {
		if (a->diff.old_queue[i] != DIFF_DEL)
			continue;
		ret = del_queue(a, a->now.queues[i].name);
		code = code ? code : ret;
	}
	return code;
}

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

static int check(struct apply *a)
{
	size_t i;

	for (i = 0; i < a->want.queue_n; i++) {
		const struct tq_queue *q = &a->want.queues[i];
		const struct tq_queue *was = config_queue(&a->now, q->name);

		if (!was || !(diff_settings(was, q) & TQ_BIT(TQUEUE_A_QUEUE_MODE)))
			continue;
		tqctl_say(a->t, "queue %s is there with another mode, which can't be changed",
			  q->name);
		return TQCTL_REFUSED;
	}
	return TQCTL_OK;
}

static int run(struct apply *a)
{
	int code;

	code = make_objects(a);
	if (!code)
		code = change_rules(a);
	if (code) {
		take_back(a);
		a->t->what[0] = 0;
		tqctl_say(a->t, "nothing was changed");
		return code;
	}
	code = change_hooks(a);
	return code ? code : delete_objects(a);
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
	lock = take_lock();
	code = config_load(t, &a->now);
	config_sort(&a->now);
	config_sort(&a->want);
	if (!code)
		code = check(a);
	if (!code && diff_make(&a->diff, &a->now, &a->want))
		code = tqctl_errno(t, ENOMEM, "configuration");
	if (!code && !a->quiet)
		diff_print(t->out.file, &a->diff, &a->now, &a->want);
	if (!code && !a->dry && a->diff.changes)
		code = run(a);
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
	{ NULL, NULL, NULL }
};

const struct parse_key *cmd_apply_keys(unsigned int i)
{
	return &apply_keys[i];
}

/* Reads the options and, into a->want, the files. */
static int read_words(struct apply *a, struct parse *p)
{
	const char *word;
	bool any = false;
	int code = TQCTL_OK;

	while (!code && (word = parse_next(p))) {
		if (!strcmp(word, "--dry-run") || !strcmp(word, "-n")) {
			a->dry = true;
		} else if (!strcmp(word, "--quiet") || !strcmp(word, "-q")) {
			a->quiet = true;
		} else if (word[0] == '-' && word[1]) {
			parse_bad(p, "neither a file nor --dry-run nor --quiet");
			code = tqctl_usage(a->t, p);
		} else {
			any = true;
			code = config_read(a->t, &a->want, word);
		}
	}
	if (!code && !any) {
		parse_need(p, &word, "a file, or - for standard input");
		code = tqctl_usage(a->t, p);
	}
	return code;
}

int cmd_apply(struct tqctl *t, struct parse *p)
{
	struct apply a = { .t = t };
	int code;

	if (t->file) {
		tqctl_say(t, "not in a batch");
		return TQCTL_USAGE;
	}
	code = read_words(&a, p);
	if (!code)
		code = apply(&a);
	config_free(&a.now);
	config_free(&a.want);
	return code;
}
