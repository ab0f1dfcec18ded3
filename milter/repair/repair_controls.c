/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control characters in fields that will be signed: verifiers disagree whether
 * vertical tab, form feed and the like are white space. Some programs end a line
 * at one of them, and would read any field as several, one of them From.
 */
#include "base/octets.h"
#include "repair_priv.h"

/* Octets of a control character or line separator in UTF-8; 0: none. */
static size_t
utf8_control(struct slice s)
{
	if (slice_starts(s, SLICE("\xe2\x80\xa8")) ||
	    slice_starts(s, SLICE("\xe2\x80\xa9")))
		return 3;
	return s.len > 1 && s.data[0] == '\xc2' &&
		(unsigned char)s.data[1] < 0xa0 ?
	    2 :
	    0;
}

/*
 * Removes lines of blanks alone, at which the header ends for some programs. The
 * line before, or the one behind, takes their place.
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

/* Whether there is anything to look for: most fields have none of it. */
static bool
may_have_controls(struct slice value)
{
	return octets_have_controls(value) || !slice_is_ascii(value);
}

/* The value with blanks for its control characters; false: it has none. */
static bool
without_controls(
    struct slice value, bool nel, struct arena *mem, struct slice *ret_value)
{
	bool utf8 = slice_is_utf8(value), found = false;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		size_t len = 0; /* of what becomes a blank */

		if (char_is_control(c))
			len = c != '\t' && c != '\n';
		else if (char_is_8bit(c) && utf8)
			len = utf8_control(slice_from(value, i));
		/*
		 * NEL of the ISO 8859 charsets. Beside other 8-bit octets it
		 * may be half of a character of an unnamed charset.
		 */
		else if (nel && c == '\x85')
			len = (i == 0 || !char_is_8bit(value.data[i - 1])) &&
			    (i + 1 == value.len ||
				!char_is_8bit(value.data[i + 1]));
		strbuf_add_char(&buf, len == 0 ? c : ' ');
		if (len == 0)
			continue;
		i += len - 1;
		found = true;
	}
	if (!found)
		return false;
	*ret_value = without_blank_lines(strbuf_slice(&buf), mem);
	return true;
}

void
repair_controls(struct header_repair *repair, bool last)
{
	/* Some programs end a line at these: what is behind is a field. */
	static const struct slice ends = { "\v\f\x1c\x1d\x1e", 5 };
	const struct slice_list *names = &repair->config->sign.signed_headers;
	const struct authors *authors = repair->facts->authors;
	struct edits *edits = repair->edits;

	if (!repair->config->repair.controls)
		return;
	for (size_t i = 0; i < edits->count; i++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct field *field = &edits->fields[i].field;
		bool matters = false, is_author = false;
		struct slice value;

		arena_init(&scratch);
		if (edits->fields[i].state == FIELD_DELETED ||
		    !may_have_controls(field->value))
			continue;
		for (size_t n = 0; n < names->count && !matters; n++)
			matters = slice_eq_nocase(names->items[n], field->name);
		for (size_t c = 0; c < field->value.len && !matters; c++)
			matters = slice_has(ends, field->value.data[c]) ||
			    utf8_control(slice_from(field->value, c)) > 0;
		if (!matters || cover_has_field(repair->facts->cover, i) ||
		    !without_controls(field->value, last, &scratch, &value))
			continue;
		/* It was judged, and is written anew by what was found. */
		for (size_t a = 0; a < authors->count; a++)
			is_author = is_author ||
			    (authors->items[a].role != ROLE_MAIL_FROM &&
				authors->items[a].field == i);
		if (!last && is_author)
			continue;
		edits_change(edits, i, slice_dup(edits->mem, value));
		repair->done |= REPAIRED_CONTROLS;
	}
}
