/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_OCTETS_PRIV_H
#define SUBMILTER_BASE_OCTETS_PRIV_H

/*
 * 16 octets at once. The vectors are those of GNU C: gcc and clang make
 * instructions for 16 octets of them, and loops where a machine has none.
 */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/octets.h"

typedef unsigned char octets_vector __attribute__((vector_size(16)));
typedef signed char octets_signed __attribute__((vector_size(16)));
enum { VECTOR_OCTETS = 16 };

/* An octet compared is all ones or all zeros. */
static inline octets_vector
octets_equal(octets_vector v, char c)
{
	return (octets_vector)(v == (unsigned char)c);
}

static inline octets_vector
octets_from(octets_vector v, unsigned char low)
{
	return (octets_vector)(v >= low);
}

/* 8-bit octets are below all others here, which takes less to compare. */
static inline octets_vector
octets_above(octets_vector v, signed char limit)
{
	return (octets_vector)((octets_signed)v > limit);
}

static inline octets_vector
octets_load(const char *data)
{
	octets_vector v;

	memcpy(&v, data, sizeof(v));
	return v;
}

static inline bool
octets_any(octets_vector v)
{
	uint64_t halves[2];

	memcpy(halves, &v, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

/* The first octet of a comparison that is so; all: VECTOR_OCTETS. */
static inline size_t
octets_first(octets_vector is)
{
	uint64_t halves[2];

	memcpy(halves, &is, sizeof(halves));
	if (halves[0] != 0)
		return (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
	if (halves[1] != 0)
		return 8 + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8;
	return VECTOR_OCTETS;
}

#endif
