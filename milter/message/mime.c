/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a body, found while it passes. */
#include <string.h>

#include "message/content_type.h"
#include "message/decode.h"
#include "mime_scan_priv.h"

static struct mime_part *
part_at(struct mime_scan *scan, size_t level)
{
	return &scan->parts[scan->levels[level].part];
}

struct mime_part *
mime_scan_part(struct mime_scan *scan)
{
	return part_at(scan, scan->depth - 1);
}

/* Opens an entity; its header begins at the line that is next. */
static void
open_part(struct mime_scan *scan)
{
	void *parts = scan->parts;
	struct mime_part part = { .kind = MIME_LEAF,
		.header_start = scan->at,
		.content_start = scan->at,
		.content_end = scan->at,
		.longest_line = scan->short_line,
		.is_utf8 = true };

	if (scan->count == MIME_MAX_PARTS || scan->depth == MIME_MAX_DEPTH) {
		scan->over_limit = true;
		return;
	}
	if (scan->depth > 0) {
		part.parent = scan->levels[scan->depth - 1].part;
		part.seal = mime_scan_part(scan)->seal;
	}
	arena_reserve_one(
	    scan->mem, &parts, &scan->cap, scan->count, sizeof(part));
	scan->parts = parts;
	scan->levels[scan->depth++] = (struct level){ .part = scan->count };
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

/* A multipart that cannot be taken apart is a leaf. */
static void
classify_multipart(struct mime_scan *scan, struct slice type,
    struct slice type_value, struct arena *mem)
{
	struct mime_part *part = mime_scan_part(scan);
	struct slice boundary, written;

	if (!mime_boundary(type_value, mem, &boundary, &written)) {
		part->is_unreadable = true;
		part->lacks_boundary =
		    !slice_has_text_nocase(type_value, SLICE("boundary"));
		part->boundary = SLICE("---");
		return;
	}
	part->is_ambiguous = boundary.len > MIME_BOUNDARY_BYTES ||
	    mime_has_boundaries(type_value);
	/* Such octets may change on the way, and the delimiter with them. */
	for (size_t i = 0; i < boundary.len && !part->is_ambiguous; i++)
		part->is_ambiguous = char_is_8bit(boundary.data[i]) ||
		    char_is_control(boundary.data[i]);
	/* A multipart around it may have the same. */
	for (size_t i = 0; i < scan->depth && !part->is_ambiguous; i++)
		part->is_ambiguous =
		    slice_eq(scan->levels[i].boundary, boundary);
	if (part->is_ambiguous)
		return;
	part->kind = MIME_MULTIPART;
	part->is_digest = slice_eq(type, SLICE("multipart/digest"));
	part->boundary = slice_dup(scan->mem, boundary);
	part->boundary_is_odd = written.len != 0;
	scan->levels[scan->depth - 1].boundary = part->boundary;
}

/* How the content is encoded, as programs may read the label. */
static void
classify_encoding(struct mime_scan *scan, struct slice value)
{
	struct mime_part *part = mime_scan_part(scan);
	struct slice token;
	bool is_all = mime_encoding_token(value, &token);

	part->encoding = is_all || token.len > 0 ?
	    transfer_encoding_find(token) :
	    TRANSFER_OTHER;
	part->encoding_has_more = !is_all && token.len > 0;
	if (token.len <= MIME_ENCODING_BYTES)
		part->encoding_token = slice_dup(scan->mem, token);
}

/* Notes what an entity is by its fields; its content begins here. */
static void
classify(struct mime_scan *scan, struct slice type_value, struct slice encoding)
{
	static const char *const messages[] = { "message/rfc822",
		"message/global", "message/news", NULL };
	static const char *const encrypted[] = { "multipart/encrypted",
		"application/pkcs7-mime", "application/x-pkcs7-mime", NULL };
	struct mime_part *part = mime_scan_part(scan);
	struct slice type = SLICE("text/plain");
	struct arena mem;

	arena_init(&mem);
	part->is_ambiguous =
	    part->header.types > 1 || type_value.len > MIME_TYPE_BYTES;
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
	part->is_headers = slice_eq(type, SLICE("text/rfc822-headers"));
	part->is_message = slice_starts(type, SLICE("message/"));
	part->is_rfc822 = slice_eq(type, SLICE("message/rfc822"));
	if (part->seal == MIME_UNSEALED && is_any(type, encrypted))
		part->seal = MIME_ENCRYPTED;
	else if (part->seal == MIME_UNSEALED &&
	    slice_eq(type, SLICE("multipart/signed")))
		part->seal = MIME_SIGNED;
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
mime_scan_new(struct arena *mem, struct slice type, struct slice encoding,
    size_t short_line)
{
	struct mime_scan *scan = arena_alloc(mem, sizeof(*scan));

	*scan = (struct mime_scan){ .mem = mem,
		.short_line = short_line,
		.line_utf8 = true,
		.blank_tail = true };
	strbuf_init(&scan->header, mem);
	open_part(scan);
	mime_scan_part(scan)->header.encodings = encoding.len > 0;
	mime_scan_part(scan)->header.encoding_is_last =
	    mime_is_plain_encoding(encoding);
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

/* An attached message of text alone; what was read of it is its content. */
static bool
take_for_text(struct mime_scan *scan, struct slice text)
{
	struct mime_part *part = mime_scan_part(scan);

	if (!is_attached(scan) || !part_at(scan, scan->depth - 2)->is_rfc822 ||
	    !mime_lacks_header(text))
		return false;
	mime_measure_text(part, text);
	part->header = (struct mime_header){ .is_missing = true };
	classify(scan, SLICE(""), SLICE(""));
	part->content_start = part->header_start;
	return true;
}

/*
 * A delimiter or the end of all comes before the empty line. What an empty line
 * there would open is noted: some readers take the header for ended.
 */
static void
cut_header(struct mime_scan *scan)
{
	struct mime_part *part = mime_scan_part(scan);
	struct mime_labels labels;
	struct slice type = SLICE("text/plain");
	struct slice text =
	    slice_sub(strbuf_slice(&scan->header), 0, scan->header_lines);
	struct arena mem;

	if (scan->depth == 1 || take_for_text(scan, text))
		return;
	mime_read_header(&part->header, text, is_attached(scan), &labels);
	classify_encoding(scan, labels.encoding);
	arena_init(&mem);
	if (labels.type.len == 0 && part_at(scan, scan->depth - 2)->is_digest)
		type = SLICE("message/rfc822");
	else if (labels.type.len <= MIME_TYPE_BYTES)
		(void)mime_type(labels.type, &mem, &type);
	part->header.names_parts = part->header.types > 1 ||
	    labels.type.len > MIME_TYPE_BYTES ||
	    slice_starts(type, SLICE("multipart/")) ||
	    slice_starts(type, SLICE("message/"));
	part->header.names_message = part->header.types <= 1 &&
	    part->header.encodings == 0 &&
	    slice_eq(type, SLICE("message/rfc822"));
	arena_done(&mem);
}

/* The entities from a level on end before this line. */
static void
close_levels(struct mime_scan *scan, size_t depth, uint64_t end)
{
	while (scan->depth > depth) {
		struct mime_part *part = mime_scan_part(scan);

		/* A header without an end has no content behind it. */
		if (scan->place == AT_HEADER) {
			cut_header(scan);
			if (!part->header.is_missing)
				part->content_start = end > part->header_start ?
				    end :
				    part->header_start;
		}
		scan->place = AT_CONTENT;
		if (scan->utf8_more > 0)
			part->is_utf8 = false;
		scan->utf8_more = 0;
		part->content_end =
		    end > part->content_start ? end : part->content_start;
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

/* A line of the header of a part, which ends at an empty one. */
static void
header_line(struct mime_scan *scan)
{
	struct mime_header *header = &mime_scan_part(scan)->header;
	struct slice text = strbuf_slice(&scan->header);
	struct mime_labels labels;

	if (scan->line_octets > header->longest_line)
		header->longest_line = scan->line_octets;
	header->has_8bit = header->has_8bit || scan->line_8bit > 0;
	header->has_bare =
	    header->has_bare || scan->line_bare || scan->line_nul;
	scan->header_lines = scan->header.len;
	if (scan->line_octets != 0 || take_for_text(scan, text))
		return;
	header->ended = true;
	mime_read_header(header, text, is_attached(scan), &labels);
	classify(scan, labels.type, labels.encoding);
}

/*
 * A line of the content. Sendmail looks for the dashes of parts also where a
 * multipart names no boundary.
 */
static void
content_line(struct mime_scan *scan, bool is_lookalike)
{
	const struct slice head = { scan->head, scan->head_len };
	const struct slice trimmed = slice_trim(head);
	struct mime_part *part = mime_scan_part(scan);
	bool is_base64 = part->encoding == TRANSFER_BASE64 &&
	    scan->line_octets > 0 && scan->line_octets % 4 == 0 &&
	    scan->line_8bit == 0 && !scan->line_nul;

	part->has_lookalike = part->has_lookalike || is_lookalike;
	/* Its beginning and its length say so; the rest does not matter. */
	for (size_t i = 0; is_base64 && i < head.len && i < MIME_BASE64_LOOK;
	     i++)
		is_base64 =
		    base64_value(head.data[i]) >= 0 || head.data[i] == '=';
	if (is_base64)
		part->base64_octets += scan->line_octets;
	part->has_label = part->has_label || mime_is_8bit_label(head);
	if (part->lacks_boundary && !part->is_closed) {
		part->is_closed = slice_eq(head, SLICE("-------"));
		part->has_dashes = part->has_dashes ||
		    (!part->is_closed &&
			(slice_eq(trimmed, SLICE("-----")) ||
			    slice_eq(trimmed, SLICE("-------"))));
	}
	part->has_8bit = part->has_8bit || scan->line_8bit > 0;
	part->octets_8bit += scan->line_8bit;
	part->has_nul = part->has_nul || scan->line_nul;
	part->has_bare = part->has_bare || scan->line_bare;
	part->is_utf8 =
	    part->is_utf8 && scan->line_utf8 && scan->utf8_more == 0;
	if (scan->line_octets > part->longest_line)
		part->longest_line = scan->line_octets;
}

void
mime_end_line(struct mime_scan *scan)
{
	struct mime_part *part;
	size_t level;
	bool last, is_lookalike;

	if (find_boundary(scan, &level, &last, &is_lookalike)) {
		part = part_at(scan, level);
		part->has_padding = part->has_padding ||
		    char_is_wsp(scan->head[scan->head_len - 1]);
		if (scan->line_octets > part->longest_line)
			part->longest_line = scan->line_octets;
		/* The line end before a boundary belongs to it. */
		close_levels(scan, level + 1,
		    scan->line_start >= 2 ? scan->line_start - 2 : 0);
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

const struct mime_part *
mime_scan_so_far(const struct mime_scan *scan, size_t *ret_count)
{
	*ret_count = scan->count;
	return scan->parts;
}

int
mime_scan_finish(struct mime_scan *scan, const struct mime_part **ret_parts,
    size_t *ret_count, struct err *err)
{
	if (!scan->over_limit && (scan->line_octets > 0 || scan->pending_cr)) {
		scan->line_bare = scan->line_bare || scan->pending_cr;
		mime_end_line(scan);
	}
	if (scan->over_limit)
		return err_set(err, ERR_LIMIT,
		    "more than %d parts, parts "
		    "deeper than %d, or a part with a header of more than %d "
		    "octets",
		    (int)MIME_MAX_PARTS, (int)MIME_MAX_DEPTH,
		    (int)MIME_HEADER_BYTES);
	close_levels(scan, 0, scan->at);
	*ret_parts = scan->parts;
	*ret_count = scan->count;
	return 0;
}
