/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_DECIDE_H
#define SUBMILTER_POLICY_DECIDE_H

#include "identity/identity.h"
#include "policy/authors.h"
#include "policy/rights.h"
#include "policy/verdict.h"

/*
 * Whether the submitter may use every author address as the rights block says;
 * the first authors->decided ones are passed over. One without a right is
 * refused even where another is unknown. Marks authors: behalf, and foreign for
 * those without a right. Of the context count the deadline, after which what is
 * not known is unknown, and the notes. The texts are in the memory of authors.
 */
struct verdict decide_authors(const struct rights *rights,
    const struct submitter *submitter, struct authors *authors,
    const struct table_context *context);

/*
 * Whether From alone is what was refused, so that it could be rewritten: the
 * marks that decide_authors() has left.
 */
bool decide_only_from(const struct authors *authors);

#endif
