// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_table.c - TABLE_NEW, _SET, _DEL, _GET, _FLUSH.
 */
#include <linux/netlink.h>

#include "net.h"
#include "netlink.h"
#include "nl_txn.h"
#include "table.h"
#include "txn.h"

#define QUERY_BITS	(TQUEUE_QUERY_TERSE | TQUEUE_QUERY_HOLDERS)

const struct nla_policy tq_nl_table_new_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_TABLE_RULES_MAX] = { .type = NLA_U32 },
};

const struct nla_policy tq_nl_table_set_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_ID]	   = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_TABLE_NAME]	   = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_TABLE_RULES_MAX] = { .type = NLA_U32 },
};

const struct nla_policy tq_nl_table_id_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_TABLE_NAME]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
};

const struct nla_policy tq_nl_table_get_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_TABLE_NAME]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_TABLE_QUERY]	= NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
};

const struct nla_policy tq_nl_table_dump_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_ID]	= TQ_NL_NOT_HERE(TQ_NL_ALL_TABLES),
	[TQUEUE_A_TABLE_NAME]	= TQ_NL_NOT_HERE(TQ_NL_ALL_TABLES),
	[TQUEUE_A_TABLE_QUERY]	= NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
};

const struct nla_policy tq_nl_table_flush_policy[TQUEUE_A_TABLE_MAX + 1] = {
	[TQUEUE_A_TABLE_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_TABLE_NAME]	= { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_TABLE_TXN]	= NLA_POLICY_MIN(NLA_U32, 1),
};

struct tq_table *tq_nl_table_find(struct tq_net *tn, struct nlattr *id, struct nlattr *name,
				  struct netlink_ext_ack *extack)
{
	struct tq_table *t;

	lockdep_assert_held(&tn->lock);
	if (id && name) {
		NL_SET_ERR_MSG_ATTR(extack, name, "give the table's id or its name, not both");
		return ERR_PTR(-EINVAL);
	}
	if (!id && !name) {
		NL_SET_ERR_MSG(extack, "a table is needed, by name or id");
		return ERR_PTR(-EINVAL);
	}
	t = id ? xa_load(&tn->tables, nla_get_u32(id)) : tq_table_find(tn, nla_data(name));
	if (!t) {
		NL_SET_ERR_MSG_ATTR(extack, id ?: name, "no such table");
		return ERR_PTR(-ENOENT);
	}
	return t;
}

static int fill(struct sk_buff *skb, struct tq_net *tn, void *object, u32 query)
{
	struct tq_table *t = object;
	int err = -EMSGSIZE;

	if (nla_put_u32(skb, TQUEUE_A_TABLE_ID, t->id) ||
	    nla_put_string(skb, TQUEUE_A_TABLE_NAME, t->name))
		return -EMSGSIZE;
	if (query & TQUEUE_QUERY_TERSE)
		return 0;

	mutex_lock(&t->lock);
	if (!nla_put_u64_64bit(skb, TQUEUE_A_TABLE_GENERATION, tq_table_generation(t),
			       TQUEUE_A_TABLE_PAD) &&
	    !nla_put_u32(skb, TQUEUE_A_TABLE_RULES, t->rules) &&
	    !nla_put_u32(skb, TQUEUE_A_TABLE_RULES_MAX, t->rules_max) &&
	    !nla_put_u64_64bit(skb, TQUEUE_A_TABLE_MEMORY, tq_table_memory(t),
			       TQUEUE_A_TABLE_PAD) &&
	    !nla_put_u32(skb, TQUEUE_A_TABLE_TUPLES, tq_classifier_tuples(&t->classifier)) &&
	    !nla_put_u32(skb, TQUEUE_A_TABLE_SERIAL, tn->serial))
		err = 0;
	mutex_unlock(&t->lock);
	if (!err && query & TQUEUE_QUERY_HOLDERS)
		err = tq_table_put_holders(skb, tn, t);
	return err;
}

/* Takes @skb, which has TQ_NL_BIG bytes; @hdr is of it. */
static int answer(struct genl_info *info, struct tq_net *tn, struct tq_table *t, u32 query,
		  struct sk_buff *skb, void *hdr)
{
	int err = fill(skb, tn, t, query);

	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/* A change of @t has happened: counts it and tells. */
static void notify(struct tq_net *tn, const struct genl_info *info, struct tq_table *t, u8 cmd)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	tq_net_serial(tn);
	if (!tq_nl_wanted(tn, info))
		return;
	skb = tq_nl_ntf_new(info, cmd, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return;
	if (cmd == TQUEUE_CMD_TABLE_NEW_NTF || cmd == TQUEUE_CMD_TABLE_SET_NTF)
		err = fill(skb, tn, t, 0);
	else
		err = fill(skb, tn, t, TQUEUE_QUERY_TERSE) ?:
		      nla_put_u32(skb, TQUEUE_A_TABLE_SERIAL, tn->serial);
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, info);
}

/* The table that the request names by id or name. */
static struct tq_table *named(struct tq_net *tn, struct genl_info *info)
{
	return tq_nl_table_find(tn, info->attrs[TQUEUE_A_TABLE_ID],
				info->attrs[TQUEUE_A_TABLE_NAME], info->extack);
}

int tq_nl_table_new(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *name = info->attrs[TQUEUE_A_TABLE_NAME];
	struct nlattr *max = info->attrs[TQUEUE_A_TABLE_RULES_MAX];
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *msg;
	struct tq_table *t;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_TABLE_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a new table needs a name");
		return -EINVAL;
	}
	if (tq_name_check(nla_data(name))) {
		NL_SET_ERR_MSG_ATTR(info->extack, name, TQ_NL_BAD_NAME);
		return -EINVAL;
	}

	/* Before anything is done: see tq_nl_answer(). */
	msg = tq_nl_reply_new(info, TQUEUE_CMD_TABLE_NEW, TQ_NL_BIG, &hdr);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&tn->lock);
	if (tq_table_find(tn, nla_data(name))) {
		NL_SET_ERR_MSG_ATTR(info->extack, name, "a table of this name exists");
		err = -EEXIST;
		goto unlock;
	}
	t = tq_table_create(tn, nla_data(name), max ? nla_get_u32(max) : 0, info->extack);
	err = PTR_ERR_OR_ZERO(t);
	if (err)
		goto unlock;
	notify(tn, info, t, TQUEUE_CMD_TABLE_NEW_NTF);
	answer(info, tn, t, 0, msg, hdr);
unlock:
	mutex_unlock(&tn->lock);
	if (err)
		nlmsg_free(msg);
	return err;
}

int tq_nl_table_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *max = info->attrs[TQUEUE_A_TABLE_RULES_MAX];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_table *t;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	t = named(tn, info);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	err = max ? tq_table_limit(t, nla_get_u32(max)) : 0;
	if (err > 0)
		notify(tn, info, t, TQUEUE_CMD_TABLE_SET_NTF);
	else if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, max,
				    "the table has more rules, or open transactions may add them");
	err = min(err, 0);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_table_del(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[TQUEUE_A_TABLE_ID];
	struct nlattr *name = info->attrs[TQUEUE_A_TABLE_NAME];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_table *t;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	t = named(tn, info);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	tq_table_get(t);	/* for the notification */
	err = t->unconfirmed ? -EBUSY : tq_table_delete(tn, t);
	if (err && t->unconfirmed)
		NL_SET_ERR_MSG_ATTR(info->extack, id ?: name,
				    "a transaction that changed the table is not confirmed");
	else if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, id ?: name,
				    "table is in use by a hook or an iptables rule");
	else
		notify(tn, info, t, TQUEUE_CMD_TABLE_DEL_NTF);
	tq_table_put(t);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_table_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *query = info->attrs[TQUEUE_A_TABLE_QUERY];
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *msg;
	struct tq_table *t;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	msg = tq_nl_reply_new(info, TQUEUE_CMD_TABLE_GET, TQ_NL_BIG, &hdr);
	if (!msg)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	t = named(tn, info);
	err = IS_ERR(t) ? PTR_ERR(t) :
	      answer(info, tn, t, query ? nla_get_u32(query) : 0, msg, hdr);
	mutex_unlock(&tn->lock);
	if (IS_ERR(t))
		nlmsg_free(msg);
	return err;
}

int tq_nl_table_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_txn *txn;
	struct tq_table *t;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	t = named(tn, info);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	txn = tq_nl_txn_get(tn, info, info->attrs[TQUEUE_A_TABLE_TXN]);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	err = tq_txn_flush(txn, t, info->extack);
	if (txn->id)
		goto unlock;
	if (err) {
		tq_txn_abort(txn);
		goto unlock;
	}
	tq_txn_commit(txn);
	notify(tn, info, t, TQUEUE_CMD_TABLE_FLUSH_NTF);
	tq_txn_release(txn);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_table_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tq_compat_dump_attrs(cb);
	struct nlattr *one = attrs[TQUEUE_A_TABLE_ID] ?: attrs[TQUEUE_A_TABLE_NAME];
	struct nlattr *query = attrs[TQUEUE_A_TABLE_QUERY];
	struct tq_net *tn = tq_nl_dump_net(skb);
	int err;

	err = tq_nl_dump_once(cb);
	if (err)
		return err;
	if (one) {
		NL_SET_ERR_MSG_ATTR(cb->extack, one, TQ_NL_ALL_TABLES);
		return -EINVAL;
	}
	return tq_nl_dump(skb, cb, tn, &tn->tables, TQUEUE_CMD_TABLE_GET, fill,
			  query ? nla_get_u32(query) : 0);
}
