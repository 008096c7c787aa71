// SPDX-License-Identifier: GPL-2.0-only
/*
 * lines.c - writers of the hash of a classifier.
 *
 * What readers may see in between:
 *
 *  insert	the slot first, then its tag: a version behind a tag that is not
 *		there yet was not committed either;
 *  vector	a new copy replaces the old by one store, and the old one is freed
 *		after a grace period;
 *  delete	needs no memory: the entry of a vector becomes NULL, a slot
 *		becomes 0.  The next insertion leaves the NULLs out.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "lines.h"
#include "tuples.h"

struct tq_lines *tq_lines_alloc(u32 n)
{
	struct tq_lines *l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(IS_ENABLED(CONFIG_64BIT) && sizeof(struct tq_line) != 64);

	if (!l)
		return NULL;
	/* A power of two or whole pages: aligned to the lines. */
	l->line = kvcalloc(n, sizeof(*l->line), GFP_KERNEL_ACCOUNT);
	if (!l->line) {
		kfree(l);
		return NULL;
	}
	l->n = n;
	return l;
}

void tq_lines_free(struct tq_lines *l)
{
	kvfree(l->line);
	kfree(l);
}

static void lines_free_cb(struct rcu_head *head)
{
	tq_lines_free(container_of(head, struct tq_lines, rcu));
}

void tq_lines_free_rcu(struct tq_lines *l)
{
	call_rcu(&l->rcu, lines_free_cb);
}

struct tq_version *tq_slot_first(unsigned long slot)
{
	const struct tq_vector *vec = tq_slot_vector(slot);
	u32 i;

	if (!vec)
		return (struct tq_version *)slot;
	for (i = 0; i < vec->n; i++)
		if (vec->entry[i].v)
			return vec->entry[i].v;
	return NULL;
}

u32 tq_slot_count(unsigned long slot)
{
	const struct tq_vector *vec = tq_slot_vector(slot);

	return vec ? vec->n - vec->dead : !!slot;
}

unsigned long *tq_lines_find(const struct tq_lines *l, const struct tq_tuple *t, u64 hash,
			     const struct tq_point *at)
{
	struct tq_line *line = tq_line_of(l, hash);
	u32 lines = 0;

	do {
		u64 m = tq_line_match(line, tq_tag_of(hash));

		for (; m; m &= m - 1) {
			unsigned long *slot = &line->slot[__ffs64(m) / 8];
			struct tq_version *w = tq_slot_first(*slot);

			if (w && w->link->tuple == t && tq_tuple_has_key(t, w, at))
				return slot;
		}
		if (!line->spilled)
			break;
		line = tq_line_next(l, line);
	} while (++lines < l->n);
	return NULL;
}

static void entry_set(struct tq_entry *e, struct tq_version *v)
{
	e->v = v;
	e->prio = v->prio;
	e->dport_min = v->has & TQ_HAS_PORTS ? v->dport_min : 0;
	e->dport_max = v->has & TQ_HAS_PORTS ? v->dport_max : U16_MAX;
}

int tq_slot_add(unsigned long *slot, struct tq_version *v)
{
	struct tq_vector *old = tq_slot_vector(*slot), *new;
	struct tq_version *w;
	bool done = false;
	u32 i, n = 0;

	new = kvmalloc(tq_vector_size(tq_slot_count(*slot) + 1), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	for (i = 0; i < (old ? old->n : 1); i++) {
		w = old ? old->entry[i].v : (struct tq_version *)*slot;
		if (!w)
			continue;
		if (!done && tq_version_before(v, w)) {
			entry_set(&new->entry[n++], v);
			done = true;
		}
		entry_set(&new->entry[n++], w);
	}
	if (!done)
		entry_set(&new->entry[n++], v);
	new->n = n;
	new->dead = 0;
	smp_store_release(slot, (unsigned long)new | 1);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

int tq_lines_insert(struct tq_lines *l, u64 hash, unsigned long what)
{
	struct tq_line *home = tq_line_of(l, hash), *line = home;
	u32 lines, i;

	for (lines = 0; lines < l->n; lines++, line = tq_line_next(l, line)) {
		for (i = 0; i < TQ_LINE_SLOTS; i++)
			if (!line->slot[i])
				goto found;
	}
	return -ENOSPC;

found:
	smp_store_release(&line->slot[i], what);
	smp_store_release(&line->tag[i], tq_tag_of(hash));
	for (; home != line; home = tq_line_next(l, home))
		if (home->spilled != TQ_SPILLED_MAX)
			WRITE_ONCE(home->spilled, home->spilled + 1);
	return 0;
}

static void slot_clear(struct tq_lines *l, u64 hash, unsigned long *slot)
{
	struct tq_line *home = tq_line_of(l, hash);
	struct tq_line *line = l->line + ((char *)slot - (char *)l->line) / sizeof(*line);

	WRITE_ONCE(line->tag[slot - line->slot], 0);
	WRITE_ONCE(*slot, 0);
	for (; home != line; home = tq_line_next(l, home))
		if (home->spilled != TQ_SPILLED_MAX)
			WRITE_ONCE(home->spilled, home->spilled - 1);
}

bool tq_lines_remove(struct tq_lines *l, const struct tq_version *v, u64 hash,
		     const struct tq_point *at, size_t *freed)
{
	unsigned long *slot = tq_lines_find(l, v->link->tuple, hash, at);
	struct tq_vector *vec;
	u32 i;

	*freed = 0;
	if (WARN_ON_ONCE(!slot))
		return false;
	vec = tq_slot_vector(*slot);
	if (!vec) {
		slot_clear(l, hash, slot);
		return true;
	}
	for (i = 0; i < vec->n; i++) {
		if (vec->entry[i].v != v)
			continue;
		WRITE_ONCE(vec->entry[i].v, NULL);
		vec->dead++;
		break;
	}
	if (vec->dead < vec->n)
		return false;
	slot_clear(l, hash, slot);
	*freed = tq_vector_size(vec->n);
	kvfree_rcu(vec, rcu);
	return true;
}
