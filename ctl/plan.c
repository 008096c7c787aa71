// SPDX-License-Identifier: GPL-2.0-only
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

static int by_words(const void *x, const void *y)
{
	const struct config_rule *a = *(const struct config_rule *const *)x;
	const struct config_rule *b = *(const struct config_rule *const *)y;
	int diff;

	if (a->prio != b->prio)
		return a->prio < b->prio ? -1 : 1;
	diff = strcmp(a->words, b->words);
	if (diff)
		return diff;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int by_handle(const void *x, const void *y)
{
	const struct config_rule *a = *(const struct config_rule *const *)x;
	const struct config_rule *b = *(const struct config_rule *const *)y;

	return a->handle < b->handle ? -1 : a->handle > b->handle;
}

/* The rules of @t without a mate, in an order. */
static struct config_rule **sorted(struct config_table *t, size_t *n,
				   int (*compare)(const void *, const void *))
{
	struct config_rule **v = malloc((t->n + 1) * sizeof(*v));
	size_t i;

	*n = 0;
	if (!v)
		return NULL;
	for (i = 0; i < t->n; i++)
		if (!t->rules[i].mate)
			v[(*n)++] = &t->rules[i];
	qsort(v, *n, sizeof(*v), compare);
	return v;
}

static int same(const struct config_rule *a, const struct config_rule *b,
		int (*compare)(const void *, const void *))
{
	if (compare == by_handle)
		return by_handle(&a, &b);
	if (a->prio != b->prio)
		return a->prio < b->prio ? -1 : 1;
	return strcmp(a->words, b->words);
}

/* Makes mates of those that are the same by @compare, in their order. */
static int pair(struct config_table *now, struct config_table *want,
		int (*compare)(const void *, const void *))
{
	struct config_rule **a, **b;
	size_t a_n, b_n, i = 0, k = 0;

	a = sorted(now, &a_n, compare);
	b = sorted(want, &b_n, compare);
	if (!a || !b) {
		free(a);
		free(b);
		return -1;
	}
	while (i < a_n && k < b_n) {
		int diff = same(a[i], b[k], compare);

		if (diff < 0) {
			i++;
		} else if (diff > 0) {
			k++;
		} else {
			a[i]->mate = b[k];
			b[k++]->mate = a[i++];
		}
	}
	free(a);
	free(b);
	return 0;
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
	if (!*budget)
		return true;
	--*budget;
	return plan_overlap(&want->rules[i].box, &want->rules[k].box);
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
	    (now && (pair(now, want, by_words) || pair(now, want, by_handle))) ||
	    find_stays(want, stays)) {
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
