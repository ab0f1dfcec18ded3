/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_CONTENT_TYPE_H
#define SUBMILTER_MESSAGE_CONTENT_TYPE_H

#include "base/str.h"

/*
 * The lower-case "type/subtype" of a Content-Type value (RFC 2045 section
 * 5.1); false when it cannot be read. All here is pure and thread-safe, and
 * takes time that grows with the length of the value only.
 */
bool mime_type(struct slice value, struct arena *mem, struct slice *ret_type);

/*
 * A text that two Content-Type values share only if they mean the same:
 * without comments, quotes, and letter case where it means nothing. False when
 * some of the value cannot be read.
 */
bool mime_type_plain(
    struct slice value, struct arena *mem, struct slice *ret_plain);

/*
 * The boundary of a multipart. Programs write it without the quotes that it
 * needs, or with blanks at its end, and most readers find it all the same:
 * then *ret_written is what stands in value for it, to be replaced by
 * a quoted string; else it is empty. False where there is none.
 */
bool mime_boundary(struct slice value, struct arena *mem,
    struct slice *ret_boundary, struct slice *ret_written);

/* Whether a value gives more than one: readers differ in which they take. */
bool mime_has_boundaries(struct slice value);

/*
 * The value with the type application/octet-stream, and with a name for those
 * who save it if it has none. Its other parameters stay as they are written.
 */
struct slice mime_type_as_file(
    struct slice value, struct slice name, struct arena *mem);

/*
 * The first token of a Content-Transfer-Encoding value, which some programs
 * go by; false if it is not all of the value, or there is none (empty).
 */
bool mime_encoding_token(struct slice value, struct slice *ret_token);

#endif
