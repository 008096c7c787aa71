// SPDX-License-Identifier: GPL-2.0-only
/* A rule's words to a struct; and printed, the words that make it again. */
#include "unit.h"
#include "print.h"

static void print(const struct tq_rule *r, char text[1024])
{
	FILE *f = fmemopen(text, 1024, "w");

	assert_non_null(f);
	print_rule(f, r, false);
	fclose(f);
}

static int parse(const char *text, struct tq_rule *r)
{
	struct line line;

	return parse_rule(line_init(&line, text), r);
}

#define BIT(name)	TQ_BIT(TQUEUE_A_RULE_##name)

static void test_fields(void **state)
{
	struct tq_rule r;

	assert_int_equal(parse("prio 10 src 203.0.113.0/24 proto tcp dport 22-23 queue ids snaplen 96 "
			       "queue other drop timeout 1h", &r), 0);
	assert_int_equal(r.prio, 10);
	assert_int_equal(r.family, TQUEUE_FAMILY_IPV4);
	assert_int_equal(r.src.len, 4);
	assert_memory_equal(r.src.bytes, "\xcb\x00\x71\x00", 4);
	assert_int_equal(r.src_len, 24);
	assert_int_equal(r.proto, 6);
	assert_int_equal(r.dport_min, 22);
	assert_int_equal(r.dport_max, 23);
	assert_int_equal(r.copy_n, 2);
	assert_string_equal(r.copy[0].queue, "ids");
	assert_int_equal(r.copy[0].snaplen, 96);
	assert_string_equal(r.copy[1].queue, "other");
	assert_int_equal(r.copy[1].has & TQ_BIT(TQUEUE_A_COPY_SNAPLEN), 0);
	assert_int_equal(r.verdict, TQUEUE_VERDICT_DROP);
	assert_int_equal(r.timeout_ms, 3600000);
	assert_true(r.has == (BIT(PRIO) | BIT(FAMILY) | BIT(SRC) | BIT(SRC_LEN) | BIT(PROTO) |
			      BIT(DPORT_MIN) | BIT(DPORT_MAX) | BIT(VERDICT) | BIT(TIMEOUT_MS)));

	assert_int_equal(parse("dst 2001:db8::/32 tcp-flags syn/syn,ack proto tcp ttl dec 1 "
			       "mark 0x10/0xf0 sample 1:100 limit 50/s burst 10 frag first,later", &r), 0);
	assert_int_equal(r.family, TQUEUE_FAMILY_IPV6);
	assert_int_equal(r.dst_len, 32);
	assert_int_equal(r.tcp_flags, 0x02);
	assert_int_equal(r.tcp_mask, 0x12);
	assert_int_equal(r.add_ttl, -1);
	assert_int_equal(r.mark, 0x10);
	assert_int_equal(r.mark_mask, 0xf0);
	assert_int_equal(r.sample, 100);
	assert_int_equal(r.rate, 50);
	assert_int_equal(r.burst, 10);
	assert_int_equal(r.frag, TQUEUE_FRAG_FIRST | TQUEUE_FRAG_LATER);
	assert_false(r.has & BIT(VERDICT));

	assert_int_equal(parse("nfqueue 7 bypass", &r), 0);
	assert_int_equal(r.verdict, TQUEUE_VERDICT_NFQUEUE);
	assert_int_equal(r.nfqueue_num, 7);
	assert_int_equal(r.flags, TQUEUE_RULE_F_BYPASS);

	assert_int_equal(parse("steal ids else drop", &r), 0);
	assert_int_equal(r.verdict, TQUEUE_VERDICT_STEAL);
	assert_string_equal(r.steal_queue, "ids");
	assert_int_equal(r.steal_else, TQUEUE_VERDICT_DROP);
}

static void test_golden(void **state)
{
	static const char *const rows[][2] = {
		/* said, printed */
		{ "handle 7", "handle 7 prio 0" },
		{ "handle 7 drop prio 5", "handle 7 prio 5 drop" },
		{ "handle 7 src 10.0.0.1", "handle 7 prio 0 src 10.0.0.1" },
		{ "handle 7 src 10.0.0.0/8 dst 0.0.0.0/0", "handle 7 prio 0 src 10.0.0.0/8 dst 0.0.0.0/0" },
		{ "handle 7 dst 2001:DB8:0:0::1", "handle 7 prio 0 dst 2001:db8::1" },
		{ "handle 7 proto 17 dport 53-53", "handle 7 prio 0 proto udp dport 53" },
		{ "handle 7 proto 200", "handle 7 prio 0 proto 200" },
		{ "handle 7 queue a queue b snaplen 64 accept", "handle 7 prio 0 queue a queue b snaplen 64 accept" },
		{ "handle 7 timeout 3600", "handle 7 prio 0 timeout 1h" },
		{ "handle 7 ttl inc 3", "handle 7 prio 0 ttl inc 3" },
		{ "handle 7 mark 255", "handle 7 prio 0 mark 0xff" },
		{ "handle 7 steal q else pass", "handle 7 prio 0 steal q else pass" },
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		char text[1024];
		struct tq_rule r;

		assert_int_equal(parse(rows[i][0], &r), 0);
		print(&r, text);
		assert_string_equal(text, rows[i][1]);
	}
}

static uint32_t seed = 1;

static uint32_t any(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void random_address(struct tq_rule *r, struct tq_addr *a, uint32_t *len, uint64_t bits)
{
	unsigned int i;

	a->len = r->family == TQUEUE_FAMILY_IPV6 ? 16 : 4;
	*len = any(a->len * 8 + 1);
	for (i = 0; i < *len; i++)
		if (any(2))
			a->bytes[i / 8] |= 0x80 >> i % 8;
	r->has |= bits;
}

static void random_name(char *name, size_t size)
{
	static const char chars[] = "abcXYZ019_.-";
	size_t len = 1 + any(size - 1), i;

	name[0] = 'n';
	for (i = 1; i < len; i++)
		name[i] = chars[any(sizeof(chars) - 1)];
	name[len] = 0;
}

static void random_range(uint32_t *min, uint32_t *max, uint32_t limit)
{
	*min = any(limit + 1);
	*max = *min + any(limit - *min + 1);
}

/* Anything that can be said. */
static void random_rule(struct tq_rule *r)
{
	memset(r, 0, sizeof(*r));
	r->has = BIT(PRIO) | BIT(HANDLE);
	r->handle = 1 + any(1000);
	r->prio = any(3) * 1000;
	if (any(2)) {
		r->has |= BIT(FAMILY);
		r->family = any(2) ? TQUEUE_FAMILY_IPV4 : TQUEUE_FAMILY_IPV6;
		if (any(2))
			random_address(r, &r->src, &r->src_len, BIT(SRC) | BIT(SRC_LEN));
		if (any(2))
			random_address(r, &r->dst, &r->dst_len, BIT(DST) | BIT(DST_LEN));
	}
	if (any(2)) {
		r->has |= BIT(PROTO);
		r->proto = any(256);
	}
	if (any(3) == 0) {
		r->has |= BIT(SPORT_MIN) | BIT(SPORT_MAX);
		random_range(&r->sport_min, &r->sport_max, 65535);
	}
	if (any(3) == 0) {
		r->has |= BIT(DPORT_MIN) | BIT(DPORT_MAX);
		random_range(&r->dport_min, &r->dport_max, 65535);
	}
	if (any(5) == 0) {
		r->has |= BIT(ICMP_TYPE);
		r->icmp_type = any(256);
		if (any(2)) {
			r->has |= BIT(ICMP_CODE);
			r->icmp_code = any(256);
		}
	}
	if (any(5) == 0) {
		r->has |= BIT(TCP_FLAGS) | BIT(TCP_MASK);
		r->tcp_mask = 1 + any(255);
		r->tcp_flags = any(256) & r->tcp_mask;
	}
	if (any(4) == 0) {
		r->has |= BIT(IIF);
		random_name(r->iif, sizeof(r->iif) - 1);
		strcat(r->iif, any(2) ? "+" : "");
	}
	if (any(4) == 0) {
		r->has |= BIT(OIF);
		random_name(r->oif, sizeof(r->oif));
	}
	if (any(4) == 0) {
		r->has |= BIT(MARK) | BIT(MARK_MASK);
		r->mark_mask = any(2) ? UINT32_MAX : any(UINT32_MAX);
		r->mark = any(UINT32_MAX) & r->mark_mask;
	}
	if (any(4) == 0) {
		r->has |= BIT(DSCP);
		r->dscp = any(64);
	}
	if (any(4) == 0) {
		r->has |= BIT(LEN_MIN) | BIT(LEN_MAX);
		random_range(&r->len_min, &r->len_max, 100000);
	}
	if (any(4) == 0) {
		r->has |= BIT(FRAG);
		r->frag = 1 + any(7);
	}
	if (any(4) == 0) {
		r->has |= BIT(CT_STATE);
		r->ct_state = 1 + any(31);
	}
}

static void random_actions(struct tq_rule *r)
{
	r->copy_n = any(2) ? any(TQUEUE_RULE_COPIES_MAX + 1) : 0;
	for (unsigned int i = 0; i < r->copy_n; i++) {
		r->copy[i].has = TQ_BIT(TQUEUE_A_COPY_QUEUE);
		random_name(r->copy[i].queue, TQUEUE_NAME_SIZE);
		if (any(2)) {
			r->copy[i].has |= TQ_BIT(TQUEUE_A_COPY_SNAPLEN);
			r->copy[i].snaplen = 1 + any(65535);
		}
	}
	if (any(4) == 0) {
		r->has |= BIT(SAMPLE);
		r->sample = 1 + any(1000);
	}
	if (any(4) == 0) {
		r->has |= BIT(RATE);
		r->rate = 1 + any(1000000);
		if (any(2)) {
			r->has |= BIT(BURST);
			r->burst = 1 + any(1000);
		}
	}
	if (any(4) == 0) {
		r->has |= BIT(SET_MARK) | BIT(SET_MARK_MASK);
		r->set_mark_mask = any(2) ? UINT32_MAX : any(UINT32_MAX);
		r->set_mark = any(UINT32_MAX) & r->set_mark_mask;
	}
	switch (any(4)) {
	case 0:
		r->has |= BIT(SET_TTL);
		r->set_ttl = 1 + any(255);
		break;
	case 1:
		r->has |= BIT(ADD_TTL);
		r->add_ttl = any(2) ? 1 + (int32_t)any(255) : -1 - (int32_t)any(255);
		break;
	}
	if (any(4) == 0) {
		r->has |= BIT(SET_DSCP);
		r->set_dscp = any(64);
	}
	if (any(2)) {
		r->has |= BIT(VERDICT);
		r->verdict = TQUEUE_VERDICT_PASS + any(7);
	}
	if (r->verdict == TQUEUE_VERDICT_NFQUEUE) {
		r->has |= BIT(NFQUEUE_NUM);
		r->nfqueue_num = any(65536);
		if (any(2)) {
			r->has |= BIT(FLAGS);
			r->flags = TQUEUE_RULE_F_BYPASS;
		}
	} else if (r->verdict == TQUEUE_VERDICT_STEAL) {
		r->has |= BIT(STEAL_QUEUE);
		random_name(r->steal_queue, TQUEUE_NAME_SIZE);
		if (any(2)) {
			r->has |= BIT(STEAL_ELSE);
			r->steal_else = any(2) ? TQUEUE_VERDICT_PASS : TQUEUE_VERDICT_DROP;
		}
	}
	if (any(4) == 0) {
		r->has |= BIT(TIMEOUT_MS);
		r->timeout_ms = 1 + any(100000000);
	}
}

static void test_round_trip(void **state)
{
	struct tq_rule want, got;
	char text[1024];
	struct line line;
	int i;

	for (i = 0; i < 50000; i++) {
		random_rule(&want);
		random_actions(&want);
		print(&want, text);
		if (strlen(text) >= sizeof(line.text))
			continue;
		if (parse_rule(line_init(&line, text), &got))
			fail_msg("%s\n%s", text, line.p.err);
		if (memcmp(&want, &got, sizeof(want))) {
			char again[1024];

			print(&got, again);
			fail_msg("%s\nbecame %s, has %llx and %llx", text, again,
				 (unsigned long long)want.has, (unsigned long long)got.has);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
