// SPDX-License-Identifier: GPL-2.0-only
/* Every refusal of every command names the word at fault and its place, before
 * anything reaches the kernel.  With REFUSALS set, the messages are written to
 * that file, for refusals.py to see that no refusal of the sources is missing.
 */
#include <unistd.h>

#include "unit.h"

#define LONG32	"n2345678901234567890123456789012"

static const struct refusal {
	const char	*line;
	unsigned int	word;		/* from 1; 0: something is missing, no word is bad */
	const char	*text;		/* what is said of it, or its beginning */
} refusals[] = {
	/* commands */
	{ "", 0, "a command is missing" },
	{ "queue", 0, "a command is missing" },
	{ "quux", 1, "not one of queue, table, rule, hook" },
	{ "queue quux", 2, "not one of add, set, del" },
	{ "queue s", 2, "may be any of set, show, stats" },
	{ "table quux", 2, "not one of " },
	{ "rule quux", 2, "not one of " },
	{ "hook quux", 2, "not one of " },
	{ "version now", 2, "nothing more is expected here" },

	/* queues */
	{ "queue add", 2, "the name of a queue must follow" },
	{ "queue add " LONG32, 3, "not a name: 1 to 31 characters" },
	{ "queue add \"\"", 3, "not a name: 1 to 31 characters" },
	{ "queue add a/b", 3, "not a name: only letters" },
	{ "queue add \"a b\"", 3, "not a name: only letters" },
	{ "queue add .", 3, "not a name: \".\", \"..\" and a leading" },
	{ "queue add ..", 3, "not a name: \".\", \"..\" and a leading" },
	{ "queue add -q", 3, "not a name: \".\", \"..\" and a leading" },
	{ "queue add q quux", 4, "not a setting of a queue" },
	{ "queue add q mode", 4, "a mode must follow" },
	{ "queue add q mode fast", 5, "not a mode: one of stream, log" },
	{ "queue add q mode log mode log", 6, "given twice" },
	{ "queue add q size", 4, "a size, as 4096, 64K or 32M, must follow" },
	{ "queue add q size big", 5, "not a size" },
	{ "queue add q size 0", 5, "no size at all" },
	{ "queue add q size 1", 5, "less than two pages for each of " },
	{ "queue add q size 1M ring 1M", 6, "the size is given already" },
	{ "queue add q ring 5G", 5, "more than 4294967295 bytes" },
	{ "queue add q snaplen x", 5, "not a size" },
	{ "queue add q watermark -1", 5, "not a size" },
	{ "queue add q flush", 4, "a time, as 100ms, 90 or 1h30m, must follow" },
	{ "queue add q flush soon", 5, "not a time" },
	{ "queue add q flush 2h", 5, "more than an hour" },
	{ "queue set", 2, "the name of a queue must follow" },
	{ "queue set q quux", 4, "not a setting of a queue" },
	{ "queue del", 2, "the name of a queue must follow" },
	{ "queue del q now", 4, "nothing more is expected here" },
	{ "queue show a/b", 3, "not a name" },
	{ "queue show q now", 4, "nothing more is expected here" },
	{ "queue stats q now", 4, "nothing more is expected here" },
	{ "queue flush", 2, "the name of a queue must follow" },
	{ "queue flush q now", 4, "nothing more is expected here" },

	{ "queue read", 2, "the name of a queue must follow" },
	{ "queue read q now", 4, "neither -c N nor --last N nor --follow" },
	{ "queue read q --last", 4, "a number must follow" },
	{ "queue read q --last 0", 5, "not in the range 1 to 1000000" },
	{ "queue read q --last 1000001", 5, "not in the range 1 to 1000000" },
	{ "queue read q -c 3 --last 3", 7, "-c N and --last N do not go together" },
	{ "queue read q -c", 4, "a number must follow" },
	{ "queue read q -c 0", 5, "less than 1" },
	{ "queue write", 2, "the name of a queue must follow" },
	{ "queue write q", 3, "a text, or - for lines of standard input, must follow" },
	{ "queue write q \"\"", 4, "an empty message" },
	{ "queue write q a b", 5, "nothing more is expected here" },

	/* capture and monitor */
	{ "capture", 1, "the name of a queue must follow" },
	{ "capture a/b -w -", 2, "not a name" },
	{ "capture q", 2, "-w FILE is missing" },
	{ "capture q -w", 3, "a file must follow" },
	{ "capture q -w f quux", 5, "not an option of capture" },
	{ "capture q -w f -c 0", 6, "less than 1" },
	{ "capture q -w f --for ever", 6, "not a time" },
	{ "capture q -w f --snaplen 262145", 6, "not in the range 1 to 262144" },
	{ "capture q -w f --link wlan", 6, "not a kind of link: one of auto, ethernet, raw" },
	{ "apply", 1, "a file, or - for standard input must follow" },
	{ "apply --dry-run", 2, "a file, or - for standard input must follow" },
	{ "apply --now f", 2, "neither a file nor --dry-run, --quiet or --confirm" },
	{ "apply --confirm", 2, "a time, as 100ms, 90 or 1h30m, must follow" },
	{ "apply --confirm soon f", 3, "not a time" },
	{ "apply --confirm 0 f", 3, "not a time from 1ms to 49d" },
	{ "apply --confirm 60d f", 3, "not a time from 1ms to 49d" },
	{ "restore --now f", 2, "neither a file nor --dry-run, --quiet or --confirm" },
	{ "restore --confirm", 2, "a time, as 100ms, 90 or 1h30m, must follow" },
	{ "txn quux", 2, "not one of confirm, abort, show, list" },
	{ "txn confirm 0", 3, "not in the range 1 to 4294967295" },
	{ "txn abort now", 3, "not a number" },
	{ "txn show 1", 3, "nothing more is expected here" },
	{ "module quux", 2, "not one of unload, reload" },
	{ "module unload now", 3, "nothing more is expected here" },
	{ "module reload now", 3, "nothing more is expected here" },
	{ "metrics now", 2, "neither -w FILE nor --rules" },
	{ "metrics -w", 2, "a file, or - for standard output, must follow" },
	{ "save now", 2, "nothing more is expected here" },
	{ "capture q -w - --rotate-size 1M", 6, "standard output can't be rotated" },
	{ "capture q -w f --rotate-size 0", 6, "no size at all" },
	{ "capture q -w f --rotate-size x", 6, "not a size" },
	{ "capture q -w f --rotate-time 0", 6, "no time, or too long" },
	{ "capture q -w f --rotate-time never", 6, "not a time" },
	{ "capture q -w f --files 3", 6, "--files needs --rotate-size or --rotate-time" },
	{ "capture q -w f --files 0", 6, "not in the range 1 to 1000000" },
	{ "capture q -w f --no-payload", 5, "--no-payload needs --json" },
	{ "top a/b", 2, "not a name" },
	{ "top q now", 3, "neither -c N nor -d TIME" },
	{ "top -c 0", 3, "less than 1" },
	{ "top -d 1us", 3, "less than 1ms, or more than an hour" },
	{ "top -d 2h", 3, "less than 1ms, or more than an hour" },
	{ "monitor now", 2, "nothing more is expected here" },

	/* tables */
	{ "table add", 2, "the name of a table must follow" },
	{ "table add a/b", 3, "not a name" },
	{ "table add t now", 4, "not a setting of a table" },
	{ "table add t max", 4, "a number must follow" },
	{ "table add t max x", 5, "not a number" },
	{ "table add t max -1", 5, "not a number" },
	{ "table add t max 4294967296", 5, "" },
	{ "table add t max 1 max 2", 6, "given twice" },
	{ "table add t max 1 now", 6, "not a setting of a table" },
	{ "table set", 2, "the name of a table must follow" },
	{ "table set t", 3, "max and a number of rules must follow" },
	{ "table set t now", 4, "not a setting of a table" },
	{ "table del", 2, "the name of a table must follow" },
	{ "table del t now", 4, "nothing more is expected here" },
	{ "table show t now", 4, "nothing more is expected here" },
	{ "table flush", 2, "the name of a table must follow" },
	{ "table flush t now", 4, "nothing more is expected here" },

	/* rules */
	{ "rule add", 2, "the name of a table must follow" },
	{ "rule add a/b", 3, "not a name" },
	{ "rule add t quux", 4, "not a key of a rule" },
	{ "rule add t prio", 4, "a number must follow" },
	{ "rule add t prio high", 5, "not a number" },
	{ "rule add t prio -1", 5, "not a number" },
	{ "rule add t prio 4294967296", 5, "not in the range 0 to 4294967295" },
	{ "rule add t prio 1 prio 2", 6, "given twice" },
	{ "rule add t handle 0", 5, "less than 1" },
	{ "rule add t handle x", 5, "not a number" },
	{ "rule add t family ipx", 5, "not a family of a rule: one of " },
	{ "rule add t family ip src ::1", 7, "the rule is for family ip already" },
	{ "rule add t src 10.0.0.1 dst ::1", 7, "the rule is for family ip already" },
	{ "rule add t src", 4, "an address or prefix must follow" },
	{ "rule add t src 10.0.0", 5, "neither an address nor a prefix" },
	{ "rule add t src 10.0.0.256", 5, "neither an address nor a prefix" },
	{ "rule add t src example.org", 5, "neither an address nor a prefix" },
	{ "rule add t src ::g", 5, "neither an address nor a prefix" },
	{ "rule add t src 10.0.0.0/33", 5, "the length of the prefix is not 0 to 32" },
	{ "rule add t src 10.0.0.0/", 5, "the length of the prefix is not 0 to 32" },
	{ "rule add t dst ::/129", 5, "the length of the prefix is not 0 to 128" },
	{ "rule add t src 10.0.0.1/24", 5, "the address has bits beyond its prefix length" },
	{ "rule add t src 10.0.0.128/24", 5, "the address has bits beyond its prefix length" },
	{ "rule add t src 128.0.0.0/0", 5, "the address has bits beyond its prefix length" },
	{ "rule add t dst 2001:db8::1/64", 5, "the address has bits beyond its prefix length" },
	{ "rule add t proto quux", 5, "neither a protocol known by name nor 0 to 255" },
	{ "rule add t proto 256", 5, "neither a protocol known by name nor 0 to 255" },
	{ "rule add t dport", 4, "a number or a range must follow" },
	{ "rule add t dport http", 5, "neither a number nor a range" },
	{ "rule add t dport 1-", 5, "neither a number nor a range" },
	{ "rule add t sport 65536", 5, "not in the range 0 to 65535" },
	{ "rule add t sport 2-1", 5, "a range that ends before it begins" },
	{ "rule add t icmp-type", 4, "a type or type/code must follow" },
	{ "rule add t icmp-type echo", 5, "neither a type nor type/code" },
	{ "rule add t icmp-type 3/256", 5, "type and code are 0 to 255" },
	{ "rule add t tcp-flags", 4, "flags/mask must follow" },
	{ "rule add t tcp-flags syn", 5, "no mask: flags/mask" },
	{ "rule add t tcp-flags syn/quux", 5, "not flags/mask of fin" },
	{ "rule add t tcp-flags none/none", 5, "the mask is empty" },
	{ "rule add t tcp-flags syn/ack", 5, "there are flags that are not in the mask" },
	{ "rule add t iif", 4, "the name of an interface must follow" },
	{ "rule add t iif abcdefghijklmnop", 5, "not an interface: 1 to 15 characters" },
	{ "rule add t oif \"eth0 pass\"", 5, "not an interface: no blanks, quotes" },
	{ "rule add t iif a/b", 5, "not an interface: no blanks, quotes" },
	{ "rule add t iif a:1", 5, "not an interface: no blanks, quotes" },
	{ "rule add t iif \"a'b\"", 5, "not an interface: no blanks, quotes" },
	{ "rule add t iif '#a'", 5, "not an interface: no blanks, quotes" },
	{ "rule add t oif \"\"", 5, "not an interface: 1 to 15 characters" },
	{ "rule add t mark", 4, "a value or value/mask must follow" },
	{ "rule add t mark x", 5, "neither a value nor value/mask" },
	{ "rule add t mark 0x100000000", 5, "more than 32 bits" },
	{ "rule add t mark 2/1", 5, "the value has bits that are not in the mask" },
	{ "rule add t dscp 64", 5, "neither a DSCP, as ef or af11, nor 0 to 63" },
	{ "rule add t dscp quux", 5, "neither a DSCP, as ef or af11, nor 0 to 63" },
	{ "rule add t len 9-3", 5, "a range that ends before it begins" },
	{ "rule add t frag", 4, "a kind of packet must follow" },
	{ "rule add t frag middle", 5, "not a kind of packet: one or more of none, first, later" },
	{ "rule add t frag first,middle", 5, "not a kind of packet: one or more of" },
	{ "rule add t ct old", 5, "not a state: one or more of new, " },
	{ "rule add t queue", 4, "the name of a queue must follow" },
	{ "rule add t queue a/b", 5, "not a name" },
	{ "rule add t queue q snaplen 0", 7, "not in the range 1 to 4294967295" },
	{ "rule add t queue a queue b queue c queue d queue e queue f queue g queue h queue i", 20,
	  "more than 8 queues in one rule" },
	{ "rule add t sample", 4, "a number must follow" },
	{ "rule add t sample 0", 5, "neither N nor 1:N" },
	{ "rule add t sample 2:3", 5, "neither N nor 1:N" },
	{ "rule add t limit", 4, "packets per second must follow" },
	{ "rule add t limit 5/m", 5, "neither N nor N/s" },
	{ "rule add t limit 5/s burst 0", 7, "not in the range 1 to 4294967295" },
	{ "rule add t set-mark 1/x", 5, "neither a value nor value/mask" },
	{ "rule add t ttl", 4, "set N, inc N or dec N must follow" },
	{ "rule add t ttl 5", 5, "not set N, inc N or dec N" },
	{ "rule add t ttl set 0", 6, "not in the range 1 to 255" },
	{ "rule add t ttl inc 256", 6, "not in the range 1 to 255" },
	{ "rule add t ttl dec x", 6, "not a number" },
	{ "rule add t ttl set 1 ttl set 2", 7, "given twice" },
	{ "rule add t set-dscp 99", 5, "neither a DSCP, as ef or af11, nor 0 to 63" },
	{ "rule add t drop accept", 5, "the rule has a verdict already" },
	{ "rule add t nfqueue", 4, "a number must follow" },
	{ "rule add t nfqueue 65536", 5, "not in the range 0 to 65535" },
	{ "rule add t steal", 4, "the name of a queue must follow" },
	{ "rule add t steal q else", 6, "drop or pass must follow" },
	{ "rule add t steal q else accept", 7, "neither drop nor pass" },
	{ "rule add t timeout never", 5, "not a time" },
	{ "rule add t timeout 5us", 5, "not whole milliseconds" },
	{ "rule add t expires x", 5, "not a time" },
	{ "rule add t packets x", 5, "not a number" },
	{ "rule test t", 3, "family ip or ip6, or an address, is missing" },
	{ "rule test t proto tcp all", 5, "family ip or ip6, or an address, is missing" },
	{ "rule test t family ip drop", 6, "not a property of a packet" },
	{ "rule test t family ip family ip", 6, "given twice" },
	{ "rule test t src 10.0.0.0/8", 5, "one value, not several" },
	{ "rule test t family ip proto tcp dport 1-2", 9, "one value, not several" },
	{ "rule test t family ip iif eth+", 7, "one value, not several" },
	{ "rule test t family ip mark 1/3", 7, "one value, not several" },
	{ "rule test t family ip frag none,first", 7, "one value, not several" },
	{ "rule test t family ip proto tcp tcp-flags", 8, "TCP flags, as syn,ack must follow" },
	{ "rule test t family ip proto tcp tcp-flags syn/ack", 9, "not among fin, syn" },
	{ "rule test t family ip all quux", 7, "nothing more" },
	{ "rule test t capture", 4, "a capture file, or - for standard input must follow" },
	{ "rule test t capture f dport 80", 6, "a capture goes with filter, count, summary" },
	{ "rule test t capture f filter", 6, "a filter, as one word must follow" },
	{ "rule test t capture f filter tcp filter udp", 8, "given twice" },
	{ "rule test t capture f count 0", 7, "less than 1" },
	{ "rule test t capture f count 1 count 1", 8, "given twice" },
	{ "rule test t capture f iif eth+", 7, "one value for all packets, not several" },
	{ "rule test t capture f oif a oif b", 8, "given twice" },
	{ "rule test t capture f mark 1/3", 7, "one value for all packets, not several" },
	{ "rule test t capture f mark x", 7, "neither a value nor value/mask" },
	{ "rule test t capture f ct new,related", 7, "one value for all packets, not several" },
	{ "rule test t capture f ct old", 7, "not" },
	{ "rule del", 2, "the name of a table must follow" },
	{ "rule del t", 3, "handle N must follow" },
	{ "rule del t 7", 4, "not handle N" },
	{ "rule del t handle", 4, "a number must follow" },
	{ "rule del t handle 0", 5, "less than 1" },
	{ "rule del t handle 1 x", 6, "not a number" },
	{ "rule replace t", 0, "handle N" },
	{ "rule replace t prio 5", 0, "handle N" },
	{ "rule list", 2, "the name of a table must follow" },
	{ "rule list t now", 4, "nothing by which rules are chosen" },
	{ "rule list t prio 1 prio 2", 6, "given twice" },
	{ "rule list t verdict match", 5, "no rule has this verdict" },
	{ "rule list t verdict maybe", 5, "not a verdict" },
	{ "rule list t src 10.0.0.0/8", 5, "one address, not a prefix" },
	{ "rule list t dst", 4, "a" },
	{ "rule list t queue a/b", 5, "not a name" },
	{ "rule list t prio 2-1", 5, "" },
	{ "rule list t family inet", 5, "not a family of a rule" },
	{ "rule show t", 3, "handle N must follow" },
	{ "rule show t handle 1 2", 6, "more than 1 handles" },

	/* hooks */
	{ "hook add", 2, "the name of a table must follow" },
	{ "hook add t quux", 4, "not a setting of a hook" },
	{ "hook add t", 0, "family is missing: ip, ip6, inet or netdev" },
	{ "hook add t family inet", 0, "hook is missing: prerouting" },
	{ "hook add t family arp", 5, "not a family of a hook: one of " },
	{ "hook add t family ip hook middle", 7, "not a hook: one of prerouting" },
	{ "hook add t family ip family ip", 6, "given twice" },
	{ "hook add t priority", 4, "a priority must follow" },
	{ "hook add t priority early", 5, "neither a number nor raw" },
	{ "hook add t priority raw*2", 5, "neither a number nor raw" },
	{ "hook add t priority raw+", 5, "not a priority" },
	{ "hook add t priority 4294967296", 5, "more than 31 bits" },
	{ "hook add t priority raw-2147483647", 5, "more than 31 bits" },
	{ "hook set", 2, "a number must follow" },
	{ "hook set x table t", 3, "not a number" },
	{ "hook set 1", 3, "table NAME must follow" },
	{ "hook set 1 family ip", 4, "not a setting of a hook that can change" },
	{ "hook set 1 table", 4, "the name of a table must follow" },
	{ "hook set 1 table t now", 6, "nothing more is expected here" },
	{ "hook del", 2, "a number must follow" },
	{ "hook del 0", 3, "not in the range 1 to " },
	{ "hook del 1 2", 4, "nothing more is expected here" },
	{ "hook show x", 3, "not a number" },
	{ "hook show 1 2", 4, "nothing more is expected here" },
};

/* A file of a configuration: the place of the fault, and what is said of it. */
static const struct {
	const char	*text;
	const char	*said;
} files[] = {
	{ "quux add t", ":1: apply: word 1 \"quux\": not one of queue, table, rule, hook" },
	{ "\n# two\nqueue", ":3: apply: word 1 \"queue\": add must follow" },
	{ "table flush t", ":1: apply: word 2 \"flush\": a configuration has only \"table add\"" },
	{ "queue add q\nqueue add q", ":2: apply: word 3 \"q\": the queue is there already" },
	{ "queue add q ring x", ":1: apply: word 5 \"x\": not a size" },
	{ "queue add q size 1", ":1: apply: word 5 \"1\": less than two pages for each of " },
	{ "table add t\ntable add t", ":2: apply: word 3 \"t\": the table is there already" },
	{ "table add t now", ":1: apply: word 4 \"now\": not a setting of a table" },
	{ "table add t max x", ":1: apply: word 5 \"x\": not a number" },
	{ "rule add t pass", ":1: apply: word 3 \"t\": no line before adds this table" },
	{ "hook add t family ip hook input", ":1: apply: word 3 \"t\": no line before adds this" },
	{ "table add t\nrule add t src x", ":2: apply: word 5 \"x\": " },
	{ "table add t\nrule add t queue q pass", ":2: apply: word 6 \"pass\": no line before adds queue q" },
	{ "table add t\nrule add t steal q", ":2: apply: word 5 \"q\": no line before adds queue q" },
	{ "table add \"t", ":1: apply: a NUL byte, an open quote, or more than " },
};

static void test_files(void **state)
{
	const char *path = getenv("REFUSALS");
	FILE *all = path ? fopen(path, "a") : NULL;
	size_t i;

	assert_true(!path || all);
	for (i = 0; i < COUNT(files); i++) {
		char name[] = "/tmp/tq-config-XXXXXX", line[64], *err = NULL;
		int fd = mkstemp(name), code;

		assert_true(fd >= 0);
		assert_true(write(fd, files[i].text, strlen(files[i].text)) > 0);
		close(fd);
		snprintf(line, sizeof(line), "apply %s", name);
		code = run_line(line, &err);
		unlink(name);
		if (code != TQCTL_USAGE || strncmp(err, name, strlen(name)) ||
		    !strstr(err, files[i].said))
			fail_msg("%s: exit %d, said %s, wanted %s", files[i].text, code, err,
				 files[i].said);
		if (all)
			fprintf(all, "%s", err);
		free(err);
	}
	if (all)
		fclose(all);
}

static void test_refusals(void **state)
{
	const char *path = getenv("REFUSALS");
	FILE *all = path ? fopen(path, "a") : NULL;
	unsigned int bad = 0;
	size_t i;

	assert_true(!path || all);
	for (i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		char where[128] = "", *err = NULL;
		struct line line;
		int code;

		line_init(&line, r->line);
		assert_true(r->word <= line.n);
		if (r->word)
			snprintf(where, sizeof(where), "word %u \"%s\": %s", r->word,
				 line.words[r->word - 1], r->text);
		else
			snprintf(where, sizeof(where), "%s", r->text);
		code = run_line(r->line, &err);
		if (code != TQCTL_USAGE || !strstr(err, where)) {
			print_error("tqctl %s: exit %d, said:\n  %s  wanted: %s\n", r->line, code,
				    *err ? err : "nothing\n", where);
			bad++;
		}
		if (all)
			fprintf(all, "%s", err);
		free(err);
	}
	if (all)
		fclose(all);
	if (bad)
		fail_msg("%u of %zu refusals are wrong", bad, COUNT(refusals));
}

/* What is right gets past the parser, and fails only for want of the network. */
static void test_accepted(void **state)
{
	static const char *const rows[] = {
		"queue add ids size 32M snaplen 256", "queue add log mode log ring 64K flush 100ms",
		"queue set ids snaplen 0", "queue show", "queue list ids", "queue stats", "queue flush ids",
		"queue del ids", "table add suspects", "table add few max 10", "table set suspects max 0",
		"table show suspects", "table flush suspects",
		"rule add suspects prio 10 src 203.0.113.0/24 proto tcp dport 22-23 queue ids drop timeout 1h",
		"rule del suspects handle 1 2 3", "rule list suspects",
		"rule list suspects queue ids prio 1-5 family ip6 verdict steal src ::1 dst ::2 hit", "rule show suspects handle 4",
		"hook add suspects family inet hook prerouting priority raw",
		"hook add suspects family ip hook forward priority -300", "hook list", "hook del 1",
		"hook set 1 table t",
		"save", "apply --dry-run /dev/null", "restore /dev/null /dev/null",
		"restore --dry-run --confirm 5s /dev/null",
		"top", "top ids -c 2 -d 100ms",
		"queue read ids -c 5 --follow", "queue write ids hello",
		"capture ids -w /nonexistent/f -c 10 --for 1h --snaplen 64 --link raw --messages -q",
		"capture ids -w /nonexistent/f-%H --rotate-size 10M --rotate-time 1h --files 24 --shared",
		"capture ids -w /nonexistent/f --json --no-payload",
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char *err = NULL;
		int code = run_line(rows[i], &err);

		if (code == TQCTL_USAGE || code == TQCTL_OK)
			fail_msg("tqctl %s: exit %d, %s", rows[i], code, err);
		assert_non_null(strstr(err, "/nonexistent/netns"));
		free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_files),	/* adds to what the one before has written */
		cmocka_unit_test(test_accepted),
	};

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
