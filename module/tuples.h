/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tuples.h - the tuples of a classifier: shapes, keys, hashes.
 */
#ifndef _TQ_TUPLES_H
#define _TQ_TUPLES_H

#include <linux/bitops.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "classify.h"
#include "packet.h"
#include "rule.h"

#define TQ_TUPLES_MAX	256

/**
 * struct tq_point - where in the space of keys a packet is, or a rule begins
 * @w: IPv4: source and destination in w[0]; IPv6: source in w[0] and w[1],
 *	destination in w[2] and w[3]; in w[4] protocol, source and destination
 *	port, 16 bits each from bit 32 down.  Host order
 */
struct tq_point {
	u64	w[5];
};

#define TQ_POINT_REST	4

/* The leading bits that are equal in all keys of a slot. */
struct tq_shape {
	u8	src_len;
	u8	dst_len;
	u8	sport_bits;
	u8	dport_bits;
	u8	proto;		/* 1: the protocol, too */
	u8	pad[3];
};

/**
 * struct tq_tuple - all versions that are kept under one shape
 * @mask: of the shape
 * @salt: of its keys' hash
 * @best: not above the rank of any version that it holds
 * @words: of the addresses: 0, 1 or 4
 * @family: index into tq_classifier.shapes
 * @bit: in the plan
 * @versions: linked
 */
struct tq_tuple {
	struct tq_point		mask;
	u64			salt;
	unsigned long		best;
	u8			words;
	u8			family;
	u16			bit;
	u32			versions;
	struct tq_shape		shape;
	struct rcu_head		rcu;
};

/* What a cut looks at. */
enum {
	TQ_CUT_SRC,
	TQ_CUT_DST,
	TQ_CUT_DPORT,		/* with the protocol */
	TQ_CUT_SPORT,
	TQ_CUT_DIMS,
};

/* Lower comes first; equal only where ULONG_MAX is too small to tell. */
static inline unsigned long tq_rank(u32 prio, u64 place)
{
#if BITS_PER_LONG == 64
	return (u64)prio << 32 | min_t(u64, place, U32_MAX);
#else
	return prio;
#endif
}

static inline unsigned long tq_version_rank(const struct tq_version *v)
{
	return tq_rank(v->prio, v->place);
}

/* High and low half of a product: every bit of the result depends on every bit
 * of both.
 */
static inline u64 tq_mum(u64 a, u64 b)
{
#if defined(CONFIG_ARCH_SUPPORTS_INT128) && defined(__SIZEOF_INT128__)
	unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
#else
	a ^= rol64(b, 23);
	a = (a ^ a >> 33) * 0xff51afd7ed558ccdULL;
	a = (a ^ a >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return a ^ a >> 33;
#endif
}

/* Of the part of @p that @t looks at.  The salt is a secret: who can choose
 * addresses of rules, because an automaton makes rules of what he sends, can't
 * choose such as collide.
 */
static inline u64 tq_tuple_hash(const struct tq_tuple *t, const struct tq_point *p)
{
	const u64 salt = t->salt, *m = t->mask.w;
	u64 h = salt;

	if (t->words == 1) {
		h ^= p->w[0] & m[0];
	} else if (t->words) {
		h ^= tq_mum((p->w[0] & m[0]) ^ salt,
			    (p->w[1] & m[1]) ^ 0xa0761d6478bd642fULL);
		h ^= tq_mum((p->w[2] & m[2]) ^ rol64(salt, 17),
			    (p->w[3] & m[3]) ^ 0xe7037ed1a0b428dbULL);
	}
	h = tq_mum(h, (p->w[TQ_POINT_REST] & m[TQ_POINT_REST]) ^ rol64(salt, 32));
	h ^= h >> 32;
	return h * 0x9e3779b97f4a7c15ULL;
}

static inline u64 tq_addr6_half(const union nf_inet_addr *a, unsigned int half)
{
	return (u64)ntohl(a->ip6[2 * half]) << 32 | ntohl(a->ip6[2 * half + 1]);
}

/* Where the packet of @key is; w[1] to w[3] only of IPv6. */
static inline void tq_point_of_key(struct tq_point *p, const struct tq_key *key, bool v4)
{
	if (v4) {
		p->w[0] = (u64)ntohl(key->src.ip) << 32 | ntohl(key->dst.ip);
	} else {
		p->w[0] = tq_addr6_half(&key->src, 0);
		p->w[1] = tq_addr6_half(&key->src, 1);
		p->w[2] = tq_addr6_half(&key->dst, 0);
		p->w[3] = tq_addr6_half(&key->dst, 1);
	}
	p->w[TQ_POINT_REST] = (u64)key->proto << 32 | (u32)key->sport << 16 | key->dport;
}

/* The length that @s has in a dimension; 0: it does not care. */
unsigned int tq_shape_id(const struct tq_shape *s, unsigned int dim);
/* Which bits of which two words of a point a length is about. */
void tq_cut_mask(u8 family, unsigned int dim, unsigned int id, u8 w[2], u64 m[2]);

/* The lowest key of the packets of @m or @v. */
void tq_point_of_match(struct tq_point *p, const struct tq_match *m);
void tq_point_of(struct tq_point *p, const struct tq_version *v);
/* Does @v have the key in @t that @at has? */
bool tq_tuple_has_key(const struct tq_tuple *t, const struct tq_version *v,
		      const struct tq_point *at);

/* The tuple under which to keep @v, made if need be; @at: of @v.  ERR_PTR(-ENOMEM). */
struct tq_tuple *tq_tuple_for(struct tq_classifier *c, const struct tq_version *v,
			      const struct tq_point *at);
/* @t has one version more, at @at, or one less; without any it is gone. */
void tq_tuple_count(struct tq_classifier *c, struct tq_tuple *t, const struct tq_version *v,
		    const struct tq_point *at);
void tq_tuple_uncount(struct tq_classifier *c, struct tq_tuple *t);

#endif /* _TQ_TUPLES_H */
