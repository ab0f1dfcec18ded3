/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a body, as they come: whole runs of them where that is possible. */
#include <string.h>

#include "base/octets.h"
#include "message/decode.h"
#include "mime_scan_priv.h"

/*
 * So much is looked at twice, while the cache still has it; and so much is
 * searched for each octet that is no text.
 */
enum { RUN_OCTETS = 8192, SEARCHED_OCTETS = 256 };

/* The form of UTF-8 (RFC 3629): how many octets follow the first one. */
static void
line_utf8_octet(struct mime_scan *scan, unsigned char c)
{
	if (scan->utf8_more > 0) {
		scan->utf8_more--;
		scan->line_utf8 = scan->line_utf8 && (c & 0xc0) == 0x80;
	} else if (c >= 0x80) {
		scan->utf8_more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		scan->line_utf8 = scan->line_utf8 && c >= 0xc2 && c <= 0xf4;
	}
}

/* Where the last character of a text begins, if it is not ASCII. */
static size_t
last_character(struct slice text)
{
	enum { LONGEST_REST = 3 };
	size_t at = text.len;

	while (at > 0 && text.len - at < LONGEST_REST &&
	    ((unsigned char)text.data[at - 1] & 0xc0) == 0x80)
		at--;
	return at > 0 && (unsigned char)text.data[at - 1] >= 0xc0 ? at - 1 : at;
}

/* Text in a line that has 8-bit octets, cut anywhere. */
static void
line_8bit(struct mime_scan *scan, struct slice text)
{
	size_t whole;

	/* The end of a character that began before, and one that goes on. */
	while (text.len > 0 && scan->utf8_more > 0) {
		line_utf8_octet(scan, (unsigned char)text.data[0]);
		text = slice_from(text, 1);
	}
	whole = last_character(text);
	scan->line_utf8 =
	    scan->line_utf8 && octets_have_utf8_form(slice_sub(text, 0, whole));
	for (; whole < text.len; whole++)
		line_utf8_octet(scan, (unsigned char)text.data[whole]);
}

/* Text in a line: no CR, no LF, no NUL. */
static void
line_text(struct mime_scan *scan, struct slice text)
{
	size_t count = octets_8bit(text),
	       head = MIME_LINE_HEAD - scan->head_len;

	if (head > text.len)
		head = text.len;
	memcpy(scan->head + scan->head_len, text.data, head);
	scan->head_len += head;
	for (size_t i = head; i < text.len && scan->blank_tail; i++)
		scan->blank_tail = char_is_wsp(text.data[i]);
	scan->line_octets += text.len;
	scan->line_8bit += count;
	if (count > 0 || scan->utf8_more > 0)
		line_8bit(scan, text);
}

static void
line_octet(struct mime_scan *scan, char c)
{
	if (c != '\0') {
		line_text(scan, (struct slice){ &c, 1 });
		return;
	}
	if (scan->head_len < MIME_LINE_HEAD)
		scan->head[scan->head_len++] = c;
	else
		scan->blank_tail = false;
	scan->line_octets++;
	line_utf8_octet(scan, 0);
	scan->line_nul = true;
}

/* Takes text up to what is no text; how many octets. */
static size_t
line_run(struct mime_scan *scan, struct slice text)
{
	size_t len;

	if (scan->place == AT_HEADER || scan->pending_cr)
		return 0;
	len = slice_find(slice_sub(text, 0, SEARCHED_OCTETS), '\r');
	len = slice_find(slice_sub(text, 0, len), '\n');
	len = slice_find(slice_sub(text, 0, len), '\0');
	if (len > 0)
		line_text(scan, slice_sub(text, 0, len));
	scan->at += len;
	return len;
}

/* Octets cut anywhere. */
static void
line_add(struct mime_scan *scan, struct slice text)
{
	for (size_t i = 0; i < text.len && !scan->over_limit; i++) {
		char c;

		i += line_run(scan, slice_from(text, i));
		if (i == text.len)
			break;
		c = text.data[i];
		scan->at++;
		if (scan->place == AT_HEADER &&
		    scan->header.len >= MIME_HEADER_BYTES)
			scan->over_limit = true;
		else if (scan->place == AT_HEADER)
			strbuf_add_char(&scan->header, c);
		if (scan->pending_cr && c == '\n') {
			scan->pending_cr = false;
			mime_end_line(scan);
			continue;
		}
		if (scan->pending_cr) {
			line_octet(scan, '\r');
			scan->line_bare = true;
			scan->pending_cr = false;
		}
		if (c == '\r') {
			scan->pending_cr = true;
			continue;
		}
		scan->line_bare = scan->line_bare || c == '\n';
		line_octet(scan, c);
	}
}

static bool
looks_like_base64(const char *line, size_t len)
{
	if (len == 0 || len % 4 != 0)
		return false;
	if (len >= MIME_BASE64_LOOK)
		return octets_16_are_base64(line);
	for (size_t i = 0; i < len; i++) {
		if (base64_value(line[i]) < 0 && line[i] != '=')
			return false;
	}
	return true;
}

/* Lines that look like base64, and end with CRLF: their octets. */
static uint64_t
base64_in_lines(struct slice lines)
{
	uint64_t octets = 0;

	while (lines.len > 0) {
		size_t end = slice_find(lines, '\n');

		if (looks_like_base64(lines.data, end - 1))
			octets += end - 1;
		lines = slice_from(lines, end + 1);
	}
	return octets;
}

/*
 * The longest of lines that end with CRLF, or `longest` if none is longer. Where
 * a line end is near enough to another, those between them do not matter.
 */
static size_t
longest_of_lines(struct slice lines, size_t longest)
{
	enum { END_OCTETS = 2 };

	while (lines.len > longest + END_OCTETS) {
		size_t near = longest + END_OCTETS;
		size_t end = slice_find_last(slice_sub(lines, 0, near), '\n');

		if (end == near) {
			end = near + slice_find(slice_from(lines, near), '\n');
			longest = end + 1 - END_OCTETS;
		}
		lines = slice_from(lines, end + 1);
	}
	return longest;
}

/* A line that may be a delimiter, or the label of an encoding. */
static bool
line_is_structure(struct slice line)
{
	return line.data[0] == '-' ?
	    slice_starts(line, SLICE("--")) :
	    slice_starts_nocase(line, SLICE("Content-Transfer-Encoding"));
}

/* Whole lines that say nothing of the structure, in front of text. */
static struct slice
run_of_lines(struct slice text, struct octets_seen *seen)
{
	struct slice run = slice_sub(text, 0, RUN_OCTETS);
	size_t end = slice_find_last(run, '\n');
	size_t at = 0;

	if (end == run.len || line_is_structure(run))
		return slice_sub(text, 0, 0);
	run.len = end + 1;
	do
		at = octets_to_line(run, at, seen);
	while (at < run.len && !line_is_structure(slice_from(run, at)));
	run.len = at;
	return run;
}

/* Takes a run of lines at once, if it can; how many octets. */
static size_t
take_lines(struct mime_scan *scan, struct slice text)
{
	struct mime_part *part = mime_scan_part(scan);
	bool is_base64 = part->encoding == TRANSFER_BASE64;
	struct octets_seen seen = { .is_odd = false };
	struct slice run;

	/* Sendmail's delimiter of such a multipart may be any line. */
	if (part->lacks_boundary)
		return 0;
	run = run_of_lines(text, &seen);
	if (run.len == 0)
		return 0;
	if (seen.is_odd || slice_has(run, '\0') ||
	    (seen.is_8bit && is_base64)) {
		line_add(scan, run);
		return run.len;
	}
	part->longest_line = longest_of_lines(run, part->longest_line);
	if (is_base64)
		part->base64_octets += base64_in_lines(run);
	if (seen.is_8bit) {
		size_t count = octets_8bit(run);

		part->octets_8bit += count;
		part->has_8bit = part->has_8bit || count > 0;
		part->is_utf8 = part->is_utf8 && octets_have_utf8_form(run);
	}
	scan->at += run.len;
	scan->line_start = scan->at;
	return run.len;
}

void
mime_scan_add(struct mime_scan *scan, struct slice chunk)
{
	while (chunk.len > 0 && !scan->over_limit) {
		size_t used = 0;

		if (scan->place == AT_CONTENT && scan->line_octets == 0 &&
		    !scan->pending_cr)
			used = take_lines(scan, chunk);
		/* One that is more than content, or whose rest is not here. */
		if (used == 0) {
			used = slice_find(chunk, '\n');
			used += used < chunk.len;
			line_add(scan, slice_sub(chunk, 0, used));
		}
		chunk = slice_from(chunk, used);
	}
}
