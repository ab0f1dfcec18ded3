/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_IDENTITY_IDENTITY_H
#define SUBMILTER_IDENTITY_IDENTITY_H

#include "base/map.h"
#include "base/net.h"
#include "conf/config.h"
#include "message/address.h"
#include "message/edit.h"
#include "table/table_set.h"

enum fact_stage { FACT_NEVER, FACT_AT_CONNECT, FACT_AT_MAIL };

/* A macro of the MTA that is asked for; a new one is a row. */
enum client_fact {
#define FACT(name, stage, macro) FACT_##name,
#include "identity/client_facts.def"
#undef FACT
	FACT_COUNT,
};

/* Facts of a client, as the MTA tells them. */
struct client_facts {
	struct net_addr addr;
	struct slice said[FACT_COUNT]; /* data NULL: it did not say */
};

/* "{auth_authen}", and when the MTA says it. */
const char *fact_macro(enum client_fact fact);
enum fact_stage fact_stage(enum client_fact fact);
/* Whether the login is the word of a proxy (XCLIENT of Postfix). */
bool client_login_is_told(const struct client_facts *client);
/* Copies what was said to mem. */
void client_facts_keep(struct client_facts *client, struct arena *mem);

/* The main domain, and the host names of the configuration and of the MTA. */
enum { MTA_NAMES = 3 };

/*
 * What a method could not find out, where it need not be the one that proves a
 * login: the others are asked first.
 */
struct identity_doubt {
	enum {
		DOUBT_NONE,
		DOUBT_OF_NAME, /* it may have a row: later, if it is refused */
		DOUBT_OF_ROW,  /* it has one, which may not be its own: later */
	} kind;
	struct slice why; /* for people; also why a row is no proof; or empty */
};

/* Who is sending. */
struct submitter {
	struct slice login; /* normalised, see login_normalise() */
	struct slice via;   /* the method that proved it; empty: none did */
	/*
	 * The login is an address of its own: a table gave the login, or the
	 * configuration names its realm. Otherwise the realm may be what the
	 * client typed.
	 */
	bool realm_counts;
	bool is_host; /* its address or its name proved it, not a person */
	struct identity_doubt doubt; /* where there is no login */
	bool
	    is_odd; /* see login_normalise(): RFC 8265 does not allow its user */
	bool is_mta; /* the MTA itself: see submitter_from_mta() */
	/* It is known at the end of the header: see identity_find(). */
	bool waits;
	size_t step; /* the method that is next */
	/* Domains at which it may be MAILER-DAEMON; empty: none. */
	struct slice mta_names[MTA_NAMES];
};

struct identity_method;

/* A method, and the table that it asks. */
struct identity_step {
	const struct identity_method *method;
	const struct table *table; /* NULL: it has none */
};

/* What a login by POP counts for. */
struct pop_limits {
	unsigned long age_s;
	struct net_cidr *never; /* clients that it proves nothing of */
	size_t never_count;
};

/* The field in which Postfix says the login; see by_login_field.c. */
struct login_field {
	struct slice name; /* empty: none */
	const struct slice *secrets;
	size_t secret_count;
	const char *fault; /* why no secret is known; NULL: there are some */
};

/* What identify.methods-at or identify.unidentified-at says of a service. */
struct identity_service {
	struct slice name;		      /* of the daemon, or its port */
	const struct identity_method *method; /* asked there; NULL: ... */
	enum unidentified choice;	      /* ... this counts there */
};

/* The identify block, with its tables; immutable once made. */
struct identity {
	struct slice domain; /* the main one, in lower case; may be empty */
	enum mta_choice mta; /* that the configuration names */
	struct identity_step *steps; /* in their order */
	size_t step_count;
	struct table *login_map;
	struct pop_limits pop;
	struct login_field login_field;
	struct map *realms;		/* those that the configuration names */
	bool any_realm;			/* CONFIG_ANY_REALM is among them */
	enum unidentified unidentified; /* where no service has its own */
	struct identity_service *services;
	size_t service_count;
};

/*
 * What is wrong with the methods of the block, and with tables that they need
 * or do not use: each fault is reported with file and line. Their number.
 */
MUST_USE unsigned int identity_check_config(
    const struct config *config, const struct report *report);

/* Whether a method is in identify.methods. */
bool identity_uses_method(const struct config *config, struct slice name);

/*
 * Whether each realm is what a client typed: no method and no login-map takes a
 * login from elsewhere.
 */
bool identity_realms_are_typed(const struct config *config);

/*
 * The tables and mem outlive it; *config is not kept. login_field_open() has to
 * follow where messages are judged.
 */
void identity_init(struct identity *identity, const struct config *config,
    const struct table_set *tables, struct arena *mem);

/*
 * Reports each row of the tables whose value is not one login; of one table
 * alone, if `only` is not NULL and is one of them.
 */
void identity_check_values(const struct identity *identity,
    const struct table *only, const struct report *report);

/*
 * The form in which logins are compared: lower case, "@" and the realm
 * behind a login that has none, unless the realm is empty, and what stands
 * behind "@" in A-labels if it is a domain. A user beyond ASCII is mapped as
 * RFC 8265 section 3.3 says; one that is not allowed there keeps its octets, and
 * its realm does not count.
 */
struct slice login_normalise(
    struct arena *mem, struct slice login, struct slice realm);

/*
 * Asks the methods in their configured order; the first that proves a login
 * wins. 0 with an empty ret->via when none does. -1 (ERR_TEMP) when a method
 * that might have proved one could not answer; where DNS did not name the
 * client, only if the client would be refused without a login. If it is the turn
 * of a method that reads the header, ret->waits is set, and the rest is for
 * identity_find_in_header(). Thread-safe.
 */
MUST_USE int identity_find(const struct identity *identity,
    const struct client_facts *client, const struct table_context *context,
    struct submitter *ret_submitter);

/* The other methods, once the header has come; *submitter is one that waits. */
MUST_USE int identity_find_in_header(const struct identity *identity,
    const struct client_facts *client, const struct header *header,
    const struct table_context *context, struct submitter *submitter);

/*
 * Reads the secrets of identify.login-secret. -1 (ERR_CONFIG): they cannot be
 * used, and until they can the method login-field answers with an error. No text
 * of an error has any of a secret. Blocks on the file system.
 */
MUST_USE int login_field_open(struct identity *identity,
    const struct config *config, struct arena *mem, struct err *err);
/* The same from the text of the file, one secret a line; text outlives it. */
MUST_USE int login_field_take(struct login_field *field, struct slice text,
    struct arena *mem, struct err *err);
/*
 * Whether a field has the name identify.login-field, or one that some program
 * may read as that.
 */
bool login_field_is(const struct identity *identity, const struct field *field);
/* Deletes every such field, whoever wrote it. */
void login_field_drop(const struct identity *identity, struct edits *edits);
/* Whether a value begins with one of the secrets; what stands behind it. */
bool login_field_read(const struct login_field *field, struct slice value,
    struct slice *ret_value);
/*
 * Whether a client claims by the field what it cannot prove: the topmost one has
 * none of the secrets. Never where no secret is known.
 */
bool login_field_is_forged(
    const struct identity *identity, const struct header *header);
/* A value with the secret, as Postfix writes it; empty: no secret is known. */
struct slice login_field_write(
    const struct identity *identity, struct slice value, struct arena *mem);

/* For people: the method of a step, and whether this client is asked for it. */
struct slice identity_step_name(const struct identity_step *step);
bool identity_step_is_asked(const struct identity *identity, size_t step,
    const struct client_facts *client);

/*
 * The number of the port that a service is called by in /etc/services and in
 * master.cf, like 587 of submission; any other text as it is.
 */
struct slice service_port(struct slice service);

/*
 * What becomes of a message without a login, at the service that the client
 * reached. Where the MTA does not name it, what any service refuses is refused.
 */
enum unidentified identity_unidentified(
    const struct identity *identity, const struct client_facts *client);

/*
 * The MTA as the sender of what it makes itself, like bounces (identify.bounces).
 * Its login is mailer-daemon at the main domain, or at the host where there is
 * none. It is not proved, and gives no right but to that name. mta_name: its own
 * host name, may be empty. *config outlives *ret_submitter.
 */
void submitter_from_mta(const struct config *config, struct slice mta_name,
    struct arena *mem, struct submitter *ret_submitter);

/*
 * Gives another login the right to the MTA's own name: mail of the MTA cannot be
 * told from that of programs on its host. *config outlives *submitter.
 */
void submitter_add_mta(const struct config *config, struct slice mta_name,
    struct submitter *submitter);

/*
 * Whether an address is the MTA's own name, mailer-daemon or double-bounce, at
 * one of its domains.
 */
bool submitter_is_named(
    const struct submitter *submitter, const struct address *address);

/*
 * Whether a reverse-path is one that the MTA writes for its own mail: the null
 * one, or double-bounce for notices to the postmaster. With or without <>.
 */
bool mta_sends_with(
    const struct config *config, struct slice mta_name, struct slice path);

#endif
