// SPDX-License-Identifier: GPL-2.0-only
/*
 * post_kunit.c - suite of post.c: every copy has a number, every number is a record or
 * a loss that is told of before the next record.
 */
#include <kunit/test.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "fixture.h"
#include "net.h"
#include "queue.h"
#include "record.h"
#include "ring.h"

#define RING	((u32)TQ_RING_SIZE_MIN)
#define MESSAGE	100

/**
 * struct bench - a queue of which one CPU is looked at, and what was read from it
 * @cpu: that CPU
 * @c: its part
 * @dev: of packets
 * @next: number of the record that comes next
 * @records: read
 * @lost: that the lost records have told of, by cause
 * @told: sum of these
 */
struct bench {
	struct kunit		*test;
	struct tq_net		*tn;
	struct tq_queue		*q;
	int			cpu;
	struct tq_queue_cpu	*c;
	struct net_device	dev;
	u64			next;
	u64			records;
	u64			lost[TQUEUE_LOSS_SLOTS];
	u64			told;
};

static struct bench *bench_of(struct kunit *test, u32 mode)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->test = test;
	b->tn = tqk_net(test);
	b->q = tqk_queue(test, b->tn, "q", mode, RING);
	b->cpu = tqk_pin(test);
	b->c = per_cpu_ptr(b->q->cpu, b->cpu);
	b->dev.type = ARPHRD_ETHER;
	return b;
}

static struct tq_ring *ring_of(const struct bench *b)
{
	return rcu_dereference_protected(b->c->ring, true);
}

static void take_lost(struct bench *b, const struct tqueue_record *rec)
{
	const struct tqueue_lost *lost = (const void *)(rec + 1);
	u64 sum = 0;
	int i;

	KUNIT_ASSERT_EQ(b->test, rec->len, TQ_RECORD_LOST_SIZE);
	KUNIT_ASSERT_EQ_MSG(b->test, rec->seq, b->next, "number of the first that was lost");
	KUNIT_EXPECT_EQ(b->test, lost->cause[0], 0);
	for (i = 0; i < TQUEUE_LOSS_SLOTS; i++) {
		b->lost[i] += lost->cause[i];
		sum += lost->cause[i];
	}
	KUNIT_EXPECT_GT_MSG(b->test, lost->count, 0, "tells of nothing");
	KUNIT_EXPECT_EQ(b->test, lost->count, sum);
	b->told += lost->count;
	b->next += lost->count;
}

/* Reads up to @n records, or, if it is 0, all; returns the last, which stays readable as
 * long as nothing is put in.
 */
static const struct tqueue_record *take(struct bench *b, u32 n)
{
	const struct tqueue_record *rec, *last = NULL;
	u32 avail, taken = 0;

	while (!n || taken < n) {
		rec = tq_ring_peek(ring_of(b), &avail);
		if (!avail)
			break;
		KUNIT_ASSERT_GE(b->test, avail, rec->len);
		KUNIT_ASSERT_GE(b->test, rec->len, sizeof(*rec));
		if (rec->type == TQUEUE_RECORD_LOST) {
			take_lost(b, rec);
		} else {
			KUNIT_ASSERT_EQ(b->test, rec->seq, b->next);
			b->next++;
			b->records++;
			taken++;
			last = rec;
		}
		tq_ring_consume(ring_of(b), rec->len);
	}
	return last;
}

/* The invariant of post.c, when all is read: what was asked for is what was read, what
 * was told of, and what has not been told of yet.
 */
static void settle(struct bench *b, u64 asked)
{
	struct tq_queue_stats stats;
	u64 lost = 0;
	u32 pending;
	int i;

	take(b, 0);
	KUNIT_EXPECT_TRUE(b->test, tq_queue_cpu_stats(b->q, b->cpu, &stats, &pending));
	KUNIT_EXPECT_EQ(b->test, pending, 0);
	KUNIT_EXPECT_EQ(b->test, stats.records, b->records);
	for (i = 1; i < TQUEUE_LOSS_SLOTS; i++)
		lost += stats.lost[i];
	KUNIT_EXPECT_EQ(b->test, stats.records + lost, asked);
	KUNIT_EXPECT_EQ(b->test, ring_of(b)->prod->records, stats.records);
}

static int post(struct bench *b, u32 len)
{
	static const char data[MESSAGE * 100];

	return tq_queue_post(b->q, data, len);
}

/* ---- cases ---- */

static void numbers(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	u32 i;

	for (i = 0; i < 200; i++) {
		KUNIT_ASSERT_EQ(test, post(b, MESSAGE), 0);
		if (i % 3 == 0)
			take(b, 0);
	}
	settle(b, 200);
	KUNIT_EXPECT_EQ(test, b->records, 200);
	KUNIT_EXPECT_EQ(test, b->told, 0);
}

/* A full ring: the new one is lost, and told of as soon as there is room for both. */
static void full(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	const u32 size = tq_record_size(MESSAGE), fit = RING / size;
	u32 i;

	for (i = 0; i < fit; i++)
		KUNIT_ASSERT_EQ(test, post(b, MESSAGE), 0);
	for (i = 0; i < 7; i++)
		KUNIT_ASSERT_EQ(test, post(b, MESSAGE), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, ring_of(b)->prod->lost[TQUEUE_LOSS_FULL], 7);
	KUNIT_EXPECT_EQ(test, b->c->pending.count, 7);
	/* Room for a record, not for what must go before it. */
	take(b, 1);
	KUNIT_ASSERT_EQ(test, post(b, MESSAGE), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, b->c->pending.count, 8);
	take(b, 4);
	KUNIT_EXPECT_EQ_MSG(test, b->told, 0, "a lost record without a record behind it");
	KUNIT_ASSERT_EQ(test, post(b, MESSAGE), 0);
	KUNIT_EXPECT_EQ(test, b->c->pending.count, 0);
	settle(b, fit + 9);
	KUNIT_EXPECT_EQ(test, b->told, 8);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_FULL], 8);
	KUNIT_EXPECT_EQ(test, b->records, fit + 1);
}

/* tq_queue_message() is for who waits: nothing is counted. */
static void no_room_for_a_writer(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	char data[8] = "writer";
	u64 n = 0;

	while (!tq_queue_message(b->q, data, sizeof(data)))
		n++;
	KUNIT_EXPECT_EQ(test, n, RING / tq_record_size(sizeof(data)));
	KUNIT_EXPECT_EQ(test, tq_queue_message(b->q, data, sizeof(data)), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, tq_queue_writable(b->q));
	KUNIT_EXPECT_EQ(test, b->c->pending.count, 0);
	KUNIT_EXPECT_EQ(test, tq_queue_message(b->q, b->q, RING / 4), -EMSGSIZE);
	settle(b, n);
	KUNIT_EXPECT_TRUE(test, tq_queue_writable(b->q));
	KUNIT_EXPECT_EQ(test, tq_queue_message_max(b->q), RING / 4 - 96);
}

static void each_cause(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	u32 cause, i, asked = 0;

	for (cause = TQUEUE_LOSS_FULL; cause < TQUEUE_LOSS_NESTED; cause++) {
		for (i = 0; i < cause; i++, asked++)
			tq_queue_lose(b->q, NULL, cause);
		if (cause % 3)
			continue;
		KUNIT_ASSERT_EQ(test, post(b, MESSAGE), 0);
		asked++;
	}
	KUNIT_ASSERT_EQ(test, post(b, MESSAGE), 0);
	settle(b, asked + 1);
	for (cause = TQUEUE_LOSS_FULL; cause < TQUEUE_LOSS_NESTED; cause++)
		KUNIT_EXPECT_EQ_MSG(test, b->lost[cause], cause, "cause %u", cause);
}

static void too_big(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	const u32 most = RING / 4 - 96;

	KUNIT_EXPECT_EQ(test, post(b, most), 0);
	KUNIT_EXPECT_EQ(test, post(b, most + 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, post(b, TQ_MESSAGE_MAX + 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, post(b, 1), 0);
	settle(b, 4);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_TOO_BIG], 2);
}

/* No ring, or no queue any more: counted all the same. */
static void closed(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	struct tq_ring *ring = ring_of(b);

	RCU_INIT_POINTER(b->c->ring, NULL);
	KUNIT_EXPECT_EQ(test, post(b, 8), -ENOMEM);
	WRITE_ONCE(b->c->absent, TQUEUE_LOSS_NO_MEMORY);
	KUNIT_EXPECT_EQ(test, post(b, 8), -ENOMEM);
	rcu_assign_pointer(b->c->ring, ring);
	WRITE_ONCE(b->q->dead, true);
	KUNIT_EXPECT_EQ(test, post(b, 8), -ENXIO);
	WRITE_ONCE(b->q->dead, false);
	KUNIT_EXPECT_EQ(test, post(b, 8), 0);
	settle(b, 4);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_NO_RING], 1);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_NO_MEMORY], 1);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_DYING], 1);
}

struct nested {
	struct bench		*b;
	const struct sk_buff	*skb;
	int			post, message;
	bool			packet;
};

static void again(struct tq_queue_cpu *c, void *arg)
{
	const struct tq_record_meta meta = { };
	struct nested *n = arg;

	n->post = tq_queue_post(n->b->q, "x", 1);
	n->message = tq_queue_message(n->b->q, "x", 1);
	n->packet = tq_queue_packet(n->b->q, n->skb, &meta, 0);
	tq_queue_lose(n->b->q, NULL, TQUEUE_LOSS_SAMPLED_OUT);
}

static struct sk_buff *skb_of(struct bench *b, u32 len)
{
	const struct tqk_packet p = {
		.bytes = kunit_kzalloc(b->test, 14 + len, GFP_KERNEL), .mac = 14,
		.len = 14 + len, .linear = 34, .frags = 1,
	};
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(b->test, p.bytes);
	skb = tqk_skb(b->test, &p);
	skb->dev = &b->dev;
	return skb;
}

/* Who comes in between gets nothing in, and is counted, but for a writer. */
static void nested(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	struct nested n = { .b = b };

	n.skb = skb_of(b, 100);
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	local_bh_disable();
	tq_queue_instead(b->q, again, &n);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, n.post, -EBUSY);
	KUNIT_EXPECT_EQ(test, n.message, -EBUSY);
	KUNIT_EXPECT_FALSE(test, n.packet);
	KUNIT_EXPECT_EQ_MSG(test, b->c->pending.count, 0, "it gets its numbers later");
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	KUNIT_EXPECT_EQ(test, ring_of(b)->prod->lost[TQUEUE_LOSS_NESTED],
			atomic64_read(&b->c->nested));
	take(b, 0);
	KUNIT_EXPECT_GE(test, b->lost[TQUEUE_LOSS_NESTED], 3);
	KUNIT_EXPECT_EQ(test, b->told, b->lost[TQUEUE_LOSS_NESTED]);
	settle(b, 2 + b->told);
}

/* The least of what the queue, the rule and the ring allow; 0 is no limit. */
static void snaplens(struct kunit *test)
{
	static const u32 queues[] = { 0, 1, 40, 4000 }, rules[] = { 0, 1, 39, 41, 5000 };
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	const struct tq_record_meta meta = { .rule = 9 };
	const u32 most = RING / 4 - 96, len = 14 + 3000;
	struct sk_buff *skb = skb_of(b, 3000);
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		for (k = 0; k < ARRAY_SIZE(rules); k++) {
			const struct tqueue_record *rec;
			u32 want = min(most, len);

			want = queues[i] ? min(want, queues[i]) : want;
			want = rules[k] ? min(want, rules[k]) : want;
			WRITE_ONCE(b->q->snaplen, queues[i]);
			KUNIT_ASSERT_TRUE(test, tq_queue_packet(b->q, skb, &meta, rules[k]));
			rec = take(b, 0);
			KUNIT_ASSERT_NOT_NULL(test, rec);
			KUNIT_EXPECT_EQ(test, rec->caplen, want);
			KUNIT_EXPECT_EQ(test, rec->origlen, len);
			KUNIT_EXPECT_LE(test, rec->len, RING / 4);
			KUNIT_EXPECT_EQ(test, rec->rule, 9);
		}
	}
	/* What can't be read is counted, too. */
	__pskb_trim(skb, 0);
	KUNIT_EXPECT_FALSE(test, tq_queue_packet(b->q, skb, &meta, 0));
	KUNIT_EXPECT_EQ(test, post(b, 8), 0);
	settle(b, 22);
	KUNIT_EXPECT_EQ(test, b->lost[TQUEUE_LOSS_UNREADABLE], 1);
}

/* A log loses nothing for want of room: the oldest go, whole, and are counted. */
static void log_overwrites(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_LOG);
	struct tq_queue_stats stats;
	u32 i, pending;

	for (i = 0; i < 500; i++)
		KUNIT_ASSERT_EQ(test, post(b, 1 + i % 300), 0);
	tq_queue_cpu_stats(b->q, b->cpu, &stats, &pending);
	KUNIT_EXPECT_EQ(test, stats.records, 500);
	KUNIT_EXPECT_GT(test, stats.overwritten, 400);
	KUNIT_EXPECT_GT(test, pending, RING - 2 * tq_record_size(300));
	b->next = stats.overwritten;
	take(b, 0);
	KUNIT_EXPECT_EQ(test, b->records + stats.overwritten, 500);
	KUNIT_EXPECT_EQ(test, b->told, 0);
}

/* A reader that is not hungry is not woken; the watermark wakes one that is. */
static void wakes_at_the_watermark(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	const u32 size = tq_record_size(8);

	WRITE_ONCE(b->q->watermark, 3 * size);
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	KUNIT_EXPECT_EQ(test, b->q->armed, 0);
	KUNIT_EXPECT_TRUE_MSG(test, tq_queue_hungry(b->q), "there is something to read");
	take(b, 0);
	KUNIT_EXPECT_FALSE(test, tq_queue_hungry(b->q));
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	KUNIT_EXPECT_EQ_MSG(test, b->q->hungry, 1, "woken before the watermark");
	KUNIT_EXPECT_EQ_MSG(test, b->q->armed, 1, "and no time is set for it");
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	KUNIT_EXPECT_EQ_MSG(test, b->q->hungry, 0, "not woken at the watermark");
	/* A ring that is full wakes at once, whatever the watermark. */
	WRITE_ONCE(b->q->watermark, 10 * RING);
	take(b, 0);
	tq_queue_hungry(b->q);
	while (!post(b, MESSAGE))
		;
	KUNIT_EXPECT_EQ_MSG(test, b->q->hungry, 0, "not woken when it is full");
	hrtimer_cancel(&b->q->timer);
}

/* Everything at once, by chance, against the invariant. */
static void random_traffic(struct kunit *test)
{
	struct bench *b = bench_of(test, TQUEUE_MODE_STREAM);
	struct nested n = { .b = b };
	struct rnd_state rnd;
	u64 asked = 0;
	u32 i, before;

	tqk_rnd(test, &rnd, TQK_SEED(test));
	n.skb = skb_of(b, 100);
	tq_ring_begin_at(ring_of(b), -(tqk_below(&rnd, 10 * RING) & ~7U));
	for (i = 0; i < 1500; i++) {
		switch (tqk_below(&rnd, 12)) {
		case 0:
			take(b, 0);
			break;
		case 1:
		case 2:
			take(b, 1 + tqk_below(&rnd, 8));
			break;
		case 3:
			tq_queue_lose(b->q, NULL, 1 + tqk_below(&rnd, TQUEUE_LOSS_NESTED - 1));
			asked++;
			break;
		case 4:
			before = atomic64_read(&b->c->nested);
			local_bh_disable();
			tq_queue_instead(b->q, again, &n);
			local_bh_enable();
			asked += atomic64_read(&b->c->nested) - before;
			break;
		default:
			post(b, 1 + tqk_below(&rnd, 3 * MESSAGE));
			asked++;
		}
	}
	take(b, 0);
	KUNIT_ASSERT_EQ(test, post(b, 8), 0);
	settle(b, asked + 1);
	KUNIT_EXPECT_EQ(test, b->next, asked + 1);
	KUNIT_EXPECT_EQ(test, b->records + b->told, asked + 1);
	KUNIT_EXPECT_GT(test, b->lost[TQUEUE_LOSS_FULL], 0);
	KUNIT_EXPECT_GT(test, b->lost[TQUEUE_LOSS_NESTED], 0);
}

TQK_SEED_PARAMS;

static struct kunit_case post_cases[] = {
	KUNIT_CASE(numbers),
	KUNIT_CASE(full),
	KUNIT_CASE(no_room_for_a_writer),
	KUNIT_CASE(each_cause),
	KUNIT_CASE(too_big),
	KUNIT_CASE(closed),
	KUNIT_CASE(nested),
	KUNIT_CASE(snaplens),
	KUNIT_CASE(log_overwrites),
	KUNIT_CASE(wakes_at_the_watermark),
	KUNIT_CASE_PARAM(random_traffic, tqk_seed_gen_params),
	{ }
};

static struct kunit_suite post_suite = {
	.name = "tqueue_post",
	.test_cases = post_cases,
};
kunit_test_suite(post_suite);
