/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_RANDOM_TEXT_H
#define SUBMILTER_TESTS_RANDOM_TEXT_H

#include <stdint.h>

#include "base/str.h"

/* The same numbers in every run (xorshift). */
static inline size_t
random_below(uint64_t *state, size_t limit)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (size_t)(*state >> 11) % limit;
}

/* Pieces of a list, one behind the other, until there are `octets`. */
static inline struct slice
random_text(uint64_t *state, const struct slice *pieces, size_t count,
    size_t octets, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (buf.len < octets)
		strbuf_add(&buf, pieces[random_below(state, count)]);
	return strbuf_slice(&buf);
}

#endif
