/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_MIME_SCAN_PRIV_H
#define SUBMILTER_MESSAGE_MIME_SCAN_PRIV_H

#include "mime_priv.h"

/* So much of a line is kept: "--", a boundary, "--" and some blanks. */
enum { MIME_LINE_HEAD = 256 };
/* Octets of a line that tell base64 from text: words are shorter. */
enum { MIME_BASE64_LOOK = 16 };

enum place { AT_HEADER, AT_CONTENT };

/* An entity that is open, from the message inwards. */
struct level {
	size_t part;
	struct slice boundary; /* of a multipart; empty: none */
	bool closed;	       /* its last boundary was seen: epilogue */
};

struct mime_scan {
	struct arena *mem;
	size_t short_line; /* no longer ones are told apart */
	struct mime_part *parts;
	size_t count;
	size_t cap;
	struct level levels[MIME_MAX_DEPTH];
	size_t depth;
	enum place place;
	bool over_limit;
	uint64_t at; /* octets so far */
	/* The line that is being read. */
	uint64_t line_start;
	uint64_t line_octets; /* without its line end */
	char head[MIME_LINE_HEAD];
	size_t head_len;
	bool blank_tail;    /* blanks alone are behind the head */
	uint64_t line_8bit; /* octets */
	bool line_nul;
	bool line_bare;
	bool line_utf8;
	unsigned int utf8_more; /* octets that a character still lacks */
	bool pending_cr;
	/* The header that is being read, and how much of it is whole lines. */
	struct strbuf header;
	size_t header_lines;
};

/* The entity that is innermost now. */
struct mime_part *mime_scan_part(struct mime_scan *scan);
/* A line is whole: it is a delimiter, of a header, or content. */
void mime_end_line(struct mime_scan *scan);

#endif
