/* SPDX-License-Identifier: BSD-2-Clause */
/* Attached messages that are encoded, and may not be. */
#include "repair/repair_decode.h"

#include <string.h>

#include "body_rules_priv.h"
#include "decode_priv.h"

enum {
	DECODE_ROUNDS = 8, /* encoded messages, one in another */
	LINE_HEAD_OCTETS = MIME_BOUNDARY_BYTES + 2, /* "--", boundary */
	PIECE_OCTETS = 16384,
};

void
line_ends_add(void *arg, struct slice text)
{
	struct line_ends *ends = arg;
	size_t start = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '\0' || (ends->pending_cr && c != '\n'))
			ends->failed = true;
		ends->pending_cr = c == '\r';
		if (c != '\r' && c != '\n')
			continue;
		ends->sink(ends->arg, slice_sub(text, start, i - start));
		if (c == '\n')
			ends->sink(ends->arg, SLICE("\r\n"));
		start = i + 1;
	}
	ends->sink(ends->arg, slice_from(text, start));
}

bool
line_ends_finish(const struct line_ends *ends)
{
	return !ends->failed && !ends->pending_cr;
}

/* A look at decoded text before it is written. */
struct look {
	const struct mime_part *parts;
	size_t index;
	char head[LINE_HEAD_OCTETS]; /* of the line at hand */
	size_t len;
	bool has_8bit;
	bool has_delimiter;
};

/*
 * The line at hand ends. Postfix takes one that only begins like a delimiter
 * for one.
 */
static void
look_at_end(struct look *look)
{
	struct slice line = { look->head, look->len };

	look->len = 0;
	if (!slice_starts(line, SLICE("--")))
		return;
	line = slice_from(line, 2);
	for (size_t i = look->index; i > 0;) {
		i = look->parts[i].parent;
		if (look->parts[i].boundary.len > 0 &&
		    slice_starts(line, look->parts[i].boundary))
			look->has_delimiter = true;
	}
}

static void
look_at(void *arg, struct slice text)
{
	struct look *look = arg;

	if (slice_eq(text, SLICE("\r\n"))) {
		look_at_end(look);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (look->len < sizeof(look->head))
			look->head[look->len++] = text.data[i];
		look->has_8bit = look->has_8bit || char_is_8bit(text.data[i]);
	}
}

/* Which parts of a body to decode: those in which nothing is against it. */
static int
plan_round(const struct body_rules *rules, const struct body *body,
    struct body_plan *plan, struct err *err)
{
	char piece[PIECE_OCTETS];

	for (size_t i = 0; i < plan->count; i++) {
		const struct mime_part *part = &plan->parts[i];
		const struct mime_header *header = &part->header;
		struct look look;
		struct line_ends ends = { .sink = look_at, .arg = &look };
		struct part_plan *want = &plan->plans[i];
		struct strict_decoder decoder;
		bool is_whole;

		/* The MTA would open it, and the header can be written anew. */
		if (!encoded_message_is_opened(rules, part) ||
		    part->seal != MIME_UNSEALED || part->is_ambiguous ||
		    part->encoding_has_more || header->encodings != 1 ||
		    header->has_junk || header->names_parts ||
		    (part->encoding != TRANSFER_BASE64 &&
			part->encoding != TRANSFER_QUOTED_PRINTABLE))
			continue;
		look = (struct look){ .parts = plan->parts, .index = i };
		strict_decoder_init(
		    &decoder, part->encoding, line_ends_add, &ends);
		for (uint64_t at = part->content_start;
		     at < part->content_end && !decoder.failed &&
		     !ends.failed && !look.has_delimiter;) {
			uint64_t left = part->content_end - at;
			size_t len =
			    left < sizeof(piece) ? (size_t)left : sizeof(piece);

			if (body_read(body, at, piece, len, err) != 0)
				return -1;
			strict_decoder_add(
			    &decoder, (struct slice){ piece, len });
			at += len;
		}
		is_whole =
		    strict_decoder_finish(&decoder) && line_ends_finish(&ends);
		look_at_end(&look);
		if (!is_whole || look.has_delimiter)
			continue;
		want->decode = want->header = true;
		if (look.has_8bit)
			want->encoding = SLICE("8bit");
		plan->changes = plan->changes_body = true;
	}
	return 0;
}

/* A body that is being written, and looked through. */
struct new_body {
	struct body *body;
	struct mime_scan *scan;
	struct err err;
	char piece[PIECE_OCTETS];
	size_t len;
};

static void
keep_piece(struct new_body *new)
{
	struct slice piece = { new->piece, new->len };

	new->len = 0;
	if (new->err.kind != ERR_NONE)
		return;
	mime_scan_add(new->scan, piece);
	if (body_add(new->body, piece, &new->err) != 0)
		ENSURE(new->err.kind != ERR_NONE);
}

static void
take_text(void *arg, struct slice text)
{
	struct new_body *new = arg;

	while (text.len > 0) {
		struct slice part =
		    slice_sub(text, 0, sizeof(new->piece) - new->len);

		memcpy(new->piece + new->len, part.data, part.len);
		new->len += part.len;
		text = slice_from(text, part.len);
		if (new->len == sizeof(new->piece))
			keep_piece(new);
	}
}

/* Decoding goes on in rounds, while there is something to decode. */
struct decoding {
	struct body_rules rules;
	const struct body *body; /* at hand */
	struct slice type;
	struct slice encoding;
	struct arena *mem;
	struct decoded_body decoded;
	bool is_done; /* nothing is left that could be decoded */
};

/*
 * Decodes what can be of the body at hand. It is left as it is where the new
 * one could not be written, or has more parts than anybody takes apart.
 */
static int
decode_round(struct decoding *decoding, struct err *err)
{
	struct body_plan plan = { .parts = decoding->decoded.parts,
		.count = decoding->decoded.count,
		.line_limit = decoding->rules.line_limit,
		.signed_end = UINT64_MAX };
	struct decoded_body next = decoding->decoded;
	struct new_body new;
	const struct body_target target = { take_text, &new, UINT64_MAX, NULL };

	decoding->is_done = true;
	plan.plans =
	    arena_array(decoding->mem, plan.count, sizeof(*plan.plans));
	if (plan_round(&decoding->rules, decoding->body, &plan, err) != 0)
		return -1;
	if (!plan.changes)
		return 0;
	if (plan.plans[0].decode)
		decoding->encoding = plan.plans[0].encoding;
	body_init(&next.body, decoding->body->directory,
	    decoding->body->memory_limit);
	new.body = &next.body;
	new.scan = mime_scan_new(decoding->mem, decoding->type,
	    decoding->encoding, decoding->rules.line_limit);
	new.err.kind = ERR_NONE;
	new.len = 0;
	if (body_plan_write(&plan, decoding->body, &target, err) != 0) {
		body_done(&next.body);
		return err->kind == ERR_DATA ? 0 : -1;
	}
	keep_piece(&new);
	if (new.err.kind != ERR_NONE) {
		body_done(&next.body);
		*err = new.err;
		return -1;
	}
	if (mime_scan_finish(new.scan, &next.parts, &next.count, err) != 0) {
		body_done(&next.body);
		return 0;
	}
	if (!next.any) {
		next.top = plan;
		next.first_change = body_plan_first_change(&plan);
	}
	next.any = true;
	body_done(&decoding->decoded.body);
	decoding->decoded = next;
	decoding->body = &decoding->decoded.body;
	decoding->is_done = false;
	return 0;
}

int
body_decode(const struct config *config, const struct body_facts *facts,
    struct arena *mem, struct decoded_body *ret_decoded, struct err *err)
{
	struct decoding decoding = {
		.rules = body_rules_of(config, facts),
		.body = facts->body,
		.type = facts->type,
		.encoding = facts->encoding,
		.mem = mem,
		.decoded = { .parts = facts->parts, .count = facts->count },
	};

	body_init(&decoding.decoded.body, facts->body->directory,
	    facts->body->memory_limit);
	for (size_t i = 0; i < DECODE_ROUNDS && !decoding.is_done; i++) {
		if (decode_round(&decoding, err) != 0) {
			body_done(&decoding.decoded.body);
			return -1;
		}
	}
	*ret_decoded = decoding.decoded;
	return 0;
}
