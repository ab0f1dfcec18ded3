/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_RIGHTS_PRIV_H
#define SUBMILTER_POLICY_RIGHTS_PRIV_H

#include "policy/rights.h"

/* One word of a table's value: "login", "!login", "login;behalf". */
struct grant {
	struct slice login; /* as written, see login_normalise() */
	struct row_grant of;
};

/*
 * Reads one word. -1 (ERR_CONFIG): it means nothing, and *err says what can be
 * written. mem is for the error only.
 */
MUST_USE int grant_parse(struct slice word, struct arena *mem,
    struct grant *ret_grant, struct err *err);

/*
 * Reads the next word of a value of rights.logins: "user@domain", "!@domain",
 * "SMTP:user@domain;behalf". 1: there was one; 0: there is none; -1 (ERR_CONFIG):
 * it means nothing. An item with the prefix of another service, like "sip:" and
 * "X500:", is passed over with all that stands before the next comma.
 */
MUST_USE int grant_next_address(struct slice *rest, struct arena *mem,
    struct login_grant *ret_grant, struct err *err);

/* Whether a value, which was read before, gives its address to anybody now. */
bool grant_to_somebody(struct slice value, struct arena *mem);

/* Finds rows of rights->tables by the logins that they grant something to. */
struct rights_index *rights_index_new(
    const struct rights *rights, struct arena *mem);

#endif
