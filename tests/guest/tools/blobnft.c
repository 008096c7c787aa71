// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blob.h"
#include "blobnft.h"

#define ROOM	16384

/* A message, or a batch of them, that is being written. */
static struct {
	u8	bytes[ROOM] __attribute__((aligned(4)));
	u32	len;
	u32	msg;
} out;

static void begin_message(struct nft_way *w, u32 type, u32 flags, u8 family, u32 res)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(out.bytes + out.len);
	struct nfgenmsg *g = (struct nfgenmsg *)(h + 1);

	out.msg = out.len;
	*h = (struct nlmsghdr){ 0, (u16)type, (u16)(NLM_F_REQUEST | flags), ++w->seq, 0 };
	*g = (struct nfgenmsg){ family, NFNETLINK_V0, htons((u16)res) };
	out.len += sizeof(*h) + sizeof(*g);
}

static void end_message(void)
{
	((struct nlmsghdr *)(out.bytes + out.msg))->nlmsg_len = out.len - out.msg;
}

static u32 put(u16 type, const void *data, u32 len)
{
	struct nlattr *a = (struct nlattr *)(out.bytes + out.len);
	const u32 at = out.len;

	*a = (struct nlattr){ (u16)(sizeof(*a) + len), type };
	memset(a + 1, 0, (len + 3) & ~3u);
	if (data)
		memcpy(a + 1, data, len);
	out.len += (u32)sizeof(*a) + ((len + 3) & ~3u);
	return at;
}

static u32 begin_nest(u16 type)
{
	return put((u16)(type | NLA_F_NESTED), NULL, 0);
}

static void end_nest(u32 at)
{
	((struct nlattr *)(out.bytes + at))->nla_len = (u16)(out.len - at);
}

static void put_text(u16 type, const char *text)
{
	put(type, text, (u32)strlen(text) + 1);
}

static void begin_rules(struct nft_way *w, u32 type, u32 flags)
{
	begin_message(w, NFNL_SUBSYS_NFTABLES << 8 | type, flags, w->family, 0);
	put_text(NFTA_RULE_TABLE, "blob");
	put_text(NFTA_RULE_CHAIN, "c");
}

/* Sends what is written and waits for the answer to message @seq. */
static int answered(struct nft_way *w, u32 seq)
{
	u8 in[ROOM] __attribute__((aligned(4)));
	ssize_t n;

	if (send(w->fd, out.bytes, out.len, 0) < 0)
		return errno;
	for (;;) {
		struct nlmsghdr *h = (struct nlmsghdr *)in;

		n = recv(w->fd, in, sizeof(in), 0);
		if (n < 0)
			die_errno("no answer to a rule");
		for (; NLMSG_OK(h, (u32)n); h = NLMSG_NEXT(h, n)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);

			/* A batch that is refused as a whole is answered at its beginning. */
			if (h->nlmsg_type == NLMSG_ERROR && (h->nlmsg_seq == seq || e->error))
				return -e->error;
		}
	}
}

static void begin_batch(struct nft_way *w)
{
	/* What was left of answers is none of this. */
	u8 in[ROOM];

	while (recv(w->fd, in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	out.len = 0;
	begin_message(w, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_message();
}

static int end_batch(struct nft_way *w)
{
	const u32 seq = w->seq;

	begin_message(w, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	end_message();
	return answered(w, seq);
}

int nft_way_open(struct nft_way *w, int six)
{
	const struct timeval patience = { 60, 0 };

	w->family = six ? NFPROTO_IPV6 : NFPROTO_IPV4;
	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (w->fd < 0)
		return -1;
	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return 0;
}

static void put_expression(struct rng *rng, int target, int spoil)
{
	static const char *const names[] = { "tqueue", "TQUEUE", "TQUEU", "", "mark",
					     "tqueuetqueuetqueuetqueuetqu" };
	const char *name = target ? "TQUEUE" : "tqueue";
	u8 info[256] = { 0 };
	u32 size = blob_info(info, target, rng), elem, data;
	u32 rev = 0, without = 0;

	if (spoil) {
		switch (rng_below(rng, 8)) {
		case 0:
			name = names[rng_below(rng, ARRAY_SIZE(names))];
			break;
		case 1:
			rev = htonl(rng_below(rng, 2) ? 1 : (u32)rng_u64(rng));
			break;
		case 2:
			size = rng_below(rng, 3) ? size + 8 - 16 * rng_below(rng, 2) : rng_below(rng, 256);
			break;
		case 3:
			without = 1 + rng_below(rng, 3);
			break;
		default:
			blob_spoil_info(info, target, rng);
		}
	}
	elem = begin_nest(NFTA_LIST_ELEM);
	put_text(NFTA_EXPR_NAME, target ? "target" : "match");
	data = begin_nest(NFTA_EXPR_DATA);
	if (without != NFTA_MATCH_NAME)
		put_text(NFTA_MATCH_NAME, name);
	if (without != NFTA_MATCH_REV)
		put(NFTA_MATCH_REV, &rev, sizeof(rev));
	if (without != NFTA_MATCH_INFO)
		put(NFTA_MATCH_INFO, info, size);
	end_nest(data);
	end_nest(elem);
}

int nft_way_add(struct nft_way *w, struct rng *rng, int spoilt)
{
	u32 matches = rng_below(rng, 3), which = spoilt ? rng_below(rng, matches + 1) : ~0u, i, list;

	begin_batch(w);
	begin_rules(w, NFT_MSG_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND);
	list = begin_nest(NFTA_RULE_EXPRESSIONS);
	for (i = 0; i < matches; i++)
		put_expression(rng, 0, i == which);
	put_expression(rng, 1, i == which);
	end_nest(list);
	end_message();
	return end_batch(w);
}

int nft_way_empty(struct nft_way *w)
{
	begin_batch(w);
	begin_rules(w, NFT_MSG_DELRULE, NLM_F_ACK);
	end_message();
	return end_batch(w);
}

/* ---- what is there ---- */

static const struct nlattr *find(const void *attrs, u32 len, u16 type, u32 *size)
{
	const u8 *at = attrs;

	while (len >= sizeof(struct nlattr)) {
		const struct nlattr *a = (const struct nlattr *)at;
		const u32 step = (a->nla_len + 3u) & ~3u;

		if (a->nla_len < sizeof(*a) || a->nla_len > len)
			die("an attribute that can't be");
		if ((a->nla_type & NLA_TYPE_MASK) == type) {
			*size = a->nla_len - (u32)sizeof(*a);
			return a + 1;
		}
		if (step >= len)
			break;
		at += step;
		len -= step;
	}
	return NULL;
}

static const char *expression_wrong(const u8 *elem, u32 len, u32 *n)
{
	u32 size;
	const char *kind = (const char *)find(elem, len, NFTA_EXPR_NAME, &size), *name;
	const int target = kind && !strcmp(kind, "target");
	const u8 *data = (const u8 *)find(elem, len, NFTA_EXPR_DATA, &len), *info;

	if (!kind || (!target && strcmp(kind, "match")))
		return NULL;
	name = data ? (const char *)find(data, len, NFTA_MATCH_NAME, &size) : NULL;
	if (!name || strcmp(name, target ? "TQUEUE" : "tqueue"))
		return NULL;
	++*n;
	info = (const u8 *)find(data, len, NFTA_MATCH_INFO, &size);
	if (!info || size != (target ? sizeof(struct xt_tqueue_tginfo) : sizeof(struct xt_tqueue_mtinfo)))
		return "another size";
	return blob_info_wrong(info, target);
}

static const char *rule_wrong(const struct nlmsghdr *h, u32 *n)
{
	const u32 head = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	u32 len, at = 0;
	const u8 *list = (const u8 *)find((const u8 *)h + head, h->nlmsg_len - head,
					  NFTA_RULE_EXPRESSIONS, &len);

	while (list && at + sizeof(struct nlattr) <= len) {
		const struct nlattr *a = (const struct nlattr *)(list + at);
		const char *wrong = expression_wrong((const u8 *)(a + 1), a->nla_len - (u32)sizeof(*a), n);

		if (wrong)
			return wrong;
		at += (a->nla_len + 3u) & ~3u;
	}
	return NULL;
}

const char *nft_way_wrong(struct nft_way *w, u32 *n)
{
	u8 in[ROOM] __attribute__((aligned(4)));
	const char *wrong = NULL, *one;
	ssize_t len;

	*n = 0;
	out.len = 0;
	begin_rules(w, NFT_MSG_GETRULE, NLM_F_DUMP);
	end_message();
	if (send(w->fd, out.bytes, out.len, 0) < 0)
		die_errno("dump");
	for (;;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)in;

		len = recv(w->fd, in, sizeof(in), 0);
		if (len < 0)
			die_errno("dump");
		for (; NLMSG_OK(h, (u32)len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_seq != w->seq)
				continue;
			if (h->nlmsg_type == NLMSG_DONE)
				return wrong;
			if (h->nlmsg_type == NLMSG_ERROR)
				return "the dump is refused";
			one = rule_wrong(h, n);
			if (one && !wrong)
				wrong = one;
		}
	}
}
