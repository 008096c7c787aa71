// SPDX-License-Identifier: GPL-2.0-only
/* 6.1: genl_family.resv_start_op */
#include <net/genetlink.h>

unsigned int probe(const struct genl_family *f);
unsigned int probe(const struct genl_family *f)
{
	return f->resv_start_op;
}
