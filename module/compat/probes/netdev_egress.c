// SPDX-License-Identifier: GPL-2.0-only
/* 5.16: netdev hooks for packets that leave */
#include <linux/netfilter.h>

unsigned int probe(void);
unsigned int probe(void)
{
	return NF_NETDEV_EGRESS;
}
