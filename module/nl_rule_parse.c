// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_rule_parse.c - from a RULE nest to a rule.
 *
 * The policy sees to types and ranges; here is what the attributes mean
 * together.  Each refusal names one of them.
 */
#include <linux/netlink.h>

#include "net.h"
#include "netlink.h"
#include "nl_rule.h"
#include "packet.h"
#include "queue.h"
#include "quota.h"
#include "table.h"
#include "txn.h"

static const struct nla_policy copy_policy[TQUEUE_A_COPY_MAX + 1] = {
	[TQUEUE_A_COPY_QUEUE]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_COPY_SNAPLEN]	= NLA_POLICY_MIN(NLA_U32, 1),
};

/* A policy's own limits are signed 16-bit numbers.  Not const for 5.10 and 6.1. */
static struct netlink_range_validation port_range = { .max = 65535 };
static struct netlink_range_validation handle_range = { .min = 1, .max = U64_MAX };

#define PORT	NLA_POLICY_FULL_RANGE(NLA_U32, &port_range)
/* A hundred years. */
#define TQ_TIMEOUT_MAX_MS	(36525ULL * 86400 * MSEC_PER_SEC)

#define BYTE	NLA_POLICY_MAX(NLA_U32, 255)

const struct nla_policy tq_nl_rule_policy[TQUEUE_A_RULE_MAX + 1] = {
	[TQUEUE_A_RULE_HANDLE]		= NLA_POLICY_FULL_RANGE(NLA_U64, &handle_range),
	[TQUEUE_A_RULE_PRIO]		= { .type = NLA_U32 },
	[TQUEUE_A_RULE_FAMILY]		= NLA_POLICY_RANGE(NLA_U32, TQUEUE_FAMILY_IPV4,
							   TQUEUE_FAMILY_IPV6),
	[TQUEUE_A_RULE_SRC]		= { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_RULE_SRC_LEN]		= NLA_POLICY_MAX(NLA_U32, 128),
	[TQUEUE_A_RULE_DST]		= { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_RULE_DST_LEN]		= NLA_POLICY_MAX(NLA_U32, 128),
	[TQUEUE_A_RULE_PROTO]		= BYTE,
	[TQUEUE_A_RULE_SPORT_MIN]	= PORT,
	[TQUEUE_A_RULE_SPORT_MAX]	= PORT,
	[TQUEUE_A_RULE_DPORT_MIN]	= PORT,
	[TQUEUE_A_RULE_DPORT_MAX]	= PORT,
	[TQUEUE_A_RULE_ICMP_TYPE]	= BYTE,
	[TQUEUE_A_RULE_ICMP_CODE]	= BYTE,
	[TQUEUE_A_RULE_TCP_FLAGS]	= BYTE,
	[TQUEUE_A_RULE_TCP_MASK]	= NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[TQUEUE_A_RULE_IIF]		= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[TQUEUE_A_RULE_OIF]		= { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[TQUEUE_A_RULE_MARK]		= { .type = NLA_U32 },
	[TQUEUE_A_RULE_MARK_MASK]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULE_DSCP]		= NLA_POLICY_MAX(NLA_U32, 63),
	[TQUEUE_A_RULE_LEN_MIN]		= { .type = NLA_U32 },
	[TQUEUE_A_RULE_LEN_MAX]		= { .type = NLA_U32 },
	[TQUEUE_A_RULE_FRAG]		= NLA_POLICY_RANGE(NLA_U32, 1, 7),
	[TQUEUE_A_RULE_CT_STATE]	= NLA_POLICY_RANGE(NLA_U32, 1, 31),
	[TQUEUE_A_RULE_COPY]		= NLA_POLICY_NESTED(copy_policy),
	[TQUEUE_A_RULE_SAMPLE]		= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULE_RATE]		= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULE_BURST]		= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULE_SET_MARK]	= { .type = NLA_U32 },
	[TQUEUE_A_RULE_SET_MARK_MASK]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULE_SET_TTL]		= NLA_POLICY_RANGE(NLA_U32, 1, 255),
	[TQUEUE_A_RULE_ADD_TTL]		= NLA_POLICY_RANGE(NLA_S32, -255, 255),
	[TQUEUE_A_RULE_SET_DSCP]	= NLA_POLICY_MAX(NLA_U32, 63),
	[TQUEUE_A_RULE_VERDICT]		= NLA_POLICY_RANGE(NLA_U32, TQUEUE_VERDICT_PASS,
							   TQUEUE_VERDICT_STEAL),
	[TQUEUE_A_RULE_NFQUEUE_NUM]	= PORT,
	[TQUEUE_A_RULE_STEAL_QUEUE]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULE_STEAL_ELSE]	= NLA_POLICY_RANGE(NLA_U32, TQUEUE_VERDICT_PASS,
							   TQUEUE_VERDICT_DROP),
	[TQUEUE_A_RULE_FLAGS]		= NLA_POLICY_MASK(NLA_U32, TQUEUE_RULE_F_BYPASS),
	[TQUEUE_A_RULE_TIMEOUT_MS]	= { .type = NLA_U64 },
	[TQUEUE_A_RULE_EXPIRES_MS]	= { .type = NLA_U64 },
	[TQUEUE_A_RULE_PACKETS]		= { .type = NLA_U64 },
	[TQUEUE_A_RULE_BYTES]		= { .type = NLA_U64 },
	[TQUEUE_A_RULE_COPIES]		= { .type = NLA_U64 },
	[TQUEUE_A_RULE_LAST_HIT_MS]	= { .type = NLA_U64 },
};

static int parse_addr(union nf_inet_addr *addr, u8 *len, struct tq_match *m,
		      struct nlattr *a, struct nlattr *alen, struct netlink_ext_ack *extack)
{
	unsigned int size = m->family == NFPROTO_IPV4 ? 4 : 16, i;
	union nf_inet_addr mask;

	if (!a) {
		if (!alen)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, alen, "prefix length without an address");
		return -EINVAL;
	}
	if (!m->family) {
		NL_SET_ERR_MSG_ATTR(extack, a, "a rule with an address needs a family");
		return -EINVAL;
	}
	if (nla_len(a) != size) {
		NL_SET_ERR_MSG_ATTR(extack, a, "address is not of the rule's family");
		return -EINVAL;
	}
	*len = alen ? nla_get_u32(alen) : size * 8;
	if (*len > size * 8) {
		NL_SET_ERR_MSG_ATTR(extack, alen, "prefix length is longer than the address");
		return -EINVAL;
	}
	memcpy(addr, nla_data(a), size);
	tq_prefix_mask(&mask, m->family, *len);
	for (i = 0; i < ARRAY_SIZE(addr->all); i++) {
		if (addr->all[i] & ~mask.all[i]) {
			NL_SET_ERR_MSG_ATTR(extack, a, "address has bits beyond its prefix length");
			return -EINVAL;
		}
	}
	return 0;
}

/* A pair of attributes that make a range.  @what says both in one sentence. */
#define PARSE_RANGE(min, max, tb, type, extack, what)				\
({										\
	struct nlattr *_lo = (tb)[type##_MIN], *_hi = (tb)[type##_MAX];		\
	int _err = 0;								\
										\
	if (!_lo != !_hi) {							\
		NL_SET_ERR_MSG_ATTR(extack, _lo ?: _hi,				\
				    what " needs both ends");			\
		_err = -EINVAL;							\
	} else if (_lo) {							\
		(min) = nla_get_u32(_lo);					\
		(max) = nla_get_u32(_hi);					\
		if ((min) > (max)) {						\
			NL_SET_ERR_MSG_ATTR(extack, _lo,			\
					    what " ends before it begins");	\
			_err = -EINVAL;						\
		}								\
	}									\
	_err;									\
})

static int parse_ports(struct tq_match *m, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *first = tb[TQUEUE_A_RULE_SPORT_MIN] ?: tb[TQUEUE_A_RULE_DPORT_MIN];
	int err;

	m->sport_max = 65535;
	m->dport_max = 65535;
	err = PARSE_RANGE(m->sport_min, m->sport_max, tb, TQUEUE_A_RULE_SPORT, extack,
			  "source port range") ?:
	      PARSE_RANGE(m->dport_min, m->dport_max, tb, TQUEUE_A_RULE_DPORT, extack,
			  "destination port range");
	if (err)
		return err;
	if (!first) {
		m->sport_max = 0;
		m->dport_max = 0;
		return 0;
	}
	if (m->has & TQ_HAS_PROTO && !tq_proto_has_ports(m->proto)) {
		NL_SET_ERR_MSG_ATTR(extack, first, "the rule's protocol has no ports");
		return -EINVAL;
	}
	m->has |= TQ_HAS_PORTS;
	return 0;
}

static int parse_icmp(struct tq_match *m, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *type = tb[TQUEUE_A_RULE_ICMP_TYPE], *code = tb[TQUEUE_A_RULE_ICMP_CODE];
	bool v4 = m->proto == IPPROTO_ICMP && m->family != NFPROTO_IPV6;
	bool v6 = m->proto == IPPROTO_ICMPV6 && m->family != NFPROTO_IPV4;

	if (code && !type) {
		NL_SET_ERR_MSG_ATTR(extack, code, "ICMP code without a type");
		return -EINVAL;
	}
	if (!type)
		return 0;
	if (!(m->has & TQ_HAS_PROTO) || !(v4 || v6)) {
		NL_SET_ERR_MSG_ATTR(extack, type, "an ICMP type needs protocol icmp or icmpv6");
		return -EINVAL;
	}
	m->icmp_type = nla_get_u32(type);
	m->has |= TQ_HAS_ICMP_TYPE;
	if (code) {
		m->icmp_code = nla_get_u32(code);
		m->has |= TQ_HAS_ICMP_CODE;
	}
	return 0;
}

static int parse_tcp(struct tq_match *m, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *flags = tb[TQUEUE_A_RULE_TCP_FLAGS], *mask = tb[TQUEUE_A_RULE_TCP_MASK];

	if (!flags && !mask)
		return 0;
	if (!flags || !mask) {
		NL_SET_ERR_MSG_ATTR(extack, flags ?: mask, "TCP flags need both value and mask");
		return -EINVAL;
	}
	if (!(m->has & TQ_HAS_PROTO) || m->proto != IPPROTO_TCP) {
		NL_SET_ERR_MSG_ATTR(extack, flags, "TCP flags need protocol tcp");
		return -EINVAL;
	}
	m->tcp_flags = nla_get_u32(flags);
	m->tcp_mask = nla_get_u32(mask);
	if (m->tcp_flags & ~m->tcp_mask) {
		NL_SET_ERR_MSG_ATTR(extack, flags, "TCP flags are not within their mask");
		return -EINVAL;
	}
	m->has |= TQ_HAS_TCP;
	return 0;
}

static int parse_ifname(char *name, u8 *len, const struct nlattr *a,
			struct netlink_ext_ack *extack)
{
	size_t n;

	n = strscpy(name, nla_data(a), IFNAMSIZ);
	if (!n || !strcmp(name, "+")) {
		NL_SET_ERR_MSG_ATTR(extack, a, "an interface name, or its beginning and a +");
		return -EINVAL;
	}
	if (name[n - 1] == '+')
		*len = n - 1;
	else
		*len = n + 1;
	return 0;
}

static int parse_mark(u32 *value, u32 *mask, struct nlattr *a, struct nlattr *amask,
		      struct netlink_ext_ack *extack)
{
	if (!a) {
		if (!amask)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, amask, "mask without a mark");
		return -EINVAL;
	}
	*value = nla_get_u32(a);
	*mask = amask ? nla_get_u32(amask) : U32_MAX;
	if (*value & ~*mask) {
		NL_SET_ERR_MSG_ATTR(extack, a, "mark is not within its mask");
		return -EINVAL;
	}
	return 0;
}

static int parse_residual(struct tq_match *m, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	int err;

	err = parse_icmp(m, tb, extack) ?: parse_tcp(m, tb, extack);
	if (err)
		return err;
	if (tb[TQUEUE_A_RULE_IIF]) {
		err = parse_ifname(m->iif, &m->iif_len, tb[TQUEUE_A_RULE_IIF], extack);
		if (err)
			return err;
		m->has |= TQ_HAS_IIF;
	}
	if (tb[TQUEUE_A_RULE_OIF]) {
		err = parse_ifname(m->oif, &m->oif_len, tb[TQUEUE_A_RULE_OIF], extack);
		if (err)
			return err;
		m->has |= TQ_HAS_OIF;
	}
	err = parse_mark(&m->mark, &m->mark_mask, tb[TQUEUE_A_RULE_MARK],
			 tb[TQUEUE_A_RULE_MARK_MASK], extack);
	if (err)
		return err;
	if (m->mark_mask)
		m->has |= TQ_HAS_MARK;
	if (tb[TQUEUE_A_RULE_DSCP]) {
		m->dscp = nla_get_u32(tb[TQUEUE_A_RULE_DSCP]);
		m->has |= TQ_HAS_DSCP;
	}
	err = PARSE_RANGE(m->len_min, m->len_max, tb, TQUEUE_A_RULE_LEN, extack, "length range");
	if (err)
		return err;
	if (tb[TQUEUE_A_RULE_LEN_MIN])
		m->has |= TQ_HAS_LEN;
	if (tb[TQUEUE_A_RULE_FRAG]) {
		m->frag = nla_get_u32(tb[TQUEUE_A_RULE_FRAG]);
		m->has |= TQ_HAS_FRAG;
	}
	if (tb[TQUEUE_A_RULE_CT_STATE]) {
		m->ct = nla_get_u32(tb[TQUEUE_A_RULE_CT_STATE]);
		m->has |= TQ_HAS_CT;
	}
	return 0;
}

static int parse_match(struct tq_match *m, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *family = tb[TQUEUE_A_RULE_FAMILY];
	int err;

	if (family) {
		m->family = nla_get_u32(family);
		if (m->family != NFPROTO_IPV4 && m->family != NFPROTO_IPV6) {
			NL_SET_ERR_MSG_ATTR(extack, family, "a rule is for IPv4, IPv6 or both");
			return -EINVAL;
		}
	}
	err = parse_addr(&m->src, &m->src_len, m, tb[TQUEUE_A_RULE_SRC],
			 tb[TQUEUE_A_RULE_SRC_LEN], extack) ?:
	      parse_addr(&m->dst, &m->dst_len, m, tb[TQUEUE_A_RULE_DST],
			 tb[TQUEUE_A_RULE_DST_LEN], extack);
	if (err)
		return err;
	if (tb[TQUEUE_A_RULE_PROTO]) {
		m->proto = nla_get_u32(tb[TQUEUE_A_RULE_PROTO]);
		m->has |= TQ_HAS_PROTO;
	}
	return parse_ports(m, tb, extack) ?: parse_residual(m, tb, extack);
}

/* Takes a user of a queue that the rule puts nothing into yet. */
static struct tq_queue *use_queue(struct tq_net *tn, const struct tq_actions *a,
				  const struct nlattr *name, struct netlink_ext_ack *extack)
{
	struct tq_queue *q = tq_queue_use(tn, nla_data(name));

	if (!q) {
		NL_SET_ERR_MSG_ATTR(extack, name, "no such queue");
		return ERR_PTR(-ENOENT);
	}
	if (tq_actions_use(a, q)) {
		NL_SET_ERR_MSG_ATTR(extack, name, "the rule copies to this queue already");
		tq_queue_unuse(q);
		return ERR_PTR(-EINVAL);
	}
	return q;
}

static int parse_copy(struct tq_net *tn, struct tq_actions *a, const struct nlattr *nest,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TQUEUE_A_COPY_MAX + 1], *name;
	struct tq_queue *q;
	int err;

	err = tq_nl_nest_parse(tb, TQUEUE_A_COPY_MAX, nest, copy_policy, 0, extack);
	if (err)
		return err;
	name = tb[TQUEUE_A_COPY_QUEUE];
	if (!name) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a copy needs a queue");
		return -EINVAL;
	}
	if (a->n_copies == TQUEUE_RULE_COPIES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "too many copies in one rule");
		return -E2BIG;
	}
	q = use_queue(tn, a, name, extack);
	if (IS_ERR(q))
		return PTR_ERR(q);
	a->copy[a->n_copies].queue = q;
	if (tb[TQUEUE_A_COPY_SNAPLEN])
		a->copy[a->n_copies].snaplen = nla_get_u32(tb[TQUEUE_A_COPY_SNAPLEN]);
	a->n_copies++;
	return 0;
}

static int parse_rewrite(struct tq_rewrite *r, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *set = tb[TQUEUE_A_RULE_SET_TTL], *add = tb[TQUEUE_A_RULE_ADD_TTL];
	struct nlattr *dscp = tb[TQUEUE_A_RULE_SET_DSCP];

	if (set && add) {
		NL_SET_ERR_MSG_ATTR(extack, add, "a rule sets the TTL or adds to it, not both");
		return -EINVAL;
	}
	if (set) {
		r->ttl = nla_get_u32(set);
		r->what |= TQ_SET_TTL;
	}
	if (add) {
		r->ttl = nla_get_s32(add);
		r->what |= TQ_ADD_TTL;
	}
	if (dscp) {
		r->dscp = nla_get_u32(dscp);
		r->what |= TQ_SET_DSCP;
	}
	return 0;
}

static int parse_nfqueue(const struct tq_table *t, struct tq_actions *a, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *verdict = tb[TQUEUE_A_RULE_VERDICT];
	struct nlattr *num = tb[TQUEUE_A_RULE_NFQUEUE_NUM], *flags = tb[TQUEUE_A_RULE_FLAGS];

	if (a->verdict != TQUEUE_VERDICT_NFQUEUE) {
		struct nlattr *stray = num ?: flags && nla_get_u32(flags) ? flags : NULL;

		if (!stray)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, stray, "only for verdict nfqueue");
		return -EINVAL;
	}
	if (!num) {
		NL_SET_ERR_MSG_ATTR(extack, verdict, "verdict nfqueue needs a number");
		return -EINVAL;
	}
	if (t->netdev_hooks) {
		NL_SET_ERR_MSG_ATTR(extack, verdict,
				    "no nfqueue from a netdev hook, and the table is at one");
		return -EINVAL;
	}
	a->nfqueue = nla_get_u32(num);
	a->bypass = flags && nla_get_u32(flags) & TQUEUE_RULE_F_BYPASS;
	return 0;
}

/* Takes a user of the queue. */
static int parse_steal(struct tq_net *tn, struct tq_actions *a, struct nlattr **tb,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *name = tb[TQUEUE_A_RULE_STEAL_QUEUE];
	struct nlattr *otherwise = tb[TQUEUE_A_RULE_STEAL_ELSE];
	struct tq_queue *q;

	if (a->verdict != TQUEUE_VERDICT_STEAL) {
		struct nlattr *stray = name ?: otherwise;

		if (!stray)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, stray, "only for verdict steal");
		return -EINVAL;
	}
	if (!name) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_RULE_VERDICT],
				    "verdict steal needs a queue");
		return -EINVAL;
	}
	a->steal_else = otherwise ? nla_get_u32(otherwise) : TQUEUE_VERDICT_PASS;
	if (a->steal_else != TQUEUE_VERDICT_PASS && a->steal_else != TQUEUE_VERDICT_DROP) {
		NL_SET_ERR_MSG_ATTR(extack, otherwise,
				    "what can't be stolen is passed or dropped");
		return -EINVAL;
	}
	q = use_queue(tn, a, name, extack);
	if (IS_ERR(q))
		return PTR_ERR(q);
	a->steal = q;
	return 0;
}

static int parse_copies(struct tq_net *tn, struct tq_actions *a, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, rem;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != TQUEUE_A_RULE_COPY)
			continue;
		err = parse_copy(tn, a, attr, extack);
		if (err)
			return err;
	}
	return 0;
}

/* After the copies and what is stolen are known. */
static int parse_quota(struct tq_actions *a, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *sample = tb[TQUEUE_A_RULE_SAMPLE], *rate = tb[TQUEUE_A_RULE_RATE];
	struct nlattr *burst = tb[TQUEUE_A_RULE_BURST], *any = sample ?: rate;

	if (burst && !rate) {
		NL_SET_ERR_MSG_ATTR(extack, burst, "burst without a rate");
		return -EINVAL;
	}
	if (!any)
		return 0;
	if (!a->n_copies && !a->steal) {
		NL_SET_ERR_MSG_ATTR(extack, any, "the rule copies to no queue");
		return -EINVAL;
	}
	a->quota = tq_quota_alloc(sample ? nla_get_u32(sample) : 0,
				  rate ? nla_get_u32(rate) : 0,
				  burst ? nla_get_u32(burst) : rate ? nla_get_u32(rate) : 0);
	return a->quota ? 0 : -ENOMEM;
}

static int parse_actions(struct tq_net *tn, const struct tq_table *t, struct tq_actions *a,
			 const struct nlattr *nest, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	int err;

	err = parse_mark(&a->mark, &a->mark_mask, tb[TQUEUE_A_RULE_SET_MARK],
			 tb[TQUEUE_A_RULE_SET_MARK_MASK], extack) ?:
	      parse_rewrite(&a->rewrite, tb, extack);
	if (err)
		return err;
	a->verdict = tb[TQUEUE_A_RULE_VERDICT] ? nla_get_u32(tb[TQUEUE_A_RULE_VERDICT]) :
						 TQUEUE_VERDICT_PASS;
	err = parse_nfqueue(t, a, tb, extack) ?:
	      parse_copies(tn, a, nest, extack) ?:
	      parse_steal(tn, a, tb, extack) ?:
	      parse_quota(a, tb, extack);
	if (err)
		tq_actions_release(a);
	return err;
}

static int parse_timeout(struct tq_rule_spec *spec, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *timeout = tb[TQUEUE_A_RULE_TIMEOUT_MS];
	struct nlattr *expires = tb[TQUEUE_A_RULE_EXPIRES_MS];

	if (!timeout && !expires)
		return 0;
	if (!timeout) {
		NL_SET_ERR_MSG_ATTR(extack, expires, "time left without a timeout");
		return -EINVAL;
	}
	spec->timed = true;
	spec->timeout_ms = nla_get_u64(timeout);
	spec->expires_ms = expires ? nla_get_u64(expires) : spec->timeout_ms;
	if (spec->timeout_ms > TQ_TIMEOUT_MAX_MS) {
		NL_SET_ERR_MSG_ATTR(extack, timeout, "timeout is longer than a hundred years");
		return -EINVAL;
	}
	if (spec->expires_ms > spec->timeout_ms || (expires && !spec->expires_ms)) {
		NL_SET_ERR_MSG_ATTR(extack, expires, "time left is 0 or more than the timeout");
		return -EINVAL;
	}
	return 0;
}

static int parse_counters(struct tq_rule_spec *spec, struct nlattr **tb,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *last_hit = tb[TQUEUE_A_RULE_LAST_HIT_MS];
	u64 seconds = last_hit ? div_u64(nla_get_u64(last_hit), MSEC_PER_SEC) : 0;

	if (seconds > U32_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, last_hit, "last hit is later than the year 2106");
		return -EINVAL;
	}
	spec->last_hit = seconds;
	if (tb[TQUEUE_A_RULE_PACKETS])
		spec->packets = nla_get_u64(tb[TQUEUE_A_RULE_PACKETS]);
	if (tb[TQUEUE_A_RULE_BYTES])
		spec->bytes = nla_get_u64(tb[TQUEUE_A_RULE_BYTES]);
	if (tb[TQUEUE_A_RULE_COPIES])
		spec->copies = nla_get_u64(tb[TQUEUE_A_RULE_COPIES]);
	return 0;
}

int tq_nl_rule_parse(struct tq_net *tn, const struct tq_table *t, struct tq_rule_spec *spec,
		     const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TQUEUE_A_RULE_MAX + 1], *handle;
	int err;

	memset(spec, 0, sizeof(*spec));
	err = tq_nl_nest_parse(tb, TQUEUE_A_RULE_MAX, nest, tq_nl_rule_policy,
			       BIT_ULL(TQUEUE_A_RULE_COPY), extack) ?:
	      parse_match(&spec->match, tb, extack);
	if (err)
		return err;

	handle = tb[TQUEUE_A_RULE_HANDLE];
	if (handle) {
		spec->handle = nla_get_u64(handle);
		if (spec->handle > S64_MAX) {
			NL_SET_ERR_MSG_ATTR(extack, handle, "a handle is 1 to 2^63 - 1");
			return -EINVAL;
		}
	}
	if (tb[TQUEUE_A_RULE_PRIO])
		spec->prio = nla_get_u32(tb[TQUEUE_A_RULE_PRIO]);
	err = parse_counters(spec, tb, extack) ?:
	      parse_timeout(spec, tb, extack);
	if (err)
		return err;
	return parse_actions(tn, t, &spec->actions, nest, tb, extack);
}

int tq_nl_rule_parse_handle(u64 *handle, const struct nlattr *nest,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TQUEUE_A_RULE_MAX + 1];
	int err, i;

	err = tq_nl_nest_parse(tb, TQUEUE_A_RULE_MAX, nest, tq_nl_rule_policy, 0, extack);
	if (err)
		return err;
	for (i = 1; i <= TQUEUE_A_RULE_MAX; i++) {
		if (tb[i] && i != TQUEUE_A_RULE_HANDLE) {
			NL_SET_ERR_MSG_ATTR(extack, tb[i], "only the rule's handle is needed");
			return -EINVAL;
		}
	}
	if (!tb[TQUEUE_A_RULE_HANDLE]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a rule is needed, by handle");
		return -EINVAL;
	}
	*handle = nla_get_u64(tb[TQUEUE_A_RULE_HANDLE]);
	return 0;
}
