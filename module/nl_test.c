// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_test.c - RULE_TEST: which rules would win a packet that the request
 * describes, in turn (do), or which rules match it at all, in order (dump).  Nothing is
 * counted.
 */
#include <linux/if.h>
#include <linux/log2.h>
#include <linux/netlink.h>

#include "net.h"
#include "netlink.h"
#include "nl_rule.h"
#include "packet.h"
#include "table.h"
#include "verdict.h"

/* A policy's own limits are signed 16-bit numbers. */
static struct netlink_range_validation port_range = { .max = 65535 };

static const struct nla_policy packet_policy[TQUEUE_A_PACKET_MAX + 1] = {
	[TQUEUE_A_PACKET_FAMILY]    = NLA_POLICY_RANGE(NLA_U32, TQUEUE_FAMILY_IPV4,
						       TQUEUE_FAMILY_IPV6),
	[TQUEUE_A_PACKET_SRC]	    = { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_PACKET_DST]	    = { .type = NLA_BINARY, .len = 16 },
	[TQUEUE_A_PACKET_PROTO]	    = NLA_POLICY_MAX(NLA_U32, 255),
	[TQUEUE_A_PACKET_SPORT]	    = NLA_POLICY_FULL_RANGE(NLA_U32, &port_range),
	[TQUEUE_A_PACKET_DPORT]	    = NLA_POLICY_FULL_RANGE(NLA_U32, &port_range),
	[TQUEUE_A_PACKET_ICMP_TYPE] = NLA_POLICY_MAX(NLA_U32, 255),
	[TQUEUE_A_PACKET_ICMP_CODE] = NLA_POLICY_MAX(NLA_U32, 255),
	[TQUEUE_A_PACKET_TCP_FLAGS] = NLA_POLICY_MAX(NLA_U32, 255),
	[TQUEUE_A_PACKET_IIF]	    = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[TQUEUE_A_PACKET_OIF]	    = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[TQUEUE_A_PACKET_MARK]	    = { .type = NLA_U32 },
	[TQUEUE_A_PACKET_DSCP]	    = NLA_POLICY_MAX(NLA_U32, 63),
	[TQUEUE_A_PACKET_LEN]	    = { .type = NLA_U32 },
	[TQUEUE_A_PACKET_FRAG]	    = NLA_POLICY_RANGE(NLA_U32, 1, TQUEUE_FRAG_LATER),
	[TQUEUE_A_PACKET_CT_STATE]  = NLA_POLICY_RANGE(NLA_U32, 1, TQUEUE_CT_UNTRACKED),
	[TQUEUE_A_PACKET_TRANSPORT_LEN] = { .type = NLA_U32 },
};

const struct nla_policy tq_nl_rule_test_policy[TQUEUE_A_RULES_MAX + 1] = {
	[TQUEUE_A_RULES_TABLE]	  = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULES_TABLE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_PACKET]	  = NLA_POLICY_NESTED(packet_policy),
};

static int parse_addr(union nf_inet_addr *addr, u8 family, const struct nlattr *a,
		      struct netlink_ext_ack *extack)
{
	int size = family == NFPROTO_IPV4 ? 4 : 16;

	if (!a)
		return 0;
	if (nla_len(a) != size) {
		NL_SET_ERR_MSG_ATTR(extack, a, "address is not of the packet's family");
		return -EINVAL;
	}
	memcpy(addr, nla_data(a), size);
	return 0;
}

static int parse_ifname(const char **name, const struct nlattr *a, struct netlink_ext_ack *extack)
{
	if (!a)
		return 0;
	*name = nla_data(a);
	if (!**name) {
		NL_SET_ERR_MSG_ATTR(extack, a, "an interface has a name");
		return -EINVAL;
	}
	return 0;
}

static u32 get(struct nlattr **tb, int attr)
{
	return tb[attr] ? nla_get_u32(tb[attr]) : 0;
}

/* Which of these the packet carries: as in packet.c:transport(). */
static u8 carries(const struct tq_key *key, struct nlattr **tb)
{
	const struct nlattr *len = tb[TQUEUE_A_PACKET_TRANSPORT_LEN];
	u32 there = key->frag == TQUEUE_FRAG_LATER ? 0 : len ? nla_get_u32(len) : U32_MAX;
	u8 have = 0;

	if (tq_proto_has_ports(key->proto) && there >= 4)
		have |= TQ_KEY_PORTS;
	if (key->proto == IPPROTO_TCP && there >= 14)
		have |= TQ_KEY_TCP;
	if (key->proto == (key->family == NFPROTO_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) &&
	    there >= 2)
		have |= TQ_KEY_ICMP;
	return have;
}

/* What goes with the protocol: ports, TCP flags or ICMP type and code. */
static int parse_transport(struct tq_key *key, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *port = tb[TQUEUE_A_PACKET_SPORT] ?: tb[TQUEUE_A_PACKET_DPORT];
	struct nlattr *type = tb[TQUEUE_A_PACKET_ICMP_TYPE] ?: tb[TQUEUE_A_PACKET_ICMP_CODE];
	struct nlattr *flags = tb[TQUEUE_A_PACKET_TCP_FLAGS];

	key->have = carries(key, tb);
	if (port && !(key->have & TQ_KEY_PORTS)) {
		NL_SET_ERR_MSG_ATTR(extack, port, "such a packet carries no ports");
		return -EINVAL;
	}
	if (type && !(key->have & TQ_KEY_ICMP)) {
		NL_SET_ERR_MSG_ATTR(extack, type, "such a packet carries no ICMP type");
		return -EINVAL;
	}
	if (flags && !(key->have & TQ_KEY_TCP)) {
		NL_SET_ERR_MSG_ATTR(extack, flags, "such a packet carries no TCP flags");
		return -EINVAL;
	}
	key->sport = get(tb, TQUEUE_A_PACKET_SPORT);
	key->dport = get(tb, TQUEUE_A_PACKET_DPORT);
	key->tcp_flags = get(tb, TQUEUE_A_PACKET_TCP_FLAGS);
	key->icmp_type = get(tb, TQUEUE_A_PACKET_ICMP_TYPE);
	key->icmp_code = get(tb, TQUEUE_A_PACKET_ICMP_CODE);
	return 0;
}

/* The names in @key point into the request. */
static int parse_packet(struct tq_key *key, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TQUEUE_A_PACKET_MAX + 1];
	int err;

	if (!nest) {
		NL_SET_ERR_MSG(extack, "a packet is needed");
		return -EINVAL;
	}
	err = tq_nl_nest_parse(tb, TQUEUE_A_PACKET_MAX, nest, packet_policy, 0, extack);
	if (err)
		return err;

	memset(key, 0, sizeof(*key));
	key->family = get(tb, TQUEUE_A_PACKET_FAMILY);
	if (key->family != NFPROTO_IPV4 && key->family != NFPROTO_IPV6) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_PACKET_FAMILY] ?: nest,
				    "a packet is IPv4 or IPv6");
		return -EINVAL;
	}
	err = parse_addr(&key->src, key->family, tb[TQUEUE_A_PACKET_SRC], extack) ?:
	      parse_addr(&key->dst, key->family, tb[TQUEUE_A_PACKET_DST], extack);
	if (err)
		return err;
	key->proto = get(tb, TQUEUE_A_PACKET_PROTO);
	key->mark = get(tb, TQUEUE_A_PACKET_MARK);
	key->dscp = get(tb, TQUEUE_A_PACKET_DSCP);
	key->len = get(tb, TQUEUE_A_PACKET_LEN);
	key->frag = get(tb, TQUEUE_A_PACKET_FRAG) ?: TQUEUE_FRAG_NONE;
	if (!is_power_of_2(key->frag)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_PACKET_FRAG],
				    "a packet is whole, a first or a later fragment");
		return -EINVAL;
	}
	key->ct = get(tb, TQUEUE_A_PACKET_CT_STATE) ?: TQUEUE_CT_UNTRACKED;
	if (!is_power_of_2(key->ct)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TQUEUE_A_PACKET_CT_STATE],
				    "a packet has one state of conntrack");
		return -EINVAL;
	}
	return parse_ifname(&key->in, tb[TQUEUE_A_PACKET_IIF], extack) ?:
	       parse_ifname(&key->out, tb[TQUEUE_A_PACKET_OIF], extack) ?:
	       parse_transport(key, tb, extack);
}

/* Asks the index that packets ask, as they do: behind a rule with verdict next
 * or repeat comes the one that wins the further look.  @key is changed as the
 * packet would be.
 */
static int put_winners(struct sk_buff *reply, struct tq_table *t, struct tq_key *key)
{
	struct tq_version *v, *after = NULL;
	unsigned int repeats = 0;
	unsigned long gen;
	int err = 0;

	rcu_read_lock();
	gen = atomic_long_read_acquire(&t->generation);
	while ((v = tq_classifier_lookup(&t->classifier, key, gen, after))) {
		err = tq_nl_rule_fill(reply, v, 0);
		if (err)
			break;
		tq_actions_change(v->link->actions, key);
		if (v->verdict == TQUEUE_VERDICT_NEXT)
			after = v;
		else if (v->verdict == TQUEUE_VERDICT_REPEAT && repeats++ < TQ_REPEAT_MAX)
			after = NULL;
		else
			break;
	}
	rcu_read_unlock();
	return err;
}

int tq_nl_rule_test(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *reply;
	struct tq_table *t;
	struct tq_key key;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0) ?:
	      parse_packet(&key, info->attrs[TQUEUE_A_RULES_PACKET], info->extack);
	if (err)
		return err;
	reply = tq_nl_reply_new(info, TQUEUE_CMD_RULE_TEST, TQ_NL_BIG, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	t = tq_nl_rules_table(tn, info->attrs, info->extack);
	err = IS_ERR(t) ? PTR_ERR(t) :
	      tq_nl_rules_fill_head(reply, t) ?: put_winners(reply, t, &key);
	mutex_unlock(&tn->lock);
	if (err == -EMSGSIZE)
		NL_SET_ERR_MSG(info->extack,
			       "more rules in turn than a reply can hold; ask for a dump");
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

int tq_nl_rule_test_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tq_compat_dump_attrs(cb);
	struct tq_key key;
	int err;

	err = tq_nl_dump_once(cb) ?: parse_packet(&key, attrs[TQUEUE_A_RULES_PACKET], cb->extack);
	if (err)
		return err;
	return tq_nl_rules_dump(skb, cb, TQUEUE_CMD_RULE_TEST, &key, NULL, 0);
}
