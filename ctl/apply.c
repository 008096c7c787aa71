// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE	/* asprintf() */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netlink.h>
#include <netlink/msg.h>

#include "apply.h"
#include "confirm.h"
#include "msg.h"
#include "print.h"
#include "tqctl.h"

#define WORDS_MAX	256

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

static int put_table(struct apply *a, uint8_t cmd, const struct tq_table *table)
{
	struct nl_msg *msg;
	int code;

	msg = tqctl_message(a->t, cmd, 0, &code);
	if (!msg)
		return code;
	msg_table_put(msg, table);
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
	struct tq_table table = { .has = TQ_BIT(TQUEUE_A_TABLE_NAME) };

	memcpy(table.name, name, sizeof(table.name));
	now_doing(a, "table del", name);
	return put_table(a, TQUEUE_CMD_TABLE_DEL, &table);
}

static int add_table(struct apply *a, const struct config_table *want)
{
	struct tq_table table = config_table_settings(want);

	now_doing(a, "table add", table.name);
	return put_table(a, TQUEUE_CMD_TABLE_NEW, &table);
}

static int limit_table(struct apply *a, const struct config_table *want)
{
	struct tq_table table = config_table_settings(want);

	table.has |= TQ_BIT(TQUEUE_A_TABLE_RULES_MAX);
	now_doing(a, "table set", table.name);
	return put_table(a, TQUEUE_CMD_TABLE_SET, &table);
}

/* A higher limit comes before the rules, a lower one after them. */
static bool is_raised(const struct apply *a, size_t i)
{
	const struct config_table *want = &a->want.tables[i];

	return a->diff.table[i] == DIFF_SET && diff_raises(config_table(&a->now, want->name), want);
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
		} else if (a->diff.queue[i] == DIFF_SET && !a->confirm_ms) {
			code = set_queue(a, q, diff_settings(config_queue(&a->now, q->name), q));
		}
		a->queues_made += !code;
	}
	for (i = 0; !code && i < want->table_n; i++) {
		if (a->diff.table[i] == DIFF_ADD)
			code = add_table(a, &want->tables[i]);
		else if (is_raised(a, i))
			code = limit_table(a, &want->tables[i]);
		a->tables_made += !code;
	}
	return code;
}

static void take_back(struct apply *a)
{
	size_t i;

	for (i = a->tables_made; i-- > 0;) {
		const char *name = a->want.tables[i].name;

		if (a->diff.table[i] == DIFF_ADD)
			del_table(a, name);
		else if (is_raised(a, i))
			limit_table(a, config_table(&a->now, name));
	}
	for (i = a->queues_made; i-- > 0;) {
		const struct tq_queue *q = &a->want.queues[i], *was;

		was = config_queue(&a->now, q->name);
		if (a->diff.queue[i] == DIFF_ADD)
			del_queue(a, q->name);
		else if (a->diff.queue[i] == DIFF_SET && !a->confirm_ms)
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
		a->t->column = r->column;
		code = rule_of(a, r, plan->what[i], &rule);
		if (!code && !set && r->twin)
			code = rules_add_twin(a->t, want->name, &rule);
		else if (!code)
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
	a->t->column = 0;
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

static int lower_limits(struct apply *a)
{
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; !code && i < a->want.table_n; i++)
		if (a->diff.table[i] == DIFF_SET && !is_raised(a, i))
			code = limit_table(a, &a->want.tables[i]);
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

int apply_compare(struct apply *a)
{
	int code;

	config_sort(&a->want);
	code = config_load(a->t, &a->now, &a->want);
	config_sort(&a->now);
	if (!code)
		code = check(a);
	if (!code && diff_make(&a->diff, &a->now, &a->want))
		code = tqctl_errno(a->t, ENOMEM, "configuration");
	return code;
}

/* What comes behind the rules. */
static int finish(struct apply *a)
{
	int code = change_hooks(a);

	if (!code)
		code = lower_limits(a);
	return code ? code : delete_objects(a);
}

int apply_run(struct apply *a)
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
	return finish(a);
}

/* ---- to be confirmed ---- */

static bool table_is_new(const struct apply *a, const char *name)
{
	return !config_table(&a->now, name);
}

/* Hooks that packets would notice, at once and for ever. */
static int check_hooks(struct apply *a)
{
	bool bad = false;
	size_t i;

	for (i = 0; i < a->want.hook_n; i++)
		bad |= a->diff.hook[i] == DIFF_SET ||
		       (a->diff.hook[i] == DIFF_ADD && !table_is_new(a, a->want.hooks[i].table));
	for (i = 0; i < a->now.hook_n; i++)
		bad |= a->diff.old_hook[i] == DIFF_DEL;
	if (!bad)
		return TQCTL_OK;
	tqctl_say(a->t, "the kernel takes back rules, not hooks of tables that are there: "
		  "change these hooks without --confirm");
	return TQCTL_REFUSED;
}

static int make_hooks(struct apply *a)
{
	int code = TQCTL_OK;
	size_t i;

	for (i = 0; !code && i < a->want.hook_n; i++) {
		if (a->diff.hook[i] != DIFF_ADD)
			continue;
		now_doing(a, "hook add", a->want.hooks[i].table);
		code = put_hook(a, TQUEUE_CMD_HOOK_NEW, &a->want.hooks[i]);
	}
	return code;
}

/* Hooks of the tables that were made: they are in the way of take_back(). */
static void take_back_hooks(struct apply *a)
{
	struct config now = { 0 };
	size_t i;

	if (config_load_objects(a->t, &now))
		return;
	for (i = 0; i < now.hook_n; i++) {
		struct tq_hook hook = { .has = TQ_BIT(TQUEUE_A_HOOK_ID), .id = now.hooks[i].id };

		if (!table_is_new(a, now.hooks[i].table) ||
		    !config_table(&a->want, now.hooks[i].table))
			continue;
		now_doing(a, "hook del", now.hooks[i].table);
		put_hook(a, TQUEUE_CMD_HOOK_DEL, &hook);
	}
	config_free(&now);
}

/* Compares with what is there by now.  Unless @kept is known, rules that differ
 * say that it was taken back: then false, and @a->now and @a->diff stay.
 */
static int look_again(struct apply *a, bool *kept)
{
	struct config now = { 0 };
	struct diff diff = { 0 };
	bool same = true;
	size_t i, k;
	int code;

	for (i = 0; i < a->want.table_n; i++)
		for (k = 0; k < a->want.tables[i].n; k++)
			a->want.tables[i].rules[k].mate = NULL;
	code = config_load(a->t, &now, &a->want);
	config_sort(&now);
	if (!code && diff_make(&diff, &now, &a->want))
		code = tqctl_errno(a->t, ENOMEM, "configuration");
	for (i = 0; !code && i < diff.plan_n; i++)
		same = same && !diff.plans[i].changes;
	/* Rules that have expired differ, too, and do not come again. */
	*kept = *kept || same;
	if (!code && *kept) {
		struct config old_now = a->now;
		struct diff old_diff = a->diff;

		a->now = now;
		a->diff = diff;
		now = old_now;
		diff = old_diff;
	}
	diff_free(&diff);
	config_free(&now);
	return code;
}

/* Nobody has it: neither rules nor what was made for them. */
static void undo(struct apply *a, const char *why)
{
	take_back_hooks(a);
	take_back(a);
	a->t->what[0] = 0;
	tqctl_say(a->t, "%s", why);
}

/* The rest, which the kernel would not have taken back. */
static int go_on(struct apply *a)
{
	int code;

	a->confirm_ms = 0;
	code = make_objects(a);
	return code ? code : finish(a);
}

int apply_confirmed(struct apply *a)
{
	struct rules *r = &a->t->rules;
	enum confirm_end end = CONFIRM_KEPT;
	bool kept;
	int code;

	code = check_hooks(a);
	if (code)
		return code;
	code = make_objects(a);
	if (!code)
		code = make_hooks(a);
	r->confirm_ms = a->confirm_ms;
	if (!code)
		code = change_rules(a);
	r->confirm_ms = 0;
	a->t->what[0] = 0;
	if (code) {
		undo(a, "nothing was changed");
		return code;
	}
	if (r->unconfirmed)
		code = confirm_wait(a->t, r->unconfirmed, &end);
	kept = end == CONFIRM_KEPT;
	if (!code && end != CONFIRM_REVERTED)
		code = look_again(a, &kept);
	if (code)
		return code;
	if (!kept) {
		undo(a, "not confirmed: everything is as it was");
		return TQCTL_REFUSED;
	}
	return go_on(a);
}
