/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_RIGHTS_H
#define SUBMILTER_POLICY_RIGHTS_H

#include "base/map.h"
#include "conf/config.h"
#include "identity/identity.h"
#include "message/address.h"
#include "table/address_keys.h"

/* The rights block, with its tables open; immutable once open. */
struct rights {
	const struct config *config;
	struct table **tables;
	size_t table_count;
	struct address_keys keys;
	struct map *examples;	/* login to what its rows grant, for replies */
};

/*
 * Rights from tables that are open already and stay the caller's. *config, mem
 * and the tables outlive it.
 */
void rights_init(struct rights *rights, const struct config *config,
    struct table **tables, size_t table_count, struct arena *mem);

/*
 * *config outlives it; rights_close() frees half-open ones, too. report gets
 * each fault of each table; *err is one of them.
 */
MUST_USE int rights_open(struct rights *rights, const struct config *config,
    table_report *report, void *arg, struct arena *mem, struct err *err);
void rights_close(struct rights *rights);

enum right {
	RIGHT_GRANTED,
	RIGHT_BEHALF,		/* in From, with an own address in Sender */
	RIGHT_NONE,		/* known: this login may not use the address */
	RIGHT_UNKNOWN,		/* a table could not answer, *err says why */
};

/*
 * Whether a submitter may use an address. First come the denials, "!login", in
 * any row of any table for the address; then the own address, if the realm of
 * the login counts, and with an extension unless a table gives that address, or
 * what is left of it without its last extensions, to somebody; then the rows of
 * the first rung (see address_keys.h) that has any grant. A grant may end:
 * "login;until=2027-01-31" holds through that day, in UTC.
 *
 * *ret_how says by what, for people: "own address" or the table and its key.
 * After RIGHT_NONE it says for the operator what is in the way of an address
 * that looks like the login's own: a row, or the realm; else it is empty. A
 * value that cannot be read gives RIGHT_UNKNOWN: what it means is not guessed.
 * Thread-safe.
 */
MUST_USE enum right rights_check(const struct rights *rights,
    const struct submitter *submitter, const struct address *address,
    struct arena *mem, struct slice *ret_how, struct err *err);

/*
 * The login itself as an address; false when it is none.
 */
bool rights_login_address(struct slice login, struct arena *mem,
    struct address *ret_address);

/* At most this many addresses are named in a reply. */
enum { RIGHTS_EXAMPLES = 3 };

/*
 * Addresses that the submitter may use, for a reply: the login's own one, then
 * those of rows that can be listed; "*@domain" for a whole domain. All of them
 * are checked. Returns how many there are in ret_texts.
 */
size_t rights_examples(const struct rights *rights,
    const struct submitter *submitter, struct arena *mem,
    struct slice ret_texts[RIGHTS_EXAMPLES]);

#endif
