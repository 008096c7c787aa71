// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, sizes, times, words of a line, names: text to values and back. */
#include "unit.h"
#include "print.h"

struct number {
	const char	*text;
	int		ret;
	uint64_t	value;
};

static void check_numbers(const struct number *row, size_t n, int (*fn)(const char *, uint64_t *))
{
	for (; n--; row++) {
		uint64_t value = 0;
		int ret = fn(row->text, &value);

		if (ret != row->ret || (!ret && value != row->value))
			fail_msg("\"%s\": returned %d and %llu", row->text, ret,
				 (unsigned long long)value);
	}
}

static void test_u64(void **state)
{
	static const struct number rows[] = {
		{ "0", 0, 0 }, { "7", 0, 7 }, { "010", 0, 10 }, { "0x10", 0, 16 }, { "0Xff", 0, 255 },
		{ "18446744073709551615", 0, UINT64_MAX }, { "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -1, 0 }, { "0x10000000000000000", -1, 0 },
		{ "", -1, 0 }, { "-1", -1, 0 }, { "+1", -1, 0 }, { " 1", -1, 0 }, { "1 ", -1, 0 },
		{ "0x", -1, 0 }, { "0x0x1", -1, 0 }, { "0x-1", -1, 0 }, { "1a", -1, 0 },
		{ "ten", -1, 0 }, { "1.0", -1, 0 }, { "1e3", -1, 0 },
	};

	check_numbers(rows, COUNT(rows), text_u64);
}

static void test_size(void **state)
{
	static const struct number rows[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "64K", 0, 65536 }, { "64k", 0, 65536 },
		{ "32M", 0, 32 << 20 }, { "1G", 0, 1 << 30 }, { "2KiB", 0, 2048 }, { "2kb", 0, 2048 },
		{ "17179869183G", 0, UINT64_C(17179869183) << 30 },
		{ "17179869184G", -1, 0 }, { "99999999999999999999", -1, 0 },
		{ "", -1, 0 }, { "K", -1, 0 }, { "-1K", -1, 0 }, { "1T", -1, 0 }, { "1Kx", -1, 0 },
		{ "1 K", -1, 0 }, { "1.5M", -1, 0 },
	};

	check_numbers(rows, COUNT(rows), text_size);
}

static void test_time(void **state)
{
	static const struct number rows[] = {
		{ "0", 0, 0 }, { "1", 0, 1000000 }, { "5us", 0, 5 }, { "100ms", 0, 100000 },
		{ "90s", 0, 90000000 }, { "1m", 0, 60000000 }, { "1h30m", 0, UINT64_C(5400000000) },
		{ "1d", 0, UINT64_C(86400000000) }, { "2w1d", 0, UINT64_C(1296000000000) },
		{ "", -1, 0 }, { "ms", -1, 0 }, { "-1s", -1, 0 }, { "1y", -1, 0 }, { "30m1h", -1, 0 },
		{ "1h1h", -1, 0 }, { "1h30", -1, 0 }, { "1 s", -1, 0 }, { "1.5s", -1, 0 },
		{ "99999999999999999w", -1, 0 },
	};

	check_numbers(rows, COUNT(rows), text_time);
}

static void test_size_and_time_again(void **state)
{
	static const uint64_t values[] = { 0, 1, 999, 1000, 1023, 1024, 4096, 65536, 1000000, 1048576,
					   60000000, 5400000000, 86400000000, 604800000000, 604800000001,
					   1ULL << 40, 123456789012345 };
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		char buf[PRINT_SIZE], tbuf[PRINT_SIZE * 2];
		uint64_t v;

		assert_int_equal(text_size(print_size(buf, values[i]), &v), 0);
		assert_int_equal(v, values[i]);
		assert_int_equal(text_time(print_time(tbuf, values[i]), &v), 0);
		assert_int_equal(v, values[i]);
	}
}

static void test_split(void **state)
{
	static const struct {
		const char	*line;
		int		n;
		const char	*words[4];
	} rows[] = {
		{ "", 0, { NULL } }, { "  \t", 0, { NULL } }, { "# comment", 0, { NULL } },
		{ "a", 1, { "a" } }, { " a  b\t c\n", 3, { "a", "b", "c" } },
		{ "a # b", 1, { "a" } }, { "\"a b\" c", 2, { "a b", "c" } },
		{ "'a \"b' c", 2, { "a \"b", "c" } }, { "\"\" x", 2, { "", "x" } },
		{ "\"open", -1, { NULL } }, { "'open", -1, { NULL } }, { "a b c d e", -1, { NULL } },
	};
	size_t i;
	int k;

	for (i = 0; i < COUNT(rows); i++) {
		const char *words[4];
		char line[64];

		strcpy(line, rows[i].line);
		assert_int_equal(text_split(line, words, 4), rows[i].n);
		for (k = 0; k < rows[i].n; k++)
			assert_string_equal(words[k], rows[i].words[k]);
	}
}

/* Every word stands for one number and every number has one word. */
static void test_names(void **state)
{
	static const struct tq_name *const tables[] = {
		tq_modes, tq_rule_families, tq_hook_families, tq_points, tq_verdicts, tq_protocols,
		tq_tcp_flags, tq_frags, tq_ct_states, tq_losses, tq_features,
	};
	const struct tq_name *row;
	size_t i;

	for (i = 0; i < COUNT(tables); i++) {
		for (row = tables[i]; row->name; row++) {
			assert_int_equal(tq_value(tables[i], row->name), row->value);
			assert_non_null(tq_name(tables[i], row->value));
			assert_int_equal(tq_value(tables[i], tq_name(tables[i], row->value)), row->value);
		}
		assert_null(tq_name(tables[i], 0x7fffffff));
		assert_int_equal(tq_value(tables[i], "nosuchword"), -1);
		assert_int_equal(tq_value(tables[i], ""), -1);
	}
	/* No verdict, cause, point or feature of the uapi is without a word. */
	for (i = TQUEUE_VERDICT_PASS; i <= TQUEUE_VERDICT_STEAL; i++)
		assert_non_null(tq_name(tq_verdicts, i));
	for (i = TQUEUE_LOSS_FULL; i <= TQUEUE_LOSS_FLUSHED; i++)
		assert_non_null(tq_name(tq_losses, i));
	for (i = TQUEUE_HOOK_PREROUTING; i <= TQUEUE_HOOK_EGRESS; i++)
		assert_non_null(tq_name(tq_points, i));
	for (i = TQUEUE_FEATURE_LOG; i <= TQUEUE_FEATURE_FILTER; i <<= 1)
		assert_non_null(tq_name(tq_features, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_size_and_time_again),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
