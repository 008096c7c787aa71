// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a rule.  keys[] is the whole language: parser, help and manual
 * page go by it.  Each word may be there once, but for "queue".
 */
#include <string.h>

#include "parse.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_RULE_##name)

typedef int key_fn(struct parse *p, struct tq_rule *r);

/* A family is given by name or comes with the first address. */
static int set_family(struct parse *p, struct tq_rule *r, uint32_t family)
{
	if ((r->has & BIT(FAMILY)) && r->family != family)
		return parse_bad(p, "the rule is for family %s already",
				 tq_name(tq_rule_families, r->family));
	r->family = family;
	r->has |= BIT(FAMILY);
	return 0;
}

static int key_handle(struct parse *p, struct tq_rule *r)
{
	return parse_u64(p, &r->handle, 1);
}

static int key_prio(struct parse *p, struct tq_rule *r)
{
	return parse_u32(p, &r->prio, 0, UINT32_MAX);
}

static int key_family(struct parse *p, struct tq_rule *r)
{
	uint32_t family;

	if (parse_enum(p, tq_rule_families, "a family of a rule", &family))
		return -1;
	return set_family(p, r, family);
}

static int address(struct parse *p, struct tq_rule *r, struct tq_addr *addr, uint32_t *len)
{
	if (parse_prefix(p, addr, len))
		return -1;
	return set_family(p, r, addr->len == 4 ? TQUEUE_FAMILY_IPV4 : TQUEUE_FAMILY_IPV6);
}

static int key_src(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(SRC_LEN);
	return address(p, r, &r->src, &r->src_len);
}

static int key_dst(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(DST_LEN);
	return address(p, r, &r->dst, &r->dst_len);
}

static int key_proto(struct parse *p, struct tq_rule *r)
{
	const char *word;
	int64_t value;
	uint64_t n;

	if (parse_need(p, &word, "a protocol"))
		return -1;
	value = tq_value(tq_protocols, word);
	if (value < 0) {
		if (text_u64(word, &n) || n > 255)
			return parse_bad(p, "neither a protocol known by name nor 0 to 255");
		value = n;
	}
	r->proto = value;
	return 0;
}

static int key_sport(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(SPORT_MAX);
	return parse_range(p, &r->sport_min, &r->sport_max, 65535);
}

static int key_dport(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(DPORT_MAX);
	return parse_range(p, &r->dport_min, &r->dport_max, 65535);
}

static int key_icmp_type(struct parse *p, struct tq_rule *r)
{
	const char *word, *rest;
	uint64_t type, code = 0;
	char head[32];

	if (parse_need(p, &word, "a type or type/code"))
		return -1;
	rest = text_cut(word, '/', head, sizeof(head));
	if (text_u64(rest ? head : word, &type) || (rest && text_u64(rest, &code)))
		return parse_bad(p, "neither a type nor type/code");
	if (type > 255 || code > 255)
		return parse_bad(p, "type and code are 0 to 255");
	r->icmp_type = type;
	r->icmp_code = code;
	if (rest)
		r->has |= BIT(ICMP_CODE);
	return 0;
}

/* "syn,ack", "none" or a number */
static int tcp_flag_set(const char *text, size_t len, uint32_t *v)
{
	char part[40];
	const char *at;
	uint64_t n;

	if (len >= sizeof(part))
		return -1;
	memcpy(part, text, len);
	part[len] = 0;
	*v = 0;
	if (!strcmp(part, "none"))
		return 0;
	if (!text_u64(part, &n)) {
		*v = n;
		return n > 255 ? -1 : 0;
	}
	for (at = part; ; ) {
		size_t word = strcspn(at, ",");
		bool more = at[word];
		int64_t flag;

		part[at - part + word] = 0;
		flag = tq_value(tq_tcp_flags, at);
		if (flag < 0)
			return -1;
		*v |= flag;
		if (!more)
			return 0;
		at += word + 1;
	}
}

static int key_tcp_flags(struct parse *p, struct tq_rule *r)
{
	const char *word, *slash;

	if (parse_need(p, &word, "flags/mask"))
		return -1;
	slash = strchr(word, '/');
	if (!slash)
		return parse_bad(p, "no mask: flags/mask, as syn/syn,ack");
	if (tcp_flag_set(word, slash - word, &r->tcp_flags) ||
	    tcp_flag_set(slash + 1, strlen(slash + 1), &r->tcp_mask))
		return parse_bad(p, "not flags/mask of fin, syn, rst, psh, ack, urg, ece, cwr");
	if (!r->tcp_mask)
		return parse_bad(p, "the mask is empty");
	if (r->tcp_flags & ~r->tcp_mask)
		return parse_bad(p, "there are flags that are not in the mask");
	r->has |= BIT(TCP_MASK);
	return 0;
}

static int key_iif(struct parse *p, struct tq_rule *r)
{
	return parse_ifname(p, r->iif);
}

static int key_oif(struct parse *p, struct tq_rule *r)
{
	return parse_ifname(p, r->oif);
}

static int key_mark(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(MARK_MASK);
	return parse_masked(p, &r->mark, &r->mark_mask);
}

static int dscp(struct parse *p, uint32_t *v)
{
	const char *word;
	int64_t value;
	uint64_t n;

	if (parse_need(p, &word, "a DSCP"))
		return -1;
	value = tq_value(tq_dscps, word);
	if (value < 0) {
		if (text_u64(word, &n) || n > 63)
			return parse_bad(p, "neither a DSCP, as ef or af11, nor 0 to 63");
		value = n;
	}
	*v = value;
	return 0;
}

static int key_dscp(struct parse *p, struct tq_rule *r)
{
	return dscp(p, &r->dscp);
}

static int key_len(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(LEN_MAX);
	return parse_range(p, &r->len_min, &r->len_max, UINT32_MAX);
}

static int key_frag(struct parse *p, struct tq_rule *r)
{
	return parse_set(p, tq_frags, "a kind of packet", &r->frag);
}

static int key_ct(struct parse *p, struct tq_rule *r)
{
	return parse_set(p, tq_ct_states, "a state", &r->ct_state);
}

static int key_queue(struct parse *p, struct tq_rule *r)
{
	struct tq_copy *c;

	if (r->copy_n == TQUEUE_RULE_COPIES_MAX)
		return parse_bad(p, "more than %d queues in one rule", TQUEUE_RULE_COPIES_MAX);
	c = &r->copy[r->copy_n++];
	c->has = TQ_BIT(TQUEUE_A_COPY_QUEUE);
	if (parse_name(p, c->queue, "the name of a queue"))
		return -1;
	if (parse_take(p, "snaplen")) {
		c->has |= TQ_BIT(TQUEUE_A_COPY_SNAPLEN);
		return parse_u32(p, &c->snaplen, 1, UINT32_MAX);
	}
	return 0;
}

static int key_sample(struct parse *p, struct tq_rule *r)
{
	const char *word;
	uint64_t n;

	if (parse_need(p, &word, "a number"))
		return -1;
	if (text_u64(strncmp(word, "1:", 2) ? word : word + 2, &n) || !n || n > UINT32_MAX)
		return parse_bad(p, "neither N nor 1:N");
	r->sample = n;
	return 0;
}

static int key_limit(struct parse *p, struct tq_rule *r)
{
	const char *word, *rest;
	char head[32];
	uint64_t n;

	if (parse_need(p, &word, "packets per second"))
		return -1;
	rest = text_cut(word, '/', head, sizeof(head));
	if (text_u64(rest ? head : word, &n) || !n || n > UINT32_MAX ||
	    (rest && strcmp(rest, "s")))
		return parse_bad(p, "neither N nor N/s, packets per second");
	r->rate = n;
	if (parse_take(p, "burst")) {
		r->has |= BIT(BURST);
		return parse_u32(p, &r->burst, 1, UINT32_MAX);
	}
	return 0;
}

static int key_set_mark(struct parse *p, struct tq_rule *r)
{
	r->has |= BIT(SET_MARK_MASK);
	return parse_masked(p, &r->set_mark, &r->set_mark_mask);
}

static int key_ttl(struct parse *p, struct tq_rule *r)
{
	uint32_t n;

	if (parse_take(p, "set")) {
		r->has |= BIT(SET_TTL);
		return parse_u32(p, &r->set_ttl, 1, 255);
	}
	r->has |= BIT(ADD_TTL);
	if (parse_take(p, "inc")) {
		if (parse_u32(p, &n, 1, 255))
			return -1;
		r->add_ttl = n;
		return 0;
	}
	if (parse_take(p, "dec")) {
		if (parse_u32(p, &n, 1, 255))
			return -1;
		r->add_ttl = -(int32_t)n;
		return 0;
	}
	if (parse_next(p))
		return parse_bad(p, "not set N, inc N or dec N");
	return parse_bad(p, "set N, inc N or dec N must follow");
}

static int key_set_dscp(struct parse *p, struct tq_rule *r)
{
	return dscp(p, &r->set_dscp);
}

static int key_verdict(struct parse *p, struct tq_rule *r)
{
	r->verdict = tq_value(tq_verdicts, p->words[p->at - 1]);
	return 0;
}

static int key_nfqueue(struct parse *p, struct tq_rule *r)
{
	r->verdict = TQUEUE_VERDICT_NFQUEUE;
	r->has |= BIT(NFQUEUE_NUM);
	if (parse_u32(p, &r->nfqueue_num, 0, 65535))
		return -1;
	if (parse_take(p, "bypass")) {
		r->has |= BIT(FLAGS);
		r->flags |= TQUEUE_RULE_F_BYPASS;
	}
	return 0;
}

static int key_steal(struct parse *p, struct tq_rule *r)
{
	r->verdict = TQUEUE_VERDICT_STEAL;
	r->has |= BIT(STEAL_QUEUE);
	if (parse_name(p, r->steal_queue, "the name of a queue"))
		return -1;
	if (!parse_take(p, "else"))
		return 0;
	r->has |= BIT(STEAL_ELSE);
	if (parse_take(p, "drop"))
		r->steal_else = TQUEUE_VERDICT_DROP;
	else if (parse_take(p, "pass"))
		r->steal_else = TQUEUE_VERDICT_PASS;
	else if (parse_next(p))
		return parse_bad(p, "neither drop nor pass");
	else
		return parse_bad(p, "drop or pass must follow");
	return 0;
}

static int milliseconds(struct parse *p, uint64_t *ms)
{
	uint64_t us;

	if (parse_time(p, &us))
		return -1;
	if (us % 1000)
		return parse_bad(p, "not whole milliseconds");
	*ms = us / 1000;
	return 0;
}

static int key_timeout(struct parse *p, struct tq_rule *r)
{
	return milliseconds(p, &r->timeout_ms);
}

static int key_expires(struct parse *p, struct tq_rule *r)
{
	return milliseconds(p, &r->expires_ms);
}

static int key_packets(struct parse *p, struct tq_rule *r)
{
	return parse_u64(p, &r->packets, 0);
}

static int key_bytes(struct parse *p, struct tq_rule *r)
{
	return parse_u64(p, &r->bytes, 0);
}

static int key_copies(struct parse *p, struct tq_rule *r)
{
	return parse_u64(p, &r->copies, 0);
}

static int key_last_hit(struct parse *p, struct tq_rule *r)
{
	return parse_u64(p, &r->last_hit_ms, 0);
}

/* @bit: the attribute that tells that the word was there; more than one of
 * these per rule is refused.
 */
static const struct rule_key {
	struct parse_key	key;
	uint64_t		bit;
	key_fn			*parse;
} keys[] = {
	{ { "prio", "N", "lower numbers are looked at first; default 0" },
	  BIT(PRIO), key_prio },
	{ { "handle", "N", "the rule's handle; default: the kernel's choice" },
	  BIT(HANDLE), key_handle },

	{ { "family", "ip|ip6", "IPv4 or IPv6 only; an address implies it" },
	  BIT(FAMILY), key_family },
	{ { "src", "PREFIX", "source address" }, BIT(SRC), key_src },
	{ { "dst", "PREFIX", "destination address" }, BIT(DST), key_dst },
	{ { "proto", "NAME|N", "transport protocol" }, BIT(PROTO), key_proto },
	{ { "sport", "N[-M]", "source port; for packets with ports" },
	  BIT(SPORT_MIN), key_sport },
	{ { "dport", "N[-M]", "destination port; for packets with ports" },
	  BIT(DPORT_MIN), key_dport },
	{ { "icmp-type", "N[/CODE]", "with proto icmp or icmpv6" },
	  BIT(ICMP_TYPE), key_icmp_type },
	{ { "tcp-flags", "FLAGS/MASK", "with proto tcp, as syn/syn,ack" },
	  BIT(TCP_FLAGS), key_tcp_flags },
	{ { "iif", "NAME", "interface it came in by; a last + is a wildcard" },
	  BIT(IIF), key_iif },
	{ { "oif", "NAME", "interface it leaves by" }, BIT(OIF), key_oif },
	{ { "mark", "V[/MASK]", "packet mark" }, BIT(MARK), key_mark },
	{ { "dscp", "N|NAME", "DSCP, as 46 or ef" }, BIT(DSCP), key_dscp },
	{ { "len", "N[-M]", "bytes from the network header on" }, BIT(LEN_MIN), key_len },
	{ { "frag", "KIND[,KIND]", "none, first or later" }, BIT(FRAG), key_frag },
	{ { "ct", "STATE[,STATE]", "new, established, related, invalid or untracked" },
	  BIT(CT_STATE), key_ct },

	{ { "queue", "NAME [snaplen N]", "copy to this queue; several are possible" },
	  0, key_queue },
	{ { "sample", "N", "copy each Nth packet only" }, BIT(SAMPLE), key_sample },
	{ { "limit", "N[/s] [burst N]", "copy so many packets a second at most" },
	  BIT(RATE), key_limit },
	{ { "set-mark", "V[/MASK]", "set the packet's mark" }, BIT(SET_MARK), key_set_mark },
	{ { "ttl", "set N|inc N|dec N", "change TTL or hop limit" },
	  BIT(SET_TTL) | BIT(ADD_TTL), key_ttl },
	{ { "set-dscp", "N|NAME", "change the DSCP" }, BIT(SET_DSCP), key_set_dscp },

	{ { "pass", "", "verdict: go on after the table (the default)" },
	  BIT(VERDICT), key_verdict },
	{ { "accept", "", "verdict: accept the packet" }, BIT(VERDICT), key_verdict },
	{ { "drop", "", "verdict: drop the packet" }, BIT(VERDICT), key_verdict },
	{ { "next", "", "verdict: look on in this table" }, BIT(VERDICT), key_verdict },
	{ { "repeat", "", "verdict: look again from the start, 4 times at most" },
	  BIT(VERDICT), key_verdict },
	{ { "nfqueue", "N [bypass]", "verdict: to NFQUEUE number N" },
	  BIT(VERDICT), key_nfqueue },
	{ { "steal", "QUEUE [else drop|pass]", "verdict: the packet ends in this queue" },
	  BIT(VERDICT), key_steal },

	{ { "timeout", "TIME", "the rule ends by itself after so long" },
	  BIT(TIMEOUT_MS), key_timeout },
	{ { "expires", "TIME", "what is left of the timeout (to restore)" },
	  BIT(EXPIRES_MS), key_expires },
	{ { "packets", "N", "counters to go on from (to restore)" },
	  BIT(PACKETS), key_packets },
	{ { "bytes", "N", "" }, BIT(BYTES), key_bytes },
	{ { "copies", "N", "" }, BIT(COPIES), key_copies },
	{ { "last-hit", "MS", "milliseconds since the epoch" }, BIT(LAST_HIT_MS), key_last_hit },
};

#define KEYS	(sizeof(keys) / sizeof(keys[0]))

const struct parse_key *parse_rule_key(unsigned int i)
{
	return i < KEYS ? &keys[i].key : NULL;
}

static const struct rule_key *find_key(const char *word)
{
	unsigned int i;

	for (i = 0; i < KEYS; i++)
		if (keys[i].key.name[0] == word[0] && !strcmp(keys[i].key.name, word))
			return &keys[i];
	return NULL;
}

int parse_rule(struct parse *p, struct tq_rule *r)
{
	uint64_t given = 0;
	const char *word;

	memset(r, 0, sizeof(*r));
	r->has = BIT(PRIO);	/* 0 unless given; a rule is never empty */
	while ((word = parse_next(p))) {
		const struct rule_key *k = find_key(word);

		if (!k)
			return parse_bad(p, "not a key of a rule");
		if (given & k->bit)
			return parse_bad(p, k->bit == BIT(VERDICT) ?
					 "the rule has a verdict already" : "given twice");
		given |= k->bit;
		/* "ttl" has two bits and sets the right one itself */
		if (k->parse != key_ttl)
			r->has |= k->bit & ~BIT(FAMILY);
		if (k->parse(p, r))
			return -1;
	}
	return 0;
}

/* ---- packets: the same words, each with one value ---- */

#define PACKET_KEYS	(BIT(FAMILY) | BIT(SRC) | BIT(DST) | BIT(PROTO) | BIT(SPORT_MIN) | \
			 BIT(DPORT_MIN) | BIT(ICMP_TYPE) | BIT(TCP_FLAGS) | BIT(IIF) | BIT(OIF) | \
			 BIT(MARK) | BIT(DSCP) | BIT(LEN_MIN) | BIT(FRAG) | BIT(CT_STATE))

const struct parse_key *parse_packet_key(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < KEYS; k++)
		if (keys[k].bit & PACKET_KEYS && !i--)
			return &keys[k].key;
	return NULL;
}

static bool whole(const struct tq_addr *addr, uint32_t len)
{
	return !addr->len || len == addr->len * 8u;
}

static bool wildcard(const char *ifname)
{
	return *ifname && ifname[strlen(ifname) - 1] == '+';
}

static bool several_bits(uint32_t v)
{
	return v & (v - 1);
}

/* Does a word that was taken mean more than one packet? */
static bool ambiguous(const struct tq_rule *r)
{
	return !whole(&r->src, r->src_len) || !whole(&r->dst, r->dst_len) ||
	       r->sport_min != r->sport_max || r->dport_min != r->dport_max ||
	       r->len_min != r->len_max || (r->has & BIT(MARK) && r->mark_mask != TQ_ALL_ONES) ||
	       wildcard(r->iif) || wildcard(r->oif) || several_bits(r->frag) ||
	       several_bits(r->ct_state);
}

static int packet_tcp_flags(struct parse *p, struct tq_rule *r)
{
	const char *word;

	if (parse_need(p, &word, "TCP flags, as syn,ack"))
		return -1;
	if (tcp_flag_set(word, strlen(word), &r->tcp_flags))
		return parse_bad(p, "not among fin, syn, rst, psh, ack, urg, ece, cwr");
	return 0;
}

static void packet_of(struct tq_packet *pkt, const struct tq_rule *r)
{
	static const struct {
		unsigned int from, to;
	} bits[] = {
		{ TQUEUE_A_RULE_FAMILY, TQUEUE_A_PACKET_FAMILY },
		{ TQUEUE_A_RULE_SRC, TQUEUE_A_PACKET_SRC },
		{ TQUEUE_A_RULE_DST, TQUEUE_A_PACKET_DST },
		{ TQUEUE_A_RULE_PROTO, TQUEUE_A_PACKET_PROTO },
		{ TQUEUE_A_RULE_SPORT_MIN, TQUEUE_A_PACKET_SPORT },
		{ TQUEUE_A_RULE_DPORT_MIN, TQUEUE_A_PACKET_DPORT },
		{ TQUEUE_A_RULE_ICMP_TYPE, TQUEUE_A_PACKET_ICMP_TYPE },
		{ TQUEUE_A_RULE_ICMP_CODE, TQUEUE_A_PACKET_ICMP_CODE },
		{ TQUEUE_A_RULE_TCP_FLAGS, TQUEUE_A_PACKET_TCP_FLAGS },
		{ TQUEUE_A_RULE_IIF, TQUEUE_A_PACKET_IIF },
		{ TQUEUE_A_RULE_OIF, TQUEUE_A_PACKET_OIF },
		{ TQUEUE_A_RULE_MARK, TQUEUE_A_PACKET_MARK },
		{ TQUEUE_A_RULE_DSCP, TQUEUE_A_PACKET_DSCP },
		{ TQUEUE_A_RULE_LEN_MIN, TQUEUE_A_PACKET_LEN },
		{ TQUEUE_A_RULE_FRAG, TQUEUE_A_PACKET_FRAG },
		{ TQUEUE_A_RULE_CT_STATE, TQUEUE_A_PACKET_CT_STATE },
	};
	size_t i;

	*pkt = (struct tq_packet) {
		.family = r->family, .src = r->src, .dst = r->dst, .proto = r->proto,
		.sport = r->sport_min, .dport = r->dport_min, .icmp_type = r->icmp_type,
		.icmp_code = r->icmp_code, .tcp_flags = r->tcp_flags, .mark = r->mark,
		.dscp = r->dscp, .len = r->len_min, .frag = r->frag, .ct_state = r->ct_state,
	};
	memcpy(pkt->iif, r->iif, sizeof(pkt->iif));
	memcpy(pkt->oif, r->oif, sizeof(pkt->oif));
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (r->has & TQ_BIT(bits[i].from))
			pkt->has |= TQ_BIT(bits[i].to);
}

int parse_packet(struct parse *p, struct tq_packet *pkt)
{
	struct tq_rule r = { .has = 0 };
	uint64_t given = 0;
	const char *word;

	while ((word = parse_peek(p)) && strcmp(word, "all")) {
		const struct rule_key *k = find_key(word);

		parse_next(p);
		if (!k || !(k->bit & PACKET_KEYS))
			return parse_bad(p, "not a property of a packet");
		if (given & k->bit)
			return parse_bad(p, "given twice");
		given |= k->bit;
		r.has |= k->bit & ~BIT(FAMILY);
		if (k->parse == key_tcp_flags ? packet_tcp_flags(p, &r) : k->parse(p, &r))
			return -1;
		if (ambiguous(&r))
			return parse_bad(p, "one value, not several: this is one packet");
	}
	if (!r.family)
		return parse_bad(p, "family ip or ip6, or an address, is missing");
	r.has |= BIT(FAMILY);
	packet_of(pkt, &r);
	return 0;
}

int parse_handles(struct parse *p, uint64_t *handles, unsigned int max, unsigned int *n)
{
	*n = 0;
	if (!parse_take(p, "handle")) {
		if (parse_next(p))
			return parse_bad(p, "not handle N");
		return p->n ? parse_bad(p, "handle N must follow") : -1;
	}
	do {
		if (*n == max)
			return parse_fail(p, p->at, "more than %u handles", max);
		if (parse_u64(p, &handles[(*n)++], 1))
			return -1;
	} while (parse_peek(p));
	return 0;
}
