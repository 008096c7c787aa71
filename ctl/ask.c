// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <netlink/msg.h>

#include "ask.h"
#include "msg.h"
#include "tqctl.h"

#define BUCKETS		16384u
/* Then all is forgotten: about 20 MB. */
#define CACHED_MAX	(4 * BUCKETS)
#define REQUEST_SIZE	512		/* of attributes; a packet needs less */

struct ask_entry {
	struct ask_entry	*next;
	struct tq_packet	pkt;
	bool			answered;
	struct answer		answer;
};

/* One call of ask_all(). */
struct batch {
	struct ask		*a;
	struct ask_entry	*entry[ASK_MAX];
	struct nl_msg		*msg[ASK_MAX];
	uint64_t		number[ASK_MAX];	/* of the packet */
	unsigned int		n;
	int			code;
};

static uint32_t hash(const void *data, size_t n)
{
	const unsigned char *at = data;
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ *at++) * 16777619u;
	return h;
}

static int no_memory(struct ask *a)
{
	return tqctl_errno(a->t, ENOMEM, "answers");
}

/* ---- rules ---- */

static uint32_t *find_slot(struct ask *a, uint64_t handle)
{
	uint32_t i = hash(&handle, sizeof(handle));

	for (;; i++) {
		uint32_t *slot = &a->slot[i & (a->slot_n - 1)];

		if (!*slot || a->rule[*slot - 1].rule.handle == handle)
			return slot;
	}
}

static int grow_rules(struct ask *a)
{
	uint32_t n = a->slot_n ? 2 * a->slot_n : 64, i;
	struct ask_rule *rule;

	/* Half of the slots at most are taken. */
	if (a->rule_n < a->slot_n / 2)
		return 0;
	rule = realloc(a->rule, n / 2 * sizeof(*rule));
	if (!rule)
		return -1;
	a->rule = rule;
	free(a->slot);
	a->slot = calloc(n, sizeof(*a->slot));
	a->slot_n = a->slot ? n : 0;
	if (!a->slot)
		return -1;
	for (i = 0; i < a->rule_n; i++)
		*find_slot(a, rule[i].rule.handle) = i + 1;
	return 0;
}

static int keep_rule(struct ask *a, const struct tq_rule *r, uint32_t *place)
{
	uint32_t *slot;

	if (grow_rules(a))
		return -1;
	slot = find_slot(a, r->handle);
	if (!*slot) {
		a->rule[a->rule_n] = (struct ask_rule){ .packets = 0 };
		*slot = ++a->rule_n;
	}
	*place = *slot - 1;
	a->rule[*place].rule = *r;
	return 0;
}

/* ---- answers ---- */

static int take_rules(struct ask *a, const struct tnl_reply *reply, struct answer *answer)
{
	const struct nlattr *at = NULL;
	struct tq_rule r;
	uint32_t *rule;
	int ret;

	while ((ret = msg_rules_next(reply, &at, &r)) == 1) {
		rule = realloc(answer->rule, (answer->n + 1) * sizeof(*rule));
		if (!rule)
			return no_memory(a);
		answer->rule = rule;
		if (keep_rule(a, &r, &rule[answer->n]))
			return no_memory(a);
		answer->n++;
	}
	return ret ? tqctl_garbled(a->t) : TQCTL_OK;
}

static void take(unsigned int i, const struct tnl_reply *reply, void *arg)
{
	struct batch *b = arg;
	struct ask_entry *e = b->entry[i];
	struct tq_rules frame;

	/* It is asked again when the replies of a batch were too much. */
	if (e->answered || b->code)
		return;
	if (msg_rules_get(reply, &frame)) {
		b->code = tqctl_garbled(b->a->t);
		return;
	}
	b->code = take_rules(b->a, reply, &e->answer);
	e->answer.generation = frame.generation;
	b->a->generation = frame.generation;
	e->answered = true;
}

static void take_one(const struct tnl_reply *reply, void *arg)
{
	struct batch *b = arg;

	take(b->n, reply, b);
}

/* ---- requests ---- */

static int add_request(struct batch *b, struct ask_entry *e, uint64_t number)
{
	struct tq_rules frame = { .has = TQ_BIT(TQUEUE_A_RULES_TABLE) };
	struct tqctl *t = b->a->t;
	struct nl_msg *msg = tnl_message(t->nl, TQUEUE_CMD_RULE_TEST, 0, REQUEST_SIZE);

	if (!msg)
		return no_memory(b->a);
	b->msg[b->n] = msg;
	b->entry[b->n] = e;
	b->number[b->n++] = number;
	memcpy(frame.table, b->a->table, sizeof(frame.table));
	if (msg_rules_put(msg, &frame) || msg_rules_put_packet(msg, &e->pkt))
		return tqctl_errno(t, EMSGSIZE, "netlink message");
	return TQCTL_OK;
}

static int refused(struct batch *b, unsigned int i, const struct tnl_error *err)
{
	tqctl_say(b->a->t, "packet %" PRIu64 ":", b->number[i]);
	return tqctl_refused(b->a->t, b->msg[i], err);
}

/* Those that have no answer yet, one after the other. */
static int send_singly(struct batch *b)
{
	unsigned int n = b->n;
	struct tnl_error err;

	for (b->n = 0; b->n < n && !b->code; b->n++)
		if (!b->entry[b->n]->answered &&
		    tnl_request(b->a->t->nl, b->msg[b->n], take_one, b, &err))
			b->code = refused(b, b->n, &err);
	b->n = n;
	return b->code;
}

static int send_batch(struct batch *b)
{
	struct tnl_error err;
	unsigned int failed;

	if (!b->n)
		return TQCTL_OK;
	b->a->asked += b->n;
	if (!tnl_request_many(b->a->t->nl, b->msg, b->n, take, b, &failed, &err) || b->code)
		return b->code;
	/* Too many replies for the socket, whoever noticed. */
	if (err.code == ENOBUFS || err.code == EAGAIN)
		return send_singly(b);
	return failed < b->n ? refused(b, failed, &err) : tqctl_refused(b->a->t, NULL, &err);
}

/* ---- the cache ---- */

void ask_forget(struct ask *a)
{
	uint32_t i;

	for (i = 0; a->cache && i < BUCKETS; i++) {
		while (a->cache[i]) {
			struct ask_entry *e = a->cache[i];

			a->cache[i] = e->next;
			free(e->answer.rule);
			free(e);
		}
	}
	a->cached = 0;
}

static struct ask_entry *find(struct ask *a, const struct tq_packet *pkt, uint32_t bucket)
{
	struct ask_entry *e = a->cache[bucket];

	while (e && memcmp(&e->pkt, pkt, sizeof(*pkt)))
		e = e->next;
	return e;
}

static struct ask_entry *add_entry(struct ask *a, const struct tq_packet *pkt, uint32_t bucket)
{
	struct ask_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	memcpy(&e->pkt, pkt, sizeof(*pkt));
	e->next = a->cache[bucket];
	a->cache[bucket] = e;
	a->cached++;
	return e;
}

/* Of several generations the answers of the newest are kept. */
static bool outdated(const struct ask *a, const struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++)
		if (b->entry[i]->answer.generation != a->generation)
			return true;
	return false;
}

static int ask(struct batch *b, const struct tq_packet *pkt, const uint64_t *number,
	       unsigned int n, const struct answer **answer)
{
	struct ask *a = b->a;
	unsigned int i;
	int code;

	for (i = 0; i < n; i++) {
		uint32_t bucket = hash(&pkt[i], sizeof(pkt[i])) & (BUCKETS - 1);
		struct ask_entry *e = find(a, &pkt[i], bucket);

		if (!e) {
			e = add_entry(a, &pkt[i], bucket);
			code = e ? add_request(b, e, number[i]) : no_memory(a);
			if (code)
				return code;
		}
		answer[i] = &e->answer;
	}
	return send_batch(b);
}

int ask_all(struct ask *a, const struct tq_packet *pkt, const uint64_t *number, unsigned int n,
	    const struct answer **answer)
{
	const uint64_t generation = a->generation;
	struct batch b = { .a = a };
	unsigned int i;
	int code;

	code = tqctl_open(a->t);
	if (code)
		return code;
	if (!a->cache)
		a->cache = calloc(BUCKETS, sizeof(*a->cache));
	if (!a->cache)
		return no_memory(a);
	if (a->cached >= CACHED_MAX)
		ask_forget(a);
	code = ask(&b, pkt, number, n, answer);
	if (!code && ((generation && generation != a->generation) || outdated(a, &b))) {
		/* Some answers are of the table as it was: ask for all again. */
		for (i = 0; i < b.n; i++)
			nlmsg_free(b.msg[i]);
		b.n = 0;
		ask_forget(a);
		code = ask(&b, pkt, number, n, answer);
	}
	for (i = 0; i < b.n; i++)
		nlmsg_free(b.msg[i]);
	return code;
}

int ask_check(struct ask *a)
{
	struct tq_table table = { .has = TQ_BIT(TQUEUE_A_TABLE_NAME) };
	struct nl_msg *msg;
	int code;

	memcpy(table.name, a->table, sizeof(table.name));
	msg = tqctl_message(a->t, TQUEUE_CMD_TABLE_GET, 0, &code);
	if (!msg)
		return code;
	msg_table_put(msg, &table);
	return tqctl_request(a->t, msg, NULL, NULL);
}

void ask_free(struct ask *a)
{
	ask_forget(a);
	free(a->cache);
	free(a->slot);
	free(a->rule);
}
