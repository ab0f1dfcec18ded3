/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies and what becomes of them. The first line is Content-Type, the second
 * one Content-Transfer-Encoding, the rest is the body. Oracle: every part
 * decodes to the same content, all else is the same but for what the plan
 * names, and what goes on needs no further repair.
 */
#include <openssl/evp.h>

#include "fuzz.h"
#include "message/part_header.h"
#include "repair/repair_body.h"

enum { LINE_OCTETS = 100 };

static struct config *config;

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));

	*rest = slice_from(*rest, line.len + 1);
	return line;
}

static struct slice
with_last_line_end(struct slice body, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, body);
	strbuf_add_cstr(&buf, "\r\n");
	return strbuf_slice(&buf);
}

static void
gather(void *arg, struct slice text)
{
	strbuf_add(arg, text);
}

/* A body in two parts: that which is signed, and the rest. */
struct halves {
	struct strbuf start, rest;
};

static void
gather_start(void *arg, struct slice text)
{
	strbuf_add(&((struct halves *)arg)->start, text);
}

static void
gather_rest(void *arg, struct slice text)
{
	strbuf_add(&((struct halves *)arg)->rest, text);
}

/* The octets of base64 that count; those that are none are passed over. */
static struct slice
without_strays(struct slice content, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < content.len; i++) {
		char c = content.data[i];

		if (char_is_alpha(c) || char_is_digit(c) || c == '+' ||
		    c == '/' || c == '=')
			strbuf_add_char(&buf, c);
	}
	return strbuf_slice(&buf);
}

/* Of octets, what OpenSSL makes of them; of base64, what readers look at. */
static struct slice
as_base64(struct slice content, bool is_base64, struct arena *mem)
{
	unsigned char *text;

	if (is_base64)
		return without_strays(content, mem);
	text = arena_alloc(mem, (content.len + 2) / 3 * 4 + 1);
	return (struct slice){ (const char *)text,
		(size_t)EVP_EncodeBlock(text,
		    (const unsigned char *)content.data, (int)content.len) };
}

static struct slice
decoded(struct slice content, enum transfer_encoding from, struct arena *mem)
{
	struct decoder decoder;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	decoder_init(&decoder, from, gather, &buf);
	decoder_add(&decoder, slice_sub(content, 0, content.len / 3));
	decoder_add(&decoder, slice_from(content, content.len / 3));
	decoder_finish(&decoder);
	return strbuf_slice(&buf);
}

static struct slice
part_of(struct slice body, uint64_t start, uint64_t end)
{
	ENSURE(start <= end && end <= body.len);
	return slice_sub(body, (size_t)start, (size_t)(end - start));
}

static size_t
scan(struct slice type, struct slice encoding, struct slice body,
    struct arena *mem, const struct mime_part **ret_parts)
{
	struct mime_scan *scanner = mime_scan_new(mem, type, encoding, 0);
	struct err err;
	size_t count;

	/* Cut anywhere. */
	mime_scan_add(scanner, slice_sub(body, 0, body.len / 2));
	mime_scan_add(scanner, slice_from(body, body.len / 2));
	return mime_scan_finish(scanner, ret_parts, &count, &err) == 0 ? count :
									 0;
}

/* What is left of a header that is written anew: folds and labels apart. */
static void
add_header(struct strbuf *buf, struct slice text,
    const struct mime_header *facts, const struct part_plan *want)
{
	struct part_field field = {
		.end = facts->has_mbox_line ? part_header_mbox_line(text) : 0
	};
	unsigned int has_type = 0;

	if (!want->drop_mbox_line)
		strbuf_add(buf, slice_sub(text, 0, field.end));
	while (part_field_next(text, field.end, &field)) {
		if (slice_eq_nocase(
			field.name, SLICE("Content-Transfer-Encoding")) ||
		    ((want->quote_boundary || want->as_file) &&
			slice_eq_nocase(field.name, SLICE("Content-Type"))) ||
		    (want->add_version &&
			slice_eq_nocase(field.name, SLICE("MIME-Version"))))
			continue;
		if (slice_eq_nocase(field.name, SLICE("Content-Type")) &&
		    has_type++)
			continue;
		strbuf_add(buf, field.name);
		strbuf_add_char(buf, ':');
		for (size_t i = 0; i < field.value.len; i++) {
			if (field.value.data[i] != '\r' &&
			    field.value.data[i] != '\n')
				strbuf_add_char(buf, field.value.data[i]);
		}
	}
	strbuf_add(buf, slice_from(text, field.end));
}

/* All octets but those that the plan of the part at *index changes. */
static void
add_part(struct strbuf *buf, struct slice body, const struct mime_part *parts,
    const struct body_plan *plan, size_t *index)
{
	size_t self = (*index)++;
	const struct mime_part *part = &parts[self];
	const struct part_plan *want = &plan->plans[self];
	uint64_t at = part->content_start;

	if (self > 0 && want->header)
		add_header(buf, part_of(body, part->header_start, at),
		    &part->header, want);
	else if (self > 0)
		strbuf_add(buf, part_of(body, part->header_start, at));
	while (*index < plan->count && parts[*index].parent == self) {
		const struct mime_part *child = &parts[*index];

		if (!want->beside)
			strbuf_add(buf, part_of(body, at, child->header_start));
		at = child->content_end;
		add_part(buf, body, parts, plan, index);
	}
	/* The empty line of a message without content ends what is around it. */
	if (!want->encode && !want->beside && !want->close &&
	    at < part->content_end)
		strbuf_add(buf, part_of(body, at, part->content_end));
}

/* Whether a header gets the empty line that it lacks. */
static bool
has_cut_header(const struct body_plan *plan)
{
	for (size_t i = 1; i < plan->count; i++) {
		if (plan->plans[i].header && !plan->parts[i].header.ended)
			return true;
	}
	return false;
}

static struct slice
without_line_ends(struct slice text, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '\r' && text.data[i] != '\n')
			strbuf_add_char(&buf, text.data[i]);
	}
	return strbuf_slice(&buf);
}

static struct slice
skeleton(struct slice body, const struct mime_part *parts,
    const struct body_plan *plan, struct arena *mem)
{
	struct strbuf buf;
	size_t index = 0;

	strbuf_init(&buf, mem);
	add_part(&buf, body, parts, plan, &index);
	return has_cut_header(plan) ?
	    without_line_ends(strbuf_slice(&buf), mem) :
	    strbuf_slice(&buf);
}

static struct slice
value_of(const struct edits *edits, struct slice name)
{
	size_t index = edits_find(edits, name, 0);

	return index < edits->count ? edits->fields[index].field.value :
				      (struct slice){ NULL, 0 };
}

/* Without the delimiter that Sendmail ends a multipart without boundary with. */
static struct slice
without_dashes(struct slice text)
{
	const struct slice dashes = SLICE("-------");

	text = slice_trim(text);
	ENSURE(text.len >= dashes.len);
	text.len -= dashes.len;
	ENSURE(slice_eq(
	    slice_sub((struct slice){ text.data, text.len + dashes.len },
		text.len, dashes.len),
	    dashes));
	return slice_trim(text);
}

/* Whether a message comes to be that a header without an end announces. */
static bool
gains_message(const struct body_plan *plan)
{
	for (size_t i = 1; i < plan->count; i++) {
		if (plan->plans[i].header &&
		    plan->parts[i].header.names_message)
			return true;
	}
	return false;
}

static void
check_parts(const struct body_plan *plan, const struct mime_part *parts,
    struct slice old, struct slice new, struct arena *mem)
{
	struct slice before, after;
	enum transfer_encoding from;

	for (size_t i = 0; i < plan->count; i++) {
		const struct mime_part *was = &plan->parts[i];
		const struct mime_part *is = &parts[i];

		ENSURE(was->kind == is->kind && was->parent == is->parent);
		if (was->kind != MIME_LEAF)
			continue;
		ENSURE(!plan->plans[i].as_file ||
		    (was->is_rfc822 && !is->is_message && !is->is_text));
		from =
		    plan->plans[i].encode ? plan->plans[i].from : was->encoding;
		before = part_of(old, was->content_start, was->content_end);
		after = part_of(new, is->content_start, is->content_end);
		if (plan->plans[i].close)
			ENSURE(slice_eq(
			    slice_trim(before), without_dashes(after)));
		else if (is->encoding == TRANSFER_BASE64)
			ENSURE(slice_eq(
			    as_base64(before, from == TRANSFER_BASE64, mem),
			    as_base64(after, true, mem)));
		else
			ENSURE(slice_eq(decoded(before, from, mem),
			    decoded(after, is->encoding, mem)));
	}
	before = skeleton(old, plan->parts, plan, mem);
	after = skeleton(new, parts, plan, mem);
	ENSURE(slice_eq(before, after));
}

static void
check_result(const struct body_plan *plan, const struct body_facts *facts,
    struct slice old, struct slice new, size_t signed_len, struct edits *edits,
    struct arena *mem)
{
	struct body_facts now = *facts;
	struct body_plan again;
	bool is_folded = false;
	struct err err;

	body_plan_edit(plan, edits);
	now.count = scan(value_of(edits, SLICE("Content-Type")),
	    value_of(edits, SLICE("Content-Transfer-Encoding")), new, mem,
	    &now.parts);
	for (size_t i = 0; i < plan->count; i++)
		is_folded = is_folded ||
		    plan->parts[i].header.longest_line > LINE_OCTETS;
	if (!gains_message(plan)) {
		ENSURE(now.count == plan->count);
		check_parts(plan, now.parts, old, new, mem);
	}
	if (body_plan_make(config, &now, edits, &again, &err) == 0)
		ENSURE(!again.changes &&
		    (plan->signed_end == UINT64_MAX ?
			    again.signed_end == UINT64_MAX :
			    again.signed_end == signed_len));
	else
		/* Folds count where the length of a field is limited. */
		ENSURE(is_folded &&
		    slice_has_text_nocase(
			slice_of(err.text), SLICE("a very long field")));
}

static void
check_body(struct slice type, struct slice encoding, struct slice text,
    enum mta_choice mta)
{
	struct body_facts facts = { .traits = mta_traits(mta),
		.line_limit = LINE_OCTETS,
		.header_8bit = true };
	const struct header_limits no_limits = { .bytes = 0 };
	struct body_plan plan;
	struct edits edits;
	struct header header;
	struct body body;
	struct strbuf new, start;
	struct halves parts;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	/* As an MTA hands a body over. */
	if (text.len < 2 ||
	    !slice_eq(slice_from(text, text.len - 2), SLICE("\r\n")))
		text = with_last_line_end(text, &mem);
	header_init(&header, &mem);
	if ((type.len > 0 &&
		header_add(&header, SLICE("Content-Type"), type, &no_limits,
		    &err) != 0) ||
	    (encoding.len > 0 &&
		header_add(&header, SLICE("Content-Transfer-Encoding"),
		    encoding, &no_limits, &err) != 0)) {
		arena_done(&mem);
		return;
	}
	edits_init(&edits, &mem, &header);
	facts.count = scan(type, encoding, text, &mem, &facts.parts);
	if (facts.count != 0 &&
	    body_plan_make(config, &facts, &edits, &plan, &err) == 0 &&
	    plan.changes) {
		body_init(&body, "/tmp", 1024);
		ENSURE(body_add(&body, text, &err) == 0);
		strbuf_init(&new, &mem);
		strbuf_init(&start, &mem);
		strbuf_init(&parts.start, &mem);
		strbuf_init(&parts.rest, &mem);
		if (body_plan_write(&plan, &body,
			&(const struct body_target){
			    gather, &new, UINT64_MAX, NULL },
			&err) == 0 &&
		    body_plan_write(&plan, &body,
			&(const struct body_target){
			    gather, &start, plan.signed_end, NULL },
			&err) == 0 &&
		    body_plan_write(&plan, &body,
			&(const struct body_target){ gather_start, &parts,
			    plan.signed_end, gather_rest },
			&err) == 0) {
			ENSURE(slice_eq(
			    strbuf_slice(&parts.start), strbuf_slice(&start)));
			strbuf_add(&parts.start, strbuf_slice(&parts.rest));
			ENSURE(slice_eq(
			    strbuf_slice(&parts.start), strbuf_slice(&new)));
			check_result(&plan, &facts, text, strbuf_slice(&new),
			    start.len, &edits, &mem);
		} else
			ENSURE(err.kind == ERR_DATA);
		body_done(&body);
	}
	arena_done(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data, size }, type, encoding;
	struct err err;

	if (config == NULL)
		ENSURE(
		    config_read_text("fuzz",
			SLICE("repair { sealed-parts = "
			      "pass-unsigned\nsealed-8bit = pass-unsigned }"),
			NULL, NULL, &config, &err) == 0);
	type = next_line(&rest);
	encoding = next_line(&rest);
	check_body(type, encoding, rest, MTA_POSTFIX);
	check_body(type, encoding, rest, MTA_SENDMAIL);
	return 0;
}
