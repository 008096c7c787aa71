// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "model.h"

void tq_queue_free(struct tq_queue *q)
{
	free(q->ring);
	free(q->holders.v);
	memset(q, 0, sizeof(*q));
}

void tq_table_free(struct tq_table *t)
{
	free(t->holders.v);
	memset(t, 0, sizeof(*t));
}

const uint64_t *tq_stats_lost(const struct tq_stats *s, unsigned int cause)
{
	if (cause < TQUEUE_LOSS_FULL || cause > TQUEUE_LOSS_NESTED)
		return NULL;
	return &s->lost_full + (cause - TQUEUE_LOSS_FULL);
}

uint64_t tq_stats_lost_sum(const struct tq_stats *s)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = TQUEUE_LOSS_FULL; tq_stats_lost(s, i); i++)
		sum += *tq_stats_lost(s, i);
	return sum;
}

const char *tq_name(const struct tq_name *names, int64_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

int64_t tq_value(const struct tq_name *names, const char *name)
{
	for (; names->name; names++)
		if (!strcmp(names->name, name))
			return names->value;
	return -1;
}

const struct tq_name tq_modes[] = {
	{ "stream",	TQUEUE_MODE_STREAM },
	{ "log",	TQUEUE_MODE_LOG },
	{ NULL, 0 }
};

const struct tq_name tq_rule_families[] = {
	{ "ip",		TQUEUE_FAMILY_IPV4 },
	{ "ip6",	TQUEUE_FAMILY_IPV6 },
	{ NULL, 0 }
};

const struct tq_name tq_hook_families[] = {
	{ "ip",		TQUEUE_FAMILY_IPV4 },
	{ "ip6",	TQUEUE_FAMILY_IPV6 },
	{ "inet",	TQUEUE_FAMILY_INET },
	{ "netdev",	TQUEUE_FAMILY_NETDEV },
	{ NULL, 0 }
};

const struct tq_name tq_points[] = {
	{ "prerouting",		TQUEUE_HOOK_PREROUTING },
	{ "input",		TQUEUE_HOOK_INPUT },
	{ "forward",		TQUEUE_HOOK_FORWARD },
	{ "output",		TQUEUE_HOOK_OUTPUT },
	{ "postrouting",	TQUEUE_HOOK_POSTROUTING },
	{ "ingress",		TQUEUE_HOOK_INGRESS },
	{ "egress",		TQUEUE_HOOK_EGRESS },
	{ NULL, 0 }
};

const struct tq_name tq_verdicts[] = {
	{ "pass",	TQUEUE_VERDICT_PASS },
	{ "accept",	TQUEUE_VERDICT_ACCEPT },
	{ "drop",	TQUEUE_VERDICT_DROP },
	{ "next",	TQUEUE_VERDICT_NEXT },
	{ "repeat",	TQUEUE_VERDICT_REPEAT },
	{ "nfqueue",	TQUEUE_VERDICT_NFQUEUE },
	{ "steal",	TQUEUE_VERDICT_STEAL },
	{ "match",	TQUEUE_VERDICT_MATCH },
	{ NULL, 0 }
};

/* The protocols that rules are written for; others by number.  Not
 * getprotobyname(): what a rule file means must not depend on /etc/protocols.
 */
const struct tq_name tq_protocols[] = {
	{ "icmp",	1 },
	{ "igmp",	2 },
	{ "ipip",	4 },
	{ "tcp",	6 },
	{ "udp",	17 },
	{ "dccp",	33 },
	{ "ipv6",	41 },
	{ "gre",	47 },
	{ "esp",	50 },
	{ "ah",		51 },
	{ "icmpv6",	58 },
	{ "ospf",	89 },
	{ "pim",	103 },
	{ "vrrp",	112 },
	{ "l2tp",	115 },
	{ "sctp",	132 },
	{ "udplite",	136 },
	/* other spellings, understood and not printed */
	{ "ipv6-icmp",	58 },
	{ "icmp6",	58 },
	{ NULL, 0 }
};

const struct tq_name tq_tcp_flags[] = {
	{ "fin",	0x01 },
	{ "syn",	0x02 },
	{ "rst",	0x04 },
	{ "psh",	0x08 },
	{ "ack",	0x10 },
	{ "urg",	0x20 },
	{ "ece",	0x40 },
	{ "cwr",	0x80 },
	{ NULL, 0 }
};

const struct tq_name tq_frags[] = {
	{ "none",	TQUEUE_FRAG_NONE },
	{ "first",	TQUEUE_FRAG_FIRST },
	{ "later",	TQUEUE_FRAG_LATER },
	{ NULL, 0 }
};

const struct tq_name tq_ct_states[] = {
	{ "new",		TQUEUE_CT_NEW },
	{ "established",	TQUEUE_CT_ESTABLISHED },
	{ "related",		TQUEUE_CT_RELATED },
	{ "invalid",		TQUEUE_CT_INVALID },
	{ "untracked",		TQUEUE_CT_UNTRACKED },
	{ NULL, 0 }
};

/* As nft's names for the families ip, ip6 and inet. */
const struct tq_name tq_priorities[] = {
	{ "raw",	-300 },
	{ "mangle",	-150 },
	{ "dstnat",	-100 },
	{ "filter",	0 },
	{ "security",	50 },
	{ "srcnat",	100 },
	{ NULL, 0 }
};

const struct tq_name tq_losses[] = {
	{ "full",		TQUEUE_LOSS_FULL },
	{ "no_memory",		TQUEUE_LOSS_NO_MEMORY },
	{ "no_ring",		TQUEUE_LOSS_NO_RING },
	{ "too_big",		TQUEUE_LOSS_TOO_BIG },
	{ "unreadable",		TQUEUE_LOSS_UNREADABLE },
	{ "dying",		TQUEUE_LOSS_DYING },
	{ "rate_limited",	TQUEUE_LOSS_RATE_LIMITED },
	{ "sampled_out",	TQUEUE_LOSS_SAMPLED_OUT },
	{ "nested",		TQUEUE_LOSS_NESTED },
	{ "flushed",		TQUEUE_LOSS_FLUSHED },
	{ NULL, 0 }
};

const struct tq_name tq_features[] = {
	{ "log",	TQUEUE_FEATURE_LOG },
	{ "mmap",	TQUEUE_FEATURE_MMAP },
	{ "queue-set",	TQUEUE_FEATURE_QUEUE_SET },
	{ "queue-open",	TQUEUE_FEATURE_QUEUE_OPEN },
	{ "txn",	TQUEUE_FEATURE_TXN },
	{ "confirm",	TQUEUE_FEATURE_CONFIRM },
	{ "timeout",	TQUEUE_FEATURE_TIMEOUT },
	{ "rule-test",	TQUEUE_FEATURE_RULE_TEST },
	{ "rewrite",	TQUEUE_FEATURE_REWRITE },
	{ "sample",	TQUEUE_FEATURE_SAMPLE },
	{ "limit",	TQUEUE_FEATURE_LIMIT },
	{ "relook",	TQUEUE_FEATURE_RELOOK },
	{ "nfqueue",	TQUEUE_FEATURE_NFQUEUE },
	{ "steal",	TQUEUE_FEATURE_STEAL },
	{ "conntrack",	TQUEUE_FEATURE_CONNTRACK },
	{ "ingress",	TQUEUE_FEATURE_INGRESS },
	{ "egress",	TQUEUE_FEATURE_EGRESS },
	{ "filter",	TQUEUE_FEATURE_FILTER },
	{ NULL, 0 }
};

const struct tq_name tq_dscps[] = {
	{ "cs0", 0 },	{ "cs1", 8 },	{ "cs2", 16 },	{ "cs3", 24 },
	{ "cs4", 32 },	{ "cs5", 40 },	{ "cs6", 48 },	{ "cs7", 56 },
	{ "af11", 10 },	{ "af12", 12 },	{ "af13", 14 },
	{ "af21", 18 },	{ "af22", 20 },	{ "af23", 22 },
	{ "af31", 26 },	{ "af32", 28 },	{ "af33", 30 },
	{ "af41", 34 },	{ "af42", 36 },	{ "af43", 38 },
	{ "va", 44 },	{ "ef", 46 },	{ "le", 1 },	{ "be", 0 },
	{ NULL, 0 }
};
