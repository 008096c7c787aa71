// SPDX-License-Identifier: GPL-2.0-only
/* The words of "rule test TABLE capture". */
#include <string.h>

#include "parse.h"
#include "replay.h"

#define BIT(name)	TQ_BIT(TQUEUE_A_PACKET_##name)

const struct parse_key parse_replay_keys[] = {
	{ "capture", "FILE",
	  "instead: each packet of a pcap or pcapng file, with iif, oif, mark and ct as given" },
	{ "filter", "EXPRESSION", "of a capture, only what this filter of libpcap lets through" },
	{ "count", "N", "of a capture, the first N packets" },
	{ "summary", "", "of a capture, only what each rule would count" },
	{ NULL, NULL, NULL }
};

static int several(struct parse *p)
{
	return parse_bad(p, "one value for all packets, not several");
}

static int ifname(struct parse *p, char name[TQ_IFNAME_SIZE])
{
	if (parse_ifname(p, name))
		return -1;
	return name[strlen(name) - 1] == '+' ? several(p) : 0;
}

static int mark(struct parse *p, struct tq_packet *pkt)
{
	uint32_t mask;

	if (parse_masked(p, &pkt->mark, &mask))
		return -1;
	return mask == TQ_ALL_ONES ? 0 : several(p);
}

static int ct(struct parse *p, struct tq_packet *pkt)
{
	if (parse_set(p, tq_ct_states, "a state of conntrack", &pkt->ct_state))
		return -1;
	return pkt->ct_state & (pkt->ct_state - 1) ? several(p) : 0;
}

/* The property of a packet whose word is next; its bit, or 0. */
static uint64_t property(const struct parse *p)
{
	static const struct {
		const char	*word;
		uint64_t	bit;
	} words[] = {
		{ "iif", BIT(IIF) }, { "oif", BIT(OIF) }, { "mark", BIT(MARK) },
		{ "ct", BIT(CT_STATE) },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(parse_peek(p), words[i].word))
			return words[i].bit;
	return 0;
}

static int parse_property(struct parse *p, struct tq_packet *pkt, uint64_t bit)
{
	parse_next(p);
	if (pkt->has & bit)
		return parse_bad(p, "given twice");
	pkt->has |= bit;
	switch (bit) {
	case BIT(IIF):
		return ifname(p, pkt->iif);
	case BIT(OIF):
		return ifname(p, pkt->oif);
	case BIT(MARK):
		return mark(p, pkt);
	default:
		return ct(p, pkt);
	}
}

static int parse_word(struct parse *p, struct replay_words *w)
{
	uint64_t bit = property(p);

	if (bit)
		return parse_property(p, &w->given, bit);
	if (parse_take(p, "filter"))
		return w->filter ? parse_bad(p, "given twice") :
				   parse_need(p, &w->filter, "a filter, as one word");
	if (parse_take(p, "count"))
		return w->count ? parse_bad(p, "given twice") : parse_u64(p, &w->count, 1);
	if (parse_take(p, "summary")) {
		if (w->summary)
			return parse_bad(p, "given twice");
		w->summary = true;
		return 0;
	}
	parse_next(p);
	return parse_bad(p, "a capture goes with filter, count, summary, iif, oif, mark and ct");
}

int parse_replay(struct parse *p, struct replay_words *w)
{
	memset(w, 0, sizeof(*w));
	if (parse_need(p, &w->path, "a capture file, or - for standard input"))
		return -1;
	while (parse_peek(p))
		if (parse_word(p, w))
			return -1;
	return 0;
}
