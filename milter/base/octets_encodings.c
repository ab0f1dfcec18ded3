/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 and quoted-printable in whole runs. */
#include "octets_priv.h"

bool
octets_16_are_base64(const char octets[16])
{
	octets_vector v = octets_load(octets), lower = v | 0x20;
	octets_vector letter =
	    octets_from(lower, 'a') & ~octets_from(lower, 'z' + 1);
	octets_vector digit = octets_from(v, '0') & ~octets_from(v, '9' + 1);
	/* '+' and '/' */
	octets_vector known = letter | digit | octets_equal(v, '+') |
	    octets_equal(v, '/') | octets_equal(v, '=');

	return !octets_any(~known);
}

static inline bool
octets_is_plain(char c)
{
	return c == '\t' || (c >= ' ' && c < 0x7f && c != '=');
}

/* The same of 16 octets: which are not plain. */
static inline octets_vector
octets_special(octets_vector v)
{
	octets_vector text = octets_above(v, ' ' - 1);

	return ~(text | octets_equal(v, '\t')) | octets_equal(v, 0x7f) |
	    octets_equal(v, '=');
}

size_t
octets_copy_printable(char *ret_copy, struct slice text, size_t max)
{
	size_t i = 0;

	for (; i < max && i + VECTOR_OCTETS <= text.len; i += VECTOR_OCTETS) {
		octets_vector v = octets_load(text.data + i);
		octets_vector special = octets_special(v);

		memcpy(ret_copy + i, &v, sizeof(v));
		/* A branch: where the next ones are does not wait for this. */
		if (octets_any(special)) {
			i += octets_first(special);
			return i < max ? i : max;
		}
	}
	for (; i < max && i < text.len && octets_is_plain(text.data[i]); i++)
		ret_copy[i] = text.data[i];
	return i < max ? i : max;
}

typedef uint64_t octets_lanes __attribute__((vector_size(16)));

/* 48 bits at a place, in the order of the octets. */
static inline uint64_t
octets_48_bits(const char *octets, unsigned int skipped)
{
	uint64_t bits;

	memcpy(&bits, octets, sizeof(bits));
	return be64toh(bits) << skipped >> 16;
}

/* 12 octets as 16 digits. */
static inline void
octets_12_in_base64(char *ret_digits, const char *octets)
{
	octets_lanes bits = { octets_48_bits(octets, 0),
		octets_48_bits(octets + 4, 16) };
	octets_vector v;

	/* Each lane is halved until a digit has an octet, the first the lowest. */
	bits = (bits >> 24) | (bits & 0xffffff) << 32;
	bits = ((bits >> 12) & 0xfff00000fff) | (bits & 0xfff00000fff) << 16;
	bits =
	    ((bits >> 6) & 0x3f003f003f003f) | (bits & 0x3f003f003f003f) << 8;
	bits = (octets_lanes){ htole64(bits[0]), htole64(bits[1]) };
	memcpy(&v, &bits, sizeof(v));
	/* From the digit's value to its octet (RFC 4648 section 4). */
	v += 'A' + (octets_above(v, 25) & ('a' - 'Z' - 1)) -
	    (octets_above(v, 51) & ('z' + 1 - '0')) -
	    (octets_above(v, 61) & ('9' + 1 - '+')) +
	    (octets_above(v, 62) & ('/' - '+' - 1));
	memcpy(ret_digits, &v, sizeof(v));
}

void
octets_57_in_base64(char ret_digits[76], const char octets[57])
{
	for (size_t i = 0; i < 4; i++)
		octets_12_in_base64(ret_digits + i * 16, octets + i * 12);
	/* The last ones begin within those before. */
	octets_12_in_base64(ret_digits + 60, octets + 45);
}
