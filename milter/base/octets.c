/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text in whole runs. The vectors are those of GNU C: gcc and clang make
 * instructions for 16 octets of them, and loops where a machine has none.
 */
#include "base/octets.h"

#include <stdint.h>
#include <string.h>

typedef unsigned char octets_vector __attribute__((vector_size(16)));
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

static bool
octets_is_odd_blank(char c, char next)
{
	return c == '\t' || (c == ' ' && (char_is_wsp(next) || next == '\r'));
}

static inline octets_vector
octets_odd_blanks(const char *data)
{
	octets_vector v = octets_load(data), next = octets_load(data + 1);

	return octets_equal(v, '\t') |
	    (octets_equal(v, ' ') &
		(octets_equal(next, ' ') | octets_equal(next, '\t') |
		    octets_equal(next, '\r')));
}

size_t
octets_before_blanks(struct slice text)
{
	size_t i = 0, last = text.len > 0 ? text.len - 1 : 0;

	while (i + 2 * VECTOR_OCTETS <= last &&
	    !octets_any(octets_odd_blanks(text.data + i) |
		octets_odd_blanks(text.data + i + VECTOR_OCTETS)))
		i += 2 * VECTOR_OCTETS;
	while (i < last && !octets_is_odd_blank(text.data[i], text.data[i + 1]))
		i++;
	return i < last ? i : text.len;
}

/* For each pair of octets in line: a NUL, CR or LF that stands alone. */
static inline octets_vector
octets_alone(const char *data)
{
	octets_vector v = octets_load(data), next = octets_load(data + 1);

	return (octets_equal(v, '\r') ^ octets_equal(next, '\n')) |
	    octets_equal(v, '\0');
}

bool
octets_are_lines(struct slice text)
{
	octets_vector alone = { 0 };
	size_t pairs = text.len > 0 ? text.len - 1 : 0, i = 0;
	bool is_alone = text.len > 0 &&
	    (text.data[0] == '\n' || text.data[pairs] == '\r' ||
		text.data[pairs] == '\0');

	for (; i + VECTOR_OCTETS <= pairs; i += VECTOR_OCTETS)
		alone |= octets_alone(text.data + i);
	if (i < pairs && pairs >= VECTOR_OCTETS) {
		alone |= octets_alone(text.data + pairs - VECTOR_OCTETS);
		i = pairs;
	}
	for (; i < pairs; i++)
		is_alone = is_alone || text.data[i] == '\0' ||
		    (text.data[i] == '\r') != (text.data[i + 1] == '\n');
	return !is_alone && !octets_any(alone);
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
