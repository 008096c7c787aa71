/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_GFP_H
#define _TQ_COMPAT_LINUX_GFP_H

#include_next <linux/gfp.h>

/* For pages that may be mapped by user space: charged if such pages can be. */
#ifdef TQ_HAVE_PAGE_KMEMCG
#define TQ_GFP_MAPPED	GFP_KERNEL
#else
#define TQ_GFP_MAPPED	GFP_KERNEL_ACCOUNT
#endif

#endif /* _TQ_COMPAT_LINUX_GFP_H */
