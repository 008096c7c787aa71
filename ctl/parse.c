// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

void parse_init(struct parse *p, const char *const *words, unsigned int n)
{
	memset(p, 0, sizeof(*p));
	p->words = words;
	p->n = n;
}

const char *parse_peek(const struct parse *p)
{
	return p->at < p->n ? p->words[p->at] : NULL;
}

const char *parse_next(struct parse *p)
{
	return p->at < p->n ? p->words[p->at++] : NULL;
}

bool parse_take(struct parse *p, const char *word)
{
	const char *next = parse_peek(p);

	if (!next || strcmp(next, word))
		return false;
	p->at++;
	return true;
}

static int fail(struct parse *p, unsigned int index, const char *fmt, va_list ap)
{
	int n;

	if (p->element)
		n = snprintf(p->err, sizeof(p->err), "%s%s \"%.60s\": ", p->element,
			     p->places[index], p->words[index]);
	else
		n = snprintf(p->err, sizeof(p->err), "word %u \"%.60s\": ", index + 1,
			     p->words[index]);
	vsnprintf(p->err + n, sizeof(p->err) - n, fmt, ap);
	return -1;
}

int parse_fail(struct parse *p, unsigned int index, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(p, index, fmt, ap);
	va_end(ap);
	return -1;
}

int parse_bad(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(p, p->at - 1, fmt, ap);
	va_end(ap);
	return -1;
}

int parse_lack(struct parse *p, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (p->element)
		n = snprintf(p->err, sizeof(p->err), "%s: ", p->element);
	va_start(ap, fmt);
	vsnprintf(p->err + n, sizeof(p->err) - n, fmt, ap);
	va_end(ap);
	return -1;
}

int parse_need(struct parse *p, const char **word, const char *what)
{
	*word = parse_next(p);
	if (*word)
		return 0;
	if (p->n)
		return parse_fail(p, p->n - 1, "%s must follow", what);
	return parse_lack(p, "%s is missing", what);
}

int parse_end(struct parse *p)
{
	if (p->at == p->n)
		return 0;
	return parse_fail(p, p->at, "nothing more is expected here");
}

static bool same_option(const char *word, const char *name)
{
	static const char *const pairs[][2] = {
		{ "-w", "--write" }, { "-c", "--count" }, { "-d", "--delay" },
		{ "-q", "--quiet" }, { "-f", "--follow" }, { "-n", "--dry-run" },
	};
	size_t i;

	if (!strcmp(word, name))
		return true;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((!strcmp(word, pairs[i][0]) && !strcmp(name, pairs[i][1])) ||
		    (!strcmp(word, pairs[i][1]) && !strcmp(name, pairs[i][0])))
			return true;
	return false;
}

int parse_once(struct parse *p, const struct parse_key *keys, uint32_t *seen)
{
	const char *word = parse_peek(p);
	unsigned int i;

	for (i = 0; word && keys[i].name; i++) {
		if (!same_option(word, keys[i].name))
			continue;
		if (*seen & 1U << i)
			return parse_fail(p, p->at, "given twice");
		*seen |= 1U << i;
	}
	return 0;
}

/* ---- numbers ---- */

int text_u64(const char *text, uint64_t *v)
{
	int base = 10;
	char *end;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		base = 16;
	}
	/* strtoull() itself takes blanks, signs and a second "0x". */
	if (base == 16 ? !isxdigit((unsigned char)text[0]) : !isdigit((unsigned char)text[0]))
		return -1;
	if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return -1;
	errno = 0;
	*v = strtoull(text, &end, base);
	return errno || *end ? -1 : 0;
}

int text_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "kmg";
	const char *u;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (errno)
		return -1;
	if (!*end)
		return 0;
	u = strchr(units, tolower((unsigned char)*end));
	if (!u || (end[1] && strcasecmp(end + 1, "b") && strcasecmp(end + 1, "ib")))
		return -1;
	for (; u >= units; u--)
		if (__builtin_mul_overflow(*bytes, 1024, bytes))
			return -1;
	return 0;
}

int text_time(const char *text, uint64_t *us)
{
	static const struct tq_name units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "m", 60000000 },
		{ "h", INT64_C(3600000000) }, { "d", INT64_C(86400000000) },
		{ "w", INT64_C(604800000000) }, { "", 1000000 }, { NULL, 0 }
	};
	int64_t last = INT64_MAX;

	*us = 0;
	do {
		uint64_t n, part;
		char unit[4];
		int64_t scale;
		size_t len;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -1;
		errno = 0;
		n = strtoull(text, &end, 10);
		for (len = 0; isalpha((unsigned char)end[len]); len++)
			;
		if (errno || len >= sizeof(unit))
			return -1;
		memcpy(unit, end, len);
		unit[len] = 0;
		scale = tq_value(units, unit);
		/* "1h30m", not "30m1h" and not "1h30" */
		if (scale < 0 || scale >= last || (!len && last != INT64_MAX))
			return -1;
		if (__builtin_mul_overflow(n, (uint64_t)scale, &part) ||
		    __builtin_add_overflow(*us, part, us))
			return -1;
		last = scale;
		text = end + len;
	} while (*text);
	return 0;
}

int parse_u64(struct parse *p, uint64_t *v, uint64_t min)
{
	const char *word;

	if (parse_need(p, &word, "a number"))
		return -1;
	if (text_u64(word, v))
		return parse_bad(p, "not a number");
	if (*v < min)
		return parse_bad(p, "less than %llu", (unsigned long long)min);
	return 0;
}

int parse_u32(struct parse *p, uint32_t *v, uint32_t min, uint32_t max)
{
	const char *word;
	uint64_t n;

	if (parse_need(p, &word, "a number"))
		return -1;
	if (text_u64(word, &n))
		return parse_bad(p, "not a number");
	if (n < min || n > max)
		return parse_bad(p, "not in the range %u to %u", min, max);
	*v = n;
	return 0;
}

const char *text_cut(const char *word, char mark, char *head, size_t size)
{
	const char *at = strchr(word, mark);

	if (!at)
		return NULL;
	head[0] = 0;
	if ((size_t)(at - word) < size) {
		memcpy(head, word, at - word);
		head[at - word] = 0;
	}
	return at + 1;
}

int parse_range(struct parse *p, uint32_t *min, uint32_t *max, uint32_t limit)
{
	const char *word, *rest;
	uint64_t lo, hi;
	char head[32];

	if (parse_need(p, &word, "a number or a range"))
		return -1;
	rest = text_cut(word, '-', head, sizeof(head));
	if (text_u64(rest ? head : word, &lo))
		return parse_bad(p, "neither a number nor a range");
	hi = lo;
	if (rest && text_u64(rest, &hi))
		return parse_bad(p, "neither a number nor a range");
	if (lo > limit || hi > limit)
		return parse_bad(p, "not in the range 0 to %u", limit);
	if (lo > hi)
		return parse_bad(p, "a range that ends before it begins");
	*min = lo;
	*max = hi;
	return 0;
}

int parse_masked(struct parse *p, uint32_t *v, uint32_t *mask)
{
	const char *word, *rest;
	uint64_t value, m = TQ_ALL_ONES;
	char head[32];

	if (parse_need(p, &word, "a value or value/mask"))
		return -1;
	rest = text_cut(word, '/', head, sizeof(head));
	if (text_u64(rest ? head : word, &value) || (rest && text_u64(rest, &m)))
		return parse_bad(p, "neither a value nor value/mask");
	if (value > UINT32_MAX || m > UINT32_MAX)
		return parse_bad(p, "more than 32 bits");
	if (value & ~m)
		return parse_bad(p, "the value has bits that are not in the mask");
	*v = value;
	*mask = m;
	return 0;
}

int parse_size(struct parse *p, uint64_t *bytes, uint64_t max)
{
	const char *word;

	if (parse_need(p, &word, "a size, as 4096, 64K or 32M,"))
		return -1;
	if (text_size(word, bytes))
		return parse_bad(p, "not a size, as 4096, 64K or 32M");
	if (*bytes > max)
		return parse_bad(p, "more than %llu bytes", (unsigned long long)max);
	return 0;
}

int parse_time(struct parse *p, uint64_t *us)
{
	const char *word;

	if (parse_need(p, &word, "a time, as 100ms, 90 or 1h30m,"))
		return -1;
	if (text_time(word, us))
		return parse_bad(p, "not a time, as 100ms, 90 or 1h30m");
	return 0;
}

/* ---- names ---- */

/* Not isalnum(), which asks the locale. */
static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

int parse_name(struct parse *p, char name[TQUEUE_NAME_SIZE], const char *what)
{
	const char *word;
	size_t len, i;

	if (parse_need(p, &word, what))
		return -1;
	len = strlen(word);
	if (!len || len >= TQUEUE_NAME_SIZE)
		return parse_bad(p, "not a name: 1 to %d characters", TQUEUE_NAME_SIZE - 1);
	for (i = 0; in_name(word[i]); i++)
		;
	if (i != len)
		return parse_bad(p, "not a name: only letters, digits, \"_\", \".\" and \"-\"");
	if (word[0] == '-' || !strcmp(word, ".") || !strcmp(word, ".."))
		return parse_bad(p, "not a name: \".\", \"..\" and a leading \"-\" are not allowed");
	memset(name, 0, TQUEUE_NAME_SIZE);
	memcpy(name, word, len);
	return 0;
}

int parse_ifname(struct parse *p, char name[TQ_IFNAME_SIZE])
{
	const char *word;
	size_t len;

	if (parse_need(p, &word, "the name of an interface"))
		return -1;
	len = strlen(word);
	if (!len || len >= TQ_IFNAME_SIZE)
		return parse_bad(p, "not an interface: 1 to %d characters", TQ_IFNAME_SIZE - 1);
	/* The kernel takes no blanks, / and : in names of devices; with quotes, and
	 * a # in front, what is printed would not be what was read.
	 */
	if (strpbrk(word, " \t\n\v\f\r/:\"'") || word[0] == '#')
		return parse_bad(p, "not an interface: no blanks, quotes, / or :, no # in front");
	memset(name, 0, TQ_IFNAME_SIZE);
	memcpy(name, word, len);
	return 0;
}

static void name_list(char *buf, size_t size, const struct tq_name *names)
{
	size_t n = 0;

	buf[0] = 0;
	for (; names->name && n < size; names++)
		n += snprintf(buf + n, size - n, "%s%s", n ? ", " : "", names->name);
}

int parse_enum(struct parse *p, const struct tq_name *names, const char *what, uint32_t *v)
{
	const char *word;
	char list[160];
	int64_t value;

	if (parse_need(p, &word, what))
		return -1;
	value = tq_value(names, word);
	if (value < 0) {
		name_list(list, sizeof(list), names);
		return parse_bad(p, "not %s: one of %s", what, list);
	}
	*v = value;
	return 0;
}

int parse_set(struct parse *p, const struct tq_name *names, const char *what, uint32_t *v)
{
	const char *word, *at;
	char part[24], list[160];
	uint32_t sum = 0;

	if (parse_need(p, &word, what))
		return -1;
	for (at = word; at; ) {
		const char *rest = text_cut(at, ',', part, sizeof(part));
		int64_t value = tq_value(names, rest ? part : at);

		if (value < 0) {
			name_list(list, sizeof(list), names);
			return parse_bad(p, "not %s: one or more of %s, joined by commas",
					 what, list);
		}
		sum |= value;
		at = rest;
	}
	*v = sum;
	return 0;
}

/* ---- addresses ---- */

static bool bits_beyond(const struct tq_addr *addr, uint32_t len)
{
	uint32_t bit;

	for (bit = len; bit < addr->len * 8u; bit++)
		if (addr->bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

int parse_prefix(struct parse *p, struct tq_addr *addr, uint32_t *len)
{
	const char *word, *rest, *text;
	char head[INET6_ADDRSTRLEN];
	uint64_t bits;
	int family;

	if (parse_need(p, &word, "an address or prefix"))
		return -1;
	rest = text_cut(word, '/', head, sizeof(head));
	text = rest ? head : word;
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(family, text, addr->bytes) != 1)
		return parse_bad(p, "neither an address nor a prefix");
	addr->len = family == AF_INET6 ? 16 : 4;
	bits = addr->len * 8;
	if (rest && (text_u64(rest, &bits) || bits > addr->len * 8u))
		return parse_bad(p, "the length of the prefix is not 0 to %d", addr->len * 8);
	if (bits_beyond(addr, bits))
		return parse_bad(p, "the address has bits beyond its prefix length");
	*len = bits;
	return 0;
}

/* ---- lines ---- */

static inline bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int text_split(char *line, const char **words, unsigned int max)
{
	unsigned int n = 0;
	char *in = line, *out;

	for (;;) {
		char quote = 0;

		while (blank(*in))
			in++;
		if (!*in || *in == '#')
			return n;
		if (n == max)
			return -1;
		words[n++] = out = in;
		for (; *in && (quote || !blank(*in)); in++) {
			if (quote && *in == quote)
				quote = 0;
			else if (!quote && (*in == '"' || *in == '\''))
				quote = *in;
			else
				*out++ = *in;
		}
		if (quote)
			return -1;
		if (*in)
			in++;
		*out = 0;
	}
}
