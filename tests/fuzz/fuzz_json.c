// SPDX-License-Identifier: GPL-2.0-only
/*
 * A configuration in JSON: what is no JSON, or no configuration, is refused with
 * a sentence and a place.  What is taken as a rule must be the same rule after it
 * was printed as JSON and read again, and the document is read alike in one go.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "config.h"
#include "fuzz.h"
#include "json_split.h"
#include "json_words.h"
#include "print.h"
#include "tqctl.h"

static char *print(const struct tq_rule *r)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	print_rule(f, r, true);
	fclose(f);
	return text;
}

static int read_rule(json_object *obj, struct tq_rule *r, char table[TQUEUE_NAME_SIZE])
{
	struct json_words w;
	struct parse p;

	memset(&w, 0, sizeof(w));
	if (json_words(&w, &p, JSON_RULE, 0, obj)) {
		if (strncmp(w.err, "rules[0]", 8))
			fuzz_fail("a refusal without a place: %s", w.err);
		return -1;
	}
	if (!parse_name(&p, table, "a table") && !parse_rule(&p, r))
		return 0;
	if (strncmp(p.err, "rules[0]", 8) || strlen(p.err) >= sizeof(p.err))
		fuzz_fail("a refusal without a place: %s", p.err);
	return -1;
}

/* Printed as JSON, as the text of it, and read again. */
static void check_rule(json_object *obj)
{
	char table[TQUEUE_NAME_SIZE], *first, *second;
	json_object *made, *parsed;
	struct tq_rule r, again;

	if (read_rule(obj, &r, table))
		return;
	first = print(&r);
	made = json_rule(table, &r);
	parsed = json_tokener_parse(json_object_to_json_string(made));
	if (!parsed || read_rule(parsed, &again, table))
		fuzz_fail("what was printed is refused: %s", json_object_to_json_string(made));
	second = print(&again);
	if (strcmp(first, second))
		fuzz_fail("\"%s\" is \"%s\" when it was read again", first, second);
	json_object_put(made);
	json_object_put(parsed);
	free(first);
	free(second);
}

/* Whether it is a document, as far as that does not hang on what is in it. */
static bool split(FILE *f)
{
	struct json_split s;
	json_object *obj;
	int ret;

	if (json_split_init(&s, f, json_lists, 1, 1))
		abort();
	while ((ret = json_split_next(&s, &obj)) == 1) {
		if (s.key == JSON_RULE)
			check_rule(obj);
		json_object_put(obj);
	}
	if (ret < 0 && (!s.err[0] || !s.at_line || !s.at_column))
		fuzz_fail("a refusal without a sentence or a place");
	json_split_free(&s);
	return !ret;
}

/* All of it; what it says must be there if it was refused. */
static bool take(FILE *f, bool *said)
{
	struct config c = { 0 };
	struct config_reader r = { .c = &c, .later = true };
	struct tqctl t = { .out.file = stdout, .file = "file" };
	char *text = NULL;
	size_t size;
	int code;

	t.err = open_memstream(&text, &size);
	if (!t.err)
		abort();
	r.t = &t;
	code = config_reader_end(&r, config_read_json(&r, f, 1, 1));
	fclose(t.err);
	*said = size;
	config_sort(&c);
	config_free(&c);
	free(text);
	return !code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool said, document, taken;
	FILE *f;

	if (!size)
		return 0;
	f = fmemopen((void *)data, size, "r");
	if (!f)
		abort();
	document = split(f);
	rewind(f);
	taken = take(f, &said);
	fclose(f);
	if (said == taken)
		fuzz_fail("%s", said ? "taken with a complaint" : "refused without a sentence");
	if (taken && !document)
		fuzz_fail("no document, and taken");
	return 0;
}
