/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule.h - what one rule is: a match, actions, a verdict; its versions.
 *
 * A rule has one identity (struct tq_rule: handle, counters) for its whole life
 * and one or more versions (struct tq_version: match, actions, place).  A
 * change makes a new version.  A packet that reads generation g sees the
 * version with born <= g < died, so at most one of each rule, and of all rules
 * exactly those of that generation.
 *
 * Both are looked at only as long as there may be packets that they are different
 * for: a grace period after its birth a version is simply there, until it dies.
 * So 32 bits of a generation are enough.
 */
#ifndef _TQ_RULE_H
#define _TQ_RULE_H

#include <linux/if.h>
#include <linux/jiffies.h>
#include <linux/netfilter.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/tqueue.h>
#include <linux/types.h>

#include "rewrite.h"

struct tq_key;
struct tq_queue;
struct tq_quota;
struct tq_tuple;
struct tq_change;
struct tq_counters;
struct tq_link;

/* bits of tq_match.has */
enum {
	TQ_HAS_PROTO	= 1 << 0,
	TQ_HAS_PORTS	= 1 << 1,	/* at least one port range was given */
	TQ_HAS_ICMP_TYPE = 1 << 2,
	TQ_HAS_ICMP_CODE = 1 << 3,
	TQ_HAS_TCP	= 1 << 4,
	TQ_HAS_IIF	= 1 << 5,
	TQ_HAS_OIF	= 1 << 6,
	TQ_HAS_MARK	= 1 << 7,
	TQ_HAS_DSCP	= 1 << 8,
	TQ_HAS_LEN	= 1 << 9,
	TQ_HAS_FRAG	= 1 << 10,
	TQ_HAS_CT	= 1 << 11,
};

/* Those that the index does not look at. */
#define TQ_HAS_RESIDUAL	(TQ_HAS_ICMP_TYPE | TQ_HAS_ICMP_CODE | TQ_HAS_TCP | TQ_HAS_IIF | \
			 TQ_HAS_OIF | TQ_HAS_MARK | TQ_HAS_DSCP | TQ_HAS_LEN | TQ_HAS_FRAG | \
			 TQ_HAS_CT)

/**
 * struct tq_match - which packets a rule is for; what was not given is 0, so
 *	that two equal matches are equal byte by byte
 * @src: address with no bits beyond @src_len
 * @dst: address with no bits beyond @dst_len
 * @src_len: prefix length
 * @dst_len: prefix length
 * @family: NFPROTO_IPV4, NFPROTO_IPV6, or 0 for both
 * @proto: with TQ_HAS_PROTO
 * @has: TQ_HAS_*
 * @sport_min: host order, with TQ_HAS_PORTS; a range not given is 0 to 65535
 * @mark: within @mark_mask
 * @iif: name or prefix of a name
 * @iif_len: bytes to compare: with the final NUL if the name is exact
 */
struct tq_match {
	union nf_inet_addr	src;
	union nf_inet_addr	dst;
	u8			src_len;
	u8			dst_len;
	u8			family;
	u8			proto;
	u32			has;
	u16			sport_min;
	u16			sport_max;
	u16			dport_min;
	u16			dport_max;
	/* residual */
	u32			mark;
	u32			mark_mask;
	u32			len_min;
	u32			len_max;
	u8			icmp_type;
	u8			icmp_code;
	u8			tcp_flags;
	u8			tcp_mask;
	u8			dscp;
	u8			frag;
	u8			ct;
	u8			iif_len;
	u8			oif_len;
	char			iif[IFNAMSIZ];
	char			oif[IFNAMSIZ];
};

struct tq_copy {
	struct tq_queue		*queue;		/* one user of the queue */
	u32			snaplen;	/* 0: the queue's */
};

/**
 * struct tq_actions - what a rule does; never changed once a version has it
 * @verdict: enum tqueue_verdict
 * @mark: new mark within @mark_mask; mask 0: leave the mark alone
 * @rewrite: changes of the IP header
 * @nfqueue: number, with TQUEUE_VERDICT_NFQUEUE
 * @bypass: with it: go on if nobody listens
 * @steal: with TQUEUE_VERDICT_STEAL: where the packet ends; one user
 * @steal_else: and its verdict if it can't: TQUEUE_VERDICT_PASS or _DROP
 * @quota: how many packets are copied; NULL: all
 * @n_copies: length of @copy
 * @copy: where to copy the packet to; of a version's there is memory for
 *	@n_copies only
 */
struct tq_actions {
	u32			verdict;
	u32			mark;
	u32			mark_mask;
	struct tq_rewrite	rewrite;
	u16			nfqueue;
	bool			bypass;
	u8			steal_else;
	struct tq_queue		*steal;
	struct tq_quota		*quota;
	u32			n_copies;
	struct tq_copy		copy[TQUEUE_RULE_COPIES_MAX];
};

/* bits of tq_version.flags */
enum {
	TQ_V_HOME	= 1 << 0,	/* of the rule's first version: counters are here */
	TQ_V_PENDING	= 1 << 1,	/* no generation sees it yet, or ever */
	TQ_V_YOUNG	= 1 << 2,	/* those before tq_version.born do not */
	TQ_V_DYING	= 1 << 3,	/* those from tq_link.died on do not */
	TQ_V_TIMED	= 1 << 4,	/* the rule has, or had, a timeout */
	TQ_V_PLAIN	= 1 << 5,	/* its actions are a verdict and nothing else */
	TQ_V_BUSY	= 1 << 6,	/* hits count in tq_extra.busy */
};

/* Some generations see it and some don't. */
#define TQ_V_UNSETTLED	(TQ_V_PENDING | TQ_V_YOUNG | TQ_V_DYING)

/**
 * struct tq_version - one version of a rule: what packets need of it
 * @packets: counters, of all versions, if TQ_V_HOME
 * @bytes: likewise
 * @link: the rest
 * @src4: IPv4 addresses, host order
 * @prio: lower wins
 * @place: order among rules of one priority; U32_MAX: as tq_link.place says
 * @last_hit: seconds since the epoch, 0: never; if TQ_V_HOME
 * @born: with TQ_V_YOUNG: first generation that sees it, its low 32 bits
 * @has: as in struct tq_match, and so on
 * @verdict: enum tqueue_verdict
 * @flags: TQ_V_*; written under tq_table.lock
 * @addr6: IPv6 source and destination; there only if @family is NFPROTO_IPV6
 *
 * For a packet that hits, a rule that never was changed is this one line: what
 * is compared, and what is counted.  The line of the first version stays as
 * long as the rule.
 */
struct tq_version {
	atomic64_t		packets;
	atomic64_t		bytes;
	struct tq_link		*link;
	u32			src4;
	u32			dst4;
	u16			sport_min;
	u16			sport_max;
	u16			dport_min;
	u16			dport_max;
	u32			prio;
	u32			place;
	u32			last_hit;
	u32			born;
	u16			has;
	u8			src_len;
	u8			dst_len;
	u8			family;
	u8			proto;
	u8			verdict;
	u8			flags;

	union nf_inet_addr	addr6[];
};

/**
 * struct tq_link - the rest of a version
 * @v: the version
 * @actions: its own, or those of a verdict and nothing else
 * @whole: all of the match, if v->has any TQ_HAS_RESIDUAL
 * @tuple: where the index has it
 * @place: order among rules of one priority
 * @order: in tq_table.order, by (prio, @place)
 * @rcu: delays its end
 * @died: with TQ_V_DYING: first generation that does not see it, its low 32 bits
 * @since: of the first version: jiffies when busy.c last looked at its rule
 */
struct tq_link {
	struct tq_version	*v;
	const struct tq_actions	*actions;
	struct tq_match		*whole;
	struct tq_tuple		*tuple;
	u64			place;
	union {
		struct rb_node	order;
		struct rcu_head	rcu;
	};
	u32			died;
	u32			since;
};

/**
 * struct tq_extra - what only some rules have: a timeout, counters for each CPU
 * @rule: that has it
 * @expiry: in tq_table.expiry, if @expires; under tq_table.lock
 * @expires: jiffies64 from which on the rule is skipped; 0: never
 * @timeout_ms: what @expires was last set to, from then on; under tq_table.lock
 * @busy: or NULL; see busy.c
 */
struct tq_extra {
	struct tq_rule		*rule;
	struct rb_node		expiry;
	u64			expires;
	u64			timeout_ms;
	struct tq_counters __percpu *busy;
};

/**
 * struct tq_rule - identity of a rule
 * @current_ver: the version that new packets see, or NULL; under tq_table.lock
 * @change: the newest change of the one transaction that has changed the rule
 *	and is not committed; under tq_table.lock
 * @rcu: delays its end
 * @extra: made when it is first needed, and stays
 * @copies: counter
 * @handle: unique in its table
 * @hash: in tq_table.handles, from the first pending version to the commit of
 *	the delete
 * @refs: one for each version, one while in tq_table.handles
 * @first_used: @first is, or was, a version's
 * @first: link of the first version; first.v has the counters
 *
 * Most rules are never changed, and have no extra: then this, and the line of
 * the first version, is all there is.
 */
struct tq_rule {
	union {
		struct {
			struct tq_version	*current_ver;
			struct tq_change	*change;
		};
		struct rcu_head			rcu;
	};
	struct tq_extra		*extra;
	atomic64_t		copies;
	u64			handle;
	struct rhash_head	hash;
	refcount_t		refs;
	bool			first_used;
	struct tq_link		first;
};

/* The link of any version but the first. */
struct tq_later {
	struct tq_link		link;
	struct tq_rule		*rule;
};

/* The version holds a reference to it. */
static inline struct tq_rule *tq_version_rule(const struct tq_version *v)
{
	return READ_ONCE(v->flags) & TQ_V_HOME ?
	       container_of(v->link, struct tq_rule, first) :
	       container_of(v->link, struct tq_later, link)->rule;
}

/* Where a hit of @v counts. */
static inline struct tq_version *tq_version_home(struct tq_version *v)
{
	return likely(READ_ONCE(v->flags) & TQ_V_HOME) ? v : tq_version_rule(v)->first.v;
}

/* jiffies64; 0: never. */
static inline u64 tq_rule_expires(const struct tq_rule *rule)
{
	/* (P) pairs with the release in tq_rule_make_extra(). */
	const struct tq_extra *extra = smp_load_acquire(&rule->extra);

	return extra ? READ_ONCE(extra->expires) : 0;
}

static inline bool tq_rule_expired(const struct tq_rule *rule)
{
	const u64 expires = tq_rule_expires(rule);

	return expires && time_after_eq64(get_jiffies_64(), expires);
}

static inline bool tq_version_expired(const struct tq_version *v)
{
	return unlikely(READ_ONCE(v->flags) & TQ_V_TIMED) && tq_rule_expired(tq_version_rule(v));
}

/* True if @a comes before @b in a table. */
static inline bool tq_version_before(const struct tq_version *a, const struct tq_version *b)
{
	if (a->prio != b->prio)
		return a->prio < b->prio;
	return a->place != b->place ? a->place < b->place : a->link->place < b->link->place;
}

/* rule.c: for those with TQ_V_UNSETTLED. */
bool tq_version_seen_by(const struct tq_version *v, unsigned long gen);

static inline bool tq_version_seen(const struct tq_version *v, unsigned long gen)
{
	return likely(!(READ_ONCE(v->flags) & TQ_V_UNSETTLED)) || tq_version_seen_by(v, gen);
}

/* Under tq_table.lock, before the table's generation becomes @gen: from @gen on
 * @v is seen, or is not.
 */
void tq_version_be_born(struct tq_version *v, unsigned long gen);
void tq_version_die(struct tq_version *v, unsigned long gen);
/* A grace period after that: every packet sees it. */
void tq_version_grow_up(struct tq_version *v);

/* Mask of a prefix length, network order. */
void tq_prefix_mask(union nf_inet_addr *mask, u8 family, u8 len);

/* Is @addr one of @len bits of @net? */
bool tq_prefix_holds(const union nf_inet_addr *net, unsigned int len,
		     const union nf_inet_addr *addr);

/* The match of @v as it was given. */
void tq_version_match(const struct tq_version *v, struct tq_match *m);
/* True if @key is one of the packets of @v, addresses included. */
bool tq_version_test(const struct tq_version *v, const struct tq_key *key);

/* What a packet's key is after the changes of @a. */
void tq_actions_change(const struct tq_actions *a, struct tq_key *key);
/* Do they copy to @q, or steal for it? */
bool tq_actions_use(const struct tq_actions *a, const struct tq_queue *q);
bool tq_actions_equal(const struct tq_actions *a, const struct tq_actions *b);
/* The same once more, with users of the queues and a new quota; -ENOMEM. */
int tq_actions_copy(struct tq_actions *to, const struct tq_actions *from);
/* Gives back what they hold: users of queues, a quota. */
void tq_actions_release(struct tq_actions *a);

/* A rule without versions, the first of which will be of @family; one reference
 * for the caller.
 */
struct tq_rule *tq_rule_alloc(u64 handle, u8 family);
/* Makes its tq_rule.extra if there is none; -ENOMEM.  Under tq_table.lock. */
int tq_rule_make_extra(struct tq_rule *rule);
void tq_rule_put(struct tq_rule *rule);

/* A version of @rule with a reference to it; takes over the users in @actions,
 * or returns NULL.
 */
struct tq_version *tq_version_alloc(struct tq_rule *rule, u32 prio, u64 place,
				    const struct tq_match *match,
				    const struct tq_actions *actions);
/* Frees @v when no packet can hold it any more; it is unlinked everywhere. */
void tq_version_free_rcu(struct tq_version *v);
/* The same when no packet ever could, or a grace period has passed. */
void tq_version_free(struct tq_version *v);
/* The same, but what @v's actions hold stays with the caller. */
void tq_version_forget(struct tq_version *v);
/* Bytes of a rule with its first version and its extra. */
size_t tq_rule_memory(const struct tq_rule *rule);
/* Bytes that @v needs beyond those. */
size_t tq_version_memory(const struct tq_version *v);

#endif /* _TQ_RULE_H */
