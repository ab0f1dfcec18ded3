/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_MIME_H
#define SUBMILTER_MESSAGE_MIME_H

#include <stdint.h>

#include "message/encode.h"
#include "message/header.h"

enum mime_kind {
	MIME_LEAF,
	MIME_MULTIPART,
	MIME_MESSAGE, /* message/rfc822, message/global: an entity inside */
};

/* Content that must not change, by the outermost entity of such a kind. */
enum mime_seal {
	MIME_UNSEALED,
	MIME_SIGNED,	/* multipart/signed */
	MIME_ENCRYPTED, /* multipart/encrypted, application/pkcs7-mime */
};

/* The header of a part or of an attached message. */
struct mime_header {
	uint64_t longest_line;
	size_t longest_piece;	  /* of a field, where nobody folds */
	size_t longest_field;	  /* of its Content- fields */
	size_t longest_parameter; /* between semicolons of Content-Type ... */
	bool has_open_quote;	  /* in Content-Type, Content-Disposition */
	bool ended;		  /* by an empty line */
	bool names_parts;	  /* not ended, and says that parts follow */
	bool names_message;	  /* the same: a message, of no encoding */
	bool is_missing;	  /* an attached message is text from the
					 * first line on; not ended */
	bool has_8bit;
	bool has_bare;		/* NUL, or CR or LF alone */
	bool has_junk;		/* a line that is not a field */
	bool has_name_blank;	/* "Subject : x" */
	bool has_mbox_line;	/* "From alice Mon ..." above a message */
	bool has_quoted_mbox;	/* ">From alice Mon ..." above a field */
	bool has_unfolded;	/* a continuation line without its blank */
	bool has_version;	/* MIME-Version */
	bool has_lost_field;	/* mime_is_lost_field() */
	bool has_address_field; /* From, To and the like */
	unsigned int types;	/* Content-Type fields that differ */
	unsigned int encodings; /* Content-Transfer-Encoding fields, too */
	bool has_copy;		/* of one of these two */
	bool encoding_is_last;	/* the one there is, plainly written */
};

/*
 * One entity of a message (RFC 2045 section 2.4) and where it stands: octets
 * of the body. The entity with index 0 is the message itself, whose header is
 * not in the body.
 */
struct mime_part {
	enum mime_kind kind;
	size_t parent; /* index; of itself for the message */
	bool is_text;
	bool is_headers;       /* text/rfc822-headers: no base64 (RFC 6522) */
	bool is_message;       /* message/ANY: never encoded (RFC 2045, 6.4) */
	bool is_rfc822;	       /* message/rfc822 */
	bool is_digest;	       /* multipart/digest */
	bool is_unreadable;    /* a multipart without a boundary: a leaf */
	bool lacks_boundary;   /* that: without the parameter; boundary is
					 * what Sendmail takes */
	bool has_dashes;       /* that: a line that is its delimiter then */
	bool is_ambiguous;     /* readers differ about its type or parts */
	enum mime_seal seal;   /* of itself, or what it is inside of */
	struct slice boundary; /* of a multipart */
	bool boundary_is_odd;  /* written so that readers differ */
	bool is_closed;	       /* the last delimiter is there */
	bool has_padding;      /* blanks behind one of its delimiters */
	enum transfer_encoding encoding;
	struct slice encoding_token; /* as written; may be empty */
	bool encoding_has_more;	   /* "8bit; x": readers take all, or a token */
	struct mime_header header; /* of the message: the encoding alone */
	uint64_t header_start;
	uint64_t content_start;
	uint64_t content_end;
	/* Of the content: all of a leaf, or the text around the parts. */
	uint64_t longest_line; /* or short_line of mime_scan_new() */
	bool has_8bit;
	uint64_t octets_8bit; /* how many */
	bool is_utf8;	      /* what is 8-bit of it */
	bool has_nul;
	bool has_bare;		/* CR or LF alone */
	bool has_lookalike;	/* a line that begins like a delimiter */
	bool has_label;		/* a line "Content-Transfer-Encoding: 8bit" */
	uint64_t base64_octets; /* of lines that look like base64 */
};

enum {
	MIME_MAX_PARTS = 1000,
	MIME_MAX_DEPTH = 30,
	MIME_HEADER_BYTES = 64 * 1024, /* of one part */
	MIME_TYPE_BYTES = 8 * 1024,    /* of a Content-Type that is read */
	MIME_BOUNDARY_BYTES = 200,     /* RFC 2046 section 5.1.1 has 70 */
	MIME_ENCODING_BYTES = 40,      /* of a name that anybody knows */
};

/*
 * Finds the parts of a body while it passes. A multipart that is not valid is a
 * leaf. Memory grows with the number of parts only, in an arena.
 */
struct mime_scan;

/*
 * type, encoding: the values of the message's own fields; empty: none. Lines of
 * content up to short_line octets are not measured.
 */
struct mime_scan *mime_scan_new(struct arena *mem, struct slice type,
    struct slice encoding, size_t short_line);
/* The next octets of the body, CRLF line ends, cut anywhere. */
void mime_scan_add(struct mime_scan *scan, struct slice chunk);
/* The parts that have begun, with what was seen of them in whole lines. */
const struct mime_part *mime_scan_so_far(
    const struct mime_scan *scan, size_t *ret_count);
/* Measures a field, if MTAs do: MIME-Version and Content-ANY. */
void mime_measure_field(
    struct mime_header *facts, struct slice name, struct slice value);

/*
 * A field that Sendmail takes out of the header of a message: Bcc, Return-Path,
 * Content-Length, Full-Name, Resent-ANY.
 */
bool mime_is_lost_field(struct slice name);

/*
 * All parts, in the order in which they begin. -1 (ERR_LIMIT) when there are
 * more, or deeper, or larger ones than the bounds above allow: nothing can be
 * said of the parts then.
 */
MUST_USE int mime_scan_finish(struct mime_scan *scan,
    const struct mime_part **ret_parts, size_t *ret_count, struct err *err);

#endif
