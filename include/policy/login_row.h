/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LOGIN_ROW_H
#define SUBMILTER_POLICY_LOGIN_ROW_H

#include "identity/identity.h"
#include "table/table.h"

/* What a table has for a login. */
struct login_row {
	struct slice value;
	const char *key;    /* that was found, escaped */
	struct slice where; /* "TABLE, key KEY" */
};

/*
 * The first of these rows that the table has: the login, the part before its
 * "@" where the rest is local_domain and that part has no "@", "@" and its
 * realm, if that counts. The texts are in memory of the context. Thread-safe;
 * may block as long as the table does.
 */
MUST_USE enum table_answer login_row_find(struct table *table,
    const struct submitter *submitter, struct slice local_domain,
    const struct table_context *context, struct login_row *ret_row);

#endif
