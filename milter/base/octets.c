/* SPDX-License-Identifier: BSD-2-Clause */
/* Text in whole runs. */
#include "octets_priv.h"

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
