/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LEVELS_H
#define SUBMILTER_POLICY_LEVELS_H

#include "identity/identity.h"
#include "table/table.h"

struct rights;

/* The settings that rights.levels may change for a login. */
struct rights_levels {
	enum mismatch mismatch;
	enum refuse_accept redirect;
	enum name_choice address;	 /* names.address */
	enum name_choice protected_name; /* names.protected */
	struct slice row; /* the table and the key; empty: no row */
};

struct rights_levels rights_levels_of(const struct config *config);

/*
 * Changes levels by words such as "mismatch=hold, redirect=accept, names=log";
 * names stands for names.address and names.protected. -1 (ERR_CONFIG) for
 * anything else, and for a word that comes twice; levels are then as they were.
 */
MUST_USE int rights_levels_change(struct rights_levels *levels,
    struct slice words, struct arena *mem, struct err *err);

/*
 * The levels of a login: those of the configuration, changed by the row that
 * rights.levels has for it; see login_row_find(). -1 when the table cannot answer
 * or the row cannot be read; *err names it. Thread-safe; may block as long as
 * the table does.
 */
MUST_USE int rights_levels_find(const struct rights *rights,
    const struct submitter *submitter, const struct table_context *context,
    struct rights_levels *ret_levels);

/* Whether the words of a row can be read; for table_check_values(). */
int rights_levels_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err);

#endif
