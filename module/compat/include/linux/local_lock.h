/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_LOCAL_LOCK_H
#define _TQ_COMPAT_LINUX_LOCAL_LOCK_H

/* What it leaves to others to include, on PREEMPT_RT: the type of the lock (6.12 still
 * does), and 5.10 a macro.
 */
#include <linux/debug_locks.h>
#include <linux/spinlock.h>
#include_next <linux/local_lock.h>

/* Without it BH off is a lock of its own on PREEMPT_RT, too. */
#ifndef local_lock_nested_bh
#define local_lock_nested_bh(lock)	((void)(lock))
#define local_unlock_nested_bh(lock)	((void)(lock))
#endif

#endif /* _TQ_COMPAT_LINUX_LOCAL_LOCK_H */
