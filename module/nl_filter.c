// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_filter.c - which rules a dump shows.
 */
#include <linux/netlink.h>

#include "busy.h"
#include "net.h"
#include "netlink.h"
#include "nl_filter.h"
#include "queue.h"
#include "rule.h"

const struct nla_policy tq_nl_filter_policy[TQUEUE_A_FILTER_MAX + 1] = {
	[TQUEUE_A_FILTER_QUEUE]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_FILTER_PRIO_MIN] = { .type = NLA_U32 },
	[TQUEUE_A_FILTER_PRIO_MAX] = { .type = NLA_U32 },
	[TQUEUE_A_FILTER_FAMILY]   = NLA_POLICY_RANGE(NLA_U32, TQUEUE_FAMILY_IPV4,
						      TQUEUE_FAMILY_IPV6),
	[TQUEUE_A_FILTER_VERDICT]  = NLA_POLICY_RANGE(NLA_U32, TQUEUE_VERDICT_PASS,
						      TQUEUE_VERDICT_STEAL),
	[TQUEUE_A_FILTER_SRC]	   = { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_FILTER_DST]	   = { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_FILTER_HIT]	   = { .type = NLA_FLAG },
};

static int parse_addr(union nf_inet_addr *addr, u8 *family, const struct nlattr *a,
		      struct netlink_ext_ack *extack)
{
	if (!a)
		return 0;
	if (nla_len(a) != 4 && nla_len(a) != 16) {
		NL_SET_ERR_MSG_ATTR(extack, a, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	*family = nla_len(a) == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	memcpy(addr, nla_data(a), nla_len(a));
	return 0;
}

void tq_nl_filter_init(struct tq_filter *f)
{
	memset(f, 0, sizeof(*f));
	f->prio_max = U32_MAX;
}

int tq_nl_filter_parse(struct tq_net *tn, struct tq_filter *f, const struct nlattr *nest,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TQUEUE_A_FILTER_MAX + 1];
	int err;

	lockdep_assert_held(&tn->lock);
	if (!nest)
		return 0;
	err = tq_nl_nest_parse(tb, TQUEUE_A_FILTER_MAX, nest, tq_nl_filter_policy, 0, extack) ?:
	      parse_addr(&f->src, &f->src_family, tb[TQUEUE_A_FILTER_SRC], extack) ?:
	      parse_addr(&f->dst, &f->dst_family, tb[TQUEUE_A_FILTER_DST], extack);
	if (err)
		return err;
	if (tb[TQUEUE_A_FILTER_PRIO_MIN])
		f->prio_min = nla_get_u32(tb[TQUEUE_A_FILTER_PRIO_MIN]);
	if (tb[TQUEUE_A_FILTER_PRIO_MAX])
		f->prio_max = nla_get_u32(tb[TQUEUE_A_FILTER_PRIO_MAX]);
	if (f->prio_min > f->prio_max) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_FILTER_PRIO_MAX] ?:
				    tb[TQUEUE_A_FILTER_PRIO_MIN],
				    "the range of priorities ends before it begins");
		return -EINVAL;
	}
	if (tb[TQUEUE_A_FILTER_FAMILY]) {
		f->family = nla_get_u32(tb[TQUEUE_A_FILTER_FAMILY]);
		if (f->family != NFPROTO_IPV4 && f->family != NFPROTO_IPV6) {
			NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_FILTER_FAMILY],
					    "rules are for IPv4 or IPv6");
			return -EINVAL;
		}
	}
	if (tb[TQUEUE_A_FILTER_VERDICT])
		f->verdict = nla_get_u32(tb[TQUEUE_A_FILTER_VERDICT]);
	f->hit = tb[TQUEUE_A_FILTER_HIT];
	if (tb[TQUEUE_A_FILTER_QUEUE]) {
		f->queue = tq_queue_by_name(tn, nla_data(tb[TQUEUE_A_FILTER_QUEUE]));
		if (!f->queue) {
			NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_FILTER_QUEUE], "no such queue");
			return -ENOENT;
		}
	}
	return 0;
}

bool tq_nl_filter_test(const struct tq_filter *f, const struct tq_version *v)
{
	struct tq_match match, *m = &match;
	struct tq_counters sum;

	tq_version_match(v, m);
	if (v->prio < f->prio_min || v->prio > f->prio_max)
		return false;
	if (f->verdict && v->verdict != f->verdict)
		return false;
	if (f->family && m->family && m->family != f->family)
		return false;
	/* A rule without a prefix holds every address of its family. */
	if (f->src_family && ((m->family && m->family != f->src_family) ||
			      !tq_prefix_holds(&m->src, m->src_len, &f->src)))
		return false;
	if (f->dst_family && ((m->family && m->family != f->dst_family) ||
			      !tq_prefix_holds(&m->dst, m->dst_len, &f->dst)))
		return false;
	if (f->hit) {
		tq_rule_counters(tq_version_rule(v), &sum);
		if (!sum.packets)
			return false;
	}
	if (f->queue && !tq_actions_use(v->link->actions, f->queue))
		return false;
	return !f->key || tq_version_test(v, f->key);
}
