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
	return walk->report->fault.kind == ERR_TEMP ? MATCH_TEMPERROR :
						      MATCH_PERMERROR;
}

static enum spf_match
over_limit(struct spf_walk *walk, const struct spf_host *host, const char *what,
    int limit)
{
	err_set(
	    &walk->report->fault, ERR_LIMIT, "more than %d %s", limit, what);
	return spf_failed(walk, host);
}

enum spf_match
spf_count_term(struct spf_walk *walk, const struct spf_host *host)
{
	if (walk->report->terms == SPF_MAX_TERMS)
		return over_limit(
		    walk, host, "terms that cause DNS lookups", SPF_MAX_TERMS);
	walk->report->terms++;
	return MATCH_YES;
}

static enum spf_match
count_void(struct spf_walk *walk, const struct spf_host *host)
{
	walk->report->voids++;
	if (walk->report->voids > SPF_MAX_VOIDS)
		return over_limit(
		    walk, host, "lookups that find nothing", SPF_MAX_VOIDS);
	return MATCH_NO;
}

/* A lookup for a term. MATCH_YES: found, in *ret_answer. */
static enum spf_match
spf_match_lookup(struct spf_walk *walk, const struct spf_host *host,
    struct slice name, enum dns_type type, struct dns_answer *ret_answer)
{
	struct err err;

	switch (resolver_lookup(walk->dns, name, type, ret_answer, &err)) {
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

/* A "ptr" for which DNS fails does not match (section 5.5). */
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

/* One of the addresses of a host name is in the client's network. */
static enum spf_match
match_addresses(struct spf_walk *walk, const struct spf_host *host,
    struct slice name, unsigned int prefix_bits)
{
	const struct net_addr *client = &walk->request->client;
	size_t octets = client->bits / 8;
	struct dns_answer answer;
	enum spf_match match = spf_match_lookup(
	    walk, host, name, client->bits == 32 ? DNS_A : DNS_AAAA, &answer);

	if (match != MATCH_YES)
		return match;
	for (size_t i = 0; i < answer.count; i++) {
		struct slice rdata = answer.records[i];

		if (rdata.len == octets &&
		    same_network(client->octets, (const uint8_t *)rdata.data,
			prefix_bits))
			return MATCH_YES;
	}
	return MATCH_NO;
}

/*
 * Fills ptr_names, the names of the client that lead back to it, for one term.
 * They are looked up once a check, but void lookups count for each term again.
 * MATCH_PERMERROR, or MATCH_NO.
 */
static enum spf_match
find_ptr_names(struct spf_walk *walk, const struct spf_host *host)
{
	const struct net_addr *client = &walk->request->client;
	unsigned int voids = walk->report->voids;
	enum spf_match match = MATCH_NO;
	struct dns_answer answer;
	struct slice name;

	walk->report->ptr = true;
	if (walk->ptr_known) {
		for (unsigned int i = 0;
		     i < walk->ptr_voids && match == MATCH_NO; i++)
			match = count_void(walk, host);
		return match;
	}
	walk->ptr_known = true;
	name = dns_reverse_name(client->octets, client->bits / 8, walk->mem);
	match =
	    forgive(walk, spf_match_lookup(walk, host, name, DNS_PTR, &answer));
	for (size_t i = 0;
	     match != MATCH_PERMERROR && i < answer.count && i < SPF_MAX_PTR;
	     i++) {
		if (!dns_name_text(answer.records[i], walk->mem, &name) ||
		    name.len == 0)
			continue;
		match = forgive(
		    walk, match_addresses(walk, host, name, client->bits));
		if (match == MATCH_YES)
			walk->ptr_names[walk->ptr_count++] = name;
	}
	walk->ptr_voids = walk->report->voids - voids;
	return match == MATCH_PERMERROR ? MATCH_PERMERROR : MATCH_NO;
}

enum spf_match
spf_target_domain(struct spf_walk *walk, const struct spf_host *host,
    struct slice spec, struct slice *ret_domain)
{
	struct slice *validated = &walk->macros.validated;
	int rank, best = 0;

	*ret_domain = host->domain;
	if (spec.len == 0)
		return MATCH_YES;
	if (spf_macro_uses(spec, "sl")) {
		walk->report->per_sender = true;
		if (!slice_is_ascii(walk->macros.local))
			return MATCH_NO;
	}
	if (spf_macro_uses(spec, "p")) {
		if (!walk->ptr_known &&
		    find_ptr_names(walk, host) == MATCH_PERMERROR)
			return MATCH_PERMERROR;
		*validated = SLICE("unknown");
		/*
		 * The domain itself, or else a name below it, or else any
		 * (section 7.3). Names that are not host names are left out:
		 * their octets have no place in a domain-spec.
		 */
		for (size_t i = 0; i < walk->ptr_count; i++) {
			struct slice name = walk->ptr_names[i];

			rank = slice_eq_nocase(name, host->domain) ? 3 :
			    dns_is_within(name, host->domain)	   ? 2 :
								     1;
			if (rank > best && !slice_has(name, '\\')) {
				*validated = name;
				best = rank;
			}
		}
	}
	walk->macros.domain = host->domain;
	*ret_domain = spf_macro_expand(spec, &walk->macros, walk->mem);
	return MATCH_YES;
}

static enum spf_match
match_mx(struct spf_walk *walk, const struct spf_host *host, struct slice name,
    unsigned int prefix_bits)
{
	struct dns_answer answer;
	unsigned int preference;
	enum spf_match match =
	    spf_match_lookup(walk, host, name, DNS_MX, &answer);

	if (match != MATCH_YES)
		return match;
	if (answer.count > SPF_MAX_MX)
		return over_limit(
		    walk, host, "MX records of one name", SPF_MAX_MX);
	match = MATCH_NO;
	for (size_t i = 0; i < answer.count && match == MATCH_NO; i++) {
		/* A null MX (RFC 7505) has no host. */
		if (dns_mx_read(
			answer.records[i], walk->mem, &preference, &name) &&
		    name.len > 0)
			match = match_addresses(walk, host, name, prefix_bits);
	}
	return match;
}

static enum spf_match
match_include(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct slice domain;
	enum spf_match match =
	    spf_target_domain(walk, host, directive->domain, &domain);

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
	err_set(&walk->report->fault, ERR_DATA, "\"%s\": no SPF record at %s",
	    escape(walk->mem, directive->text, 80),
	    escape(walk->mem, domain, 80));
	return spf_failed(walk, host);
}

enum spf_match
spf_match_directive(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	const struct net_addr *client = &walk->request->client;
	unsigned int prefix_bits =
	    client->bits == 32 ? directive->prefix4 : directive->prefix6;
	bool is_network =
	    directive->mechanism == SPF_IP4 || directive->mechanism == SPF_IP6;
	struct dns_answer answer;
	enum spf_match match;
	struct slice name;

	if (directive->mechanism == SPF_ALL)
		return MATCH_YES;
	if (is_network)
		return client->bits ==
			    (directive->mechanism == SPF_IP4 ? 32 : 128) &&
			same_network(
			    client->octets, directive->network, prefix_bits) ?
		    MATCH_YES :
		    MATCH_NO;
	if (spf_count_term(walk, host) == MATCH_PERMERROR)
		return MATCH_PERMERROR;
	if (directive->mechanism == SPF_INCLUDE)
		return match_include(walk, host, directive);
	match = spf_target_domain(walk, host, directive->domain, &name);
	if (match != MATCH_YES)
		return match;
	if (!spf_query_name(name, walk->mem, &name))
		return MATCH_NO;
	if (directive->mechanism == SPF_A)
		return match_addresses(walk, host, name, prefix_bits);
	if (directive->mechanism == SPF_MX)
		return match_mx(walk, host, name, prefix_bits);
	/* "exists" asks for A whatever the client's family is (section 5.7). */
	if (directive->mechanism == SPF_EXISTS)
		return spf_match_lookup(walk, host, name, DNS_A, &answer);
	if (find_ptr_names(walk, host) == MATCH_PERMERROR)
		return MATCH_PERMERROR;
	for (size_t i = 0; i < walk->ptr_count; i++) {
		if (dns_is_within(walk->ptr_names[i], name))
			return MATCH_YES;
	}
	return MATCH_NO;
}
