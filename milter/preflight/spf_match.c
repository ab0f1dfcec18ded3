/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms and what they match: RFC 7208 section 5, with the limits of 4.6.4. */
#include <string.h>

#include "dns/record.h"
#include "spf_walk_priv.h"

void
spf_report_host(struct spf_walk *walk, const struct spf_host *host)
{
	walk->report->domain = host->domain;
	walk->report->record = host->record.text;
}

enum spf_match
spf_failed(struct spf_walk *walk, const struct spf_host *host)
{
	spf_report_host(walk, host);
	walk->report->mechanism = (struct slice){ NULL, 0 };
	return walk->report->fault.kind == ERR_TEMP ? MATCH_TEMPERROR
	    : MATCH_PERMERROR;
}

static enum spf_match
over_limit(struct spf_walk *walk, const struct spf_host *host, const char *what,
    int limit)
{
	err_set(&walk->report->fault, ERR_LIMIT, "more than %d %s", limit,
	    what);
	return spf_failed(walk, host);
}

enum spf_match
spf_count_term(struct spf_walk *walk, const struct spf_host *host)
{
	if (walk->report->terms == SPF_MAX_TERMS)
		return over_limit(walk, host,
		    "terms that cause DNS lookups", SPF_MAX_TERMS);
	walk->report->terms++;
	return MATCH_YES;
}

static enum spf_match
count_void(struct spf_walk *walk, const struct spf_host *host)
{
	walk->report->voids++;
	if (walk->report->voids > SPF_MAX_VOIDS)
		return over_limit(walk, host, "lookups that find nothing",
		    SPF_MAX_VOIDS);
	return MATCH_NO;
}

/* A lookup for a term. MATCH_YES: found, in *ret_answer. */
static enum spf_match
lookup(struct spf_walk *walk, const struct spf_host *host, struct slice name,
    enum dns_type type, struct dns_answer *ret_answer)
{
	struct err err;

	switch (resolver_lookup(walk->resolver, name, type, walk->deadline_us,
	    walk->mem, ret_answer, &err)) {
	case DNS_FOUND:
		return MATCH_YES;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		return count_void(walk, host);
	case DNS_FAILED:
		break;
	}
	walk->report->fault = err;
	return spf_failed(walk, host);
}

/* Section 5.5 goes on where DNS fails in a "ptr". */
static enum spf_match
forgive(struct spf_walk *walk, enum spf_match match)
{
	if (match != MATCH_TEMPERROR)
		return match;
	walk->report->ptr_fault = walk->report->fault;
	walk->report->fault = (struct err){ .kind = ERR_NONE };
	return MATCH_NO;
}

static bool
same_network(const uint8_t *a, const uint8_t *b, unsigned int prefix_bits)
{
	unsigned int octets = prefix_bits / 8, bits = prefix_bits % 8;

	return memcmp(a, b, octets) == 0 &&
	    (bits == 0 || (a[octets] ^ b[octets]) >> (8 - bits) == 0);
}

static unsigned int
prefix_of(const struct spf_walk *walk, const struct spf_directive *directive)
{
	return walk->request->client.bits == 32 ? directive->prefix4
	    : directive->prefix6;
}

/* One of the addresses of a host name is in the client's network. */
static enum spf_match
match_addresses(struct spf_walk *walk, const struct spf_host *host,
    struct slice name, unsigned int prefix_bits)
{
	const struct net_addr *client = &walk->request->client;
	size_t octets = client->bits / 8;
	struct dns_answer answer;
	enum spf_match match = lookup(walk, host, name,
	    client->bits == 32 ? DNS_A : DNS_AAAA, &answer);

	if (match != MATCH_YES)
		return match;
	for (size_t i = 0; i < answer.count; i++) {
		struct slice rdata = answer.records[i];

		if (rdata.len == octets && same_network(client->octets,
		    (const uint8_t *)rdata.data, prefix_bits))
			return MATCH_YES;
	}
	return MATCH_NO;
}

static enum spf_match
validate_ptr(struct spf_walk *walk, const struct spf_host *host,
    struct slice rdata)
{
	struct slice name;
	enum spf_match match;

	if (!dns_name_text(rdata, walk->mem, &name) || name.len == 0)
		return MATCH_NO;
	match = forgive(walk, match_addresses(walk, host, name,
	    walk->request->client.bits));
	if (match == MATCH_YES)
		walk->ptr_names[walk->ptr_count++] = name;
	return match;
}

/* MATCH_PERMERROR, or MATCH_NO. */
static enum spf_match
look_up_ptr_names(struct spf_walk *walk, const struct spf_host *host)
{
	const struct net_addr *client = &walk->request->client;
	struct dns_answer answer;
	enum spf_match match;

	match = forgive(walk, lookup(walk, host, dns_reverse_name(
	    client->octets, client->bits / 8, walk->mem), DNS_PTR, &answer));
	if (match != MATCH_YES)
		return match;
	for (size_t i = 0; i < answer.count && i < SPF_MAX_PTR; i++) {
		if (validate_ptr(walk, host, answer.records[i]) ==
		    MATCH_PERMERROR)
			return MATCH_PERMERROR;
	}
	return MATCH_NO;
}

/*
 * Fills ptr_names, the names of the client that lead back to it, for one term.
 * They are looked up once a check, but what was void then is so for each term.
 * MATCH_PERMERROR, or MATCH_NO.
 */
static enum spf_match
find_ptr_names(struct spf_walk *walk, const struct spf_host *host)
{
	unsigned int voids = walk->report->voids;
	enum spf_match match = MATCH_NO;

	walk->report->ptr = true;
	if (!walk->ptr_known) {
		walk->ptr_known = true;
		match = look_up_ptr_names(walk, host);
		walk->ptr_voids = walk->report->voids - voids;
		return match;
	}
	for (unsigned int i = 0; i < walk->ptr_voids && match == MATCH_NO; i++)
		match = count_void(walk, host);
	return match;
}

/* The name is the domain or below it. */
static bool
is_within(struct slice name, struct slice domain)
{
	return slice_eq_nocase(name, domain) ||
	    (slice_ends_nocase(name, domain) &&
	    name.data[name.len - domain.len - 1] == '.');
}

/*
 * %{p}: the domain itself, or else a name below it, or else any (section 7.3).
 * Names that are no host names are left out: their octets have no place in a
 * domain-spec.
 */
static struct slice
validated_name(const struct spf_walk *walk, const struct spf_host *host)
{
	struct slice best = SLICE("unknown");
	int best_rank = 0;

	for (size_t i = 0; i < walk->ptr_count; i++) {
		struct slice name = walk->ptr_names[i];
		int rank = slice_eq_nocase(name, host->domain) ? 3
		    : is_within(name, host->domain) ? 2 : 1;

		if (rank > best_rank && !slice_has(name, '\\')) {
			best = name;
			best_rank = rank;
		}
	}
	return best;
}

/* Fills in what the macros of spec need. MATCH_NO: they can give no name. */
static enum spf_match
prepare_macros(struct spf_walk *walk, const struct spf_host *host,
    struct slice spec)
{
	if (spf_macro_uses(spec, "sl")) {
		walk->report->per_sender = true;
		if (!slice_is_ascii(walk->macros.local))
			return MATCH_NO;
	}
	walk->macros.domain = host->domain;
	if (!spf_macro_uses(spec, "p"))
		return MATCH_YES;
	if (!walk->ptr_known &&
	    find_ptr_names(walk, host) == MATCH_PERMERROR)
		return MATCH_PERMERROR;
	walk->macros.validated = validated_name(walk, host);
	return MATCH_YES;
}

enum spf_match
spf_target_domain(struct spf_walk *walk, const struct spf_host *host,
    struct slice spec, struct slice *ret_domain)
{
	enum spf_match match = MATCH_YES;

	*ret_domain = host->domain;
	if (spec.len == 0)
		return MATCH_YES;
	match = prepare_macros(walk, host, spec);
	if (match == MATCH_YES)
		*ret_domain = spf_macro_expand(spec, &walk->macros, walk->mem);
	return match;
}

/* The same as a name to look up. */
static enum spf_match
target_name(struct spf_walk *walk, const struct spf_host *host,
    struct slice spec, struct slice *ret_name)
{
	struct slice domain;
	enum spf_match match = spf_target_domain(walk, host, spec, &domain);

	if (match == MATCH_YES && !spf_query_name(domain, walk->mem, ret_name))
		return MATCH_NO;
	return match;
}

static enum spf_match
match_a(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct slice name;
	enum spf_match match = target_name(walk, host, directive->domain,
	    &name);

	return match != MATCH_YES ? match
	    : match_addresses(walk, host, name, prefix_of(walk, directive));
}

static enum spf_match
match_mx(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct dns_answer answer;
	struct slice name;
	unsigned int preference;
	enum spf_match match = target_name(walk, host, directive->domain,
	    &name);

	if (match == MATCH_YES)
		match = lookup(walk, host, name, DNS_MX, &answer);
	if (match != MATCH_YES)
		return match;
	if (answer.count > SPF_MAX_MX)
		return over_limit(walk, host, "MX records of one name",
		    SPF_MAX_MX);
	match = MATCH_NO;
	for (size_t i = 0; i < answer.count && match == MATCH_NO; i++) {
		/* A null MX (RFC 7505) has no host. */
		if (dns_mx_read(answer.records[i], walk->mem, &preference,
		    &name) && name.len > 0)
			match = match_addresses(walk, host, name,
			    prefix_of(walk, directive));
	}
	return match;
}

static enum spf_match
match_ptr(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct slice name;
	enum spf_match match = target_name(walk, host, directive->domain,
	    &name);

	if (match != MATCH_YES)
		return match;
	if (find_ptr_names(walk, host) == MATCH_PERMERROR)
		return MATCH_PERMERROR;
	for (size_t i = 0; i < walk->ptr_count; i++) {
		if (is_within(walk->ptr_names[i], name))
			return MATCH_YES;
	}
	return MATCH_NO;
}

static enum spf_match
match_exists(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct dns_answer answer;
	struct slice name;
	enum spf_match match = target_name(walk, host, directive->domain,
	    &name);

	/* Whatever the client's family is (section 5.7). */
	return match != MATCH_YES ? match
	    : lookup(walk, host, name, DNS_A, &answer);
}

static enum spf_match
match_network(const struct spf_walk *walk,
    const struct spf_directive *directive)
{
	const struct net_addr *client = &walk->request->client;
	unsigned int bits = directive->mechanism == SPF_IP4 ? 32 : 128;

	return client->bits == bits && same_network(client->octets,
	    directive->network, prefix_of(walk, directive)) ? MATCH_YES
	    : MATCH_NO;
}

static enum spf_match
match_include(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct slice domain;
	enum spf_match match = spf_target_domain(walk, host, directive->domain,
	    &domain);

	if (match != MATCH_YES)
		return match;
	switch (spf_check_host(walk, domain)) {
	case SPF_PASS:
		return MATCH_YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return MATCH_NO;
	case SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case SPF_PERMERROR:
		return MATCH_PERMERROR;
	case SPF_NONE:
		break;
	}
	err_set(&walk->report->fault, ERR_DATA,
	    "\"%s\": no SPF record at %s",
	    escape(walk->mem, directive->text, 80),
	    escape(walk->mem, domain, 80));
	return spf_failed(walk, host);
}

enum spf_match
spf_match_directive(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	switch (directive->mechanism) {
	case SPF_ALL:
		return MATCH_YES;
	case SPF_IP4:
	case SPF_IP6:
		return match_network(walk, directive);
	case SPF_INCLUDE:
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
		break;
	}
	if (spf_count_term(walk, host) == MATCH_PERMERROR)
		return MATCH_PERMERROR;
	if (directive->mechanism == SPF_INCLUDE)
		return match_include(walk, host, directive);
	if (directive->mechanism == SPF_A)
		return match_a(walk, host, directive);
	if (directive->mechanism == SPF_MX)
		return match_mx(walk, host, directive);
	if (directive->mechanism == SPF_PTR)
		return match_ptr(walk, host, directive);
	return match_exists(walk, host, directive);
}

