/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CLI_LOOKUP_PRIV_H
#define SUBMILTER_CLI_LOOKUP_PRIV_H

#include <stdbool.h>

#include "policy/rights.h"
#include "table/trace.h"

/* The rights of a login, by the tables of a configuration. */
struct lookup_rights {
	struct arena mem;
	struct config *config;
	struct table_set *tables;
	struct identity identity;
	struct rights rights;
	struct login_grants grants; /* of rights.logins */
	struct submitter submitter;
	struct table_trace trace; /* of who the login is */
};

/*
 * Opens the tables as the milter's user, and finds out who the login is.
 * EXIT_YES; EXIT_USAGE for a configuration with a fault, and EXIT_LATER for a
 * table that cannot answer: both are printed. lookup_rights_close() in any case.
 */
int lookup_rights_open(
    struct lookup_rights *of, const char *config_path, const char *login);
void lookup_rights_close(struct lookup_rights *of);

/* How what is found is printed. */
struct lookup_style {
	bool explain;
	bool json;
};

/*
 * "lookup --login LOGIN": every address of the login. EXIT_YES, EXIT_NO if there
 * is none, EXIT_LATER if a table cannot answer: what others say is printed.
 */
int lookup_login(struct lookup_rights *of, const struct lookup_style *style);

/* "lookup --login LOGIN ADDRESS": whether it may use the address; the same. */
int lookup_right(struct lookup_rights *of, const char *address,
    const struct lookup_style *style);

/* Prints what was asked, and what tables said, for people or as JSON. */
void lookup_explain(const struct table_trace *trace, struct arena *mem);
void lookup_explain_json(const struct table_trace *trace, struct strbuf *buf);

#endif
