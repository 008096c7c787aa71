/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * xtables match "tqueue" and target "TQUEUE", revision 0, IPv4 and IPv6.
 *
 * Both structs have one size for 32-bit and 64-bit user space.  What lies
 * behind the comment "kernel" belongs to the kernel: user space leaves it 0
 * and compares rules only up to there (usersize).
 */
#ifndef _UAPI_XT_TQUEUE_H
#define _UAPI_XT_TQUEUE_H

#include <linux/types.h>
#include <linux/tqueue.h>

struct tq_xt_match;
struct tq_xt_target;

enum xt_tqueue_match_flag {
	XT_TQUEUE_MATCH_INVERT	= 1 << 0,
};

/**
 * struct xt_tqueue_mtinfo - "-m tqueue [!] --rule-table NAME"
 * @table: name of a table of this namespace
 * @flags: XT_TQUEUE_MATCH_*
 * @reserved: 0
 * @priv: the kernel's
 */
struct xt_tqueue_mtinfo {
	char			table[TQUEUE_NAME_SIZE];
	__u32			flags;
	__u32			reserved;
	/* kernel */
	struct tq_xt_match	*priv __attribute__((aligned(8)));
};

enum xt_tqueue_target_flag {
	XT_TQUEUE_TARGET_TABLE	  = 1 << 0,	/* @name is a table, else a queue */
	XT_TQUEUE_TARGET_SNAPLEN  = 1 << 1,	/* @snaplen is given; queue only */
	XT_TQUEUE_TARGET_SAMPLE	  = 1 << 2,	/* @sample is given; queue only */
	XT_TQUEUE_TARGET_STEAL	  = 1 << 3,	/* queue only */
	XT_TQUEUE_TARGET_ELSE_DROP = 1 << 4,	/* with STEAL: what can't be queued is
						 * dropped, not passed
						 */
};

/**
 * struct xt_tqueue_tginfo - "-j TQUEUE --queue NAME ..." or "--rule-table NAME"
 * @name: name of a queue or table of this namespace
 * @flags: XT_TQUEUE_TARGET_*
 * @snaplen: bytes
 * @sample: N of 1:N, 1 or more
 * @reserved: 0
 * @priv: the kernel's
 */
struct xt_tqueue_tginfo {
	char			name[TQUEUE_NAME_SIZE];
	__u32			flags;
	__u32			snaplen;
	__u32			sample;
	__u32			reserved;
	/* kernel */
	struct tq_xt_target	*priv __attribute__((aligned(8)));
};

#endif /* _UAPI_XT_TQUEUE_H */
