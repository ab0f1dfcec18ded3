/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_REPAIR_MTA_TRAITS_H
#define SUBMILTER_REPAIR_MTA_TRAITS_H

#include <stddef.h>

#include "conf/config.h"

/*
 * What an MTA does to a message behind its filters, after the signature was
 * made: each trait would break the signature of a message that has the shape.
 * One thing that all of them do is not here: they convert 8-bit content for a next hop
 * without 8BITMIME. A limit of SIZE_MAX: there is none.
 */
struct mta_traits {
	/* Octets of a line; a longer one goes on as several. */
	size_t breaks_lines_at;
	/* Octets of the value of a MIME field, which end there. */
	size_t cuts_content_fields_at;
	/* Octets of one parameter of such a field. */
	size_t cuts_parameters_at;
	/* Multiparts, one in another, that arrive as they are. */
	size_t max_multiparts;

	/* For a 7-bit hop: what a label calls 8-bit, sealed parts as well. */
	bool converts_by_label;
	/* For a 7-bit hop: any 8-bit part, and all headers are written anew. */
	bool converts_all_parts;
	/* 8-bit text beside the parts of a multipart does not stay. */
	bool changes_8bit_beside_parts;

	/* Each multipart is read by its delimiters and written anew. */
	bool takes_multiparts_apart;
	/* A multipart without its last delimiter gets one. */
	bool closes_multiparts;
	/* One without a boundary that can be read has one all the same. */
	bool invents_boundaries;
	/* A boundary that is not quoted, or oddly, is read in another way. */
	bool misreads_odd_boundaries;
	bool drops_blanks_behind_delimiters;
	/* A line that begins like a delimiter is one. */
	bool takes_lookalikes_for_delimiters;

	/* Attached messages in base64 or quoted-printable are opened. */
	bool opens_encoded_messages;
	/*
	 * The header of a part is read into fields and written anew: lines that
	 * are not fields go, and an empty line stands below it.
	 */
	bool parses_part_headers;
	/* The header of a part behind others is written as the message's own. */
	bool rewrites_headers_behind_parts;
	/* A quote that is left open in a MIME field is closed. */
	bool closes_quotes;

	/* Date and Message-ID are added where they are missing. */
	bool adds_stamps;
	/* MIME-Version and its like are added to mail with 8-bit octets. */
	bool adds_mime_fields;
	/* Address fields are read and written anew; long entries are cut. */
	bool rewrites_address_fields;
	/* Domains of one label are completed in address fields. */
	bool completes_addresses;
	/* Addresses at localhost, or without a domain, get the MTA's own name. */
	bool writes_own_name;
};

/*
 * All that an MTA may do. MTA_AUTO, an MTA that is not known: all that any of
 * them does. Static.
 */
const struct mta_traits *mta_traits(enum mta_choice mta);

/*
 * All that an MTA does for certain. MTA_AUTO: only what all of them do. Static.
 */
const struct mta_traits *mta_certain_traits(enum mta_choice mta);

#endif
