/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_ADDRESS_KEYS_H
#define SUBMILTER_TABLE_ADDRESS_KEYS_H

#include "message/address.h"
#include "table/table.h"

/* How an address is looked up; the words are Postfix's. */
struct address_keys {
	const char *
	    recipient_delimiter; /* octets that begin an extension; "" for none */
	struct slice
	    local_domain; /* a bare "user" key stands for this domain; may be empty */
};

/* A value that a table has for an address. */
struct address_value {
	unsigned int rung;
	struct slice key; /* the key that was found */
	struct slice value;
	bool full_local; /* of the key, as above */
	struct table *table;
};

/* All that the tables hold for an address, rung by rung. */
struct address_values {
	struct address_value *items;
	size_t count;
};

/* Tables that are asked together. */
struct address_tables {
	struct table *const *items;
	size_t count;
	const struct address_keys *how;
};

/*
 * Asks each table for the keys of an address, of which local and domain count,
 * at once where no key depends on another's answer. They form the ladder of
 * Postfix's smtpd_sender_login_maps (postconf(5)), rung by rung:
 *
 *	user+extension@domain, user@domain,
 *	user+extension, user (both only if domain is local_domain), @domain
 *
 * Several extensions are taken off one after the other, where Postfix takes off
 * all at once: with the delimiters "+-", jean-luc+x belongs to whom jean-luc
 * belongs to.
 *
 * A rung has several keys where an address is written in several ways: a local
 * part that needs quotes first with them, as postmap(1) and Postfix write it,
 * then without; a domain in A-labels first, then in U-labels. The first key of
 * a rung that a table has counts, and the others are not asked for. Tables with
 * TABLE_CAP_PATTERNS are asked for whole addresses only. TABLE_FOUND when there
 * is any value; TABLE_FAILED when any table failed, whatever the others say;
 * the error names the first one, and *ret_values has what the others hold.
 */
MUST_USE enum table_answer address_lookup(const struct address_tables *tables,
    const struct address *address, const struct table_context *context,
    struct address_values *ret_values);

/*
 * Whether a row for `row`, whose local part is empty where it is for all of its
 * domain, counts for an address, as if its key stood in a table that folds keys;
 * *ret_rung is the rung on which it does. Of both, local and domain count.
 */
bool address_row_counts(const struct address_keys *how,
    const struct address *address, const struct address *row,
    unsigned int *ret_rung);

/*
 * Length of local without its extension, as Postfix splits it: at the first
 * delimiter, unless that is the very first octet; never for the names
 * MAILER-DAEMON, double-bounce and postmaster; and where '-' is a delimiter
 * never for "owner-" and "-request" forms. local.len when there is no
 * extension.
 */
size_t address_base_length(struct slice local, const char *recipient_delimiter);

#endif
