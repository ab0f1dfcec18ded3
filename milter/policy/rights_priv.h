/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_RIGHTS_PRIV_H
#define SUBMILTER_POLICY_RIGHTS_PRIV_H

#include "policy/rights.h"

/* One word of a table's value: "login", "!login", "login;behalf". */
struct grant {
	struct slice login; /* as written, see login_normalise() */
	bool denied;
	bool behalf;
	bool expired;
	struct slice until; /* "2027-01-31"; empty: for ever */
};

/*
 * Reads one word. -1 (ERR_CONFIG): it means nothing, and *err says what can be
 * written. mem is for the error only.
 */
MUST_USE int grant_parse(struct slice word, struct arena *mem,
    struct grant *ret_grant, struct err *err);

/* Whether a value, which was read before, gives its address to anybody now. */
bool grant_to_somebody(struct slice value, struct arena *mem);

/* Adds what the rows of a table grant to rights->examples. */
void rights_gather_examples(
    struct rights *rights, const struct table *table, struct arena *mem);

#endif
