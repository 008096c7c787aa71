/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nl_txn.h - how a netlink request comes to its transaction.
 */
#ifndef _TQ_NL_TXN_H
#define _TQ_NL_TXN_H

struct genl_info;
struct nlattr;
struct tq_net;
struct tq_txn;

/* The open transaction that @id names, which must belong to the requester's
 * socket, or, if @id is NULL, a new one that is the caller's to commit or abort
 * (its id is 0).  Under tq_net.lock.
 */
struct tq_txn *tq_nl_txn_get(struct tq_net *tn, struct genl_info *info, struct nlattr *id);

void tq_nl_txn_net_init(struct tq_net *tn);
/* Netns exit.  Under tq_net.lock. */
void tq_nl_txn_abort_all(struct tq_net *tn);

int tq_nl_txn_init(void);
void tq_nl_txn_exit(void);

#endif /* _TQ_NL_TXN_H */
