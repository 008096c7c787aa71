// SPDX-License-Identifier: GPL-2.0-only
/*
 * One table per attribute space says where in the model an attribute lives and
 * how users call it; encoding, decoding and the names in error texts all go by
 * these tables.  Nests are the functions below them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "msg.h"

enum kind {
	NONE,		/* not in the model: padding, or unknown here */
	U32,		/* s32 too */
	U64,
	TEXT,		/* char[size] */
	ADDR,		/* struct tq_addr */
	FLAG,		/* no value, only its bit */
	NEST,
};

struct field {
	const char	*name;
	const struct field *nest;	/* NEST only: its space */
	uint16_t	offset;
	uint16_t	size;		/* TEXT only */
	uint8_t		kind;
	uint8_t		nest_max;
};

#define F_(type, kind_, name_, member) \
	{ .name = name_, .kind = kind_, .offset = offsetof(struct type, member), \
	  .size = sizeof(((struct type *)0)->member) }
#define F_NEST(name_, space, max) \
	{ .name = name_, .kind = NEST, .nest = space, .nest_max = max }

#define F(kind, name, member) [TQUEUE_A_STATS_##name] = F_(tq_stats, kind, #member, member)
static const struct field stats_fields[TQUEUE_A_STATS_MAX + 1] = {
	F(U64, RECORDS, records),
	F(U64, BYTES, bytes),
	F(U64, LOST_FULL, lost_full),
	F(U64, LOST_NO_MEMORY, lost_no_memory),
	F(U64, LOST_NO_RING, lost_no_ring),
	F(U64, LOST_TOO_BIG, lost_too_big),
	F(U64, LOST_UNREADABLE, lost_unreadable),
	F(U64, LOST_DYING, lost_dying),
	F(U64, LOST_RATE_LIMITED, lost_rate_limited),
	F(U64, LOST_SAMPLED_OUT, lost_sampled_out),
	F(U64, LOST_NESTED, lost_nested),
	F(U64, FLUSHED, flushed),
	F(U64, OVERWRITTEN, overwritten),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_RING_##name] = F_(tq_ring, kind, #member, member)
static const struct field ring_fields[TQUEUE_A_RING_MAX + 1] = {
	F(U32, CPU, cpu),
	F(U32, PENDING, pending),
	[TQUEUE_A_RING_STATS] = F_NEST("stats", stats_fields, TQUEUE_A_STATS_MAX),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_HOLDER_##name] = F_(tq_holder, kind, #member, member)
static const struct field holder_fields[TQUEUE_A_HOLDER_MAX + 1] = {
	F(U32, TYPE, type),
	F(U32, COUNT, count),
	F(TEXT, TABLE, table),
	F(U64, HANDLE, handle),
	F(U32, HOOK, hook),
	F(U32, FAMILY, family),
	F(TEXT, XT_TABLE, xt_table),
};
#undef F

#define F(kind, name, member, word) [TQUEUE_A_QUEUE_##name] = F_(tq_queue, kind, word, member)
static const struct field queue_fields[TQUEUE_A_QUEUE_MAX + 1] = {
	F(U32, ID, id, "id"),
	F(TEXT, NAME, name, "name"),
	F(U32, MODE, mode, "mode"),
	F(U32, RING_SIZE, ring_size, "ring"),
	F(U32, SNAPLEN, snaplen, "snaplen"),
	F(U32, WATERMARK, watermark, "watermark"),
	F(U32, FLUSH_US, flush_us, "flush"),
	F(U32, RINGS, rings, "rings"),
	F(U64, MEMORY, memory, "memory"),
	F(U32, READERS, readers, "readers"),
	F(U32, MAPPED, mapped, "mapped"),
	F(U32, QUERY, query, "query"),
	F(U32, OPEN_FLAGS, open_flags, "open_flags"),
	F(U32, FD, fd, "fd"),
	F(U32, SERIAL, serial, "serial"),
	[TQUEUE_A_QUEUE_STATS] = F_NEST("stats", stats_fields, TQUEUE_A_STATS_MAX),
	[TQUEUE_A_QUEUE_RING] = F_NEST("ring", ring_fields, TQUEUE_A_RING_MAX),
	[TQUEUE_A_QUEUE_HOLDER] = F_NEST("holder", holder_fields, TQUEUE_A_HOLDER_MAX),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_TABLE_##name] = F_(tq_table, kind, #member, member)
static const struct field table_fields[TQUEUE_A_TABLE_MAX + 1] = {
	F(U32, ID, id),
	F(TEXT, NAME, name),
	F(U64, GENERATION, generation),
	F(U32, RULES, rules),
	F(U32, RULES_MAX, rules_max),
	F(U64, MEMORY, memory),
	F(U32, TUPLES, tuples),
	F(U32, QUERY, query),
	F(U32, TXN, txn),
	F(U32, SERIAL, serial),
	[TQUEUE_A_TABLE_HOLDER] = F_NEST("holder", holder_fields, TQUEUE_A_HOLDER_MAX),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_COPY_##name] = F_(tq_copy, kind, #member, member)
static const struct field copy_fields[TQUEUE_A_COPY_MAX + 1] = {
	F(TEXT, QUEUE, queue),
	F(U32, SNAPLEN, snaplen),
};
#undef F

#define F(kind, name, member, word) [TQUEUE_A_RULE_##name] = F_(tq_rule, kind, word, member)
static const struct field rule_fields[TQUEUE_A_RULE_MAX + 1] = {
	F(U64, HANDLE, handle, "handle"),
	F(U32, PRIO, prio, "prio"),
	F(U32, FAMILY, family, "family"),
	F(ADDR, SRC, src, "src"),
	F(U32, SRC_LEN, src_len, "src"),
	F(ADDR, DST, dst, "dst"),
	F(U32, DST_LEN, dst_len, "dst"),
	F(U32, PROTO, proto, "proto"),
	F(U32, SPORT_MIN, sport_min, "sport"),
	F(U32, SPORT_MAX, sport_max, "sport"),
	F(U32, DPORT_MIN, dport_min, "dport"),
	F(U32, DPORT_MAX, dport_max, "dport"),
	F(U32, ICMP_TYPE, icmp_type, "icmp-type"),
	F(U32, ICMP_CODE, icmp_code, "icmp-type"),
	F(U32, TCP_FLAGS, tcp_flags, "tcp-flags"),
	F(U32, TCP_MASK, tcp_mask, "tcp-flags"),
	F(TEXT, IIF, iif, "iif"),
	F(TEXT, OIF, oif, "oif"),
	F(U32, MARK, mark, "mark"),
	F(U32, MARK_MASK, mark_mask, "mark"),
	F(U32, DSCP, dscp, "dscp"),
	F(U32, LEN_MIN, len_min, "len"),
	F(U32, LEN_MAX, len_max, "len"),
	F(U32, FRAG, frag, "frag"),
	F(U32, CT_STATE, ct_state, "ct"),
	[TQUEUE_A_RULE_COPY] = F_NEST("queue", copy_fields, TQUEUE_A_COPY_MAX),
	F(U32, SAMPLE, sample, "sample"),
	F(U32, RATE, rate, "limit"),
	F(U32, BURST, burst, "burst"),
	F(U32, SET_MARK, set_mark, "set-mark"),
	F(U32, SET_MARK_MASK, set_mark_mask, "set-mark"),
	F(U32, SET_TTL, set_ttl, "ttl"),
	F(U32, ADD_TTL, add_ttl, "ttl"),
	F(U32, SET_DSCP, set_dscp, "set-dscp"),
	F(U32, VERDICT, verdict, "verdict"),
	F(U32, NFQUEUE_NUM, nfqueue_num, "nfqueue"),
	F(TEXT, STEAL_QUEUE, steal_queue, "steal"),
	F(U32, STEAL_ELSE, steal_else, "steal ... else"),
	F(U32, FLAGS, flags, "bypass"),
	F(U64, TIMEOUT_MS, timeout_ms, "timeout"),
	F(U64, EXPIRES_MS, expires_ms, "expires"),
	F(U64, PACKETS, packets, "packets"),
	F(U64, BYTES, bytes, "bytes"),
	F(U64, COPIES, copies, "copies"),
	F(U64, LAST_HIT_MS, last_hit_ms, "last-hit"),
};
#undef F

#define F(kind, name, member, word) [TQUEUE_A_PACKET_##name] = F_(tq_packet, kind, word, member)
static const struct field packet_fields[TQUEUE_A_PACKET_MAX + 1] = {
	F(U32, FAMILY, family, "family"),
	F(ADDR, SRC, src, "src"),
	F(ADDR, DST, dst, "dst"),
	F(U32, PROTO, proto, "proto"),
	F(U32, SPORT, sport, "sport"),
	F(U32, DPORT, dport, "dport"),
	F(U32, ICMP_TYPE, icmp_type, "icmp-type"),
	F(U32, ICMP_CODE, icmp_code, "icmp-type"),
	F(U32, TCP_FLAGS, tcp_flags, "tcp-flags"),
	F(TEXT, IIF, iif, "iif"),
	F(TEXT, OIF, oif, "oif"),
	F(U32, MARK, mark, "mark"),
	F(U32, DSCP, dscp, "dscp"),
	F(U32, LEN, len, "len"),
	F(U32, FRAG, frag, "frag"),
	F(U32, CT_STATE, ct_state, "ct"),
	F(U32, TRANSPORT_LEN, transport_len, "transport length"),
};
#undef F

#define F(kind, name, member, word) [TQUEUE_A_FILTER_##name] = F_(tq_filter, kind, word, member)
static const struct field filter_fields[TQUEUE_A_FILTER_MAX + 1] = {
	F(TEXT, QUEUE, queue, "queue"),
	F(U32, PRIO_MIN, prio_min, "prio"),
	F(U32, PRIO_MAX, prio_max, "prio"),
	F(U32, FAMILY, family, "family"),
	F(U32, VERDICT, verdict, "verdict"),
	F(ADDR, SRC, src, "src"),
	F(ADDR, DST, dst, "dst"),
	[TQUEUE_A_FILTER_HIT] = { .name = "hit", .kind = FLAG },
};
#undef F

#define F(kind, name, member) [TQUEUE_A_RULES_##name] = F_(tq_rules, kind, #member, member)
static const struct field rules_fields[TQUEUE_A_RULES_MAX + 1] = {
	F(TEXT, TABLE, table),
	F(U32, TABLE_ID, table_id),
	F(U32, TXN, txn),
	F(U64, GENERATION, generation),
	F(U32, QUERY, query),
	F(U32, SERIAL, serial),
	[TQUEUE_A_RULES_RULE] = F_NEST("rule", rule_fields, TQUEUE_A_RULE_MAX),
	[TQUEUE_A_RULES_FILTER] = F_NEST("filter", filter_fields, TQUEUE_A_FILTER_MAX),
	[TQUEUE_A_RULES_PACKET] = F_NEST("packet", packet_fields, TQUEUE_A_PACKET_MAX),
};
#undef F

#define F(kind, name, member, word) [TQUEUE_A_HOOK_##name] = F_(tq_hook, kind, word, member)
static const struct field hook_fields[TQUEUE_A_HOOK_MAX + 1] = {
	F(U32, ID, id, "id"),
	F(TEXT, TABLE, table, "table"),
	F(U32, TABLE_ID, table_id, "table"),
	F(U32, FAMILY, family, "family"),
	F(U32, POINT, point, "hook"),
	F(U32, PRIORITY, priority, "priority"),
	F(TEXT, DEVICE, device, "dev"),
	F(U32, ACTIVE, active, "active"),
	F(U32, SERIAL, serial, "serial"),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_TXN_##name] = F_(tq_txn, kind, #member, member)
static const struct field txn_fields[TQUEUE_A_TXN_MAX + 1] = {
	F(U32, ID, id),
	F(U32, STATE, state),
	F(U32, CHANGES, changes),
	F(U32, CONFIRM_MS, confirm_ms),
	F(U32, SERIAL, serial),
};
#undef F

#define F(kind, name, member) [TQUEUE_A_VERSION_##name] = F_(tq_version, kind, #member, member)
static const struct field version_fields[TQUEUE_A_VERSION_MAX + 1] = {
	F(U32, ABI, abi),
	F(TEXT, MODULE, module),
	F(U32, FEATURES, features),
	F(U32, RECORD_HDR, record_hdr),
	F(U32, QUEUE_MAX, queue_max),
	F(U32, COPIES_MAX, copies_max),
	F(U32, RING_MIN, ring_min),
	F(U32, RING_MAX, ring_max),
	F(U64, USER_MEMORY, user_memory),
	F(U64, USER_MEMORY_MAX, user_memory_max),
	F(U32, USER_QUEUES, user_queues),
	F(U32, USER_QUEUES_MAX, user_queues_max),
};
#undef F

/* ---- scalars, by table; by hand, since there may be millions ---- */

static int put_attr(struct nl_msg *msg, int type, const void *data, size_t len)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct nlattr *attr = (void *)((char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));
	size_t size = NLA_HDRLEN + len, end = NLMSG_ALIGN(nlh->nlmsg_len) + NLA_ALIGN(size);

	if (end > nlmsg_get_max_size(msg))
		return -1;
	attr->nla_len = size;
	attr->nla_type = type;
	memcpy((char *)attr + NLA_HDRLEN, data, len);
	memset((char *)attr + size, 0, NLA_ALIGN(size) - size);
	nlh->nlmsg_len = end;
	return 0;
}

static int put_field(struct nl_msg *msg, int type, const struct field *f, const void *at)
{
	const struct tq_addr *addr = at;

	switch (f->kind) {
	case U32:
		return put_attr(msg, type, at, sizeof(uint32_t));
	case U64:
		return put_attr(msg, type, at, sizeof(uint64_t));
	case TEXT:
		return put_attr(msg, type, at, strlen(at) + 1);
	case ADDR:
		return put_attr(msg, type, addr->bytes, addr->len);
	case FLAG:
		return put_attr(msg, type, "", 0);
	default:
		return 0;
	}
}

/* Everything that @model (which begins with its bits) has. */
static int put_fields(struct nl_msg *msg, const struct field *fields, int max, const void *model)
{
	uint64_t has = *(const uint64_t *)model;
	int type;

	for (type = 1; type <= max && has >> type; type++)
		if (has & TQ_BIT(type) &&
		    put_field(msg, type, &fields[type],
			      (const char *)model + fields[type].offset) < 0)
			return -1;
	return 0;
}

static inline bool attr_ok(const struct nlattr *a, int left)
{
	return left >= (int)sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
}

static inline const struct nlattr *attr_next(const struct nlattr *a, int *left)
{
	*left -= NLA_ALIGN(a->nla_len);
	return (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
}

static inline int attr_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

static inline const void *attr_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static inline int attr_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

static int get_field(const struct nlattr *attr, const struct field *f, void *at)
{
	struct tq_addr *addr = at;
	int len = attr_len(attr);

	switch (f->kind) {
	case U32:
		if (len != 4)
			return -1;
		memcpy(at, attr_data(attr), 4);
		return 0;
	case U64:
		if (len != 8)
			return -1;
		memcpy(at, attr_data(attr), 8);
		return 0;
	case TEXT:
		if (len < 1 || len > f->size || ((const char *)attr_data(attr))[len - 1])
			return -1;
		memcpy(at, attr_data(attr), len);
		return 0;
	case ADDR:
		if (len != 4 && len != 16)
			return -1;
		addr->len = len;
		memcpy(addr->bytes, attr_data(attr), len);
		return 0;
	default:
		return 0;
	}
}

static int get_fields(const struct nlattr *attr, int len, const struct field *fields, int max,
		      void *model)
{
	uint64_t *has = model;

	for (; attr_ok(attr, len); attr = attr_next(attr, &len)) {
		int type = attr_type(attr);

		if (type > max || fields[type].kind == NONE)
			continue;
		if (get_field(attr, &fields[type], (char *)model + fields[type].offset))
			return -1;
		*has |= TQ_BIT(type);
	}
	return 0;
}

/* The next attribute of @type after @at (NULL: from the start); NULL: none */
static const struct nlattr *next_of(const struct nlattr *attrs, int len, int type,
				    const struct nlattr *at)
{
	const struct nlattr *attr = attrs;

	for (; attr_ok(attr, len); attr = attr_next(attr, &len)) {
		if (at && attr <= at)
			continue;
		if (attr_type(attr) == type)
			return attr;
	}
	return NULL;
}

static int get_nest(const struct nlattr *nest, const struct field *fields, int max, void *model)
{
	return get_fields(attr_data(nest), attr_len(nest), fields, max, model);
}

/* ---- holders, queues, tables ---- */

static int get_holders(const struct tnl_reply *reply, int type, struct tq_holders *h)
{
	const struct nlattr *at = NULL;

	while ((at = next_of(reply->attrs, reply->len, type, at))) {
		struct tq_holder *v = realloc(h->v, (h->n + 1) * sizeof(*v));

		if (!v)
			return -1;
		h->v = v;
		memset(&v[h->n], 0, sizeof(*v));
		if (get_nest(at, holder_fields, TQUEUE_A_HOLDER_MAX, &v[h->n++]))
			return -1;
	}
	return 0;
}

static int get_rings(const struct tnl_reply *reply, struct tq_queue *q)
{
	const struct nlattr *at = NULL, *stats;

	while ((at = next_of(reply->attrs, reply->len, TQUEUE_A_QUEUE_RING, at))) {
		struct tq_ring *v = realloc(q->ring, (q->ring_n + 1) * sizeof(*v));

		if (!v)
			return -1;
		q->ring = v;
		v += q->ring_n++;
		memset(v, 0, sizeof(*v));
		if (get_nest(at, ring_fields, TQUEUE_A_RING_MAX, v))
			return -1;
		stats = next_of(nla_data(at), nla_len(at), TQUEUE_A_RING_STATS, NULL);
		if (stats && get_nest(stats, stats_fields, TQUEUE_A_STATS_MAX, &v->stats))
			return -1;
	}
	return 0;
}

int msg_queue_put(struct nl_msg *msg, const struct tq_queue *q)
{
	return put_fields(msg, queue_fields, TQUEUE_A_QUEUE_MAX, q);
}

int msg_queue_get(const struct tnl_reply *reply, struct tq_queue *q)
{
	const struct nlattr *stats;

	memset(q, 0, sizeof(*q));
	stats = next_of(reply->attrs, reply->len, TQUEUE_A_QUEUE_STATS, NULL);
	if (get_fields(reply->attrs, reply->len, queue_fields, TQUEUE_A_QUEUE_MAX, q) ||
	    (stats && get_nest(stats, stats_fields, TQUEUE_A_STATS_MAX, &q->stats)) ||
	    get_rings(reply, q) ||
	    get_holders(reply, TQUEUE_A_QUEUE_HOLDER, &q->holders)) {
		tq_queue_free(q);
		return -1;
	}
	return 0;
}

int msg_table_put(struct nl_msg *msg, const struct tq_table *t)
{
	return put_fields(msg, table_fields, TQUEUE_A_TABLE_MAX, t);
}

int msg_table_get(const struct tnl_reply *reply, struct tq_table *t)
{
	memset(t, 0, sizeof(*t));
	if (get_fields(reply->attrs, reply->len, table_fields, TQUEUE_A_TABLE_MAX, t) ||
	    get_holders(reply, TQUEUE_A_TABLE_HOLDER, &t->holders)) {
		tq_table_free(t);
		return -1;
	}
	return 0;
}

/* ---- rules ---- */

int msg_rules_put(struct nl_msg *msg, const struct tq_rules *rules)
{
	return put_fields(msg, rules_fields, TQUEUE_A_RULES_MAX, rules);
}

int msg_rules_put_rule(struct nl_msg *msg, const struct tq_rule *r)
{
	struct nlattr *nest, *copy;
	unsigned int i;

	nest = nla_nest_start(msg, TQUEUE_A_RULES_RULE | NLA_F_NESTED);
	if (!nest || put_fields(msg, rule_fields, TQUEUE_A_RULE_MAX, r))
		return -1;
	for (i = 0; i < r->copy_n; i++) {
		copy = nla_nest_start(msg, TQUEUE_A_RULE_COPY | NLA_F_NESTED);
		if (!copy || put_fields(msg, copy_fields, TQUEUE_A_COPY_MAX, &r->copy[i]))
			return -1;
		nla_nest_end(msg, copy);
	}
	nla_nest_end(msg, nest);
	return 0;
}

int msg_rules_put_packet(struct nl_msg *msg, const struct tq_packet *pkt)
{
	struct nlattr *nest = nla_nest_start(msg, TQUEUE_A_RULES_PACKET | NLA_F_NESTED);

	if (!nest || put_fields(msg, packet_fields, TQUEUE_A_PACKET_MAX, pkt))
		return -1;
	nla_nest_end(msg, nest);
	return 0;
}

int msg_rules_put_filter(struct nl_msg *msg, const struct tq_filter *f)
{
	struct nlattr *nest = nla_nest_start(msg, TQUEUE_A_RULES_FILTER | NLA_F_NESTED);

	if (!nest || put_fields(msg, filter_fields, TQUEUE_A_FILTER_MAX, f))
		return -1;
	nla_nest_end(msg, nest);
	return 0;
}

int msg_rules_get(const struct tnl_reply *reply, struct tq_rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	return get_fields(reply->attrs, reply->len, rules_fields, TQUEUE_A_RULES_MAX, rules);
}

int msg_rules_next(const struct tnl_reply *reply, const struct nlattr **at, struct tq_rule *r)
{
	const struct nlattr *copy = NULL, *attr;
	int left;

	/* not next_of(): that would make a big message quadratic */
	attr = *at ? *at : reply->attrs;
	left = reply->len - (int)((const char *)attr - (const char *)reply->attrs);
	if (*at)
		attr = attr_next(attr, &left);
	while (attr_ok(attr, left) && attr_type(attr) != TQUEUE_A_RULES_RULE)
		attr = attr_next(attr, &left);
	if (!attr_ok(attr, left))
		return 0;
	*at = attr;
	memset(r, 0, sizeof(*r));
	if (get_nest(attr, rule_fields, TQUEUE_A_RULE_MAX, r))
		return -1;
	while (r->has & TQ_BIT(TQUEUE_A_RULE_COPY) &&
	       (copy = next_of(attr_data(attr), attr_len(attr), TQUEUE_A_RULE_COPY, copy))) {
		if (r->copy_n == TQUEUE_RULE_COPIES_MAX ||
		    get_nest(copy, copy_fields, TQUEUE_A_COPY_MAX, &r->copy[r->copy_n++]))
			return -1;
	}
	return 1;
}

/* ---- hooks, transactions, version ---- */

int msg_hook_put(struct nl_msg *msg, const struct tq_hook *h)
{
	return put_fields(msg, hook_fields, TQUEUE_A_HOOK_MAX, h);
}

int msg_hook_get(const struct tnl_reply *reply, struct tq_hook *h)
{
	memset(h, 0, sizeof(*h));
	return get_fields(reply->attrs, reply->len, hook_fields, TQUEUE_A_HOOK_MAX, h);
}

int msg_txn_put(struct nl_msg *msg, const struct tq_txn *txn)
{
	return put_fields(msg, txn_fields, TQUEUE_A_TXN_MAX, txn);
}

int msg_txn_get(const struct tnl_reply *reply, struct tq_txn *txn)
{
	memset(txn, 0, sizeof(*txn));
	return get_fields(reply->attrs, reply->len, txn_fields, TQUEUE_A_TXN_MAX, txn);
}

int msg_version_get(const struct tnl_reply *reply, struct tq_version *v)
{
	memset(v, 0, sizeof(*v));
	return get_fields(reply->attrs, reply->len, version_fields, TQUEUE_A_VERSION_MAX, v);
}

/* ---- what an error points at ---- */

struct space {
	const struct field	*fields;
	int			max;
};

static struct space space_of(uint8_t cmd)
{
	switch (cmd) {
	case TQUEUE_CMD_QUEUE_NEW ... TQUEUE_CMD_QUEUE_FLUSH:
	case TQUEUE_CMD_STATS_GET:
		return (struct space){ queue_fields, TQUEUE_A_QUEUE_MAX };
	case TQUEUE_CMD_TABLE_NEW ... TQUEUE_CMD_TABLE_FLUSH:
		return (struct space){ table_fields, TQUEUE_A_TABLE_MAX };
	case TQUEUE_CMD_RULE_NEW ... TQUEUE_CMD_RULE_TEST:
		return (struct space){ rules_fields, TQUEUE_A_RULES_MAX };
	case TQUEUE_CMD_HOOK_NEW ... TQUEUE_CMD_HOOK_GET:
		return (struct space){ hook_fields, TQUEUE_A_HOOK_MAX };
	case TQUEUE_CMD_TXN_BEGIN ... TQUEUE_CMD_TXN_GET:
		return (struct space){ txn_fields, TQUEUE_A_TXN_MAX };
	default:
		return (struct space){ version_fields, TQUEUE_A_VERSION_MAX };
	}
}

static const struct field *field_of(struct space space, unsigned int type)
{
	static const struct field none = { .name = NULL };

	return type <= (unsigned int)space.max ? &space.fields[type] : &none;
}

/* The attribute that @target lies in: innermost, found by going down. */
static struct space walk(const struct nlattr *attr, int len, struct space space,
			 const char *target, struct msg_place *place, bool top)
{
	int rule = -1;

	for (; nla_ok(attr, len); attr = nla_next(attr, &len)) {
		const struct field *f = field_of(space, nla_type(attr));

		if (top && space.fields == rules_fields && nla_type(attr) == TQUEUE_A_RULES_RULE)
			rule++;
		if (target < (const char *)attr ||
		    target >= (const char *)attr + NLA_ALIGN(attr->nla_len))
			continue;
		if (top)
			place->rule = rule;
		if (f->name)
			snprintf(place->attr, sizeof(place->attr), "%s", f->name);
		else
			snprintf(place->attr, sizeof(place->attr), "number %d", nla_type(attr));
		if (f->kind != NEST)
			return space;
		space = (struct space){ f->nest, f->nest_max };
		if (target == (const char *)attr)
			return space;
		return walk(nla_data(attr), nla_len(attr), space, target, place, false);
	}
	return space;
}

void msg_find(struct nl_msg *msg, const struct tnl_error *err, struct msg_place *place)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	const struct genlmsghdr *g = nlmsg_data(nlh);
	const struct nlattr *attrs = (const void *)((const char *)g + GENL_HDRLEN);
	int len = nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;
	struct space space = space_of(g->cmd);
	uint32_t offset = err->offset;
	const struct field *f;

	place->attr[0] = 0;
	place->rule = -1;
	if (!offset && err->miss_type)
		offset = err->miss_nest;
	if (offset && offset < nlh->nlmsg_len)
		space = walk(attrs, len, space, (const char *)nlh + offset, place, true);
	if (!err->miss_type)
		return;
	if (!err->miss_nest)
		space = space_of(g->cmd);
	f = field_of(space, err->miss_type);
	if (f->name)
		snprintf(place->attr, sizeof(place->attr), "%s is missing", f->name);
}

size_t msg_used(struct nl_msg *msg)
{
	return nlmsg_hdr(msg)->nlmsg_len;
}
