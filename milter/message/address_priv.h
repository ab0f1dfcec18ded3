/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_ADDRESS_PRIV_H
#define SUBMILTER_MESSAGE_ADDRESS_PRIV_H

#include "message/address.h"

/*
 * The tokens of an address field, RFC 5322 section 3.2: what address.c makes
 * addresses of. Functions that can fail return -1 with the reader's *err set.
 */
struct reader {
	struct slice in; /* the value, control characters made blanks */
	size_t at;
	struct arena *mem;
	struct err *err;
	unsigned int constructs; /* of the item at hand */
	struct slice comment;	 /* the last one that was skipped */
	unsigned int comments;	 /* how many this item has */
};

static inline int
reader_fail(struct reader *r, const char *what)
{
	return err_set(r->err, ERR_DATA, "%s", what);
}

static inline void
reader_met(struct reader *r, enum construct construct)
{
	r->constructs |= CONSTRUCT_BIT(construct);
}

static inline bool
reader_at_end(const struct reader *r)
{
	return r->at == r->in.len;
}

/* NUL at the end; there is none in a value. */
static inline char
reader_peek(const struct reader *r)
{
	return reader_at_end(r) ? '\0' : r->in.data[r->at];
}

/* An octet of an atom, or of a phrase as it was written before RFC 822. */
bool address_is_word_char(char c);

/*
 * Makes control characters blanks, so that all offsets stay, and notes them,
 * blank lines and what is not UTF-8.
 */
void reader_clean_octets(struct reader *r);

void reader_skip_blanks(struct reader *r);
/* CFWS of section 3.2.2; kind: what a comment is here. */
MUST_USE int reader_skip_cfws_as(struct reader *r, enum construct kind);
MUST_USE int reader_skip_cfws(struct reader *r);
/* Before an item: some programs take a comment there along. */
MUST_USE int reader_skip_leading_cfws(struct reader *r);
/* From the opening parenthesis or quote to behind the closing one. */
MUST_USE int reader_skip_comment(struct reader *r);
MUST_USE int reader_skip_quoted(struct reader *r, size_t *ret_escapes);

/* A word of a phrase or a local part. */
struct word {
	struct slice text; /* without quotes */
	bool quoted;
	size_t escapes; /* backslashes in the quotes */
	bool folded;	/* there was a line end in the quotes */
};

/* Empty where no atom begins. */
struct slice reader_atom(struct reader *r);
/* An atom or a quoted-string. */
MUST_USE int reader_word(struct reader *r, struct word *ret_word);
/*
 * What is odd about a word that turns out to be part of a name. known_odd: the
 * name is CONSTRUCT_ODD_NAME already; whether the word is need not be found out.
 */
unsigned int word_constructs(const struct word *word, bool known_odd);

/* What is met in an address, and says nothing of a name. */
#define ADDRESS_CONSTRUCTS                             \
	(CONSTRUCT_BIT(CONSTRUCT_RELAY_MARK) |         \
	    CONSTRUCT_BIT(CONSTRUCT_DOMAIN_LITERAL) |  \
	    CONSTRUCT_BIT(CONSTRUCT_QUOTED_LOCAL) |    \
	    CONSTRUCT_BIT(CONSTRUCT_ENCODED_ADDRESS) | \
	    CONSTRUCT_BIT(CONSTRUCT_SPACED_ADDRESS))

enum item { ITEM_ERROR, ITEM_MAILBOX, ITEM_LONE_WORD, ITEM_GROUP };

/*
 * One mailbox, or the name of a group with its colon. ITEM_LONE_WORD: a word
 * alone, an address without a domain or a part of a name with commas.
 */
enum item reader_item(struct reader *r, struct mailbox *mailbox);

/* Whether a new character may begin with this octet of UTF-8. */
static inline bool
address_begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

/*
 * In quotes, without any escapes: some programs stumble over them, so
 * apostrophes stand for quotes and slashes for backslashes.
 */
void address_print_quoted(struct strbuf *buf, struct slice text);

/*
 * Text that will stand in encoded words: what a program that decodes before it
 * parses could take for syntax is spelt otherwise.
 */
struct slice address_without_marks(struct slice text, struct arena *mem);

/* Text (UTF-8) as encoded words in base64, and the octets that these have. */
struct slice address_in_base64(struct slice text, struct arena *mem);
size_t address_base64_octets(struct slice text);

/* The octets of text (UTF-8) in words as encoded_words_append() writes them. */
size_t address_words_octets(size_t charset_octets, struct slice text);

/*
 * A printed name in at most max_octets of address_octets(): as it is where it
 * fits, else decoded, cut at a word, and written anew. Empty where not even a
 * character fits.
 */
struct slice address_name_within(
    struct slice name, size_t max_octets, struct arena *mem);

/* Whether every token with "=?" in it is a word that programs agree on. */
bool address_words_are_plain(struct slice text);

#endif
