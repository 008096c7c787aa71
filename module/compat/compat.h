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

#endif /* _TQ_COMPAT_H */
