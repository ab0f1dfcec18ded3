/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SENDMAIL_PRIV_H
#define SUBMILTER_SENDMAIL_PRIV_H

#include "message/address.h"
#include "repair_priv.h"

/* The Sendmail that address fields may pass behind us. */
struct sendmail {
	bool is_certain; /* its form is asked for, not its lengths alone */
	bool may_shorten;
	bool is_simple;	      /* fields are hashed as they stand */
	bool is_here;	      /* this host's addresses are the MTA's */
	bool writes_own_name; /* at localhost, or without a domain */
	struct slice name;    /* $j; empty: not known */
	struct slice domain;  /* $m */
	struct slice address; /* that the client has reached, if known */
	struct arena *mem;    /* for what is made of a field */
};

/* False where Sendmail is not on the way of the message. mem: as above. */
bool sendmail_facts(const struct config *config,
    const struct repair_facts *facts, struct arena *mem,
    struct sendmail *ret_sendmail);

/*
 * Takes the entry before the next comma off; whether there was a comma. These
 * are the pieces in which Sendmail reads and writes a list, groups or not.
 */
bool sendmail_next_entry(struct slice *rest, struct slice *ret_entry);

/* The next comment of an entry, from an offset on; false: none. */
bool sendmail_next_comment(
    struct slice entry, size_t from, size_t *ret_begin, size_t *ret_end);

/* Whether it would put the name of a group in quotes, for a dot in it. */
bool sendmail_quotes_group(struct slice value);

/*
 * Whether an entry is longer than Sendmail sends on: it would cut it, also in
 * the middle of an address. plain: a list of mailboxes only, which may be a bit
 * longer than others.
 */
bool sendmail_cuts(struct slice value, bool plain);

/*
 * The list in its plainest form, with names that Sendmail does not cut;
 * ERR_DATA when an address alone is too long.
 */
MUST_USE int sendmail_shorten(const struct mailbox_list *list,
    struct arena *mem, struct slice *ret_value, struct err *err);

/*
 * Whether there is a mailbox for which Sendmail writes its own name: without a
 * domain, at localhost, or at one of its addresses in brackets.
 */
bool sendmail_has_own_name(
    const struct sendmail *sendmail, const struct mailbox_list *list);

/*
 * Writes that name there, in *value and *list. ERR_DATA when it is
 * not known.
 */
MUST_USE int sendmail_own_names(const struct sendmail *sendmail,
    struct slice *value, struct mailbox_list *list, struct err *err);

/*
 * A value in which forms that no grammar has, but which Sendmail leaves alone,
 * stand as others that have the same pieces: a name beside <>, a local part
 * with misplaced dots, a comment and nothing else.
 */
struct slice sendmail_readable(struct slice value, struct arena *mem);

#endif
