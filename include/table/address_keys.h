/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_ADDRESS_KEYS_H
#define SUBMILTER_TABLE_ADDRESS_KEYS_H

#include "table/table.h"

/* How an address is looked up; the words are Postfix's. */
struct address_keys {
	const char *recipient_delimiter; /* octets that begin an extension; "" for none */
	struct slice local_domain;	/* a bare "user" key stands for this domain; may be empty */
};

/* The values that the tables hold for an address. */
struct address_values {
	struct slice key;	/* the key that was found */
	struct slice *values;	/* one a table that has the key */
	struct slice *specs;	/* which table each came from */
	size_t count;
};

/*
 * Asks all tables for local@domain with the key ladder of Postfix's
 * smtpd_sender_login_maps (postconf(5)):
 *
 *	user+extension@domain, user@domain,
 *	user+extension, user (both only if domain is local_domain), @domain
 *
 * The first key that any table has ends the search; the values of all tables
 * that have that key are returned. Tables with TABLE_CAP_PATTERNS are asked for
 * the first key only. local and domain are folded to lower case, domain to
 * A-labels, by the caller. TABLE_FAILED when any table that was asked failed.
 */
MUST_USE enum table_answer address_lookup(struct table *const *tables,
    size_t table_count, const struct address_keys *how, struct slice local,
    struct slice domain, struct arena *mem, struct address_values *ret_values,
    struct err *err);

/*
 * Length of local without its extension, as Postfix splits it: the delimiter
 * that stands first, but not at the very start, and never for "owner-" and
 * "-request" forms or the names MAILER-DAEMON, double-bounce and postmaster.
 * local.len when there is no extension.
 */
size_t address_base_length(struct slice local, const char *recipient_delimiter);

#endif
