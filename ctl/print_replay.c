// SPDX-License-Identifier: GPL-2.0-only
/* Packets of a capture, and what would become of them: to text and to JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <json-c/json.h>

#include "print.h"
#include "replay.h"

#define HAS(name)	(pkt->has & TQ_BIT(TQUEUE_A_PACKET_##name))

/* By enum decode, for those that are asked for nothing. */
static const struct {
	const char *name;
	const char *text;
} others[] = {
	[DECODE_IP]	= { "ip", "" },
	[DECODE_NOT_IP]	= { "not-ip", "not IP" },
	[DECODE_BAD]	= { "bad", "not sound: its IP header says what can't be" },
	[DECODE_CUT]	= { "cut", "too little was captured to tell" },
};

/* ---- text ---- */

static void text_clock(FILE *f, uint64_t ns)
{
	time_t s = ns / 1000000000;
	char clock[16];
	struct tm tm;

	localtime_r(&s, &tm);
	strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	fprintf(f, "%s.%09u", clock, (unsigned int)(ns % 1000000000));
}

static void text_end(FILE *f, const struct tq_packet *pkt, const struct tq_addr *addr,
		     uint32_t port)
{
	char buf[PRINT_PREFIX];

	print_prefix(buf, addr, addr->len * 8);
	if (!HAS(SPORT))
		fputs(buf, f);
	else if (addr->len == 4)
		fprintf(f, "%s:%u", buf, port);
	else
		fprintf(f, "[%s]:%u", buf, port);
}

static void text_packet(FILE *f, const struct tq_packet *pkt)
{
	const char *proto = tq_name(tq_protocols, pkt->proto);

	text_end(f, pkt, &pkt->src, pkt->sport);
	fputs(" > ", f);
	text_end(f, pkt, &pkt->dst, pkt->dport);
	if (proto)
		fprintf(f, " %s", proto);
	else
		fprintf(f, " proto %u", pkt->proto);
	if (HAS(ICMP_TYPE))
		fprintf(f, " icmp-type %u/%u", pkt->icmp_type, pkt->icmp_code);
	if (pkt->frag != TQUEUE_FRAG_NONE)
		fprintf(f, " frag %s", tq_name(tq_frags, pkt->frag));
	fprintf(f, " len %u", pkt->len);
}

static void text_rule(FILE *f, const struct tq_rule *r)
{
	const char *verdict = tq_name(tq_verdicts, r->verdict);

	fprintf(f, "handle %" PRIu64 " prio %u ", r->handle, r->prio);
	if (verdict)
		fputs(verdict, f);
	else
		fprintf(f, "verdict-%u", r->verdict);
}

void print_replay_line(FILE *f, const struct ask *a, const struct replay_line *line)
{
	uint32_t i;

	fprintf(f, "%" PRIu64 " ", line->number);
	text_clock(f, line->ns);
	fputc(' ', f);
	if (line->found != DECODE_IP) {
		fprintf(f, "%s\n", others[line->found].text);
		return;
	}
	text_packet(f, &line->pkt);
	fputs(": ", f);
	if (!line->answer->n)
		fputs("no rule", f);
	for (i = 0; i < line->answer->n; i++) {
		if (i)
			fputs(", then ", f);
		text_rule(f, &a->rule[line->answer->rule[i]].rule);
	}
	fputc('\n', f);
}

/* ---- the sum ---- */

static int by_order(const void *x, const void *y)
{
	const struct tq_rule *a = &((const struct ask_rule *)x)->rule;
	const struct tq_rule *b = &((const struct ask_rule *)y)->rule;

	if (a->prio != b->prio)
		return a->prio < b->prio ? -1 : 1;
	return a->handle < b->handle ? -1 : a->handle > b->handle;
}

/* The counters that are printed are those of the capture, not of the table. */
static void order_rules(struct ask *a)
{
	uint32_t i;

	if (a->rule_n)
		qsort(a->rule, a->rule_n, sizeof(*a->rule), by_order);
	for (i = 0; i < a->rule_n; i++) {
		struct tq_rule *r = &a->rule[i].rule;

		r->packets = a->rule[i].packets;
		r->bytes = a->rule[i].bytes;
		r->has |= TQ_BIT(TQUEUE_A_RULE_PACKETS) | TQ_BIT(TQUEUE_A_RULE_BYTES);
		r->has &= ~(TQ_BIT(TQUEUE_A_RULE_COPIES) | TQ_BIT(TQUEUE_A_RULE_LAST_HIT_MS) |
			    TQ_BIT(TQUEUE_A_RULE_EXPIRES_MS));
	}
}

static void text_count(FILE *f, const char *what, const struct replay_count *c)
{
	if (c->packets)
		fprintf(f, "%s: packets %" PRIu64 " bytes %" PRIu64 "\n", what, c->packets, c->bytes);
}

void print_replay_sum(FILE *f, struct ask *a, const struct replay_sum *sum)
{
	enum decode i;
	uint32_t n;

	order_rules(a);
	fprintf(f, "in all: packets %" PRIu64 "\n", sum->packets);
	for (n = 0; n < a->rule_n; n++) {
		if (!a->rule[n].packets)
			continue;
		print_rule(f, &a->rule[n].rule, true);
		fputc('\n', f);
	}
	text_count(f, "no rule", &sum->no_rule);
	for (i = DECODE_NOT_IP; i <= DECODE_CUT; i++)
		text_count(f, others[i].text, &sum->other[i]);
}

/* ---- JSON ---- */

static void add_u64(json_object *obj, const char *key, uint64_t v)
{
	json_object_object_add(obj, key, json_object_new_uint64(v));
}

static void add_text(json_object *obj, const char *key, const char *v)
{
	json_object_object_add(obj, key, json_object_new_string(v));
}

static void add_name(json_object *obj, const char *key, const struct tq_name *names, uint32_t v)
{
	const char *name = tq_name(names, v);

	json_object_object_add(obj, key, name ? json_object_new_string(name) :
						json_object_new_uint64(v));
}

/* As RFC 3339 has it, with nanoseconds. */
static void add_time(json_object *obj, const char *key, uint64_t ns)
{
	time_t s = ns / 1000000000;
	char day[32], text[64];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%09uZ", day, (unsigned int)(ns % 1000000000));
	add_text(obj, key, text);
}

static void json_packet(json_object *obj, const struct tq_packet *pkt)
{
	char buf[PRINT_PREFIX];

	add_name(obj, "family", tq_rule_families, pkt->family);
	add_text(obj, "src", print_prefix(buf, &pkt->src, pkt->src.len * 8));
	add_text(obj, "dst", print_prefix(buf, &pkt->dst, pkt->dst.len * 8));
	add_name(obj, "proto", tq_protocols, pkt->proto);
	if (HAS(SPORT)) {
		add_u64(obj, "sport", pkt->sport);
		add_u64(obj, "dport", pkt->dport);
	}
	if (HAS(ICMP_TYPE)) {
		add_u64(obj, "icmp_type", pkt->icmp_type);
		add_u64(obj, "icmp_code", pkt->icmp_code);
	}
	if (HAS(TCP_FLAGS))
		add_u64(obj, "tcp_flags", pkt->tcp_flags);
	add_u64(obj, "dscp", pkt->dscp);
	add_name(obj, "frag", tq_frags, pkt->frag);
	add_u64(obj, "len", pkt->len);
}

static json_object *json_rules(const struct ask *a, const struct answer *answer)
{
	json_object *list = json_object_new_array();
	uint32_t i;

	for (i = 0; i < answer->n; i++) {
		const struct tq_rule *r = &a->rule[answer->rule[i]].rule;
		json_object *obj = json_object_new_object();

		add_u64(obj, "handle", r->handle);
		add_u64(obj, "prio", r->prio);
		add_name(obj, "verdict", tq_verdicts, r->verdict);
		json_object_array_add(list, obj);
	}
	return list;
}

json_object *json_replay_line(const struct ask *a, const struct replay_line *line)
{
	json_object *obj = json_object_new_object();

	add_u64(obj, "packet", line->number);
	add_time(obj, "time", line->ns);
	add_text(obj, "kind", others[line->found].name);
	if (line->found == DECODE_IP) {
		json_packet(obj, &line->pkt);
		json_object_object_add(obj, "rules", json_rules(a, line->answer));
	}
	return obj;
}

static void json_count(json_object *obj, const char *key, const struct replay_count *c)
{
	json_object *count = json_object_new_object();

	add_u64(count, "packets", c->packets);
	add_u64(count, "bytes", c->bytes);
	json_object_object_add(obj, key, count);
}

json_object *json_replay_sum(struct ask *a, const struct replay_sum *sum)
{
	json_object *obj = json_object_new_object(), *list = json_object_new_array(), *all;
	uint32_t i;

	order_rules(a);
	for (i = 0; i < a->rule_n; i++)
		if (a->rule[i].packets)
			json_object_array_add(list, json_rule(a->table, &a->rule[i].rule));
	add_text(obj, "table", a->table);
	add_u64(obj, "first_generation", sum->first_generation);
	add_u64(obj, "generation", a->generation);
	add_u64(obj, "packets", sum->packets);
	json_object_object_add(obj, "rules", list);
	json_count(obj, "no_rule", &sum->no_rule);
	json_count(obj, "not_ip", &sum->other[DECODE_NOT_IP]);
	json_count(obj, "bad", &sum->other[DECODE_BAD]);
	json_count(obj, "cut", &sum->other[DECODE_CUT]);
	all = json_object_new_object();
	json_object_object_add(all, "summary", obj);
	return all;
}
