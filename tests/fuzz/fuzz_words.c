// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line of a batch, by the parser of what follows "rule add", "queue add",
 * "hook add", "rule list" and "rule test"; the first byte chooses.  What is
 * taken as a rule must be the same rule after it was printed and read again, and
 * after it went through a netlink message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <netlink/msg.h>

#include "fuzz.h"
#include "msg.h"
#include "parse.h"
#include "print.h"

#define WORDS	64

/* The parser stands behind the words of the command, of which there is at least
 * one.  -1: not a line of words.
 */
static int begin(struct parse *p, const char **words, char *line)
{
	int n = text_split(line, words + 1, WORDS - 1);

	words[0] = "command";
	parse_init(p, words, n < 0 ? 1 : n + 1);
	p->at = 1;
	return n < 0 ? -1 : 0;
}

static void check_error(const struct parse *p)
{
	if (!p->err[0] || strlen(p->err) >= sizeof(p->err))
		fuzz_fail("a refusal without a sentence");
}

static char *print(const struct tq_rule *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	print_rule(f, r, false);
	fclose(f);
	return text;
}

/* Printed, read and printed again. */
static void check_text(const struct tq_rule *r)
{
	char *first = print(r), *copy = strdup(first), *second;
	const char *words[WORDS];
	struct tq_rule again;
	struct parse p;

	memset(&again, 0, sizeof(again));
	if (begin(&p, words, copy) || parse_rule(&p, &again))
		fuzz_fail("what was printed is refused: %s: %s", first, p.err);
	second = print(&again);
	if (strcmp(first, second))
		fuzz_fail("\"%s\" is \"%s\" when it was read again", first, second);
	free(first);
	free(second);
	free(copy);
}

/* Put into a message and taken out again. */
static void check_message(const struct tq_rule *r)
{
	struct nl_msg *msg = nlmsg_alloc_size(MSG_RULES_SIZE);
	const struct nlattr *at = NULL;
	struct tnl_reply reply;
	char *first, *second;
	struct tq_rule again;
	struct nlmsghdr *nlh;

	if (!msg)
		abort();
	nlh = nlmsg_put(msg, 0, 0, 0, 0, 0);
	if (!nlh || msg_rules_put_rule(msg, r))
		fuzz_fail("a rule that does not fit into a message");
	reply = (struct tnl_reply){ TQUEUE_CMD_RULE_GET, nlmsg_data(nlh), nlmsg_datalen(nlh) };
	if (msg_rules_next(&reply, &at, &again) != 1)
		fuzz_fail("a rule that can't be taken out of its message");
	first = print(r);
	second = print(&again);
	if (strcmp(first, second))
		fuzz_fail("\"%s\" is \"%s\" behind its message", first, second);
	free(first);
	free(second);
	nlmsg_free(msg);
}

static void rule(struct parse *p)
{
	struct tq_rule r;

	memset(&r, 0, sizeof(r));
	if (parse_rule(p, &r)) {
		check_error(p);
		return;
	}
	/* Rules that are printed come from the kernel, which gives a handle. */
	if (!(r.has & TQ_BIT(TQUEUE_A_RULE_HANDLE))) {
		r.has |= TQ_BIT(TQUEUE_A_RULE_HANDLE);
		r.handle = 1;
	}
	check_text(&r);
	check_message(&r);
	json_object_put(json_rule("t", &r));
}

static void others(struct parse *p, unsigned int which)
{
	struct tq_filter filter = { 0 };
	struct tq_packet packet = { 0 };
	struct tq_queue queue = { 0 };
	struct tq_table table = { 0 };
	struct tq_hook hook = { 0 };
	int bad;

	switch (which % 5) {
	case 0:
		bad = parse_queue(p, &queue);
		break;
	case 1:
		bad = parse_hook(p, &hook);
		break;
	case 2:
		bad = parse_filter(p, &filter);
		break;
	case 3:
		bad = parse_table(p, &table);
		break;
	default:
		bad = parse_packet(p, &packet);
	}
	if (bad)
		check_error(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *words[WORDS];
	struct parse p;
	char *line;

	if (!size || memchr(data, 0, size))
		return 0;
	line = strndup((const char *)data + 1, size - 1);
	/* A digit: the others; most are rules. */
	if (begin(&p, words, line))
		;	/* told by whoever has split it */
	else if (data[0] >= '0' && data[0] <= '9')
		others(&p, data[0] - '0');
	else
		rule(&p);
	free(line);
	return 0;
}
