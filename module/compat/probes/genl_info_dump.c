// SPDX-License-Identifier: GPL-2.0-only
/* 6.7: the attributes of a dump request lie in genl_dumpit_info.info */
#include <net/genetlink.h>

struct nlattr **probe(struct netlink_callback *cb);
struct nlattr **probe(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
