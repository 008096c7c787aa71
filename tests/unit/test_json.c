// SPDX-License-Identifier: GPL-2.0-only
/*
 * A configuration as JSON: every key of a rule, queue and hook is read as it was
 * printed; whatever is wrong is refused with its place, before anything reaches
 * the kernel.
 */
#include <unistd.h>
#include <json-c/json.h>

#include "unit.h"
#include "config.h"
#include "json_split.h"
#include "print.h"

#define N31	"n23456789012345678901234567890_"
#define TABLE_T	"\"tables\":[{\"name\":\"t\"}]"
#define RULE(x)	"{" TABLE_T ",\"rules\":[{\"table\":\"t\"," x "}]}"
#define HOOK(x)	"{" TABLE_T ",\"hooks\":[{\"table\":\"t\"," x "}]}"

/* ---- reading ---- */

/* What "apply" says of @text; its exit status. */
static int apply_text(const char *text, size_t len, char **err, char *name)
{
	char line[64];
	int fd, code;

	strcpy(name, "/tmp/tq-json-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_true(write(fd, text, len) == (ssize_t)len);
	close(fd);
	snprintf(line, sizeof(line), "apply %s", name);
	code = run_line(line, err);
	unlink(name);
	return code;
}

static void read_text(struct config *c, const char *text)
{
	struct tqctl t = { .out.file = stdout, .err = stderr };
	char name[] = "/tmp/tq-json-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(config_read(&t, c, name), TQCTL_OK);
	unlink(name);
	config_sort(c);
}

/* ---- both ways ---- */

static const char *const rules[] = {
	"", "prio 4294967295", "handle 9223372036854775807 prio 3", "family ip", "family ip6 accept",
	"src 10.0.0.0/8", "dst 192.0.2.1", "src 2001:db8::/32 dst ::1", "src 0.0.0.0/0", "proto tcp",
	"proto 253", "sport 1-65535", "proto udp dport 53", "proto icmp icmp-type 8",
	"proto icmpv6 icmp-type 1/4", "proto tcp tcp-flags syn/syn,ack",
	"proto tcp tcp-flags none/fin,syn,rst,psh,ack,urg,ece,cwr", "iif eth0 oif wg+",
	"iif \\,{}[]+", "mark 0x1", "mark 0xff/0xffff", "mark 0/0xffffffff", "dscp ef", "dscp 63",
	"len 0-4294967295", "len 100", "frag none,first,later", "frag later",
	"ct new,established,related,invalid,untracked", "queue q", "queue " N31 " snaplen 4294967295",
	"queue a queue b snaplen 1 queue c queue d queue e queue f queue g queue h",
	"queue q sample 100", "queue q limit 5 burst 4294967295", "queue q limit 1/s",
	"set-mark 0x10/0x30", "set-mark 7", "ttl set 255", "ttl inc 1", "ttl dec 255",
	"set-dscp af11", "pass", "accept", "drop", "next", "repeat", "nfqueue 0",
	"nfqueue 65535 bypass", "steal q", "steal q else pass", "steal q else drop", "timeout 1ms",
	"timeout 30d12h", "timeout 1h expires 59m59s999ms",
	"packets 18446744073709551615 bytes 1 copies 0 last-hit 1764000000000",
	"queue drop steal steal else drop", "queue snaplen snaplen 3",
};

static char *document_of(const struct tq_rule *r)
{
	struct json_object *rule = json_rule("t", r);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	/* The rules come before what they name. */
	fprintf(f, "\n{ \"rules\": [ %s ],\n" TABLE_T ", \"queues\" : [",
		json_object_to_json_string(rule));
	json_object_put(rule);
	fprintf(f, "{\"name\":\"q\"},{\"name\":\"" N31 "\"},{\"name\":\"a\"},{\"name\":\"b\"},"
		"{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"},{\"name\":\"f\"},"
		"{\"name\":\"g\"},{\"name\":\"h\"},{\"name\":\"drop\"},{\"name\":\"steal\"},"
		"{\"name\":\"snaplen\"}]}\t\n");
	fclose(f);
	return text;
}

static void test_rules(void **state)
{
	size_t i;

	for (i = 0; i < COUNT(rules); i++) {
		struct config text = { .tables = calloc(1, sizeof(*text.tables)), .table_n = 1 };
		struct config json = { 0 };
		struct config_rule *a, *b;
		struct tq_rule r;
		struct line line;
		char *document;

		line_init(&line, rules[i]);
		if (parse_rule(&line.p, &r))
			fail_msg("%s: %s", rules[i], line.p.err);
		document = document_of(&r);
		assert_int_equal(config_add_rule(text.tables, &r, true), 0);
		read_text(&json, document);
		assert_int_equal(json.table_n, 1);
		assert_int_equal(json.tables->n, 1);
		a = text.tables->rules;
		b = json.tables->rules;
		assert_string_equal(a->words, b->words);
		assert_string_equal(a->state ? a->state : "", b->state ? b->state : "");
		assert_int_equal(a->prio, b->prio);
		assert_int_equal(a->timeout_ms, b->timeout_ms);
		assert_int_equal(a->handle, b->handle);
		assert_int_equal(b->line, 2);
		assert_int_equal(b->column, 14);
		free(document);
		config_free(&text);
		config_free(&json);
	}
}

/* The same configuration in two languages, in some more spellings. */
static void test_same(void **state)
{
	static const char *const texts[] = {
		"queue add q mode log ring 64K snaplen 96 watermark 4K flush 1s500ms\n"
		"table add t\ntable add u\n"
		"rule add t prio 7 proto udp dport 53 mark 5 dscp 46 queue q drop timeout 2s\n"
		"rule add t src ::1\n"
		"hook add u family netdev hook ingress priority -5 dev eth0\n"
		"hook add t family inet hook forward priority raw+1\n",

		/* what show prints, too, and a number where two are one */
		"{\"queues\":[{\"id\":3,\"name\":\"q\",\"mode\":\"log\",\"ring_bytes\":65536,"
		"\"snaplen\":96,\"watermark_bytes\":4096,\"flush_us\":1500000,\"rings\":2,"
		"\"memory_bytes\":131072,\"readers\":0,\"mapped\":false,\"stats\":{\"lost\":{}},"
		"\"cpus\":[{\"cpu\":0}],\"holders\":[]}],"
		"\"tables\":[{\"name\":\"t\",\"id\":1,\"rules\":2,\"rules_max\":0,"
		"\"generation\":4,\"memory_bytes\":1,\"tuples\":1,\"holders\":[]},"
		"{\"name\":\"u\"}],"
		"\"rules\":[{\"table\":\"t\",\"prio\":7,\"proto\":17,\"dport\":53,\"mark\":5,"
		"\"dscp\":\"ef\",\"queues\":[{\"name\":\"q\"}],\"verdict\":\"drop\","
		"\"timeout_ms\":2000},{\"table\":\"t\",\"src\":\"\\u003a:1\"}],"
		"\"hooks\":[{\"id\":1,\"table\":\"u\",\"family\":\"netdev\",\"hook\":\"ingress\","
		"\"priority\":-5,\"dev\":\"eth0\",\"active\":false},{\"table\":\"t\","
		"\"family\":\"inet\",\"hook\":\"forward\",\"priority\":\"raw+1\"}]}",
	};
	struct config c[2] = { { 0 } };
	size_t i;

	for (i = 0; i < 2; i++)
		read_text(&c[i], texts[i]);
	assert_int_equal(c[1].queue_n, 1);
	assert_memory_equal(c[0].queues, c[1].queues, sizeof(*c[0].queues));
	assert_int_equal(c[1].table_n, 2);
	assert_int_equal(c[1].hook_n, 2);
	assert_memory_equal(c[0].hooks, c[1].hooks, 2 * sizeof(*c[0].hooks));
	assert_int_equal(c[1].tables[0].n, 2);
	assert_int_equal(c[1].tables[1].n, 0);
	for (i = 0; i < 2; i++) {
		assert_string_equal(c[0].tables->rules[i].words, c[1].tables->rules[i].words);
		assert_int_equal(c[0].tables->rules[i].timeout_ms,
				 c[1].tables->rules[i].timeout_ms);
	}
	config_free(&c[0]);
	config_free(&c[1]);
	/* nothing is a configuration, too */
	read_text(&c[0], " \n{}\n");
	read_text(&c[0], "{\"hooks\":[],\"queues\":[ ]}");
	assert_int_equal(c[0].queue_n + c[0].table_n + c[0].hook_n, 0);
	config_free(&c[0]);
}

/* ---- refusals ---- */

static const struct {
	const char	*text;
	const char	*said;		/* behind the file's name */
} refusals[] = {
	/* the document */
	{ "[{}]", ":1:1: apply: \"[\", where an object, {...}, is expected" },
	{ "{", ":1:2: apply: the end, where a name in double quotes is expected" },
	{ "{,}", ":1:2: apply: \",\", where a name in double quotes is expected" },
	{ "{'queues':[]}", ":1:2: apply: \"'\", where a name in double quotes is expected" },
	{ "{\"que", ":1:6: apply: the end, where the end of the name is expected" },
	{ "{\"que\nues\":[]}", ":1:6: apply: byte 0x0a, where the end of the name is expected" },
	{ "{\n \"chains\": []}", ":2:2: apply: \"chains\" is not a part of a configuration" },
	{ "{\"rules\":[],\"rules\":[]}", ":1:13: apply: \"rules\" is there twice" },
	{ "{\"rules\" []}", ":1:10: apply: \"[\", where a colon is expected" },
	{ "{\"rules\": {}}", ":1:11: apply: \"{\", where a list, [...], is expected" },
	{ "{\"rules\": [3]}", ":1:12: apply: \"3\", where an object, {...}, is expected" },
	{ "{\"tables\":[{\"name\":\"t\"},]}", ":1:25: apply: \"]\", where an object, {...}," },
	{ "{\"tables\":[{\"name\":\"t\"}{}]}", ":1:24: apply: \"{\", where a comma or ] is expected" },
	{ "{\"tables\":[]\n;}", ":2:1: apply: \";\", where a comma or } is expected" },
	{ "{\"tables\":[],}", ":1:14: apply: \"}\", where a name in double quotes is expected" },
	{ "{}\n{}", ":2:1: apply: \"{\", where the end is expected" },
	{ "{\"tables\":[{\"name\":", ":1:20: apply: the end, where the rest of the object is expected" },

	/* an object */
	{ "{\"tables\":[\n {\"name\":\n  tea}]}", ":3:4: apply: no JSON: boolean expected" },
	{ "{\"tables\":[{\"name\" \"t\"}]}", ":1:20: apply: no JSON: object property name separator" },
	{ "{\"tables\":[{\"name\":\"t\",}]}", ":1:24: apply: no JSON: " },
	{ "{\"tables\":[{\"name\":'t'}]}", ":1:20: apply: a single quote: a text is in double quotes" },
	{ "{\"tables\":[{/*x*/\"name\":\"t\"}]}", ":1:13: apply: no JSON: " },
	{ "{\"tables\":[{\"name\":\"t\n\"}]}", ":1:22: apply: a control character in a text" },
	{ "{\"tables\":[{\"name\":\001\"t\"}]}", ":1:20: apply: a control character" },
	{ "{\"tables\":[{\"name\":\"t\",\n\"name\":\"u\"}]}",
	  ":1:12: apply: a name is there twice in this object" },
	{ RULE("\"mark\":{\"value\":1,\"mask\":1,\"mask\":3}"),
	  ":1:35: apply: a name is there twice in this object" },
	{ RULE("\"handle\":18446744073709551616"), ":1:57: apply: a number of more than 64 bits" },
	{ RULE("\"handle\":99999999999999999999999"), ": apply: a number of more than 64 bits" },
	{ "{\"tables\":[{\"name\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}]}",
	  ": apply: no JSON: nesting too deep" },

	/* names and types */
	{ "{\"tables\":[{}]}", ":1:12: apply: tables[0]: name is missing" },
	{ "{\"queues\":[{\"name\":\"a\"},{\"nam\":\"q\"}]}", ":1:25: apply: queues[1]: name is missing" },
	{ "{\"rules\":[{\"prio\":1}]}", ": apply: rules[0]: table is missing" },
	{ "{\"queues\":[{\"name\":\"q\",\"size\":\"1M\"}]}", ": apply: queues[0]: \"size\" is not known here" },
	{ RULE("\"Prio\":1"), ": apply: rules[0]: \"Prio\" is not known here" },
	{ "{\"tables\":[{\"name\":5}]}", ": apply: tables[0].name: a text is expected, not a whole number" },
	{ "{\"tables\":[{\"name\":null}]}", ": apply: tables[0].name: a text is expected, not null" },
	{ "{\"tables\":[{\"name\":\"a\\u0000\"}]}", ": apply: tables[0].name: a NUL character in a text" },
	{ "{\"tables\":[{\"name\":\"t\",\"rules\":[]}]}",
	  ": apply: tables[0].rules: a whole number is expected, not a list" },
	{ "{\"queues\":[{\"name\":\"q\",\"mapped\":1}]}",
	  ": apply: queues[0].mapped: true or false is expected, not a whole number" },
	{ "{\"queues\":[{\"name\":\"q\",\"cpus\":true}]}",
	  ": apply: queues[0].cpus: a list is expected, not true or false" },
	{ "{\"queues\":[{\"name\":\"q\",\"stats\":[]}]}",
	  ": apply: queues[0].stats: an object is expected, not a list" },
	{ RULE("\"prio\":\"1\""), ": apply: rules[0].prio: a whole number is expected, not a text" },
	{ RULE("\"prio\":1.0"), ": apply: rules[0].prio: a whole number is expected, not a number with" },
	{ RULE("\"prio\":NaN"), ": apply: rules[0].prio: a whole number is expected, not a number with" },
	{ RULE("\"src\":{}"), ": apply: rules[0].src: a text is expected, not an object" },
	{ RULE("\"proto\":[]"), ": apply: rules[0].proto: a whole number or a name is expected, not a list" },
	{ RULE("\"timeout_ms\":\"1h\""), ": apply: rules[0].timeout_ms: a whole number is expected, not a" },
	{ RULE("\"dport\":\"22\""),
	  ": apply: rules[0].dport: a whole number or {\"min\": N, \"max\": N} is expected" },
	{ RULE("\"dport\":{\"min\":1}"), ": apply: rules[0].dport: a whole number or {\"min\": N, " },
	{ RULE("\"dport\":{\"min\":1,\"max\":2,\"step\":1}"), ": apply: rules[0].dport: a whole number or" },
	{ RULE("\"dport\":{\"min\":1,\"max\":\"2\"}"),
	  ": apply: rules[0].dport.max: a whole number is expected, not a text" },
	{ RULE("\"mark\":true"), ": apply: rules[0].mark: a whole number or {\"value\": N, \"mask\": N}" },
	{ RULE("\"frag\":\"none\""), ": apply: rules[0].frag: a list of names is expected, not a text" },
	{ RULE("\"ct\":[1]"), ": apply: rules[0].ct: a text is expected, not a whole number" },
	{ RULE("\"ct\":[\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\","
	  "\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\","
	  "\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\","
	  "\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\",\"new\"]"),
	  ": apply: rules[0].ct: too many names" },
	{ RULE("\"queues\":\"q\""), ": apply: rules[0].queues: a list is expected, not a text" },
	{ RULE("\"queues\":[\"q\"]"), ": apply: rules[0].queues[0]: an object is expected, not a text" },
	{ RULE("\"queues\":[{\"name\":\"q\"},{}]"), ": apply: rules[0].queues[1]: name is missing" },
	{ RULE("\"queues\":[{\"name\":\"q\",\"mode\":1}]"),
	  ": apply: rules[0].queues[0]: only name and snaplen can be here" },
	{ RULE("\"queues\":[{\"name\":\"q\",\"snaplen\":true}]"),
	  ": apply: rules[0].queues[0].snaplen: a whole number is expected, not true or false" },

	/* what goes together */
	{ RULE("\"icmp_code\":1"), ": apply: rules[0].icmp_code: there is no icmp_type to go with it" },
	{ RULE("\"burst\":1"), ": apply: rules[0].burst: there is no limit to go with it" },
	{ RULE("\"verdict\":\"dport\""), ": apply: rules[0].verdict: \"dport\" is no verdict of a rule" },
	{ RULE("\"verdict\":\"match\""), ": apply: rules[0].verdict: \"match\" is no verdict of a rule" },
	{ RULE("\"verdict\":2"), ": apply: rules[0].verdict: a text is expected, not a whole number" },
	{ RULE("\"verdict\":\"nfqueue\""), ": apply: rules[0]: nfqueue is missing: which number?" },
	{ RULE("\"verdict\":\"steal\""), ": apply: rules[0]: steal is missing: which queue?" },
	{ RULE("\"nfqueue\":3"), ": apply: rules[0].nfqueue: the verdict is not nfqueue" },
	{ RULE("\"verdict\":\"drop\",\"bypass\":true"), ": apply: rules[0].bypass: the verdict is not nfqueue" },
	{ RULE("\"verdict\":\"drop\",\"steal_else\":\"drop\""),
	  ": apply: rules[0].steal_else: the verdict is not steal" },
	{ RULE("\"verdict\":\"nfqueue\",\"nfqueue\":1,\"bypass\":1"),
	  ": apply: rules[0].bypass: true or false is expected, not a whole number" },

	/* what the words are refused for, by the parser of words */
	{ "{\"queues\":[{\"name\":\"a/b\"}]}", ":1:12: apply: queues[0].name \"a/b\": not a name: only letters" },
	{ "{\"tables\":[{\"name\":\"" N31 "2\"}]}", ": apply: tables[0].name \"" N31 "2\": not a name: 1 to 31" },
	{ "{\"tables\":[{\"name\":\"\"}]}", ": apply: tables[0].name \"\": not a name" },
	{ "{\"queues\":[{\"name\":\"q\"},{\"name\":\"q\"}]}",
	  ":1:25: apply: queues[1].name \"q\": the queue is there already" },
	{ "{\"tables\":[{\"name\":\"t\"},{\"name\":\"t\"}]}",
	  ":1:25: apply: tables[1].name \"t\": the table is there already" },
	{ "{\"queues\":[{\"name\":\"q\",\"ring_bytes\":-1}]}",
	  ": apply: queues[0].ring_bytes \"-1\": not a size" },
	{ "{\"queues\":[{\"name\":\"q\",\"flush_us\":5000000000}]}",
	  ": apply: queues[0].flush_us \"5000000000us\": more than an hour" },
	{ RULE("\"prio\":4294967296"), ": apply: rules[0].prio \"4294967296\": not in the range 0 to " },
	{ RULE("\"prio\":-5"), ": apply: rules[0].prio \"-5\": not a number" },
	{ RULE("\"src\":\"10.0.0.1/8\""), ": apply: rules[0].src \"10.0.0.1/8\": the address has bits beyond" },
	{ RULE("\"family\":\"ip6\",\"src\":\"10.0.0.1\""), ": apply: rules[0].src \"10.0.0.1\": the rule is for" },
	{ RULE("\"dport\":{\"min\":5,\"max\":3}"), ": apply: rules[0].dport \"5-3\": a range that ends before" },
	{ RULE("\"dport\":-3"), ": apply: rules[0].dport \"-3\": neither a number nor a range" },
	{ RULE("\"mark\":{\"value\":2,\"mask\":1}"), ": apply: rules[0].mark \"2/1\": the value has bits that are" },
	{ RULE("\"frag\":[]"), ": apply: rules[0].frag \"\": not a kind of packet" },
	{ RULE("\"icmp_type\":3,\"icmp_code\":256"), ": apply: rules[0].icmp_type \"3/256\": type and code" },
	{ RULE("\"ttl_set\":5,\"ttl_add\":1"), ": apply: rules[0].ttl_add \"ttl\": given twice" },
	{ RULE("\"ttl_add\":0"), ": apply: rules[0].ttl_add \"0\": not in the range 1 to 255" },
	{ RULE("\"queues\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"},"
	  "{\"name\":\"e\"},{\"name\":\"f\"},{\"name\":\"g\"},{\"name\":\"h\"},{\"name\":\"i\"}]"),
	  ": apply: rules[0].queues[8].name \"queue\": more than 8 queues in one rule" },
	{ RULE("\"verdict\":\"steal\",\"steal\":\"q\",\"steal_else\":\"accept\""),
	  ": apply: rules[0].steal_else \"accept\": neither drop nor pass" },
	{ RULE("\"timeout_ms\":-1"), ": apply: rules[0].timeout_ms \"-1ms\": not a time" },
	{ HOOK("\"hook\":\"input\""), ": apply: hooks[0]: family is missing: ip, ip6, inet or netdev" },
	{ HOOK("\"family\":\"ip\""), ": apply: hooks[0]: hook is missing: " },
	{ HOOK("\"family\":\"ip\",\"hook\":\"input\",\"priority\":\"x\""),
	  ": apply: hooks[0].priority \"x\": neither a number nor raw" },
	{ HOOK("\"family\":\"ip\",\"hook\":\"input\",\"priority\":2147483648"),
	  ": apply: hooks[0].priority \"2147483648\": more than 31 bits" },

	/* what is named and not there */
	{ "{\"rules\":[{\"table\":\"t\"},\n{\"table\":\"t\"}]}",
	  ":1:11: apply: rules[0].table \"t\": nothing adds this table" },
	{ "{\"hooks\":[{\"table\":\"t\",\"family\":\"ip\",\"hook\":\"input\"}]}",
	  ":1:11: apply: hooks[0].table \"t\": nothing adds this table" },
	{ RULE("\"queues\":[{\"name\":\"q\"}]"), ": nothing adds queue q" },
	{ RULE("\"verdict\":\"steal\",\"steal\":\"q\""), ": apply: rules[0].steal \"q\": nothing adds queue q" },
};

static unsigned int wrong;

static void check_refusal(FILE *all, const char *text, size_t len, const char *said)
{
	char name[32], *err = NULL;
	int code = apply_text(text, len, &err, name);

	if (code != TQCTL_USAGE || strncmp(err, name, strlen(name)) || !strstr(err, said)) {
		print_error("%s: exit %d, said:\n  %s  wanted: %s\n", len < 1000 ? text : "long",
			    code, err, said);
		wrong++;
	}
	if (all)
		fprintf(all, "%s", err);
	free(err);
}

static void test_refusals(void **state)
{
	const char *path = getenv("REFUSALS");
	FILE *all = path ? fopen(path, "a") : NULL;
	char *text;
	size_t i;

	assert_true(!path || all);
	for (i = 0; i < COUNT(refusals); i++)
		check_refusal(all, refusals[i].text, strlen(refusals[i].text), refusals[i].said);
	check_refusal(all, "{\"rules\":[]}\0", 13, ":1:13: apply: byte 0x00, where the end is expected");

	/* too large: an object, and what is in it */
	text = malloc(2 * JSON_SPLIT_MAX);
	assert_non_null(text);
	memset(text, ' ', 2 * JSON_SPLIT_MAX);
	memcpy(text, "{\"tables\":[{", 12);
	check_refusal(all, text, 2 * JSON_SPLIT_MAX, ":1:12: apply: more than 1048576 bytes in one object");
	free(text);
	text = NULL;
	{
		size_t size;
		FILE *f = open_memstream(&text, &size);

		fputs("{\"rules\":[{\"table\":\"t\",\"queues\":[", f);
		for (i = 0; i < 500; i++)
			fprintf(f, "%s{\"name\":\"q\"}", i ? "," : "");
		fputs("]}]}", f);
		fclose(f);
		check_refusal(all, text, size, ": apply: rules[0]: too much for one object");
		free(text);
	}
	if (all)
		fclose(all);
	assert_int_equal(wrong, 0);
}

/* Cut anywhere, it is refused; but for the blanks at its end. */
static void test_cut(void **state)
{
	static const char text[] = "{\"queues\":[{\"name\":\"q\",\"snaplen\":5}],\"tables\":[{\"name\":\"t\"}],"
		"\"rules\":[{\"table\":\"t\",\"ct\":[\"new\"],\"dport\":{\"min\":1,\"max\":2}}]}\n";
	size_t len;

	for (len = 1; len < sizeof(text) - 2; len++) {
		char name[32], *err = NULL;
		int code = apply_text(text, len, &err, name);

		if (code != TQCTL_USAGE || !strstr(err, ": apply: the end, where "))
			fail_msg("cut behind %zu: exit %d, %s", len, code, err);
		free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
