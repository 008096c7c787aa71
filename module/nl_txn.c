// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_txn.c - TXN_BEGIN, _COMMIT, _ABORT, _GET.
 *
 * An open transaction belongs to a socket and ends with it: what a killed tool
 * had begun never stays half done.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>

#include "net.h"
#include "netlink.h"
#include "nl_rule.h"
#include "nl_txn.h"
#include "txn.h"

const struct nla_policy tq_nl_txn_id_policy[TQUEUE_A_TXN_MAX + 1] = {
	[TQUEUE_A_TXN_ID]	= NLA_POLICY_MIN(NLA_U32, 1),
};

const struct nla_policy tq_nl_txn_commit_policy[TQUEUE_A_TXN_MAX + 1] = {
	[TQUEUE_A_TXN_ID]	  = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_TXN_CONFIRM_MS] = { .type = NLA_U32 },
};

/* The requester's transaction @id. */
static struct tq_txn *find(struct tq_net *tn, struct genl_info *info, struct nlattr *id)
{
	struct tq_txn *txn = xa_load(&tn->txns, nla_get_u32(id));

	if (!txn) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such transaction");
		return ERR_PTR(-ENOENT);
	}
	if (txn->portid != info->snd_portid) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "transaction of another socket");
		return ERR_PTR(-EPERM);
	}
	return txn;
}

struct tq_txn *tq_nl_txn_get(struct tq_net *tn, struct genl_info *info, struct nlattr *id)
{
	struct tq_txn *txn;

	lockdep_assert_held(&tn->lock);
	if (id)
		return find(tn, info, id);
	txn = tq_txn_new(tn, info->snd_portid);
	return txn ?: ERR_PTR(-ENOMEM);
}

static int fill(struct sk_buff *skb, struct tq_net *tn, void *object, u32 query)
{
	const struct tq_txn *txn = object;

	if (nla_put_u32(skb, TQUEUE_A_TXN_ID, txn->id) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_STATE, TQUEUE_TXN_OPEN) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_CHANGES, txn->count))
		return -EMSGSIZE;
	return 0;
}

static struct sk_buff *reply_new(struct genl_info *info, u8 cmd, struct tq_txn *txn)
{
	struct sk_buff *skb;
	void *hdr;

	skb = tq_nl_reply_new(info, cmd, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return NULL;
	if (fill(skb, txn->tn, txn, 0)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, hdr);
	return skb;
}

int tq_nl_txn_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *reply;
	struct tq_txn *txn;
	int err;

	mutex_lock(&tn->lock);
	err = -ENODEV;
	if (tn->dying)
		goto unlock;
	err = -ENOMEM;
	txn = tq_txn_new(tn, info->snd_portid);
	if (!txn)
		goto unlock;
	err = xa_alloc_cyclic(&tn->txns, &txn->id, txn, XA_LIMIT(1, INT_MAX), &tn->next_txn,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0) {
		tq_txn_abort(txn);
		goto unlock;
	}
	reply = reply_new(info, TQUEUE_CMD_TXN_BEGIN, txn);
	if (!reply) {
		xa_erase(&tn->txns, txn->id);
		tq_txn_abort(txn);
		err = -ENOMEM;
		goto unlock;
	}
	err = genlmsg_reply(reply, info);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

static void notify_committed(struct tq_net *tn, struct genl_info *info, const struct tq_txn *txn)
{
	struct sk_buff *skb;
	void *hdr;

	tq_net_serial(tn);
	if (!tq_nl_wanted(tn, info))
		return;
	skb = tq_nl_ntf_new(info, TQUEUE_CMD_TXN_COMMITTED_NTF, NLMSG_DEFAULT_SIZE, &hdr);
	if (!skb)
		return;
	if (nla_put_u32(skb, TQUEUE_A_TXN_ID, txn->id) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_CHANGES, txn->count) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_SERIAL, tn->serial)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, info);
}

/* Takes the transaction that the request names out of the open ones. */
static struct tq_txn *take(struct tq_net *tn, struct genl_info *info)
{
	struct tq_txn *txn;

	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_TXN_ID)) {
		NL_SET_ERR_MSG(info->extack, "a transaction is needed, by id");
		return ERR_PTR(-EINVAL);
	}
	txn = find(tn, info, info->attrs[TQUEUE_A_TXN_ID]);
	if (!IS_ERR(txn))
		xa_erase(&tn->txns, txn->id);
	return txn;
}

int tq_nl_txn_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *reply;
	struct tq_txn *txn;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	if (info->attrs[TQUEUE_A_TXN_CONFIRM_MS]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TQUEUE_A_TXN_CONFIRM_MS],
				    "commits to be confirmed are not supported by this version");
		return -EOPNOTSUPP;
	}

	mutex_lock(&tn->lock);
	txn = take(tn, info);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	/* Before the commit, which can't be taken back for want of a reply. */
	reply = reply_new(info, TQUEUE_CMD_TXN_COMMIT, txn);
	if (!reply) {
		tq_txn_abort(txn);
		err = -ENOMEM;
		goto unlock;
	}
	tq_txn_commit(txn);
	tq_nl_rules_notify(tn, info, txn);
	notify_committed(tn, info, txn);
	tq_txn_release(txn);
	err = genlmsg_reply(reply, info);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_txn_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct tq_net *tn = tq_nl_net(info);
	struct tq_txn *txn;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	txn = take(tn, info);
	err = PTR_ERR_OR_ZERO(txn);
	if (!err)
		tq_txn_abort(txn);
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_txn_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct tq_net *tn = tq_nl_dump_net(skb);

	return tq_nl_dump(skb, cb, tn, &tn->txns, TQUEUE_CMD_TXN_GET, fill, 0);
}

void tq_nl_txn_abort_all(struct tq_net *tn)
{
	struct tq_txn *txn;
	unsigned long id;

	lockdep_assert_held(&tn->lock);
	xa_for_each(&tn->txns, id, txn) {
		xa_erase(&tn->txns, id);
		tq_txn_abort(txn);
	}
}

/* A socket was closed.  The notifier is a blocking one; it runs for every
 * netlink socket of the machine, so the common case must stay cheap: no lock
 * when the namespace has no open transaction.
 */
static int socket_closed(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;
	struct tq_txn *txn;
	struct tq_net *tn;
	unsigned long id;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	tn = tq_net(n->net);
	if (xa_empty(&tn->txns))
		return NOTIFY_DONE;

	mutex_lock(&tn->lock);
	xa_for_each(&tn->txns, id, txn) {
		if (txn->portid != n->portid)
			continue;
		xa_erase(&tn->txns, id);
		tq_txn_abort(txn);
	}
	mutex_unlock(&tn->lock);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call	= socket_closed,
};

int tq_nl_txn_init(void)
{
	return netlink_register_notifier(&notifier);
}

void tq_nl_txn_exit(void)
{
	netlink_unregister_notifier(&notifier);
}
