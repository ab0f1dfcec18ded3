/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_AUTHORS_H
#define SUBMILTER_POLICY_AUTHORS_H

#include "conf/config.h"
#include "message/address.h"
#include "message/field_name.h"
#include "policy/rights.h"

/* Where an author address stands (RFC 5321, 5322; Author: RFC 9057). */
enum author_role {
	ROLE_MAIL_FROM,
	ROLE_FROM,
	ROLE_SENDER,
	ROLE_RESENT_FROM,
	ROLE_RESENT_SENDER,
	ROLE_AUTHOR,
};

/* "MAIL FROM", "From", ...: as a reply names it. */
const char *author_role_name(enum author_role role);

struct author {
	enum author_role role;
	struct mailbox mailbox; /* as written */
	struct address address; /* as compared */
	bool completed;		/* its domain was not written in full */
	bool renamed;		/* compared with the MTA's own name in it */
	bool rewrite;		/* its field must be written anew, ... */
	bool hide_name;		/* ... and without names */
	bool behalf;		/* the login may only send for its owner */
	bool foreign;		/* no right, but the mail is redirected */
	size_t field;		/* index in the header; not MAIL FROM */
	enum right right;	/* as decide_authors() found it ... */
	struct slice how;	/* ... and by what, see rights_check() */
};

struct authors {
	struct arena *mem;
	struct author *items;
	size_t count;
	size_t cap;
	size_t decided;	   /* so many of the first are not judged again */
	size_t name_bytes; /* of all that stands beside addresses */
};

/* The authors block: sets of CONSTRUCT_BIT(), and what no parser can see. */
struct author_forms {
	unsigned int refused;
	unsigned int repaired;
	bool several_from;
	bool same_fields;	/* copies of a single-use field go */
	bool odd_fields;	/* so do fields like ">From", ... */
	bool misleading_fields; /* ... and like "Content-(x)Type" */
	bool utf8_address;	/* also without SMTPUTF8 */
	bool empty_from;	/* "NAME <>" counts as missing */
};

struct author_rules {
	struct slice domain;  /* completes addresses; empty: they are refused */
	bool utf8;	      /* the message has SMTPUTF8 */
	size_t max_mailboxes; /* in one field */
	size_t max_authors;   /* in all; 0: any number */
	size_t max_name_bytes; /* names and comments in all; 0: any number */
	bool redirect;	       /* older blocks of Resent- fields are trace */
	struct author_forms forms;
};

/*
 * The forms of a configuration. Where repairs do not count (see
 * config_counts_repairs()), a form that would have to be repaired is refused.
 */
struct author_forms author_forms_from_config(const struct config *config);

void authors_init(struct authors *authors, struct arena *mem);

/*
 * Adds the reverse-path of MAIL. The null reverse-path adds no author and
 * exempts nothing else.
 */
MUST_USE int authors_add_path(struct authors *authors, struct slice path,
    const struct author_rules *rules, struct err *err);

/*
 * Adds every author of a header: each mailbox of From, Sender, each
 * Resent-From and Resent-Sender, and Author. With rules->redirect, of several
 * blocks of Resent- fields only the topmost one has authors, if there is a
 * Resent-From in it: each one that passes mail on adds a block above the older
 * ones, which are trace (RFC 5322 section 3.6.6). *err says which field cannot be
 * read in one way, and why. A missing or empty From adds none: the caller
 * looks for that.
 */
MUST_USE int authors_add_header(struct authors *authors,
    const struct header *header, const struct author_rules *rules,
    struct err *err);

/*
 * Whether some programs take a field for an author field although it has another
 * name: ">From", "Fr(x)om", "(a: b)From".
 */
bool author_field_is_odd(const struct field_readings *readings);

/* Adds an author that was judged before. */
void authors_keep(struct authors *authors, const struct author *author);

/* The addresses of a role, "a@example.org,b@example.org"; empty: none. */
struct slice authors_text(
    const struct authors *authors, enum author_role role, struct arena *mem);

/* Number of authors in a role, and the first of them (NULL: none). */
size_t authors_count(const struct authors *authors, enum author_role role);
const struct author *authors_first(
    const struct authors *authors, enum author_role role);

#endif
