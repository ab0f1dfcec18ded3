/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a body, found while it passes. */
#include <string.h>

#include "message/content_type.h"
#include "mime_priv.h"

/* What a line must show to be a boundary: "--", its octets, "--", blanks. */
enum { LINE_HEAD_OCTETS = 256 };
/* Octets of a line that say whether it is base64: words are shorter. */
enum { BASE64_LOOK = 16 };

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
	bool blank_tail;		/* blanks alone are behind the head */
	uint64_t line_8bit;		/* octets */
	bool line_nul;
	bool line_bare;
	bool line_utf8;
	unsigned int utf8_more;		/* octets that a character still wants */
	bool pending_cr;
	/* The header that is being read, and how much of it is whole lines. */
	struct strbuf header;
	size_t header_lines;
};

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
		part.seal = current(scan)->seal;
	}
	arena_reserve_one(scan->mem, &parts, &scan->cap, scan->count,
	    sizeof(part));
	scan->parts = parts;
	scan->levels[scan->depth++] =
	    (struct level){ .part = scan->count };
	scan->parts[scan->count++] = part;
	scan->place = AT_HEADER;
	scan->header.len = 0;
	scan->header_lines = 0;
}

static bool
is_any(struct slice type, const char *const *types)
{
	for (; *types != NULL; types++) {
		if (slice_eq(type, slice_of(*types)))
			return true;
	}
	return false;
}

static enum mime_seal
seal_of(struct slice type)
{
	static const char *const encrypted[] = { "multipart/encrypted",
		"application/pkcs7-mime", "application/x-pkcs7-mime", NULL };

	if (slice_eq(type, SLICE("multipart/signed")))
		return MIME_SIGNED;
	return is_any(type, encrypted) ? MIME_ENCRYPTED : MIME_UNSEALED;
}

/* What no delimiter can be made of without harm on the way. */
static bool
has_odd_octet(struct slice boundary)
{
	for (size_t i = 0; i < boundary.len; i++) {
		if (char_is_8bit(boundary.data[i]) ||
		    char_is_control(boundary.data[i]))
			return true;
	}
	return false;
}

/* Whether a multipart around it has the same. */
static bool
is_open_boundary(const struct mime_scan *scan, struct slice boundary)
{
	for (size_t i = 0; i < scan->depth; i++) {
		if (slice_eq(scan->levels[i].boundary, boundary))
			return true;
	}
	return false;
}

/* A multipart that cannot be taken apart is a leaf. */
static void
classify_multipart(struct mime_scan *scan, struct slice type,
    struct slice type_value, struct arena *mem)
{
	struct mime_part *part = current(scan);
	struct slice boundary, written;

	if (!mime_boundary(type_value, mem, &boundary, &written)) {
		part->is_unreadable = true;
		return;
	}
	if (boundary.len > MIME_BOUNDARY_BYTES || has_odd_octet(boundary) ||
	    mime_has_boundaries(type_value) ||
	    is_open_boundary(scan, boundary)) {
		part->is_ambiguous = true;
		return;
	}
	part->kind = MIME_MULTIPART;
	part->is_digest = slice_eq(type, SLICE("multipart/digest"));
	part->boundary = slice_dup(scan->mem, boundary);
	part->boundary_is_odd = written.len != 0;
	scan->levels[scan->depth - 1].boundary = part->boundary;
}

/* How the content is encoded, by what programs may take for it. */
static void
classify_encoding(struct mime_scan *scan, struct slice value)
{
	struct mime_part *part = current(scan);
	struct slice token;
	bool is_all = mime_encoding_token(value, &token);

	part->encoding = is_all || token.len > 0
	    ? transfer_encoding_find(token) : TRANSFER_OTHER;
	part->encoding_has_more = !is_all && token.len > 0;
	if (token.len <= MIME_ENCODING_BYTES)
		part->encoding_token = slice_dup(scan->mem, token);
}

/* What an entity is by its fields; the content begins. */
static void
classify(struct mime_scan *scan, struct slice type_value,
    struct slice encoding)
{
	static const char *const messages[] = { "message/rfc822",
		"message/global", "message/news", NULL };
	struct mime_part *part = current(scan);
	struct slice type = SLICE("text/plain");
	struct arena mem;

	arena_init(&mem);
	part->is_ambiguous = part->header.types > 1 ||
	    type_value.len > MIME_TYPE_BYTES;
	if (!part->is_ambiguous)
		(void)mime_type(type_value, &mem, &type);
	/* In a digest parts are messages (RFC 2046 section 5.1.5). */
	if (scan->depth > 1 && type_value.len == 0 &&
	    part_at(scan, scan->depth - 2)->is_digest)
		type = SLICE("message/rfc822");
	classify_encoding(scan, encoding);
	part->content_start = scan->at;
	part->content_end = scan->at;
	part->is_text = slice_starts(type, SLICE("text/"));
	part->is_message = slice_starts(type, SLICE("message/"));
	part->is_rfc822 = slice_eq(type, SLICE("message/rfc822"));
	if (part->seal == MIME_UNSEALED)
		part->seal = seal_of(type);
	scan->place = AT_CONTENT;
	if (slice_starts(type, SLICE("multipart/"))) {
		classify_multipart(scan, type, type_value, &mem);
	} else if (is_any(type, messages) &&
	    part->encoding <= TRANSFER_BINARY) {
		part->kind = MIME_MESSAGE;
		open_part(scan);
	}
	arena_done(&mem);
}

struct mime_scan *
mime_scan_new(struct arena *mem, struct slice type, struct slice encoding)
{
	struct mime_scan *scan = arena_alloc(mem, sizeof(*scan));

	*scan = (struct mime_scan){ .mem = mem, .line_utf8 = true,
		.blank_tail = true };
	strbuf_init(&scan->header, mem);
	open_part(scan);
	current(scan)->header.encodings = encoding.len > 0;
	current(scan)->header.encoding_is_last = mime_is_plain_encoding(encoding);
	classify(scan, type, encoding);
	return scan;
}

/* Whether the innermost entity is a message within another. */
static bool
is_attached(struct mime_scan *scan)
{
	return scan->depth > 1 &&
	    part_at(scan, scan->depth - 2)->kind == MIME_MESSAGE;
}

/* The header of a part is whole. */
static void
end_header(struct mime_scan *scan)
{
	struct mime_labels labels;

	current(scan)->header.ended = true;
	mime_read_header(&current(scan)->header, strbuf_slice(&scan->header),
	    is_attached(scan), &labels);
	classify(scan, labels.type, labels.encoding);
}

/* A delimiter or the end of all comes before the empty line. */
static void
cut_header(struct mime_scan *scan)
{
	struct mime_part *part = current(scan);
	struct mime_labels labels;
	struct slice type;
	struct arena mem;

	if (scan->depth == 1)
		return;
	mime_read_header(&part->header, slice_sub(strbuf_slice(&scan->header),
	    0, scan->header_lines), is_attached(scan), &labels);
	classify_encoding(scan, labels.encoding);
	arena_init(&mem);
	part->header.would_open = part->header.types > 1 ||
	    (labels.type.len == 0 &&
		part_at(scan, scan->depth - 2)->is_digest) ||
	    labels.type.len > MIME_TYPE_BYTES ||
	    (mime_type(labels.type, &mem, &type) &&
		(slice_starts(type, SLICE("multipart/")) ||
		slice_starts(type, SLICE("message/"))));
	arena_done(&mem);
}

/* The content of what is open from a level on ends before this line. */
static void
close_levels(struct mime_scan *scan, size_t depth, uint64_t end)
{
	while (scan->depth > depth) {
		struct mime_part *part = current(scan);

		/* A header without an end has no content behind it. */
		if (scan->place == AT_HEADER) {
			cut_header(scan);
			part->content_start = end > part->header_start ? end
			    : part->header_start;
		}
		scan->place = AT_CONTENT;
		if (scan->utf8_more > 0)
			part->is_utf8 = false;
		scan->utf8_more = 0;
		part->content_end = end > part->content_start ? end
		    : part->content_start;
		scan->depth--;
	}
}

/*
 * A boundary of an open multipart: its level, and whether it is the last.
 * *ret_lookalike: some programs look no further than its end (Postfix).
 */
static bool
find_boundary(const struct mime_scan *scan, size_t *ret_level, bool *ret_last,
    bool *ret_lookalike)
{
	struct slice line = { scan->head, scan->head_len };

	*ret_lookalike = false;
	if (!slice_starts(line, SLICE("--")))
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
		while (rest.len > 0 && char_is_wsp(rest.data[0]))
			rest = slice_from(rest, 1);
		if (rest.len != 0 || !scan->blank_tail) {
			*ret_lookalike = true;
			continue;
		}
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

	if (scan->line_octets > part->header.longest_line)
		part->header.longest_line = scan->line_octets;
	part->header.has_8bit = part->header.has_8bit ||
	    scan->line_8bit > 0;
	part->header.has_bare = part->header.has_bare || scan->line_bare ||
	    scan->line_nul;
	scan->header_lines = scan->header.len;
	if (scan->line_octets == 0)
		end_header(scan);
}

/* By its beginning and its length: text in between is no matter. */
static bool
is_base64_line(const struct mime_scan *scan)
{
	if (scan->line_octets == 0 || scan->line_octets % 4 != 0 ||
	    scan->line_8bit > 0 || scan->line_nul)
		return false;
	for (size_t i = 0; i < scan->head_len && i < BASE64_LOOK; i++) {
		char c = scan->head[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '+' &&
		    c != '/' && c != '=')
			return false;
	}
	return true;
}

static void
content_line(struct mime_scan *scan, bool is_lookalike)
{
	const struct slice head = { scan->head, scan->head_len };
	struct mime_part *part = current(scan);

	part->has_lookalike = part->has_lookalike || is_lookalike;
	if (part->encoding == TRANSFER_BASE64 && is_base64_line(scan))
		part->base64_octets += scan->line_octets;
	part->has_label = part->has_label || mime_is_8bit_label(head);

	part->has_8bit = part->has_8bit || scan->line_8bit > 0;
	part->octets_8bit += scan->line_8bit;
	part->has_nul = part->has_nul || scan->line_nul;
	part->has_bare = part->has_bare || scan->line_bare;
	part->is_utf8 = part->is_utf8 && scan->line_utf8 &&
	    scan->utf8_more == 0;
	if (scan->line_octets > part->longest_line)
		part->longest_line = scan->line_octets;
}

/* The line at hand is one of this multipart. */
static void
note_delimiter(const struct mime_scan *scan, struct mime_part *part)
{
	part->has_padding = part->has_padding ||
	    char_is_wsp(scan->head[scan->head_len - 1]);
	if (scan->line_octets > part->longest_line)
		part->longest_line = scan->line_octets;
}

static void
end_line(struct mime_scan *scan)
{
	size_t level;
	bool last, is_lookalike;

	if (find_boundary(scan, &level, &last, &is_lookalike)) {
		note_delimiter(scan, part_at(scan, level));
		/* The line end before a boundary belongs to it. */
		close_levels(scan, level + 1, scan->line_start >= 2
		    ? scan->line_start - 2 : 0);
		scan->place = AT_CONTENT;
		if (last) {
			scan->levels[level].closed = true;
			part_at(scan, level)->is_closed = true;
		} else {
			open_part(scan);
		}
	} else if (scan->place == AT_HEADER) {
		header_line(scan);
	} else {
		content_line(scan, is_lookalike);
	}
	scan->line_start = scan->at;
	scan->line_octets = 0;
	scan->head_len = 0;
	scan->blank_tail = true;
	scan->line_8bit = 0;
	scan->line_nul = scan->line_bare = false;
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
	else
		scan->blank_tail = scan->blank_tail && char_is_wsp(c);
	scan->line_octets++;
	scan->line_8bit += char_is_8bit(c);
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

/* Takes octets of content that say nothing: ASCII within a line. How many. */
static size_t
plain_run(struct mime_scan *scan, struct slice text)
{
	size_t len = 0, head;

	if (scan->place == AT_HEADER || scan->pending_cr ||
	    scan->utf8_more > 0)
		return 0;
	while (len < text.len && text.data[len] != '\0' &&
	    !char_is_8bit(text.data[len]) && text.data[len] != '\r' &&
	    text.data[len] != '\n')
		len++;
	head = LINE_HEAD_OCTETS - scan->head_len;
	if (head > len)
		head = len;
	memcpy(scan->head + scan->head_len, text.data, head);
	scan->head_len += head;
	for (size_t i = head; i < len && scan->blank_tail; i++)
		scan->blank_tail = char_is_wsp(text.data[i]);
	scan->line_octets += len;
	scan->at += len;
	return len;
}

void
mime_scan_add(struct mime_scan *scan, struct slice chunk)
{
	for (size_t i = 0; i < chunk.len && !scan->over_limit; i++) {
		char c;

		i += plain_run(scan, slice_from(chunk, i));
		if (i == chunk.len)
			break;
		c = chunk.data[i];

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
