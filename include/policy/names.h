/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_POLICY_NAMES_H
#define SUBMILTER_POLICY_NAMES_H

#include "policy/authors.h"
#include "policy/own_domains.h"
#include "policy/rights.h"

/* A name that not everybody may show. */
struct protected_name {
	struct slice text;   /* as configured, without the address */
	struct slice words;  /* " jane roe ": skeletons with blanks around */
	struct slice turned; /* " roe jane " */
	struct slice seen;   /* words from left to right, as they are seen */
	struct slice seen_turned;
	struct slice address; /* beside which it may stand; empty: none */
};

/* The names block; immutable once open. */
struct names {
	struct slice domain;	  /* the main one; may be empty */
	enum name_choice address; /* of the block; a copy may differ */
	enum name_choice protected_name;
	size_t max_lookups; /* of addresses that one field shows */
	struct protected_name *items;
	size_t count;
	struct map *domains; /* of protected-names, by their skeletons */
	const struct own_domains *own; /* those of ours; NULL: not protected */
	struct map *exempt;	       /* logins */
};

/*
 * own: protected with names.own-domains, which needs own_domains_add_looks();
 * lasts as long as *names. *config is not kept; mem outlives it. Reports each
 * entry of names.protected-names that cannot be used, with file and line, and
 * returns how many these are.
 */
MUST_USE unsigned int names_open(struct names *names,
    const struct config *config, const struct own_domains *own,
    const struct report *report, struct arena *mem);

enum name_answer {
	NAME_FINE,
	NAME_SHOWS,   /* what it must not */
	NAME_UNKNOWN, /* a table could not answer, *err says why */
};

struct name_finding {
	enum name_choice choice; /* what is to be done about it */
	struct slice what;	 /* the address or name that is shown */
};

/* One author field, and who sends it with which rights. */
struct names_query {
	const struct rights *rights;
	const struct submitter *submitter;
	const struct authors *authors;
	size_t first; /* index of the first author in the field */
	struct slice value;
};

/*
 * What the text around the addresses of an author field shows. NAME_SHOWS for
 * what the configuration does not accept, the gravest first. Thread-safe.
 */
MUST_USE enum name_answer names_check(const struct names *names,
    const struct names_query *query, const struct table_context *context,
    struct name_finding *ret_finding);

#endif
