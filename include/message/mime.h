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

/* What nobody may change: by the outermost entity of that kind. */
enum mime_seal {
	MIME_UNSEALED,
	MIME_SIGNED,		/* multipart/signed */
	MIME_ENCRYPTED,		/* multipart/encrypted, application/pkcs7-mime */
};

/* The header of a part or of an attached message. */
struct mime_header {
	uint64_t longest_line;
	size_t longest_field;		/* of its Content- fields */
	size_t longest_parameter;	/* between semicolons of Content-Type ... */
	bool has_open_quote;		/* in Content-Type, Content-Disposition */
	bool ended;			/* by an empty line */
	bool would_open;		/* not ended, and says that parts follow */
	bool has_8bit;
	bool has_bare;			/* NUL, or CR or LF alone */
	bool has_junk;			/* a line that is no field */
	bool has_name_blank;		/* "Subject : x" */
	bool has_mbox_line;		/* "From alice Mon ..." above a message */
	bool has_version;		/* MIME-Version */
	unsigned int types;		/* Content-Type fields that differ */
	unsigned int encodings;		/* Content-Transfer-Encoding fields, too */
	bool has_copy;			/* of one of these two */
	bool encoding_is_last;		/* the one there is, plainly written */
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
	bool is_message;		/* message/ANY: never encoded (RFC 2045, 6.4) */
	bool is_rfc822;			/* message/rfc822 */
	bool is_digest;			/* multipart/digest */
	bool is_unreadable;		/* a multipart without a boundary: a leaf */
	bool is_ambiguous;		/* readers differ about its type or parts */
	enum mime_seal seal;		/* of itself, or what it is inside of */
	struct slice boundary;		/* of a multipart */
	bool boundary_is_odd;		/* written so that readers differ */
	bool is_closed;			/* the last delimiter is there */
	bool has_padding;		/* blanks behind one of its delimiters */
	enum transfer_encoding encoding;
	struct slice encoding_token;	/* as written; empty: no field, or no name */
	bool encoding_has_more;		/* "8bit; x": readers take all, or a token */
	struct mime_header header;	/* of the message: the encoding alone */
	uint64_t header_start;
	uint64_t content_start;
	uint64_t content_end;
	/* Of a leaf's content, or of what stands beside the parts of another. */
	uint64_t longest_line;
	bool has_8bit;
	uint64_t octets_8bit;		/* how many */
	bool is_utf8;			/* what is 8-bit of it */
	bool has_nul;
	bool has_bare;			/* CR or LF alone */
	bool has_lookalike;		/* a line that begins like a delimiter */
	bool has_label;			/* a line "Content-Transfer-Encoding: 8bit" */
	uint64_t base64_octets;		/* of lines that look like base64 */
};

enum {
	MIME_MAX_PARTS = 1000,
	MIME_MAX_DEPTH = 30,
	MIME_HEADER_BYTES = 64 * 1024,	/* of one part */
	MIME_TYPE_BYTES = 8 * 1024,	/* of a Content-Type that is read */
	MIME_BOUNDARY_BYTES = 200,	/* RFC 2046 section 5.1.1 has 70 */
	MIME_ENCODING_BYTES = 40,	/* of a name that anybody knows */
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
/* Measures a field, if MTAs do: MIME-Version and Content-ANY. */
void mime_measure_field(struct mime_header *facts, struct slice name,
    struct slice value);

/*
 * All parts, in the order in which they begin. -1 (ERR_LIMIT) when there are
 * more, or deeper, or larger ones than the bounds above allow: nothing can be
 * said of the parts then.
 */
MUST_USE int mime_scan_finish(struct mime_scan *scan,
    const struct mime_part **ret_parts, size_t *ret_count, struct err *err);

#endif
