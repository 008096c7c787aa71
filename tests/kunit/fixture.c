// SPDX-License-Identifier: GPL-2.0-only
/*
 * fixture.c - see fixture.h.
 */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "account.h"
#include "fixture.h"
#include "net.h"
#include "overflow.h"
#include "queue.h"
#include "table.h"

void tqk_rnd(struct kunit *test, struct rnd_state *rnd, u32 seed)
{
	seed = seed ?: tqk_seed;
	prandom_seed_state(rnd, seed);
	kunit_info(test, "seed=%u", seed);
}

u32 tqk_below(struct rnd_state *rnd, u32 n)
{
	return ((u64)prandom_u32_state(rnd) * n) >> 32;
}

int tqk_pin(struct kunit *test)
{
	int cpu = get_cpu();

	put_cpu();
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(cpu)), 0);
	return cpu;
}

/* ---- objects ---- */

static void settle(void)
{
	/* Grace periods put work into both. */
	rcu_barrier();
	flush_workqueue(tq_queue_wq);
	flush_workqueue(tq_wq);
	rcu_barrier();
}

struct counted {
	struct kunit		*test;
	struct tq_account	*account;
	struct tq_account_use	before;
};

static void put_account(void *data)
{
	struct counted *c = data;
	struct tq_account_use use;

	settle();
	tq_account_use(c->account, &use);
	KUNIT_EXPECT_EQ_MSG(c->test, use.memory, c->before.memory, "memory was not given back");
	KUNIT_EXPECT_EQ_MSG(c->test, use.queues, c->before.queues, "queues were not given back");
	tq_account_put(c->account);
}

struct tq_account *tqk_account(struct kunit *test)
{
	struct counted *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->test = test;
	c->account = tq_account_get(&init_user_ns);
	KUNIT_ASSERT_NOT_NULL(test, c->account);
	tq_account_use(c->account, &c->before);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_account, c), 0);
	return c->account;
}

static void end_net(void *data)
{
	struct tq_net *tn = data;

	mutex_lock(&tn->lock);
	tq_queue_kill_all(tn);
	mutex_unlock(&tn->lock);
	settle();
	tq_overflow_exit(tn);
	mutex_destroy(&tn->lock);
}

struct tq_net *tqk_net(struct kunit *test)
{
	struct tq_net *tn = kunit_kzalloc(test, sizeof(*tn), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tn);
	tn->account = tqk_account(test);
	tn->net = &init_net;
	tn->serial = 1;
	tn->state = 1;
	mutex_init(&tn->lock);
	INIT_LIST_HEAD(&tn->queues);
	tq_overflow_init(tn);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, end_net, tn), 0);
	return tn;
}

struct tq_queue *tqk_queue(struct kunit *test, struct tq_net *tn, const char *name, u32 mode,
			   u32 ring_size)
{
	struct tq_queue_config config = {
		.mode		= mode,
		.ring_size	= ring_size,
		/* No sleeper is woken by time while a case looks. */
		.flush_us	= TQ_FLUSH_US_MAX,
		.no_device	= true,
	};
	struct netlink_ext_ack extack = { };
	struct tq_queue *q;

	strscpy(config.name, name, sizeof(config.name));
	tq_queue_defaults(&config);
	mutex_lock(&tn->lock);
	q = tq_queue_create(tn, &config, &extack);
	mutex_unlock(&tn->lock);
	KUNIT_ASSERT_FALSE(test, IS_ERR(q));
	/* Nobody is told of losses: this namespace has no socket. */
	q->losing = 1;
	return q;
}

/* ---- packets ---- */

void tqk_free_skb(void *skb)
{
	kfree_skb(skb);
}

/* @len bytes into @n pages of @skb, each at another offset. */
static void add_frags(struct kunit *test, struct sk_buff *skb, const u8 *bytes, u32 len, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		const u32 part = i + 1 < n ? len / n : len - len / n * (n - 1);
		const u32 off = 64 + 3 * i;
		struct page *page;

		if (!part)
			continue;
		page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_LE(test, off + part, PAGE_SIZE);
		memcpy(page_address(page) + off, bytes, part);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, off, part, PAGE_SIZE);
		bytes += part;
	}
}

struct sk_buff *tqk_skb(struct kunit *test, const struct tqk_packet *p)
{
	const u32 linear = min(p->linear, p->len), paged = p->len - linear;
	const u32 listed = p->list ? paged / 2 : 0;
	struct sk_buff *skb, *more;

	KUNIT_ASSERT_LE(test, p->mac, linear);
	skb = alloc_skb(linear, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, tqk_free_skb, skb), 0);
	skb_put_data(skb, p->bytes, linear);
	if (paged - listed)
		add_frags(test, skb, p->bytes + linear, paged - listed, max(p->frags, 1U));
	if (listed) {
		more = alloc_skb(0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, more);
		skb_shinfo(skb)->frag_list = more;
		add_frags(test, more, p->bytes + p->len - listed, listed, 2);
		skb->len += more->len;
		skb->data_len += more->len;
		skb->truesize += more->truesize;
	}
	if (p->mac) {
		skb_reset_mac_header(skb);
		__skb_pull(skb, p->mac);
	}
	skb_reset_network_header(skb);
	return skb;
}

u16 tqk_sum(const void *bytes, size_t len)
{
	const u8 *b = bytes;
	u32 sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? b[i] : b[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}
