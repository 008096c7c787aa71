// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_rule.c - RULE_NEW, _SET, _DEL, _GET and what is told of rules.
 */
#include <linux/netlink.h>

#include "account.h"
#include "net.h"
#include "netlink.h"
#include "nl_filter.h"
#include "nl_rule.h"
#include "nl_txn.h"
#include "snapshot.h"
#include "table.h"
#include "txn.h"

#define MULTI		BIT_ULL(TQUEUE_A_RULES_RULE)
#define QUERY_BITS	TQUEUE_QUERY_TERSE

/* A RULE nest that holds a handle, padded for alignment. */
#define HANDLE_SIZE	(nla_total_size(0) + 2 * nla_total_size_64bit(sizeof(u64)))

const struct nla_policy tq_nl_rules_change_policy[TQUEUE_A_RULES_MAX + 1] = {
	[TQUEUE_A_RULES_TABLE]	  = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULES_TABLE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_TXN]	  = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_RULE]	  = NLA_POLICY_NESTED(tq_nl_rule_policy),
};

const struct nla_policy tq_nl_rule_get_policy[TQUEUE_A_RULES_MAX + 1] = {
	[TQUEUE_A_RULES_TABLE]	  = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULES_TABLE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_RULE]	  = NLA_POLICY_NESTED(tq_nl_rule_policy),
	[TQUEUE_A_RULES_QUERY]	  = NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
	[TQUEUE_A_RULES_FILTER]	  = TQ_NL_NOT_HERE(TQ_NL_NO_FILTER),
};

const struct nla_policy tq_nl_rule_dump_policy[TQUEUE_A_RULES_MAX + 1] = {
	[TQUEUE_A_RULES_TABLE]	  = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULES_TABLE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_RULE]	  = TQ_NL_NOT_HERE(TQ_NL_ALL_RULES),
	[TQUEUE_A_RULES_QUERY]	  = NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
	[TQUEUE_A_RULES_FILTER]	  = NLA_POLICY_NESTED(tq_nl_filter_policy),
};

const struct nla_policy tq_nl_rule_both_policy[TQUEUE_A_RULES_MAX + 1] = {
	[TQUEUE_A_RULES_TABLE]	  = { .type = NLA_NUL_STRING, .len = TQUEUE_NAME_SIZE - 1 },
	[TQUEUE_A_RULES_TABLE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[TQUEUE_A_RULES_RULE]	  = NLA_POLICY_NESTED(tq_nl_rule_policy),
	[TQUEUE_A_RULES_QUERY]	  = NLA_POLICY_MASK(NLA_U32, QUERY_BITS),
	[TQUEUE_A_RULES_FILTER]	  = NLA_POLICY_NESTED(tq_nl_filter_policy),
};

struct tq_table *tq_nl_rules_table(struct tq_net *tn, struct nlattr **attrs,
				   struct netlink_ext_ack *extack)
{
	return tq_nl_table_find(tn, attrs[TQUEUE_A_RULES_TABLE_ID], attrs[TQUEUE_A_RULES_TABLE],
				extack);
}

static int fill_head(struct sk_buff *skb, const struct tq_table *t, unsigned long gen)
{
	if (nla_put_string(skb, TQUEUE_A_RULES_TABLE, t->name) ||
	    nla_put_u32(skb, TQUEUE_A_RULES_TABLE_ID, t->id) ||
	    nla_put_u64_64bit(skb, TQUEUE_A_RULES_GENERATION, gen, TQUEUE_A_RULES_PAD))
		return -EMSGSIZE;
	return 0;
}

int tq_nl_rules_fill_head(struct sk_buff *skb, const struct tq_table *t)
{
	return fill_head(skb, t, tq_table_generation(t));
}

/* ---- changes ---- */

typedef struct tq_rule *(*change_fn)(struct tq_txn *txn, struct tq_table *t,
				     struct tq_rule_spec *spec, struct netlink_ext_ack *extack);

/* Applies one RULE nest and notes the handle in @reply. */
static int change_one(struct tq_net *tn, struct genl_info *info, struct tq_txn *txn,
		      struct tq_table *t, const struct nlattr *nest, change_fn change,
		      struct sk_buff *reply)
{
	struct netlink_ext_ack *extack = info->extack;
	struct tq_rule_spec spec;
	struct tq_rule *rule;
	int err;

	err = tq_nl_rule_parse(tn, t, &spec, nest, extack);
	if (err)
		return err;
	spec.excl = info->nlhdr->nlmsg_flags & NLM_F_EXCL;
	spec.append = info->nlhdr->nlmsg_flags & NLM_F_APPEND;
	if (change == tq_txn_replace && !spec.handle) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a rule is replaced by handle");
		err = -EINVAL;
		goto release;
	}
	rule = change(txn, t, &spec, extack);
	if (IS_ERR(rule)) {
		NL_SET_BAD_ATTR(extack, nest);
		err = PTR_ERR(rule);
		if (err == -EDQUOT)
			NL_SET_ERR_MSG(extack, TQ_OVER_MEMORY);
		goto release;
	}
	return tq_nl_rule_fill_handle(reply, rule->handle);

release:
	tq_actions_release(&spec.actions);
	return err;
}

static int delete_one(struct genl_info *info, struct tq_txn *txn, struct tq_table *t,
		      const struct nlattr *nest)
{
	u64 handle;
	int err;

	err = tq_nl_rule_parse_handle(&handle, nest, info->extack);
	if (err)
		return err;
	err = tq_txn_delete(txn, t, handle, info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack, nest);
	return err;
}

static unsigned int count_rules(const struct genl_info *info)
{
	const struct nlattr *a;
	unsigned int n = 0;
	int rem;

	nla_for_each_attr(a, genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr), rem)
		n += nla_type(a) == TQUEUE_A_RULES_RULE;
	return n;
}

static int change_all(struct tq_net *tn, struct genl_info *info, struct tq_txn *txn,
		      struct tq_table *t, change_fn change, struct sk_buff *reply)
{
	const struct nlattr *a;
	int err = 0, rem;

	nla_for_each_attr(a, genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr), rem) {
		if (nla_type(a) != TQUEUE_A_RULES_RULE)
			continue;
		err = change ? change_one(tn, info, txn, t, a, change, reply) :
			       delete_one(info, txn, t, a);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

/* The reply was filled before the commit, which can't fail, made a new one. */
static void renew_generation(struct sk_buff *reply, void *hdr, const struct tq_table *t)
{
	struct nlattr *a = nla_find(hdr, skb_tail_pointer(reply) - (unsigned char *)hdr,
				    TQUEUE_A_RULES_GENERATION);
	const u64 gen = tq_table_generation(t);

	memcpy(nla_data(a), &gen, sizeof(gen));
}

/* RULE_NEW, RULE_SET (@change) and RULE_DEL (no @change). */
static int rules_change(struct genl_info *info, change_fn change)
{
	struct tq_net *tn = tq_nl_net(info);
	unsigned int n = count_rules(info);
	struct sk_buff *reply = NULL;
	struct tq_table *t;
	struct tq_txn *txn;
	u32 mark;
	void *hdr;
	int err;

	err = tq_nl_once(info, MULTI);
	if (err)
		return err;
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_RULES_RULE)) {
		NL_SET_ERR_MSG(info->extack, "at least one rule is needed");
		return -EINVAL;
	}

	mutex_lock(&tn->lock);
	t = tq_nl_rules_table(tn, info->attrs, info->extack);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	/* Whatever can fail comes before the commit, the reply too. */
	reply = tq_nl_reply_new(info, info->genlhdr->cmd, NLMSG_GOODSIZE + n * HANDLE_SIZE, &hdr);
	if (!reply) {
		err = -ENOMEM;
		goto unlock;
	}
	err = tq_nl_rules_fill_head(reply, t);
	if (err)
		goto free_reply;
	txn = tq_nl_txn_get(tn, info, info->attrs[TQUEUE_A_RULES_TXN]);
	if (IS_ERR(txn)) {
		err = PTR_ERR(txn);
		goto free_reply;
	}

	mark = txn->count;
	err = change_all(tn, info, txn, t, change, reply);
	if (err)
		tq_txn_rollback(txn, mark);
	if (!txn->id) {
		if (err) {
			tq_txn_abort(txn);
		} else {
			tq_txn_commit(txn);
			renew_generation(reply, hdr, t);
			tq_nl_rules_notify(tn, info, txn);
			tq_txn_release(txn);
		}
	}
	if (err)
		goto free_reply;
	mutex_unlock(&tn->lock);

	if (!change) {
		nlmsg_free(reply);
		return 0;
	}
	genlmsg_end(reply, hdr);
	tq_nl_answer(reply, info);
	return 0;

free_reply:
	nlmsg_free(reply);
unlock:
	mutex_unlock(&tn->lock);
	return err;
}

int tq_nl_rule_new(struct sk_buff *skb, struct genl_info *info)
{
	return rules_change(info, tq_txn_add);
}

int tq_nl_rule_set(struct sk_buff *skb, struct genl_info *info)
{
	return rules_change(info, tq_txn_replace);
}

int tq_nl_rule_del(struct sk_buff *skb, struct genl_info *info)
{
	return rules_change(info, NULL);
}

/* ---- get ---- */

int tq_nl_rule_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *nest = info->attrs[TQUEUE_A_RULES_RULE];
	struct nlattr *query = info->attrs[TQUEUE_A_RULES_QUERY];
	struct tq_net *tn = tq_nl_net(info);
	struct tq_table *t;
	struct tq_rule *rule;
	struct sk_buff *reply;
	u64 handle;
	void *hdr;
	int err;

	err = tq_nl_once(info, 0);
	if (err)
		return err;
	if (info->attrs[TQUEUE_A_RULES_FILTER]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[TQUEUE_A_RULES_FILTER],
				    TQ_NL_NO_FILTER);
		return -EINVAL;
	}
	if (GENL_REQ_ATTR_CHECK(info, TQUEUE_A_RULES_RULE)) {
		NL_SET_ERR_MSG(info->extack, "a rule is needed, by handle");
		return -EINVAL;
	}
	err = tq_nl_rule_parse_handle(&handle, nest, info->extack);
	if (err)
		return err;
	reply = tq_nl_reply_new(info, TQUEUE_CMD_RULE_GET, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&tn->lock);
	t = tq_nl_rules_table(tn, info->attrs, info->extack);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	mutex_lock(&t->lock);
	rule = tq_table_rule(t, handle);
	if (!rule || !rule->current_ver || tq_rule_expired(rule)) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "no rule has this handle");
		err = -ENOENT;
	} else {
		err = tq_nl_rules_fill_head(reply, t) ?:
		      tq_nl_rule_fill(reply, rule->current_ver, query ? nla_get_u32(query) : 0);
	}
	mutex_unlock(&t->lock);
unlock:
	mutex_unlock(&tn->lock);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* Where a dump goes on. */
struct rules_pos {
	u64	place;
	u32	table;
	u32	prio;
	bool	begun;
	bool	done;
	struct tq_snapshot *snapshot;
};

/* So many rules are looked at under the lock, then others have their turn. */
#define LOOK_AT		4096

/* As many rules as fit, of those that pass @f; 1: there are more. */
static int put_rules(struct sk_buff *skb, struct tq_table *t, struct rules_pos *pos,
		     const struct tq_filter *f, u32 query, unsigned long gen)
{
	struct tq_version *v, *last = NULL;
	unsigned int n = 0, looked = 0;

	lockdep_assert_held(&t->lock);
	for (v = tq_table_after(t, !pos->begun, pos->prio, pos->place); v; v = tq_table_next(v)) {
		/* The versions of a rule may share a place, which is done when
		 * all of them are.
		 */
		if (last && (v->prio != last->prio || v->link->place != last->link->place)) {
			pos->begun = true;
			pos->prio = last->prio;
			pos->place = last->link->place;
			if (looked >= LOOK_AT)
				return 1;
		}
		if (tq_version_seen(v, gen) && !tq_version_expired(v) &&
		    tq_nl_filter_test(f, v)) {
			if (tq_nl_rule_fill(skb, v, query))
				return n ? 1 : -EMSGSIZE;
			n++;
		}
		looked++;
		last = v;
	}
	return 0;
}

/* A message of the rules that @gen has. */
static int put_message(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		       struct tq_table *t, const struct tq_filter *f, u32 query)
{
	struct rules_pos *pos = (void *)cb->ctx;
	const unsigned long gen = tq_snapshot_generation(pos->snapshot, t);
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &tq_nl_family,
			  NLM_F_MULTI, cmd);
	if (!hdr)
		return -EMSGSIZE;
	/* 0 is "not known". */
	cb->seq = (u32)gen ?: 1;
	genl_dump_check_consistent(cb, hdr);
	err = fill_head(skb, t, gen) ?: put_rules(skb, t, pos, f, query, gen);
	if (err < 0)
		genlmsg_cancel(skb, hdr);
	else	/* An empty table is one message without rules. */
		genlmsg_end(skb, hdr);
	return err;
}

int tq_nl_rules_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		     const struct tq_key *key, const struct nlattr *filter, u32 query)
{
	struct tq_net *tn = tq_nl_dump_net(skb);
	struct rules_pos *pos = (void *)cb->ctx;
	struct tq_filter f;
	struct tq_table *t;
	int err;

	BUILD_BUG_ON(sizeof(*pos) > sizeof(cb->ctx));

	if (pos->done)
		return 0;

	mutex_lock(&tn->lock);
	t = tq_nl_rules_table(tn, tq_compat_dump_attrs(cb), cb->extack);
	if (!IS_ERR(t) && pos->table && pos->table != t->id)
		t = ERR_PTR(-ENOENT);	/* another one took the name meanwhile */
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto unlock;
	}
	/* Without memory for it the dump may be interrupted. */
	if (!pos->table)
		pos->snapshot = tq_snapshot_take(tn, t);
	pos->table = t->id;
	tq_nl_filter_init(&f);
	f.key = key;
	err = tq_nl_filter_parse(tn, &f, filter, cb->extack);
	if (err)
		goto unlock;

	mutex_lock(&t->lock);
	err = put_message(skb, cb, cmd, t, &f, query);
	mutex_unlock(&t->lock);
	pos->done = !err;
unlock:
	mutex_unlock(&tn->lock);
	return skb->len ?: err;
}

int tq_nl_rules_done(struct netlink_callback *cb)
{
	struct rules_pos *pos = (void *)cb->ctx;

	tq_snapshot_drop(pos->snapshot);
	pos->snapshot = NULL;
	return 0;
}

int tq_nl_rule_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = tq_compat_dump_attrs(cb);
	struct nlattr *query = attrs[TQUEUE_A_RULES_QUERY];
	int err;

	err = tq_nl_dump_once(cb);
	if (err)
		return err;
	if (attrs[TQUEUE_A_RULES_RULE]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[TQUEUE_A_RULES_RULE],
				    TQ_NL_ALL_RULES);
		return -EINVAL;
	}
	return tq_nl_rules_dump(skb, cb, TQUEUE_CMD_RULE_GET, NULL, attrs[TQUEUE_A_RULES_FILTER],
				query ? nla_get_u32(query) : 0);
}

/* ---- notifications ---- */

static u8 kind(const struct tq_change *c)
{
	if (!c->rule->current_ver)
		return TQUEUE_CMD_RULE_DEL_NTF;
	return c->before || c->refresh ? TQUEUE_CMD_RULE_SET_NTF : TQUEUE_CMD_RULE_NEW_NTF;
}

/* What a change is to others: the first of a rule's changes stands for all of
 * them; a rule that came and went within the transaction is nothing.
 */
static bool told(const struct tq_change *c)
{
	if (c->refresh)
		return c->rule->current_ver;
	return !c->prev && (c->before || c->rule->current_ver);
}

static int ntf_end(struct tq_net *tn, const struct genl_info *info, struct sk_buff *skb, void *hdr)
{
	if (nla_put_u32(skb, TQUEUE_A_RULES_SERIAL, tn->serial)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	tq_nl_ntf_send(tn, skb, info);
	return 0;
}

/* One message of the changes from @c on that are of the same kind and table;
 * returns the first that is not in it.  @del: what a deletion is called.
 */
static struct tq_change *notify_run(struct tq_net *tn, const struct genl_info *info,
				    struct tq_txn *txn, struct tq_change *c, u8 del)
{
	const struct tq_table *t = c->table;
	const u8 first = kind(c);
	const u8 cmd = first == TQUEUE_CMD_RULE_DEL_NTF ? del : first;
	struct sk_buff *skb;
	void *hdr = NULL;

	tq_net_serial(tn);
	skb = tq_nl_ntf_new(info, cmd, TQ_NL_BIG, &hdr);
	if (skb && tq_nl_rules_fill_head(skb, t)) {
		nlmsg_free(skb);
		skb = NULL;
	}
	list_for_each_entry_from(c, &txn->changes, node) {
		if (!told(c))
			continue;
		if (c->table != t || kind(c) != first)
			break;
		/* Room for the serial must remain. */
		if (skb && skb_tailroom(skb) < TQ_NL_RULE_ROOM)
			break;
		if (skb && (first == TQUEUE_CMD_RULE_DEL_NTF ?
			    tq_nl_rule_fill_handle(skb, c->rule->handle) :
			    tq_nl_rule_fill(skb, c->rule->current_ver, 0)))
			break;
	}
	/* Without memory nothing is sent: the gap in the serials tells. */
	if (skb)
		ntf_end(tn, info, skb, hdr);
	return c;
}

static void notify(struct tq_net *tn, const struct genl_info *info, struct tq_txn *txn, u8 del)
{
	struct tq_change *c;

	lockdep_assert_held(&tn->lock);
	if (!tq_nl_wanted(tn, info)) {
		if (txn->count)
			tq_net_serial(tn);
		return;
	}
	c = list_first_entry(&txn->changes, struct tq_change, node);
	while (!list_entry_is_head(c, &txn->changes, node)) {
		if (told(c))
			c = notify_run(tn, info, txn, c, del);
		else
			c = list_next_entry(c, node);
		cond_resched();
	}
}

void tq_nl_rules_notify(struct tq_net *tn, const struct genl_info *info, struct tq_txn *txn)
{
	notify(tn, info, txn, TQUEUE_CMD_RULE_DEL_NTF);
}

void tq_nl_rules_expired(struct tq_net *tn, struct tq_txn *txn)
{
	notify(tn, NULL, txn, TQUEUE_CMD_RULE_EXPIRED_NTF);
}
