/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_MIME_H
#define SUBMILTER_MESSAGE_MIME_H

#include <stdint.h>

#include "message/encode.h"
#include "message/header.h"

enum mime_kind {
	MIME_LEAF,
	MIME_MULTIPART,
	MIME_MESSAGE,		/* message/rfc822, message/global: an entity inside */
};

/*
 * One entity of a message (RFC 2045 section 2.4) and where it stands: octets
 * of the body. The entity with index 0 is the message itself, whose header is
 * not in the body.
 */
struct mime_part {
	enum mime_kind kind;
	size_t parent;			/* index; of itself for the message */
	bool is_text;
	bool is_digest;			/* multipart/digest */
	bool has_type;			/* a Content-Type that can be read */
	bool has_charset;
	bool is_sealed;			/* signed or encrypted, or inside of that */
	enum transfer_encoding encoding;
	uint64_t header_start;
	uint64_t content_start;
	uint64_t content_end;
	/* Its Content-Transfer-Encoding field with line end; equal: none. */
	uint64_t encoding_start;
	uint64_t encoding_end;
	/* Of a leaf's content, or of what stands beside the parts of another. */
	uint64_t longest_line;
	bool has_8bit;
	bool is_utf8;			/* what is 8-bit of it */
	bool has_nul;
	bool has_bare;			/* CR or LF alone */
	uint64_t header_longest_line;
};

enum {
	MIME_MAX_PARTS = 1000,
	MIME_MAX_DEPTH = 30,
	MIME_HEADER_BYTES = 64 * 1024,	/* of one part */
	MIME_BOUNDARY_BYTES = 70,	/* RFC 2046 section 5.1.1 */
};

/*
 * Finds the parts of a body while it passes. What is no valid multipart is a
 * leaf. Memory grows with the number of parts only, in an arena.
 */
struct mime_scan;

/* type, encoding: the values of the message's own fields; empty: none. */
struct mime_scan *mime_scan_new(struct arena *mem, struct slice type,
    struct slice encoding);
/* The next octets of the body, CRLF line ends, cut anywhere. */
void mime_scan_add(struct mime_scan *scan, struct slice chunk);
/*
 * All parts, in the order in which they begin. -1 (ERR_LIMIT) when there are
 * more, or deeper, or larger ones than the bounds above allow: nothing can be
 * said of the parts then.
 */
MUST_USE int mime_scan_finish(struct mime_scan *scan,
    const struct mime_part **ret_parts, size_t *ret_count, struct err *err);

/*
 * A Content-Type value: its lower-case "type/subtype", and a parameter (empty:
 * it has none). False when it cannot be read.
 */
bool mime_type(struct slice value, struct arena *mem, struct slice *ret_type);
bool mime_parameter(struct slice value, struct slice name, struct arena *mem,
    struct slice *ret_text);

#endif
