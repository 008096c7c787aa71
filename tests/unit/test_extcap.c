// SPDX-License-Identifier: GPL-2.0-only
/* What Wireshark asks an extcap program, and what is refused. */
#include "unit.h"

/* Runs it with @words after its name; output and errors, to be freed. */
static int run_extcap(const char *words, char **out, char **err)
{
	struct tqctl t = { .netns = "/nonexistent/netns" };
	char *argv[COUNT(((struct line *)NULL)->words) + 2] = { "tqueue-extcap" };
	struct line line;
	size_t n1, n2;
	unsigned int i;
	int code;

	line_init(&line, words);
	for (i = 0; i < line.n; i++)
		argv[i + 1] = (char *)line.words[i];
	t.out.file = open_memstream(out, &n1);
	t.err = open_memstream(err, &n2);
	assert_true(t.out.file && t.err);
	code = tqctl_extcap(&t, line.n + 1, argv);
	tnl_close(t.nl);
	fclose(t.out.file);
	fclose(t.err);
	return code;
}

static void test_answers(void **state)
{
	static const struct { const char *words, *has; } rows[] = {
		{ "--extcap-interfaces --extcap-version=4.0", "extcap {version=" },
		{ "--extcap-interfaces", "{display=tqueue}\n" },
		{ "--extcap-interface tqueue-ids --extcap-dlts",
		  "dlt {number=1}{name=EN10MB}{display=" },
		{ "--extcap-config --extcap-interface=tqueue-ids",
		  "arg {number=0}{call=--snaplen}{display=Bytes of a packet}" },
		{ "--extcap-config --extcap-interface=tqueue-ids",
		  "{range=1,262144}{default=262144}\narg {number=1}{call=--link}" },
		{ "--extcap-config", "value {arg=1}{value=auto}{display=auto}{default=true}\n"
				     "value {arg=1}{value=ethernet}{display=ethernet}{default=false}\n" },
		{ "--help", "tshark -i tqueue-ids" },
		{ "--extcap-interface tqueue-ids --extcap-capture-filter tcp", "not capture filters" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char *out, *err;

		assert_int_equal(run_extcap(rows[i].words, &out, &err), TQCTL_OK);
		if (!strstr(out, rows[i].has))
			fail_msg("%s: %s", rows[i].words, out);
		assert_string_equal(err, "");
		free(out);
		free(err);
	}
}

/* Every option that the config offers is understood. */
static void test_config_is_understood(void **state)
{
	char *out, *err, *at, option[64], words[256];
	unsigned int n = 0;

	assert_int_equal(run_extcap("--extcap-config", &out, &err), TQCTL_OK);
	free(err);
	for (at = out; (at = strstr(at, "{call=")); n++) {
		char *none;

		assert_int_equal(sscanf(at, "{call=%60[a-z-]}", option), 1);
		at++;
		snprintf(words, sizeof(words), "%s %s --extcap-dlts", option,
			 !strcmp(option, "--snaplen") ? "96" : !strcmp(option, "--link") ? "raw" : "");
		assert_int_equal(run_extcap(words, &none, &err), TQCTL_OK);
		free(none);
		free(err);
	}
	assert_int_equal(n, 4);
	free(out);
}

static void test_refusals(void **state)
{
	static const struct { const char *words; int code; const char *text; } rows[] = {
		{ "--capture --fifo f", TQCTL_USAGE, "--extcap-interface is missing" },
		{ "--capture --fifo f --extcap-interface eth0", TQCTL_USAGE,
		  "eth0 is not an interface of ours: tqueue-QUEUE" },
		{ "--capture --fifo f --extcap-interface tqueue-", TQCTL_USAGE, "not a name" },
		{ "--capture --fifo f --extcap-interface tqueue-a/b", TQCTL_USAGE, "not a name" },
		{ "--capture --extcap-interface tqueue-ids", TQCTL_USAGE, "--fifo is missing" },
		{ "--capture --fifo f --extcap-interface tqueue-ids --extcap-capture-filter tcp",
		  TQCTL_USAGE, "--extcap-capture-filter is not supported: the rules" },
		{ "--capture --snaplen 0", TQCTL_USAGE, "--snaplen is not in the range" },
		{ "--capture --snaplen 262145", TQCTL_USAGE, "--snaplen is not in the range" },
		{ "--capture --snaplen many", TQCTL_USAGE, "--snaplen is not in the range" },
		{ "--capture --link wlan", TQCTL_USAGE, "--link is not one of auto, ethernet, raw" },
		{ "", TQCTL_USAGE, "" },
		/* Right words: then only the network is missing. */
		{ "--capture --fifo f --extcap-interface tqueue-ids --extcap-capture-filter \"\""
		  " --snaplen 96 --link raw --messages --shared", TQCTL_REFUSED, "/nonexistent/netns" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char *out, *err;
		int code = run_extcap(rows[i].words, &out, &err);

		if (code != rows[i].code || !strstr(err, rows[i].text))
			fail_msg("%s: exit %d: %s", rows[i].words, code, err);
		free(out);
		free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_config_is_understood),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests_name("extcap", tests, NULL, NULL);
}
