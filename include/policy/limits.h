/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_LIMITS_H
#define SUBMILTER_POLICY_LIMITS_H

#include "conf/config.h"
#include "identity/identity.h"
#include "table/table.h"

/* How much a login may send; what it has sent is in limit_counts.h. */
enum limit_kind { LIMIT_MESSAGES, LIMIT_RECIPIENTS, LIMIT_KINDS };

struct login_limits {
	struct rate_list of[LIMIT_KINDS]; /* without rates: no limit */
	struct slice row; /* the table and the key; empty: no row */
};

/* "messages": as options and values name it. */
const char *limit_kind_name(enum limit_kind kind);

struct login_limits limits_of(const struct config *config);
bool limits_are_none(const struct login_limits *limits);

/*
 * Changes limits by words such as "messages=60/10m,1000/1d;recipients=none"; a
 * rate without a name is one more of the kind before it, and "none" alone stands
 * for both. Several values with a comma between them, as tables join them, are
 * one. -1 (ERR_CONFIG) for anything else; limits are then as they were.
 */
MUST_USE int limits_change(struct login_limits *limits, struct slice words,
    struct arena *mem, struct err *err);

/*
 * The limits of a login: those of the configuration, changed by the row that
 * the table, which may be NULL, has for it; see login_row_find(). -1 if the
 * table cannot answer or the row cannot be read, and *err names it. Thread-safe;
 * may block as long as the table does.
 */
MUST_USE int limits_find(const struct config *config, struct table *table,
    const struct submitter *submitter, const struct table_context *context,
    struct login_limits *ret_limits);

/* Whether the words of a row can be read; for table_check_values(). */
int limits_value(
    const void *arg, struct slice value, struct arena *mem, struct err *err);

#endif
