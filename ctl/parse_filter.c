// SPDX-License-Identifier: GPL-2.0-only
/* The words of "rule list": which rules to show. */
#include <string.h>

#include "parse.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_FILTER_##name)

static int filter_queue(struct parse *p, struct tq_filter *f)
{
	return parse_name(p, f->queue, "the name of a queue");
}

static int filter_prio(struct parse *p, struct tq_filter *f)
{
	return parse_range(p, &f->prio_min, &f->prio_max, UINT32_MAX);
}

static int filter_family(struct parse *p, struct tq_filter *f)
{
	return parse_enum(p, tq_rule_families, "a family of a rule", &f->family);
}

static int filter_verdict(struct parse *p, struct tq_filter *f)
{
	if (parse_enum(p, tq_verdicts, "a verdict", &f->verdict))
		return -1;
	return f->verdict == TQUEUE_VERDICT_MATCH ?
		parse_bad(p, "no rule has this verdict") : 0;
}

static int address(struct parse *p, struct tq_addr *addr)
{
	uint32_t len;

	if (parse_prefix(p, addr, &len))
		return -1;
	return len == addr->len * 8u ? 0 : parse_bad(p, "one address, not a prefix");
}

static int filter_src(struct parse *p, struct tq_filter *f)
{
	return address(p, &f->src);
}

static int filter_dst(struct parse *p, struct tq_filter *f)
{
	return address(p, &f->dst);
}

static int filter_hit(struct parse *p, struct tq_filter *f)
{
	(void)p;
	(void)f;
	return 0;
}

const struct parse_key parse_filter_keys[] = {
	{ "queue", "NAME", "copies to this queue, or steals for it" },
	{ "prio", "N[-M]", "" },
	{ "family", "ip|ip6", "for packets of this family" },
	{ "verdict", "NAME", "" },
	{ "src", "ADDRESS", "this source address is one of the rule's" },
	{ "dst", "ADDRESS", "this destination address is" },
	{ "hit", "", "has hit at least once" },
	{ NULL, NULL, NULL }
};

static const struct {
	uint64_t	bits;
	int		(*parse)(struct parse *p, struct tq_filter *f);
} parsers[] = {
	{ BIT(QUEUE), filter_queue },
	{ BIT(PRIO_MIN) | BIT(PRIO_MAX), filter_prio },
	{ BIT(FAMILY), filter_family },
	{ BIT(VERDICT), filter_verdict },
	{ BIT(SRC), filter_src },
	{ BIT(DST), filter_dst },
	{ BIT(HIT), filter_hit },
};

int parse_filter(struct parse *p, struct tq_filter *f)
{
	const char *word;

	memset(f, 0, sizeof(*f));
	while ((word = parse_next(p))) {
		unsigned int i = 0;

		while (parse_filter_keys[i].name && strcmp(parse_filter_keys[i].name, word))
			i++;
		if (!parse_filter_keys[i].name)
			return parse_bad(p, "nothing by which rules are chosen");
		if (f->has & parsers[i].bits)
			return parse_bad(p, "given twice");
		f->has |= parsers[i].bits;
		if (parsers[i].parse(p, f))
			return -1;
	}
	return 0;
}
