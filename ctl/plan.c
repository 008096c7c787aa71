// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE	/* qsort_r() */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Comparisons of boxes, in all, before moving one rule too many is cheaper. */
#define OVERLAPS_MAX	(UINT64_C(1) << 28)

/* ---- do two rules share a packet? ---- */

static bool prefixes_overlap(const uint8_t *a, unsigned int a_len, const uint8_t *b,
			     unsigned int b_len)
{
	unsigned int len = a_len < b_len ? a_len : b_len, rest = len % 8;

	if (memcmp(a, b, len / 8))
		return false;
	return !rest || !((a[len / 8] ^ b[len / 8]) >> (8 - rest));
}

bool plan_overlap(const struct config_box *a, const struct config_box *b)
{
	if (a->family && b->family && a->family != b->family)
		return false;
	/* A prefix brings its family: those of both are the same here, or one
	 * rule has none and prefixes of length 0.
	 */
	return prefixes_overlap(a->src, a->src_len, b->src, b->src_len) &&
	       prefixes_overlap(a->dst, a->dst_len, b->dst, b->dst_len) &&
	       a->proto_min <= b->proto_max && b->proto_min <= a->proto_max &&
	       a->sport_min <= b->sport_max && b->sport_min <= a->sport_max &&
	       a->dport_min <= b->dport_max && b->dport_min <= a->dport_max &&
	       !((a->mark ^ b->mark) & a->mark_mask & b->mark_mask);
}

/* ---- which rules are the same? ---- */

typedef int compare_fn(const struct config_rule *a, const struct config_rule *b);

static int by_words(const struct config_rule *a, const struct config_rule *b)
{
	if (a->prio != b->prio)
		return a->prio < b->prio ? -1 : 1;
	return strcmp(a->words, b->words);
}

static int by_handle(const struct config_rule *a, const struct config_rule *b)
{
	return a->handle < b->handle ? -1 : a->handle > b->handle;
}

static int by_timeout(const struct config_rule *a, const struct config_rule *b)
{
	return a->timeout_ms < b->timeout_ms ? -1 : a->timeout_ms > b->timeout_ms;
}

static int by_place(const struct config_rule *a, const struct config_rule *b)
{
	return a->place < b->place ? -1 : a->place > b->place;
}

/* Whatever is there takes what is wanted in its place. */
static int all_alike(const struct config_rule *a, const struct config_rule *b)
{
	(void)a;
	(void)b;
	return 0;
}

static int ordered(const void *x, const void *y, void *arg)
{
	const struct config_rule *a = *(const struct config_rule *const *)x;
	const struct config_rule *b = *(const struct config_rule *const *)y;
	int diff = (*(compare_fn **)arg)(a, b);

	return diff ? diff : by_place(a, b);
}

/* Some rules of a table, in the order that was needed last. */
struct list {
	struct config_rule	**v;
	size_t			n;
};

static void sort(struct list *l, compare_fn *compare)
{
	qsort_r(l->v, l->n, sizeof(*l->v), ordered, &compare);
}

/* The rules of @t without a mate. */
static int make_list(struct list *l, struct config_table *t)
{
	size_t i;

	l->n = 0;
	l->v = malloc((t->n + 1) * sizeof(*l->v));
	if (!l->v)
		return -1;
	for (i = 0; i < t->n; i++)
		if (!t->rules[i].mate)
			l->v[l->n++] = &t->rules[i];
	return 0;
}

/* Makes mates of those that are alike and have none. */
static void pair(struct list *now, struct list *want, compare_fn *compare)
{
	size_t i = 0, k = 0;

	sort(now, compare);
	sort(want, compare);
	while (i < now->n && k < want->n) {
		struct config_rule *a = now->v[i], *b = want->v[k];
		int diff = compare(a, b);

		if (a->mate || diff < 0) {
			i++;
		} else if (b->mate || diff > 0) {
			k++;
		} else {
			a->mate = b;
			b->mate = a;
			i++;
			k++;
		}
	}
}

/* How many rules from @at on have the priority and words of @like. */
static size_t run_of(const struct list *l, size_t at, const struct config_rule *like)
{
	size_t n = 0;

	while (at + n < l->n && !by_words(l->v[at + n], like))
		n++;
	return n;
}

/* Rules with the same priority and words.  Where there are several of them, who
 * has the handle or else the timeout that is wanted is the first choice.
 */
static void pair_alike(struct list *now, struct list *want)
{
	size_t i;

	for (i = 0; want->n > 1 && i < want->n; i++)
		want->v[i]->twin = true;
	if (now->n > 1 || want->n > 1) {
		pair(now, want, by_handle);
		pair(now, want, by_timeout);
	}
	pair(now, want, all_alike);
}

/* Those of @left that are like a rule of @want that has a mate. */
static void find_twins(const struct list *left, struct config_table *want)
{
	size_t i;

	for (i = 0; left->n && i < want->n; i++) {
		size_t lo = 0, hi = left->n;

		while (want->rules[i].mate && lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (by_words(left->v[mid], &want->rules[i]) < 0)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (; want->rules[i].mate && lo < left->n; lo++) {
			if (by_words(left->v[lo], &want->rules[i]))
				break;
			left->v[lo]->twin = true;
		}
	}
}

static int pair_by_words(struct config_table *now, struct config_table *want)
{
	struct list a, b = { 0 };
	size_t i = 0, k = 0;

	if (make_list(&a, now) || make_list(&b, want)) {
		free(a.v);
		return -1;
	}
	sort(&a, by_words);
	sort(&b, by_words);
	find_twins(&b, want);
	while (k < b.n) {
		struct list some_a, some_b = { b.v + k, run_of(&b, k, b.v[k]) };

		while (i < a.n && by_words(a.v[i], b.v[k]) < 0)
			i++;
		some_a = (struct list){ a.v + i, run_of(&a, i, b.v[k]) };
		i += some_a.n;
		k += some_b.n;
		pair_alike(&some_a, &some_b);
	}
	free(a.v);
	free(b.v);
	return 0;
}

static int pair_by_handle(struct config_table *now, struct config_table *want)
{
	struct list a, b = { 0 };

	if (make_list(&a, now) || make_list(&b, want)) {
		free(a.v);
		return -1;
	}
	pair(&a, &b, by_handle);
	free(a.v);
	free(b.v);
	return 0;
}

/* ---- large tables that hardly differ: without sorting all of them ---- */

/* So many rules in a row may be in one of the tables only. */
#define LOOK_AHEAD	16

static bool same(const struct config_rule *a, const struct config_rule *b, bool handles)
{
	return a->prio == b->prio && a->timeout_ms == b->timeout_ms &&
	       (!handles || a->handle == b->handle) &&
	       (a->words == b->words || !strcmp(a->words, b->words));
}

/* How far behind rule @at of @t there is one that is the same as @r; 0: not near. */
static size_t ahead(const struct config_table *t, size_t at, const struct config_rule *r,
		    bool handles)
{
	size_t n;

	for (n = 1; n < LOOK_AHEAD && at + n < t->n; n++)
		if (same(&t->rules[at + n], r, handles))
			return n;
	return 0;
}

static bool has_handles(const struct config_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->rules[i].handle)
			return true;
	return false;
}

/* Makes mates of rules that are the same in all that makes a first choice, and
 * in the same order.  How many of @want have none then.
 */
static size_t pair_in_order(struct config_table *now, struct config_table *want)
{
	const bool handles = has_handles(want);
	size_t i = 0, k = 0, left = want->n;

	while (i < now->n && k < want->n) {
		struct config_rule *a = &now->rules[i], *b = &want->rules[k];
		size_t more, gone;

		if (same(a, b, handles)) {
			a->mate = b;
			b->mate = a;
			left--;
			i++;
			k++;
			continue;
		}
		more = ahead(want, k, a, handles);
		gone = ahead(now, i, b, handles);
		if (more && (!gone || more <= gone)) {
			k += more;
		} else if (gone) {
			i += gone;
		} else {
			i++;
			k++;
		}
	}
	return left;
}

static void part(struct config_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->rules[i].mate = NULL;
}

/* @now may be NULL: then only twins are looked for. */
static int find_mates(struct config_table *now, struct config_table *want)
{
	struct config_table none = { .n = 0 };

	/* Where most differ, it is no gain, and leaves twins to be looked for. */
	if (now && pair_in_order(now, want) > want->n / 4) {
		part(now);
		part(want);
	}
	if (pair_by_words(now ? now : &none, want))
		return -1;
	return now ? pair_by_handle(now, want) : 0;
}

/* ---- which of them can stay where they are? ---- */

/* Is there in its priority now. */
static bool has_place(const struct config_table *want, size_t i)
{
	const struct config_rule *r = &want->rules[i];

	return r->mate && r->mate->prio == r->prio;
}

/* Of the rules [@from, @to) of @want, which are of one priority: marks in @stays
 * a longest run of mates that are in the same order already.
 */
static int longest_run(const struct config_table *want, size_t from, size_t to, bool *stays)
{
	size_t n = to - from, len = 0, i, lo, hi;
	size_t *tail = malloc((n + 1) * sizeof(*tail));	/* last rule of a run by length */
	size_t *before = malloc((n + 1) * sizeof(*before));

	if (!tail || !before) {
		free(tail);
		free(before);
		return -1;
	}
	for (i = from; i < to; i++) {
		const struct config_rule *r = &want->rules[i];

		stays[i] = false;
		if (!has_place(want, i))
			continue;
		for (lo = 0, hi = len; lo < hi;) {
			size_t mid = (lo + hi) / 2;

			if (want->rules[tail[mid]].mate->place < r->mate->place)
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i - from] = lo ? tail[lo - 1] : to;
		tail[lo] = i;
		if (lo == len)
			len++;
	}
	for (i = len ? tail[len - 1] : to; i != to; i = before[i - from])
		stays[i] = true;
	free(tail);
	free(before);
	return 0;
}

/* True if the two share a packet, or if too much was compared already. */
static bool share(const struct config_table *want, size_t i, size_t k, uint64_t *budget)
{
	struct config_box a, b;

	if (!*budget)
		return true;
	--*budget;
	config_box(&want->rules[i], &a);
	config_box(&want->rules[k], &b);
	return plan_overlap(&a, &b);
}

/* Is wanted before or behind rule number @k, and is the other way round now. */
static bool inverted(const struct config_table *want, size_t i, size_t k)
{
	return (i < k) != (want->rules[i].mate->place < want->rules[k].mate->place);
}

/* What is out of order may stay, too, if it shares no packet with any of those
 * that it is out of order with.
 */
static void keep_strangers(const struct config_table *want, size_t from, size_t to, bool *stays,
			   uint64_t *budget)
{
	size_t i, k;

	for (i = from; i < to; i++) {
		if (stays[i] || !has_place(want, i))
			continue;
		stays[i] = true;
		for (k = from; stays[i] && k < to; k++)
			if (k != i && stays[k] && inverted(want, i, k) &&
			    share(want, i, k, budget))
				stays[i] = false;
	}
}

/* What does not stay goes behind all that does.  So a rule that stays may not
 * share a packet with one that does not and should be before it.
 */
static int move_sharers(const struct config_table *want, size_t from, size_t to, bool *stays,
			uint64_t *budget)
{
	size_t *moved = malloc((to - from + 1) * sizeof(*moved)), n = 0, i, k;

	if (!moved)
		return -1;
	for (i = from; i < to; i++) {
		for (k = 0; stays[i] && k < n; k++)
			stays[i] = !share(want, i, moved[k], budget);
		if (!stays[i])
			moved[n++] = i;
	}
	free(moved);
	return 0;
}

static int find_stays(const struct config_table *want, bool *stays)
{
	uint64_t budget = OVERLAPS_MAX;
	size_t from, to;

	for (from = 0; from < want->n; from = to) {
		for (to = from + 1; to < want->n; to++)
			if (want->rules[to].prio != want->rules[from].prio)
				break;
		if (longest_run(want, from, to, stays))
			return -1;
		keep_strangers(want, from, to, stays, &budget);
		if (move_sharers(want, from, to, stays, &budget))
			return -1;
	}
	return 0;
}

static enum plan_what decide(const struct config_rule *r, bool stays)
{
	if (!r->mate)
		return PLAN_ADD;
	if (!stays)
		return PLAN_MOVE;
	if (strcmp(r->words, r->mate->words))
		return PLAN_REPLACE;
	return r->timeout_ms == r->mate->timeout_ms ? PLAN_KEEP : PLAN_TIMEOUT;
}

int plan_rules(struct plan *plan, struct config_table *now, struct config_table *want)
{
	bool *stays = calloc(want->n + 1, sizeof(*stays));
	size_t i;

	memset(plan, 0, sizeof(*plan));
	plan->what = calloc(want->n + 1, sizeof(*plan->what));
	if (!stays || !plan->what ||
	    find_mates(now, want) || find_stays(want, stays)) {
		free(stays);
		plan_free(plan);
		return -1;
	}
	for (i = 0; i < want->n; i++) {
		plan->what[i] = decide(&want->rules[i], stays[i]);
		plan->changes += plan->what[i] != PLAN_KEEP;
	}
	for (i = 0; now && i < now->n; i++)
		plan->changes += !now->rules[i].mate;
	free(stays);
	return 0;
}

void plan_free(struct plan *plan)
{
	free(plan->what);
	memset(plan, 0, sizeof(*plan));
}
