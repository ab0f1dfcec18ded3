/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_ENCODE_H
#define SUBMILTER_MESSAGE_ENCODE_H

#include "base/str.h"

/*
 * Content-Transfer-Encodings (RFC 2045 section 6) as streams: text goes in
 * pieces cut anywhere, and comes out through a function. None of it fails,
 * and the only memory is in the structures.
 */
typedef void encode_sink(void *arg, struct slice text);

enum transfer_encoding {
	TRANSFER_7BIT,
	TRANSFER_8BIT,
	TRANSFER_BINARY,
	TRANSFER_QUOTED_PRINTABLE,
	TRANSFER_BASE64,
	TRANSFER_OTHER, /* unknown here */
};

/* By its name, in any case; an empty name is 7bit. */
enum transfer_encoding transfer_encoding_find(struct slice name);
/* "quoted-printable"; never TRANSFER_OTHER. */
const char *transfer_encoding_name(enum transfer_encoding encoding);

/*
 * Decodes quoted-printable (RFC 2045 section 6.7); anything else passes as it
 * is. As most programs do, it takes white space at the end of a line for text,
 * and also a '=' that does not begin an escape.
 */
struct decoder {
	enum transfer_encoding from;
	encode_sink *sink;
	void *arg;
	char held[1000]; /* the beginning of "=XX" or "=" blanks CRLF */
	size_t held_count;
};

void decoder_init(struct decoder *decoder, enum transfer_encoding from,
    encode_sink *sink, void *arg);
void decoder_add(struct decoder *decoder, struct slice text);
void decoder_finish(struct decoder *decoder);

enum { ENCODER_OCTETS = 8192 };

/*
 * Encodes to quoted-printable or base64, with no line over 76 octets. What comes
 * out is whole lines, as many as `out` holds, but for the last piece. In
 * quoted-printable CRLF stays a line end, and a CR or LF alone becomes =0D or
 * =0A; white space at the end of a line, "From " or "-" at its beginning, and a
 * dot alone are encoded, so that no relay is tempted and no delimiter arises.
 */
struct encoder {
	enum transfer_encoding to;
	encode_sink *sink;
	void *arg;
	unsigned char held[3]; /* base64: octets of a group */
	size_t held_count;
	bool pending_cr;
	size_t line; /* where the line at hand begins in `out` */
	size_t len;
	char out[ENCODER_OCTETS];
};

void encoder_init(struct encoder *encoder, enum transfer_encoding to,
    encode_sink *sink, void *arg);
void encoder_add(struct encoder *encoder, struct slice text);
/* Ends the last line without adding a line end to the text. */
void encoder_finish(struct encoder *encoder);

#endif
