// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_txn.c - TXN_BEGIN, _COMMIT, _ABORT, _CONFIRM, _GET.
 *
 * An open transaction belongs to a socket and ends with it: what a killed tool
 * had begun never stays half done.  One that is committed and to be confirmed
 * belongs to nobody: until its time is over any socket may confirm or abort it,
 * then it is reverted.  What is in tq_net.txns from then on is the transaction
 * that takes it back, under the same id.
 */
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/notifier.h>

#include "account.h"
#include "net.h"
#include "netlink.h"
#include "nl_rule.h"
#include "nl_txn.h"
#include "table.h"
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
	if (txn->unconfirmed) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "transaction is committed, but not confirmed");
		return ERR_PTR(-EBUSY);
	}
	if (txn->portid != info->snd_portid) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "transaction of another socket");
		return ERR_PTR(-EPERM);
	}
	return txn;
}

/* Anybody's transaction, if it waits to be confirmed; else NULL. */
static struct tq_txn *find_unconfirmed(struct tq_net *tn, struct nlattr *id)
{
	struct tq_txn *txn = xa_load(&tn->txns, nla_get_u32(id));

	return txn && txn->unconfirmed ? txn : NULL;
}

/* Every request about a transaction names it. */
static int check_id(struct genl_info *info)
{
	int err = tq_nl_once(info, 0);

	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_TXN_ID)) {
		NL_SET_ERR_MSG(info->extack, "a transaction is needed, by id");
		return -EINVAL;
	}
	return 0;
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

static u32 left_ms(const struct tq_txn *txn)
{
	u64 now = get_jiffies_64();

	return txn->deadline > now ? min_t(u64, U32_MAX, div_u64((txn->deadline - now) *
								 MSEC_PER_SEC, HZ)) : 0;
}

static int fill(struct sk_buff *skb, struct tq_net *tn, void *object, u32 query)
{
	const struct tq_txn *txn = object;

	if (nla_put_u32(skb, TQUEUE_A_TXN_ID, txn->id) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_STATE,
			txn->unconfirmed ? TQUEUE_TXN_UNCONFIRMED : TQUEUE_TXN_OPEN) ||
	    nla_put_u32(skb, TQUEUE_A_TXN_CHANGES, txn->count) ||
	    (txn->unconfirmed && nla_put_u32(skb, TQUEUE_A_TXN_CONFIRM_MS, left_ms(txn))))
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
	if (nla_put_u32(skb, TQUEUE_A_TXN_ID, txn->id) ||
	    (cmd == TQUEUE_CMD_TXN_COMMIT && nla_put_u32(skb, TQUEUE_A_TXN_CHANGES, txn->count))) {
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
	if (err) {
		/* Nobody knows its number. */
		xa_erase(&tn->txns, txn->id);
		tq_txn_abort(txn);
	}
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

/* Behind the notifications of its changes. */
static void notify(struct tq_net *tn, struct genl_info *info, u8 cmd, const struct tq_txn *txn)
{
	struct sk_buff *skb;
	void *hdr;

	tq_net_serial(tn);
	if (!tq_nl_wanted(tn, info))
		return;
	skb = tq_nl_ntf_new(info, cmd, NLMSG_DEFAULT_SIZE, &hdr);
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

/* ---- what waits to be confirmed ---- */

/* No timer runs for as long as a u32 of milliseconds can say. */
static void wake_at(struct tq_net *tn, u64 deadline)
{
	u64 now = get_jiffies_64();

	mod_delayed_work(tq_wq, &tn->revert,
			 deadline > now ? min_t(u64, deadline - now, 3600 * HZ) : 0);
}

/* The soonest of all wakes the work up. */
static void wake_at_soonest(struct tq_net *tn)
{
	struct tq_txn *txn;
	unsigned long id;
	u64 soonest = 0;

	xa_for_each(&tn->txns, id, txn)
		if (txn->unconfirmed && (!soonest || txn->deadline < soonest))
			soonest = txn->deadline;
	if (soonest)
		wake_at(tn, soonest);
}

static void revert(struct tq_net *tn, struct genl_info *info, struct tq_txn *back)
{
	xa_erase(&tn->txns, back->id);
	tq_txn_revert(back);
	tq_nl_rules_notify(tn, info, back);
	notify(tn, info, TQUEUE_CMD_TXN_REVERTED_NTF, back);
	tq_txn_release(back);
}

static void revert_work(struct work_struct *work)
{
	struct tq_net *tn = container_of(to_delayed_work(work), struct tq_net, revert);
	struct tq_txn *txn;
	unsigned long id;

	mutex_lock(&tn->lock);
	if (!tn->dying) {
		xa_for_each(&tn->txns, id, txn)
			if (txn->unconfirmed && txn->deadline <= get_jiffies_64())
				revert(tn, NULL, txn);
		wake_at_soonest(tn);
	}
	mutex_unlock(&tn->lock);
}

/* What is committed is kept in mind for @ms milliseconds. */
static void watch(struct tq_net *tn, struct tq_txn *back, u32 ms)
{
	back->deadline = get_jiffies_64() + DIV_ROUND_UP_ULL((u64)ms * HZ, MSEC_PER_SEC);
	wake_at_soonest(tn);
}

/* ---- requests ---- */

int tq_nl_txn_commit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *confirm = info->attrs[TQUEUE_A_TXN_CONFIRM_MS];
	struct tq_net *tn = tq_nl_net(info);
	struct sk_buff *reply;
	struct tq_txn *txn;
	int err;

	err = check_id(info);
	if (err)
		return err;
	if (confirm && !nla_get_u32(confirm)) {
		NL_SET_ERR_MSG_ATTR(info->extack, confirm, "time to confirm must not be 0");
		return -EINVAL;
	}

	mutex_lock(&tn->lock);
	txn = find(tn, info, info->attrs[TQUEUE_A_TXN_ID]);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto unlock;
	}
	/* Before the commit, which can't be taken back for want of a reply. */
	reply = reply_new(info, TQUEUE_CMD_TXN_COMMIT, txn);
	err = reply ? 0 : -ENOMEM;
	if (!err && confirm)
		err = tq_txn_keep(txn);
	if (err) {
		if (err == -EDQUOT)
			NL_SET_ERR_MSG_ATTR(info->extack, confirm, TQ_OVER_MEMORY);
		nlmsg_free(reply);
		xa_erase(&tn->txns, txn->id);
		tq_txn_abort(txn);
		goto unlock;
	}
	/* In the same slot: needs no memory. */
	if (txn->back)
		xa_store(&tn->txns, txn->id, txn->back, GFP_KERNEL);
	else
		xa_erase(&tn->txns, txn->id);
	tq_txn_commit(txn);
	if (txn->back)
		watch(tn, txn->back, nla_get_u32(confirm));
	tq_nl_rules_notify(tn, info, txn);
	notify(tn, info, TQUEUE_CMD_TXN_COMMITTED_NTF, txn);
	tq_txn_release(txn);
	tq_nl_answer(reply, info);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_txn_abort(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[TQUEUE_A_TXN_ID];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_txn *txn;
	int err;

	err = check_id(info);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	txn = find_unconfirmed(tn, id);
	if (txn) {
		revert(tn, info, txn);
		goto unlock;
	}
	txn = find(tn, info, id);
	err = PTR_ERR_OR_ZERO(txn);
	if (!err) {
		xa_erase(&tn->txns, txn->id);
		tq_txn_abort(txn);
	}
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_txn_confirm(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[TQUEUE_A_TXN_ID];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_txn *txn;
	int err;

	err = check_id(info);
	if (err)
		return err;

	mutex_lock(&tn->lock);
	txn = xa_load(&tn->txns, nla_get_u32(id));
	if (!txn) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such transaction");
		err = -ENOENT;
	} else if (!txn->unconfirmed) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "transaction is not committed");
		err = -EINVAL;
	} else {
		xa_erase(&tn->txns, txn->id);
		tq_txn_confirm(txn);
	}
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
		/* Its tables go, too: nobody is served by reverting first. */
		if (txn->unconfirmed)
			tq_txn_confirm(txn);
		else
			tq_txn_abort(txn);
	}
}

void tq_nl_txn_net_init(struct tq_net *tn)
{
	INIT_DELAYED_WORK(&tn->revert, revert_work);
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
		if (txn->unconfirmed || txn->portid != n->portid)
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
