/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what the fuzzers share: how a property that does not hold ends the run.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define fuzz_fail(...) do {				\
	fprintf(stderr, "property: " __VA_ARGS__);	\
	fputc('\n', stderr);				\
	abort();					\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
