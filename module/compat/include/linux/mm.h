/* SPDX-License-Identifier: GPL-2.0-only */
/* See ../../README. */
#ifndef _TQ_COMPAT_LINUX_MM_H
#define _TQ_COMPAT_LINUX_MM_H

#include_next <linux/mm.h>

#ifndef TQ_HAVE_VM_FLAGS_MOD
static inline void tq_compat_vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
					  unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}

#define vm_flags_mod	tq_compat_vm_flags_mod
#endif

#endif /* _TQ_COMPAT_LINUX_MM_H */
