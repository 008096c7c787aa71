// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules of a configuration, of which there may be millions: apply has those of the
 * file and those of the kernel in memory at once.  So what they have to say lies
 * packed, one behind the other, in blocks that are freed together, and what the
 * kernel says in the same words as the file is the file's text.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "print.h"

#define BLOCK_SIZE	(64 * 1024)
/* So far ahead a rule is looked for that has the same words. */
#define LOOK_AHEAD	16

struct config_block {
	struct config_block	*next;
	size_t			used;
	char			data[];
};

/* @n bytes that live as long as the table. */
static char *store(struct config_table *t, const void *data, size_t n)
{
	struct config_block *b = t->blocks;

	if (!b || b->used + n > BLOCK_SIZE) {
		b = malloc(sizeof(*b) + (n > BLOCK_SIZE ? n : BLOCK_SIZE));
		if (!b)
			return NULL;
		b->next = t->blocks;
		b->used = 0;
		t->blocks = b;
	}
	b->used += n;
	return memcpy(b->data + b->used - n, data, n);
}

/* The stream keeps the addresses of what is behind it. */
struct config_scratch {
	FILE	*f;
	char	*text;
	size_t	size;
};

void config_table_free(struct config_table *t)
{
	while (t->blocks) {
		struct config_block *next = t->blocks->next;

		free(t->blocks);
		t->blocks = next;
	}
	if (t->scratch) {
		fclose(t->scratch->f);
		free(t->scratch->text);
		free(t->scratch);
	}
	free(t->rules);
}

/* ---- boxes ---- */

#define HAS(name)	(r->has & TQ_BIT(TQUEUE_A_RULE_##name))

static void make_box(struct config_box *b, const struct tq_rule *r)
{
	memset(b, 0, sizeof(*b));
	if (HAS(FAMILY))
		b->family = r->family;
	if (HAS(SRC)) {
		memcpy(b->src, r->src.bytes, sizeof(b->src));
		b->src_len = r->src_len;
	}
	if (HAS(DST)) {
		memcpy(b->dst, r->dst.bytes, sizeof(b->dst));
		b->dst_len = r->dst_len;
	}
	b->proto_min = HAS(PROTO) ? r->proto : 0;
	b->proto_max = HAS(PROTO) ? r->proto : UINT8_MAX;
	b->sport_min = HAS(SPORT_MIN) ? r->sport_min : 0;
	b->sport_max = HAS(SPORT_MIN) ? r->sport_max : UINT16_MAX;
	b->dport_min = HAS(DPORT_MIN) ? r->dport_min : 0;
	b->dport_max = HAS(DPORT_MIN) ? r->dport_max : UINT16_MAX;
	if (HAS(MARK)) {
		b->mark = r->mark;
		b->mark_mask = HAS(MARK_MASK) ? r->mark_mask : TQ_ALL_ONES;
	}
}

/* Packed: what all have, the bytes of the prefixes, the rest if it says anything. */
struct packed {
	uint8_t	family, src_len, dst_len, proto_min, proto_max, rest;
};

#define REST_SIZE	(sizeof(struct config_box) - offsetof(struct config_box, sport_min))

static size_t prefix_bytes(uint8_t len)
{
	return (len + 7) / 8;
}

static size_t pack(char *to, const struct config_box *b)
{
	struct packed p = {
		.family = b->family, .src_len = b->src_len, .dst_len = b->dst_len,
		.proto_min = b->proto_min, .proto_max = b->proto_max,
		.rest = b->sport_min || b->sport_max != UINT16_MAX || b->dport_min ||
			b->dport_max != UINT16_MAX || b->mark_mask,
	};
	size_t n = sizeof(p);

	memcpy(to, &p, sizeof(p));
	memcpy(to + n, b->src, prefix_bytes(b->src_len));
	n += prefix_bytes(b->src_len);
	memcpy(to + n, b->dst, prefix_bytes(b->dst_len));
	n += prefix_bytes(b->dst_len);
	if (p.rest) {
		memcpy(to + n, &b->sport_min, REST_SIZE);
		n += REST_SIZE;
	}
	return n;
}

void config_box(const struct config_rule *r, struct config_box *b)
{
	const char *at = r->box;
	struct packed p;

	memset(b, 0, sizeof(*b));
	memcpy(&p, at, sizeof(p));
	at += sizeof(p);
	b->family = p.family;
	b->src_len = p.src_len;
	b->dst_len = p.dst_len;
	b->proto_min = p.proto_min;
	b->proto_max = p.proto_max;
	memcpy(b->src, at, prefix_bytes(p.src_len));
	at += prefix_bytes(p.src_len);
	memcpy(b->dst, at, prefix_bytes(p.dst_len));
	at += prefix_bytes(p.dst_len);
	b->sport_max = UINT16_MAX;
	b->dport_max = UINT16_MAX;
	if (p.rest)
		memcpy(&b->sport_min, at, REST_SIZE);
}

/* ---- text ---- */

static struct config_scratch *new_scratch(void)
{
	struct config_scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->f = open_memstream(&s->text, &s->size);
	if (s->f)
		return s;
	free(s);
	return NULL;
}

/* What @print says of the rule, in the scratch; its length with the NUL, 0: no memory. */
static size_t to_text(struct config_table *t, const struct tq_rule *rule,
		      void (*print)(FILE *f, const struct tq_rule *rule))
{
	struct config_scratch *s = t->scratch;

	if (!s)
		s = t->scratch = new_scratch();
	if (!s)
		return 0;
	rewind(s->f);
	print(s->f, rule);
	fputc(0, s->f);
	return fflush(s->f) ? 0 : strlen(s->text) + 1;
}

/* The next rule of @t->like with the words in the scratch, if it is near. */
static const struct config_rule *same_words(struct config_table *t)
{
	const struct config_table *like = t->like;
	size_t i;

	for (i = t->like_at; like && i < like->n && i < t->like_at + LOOK_AHEAD; i++) {
		if (strcmp(like->rules[i].words, t->scratch->text))
			continue;
		t->like_at = i + 1;
		return &like->rules[i];
	}
	return NULL;
}

static int put_text(struct config_table *t, struct config_rule *r, const struct tq_rule *rule,
		    bool state)
{
	size_t n = to_text(t, rule, print_rule_words);
	const struct config_rule *like;

	if (!n)
		return -1;
	like = same_words(t);
	r->words = like ? like->words : store(t, t->scratch->text, n);
	if (!r->words)
		return -1;
	if (!state || !(rule->has & PRINT_RULE_STATE))
		return 0;
	n = to_text(t, rule, print_rule_state);
	r->state = n ? store(t, t->scratch->text, n) : NULL;
	return r->state ? 0 : -1;
}

static int put_box(struct config_table *t, struct config_rule *r, const struct tq_rule *rule)
{
	char packed[sizeof(struct packed) + sizeof(struct config_box)];
	struct config_box box;
	size_t n;

	make_box(&box, rule);
	n = pack(packed, &box);
	r->box = store(t, packed, n);
	return r->box ? 0 : -1;
}

/* ---- what the kernel would say ---- */

#define RULE_BIT(name)	TQ_BIT(TQUEUE_A_RULE_##name)
#define SPORT		(RULE_BIT(SPORT_MIN) | RULE_BIT(SPORT_MAX))
#define DPORT		(RULE_BIT(DPORT_MIN) | RULE_BIT(DPORT_MAX))

/* Any port of both kinds: one of them is enough to say that there are ports. */
static void settle_ports(struct tq_rule *r)
{
	bool any_sport = !HAS(SPORT_MIN) || (!r->sport_min && r->sport_max == UINT16_MAX);
	bool any_dport = !HAS(DPORT_MIN) || (!r->dport_min && r->dport_max == UINT16_MAX);

	if (!HAS(SPORT_MIN) && !HAS(DPORT_MIN))
		return;
	if (any_sport)
		r->has &= ~SPORT;
	else if (any_dport)
		r->has &= ~DPORT;
	if (any_sport && !HAS(DPORT_MIN)) {
		r->has |= DPORT;
		r->dport_min = 0;
		r->dport_max = UINT16_MAX;
	}
}

/* What is left out, and what can be said in two ways, is what the kernel will say;
 * else a rule would not be the same as the one that it has become.
 */
static void settle(struct tq_rule *r)
{
	if (!HAS(VERDICT))
		r->verdict = TQUEUE_VERDICT_PASS;
	r->has |= RULE_BIT(VERDICT);
	if (r->verdict == TQUEUE_VERDICT_STEAL && !HAS(STEAL_ELSE)) {
		r->has |= RULE_BIT(STEAL_ELSE);
		r->steal_else = TQUEUE_VERDICT_PASS;
	}
	if (HAS(RATE) && !HAS(BURST)) {
		r->has |= RULE_BIT(BURST);
		r->burst = r->rate;
	}
	if (HAS(SRC) && !r->src_len)
		r->has &= ~(RULE_BIT(SRC) | RULE_BIT(SRC_LEN));
	if (HAS(DST) && !r->dst_len)
		r->has &= ~(RULE_BIT(DST) | RULE_BIT(DST_LEN));
	settle_ports(r);
}

int config_add_rule(struct config_table *table, const struct tq_rule *rule, bool state)
{
	struct tq_rule whole = *rule;
	struct config_rule *r;

	settle(&whole);
	if (table->n == table->room) {
		size_t room = table->room ? table->room * 2 : 64;

		r = realloc(table->rules, room * sizeof(*r));
		if (!r)
			return -1;
		table->rules = r;
		table->room = room;
	}
	r = &table->rules[table->n];
	memset(r, 0, sizeof(*r));
	if (put_text(table, r, &whole, state) || (!table->present && put_box(table, r, &whole)))
		return -1;
	r->handle = whole.handle;
	r->timeout_ms = whole.timeout_ms;
	r->prio = whole.prio;
	r->place = table->n++;
	return 0;
}
