/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_DECIDE_H
#define SUBMILTER_POLICY_DECIDE_H

#include <stdint.h>

#include "identity/identity.h"
#include "policy/authors.h"
#include "policy/rights.h"
#include "policy/verdict.h"

/*
 * Whether the submitter may use every author address as the rights block says;
 * the first authors->decided ones are passed over. One without a right is
 * refused even where another is unknown. Marks authors: behalf, and foreign for
 * those without a right. deadline_us (see clock_monotonic_us()): what is not
 * known by then is unknown. The texts are in the memory of authors.
 */
struct verdict decide_authors(const struct rights *rights,
    const struct submitter *submitter, struct authors *authors,
    uint64_t deadline_us);

/*
 * Whether From alone is what was refused, so that it could be rewritten: the
 * marks that decide_authors() has left.
 */
bool decide_only_from(const struct authors *authors);

#endif
