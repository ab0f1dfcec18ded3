/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_ADDRESS_H
#define SUBMILTER_MESSAGE_ADDRESS_H

#include "base/err.h"
#include "base/str.h"
#include "message/construct.h"

/*
 * One mailbox of RFC 5322 section 3.4, with its obsolete forms (section 4.4),
 * groups (RFC 6854) and UTF-8 (RFC 6532).
 */
struct mailbox {
	struct slice display; /* the phrase as it stands; empty: none */
	struct slice comment; /* behind a bare address, without parentheses */
	struct slice local;   /* unquoted, letter case as written */
	struct slice domain;  /* as written; empty: the address has none */
	size_t offset;	      /* of the address in the value, ... */
	size_t len;	      /* ... and its length, quotes included */
};

struct mailbox_list {
	struct mailbox *items;
	size_t count;
	unsigned int constructs; /* CONSTRUCT_BIT() of what was met */
};

enum { ADDRESS_COMMENT_DEPTH = 16 };

/*
 * Every mailbox of a field value, members of groups included, in memory of mem
 * and of value, and the constructs that were met on the way. Text that neither
 * the grammar nor a construct allows is an error, not a guess: *err says in one
 * sentence part what cannot be read ("'<' without '>'"); kind ERR_DATA, or
 * ERR_LIMIT for more than max_mailboxes or deep comments. An empty value gives
 * no mailbox and no error. Linear in the length of value.
 */
MUST_USE int mailbox_list_parse(struct slice value, size_t max_mailboxes,
    struct arena *mem, struct mailbox_list *ret_list, struct err *err);

/*
 * Whether a value is angle brackets with nothing in them, and perhaps a name
 * before them: "MAILER-DAEMON <>", as programs write the author of a bounce.
 */
bool mailbox_is_empty_angle(struct slice value);

/*
 * The value of a field that says the same in the plainest form: for each of
 * the mailboxes a display name, quoted where it must be, and the address in
 * angle brackets, each on a line of its own. Routes, groups, comments, control
 * characters and what stood behind an address are left out; a comment behind
 * an address becomes its name; names that are not UTF-8 become RFC 2047 words
 * of the charset unknown-8bit (RFC 1428). *completed[i], where it is not empty,
 * is the domain that stands in for that of items[i]. Parsed again it gives the
 * same addresses and no construct but what a local part and quotes have in
 * them, and prints as itself.
 */
struct slice mailbox_list_print(const struct mailbox *items, size_t count,
    const struct slice *completed, struct arena *mem);

/*
 * The octets of a text as Sendmail counts them against its limits: those that
 * it has a use for itself, 0x80 to 0x9f and 0xff, take two.
 */
size_t address_octets(struct slice text);

/*
 * The same form as that of mailbox_list_print(), with each mailbox in at most
 * max_octets of address_octets(), as long as its address alone is not longer:
 * names are cut at a word, and never inside of a character.
 */
struct slice mailbox_list_print_within(const struct mailbox *items,
    size_t count, size_t max_octets, struct arena *mem);

/*
 * Adds text as encoded words (RFC 2047) of at most 75 octets, with folds between
 * them. Text that is not UTF-8 is cut between any two octets.
 */
void encoded_words_append(
    struct strbuf *buf, const char *charset, struct slice text);

/*
 * Adds text (UTF-8) as a display name: in quotes where it needs them, as
 * encoded words where it is not ASCII. Control characters become blanks.
 */
void display_name_append(struct strbuf *buf, struct slice text);

/*
 * Adds a name as it stands in a field, quotes, encoded words and all, as encoded
 * words (RFC 2047) that no program takes for syntax. Nothing for an empty one.
 */
void display_name_encode(struct strbuf *buf, struct slice raw);

/*
 * The argument of MAIL FROM, in angle brackets (SMTP) or without (sendmail(1)).
 * The null reverse-path <> gives *ret_null and no mailbox. No comments, blanks
 * or source routes: RFC 5321 section 4.1.2 without its obsolete forms.
 */
MUST_USE int reverse_path_parse(struct slice path, struct arena *mem,
    bool *ret_null, struct mailbox *ret_mailbox, unsigned int *ret_constructs,
    struct err *err);

/* An address in the form in which it is compared and looked up. */
struct address {
	struct slice local;  /* ASCII lower case, unquoted */
	struct slice domain; /* lower case, A-labels */
	struct slice text;   /* local@domain, quoted where it must be */
};

/*
 * Brings a mailbox into that form. No domain: default_domain; a domain of one
 * label gets default_domain behind it (RFC 6409 section 4.2); a domain literal
 * is kept in its shortest form. ERR_DATA when default_domain is empty then, when
 * the domain is not a domain name, when IDNA2008 does not allow it, or when an
 * address has 8-bit octets and utf8 is false (no SMTPUTF8). *ret_completed (may
 * be NULL): the text behind the local part was added here.
 */
MUST_USE int address_canonical(const struct mailbox *mailbox,
    struct slice default_domain, bool utf8, struct arena *mem,
    struct address *ret_address, bool *ret_completed, struct err *err);

/* A domain name in lower case and A-labels; ERR_DATA when it is not one. */
MUST_USE int domain_canonical(struct slice domain, struct arena *mem,
    struct slice *ret_domain, struct err *err);

/*
 * A canonical domain with its A-labels as U-labels; false when it has none, or
 * when what they stand for does not give the same domain again.
 */
bool domain_unicode(
    struct slice domain, struct arena *mem, struct slice *ret_domain);

/* Adds a local part, quoted where it must be. */
void local_part_append(struct strbuf *buf, struct slice local);

/* Whether a local part can stand without quotes: dot-atom of RFC 5322. */
bool local_part_is_dot_atom(struct slice local);

#endif
