// SPDX-License-Identifier: GPL-2.0-only
/* 6.2: genl_family.split_ops, do and dump of a command apart */
#include <net/genetlink.h>

const struct genl_split_ops *probe(const struct genl_family *f);
const struct genl_split_ops *probe(const struct genl_family *f)
{
	return f->split_ops;
}
