// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "last.h"

int last_init(struct last *l, uint32_t max)
{
	l->max = max;
	l->seen = 0;
	l->v = calloc(max, sizeof(*l->v));
	return l->v ? 0 : -1;
}

int last_keep(struct last *l, const struct tqueue_record *rec)
{
	struct tqueue_record **place = &l->v[l->seen % l->max];
	struct tqueue_record *copy = realloc(*place, rec->len);

	if (!copy)
		return -1;
	memcpy(copy, rec, rec->len);
	*place = copy;
	l->seen++;
	return 0;
}

const struct tqueue_record *last_get(const struct last *l, uint32_t i)
{
	uint64_t first = l->seen > l->max ? l->seen - l->max : 0;

	return first + i < l->seen ? l->v[(first + i) % l->max] : NULL;
}

void last_free(struct last *l)
{
	uint32_t i;

	for (i = 0; l->v && i < l->max; i++)
		free(l->v[i]);
	free(l->v);
	l->v = NULL;
}
