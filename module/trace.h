/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints: what chose a packet, what became of each copy, and when
 * rules changed.  Off, each costs a jump that is not taken.
 *
 * No entry has a hole: perf and trace_pipe_raw show what the ring had there before.
 * Names are arrays of TQUEUE_NAME_SIZE, zeros to the end, not dynamic strings:
 * __assign_str() has changed its arguments between the kernels that we build for.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tqueue

#if !defined(_TQ_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TQ_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/tqueue.h>

/* A rule has won a packet; by a match, its verdict is not carried out. */
TRACE_EVENT(tqueue_rule_hit,
	TP_PROTO(const char *table, u32 table_id, unsigned long gen, u64 rule, u32 prio,
		 u32 verdict, u32 len),
	TP_ARGS(table, table_id, gen, rule, prio, verdict, len),
	TP_STRUCT__entry(
		__array(char,		table,	TQUEUE_NAME_SIZE)
		__field(u64,		rule)
		__field(u64,		generation)
		__field(u32,		table_id)
		__field(u32,		prio)
		__field(u32,		verdict)
		__field(u32,		len)
	),
	TP_fast_assign(
		memcpy(__entry->table, table, TQUEUE_NAME_SIZE);
		__entry->table_id = table_id;
		__entry->rule = rule;
		__entry->generation = gen;
		__entry->prio = prio;
		__entry->verdict = verdict;
		__entry->len = len;
	),
	TP_printk("table=%s rule=%llu prio=%u verdict=%s len=%u generation=%llu",
		  __entry->table, __entry->rule, __entry->prio,
		  __print_symbolic(__entry->verdict,
			{ TQUEUE_VERDICT_PASS, "pass" },
			{ TQUEUE_VERDICT_ACCEPT, "accept" },
			{ TQUEUE_VERDICT_DROP, "drop" },
			{ TQUEUE_VERDICT_NEXT, "next" },
			{ TQUEUE_VERDICT_REPEAT, "repeat" },
			{ TQUEUE_VERDICT_NFQUEUE, "nfqueue" },
			{ TQUEUE_VERDICT_STEAL, "steal" },
			{ TQUEUE_VERDICT_MATCH, "match" }),
		  __entry->len, __entry->generation)
);

/* A record is in a ring.  @table is NULL and @rule 0 for messages, and for packets
 * that no rule chose.
 */
TRACE_EVENT(tqueue_record_queued,
	TP_PROTO(const char *queue, u32 queue_id, const char *table, u64 rule, u32 size),
	TP_ARGS(queue, queue_id, table, rule, size),
	TP_STRUCT__entry(
		__array(char,		queue,	TQUEUE_NAME_SIZE)
		__array(char,		table,	TQUEUE_NAME_SIZE)
		__field(u64,		rule)
		__field(u32,		queue_id)
		__field(u32,		size)
	),
	TP_fast_assign(
		memcpy(__entry->queue, queue, TQUEUE_NAME_SIZE);
		__entry->queue_id = queue_id;
		if (table)
			memcpy(__entry->table, table, TQUEUE_NAME_SIZE);
		else
			memset(__entry->table, 0, TQUEUE_NAME_SIZE);
		__entry->rule = rule;
		__entry->size = size;
	),
	TP_printk("queue=%s table=%s rule=%llu size=%u", __entry->queue, __entry->table,
		  __entry->rule, __entry->size)
);

/* A copy that was asked for is in no ring. */
TRACE_EVENT(tqueue_record_lost,
	TP_PROTO(const char *queue, u32 queue_id, const char *table, u64 rule, u32 cause),
	TP_ARGS(queue, queue_id, table, rule, cause),
	TP_STRUCT__entry(
		__array(char,		queue,	TQUEUE_NAME_SIZE)
		__array(char,		table,	TQUEUE_NAME_SIZE)
		__field(u64,		rule)
		__field(u32,		queue_id)
		__field(u32,		cause)
	),
	TP_fast_assign(
		memcpy(__entry->queue, queue, TQUEUE_NAME_SIZE);
		__entry->queue_id = queue_id;
		if (table)
			memcpy(__entry->table, table, TQUEUE_NAME_SIZE);
		else
			memset(__entry->table, 0, TQUEUE_NAME_SIZE);
		__entry->rule = rule;
		__entry->cause = cause;
	),
	TP_printk("queue=%s table=%s rule=%llu cause=%s", __entry->queue, __entry->table,
		  __entry->rule,
		  __print_symbolic(__entry->cause,
			{ TQUEUE_LOSS_FULL, "full" },
			{ TQUEUE_LOSS_NO_MEMORY, "no-memory" },
			{ TQUEUE_LOSS_NO_RING, "no-ring" },
			{ TQUEUE_LOSS_TOO_BIG, "too-big" },
			{ TQUEUE_LOSS_UNREADABLE, "unreadable" },
			{ TQUEUE_LOSS_DYING, "dying" },
			{ TQUEUE_LOSS_RATE_LIMITED, "rate-limited" },
			{ TQUEUE_LOSS_SAMPLED_OUT, "sampled-out" },
			{ TQUEUE_LOSS_NESTED, "nested" }))
);

/* Packets see generation @gen of the table from now on. */
TRACE_EVENT(tqueue_table_commit,
	TP_PROTO(const char *table, u32 table_id, unsigned long gen, u32 rules),
	TP_ARGS(table, table_id, gen, rules),
	TP_STRUCT__entry(
		__array(char,		table,	TQUEUE_NAME_SIZE)
		__field(u64,		generation)
		__field(u32,		table_id)
		__field(u32,		rules)
	),
	TP_fast_assign(
		memcpy(__entry->table, table, TQUEUE_NAME_SIZE);
		__entry->table_id = table_id;
		__entry->generation = gen;
		__entry->rules = rules;
	),
	TP_printk("table=%s generation=%llu rules=%u", __entry->table, __entry->generation,
		  __entry->rules)
);

#endif /* _TQ_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
