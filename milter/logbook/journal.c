/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of systemd's journal, as journalctl(1) prints them. */
#include "journal_priv.h"

#include <string.h>

static void
set_text(struct journal_entry *entry, struct slice text)
{
	entry->text_len =
	    text.len < JOURNAL_TEXT_OCTETS ? text.len : JOURNAL_TEXT_OCTETS;
	if (entry->text_len != 0)
		memcpy(entry->text, text.data, entry->text_len);
	entry->has_text = true;
}

static void
set_field(struct journal_entry *entry, struct slice name, struct slice value)
{
	unsigned long us;

	if (slice_eq(name, SLICE("MESSAGE")))
		set_text(entry, value);
	else if (slice_eq(name, SLICE("SYSLOG_IDENTIFIER")))
		entry->is_ours = slice_eq(value, SLICE("submilter"));
	else if (slice_eq(name, SLICE("__REALTIME_TIMESTAMP")) &&
	    slice_number(value, UINT64_MAX / 2, &us))
		entry->time = (int64_t)(us / 1000000);
}

/* The string of JSON whose first mark was read, without it; false: no end. */
static bool
json_string(struct slice line, size_t *offset, struct slice *ret_string)
{
	size_t from = *offset, i = from;

	for (; i < line.len && line.data[i] != '"'; i++) {
		if (line.data[i] == '\\')
			i++;
	}
	if (i >= line.len)
		return false;
	*ret_string = slice_sub(line, from, i - from);
	*offset = i + 1;
	return true;
}

static void
json_blanks(struct slice line, size_t *offset)
{
	while (*offset < line.len && char_is_wsp(line.data[*offset]))
		++*offset;
}

/* Passes over a number, a word, or what is in brackets. */
static bool
json_pass_over(struct slice line, size_t *offset)
{
	size_t depth = 0;
	struct slice string;

	for (; *offset < line.len; ++*offset) {
		char c = line.data[*offset];

		if (c == '[' || c == '{') {
			depth++;
		} else if (c == '"') {
			++*offset;
			if (!json_string(line, offset, &string))
				return false;
			--*offset;
		} else if (depth == 0 && (c == ',' || c == '}')) {
			return true;
		} else if (c == ']' || c == '}') {
			if (depth-- == 0)
				return false;
		}
	}
	return false;
}

/* The octet that an escape stands for; '?' for what no line of ours holds. */
static char
json_octet(struct slice string, size_t *i)
{
	static const char plain[] = "\"\\/";
	unsigned int code = 0;

	if (string.data[*i] != '\\' || ++*i >= string.len)
		return string.data[*i - (*i >= string.len)];
	if (memchr(plain, string.data[*i], 3) != NULL)
		return string.data[*i];
	if (string.data[*i] != 'u' || string.len - *i < 5)
		return '?';
	for (size_t j = 1; j <= 4; j++) {
		int digit = char_hex_value(string.data[*i + j]);

		if (digit < 0)
			return '?';
		code = code * 16 + (unsigned int)digit;
	}
	*i += 4;
	return code >= 0x20 && code < 0x7f ? (char)code : '?';
}

static void
set_json(struct journal_entry *entry, struct slice name, struct slice string)
{
	char text[JOURNAL_TEXT_OCTETS];
	size_t len = 0;

	for (size_t i = 0; i < string.len && len < sizeof(text); i++)
		text[len++] = json_octet(string, &i);
	set_field(entry, name, (struct slice){ text, len });
}

/* Whether a field is one of those that we read. */
static bool
is_wanted(struct slice name)
{
	return slice_eq(name, SLICE("MESSAGE")) ||
	    slice_eq(name, SLICE("SYSLOG_IDENTIFIER")) ||
	    slice_eq(name, SLICE("__REALTIME_TIMESTAMP"));
}

/* A name and its value; false when it is no JSON. */
static bool
json_member(struct slice line, size_t *offset, struct journal_entry *entry)
{
	struct slice name, string;

	json_blanks(line, offset);
	if (*offset >= line.len || line.data[(*offset)++] != '"' ||
	    !json_string(line, offset, &name))
		return false;
	json_blanks(line, offset);
	if (*offset >= line.len || line.data[(*offset)++] != ':')
		return false;
	json_blanks(line, offset);
	if (*offset >= line.len)
		return false;
	if (line.data[*offset] != '"')
		return json_pass_over(line, offset);
	++*offset;
	if (!json_string(line, offset, &string))
		return false;
	if (is_wanted(name))
		set_json(entry, name, string);
	json_blanks(line, offset);
	return true;
}

void
journal_read_json(struct slice line, struct journal_entry *ret_entry)
{
	size_t offset = 1;

	ret_entry->text_len = 0;
	ret_entry->time = 0;
	ret_entry->has_text = ret_entry->is_ours = false;
	ret_entry->is_broken = true;
	do {
		if (!json_member(line, &offset, ret_entry) ||
		    offset >= line.len)
			return;
	} while (line.data[offset++] == ',');
	ret_entry->is_broken = line.data[offset - 1] != '}';
}

/*
 * "Journal Export Format": NAME=VALUE, or NAME alone, then eight octets, of
 * which the lowest is the first, with the length of the octets that follow.
 */
static enum log_source_got
export_octets(struct log_source *source, struct slice name,
    struct journal_entry *entry, struct err *err)
{
	enum log_source_got got;
	struct slice octets;
	uint64_t len = 0;
	char kept[64];

	/* The next read may move what name points to. */
	name.len = name.len < sizeof(kept) ? name.len : sizeof(kept);
	memcpy(kept, name.data, name.len);
	name.data = kept;
	got = log_source_octets(source, 8, &octets, err);
	if (got != LOG_SOURCE_LINE)
		return got;
	for (size_t i = 8; i-- > 0;)
		len = len << 8 | (unsigned char)octets.data[i];
	/* No field that we write holds octets that are no text. */
	if (slice_eq(name, SLICE("SYSLOG_IDENTIFIER")))
		entry->is_ours = false;
	got = log_source_octets(source, len, &octets, err);
	if (got == LOG_SOURCE_LINE)
		got = log_source_octets(source, 1, &octets, err);
	return got;
}

enum log_source_got
journal_read_export(struct log_source *source, struct slice first,
    struct journal_entry *ret_entry, struct err *err)
{
	enum log_source_got got = LOG_SOURCE_LINE;
	struct slice line = first;

	ret_entry->text_len = 0;
	ret_entry->time = 0;
	ret_entry->has_text = ret_entry->is_ours = false;
	ret_entry->is_broken = false;
	while (line.len != 0 && got != LOG_SOURCE_END) {
		size_t mark = slice_find(line, '=');

		if (mark < line.len) {
			set_field(ret_entry, slice_sub(line, 0, mark),
			    slice_from(line, mark + 1));
		} else if (got == LOG_SOURCE_LINE) {
			got = export_octets(source, line, ret_entry, err);
			if (got != LOG_SOURCE_LINE)
				return got;
		}
		got = log_source_next(source, &line, err);
		if (got == LOG_SOURCE_FAILED)
			return got;
	}
	return LOG_SOURCE_LINE;
}
