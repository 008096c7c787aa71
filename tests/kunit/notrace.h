/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * notrace.h - stands for the module's trace.h: tracepoints have one name for all
 * of the kernel, and the module itself may be loaded.
 */
#ifndef _TQ_TRACE_H
#define _TQ_TRACE_H

#define trace_tqueue_rule_hit_enabled()		false
#define trace_tqueue_rule_hit(...)		no_trace(__VA_ARGS__)
#define trace_tqueue_record_queued(...)		no_trace(__VA_ARGS__)
#define trace_tqueue_record_lost(...)		no_trace(__VA_ARGS__)
#define trace_tqueue_table_commit(...)		no_trace(__VA_ARGS__)

static inline void no_trace(const char *name, ...)
{
}

#endif /* _TQ_TRACE_H */
