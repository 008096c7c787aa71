/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_DEVICE_H
#define _TQ_COMPAT_LINUX_DEVICE_H

#include_next <linux/device.h>

/* What the callbacks of a class may do to their device. */
#ifdef TQ_HAVE_CLASS_CONST_DEVICE
#define tq_class_const	const
#else
#define tq_class_const
#endif

/* What class.namespace returns. */
#ifdef TQ_HAVE_CLASS_NS_COMMON
#define tq_class_ns_t		const struct ns_common
#define tq_class_ns(net)	(&(net)->ns)
#else
#define tq_class_ns_t		const void
#define tq_class_ns(net)	(net)
#endif

#endif /* _TQ_COMPAT_LINUX_DEVICE_H */
