/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_SUFFIX_LIST_H
#define SUBMILTER_PREFLIGHT_SUFFIX_LIST_H

#include "base/err.h"
#include "base/str.h"

/*
 * The public suffix list, by which receivers of RFC 7489 find organizational
 * domains. Loaded once, then read by any number of threads.
 */
struct suffix_list;

/*
 * Loads a file; empty: that of the package publicsuffix, else the list built
 * into libpsl. -1 (ERR_CONFIG).
 */
MUST_USE int suffix_list_load(
    struct slice file, struct suffix_list **ret_list, struct err *err);
void suffix_list_free(struct suffix_list *list);

/*
 * The organizational domain of a domain in lower case and A-labels: one label
 * more than its longest public suffix. A suffix itself has none above it and
 * is its own. In the memory of domain.
 */
struct slice suffix_list_organization(
    const struct suffix_list *list, struct slice domain);

#endif
