// SPDX-License-Identifier: GPL-2.0-only
/* A configuration from JSON, an object at a time; tqctl-json(5) says what it is. */
#include <errno.h>
#include <json-c/json.h>

#include "config.h"
#include "json_split.h"
#include "json_words.h"
#include "tqctl.h"

static int (*const readers[])(struct config_reader *r, struct parse *p) = {
	[JSON_QUEUE] = config_read_queue, [JSON_TABLE] = config_read_table,
	[JSON_RULE] = config_read_rule, [JSON_HOOK] = config_read_hook,
};

static int read_object(struct config_reader *r, const struct json_split *s, json_object *obj)
{
	struct json_words w;
	struct parse p;

	r->t->line = s->at_line;
	r->t->column = s->at_column;
	if (json_words(&w, &p, s->key, s->index, obj)) {
		tqctl_say(r->t, "%s", w.err);
		return TQCTL_USAGE;
	}
	return readers[s->key](r, &p);
}

int config_read_json(struct config_reader *r, FILE *f, unsigned int line, unsigned int column)
{
	struct json_split s;
	json_object *obj;
	int code = TQCTL_OK, ret;

	if (json_split_init(&s, f, json_lists, line, column))
		return tqctl_errno(r->t, ENOMEM, "configuration");
	while (!code && (ret = json_split_next(&s, &obj)) == 1) {
		code = read_object(r, &s, obj);
		json_object_put(obj);
	}
	if (!code && ret < 0) {
		r->t->line = s.at_line;
		r->t->column = s.at_column;
		tqctl_say(r->t, "%s", s.err);
		code = TQCTL_USAGE;
	}
	json_split_free(&s);
	return code;
}
