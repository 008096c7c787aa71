// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan of a table's change, carried out on a list as the kernel would do it,
 * gives the wanted rules, in an order that no packet can tell from the wanted one;
 * and what is the same already is left alone.
 */
#include "unit.h"
#include "config.h"
#include "plan.h"

#define RULES	24
#define TURNS	4000

/* Few values, so that rules overlap and are the same often. */
static void random_rule(struct tq_rule *r)
{
	memset(r, 0, sizeof(*r));
	r->prio = rand() % 3;
	if (rand() % 2) {
		r->has |= TQ_BIT(TQUEUE_A_RULE_PROTO);
		r->proto = rand() % 2 ? 6 : 17;
	}
	if (rand() % 2) {
		r->has |= TQ_BIT(TQUEUE_A_RULE_DPORT_MIN);
		r->dport_min = rand() % 6;
		r->dport_max = r->dport_min + rand() % 3;
	}
	if (rand() % 3) {
		r->has |= TQ_BIT(TQUEUE_A_RULE_SRC) | TQ_BIT(TQUEUE_A_RULE_FAMILY);
		r->family = TQUEUE_FAMILY_IPV4;
		r->src.len = 4;
		r->src_len = 6 + rand() % 3;
		r->src.bytes[0] = (rand() % 4 << 6 | rand() % 4) & (0xff00 >> r->src_len);
	}
	if (rand() % 4 == 0) {
		r->has |= TQ_BIT(TQUEUE_A_RULE_MARK) | TQ_BIT(TQUEUE_A_RULE_MARK_MASK);
		r->mark_mask = rand() % 4;
		r->mark = rand() & r->mark_mask;
	}
	r->has |= TQ_BIT(TQUEUE_A_RULE_VERDICT);
	r->verdict = rand() % 2 ? TQUEUE_VERDICT_DROP : TQUEUE_VERDICT_ACCEPT;
}

static void add(struct config_table *t, const struct tq_rule *r)
{
	assert_int_equal(config_add_rule(t, r, false), 0);
}

static bool overlap(const struct config_rule *x, const struct config_rule *y)
{
	struct config_box a, b;

	config_box(x, &a);
	config_box(y, &b);
	return plan_overlap(&a, &b);
}

/* The table after the plan: what stays in its places, the rest behind it. */
static size_t carry_out(const struct plan *plan, const struct config_table *now,
			const struct config_table *want, const struct config_rule **out)
{
	size_t n = 0, i, k;
	uint32_t prio;

	for (prio = 0; prio < 3; prio++) {
		for (i = 0; i < now->n; i++) {
			const struct config_rule *mate = now->rules[i].mate;

			if (now->rules[i].prio != prio || !mate)
				continue;
			k = mate - want->rules;
			if (plan->what[k] != PLAN_MOVE && plan->what[k] != PLAN_ADD)
				out[n++] = mate;
		}
		for (k = 0; k < want->n; k++)
			if (want->rules[k].prio == prio &&
			    (plan->what[k] == PLAN_MOVE || plan->what[k] == PLAN_ADD))
				out[n++] = &want->rules[k];
	}
	return n;
}

static void check_order(const struct config_rule **out, size_t n, const struct config_table *want)
{
	size_t i, k;

	assert_int_equal(n, want->n);
	for (i = 0; i < n; i++)
		for (k = i + 1; k < n; k++)
			if (out[i]->prio == out[k]->prio && out[i] > out[k])
				assert_false(overlap(out[i], out[k]));
}

static void test_random(void **state)
{
	unsigned int turn, kept = 0;

	srand(1);
	for (turn = 0; turn < TURNS; turn++) {
		struct config_table *tables = calloc(2, sizeof(*tables));
		struct config now = { .tables = tables, .table_n = 1 };
		struct config_table *want_table = calloc(1, sizeof(*want_table));
		struct config want = { .tables = want_table, .table_n = 1 };
		const struct config_rule *out[2 * RULES];
		struct tq_rule pool[RULES];
		struct plan plan;
		size_t i, n;

		for (i = 0; i < RULES; i++)
			random_rule(&pool[i]);
		for (i = 0; i < RULES * 2 / 3; i++) {
			pool[i].handle = i + 1;
			add(tables, &pool[i]);
			pool[i].handle = 0;
		}
		for (i = 0; i < RULES; i++)
			add(want_table, &pool[rand() % RULES]);
		config_sort(&now);
		config_sort(&want);
		assert_int_equal(plan_rules(&plan, tables, want_table), 0);
		n = carry_out(&plan, tables, want_table, out);
		check_order(out, n, want_table);
		for (i = 0; i < want_table->n; i++)
			kept += plan.what[i] == PLAN_KEEP;
		plan_free(&plan);
		config_free(&now);
		config_free(&want);
	}
	/* It is no art to move everything. */
	assert_true(kept > TURNS * 2);
}

/* The boxes against all packets of a small world. */
static void test_overlap(void **state)
{
	struct config c = { .tables = calloc(1, sizeof(*c.tables)), .table_n = 1 };
	struct config_table *t = c.tables;
	unsigned int both = 0, neither = 0;
	size_t i, k;

	srand(2);
	while (t->n < 60) {
		struct tq_rule r;

		random_rule(&r);
		assert_int_equal(config_add_rule(t, &r, false), 0);
	}
	for (i = 0; i < t->n; i++) {
		for (k = 0; k < t->n; k++) {
			struct config_box a, b;
			bool shared = false;
			unsigned int p;

			config_box(&t->rules[i], &a);
			config_box(&t->rules[k], &b);
			/* source 0-255 . mark 0-3 . port 0-7 . protocol 6 or 17 */
			for (p = 0; p < 256 * 4 * 8 * 2 && !shared; p++) {
				const struct config_box *v[2] = { &a, &b };
				unsigned int src = p & 255, mark = p >> 8 & 3, port = p >> 10 & 7;
				unsigned int proto = p >> 13 ? 6 : 17, m = 0;

				for (m = 0; m < 2; m++)
					if ((src ^ v[m]->src[0]) & (0xff00 >> v[m]->src_len) & 0xff ||
					    (mark ^ v[m]->mark) & v[m]->mark_mask ||
					    port < v[m]->dport_min || port > v[m]->dport_max ||
					    proto < v[m]->proto_min || proto > v[m]->proto_max)
						break;
				shared = m == 2;
			}
			assert_int_equal(plan_overlap(&a, &b), shared);
			both += shared;
			neither += !shared;
		}
	}
	assert_true(both > 100 && neither > 100);
	config_free(&c);
}

/* Rules that differ in timeout or priority only, or in nothing at all, are several. */
static void test_twins(void **state)
{
	static const struct {
		struct twin {
			uint64_t	handle, timeout_ms;
			uint32_t	prio;
		}		now[3], want[3];
		const char	*what;		/* K, T, M, A for each that is wanted */
		unsigned int	gone;
	} rows[] = {
		/* nothing is there */
		{ { { 0 } }, { { 0, 1, 1 }, { 0, 2, 1 } }, "AA", 0 },
		{ { { 0 } }, { { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, 1 } }, "AAA", 0 },
		/* one of them is */
		{ { { 7, 2, 1 } }, { { 0, 1, 1 }, { 0, 2, 1 } }, "AM", 0 },
		{ { { 7, 1, 1 } }, { { 0, 1, 1 }, { 0, 2, 1 } }, "KA", 0 },
		{ { { 7, 3, 1 } }, { { 0, 1, 1 }, { 0, 2, 1 } }, "TA", 0 },
		{ { { 7, 1, 1 } }, { { 0, 0, 1 }, { 0, 0, 1 } }, "TA", 0 },
		{ { { 7, 1, 1 } }, { { 8, 1, 1 }, { 7, 2, 1 } }, "AM", 0 },
		/* all are */
		{ { { 7, 1, 1 }, { 8, 2, 1 } }, { { 0, 1, 1 }, { 0, 2, 1 } }, "KK", 0 },
		{ { { 7, 0, 1 }, { 8, 0, 1 } }, { { 0, 0, 1 }, { 0, 0, 1 } }, "KK", 0 },
		{ { { 7, 1, 1 }, { 8, 2, 1 } }, { { 7, 1, 1 }, { 8, 1, 1 } }, "KT", 0 },
		/* too many are */
		{ { { 7, 1, 1 }, { 8, 2, 1 }, { 9, 3, 1 } }, { { 0, 3, 1 }, { 0, 1, 1 } }, "MM", 1 },
		{ { { 7, 0, 1 }, { 8, 0, 1 } }, { { 8, 0, 1 } }, "K", 1 },
		/* another priority is another rule; by its handle it is the same one */
		{ { { 7, 0, 1 } }, { { 0, 0, 1 }, { 0, 0, 2 } }, "KA", 0 },
		{ { { 7, 0, 1 } }, { { 7, 0, 2 } }, "M", 0 },
		{ { { 7, 0, 1 } }, { { 0, 0, 2 } }, "A", 1 },
		{ { { 7, 1, 1 }, { 8, 2, 2 } }, { { 0, 2, 1 }, { 0, 1, 2 } }, "TT", 0 },
	};
	static const char letters[] = {
		[PLAN_KEEP] = 'K', [PLAN_TIMEOUT] = 'T', [PLAN_REPLACE] = 'R', [PLAN_MOVE] = 'M',
		[PLAN_ADD] = 'A',
	};
	size_t i, k;

	for (i = 0; i < COUNT(rows); i++) {
		struct config now = { .tables = calloc(1, sizeof(*now.tables)), .table_n = 1 };
		struct config want = { .tables = calloc(1, sizeof(*want.tables)), .table_n = 1 };
		struct config_table *tables[] = { now.tables, want.tables };
		unsigned int gone = 0, alike = 0, side;
		struct plan plan;
		char what[4] = "";

		for (side = 0; side < 2; side++) {
			const struct twin *twins = side ? rows[i].want : rows[i].now;

			for (k = 0; k < 3 && twins[k].prio; k++) {
				struct tq_rule r = {
					.handle = twins[k].handle, .prio = twins[k].prio,
					.timeout_ms = twins[k].timeout_ms,
				};

				add(tables[side], &r);
			}
		}
		config_sort(&now);
		config_sort(&want);
		assert_int_equal(plan_rules(&plan, now.tables, want.tables), 0);
		for (k = 0; k < want.tables->n; k++) {
			const struct config_rule *r = &want.tables->rules[k];

			what[k] = letters[plan.what[k]];
			for (alike = 0; alike < want.tables->n &&
			     (r == &want.tables->rules[alike] ||
			      r->prio != want.tables->rules[alike].prio); alike++)
				;
			if (!r->mate)
				assert_int_equal(r->twin, alike < want.tables->n);
		}
		for (k = 0; k < now.tables->n; k++)
			gone += !now.tables->rules[k].mate;
		if (strcmp(what, rows[i].what) || gone != rows[i].gone)
			fail_msg("row %zu: %s and %u go, not %s and %u", i, what, gone,
				 rows[i].what, rows[i].gone);
		plan_free(&plan);
		config_free(&now);
		config_free(&want);
	}
}

/* What can be said in several ways is kept as the kernel says it. */
static void test_settled(void **state)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{ "", " pass" },
		{ "family ip6 drop", " family ip6 drop" },
		{ "src 0.0.0.0/0 drop", " family ip drop" },
		{ "src ::/0 dst ::1", " dst ::1 pass" },
		{ "dst 0.0.0.0/0 src 10.0.0.0/8", " src 10.0.0.0/8 pass" },
		{ "sport 0-65535", " dport 0-65535 pass" },
		{ "sport 0-65535 dport 0-65535", " dport 0-65535 pass" },
		{ "sport 0-65535 dport 1", " dport 1 pass" },
		{ "sport 1 dport 0-65535", " sport 1 pass" },
		{ "sport 1 dport 2", " sport 1 dport 2 pass" },
		{ "queue q limit 5", " queue q limit 5/s burst 5 pass" },
		{ "queue q limit 5/s burst 9", " queue q limit 5/s burst 9 pass" },
		{ "steal q", " steal q else pass" },
		{ "steal q else drop", " steal q else drop" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		struct config c = { .tables = calloc(1, sizeof(*c.tables)), .table_n = 1 };
		struct tq_rule r;
		struct line line;

		assert_int_equal(parse_rule(line_init(&line, rows[i].line), &r), 0);
		add(c.tables, &r);
		assert_string_equal(c.tables->rules->words, rows[i].words);
		config_free(&c);
	}
}

/* Nothing before, and nothing afterwards. */
static void test_edges(void **state)
{
	struct config c = { .tables = calloc(1, sizeof(*c.tables)), .table_n = 1 };
	struct config_table none = { .name = "t" };
	struct tq_rule r;
	struct plan plan;

	random_rule(&r);
	assert_int_equal(config_add_rule(c.tables, &r, false), 0);
	assert_int_equal(plan_rules(&plan, NULL, c.tables), 0);
	assert_int_equal(plan.changes, 1);
	assert_int_equal(plan.what[0], PLAN_ADD);
	plan_free(&plan);
	assert_int_equal(plan_rules(&plan, c.tables, &none), 0);
	assert_int_equal(plan.changes, 1);
	assert_null(c.tables->rules[0].mate);
	plan_free(&plan);
	config_free(&c);
}

/* Tables move when others are added; their rules go on as if they had not. */
static void test_tables_move(void **state)
{
	struct config c = { 0 };
	struct tq_rule r;
	size_t i, k;

	srand(2);
	for (i = 0; i < 40; i++) {
		struct config_table *v = calloc(i + 1, sizeof(*v));

		assert_non_null(v);
		if (i)
			memcpy(v, c.tables, i * sizeof(*v));
		free(c.tables);
		c.tables = v;
		c.table_n = i + 1;
		for (k = 0; k <= i; k++) {
			random_rule(&r);
			add(&c.tables[k], &r);
		}
	}
	for (i = 0; i < 40; i++)
		assert_int_equal(c.tables[i].n, 40 - i);
	config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_twins),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_tables_move),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
