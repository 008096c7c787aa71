// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <json-c/json.h>

#include "json_words.h"
#include "parse.h"

const char *const json_lists[] = {
	[JSON_QUEUE] = "queues", [JSON_TABLE] = "tables", [JSON_RULE] = "rules",
	[JSON_HOOK] = "hooks", [JSON_KINDS] = NULL
};

/**
 * struct member - a name in an object
 * @place: the name, behind a dot
 * @put: adds the words of its value; NULL: state, which is none
 * @word: the word that goes before it, or what @put needs
 * @type: of what is state
 */
struct member {
	const char	*place;
	int		(*put)(struct json_words *w, const struct member *m, json_object *value,
			       json_object *all);
	const char	*word;
	json_type	type;
};

/* ---- places and errors ---- */

static __attribute__((format(printf, 3, 4)))
int words_bad(struct json_words *w, const char *place, const char *fmt, ...)
{
	va_list ap;
	int n;

	n = snprintf(w->err, sizeof(w->err), "%s%s: ", w->element, place);
	if (n > (int)sizeof(w->err) / 2)
		n = sizeof(w->err) / 2;
	va_start(ap, fmt);
	vsnprintf(w->err + n, sizeof(w->err) - n, fmt, ap);
	va_end(ap);
	return -1;
}

/* A text that lives as long as @w. */
static __attribute__((format(printf, 2, 3)))
const char *keep(struct json_words *w, const char *fmt, ...)
{
	size_t left = sizeof(w->room) - w->used;
	char *at = w->room + w->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= left)
		return NULL;
	w->used += n + 1;
	return at;
}

/* Either may be NULL: then there was no room for it. */
static int add(struct json_words *w, const char *place, const char *word)
{
	if (!place || !word || w->n == JSON_WORDS_MAX)
		return words_bad(w, "", "too much for one object");
	w->v[w->n] = word;
	w->place[w->n++] = place;
	return 0;
}

static int add_pair(struct json_words *w, const char *place, const char *word, const char *value)
{
	return add(w, place, word) || add(w, place, value) ? -1 : 0;
}

static const char *type_name(json_object *v)
{
	switch (json_object_get_type(v)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "true or false";
	case json_type_double:
		return "a number with a fraction";
	case json_type_int:
		return "a whole number";
	case json_type_object:
		return "an object";
	case json_type_array:
		return "a list";
	default:
		return "a text";
	}
}

static int wrong_type(struct json_words *w, const char *place, json_object *v, const char *what)
{
	return words_bad(w, place, "%s is expected, not %s", what, type_name(v));
}

/* ---- values ---- */

/* The text of a string; NULL: it is none, and that has been told. */
static const char *get_text(struct json_words *w, const char *place, json_object *v)
{
	const char *text = json_object_get_string(v);

	if (!json_object_is_type(v, json_type_string)) {
		wrong_type(w, place, v, "a text");
		return NULL;
	}
	if (strlen(text) != (size_t)json_object_get_string_len(v)) {
		words_bad(w, place, "a NUL character in a text");
		return NULL;
	}
	return text;
}

/* Its digits.  A sign goes along, for the parser to refuse. */
static const char *get_number(struct json_words *w, const char *place, json_object *v)
{
	if (json_object_is_type(v, json_type_int))
		return json_object_get_string(v);
	wrong_type(w, place, v, "a whole number");
	return NULL;
}

/* ".dport.min" */
static const char *keep_inner(struct json_words *w, const char *place, const char *name)
{
	const char *inner = keep(w, "%s.%s", place, name);

	return inner ? inner : place;
}

static int put_text(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	const char *place = m->place, *text = get_text(w, place, v);

	(void)all;
	return text ? add_pair(w, place, m->word, text) : -1;
}

/* What the command begins with: there is no word before it. */
static int put_name(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	const char *place = m->place, *text = get_text(w, place, v);

	(void)all;
	return text ? add(w, place, text) : -1;
}

static int put_number(struct json_words *w, const struct member *m, json_object *v,
		      json_object *all)
{
	const char *place = m->place, *number = get_number(w, place, v);

	(void)all;
	return number ? add_pair(w, place, m->word, number) : -1;
}

/* A number, or the name of one. */
static int put_either(struct json_words *w, const struct member *m, json_object *v,
		      json_object *all)
{
	if (json_object_is_type(v, json_type_int))
		return put_number(w, m, v, all);
	if (json_object_is_type(v, json_type_string))
		return put_text(w, m, v, all);
	return wrong_type(w, m->place, v, "a whole number or a name");
}

static int put_time(struct json_words *w, const struct member *m, json_object *v, const char *unit)
{
	const char *place = m->place, *number = get_number(w, place, v);

	return number ? add_pair(w, place, m->word, keep(w, "%s%s", number, unit)) : -1;
}

static int put_us(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	(void)all;
	return put_time(w, m, v, "us");
}

static int put_ms(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	(void)all;
	return put_time(w, m, v, "ms");
}

/* {"FIRST": 1, "SECOND": 2} as "1MARK2", or one number. */
static int put_two(struct json_words *w, const struct member *m, json_object *v,
		   const char *first, const char *second, char mark)
{
	const char *place = m->place, *one, *two;
	json_object *a, *b;

	if (json_object_is_type(v, json_type_int))
		return add_pair(w, place, m->word, get_number(w, place, v));
	if (!json_object_is_type(v, json_type_object) || json_object_object_length(v) != 2 ||
	    !json_object_object_get_ex(v, first, &a) || !json_object_object_get_ex(v, second, &b))
		return words_bad(w, place, "a whole number or {\"%s\": N, \"%s\": N} is expected",
				 first, second);
	one = get_number(w, keep_inner(w, place, first), a);
	two = one ? get_number(w, keep_inner(w, place, second), b) : NULL;
	return two ? add_pair(w, place, m->word, keep(w, "%s%c%s", one, mark, two)) : -1;
}

static int put_range(struct json_words *w, const struct member *m, json_object *v,
		     json_object *all)
{
	(void)all;
	return put_two(w, m, v, "min", "max", '-');
}

static int put_masked(struct json_words *w, const struct member *m, json_object *v,
		      json_object *all)
{
	(void)all;
	return put_two(w, m, v, "value", "mask", '/');
}

/* A list of names, joined by commas. */
static int put_set(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	const char *place = m->place, *text;
	char joined[160] = "";
	size_t i, n = 0;

	(void)all;
	if (!json_object_is_type(v, json_type_array))
		return wrong_type(w, place, v, "a list of names");
	for (i = 0; i < json_object_array_length(v); i++) {
		text = get_text(w, place, json_object_array_get_idx(v, i));
		if (!text)
			return -1;
		n += snprintf(joined + n, sizeof(joined) - n, "%s%s", i ? "," : "", text);
		if (n >= sizeof(joined))
			return words_bad(w, place, "too many names");
	}
	return add_pair(w, place, m->word, keep(w, "%s", joined));
}

/* ---- members that go together ---- */

static const char *get_verdict(json_object *all)
{
	json_object *v;

	return json_object_object_get_ex(all, "verdict", &v) ? json_object_get_string(v) : NULL;
}

/* A member that says more of @m->word, which must be there, and has put it. */
static int put_more(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	(void)v;
	if (json_object_object_get_ex(all, m->word, NULL))
		return 0;
	return words_bad(w, m->place, "there is no %s to go with it", m->word);
}

/* The same for verdict @m->word. */
static int put_of_verdict(struct json_words *w, const struct member *m, json_object *v,
			  json_object *all)
{
	const char *verdict = get_verdict(all);

	(void)v;
	if (verdict && !strcmp(verdict, m->word))
		return 0;
	return words_bad(w, m->place, "the verdict is not %s", m->word);
}

static int put_icmp(struct json_words *w, const struct member *m, json_object *v, json_object *all)
{
	const char *place = m->place, *type = get_number(w, place, v), *code;

	if (!type)
		return -1;
	if (!json_object_object_get_ex(all, "icmp_code", &v))
		return add_pair(w, place, m->word, type);
	code = get_number(w, ".icmp_code", v);
	return code ? add_pair(w, place, m->word, keep(w, "%s/%s", type, code)) : -1;
}

static int put_limit(struct json_words *w, const struct member *m, json_object *v,
		     json_object *all)
{
	const char *burst;

	if (put_number(w, m, v, all))
		return -1;
	if (!json_object_object_get_ex(all, "burst", &v))
		return 0;
	burst = get_number(w, ".burst", v);
	return burst ? add_pair(w, ".burst", "burst", burst) : -1;
}

static int put_ttl_set(struct json_words *w, const struct member *m, json_object *v,
		       json_object *all)
{
	return add(w, ".ttl_set", "ttl") ? -1 : put_number(w, m, v, all);
}

static int put_ttl_add(struct json_words *w, const struct member *m, json_object *v,
		       json_object *all)
{
	const char *number = get_number(w, ".ttl_add", v);

	(void)m;
	(void)all;
	if (!number || add(w, ".ttl_add", "ttl"))
		return -1;
	return number[0] == '-' ? add_pair(w, ".ttl_add", "dec", number + 1) :
				  add_pair(w, ".ttl_add", "inc", number);
}

static int put_queue(struct json_words *w, json_object *copy, size_t i)
{
	const char *place = keep(w, ".queues[%zu]", i), *name, *inner, *text;
	json_object *v;

	if (!place)
		return add(w, NULL, NULL);
	if (!json_object_is_type(copy, json_type_object))
		return wrong_type(w, place, copy, "an object");
	name = keep(w, "%s.name", place);
	inner = keep(w, "%s.snaplen", place);
	if (!name || !inner)
		return add(w, NULL, NULL);
	if (!json_object_object_get_ex(copy, "name", &v))
		return words_bad(w, place, "name is missing");
	text = get_text(w, name, v);
	if (!text || add_pair(w, name, "queue", text))
		return -1;
	if (json_object_object_get_ex(copy, "snaplen", &v)) {
		text = get_number(w, inner, v);
		if (!text || add_pair(w, inner, "snaplen", text))
			return -1;
	} else {
		v = NULL;
	}
	if (json_object_object_length(copy) != (v ? 2 : 1))
		return words_bad(w, place, "only name and snaplen can be here");
	return 0;
}

static int put_queues(struct json_words *w, const struct member *m, json_object *v,
		      json_object *all)
{
	size_t i;

	(void)all;
	if (!json_object_is_type(v, json_type_array))
		return wrong_type(w, m->place, v, "a list");
	for (i = 0; i < json_object_array_length(v); i++)
		if (put_queue(w, json_object_array_get_idx(v, i), i))
			return -1;
	return 0;
}

static int put_nfqueue(struct json_words *w, json_object *all)
{
	json_object *v;
	const char *number;

	if (!json_object_object_get_ex(all, "nfqueue", &v))
		return words_bad(w, "", "nfqueue is missing: which number?");
	number = get_number(w, ".nfqueue", v);
	if (!number || add_pair(w, ".nfqueue", "nfqueue", number))
		return -1;
	if (!json_object_object_get_ex(all, "bypass", &v))
		return 0;
	if (!json_object_is_type(v, json_type_boolean))
		return wrong_type(w, ".bypass", v, "true or false");
	return json_object_get_boolean(v) ? add(w, ".bypass", "bypass") : 0;
}

static int put_steal(struct json_words *w, json_object *all)
{
	const char *text;
	json_object *v;

	if (!json_object_object_get_ex(all, "steal", &v))
		return words_bad(w, "", "steal is missing: which queue?");
	text = get_text(w, ".steal", v);
	if (!text || add_pair(w, ".steal", "steal", text))
		return -1;
	if (!json_object_object_get_ex(all, "steal_else", &v))
		return 0;
	text = get_text(w, ".steal_else", v);
	return text ? add_pair(w, ".steal_else", "else", text) : -1;
}

/* The name of a verdict is a word of its own: it may not be any other word. */
static int put_verdict(struct json_words *w, const struct member *m, json_object *v,
		       json_object *all)
{
	const char *text = get_text(w, ".verdict", v);
	int64_t value;

	(void)m;
	if (!text)
		return -1;
	value = tq_value(tq_verdicts, text);
	switch (value) {
	case TQUEUE_VERDICT_NFQUEUE:
		return put_nfqueue(w, all);
	case TQUEUE_VERDICT_STEAL:
		return put_steal(w, all);
	case -1:
	case TQUEUE_VERDICT_MATCH:
		return words_bad(w, ".verdict", "\"%.60s\" is no verdict of a rule", text);
	default:
		return add(w, ".verdict", text);
	}
}

/* ---- objects ---- */

#define STATE(place, type)	{ place, NULL, NULL, json_type_##type }

static const struct member queue_members[] = {
	{ .place = ".name", .put = put_name },
	{ ".mode", put_text, "mode", 0 },
	{ ".ring_bytes", put_number, "ring", 0 },
	{ ".snaplen", put_number, "snaplen", 0 },
	{ ".watermark_bytes", put_number, "watermark", 0 },
	{ ".flush_us", put_us, "flush", 0 },
	STATE(".id", int), STATE(".rings", int), STATE(".memory_bytes", int), STATE(".readers", int),
	STATE(".mapped", boolean), STATE(".stats", object), STATE(".cpus", array),
	STATE(".holders", array),
	{ .place = NULL }
};

static const struct member table_members[] = {
	{ .place = ".name", .put = put_name },
	{ ".rules_max", put_number, "max", 0 },
	STATE(".id", int), STATE(".rules", int), STATE(".generation", int),
	STATE(".memory_bytes", int), STATE(".tuples", int), STATE(".holders", array),
	{ .place = NULL }
};

static const struct member rule_members[] = {
	{ .place = ".table", .put = put_name },
	{ ".handle", put_number, "handle", 0 },
	{ ".prio", put_number, "prio", 0 },
	{ ".family", put_text, "family", 0 },
	{ ".src", put_text, "src", 0 },
	{ ".dst", put_text, "dst", 0 },
	{ ".proto", put_either, "proto", 0 },
	{ ".sport", put_range, "sport", 0 },
	{ ".dport", put_range, "dport", 0 },
	{ ".icmp_type", put_icmp, "icmp-type", 0 },
	{ ".icmp_code", put_more, "icmp_type", 0 },
	{ ".tcp_flags", put_masked, "tcp-flags", 0 },
	{ ".iif", put_text, "iif", 0 },
	{ ".oif", put_text, "oif", 0 },
	{ ".mark", put_masked, "mark", 0 },
	{ ".dscp", put_either, "dscp", 0 },
	{ ".len", put_range, "len", 0 },
	{ ".frag", put_set, "frag", 0 },
	{ ".ct", put_set, "ct", 0 },
	{ ".queues", put_queues, NULL, 0 },
	{ ".sample", put_number, "sample", 0 },
	{ ".limit", put_limit, "limit", 0 },
	{ ".burst", put_more, "limit", 0 },
	{ ".set_mark", put_masked, "set-mark", 0 },
	{ ".ttl_set", put_ttl_set, "set", 0 },
	{ ".ttl_add", put_ttl_add, NULL, 0 },
	{ ".set_dscp", put_either, "set-dscp", 0 },
	{ ".verdict", put_verdict, NULL, 0 },
	{ ".nfqueue", put_of_verdict, "nfqueue", 0 },
	{ ".bypass", put_of_verdict, "nfqueue", 0 },
	{ ".steal", put_of_verdict, "steal", 0 },
	{ ".steal_else", put_of_verdict, "steal", 0 },
	{ ".timeout_ms", put_ms, "timeout", 0 },
	{ ".expires_ms", put_ms, "expires", 0 },
	{ ".packets", put_number, "packets", 0 },
	{ ".bytes", put_number, "bytes", 0 },
	{ ".copies", put_number, "copies", 0 },
	{ ".last_hit_ms", put_number, "last-hit", 0 },
	{ .place = NULL }
};

static const struct member hook_members[] = {
	{ .place = ".table", .put = put_name },
	{ ".family", put_text, "family", 0 },
	{ ".hook", put_text, "hook", 0 },
	{ ".priority", put_either, "priority", 0 },
	{ ".dev", put_text, "dev", 0 },
	STATE(".id", int), STATE(".active", boolean),
	{ .place = NULL }
};

static const struct member *const members[] = {
	[JSON_QUEUE] = queue_members, [JSON_TABLE] = table_members, [JSON_RULE] = rule_members,
	[JSON_HOOK] = hook_members,
};

static const char *state_type(json_type type)
{
	switch (type) {
	case json_type_int:
		return "a whole number";
	case json_type_boolean:
		return "true or false";
	case json_type_array:
		return "a list";
	default:
		return "an object";
	}
}

static int put_member(struct json_words *w, const struct member *m, json_object *v,
		      json_object *all)
{
	if (m->put)
		return m->put(w, m, v, all);
	if (json_object_is_type(v, m->type))
		return 0;
	return wrong_type(w, m->place, v, state_type(m->type));
}

/* Some name of @obj is not among the members. */
static int find_unknown(struct json_words *w, const struct member *all, json_object *obj)
{
	const struct member *m;

	json_object_object_foreach(obj, key, value) {
		(void)value;
		for (m = all; m->place && strcmp(m->place + 1, key); m++)
			;
		if (!m->place)
			return words_bad(w, "", "\"%.60s\" is not known here", key);
	}
	return 0;
}

int json_words(struct json_words *w, struct parse *p, enum json_kind kind, unsigned long index,
	       json_object *obj)
{
	const struct member *m = members[kind];
	json_object *v;
	int known = 0;

	w->n = 0;
	w->used = 0;
	snprintf(w->element, sizeof(w->element), "%s[%lu]", json_lists[kind], index);
	/* The first one is the name that the command begins with. */
	if (!json_object_object_get_ex(obj, m->place + 1, NULL))
		return words_bad(w, "", "%s is missing", m->place + 1);
	for (; m->place; m++) {
		if (!json_object_object_get_ex(obj, m->place + 1, &v))
			continue;
		known++;
		if (put_member(w, m, v, obj))
			return -1;
	}
	if (known != json_object_object_length(obj))
		return find_unknown(w, members[kind], obj);
	parse_init(p, w->v, w->n);
	p->element = w->element;
	p->places = w->place;
	return 0;
}
