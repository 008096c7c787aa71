// SPDX-License-Identifier: GPL-2.0-only
/* The words of queues, tables and hooks. */
#include <stdio.h>
#include <string.h>

#include "parse.h"

/* ---- queue ---- */

#define BIT(name)	TQ_BIT(TQUEUE_A_QUEUE_##name)

static int queue_mode(struct parse *p, struct tq_queue *q)
{
	return parse_enum(p, tq_modes, "a mode", &q->mode);
}

static int queue_size(struct parse *p, struct tq_queue *q)
{
	q->size_word = p->at;
	if (parse_size(p, &q->size, UINT64_MAX))
		return -1;
	return q->size ? 0 : parse_bad(p, "no size at all");
}

static int bytes_u32(struct parse *p, uint32_t *v)
{
	uint64_t bytes;

	if (parse_size(p, &bytes, UINT32_MAX))
		return -1;
	*v = bytes;
	return 0;
}

static int queue_ring(struct parse *p, struct tq_queue *q)
{
	return bytes_u32(p, &q->ring_size);
}

static int queue_snaplen(struct parse *p, struct tq_queue *q)
{
	return bytes_u32(p, &q->snaplen);
}

static int queue_watermark(struct parse *p, struct tq_queue *q)
{
	return bytes_u32(p, &q->watermark);
}

static int queue_flush(struct parse *p, struct tq_queue *q)
{
	uint64_t us;

	if (parse_time(p, &us))
		return -1;
	if (us > UINT32_MAX)
		return parse_bad(p, "more than an hour");
	q->flush_us = us;
	return 0;
}

const struct parse_key parse_queue_keys[] = {
	{ "mode", "stream|log", "stream (the default) or log, a flight recorder" },
	{ "size", "SIZE", "all rings together; each CPU's share is rounded down" },
	{ "ring", "SIZE", "one CPU's ring: a power of two of pages" },
	{ "snaplen", "N", "bytes of a packet that are kept; 0: all" },
	{ "watermark", "SIZE", "a sleeping reader is woken at this fill of a ring" },
	{ "flush", "TIME", "and after this time at the latest" },
	{ NULL, NULL, NULL }
};

static const struct {
	uint64_t	bit;
	int		(*parse)(struct parse *p, struct tq_queue *q);
} queue_parsers[] = {
	{ BIT(MODE), queue_mode },
	{ BIT(RING_SIZE), queue_size },
	{ BIT(RING_SIZE), queue_ring },
	{ BIT(SNAPLEN), queue_snaplen },
	{ BIT(WATERMARK), queue_watermark },
	{ BIT(FLUSH_US), queue_flush },
};

int parse_queue(struct parse *p, struct tq_queue *q)
{
	const char *word;

	while ((word = parse_next(p))) {
		unsigned int i = 0;

		while (parse_queue_keys[i].name && strcmp(parse_queue_keys[i].name, word))
			i++;
		if (!parse_queue_keys[i].name)
			return parse_bad(p, "not a setting of a queue");
		if (q->has & queue_parsers[i].bit)
			return parse_bad(p, queue_parsers[i].bit == BIT(RING_SIZE) ?
					 "the size is given already" : "given twice");
		q->has |= queue_parsers[i].bit;
		if (queue_parsers[i].parse(p, q))
			return -1;
	}
	return 0;
}

#undef BIT

/* ---- table ---- */

#define BIT(name)	TQ_BIT(TQUEUE_A_TABLE_##name)

const struct parse_key parse_table_keys[] = {
	{ "max", "N", "rules that it may have; 0: as many as there is memory for" },
	{ NULL, NULL, NULL }
};

int parse_table(struct parse *p, struct tq_table *t)
{
	const char *word;

	while ((word = parse_next(p))) {
		if (strcmp(word, parse_table_keys[0].name))
			return parse_bad(p, "not a setting of a table");
		if (t->has & BIT(RULES_MAX))
			return parse_bad(p, "given twice");
		t->has |= BIT(RULES_MAX);
		if (parse_u32(p, &t->rules_max, 0, UINT32_MAX))
			return -1;
	}
	return 0;
}

#undef BIT

/* ---- hook ---- */

#define BIT(name)	TQ_BIT(TQUEUE_A_HOOK_##name)

static int hook_family(struct parse *p, struct tq_hook *h)
{
	return parse_enum(p, tq_hook_families, "a family of a hook", &h->family);
}

static int hook_point(struct parse *p, struct tq_hook *h)
{
	return parse_enum(p, tq_points, "a hook", &h->point);
}

static int hook_priority(struct parse *p, struct tq_hook *h)
{
	const char *word, *rest;
	char name[12] = "";
	int64_t value = 0;
	uint64_t n = 0;
	size_t len;

	if (parse_need(p, &word, "a priority"))
		return -1;
	if (!*word)
		return parse_bad(p, "not a priority, as -300, raw or raw+5");
	len = strcspn(word, "+-");
	rest = word + len;
	if (len) {
		if (len < sizeof(name))
			memcpy(name, word, len);
		if (text_u64(word, &n)) {
			const struct tq_name *names = tq_priorities;

			while (names->name && strcmp(names->name, name))
				names++;
			if (!names->name)
				return parse_bad(p, "neither a number nor raw, mangle, dstnat, "
						 "filter, security or srcnat with +N or -N");
			value = names->value;
			n = 0;
		} else {
			rest = "";
		}
	}
	if (*rest && text_u64(rest + 1, &n))
		return parse_bad(p, "not a priority, as -300, raw or raw+5");
	if (n > INT32_MAX)
		return parse_bad(p, "more than 31 bits");
	value += *rest == '-' ? -(int64_t)n : (int64_t)n;
	if (value > INT32_MAX || value < INT32_MIN)
		return parse_bad(p, "more than 31 bits");
	h->priority = value;
	return 0;
}

static int hook_device(struct parse *p, struct tq_hook *h)
{
	return parse_ifname(p, h->device);
}

const struct parse_key parse_hook_keys[] = {
	{ "family", "ip|ip6|inet|netdev", "" },
	{ "hook", "POINT", "prerouting, input, forward, output, postrouting, ingress or egress" },
	{ "priority", "N|NAME[+N|-N]",
	  "raw, mangle, dstnat, filter (the default), security or srcnat" },
	{ "dev", "NAME", "family netdev only, and required there" },
	{ NULL, NULL, NULL }
};

static const struct {
	uint64_t	bit;
	int		(*parse)(struct parse *p, struct tq_hook *h);
} hook_parsers[] = {
	{ BIT(FAMILY), hook_family },
	{ BIT(POINT), hook_point },
	{ BIT(PRIORITY), hook_priority },
	{ BIT(DEVICE), hook_device },
};

int parse_hook(struct parse *p, struct tq_hook *h)
{
	const char *word;

	while ((word = parse_next(p))) {
		unsigned int i = 0;

		while (parse_hook_keys[i].name && strcmp(parse_hook_keys[i].name, word))
			i++;
		if (!parse_hook_keys[i].name)
			return parse_bad(p, "not a setting of a hook");
		if (h->has & hook_parsers[i].bit)
			return parse_bad(p, "given twice");
		h->has |= hook_parsers[i].bit;
		if (hook_parsers[i].parse(p, h))
			return -1;
	}
	if (!(h->has & BIT(FAMILY)))
		return parse_lack(p, "family is missing: ip, ip6, inet or netdev");
	if (!(h->has & BIT(POINT)))
		return parse_lack(p, "hook is missing: prerouting, input, forward, output, "
				  "postrouting, ingress or egress");
	return 0;
}
