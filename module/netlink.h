/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netlink.h - what the nl_*.c files share.
 *
 * Each nl_<object>.c offers doit and dumpit handlers, policies and one fill
 * function that replies, dumps and notifications have in common; netlink.c
 * alone has the table of operations.  Handlers take tq_net.lock themselves.
 *
 * A handler's first statement is tq_nl_once(), tq_nl_dump_once() for a dump:
 * the core lets a repeated attribute win over the first, a string end before its
 * attribute does, and does not look at the byte order; we refuse all three.
 */
#ifndef _TQ_NETLINK_H
#define _TQ_NETLINK_H

#include <linux/types.h>
#include <net/genetlink.h>
#include <linux/tqueue.h>

struct netlink_ext_ack;
struct tq_hook;
struct tq_net;
struct tq_queue;
struct tq_table;
struct xarray;

extern struct genl_family tq_nl_family;

/* Room for one object with everything that can hang on it. */
#define TQ_NL_BIG	16384
/* At least what the largest RULE nest takes, and a serial behind it. */
#define TQ_NL_RULE_ROOM	1024

#define TQ_NL_BAD_NAME	"a name is 1 to 31 of [A-Za-z0-9_.-], not . or .., no leading -"

/* In policies of dumps, what only a do takes; on kernels where both have one policy the
 * handlers refuse it, in the same words.
 */
#define TQ_NL_NOT_HERE(text)	{ .type = NLA_REJECT, .reject_message = (text) }

#define TQ_NL_ALL_QUEUES	"a dump shows all queues"
#define TQ_NL_ALL_TABLES	"a dump shows all tables"
#define TQ_NL_ALL_RULES		"a dump shows all rules of a table"
#define TQ_NL_ALL_HOOKS		"a dump shows all hooks"
#define TQ_NL_NO_FILTER		"a filter is for dumps"

/* netlink.c */

/* Refuses what the core does not, at the top level of a request: a second
 * attribute of a type whose bit is not set in @multi (types above 63 do not
 * occur), bytes behind the NUL of a string, numbers in network byte order.
 */
int tq_nl_once(const struct genl_info *info, u64 multi);
/* The same for the request of a dump, where no attribute may be repeated. */
int tq_nl_dump_once(const struct netlink_callback *cb);
/* nla_parse_nested(), and the same for the attributes in the nest. */
int tq_nl_nest_parse(struct nlattr **tb, int max, const struct nlattr *nest,
		     const struct nla_policy *policy, u64 multi, struct netlink_ext_ack *extack);

struct tq_net *tq_nl_net(const struct genl_info *info);

/* A reply of @cmd to the request in @info; NULL if no memory.  *@hdr is what
 * genlmsg_put() returned.  @size: room for attributes.
 */
struct sk_buff *tq_nl_reply_new(const struct genl_info *info, u8 cmd, size_t size, void **hdr);

/* Sends the reply about what has been done, and can't be undone.  So it is made before,
 * and an error would tell something else: a socket that is full hears of it (ENOBUFS).
 */
void tq_nl_answer(struct sk_buff *skb, struct genl_info *info);

/* True if somebody listens to "events" or the requester (@info may be NULL)
 * asked for an echo: only then build a notification.
 */
bool tq_nl_wanted(struct tq_net *tn, const struct genl_info *info);
/* An empty notification; @info may be NULL (timer, netns exit). */
struct sk_buff *tq_nl_ntf_new(const struct genl_info *info, u8 cmd, size_t size, void **hdr);
/* Sends and consumes @skb to group "events" of @tn; honours NLM_F_ECHO. */
void tq_nl_ntf_send(struct tq_net *tn, struct sk_buff *skb, const struct genl_info *info);

/* Puts one object into a message; -EMSGSIZE if it does not fit. */
typedef int (*tq_nl_fill_fn)(struct sk_buff *skb, struct tq_net *tn, void *object, u32 query);

/* A dump of the objects in @xa, a message of @cmd each.  Takes tq_net.lock. */
int tq_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, struct tq_net *tn,
	       struct xarray *xa, u8 cmd, tq_nl_fill_fn fill, u32 query);
/* The namespace that a dump is about. */
struct tq_net *tq_nl_dump_net(const struct sk_buff *skb);

int tq_nl_init(void);
void tq_nl_exit(void);

/* nl_version.c */
int tq_nl_version_get(struct sk_buff *skb, struct genl_info *info);

/* nl_queue.c */
extern const struct nla_policy tq_nl_queue_new_policy[TQUEUE_A_QUEUE_MAX + 1];
extern const struct nla_policy tq_nl_queue_set_policy[TQUEUE_A_QUEUE_MAX + 1];
extern const struct nla_policy tq_nl_queue_id_policy[TQUEUE_A_QUEUE_MAX + 1];	/* del, flush */
extern const struct nla_policy tq_nl_queue_get_policy[TQUEUE_A_QUEUE_MAX + 1];
extern const struct nla_policy tq_nl_queue_dump_policy[TQUEUE_A_QUEUE_MAX + 1];
extern const struct nla_policy tq_nl_queue_open_policy[TQUEUE_A_QUEUE_MAX + 1];
int tq_nl_queue_new(struct sk_buff *skb, struct genl_info *info);
int tq_nl_queue_set(struct sk_buff *skb, struct genl_info *info);
int tq_nl_queue_del(struct sk_buff *skb, struct genl_info *info);
int tq_nl_queue_get(struct sk_buff *skb, struct genl_info *info);
int tq_nl_queue_open(struct sk_buff *skb, struct genl_info *info);
int tq_nl_queue_flush(struct sk_buff *skb, struct genl_info *info);

/* nl_queue_fill.c */
int tq_nl_queue_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tq_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* nl_table.c */
extern const struct nla_policy tq_nl_table_new_policy[TQUEUE_A_TABLE_MAX + 1];
extern const struct nla_policy tq_nl_table_set_policy[TQUEUE_A_TABLE_MAX + 1];
extern const struct nla_policy tq_nl_table_id_policy[TQUEUE_A_TABLE_MAX + 1];
extern const struct nla_policy tq_nl_table_get_policy[TQUEUE_A_TABLE_MAX + 1];
extern const struct nla_policy tq_nl_table_dump_policy[TQUEUE_A_TABLE_MAX + 1];
extern const struct nla_policy tq_nl_table_flush_policy[TQUEUE_A_TABLE_MAX + 1];
/* The table with this id or name, exactly one of which must be given. */
struct tq_table *tq_nl_table_find(struct tq_net *tn, struct nlattr *id, struct nlattr *name,
				  struct netlink_ext_ack *extack);
int tq_nl_table_new(struct sk_buff *skb, struct genl_info *info);
int tq_nl_table_set(struct sk_buff *skb, struct genl_info *info);
int tq_nl_table_del(struct sk_buff *skb, struct genl_info *info);
int tq_nl_table_get(struct sk_buff *skb, struct genl_info *info);
int tq_nl_table_flush(struct sk_buff *skb, struct genl_info *info);
int tq_nl_table_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* nl_rule.c */
extern const struct nla_policy tq_nl_rules_change_policy[TQUEUE_A_RULES_MAX + 1];
extern const struct nla_policy tq_nl_rule_get_policy[TQUEUE_A_RULES_MAX + 1];
extern const struct nla_policy tq_nl_rule_dump_policy[TQUEUE_A_RULES_MAX + 1];
extern const struct nla_policy tq_nl_rule_both_policy[TQUEUE_A_RULES_MAX + 1];
int tq_nl_rule_new(struct sk_buff *skb, struct genl_info *info);
int tq_nl_rule_set(struct sk_buff *skb, struct genl_info *info);
int tq_nl_rule_del(struct sk_buff *skb, struct genl_info *info);
int tq_nl_rule_get(struct sk_buff *skb, struct genl_info *info);
int tq_nl_rule_dump(struct sk_buff *skb, struct netlink_callback *cb);
/* Of any dump of rules. */
int tq_nl_rules_done(struct netlink_callback *cb);

/* nl_test.c */
extern const struct nla_policy tq_nl_rule_test_policy[TQUEUE_A_RULES_MAX + 1];
int tq_nl_rule_test(struct sk_buff *skb, struct genl_info *info);
int tq_nl_rule_test_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* nl_hook.c */
extern const struct nla_policy tq_nl_hook_new_policy[TQUEUE_A_HOOK_MAX + 1];
extern const struct nla_policy tq_nl_hook_set_policy[TQUEUE_A_HOOK_MAX + 1];
extern const struct nla_policy tq_nl_hook_id_policy[TQUEUE_A_HOOK_MAX + 1];
extern const struct nla_policy tq_nl_hook_dump_policy[TQUEUE_A_HOOK_MAX + 1];
/* A device has come or gone: tells of it.  Under tq_net.lock. */
void tq_nl_hook_changed(struct tq_net *tn, struct tq_hook *h);
int tq_nl_hook_new(struct sk_buff *skb, struct genl_info *info);
int tq_nl_hook_set(struct sk_buff *skb, struct genl_info *info);
int tq_nl_hook_del(struct sk_buff *skb, struct genl_info *info);
int tq_nl_hook_get(struct sk_buff *skb, struct genl_info *info);
int tq_nl_hook_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* nl_txn.c */
extern const struct nla_policy tq_nl_txn_id_policy[TQUEUE_A_TXN_MAX + 1];	/* abort, confirm */
extern const struct nla_policy tq_nl_txn_commit_policy[TQUEUE_A_TXN_MAX + 1];
int tq_nl_txn_begin(struct sk_buff *skb, struct genl_info *info);
int tq_nl_txn_commit(struct sk_buff *skb, struct genl_info *info);
int tq_nl_txn_abort(struct sk_buff *skb, struct genl_info *info);
int tq_nl_txn_confirm(struct sk_buff *skb, struct genl_info *info);
int tq_nl_txn_dump(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _TQ_NETLINK_H */
