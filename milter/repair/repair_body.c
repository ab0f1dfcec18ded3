/* SPDX-License-Identifier: BSD-2-Clause */
#include "repair/repair_body.h"

enum { COPY_OCTETS = 16384 };

static int
refuse(struct err *err, const char *what, const char *advice)
{
	return err_set(err, ERR_DATA, "%s would be broken on the way%s", what,
	    advice);
}

/* How far repairs go. */
struct rules {
	const struct config *config;
	size_t line_limit;
	bool to_7bit;		/* a next hop may lack 8BITMIME */
};

/* Whether a leaf cannot stay as it is; *ret_certain: any MTA would change it. */
static bool
must_change(const struct rules *rules, const struct mime_part *part,
    bool *ret_certain)
{
	bool lies = part->has_8bit && part->encoding != TRANSFER_8BIT &&
	    part->encoding != TRANSFER_BINARY;

	*ret_certain = part->longest_line > rules->line_limit;
	if (*ret_certain)
		return true;
	if (rules->config->repair.body != BODY_ALL)
		return false;
	return lies || part->has_nul || part->has_bare ||
	    (part->has_8bit && rules->to_7bit);
}

/* A part that may not be touched, but would have to be. */
static int
judge_sealed(const struct rules *rules, bool certain, struct err *err)
{
	if (!certain || rules->config->repair.sealed == SEALED_PASS)
		return 0;
	return refuse(err, "a signed or encrypted part with long lines",
	    ": have your mail program encode it");
}

static int
plan_leaf(const struct rules *rules, const struct mime_part *part,
    struct part_plan *plan, struct err *err)
{
	bool labelled_8bit = part->encoding == TRANSFER_8BIT ||
	    part->encoding == TRANSFER_BINARY;
	bool certain;

	if (!must_change(rules, part, &certain)) {
		/* A label alone makes MTAs convert. */
		if (labelled_8bit && !part->has_8bit && !part->is_sealed &&
		    rules->to_7bit) {
			plan->relabel = true;
			plan->to = TRANSFER_7BIT;
		}
		return 0;
	}
	if (part->is_sealed)
		return judge_sealed(rules, certain, err);
	if (part->encoding == TRANSFER_OTHER)
		return !certain ? 0 : refuse(err,
		    "a part of unknown encoding with long lines", "");
	plan->encode = true;
	/* What is encoded already stays in that encoding, in shorter lines. */
	if (part->encoding == TRANSFER_BASE64 ||
	    part->encoding == TRANSFER_QUOTED_PRINTABLE)
		plan->to = part->encoding;
	else
		plan->to = part->is_text ? TRANSFER_QUOTED_PRINTABLE
		    : TRANSFER_BASE64;
	return 0;
}

/* Whether anything 8-bit is left in a part or below it. */
static bool
stays_8bit(const struct body_plan *plan, size_t index)
{
	for (size_t i = index; i < plan->count; i++) {
		size_t up = i;

		while (up > index)
			up = plan->parts[up].parent;
		if (up == index && plan->parts[i].has_8bit &&
		    !plan->plans[i].encode)
			return true;
	}
	return false;
}

static int
plan_others(const struct rules *rules, struct body_plan *plan, size_t index,
    struct err *err)
{
	const struct mime_part *part = &plan->parts[index];
	bool labelled = part->encoding == TRANSFER_8BIT ||
	    part->encoding == TRANSFER_BINARY;

	if (part->longest_line > rules->line_limit) {
		if (part->is_sealed)
			return judge_sealed(rules, true, err);
		return refuse(err, "a long line beside the parts of the message",
		    "");
	}
	if (labelled && !part->is_sealed && rules->to_7bit &&
	    !stays_8bit(plan, index)) {
		plan->plans[index].relabel = true;
		plan->plans[index].to = TRANSFER_7BIT;
	}
	return 0;
}

int
body_plan_make(const struct config *config, const struct mime_part *parts,
    size_t count, size_t line_limit,
    bool smtputf8, struct arena *mem,
    struct body_plan *ret_plan, struct err *err)
{
	const struct rules rules = { config, line_limit,
		config->repair.body == BODY_ALL && !smtputf8 };
	struct body_plan plan = { .parts = parts, .count = count };

	plan.plans = arena_array(mem, count, sizeof(*plan.plans));
	for (size_t i = 0; i < count; i++) {
		if (parts[i].header_longest_line > line_limit &&
		    (!parts[i].is_sealed ||
		    config->repair.sealed == SEALED_REFUSE))
			return refuse(err, "a long line in the header of a part",
			    "");
		if (parts[i].kind == MIME_LEAF && plan_leaf(&rules, &parts[i],
		    &plan.plans[i], err) != 0)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (parts[i].kind != MIME_LEAF &&
		    plan_others(&rules, &plan, i, err) != 0)
			return -1;
		plan.changes = plan.changes || plan.plans[i].encode ||
		    plan.plans[i].relabel;
	}
	*ret_plan = plan;
	return 0;
}

/* The field gets the value, or is added where the message has none. */
static void
set_field(struct edits *edits, struct slice name, struct slice value)
{
	size_t index = edits_find(edits, name, 0);

	if (index < edits->count)
		edits_change(edits, index, value);
	else
		edits_add(edits, name, value);
}

void
body_plan_edit(const struct body_plan *plan, struct edits *edits)
{
	const struct part_plan *top = &plan->plans[0];
	const struct mime_part *part = &plan->parts[0];

	if (!top->encode && !top->relabel)
		return;
	if (edits_find(edits, SLICE("MIME-Version"), 0) == edits->count)
		edits_add(edits, SLICE("MIME-Version"), SLICE(" 1.0"));
	if (edits_find(edits, SLICE("Content-Type"), 0) == edits->count)
		edits_add(edits, SLICE("Content-Type"), slice_format(edits->mem,
		    " text/plain; charset=%s", !part->has_8bit ? "us-ascii"
		    : part->is_utf8 ? "utf-8" : "unknown-8bit"));
	set_field(edits, SLICE("Content-Transfer-Encoding"), slice_format(
	    edits->mem, " %s", transfer_encoding_name(top->to)));
}

/* A body on its way out. */
struct writer {
	const struct body *body;
	encode_sink *sink;
	void *arg;
	uint64_t at;		/* of the old body, how far it is written */
	char last[2];		/* the last octets that went out */
	struct err *err;
};

static void
write_out(void *arg, struct slice text)
{
	struct writer *writer = arg;

	if (text.len == 0)
		return;
	writer->last[0] = text.len > 1 ? text.data[text.len - 2]
	    : writer->last[1];
	writer->last[1] = text.data[text.len - 1];
	writer->sink(writer->arg, text);
}

static void
decode_into(void *arg, struct slice text)
{
	encoder_add(arg, text);
}

/* Octets of the old body, from where we are to an offset, through a function. */
static int
pass_to(struct writer *writer, uint64_t end,
    void (*take)(void *arg, struct slice text), void *arg)
{
	char buffer[COPY_OCTETS];

	while (writer->at < end) {
		uint64_t left = end - writer->at;
		size_t len = left < sizeof(buffer) ? (size_t)left
		    : sizeof(buffer);

		if (body_read(writer->body, writer->at, buffer, len,
		    writer->err) != 0)
			return -1;
		take(arg, (struct slice){ buffer, len });
		writer->at += len;
	}
	return 0;
}

static int
copy_to(struct writer *writer, uint64_t end)
{
	return pass_to(writer, end, write_out, writer);
}

static void
decode_piece(void *arg, struct slice text)
{
	decoder_add(arg, text);
}

static int
encode_to(struct writer *writer, uint64_t end, enum transfer_encoding from,
    enum transfer_encoding to)
{
	struct encoder encoder;
	struct decoder decoder;

	encoder_init(&encoder, to, write_out, writer);
	decoder_init(&decoder, from, decode_into, &encoder);
	if (pass_to(writer, end, decode_piece, &decoder) != 0)
		return -1;
	decoder_finish(&decoder);
	encoder_finish(&encoder);
	return 0;
}

/* The Content-Transfer-Encoding of a part inside the body. */
static int
write_label(struct writer *writer, const struct mime_part *part,
    enum transfer_encoding to)
{
	bool has_field = part->encoding_end > part->encoding_start;
	/* Else on top, where a broken line of the header cannot hide it. */
	uint64_t start = has_field ? part->encoding_start
	    : part->header_start;

	if (copy_to(writer, start) != 0)
		return -1;
	write_out(writer, SLICE("Content-Transfer-Encoding: "));
	write_out(writer, slice_of(transfer_encoding_name(to)));
	write_out(writer, SLICE("\r\n"));
	if (has_field)
		writer->at = part->encoding_end;
	return 0;
}

int
body_plan_write(const struct body_plan *plan, const struct body *body,
    encode_sink *sink, void *arg, struct err *err)
{
	struct writer writer = { .body = body, .sink = sink, .arg = arg,
		.last = { '\r', '\n' }, .err = err };
	bool quoted_end = false;

	for (size_t i = 0; i < plan->count; i++) {
		const struct mime_part *part = &plan->parts[i];
		const struct part_plan *want = &plan->plans[i];

		if (!want->encode && !want->relabel)
			continue;
		if (i > 0 && write_label(&writer, part, want->to) != 0)
			return -1;
		quoted_end = want->encode && part->content_end == body->size &&
		    want->to == TRANSFER_QUOTED_PRINTABLE;
		if (want->encode && (copy_to(&writer, part->content_start) != 0 ||
		    encode_to(&writer, part->content_end, part->encoding,
			want->to) != 0))
			return -1;
	}
	if (copy_to(&writer, body->size) != 0)
		return -1;
	/*
	 * The MTA would end the last line: then it is ours to do. Where
	 * quoted-printable text has no line end there, it gets none.
	 */
	if (writer.last[0] != '\r' || writer.last[1] != '\n')
		write_out(&writer, quoted_end ? SLICE("=\r\n")
		    : SLICE("\r\n"));
	return 0;
}
