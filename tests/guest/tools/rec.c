// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rec.h"

void ledger_add(struct ledger *l, const struct span *s)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 4096;
		l->span = xrealloc(l->span, l->room * sizeof(*l->span));
	}
	l->span[l->n++] = *s;
}

static int span_cmp(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void ledger_sum(struct ledger *l, struct ledger_sum *sum)
{
	size_t i;

	memset(sum, 0, sizeof(*sum));
	qsort(l->span, l->n, sizeof(*l->span), span_cmp);
	for (i = 0; i < l->n; i++) {
		const struct span *s = &l->span[i];
		u64 *next = &sum->next[s->cpu % REC_CPUS];

		*(s->lost ? &sum->lost : &sum->read) += s->n;
		if (s->seq > *next)
			sum->missing += s->seq - *next;
		else if (s->seq < *next)
			sum->twice += *next - s->seq < s->n ? *next - s->seq : s->n;
		if (s->seq + s->n > *next)
			*next = s->seq + s->n;
	}
}

void rec_bad(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->bad++ >= 10)
		return;
	fputs("# bad record: ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int all_zero(const u8 *p, size_t n)
{
	while (n--)
		if (*p++)
			return 0;
	return 1;
}

static void check_packet(struct reader *r, const struct tqueue_record *rec, const u8 *payload)
{
	int cut = !!(rec->flags & TQUEUE_RECORD_F_TRUNCATED);
	u32 known = TQUEUE_RECORD_F_TRUNCATED | TQUEUE_RECORD_F_GSO |
		    TQUEUE_RECORD_F_CSUM_PARTIAL | TQUEUE_RECORD_F_VLAN |
		    TQUEUE_RECORD_F_STOLEN;

	r->packets++;
	if (rec->flags & ~known)
		rec_bad(r, "flags %#x", rec->flags);
	if (rec->caplen > rec->origlen || cut != (rec->caplen < rec->origlen))
		rec_bad(r, "caplen %u origlen %u flags %#x", rec->caplen, rec->origlen, rec->flags);
	if (!(rec->flags & TQUEUE_RECORD_F_GSO) != !rec->gso_size)
		rec_bad(r, "flags %#x gso_size %u", rec->flags, rec->gso_size);
	if (!(rec->flags & TQUEUE_RECORD_F_VLAN) && (rec->vlan_tci || rec->vlan_proto))
		rec_bad(r, "vlan_tci %#x without the flag", rec->vlan_tci);
	if (rec->linktype == TQUEUE_LINKTYPE_ETHERNET ? rec->mac_len < 14 :
	    rec->linktype == TQUEUE_LINKTYPE_RAW ? rec->mac_len != 0 : 1)
		rec_bad(r, "linktype %u mac_len %u", rec->linktype, rec->mac_len);
	if (rec->family != TQUEUE_FAMILY_IPV4 && rec->family != TQUEUE_FAMILY_IPV6)
		rec_bad(r, "family %u", rec->family);
	else if (!(r->raw && !rec->rule) && rec->caplen > rec->mac_len &&
		 payload[rec->mac_len] >> 4 != (rec->family == TQUEUE_FAMILY_IPV4 ? 4 : 6))
		rec_bad(r, "family %u, first byte %#x", rec->family, payload[rec->mac_len]);
	if (rec->verdict > TQUEUE_VERDICT_MATCH || rec->hook > TQUEUE_HOOK_EGRESS)
		rec_bad(r, "verdict %u hook %u", rec->verdict, rec->hook);
	if (!rec->rule)
		r->unmatched++;
	else if (!rec->table || !rec->verdict)
		rec_bad(r, "rule %#llx table %u verdict %u", (unsigned long long)rec->rule,
			rec->table, rec->verdict);
}

static void check_generation(struct reader *r, const struct tqueue_record *rec)
{
	u32 set = (u32)(rec->rule >> 32);
	u32 cpu = rec->cpu, slot = rec->generation % REC_SETS;

	/* A later packet of a CPU sees the same table or a newer one. */
	if (r->gen_seen[cpu] && (int32_t)(rec->generation - r->gen[cpu]) < 0)
		rec_bad(r, "cpu %u: generation %u after %u", cpu, rec->generation, r->gen[cpu]);
	r->gen_seen[cpu] = 1;
	r->gen[cpu] = rec->generation;
	if (!r->sets[slot].valid || r->sets[slot].gen != rec->generation) {
		r->generations++;
		r->sets[slot].valid = 1;
		r->sets[slot].gen = rec->generation;
		r->sets[slot].set = set;
	} else if (r->sets[slot].set != set) {
		rec_bad(r, "generation %u: rules of sets %u and %u", rec->generation,
			r->sets[slot].set, set);
	}
}

static void check_lost(struct reader *r, const struct tqueue_record *rec, const u8 *payload)
{
	struct tqueue_lost lost;
	u64 sum = 0;
	int i;

	r->lost_records++;
	if (rec->caplen < sizeof(lost)) {
		rec_bad(r, "lost record of %u bytes", rec->caplen);
		return;
	}
	memcpy(&lost, payload, sizeof(lost));
	for (i = 0; i < TQUEUE_LOSS_SLOTS; i++) {
		sum += lost.cause[i];
		r->cause[i] += lost.cause[i];
	}
	r->lost += lost.count;
	if (!lost.count || sum != lost.count || lost.cause[0])
		rec_bad(r, "lost %llu, by cause %llu", (unsigned long long)lost.count,
			(unsigned long long)sum);
	ledger_add(&r->ledger, &(struct span){ rec->cpu, 1, rec->seq, lost.count });
	if (rec->cpu < REC_CPUS)
		r->next[rec->cpu] = rec->seq + lost.count;
}

static void check_record(struct reader *r, const struct tqueue_record *rec, const u8 *payload)
{
	r->bytes += rec->len;
	if (rec->reserved)
		rec_bad(r, "reserved %#x", rec->reserved);
	if (r->queue && rec->queue != r->queue)
		rec_bad(r, "queue %u", rec->queue);
	if (rec->cpu >= REC_CPUS) {
		rec_bad(r, "cpu %u", rec->cpu);
		return;
	}
	if (rec->seq < r->next[rec->cpu])
		rec_bad(r, "cpu %u: seq %llu after %llu", rec->cpu,
			(unsigned long long)rec->seq, (unsigned long long)r->next[rec->cpu]);
	if (rec->mono_ns < r->mono[rec->cpu])
		rec_bad(r, "cpu %u: time goes back at seq %llu", rec->cpu,
			(unsigned long long)rec->seq);
	r->mono[rec->cpu] = rec->mono_ns;
	if (rec->type != TQUEUE_RECORD_PACKET && rec->linktype != TQUEUE_LINKTYPE_NONE)
		rec_bad(r, "type %u with linktype %u", rec->type, rec->linktype);

	switch (rec->type) {
	case TQUEUE_RECORD_LOST:
		check_lost(r, rec, payload);
		return;
	case TQUEUE_RECORD_PACKET:
		check_packet(r, rec, payload);
		if (r->check_sets)
			check_generation(r, rec);
		break;
	case TQUEUE_RECORD_MESSAGE:
		r->messages++;
		break;
	default:
		rec_bad(r, "type %u", rec->type);
		return;
	}
	r->records++;
	r->next[rec->cpu] = rec->seq + 1;
	ledger_add(&r->ledger, &(struct span){ rec->cpu, 0, rec->seq, 1 });
}

size_t rec_parse(struct reader *r, const u8 *buf, size_t len, int open_end,
		 rec_fn fn, void *arg)
{
	size_t at = 0;

	while (at < len) {
		struct tqueue_record rec;
		size_t used;

		if (len - at < sizeof(rec)) {
			if (!open_end || !all_zero(buf + at, len - at))
				rec_bad(r, "%zu bytes at the end", len - at);
			break;
		}
		memcpy(&rec, buf + at, sizeof(rec));
		if (open_end && !rec.len)
			break;
		used = rec.hdr_len + (size_t)rec.caplen;
		if (rec.len % 8 || rec.hdr_len % 8 || rec.hdr_len < sizeof(rec) ||
		    used > rec.len || rec.len - used >= 8 || rec.len > len - at) {
			rec_bad(r, "at %zu of %zu: len %u hdr_len %u caplen %u", at, len,
				rec.len, rec.hdr_len, rec.caplen);
			break;
		}
		if (!all_zero(buf + at + used, rec.len - used))
			rec_bad(r, "padding of seq %llu", (unsigned long long)rec.seq);
		check_record(r, &rec, buf + at + rec.hdr_len);
		if (fn)
			fn(&rec, buf + at + rec.hdr_len, arg);
		at += rec.len;
	}
	return at;
}
