/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_DATABASE_PRIV_H
#define SUBMILTER_TABLE_DATABASE_PRIV_H

#include "table/database.h"
#include "table_priv.h"

/*
 * The domains of which keys are asked for: names, files of names, tables, and
 * exceptions with "!"; the first that fits counts. Opens the tables. Fills
 * *ret_list also on failure, for domain_list_close(). -1: ERR_CONFIG, ERR_TEMP.
 */
MUST_USE int domain_list_open(struct slice text,
    const struct table_opening *opening, struct domain_list **ret_list,
    struct err *err);
/* FOUND: the domain is one of them. */
enum table_answer domain_list_has(const struct domain_list *list,
    struct slice domain, const struct table_context *context);
/* The files, and the tables, that it has, by an index from 0; NULL: no more. */
const struct text_source *domain_list_file(
    const struct domain_list *list, size_t index);
const struct table *domain_list_table(
    const struct domain_list *list, size_t index);
/* NULL is fine. */
void domain_list_close(struct domain_list *list);

/* The same as database_add_template(), for result_format. */
MUST_USE int database_add_result_format(
    struct database *database, struct err *err);

#endif
