/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_RIGHTS_H
#define SUBMILTER_POLICY_RIGHTS_H

#include "base/map.h"
#include "conf/config.h"
#include "identity/identity.h"
#include "message/address.h"
#include "policy/levels.h"
#include "table/address_keys.h"

/* The grant, or denial, of a row for a login. */
struct row_grant {
	bool denied; /* "!login" */
	bool behalf; /* ";behalf" */
	bool expired;
	struct slice until; /* "2027-01-31"; empty: for ever */
};

/* What a row of rights.logins, whose key is a login, says of an address. */
struct login_grant {
	struct row_grant grant;
	struct address address; /* local empty: all of the domain, "@domain" */
	const struct table *table;
	struct slice key; /* of the row */
};

/* All that rights.logins has for one login. */
struct login_grants {
	const struct login_grant *items;
	size_t count;
	bool known; /* false: not asked for yet */
};

/* The rights block, with its tables; immutable once made. */
struct rights {
	struct table **tables;
	size_t table_count;
	struct table **login_tables; /* rights.logins */
	size_t login_table_count;
	/*
	 * In a copy for one message: what its submitter was found to have, so
	 * that rights.logins is asked once. NULL: it is asked each time.
	 */
	struct login_grants *kept;
	struct table *levels;	       /* by login, see levels.h; NULL: none */
	struct rights_levels defaults; /* of logins without a row there */
	enum refuse_accept redirect;   /* of the block; a copy may differ */
	struct address_keys keys;      /* local_domain: the main one, if any */
	bool own_address;
	bool all_tables; /* none may be silent */
	bool behalf_mail_from;
	bool adds_sender; /* a Sender that is missing is, or would be, added */
	struct slice help_url;
	/* Those of logins that need no other word; NULL: any, or not known. */
	struct map *realms;
	struct rights_index *index; /* from logins to their rows, for replies */
};

/*
 * Rights from tables that are open already and stay the caller's, without
 * rights.logins. mem and the tables outlive it; *config is not kept.
 */
void rights_init(struct rights *rights, const struct config *config,
    struct table **tables, size_t table_count, struct arena *mem);

/*
 * The same with the tables of a set, which outlives it, with rights.logins and
 * rights.levels.
 */
void rights_from_set(struct rights *rights, const struct config *config,
    const struct table_set *set, struct arena *mem);

/*
 * Reports each row of the tables, also of rights.logins and rights.levels, that
 * cannot be read: whoever needs it is told to come again later. Reports keys
 * that nothing is looked up by, too. If `only` is not NULL, only of that table.
 */
void rights_check_values(const struct rights *rights, const struct table *only,
    const struct report *report);

#define RIGHTS_OWN_ADDRESS SLICE("own address")

enum right {
	RIGHT_UNJUDGED, /* nobody has asked */
	RIGHT_GRANTED,
	RIGHT_BEHALF,  /* in From, with an own address in Sender */
	RIGHT_NONE,    /* known: this login may not use the address */
	RIGHT_UNKNOWN, /* a table could not answer, or not in time */
};

/*
 * Whether a submitter may use an address. First come the denials, "!login" in
 * any row of any table for the address, and "!address" in any row of
 * rights.logins for the login; then the own address, if the realm of
 * the login counts, and with an extension unless a table gives that address, or
 * what is left of it without its last extensions, to somebody; then the rows of
 * the first rung (see address_keys.h) that has any grant, of both directions. A
 * grant may end: "login;until=2027-01-31" holds through that day, in UTC.
 *
 * Where a table cannot answer, a denial counts all the same, and so does a grant
 * of the nearest rung without rights->all_tables; anything else is
 * RIGHT_UNKNOWN. So is a lack of rights by answers that are stale (see struct
 * table_notes): a row may have come since.
 *
 * *ret_how says by what, for people: RIGHTS_OWN_ADDRESS or the table and its key,
 * and what its row says where the key is the login.
 * After RIGHT_NONE it says for the operator what is in the way of an address
 * that looks like the login's own: a row, or the realm; else it is empty. A
 * value that cannot be read gives RIGHT_UNKNOWN: what it means is not guessed.
 * Thread-safe, as long as rights->kept is not shared.
 */
MUST_USE enum right rights_check(const struct rights *rights,
    const struct submitter *submitter, const struct address *address,
    const struct table_context *context, struct slice *ret_how);

/* The login itself as an address; false when it is not one. */
bool rights_login_address(
    struct slice login, struct arena *mem, struct address *ret_address);

/*
 * What rights.logins has for a submitter: under the login; under the login with
 * its realm in U-labels; and without the realm, where that is the option domain.
 * Tables of patterns are asked for the login alone. -1: a table cannot answer, or
 * has what cannot be read; in the first case *ret_grants is what the others have.
 * A submitter without a login has nothing.
 */
MUST_USE int rights_of_login(const struct rights *rights,
    const struct submitter *submitter, const struct table_context *context,
    struct login_grants *ret_grants);

/* At most this many addresses are named in a reply. */
enum { RIGHTS_EXAMPLES = 3 };

/*
 * Addresses that the submitter may use, for a reply: the login's own one, then
 * in turns those of rows that can be listed and those that rights.logins has;
 * "*@domain" for a whole domain. All of them are checked. Returns how many there
 * are in ret_texts.
 */
size_t rights_examples(const struct rights *rights,
    const struct submitter *submitter, const struct table_context *context,
    struct slice ret_texts[RIGHTS_EXAMPLES]);

/* A look through a row's value for the words that name a login. */
struct grant_walk {
	struct slice rest;  /* begins as the value */
	struct slice login; /* see login_normalise() */
	struct slice realm; /* of logins in the row that have none */
	bool is_faulty;	    /* a word cannot be read: a fault for everybody */
};

/*
 * The next word that names the login: false behind the last one. Words that
 * cannot be read are passed over. Pure.
 */
bool rights_next_grant(
    struct grant_walk *walk, struct arena *mem, struct row_grant *ret_grant);

#endif
