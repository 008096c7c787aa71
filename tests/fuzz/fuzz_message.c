// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a message as another kernel might send them: the first byte is
 * the command, the rest the attributes.  What is understood must be printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "fuzz.h"
#include "msg.h"
#include "print.h"

static FILE *null;

static void drop(json_object *obj)
{
	json_object_to_json_string(obj);
	json_object_put(obj);
}

static void rules(const struct tnl_reply *reply)
{
	const struct nlattr *at = NULL;
	struct tq_rules frame;
	struct tq_rule rule;
	size_t n = 0;

	memset(&frame, 0, sizeof(frame));
	msg_rules_get(reply, &frame);
	while (msg_rules_next(reply, &at, &rule) == 1) {
		print_rule(null, &rule, true);
		drop(json_rule(frame.table, &rule));
		/* Each takes at least a header. */
		if (++n > (size_t)reply->len / 4)
			fuzz_fail("more rules than a message can hold");
	}
}

static void queue(const struct tnl_reply *reply)
{
	struct tq_queue q;

	if (!msg_queue_get(reply, &q)) {
		print_queue(null, &q);
		print_stats(null, &q);
		drop(json_queue(&q));
	}
	tq_queue_free(&q);
}

static void table(const struct tnl_reply *reply)
{
	struct tq_table t;

	if (!msg_table_get(reply, &t)) {
		print_table(null, &t);
		drop(json_table(&t));
	}
	tq_table_free(&t);
}

static void others(const struct tnl_reply *reply)
{
	struct tq_version version;
	struct tq_hook hook;
	struct tq_txn txn;

	if (!msg_hook_get(reply, &hook)) {
		print_hook(null, &hook);
		drop(json_hook(&hook));
	}
	msg_txn_get(reply, &txn);
	if (!msg_version_get(reply, &version)) {
		print_version(null, &version);
		drop(json_version(&version));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tnl_reply reply;
	void *attrs;

	if (!size)
		return 0;
	if (!null)
		null = fopen("/dev/null", "w");
	/* Aligned as in a message, and no byte more than there is. */
	attrs = malloc(size > 1 ? size - 1 : 1);
	if (!null || !attrs)
		abort();
	memcpy(attrs, data + 1, size - 1);
	reply = (struct tnl_reply){ data[0], attrs, size - 1 };
	switch (data[0] % 4) {
	case 0:
		rules(&reply);
		break;
	case 1:
		queue(&reply);
		break;
	case 2:
		table(&reply);
		break;
	default:
		others(&reply);
	}
	free(attrs);
	return 0;
}
