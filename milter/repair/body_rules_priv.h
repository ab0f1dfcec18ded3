/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_BODY_RULES_PRIV_H
#define SUBMILTER_REPAIR_BODY_RULES_PRIV_H

#include "message/content_type.h"
#include "message/part_header.h"
#include "repair/repair_body.h"
#include "repair_priv.h"

/* How far repairs go. */
struct body_rules {
	enum bare_choice bare_octets;
	enum sealed_choice sealed;
	enum sealed_choice sealed_8bit;
	enum attached_choice attached;
	const struct mta_traits *traits;
	size_t line_limit;
	bool all;     /* also what only some MTA changes */
	bool to_7bit; /* a next hop may lack 8BITMIME */
	/* All parts are looked through for 8 bits, and all headers written. */
	bool converts;
};

/* A plan that is being made. */
struct planning {
	struct body_rules rules;
	struct body_plan plan;
	struct arena *mem;
};

/* Without `converts`, which depends on the parts. */
struct body_rules body_rules_of(
    const struct config *config, const struct body_facts *facts);

/* -1: "WHAT would be broken on the wayADVICE". */
int body_refuse(struct err *err, const char *what, const char *advice);

bool part_is_labelled_8bit(const struct mime_part *part);
/* message/rfc822 in base64 or quoted-printable, which it may not be in. */
bool part_is_encoded_message(const struct mime_part *part);
bool part_is_inside_seal(const struct mime_part *parts, size_t index);

/* Whether an attached message that is encoded is opened, and changed there. */
bool encoded_message_is_opened(
    const struct body_rules *rules, const struct mime_part *part);

/* Sendmail opens message/rfc822, and gives it a MIME-Version. */
bool part_lacks_version(const struct mime_part *parts, size_t index);

/*
 * Whether a part stands in a multipart behind one of its multiparts or
 * messages. Sendmail leaves the headers of other parts alone, but writes that
 * one as it writes that of the message: fields go, and addresses are completed.
 */
bool part_is_behind_others(const struct mime_part *parts, size_t index);

/* Whether the MTA would cut a field short, or close its quotes. */
bool header_has_cut_field(
    const struct mta_traits *traits, const struct mime_header *header);

/* The header is written anew, with what the part says of its encoding. */
MUST_USE int part_plan_header(
    const struct mime_part *part, struct part_plan *plan, struct err *err);

/* The body may change on the way from that octet on. */
void plan_leave_unsigned(struct body_plan *plan, uint64_t from);

/*
 * A sealed part, or one inside of it, that would have to be changed: this MTA
 * changes its form, whatever the next hop is; or its 8-bit content, for a next
 * hop without 8BITMIME alone. 0: it goes on as the configuration says.
 */
MUST_USE int sealed_judge_form(
    struct planning *planning, size_t index, const char *what, struct err *err);
MUST_USE int sealed_judge_8bit(
    struct planning *planning, size_t index, struct err *err);

/* A part inside of a sealed one. */
MUST_USE int sealed_judge_inside(
    struct planning *planning, size_t index, struct err *err);

/* repair_body.c: what becomes of one part. */
MUST_USE int body_plan_part(
    struct planning *planning, size_t index, struct err *err);

/*
 * repair_attached.c: an attached message that is encoded and could not be
 * decoded (repair_decode.h) becomes a file, with the same content: nobody opens
 * that on the way. -1: its header cannot be written anew.
 */
MUST_USE int plan_as_file(
    struct planning *planning, size_t index, struct err *err);

/*
 * repair_attached.c: a part cannot be put right. 0: it is in an attached
 * message or report, which goes on as it came, unsigned from there on where the
 * MTA is certain to change it. -1: it has to be refused.
 */
MUST_USE int attached_pass(
    struct planning *planning, size_t index, const struct err *why);

#endif
