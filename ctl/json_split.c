// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "json_split.h"
#include "parse.h"

#define DEPTH	16

/* What may come next, in the document. */
enum { START, FIRST_KEY, KEY, LIST, FIRST, OBJECT, AFTER_OBJECT, AFTER_LIST, END };

static __attribute__((format(printf, 2, 3)))
int split_fail(struct json_split *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->err, sizeof(s->err), fmt, ap);
	va_end(ap);
	return -1;
}

int json_split_init(struct json_split *s, FILE *f, const char *const *keys, unsigned int line,
		    unsigned int column)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	s->keys = keys;
	s->line = line;
	s->column = column;
	s->tokener = json_tokener_new_ex(DEPTH);
	if (!s->tokener)
		return -1;
	/* Not _VALIDATE_UTF8: names of interfaces may be any bytes. */
	json_tokener_set_flags(s->tokener, JSON_TOKENER_STRICT);
	return 0;
}

void json_split_free(struct json_split *s)
{
	if (s->tokener)
		json_tokener_free(s->tokener);
	free(s->text);
}

/* ---- characters ---- */

static void step(unsigned int *line, unsigned int *column, int c)
{
	if (c == '\n') {
		++*line;
		*column = 1;
	} else {
		++*column;
	}
}

static int next(struct json_split *s)
{
	int c;

	s->at_line = s->line;
	s->at_column = s->column;
	c = getc_unlocked(s->f);
	if (c != EOF)
		step(&s->line, &s->column, c);
	return c;
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int next_mark(struct json_split *s)
{
	int c;

	do {
		c = next(s);
	} while (is_blank(c));
	return c;
}

static int unexpected(struct json_split *s, int c, const char *what)
{
	if (c == EOF && ferror(s->f))
		return split_fail(s, "%s", strerror(errno));
	if (c == EOF)
		return split_fail(s, "the end, where %s is expected", what);
	if (isprint(c))
		return split_fail(s, "\"%c\", where %s is expected", c, what);
	return split_fail(s, "byte 0x%02x, where %s is expected", c, what);
}

/* ---- one object ---- */

/* The text of an object whose first character, {, was read. */
static int read_text(struct json_split *s)
{
	unsigned int depth = 0, line = s->at_line, column = s->at_column;
	bool quoted = false, escaped = false;
	int c = '{';

	for (s->len = 0;; c = next(s)) {
		if (c == EOF)
			return unexpected(s, c, "the rest of the object");
		if (s->len + 1 >= s->room) {
			size_t room = s->room ? s->room * 2 : 1024;
			char *more;

			if (room > JSON_SPLIT_MAX) {
				s->at_line = line;
				s->at_column = column;
				return split_fail(s, "more than %u bytes in one object",
						  JSON_SPLIT_MAX);
			}
			more = realloc(s->text, room);
			if (!more)
				return split_fail(s, "%s", strerror(ENOMEM));
			s->text = more;
			s->room = room;
		}
		s->text[s->len++] = c;
		if (quoted) {
			quoted = escaped || c != '"';
			escaped = !escaped && c == '\\';
			continue;
		}
		quoted = c == '"';
		depth += c == '{';
		depth -= c == '}';
		if (!depth)
			break;
	}
	s->text[s->len] = 0;
	s->at_line = line;
	s->at_column = column;
	return 0;
}

/* An error at offset @at of the text. */
static __attribute__((format(printf, 3, 4)))
int split_fail_at(struct json_split *s, size_t at, const char *fmt, ...)
{
	va_list ap;
	size_t i;

	for (i = 0; i < at && i < s->len; i++)
		step(&s->at_line, &s->at_column, s->text[i]);
	va_start(ap, fmt);
	vsnprintf(s->err, sizeof(s->err), fmt, ap);
	va_end(ap);
	return -1;
}

/* What json-c lets through.  *members: how many names there are. */
static int check_text(struct json_split *s, size_t *members)
{
	bool quoted = false;
	size_t i, n;

	*members = 0;
	for (i = 0; i < s->len; i++) {
		unsigned char c = s->text[i];

		if (c < ' ' && !is_blank(c))
			return split_fail_at(s, i, "a control character");
		if (quoted && c < ' ')
			return split_fail_at(s, i, "a control character in a text");
		if (quoted && c == '\\') {
			i++;
			continue;
		}
		if (c == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		*members += c == ':';
		if (c == '\'')
			return split_fail_at(s, i, "a single quote: a text is in double quotes");
		n = isdigit(c) ? strspn(s->text + i, "0123456789") : 0;
		if (n > 19) {
			char number[21] = "";
			uint64_t v;

			memcpy(number, s->text + i, n < sizeof(number) ? n : 0);
			if (text_u64(number, &v))
				return split_fail_at(s, i, "a number of more than 64 bits");
		}
		i += n ? n - 1 : 0;
	}
	return 0;
}

static size_t count_members(json_object *obj)
{
	size_t n = 0, i;

	if (json_object_is_type(obj, json_type_object)) {
		json_object_object_foreach(obj, key, value) {
			(void)key;
			n += 1 + count_members(value);
		}
	} else if (json_object_is_type(obj, json_type_array)) {
		for (i = 0; i < json_object_array_length(obj); i++)
			n += count_members(json_object_array_get_idx(obj, i));
	}
	return n;
}

static int read_object(struct json_split *s, json_object **obj)
{
	size_t members;

	*obj = NULL;
	if (read_text(s) || check_text(s, &members))
		return -1;
	json_tokener_reset(s->tokener);
	*obj = json_tokener_parse_ex(s->tokener, s->text, s->len);
	if (!*obj) {
		enum json_tokener_error err = json_tokener_get_error(s->tokener);

		return split_fail_at(s, json_tokener_get_parse_end(s->tokener), "no JSON: %s",
			       json_tokener_error_desc(err));
	}
	if (json_tokener_get_parse_end(s->tokener) == s->len && count_members(*obj) == members)
		return 1;
	json_object_put(*obj);
	*obj = NULL;
	return split_fail(s, "a name is there twice in this object");
}

/* ---- the document ---- */

/* A name whose first character was read. */
static int read_key(struct json_split *s, int c)
{
	unsigned int line = s->at_line, column = s->at_column, i;
	char name[32];
	size_t n = 0;

	if (c != '"')
		return unexpected(s, c, "a name in double quotes");
	while ((c = next(s)) != '"') {
		if (c == EOF || c < ' ')
			return unexpected(s, c, "the end of the name");
		if (n < sizeof(name) - 1)
			name[n++] = c;
	}
	name[n] = 0;
	s->at_line = line;
	s->at_column = column;
	for (i = 0; s->keys[i]; i++)
		if (!strcmp(s->keys[i], name))
			break;
	if (!s->keys[i])
		return split_fail(s, "\"%s\" is not a part of a configuration", name);
	if (s->seen & 1u << i)
		return split_fail(s, "\"%s\" is there twice", name);
	s->seen |= 1u << i;
	s->key = i;
	s->index = 0;
	c = next_mark(s);
	return c == ':' ? 0 : unexpected(s, c, "a colon");
}

int json_split_next(struct json_split *s, json_object **obj)
{
	int c;

	for (;;) {
		c = next_mark(s);
		switch (s->state) {
		case START:
			if (c != '{')
				return unexpected(s, c, "an object, {...},");
			s->state = FIRST_KEY;
			break;
		case FIRST_KEY:
		case KEY:
			if (c == '}' && s->state == FIRST_KEY) {
				s->state = END;
				break;
			}
			if (read_key(s, c))
				return -1;
			s->state = LIST;
			break;
		case LIST:
			if (c != '[')
				return unexpected(s, c, "a list, [...],");
			s->state = FIRST;
			break;
		case FIRST:
		case OBJECT:
			if (c == ']' && s->state == FIRST) {
				s->state = AFTER_LIST;
				break;
			}
			if (c != '{')
				return unexpected(s, c, "an object, {...},");
			s->state = AFTER_OBJECT;
			return read_object(s, obj);
		case AFTER_OBJECT:
			if (c != ',' && c != ']')
				return unexpected(s, c, "a comma or ]");
			s->state = c == ',' ? OBJECT : AFTER_LIST;
			s->index++;
			break;
		case AFTER_LIST:
			if (c != ',' && c != '}')
				return unexpected(s, c, "a comma or }");
			s->state = c == ',' ? KEY : END;
			break;
		default:
			return c == EOF && !ferror(s->f) ? 0 : unexpected(s, c, "the end");
		}
	}
}
