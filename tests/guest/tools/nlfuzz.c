// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include <linux/tqueue.h>
#include "nlfuzz.h"

#define MSG_MAX		(128 << 10)

struct rng rng;
u8 msg[MSG_MAX];
size_t msg_len;

u32 below(u32 n)
{
	return rng_below(&rng, n);
}

/* Values that do more than the spec can say, or less harm: no large rings. */
static const struct favourite {
	const char	*set, *name;
	u32		values[8];
} favourites[] = {
	{ "queue", "ring-size", { 8192, 16384, 16384, 32768, 65536, 16384, 4096, 12345 } },
	{ "queue", "watermark", { 1, 64, 1000, 4096, 8192, 16384, 0, 1 << 30 } },
	{ "queue", "flush-us", { 1, 1000, 10000, 1000000, 0, 100, 500, 7 } },
	{ "queue", "open-flags", { O_RDWR, O_RDWR | O_NONBLOCK, O_RDONLY, O_RDWR | O_CLOEXEC,
				   O_RDWR, O_NONBLOCK, O_WRONLY, O_RDWR | O_TRUNC } },
	{ "table", "rules-max", { 0, 0, 0, 300, 50, 1, 5000, 0 } },
	{ "rule", "prio", { 0, 0, 1, 2, 2, 7, 100, ~0u } },
	{ "rule", "timeout-ms", { 600000, 1, 20, 300, 1000, 5000, 0, ~0u } },
	{ "txn", "confirm-ms", { 1, 300, 2000, 2000, 5000, 5000, 0, ~0u } },
};

/* Whose request is being made, and which of its attributes is to be spoilt. */
static const struct ns *space;
static const struct favour *favour;
static u32 countdown;
static int making;	/* what has no name yet */

void put(const void *p, size_t n)
{
	if (msg_len + n + 64 > MSG_MAX)
		die("a message is too long");
	memcpy(msg + msg_len, p, n);
	msg_len += n;
}

static u64 seen_number(const struct attr *a)
{
	const u32 n = space->count[a->pool] < POOL_SIZE ? space->count[a->pool] : POOL_SIZE;
	const u32 any = below(POOL_SIZE), newest = space->count[a->pool] - 1;

	if (a->pool == POOL_TXN && favour->txn && below(8))
		return favour->txn;
	if (!n || !below(10))
		return below(20);
	return space->seen[a->pool][(below(10) < 7 ? newest : any % n) % POOL_SIZE];
}

static u64 any_number(const struct set *s, const struct attr *a)
{
	const u64 width = (u64)(a->max - a->min);
	const u32 dice = below(100);
	size_t i;

	if (a->pool)
		return seen_number(a);
	for (i = 0; i < ARRAY_SIZE(favourites); i++)
		if (!strcmp(favourites[i].set, s->name) && !strcmp(favourites[i].name, a->name))
			/* The last two are odd ones. */
			return favourites[i].values[below(dice < 90 ? 6 : 8)];
	if (dice < 40 && a->good.given)
		return a->good.number;
	if (dice < 94 && a->n_values)
		return a->values[below((u32)a->n_values)];
	if (dice < 94 && a->mask)
		return rng_u64(&rng) & a->mask;
	if (dice < 94)
		return (u64)a->min +
		       below(width < 1000 && below(3) ? (u32)width + 1 : width < 9 ? 1 : 9);
	switch (below(6)) {
	case 0:
		return (u64)a->min;
	case 1:
		return (u64)a->max;
	case 2:
		return (u64)a->min - 1;
	case 3:
		return (u64)a->max + 1;
	case 4:
		return BIT(below(64));
	default:
		return rng_u64(&rng);
	}
}

/* The number of a name: of a new thing any, of others rather one that was seen. */
static u32 any_name(enum pool pool, u32 own, u32 n)
{
	const u32 dice = below(8), any = below(n), i = space->count[pool];

	if (dice == 7)
		return any;
	if (making || dice > 4 || !i)
		return own;
	return (u32)space->seen[pool][(i - 1 - (dice == 4 && i > 1)) % POOL_SIZE];
}

static void put_string(const struct attr *a)
{
	static const char *const devices[] = {
		"lo", "lo", "vb", "l+", "v+", "lo+", "nosuch", "vb0",
	};
	static const char *const odd[] = {
		"", ".", "..", "-q", "a b", "0123456789012345678901234567890", "q0/", "\xc3\xa4",
		"+",
	};
	char name[40];

	if (!below(30))
		strcpy(name, odd[below(ARRAY_SIZE(odd))]);
	else if (a->pool == POOL_QUEUE_NAME)
		sprintf(name, "q%u", any_name(a->pool, favour->queue, QUEUES));
	else if (a->pool == POOL_TABLE_NAME)
		sprintf(name, "t%u", any_name(a->pool, favour->table, TABLES));
	else
		strcpy(name, devices[below(ARRAY_SIZE(devices))]);
	put(name, strlen(name) + 1);
}

/* An address: IPv4 unless the nest is of IPv6. */
static void put_bytes(const struct value *given, int v6)
{
	static const char *const four[] = {
		"10.9.0.1", "10.9.0.2", "127.0.0.1", "10.0.0.0", "0.0.0.0",
	};
	static const char *const six[] = { "fd09::1", "fd09::2", "::1", "fd00::", "::" };
	u8 bytes[16];

	if (given->n_bytes && !below(3)) {
		put(given->bytes, given->n_bytes);
		return;
	}
	inet_pton(v6 ? AF_INET6 : AF_INET, (v6 ? six : four)[below(5)], bytes);
	put(bytes, v6 ? 16 : 4);
}

static void put_set(int set, u64 may, u64 must, u64 must_in, u64 only);

/* Whatever of one attribute, which begins at @at, may be wrong; 1: once more. */
static int spoil_attr(size_t at, u16 max)
{
	struct nlattr a;
	u64 noise;
	u32 i;

	memcpy(&a, msg + at, sizeof(a));
	switch (below(11)) {
	case 0:
		msg_len = at;
		return 0;
	case 1:
		return 1;
	case 2:
		msg_len -= below((u32)(msg_len - at - sizeof(a)) + 1);
		break;
	case 3:
		for (i = 1 + below(below(2) ? 8 : 300); i; i--)
			put("\1", 1);
		break;
	case 4:
		a.nla_type = (u16)(below(3) ? below(max + 3u) : rng_u64(&rng));
		break;
	case 5:
		a.nla_type ^= NLA_F_NESTED;
		break;
	case 6:
		a.nla_type ^= NLA_F_NET_BYTEORDER;
		break;
	case 7:
		/* Of another length than there is. */
		a.nla_len = (u16)(below(2) ? below(40) : rng_u64(&rng));
		memcpy(msg + at, &a, sizeof(a));
		return 0;
	case 8:
		for (i = (u32)(at + sizeof(a)); i < msg_len; i++)
			msg[i] = (u8)rng_u64(&rng);
		break;
	case 9:
		/* Nests in nests, each said to be one. */
		noise = msg_len;
		for (i = 0; i < 40; i++)
			put((u16[]){ (u16)(4 * (40 - i)), (u16)(NLA_F_NESTED | (below(max) + 1)) },
			    4);
		if (below(2)) {
			memmove(msg + at + sizeof(a), msg + noise, msg_len - noise);
			msg_len -= noise - at - sizeof(a);
		}
		break;
	default:
		noise = rng_u64(&rng);
		msg_len = at + sizeof(a);
		put(&noise, below(9));
	}
	a.nla_len = (u16)(msg_len - at);
	memcpy(msg + at, &a, sizeof(a));
	return 0;
}

static void put_attr(int set, u16 type, const struct value *given, int v6, u64 must_in, u64 only)
{
	const struct attr *a = &sets[set].a[type];
	struct nlattr head = { .nla_type = (u16)(type | (a->kind == NEST ? NLA_F_NESTED : 0)) };
	const size_t at = msg_len;
	u64 value = 0;

	if (a->kind == U32 || a->kind == S32 || a->kind == U64)
		value = given->given ? given->number : any_number(&sets[set], a);
	put(&head, sizeof(head));
	switch (a->kind) {
	case U32:
	case S32:
		put(&value, 4);		/* little endian hosts only */
		break;
	case U64:
		put(&value, 8);
		break;
	case STRING:
		put_string(a);
		break;
	case BINARY:
		put_bytes(given->n_bytes ? given : &a->good, v6);
		break;
	case NEST:
		put_set(a->nest, only ? only : ~0ull, must_in | (below(30) ? a->must : 0), 0, 0);
		break;
	default:
		break;
	}
	head.nla_len = (u16)(msg_len - at);
	memcpy(msg + at, &head, sizeof(head));
	if (countdown && !--countdown && spoil_attr(at, sets[set].max))
		put_attr(set, type, given, v6, must_in, only);
	while (msg_len % 4)
		put("", 1);
}

/* Attributes of a set: all that @must be there, some that @may, and their company. */
static void put_set(int set, u64 may, u64 must, u64 must_in, u64 only)
{
	const struct set *s = &sets[set];
	const u32 percent = s->max > 30 ? 5 : s->max > 12 ? 15 : 30;
	struct value given[ATTRS] = { 0 };
	const int backwards = !below(10);
	int v6 = 0;
	u16 i, k;

	for (i = 1; i <= s->max; i++) {
		const struct attr *a = &s->a[i];
		const u32 chance = a->kind == NEST ? 30 :
				   a->pool == POOL_TXN && !favour->open ? 3 : percent;

		if (may & BIT(i) && a->kind && a->kind != PAD && rng_chance(&rng, chance))
			must |= BIT(i);
	}
	for (i = 1; i <= s->max; i++)
		for (k = 0; must & BIT(i) && k < s->a[i].n_with; k++) {
			const u16 type = s->a[i].with[k].type;

			if (must & BIT(type))
				continue;
			must |= BIT(type);
			given[type] = s->a[i].with[k].value;
			if (type < i)
				i = 0;	/* it has company of its own */
			if (!i)
				break;
		}
	/* One that was chosen freely is chosen now: addresses are of its length. */
	for (i = 1; i <= s->max; i++)
		if (must & BIT(i) && !strcmp(s->a[i].name, "family") && !given[i].given &&
		    s->a[i].min == 2 && below(8)) {
			v6 = (int)below(2);
			given[i] = (struct value){ .given = 1, .number = v6 ? TQUEUE_FAMILY_IPV6 :
									      TQUEUE_FAMILY_IPV4 };
		}
	for (k = 1; k <= s->max; k++) {
		const u16 type = backwards ? (u16)(s->max + 1 - k) : k;
		u32 times = 1;

		if (!(must & BIT(type)))
			continue;
		if (s->a[type].multi && !below(6))
			times += below(5);
		for (; times; times--)
			put_attr(set, type, &given[type], v6, must_in, only);
	}
}

void put_request(int form, const struct ns *n, const struct favour *fav, const char *with,
		 int spoil)
{
	const struct form *f = &forms[form];
	const u32 way = f->n_ways ? below((u32)f->n_ways) : 0;
	u64 may = f->request, must = f->way[way];
	u16 i;

	/* What names the object in another way. */
	if (f->n_ways > 1)
		may &= ~(f->way[0] ^ f->way[1]);
	for (i = 1; with && i <= sets[f->set].max; i++)
		if (!strcmp(sets[f->set].a[i].name, with + 1))
			must |= BIT(i);
	space = n;
	favour = fav;
	making = f->cmd == TQUEUE_CMD_QUEUE_NEW || f->cmd == TQUEUE_CMD_TABLE_NEW;
	countdown = spoil ? 1 + below(below(2) ? 3 : 12) : 0;
	put_set(f->set, may & ~must, must, f->way_in[way], f->only);
	countdown = 0;
}

void spoil_bytes(size_t from)
{
	u32 i;

	switch (below(4)) {
	case 0:
		msg_len = from + below((u32)(msg_len - from) + 1);
		break;
	case 1:
		for (i = 1 + below(below(2) ? 7 : 40); i; i--)
			put((u8[]){ (u8)rng_u64(&rng) }, 1);
		break;
	case 2:
		for (i = 1 + below(4); i && msg_len > from; i--)
			msg[from + below((u32)(msg_len - from))] ^= (u8)BIT(below(8));
		break;
	default:
		/* The attributes once more. */
		put(msg + from, msg_len - from);
	}
}

/* ---- stories ---- */

static const char *const stories[][8] = {
	{ "queue-new", "queue-open+open-flags", "queue-set", "queue-flush", "queue-get",
	  "queue-del" },
	{ "table-new", "rule-new", "rule-new", "rule-get", "rule-set", "rule-get", "rule-set" },
	{ "queue-new", "table-new", "rule-new", "rule-get", "rule-set", "rule-test", "rule-del" },
	{ "queue-new", "table-new", "rule-new", "hook-new", "hook-get", "hook-set", "hook-del" },
	{ "table-new", "queue-new", "queue-open+open-flags", "hook-new", "rule-new", "rule-new" },
	{ "table-new", "txn-begin", "rule-new+txn", "table-flush+txn", "txn-commit" },
	{ "txn-begin", "rule-new+txn", "rule-set+txn", "txn-commit+confirm-ms", "txn-confirm" },
	{ "txn-begin", "rule-new+txn", "rule-del+txn", "txn-commit+confirm-ms", "txn-abort" },
	{ "txn-begin", "table-flush+txn", "rule-new+txn", "txn-abort" },
	{ "table-new", "table-set", "table-flush", "table-del" },
	{ "queue-new", "rule-new", "queue-del", "table-flush", "queue-del" },
};

const char *const *any_story(void)
{
	return stories[below(ARRAY_SIZE(stories))];
}
