// SPDX-License-Identifier: GPL-2.0-only
/* 6.3: vm_flags_mod(); vm_flags can't be assigned any more */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_mod(vma, VM_IO, VM_MAYEXEC);
}
