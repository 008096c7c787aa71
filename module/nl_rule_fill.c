// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_rule_fill.c - from a rule to a RULE nest.
 */
#include <linux/netlink.h>

#include "busy.h"
#include "netlink.h"
#include "nl_rule.h"
#include "queue.h"
#include "quota.h"
#include "rule.h"

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, TQUEUE_A_RULE_PAD);
}

static int put_addr(struct sk_buff *skb, int attr, int attr_len, u8 family,
		    const union nf_inet_addr *addr, u8 len)
{
	if (!len)
		return 0;
	return nla_put(skb, attr, family == NFPROTO_IPV4 ? 4 : 16, addr) ?:
	       nla_put_u32(skb, attr_len, len);
}

/* Of two ranges that mean "any port" one is told: it says that the packet must
 * carry ports.
 */
static int put_ports(struct sk_buff *skb, const struct tq_match *m)
{
	bool any_sport = !m->sport_min && m->sport_max == 65535;
	bool any_dport = !m->dport_min && m->dport_max == 65535;

	if (!any_sport &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_SPORT_MIN, m->sport_min) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_SPORT_MAX, m->sport_max)))
		return -EMSGSIZE;
	if ((any_sport || !any_dport) &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_DPORT_MIN, m->dport_min) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_DPORT_MAX, m->dport_max)))
		return -EMSGSIZE;
	return 0;
}

static int put_match(struct sk_buff *skb, const struct tq_version *v)
{
	struct tq_match match;
	const struct tq_match *m = &match;
	const u32 has = v->has;

	tq_version_match(v, &match);

	if ((m->family && nla_put_u32(skb, TQUEUE_A_RULE_FAMILY, m->family)) ||
	    put_addr(skb, TQUEUE_A_RULE_SRC, TQUEUE_A_RULE_SRC_LEN, m->family, &m->src,
		     m->src_len) ||
	    put_addr(skb, TQUEUE_A_RULE_DST, TQUEUE_A_RULE_DST_LEN, m->family, &m->dst,
		     m->dst_len) ||
	    (has & TQ_HAS_PROTO && nla_put_u32(skb, TQUEUE_A_RULE_PROTO, m->proto)))
		return -EMSGSIZE;
	if (has & TQ_HAS_PORTS && put_ports(skb, m))
		return -EMSGSIZE;
	if ((has & TQ_HAS_ICMP_TYPE && nla_put_u32(skb, TQUEUE_A_RULE_ICMP_TYPE, m->icmp_type)) ||
	    (has & TQ_HAS_ICMP_CODE && nla_put_u32(skb, TQUEUE_A_RULE_ICMP_CODE, m->icmp_code)))
		return -EMSGSIZE;
	if (has & TQ_HAS_TCP &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_TCP_FLAGS, m->tcp_flags) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_TCP_MASK, m->tcp_mask)))
		return -EMSGSIZE;
	if ((has & TQ_HAS_IIF && nla_put_string(skb, TQUEUE_A_RULE_IIF, m->iif)) ||
	    (has & TQ_HAS_OIF && nla_put_string(skb, TQUEUE_A_RULE_OIF, m->oif)))
		return -EMSGSIZE;
	if (has & TQ_HAS_MARK &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_MARK, m->mark) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_MARK_MASK, m->mark_mask)))
		return -EMSGSIZE;
	if (has & TQ_HAS_DSCP && nla_put_u32(skb, TQUEUE_A_RULE_DSCP, m->dscp))
		return -EMSGSIZE;
	if (has & TQ_HAS_LEN &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_LEN_MIN, m->len_min) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_LEN_MAX, m->len_max)))
		return -EMSGSIZE;
	if ((has & TQ_HAS_FRAG && nla_put_u32(skb, TQUEUE_A_RULE_FRAG, m->frag)) ||
	    (has & TQ_HAS_CT && nla_put_u32(skb, TQUEUE_A_RULE_CT_STATE, m->ct)))
		return -EMSGSIZE;
	return 0;
}

static int put_verdict(struct sk_buff *skb, const struct tq_actions *a)
{
	if (nla_put_u32(skb, TQUEUE_A_RULE_VERDICT, a->verdict))
		return -EMSGSIZE;
	switch (a->verdict) {
	case TQUEUE_VERDICT_NFQUEUE:
		if (nla_put_u32(skb, TQUEUE_A_RULE_NFQUEUE_NUM, a->nfqueue) ||
		    (a->bypass && nla_put_u32(skb, TQUEUE_A_RULE_FLAGS, TQUEUE_RULE_F_BYPASS)))
			return -EMSGSIZE;
		return 0;
	case TQUEUE_VERDICT_STEAL:
		if (nla_put_string(skb, TQUEUE_A_RULE_STEAL_QUEUE, tq_queue_name(a->steal)) ||
		    nla_put_u32(skb, TQUEUE_A_RULE_STEAL_ELSE, a->steal_else))
			return -EMSGSIZE;
		return 0;
	default:
		return 0;
	}
}

static int put_actions(struct sk_buff *skb, const struct tq_actions *a)
{
	u32 sample, rate, i;

	for (i = 0; i < a->n_copies; i++) {
		struct nlattr *nest = nla_nest_start(skb, TQUEUE_A_RULE_COPY);

		if (!nest ||
		    nla_put_string(skb, TQUEUE_A_COPY_QUEUE, tq_queue_name(a->copy[i].queue)) ||
		    (a->copy[i].snaplen &&
		     nla_put_u32(skb, TQUEUE_A_COPY_SNAPLEN, a->copy[i].snaplen)))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	sample = tq_quota_sample(a->quota);
	rate = tq_quota_rate(a->quota);
	if ((sample && nla_put_u32(skb, TQUEUE_A_RULE_SAMPLE, sample)) ||
	    (rate && (nla_put_u32(skb, TQUEUE_A_RULE_RATE, rate) ||
		      nla_put_u32(skb, TQUEUE_A_RULE_BURST, tq_quota_burst(a->quota)))))
		return -EMSGSIZE;
	if (a->mark_mask &&
	    (nla_put_u32(skb, TQUEUE_A_RULE_SET_MARK, a->mark) ||
	     nla_put_u32(skb, TQUEUE_A_RULE_SET_MARK_MASK, a->mark_mask)))
		return -EMSGSIZE;
	if ((a->rewrite.what & TQ_SET_TTL &&
	     nla_put_u32(skb, TQUEUE_A_RULE_SET_TTL, a->rewrite.ttl)) ||
	    (a->rewrite.what & TQ_ADD_TTL &&
	     nla_put_s32(skb, TQUEUE_A_RULE_ADD_TTL, a->rewrite.ttl)) ||
	    (a->rewrite.what & TQ_SET_DSCP &&
	     nla_put_u32(skb, TQUEUE_A_RULE_SET_DSCP, a->rewrite.dscp)))
		return -EMSGSIZE;
	return put_verdict(skb, a);
}

static int put_timeout(struct sk_buff *skb, const struct tq_rule *rule)
{
	u64 now = get_jiffies_64(), expires = tq_rule_expires(rule);

	if (!expires)
		return 0;
	return put_u64(skb, TQUEUE_A_RULE_TIMEOUT_MS, rule->extra->timeout_ms) ?:
	       put_u64(skb, TQUEUE_A_RULE_EXPIRES_MS,
		       expires > now ? div_u64((expires - now) * MSEC_PER_SEC, HZ) : 0);
}

static int put_counters(struct sk_buff *skb, const struct tq_version *v)
{
	const struct tq_rule *rule = tq_version_rule(v);
	struct tq_counters sum;

	tq_rule_counters(rule, &sum);
	return put_u64(skb, TQUEUE_A_RULE_PACKETS, sum.packets) ?:
	       put_u64(skb, TQUEUE_A_RULE_BYTES, sum.bytes) ?:
	       put_u64(skb, TQUEUE_A_RULE_COPIES, sum.copies) ?:
	       put_u64(skb, TQUEUE_A_RULE_LAST_HIT_MS,
		       (u64)sum.last_hit * MSEC_PER_SEC);
}

int tq_nl_rule_fill(struct sk_buff *skb, const struct tq_version *v, u32 query)
{
	struct nlattr *nest = nla_nest_start(skb, TQUEUE_A_RULES_RULE);

	if (!nest)
		return -EMSGSIZE;
	if (put_u64(skb, TQUEUE_A_RULE_HANDLE, tq_version_rule(v)->handle) ||
	    nla_put_u32(skb, TQUEUE_A_RULE_PRIO, v->prio) ||
	    (!(query & TQUEUE_QUERY_TERSE) &&
	     (put_match(skb, v) || put_actions(skb, v->link->actions))) ||
	    put_timeout(skb, tq_version_rule(v)) || put_counters(skb, v)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int tq_nl_rule_fill_handle(struct sk_buff *skb, u64 handle)
{
	struct nlattr *nest = nla_nest_start(skb, TQUEUE_A_RULES_RULE);

	if (!nest)
		return -EMSGSIZE;
	if (put_u64(skb, TQUEUE_A_RULE_HANDLE, handle)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
