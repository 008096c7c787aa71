// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_tqueue.c - iptables match "tqueue" and target "TQUEUE".
 *
 * The match asks a table whether a packet is one of its own; the target lets a
 * table decide, or copies what an iptables rule chose to a queue.  IPv4 and
 * IPv6 only: ebtables and arptables use other verdicts, and an entry for every
 * family would reach them.
 *
 * checkentry is a preparation: iptables calls it for rules that it throws away
 * again, for the new copy of a rule while the old one is in place, and for
 * "-c".  destroy may come late, from a worker, even after the namespace has
 * ended; it uses nothing but what checkentry left in the rule.
 */
#include <linux/module.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_tqueue.h>
#include <linux/slab.h>

#include "net.h"
#include "packet.h"
#include "queue.h"
#include "quota.h"
#include "table.h"
#include "verdict.h"
#include "xt_tqueue.h"

#define MATCH_FLAGS	XT_TQUEUE_MATCH_INVERT
#define QUEUE_FLAGS	(XT_TQUEUE_TARGET_SNAPLEN | XT_TQUEUE_TARGET_SAMPLE | \
			 XT_TQUEUE_TARGET_STEAL | XT_TQUEUE_TARGET_ELSE_DROP)
#define TARGET_FLAGS	(XT_TQUEUE_TARGET_TABLE | QUEUE_FLAGS)

/**
 * struct tq_xt_match - what a "-m tqueue" holds
 * @table: a user
 * @tracked: conntrack, if it is on, has seen the packets
 * @family: NFPROTO_*
 * @xt_table: iptables table the rule is in
 */
struct tq_xt_match {
	struct tq_table	*table;
	bool		tracked;
	u8		family;
	char		xt_table[XT_TABLE_MAXNAMELEN];
};

/**
 * struct tq_xt_target - what a "-j TQUEUE" holds
 * @table: a user, or NULL
 * @to: without a table: its queue is a user, its quota our own
 * @tracked: conntrack, if it is on, has seen the packets
 * @family: NFPROTO_*
 * @xt_table: iptables table the rule is in
 */
struct tq_xt_target {
	struct tq_table	*table;
	struct tq_target to;
	bool		tracked;
	u8		family;
	char		xt_table[XT_TABLE_MAXNAMELEN];
};

/* There is no extack here: iptables shows errno, the kernel log the reason. */
#define refuse(net, fmt, ...)							\
	pr_info_ratelimited("tqueue: netns %u: iptables: " fmt "\n",		\
			    (net)->ns.inum, ##__VA_ARGS__)

static int name_ok(const struct net *net, const char *name)
{
	if (strnlen(name, TQUEUE_NAME_SIZE) == TQUEUE_NAME_SIZE || tq_name_check(name)) {
		refuse(net, "bad name");
		return -EINVAL;
	}
	return 0;
}

/* Only the table raw comes before conntrack. */
static bool tracked(const char *xt_table)
{
	return strcmp(xt_table, "raw");
}

/* ---- match ---- */

static bool tqueue_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_tqueue_mtinfo *info = par->matchinfo;
	const struct tq_place place = { par->state, info->priv->tracked };

	return tq_verdict_match(info->priv->table, skb, &place) ^
	       !!(info->flags & XT_TQUEUE_MATCH_INVERT);
}

static int tqueue_mt_check(const struct xt_mtchk_param *par)
{
	struct xt_tqueue_mtinfo *info = par->matchinfo;
	struct tq_xt_match *priv;
	int err;

	if (info->flags & ~MATCH_FLAGS || info->reserved) {
		refuse(par->net, "match: unknown flags");
		return -EINVAL;
	}
	err = name_ok(par->net, info->table);
	if (err)
		return err;
	priv = kzalloc(sizeof(*priv), GFP_KERNEL_ACCOUNT);
	if (!priv)
		return -ENOMEM;
	priv->table = tq_table_use(tq_net(par->net), info->table);
	if (!priv->table) {
		refuse(par->net, "match: no table \"%s\"", info->table);
		err = -ENOENT;
		goto free;
	}
	priv->family = par->family;
	priv->tracked = tracked(par->table);
	strscpy(priv->xt_table, par->table, sizeof(priv->xt_table));
	err = tq_table_xt_add(priv->table, priv->family, priv->xt_table);
	if (err)
		goto unuse;
	info->priv = priv;
	return 0;

unuse:
	tq_table_unuse(priv->table);
free:
	kfree(priv);
	return err;
}

static void tqueue_mt_destroy(const struct xt_mtdtor_param *par)
{
	const struct xt_tqueue_mtinfo *info = par->matchinfo;
	struct tq_xt_match *priv = info->priv;

	tq_table_xt_del(priv->table, priv->family, priv->xt_table);
	tq_table_unuse(priv->table);
	kfree(priv);
}

/* ---- target ---- */

static unsigned int tqueue_tg(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_tqueue_tginfo *info = par->targinfo;
	const struct tq_xt_target *priv = info->priv;
	const struct tq_place place = { par->state, priv->tracked };

	return priv->table ? tq_verdict(priv->table, skb, &place) :
			     tq_verdict_queue(&priv->to, skb, &place);
}

static int target_refuse_flags(const struct net *net, const struct xt_tqueue_tginfo *info)
{
	if (info->flags & ~TARGET_FLAGS || info->reserved) {
		refuse(net, "target: unknown flags");
		return -EINVAL;
	}
	if (info->flags & XT_TQUEUE_TARGET_TABLE && info->flags & QUEUE_FLAGS) {
		refuse(net, "target: a table has no snaplen, no sample and steals by its rules");
		return -EINVAL;
	}
	if (info->flags & XT_TQUEUE_TARGET_ELSE_DROP && !(info->flags & XT_TQUEUE_TARGET_STEAL)) {
		refuse(net, "target: what to do else is for steal only");
		return -EINVAL;
	}
	if (!(info->flags & XT_TQUEUE_TARGET_SAMPLE) != !info->sample) {
		refuse(net, "target: sample without its flag, or 0");
		return -EINVAL;
	}
	if (!(info->flags & XT_TQUEUE_TARGET_SNAPLEN) != !info->snaplen) {
		refuse(net, "target: snaplen without its flag, or 0");
		return -EINVAL;
	}
	return 0;
}

static int target_queue(struct tq_net *tn, const struct xt_tqueue_tginfo *info,
			struct tq_target *to)
{
	to->queue = tq_queue_use(tn, info->name);
	if (!to->queue) {
		refuse(tn->net, "target: no queue \"%s\"", info->name);
		return -ENOENT;
	}
	if (info->sample) {
		to->quota = tq_quota_alloc(info->sample, 0, 0);
		if (!to->quota)
			return -ENOMEM;		/* target_free() */
	}
	to->snaplen = info->snaplen;
	to->steal = info->flags & XT_TQUEUE_TARGET_STEAL;
	to->otherwise = info->flags & XT_TQUEUE_TARGET_ELSE_DROP ? NF_DROP : XT_CONTINUE;
	return 0;
}

static void target_free(struct tq_xt_target *priv)
{
	if (priv->table)
		tq_table_unuse(priv->table);
	if (priv->to.queue) {
		tq_queue_unuse(priv->to.queue);
		tq_quota_free(priv->to.quota);
	}
	kfree(priv);
}

static int tqueue_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_tqueue_tginfo *info = par->targinfo;
	struct tq_net *tn = tq_net(par->net);
	struct tq_xt_target *priv;
	int err;

	err = target_refuse_flags(par->net, info);
	if (err)
		return err;
	err = name_ok(par->net, info->name);
	if (err)
		return err;
	priv = kzalloc(sizeof(*priv), GFP_KERNEL_ACCOUNT);
	if (!priv)
		return -ENOMEM;
	priv->family = par->family;
	priv->tracked = tracked(par->table);
	strscpy(priv->xt_table, par->table, sizeof(priv->xt_table));

	if (info->flags & XT_TQUEUE_TARGET_TABLE) {
		priv->table = tq_table_use(tn, info->name);
		if (!priv->table) {
			refuse(par->net, "target: no table \"%s\"", info->name);
			err = -ENOENT;
			goto free;
		}
		err = tq_table_xt_add(priv->table, priv->family, priv->xt_table);
	} else {
		err = target_queue(tn, info, &priv->to);
		if (err)
			goto free;
		err = tq_queue_xt_add(priv->to.queue, priv->family, priv->xt_table);
	}
	if (err)
		goto free;
	info->priv = priv;
	return 0;

free:
	target_free(priv);
	return err;
}

static void tqueue_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_tqueue_tginfo *info = par->targinfo;
	struct tq_xt_target *priv = info->priv;

	if (priv->table)
		tq_table_xt_del(priv->table, priv->family, priv->xt_table);
	else
		tq_queue_xt_del(priv->to.queue, priv->family, priv->xt_table);
	target_free(priv);
}

/* ---- registration ---- */

static struct xt_match matches[] __read_mostly = {
	{
		.name		= "tqueue",
		.revision	= 0,
		.family		= NFPROTO_IPV4,
		.match		= tqueue_mt,
		.checkentry	= tqueue_mt_check,
		.destroy	= tqueue_mt_destroy,
		.matchsize	= sizeof(struct xt_tqueue_mtinfo),
		.usersize	= offsetof(struct xt_tqueue_mtinfo, priv),
		.me		= THIS_MODULE,
	},
	{
		.name		= "tqueue",
		.revision	= 0,
		.family		= NFPROTO_IPV6,
		.match		= tqueue_mt,
		.checkentry	= tqueue_mt_check,
		.destroy	= tqueue_mt_destroy,
		.matchsize	= sizeof(struct xt_tqueue_mtinfo),
		.usersize	= offsetof(struct xt_tqueue_mtinfo, priv),
		.me		= THIS_MODULE,
	},
};

static struct xt_target targets[] __read_mostly = {
	{
		.name		= "TQUEUE",
		.revision	= 0,
		.family		= NFPROTO_IPV4,
		.target		= tqueue_tg,
		.checkentry	= tqueue_tg_check,
		.destroy	= tqueue_tg_destroy,
		.targetsize	= sizeof(struct xt_tqueue_tginfo),
		.usersize	= offsetof(struct xt_tqueue_tginfo, priv),
		.me		= THIS_MODULE,
	},
	{
		.name		= "TQUEUE",
		.revision	= 0,
		.family		= NFPROTO_IPV6,
		.target		= tqueue_tg,
		.checkentry	= tqueue_tg_check,
		.destroy	= tqueue_tg_destroy,
		.targetsize	= sizeof(struct xt_tqueue_tginfo),
		.usersize	= offsetof(struct xt_tqueue_tginfo, priv),
		.me		= THIS_MODULE,
	},
};

int tq_xt_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct xt_tqueue_mtinfo) != 48);
	BUILD_BUG_ON(sizeof(struct xt_tqueue_tginfo) != 56);
	BUILD_BUG_ON(TQ_PASS != XT_CONTINUE);

	err = xt_register_matches(matches, ARRAY_SIZE(matches));
	if (err)
		return err;
	err = xt_register_targets(targets, ARRAY_SIZE(targets));
	if (err)
		xt_unregister_matches(matches, ARRAY_SIZE(matches));
	return err;
}

void tq_xt_exit(void)
{
	xt_unregister_targets(targets, ARRAY_SIZE(targets));
	xt_unregister_matches(matches, ARRAY_SIZE(matches));
}

MODULE_ALIAS("xt_tqueue");
MODULE_ALIAS("ipt_tqueue");
MODULE_ALIAS("ip6t_tqueue");
MODULE_ALIAS("xt_TQUEUE");
MODULE_ALIAS("ipt_TQUEUE");
MODULE_ALIAS("ip6t_TQUEUE");
