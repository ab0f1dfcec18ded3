/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_CONSTRUCT_H
#define SUBMILTER_MESSAGE_CONSTRUCT_H

/*
 * Forms of an address field that are legal but obsolete, or common but
 * illegal, or that some programs read in another way. A parser says which it
 * met; whether they are refused, written anew or let through is an option each
 * (the "authors" block), with a default that leaves one reading for everybody.
 */
enum construct {
	CONSTRUCT_GROUP,		/* RFC 6854: "Board: a@x, b@x;" */
	CONSTRUCT_ROUTE,		/* RFC 5322 section 4.4: <@a,@b:c@d> */
	CONSTRUCT_RELAY_MARK,		/* '%' or '!' in a local part */
	CONSTRUCT_DOMAIN_LITERAL,	/* alice@[192.0.2.1] */
	CONSTRUCT_QUOTED_LOCAL,		/* "a@b"@c */
	CONSTRUCT_ENCODED_ADDRESS,	/* an RFC 2047 word in an address */
	CONSTRUCT_SPACED_ADDRESS,	/* blanks or comments in an address */
	CONSTRUCT_TEXT_BEHIND,		/* <alice@x> text */
	CONSTRUCT_BARE_NAME,		/* Smith, A. <a@x>; b@x <a@x> */
	CONSTRUCT_EMPTY_ITEM,		/* a@x,,b@x */
	CONSTRUCT_CONTROL,		/* control characters */
	CONSTRUCT_BLANK_LINE,		/* a continuation line of blanks only */
	CONSTRUCT_NOT_UTF8,		/* 8-bit text that is not UTF-8 */
	CONSTRUCT_DOT_NAME,		/* Alice B. Smith <a@x> */
	CONSTRUCT_COMMENT,		/* Alice (home) <a@x> */
	CONSTRUCT_ADDRESS_COMMENT,	/* a@x (Alice) */
	CONSTRUCT_ESCAPED_QUOTE,	/* "Alice \"A\" Smith" <a@x> */
	CONSTRUCT_QUOTED_WORD,		/* "=?utf-8?Q?...?=" <a@x> */
	CONSTRUCT_ODD_NAME,		/* that programs were seen to stumble over */
	CONSTRUCT_COUNT
};

/* A set of them: CONSTRUCT_BIT(CONSTRUCT_GROUP) | ... */
#define CONSTRUCT_BIT(construct) (1U << (construct))

/* What a reply calls it: "a group". Static text. */
const char *construct_text(enum construct construct);

#endif
