/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_ADDRESS_KEYS_H
#define SUBMILTER_TABLE_ADDRESS_KEYS_H

#include "table/table.h"

/* How an address is looked up; the words are Postfix's. */
struct address_keys {
	const char *recipient_delimiter; /* octets that begin an extension; "" for none */
	struct slice local_domain;	/* a bare "user" key stands for this domain; may be empty */
};

/*
 * One key to ask for. The keys of an address form the ladder of Postfix's
 * smtpd_sender_login_maps (postconf(5)), rung by rung:
 *
 *	user+extension@domain, user@domain,
 *	user+extension, user (both only if domain is local_domain), @domain
 *
 * Of several extensions one after the other is taken off, where Postfix takes
 * off all at once: with the delimiters "+-", jean-luc+x belongs to whom
 * jean-luc belongs to.
 *
 * A rung has several keys where an address is written in several ways: a local
 * part that needs quotes first with them, as postmap(1) and Postfix write it,
 * then without; a domain in A-labels first, then in U-labels.
 */
struct address_key {
	struct slice text;
	unsigned int rung;	/* from 0, in order */
	bool whole;		/* asked of tables with TABLE_CAP_PATTERNS, too */
	bool full_local;	/* it has all of the local part, with extension */
};

/* The ladder of local@domain, folded as for address_lookup(). */
void address_keys_make(const struct address_keys *how, struct slice local,
    struct slice domain, struct arena *mem, struct address_key **ret_keys,
    size_t *ret_count);

/* What one table holds for an address. */
struct address_value {
	unsigned int rung;
	struct slice key;	/* the key that was found */
	struct slice value;
	bool full_local;	/* of the key, as above */
	struct table *table;
};

/* All that the tables hold for an address, rung by rung. */
struct address_values {
	struct address_value *items;
	size_t count;
};

/*
 * Asks all tables for every rung of local@domain; of each table and rung the
 * first key that it has counts. Tables with TABLE_CAP_PATTERNS are asked for
 * whole addresses only. local (without quotes) and domain are folded to lower
 * case, domain to A-labels, by the caller. TABLE_FOUND when there is any value;
 * TABLE_FAILED when any table failed, whatever the others say; *err names it.
 */
MUST_USE enum table_answer address_lookup(struct table *const *tables,
    size_t table_count, const struct address_keys *how, struct slice local,
    struct slice domain, struct arena *mem, struct address_values *ret_values,
    struct err *err);

/*
 * Length of local without its extension, as Postfix splits it: at the first
 * delimiter, unless that is the very first octet; never for the names
 * MAILER-DAEMON, double-bounce and postmaster; and where '-' is a delimiter
 * never for "owner-" and "-request" forms. local.len when there is no
 * extension.
 */
size_t address_base_length(struct slice local, const char *recipient_delimiter);

#endif
