// SPDX-License-Identifier: GPL-2.0-only
#include <unistd.h>

#include "parse.h"
#include "share.h"

int parse_share(struct parse *p, struct tq_queue *q)
{
	uint64_t page = sysconf(_SC_PAGESIZE), share;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t ring = 2 * page;

	if (!q->size)
		return 0;
	share = q->size / (cpus > 0 ? cpus : 1);
	if (share < ring)
		return parse_fail(p, q->size_word, "less than two pages for each of %ld CPUs", cpus);
	while (ring * 2 <= share && ring * 2 <= UINT32_MAX)
		ring *= 2;
	q->ring_size = ring;
	return 0;
}
