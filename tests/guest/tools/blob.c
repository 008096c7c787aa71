// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <string.h>

#include "blob.h"

/* The header of a match or target: size, name, revision. */
#define HEAD		32u
#define NAME		29u
#define MATCH_SIZE	(HEAD + (u32)sizeof(struct xt_tqueue_mtinfo))
#define TARGET_SIZE	(HEAD + (u32)sizeof(struct xt_tqueue_tginfo))
#define ERROR_SIZE	(HEAD + 32u)
#define ACCEPT		(-2)	/* as a standard target has it */

const struct blob_abi *blob_abi(int six, int compat)
{
	static const struct blob_abi abis[2][2] = {
		{ { 84, 112, 40, 8 }, { 84, 112, 36, 4 } },
		{ { 136, 168, 40, 8 }, { 136, 164, 36, 4 } },
	};

	return &abis[six][compat];
}

static u16 get16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void set16(u8 *p, u32 v)
{
	const u16 w = (u16)v;

	memcpy(p, &w, sizeof(w));
}

static u8 *target_offset(const struct blob_abi *abi, u8 *entry)
{
	return entry + abi->ip + 4;
}

static u8 *next_offset(const struct blob_abi *abi, u8 *entry)
{
	return entry + abi->ip + 6;
}

/* ---- infos ---- */

u32 blob_info(u8 *info, int target, struct rng *rng)
{
	struct xt_tqueue_tginfo tg = { 0 };
	struct xt_tqueue_mtinfo mt = { 0 };

	if (!target) {
		strcpy(mt.table, rng_below(rng, 2) ? "t" : "t2");
		mt.flags = rng_below(rng, 2);
		memcpy(info, &mt, sizeof(mt));
		return sizeof(mt);
	}
	if (rng_below(rng, 2)) {
		strcpy(tg.name, rng_below(rng, 2) ? "t" : "t2");
		tg.flags = XT_TQUEUE_TARGET_TABLE;
	} else {
		strcpy(tg.name, rng_below(rng, 2) ? "q" : "q2");
		if (rng_below(rng, 2)) {
			tg.flags |= XT_TQUEUE_TARGET_SNAPLEN;
			tg.snaplen = 1 + rng_below(rng, 3000);
		}
		if (rng_below(rng, 2)) {
			tg.flags |= XT_TQUEUE_TARGET_SAMPLE;
			tg.sample = 1 + rng_below(rng, 100);
		}
		if (rng_below(rng, 2))
			tg.flags |= XT_TQUEUE_TARGET_STEAL |
				    (rng_below(rng, 2) ? XT_TQUEUE_TARGET_ELSE_DROP : 0);
	}
	memcpy(info, &tg, sizeof(tg));
	return sizeof(tg);
}

void blob_spoil_info(u8 *info, int target, struct rng *rng)
{
	const u32 size = target ? sizeof(struct xt_tqueue_tginfo) : sizeof(struct xt_tqueue_mtinfo);
	static const char *const names[] = { "", ".", "-x", "a/b", "t ", "nosuch", "q", "t", "..", "t\1" };
	const u32 fields = size - TQUEUE_NAME_SIZE;

	switch (rng_below(rng, 6)) {
	case 0:		/* not terminated */
		memset(info, 't', TQUEUE_NAME_SIZE);
		break;
	case 1:
		memset(info, 0, TQUEUE_NAME_SIZE);
		strcpy((char *)info, names[rng_below(rng, ARRAY_SIZE(names))]);
		break;
	case 2:		/* a bit of the flags or of what is behind them */
		info[TQUEUE_NAME_SIZE + rng_below(rng, fields)] ^= (u8)(1 << rng_below(rng, 8));
		break;
	case 3:		/* a flag: known or the next ones */
		info[TQUEUE_NAME_SIZE] ^= (u8)(1 << rng_below(rng, 8));
		break;
	case 4:		/* the kernel's pointer */
		memset(info + size - 8, (int)rng_below(rng, 256), 8);
		break;
	default:
		info[rng_below(rng, size)] = (u8)rng_u64(rng);
	}
}

static const char *name_wrong(const char *name, const char *a, const char *b)
{
	if (!memchr(name, 0, TQUEUE_NAME_SIZE))
		return "a name without an end";
	return strcmp(name, a) && strcmp(name, b) ? "a name of nothing" : NULL;
}

const char *blob_info_wrong(const u8 *info, int target)
{
	static const u8 none[8];
	struct xt_tqueue_tginfo tg;
	struct xt_tqueue_mtinfo mt;

	if (!target) {
		memcpy(&mt, info, sizeof(mt));
		if (mt.flags & ~XT_TQUEUE_MATCH_INVERT || mt.reserved)
			return "an unknown bit of a match";
		if (memcmp(&mt.priv, none, sizeof(none)))
			return "a pointer of the kernel";
		return name_wrong(mt.table, "t", "t2");
	}
	memcpy(&tg, info, sizeof(tg));
	if (tg.flags >> 5 || tg.reserved)
		return "an unknown bit of a target";
	if (memcmp(&tg.priv, none, sizeof(none)))
		return "a pointer of the kernel";
	if (tg.flags & XT_TQUEUE_TARGET_TABLE && tg.flags != XT_TQUEUE_TARGET_TABLE)
		return "a table with a queue's options";
	if (tg.flags & XT_TQUEUE_TARGET_ELSE_DROP && !(tg.flags & XT_TQUEUE_TARGET_STEAL))
		return "else without steal";
	if (!(tg.flags & XT_TQUEUE_TARGET_SAMPLE) != !tg.sample ||
	    !(tg.flags & XT_TQUEUE_TARGET_SNAPLEN) != !tg.snaplen)
		return "a number without its flag";
	return tg.flags & XT_TQUEUE_TARGET_TABLE ? name_wrong(tg.name, "t", "t2") :
						   name_wrong(tg.name, "q", "q2");
}

/* ---- entries ---- */

static void add_part(struct blob *b, const char *name, u32 size, int target)
{
	u8 *at = b->bytes + b->len;

	memset(at, 0, size);
	set16(at, size);
	strcpy((char *)at + 2, name);
	if (!strcmp(name, "tqueue") || !strcmp(name, "TQUEUE"))
		b->part[b->parts++] = (struct blob_part){ b->len, target };
	b->len += size;
}

static u8 *begin_entry(struct blob *b)
{
	u8 *e = b->bytes + b->len;

	memset(e, 0, b->abi->entry);
	b->len += b->abi->entry;
	b->entries++;
	return e;
}

static void add_standard(struct blob *b)
{
	const int verdict = ACCEPT;

	add_part(b, "", b->abi->standard, 1);
	memcpy(b->bytes + b->len - b->abi->standard + HEAD, &verdict, sizeof(verdict));
}

static void end_entry(struct blob *b, u8 *e, u32 target)
{
	set16(target_offset(b->abi, e), target - (u32)(e - b->bytes));
	set16(next_offset(b->abi, e), b->len - (u32)(e - b->bytes));
}

static void add_rule(struct blob *b, struct rng *rng)
{
	u8 *e = begin_entry(b);
	u32 n = rng_below(rng, 3), target;

	while (n--) {
		add_part(b, "tqueue", MATCH_SIZE, 0);
		blob_info(b->bytes + b->len - MATCH_SIZE + HEAD, 0, rng);
	}
	target = b->len;
	if (rng_below(rng, 3)) {
		add_part(b, "TQUEUE", TARGET_SIZE, 1);
		blob_info(b->bytes + b->len - TARGET_SIZE + HEAD, 1, rng);
	} else {
		add_standard(b);
	}
	end_entry(b, e, target);
}

void blob_make(struct blob *b, const struct blob_abi *abi, struct rng *rng, u32 rules)
{
	u32 hook, n, target;
	u8 *e;

	memset(b, 0, sizeof(*b));
	b->abi = abi;
	for (hook = 1; hook <= 3; hook++) {	/* input, forward, output */
		b->hook_entry[hook] = b->len;
		for (n = rules ? rng_below(rng, rules + 1) : 0; n; n--)
			add_rule(b, rng);
		b->underflow[hook] = b->len;
		e = begin_entry(b);
		target = b->len;
		add_standard(b);
		end_entry(b, e, target);
	}
	e = begin_entry(b);
	target = b->len;
	add_part(b, "ERROR", ERROR_SIZE, 1);
	strcpy((char *)b->bytes + b->len - ERROR_SIZE + HEAD, "ERROR");
	end_entry(b, e, target);
}

static u32 odd_size(u32 size, struct rng *rng)
{
	static const int by[] = { -8, 8, -4, 4, -1, 1, 16, -32 };

	return rng_below(rng, 6) ? size + (u32)by[rng_below(rng, ARRAY_SIZE(by))] : (u32)rng_u64(rng);
}

static void spoil_part(struct blob *b, const struct blob_part *p, struct rng *rng)
{
	static const char *const names[] = { "tqueue", "TQUEUE", "tqueue\0x", "TQUEU", "", "mark", "ERROR" };
	u8 *at = b->bytes + p->at;

	switch (rng_below(rng, 8)) {
	case 0:
		set16(at, odd_size(get16(at), rng));
		break;
	case 1:
		memset(at + 2, 0, NAME);
		memcpy(at + 2, names[rng_below(rng, ARRAY_SIZE(names))], 7);
		break;
	case 2:
		memset(at + 2, 'T', NAME);
		break;
	case 3:		/* revision */
		at[2 + NAME] = (u8)(1 + rng_below(rng, 255));
		break;
	default:
		blob_spoil_info(at + HEAD, p->target, rng);
	}
}

void blob_spoil(struct blob *b, struct rng *rng)
{
	u32 n = 1 + rng_below(rng, 3) / 2, hook;
	u8 *e;

	while (n--) {
		if (b->parts && rng_below(rng, 4)) {
			spoil_part(b, &b->part[rng_below(rng, b->parts)], rng);
			continue;
		}
		switch (rng_below(rng, 7)) {
		case 0:
			e = b->bytes + b->hook_entry[1 + rng_below(rng, 3)];
			e = rng_below(rng, 2) ? target_offset(b->abi, e) : next_offset(b->abi, e);
			set16(e, odd_size(get16(e), rng));
			break;
		case 1:
			hook = rng_below(rng, BLOB_HOOKS);
			b->hook_entry[hook] = odd_size(b->hook_entry[hook], rng);
			break;
		case 2:
			hook = rng_below(rng, BLOB_HOOKS);
			b->underflow[hook] = odd_size(b->underflow[hook], rng);
			break;
		case 3:
			b->entries = rng_below(rng, 2) ? b->entries + 1 - 2 * rng_below(rng, 2) : (u32)rng_u64(rng);
			break;
		case 4:		/* cut off; never longer than what is there */
			b->len -= rng_below(rng, 2) ? 8 : rng_below(rng, b->len);
			break;
		default:
			b->bytes[rng_below(rng, b->len)] ^= (u8)(1 << rng_below(rng, 8));
		}
	}
}

/* ---- what is listed ---- */

static const char *part_wrong(const u8 *at, u32 room, int target, u32 *n)
{
	const u32 size = target ? TARGET_SIZE : MATCH_SIZE;
	const char *name = (const char *)at + 2;

	if (room < HEAD || get16(at) < HEAD || get16(at) > room || !memchr(name, 0, NAME))
		return "a header that can't be";
	if (strcmp(name, target ? "TQUEUE" : "tqueue"))
		return NULL;
	++*n;
	if (get16(at) != size || at[2 + NAME])
		return "another size or revision";
	return blob_info_wrong(at + HEAD, target);
}

const char *blob_wrong(const struct blob_abi *abi, const u8 *bytes, u32 len, u32 *n)
{
	u32 at = 0, part;

	*n = 0;
	while (at < len) {
		u8 *e = (u8 *)bytes + at;
		const u32 next = len - at < abi->entry ? 0 : get16(next_offset(abi, e));
		const u32 target = next ? get16(target_offset(abi, e)) : 0;
		const char *wrong;

		if (next > len - at || target < abi->entry || target + HEAD > next)
			return "an entry that can't be";
		for (part = abi->entry; part < target; part += get16(e + part)) {
			wrong = part_wrong(e + part, target - part, 0, n);
			if (wrong)
				return wrong;
		}
		wrong = part_wrong(e + target, next - target, 1, n);
		if (wrong)
			return wrong;
		at += next;
	}
	return NULL;
}
