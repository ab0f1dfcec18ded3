/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/content_type.h"
#include "message/part_header.h"
#include "repair/repair_body.h"
#include "repair_priv.h"

enum { COPY_OCTETS = 16384, ENCODED_LINE_OCTETS = 76 };

/* A body on its way out. */
struct writer {
	const struct body_plan *plan;
	const struct body *body;
	encode_sink *sink;
	void *arg;
	struct arena mem;	/* for the header at hand */
	uint64_t at;		/* of the old body, how far it is written */
	uint64_t end;		/* what stands behind it is not written */
	size_t column;		/* beside parts, in base64 */
	size_t blanks;		/* beside parts, not written yet */
	bool pending_cr;
	char last[2];		/* the last octets that went out */
	bool quoted_end;	/* and they are quoted-printable */
	struct err *err;
};

static void
write_out(void *arg, struct slice text)
{
	struct writer *writer = arg;

	if (text.len == 0 || writer->at >= writer->end)
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

static void
decode_piece(void *arg, struct slice text)
{
	decoder_add(arg, text);
}

/* Octets of the old body, from where we are to an offset, through a function. */
static int
pass_to(struct writer *writer, uint64_t end,
    void (*take)(void *arg, struct slice text), void *arg)
{
	char buffer[COPY_OCTETS];

	while (writer->at < end && writer->at < writer->end) {
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

static bool
is_base64(char c)
{
	return char_is_alpha(c) || char_is_digit(c) || c == '+' || c == '/' ||
	    c == '=';
}

/* base64 in other lines, without strays (RFC 2045 section 6.8). */
static void
write_rewrapped(void *arg, struct slice text)
{
	struct writer *writer = arg;

	while (text.len > 0) {
		size_t len = 0;

		if (!is_base64(text.data[0])) {
			text = slice_from(text, 1);
			continue;
		}
		if (writer->column == ENCODED_LINE_OCTETS) {
			write_out(writer, SLICE("\r\n"));
			writer->column = 0;
		}
		while (len < text.len && is_base64(text.data[len]) &&
		    writer->column + len < ENCODED_LINE_OCTETS)
			len++;
		write_out(writer, slice_sub(text, 0, len));
		writer->column += len;
		text = slice_from(text, len);
	}
}

static int
encode_to(struct writer *writer, uint64_t end, enum transfer_encoding from,
    enum transfer_encoding to)
{
	struct encoder encoder;
	struct decoder decoder;

	if (from == TRANSFER_BASE64 && to == TRANSFER_BASE64) {
		writer->column = 0;
		if (pass_to(writer, end, write_rewrapped, writer) != 0)
			return -1;
		write_out(writer, SLICE("\r\n"));
		return 0;
	}
	encoder_init(&encoder, to, write_out, writer);
	decoder_init(&decoder, from, decode_into, &encoder);
	if (pass_to(writer, end, decode_piece, &decoder) != 0)
		return -1;
	decoder_finish(&decoder);
	encoder_finish(&encoder);
	return 0;
}

struct slice
with_quoted_boundary(struct slice value, struct arena *mem)
{
	struct slice boundary, written;
	struct strbuf buf;
	size_t start;

	if (!mime_boundary(value, mem, &boundary, &written) ||
	    written.len == 0)
		return value;
	start = (size_t)(written.data - value.data);
	strbuf_init(&buf, mem);
	strbuf_add(&buf, slice_sub(value, 0, start));
	strbuf_add_char(&buf, '"');
	strbuf_add(&buf, boundary);
	strbuf_add_char(&buf, '"');
	strbuf_add(&buf, slice_from(value, start + written.len));
	return strbuf_slice(&buf);
}

/* A value with CRLF line ends as fields elsewhere are: folds of LF, no end. */
static struct slice
as_field_value(struct slice value, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (value.len > 0) {
		size_t len = part_line_length(value);
		struct slice line = slice_sub(value, 0, len);

		value = slice_from(value, len);
		if (slice_ends_nocase(line, SLICE("\r\n")))
			line.len -= 2;
		strbuf_add(&buf, line);
		if (value.len > 0)
			strbuf_add_char(&buf, '\n');
	}
	return strbuf_slice(&buf);
}

static int
write_field(struct writer *writer, const struct part_plan *want,
    const struct part_field *field)
{
	struct field whole = { .name = field->name,
		.value = as_field_value(field->value, &writer->mem) };
	struct slice rest;

	if (want->quote_boundary &&
	    slice_eq_nocase(field->name, SLICE("Content-Type")))
		whole.value = with_quoted_boundary(whole.value, &writer->mem);
	if (repair_fold(&whole, writer->plan->line_limit, &writer->mem,
	    &rest) != 0)
		return err_set(writer->err, ERR_DATA, "a long line in the header "
		    "of a part would be broken on the way");
	write_out(writer, field->name);
	write_out(writer, SLICE(":"));
	for (;;) {
		size_t len = slice_find(rest, '\n');

		write_out(writer, slice_sub(rest, 0, len));
		write_out(writer, SLICE("\r\n"));
		if (len == rest.len)
			return 0;
		rest = slice_from(rest, len + 1);
	}
}

/*
 * All fields, one of a kind that may stand once, with the encoding last, where
 * Sendmail would put it. A header that lacks its empty line has one then: the
 * line end before the delimiter.
 */
static int
write_fields(struct writer *writer, const struct mime_part *part,
    const struct part_plan *want, struct slice text)
{
	size_t mbox = part->header.has_mbox_line
	    ? part_header_mbox_line(text) : 0;
	struct part_field field = { .end = mbox };
	bool has_type = false;

	if (!want->drop_mbox_line)
		write_out(writer, slice_sub(text, 0, mbox));
	while (part_field_next(text, field.end, &field)) {
		bool is_type = slice_eq_nocase(field.name,
		    SLICE("Content-Type"));

		if (!slice_eq_nocase(field.name,
		    SLICE("Content-Transfer-Encoding")) &&
		    !(is_type && has_type) &&
		    write_field(writer, want, &field) != 0)
			return -1;
		has_type = has_type || is_type;
	}
	if (want->add_version)
		write_out(writer, SLICE("MIME-Version: 1.0\r\n"));
	if (want->encoding.len != 0) {
		write_out(writer, SLICE("Content-Transfer-Encoding: "));
		write_out(writer, want->encoding);
		write_out(writer, SLICE("\r\n"));
	}
	write_out(writer, slice_from(text, field.end));
	/* Without a delimiter behind it there is no line end for that. */
	if (!part->header.ended && (text.len == 0 ||
	    text.data[text.len - 1] == '\n'))
		write_out(writer, SLICE("\r\n"));
	return 0;
}

static int
write_header(struct writer *writer, const struct mime_part *part,
    const struct part_plan *want)
{
	size_t len = (size_t)(part->content_start - part->header_start);
	char *text;

	if (copy_to(writer, part->header_start) != 0)
		return -1;
	text = arena_alloc(&writer->mem, len);
	if (body_read(writer->body, writer->at, text, len, writer->err) != 0 ||
	    write_fields(writer, part, want, (struct slice){ text, len }) != 0)
		return -1;
	writer->at = part->content_start;
	arena_done(&writer->mem);
	return 0;
}

static void
write_octet(struct writer *writer, char c)
{
	write_out(writer, (struct slice){ &c, 1 });
	writer->column++;
}

static void
write_beside_octet(struct writer *writer, char c)
{
	/* Neither half becomes a delimiter. */
	if (writer->column + 1 == writer->plan->line_limit) {
		write_octet(writer, writer->plan->stand_in);
		write_out(writer, SLICE("\r\n "));
		writer->column = 1;
	}
	write_octet(writer, c);
}

static void
write_beside_text(struct writer *writer, char c)
{
	for (; writer->blanks > 0; writer->blanks--)
		write_beside_octet(writer, ' ');
	write_beside_octet(writer, c);
}

/*
 * What no reader shows: 8-bit octets, NUL, CR and LF alone become another,
 * lines are kept short, and blanks at their ends go.
 */
static void
write_beside(void *arg, struct slice text)
{
	struct writer *writer = arg;
	char stand_in = writer->plan->stand_in;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (writer->pending_cr && c == '\n') {
			write_out(writer, SLICE("\r\n"));
			writer->column = 0;
			writer->blanks = 0;
			writer->pending_cr = false;
			continue;
		}
		if (writer->pending_cr)
			write_beside_text(writer, stand_in);
		writer->pending_cr = c == '\r';
		if (char_is_wsp(c))
			writer->blanks++;
		else if (!writer->pending_cr)
			write_beside_text(writer, char_is_8bit(c) ||
			    c == '\n' || c == '\0' ? stand_in : c);
	}
}

/* To the next part or the end, through delimiters and what is beside them. */
static int
write_gap(struct writer *writer, const struct part_plan *want, uint64_t end)
{
	if (!want->beside)
		return copy_to(writer, end);
	writer->column = 0;
	writer->blanks = 0;
	writer->pending_cr = false;
	if (pass_to(writer, end, write_beside, writer) != 0)
		return -1;
	if (writer->pending_cr)
		write_beside_text(writer, writer->plan->stand_in);
	return 0;
}

static int write_part(struct writer *writer, size_t *index);

static int
write_composite(struct writer *writer, const struct mime_part *part,
    const struct part_plan *want, size_t *index)
{
	const struct body_plan *plan = writer->plan;
	size_t self = *index - 1;
	bool in_front;

	while (*index < plan->count && plan->parts[*index].parent == self) {
		if (write_gap(writer, want,
		    plan->parts[*index].header_start) != 0 ||
		    write_part(writer, index) != 0)
			return -1;
	}
	if (write_gap(writer, want, part->content_end) != 0)
		return -1;
	if (!want->close)
		return 0;
	writer->quoted_end = false;
	/* The empty line of a part without content is in front already. */
	in_front = writer->at > part->content_end;
	write_out(writer, in_front ? SLICE("--") : SLICE("\r\n--"));
	write_out(writer, part->boundary);
	write_out(writer, in_front ? SLICE("--\r\n") : SLICE("--"));
	return 0;
}

/* A part with all that is in it; *index is that of the next one then. */
static int
write_part(struct writer *writer, size_t *index)
{
	const struct mime_part *part = &writer->plan->parts[*index];
	const struct part_plan *want = &writer->plan->plans[*index];

	if (*index > 0 && want->header &&
	    write_header(writer, part, want) != 0)
		return -1;
	++*index;
	if (copy_to(writer, part->content_start) != 0)
		return -1;
	if (part->kind != MIME_LEAF)
		return write_composite(writer, part, want, index);
	if (!want->encode)
		return copy_to(writer, part->content_end);
	writer->quoted_end = part->content_end == writer->body->size &&
	    want->to == TRANSFER_QUOTED_PRINTABLE;
	return encode_to(writer, part->content_end, want->from, want->to);
}

int
body_plan_write(const struct body_plan *plan, const struct body *body,
    uint64_t end, encode_sink *sink, void *arg, struct err *err)
{
	struct writer writer = { .plan = plan, .body = body, .end = end,
		.sink = sink, .arg = arg, .last = { '\r', '\n' }, .err = err };
	size_t index = 0;
	int result;

	arena_init(&writer.mem);
	result = write_part(&writer, &index) != 0 ||
	    copy_to(&writer, body->size) != 0 ? -1 : 0;
	arena_done(&writer.mem);
	/*
	 * The MTA would end the last line: then it is ours to do. Where
	 * quoted-printable text has no line end there, it gets none.
	 */
	if (result == 0 && (writer.last[0] != '\r' || writer.last[1] != '\n'))
		write_out(&writer, writer.quoted_end ? SLICE("=\r\n")
		    : SLICE("\r\n"));
	return result;
}
