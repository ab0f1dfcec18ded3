/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_REPAIR_BODY_H
#define SUBMILTER_REPAIR_REPAIR_BODY_H

#include "conf/config.h"
#include "message/body.h"
#include "message/edit.h"
#include "message/mime.h"
#include "repair/mta_traits.h"

/* What is known of a body and of the way that it will take. */
struct body_facts {
	const struct mime_part *parts;
	size_t count;
	const struct body *body; /* this and the message's own fields ... */
	struct slice type;	 /* ... for body_decode() only */
	struct slice encoding;
	const struct mta_traits *traits; /* of the MTA that sends it */
	size_t line_limit;		 /* octets that it sends in one line */
	bool smtputf8;	   /* whoever takes it has 8BITMIME (RFC 6531, 3.1) */
	bool header_8bit;  /* as received */
	bool certain_only; /* what any MTA would change, as repair.body says */
};

/* What becomes of one part. */
struct part_plan {
	bool encode;		     /* its content, as ... */
	enum transfer_encoding from; /* what it is, whatever its label, to */
	enum transfer_encoding to;
	bool decode;	       /* its content, to CRLF text */
	bool header;	       /* written anew: the encoding last ... */
	struct slice encoding; /* as this; empty: without that field */
	bool quote_boundary;
	bool as_file;	     /* an attached message: application/octet-stream */
	bool add_version;    /* MIME-Version */
	bool attach_version; /* to the message that it announces */
	bool drop_mbox_line;
	bool drop_lost_fields; /* mime_is_lost_field() */
	bool beside;	       /* text beside its parts: 7 bits, short lines,
					 * no blanks at their ends */
	bool close;	       /* gets its last delimiter */
	bool pass;	       /* as it came, whatever the MTA does */
};

/* What becomes of a body; lives in the arena of the edits, with the parts. */
struct body_plan {
	const struct mime_part *parts;
	struct part_plan *plans;
	size_t count;
	size_t line_limit;
	/*
	 * The body as it came may change on the way behind this octet, and is
	 * not signed from there on; UINT64_MAX: all of it arrives as it is; 0:
	 * there is nothing to sign.
	 */
	uint64_t signed_end;
	struct slice unsigned_why; /* of an attachment; empty: it is sealed */
	char stand_in;		   /* for octets beside parts */
	bool has_8bit;		   /* the body as it came, or its label */
	bool changes;		   /* anything at all */
	bool changes_body;	   /* more than the message's own fields */
};

/*
 * Plans against all that an MTA would change after the signature was made (RFC 6376
 * section 5.3, RFC 2045): lines over the limit, 8-bit content on a 7-bit path,
 * encodings that are labelled as what they are not, and with Sendmail, which
 * takes every multipart apart and writes it anew, what it would write in
 * another way. Parts are encoded anew, text as quoted-printable, all else as
 * base64; what is inside of signed and encrypted ones is never touched.
 * Attached messages and reports that cannot be put right go on as they came
 * (repair.attached-messages). -1 (ERR_DATA) when the message could not arrive as
 * it was signed and may not be repaired; *err says what the user can do. edits:
 * the header as it goes on.
 */
MUST_USE int body_plan_make(const struct config *config,
    const struct body_facts *facts, const struct edits *edits,
    struct body_plan *ret_plan, struct err *err);

/*
 * The octet of the body as it came from which on the plan changes something;
 * UINT64_MAX: it stays as it is.
 */
uint64_t body_plan_first_change(const struct body_plan *plan);

/* The changes of the message's own fields that the plan asks for. */
void body_plan_edit(const struct body_plan *plan, struct edits *edits);

/* Where a new body goes. */
struct body_target {
	encode_sink *sink;
	void *arg;
	/*
	 * Up to what becomes of this octet of the old body, where a part begins
	 * (plan->signed_end); UINT64_MAX: all of it.
	 */
	uint64_t end;
	encode_sink *rest; /* where that behind `end` goes; NULL: nowhere */
};

/*
 * Whether what came of a body until now has octets, lines or labels that a plan
 * would change. It may be wrong: parts are not known before the end. facts: as
 * for the plan; body, type and encoding are not looked at.
 */
bool body_will_change(
    const struct config *config, const struct body_facts *facts);

/*
 * Writes the body as it goes on, in pieces of some KB. All octets outside of what
 * is planned are the same. -1 when the body cannot be read (ERR_TEMP), or when a
 * line in the header of a part is too long and cannot be folded (ERR_DATA); what
 * was written by then is of no use.
 */
MUST_USE int body_plan_write(const struct body_plan *plan,
    const struct body *body, const struct body_target *target, struct err *err);

#endif
