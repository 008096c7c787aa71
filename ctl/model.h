/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model.h - the objects that tqctl talks about, between text and messages.
 *
 * Each struct begins with @has: bit N says that attribute number N of the
 * object's attribute space (uapi/linux/tqueue.h) was given or received.  The
 * field of a bit that is not set is 0.  Units are those of the uapi.
 */
#ifndef TQCTL_MODEL_H
#define TQCTL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/tqueue.h>

#define TQ_BIT(attr)		(UINT64_C(1) << (attr))
#define TQ_ALL_ONES		UINT32_MAX
#define TQ_IFNAME_SIZE		16

struct tq_addr {
	uint8_t	len;			/* 4 or 16; 0: none */
	uint8_t	bytes[16];		/* network order */
};

struct tq_stats {
	uint64_t	has;
	uint64_t	records;
	uint64_t	bytes;
	uint64_t	lost_full;	/* from here in the order of enum tqueue_loss */
	uint64_t	lost_no_memory;
	uint64_t	lost_no_ring;
	uint64_t	lost_too_big;
	uint64_t	lost_unreadable;
	uint64_t	lost_dying;
	uint64_t	lost_rate_limited;
	uint64_t	lost_sampled_out;
	uint64_t	lost_nested;
	uint64_t	flushed;
	uint64_t	overwritten;
};

struct tq_ring {
	uint64_t	has;
	uint32_t	cpu;
	uint32_t	pending;
	struct tq_stats	stats;
};

struct tq_holder {
	uint64_t	has;
	uint32_t	type;
	uint32_t	count;
	char		table[TQUEUE_NAME_SIZE];
	uint64_t	handle;
	uint32_t	hook;
	uint32_t	family;
	char		xt_table[32];
};

struct tq_holders {
	struct tq_holder	*v;
	size_t			n;
};

/* Free with tq_queue_free(). */
struct tq_queue {
	uint64_t		has;
	uint32_t		id;
	char			name[TQUEUE_NAME_SIZE];
	uint32_t		mode;
	uint32_t		ring_size;
	uint32_t		snaplen;
	uint32_t		watermark;
	uint32_t		flush_us;
	uint32_t		rings;
	uint64_t		memory;
	uint32_t		readers;
	uint32_t		mapped;
	uint32_t		query;
	uint32_t		open_flags;
	uint32_t		fd;
	uint32_t		serial;
	struct tq_stats		stats;
	struct tq_ring		*ring;
	size_t			ring_n;
	struct tq_holders	holders;

	/* text only: "size", the total that was asked for; 0: not given */
	uint64_t		size;
	unsigned int		size_word;
};

/* Free with tq_table_free(). */
struct tq_table {
	uint64_t		has;
	uint32_t		id;
	char			name[TQUEUE_NAME_SIZE];
	uint64_t		generation;
	uint32_t		rules;
	uint32_t		rules_max;
	uint64_t		memory;
	uint32_t		tuples;
	uint32_t		query;
	uint32_t		txn;
	uint32_t		serial;
	struct tq_holders	holders;
};

struct tq_copy {
	uint64_t	has;
	char		queue[TQUEUE_NAME_SIZE];
	uint32_t	snaplen;
};

struct tq_rule {
	uint64_t	has;
	uint64_t	handle;
	uint32_t	prio;
	uint32_t	family;
	struct tq_addr	src;
	uint32_t	src_len;
	struct tq_addr	dst;
	uint32_t	dst_len;
	uint32_t	proto;
	uint32_t	sport_min, sport_max;
	uint32_t	dport_min, dport_max;
	uint32_t	icmp_type, icmp_code;
	uint32_t	tcp_flags, tcp_mask;
	char		iif[TQ_IFNAME_SIZE];
	char		oif[TQ_IFNAME_SIZE];
	uint32_t	mark, mark_mask;
	uint32_t	dscp;
	uint32_t	len_min, len_max;
	uint32_t	frag;
	uint32_t	ct_state;
	struct tq_copy	copy[TQUEUE_RULE_COPIES_MAX];
	unsigned int	copy_n;
	uint32_t	sample;
	uint32_t	rate, burst;
	uint32_t	set_mark, set_mark_mask;
	uint32_t	set_ttl;
	int32_t		add_ttl;
	uint32_t	set_dscp;
	uint32_t	verdict;
	uint32_t	nfqueue_num;
	char		steal_queue[TQUEUE_NAME_SIZE];
	uint32_t	steal_else;
	uint32_t	flags;
	uint64_t	timeout_ms, expires_ms;
	uint64_t	packets, bytes, copies, last_hit_ms;
};

/* Which rules "rule list" shows; "hit" is only a bit. */
struct tq_filter {
	uint64_t	has;
	char		queue[TQUEUE_NAME_SIZE];
	uint32_t	prio_min, prio_max;
	uint32_t	family;
	uint32_t	verdict;
	struct tq_addr	src;
	struct tq_addr	dst;
};

/* A packet as it is described to "rule test". */
struct tq_packet {
	uint64_t	has;
	uint32_t	family;
	struct tq_addr	src;
	struct tq_addr	dst;
	uint32_t	proto;
	uint32_t	sport, dport;
	uint32_t	icmp_type, icmp_code;
	uint32_t	tcp_flags;
	char		iif[TQ_IFNAME_SIZE];
	char		oif[TQ_IFNAME_SIZE];
	uint32_t	mark;
	uint32_t	dscp;
	uint32_t	len;
	uint32_t	frag;
	uint32_t	ct_state;
	uint32_t	transport_len;
};

/* What a message of rules says beside the rules. */
struct tq_rules {
	uint64_t	has;
	char		table[TQUEUE_NAME_SIZE];
	uint32_t	table_id;
	uint32_t	txn;
	uint64_t	generation;
	uint32_t	query;
	uint32_t	serial;
};

struct tq_hook {
	uint64_t	has;
	uint32_t	id;
	char		table[TQUEUE_NAME_SIZE];
	uint32_t	table_id;
	uint32_t	family;
	uint32_t	point;
	int32_t		priority;
	char		device[TQ_IFNAME_SIZE];
	uint32_t	active;
	uint32_t	serial;
};

struct tq_txn {
	uint64_t	has;
	uint32_t	id;
	uint32_t	state;
	uint32_t	changes;
	uint32_t	confirm_ms;
	uint32_t	serial;
};

struct tq_version {
	uint64_t	has;
	uint32_t	abi;
	char		module[64];
	uint32_t	features;
	uint32_t	record_hdr;
	uint32_t	queue_max;
	uint32_t	copies_max;
	uint32_t	ring_min;
	uint32_t	ring_max;
	uint64_t	user_memory, user_memory_max;
	uint32_t	user_queues, user_queues_max;
};

void tq_queue_free(struct tq_queue *q);
void tq_table_free(struct tq_table *t);

/* Counter of @cause; NULL if this tool does not know the cause. */
const uint64_t *tq_stats_lost(const struct tq_stats *s, unsigned int cause);
/* All causes together. */
uint64_t tq_stats_lost_sum(const struct tq_stats *s);

/* Words for numbers, in both directions; the same table serves parser and
 * printer.  tq_name() is NULL for a number without a word, tq_value() is -1.
 */
struct tq_name {
	const char	*name;
	int64_t		value;
};

extern const struct tq_name tq_modes[];
extern const struct tq_name tq_rule_families[];
extern const struct tq_name tq_hook_families[];
extern const struct tq_name tq_points[];
extern const struct tq_name tq_verdicts[];
extern const struct tq_name tq_protocols[];
extern const struct tq_name tq_tcp_flags[];
extern const struct tq_name tq_frags[];
extern const struct tq_name tq_ct_states[];
extern const struct tq_name tq_priorities[];
extern const struct tq_name tq_losses[];
extern const struct tq_name tq_features[];
extern const struct tq_name tq_dscps[];

const char *tq_name(const struct tq_name *names, int64_t value);
int64_t tq_value(const struct tq_name *names, const char *name);

#endif
