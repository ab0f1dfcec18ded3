/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_NAMES_H
#define SUBMILTER_POLICY_NAMES_H

#include "policy/authors.h"
#include "policy/rights.h"

/* A name that not everybody may show. */
struct protected_name {
	struct slice text;	/* as configured, without the address */
	struct slice words;	/* " jane roe ": skeletons with blanks around */
	struct slice turned;	/* " roe jane " */
	struct slice seen;	/* words from left to right, as they are seen */
	struct slice seen_turned;
	struct slice address;	/* beside which it may stand; empty: none */
};

/* The names block; immutable once open. */
struct names {
	const struct config *config;
	struct protected_name *items;
	size_t count;
	struct map *domains;	/* skeleton of a protected domain to that domain */
	struct map *exempt;	/* logins */
};

/*
 * own_domains: canonical ones, protected with names.own-domains. *config and
 * mem outlive it. ERR_CONFIG names an entry that cannot be used.
 */
MUST_USE int names_open(struct names *names, const struct config *config,
    const struct slice *own_domains, size_t own_count, struct arena *mem,
    struct err *err);

enum name_answer {
	NAME_FINE,
	NAME_SHOWS,		/* what it must not */
	NAME_UNKNOWN,		/* a table could not answer, *err says why */
};

struct name_finding {
	enum name_choice choice;	/* what is to be done about it */
	struct slice what;		/* the address or name that is shown */
};

/*
 * What the text around the addresses of one author field shows: value is the
 * field, authors->items[first] the first author in it. NAME_SHOWS for what
 * the configuration does not accept, the gravest first. Thread-safe.
 */
MUST_USE enum name_answer names_check(const struct names *names,
    const struct rights *rights, const struct submitter *submitter,
    const struct authors *authors, size_t first, struct slice value,
    struct arena *mem, struct name_finding *ret_finding, struct err *err);

#endif
