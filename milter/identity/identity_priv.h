/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_IDENTITY_IDENTITY_PRIV_H
#define SUBMILTER_IDENTITY_IDENTITY_PRIV_H

#include "identity/identity.h"

/* What a method is asked. */
struct identity_question {
	const struct identity *identity;
	const struct client_facts *client;
	const struct table *table; /* the method's own, if it has one */
	const struct table_context *context;
	const struct header *header; /* NULL: it has not come yet */
	struct identity_doubt *doubt;
};

/*
 * For people: why a method proves nothing where somebody may expect that it
 * does. Of several reasons the first one is kept.
 */
void identity_explain(
    const struct identity_question *question, struct slice why);

/* The same of a key that the table of certificates does not have. */
void certificate_explain_key(
    const struct identity_question *question, struct slice key);

/* Where faults of the block go. */
struct identity_faults {
	const struct config *config;
	const struct report *report;
	struct arena mem;
	unsigned int count;
};

/* `text` of an option like "identify.methods" is at fault. */
void identity_fault(
    struct identity_faults *faults, const char *option, const char *text);

/* A way to prove a login: a row of the registry in identity.c. */
struct identity_method {
	struct slice name; /* in identify.methods, and as via= in the log */
	/*
	 * 0 with *ret_login as its source writes it, or as it was if the method
	 * proves none; -1 with context->err: it cannot answer.
	 */
	int (*find)(
	    const struct identity_question *question, struct slice *ret_login);
	/*
	 * The client chose the login's words, so its realm counts only if the
	 * configuration names it. Otherwise a table of ours gave it.
	 */
	bool is_typed;
	bool reads_header; /* asked at the end of the header, not at MAIL */
	bool is_host;	   /* see struct submitter */
	/* The option with the table that it needs, NULL: none; its place. */
	const char *table_option;
	bool table_is_optional;
	size_t table_offset; /* of its slice in struct config */
	/* What a value of that table has to be; NULL: one login. */
	table_value_check *check_value;
	/* Which keys of that table are never asked for; NULL: not known. */
	table_key_fault *key_fault;
	/* Further faults of a configuration that uses it; may be NULL. */
	void (*check)(struct identity_faults *faults);
};

extern const struct identity_method identity_by_sasl;
extern const struct identity_method identity_by_certificate;
extern const struct identity_method identity_by_network;
extern const struct identity_method identity_by_pop;
extern const struct identity_method identity_by_login_field;

/* by_login_field.c: its name and secret, whether or not the method is used. */
void login_field_check_name(struct identity_faults *faults);
extern const struct identity_method identity_by_host;

/* The networks are those that can be read: pop_check() tells of the others. */
struct pop_limits pop_limits_from(
    const struct config *config, struct arena *mem);

/* services.c: identify.methods-at and identify.unidentified-at. */
void identity_check_services(struct identity_faults *faults);
void identity_init_services(
    struct identity *identity, const struct config *config, struct arena *mem);
bool identity_method_is_asked(const struct identity *identity,
    const struct identity_method *method, const struct client_facts *client);

/* NULL: there is no such method. */
const struct identity_method *identity_method_find(struct slice name);
/* The table that a configuration gives a method; empty: none. */
struct slice identity_method_table(
    const struct identity_method *method, const struct config *config);

/*
 * A table's login for a key, trimmed; *ret_login stays as it is when there is
 * none. -1 when it cannot answer, or its value is not one login.
 */
MUST_USE int identity_ask_table(const struct table *table, struct slice key,
    const struct table_context *context, struct slice *ret_login);

/* The same for several keys: of those that have a row, the first one counts. */
MUST_USE int identity_ask_keys(const struct table *table,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_login);

/*
 * The address as text, and the networks that it is in, by whole octets or, with
 * IPv6, groups: "192.0.2", "192.0", "192"; "2001:db8:0", and so on, of the
 * address without "::". (Postfix cuts the text with "::", so that it asks for
 * the host 2001:db8::5 if the client is 2001:db8::5:1.)
 */
enum { CLIENT_ADDRESS_KEYS = 8 };
struct table_keys client_address_keys(
    struct arena *mem, const struct net_addr *addr, bool has_networks);

/*
 * For table_check_row_keys(): whether client_address_keys() makes a key, with
 * networks and without.
 */
const char *client_network_fault(
    const void *arg, struct slice key, struct arena *mem);
const char *client_address_fault(
    const void *arg, struct slice key, struct arena *mem);

/*
 * The name of a host in lower case, without a dot at its end, and the domains that
 * it is in: ".example.org", ".org", the nearest to the root if there are many.
 * None where it is no name of at least two labels, of letters, digits, hyphens
 * and underscores, whose last label has a letter.
 */
enum { CLIENT_NAME_KEYS = 10 };
struct table_keys client_name_keys(
    struct arena *mem, struct slice text, bool has_parents);

/*
 * The login-map's word for a login, which is in its normal form; *ret_login
 * stays as it is when it has none. A user of the default realm may stand there
 * without it.
 */
MUST_USE int identity_map_login(const struct identity *identity,
    struct slice login, const struct table_context *context,
    struct slice *ret_login);

/*
 * The user of a login as RFC 8265 section 3.3 compares it (UsernameCaseMapped):
 * width, case and composition are mapped. False: such a user is not allowed
 * there, or over 512 octets. Characters that need a context (RFC 5892 appendix
 * A.1 to A.7) are not taken.
 */
MUST_USE bool login_user_form(
    struct arena *mem, struct slice user, struct slice *ret_form);

/*
 * Whether the user of a login in its normal form is in a form that no other
 * one is taken for: ASCII, or that of login_user_form().
 */
bool login_has_form(struct arena *mem, struct slice login);

/* What "+XX" stands for (RFC 3461 section 4); false: it is no xtext. */
bool xtext_decode(
    struct arena *mem, struct slice text, struct slice *ret_decoded);

/*
 * "ISSUER|SUBJECT", with "+XX" for blanks, controls, and the octets + | " # \\.
 * False: there is none, because one of both is empty.
 */
bool certificate_name_key(struct arena *mem, struct slice issuer,
    struct slice subject, struct slice *ret_key);
/* "AA:BB:...", of SHA-256 or longer; false: it is nothing of the kind. */
bool certificate_fingerprint_key(
    struct arena *mem, struct slice text, struct slice *ret_key);

/* For table_check_values(): whether a value is one login. */
MUST_USE int identity_check_login(
    const void *arg, struct slice value, struct arena *mem, struct err *err);

#endif
