/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_CONTENT_TYPE_H
#define SUBMILTER_MESSAGE_CONTENT_TYPE_H

#include "base/str.h"

/*
 * A Content-Type value (RFC 2045 section 5.1): its lower-case "type/subtype",
 * and a parameter (empty: it has none). False when it cannot be read. Pure,
 * thread-safe.
 */
bool mime_type(struct slice value, struct arena *mem, struct slice *ret_type);
bool mime_parameter(struct slice value, struct slice name, struct arena *mem,
    struct slice *ret_text);

/*
 * The boundary of a multipart. Programs write it without the quotes that it
 * needs, or with blanks at its end, and most readers find it all the same:
 * then *ret_written is what stands in value for it, to be replaced by
 * a quoted string; else it is empty. False where there is none.
 */
bool mime_boundary(struct slice value, struct arena *mem,
    struct slice *ret_boundary, struct slice *ret_written);

/* A Content-Transfer-Encoding value: its one token; false if it is no token. */
bool mime_encoding_token(struct slice value, struct slice *ret_token);

#endif
