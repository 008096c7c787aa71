/* SPDX-License-Identifier: GPL-2.0-only */
/* lib_check.h - what the tests of libtqueue expect to come next. */
#ifndef TQUEUE_LIB_CHECK_H
#define TQUEUE_LIB_CHECK_H

#include <errno.h>

#include "fake_map.h"
#include "libtqueue.h"

/* The next record is message @seq of @ring, byte for byte. */
static inline const struct tqueue_record *check(struct tqueue *q, unsigned int ring, uint64_t seq)
{
	const struct tqueue_record *rec;
	const unsigned char *p;
	uint32_t i;

	assert_int_equal(tqueue_next(q, &rec), 1);
	assert_int_equal(rec->type, TQUEUE_RECORD_MESSAGE);
	assert_int_equal(rec->cpu, ring);
	assert_int_equal(rec->seq, seq);
	p = tqueue_payload(rec);
	for (i = 0; i < rec->caplen; i++)
		if (p[i] != fake_byte(seq, i))
			fail_msg("byte %u of message %u", i, (unsigned int)seq);
	return rec;
}

static inline void check_empty(struct tqueue *q)
{
	const struct tqueue_record *rec;

	assert_int_equal(tqueue_next(q, &rec), -EAGAIN);
}

#endif
