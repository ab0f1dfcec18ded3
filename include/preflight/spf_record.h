/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_PREFLIGHT_SPF_RECORD_H
#define SUBMILTER_PREFLIGHT_SPF_RECORD_H

#include "preflight/spf.h"

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

struct spf_directive {
	struct slice text; /* as written */
	enum spf_mechanism mechanism;
	enum spf_result result; /* of its qualifier */
	struct slice domain;	/* domain-spec; empty: none */
	uint8_t network[16];	/* of ip4 and ip6 */
	unsigned int prefix4;
	unsigned int prefix6;
};

struct spf_record {
	struct slice text;
	const struct spf_directive *directives;
	size_t count;
	struct slice redirect; /* domain-spec; empty: none */
};

enum spf_version {
	SPF_VERSION_NONE, /* some other TXT record */
	SPF_VERSION_1,	  /* "v=spf1" */
	SPF_VERSION_2,	  /* "spf2.0/" and scopes */
};

/* The version by the first word of text; *ret_terms is what follows. */
enum spf_version spf_version(
    struct slice text, struct slice *ret_scopes, struct slice *ret_terms);

/* Whether text is printable ASCII, blanks included. */
bool spf_is_printable(struct slice text);

/* The most that is read of a record; no honest one comes near. */
enum { SPF_MAX_OCTETS = 8192 };

/*
 * A record, with all its syntax checked: text and mem must outlive it. *err is
 * a part of a sentence: ERR_DATA, or ERR_LIMIT over SPF_MAX_OCTETS. Pure,
 * thread-safe.
 */
MUST_USE int spf_record_parse(struct slice text, struct arena *mem,
    struct spf_record *ret_record, struct err *err);

/* What macros stand for (RFC 7208 section 7.2). */
struct spf_macros {
	struct slice sender;	    /* s */
	struct slice local;	    /* l */
	struct slice sender_domain; /* o */
	struct slice domain;	    /* d */
	struct slice address;	    /* i */
	struct slice validated;	    /* p */
	struct slice version;	    /* v */
	struct slice helo;	    /* h */
};

/* NULL, or why text is not a macro-string: a part of a sentence. */
const char *spf_macro_string_fault(struct slice text);
/* NULL, or why text is not a domain-spec. */
const char *spf_domain_spec_fault(struct slice text);
/* Whether a valid macro-string has one of these (lower case) macro letters. */
bool spf_macro_uses(struct slice text, const char *letters);

enum { SPF_NAME_OCTETS = 253 };

/*
 * A valid domain-spec with its macros expanded, without a dot at its end, and
 * cut from the left to what a name can have (section 7.3).
 */
struct slice spf_macro_expand(
    struct slice spec, const struct spf_macros *macros, struct arena *mem);

/*
 * The name that resolver_lookup() takes for octets that are separated by dots:
 * all but those of host names are escaped. False when they cannot be a name.
 */
MUST_USE bool spf_query_name(
    struct slice text, struct arena *mem, struct slice *ret_name);

#endif
