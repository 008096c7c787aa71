// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring_kunit.c - suite of ring.c: bytes in order, at every position, and a consumer
 * that lies.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "account.h"
#include "fixture.h"
#include "param.h"
#include "queue.h"
#include "ring.h"

#define SIZE	((u32)TQ_RING_SIZE_MIN)

static void free_ring(void *ring)
{
	tq_ring_free(ring);
}

static struct tq_ring *ring_of(struct kunit *test, u32 size)
{
	struct tq_account *account = tqk_account(test);
	struct tq_ring *ring = tq_ring_new(size, 0, NULL, account);

	KUNIT_ASSERT_FALSE(test, IS_ERR(ring));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_ring, ring), 0);
	return ring;
}

/* The byte that a producer that begins at 0 puts at a position. */
static u8 byte_at(u64 pos)
{
	return (pos ^ (pos >> 8) * 31 ^ (pos >> 16) * 7) * 193 + 11;
}

static void fill(u8 *to, u64 pos, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		to[i] = byte_at(pos + i);
}

static bool filled(const u8 *from, u64 pos, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (from[i] != byte_at(pos + i))
			return false;
	return true;
}

static bool put(struct tq_ring *ring, u64 pos, u32 len)
{
	void *to = tq_ring_reserve(ring, len);

	if (!to)
		return false;
	fill(to, pos, len);
	tq_ring_commit(ring, len);
	return true;
}

static u32 avail(struct tq_ring *ring)
{
	u32 n;

	tq_ring_peek(ring, &n);
	return n;
}

/* ---- birth ---- */

static void new_ring_is_empty(struct kunit *test)
{
	struct tq_account *account = tqk_account(test);
	struct tq_account_use before, use;
	struct tq_ring *ring;
	u32 i, n;

	tq_account_use(account, &before);
	ring = tq_ring_new(4 * SIZE, 0, NULL, account);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ring));
	tq_account_use(account, &use);
	KUNIT_EXPECT_EQ(test, use.memory - before.memory, tq_ring_memory(4 * SIZE));
	KUNIT_EXPECT_EQ(test, tq_ring_memory(4 * SIZE), 4 * SIZE + TQ_RING_PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, ring->size, 4 * SIZE);
	KUNIT_EXPECT_EQ(test, tq_ring_record_max(ring), SIZE);
	KUNIT_EXPECT_EQ(test, tq_ring_room(ring), 4 * SIZE);
	KUNIT_EXPECT_EQ(test, avail(ring), 0);
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 0);
	KUNIT_EXPECT_FALSE(test, tq_ring_drained(ring));
	KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_READY);
	KUNIT_EXPECT_EQ(test, ring->cons->tail, 0);
	for (i = 0, n = 0; i < 8 * SIZE; i++)
		n += ring->data[i] != 0;
	KUNIT_EXPECT_EQ_MSG(test, n, 0, "bytes that are not zero");
	tq_ring_free(ring);
	tq_account_use(account, &use);
	KUNIT_EXPECT_EQ(test, use.memory, before.memory);
}

static void limit_of_memory(struct kunit *test)
{
	struct tq_account *account = tqk_account(test);
	const unsigned long was = tq_params.max_memory;
	struct tq_account_use before, use;
	struct tq_ring *ring;

	tq_account_use(account, &before);
	WRITE_ONCE(tq_params.max_memory, before.memory + tq_ring_memory(SIZE) - 1);
	ring = tq_ring_new(SIZE, 0, NULL, account);
	WRITE_ONCE(tq_params.max_memory, before.memory + tq_ring_memory(SIZE));
	KUNIT_EXPECT_PTR_EQ(test, ring, ERR_PTR(-EDQUOT));
	tq_account_use(account, &use);
	KUNIT_EXPECT_EQ_MSG(test, use.memory, before.memory, "what was refused is counted");
	if (!IS_ERR(ring))
		tq_ring_free(ring);
	ring = tq_ring_new(SIZE, 0, NULL, account);
	WRITE_ONCE(tq_params.max_memory, was);
	KUNIT_EXPECT_FALSE_MSG(test, IS_ERR(ring), "as much as the limit is refused");
	if (!IS_ERR(ring))
		tq_ring_free(ring);
}

/* The first two pages of a slot of a mapping are there before the ring is. */
static void takes_over_two_pages(struct kunit *test)
{
	struct tq_account *account = tqk_account(test);
	struct page *first[TQ_RING_PAGES];
	struct tq_ring *ring;

	first[0] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	first[1] = alloc_page(GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_TRUE(test, first[0] && first[1]);
	ring = tq_ring_new(SIZE, 0, first, account);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ring));
	KUNIT_EXPECT_PTR_EQ(test, ring->pages[0], first[0]);
	KUNIT_EXPECT_PTR_EQ(test, ring->pages[1], first[1]);
	KUNIT_ASSERT_TRUE(test, put(ring, 0, 8));
	tq_ring_map(ring);
	ring->cons->tail = 8;
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(first[0]), 8);
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(first[1]), 8);
	tq_ring_free(ring);
}

/* A reader that holds a ring keeps its memory. */
static void references(struct kunit *test)
{
	struct tq_account *account = tqk_account(test);
	struct tq_account_use before, use;
	struct tq_ring *ring;

	tq_account_use(account, &before);
	ring = tq_ring_new(SIZE, 0, NULL, account);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ring));
	KUNIT_EXPECT_TRUE(test, tq_ring_get(ring));
	tq_ring_put(ring, tq_queue_wq);
	rcu_barrier();
	flush_workqueue(tq_queue_wq);
	tq_account_use(account, &use);
	KUNIT_EXPECT_EQ(test, use.memory - before.memory, tq_ring_memory(SIZE));
	rcu_read_lock();
	tq_ring_put(ring, tq_queue_wq);
	KUNIT_EXPECT_FALSE_MSG(test, tq_ring_get(ring), "a ring that was let go is found");
	rcu_read_unlock();
	/* put_account() sees that it goes. */
}

/* ---- one by one ---- */

static void commit_makes_it_readable(struct kunit *test)
{
	struct tq_ring *ring = ring_of(test, SIZE);
	const u8 *from;
	u32 n;
	u8 *to;

	to = tq_ring_reserve(ring, 64);
	KUNIT_ASSERT_NOT_NULL(test, to);
	KUNIT_EXPECT_PTR_EQ(test, to, ring->data);
	fill(to, 0, 64);
	KUNIT_EXPECT_EQ_MSG(test, avail(ring), 0, "readable before the commit");
	KUNIT_EXPECT_EQ(test, ring->prod->head, 0);
	tq_ring_commit(ring, 64);
	KUNIT_EXPECT_EQ(test, ring->prod->head, 64);
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 64);
	from = tq_ring_peek(ring, &n);
	KUNIT_EXPECT_EQ(test, n, 64);
	KUNIT_EXPECT_TRUE(test, filled(from, 0, 64));

	/* Twice the same, until it is consumed. */
	KUNIT_EXPECT_PTR_EQ(test, tq_ring_peek(ring, &n), (const void *)from);
	tq_ring_consume(ring, 24);
	from = tq_ring_peek(ring, &n);
	KUNIT_EXPECT_EQ(test, n, 40);
	KUNIT_EXPECT_TRUE(test, filled(from, 24, 40));
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 40);
	tq_ring_consume(ring, 40);
	KUNIT_EXPECT_EQ(test, avail(ring), 0);
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 0);
}

static void reservation_is_forgotten(struct kunit *test)
{
	struct tq_ring *ring = ring_of(test, SIZE);
	u8 *first, *second;
	u32 n;

	first = tq_ring_reserve(ring, 128);
	KUNIT_ASSERT_NOT_NULL(test, first);
	memset(first, 0xee, 128);
	second = tq_ring_reserve(ring, 16);
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	fill(second, 0, 16);
	tq_ring_commit(ring, 16);
	KUNIT_EXPECT_TRUE(test, filled(tq_ring_peek(ring, &n), 0, 16));
	KUNIT_EXPECT_EQ(test, n, 16);
	KUNIT_EXPECT_EQ(test, tq_ring_room(ring), SIZE - 16);
}

/* ---- positions ---- */

static const struct start {
	const char	*desc;
	u32		pos;
} starts[] = {
	{ "0",				0 },
	{ "8 before the end",		SIZE - 8 },
	{ "a page before the end",	SIZE - PAGE_SIZE },
	{ "8 before 2^31",		0x7ffffff8 },
	{ "2^31",			0x80000000 },
	{ "a ring before 2^32",		-SIZE },
	{ "8 before 2^32",		-8U },
};

KUNIT_ARRAY_PARAM_DESC(start, starts, desc);

/* A record that runs over the end is one piece of memory, and is there twice. */
static void over_the_end(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct tq_ring *ring = ring_of(test, SIZE);
	const u32 len = SIZE / 4, at = start->pos & (SIZE - 1);
	const u8 *from;
	u32 i, n;

	tq_ring_begin_at(ring, start->pos);
	KUNIT_EXPECT_EQ(test, tq_ring_room(ring), SIZE);
	KUNIT_EXPECT_EQ(test, avail(ring), 0);
	KUNIT_EXPECT_EQ(test, ring->prod->head, start->pos);
	for (i = 0; i < 9; i++) {
		KUNIT_ASSERT_TRUE(test, put(ring, (u64)i * len, len));
		from = tq_ring_peek(ring, &n);
		KUNIT_ASSERT_EQ(test, n, len);
		KUNIT_EXPECT_TRUE_MSG(test, filled(from, (u64)i * len, len), "record %u", i);
		KUNIT_EXPECT_PTR_EQ(test, from, (const u8 *)ring->data +
				    ((at + i * len) & (SIZE - 1)));
		KUNIT_EXPECT_PTR_EQ(test, (const u8 *)tq_ring_at(ring, start->pos + i * len), from);
		tq_ring_consume(ring, n);
	}
	KUNIT_EXPECT_EQ_MSG(test, memcmp(ring->data, ring->data + SIZE, SIZE), 0,
			    "the second half is not the first once more");
}

/* Every byte of a ring can be in use, and no byte more. */
static void full(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct tq_ring *ring = ring_of(test, SIZE);
	const u8 *from;
	u32 i, n;

	tq_ring_begin_at(ring, start->pos);
	for (i = 0; i < SIZE; i += 8)
		KUNIT_ASSERT_TRUE_MSG(test, put(ring, i, 8), "at %u", i);
	KUNIT_EXPECT_EQ(test, tq_ring_room(ring), 0);
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), SIZE);
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	KUNIT_EXPECT_EQ_MSG(test, ring->prod->state, TQUEUE_MAP_READY, "full is not frozen");

	from = tq_ring_peek(ring, &n);
	KUNIT_EXPECT_EQ(test, n, SIZE);
	KUNIT_EXPECT_TRUE(test, filled(from, 0, SIZE));
	tq_ring_consume(ring, 16);
	KUNIT_EXPECT_NULL_MSG(test, tq_ring_reserve(ring, 24), "more than is free");
	KUNIT_EXPECT_TRUE(test, put(ring, SIZE, 16));
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	from = tq_ring_peek(ring, &n);
	KUNIT_EXPECT_EQ(test, n, SIZE);
	KUNIT_EXPECT_TRUE(test, filled(from, 16, SIZE));
}

/* Producer and consumer in turn, of any sizes, against positions that never wrap.
 * It begins shortly before 2^32.
 */
static void random_traffic(struct kunit *test)
{
	struct tq_ring *ring = ring_of(test, SIZE);
	u64 head = 0, tail = 0;
	struct rnd_state rnd;
	u32 step, n, refused = 0;

	tqk_rnd(test, &rnd, TQK_SEED(test));
	tq_ring_begin_at(ring, -(tqk_below(&rnd, 20 * SIZE) & ~7U));
	for (step = 0; step < 4000; step++) {
		const u32 len = 8 + (tqk_below(&rnd, SIZE / (tqk_one_in(&rnd, 4) ? 1 : 8)) & ~7U);
		const u8 *from;

		if (tqk_below(&rnd, 5) < 3) {
			const bool fits = head - tail + len <= SIZE;

			KUNIT_ASSERT_EQ_MSG(test, put(ring, head, len), fits,
					    "%u bytes beside %llu, step %u", len, head - tail,
					    step);
			head += fits ? len : 0;
			refused += !fits;
		} else {
			from = tq_ring_peek(ring, &n);
			KUNIT_ASSERT_EQ_MSG(test, n, head - tail, "step %u", step);
			KUNIT_ASSERT_TRUE_MSG(test, filled(from, tail, n), "step %u", step);
			n = min(n, len);
			tq_ring_consume(ring, n);
			tail += n;
		}
		KUNIT_ASSERT_EQ_MSG(test, tq_ring_pending(ring), head - tail, "step %u", step);
	}
	KUNIT_EXPECT_GT(test, head, 20 * SIZE);
	KUNIT_EXPECT_GT(test, refused, 0);
}

/* ---- a mapped consumer ---- */

/* A full ring, begun at @pos, that somebody has mapped. */
static struct tq_ring *mapped(struct kunit *test, u32 pos)
{
	struct tq_ring *ring = ring_of(test, SIZE);

	tq_ring_begin_at(ring, pos);
	KUNIT_ASSERT_TRUE(test, put(ring, 0, SIZE / 2));
	tq_ring_map(ring);
	KUNIT_EXPECT_EQ(test, ring->cons->tail, pos);
	KUNIT_ASSERT_TRUE(test, put(ring, SIZE / 2, SIZE / 2));
	return ring;
}

static const struct tail {
	const char	*desc;
	u32		from_start;
	bool		good;
} tails[] = {
	{ "where it was",		0,		true },
	{ "one step",			8,		true },
	{ "half",			SIZE / 2,	true },
	{ "all",			SIZE,		true },
	{ "beyond head",		SIZE + 8,	false },
	{ "a ring beyond head",		2 * SIZE,	false },
	{ "back",			-8U,		false },
	{ "a ring back",		-SIZE,		false },
	{ "2^31 on",			0x80000000,	false },
	{ "no multiple of 8",		12,		false },
	{ "one byte",			1,		false },
	{ "one byte before head",	SIZE - 1,	false },
	{ "one byte beyond head",	SIZE + 1,	false },
};

KUNIT_ARRAY_PARAM_DESC(tail, tails, desc);

static void tail_of_mapping(struct kunit *test)
{
	const struct tail *tail = test->param_value;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		const u32 pos = starts[i].pos;
		struct tq_ring *ring = mapped(test, pos);
		u32 seen, left, head;

		WRITE_ONCE(ring->cons->tail, pos + tail->from_start);
		if (tail->good) {
			const u32 taken = tail->from_start;

			KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), SIZE - taken);
			KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, taken + 8));
			KUNIT_EXPECT_EQ(test, put(ring, SIZE, taken), true);
			KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_READY);
			KUNIT_EXPECT_TRUE(test, tq_ring_held(ring, &seen, &left, &head));
			KUNIT_EXPECT_EQ(test, seen, pos + taken);
			KUNIT_EXPECT_EQ(test, left, pos + taken);
			KUNIT_EXPECT_EQ(test, head, pos + SIZE + taken);
			continue;
		}
		/* Whatever it says, no more than a ring is told of. */
		KUNIT_EXPECT_LE(test, tq_ring_pending(ring), SIZE);
		KUNIT_EXPECT_NULL_MSG(test, tq_ring_reserve(ring, 8), "from %s", starts[i].desc);
		KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_FROZEN);
		KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 0);
		/* To be sorry is too late. */
		WRITE_ONCE(ring->cons->tail, pos + SIZE);
		KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
		KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_FROZEN);
		KUNIT_EXPECT_FALSE(test, tq_ring_held(ring, &seen, &left, &head));
		/* All of it is given up. */
		KUNIT_EXPECT_TRUE(test, tq_ring_resume(ring, head));
		KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_READY);
		KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 0);
		KUNIT_EXPECT_TRUE(test, put(ring, SIZE, SIZE));
		KUNIT_EXPECT_EQ(test, avail(ring), SIZE);
	}
}

/* The tail may move only from what the producer saw last, not from where it began. */
static void tail_goes_back(struct kunit *test)
{
	struct tq_ring *ring = mapped(test, -(SIZE / 2));

	WRITE_ONCE(ring->cons->tail, 0);
	KUNIT_ASSERT_TRUE(test, put(ring, SIZE, SIZE / 2));
	WRITE_ONCE(ring->cons->tail, -8U);
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_FROZEN);
}

/* While the kernel takes the place back the tail of the page moves nothing. */
static void hold(struct kunit *test)
{
	struct tq_ring *ring = mapped(test, 0x7ffffff8);
	u32 seen, tail, head;

	tq_ring_hold(ring);
	WRITE_ONCE(ring->cons->tail, 0x7ffffff8U + 64);
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	WRITE_ONCE(ring->cons->tail, 77);
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_READY);
	KUNIT_EXPECT_TRUE(test, tq_ring_held(ring, &seen, &tail, &head));
	KUNIT_EXPECT_EQ(test, seen, 0x7ffffff8);
	KUNIT_EXPECT_EQ(test, tail, 77);
	KUNIT_EXPECT_EQ(test, head, 0x7ffffff8U + SIZE);

	KUNIT_EXPECT_TRUE(test, tq_ring_resume(ring, seen + 64));
	KUNIT_EXPECT_EQ(test, avail(ring), SIZE - 64);
	KUNIT_EXPECT_TRUE(test, filled(tq_ring_peek(ring, &tail), 64, SIZE - 64));
	KUNIT_EXPECT_TRUE(test, put(ring, SIZE, 64));
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
}

static void map_and_back(struct kunit *test)
{
	struct tq_ring *ring = ring_of(test, SIZE);

	KUNIT_ASSERT_TRUE(test, put(ring, 0, 64));
	tq_ring_consume(ring, 16);
	memset(ring->cons, 0x5a, PAGE_SIZE);
	tq_ring_map(ring);
	KUNIT_EXPECT_EQ(test, ring->cons->tail, 16);
	KUNIT_EXPECT_NULL_MSG(test, memchr_inv((u8 *)ring->cons + 4, 0, PAGE_SIZE - 4),
			      "bytes of an earlier consumer");
	KUNIT_EXPECT_FALSE_MSG(test, tq_ring_resume(ring, 16), "nothing was taken");
	KUNIT_EXPECT_EQ(test, avail(ring), 48);
	tq_ring_map(ring);
	KUNIT_EXPECT_TRUE(test, tq_ring_resume(ring, 24));
	KUNIT_EXPECT_EQ(test, avail(ring), 40);
	/* The page counts no more. */
	WRITE_ONCE(ring->cons->tail, 3);
	KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), 40);
	KUNIT_EXPECT_TRUE(test, put(ring, 64, SIZE - 40));
	KUNIT_EXPECT_NULL(test, tq_ring_reserve(ring, 8));
	KUNIT_EXPECT_EQ(test, ring->prod->state, TQUEUE_MAP_READY);
}

/* ---- end, and logs ---- */

static void sealed(struct kunit *test)
{
	struct tq_ring *ring = ring_of(test, SIZE);

	KUNIT_ASSERT_TRUE(test, put(ring, 0, 16));
	KUNIT_EXPECT_FALSE(test, tq_ring_drained(ring));
	tq_ring_seal(ring);
	KUNIT_EXPECT_FALSE(test, tq_ring_drained(ring));
	tq_ring_consume(ring, 8);
	KUNIT_EXPECT_FALSE(test, tq_ring_drained(ring));
	tq_ring_consume(ring, 8);
	KUNIT_EXPECT_TRUE(test, tq_ring_drained(ring));
}

static void oldest_gives_way(struct kunit *test)
{
	const struct start *start = test->param_value;
	struct tq_ring *ring = ring_of(test, SIZE);
	u64 head = 0, tail = 0;
	u32 i, n;

	tq_ring_begin_at(ring, start->pos);
	for (i = 0; i < 3 * SIZE / 64; i++) {
		if (tq_ring_room(ring) < 64) {
			KUNIT_ASSERT_TRUE(test, filled(tq_ring_oldest(ring), tail, 64));
			tq_ring_give_up(ring, 64);
			/* Nobody is told before all of it is given up. */
			KUNIT_EXPECT_EQ(test, tq_ring_pending(ring), head - tail);
			tq_ring_given_up(ring);
			tail += 64;
		}
		KUNIT_ASSERT_TRUE(test, put(ring, head, 64));
		head += 64;
		KUNIT_ASSERT_EQ(test, tq_ring_pending(ring), head - tail);
		KUNIT_ASSERT_TRUE(test, filled(tq_ring_peek(ring, &n), tail, head - tail));
	}
	KUNIT_EXPECT_EQ(test, head - tail, SIZE);
}

TQK_SEED_PARAMS;

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(new_ring_is_empty),
	KUNIT_CASE(limit_of_memory),
	KUNIT_CASE(takes_over_two_pages),
	KUNIT_CASE(references),
	KUNIT_CASE(commit_makes_it_readable),
	KUNIT_CASE(reservation_is_forgotten),
	KUNIT_CASE_PARAM(over_the_end, start_gen_params),
	KUNIT_CASE_PARAM(full, start_gen_params),
	KUNIT_CASE_PARAM(random_traffic, tqk_seed_gen_params),
	KUNIT_CASE_PARAM(tail_of_mapping, tail_gen_params),
	KUNIT_CASE(tail_goes_back),
	KUNIT_CASE(hold),
	KUNIT_CASE(map_and_back),
	KUNIT_CASE(sealed),
	KUNIT_CASE_PARAM(oldest_gives_way, start_gen_params),
	{ }
};

static struct kunit_suite ring_suite = {
	.name = "tqueue_ring",
	.test_cases = ring_cases,
};
kunit_test_suite(ring_suite);
