/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_REPAIR_DECODE_H
#define SUBMILTER_REPAIR_REPAIR_DECODE_H

#include "repair/repair_body.h"

/* A body whose encoded attached messages stand there as they are. */
struct decoded_body {
	bool any;	  /* something was decoded; else nothing below counts */
	struct body body; /* the new one; body_done() */
	const struct mime_part *parts; /* of the new one */
	size_t count;
	struct body_plan
	    top; /* for the message's own fields: body_plan_edit() */
	uint64_t first_change; /* octet of the body as it came */
};

/*
 * message/rfc822 may not be in base64 or quoted-printable (RFC 2046 section
 * 5.2.1), but some programs send it so. Sendmail opens it all the same, and
 * Postfix where it finds a label to change. Such parts are decoded,
 * also one in another, where all readers would read the same: the text is
 * strictly encoded, has no NUL and no CR alone, and no line that begins like a
 * delimiter of a multipart around it. A line end of LF becomes CR LF. All else
 * of the body is as it was; parts inside of sealed ones are never decoded.
 * Results live in mem, the new body like the old one, in memory up to its
 * limit. -1 (ERR_TEMP) when a body cannot be read or written.
 */
MUST_USE int body_decode(const struct config *config,
    const struct body_facts *facts, struct arena *mem,
    struct decoded_body *ret_decoded, struct err *err);

#endif
