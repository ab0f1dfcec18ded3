/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control characters in fields that will be signed: verifiers disagree whether
 * vertical tab, form feed and the like are white space. Some programs end a line
 * at one of them, and would read any field as several, one of them From.
 */
#include "repair_priv.h"

/* Octets of a control character or line separator in UTF-8; 0: none. */
static size_t
utf8_control(struct slice s)
{
	if (slice_starts(s, SLICE("\xe2\x80\xa8")) ||
	    slice_starts(s, SLICE("\xe2\x80\xa9")))
		return 3;
	return s.len > 1 && s.data[0] == '\xc2' &&
	    (unsigned char)s.data[1] < 0xa0 ? 2 : 0;
}

/*
 * NEL of the ISO 8859 charsets. Beside other 8-bit octets it may be half of a
 * character of a charset that nobody has named.
 */
static bool
is_lone_nel(struct slice value, size_t at)
{
	return value.data[at] == '\x85' &&
	    (at == 0 || !char_is_8bit(value.data[at - 1])) &&
	    (at + 1 == value.len || !char_is_8bit(value.data[at + 1]));
}

/* Octets of what becomes a blank; 0: it stays. */
static size_t
control_at(struct slice value, size_t at, bool utf8, bool nel)
{
	char c = value.data[at];

	if (char_is_control(c))
		return c != '\t' && c != '\n';
	if (!char_is_8bit(c))
		return 0;
	if (utf8)
		return utf8_control(slice_from(value, at));
	return nel && is_lone_nel(value, at);
}

/*
 * Without lines of blanks alone, at which the header ends for some programs: the
 * line before, or the one behind, goes on in their place.
 */
static struct slice
without_blank_lines(struct slice value, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (;;) {
		size_t end = slice_find(value, '\n');
		struct slice line = slice_sub(value, 0, end);
		bool last = end == value.len;

		value = slice_from(value, end + 1);
		if (slice_trim(line).len > 0) {
			if (buf.len > 0)
				strbuf_add_char(&buf, '\n');
			strbuf_add(&buf, line);
		} else if (last && buf.len == 0) {
			strbuf_add(&buf, line);
		}
		if (last)
			return strbuf_slice(&buf);
	}
}

/* The value with blanks for its control characters; false: it has none. */
static bool
without_controls(struct slice value, bool nel, struct arena *mem,
    struct slice *ret_value)
{
	bool utf8 = slice_is_utf8(value), found = false;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		size_t len = control_at(value, i, utf8, nel);

		if (len == 0) {
			strbuf_add_char(&buf, value.data[i]);
			continue;
		}
		strbuf_add_char(&buf, ' ');
		i += len - 1;
		found = true;
	}
	if (!found)
		return false;
	*ret_value = without_blank_lines(strbuf_slice(&buf), mem);
	return true;
}

static bool
is_signed(const struct config *config, struct slice name)
{
	const struct slice_list *names = &config->sign.signed_headers;

	for (size_t i = 0; i < names->count; i++) {
		if (slice_eq_nocase(names->items[i], name))
			return true;
	}
	return false;
}

/* Whether the field was judged: then it is written anew by what was found. */
static bool
is_author_field(const struct authors *authors, size_t index)
{
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].role != ROLE_MAIL_FROM &&
		    authors->items[i].field == index)
			return true;
	}
	return false;
}

/* Characters at which some programs end a line: what is behind is a field. */
static bool
may_end_line(struct slice value)
{
	static const struct slice ends = { "\v\f\x1c\x1d\x1e", 5 };

	for (size_t i = 0; i < value.len; i++) {
		if (slice_has(ends, value.data[i]) ||
		    utf8_control(slice_from(value, i)) > 0)
			return true;
	}
	return false;
}

void
repair_controls(const struct config *config, const struct repair_facts *facts,
    bool last, struct edits *edits, unsigned int *repairs)
{
	if (!config->repair.controls)
		return;
	for (size_t i = 0; i < edits->count; i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		struct slice value;

		arena_init(&scratch);
		if (edits->fields[i].state == FIELD_DELETED ||
		    (!is_signed(config, field->name) &&
			!may_end_line(field->value)) ||
		    cover_has_field(facts->cover, i) ||
		    !without_controls(field->value, last, &scratch, &value) ||
		    (!last && is_author_field(facts->authors, i)))
			continue;
		edits_change(edits, i, slice_dup(edits->mem, value));
		*repairs |= REPAIRED_CONTROLS;
	}
}
