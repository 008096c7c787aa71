/* SPDX-License-Identifier: GPL-2.0-only */
/* Words that coccinelle does not know, and skips whole functions for. */
#define __uninitialized
#define tq_class_const
#define __int128 long
#define TQ_GENL_RESV_START_OP(op)
