/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 and quoted-printable in whole runs. */
#include <limits.h>

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

/* An octet in quoted-printable; a CR takes more room than there ever is. */
struct octets_code {
	char text[3];
	unsigned char len;
};
enum { NO_ROOM = UCHAR_MAX };

#define CODE(high, low)               \
	{                             \
		{ '=', high, low }, 3 \
	}
#define CODES_0_TO_7(h)                                                       \
	CODE(h, '0'), CODE(h, '1'), CODE(h, '2'), CODE(h, '3'), CODE(h, '4'), \
	    CODE(h, '5'), CODE(h, '6'), CODE(h, '7')
#define CODES_8_TO_F(h)                                                       \
	CODE(h, '8'), CODE(h, '9'), CODE(h, 'A'), CODE(h, 'B'), CODE(h, 'C'), \
	    CODE(h, 'D'), CODE(h, 'E'), CODE(h, 'F')
#define CODES(h) CODES_0_TO_7(h), CODES_8_TO_F(h)
#define ITSELF(c)        \
	{                \
		{ c }, 1 \
	}
#define THEMSELVES_4(c) ITSELF(c), ITSELF(c + 1), ITSELF(c + 2), ITSELF(c + 3)
#define THEMSELVES_12(c) \
	THEMSELVES_4(c), THEMSELVES_4(c + 4), THEMSELVES_4(c + 8)
#define THEMSELVES(c) THEMSELVES_12(c), THEMSELVES_4(c + 12)

static const struct octets_code octets_codes[UCHAR_MAX + 1] = {
	CODES_0_TO_7('0'),
	CODE('0', '8'),
	ITSELF('\t'),
	CODE('0', 'A'),
	CODE('0', 'B'),
	CODE('0', 'C'),
	{ { 0 }, NO_ROOM },
	CODE('0', 'E'),
	CODE('0', 'F'),
	CODES('1'),
	THEMSELVES(' '),
	THEMSELVES_12('0'),
	ITSELF('<'),
	CODE('3', 'D'),
	ITSELF('>'),
	ITSELF('?'),
	THEMSELVES('@'),
	THEMSELVES('P'),
	THEMSELVES('`'),
	THEMSELVES_12('p'),
	ITSELF('|'),
	ITSELF('}'),
	ITSELF('~'),
	CODE('7', 'F'),
	CODES('8'),
	CODES('9'),
	CODES('A'),
	CODES('B'),
	CODES('C'),
	CODES('D'),
	CODES('E'),
	CODES('F'),
};

/*
 * Copies 16 octets. How many of them, by eights, stand in quoted-printable as they
 * are.
 */
static inline size_t
octets_copy_eights(char *ret_copy, const char *octets)
{
	enum { EIGHT = VECTOR_OCTETS / 2 };
	octets_vector v = octets_load(octets), is = octets_special(v);
	uint64_t special[2];

	memcpy(ret_copy, &v, sizeof(v));
	memcpy(special, &is, sizeof(special));
	return special[0] != 0 ? 0 : special[1] != 0 ? EIGHT : VECTOR_OCTETS;
}

size_t
octets_in_quoted_printable(
    char *ret_quoted, size_t room, struct slice text, size_t *ret_len)
{
	enum { FEW = 8 };
	size_t in = 0, out = 0, end = 0;

	while (in == end && in < text.len) {
		size_t as_it_is = 0;

		if (in + VECTOR_OCTETS <= text.len &&
		    out + VECTOR_OCTETS <= room)
			as_it_is = octets_copy_eights(
			    ret_quoted + out, text.data + in);
		in += as_it_is;
		out += as_it_is;
		end = in;
		if (as_it_is < VECTOR_OCTETS)
			end = text.len - in > FEW ? in + FEW : text.len;
		for (; in < end; in++) {
			const struct octets_code *code =
			    &octets_codes[(unsigned char)text.data[in]];

			if (out + code->len > room)
				break;
			memcpy(ret_quoted + out, code, sizeof(*code));
			out += code->len;
		}
	}
	*ret_len = out;
	return in;
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
