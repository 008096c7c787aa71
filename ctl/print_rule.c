// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE	/* fputs_unlocked() */
#include <json-c/json.h>

#include "print.h"

#define HAS(name)	(r->has & TQ_BIT(TQUEUE_A_RULE_##name))

/* ---- text ---- */

/* What most rules have is printed without printf(): there may be millions. */
static void text(FILE *f, const char *key, const char *v)
{
	fputs_unlocked(key, f);
	fputs_unlocked(v, f);
}

static void text_u64(FILE *f, const char *key, uint64_t v)
{
	fputs_unlocked(key, f);
	print_u64(f, v);
}

static void text_range(FILE *f, const char *key, uint32_t min, uint32_t max)
{
	text_u64(f, key, min);
	if (min != max)
		text_u64(f, "-", max);
}

static void text_masked(FILE *f, const char *key, uint32_t v, uint32_t mask)
{
	if (mask == TQ_ALL_ONES)
		fprintf(f, " %s 0x%x", key, v);
	else
		fprintf(f, " %s 0x%x/0x%x", key, v, mask);
}

static void text_set(FILE *f, const struct tq_name *names, uint32_t v)
{
	const char *sep = "";

	for (; names->name; names++) {
		if (!(v & names->value))
			continue;
		fprintf(f, "%s%s", sep, names->name);
		sep = ",";
	}
	if (!*sep)
		fputs("none", f);
}

static void text_ms(FILE *f, const char *key, uint64_t ms)
{
	char buf[PRINT_SIZE * 2];

	text(f, key, print_time(buf, ms * 1000));
}

static void text_proto(FILE *f, uint32_t proto)
{
	const char *name = tq_name(tq_protocols, proto);

	if (name)
		text(f, " proto ", name);
	else
		text_u64(f, " proto ", proto);
}

static void text_match(FILE *f, const struct tq_rule *r)
{
	char buf[PRINT_PREFIX];

	if (HAS(FAMILY) && !HAS(SRC) && !HAS(DST))
		text(f, " family ", r->family == TQUEUE_FAMILY_IPV6 ? "ip6" : "ip");
	if (HAS(SRC))
		text(f, " src ", print_prefix(buf, &r->src, r->src_len));
	if (HAS(DST))
		text(f, " dst ", print_prefix(buf, &r->dst, r->dst_len));
	if (HAS(PROTO))
		text_proto(f, r->proto);
	if (HAS(SPORT_MIN))
		text_range(f, " sport ", r->sport_min, r->sport_max);
	if (HAS(DPORT_MIN))
		text_range(f, " dport ", r->dport_min, r->dport_max);
	if (HAS(ICMP_TYPE))
		fprintf(f, " icmp-type %u", r->icmp_type);
	if (HAS(ICMP_CODE))
		fprintf(f, "/%u", r->icmp_code);
	if (HAS(TCP_FLAGS)) {
		fputs(" tcp-flags ", f);
		text_set(f, tq_tcp_flags, r->tcp_flags);
		fputc('/', f);
		text_set(f, tq_tcp_flags, r->tcp_mask);
	}
	if (HAS(IIF))
		fprintf(f, " iif %s", r->iif);
	if (HAS(OIF))
		fprintf(f, " oif %s", r->oif);
	if (HAS(MARK))
		text_masked(f, "mark", r->mark, HAS(MARK_MASK) ? r->mark_mask : TQ_ALL_ONES);
	if (HAS(DSCP))
		fprintf(f, " dscp %u", r->dscp);
	if (HAS(LEN_MIN))
		text_range(f, " len ", r->len_min, r->len_max);
	if (HAS(FRAG)) {
		fputs(" frag ", f);
		text_set(f, tq_frags, r->frag);
	}
	if (HAS(CT_STATE)) {
		fputs(" ct ", f);
		text_set(f, tq_ct_states, r->ct_state);
	}
}

static void text_actions(FILE *f, const struct tq_rule *r)
{
	unsigned int i;

	for (i = 0; i < r->copy_n; i++) {
		text(f, " queue ", r->copy[i].queue);
		if (r->copy[i].has & TQ_BIT(TQUEUE_A_COPY_SNAPLEN))
			text_u64(f, " snaplen ", r->copy[i].snaplen);
	}
	if (HAS(SAMPLE))
		fprintf(f, " sample %u", r->sample);
	if (HAS(RATE))
		fprintf(f, " limit %u/s", r->rate);
	if (HAS(BURST))
		fprintf(f, " burst %u", r->burst);
	if (HAS(SET_MARK))
		text_masked(f, "set-mark", r->set_mark,
			    HAS(SET_MARK_MASK) ? r->set_mark_mask : TQ_ALL_ONES);
	if (HAS(SET_TTL))
		fprintf(f, " ttl set %u", r->set_ttl);
	if (HAS(ADD_TTL))
		fprintf(f, " ttl %s %u", r->add_ttl < 0 ? "dec" : "inc",
			r->add_ttl < 0 ? -(uint32_t)r->add_ttl : (uint32_t)r->add_ttl);
	if (HAS(SET_DSCP))
		fprintf(f, " set-dscp %u", r->set_dscp);
}

static void text_verdict(FILE *f, const struct tq_rule *r)
{
	const char *name = tq_name(tq_verdicts, r->verdict);

	if (!HAS(VERDICT))
		return;
	if (name)
		text(f, " ", name);
	else
		text_u64(f, " verdict-", r->verdict);
	if (r->verdict == TQUEUE_VERDICT_NFQUEUE)
		fprintf(f, " %u%s", r->nfqueue_num,
			r->flags & TQUEUE_RULE_F_BYPASS ? " bypass" : "");
	if (r->verdict == TQUEUE_VERDICT_STEAL)
		fprintf(f, " %s", r->steal_queue);
	if (HAS(STEAL_ELSE))
		fprintf(f, " else %s", r->steal_else == TQUEUE_VERDICT_DROP ? "drop" : "pass");
}

void print_rule_words(FILE *f, const struct tq_rule *r)
{
	text_match(f, r);
	text_actions(f, r);
	text_verdict(f, r);
}

void print_rule_state(FILE *f, const struct tq_rule *r)
{
	if (HAS(EXPIRES_MS))
		text_ms(f, " expires ", r->expires_ms);
	if (HAS(PACKETS))
		text_u64(f, " packets ", r->packets);
	if (HAS(BYTES))
		text_u64(f, " bytes ", r->bytes);
	if (HAS(COPIES))
		text_u64(f, " copies ", r->copies);
	if (HAS(LAST_HIT_MS) && r->last_hit_ms)
		text_u64(f, " last-hit ", r->last_hit_ms);
}

void print_rule(FILE *f, const struct tq_rule *r, bool counters)
{
	text_u64(f, "handle ", r->handle);
	text_u64(f, " prio ", r->prio);
	print_rule_words(f, r);
	if (HAS(TIMEOUT_MS) && r->timeout_ms)
		text_ms(f, " timeout ", r->timeout_ms);
	if (counters)
		print_rule_state(f, r);
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

static void add_name(json_object *obj, const char *key, const struct tq_name *names,
		     int64_t value)
{
	const char *name = tq_name(names, value);

	json_object_object_add(obj, key, name ? json_object_new_string(name) :
						json_object_new_int64(value));
}

static void add_range(json_object *obj, const char *key, uint32_t min, uint32_t max)
{
	json_object *range = json_object_new_object();

	add_u64(range, "min", min);
	add_u64(range, "max", max);
	json_object_object_add(obj, key, range);
}

static void add_masked(json_object *obj, const char *key, uint32_t v, uint32_t mask)
{
	json_object *masked = json_object_new_object();

	add_u64(masked, "value", v);
	add_u64(masked, "mask", mask);
	json_object_object_add(obj, key, masked);
}

static void add_set(json_object *obj, const char *key, const struct tq_name *names, uint32_t v)
{
	json_object *list = json_object_new_array();

	for (; names->name; names++)
		if (v & names->value)
			json_object_array_add(list, json_object_new_string(names->name));
	json_object_object_add(obj, key, list);
}

static void json_match(json_object *obj, const struct tq_rule *r)
{
	char buf[PRINT_PREFIX];

	if (HAS(FAMILY))
		add_name(obj, "family", tq_rule_families, r->family);
	if (HAS(SRC))
		add_text(obj, "src", print_prefix(buf, &r->src, r->src_len));
	if (HAS(DST))
		add_text(obj, "dst", print_prefix(buf, &r->dst, r->dst_len));
	if (HAS(PROTO))
		add_name(obj, "proto", tq_protocols, r->proto);
	if (HAS(SPORT_MIN))
		add_range(obj, "sport", r->sport_min, r->sport_max);
	if (HAS(DPORT_MIN))
		add_range(obj, "dport", r->dport_min, r->dport_max);
	if (HAS(ICMP_TYPE))
		add_u64(obj, "icmp_type", r->icmp_type);
	if (HAS(ICMP_CODE))
		add_u64(obj, "icmp_code", r->icmp_code);
	if (HAS(TCP_FLAGS))
		add_masked(obj, "tcp_flags", r->tcp_flags, r->tcp_mask);
	if (HAS(IIF))
		add_text(obj, "iif", r->iif);
	if (HAS(OIF))
		add_text(obj, "oif", r->oif);
	if (HAS(MARK))
		add_masked(obj, "mark", r->mark, HAS(MARK_MASK) ? r->mark_mask : TQ_ALL_ONES);
	if (HAS(DSCP))
		add_u64(obj, "dscp", r->dscp);
	if (HAS(LEN_MIN))
		add_range(obj, "len", r->len_min, r->len_max);
	if (HAS(FRAG))
		add_set(obj, "frag", tq_frags, r->frag);
	if (HAS(CT_STATE))
		add_set(obj, "ct", tq_ct_states, r->ct_state);
}

static json_object *json_copies(const struct tq_rule *r)
{
	json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < r->copy_n; i++) {
		json_object *copy = json_object_new_object();

		add_text(copy, "name", r->copy[i].queue);
		if (r->copy[i].has & TQ_BIT(TQUEUE_A_COPY_SNAPLEN))
			add_u64(copy, "snaplen", r->copy[i].snaplen);
		json_object_array_add(list, copy);
	}
	return list;
}

static void json_actions(json_object *obj, const struct tq_rule *r)
{
	if (r->copy_n)
		json_object_object_add(obj, "queues", json_copies(r));
	if (HAS(SAMPLE))
		add_u64(obj, "sample", r->sample);
	if (HAS(RATE))
		add_u64(obj, "limit", r->rate);
	if (HAS(BURST))
		add_u64(obj, "burst", r->burst);
	if (HAS(SET_MARK))
		add_masked(obj, "set_mark", r->set_mark,
			   HAS(SET_MARK_MASK) ? r->set_mark_mask : TQ_ALL_ONES);
	if (HAS(SET_TTL))
		add_u64(obj, "ttl_set", r->set_ttl);
	if (HAS(ADD_TTL))
		json_object_object_add(obj, "ttl_add", json_object_new_int(r->add_ttl));
	if (HAS(SET_DSCP))
		add_u64(obj, "set_dscp", r->set_dscp);
}

static void json_verdict(json_object *obj, const struct tq_rule *r)
{
	if (HAS(VERDICT))
		add_name(obj, "verdict", tq_verdicts, r->verdict);
	if (HAS(NFQUEUE_NUM))
		add_u64(obj, "nfqueue", r->nfqueue_num);
	if (HAS(FLAGS) && r->flags & TQUEUE_RULE_F_BYPASS)
		json_object_object_add(obj, "bypass", json_object_new_boolean(1));
	if (HAS(STEAL_QUEUE))
		add_text(obj, "steal", r->steal_queue);
	if (HAS(STEAL_ELSE))
		add_name(obj, "steal_else", tq_verdicts, r->steal_else);
}

json_object *json_rule(const char *table, const struct tq_rule *r)
{
	json_object *obj = json_object_new_object();

	add_text(obj, "table", table);
	if (HAS(HANDLE))
		add_u64(obj, "handle", r->handle);
	add_u64(obj, "prio", r->prio);
	json_match(obj, r);
	json_actions(obj, r);
	json_verdict(obj, r);
	if (HAS(TIMEOUT_MS))
		add_u64(obj, "timeout_ms", r->timeout_ms);
	if (HAS(EXPIRES_MS))
		add_u64(obj, "expires_ms", r->expires_ms);
	if (HAS(PACKETS))
		add_u64(obj, "packets", r->packets);
	if (HAS(BYTES))
		add_u64(obj, "bytes", r->bytes);
	if (HAS(COPIES))
		add_u64(obj, "copies", r->copies);
	if (HAS(LAST_HIT_MS))
		add_u64(obj, "last_hit_ms", r->last_hit_ms);
	return obj;
}
