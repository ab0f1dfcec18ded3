/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_PART_HEADER_H
#define SUBMILTER_MESSAGE_PART_HEADER_H

#include "base/str.h"

/*
 * The header of a part, or of an attached message, as it stands in the body:
 * text with CRLF line ends. Readers differ where a line of it is no field; for
 * us the fields end there. Pure, thread-safe.
 */
struct part_field {
	struct slice name;	/* without blanks before the colon */
	struct slice value;	/* from behind the colon to its line end */
	size_t start;
	size_t end;		/* behind its line end */
	bool has_blank;		/* there is a blank before the colon */
};

/* The field at an offset; false where there is none, or none any more. */
bool part_field_next(struct slice header, size_t at,
    struct part_field *ret_field);

/*
 * Length of an mbox line ("From alice@... Mon ...") on top: programs put it
 * above messages that they attach, and no reader takes it for a field. 0: none.
 */
size_t part_header_mbox_line(struct slice header);

/* Octets up to the first CRLF and with it; all of text where there is none. */
size_t part_line_length(struct slice text);

#endif
