// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <json-c/json.h>

#include "model.h"
#include "print_record.h"

/* ---- what a packet says about itself ---- */

/**
 * struct flow - the little of a packet that fits in a line
 * @family: 4, 6 or 0: not understood
 */
struct flow {
	int		family;
	char		src[INET6_ADDRSTRLEN];
	char		dst[INET6_ADDRSTRLEN];
	bool		ports;
	uint16_t	sport;
	uint16_t	dport;
};

static bool has_ports(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	default:
		return false;
	}
}

static void read_ports(struct flow *flow, const uint8_t *p, size_t len, size_t at)
{
	if (len < at + 4)
		return;
	flow->ports = true;
	flow->sport = p[at] << 8 | p[at + 1];
	flow->dport = p[at + 2] << 8 | p[at + 3];
}

static void read_ipv4(struct flow *flow, const uint8_t *p, size_t len)
{
	if (len < 20)
		return;
	flow->family = 4;
	inet_ntop(AF_INET, p + 12, flow->src, sizeof(flow->src));
	inet_ntop(AF_INET, p + 16, flow->dst, sizeof(flow->dst));
	if (!((p[6] & 0x1f) | p[7]) && has_ports(p[9]))
		read_ports(flow, p, len, (p[0] & 0x0f) * 4);
}

/* Ports only if no extension header is before them. */
static void read_ipv6(struct flow *flow, const uint8_t *p, size_t len)
{
	if (len < 40)
		return;
	flow->family = 6;
	inet_ntop(AF_INET6, p + 8, flow->src, sizeof(flow->src));
	inet_ntop(AF_INET6, p + 24, flow->dst, sizeof(flow->dst));
	if (has_ports(p[6]))
		read_ports(flow, p, len, 40);
}

static void read_flow(struct flow *flow, const struct tqueue_record *rec, const void *payload)
{
	const uint8_t *p = payload;
	size_t len = rec->caplen;

	memset(flow, 0, sizeof(*flow));
	if (rec->type != TQUEUE_RECORD_PACKET || len <= rec->mac_len)
		return;
	p += rec->mac_len;
	len -= rec->mac_len;
	if (p[0] >> 4 == 4)
		read_ipv4(flow, p, len);
	else if (p[0] >> 4 == 6)
		read_ipv6(flow, p, len);
}

/* ---- losses ---- */

static void read_lost(const struct tqueue_record *rec, const void *payload,
		      struct tqueue_lost *lost)
{
	size_t len = rec->caplen < sizeof(*lost) ? rec->caplen : sizeof(*lost);

	memset(lost, 0, sizeof(*lost));
	memcpy(lost, payload, len);
}

void print_lost(FILE *f, const struct tqueue_lost *lost)
{
	const char *sep = "";
	int i;

	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++) {
		const char *name = tq_name(tq_losses, i);

		if (!lost->cause[i])
			continue;
		fputs(sep, f);
		if (name)
			fputs(name, f);
		else
			fprintf(f, "cause-%d", i);
		fprintf(f, " %" PRIu64, (uint64_t)lost->cause[i]);
		sep = ", ";
	}
}

/* ---- text ---- */

static void print_clock(FILE *f, uint64_t ns)
{
	time_t s = ns / 1000000000;
	struct tm tm;
	char buf[16];

	localtime_r(&s, &tm);
	strftime(buf, sizeof(buf), "%H:%M:%S", &tm);
	fprintf(f, "%s.%09u", buf, (unsigned int)(ns % 1000000000));
}

static void print_name(FILE *f, const char *key, const struct tq_name *names, int64_t value)
{
	const char *name = tq_name(names, value);

	if (name)
		fprintf(f, " %s%s", key, name);
	else
		fprintf(f, " %s%" PRId64, key, value);
}

/* Bytes of a message as one line that shows every byte. */
static void print_text(FILE *f, const uint8_t *p, size_t len)
{
	size_t i;

	fputc('"', f);
	for (i = 0; i < len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			fprintf(f, "\\%c", p[i]);
		else if (p[i] >= 0x80 || isprint(p[i]))
			fputc(p[i], f);
		else
			fprintf(f, "\\x%02x", p[i]);
	}
	fputc('"', f);
}

static void print_flags(FILE *f, const struct tqueue_record *rec)
{
	if (rec->flags & TQUEUE_RECORD_F_TRUNCATED)
		fprintf(f, " (%u kept)", rec->caplen);
	if (rec->flags & TQUEUE_RECORD_F_GSO)
		fprintf(f, " gso %u", rec->gso_size);
	if (rec->flags & TQUEUE_RECORD_F_VLAN)
		fprintf(f, " vlan %u", rec->vlan_tci & 0xfff);
	if (rec->flags & TQUEUE_RECORD_F_STOLEN)
		fputs(" stolen", f);
}

static void print_packet(FILE *f, const struct tqueue_record *rec, const void *payload,
			 const struct record_names *names)
{
	struct flow flow;

	if (rec->hook)
		print_name(f, "", tq_points, rec->hook);
	fprintf(f, " %s>%s", names->iif, names->oif);
	if (rec->rule)
		fprintf(f, " rule %s/%" PRIu64, names->table, (uint64_t)rec->rule);
	if (rec->verdict)
		print_name(f, "", tq_verdicts, rec->verdict);
	read_flow(&flow, rec, payload);
	if (flow.family && flow.ports)
		fprintf(f, " %s.%u > %s.%u", flow.src, flow.sport, flow.dst, flow.dport);
	else if (flow.family)
		fprintf(f, " %s > %s", flow.src, flow.dst);
	print_name(f, "", tq_protocols, rec->protocol);
	if (rec->mark)
		fprintf(f, " mark 0x%x", rec->mark);
	fprintf(f, " length %u", rec->origlen);
	print_flags(f, rec);
}

void print_record(FILE *f, const struct tqueue_record *rec, const void *payload,
		  const struct record_names *names)
{
	struct tqueue_lost lost;

	print_clock(f, rec->real_ns);
	fprintf(f, " cpu %u seq %" PRIu64, rec->cpu, (uint64_t)rec->seq);
	switch (rec->type) {
	case TQUEUE_RECORD_PACKET:
		print_packet(f, rec, payload, names);
		break;
	case TQUEUE_RECORD_MESSAGE:
		fputs(" message ", f);
		print_text(f, payload, rec->caplen);
		break;
	case TQUEUE_RECORD_LOST:
		read_lost(rec, payload, &lost);
		fprintf(f, " lost %" PRIu64 " (", (uint64_t)lost.count);
		print_lost(f, &lost);
		fputc(')', f);
		break;
	default:
		fprintf(f, " record of type %u, %u bytes", rec->type, rec->caplen);
	}
	fputc('\n', f);
}

/* ---- comments ---- */

/* For each packet of a capture: printf() would take longer than all of the rest. */
struct text {
	char	*begin;
	char	*at;
	char	*end;	/* of the room, for the 0 */
};

static void put_text(struct text *t, const char *s)
{
	size_t len = strlen(s), room = t->end - t->at;

	if (len > room)
		len = room;
	memcpy(t->at, s, len);
	t->at += len;
}

static void put_number(struct text *t, uint64_t v, unsigned int base)
{
	static const char digits[] = "0123456789abcdef";
	char buf[24], *p = buf + sizeof(buf) - 1;

	*p = 0;
	do
		*--p = digits[v % base];
	while (v /= base);
	put_text(t, p);
}

static void put_key(struct text *t, const char *key)
{
	if (t->at != t->begin)
		put_text(t, " ");
	put_text(t, key);
}

static void put_word(struct text *t, const char *key, const char *value)
{
	put_key(t, key);
	put_text(t, value);
}

void record_comment(char *buf, size_t size, const struct tqueue_record *rec,
		    const struct record_names *names)
{
	const char *hook = tq_name(tq_points, rec->hook);
	const char *verdict = tq_name(tq_verdicts, rec->verdict);
	struct text t = { buf, buf, buf + size - 1 };

	if (rec->table)
		put_word(&t, "table=", names->table);
	if (rec->rule) {
		put_key(&t, "rule=");
		put_number(&t, rec->rule, 10);
		put_key(&t, "gen=");
		put_number(&t, rec->generation, 10);
	}
	if (verdict)
		put_word(&t, "verdict=", verdict);
	if (hook)
		put_word(&t, "hook=", hook);
	if (rec->iif)
		put_word(&t, "iif=", names->iif);
	if (rec->oif)
		put_word(&t, "oif=", names->oif);
	if (rec->mark) {
		put_key(&t, "mark=0x");
		put_number(&t, rec->mark, 16);
	}
	*t.at = 0;
}

/* ---- JSON ---- */

/* As RFC 3339 has it, with nanoseconds. */
static void add_time(json_object *obj, const char *key, uint64_t ns)
{
	time_t s = ns / 1000000000;
	char day[32], text[64];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%09uZ", day, (unsigned int)(ns % 1000000000));
	json_object_object_add(obj, key, json_object_new_string(text));
}

static void add_u64(json_object *obj, const char *key, uint64_t v)
{
	json_object_object_add(obj, key, json_object_new_uint64(v));
}

static void add_text(json_object *obj, const char *key, const char *v)
{
	json_object_object_add(obj, key, json_object_new_string(v));
}

static void add_name(json_object *obj, const char *key, const struct tq_name *names,
		     int64_t value)
{
	const char *name = tq_name(names, value);

	json_object_object_add(obj, key, name ? json_object_new_string(name) :
						json_object_new_int64(value));
}

static void add_hex(json_object *obj, const char *key, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	json_object *text;
	char *hex, *at;

	hex = at = malloc(2 * len + 1);
	if (!hex)
		return;
	for (; len; len--, p++) {
		*at++ = digits[*p >> 4];
		*at++ = digits[*p & 15];
	}
	text = json_object_new_string_len(hex, at - hex);
	free(hex);
	json_object_object_add(obj, key, text);
}

static void json_flags(json_object *obj, const struct tqueue_record *rec)
{
	static const struct tq_name names[] = {
		{ "truncated", TQUEUE_RECORD_F_TRUNCATED },
		{ "gso", TQUEUE_RECORD_F_GSO },
		{ "csum_partial", TQUEUE_RECORD_F_CSUM_PARTIAL },
		{ "vlan", TQUEUE_RECORD_F_VLAN },
		{ "stolen", TQUEUE_RECORD_F_STOLEN },
		{ NULL, 0 }
	}, *n;
	json_object *list = json_object_new_array();

	for (n = names; n->name; n++)
		if (rec->flags & n->value)
			json_object_array_add(list, json_object_new_string(n->name));
	json_object_object_add(obj, "flags", list);
	if (rec->flags & TQUEUE_RECORD_F_VLAN) {
		add_u64(obj, "vlan_tci", rec->vlan_tci);
		add_u64(obj, "vlan_proto", ntohs(rec->vlan_proto));
	}
	if (rec->flags & TQUEUE_RECORD_F_GSO)
		add_u64(obj, "gso_size", rec->gso_size);
}

static void json_flow(json_object *obj, const struct tqueue_record *rec, const void *payload)
{
	struct flow flow;

	read_flow(&flow, rec, payload);
	if (!flow.family)
		return;
	add_text(obj, "src", flow.src);
	add_text(obj, "dst", flow.dst);
	if (flow.ports) {
		add_u64(obj, "sport", flow.sport);
		add_u64(obj, "dport", flow.dport);
	}
}

static void json_packet(json_object *obj, const struct tqueue_record *rec, const void *payload,
			const struct record_names *names)
{
	if (rec->table)
		add_text(obj, "table", names->table);
	if (rec->rule) {
		add_u64(obj, "rule", rec->rule);
		add_u64(obj, "generation", rec->generation);
	}
	if (rec->verdict)
		add_name(obj, "verdict", tq_verdicts, rec->verdict);
	if (rec->hook)
		add_name(obj, "hook", tq_points, rec->hook);
	if (rec->family)
		add_name(obj, "family", tq_rule_families, rec->family);
	if (rec->iif)
		add_text(obj, "iif", names->iif);
	if (rec->oif)
		add_text(obj, "oif", names->oif);
	add_name(obj, "proto", tq_protocols, rec->protocol);
	add_u64(obj, "mark", rec->mark);
	add_u64(obj, "linktype", rec->linktype);
	add_u64(obj, "mac_bytes", rec->mac_len);
	json_flags(obj, rec);
	json_flow(obj, rec, payload);
}

static void json_lost(json_object *obj, const struct tqueue_record *rec, const void *payload)
{
	json_object *causes = json_object_new_object();
	struct tqueue_lost lost;
	int i;

	read_lost(rec, payload, &lost);
	add_u64(obj, "lost", lost.count);
	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++) {
		char number[24];
		const char *name = tq_name(tq_losses, i);

		snprintf(number, sizeof(number), "cause_%d", i);
		if (lost.cause[i])
			add_u64(causes, name ? name : number, lost.cause[i]);
	}
	json_object_object_add(obj, "causes", causes);
}

json_object *json_record(const struct tqueue_record *rec, const void *payload,
			 const struct record_names *names)
{
	static const struct tq_name types[] = {
		{ "packet", TQUEUE_RECORD_PACKET },
		{ "message", TQUEUE_RECORD_MESSAGE },
		{ "lost", TQUEUE_RECORD_LOST },
		{ NULL, 0 }
	};
	json_object *obj = json_object_new_object();

	add_name(obj, "type", types, rec->type);
	add_time(obj, "time", rec->real_ns);
	add_u64(obj, "real_ns", rec->real_ns);
	add_u64(obj, "mono_ns", rec->mono_ns);
	add_u64(obj, "cpu", rec->cpu);
	add_u64(obj, "seq", rec->seq);
	add_u64(obj, "queue", rec->queue);
	if (names->queue)
		add_text(obj, "queue_name", names->queue);
	if (rec->type == TQUEUE_RECORD_LOST) {
		json_lost(obj, rec, payload);
		return obj;
	}
	if (rec->type == TQUEUE_RECORD_PACKET)
		json_packet(obj, rec, payload, names);
	add_u64(obj, "caplen", rec->caplen);
	add_u64(obj, "origlen", rec->origlen);
	add_hex(obj, "payload", payload, rec->caplen);
	return obj;
}
