/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - makes an older kernel look like the newest; included before
 * everything else.  See README in this folder: each shim, its birth and death.
 */
#ifndef _TQ_COMPAT_H
#define _TQ_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "tqueue needs Linux 5.10 or newer"
#endif

/* Compilers without the attribute initialise nothing by themselves. */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

#endif /* _TQ_COMPAT_H */
