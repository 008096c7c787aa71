/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_HRTIMER_H
#define _TQ_COMPAT_LINUX_HRTIMER_H

#include_next <linux/hrtimer.h>

#ifndef TQ_HAVE_HRTIMER_SETUP
static inline void tq_compat_hrtimer_setup(struct hrtimer *timer,
					   enum hrtimer_restart (*function)(struct hrtimer *),
					   clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}

#define hrtimer_setup	tq_compat_hrtimer_setup
#endif

#endif /* _TQ_COMPAT_LINUX_HRTIMER_H */
