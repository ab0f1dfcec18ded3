/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checks of Postfix share. */
#ifndef SUBMILTER_CHECK_CHECK_POSTFIX_PRIV_H
#define SUBMILTER_CHECK_CHECK_POSTFIX_PRIV_H

#include "check_sasl_priv.h"

struct postfix_check {
	const struct checked *c;
	const struct postfix *postfix;
	struct slice queue; /* queue_directory */
	const char *wanted; /* what smtpd_milters should say */
	bool was_used;
	bool filtered;		/* signed mail goes through a filter and back */
	bool access_checked[2]; /* without and with a chroot */
	bool action_named;	/* of main.cf, which all services share */
	bool protocol_named;
};

/* How an item of smtpd_milters relates to our socket. */
enum relation {
	NOT_OURS,
	OURS,
	OURS_BUT_CHROOT, /* would be, if the service had no chroot */
	OURS_MISSPELT,	 /* in words that only Sendmail understands */
};

/* What an item of smtpd_milters says beside its address; empty: nothing. */
struct milter_options {
	struct slice default_action;
	struct slice protocol;
	struct slice behind; /* the last milter that comes after us */
};

/* Whether our socket lies below the queue directory. */
bool socket_is_below(const struct checked *c, struct slice queue);

/* A Postfix without a word on our socket would say this. */
const char *postfix_wanted_milter(const struct checked *c, struct slice queue);

/*
 * Our item in a list of milters: "SPEC" or "{ SPEC, name=value, ... }", with
 * the options of its own.
 */
enum relation postfix_find_milter(const struct postfix_check *p,
    struct slice list, bool chroot, struct milter_options *options);

/* The value that a service (NULL: any program) sees, else `initial`. */
struct slice postfix_seen(const struct postfix_check *p,
    const struct postfix_service *service, const char *name,
    const char *initial);
/* Where it stands: "main.cf:12". */
const char *postfix_seen_at(const struct postfix_check *p,
    const struct postfix_service *service, const char *name);
/*
 * The command that sets a parameter for a service alone: for programs without
 * one (NULL) in main.cf.
 */
const char *postfix_set(const struct postfix_check *p,
    const struct postfix_service *service, const char *name, const char *value);
/* The same where the value stands that the service sees now. */
const char *postfix_set_there(const struct postfix_check *p,
    const struct postfix_service *service, const char *name, const char *value);
/* Postfix: service "submission" (master.cf:3) */
const char *postfix_called(
    const struct postfix_check *p, const struct postfix_service *service);
const char *postfix_shown(const struct postfix_check *p, struct slice text);

bool postfix_has_sasl(
    const struct postfix_check *p, const struct postfix_service *service);

/* The way to our socket, and how the service speaks to us. */
void postfix_check_access(
    struct postfix_check *p, const struct postfix_service *service);
void postfix_check_options(struct postfix_check *p,
    const struct postfix_service *service,
    const struct milter_options *options);

/* What smtpd does with the milters of a service. */
struct milter_path {
	enum relation relation;
	struct milter_options options;
	struct slice milters; /* the list that counts */
	const char *option;   /* where it stands */
	const char *past;     /* why mail does not pass it; NULL: it does */
	const char *fix;
};

struct milter_path postfix_milter_path(
    const struct postfix_check *p, const struct postfix_service *service);
/* Clients for whom smtpd_milter_maps takes the milter away. */
void postfix_check_clients(
    const struct postfix_check *p, const struct postfix_service *service);

/* sendmail(1), bounces and the like: non_smtpd_milters. */
void check_postfix_local_mail(struct postfix_check *p);

/*
 * Whether Postfix lets clients in that do not log in, for the methods that need
 * it, and nobody else; and whether it knows names of clients.
 */
void check_postfix_relaying(const struct postfix_check *p);

/* What keeps a certificate from proving a login there. */
void check_postfix_certificates(
    struct postfix_check *p, const struct postfix_service *service);

/* The same for the field identify.login-field. */
void check_postfix_login_field(
    struct postfix_check *p, const struct postfix_service *service);
/* The number of the port of a service, which the milter is told. */
struct slice postfix_port_of(const struct postfix_service *service);
/* Whether a method counts at a service, by identify.methods and methods-at. */
bool postfix_method_is_asked(const struct postfix_check *p,
    const struct postfix_service *service, struct slice method);
bool postfix_asks_certificates(
    const struct postfix_check *p, const struct postfix_service *service);
/*
 * Whether Postfix takes no list of macros from us, because its milter_protocol
 * is too old, and its own one, of an option, lacks one of two.
 */
bool postfix_lacks_macros(const struct postfix_check *p,
    const struct postfix_service *service, const char *option,
    const char *initial, const char *const macros[2]);

/* Names each setting by which Postfix changes mail that was signed. */
void check_postfix_behind(
    struct postfix_check *p, const struct postfix_service *service);
void check_postfix_rewriting(const struct postfix_check *p);

/* smtpd_client_restrictions and the others, up to NULL. */
extern const char *const postfix_restrictions[];
/*
 * The restriction, like check_client_access, and the table that it asks; that of
 * check_policy_service is empty.
 */
typedef void postfix_table_visit(
    void *arg, struct slice restriction, struct slice table);
/* Each of them in a list of restrictions, and in the classes that it names. */
void postfix_each_table(const struct postfix_check *p,
    const struct postfix_service *service, const char *option,
    postfix_table_visit *visit, void *arg);

/* A row of a table; line 0: it stands in the configuration itself. */
struct postfix_row {
	unsigned int line;
	struct slice key;
	struct slice value;
};

/* What a proxy that may use XCLIENT there must not be. */
void check_postfix_proxies(
    const struct postfix_check *p, const struct postfix_service *service);

/*
 * The rows of a lookup table "type:name" that can be read as text, also those
 * of an indexed table from the text it was made of. False: it cannot.
 */
MUST_USE bool postfix_table_rows(struct slice spec, struct arena *mem,
    struct postfix_row **ret_rows, size_t *ret_count);

#endif
