/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_PART_HEADER_H
#define SUBMILTER_MESSAGE_PART_HEADER_H

#include "base/str.h"

/*
 * The header of a part, or of an attached message, as it stands in the body:
 * text with CRLF line ends. Readers disagree about a line that is not a field;
 * here the fields end at it. Pure, thread-safe.
 */
struct part_field {
	struct slice name;  /* without blanks before the colon */
	struct slice value; /* from behind the colon to its line end */
	size_t start;
	size_t end;	    /* behind its line end */
	bool has_blank;	    /* there is a blank before the colon */
	bool has_mbox_line; /* ">From alice Mon ..." stands above it */
	bool has_unfolded;  /* a line of its value lacks its blank */
};

/*
 * The field at an offset; false if there is none. A line
 * "NAME=VALUE" below one of Content-Type or Content-Disposition that ends with
 * a semicolon belongs to that field: programs forget the blank before it.
 */
bool part_field_next(
    struct slice header, size_t at, struct part_field *ret_field);

/*
 * Length of an mbox line ("From alice@... Mon ...") on top: programs put it
 * above messages that they attach, and no reader takes it for a field. 0: none.
 */
size_t part_header_mbox_line(struct slice header);

/* Octets up to the first CRLF and with it; without one, all of the text. */
size_t part_line_length(struct slice text);

#endif
