/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_DECODE_H
#define SUBMILTER_MESSAGE_DECODE_H

#include "message/encode.h"

/*
 * Decodes base64 and quoted-printable (RFC 2045 sections 6.7 and 6.8) where all
 * readers make the same of it, and says so where they would not. Text goes in
 * pieces cut anywhere; the only memory is in the structure. base64 may have
 * line ends and blanks anywhere, and nothing else beside its digits and the
 * padding at its end; no bits are left over. Quoted-printable has CRLF line
 * ends, no blank before one, no control or 8-bit octets, and '=' only with two
 * digits or before a line end (or the end of all).
 */
struct strict_decoder {
	enum transfer_encoding from;
	encode_sink *sink;
	void *arg;
	bool failed;
	unsigned int bits;    /* base64: of a group */
	unsigned int digits;  /* how many of the group */
	unsigned int padding; /* how many '=' */
	int state;	      /* of quoted-printable */
	char first;	      /* digit of "=XX" */
	bool blank;	      /* was the last octet */
	char out[4096];
	size_t used;
};

/* from: TRANSFER_BASE64 or TRANSFER_QUOTED_PRINTABLE. */
void strict_decoder_init(struct strict_decoder *decoder,
    enum transfer_encoding from, encode_sink *sink, void *arg);
void strict_decoder_add(struct strict_decoder *decoder, struct slice text);
/* False: readers would differ; what came out by then is of no use. */
MUST_USE bool strict_decoder_finish(struct strict_decoder *decoder);

/* The value of a digit of base64 (RFC 4648 section 4); -1 for anything else. */
int base64_value(char c);

#endif
