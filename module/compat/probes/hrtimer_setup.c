// SPDX-License-Identifier: GPL-2.0-only
/* 6.13: hrtimer_setup(); 6.15 takes hrtimer_init() away */
#include <linux/hrtimer.h>

void probe(struct hrtimer *t, enum hrtimer_restart (*f)(struct hrtimer *t));
void probe(struct hrtimer *t, enum hrtimer_restart (*f)(struct hrtimer *t))
{
	hrtimer_setup(t, f, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}
