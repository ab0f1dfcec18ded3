/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_PRIV_H
#define SUBMILTER_REPAIR_PRIV_H

#include "message/header.h"
#include "repair/covered.h"
#include "repair/repair_header.h"

/* A header that is being repaired. */
struct header_repair {
	const struct config *config;
	const struct repair_facts *facts;
	struct edits *edits;
	unsigned int done; /* of enum repair */
};

/* The field gets the value, or is added where the message has none. */
void repair_set_field(
    struct edits *edits, struct slice name, struct slice value);

/*
 * Fields that RFC 5322 section 3.6, RFC 2045 and RFC 9057 allow once: copies
 * with the same text go; To and Cc that differ are joined; any other
 * difference is ERR_DATA, since readers disagree which one counts.
 */
MUST_USE int repair_duplicates(struct header_repair *repair, struct err *err);

/* Whether a signature speaks for a domain of ours. */
bool repair_claims_ours(const struct repair_facts *facts, struct slice value);

/* The field of an author in its plainest form, with complete addresses. */
struct slice author_field_plain(const struct authors *authors,
    const struct author *author, bool with_names, struct arena *mem);

/*
 * Writes out the domain of each address that has none, or one of one label
 * where repair.single-label says so.
 */
void repair_addresses(struct header_repair *repair);

/*
 * Removes Authentication-Results of ours, signatures and ARC sets that claim a domain of ours (RFC 8617 section
 * 5.1.2 leaves those of others alone), fields of repair.remove, and, unless the
 * mail is passed on, of repair.identity-fields. Covered fields of both lists
 * stay. Signatures that cannot be read, and fields that some programs take for
 * others (message/field_name.h), are removed in any case.
 */
void repair_traces(struct header_repair *repair);

/*
 * Blanks for control characters in fields that are signed and not covered.
 * Author fields, which are written anew by where their mailboxes stand, and NEL
 * in text that may become encoded words are for the last call.
 */
void repair_controls(struct header_repair *repair, bool last);

/* Raw 8-bit text of fields that are text becomes encoded words (RFC 2047). */
void repair_8bit_header(struct header_repair *repair);

/* 8-bit names of address fields become encoded words, too. */
void repair_8bit_names(struct header_repair *repair);

/*
 * Address fields in the form that Sendmail does not rewrite at delivery, with
 * names that it does not cut. ERR_DATA for one that cannot be read, or whose
 * addresses alone are too long: Sendmail would make another of it.
 */
MUST_USE int repair_form(struct header_repair *repair, struct err *err);

/*
 * The value of a field with its lines over max octets folded at blanks; -1
 * when a piece stays too long.
 */
MUST_USE int repair_fold(const struct field *field, size_t max,
    struct arena *mem, struct slice *ret_value);

/* A list with its commas as Sendmail writes them: one blank, or a fold, behind. */
struct slice repair_space_commas(struct slice value, struct arena *mem);

/* A Content-Type with the boundary in quotes, where it is written oddly. */
struct slice with_quoted_boundary(struct slice value, struct arena *mem);

/* The Content-Type of an attached message that becomes a file. */
struct slice type_as_file(struct slice value, struct arena *mem);

/* Folds lines over the limit at blanks (RFC 5322 section 2.2.3). */
MUST_USE int repair_lines(struct header_repair *repair, struct err *err);

#endif
