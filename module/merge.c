// SPDX-License-Identifier: GPL-2.0-only
/*
 * merge.c - see merge.h.
 */
#include "merge.h"

static void sift_down(struct tq_merge *heap, unsigned int n, unsigned int i)
{
	const struct tq_merge moved = heap[i];

	for (;;) {
		unsigned int child = 2 * i + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1].stamp < heap[child].stamp)
			child++;
		if (moved.stamp <= heap[child].stamp)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moved;
}

void tq_merge_begin(struct tq_merge *heap, unsigned int n)
{
	unsigned int i;

	for (i = n / 2; i-- > 0;)
		sift_down(heap, n, i);
}

unsigned int tq_merge_next(struct tq_merge *heap, unsigned int n)
{
	if (!heap[0].avail)
		heap[0] = heap[--n];
	if (n > 1)
		sift_down(heap, n, 0);
	return n;
}
