/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_HEADER_H
#define SUBMILTER_MESSAGE_HEADER_H

#include "base/err.h"
#include "base/str.h"

/*
 * A header field as the MTA hands it over. The value is all that stands
 * behind the colon, its leading blank included (": v" has the value " v"),
 * without the line end. A fold inside is LF and then a blank or tab: the CR of
 * the wire is not there.
 */
struct field {
	struct slice name; /* letter case as received */
	struct slice value;
};

/* Bounds on what is taken in; 0 for none. */
struct header_limits {
	size_t bytes; /* names and values of all fields */
	size_t fields;
	size_t field_bytes; /* one value */
};

/* The header of one message, in order. Lives in an arena. */
struct header {
	struct arena *mem;
	struct field *fields;
	size_t count;
	size_t cap;
	size_t bytes;
	size_t
	    odd_names; /* not field_name_is_plain(), of message/field_name.h */
};

void header_init(struct header *header, struct arena *mem);

/*
 * Takes a copy of a field. Any CR before an LF is dropped. -1 with ERR_LIMIT
 * when a bound is hit; the field is then not kept and the message must not be
 * judged. Also -1 (ERR_DATA) for a name that RFC 5322 section 2.2 does not
 * allow, or for a line end in the value that is not a fold.
 */
MUST_USE int header_add(struct header *header, struct slice name,
    struct slice value, const struct header_limits *limits, struct err *err);

/* The first field of that name at or after index from, or count if none. */
size_t header_find(const struct header *header, struct slice name, size_t from);
size_t header_count(const struct header *header, struct slice name);

/* Whether a value holds anything but ASCII. */
bool header_has_8bit(const struct header *header);

/* The value on one line: line ends removed, blanks at both ends too. */
struct slice field_unfold(struct arena *mem, struct slice value);

/*
 * Reads a message as a file holds it: the header up to the first empty line, or,
 * as MTAs do, up to a line that is not a field; lines may end in LF or CRLF.
 * The rest is *ret_body, in the memory of text.
 */
MUST_USE int header_parse(struct header *header, struct slice text,
    const struct header_limits *limits, struct slice *ret_body,
    struct err *err);

#endif
