/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_REPAIR_BODY_H
#define SUBMILTER_REPAIR_REPAIR_BODY_H

#include "conf/config.h"
#include "message/body.h"
#include "message/edit.h"
#include "message/mime.h"

/* What becomes of one part. */
struct part_plan {
	bool encode;			/* its content, to ... */
	bool relabel;			/* its Content-Transfer-Encoding alone */
	enum transfer_encoding to;
};

/* What becomes of a body; lives in an arena, with the parts. */
struct body_plan {
	const struct mime_part *parts;
	struct part_plan *plans;
	size_t count;
	bool changes;			/* anything at all */
};

/*
 * What an MTA would change on the way after the signature was made (RFC 6376
 * section 5.3, RFC 2045): lines over line_limit, 8-bit content on a
 * 7-bit path, encodings that are labelled as what they are not. Each such part
 * is encoded anew, text as quoted-printable, all else as base64; signed and
 * encrypted ones are never touched. smtputf8: whoever takes such a message has
 * 8BITMIME (RFC 6531 section 3.1), so that 8-bit content stays. -1 (ERR_DATA) when the message could not
 * arrive as it was signed and may not be repaired; *err says what the user can
 * do.
 */
MUST_USE int body_plan_make(const struct config *config,
    const struct mime_part *parts, size_t count, size_t line_limit,
    bool smtputf8,
    struct arena *mem, struct body_plan *ret_plan, struct err *err);

/* The changes of the message's own fields that the plan asks for. */
void body_plan_edit(const struct body_plan *plan, struct edits *edits);

/*
 * Writes the body as it goes on. All octets outside of what is planned are
 * the same. -1 (ERR_TEMP) when the body cannot be read.
 */
MUST_USE int body_plan_write(const struct body_plan *plan,
    const struct body *body, encode_sink *sink, void *arg, struct err *err);

#endif
