// SPDX-License-Identifier: GPL-2.0-only
/* The words that a shell is offered, without those of a running module. */
#include "unit.h"

#include "complete.h"

static char *complete(const char *words)
{
	struct tqctl t = { .netns = "/nonexistent/netns" };
	struct line line;
	size_t size, i;
	char *out;

	line_init(&line, words);
	t.out.file = open_memstream(&out, &size);
	assert_non_null(t.out.file);
	assert_int_equal(tqctl_complete(&t, line.words, line.n), TQCTL_OK);
	tnl_close(t.nl);
	fclose(t.out.file);
	for (i = 0; i < size; i++)
		if (out[i] == '\n')
			out[i] = ' ';
	return out;
}

static void test_words(void **state)
{
	static const struct { const char *words, *offered; } rows[] = {
		{ "\"\"", "queue table rule hook txn capture save restore apply top metrics monitor module doctor version " },
		{ "ca", "queue table rule hook txn capture save restore apply top metrics monitor module doctor version " },
		{ "-j -n ns -p \"\"", "queue table rule hook txn capture save restore apply top metrics monitor module doctor version " },
		{ "-n \"\"", "" },
		{ "hook \"\"", "add set del show list " },
		{ "queue add \"\"", "" },
		{ "queue add q \"\"", "mode size ring snaplen watermark flush " },
		{ "queue add q mode \"\"", "stream log " },
		{ "queue add q mode log size \"\"", "" },
		{ "queue add q mode log \"\"", "mode size ring snaplen watermark flush " },
		{ "table add t \"\"", "max " },
		{ "table set t \"\"", "max " },
		{ "table set t max \"\"", "" },
		{ "rule add t family \"\"", "ip ip6 " },
		{ "rule add t ct \"\"", "new established related invalid untracked " },
		{ "capture q -w f --link \"\"", "auto ethernet raw " },
		{ "capture q -w \"\"", "" },
		{ "top \"\"", "-c -d " },
		{ "top q -", "-c -d " },
		{ "hook add t hook \"\"",
		  "prerouting input forward output postrouting ingress egress " },
		{ "quux \"\"", "" },
		{ "monitor \"\"", "" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char *out = complete(rows[i].words);

		if (strcmp(out, rows[i].offered))
			fail_msg("tqctl %s: %s", rows[i].words, out);
		free(out);
	}
}

/* Whatever is typed: no crash. */
static void test_anything(void **state)
{
	static const char *const words[] = { "queue", "add", "rule", "t", "-n", "--", "proto", "",
					     "table", "hook", "handle", "capture", "-j" };
	unsigned int seed = 7;
	int i, n;

	for (i = 0; i < 20000; i++) {
		const char *line[8];
		struct tqctl t = { .netns = "/nonexistent/netns" };

		t.out.file = fopen("/dev/null", "w");
		for (n = 0; n < 8; n++)
			line[n] = words[rand_r(&seed) % COUNT(words)];
		tqctl_complete(&t, line, rand_r(&seed) % 9);
		tnl_close(t.nl);
		fclose(t.out.file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
