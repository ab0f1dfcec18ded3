/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_IDENTITY_IDENTITY_H
#define SUBMILTER_IDENTITY_IDENTITY_H

#include "base/map.h"
#include "base/net.h"
#include "conf/config.h"
#include "table/table.h"

/* What the MTA says of the client. Empty: it did not say. */
struct client_facts {
	struct slice auth_authen;	/* {auth_authen}: SASL login */
	struct net_addr addr;
};

/* Who is sending. */
struct submitter {
	struct slice login;	/* normalised, see login_normalise() */
	struct slice via;	/* the method that proved it; empty: none did */
	/*
	 * The login is an address of its own: a table gave the login, or the
	 * configuration names its realm. Otherwise the realm may be what the
	 * client typed.
	 */
	bool realm_counts;
	bool is_mta;		/* the MTA itself: see submitter_from_mta() */
	struct slice mta_name;	/* its host name; may be empty */
};

/* The identify block, with its tables open; immutable once open. */
struct identity {
	const struct config *config;
	struct table *network;
	struct table *login_map;
	struct map *realms;	/* those that the configuration names */
	bool any_realm;		/* CONFIG_ANY_REALM is among them */
};

/*
 * *config and mem outlive it. report (may be NULL) gets each fault, *err one of
 * them. identity_close() frees half-open ones, too.
 */
MUST_USE int identity_open(struct identity *identity,
    const struct config *config, table_report *report, void *arg,
    struct arena *mem, struct err *err);
void identity_close(struct identity *identity);

/*
 * The form in which logins are compared: ASCII lower case, "@" and the realm
 * behind a login that has none, unless the realm is empty, and what stands
 * behind "@" in A-labels if it is a domain.
 */
struct slice login_normalise(struct arena *mem, struct slice login,
    struct slice realm);

/*
 * Asks the methods in their configured order; the first that proves a login
 * wins. 0 with an empty ret->via when none does. -1 (ERR_TEMP) when a method
 * that might have proved one could not answer. Thread-safe.
 */
MUST_USE int identity_find(const struct identity *identity,
    const struct client_facts *client, struct arena *mem,
    struct submitter *ret_submitter, struct err *err);

/*
 * The MTA as the sender of what it makes itself, like bounces (identify.bounces).
 * Its login is mailer-daemon at the main domain, or at the host where there is
 * none. It is not proved, and gives no right but to that name.
 */
void submitter_from_mta(const struct config *config, struct slice mta_name,
    struct arena *mem, struct submitter *ret_submitter);

/* Whether an address is the MTA's own name, at one of its domains. */
bool submitter_is_named(const struct submitter *submitter,
    const struct config *config, struct slice local, struct slice domain);

#endif
