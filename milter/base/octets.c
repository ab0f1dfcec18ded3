/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text in whole runs. The vectors are those of GNU C: gcc and clang make
 * instructions for 16 octets of them, and loops where a machine has none.
 */
#include "base/octets.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

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

static bool
octets_is_odd_blank(char c, char next)
{
	return c == '\t' || (c == ' ' && (char_is_wsp(next) || next == '\r'));
}

/* The same of 16, but for a blank that a tab follows: the tab is one of them. */
static inline octets_vector
octets_odd_blanks(const char *data)
{
	octets_vector v = octets_load(data), next = octets_load(data + 1);

	return octets_equal(v, '\t') |
	    (octets_equal(v, ' ') &
		(octets_equal(next, ' ') | octets_equal(next, '\r')));
}

size_t
octets_before_blanks(struct slice text)
{
	size_t i = 0, last = text.len > 0 ? text.len - 1 : 0;

	while (i + 2 * VECTOR_OCTETS <= last &&
	    !octets_any(octets_odd_blanks(text.data + i) |
		octets_odd_blanks(text.data + i + VECTOR_OCTETS)))
		i += 2 * VECTOR_OCTETS;
	/* A tab here may have a blank before it. */
	if (i > 0)
		i--;
	while (i < last && !octets_is_odd_blank(text.data[i], text.data[i + 1]))
		i++;
	return i < last ? i : text.len;
}

/* Whether a line that begins with it may be more than text of a body. */
static bool
octets_may_begin(char c)
{
	return c == '-' || char_lower(c) == 'c';
}

/* Of pairs of octets in a line, those that stand alone, and all there are. */
struct octets_marks {
	octets_vector alone, all;
};

/* Ends of lines at 16 places behind which one begins that may be more than text. */
static inline octets_vector
octets_mark(const char *data, struct octets_marks *marks)
{
	octets_vector v = octets_load(data), next = octets_load(data + 1);

	marks->alone |= octets_equal(v, '\r') ^ octets_equal(next, '\n');
	marks->all |= v;
	return octets_equal(v, '\n') &
	    (octets_equal(next, '-') | octets_equal(next | 0x20, 'c'));
}

size_t
octets_to_line(struct slice text, size_t from, struct octets_seen *seen)
{
	enum { PAIR_OCTETS = 2 * VECTOR_OCTETS };
	struct octets_marks marks = { .all = { 0 } };
	octets_vector first = { 0 }, second = { 0 };
	size_t i = from;

	for (; i + PAIR_OCTETS < text.len; i += PAIR_OCTETS) {
		first = octets_mark(text.data + i, &marks);
		second = octets_mark(text.data + i + VECTOR_OCTETS, &marks);
		if (octets_any(first | second))
			break;
	}
	seen->is_odd = seen->is_odd || octets_any(marks.alone) ||
	    (from == 0 && text.len > 0 && text.data[0] == '\n');
	seen->is_8bit = seen->is_8bit || octets_any(marks.all & 0x80);
	if (octets_any(first | second))
		return i + 1 +
		    (octets_any(first) ? octets_first(first) :
					 VECTOR_OCTETS + octets_first(second));
	for (; i + 1 < text.len; i++) {
		char c = text.data[i], next = text.data[i + 1];

		seen->is_odd = seen->is_odd || (c == '\r') != (next == '\n');
		seen->is_8bit = seen->is_8bit || char_is_8bit(c);
		if (c == '\n' && octets_may_begin(next))
			return i + 1;
	}
	return text.len;
}

static bool
octet_is_control(char c)
{
	return char_is_control(c) && c != '\t' && c != '\n';
}

bool
octets_have_controls(struct slice text)
{
	octets_vector controls = { 0 };
	bool found = false;
	size_t i = 0;

	for (; i + VECTOR_OCTETS <= text.len; i += VECTOR_OCTETS) {
		octets_vector v = octets_load(text.data + i);

		controls |= (~octets_from(v, 0x20) & ~octets_equal(v, '\t') &
				~octets_equal(v, '\n')) |
		    octets_equal(v, 0x7f);
	}
	for (; i < text.len; i++)
		found = found || octet_is_control(text.data[i]);
	return found || octets_any(controls);
}

/* The sum of the octets of a vector. */
static size_t
octets_sum(octets_vector v)
{
	size_t sum = 0;

	for (size_t i = 0; i < VECTOR_OCTETS; i++)
		sum += v[i];
	return sum;
}

size_t
octets_8bit(struct slice text)
{
	enum { FULL = 255 * VECTOR_OCTETS };
	size_t count = 0, i = 0;

	while (i + VECTOR_OCTETS <= text.len) {
		octets_vector counts = { 0 };
		size_t end = text.len - i > FULL ? i + FULL : text.len;

		/* An octet of it holds 255 at most. */
		for (; i + VECTOR_OCTETS <= end; i += VECTOR_OCTETS)
			counts += octets_load(text.data + i) >> 7;
		count += octets_sum(counts);
	}
	for (; i < text.len; i++)
		count += char_is_8bit(text.data[i]);
	return count;
}

/* Octets that do not stand where RFC 3629 section 4 wants their kind. */
static inline octets_vector
octets_misplaced(const char *data)
{
	octets_vector v = octets_load(data);
	octets_vector is_next = octets_equal(v & 0xc0, (char)0x80);
	octets_vector want_next = octets_from(octets_load(data - 1), 0xc0) |
	    octets_from(octets_load(data - 2), 0xe0) |
	    octets_from(octets_load(data - 3), 0xf0);

	return (is_next ^ want_next) | octets_equal(v & 0xfe, (char)0xc0) |
	    octets_from(v, 0xf5);
}

/* The same for one octet; *more is how many still belong to a character. */
static bool
octets_in_place(unsigned char c, unsigned int *more)
{
	if (*more > 0) {
		(*more)--;
		return (c & 0xc0) == 0x80;
	}
	if (c >= 0x80)
		*more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	return c < 0x80 || (c >= 0xc2 && c <= 0xf4);
}

bool
octets_have_utf8_form(struct slice text)
{
	enum { BEFORE = 3 };
	octets_vector misplaced = { 0 };
	unsigned int more = 0;
	size_t i = 0;

	if (text.len >= BEFORE + VECTOR_OCTETS) {
		for (i = BEFORE; i + VECTOR_OCTETS <= text.len;
		     i += VECTOR_OCTETS)
			misplaced |= octets_misplaced(text.data + i);
		misplaced |=
		    octets_misplaced(text.data + text.len - VECTOR_OCTETS);
		if (octets_any(misplaced))
			return false;
		/* What the vectors looked at only as what stands before. */
		for (i = 0; i < BEFORE; i++) {
			if (!octets_in_place(
				(unsigned char)text.data[i], &more))
				return false;
		}
		more = 0;
		/* Behind the last character that begins within the text. */
		i = text.len - BEFORE;
		while (i < text.len &&
		    ((unsigned char)text.data[i] & 0xc0) == 0x80)
			i++;
	}
	for (; i < text.len; i++) {
		if (!octets_in_place((unsigned char)text.data[i], &more))
			return false;
	}
	return more == 0;
}

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
