// SPDX-License-Identifier: GPL-2.0-only
/*
 * classify_kunit.c - suite of classify.c and its parts (lines, tuples, plan), and of
 * the matching in rule.c: the index finds what looking at every rule in turn finds.
 */
#include <kunit/test.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "account.h"
#include "classify.h"
#include "fixture.h"
#include "lines.h"
#include "packet.h"
#include "param.h"
#include "rule.h"
#include "rules.h"
#include "tuples.h"

#define RULES_MAX	1000

/**
 * struct entry - a rule as the reference sees it
 * @m: its match
 * @prio: lower comes first
 * @place: then this
 * @v: NULL: not there
 */
struct entry {
	struct tq_match		m;
	u32			prio;
	u64			place;
	struct tq_version	*v;
};

/**
 * struct bench - an index, and all that it should hold
 * @lock: of the index
 * @n: entries that were ever used
 * @there: entries that are there
 */
struct bench {
	struct kunit		*test;
	struct mutex		lock;
	struct tq_classifier	c;
	struct tq_account	*account;
	struct rnd_state	rnd;
	u64			next_place;
	u32			n;
	u32			there;
	struct entry		entry[RULES_MAX];
};

/* ---- the reference ---- */

static bool ref_before(const struct entry *a, const struct entry *b)
{
	return a->prio != b->prio ? a->prio < b->prio : a->place < b->place;
}

/* The first in order that matches and comes after @after. */
static const struct entry *ref_lookup(const struct bench *b, const struct tq_key *k,
				      const struct entry *after)
{
	const struct entry *best = NULL, *e;

	for (e = b->entry; e < b->entry + b->n; e++) {
		if (!e->v || (after && !ref_before(after, e)) || (best && !ref_before(e, best)))
			continue;
		if (tqk_ref_match(&e->m, k))
			best = e;
	}
	return best;
}

/* ---- the index ---- */

static void draw_key(struct bench *b, struct tq_key *k)
{
	tqk_draw_key(&b->rnd, b->n ? &b->entry[tqk_below(&b->rnd, b->n)].m : NULL, k);
}

static struct tq_version *version_of(struct kunit *test, const struct tq_match *m, u32 prio,
				     u64 place, u64 handle)
{
	const struct tq_actions actions = { .verdict = TQUEUE_VERDICT_DROP };
	struct tq_rule *rule = tq_rule_alloc(handle, m->family);
	struct tq_version *v;

	KUNIT_ASSERT_NOT_NULL(test, rule);
	v = tq_version_alloc(rule, prio, place, m, &actions);
	tq_rule_put(rule);
	KUNIT_ASSERT_NOT_NULL(test, v);
	return v;
}

static int link_version(struct bench *b, struct tq_version *v)
{
	int err;

	mutex_lock(&b->lock);
	err = tq_classifier_add(&b->c, v);
	mutex_unlock(&b->lock);
	return err;
}

static void add_entry(struct bench *b, struct entry *e)
{
	struct tq_version *v = version_of(b->test, &e->m, e->prio, e->place, e - b->entry + 1);

	KUNIT_ASSERT_EQ(b->test, link_version(b, v), 0);
	e->v = v;
	tq_version_be_born(v, 1);
	tq_version_grow_up(v);
	b->there++;
}

static void add(struct bench *b, u32 prios)
{
	struct entry *e;

	KUNIT_ASSERT_LT(b->test, b->n, RULES_MAX);
	e = &b->entry[b->n++];
	tqk_draw_match(&b->rnd, &e->m);
	/* Often the same match once more: a vector of versions. */
	if (b->n > 1 && tqk_one_in(&b->rnd, 4))
		e->m = b->entry[tqk_below(&b->rnd, b->n - 1)].m;
	e->prio = tqk_below(&b->rnd, prios);
	e->place = b->next_place++;
	add_entry(b, e);
}

static void del(struct bench *b, struct entry *e)
{
	mutex_lock(&b->lock);
	tq_classifier_del(&b->c, e->v);
	mutex_unlock(&b->lock);
	tq_version_free_rcu(e->v);
	e->v = NULL;
	b->there--;
}

static void del_any(struct bench *b)
{
	u32 i;

	if (!b->there)
		return;
	for (i = tqk_below(&b->rnd, b->n); !b->entry[i].v; i = (i + 1) % b->n)
		;
	del(b, &b->entry[i]);
}

static void end_bench(void *data)
{
	struct bench *b = data;
	u32 i;

	for (i = 0; i < b->n; i++)
		if (b->entry[i].v)
			del(b, &b->entry[i]);
	/* What waits for a grace period looks at nothing of ours. */
	synchronize_rcu();
	tq_classifier_destroy(&b->c);
	mutex_destroy(&b->lock);
	kvfree(b);
}

static struct bench *bench_of(struct kunit *test, u32 seed)
{
	struct tq_account *account = tqk_account(test);
	struct bench *b = kvzalloc(sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->test = test;
	b->account = account;
	b->next_place = 1;
	tqk_rnd(test, &b->rnd, seed);
	mutex_init(&b->lock);
	KUNIT_ASSERT_EQ(test, tq_classifier_init(&b->c, &b->lock, account), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_bench, b), 0);
	return b;
}

static struct tq_version *lookup_in(struct bench *b, const struct tq_key *k, unsigned long gen,
				    const struct tq_version *after)
{
	struct tq_version *v;

	rcu_read_lock();
	v = tq_classifier_lookup(&b->c, k, gen, after);
	rcu_read_unlock();
	return v;
}

static struct tq_version *lookup(struct bench *b, const struct tq_key *k,
				 const struct tq_version *after)
{
	return lookup_in(b, k, 1, after);
}

/* An equal rule of which @wanted is true. */
static struct tq_version *same_as(struct bench *b, u32 prio, const struct tq_match *m,
				  bool (*wanted)(const struct tq_version *v, const void *arg),
				  const void *arg)
{
	struct tq_version *v;

	mutex_lock(&b->lock);
	v = tq_classifier_same(&b->c, prio, m, wanted, arg);
	mutex_unlock(&b->lock);
	return v;
}

static long number_of(const struct bench *b, const struct tq_version *v)
{
	return v ? (long)tq_version_rule(v)->handle - 1 : -1;
}

/* The winner of @turns packets, and of some all that match, in order. */
static u32 compare(struct bench *b, u32 turns)
{
	struct kunit *test = b->test;
	u32 hits = 0;

	while (turns--) {
		const struct entry *want = NULL;
		const struct tq_version *got = NULL;
		const bool all = tqk_one_in(&b->rnd, 5);
		struct tq_key k;
		u32 n = 0;

		draw_key(b, &k);
		do {
			want = ref_lookup(b, &k, want);
			got = lookup(b, &k, got);
			KUNIT_ASSERT_EQ_MSG(test, number_of(b, got),
					    want ? want - b->entry : -1L,
					    "%u. of %u rules, %u proto %u %*ph %*ph ports %u %u",
					    n, b->there, k.family, k.proto, 16, &k.src, 16, &k.dst,
					    k.sport, k.dport);
			n++;
		} while (all && want);
		hits += !!want || n > 1;
	}
	return hits;
}

/* ---- cases ---- */

static void empty(struct kunit *test)
{
	struct bench *b = bench_of(test, 1);
	u32 i;

	KUNIT_EXPECT_FALSE(test, tq_classifier_asks(&b->c, NFPROTO_IPV4));
	KUNIT_EXPECT_FALSE(test, tq_classifier_asks(&b->c, NFPROTO_IPV6));
	KUNIT_EXPECT_EQ(test, tq_classifier_tuples(&b->c), 0);
	compare(b, 50);
	/* And once it has held rules. */
	for (i = 0; i < 60; i++)
		add(b, 3);
	KUNIT_EXPECT_TRUE(test, tq_classifier_asks(&b->c, NFPROTO_IPV4));
	KUNIT_EXPECT_GT(test, tq_classifier_tuples(&b->c), 0);
	while (b->there)
		del_any(b);
	KUNIT_EXPECT_FALSE(test, tq_classifier_asks(&b->c, NFPROTO_IPV4));
	KUNIT_EXPECT_FALSE(test, tq_classifier_asks(&b->c, NFPROTO_IPV6));
	KUNIT_EXPECT_EQ(test, tq_classifier_tuples(&b->c), 0);
	KUNIT_EXPECT_EQ(test, b->c.slots, 0);
	compare(b, 50);
}

/* Growing, shrinking, growing again; in a random order. */
static void random_rules(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	u32 step, hits = 0;

	for (step = 0; step < RULES_MAX - 200; step++) {
		const bool shrink = step % 400 > 280;

		if (shrink)
			del_any(b);
		else if (tqk_one_in(&b->rnd, 4))
			del_any(b);
		else
			add(b, step % 200 < 100 ? 1000 : 3);
		if (step % 10 == 0)
			hits += compare(b, 8);
		cond_resched();
	}
	hits += compare(b, 200);
	KUNIT_EXPECT_GT(test, hits, 300);
	KUNIT_EXPECT_GT_MSG(test, tq_classifier_tuples(&b->c), 8,
			    "few enough to be asked one by one");
}

/* Each rule is a wildcard: only the order decides. */
static void only_wildcards(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	u32 i;

	for (i = 0; i < 60; i++) {
		struct entry *e = &b->entry[b->n++];

		e->prio = tqk_below(&b->rnd, 4);
		e->place = b->next_place++;
		add_entry(b, e);
	}
	compare(b, 30);
	while (b->there) {
		del_any(b);
		compare(b, 5);
	}
}

/* One address in prefixes of every length, put in and taken out from both ends: the
 * longest does not win, the first does.
 */
static void nested_prefixes(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	const u8 family = tqk_one_in(&b->rnd, 2) ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const u32 most = family == NFPROTO_IPV4 ? 32 : 128;
	union nf_inet_addr mask;
	u32 len, i;

	for (len = 0; len <= most; len++) {
		struct entry *e = &b->entry[b->n++];

		e->m.family = family;
		tq_prefix_mask(&mask, family, len);
		for (i = 0; i < 4; i++)
			e->m.src.all[i] = (__force u32)htonl(0x20222024) & mask.all[i];
		e->m.src_len = len;
		e->prio = tqk_below(&b->rnd, 10);
		e->place = b->next_place++;
		add_entry(b, e);
	}
	for (i = 0; i < 200; i++) {
		struct tq_key k;

		draw_key(b, &k);
		k.family = family;
		for (len = 0; len < 4; len++)
			k.src.all[len] = (__force u32)htonl(0x20222024);
		/* It leaves the prefixes at some bit. */
		len = tqk_below(&b->rnd, most + 1);
		if (len < most)
			((u8 *)&k.src)[len / 8] ^= 0x80 >> len % 8;
		KUNIT_ASSERT_EQ(test, number_of(b, lookup(b, &k, NULL)),
				ref_lookup(b, &k, NULL) - b->entry);
	}
	compare(b, 100);
	while (b->there) {
		del_any(b);
		compare(b, 4);
	}
}

/* Equal matches: by priority, then by place, also if the places come out of order or
 * are above 32 bits.
 */
static void ties(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	static const u64 far[] = { 0, U32_MAX - 1ULL, U32_MAX, U32_MAX + 1ULL, 1ULL << 40 };
	struct tq_match m;
	u32 i;

	tqk_draw_match(&b->rnd, &m);
	for (i = 0; i < 80; i++) {
		struct entry *e = &b->entry[b->n++];

		/* Half of them in one slot, the others anywhere on their way. */
		if (i % 2)
			e->m = m;
		e->prio = 7 + tqk_below(&b->rnd, 2);
		e->place = far[tqk_below(&b->rnd, ARRAY_SIZE(far))] + 3 * (i ^ 0x15);
		add_entry(b, e);
		if (i % 8 == 0)
			compare(b, 10);
	}
	compare(b, 50);
	while (b->there) {
		del_any(b);
		compare(b, 3);
	}
}

/* Packets of each generation find the versions of that one. */
static void generations(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	/* Only 32 bits of them are kept. */
	const unsigned long first = (unsigned long)U32_MAX - 1;
	struct tq_version *v[3];
	struct tq_key k;
	u32 i;

	b->n = 3;
	for (i = 0; i < 3; i++) {
		b->entry[i].prio = i;
		b->entry[i].place = i;
		v[i] = b->entry[i].v = version_of(test, &b->entry[i].m, i, i, i + 1);
		KUNIT_ASSERT_EQ(test, link_version(b, v[i]), 0);
		b->there++;
	}
	draw_key(b, &k);
	KUNIT_EXPECT_NULL_MSG(test, lookup_in(b, &k, first, NULL),
			      "none is committed");
	tq_version_be_born(v[2], first);
	KUNIT_EXPECT_NULL(test, lookup_in(b, &k, first - 1, NULL));
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first, NULL), v[2]);
	/* One dies when the other is born. */
	tq_version_be_born(v[0], first + 2);
	tq_version_die(v[2], first + 2);
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first + 1, NULL), v[2]);
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first + 2, NULL), v[0]);
	KUNIT_EXPECT_NULL(test, lookup_in(b, &k, first + 2, v[0]));
	/* The one between was never committed. */
	tq_version_be_born(v[1], first + 3);
	KUNIT_EXPECT_NULL(test, lookup_in(b, &k, first + 2, v[0]));
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first + 3, v[0]), v[1]);
	tq_version_die(v[0], first + 4);
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first + 3, NULL), v[0]);
	KUNIT_EXPECT_PTR_EQ(test, lookup_in(b, &k, first + 4, NULL), v[1]);
}

static bool any(const struct tq_version *v, const void *arg)
{
	return true;
}

static bool other(const struct tq_version *v, const void *arg)
{
	return v != arg;
}

/* An equal rule is found by what it is, and only by all of it. */
static void same(struct kunit *test)
{
	struct bench *b = bench_of(test, TQK_SEED(test));
	u32 i, k;

	for (i = 0; i < 150; i++)
		add(b, 3);
	for (i = 0; i < b->n; i++) {
		const struct entry *e = &b->entry[i];
		struct tq_version *v;
		struct tq_match m, back;
		bool twin = false;

		tq_version_match(e->v, &back);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&back, &e->m, sizeof(back)), 0, "rule %u", i);
		v = same_as(b, e->prio, &e->m, any, NULL);
		KUNIT_ASSERT_NOT_NULL_MSG(test, v, "rule %u", i);
		KUNIT_EXPECT_EQ(test, v->prio, e->prio);
		KUNIT_EXPECT_EQ(test, memcmp(&b->entry[number_of(b, v)].m, &e->m, sizeof(m)), 0);
		for (k = 0; k < b->n; k++)
			twin |= k != i && b->entry[k].prio == e->prio &&
				!memcmp(&b->entry[k].m, &e->m, sizeof(m));
		v = same_as(b, e->prio, &e->m, other, e->v);
		KUNIT_EXPECT_EQ_MSG(test, !!v, twin, "rule %u", i);
		KUNIT_EXPECT_NULL(test, same_as(b, e->prio + 3, &e->m, any, NULL));
		m = e->m;
		m.has |= TQ_HAS_LEN;
		m.len_max = 4711;
		KUNIT_EXPECT_NULL(test, same_as(b, e->prio, &m, any, NULL));
	}
}

/* What is refused for want of memory changes nothing. */
static void limit_of_memory(struct kunit *test)
{
	struct bench *b = bench_of(test, 3);
	struct tq_account_use use;
	u32 i, refused = 0;

	for (i = 0; i < 300; i++) {
		struct entry *e = &b->entry[b->n];

		tqk_draw_match(&b->rnd, &e->m);
		e->prio = tqk_below(&b->rnd, 5);
		e->place = b->next_place++;
		e->v = version_of(test, &e->m, e->prio, e->place, b->n + 1);
		tq_account_use(b->account, &use);
		/* Every other one has next to nothing. */
		WRITE_ONCE(tq_params.max_memory, i % 2 ? 0 : use.memory + 20);
		if (link_version(b, e->v)) {
			struct tq_account_use after;

			WRITE_ONCE(tq_params.max_memory, 0);
			tq_account_use(b->account, &after);
			KUNIT_EXPECT_EQ(test, after.memory, use.memory);
			tq_version_free(e->v);
			e->v = NULL;
			refused++;
			KUNIT_EXPECT_EQ(test, i % 2, 0);
		} else {
			WRITE_ONCE(tq_params.max_memory, 0);
			tq_version_be_born(e->v, 1);
			b->n++;
			b->there++;
		}
		if (i % 20 == 0)
			compare(b, 10);
	}
	compare(b, 100);
	KUNIT_EXPECT_GT(test, refused, 5);
}

/* Ranks: never the other way round than the order, equal only where they must be. */
static void ranks(struct kunit *test)
{
	static const u64 places[] = { 0, 1, U32_MAX - 1ULL, U32_MAX, U32_MAX + 1ULL, U64_MAX };
	static const u32 prios[] = { 0, 1, 0x7fffffff, 0x80000000, U32_MAX };
	unsigned long last = 0;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(prios); i++) {
		for (k = 0; k < ARRAY_SIZE(places); k++) {
			const unsigned long rank = tq_rank(prios[i], places[k]);

			KUNIT_EXPECT_LE(test, last, rank);
			if (IS_ENABLED(CONFIG_64BIT) && k && places[k - 1] < U32_MAX)
				KUNIT_EXPECT_LT(test, last, rank);
			last = rank;
		}
	}
}

/* The hash full to the last slot, and what is in a later line than its own. */
static void full_lines(struct kunit *test)
{
	struct tq_lines *l = tq_lines_alloc(2);
	/* All of the first line, and of one tag. */
	const u64 hash = 5ULL << 56;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	for (i = 0; i < 2 * TQ_LINE_SLOTS; i++)
		KUNIT_EXPECT_EQ_MSG(test, tq_lines_insert(l, hash, 16 * (i + 1)), 0, "slot %u", i);
	KUNIT_EXPECT_EQ(test, tq_lines_insert(l, hash, 16), -ENOSPC);
	KUNIT_EXPECT_EQ(test, l->line[0].spilled, TQ_LINE_SLOTS);
	KUNIT_EXPECT_EQ(test, l->line[1].spilled, 0);
	for (i = 0; i < TQ_LINE_SLOTS; i++) {
		KUNIT_EXPECT_EQ(test, l->line[0].tag[i], 5);
		KUNIT_EXPECT_EQ(test, l->line[1].slot[i], 16 * (TQ_LINE_SLOTS + i + 1));
	}
	KUNIT_EXPECT_EQ(test, tq_line_match(&l->line[0], 5), 0x0080808080808080ULL);
	KUNIT_EXPECT_EQ(test, tq_line_match(&l->line[0], 6), 0);
	tq_lines_free(l);
}

TQK_SEED_PARAMS;

static struct kunit_case classify_cases[] = {
	KUNIT_CASE(empty),
	KUNIT_CASE_PARAM(random_rules, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(only_wildcards, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(nested_prefixes, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(ties, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(generations, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(same, tqk_seed_gen_params),
	KUNIT_CASE(limit_of_memory),
	KUNIT_CASE(ranks),
	KUNIT_CASE(full_lines),
	{ }
};

static struct kunit_suite classify_suite = {
	.name = "tqueue_classify",
	.test_cases = classify_cases,
};
kunit_test_suite(classify_suite);
