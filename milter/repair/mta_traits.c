/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What MTAs do behind their filters, a row each: Postfix 3.7.11 and Sendmail
 * 8.17.1, by what the next hop got of a message. Where no other source is
 * named, docs/mta-changes.md says what was seen, and tests/survival/shapes_*.py
 * have the messages.
 */
#include "repair/mta_traits.h"

#include <stdint.h>

static const struct mta_traits rows[] = {
	[MTA_POSTFIX] = {
		/* smtp_line_length_limit */
		.breaks_lines_at = 998,
		.cuts_content_fields_at = SIZE_MAX,
		.cuts_parameters_at = SIZE_MAX,
		.max_multiparts = SIZE_MAX,
		/*
		 * Without a label, or beside parts, 8-bit content goes on as it
		 * is.
		 */
		.converts_by_label = true,
		/* A boundary is compared no further than to its end. */
		.takes_lookalikes_for_delimiters = true,
	},
	[MTA_SENDMAIL] = {
		/* L= of the mailers smtp and esmtp; relay has 2040. */
		.breaks_lines_at = 990,
		/* MaxMimeHeaderLength, 2048/1024, with room for its counting. */
		.cuts_content_fields_at = 2000,
		.cuts_parameters_at = 1010,
		/* MAXMIMENESTING */
		.max_multiparts = 20,
		.converts_all_parts = true,
		/* 7-bit messages too, and multipart/signed. */
		.changes_8bit_beside_parts = true,
		.takes_multiparts_apart = true,
		.closes_multiparts = true,
		/* "---" where the parameter is missing */
		.invents_boundaries = true,
		.misreads_odd_boundaries = true,
		.drops_blanks_behind_delimiters = true,
		.opens_encoded_messages = true,
		.parses_part_headers = true,
		/* Bcc, Return-Path and others go, addresses are completed. */
		.rewrites_headers_behind_parts = true,
		.closes_quotes = true,
		/* A filter does not see them. */
		.adds_stamps = true,
		.adds_mime_fields = true,
		.rewrites_address_fields = true,
		.completes_addresses = true,
		/* $j */
		.writes_own_name = true,
	},
	/* Any of the above: each trait as it is worst for a message. */
	[MTA_AUTO] = {
		.breaks_lines_at = 990,
		.cuts_content_fields_at = 2000,
		.cuts_parameters_at = 1010,
		.max_multiparts = 20,
		.converts_by_label = true,
		.converts_all_parts = true,
		.changes_8bit_beside_parts = true,
		.takes_multiparts_apart = true,
		.closes_multiparts = true,
		.invents_boundaries = true,
		.misreads_odd_boundaries = true,
		.drops_blanks_behind_delimiters = true,
		.takes_lookalikes_for_delimiters = true,
		.opens_encoded_messages = true,
		.parses_part_headers = true,
		.rewrites_headers_behind_parts = true,
		.closes_quotes = true,
		.adds_stamps = true,
		.adds_mime_fields = true,
		.rewrites_address_fields = true,
		.completes_addresses = true,
		.writes_own_name = true,
	},
};

/* What all of the above do: each trait as it is mildest. */
static const struct mta_traits in_common = {
	.breaks_lines_at = 998,
	.cuts_content_fields_at = SIZE_MAX,
	.cuts_parameters_at = SIZE_MAX,
	.max_multiparts = SIZE_MAX,
};

const struct mta_traits *
mta_traits(enum mta_choice mta)
{
	return &rows[mta];
}

const struct mta_traits *
mta_certain_traits(enum mta_choice mta)
{
	return mta == MTA_AUTO ? &in_common : &rows[mta];
}
