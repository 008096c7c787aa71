/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * msg.h - structs of model.h to attributes, and back.
 *
 * put: 0, or -1 if the message is full.  get: 0, or -1 if an attribute has not
 * the size that the uapi gives it; unknown attributes are skipped.  *_get()
 * allocates what the *_free() of the model frees.
 */
#ifndef TQCTL_MSG_H
#define TQCTL_MSG_H

#include "model.h"
#include "nl.h"

int msg_queue_put(struct nl_msg *msg, const struct tq_queue *q);
int msg_queue_get(const struct tnl_reply *reply, struct tq_queue *q);

int msg_table_put(struct nl_msg *msg, const struct tq_table *t);
int msg_table_get(const struct tnl_reply *reply, struct tq_table *t);

/* The frame of a message of rules, and one rule in its own nest. */
int msg_rules_put(struct nl_msg *msg, const struct tq_rules *rules);
int msg_rules_put_rule(struct nl_msg *msg, const struct tq_rule *r);
int msg_rules_put_packet(struct nl_msg *msg, const struct tq_packet *pkt);
int msg_rules_put_filter(struct nl_msg *msg, const struct tq_filter *f);
int msg_rules_get(const struct tnl_reply *reply, struct tq_rules *rules);
/* The rules of a reply, in order: start with *at NULL.  1: *r is filled; 0: no
 * more; -1: broken.
 */
int msg_rules_next(const struct tnl_reply *reply, const struct nlattr **at, struct tq_rule *r);

int msg_hook_put(struct nl_msg *msg, const struct tq_hook *h);
int msg_hook_get(const struct tnl_reply *reply, struct tq_hook *h);

int msg_txn_put(struct nl_msg *msg, const struct tq_txn *txn);
int msg_txn_get(const struct tnl_reply *reply, struct tq_txn *txn);

int msg_version_get(const struct tnl_reply *reply, struct tq_version *v);

/* What an extended ack points at in request @msg. */
struct msg_place {
	char	attr[80];	/* "rule prio"; empty: unknown */
	int	rule;		/* which RULES_RULE of the message, from 0; -1: none */
};

void msg_find(struct nl_msg *msg, const struct tnl_error *err, struct msg_place *place);

/* Bytes of attributes in a message, and how many there may be in one. */
size_t msg_used(struct nl_msg *msg);
#define MSG_RULES_SIZE	(32 * 1024)	/* well below any socket's send buffer */
#define MSG_RULE_MAX	2048		/* no rule needs more */

#endif
