// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules.c - see rules.h.
 */
#include <linux/in.h>
#include <linux/string.h>

#include "fixture.h"
#include "packet.h"
#include "rule.h"
#include "rules.h"

/* ---- the reference ---- */

static bool ref_prefix(const union nf_inet_addr *net, u32 len, const union nf_inet_addr *addr)
{
	const u8 *a = (const u8 *)net, *b = (const u8 *)addr;
	u32 i;

	for (i = 0; i < len; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool ref_name(const char *name, u32 len, const char *dev)
{
	u32 i;

	for (i = 0; dev && i < len; i++) {
		if (name[i] != dev[i])
			return false;
		if (!name[i])
			return true;
	}
	return dev;
}

bool tqk_ref_match(const struct tq_match *m, const struct tq_key *k)
{
	if (m->family && m->family != k->family)
		return false;
	if (!ref_prefix(&m->src, m->src_len, &k->src) || !ref_prefix(&m->dst, m->dst_len, &k->dst))
		return false;
	if (m->has & TQ_HAS_PROTO && m->proto != k->proto)
		return false;
	if (m->has & TQ_HAS_PORTS) {
		if (!(k->have & TQ_KEY_PORTS))
			return false;
		if (k->sport < m->sport_min || k->sport > m->sport_max)
			return false;
		if (k->dport < m->dport_min || k->dport > m->dport_max)
			return false;
	}
	if (m->has & TQ_HAS_ICMP_TYPE && (!(k->have & TQ_KEY_ICMP) || k->icmp_type != m->icmp_type))
		return false;
	if (m->has & TQ_HAS_ICMP_CODE && (!(k->have & TQ_KEY_ICMP) || k->icmp_code != m->icmp_code))
		return false;
	if (m->has & TQ_HAS_TCP &&
	    (!(k->have & TQ_KEY_TCP) || (k->tcp_flags & m->tcp_mask) != m->tcp_flags))
		return false;
	if (m->has & TQ_HAS_MARK && (k->mark & m->mark_mask) != m->mark)
		return false;
	if (m->has & TQ_HAS_DSCP && k->dscp != m->dscp)
		return false;
	if (m->has & TQ_HAS_LEN && !(m->len_min <= k->len && k->len <= m->len_max))
		return false;
	if (m->has & TQ_HAS_FRAG && !(m->frag & k->frag))
		return false;
	if (m->has & TQ_HAS_CT && !(m->ct & k->ct))
		return false;
	if (m->has & TQ_HAS_IIF && !ref_name(m->iif, m->iif_len, k->in))
		return false;
	if (m->has & TQ_HAS_OIF && !ref_name(m->oif, m->oif_len, k->out))
		return false;
	return true;
}

/* ---- rules and packets ---- */

/* Addresses differ in few places, so prefixes of all lengths nest. */
static void draw_addr(struct rnd_state *rnd, u8 family, union nf_inet_addr *a)
{
	u8 *byte = (u8 *)a;
	u32 i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < (family == NFPROTO_IPV4 ? 4 : 16); i++)
		byte[i] = tqk_one_in(rnd, 4) ? tqk_below(rnd, 3) << tqk_below(rnd, 8) : 0x20;
}

static u8 draw_len(struct rnd_state *rnd, u8 family)
{
	static const u8 usual[] = { 0, 8, 16, 24, 31, 32 };
	const u32 most = family == NFPROTO_IPV4 ? 32 : 128;

	if (tqk_one_in(rnd, 3))
		return tqk_below(rnd, most + 1);
	return usual[tqk_below(rnd, ARRAY_SIZE(usual))] * (most / 32);
}

static void draw_prefix(struct rnd_state *rnd, u8 family, union nf_inet_addr *a, u8 *len)
{
	union nf_inet_addr mask;
	u32 i;

	draw_addr(rnd, family, a);
	*len = draw_len(rnd, family);
	tq_prefix_mask(&mask, family, *len);
	for (i = 0; i < 4; i++)
		a->all[i] &= mask.all[i];
}

static u16 draw_port(struct rnd_state *rnd)
{
	static const u16 edges[] = { 0, 1, 80, 1023, 1024, 32767, 32768, 65534, 65535 };

	if (tqk_one_in(rnd, 3))
		return tqk_below(rnd, 65536);
	return edges[tqk_below(rnd, ARRAY_SIZE(edges))];
}

static void draw_range(struct rnd_state *rnd, u16 *min, u16 *max)
{
	*min = 0;
	*max = 65535;
	if (tqk_one_in(rnd, 3))
		return;
	*min = draw_port(rnd);
	*max = tqk_one_in(rnd, 2) ? *min : draw_port(rnd);
	if (*min > *max)
		swap(*min, *max);
}

static u8 draw_proto(struct rnd_state *rnd)
{
	static const u8 protos[] = {
		IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, 0, 255
	};

	return protos[tqk_below(rnd, ARRAY_SIZE(protos))];
}

static u8 draw_name(struct rnd_state *rnd, char *name)
{
	const char *const names[] = { "eth0", "eth1", "eth", "e", "lo" };
	const char *n = names[tqk_below(rnd, ARRAY_SIZE(names))];

	strscpy(name, n, IFNAMSIZ);
	/* As nl_rule_parse.c has it: with the NUL, or only the beginning. */
	return strlen(n) + tqk_one_in(rnd, 2);
}

static void draw_residual(struct rnd_state *rnd, struct tq_match *m)
{
	switch (tqk_below(rnd, 9)) {
	case 0:
		m->has |= TQ_HAS_ICMP_TYPE | (tqk_one_in(rnd, 2) ? TQ_HAS_ICMP_CODE : 0);
		m->icmp_type = tqk_below(rnd, 3);
		m->icmp_code = m->has & TQ_HAS_ICMP_CODE ? tqk_below(rnd, 3) : 0;
		break;
	case 1:
		m->has |= TQ_HAS_TCP;
		m->tcp_mask = 1 + tqk_below(rnd, 31);
		m->tcp_flags = tqk_below(rnd, 32) & m->tcp_mask;
		break;
	case 2:
		m->has |= TQ_HAS_MARK;
		m->mark_mask = 1 + tqk_below(rnd, 7);
		m->mark = tqk_below(rnd, 8) & m->mark_mask;
		break;
	case 3:
		m->has |= TQ_HAS_DSCP;
		m->dscp = tqk_below(rnd, 3);
		break;
	case 4:
		m->has |= TQ_HAS_LEN;
		m->len_min = tqk_below(rnd, 100);
		m->len_max = m->len_min + tqk_below(rnd, 100);
		break;
	case 5:
		m->has |= TQ_HAS_FRAG;
		m->frag = 1 + tqk_below(rnd, 7);
		break;
	case 6:
		m->has |= TQ_HAS_CT;
		m->ct = 1 + tqk_below(rnd, 31);
		break;
	case 7:
		m->has |= TQ_HAS_IIF;
		m->iif_len = draw_name(rnd, m->iif);
		break;
	case 8:
		m->has |= TQ_HAS_OIF;
		m->oif_len = draw_name(rnd, m->oif);
		break;
	}
}

void tqk_draw_match(struct rnd_state *rnd, struct tq_match *m)
{
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_IPV6, 0 };

	memset(m, 0, sizeof(*m));
	m->family = families[tqk_below(rnd, ARRAY_SIZE(families))];
	if (m->family && !tqk_one_in(rnd, 4))
		draw_prefix(rnd, m->family, &m->src, &m->src_len);
	if (m->family && !tqk_one_in(rnd, 4))
		draw_prefix(rnd, m->family, &m->dst, &m->dst_len);
	if (!tqk_one_in(rnd, 3)) {
		m->has |= TQ_HAS_PROTO;
		m->proto = draw_proto(rnd);
	}
	if (tqk_one_in(rnd, 2)) {
		m->has |= TQ_HAS_PORTS;
		draw_range(rnd, &m->sport_min, &m->sport_max);
		draw_range(rnd, &m->dport_min, &m->dport_max);
	}
	if (tqk_one_in(rnd, 4))
		draw_residual(rnd, m);
}

static const char *draw_dev(struct rnd_state *rnd)
{
	static const char *const devs[] = { NULL, "eth0", "eth01", "eth", "e", "lo", "lo0" };

	return devs[tqk_below(rnd, ARRAY_SIZE(devs))];
}

void tqk_draw_key(struct rnd_state *rnd, const struct tq_match *m, struct tq_key *k)
{
	memset(k, 0, sizeof(*k));
	k->family = tqk_one_in(rnd, 2) ? NFPROTO_IPV4 : NFPROTO_IPV6;
	if (m && m->family && !tqk_one_in(rnd, 3))
		k->family = m->family;
	draw_addr(rnd, k->family, &k->src);
	draw_addr(rnd, k->family, &k->dst);
	k->proto = draw_proto(rnd);
	k->sport = draw_port(rnd);
	k->dport = draw_port(rnd);
	if (m && !tqk_one_in(rnd, 4)) {
		if (m->family == k->family && m->src_len)
			k->src = m->src;
		if (m->family == k->family && m->dst_len)
			k->dst = m->dst;
		if (m->has & TQ_HAS_PROTO)
			k->proto = m->proto;
		if (m->has & TQ_HAS_PORTS) {
			k->sport = tqk_one_in(rnd, 2) ? m->sport_min : m->sport_max;
			k->dport = tqk_one_in(rnd, 2) ? m->dport_min : m->dport_max;
			k->dport += tqk_one_in(rnd, 8) ? 1 : 0;
		}
	}
	if (tq_proto_has_ports(k->proto) && !tqk_one_in(rnd, 10))
		k->have |= TQ_KEY_PORTS;
	else
		k->sport = k->dport = 0;
	if (k->proto == IPPROTO_TCP)
		k->have |= TQ_KEY_TCP;
	if (k->proto == IPPROTO_ICMP || k->proto == IPPROTO_ICMPV6)
		k->have |= TQ_KEY_ICMP;
	k->icmp_type = tqk_below(rnd, 3);
	k->icmp_code = tqk_below(rnd, 3);
	k->tcp_flags = tqk_below(rnd, 32);
	k->mark = tqk_below(rnd, 16);
	k->len = tqk_below(rnd, 200);
	k->dscp = tqk_below(rnd, 3);
	k->frag = 1 << tqk_below(rnd, 3);
	k->ct = 1 << tqk_below(rnd, 5);
	k->in = draw_dev(rnd);
	k->out = draw_dev(rnd);
}
