/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/mime.h"

/* What a line must show to be a boundary: "--", 70 octets, "--", blanks. */
enum { LINE_HEAD_OCTETS = 160 };

enum place { AT_HEADER, AT_CONTENT };

/* An entity that is open, from the message inwards. */
struct level {
	size_t part;
	struct slice boundary;		/* of a multipart; empty: none */
	bool closed;			/* its last boundary was seen: epilogue */
};

struct mime_scan {
	struct arena *mem;
	struct mime_part *parts;
	size_t count;
	size_t cap;
	struct level levels[MIME_MAX_DEPTH];
	size_t depth;
	enum place place;
	bool over_limit;
	uint64_t at;			/* octets so far */
	/* The line that is being read. */
	uint64_t line_start;
	uint64_t line_octets;		/* without its line end */
	char head[LINE_HEAD_OCTETS];
	size_t head_len;
	bool line_8bit;
	bool line_nul;
	bool line_bare;
	bool line_utf8;
	unsigned int utf8_more;		/* octets that a character still wants */
	bool pending_cr;
	/* The header that is being read. */
	struct strbuf header;
};

/* Skips blanks, folds and comments. */
static bool
skip_cfws(struct slice *s)
{
	unsigned int depth = 0;

	while (s->len > 0) {
		char c = s->data[0];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0 && s->len > 1)
			*s = slice_from(*s, 1);
		else if (depth == 0 && !char_is_wsp(c) && c != '\n' &&
		    c != '\r')
			return true;
		*s = slice_from(*s, 1);
	}
	return depth == 0;
}

/* token of RFC 2045 section 5.1. */
static struct slice
take_token(struct slice *s)
{
	static const struct slice specials = { "()<>@,;:\\\"/[]?=", 15 };
	struct slice token;
	size_t len = 0;

	while (len < s->len && s->data[len] > ' ' && s->data[len] < 0x7f &&
	    !slice_has(specials, s->data[len]))
		len++;
	token = slice_sub(*s, 0, len);
	*s = slice_from(*s, len);
	return token;
}

/* The same, or a quoted-string. */
static bool
take_value(struct slice *s, struct arena *mem, struct slice *ret_text)
{
	struct strbuf buf;

	if (s->len == 0 || s->data[0] != '"') {
		*ret_text = take_token(s);
		return ret_text->len > 0;
	}
	strbuf_init(&buf, mem);
	for (*s = slice_from(*s, 1); s->len > 0 && s->data[0] != '"';
	    *s = slice_from(*s, 1)) {
		if (s->data[0] == '\\' && s->len > 1)
			*s = slice_from(*s, 1);
		if (s->data[0] != '\n' && s->data[0] != '\r')
			strbuf_add_char(&buf, s->data[0]);
	}
	if (s->len == 0)
		return false;
	*s = slice_from(*s, 1);
	*ret_text = strbuf_slice(&buf);
	return true;
}

static bool
take_type(struct slice *s, struct arena *mem, struct slice *ret_type)
{
	struct slice type, subtype;

	if (!skip_cfws(s))
		return false;
	type = take_token(s);
	if (!skip_cfws(s) || s->len == 0 || s->data[0] != '/')
		return false;
	*s = slice_from(*s, 1);
	if (!skip_cfws(s))
		return false;
	subtype = take_token(s);
	if (type.len == 0 || subtype.len == 0)
		return false;
	*ret_type = slice_lower(mem, slice_format(mem, "%.*s/%.*s",
	    SLICE_ARGS(type), SLICE_ARGS(subtype)));
	return true;
}

bool
mime_type(struct slice value, struct arena *mem, struct slice *ret_type)
{
	struct slice rest = value;

	return take_type(&rest, mem, ret_type);
}

bool
mime_parameter(struct slice value, struct slice name, struct arena *mem,
    struct slice *ret_text)
{
	struct slice rest = value, type;

	*ret_text = (struct slice){ NULL, 0 };
	if (!take_type(&rest, mem, &type))
		return false;
	for (;;) {
		struct slice attribute, text;

		if (!skip_cfws(&rest))
			return false;
		if (rest.len == 0)
			return true;
		if (rest.data[0] != ';')
			return false;
		rest = slice_from(rest, 1);
		if (!skip_cfws(&rest))
			return false;
		if (rest.len == 0 || rest.data[0] == ';')
			continue;
		attribute = take_token(&rest);
		if (!skip_cfws(&rest) || rest.len == 0 || rest.data[0] != '=')
			return false;
		rest = slice_from(rest, 1);
		if (!skip_cfws(&rest) || !take_value(&rest, mem, &text))
			return false;
		if (slice_eq_nocase(attribute, name)) {
			*ret_text = text;
			return true;
		}
	}
}

static struct mime_part *
part_at(struct mime_scan *scan, size_t level)
{
	return &scan->parts[scan->levels[level].part];
}

static struct mime_part *
current(struct mime_scan *scan)
{
	return part_at(scan, scan->depth - 1);
}

/* Opens an entity; its header begins at the line that is next. */
static void
open_part(struct mime_scan *scan)
{
	void *parts = scan->parts;
	struct mime_part part = { .kind = MIME_LEAF,
		.header_start = scan->at, .content_start = scan->at,
		.content_end = scan->at, .is_utf8 = true };

	if (scan->count == MIME_MAX_PARTS || scan->depth == MIME_MAX_DEPTH) {
		scan->over_limit = true;
		return;
	}
	if (scan->depth > 0) {
		part.parent = scan->levels[scan->depth - 1].part;
		part.is_sealed = current(scan)->is_sealed;
	}
	arena_reserve_one(scan->mem, &parts, &scan->cap, scan->count,
	    sizeof(part));
	scan->parts = parts;
	scan->levels[scan->depth++] =
	    (struct level){ .part = scan->count };
	scan->parts[scan->count++] = part;
	scan->place = AT_HEADER;
	strbuf_init(&scan->header, scan->mem);
}

static bool
starts_any(struct slice type, const char *const *types)
{
	for (; *types != NULL; types++) {
		if (slice_eq(type, slice_of(*types)))
			return true;
	}
	return false;
}

/* What an entity is by its fields; the content begins. */
static void
classify(struct mime_scan *scan, struct slice type_value,
    struct slice encoding)
{
	static const char *const sealed[] = { "multipart/signed",
		"multipart/encrypted", "application/pkcs7-mime",
		"application/x-pkcs7-mime", NULL };
	static const char *const messages[] = { "message/rfc822",
		"message/global", "message/news", NULL };
	struct mime_part *part = current(scan);
	struct level *level = &scan->levels[scan->depth - 1];
	struct slice type = SLICE("text/plain"), boundary, charset, token;
	bool known = mime_type(type_value, scan->mem, &type);

	/* In a digest parts are messages (RFC 2046 section 5.1.5). */
	if (scan->depth > 1 && type_value.len == 0 &&
	    part_at(scan, scan->depth - 2)->is_digest)
		type = SLICE("message/rfc822");
	encoding = slice_trim(encoding);
	token = take_token(&encoding);
	part->encoding = transfer_encoding_find(token);
	part->content_start = scan->at;
	part->content_end = scan->at;
	part->has_type = known;
	part->is_text = slice_starts(type, SLICE("text/"));
	part->is_sealed = part->is_sealed || starts_any(type, sealed);
	if (part->is_text && known)
		part->has_charset = mime_parameter(type_value,
		    SLICE("charset"), scan->mem, &charset) && charset.len != 0;
	scan->place = AT_CONTENT;
	if (slice_starts(type, SLICE("multipart/")) && mime_parameter(
	    type_value, SLICE("boundary"), scan->mem, &boundary) &&
	    boundary.len > 0 && boundary.len <= MIME_BOUNDARY_BYTES) {
		part->kind = MIME_MULTIPART;
		part->is_digest = slice_eq(type, SLICE("multipart/digest"));
		level->boundary = boundary;
	} else if (starts_any(type, messages) &&
	    part->encoding <= TRANSFER_BINARY) {
		part->kind = MIME_MESSAGE;
		open_part(scan);
	}
}

struct mime_scan *
mime_scan_new(struct arena *mem, struct slice type, struct slice encoding)
{
	struct mime_scan *scan = arena_alloc(mem, sizeof(*scan));

	*scan = (struct mime_scan){ .mem = mem, .line_utf8 = true };
	open_part(scan);
	classify(scan, type, encoding);
	return scan;
}

/* A field in the header of a part, with its continuation lines. */
struct part_field {
	struct slice name;
	struct slice value;
	size_t start;
	size_t end;		/* behind its line end */
};

/* Length of the first line with its CRLF; all of text where it has none. */
static size_t
line_length(struct slice text)
{
	size_t at = slice_find(text, '\n');

	while (at < text.len && (at == 0 || text.data[at - 1] != '\r'))
		at += 1 + slice_find(slice_from(text, at + 1), '\n');
	return at < text.len ? at + 1 : text.len;
}

/* The field at an offset; false where there is none: the header ends for all. */
static bool
next_field(struct slice header, size_t at, struct part_field *ret_field)
{
	struct slice text = slice_from(header, at);
	size_t colon = slice_find(text, ':');
	size_t end = line_length(text);
	struct slice name;

	if (text.len == 0 || colon >= end)
		return false;
	name = slice_sub(text, 0, colon);
	while (name.len > 0 && char_is_wsp(name.data[name.len - 1]))
		name.len--;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f ||
		    char_is_8bit(name.data[i]))
			return false;
	}
	while (end < text.len && char_is_wsp(text.data[end]))
		end += line_length(slice_from(text, end));
	*ret_field = (struct part_field){ name,
		slice_sub(text, colon + 1, end - colon - 1), at, at + end };
	return name.len > 0;
}

/* The header of a part is whole: reads what matters of it. */
static void
end_header(struct mime_scan *scan)
{
	struct mime_part *part = current(scan);
	struct slice text = strbuf_slice(&scan->header);
	struct slice type = { NULL, 0 }, encoding = { NULL, 0 };
	struct part_field field = { .end = 0 };

	while (next_field(text, field.end, &field)) {
		if (type.len == 0 && slice_eq_nocase(field.name,
		    SLICE("Content-Type")))
			type = field.value;
		if (part->encoding_end != 0 || !slice_eq_nocase(field.name,
		    SLICE("Content-Transfer-Encoding")))
			continue;
		encoding = field.value;
		part->encoding_start = part->header_start + field.start;
		part->encoding_end = part->header_start + field.end;
	}
	/* A field put before this would go on with it: leave it alone. */
	if (text.len > 0 && char_is_wsp(text.data[0]))
		encoding = SLICE("unreadable");
	classify(scan, type, encoding);
}

/* The content of what is open from a level on ends before this line. */
static void
close_levels(struct mime_scan *scan, size_t depth, uint64_t end)
{
	while (scan->depth > depth) {
		struct mime_part *part = current(scan);

		/* A header without an end has no content behind it. */
		if (scan->place == AT_HEADER)
			part->content_start = end > part->header_start ? end
			    : part->header_start;
		scan->place = AT_CONTENT;
		if (scan->utf8_more > 0)
			part->is_utf8 = false;
		scan->utf8_more = 0;
		part->content_end = end > part->content_start ? end
		    : part->content_start;
		scan->depth--;
	}
}

/* A boundary of an open multipart: its level, and whether it is the last. */
static bool
find_boundary(const struct mime_scan *scan, size_t *ret_level, bool *ret_last)
{
	struct slice line = { scan->head, scan->head_len };

	if (!slice_starts(line, SLICE("--")) ||
	    scan->line_octets > LINE_HEAD_OCTETS)
		return false;
	line = slice_from(line, 2);
	for (size_t i = scan->depth; i > 0; i--) {
		const struct level *level = &scan->levels[i - 1];
		struct slice rest;

		if (level->boundary.len == 0 || level->closed ||
		    !slice_starts(line, level->boundary))
			continue;
		rest = slice_from(line, level->boundary.len);
		*ret_last = slice_starts(rest, SLICE("--"));
		if (*ret_last)
			rest = slice_from(rest, 2);
		if (slice_trim(rest).len != 0)
			continue;
		*ret_level = i - 1;
		return true;
	}
	return false;
}

/* Whether a line belongs to the header that is being read. */
static void
header_line(struct mime_scan *scan)
{
	struct mime_part *part = current(scan);

	if (scan->line_octets > part->header_longest_line)
		part->header_longest_line = scan->line_octets;
	if (scan->line_octets == 0)
		end_header(scan);
}

static void
content_line(struct mime_scan *scan)
{
	struct mime_part *part = current(scan);

	part->has_8bit = part->has_8bit || scan->line_8bit;
	part->has_nul = part->has_nul || scan->line_nul;
	part->has_bare = part->has_bare || scan->line_bare;
	part->is_utf8 = part->is_utf8 && scan->line_utf8 &&
	    scan->utf8_more == 0;
	if (scan->line_octets > part->longest_line)
		part->longest_line = scan->line_octets;
}

static void
end_line(struct mime_scan *scan)
{
	size_t level;
	bool last;

	if (find_boundary(scan, &level, &last)) {
		/* The line end before a boundary belongs to it. */
		close_levels(scan, level + 1, scan->line_start >= 2
		    ? scan->line_start - 2 : 0);
		scan->place = AT_CONTENT;
		if (last)
			scan->levels[level].closed = true;
		else
			open_part(scan);
	} else if (scan->place == AT_HEADER) {
		header_line(scan);
	} else {
		content_line(scan);
	}
	scan->line_start = scan->at;
	scan->line_octets = 0;
	scan->head_len = 0;
	scan->line_8bit = scan->line_nul = scan->line_bare = false;
	scan->line_utf8 = true;
	scan->utf8_more = 0;
}

/* The shape of UTF-8 (RFC 3629): how many octets follow the first one. */
static void
check_utf8(struct mime_scan *scan, unsigned char c)
{
	if (scan->utf8_more > 0) {
		scan->utf8_more--;
		scan->line_utf8 = scan->line_utf8 && (c & 0xc0) == 0x80;
		return;
	}
	if (c < 0x80)
		return;
	scan->utf8_more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	scan->line_utf8 = scan->line_utf8 && c >= 0xc2 && c <= 0xf4;
}

static void
line_octet(struct mime_scan *scan, char c)
{
	if (scan->head_len < LINE_HEAD_OCTETS)
		scan->head[scan->head_len++] = c;
	scan->line_octets++;
	scan->line_8bit = scan->line_8bit || char_is_8bit(c);
	check_utf8(scan, (unsigned char)c);
	scan->line_nul = scan->line_nul || c == '\0';
}

/* A header is kept as text, up to a bound. */
static void
keep_header(struct mime_scan *scan, char c)
{
	if (scan->place != AT_HEADER)
		return;
	if (scan->header.len >= MIME_HEADER_BYTES)
		scan->over_limit = true;
	else
		strbuf_add_char(&scan->header, c);
}

void
mime_scan_add(struct mime_scan *scan, struct slice chunk)
{
	for (size_t i = 0; i < chunk.len && !scan->over_limit; i++) {
		char c = chunk.data[i];

		scan->at++;
		keep_header(scan, c);
		if (scan->pending_cr && c == '\n') {
			scan->pending_cr = false;
			end_line(scan);
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

int
mime_scan_finish(struct mime_scan *scan, const struct mime_part **ret_parts,
    size_t *ret_count, struct err *err)
{
	if (!scan->over_limit && (scan->line_octets > 0 || scan->pending_cr)) {
		scan->line_bare = scan->line_bare || scan->pending_cr;
		end_line(scan);
	}
	if (scan->over_limit)
		return err_set(err, ERR_LIMIT, "more than %d parts, parts "
		    "deeper than %d, or a part with a header of more than %d "
		    "octets", (int)MIME_MAX_PARTS, (int)MIME_MAX_DEPTH,
		    (int)MIME_HEADER_BYTES);
	close_levels(scan, 0, scan->at);
	*ret_parts = scan->parts;
	*ret_count = scan->count;
	return 0;
}
