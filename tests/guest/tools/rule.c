// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

/* Address bytes that no router forwards would end a packet before the rules
 * see it; before routing everything is seen.
 */
static void draw_addr(struct world *w, int family, u8 a[16])
{
	struct rng *r = &w->rng;
	u64 v[2] = { rng_u64(r), rng_u64(r) };

	memset(a, 0, 16);
	memcpy(a, v, family == 4 ? 4 : 16);
	if (family == 6 && (w->routed || rng_chance(r, 90)))
		a[0] = 0x20 | (a[0] & 0x1f);
	if (family == 4 && (w->routed || rng_chance(r, 90))) {
		/* 1 to 126 and 128 to 223 but for the link-local net */
		while (a[0] == 0 || a[0] == 127 || a[0] >= 224)
			a[0] = (u8)rng_u64(r);
		if (a[0] == 169 && a[1] == 254)
			a[1] = 1;
	}
	/* ff.../8 as a source would be refused by any host. */
	if (family == 6 && a[0] == 0xff)
		a[0] = 0xfd;
	if (family == 4 && a[0] == 127)
		a[0] = 126;
}

void world_init(struct world *w, u64 seed)
{
	unsigned int i, j;

	rng_seed(&w->rng, seed);
	for (i = 0; i < 2; i++)
		for (j = 0; j < ARRAY_SIZE(w->center[i]); j++)
			draw_addr(w, i ? 6 : 4, w->center[i][j]);
	for (i = 0; i < ARRAY_SIZE(w->marks); i++)
		w->marks[i] = i < 2 ? i : (u32)rng_u64(&w->rng);
}

static void cut_addr(u8 a[16], unsigned int len)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (len >= 8)
			len -= 8;
		else {
			a[i] &= (u8)(0xff00 >> len);
			len = 0;
		}
	}
}

/* Keeps @len bits of @a, the rest all 0, all 1 or drawn. */
static void fill_addr(struct rng *r, u8 a[16], unsigned int len, unsigned int width)
{
	u32 how = rng_below(r, 4);
	unsigned int i;

	for (i = len; i < width; i++) {
		u8 bit = (u8)(0x80 >> (i % 8));
		int one = how == 0 ? 0 : how == 1 ? 1 : (int)rng_below(r, 2);

		a[i / 8] = one ? a[i / 8] | bit : a[i / 8] & (u8)~bit;
	}
}

static const u8 protos[] = {
	PKT_TCP, PKT_TCP, PKT_TCP, PKT_UDP, PKT_UDP, PKT_UDP, PKT_ICMP, PKT_ICMP6,
	PKT_SCTP, PKT_DCCP, PKT_UDPLITE, PKT_GRE, PKT_ESP, 0, 253, 255,
};

static u8 draw_proto(struct world *w, int family)
{
	u8 proto = protos[rng_below(&w->rng, ARRAY_SIZE(protos))];

	/* In IPv6, 0 is the hop-by-hop header and must be the first. */
	if (family == 6 && proto == 0)
		proto = PKT_NONE6;
	return proto;
}

static void draw_range(struct rng *r, int *min, int *max, int top)
{
	static const int common[] = { 0, 1, 22, 53, 80, 443, 1023, 1024, 8080, 65535 };

	*min = rng_chance(r, 50) ? common[rng_below(r, ARRAY_SIZE(common))] :
	       (int)rng_below(r, (u32)top + 1);
	if (*min > top)
		*min = top;
	if (rng_chance(r, 40))
		*max = *min;
	else if (rng_chance(r, 50))
		*max = *min + (int)rng_below(r, 16);
	else
		*max = *min + (int)rng_below(r, (u32)(top - *min) + 1);
	if (*max > top)
		*max = top;
}

static void draw_prefix(struct world *w, int family, u8 a[16], u8 *len)
{
	static const u8 v4[] = { 1, 4, 8, 9, 12, 15, 16, 17, 20, 22, 23, 24, 24, 25, 28, 30, 31, 32, 32, 32 };
	static const u8 v6[] = { 3, 8, 16, 20, 32, 33, 40, 48, 48, 56, 63, 64, 64, 65, 80, 96, 112, 127, 128, 128 };
	struct rng *r = &w->rng;
	unsigned int width = family == 4 ? 32 : 128;

	*len = family == 4 ? v4[rng_below(r, ARRAY_SIZE(v4))] : v6[rng_below(r, ARRAY_SIZE(v6))];
	memcpy(a, w->center[family == 6][rng_below(r, 64)], 16);
	/* Sometimes a neighbour of a center from some bit on. */
	if (rng_chance(r, 50))
		fill_addr(r, a, rng_below(r, *len + 1u), width);
	cut_addr(a, *len);
}

static void draw_ifname(struct world *w, char names[][16], unsigned int n, char name[16])
{
	const char *pick = names[rng_below(&w->rng, n)];

	strcpy(name, pick);
	if (rng_chance(&w->rng, 30)) {
		size_t keep = 1 + rng_below(&w->rng, (u32)strlen(pick));

		name[keep] = '+';
		name[keep + 1] = 0;
	}
}

static void draw_transport(struct world *w, struct rule *q)
{
	struct rng *r = &w->rng;

	if (rng_chance(r, 70))
		q->proto = draw_proto(w, q->family ? q->family : 4);
	if ((q->proto < 0 ? rng_chance(r, 30) : pkt_proto_has_ports((u8)q->proto)) &&
	    rng_chance(r, 80)) {
		u32 which = 1 + rng_below(r, 3);

		if (which & 1)
			draw_range(r, &q->smin, &q->smax, 65535);
		if (which & 2)
			draw_range(r, &q->dmin, &q->dmax, 65535);
	}
	if ((w->keys & KEY_ICMP) && rng_chance(r, 70) &&
	    ((q->proto == PKT_ICMP && q->family != 6) ||
	     (q->proto == PKT_ICMP6 && q->family != 4))) {
		q->icmp_type = (int)rng_below(r, 16);
		if (rng_chance(r, 50))
			q->icmp_code = (int)rng_below(r, 4);
	}
	if ((w->keys & KEY_FLAGS) && q->proto == PKT_TCP && rng_chance(r, 40)) {
		q->tcp_mask = (u8)(1 + rng_below(r, 255));
		q->tcp_flags = q->tcp_mask & (u8)rng_u64(r);
	}
}

static void draw_rule(struct world *w, struct rule *q)
{
	struct rng *r = &w->rng;
	u32 kind = rng_below(r, 100);

	if (w->families == 3 && kind < 20)
		q->family = 0;
	else
		q->family = w->families == 3 ? (rng_chance(r, 50) ? 4 : 6) :
			    w->families == 1 ? 4 : 6;
	if (q->family && rng_chance(r, 75)) {
		q->has_src = 1;
		draw_prefix(w, q->family, q->src, &q->src_len);
	}
	if (q->family && rng_chance(r, q->has_src ? 60 : 90)) {
		q->has_dst = 1;
		draw_prefix(w, q->family, q->dst, &q->dst_len);
	}
	draw_transport(w, q);
	if (rng_chance(r, 15))
		draw_ifname(w, w->in, w->ins, q->iif);
	if (w->outs && rng_chance(r, 10))
		draw_ifname(w, w->out, w->outs, q->oif);
	else if (!w->outs && rng_chance(r, 2))	/* before routing: never there */
		strcpy(q->oif, rng_chance(r, 50) ? "y+" : w->in[0]);
	if (rng_chance(r, 15)) {
		q->has_mark = 1;
		q->mark_mask = rng_chance(r, 50) ? 0xffffffff : 1u << rng_below(r, 32);
		q->mark = w->marks[rng_below(r, ARRAY_SIZE(w->marks))] & q->mark_mask;
	}
	if ((w->keys & KEY_FRAG) && rng_chance(r, 15))
		q->frag = (u8)(1 + rng_below(r, 7));
	if ((w->keys & KEY_DSCP) && rng_chance(r, 10))
		q->dscp = (int)rng_below(r, 8) * 8;
	if ((w->keys & KEY_LEN) && rng_chance(r, 10))
		draw_range(r, &q->lmin, &q->lmax, 200);
	if ((w->keys & KEY_CT) && rng_chance(r, 10))
		q->ct = (u8)(1 + rng_below(r, 31));
}

/* What follows a hit: most rules end the search, some let it go on, often with
 * something changed that the rules to come ask for.
 */
static void draw_end(struct world *w, struct rule *q)
{
	struct rng *r = &w->rng;

	q->verdict = (u8)(TQUEUE_VERDICT_PASS + rng_below(r, 3));
	q->set_mask = rng_chance(r, 5) ? 0xff00 : 0;
	q->set_mark = q->set_mask & 0x4200;
	q->set_dscp = -1;
	q->set_ttl = 0;
	q->add_ttl = 0;
	if (!(w->keys & KEY_NEXT))
		return;
	if (rng_chance(r, 25))
		q->verdict = TQUEUE_VERDICT_NEXT;
	else if (rng_chance(r, 5))
		q->verdict = TQUEUE_VERDICT_REPEAT;
	if (rng_chance(r, 10)) {
		q->set_mask = rng_chance(r, 50) ? 0xffffffff : 1u << rng_below(r, 32);
		q->set_mark = w->marks[rng_below(r, ARRAY_SIZE(w->marks))] & q->set_mask;
	}
	if (rng_chance(r, 15))
		q->set_dscp = (int)rng_below(r, 64);
	if (rng_chance(r, 10))
		q->set_ttl = 1 + (int)rng_below(r, 255);
	else if (rng_chance(r, 10))
		q->add_ttl = (int)rng_below(r, 511) - 255;
}

/* How many of all packets a rule would take, roughly, in bits: what is wide
 * goes to the end, or the first few rules would win everything.
 */
static unsigned int narrowness(const struct rule *q)
{
	unsigned int bits = 0;

	if (q->has_src)
		bits += q->src_len / (q->family == 4 ? 1u : 3u);
	if (q->has_dst)
		bits += q->dst_len / (q->family == 4 ? 1u : 3u);
	bits += q->proto >= 0 ? 3 : 0;
	bits += q->smin == q->smax ? 6 : q->smin < q->smax ? 2 : 0;
	bits += q->dmin == q->dmax ? 6 : q->dmin < q->dmax ? 2 : 0;
	bits += q->has_mark ? (q->mark_mask == 0xffffffff ? 3 : 1) : 0;
	bits += q->iif[0] ? 1 : 0;
	bits += q->frag ? 1 : 0;
	return bits;
}

struct rule *rules_draw(struct world *w, u32 n)
{
	struct rule *rules = xcalloc(n, sizeof(*rules));
	struct rng *r = &w->rng;
	u32 i;

	for (i = 0; i < n; i++) {
		struct rule *q = &rules[i];

		if (i && rng_chance(r, 5)) {
			*q = rules[rng_below(r, i)];	/* the same once more */
			if (rng_chance(r, 50))
				q->prio = rng_below(r, 8);
		} else {
			/* Too wide a rule would leave no packet without one. */
			do {
				*q = (struct rule){
					.proto = -1, .smin = 1, .dmin = 1, .lmin = 1,
					.icmp_type = -1, .icmp_code = -1, .dscp = -1,
				};
				draw_rule(w, q);
			} while (narrowness(q) < 8);
			q->prio = narrowness(q) < 13 ? 100 + rng_below(r, 4) :
				  rng_chance(r, 3) ? 0xffffffff : rng_below(r, 8);
		}
		q->order = i;
		/* Unique by the low half; no order to be had from the value. */
		q->handle = ((u64)((u32)rng_u64(r) >> 1) << 32) | (((u64)(i + 1) * 2654435761u) & 0xffffffff);
		q->snaplen = rng_chance(r, 10) ? (u16)(60 + rng_below(r, 40)) : 0;
		draw_end(w, q);
	}
	return rules;
}

static void print_prefix(FILE *f, const char *key, const struct rule *q, const u8 *a, u8 len)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(q->family == 4 ? AF_INET : AF_INET6, a, text, sizeof(text));
	fprintf(f, " %s %s/%u", key, text, len);
}

static void print_range(FILE *f, const char *key, int min, int max)
{
	if (min == max)
		fprintf(f, " %s %d", key, min);
	else if (min < max)
		fprintf(f, " %s %d-%d", key, min, max);
}

void rule_print(FILE *f, const struct rule *q, const char *table, const char *queue)
{
	static const char *const verdicts[] = { "", "pass", "accept", "drop", "next", "repeat" };
	static const char *const states[] = { "new", "established", "related", "invalid", "untracked" };
	unsigned int i, n = 0;
	static const char *const frags[] = {
		"", "none", "first", "none,first", "later", "none,later", "first,later",
		"none,first,later",
	};

	fprintf(f, "rule add %s prio %u handle %" PRIu64, table, q->prio, q->handle);
	if (q->family)
		fprintf(f, " family %s", q->family == 4 ? "ip" : "ip6");
	if (q->has_src)
		print_prefix(f, "src", q, q->src, q->src_len);
	if (q->has_dst)
		print_prefix(f, "dst", q, q->dst, q->dst_len);
	if (q->proto >= 0)
		fprintf(f, " proto %d", q->proto);
	print_range(f, "sport", q->smin, q->smax);
	print_range(f, "dport", q->dmin, q->dmax);
	if (q->icmp_type >= 0)
		fprintf(f, " icmp-type %d", q->icmp_type);
	if (q->icmp_code >= 0)
		fprintf(f, "/%d", q->icmp_code);
	if (q->tcp_mask)
		fprintf(f, " tcp-flags 0x%x/0x%x", q->tcp_flags, q->tcp_mask);
	if (q->iif[0])
		fprintf(f, " iif %s", q->iif);
	if (q->oif[0])
		fprintf(f, " oif %s", q->oif);
	if (q->has_mark)
		fprintf(f, " mark 0x%x/0x%x", q->mark, q->mark_mask);
	if (q->dscp >= 0)
		fprintf(f, " dscp %d", q->dscp);
	print_range(f, "len", q->lmin, q->lmax);
	if (q->frag)
		fprintf(f, " frag %s", frags[q->frag]);
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (q->ct & 1 << i)
			fprintf(f, "%s%s", n++ ? "," : " ct ", states[i]);
	fprintf(f, " queue %s", queue);
	if (q->snaplen)
		fprintf(f, " snaplen %u", q->snaplen);
	if (q->set_mask)
		fprintf(f, " set-mark 0x%x/0x%x", q->set_mark, q->set_mask);
	if (q->set_ttl)
		fprintf(f, " ttl set %d", q->set_ttl);
	if (q->add_ttl)
		fprintf(f, " ttl %s %d", q->add_ttl < 0 ? "dec" : "inc", abs(q->add_ttl));
	if (q->set_dscp >= 0)
		fprintf(f, " set-dscp %d", q->set_dscp);
	fprintf(f, " %s\n", verdicts[q->verdict]);
}

static int rule_cmp(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void rules_sort(struct rule *rules, u32 n)
{
	qsort(rules, n, sizeof(*rules), rule_cmp);
}

/* A number in the range, at its edge, or just beyond. */
static int near_range(struct rng *r, int min, int max)
{
	int v;

	switch (rng_below(r, 8)) {
	case 0:
		v = min;
		break;
	case 1:
		v = max;
		break;
	case 2:
		v = min - 1;
		break;
	case 3:
		v = max + 1;
		break;
	default:
		v = min + (int)rng_below(r, (u32)(max - min) + 1);
	}
	return v < 0 ? 0 : v > 65535 ? 65535 : v;
}

static void near_addr(struct world *w, int family, int has, const u8 prefix[16],
		      unsigned int len, u8 a[16])
{
	struct rng *r = &w->rng;
	unsigned int width = family == 4 ? 32 : 128;

	if (!has) {
		if (rng_chance(r, 30)) {
			draw_addr(w, family, a);
			return;
		}
		memcpy(a, w->center[family == 6][rng_below(r, 64)], 16);
		if (rng_chance(r, 60))
			fill_addr(r, a, rng_below(r, width + 1), width);
		return;
	}
	memcpy(a, prefix, 16);
	fill_addr(r, a, len, width);
	if (len && rng_chance(r, 12)) {
		unsigned int bit = rng_chance(r, 60) ? len - 1 : rng_below(r, len);

		a[bit / 8] ^= (u8)(0x80 >> (bit % 8));	/* one bit outside */
	}
}

/* Drawn anew until a router would pass it on. */
static int routable(int family, const u8 a[16])
{
	if (family == 4)
		return a[0] && a[0] != 127 && a[0] < 224 && !(a[0] == 169 && a[1] == 254);
	return (a[0] & 0xe0) == 0x20;
}

static void fix_addr(struct world *w, int family, u8 a[16])
{
	if (family == 6 ? a[0] == 0xff || a[0] == 0 || a[0] == 0xfe : a[0] == 127 || a[0] >= 224)
		draw_addr(w, family, a);
	if (w->routed && !routable(family, a))
		draw_addr(w, family, a);
}

static void pkt_shape(struct world *w, const struct rule *q, struct pkt *p)
{
	struct rng *r = &w->rng;
	size_t head;

	if (q->frag && rng_chance(r, 80)) {
		do
			p->frag = (u8)(1 << rng_below(r, 3));
		while (!(p->frag & q->frag));
	} else {
		p->frag = rng_chance(r, 80) ? TQUEUE_FRAG_NONE :
			  rng_chance(r, 50) ? TQUEUE_FRAG_FIRST : TQUEUE_FRAG_LATER;
	}
	if (rng_chance(r, 15)) {
		p->exts = (u8)rng_below(r, 8);
		if (p->family == 4)
			p->exts = PKT_EXT_OPT;
		else if (p->frag == TQUEUE_FRAG_NONE && rng_chance(r, 30))
			p->exts |= PKT_EXT_ATOMIC;
	}
	p->body = (u16)(8 + rng_below(r, 64));
	if (p->frag == TQUEUE_FRAG_FIRST) {
		head = p->proto == PKT_TCP ? 20 : p->proto == PKT_SCTP ? 12 : 8;
		p->body = (u16)((p->body & ~7u) + (8 - head % 8) % 8);
	}
}

void pkt_draw(struct world *w, const struct rule *rules, u32 n, struct pkt *p)
{
	struct rng *r = &w->rng;
	const struct rule none = { .proto = -1, .smin = 1, .dmin = 1, .lmin = 1,
				   .icmp_type = -1, .icmp_code = -1, .dscp = -1 };
	const struct rule *q = rng_chance(r, 85) ? &rules[rng_below(r, n)] : &none;

	*p = (struct pkt){ .ttl = (u8)(2 + rng_below(r, 250)) };
	p->family = q->family ? q->family : w->families == 3 ? (rng_chance(r, 50) ? 4 : 6) :
		    w->families == 1 ? 4 : 6;
	p->proto = q->proto >= 0 && rng_chance(r, 95) ? (u8)q->proto :
		   q->smin <= q->smax || q->dmin <= q->dmax ?
			(rng_chance(r, 50) ? PKT_TCP : PKT_UDP) : draw_proto(w, p->family);
	/* These numbers are IPv6 extension headers: not a transport there. */
	if (p->family == 6 && p->proto == 0)
		p->proto = PKT_NONE6;
	near_addr(w, p->family, q->has_src, q->src, q->src_len, p->src);
	near_addr(w, p->family, q->has_dst, q->dst, q->dst_len, p->dst);
	fix_addr(w, p->family, p->src);
	fix_addr(w, p->family, p->dst);
	p->sport = (u16)(q->smin <= q->smax ? near_range(r, q->smin, q->smax) : (int)rng_below(r, 65536));
	p->dport = (u16)(q->dmin <= q->dmax ? near_range(r, q->dmin, q->dmax) : (int)rng_below(r, 65536));
	p->icmp_type = (u8)(q->icmp_type >= 0 ? q->icmp_type : (int)rng_below(r, 16));
	p->icmp_code = (u8)(q->icmp_code >= 0 && rng_chance(r, 80) ? q->icmp_code : (int)rng_below(r, 4));
	p->tcp_flags = q->tcp_mask && rng_chance(r, 80) ?
		       q->tcp_flags | ((u8)rng_u64(r) & (u8)~q->tcp_mask) : (u8)rng_u64(r);
	p->dscp = (u8)(q->dscp >= 0 ? q->dscp : (int)rng_below(r, 64));
	p->mark = q->has_mark && rng_chance(r, 85) ?
		  (w->marks[rng_below(r, ARRAY_SIZE(w->marks))] & ~q->mark_mask) | q->mark :
		  w->marks[rng_below(r, ARRAY_SIZE(w->marks))];
	p->port = (u16)rng_below(r, w->ins);
	pkt_shape(w, q, p);
	if (q->lmin <= q->lmax && p->frag != TQUEUE_FRAG_FIRST) {
		int want = near_range(r, q->lmin, q->lmax);
		int base = (int)pkt_len(p) - p->body;

		if (want >= base + 8 && want < 1400)
			p->body = (u16)(want - base);
	}
}

u32 pkt_len(const struct pkt *p)
{
	u8 buf[PKT_MAX];

	return (u32)pkt_build(p, buf) - PKT_ETH - (p->vlan ? 4 : 0);
}

const char *pkt_out(const struct world *w, const struct pkt *p)
{
	int upper = p->family == 4 ? p->dst[0] >> 7 : p->dst[0] >> 4 & 1;

	return w->outs ? w->out[upper % w->outs] : "";
}

static int in_prefix(const u8 a[16], const u8 prefix[16], unsigned int len)
{
	unsigned int bytes = len / 8, bits = len % 8;

	if (memcmp(a, prefix, bytes))
		return 0;
	return !bits || !((a[bytes] ^ prefix[bytes]) & (u8)(0xff00 >> bits));
}

static int name_matches(const char *want, const char *name)
{
	size_t n = strlen(want);

	if (n && want[n - 1] == '+')
		return *name && !strncmp(want, name, n - 1);
	return !strcmp(want, name);
}

int rule_matches(const struct world *w, const struct rule *q, const struct pkt *p)
{
	int ports = pkt_has_ports(p);

	if (q->family && q->family != p->family)
		return 0;
	if (q->proto >= 0 && q->proto != p->proto)
		return 0;
	if (q->smin <= q->smax && (!ports || p->sport < q->smin || p->sport > q->smax))
		return 0;
	if (q->dmin <= q->dmax && (!ports || p->dport < q->dmin || p->dport > q->dmax))
		return 0;
	if (q->has_mark && (p->mark & q->mark_mask) != q->mark)
		return 0;
	if (q->has_src && !in_prefix(p->src, q->src, q->src_len))
		return 0;
	if (q->has_dst && !in_prefix(p->dst, q->dst, q->dst_len))
		return 0;
	if (q->frag && !(q->frag & p->frag))
		return 0;
	if (q->dscp >= 0 && q->dscp != p->dscp)
		return 0;
	/* What lies in the transport header is not there in later fragments. */
	if (q->icmp_type >= 0 && (p->frag == TQUEUE_FRAG_LATER || q->icmp_type != p->icmp_type ||
				  p->proto != (p->family == 4 ? PKT_ICMP : PKT_ICMP6)))
		return 0;
	if (q->icmp_code >= 0 && q->icmp_code != p->icmp_code)
		return 0;
	if (q->tcp_mask && (p->frag == TQUEUE_FRAG_LATER ||
			    (p->tcp_flags & q->tcp_mask) != q->tcp_flags))
		return 0;
	if (q->lmin <= q->lmax) {
		int len = (int)pkt_len(p);

		if (len < q->lmin || len > q->lmax)
			return 0;
	}
	if (q->ct && !(q->ct & TQUEUE_CT_UNTRACKED))
		return 0;
	if (q->iif[0] && !name_matches(q->iif, w->in[p->port]))
		return 0;
	return !q->oif[0] || name_matches(q->oif, pkt_out(w, p));
}

void rule_change(const struct rule *q, struct pkt *p)
{
	int ttl = q->set_ttl ? q->set_ttl : p->ttl + q->add_ttl;

	p->mark = (p->mark & ~q->set_mask) | q->set_mark;
	p->ttl = (u8)(ttl < 0 ? 0 : ttl > 255 ? 255 : ttl);
	if (q->set_dscp >= 0)
		p->dscp = (u8)q->set_dscp;
}

const struct rule *rules_first(const struct world *w, const struct rule *rules, u32 n, u32 from,
			       const struct pkt *p)
{
	u32 i;

	for (i = from; i < n; i++)
		if (rule_matches(w, &rules[i], p))
			return &rules[i];
	return NULL;
}
