// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "exact.h"

void exact_parse(struct exact *e, const char *text)
{
	u8 *m = e->macs;
	int end = 0;

	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %n", &m[0], &m[1],
		   &m[2], &m[3], &m[4], &m[5], &m[6], &m[7], &m[8], &m[9], &m[10], &m[11], &end) != 12 || !end)
		die("no two MAC addresses: %s", text);
	spec_parse(&e->spec, text + end);
}

static u64 number_of(const u8 *p, u32 len)
{
	u64 n = 0;
	u32 i;

	for (i = len < 8 ? len : 8; i; i--)
		n = n << 8 | p[len - i];
	return n;
}

void exact_check(const struct exact *e, struct exact_seen *seen, struct reader *r,
		 const struct tqueue_record *rec, const u8 *payload)
{
	u8 want[PKT_MAX];
	u64 number, *next;
	u32 thread, i;
	size_t len;

	if (rec->type != TQUEUE_RECORD_PACKET)
		return;
	number = number_of(payload, rec->caplen);
	thread = (u32)(number >> 56) % EXACT_THREADS;
	number &= ~(0xffull << 56);
	memcpy(want, e->macs, sizeof(e->macs));
	len = spec_build(&e->spec, thread, number, want);
	if (rec->caplen != len || rec->origlen != len) {
		rec_bad(r, "seq %llu: %u of %u bytes, want %zu", (unsigned long long)rec->seq, rec->caplen,
			rec->origlen, len);
		return;
	}
	for (i = 0; i < len; i++)
		if (payload[i] != want[i]) {
			rec_bad(r, "seq %llu, packet %llu: byte %u is %#x, want %#x",
				(unsigned long long)rec->seq, (unsigned long long)number, i, payload[i],
				want[i]);
			return;
		}
	ledger_add(&seen->numbers, &(struct span){ thread, 0, number, 1 });
	next = &seen->next[rec->cpu % REC_CPUS][thread];
	seen->disorder += number < *next;
	*next = number + 1;
}
