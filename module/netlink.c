// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink.c - the generic-netlink family: its operations, and what they share.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "net.h"
#include "netlink.h"
#include "nl_txn.h"

/* ---- shared by the handlers ---- */

/* What the core lets pass of attributes that @policy is right for. */
static int check(const struct nlattr *head, int len, const struct nla_policy *policy, u64 multi,
		 struct netlink_ext_ack *extack)
{
	const struct nlattr *a;
	u64 seen = 0;
	int rem;

	nla_for_each_attr(a, head, len, rem) {
		const int type = nla_type(a);
		u64 bit = type < 64 ? 1ULL << type : 0;

		if (seen & bit & ~multi) {
			NL_SET_ERR_MSG_ATTR(extack, a, "attribute is there twice");
			return -EINVAL;
		}
		seen |= bit;
		if (a->nla_type & NLA_F_NET_BYTEORDER) {
			NL_SET_ERR_MSG_ATTR(extack, a, "attribute must be in host byte order");
			return -EINVAL;
		}
		if (policy[type].type == NLA_NUL_STRING &&
		    strnlen(nla_data(a), nla_len(a)) + 1 != nla_len(a)) {
			NL_SET_ERR_MSG_ATTR(extack, a, "a string ends with its first NUL");
			return -EINVAL;
		}
	}
	return 0;
}

static const struct nla_policy *policy_of(u8 cmd);

int tq_nl_once(const struct genl_info *info, u64 multi)
{
	return check(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr),
		     policy_of(info->genlhdr->cmd), multi, info->extack);
}

int tq_nl_dump_once(const struct netlink_callback *cb)
{
	const struct genlmsghdr *hdr = nlmsg_data(cb->nlh);

	return check(genlmsg_data(hdr), genlmsg_len(hdr), policy_of(hdr->cmd), 0, cb->extack);
}

int tq_nl_nest_parse(struct nlattr **tb, int max, const struct nlattr *nest,
		     const struct nla_policy *policy, u64 multi, struct netlink_ext_ack *extack)
{
	return nla_parse_nested(tb, max, nest, policy, extack) ?:
	       check(nla_data(nest), nla_len(nest), policy, multi, extack);
}

struct tq_net *tq_nl_net(const struct genl_info *info)
{
	return tq_net(read_pnet(&info->_net));
}

struct sk_buff *tq_nl_reply_new(const struct genl_info *info, u8 cmd, size_t size, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, info->snd_portid, info->snd_seq, &tq_nl_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

void tq_nl_answer(struct sk_buff *skb, struct genl_info *info)
{
	genlmsg_reply(skb, info);
}

bool tq_nl_wanted(struct tq_net *tn, const struct genl_info *info)
{
	return (info && info->nlhdr->nlmsg_flags & NLM_F_ECHO) ||
	       genl_has_listeners(&tq_nl_family, tn->net, 0);
}

struct sk_buff *tq_nl_ntf_new(const struct genl_info *info, u8 cmd, size_t size, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, info ? info->snd_portid : 0, info ? info->snd_seq : 0,
			   &tq_nl_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

void tq_nl_ntf_send(struct tq_net *tn, struct sk_buff *skb, const struct genl_info *info)
{
	/* A listener that can't keep up sees a gap in the serials. */
	nlmsg_notify(tn->net->genl_sock, skb, info ? info->snd_portid : 0,
		     tq_nl_family.mcgrp_offset, info && nlmsg_report(info->nlhdr), GFP_KERNEL);
}

struct tq_net *tq_nl_dump_net(const struct sk_buff *skb)
{
	return tq_net(sock_net(skb->sk));
}

int tq_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, struct tq_net *tn,
	       struct xarray *xa, u8 cmd, tq_nl_fill_fn fill, u32 query)
{
	unsigned long id;
	void *object;
	int err = 0;

	mutex_lock(&tn->lock);
	cb->seq = tn->state;
	xa_for_each_start(xa, id, object, cb->args[0]) {
		void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					&tq_nl_family, NLM_F_MULTI, cmd);

		err = -EMSGSIZE;
		if (!hdr)
			break;
		genl_dump_check_consistent(cb, hdr);
		err = fill(skb, tn, object, query);
		if (err) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = id + 1;
	}
	mutex_unlock(&tn->lock);
	return skb->len ?: err;
}

/* ---- operations ---- */

#define OP(_cmd, _doit, _policy, _max)						\
	TQ_GENL_DO(TQUEUE_CMD_##_cmd, _doit, _policy, _max)

/* @_both is for kernels that have one policy for do and dump; the dump follows. */
#define OP_BOTH(_cmd, _doit, _policy, _dumpit, _done, _both, _max)		\
	TQ_GENL_DO_DUMP(TQUEUE_CMD_##_cmd, _doit, _policy, _dumpit, _done, _both, _max)

#define DUMP_TOO(_cmd, _dumpit, _done, _policy, _max)				\
	TQ_GENL_DUMP_TOO(TQUEUE_CMD_##_cmd, _dumpit, _done, _policy, _max)

#define OP_DUMP(_cmd, _dumpit, _policy, _max)					\
	TQ_GENL_DUMP(TQUEUE_CMD_##_cmd, _dumpit, _policy, _max)

/* An operation without attributes.  With a maxattr of 0 the core would not look
 * at what is there; with this it refuses all.
 */
#define NO_ATTRS	1
static const struct nla_policy no_policy[NO_ATTRS + 1] = {
	[NO_ATTRS] = { .type = NLA_REJECT, .reject_message = "this command has no attributes" },
};

/* By number: the core wants it so. */
static const struct tq_genl_ops ops[] = {
	OP(VERSION_GET, tq_nl_version_get, no_policy, NO_ATTRS),

	OP(QUEUE_NEW, tq_nl_queue_new, tq_nl_queue_new_policy, TQUEUE_A_QUEUE_MAX),
	OP(QUEUE_SET, tq_nl_queue_set, tq_nl_queue_set_policy, TQUEUE_A_QUEUE_MAX),
	OP(QUEUE_DEL, tq_nl_queue_del, tq_nl_queue_id_policy, TQUEUE_A_QUEUE_MAX),
	OP_BOTH(QUEUE_GET, tq_nl_queue_get, tq_nl_queue_get_policy, tq_nl_queue_dump, NULL,
		tq_nl_queue_get_policy, TQUEUE_A_QUEUE_MAX),
	DUMP_TOO(QUEUE_GET, tq_nl_queue_dump, NULL, tq_nl_queue_dump_policy, TQUEUE_A_QUEUE_MAX)
	OP(QUEUE_OPEN, tq_nl_queue_open, tq_nl_queue_open_policy, TQUEUE_A_QUEUE_MAX),
	OP(QUEUE_FLUSH, tq_nl_queue_flush, tq_nl_queue_id_policy, TQUEUE_A_QUEUE_MAX),

	OP(TABLE_NEW, tq_nl_table_new, tq_nl_table_new_policy, TQUEUE_A_TABLE_MAX),
	OP(TABLE_SET, tq_nl_table_set, tq_nl_table_set_policy, TQUEUE_A_TABLE_MAX),
	OP(TABLE_DEL, tq_nl_table_del, tq_nl_table_id_policy, TQUEUE_A_TABLE_MAX),
	OP_BOTH(TABLE_GET, tq_nl_table_get, tq_nl_table_get_policy, tq_nl_table_dump, NULL,
		tq_nl_table_get_policy, TQUEUE_A_TABLE_MAX),
	DUMP_TOO(TABLE_GET, tq_nl_table_dump, NULL, tq_nl_table_dump_policy, TQUEUE_A_TABLE_MAX)
	OP(TABLE_FLUSH, tq_nl_table_flush, tq_nl_table_flush_policy, TQUEUE_A_TABLE_MAX),

	OP(RULE_NEW, tq_nl_rule_new, tq_nl_rules_change_policy, TQUEUE_A_RULES_MAX),
	OP(RULE_SET, tq_nl_rule_set, tq_nl_rules_change_policy, TQUEUE_A_RULES_MAX),
	OP(RULE_DEL, tq_nl_rule_del, tq_nl_rules_change_policy, TQUEUE_A_RULES_MAX),
	OP_BOTH(RULE_GET, tq_nl_rule_get, tq_nl_rule_get_policy, tq_nl_rule_dump, tq_nl_rules_done,
		tq_nl_rule_both_policy, TQUEUE_A_RULES_MAX),
	DUMP_TOO(RULE_GET, tq_nl_rule_dump, tq_nl_rules_done, tq_nl_rule_dump_policy, TQUEUE_A_RULES_MAX)
	OP_BOTH(RULE_TEST, tq_nl_rule_test, tq_nl_rule_test_policy, tq_nl_rule_test_dump, tq_nl_rules_done,
		tq_nl_rule_test_policy, TQUEUE_A_RULES_MAX),
	DUMP_TOO(RULE_TEST, tq_nl_rule_test_dump, tq_nl_rules_done, tq_nl_rule_test_policy, TQUEUE_A_RULES_MAX)

	OP(HOOK_NEW, tq_nl_hook_new, tq_nl_hook_new_policy, TQUEUE_A_HOOK_MAX),
	OP(HOOK_SET, tq_nl_hook_set, tq_nl_hook_set_policy, TQUEUE_A_HOOK_MAX),
	OP(HOOK_DEL, tq_nl_hook_del, tq_nl_hook_id_policy, TQUEUE_A_HOOK_MAX),
	OP_BOTH(HOOK_GET, tq_nl_hook_get, tq_nl_hook_id_policy, tq_nl_hook_dump, NULL,
		tq_nl_hook_id_policy, TQUEUE_A_HOOK_MAX),
	DUMP_TOO(HOOK_GET, tq_nl_hook_dump, NULL, tq_nl_hook_dump_policy, TQUEUE_A_HOOK_MAX)

	OP_DUMP(STATS_GET, tq_nl_stats_dump, no_policy, NO_ATTRS),

	OP(TXN_BEGIN, tq_nl_txn_begin, no_policy, NO_ATTRS),
	OP(TXN_COMMIT, tq_nl_txn_commit, tq_nl_txn_commit_policy, TQUEUE_A_TXN_MAX),
	OP(TXN_ABORT, tq_nl_txn_abort, tq_nl_txn_id_policy, TQUEUE_A_TXN_MAX),
	OP(TXN_CONFIRM, tq_nl_txn_confirm, tq_nl_txn_id_policy, TQUEUE_A_TXN_MAX),
	OP_DUMP(TXN_GET, tq_nl_txn_dump, no_policy, NO_ATTRS),
};

static const struct nla_policy *policy_of(u8 cmd)
{
	size_t i = 0;

	/* The core calls a handler for what is there only; strings are strings in
	 * the policies of both do and dump.
	 */
	while (ops[i].cmd != cmd)
		i++;
	return ops[i].policy;
}

static const struct genl_multicast_group groups[] = {
	{ .name = TQUEUE_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN, },
};

struct genl_family tq_nl_family __ro_after_init = {
	.name		= TQUEUE_FAMILY_NAME,
	.version	= TQUEUE_FAMILY_VERSION,
	.module		= THIS_MODULE,
	.netnsok	= true,
	.parallel_ops	= true,
	TQ_GENL_FAMILY_OPS(ops)
	TQ_GENL_RESV_START_OP(__TQUEUE_CMD_MAX)
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

int __init tq_nl_init(void)
{
	int err = genl_register_family(&tq_nl_family);

	if (err)
		return err;
	err = tq_nl_txn_init();
	if (err)
		genl_unregister_family(&tq_nl_family);
	return err;
}

void tq_nl_exit(void)
{
	tq_nl_txn_exit();
	genl_unregister_family(&tq_nl_family);
}

MODULE_ALIAS_GENL_FAMILY(TQUEUE_FAMILY_NAME);
