/* SPDX-License-Identifier: BSD-2-Clause */
/* The new body, as it was planned. */
#include "message/content_type.h"
#include "message/part_header.h"
#include "body_writer_priv.h"
#include "repair_priv.h"

struct slice
with_quoted_boundary(struct slice value, struct arena *mem)
{
	struct slice boundary, written;
	struct strbuf buf;
	size_t start;

	if (!mime_boundary(value, mem, &boundary, &written) || written.len == 0)
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

static int
write_field(struct writer *writer, const struct part_plan *want,
    const struct part_field *field)
{
	struct field whole = { .name = field->name };
	struct slice rest = field->value;
	struct strbuf buf;

	/* Its CRLF line ends become folds of LF and a blank; it has no end. */
	strbuf_init(&buf, &writer->mem);
	while (rest.len > 0) {
		size_t len = part_line_length(rest);
		struct slice line = slice_sub(rest, 0, len);

		rest = slice_from(rest, len);
		if (slice_ends_nocase(line, SLICE("\r\n")))
			line.len -= 2;
		strbuf_add(&buf, line);
		if (rest.len > 0)
			strbuf_add_char(&buf, '\n');
		if (rest.len > 0 && !char_is_wsp(rest.data[0]))
			strbuf_add_char(&buf, ' ');
	}
	whole.value = strbuf_slice(&buf);
	if (want->quote_boundary &&
	    slice_eq_nocase(field->name, SLICE("Content-Type")))
		whole.value = with_quoted_boundary(whole.value, &writer->mem);
	if (want->as_file &&
	    slice_eq_nocase(field->name, SLICE("Content-Type")))
		whole.value = type_as_file(whole.value, &writer->mem);
	if (repair_fold(
		&whole, writer->plan->line_limit, &writer->mem, &rest) != 0)
		return err_set(writer->err, ERR_DATA,
		    "a long line in the header "
		    "of a part would be broken on the way");
	writer_add(writer, field->name);
	writer_add(writer, SLICE(":"));
	for (;;) {
		size_t len = slice_find(rest, '\n');

		writer_add(writer, slice_sub(rest, 0, len));
		writer_add(writer, SLICE("\r\n"));
		if (len == rest.len)
			return 0;
		rest = slice_from(rest, len + 1);
	}
}

/*
 * A header with all its fields, one of a kind that may stand once, with the
 * encoding last, where Sendmail would put it. If it lacks its empty line it has
 * one then: the line end before the delimiter.
 */
static int
write_header(struct writer *writer, const struct mime_part *part,
    const struct part_plan *want)
{
	size_t len = (size_t)(part->content_start - part->header_start);
	char *octets = arena_alloc(&writer->mem, len);
	const struct slice text = { octets, len };
	struct part_field field = { .end = 0 };
	bool has_type = false;

	if (writer_copy_to(writer, part->header_start) != 0 ||
	    body_read(writer->body, writer->at, octets, len, writer->err) != 0)
		return -1;
	if (part->header.has_mbox_line)
		field.end = part_header_mbox_line(text);
	if (!want->drop_mbox_line)
		writer_add(writer, slice_sub(text, 0, field.end));
	while (part_field_next(text, field.end, &field)) {
		bool is_type =
		    slice_eq_nocase(field.name, SLICE("Content-Type"));

		if (!slice_eq_nocase(
			field.name, SLICE("Content-Transfer-Encoding")) &&
		    !(is_type && has_type) &&
		    !(want->drop_lost_fields &&
			mime_is_lost_field(field.name)) &&
		    write_field(writer, want, &field) != 0)
			return -1;
		has_type = has_type || is_type;
	}
	/* A part of multipart/digest */
	if (want->as_file && !has_type) {
		writer_add(writer, SLICE("Content-Type:"));
		writer_add(writer,
		    type_as_file((struct slice){ "", 0 }, &writer->mem));
		writer_add(writer, SLICE("\r\n"));
	}
	if (want->add_version)
		writer_add(writer, SLICE("MIME-Version: 1.0\r\n"));
	if (want->encoding.len != 0) {
		writer_add(writer, SLICE("Content-Transfer-Encoding: "));
		writer_add(writer, want->encoding);
		writer_add(writer, SLICE("\r\n"));
	}
	writer_add(writer, slice_from(text, field.end));
	/* The header of the message in it, which lacks all, ends as well. */
	if (part->header.names_message)
		writer_add(writer,
		    want->attach_version ? SLICE("\r\nMIME-Version: 1.0\r\n") :
					   SLICE("\r\n"));
	/* Where no delimiter follows, the line end is missing. */
	if (!part->header.ended &&
	    (text.len == 0 || text.data[text.len - 1] == '\n'))
		writer_add(writer, SLICE("\r\n"));
	writer->at = part->content_start;
	arena_done(&writer->mem);
	return 0;
}

static void
write_octet(struct writer *writer, char c)
{
	writer_add(writer, (struct slice){ &c, 1 });
	writer->column++;
}

static void
write_beside_octet(struct writer *writer, char c)
{
	/* Neither half becomes a delimiter. */
	if (writer->column + 1 == writer->plan->line_limit) {
		write_octet(writer, writer->plan->stand_in);
		writer_add(writer, SLICE("\r\n "));
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
 * Text beside parts, which no reader shows: another octet replaces 8-bit ones,
 * NUL, and CR and LF alone; lines are kept short, and lose blanks at their ends.
 */
static void
write_beside(void *arg, struct slice text)
{
	struct writer *writer = arg;
	char stand_in = writer->plan->stand_in;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (writer->pending_cr && c == '\n') {
			writer_add(writer, SLICE("\r\n"));
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
			write_beside_text(writer,
			    char_is_8bit(c) || c == '\n' || c == '\0' ?
				stand_in :
				c);
	}
}

/* To the next part or the end, through delimiters and what is beside them. */
static int
write_gap(struct writer *writer, const struct part_plan *want, uint64_t end)
{
	if (!want->beside)
		return writer_copy_to(writer, end);
	writer->column = 0;
	writer->blanks = 0;
	writer->pending_cr = false;
	if (writer_pass_to(writer, end, write_beside, writer) != 0)
		return -1;
	if (writer->pending_cr)
		write_beside_text(writer, writer->plan->stand_in);
	return 0;
}

/* The last delimiter of a multipart; all of its content is written. */
static int
write_close(struct writer *writer, const struct mime_part *part, bool has_parts)
{
	bool is_whole = writer->at == writer->body->size &&
	    writer->last[0] == '\r' && writer->last[1] == '\n';
	bool in_front = writer->at > part->content_end;
	char next[2];

	/*
	 * The empty line of a part without content is in front already, and so
	 * is the line end of the delimiter that is next, if it is that of an
	 * empty line.
	 */
	if (writer->at + sizeof(next) <= writer->body->size) {
		if (body_read(writer->body, writer->at, next, sizeof(next),
			writer->err) != 0)
			return -1;
		in_front = in_front || next[0] != '\r' || next[1] != '\n';
	}
	in_front = in_front || (is_whole && !has_parts);
	writer->quoted_end = false;
	writer_add(writer, in_front ? SLICE("--") : SLICE("\r\n--"));
	writer_add(writer, part->boundary);
	writer_add(writer, in_front ? SLICE("--\r\n") : SLICE("--"));
	return 0;
}

/* A part with all that is in it; *index is that of the next one then. */
static int
write_part(struct writer *writer, size_t *index)
{
	const struct body_plan *plan = writer->plan;
	size_t self = (*index)++;
	const struct mime_part *part = &plan->parts[self];
	const struct part_plan *want = &plan->plans[self];
	int status = 0;

	if (self > 0 && want->header && write_header(writer, part, want) != 0)
		return -1;
	if (writer_copy_to(writer, part->content_start) != 0)
		return -1;
	if (part->kind == MIME_LEAF && (want->decode || want->encode)) {
		writer->quoted_end = !want->decode &&
		    part->content_end == writer->body->size &&
		    want->to == TRANSFER_QUOTED_PRINTABLE;
		return writer_recode_to(
		    writer, part->content_end, part->encoding, want);
	}
	while (part->kind != MIME_LEAF && *index < plan->count &&
	    plan->parts[*index].parent == self) {
		if (write_gap(writer, want, plan->parts[*index].header_start) !=
			0 ||
		    write_part(writer, index) != 0)
			return -1;
	}
	status = part->kind == MIME_LEAF ?
	    writer_copy_to(writer, part->content_end) :
	    write_gap(writer, want, part->content_end);
	if (status != 0)
		return -1;
	return want->close ? write_close(writer, part, *index > self + 1) : 0;
}

int
body_plan_write(const struct body_plan *plan, const struct body *body,
    const struct body_target *target, struct err *err)
{
	char gathered[GATHERED_OCTETS];
	struct writer writer = { .plan = plan,
		.body = body,
		.target = target,
		.last = { '\r', '\n' },
		.gathered = gathered,
		.err = err };
	size_t index = 0;
	int result;

	arena_init(&writer.mem);
	result = write_part(&writer, &index) != 0 ||
		writer_copy_to(&writer, body->size) != 0 ?
	    -1 :
	    0;
	arena_done(&writer.mem);
	/*
	 * The MTA would end the last line: then it is ours to do. Where
	 * quoted-printable text has no line end there, it gets none.
	 */
	if (result == 0 && (writer.last[0] != '\r' || writer.last[1] != '\n'))
		writer_add(&writer,
		    writer.quoted_end ? SLICE("=\r\n") : SLICE("\r\n"));
	if (result == 0)
		writer_flush(&writer);
	return result;
}
