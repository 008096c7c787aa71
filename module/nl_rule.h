/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl_rule.h - rules in netlink messages.
 */
#ifndef _TQ_NL_RULE_H
#define _TQ_NL_RULE_H

#include <net/netlink.h>
#include <linux/tqueue.h>

struct genl_info;
struct tq_key;
struct tq_net;
struct tq_rule_spec;
struct tq_table;
struct tq_txn;
struct tq_version;

extern const struct nla_policy tq_nl_rule_policy[TQUEUE_A_RULE_MAX + 1];

/* nl_rule_parse.c */

/* Fills @spec from a RULE nest, a rule for @t.  On success its actions hold
 * what they refer to.  Under tq_net.lock.
 */
int tq_nl_rule_parse(struct tq_net *tn, const struct tq_table *t, struct tq_rule_spec *spec,
		     const struct nlattr *nest, struct netlink_ext_ack *extack);
/* Only RULE_HANDLE may be in the nest, and must be. */
int tq_nl_rule_parse_handle(u64 *handle, const struct nlattr *nest,
			    struct netlink_ext_ack *extack);

/* nl_rule_fill.c */

/* A RULE nest of @v as @query asks; -EMSGSIZE if @skb is full. */
int tq_nl_rule_fill(struct sk_buff *skb, const struct tq_version *v, u32 query);
int tq_nl_rule_fill_handle(struct sk_buff *skb, u64 handle);

/* nl_rule.c */

/* RULES_TABLE, _TABLE_ID and _GENERATION. */
int tq_nl_rules_fill_head(struct sk_buff *skb, const struct tq_table *t);
/* The table that RULES_TABLE or RULES_TABLE_ID names.  Under tq_net.lock. */
struct tq_table *tq_nl_rules_table(struct tq_net *tn, struct nlattr **attrs,
				   struct netlink_ext_ack *extack);

/* A dump of the table's rules as messages of @cmd: all, or, if @key is given,
 * those that match it and pass @filter, a RULES_FILTER nest or NULL.
 */
int tq_nl_rules_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		     const struct tq_key *key, const struct nlattr *filter, u32 query);

/* Tells of all changes of a committed transaction. */
void tq_nl_rules_notify(struct tq_net *tn, const struct genl_info *info, struct tq_txn *txn);
/* The same of one that has deleted expired rules. */
void tq_nl_rules_expired(struct tq_net *tn, struct tq_txn *txn);

#endif /* _TQ_NL_RULE_H */
