/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_MESSAGE_ADDRESS_H
#define SUBMILTER_MESSAGE_ADDRESS_H

#include "base/err.h"
#include "base/str.h"

/*
 * Addresses as RFC 5322 section 3.4 writes them (with RFC 6532 UTF-8), read so
 * strictly that no other reader can see another author: what two programs
 * could read differently is an error, not a guess. Accepted are, on purpose,
 * dots and 8-bit text in a display name, comments between tokens, and a
 * comment behind an address ("addr (name)"). Refused are routes, comments or
 * blanks inside an address, domain literals, '%' and '!' in a local part,
 * quoted local parts with special characters, encoded words in an address,
 * text behind '>', empty list items, control characters, and lines of white
 * space only.
 */
struct mailbox {
	struct slice display;	/* the phrase as it stands; empty: none */
	struct slice local;	/* unquoted, letter case as written */
	struct slice domain;	/* as written; empty: the address has none */
	size_t offset;		/* of the address in the value, ... */
	size_t len;		/* ... and its length, quotes included */
};

struct mailbox_list {
	struct mailbox *items;
	size_t count;
};

/* Where forms are let through that author fields must not have. */
enum address_form {
	ADDRESS_AUTHOR,		/* From, Sender, Resent-From, ... */
	ADDRESS_ANY,		/* To, Reply-To, ...: groups, routes, empty items */
};

enum { ADDRESS_COMMENT_DEPTH = 16 };

/*
 * Every mailbox of a field value, in memory of mem and of value. *err says in
 * one sentence part what cannot be read ("text behind the address"); kind
 * ERR_DATA, or ERR_LIMIT for more than max_mailboxes or deep comments. An
 * empty value gives no mailbox and no error. Linear in the length of value.
 */
MUST_USE int mailbox_list_parse(struct slice value, enum address_form form,
    size_t max_mailboxes, struct arena *mem, struct mailbox_list *ret_list,
    struct err *err);

/*
 * The argument of MAIL FROM, in angle brackets (SMTP) or without (sendmail(1)).
 * The null reverse-path <> gives *ret_null and no mailbox. No comments, blanks
 * or source routes: RFC 5321 section 4.1.2 without its obsolete forms.
 */
MUST_USE int reverse_path_parse(struct slice path, struct arena *mem,
    bool *ret_null, struct mailbox *ret_mailbox, struct err *err);

/* An address in the form in which it is compared and looked up. */
struct address {
	struct slice local;	/* ASCII lower case, unquoted */
	struct slice domain;	/* lower case, A-labels */
	struct slice text;	/* local@domain, quoted where it must be */
};

/*
 * Brings a mailbox into that form. No domain: default_domain; a domain of one
 * label gets default_domain behind it (RFC 6409 section 4.2). ERR_DATA when
 * default_domain is empty then, when the domain is no domain name, when it is
 * no IDNA2008 name, or when 8-bit octets stand in an address and utf8 is
 * false (no SMTPUTF8). *ret_completed (may be NULL): the text behind the local
 * part was added here.
 */
MUST_USE int address_canonical(const struct mailbox *mailbox,
    struct slice default_domain, bool utf8, struct arena *mem,
    struct address *ret_address, bool *ret_completed, struct err *err);

/* A domain name in lower case and A-labels; ERR_DATA when it is none. */
MUST_USE int domain_canonical(struct slice domain, struct arena *mem,
    struct slice *ret_domain, struct err *err);

/*
 * A canonical domain with its A-labels as U-labels; false when it has none, or
 * when what they stand for does not give the same domain again.
 */
bool domain_unicode(struct slice domain, struct arena *mem,
    struct slice *ret_domain);

/* Adds a local part, quoted where it must be. */
void local_part_append(struct strbuf *buf, struct slice local);

/* Whether a local part can stand without quotes: dot-atom of RFC 5322. */
bool local_part_is_dot_atom(struct slice local);

#endif
