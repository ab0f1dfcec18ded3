/* SPDX-License-Identifier: BSD-2-Clause */
/* check_host(): RFC 7208 sections 4 and 5. */
#include <string.h>

#include "dns/record.h"
#include "message/address.h"
#include "spf_priv.h"

enum {
	/* RFC 5321 section 4.5.3.1 allows 64 and 255 octets. */
	MAX_SENDER_OCTETS = 1000,
	MAX_HELO_OCTETS = 255,
};

struct walk {
	struct resolver *resolver;
	const struct spf_request *request;
	uint64_t deadline_us;
	struct arena *mem;
	struct spf_report *report;
	struct spf_macros macros;
	struct slice ptr_names[SPF_MAX_PTR];	/* that lead to the client */
	size_t ptr_count;
	bool ptr_known;
	unsigned int ptr_voids;			/* of finding them out */
};

/* One call of check_host(). */
struct host {
	struct slice domain;
	struct spf_record record;
};

enum match {
	MATCH_NO,
	MATCH_YES,
	MATCH_TEMPERROR,
	MATCH_PERMERROR,
};

const char *
spf_result_name(enum spf_result result)
{
	switch (result) {
	case SPF_NONE: return "none";
	case SPF_NEUTRAL: return "neutral";
	case SPF_PASS: return "pass";
	case SPF_FAIL: return "fail";
	case SPF_SOFTFAIL: return "softfail";
	case SPF_TEMPERROR: return "temperror";
	case SPF_PERMERROR: return "permerror";
	}
	return "unknown";
}

/* Whose record the report speaks of. */
static void
report_host(struct walk *walk, const struct host *host)
{
	walk->report->domain = host->domain;
	walk->report->record = host->record.text;
}

/* fault is set; the innermost record is the one at fault. */
static enum match
failed(struct walk *walk, const struct host *host)
{
	report_host(walk, host);
	walk->report->mechanism = (struct slice){ NULL, 0 };
	return walk->report->fault.kind == ERR_TEMP ? MATCH_TEMPERROR
	    : MATCH_PERMERROR;
}

static enum match
over_limit(struct walk *walk, const struct host *host, const char *what,
    int limit)
{
	err_set(&walk->report->fault, ERR_LIMIT, "more than %d %s", limit,
	    what);
	return failed(walk, host);
}

static enum match
count_term(struct walk *walk, const struct host *host)
{
	if (walk->report->terms == SPF_MAX_TERMS)
		return over_limit(walk, host,
		    "terms that cause DNS lookups", SPF_MAX_TERMS);
	walk->report->terms++;
	return MATCH_YES;
}

static enum match
count_void(struct walk *walk, const struct host *host)
{
	walk->report->voids++;
	if (walk->report->voids > SPF_MAX_VOIDS)
		return over_limit(walk, host, "lookups that find nothing",
		    SPF_MAX_VOIDS);
	return MATCH_NO;
}

/* A lookup for a term. MATCH_YES: found, in *ret_answer. */
static enum match
lookup(struct walk *walk, const struct host *host, struct slice name,
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
	return failed(walk, host);
}

/* Section 5.5 goes on where DNS fails in a "ptr". */
static enum match
forgive(struct walk *walk, enum match match)
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
prefix_of(const struct walk *walk, const struct spf_directive *directive)
{
	return walk->request->client.bits == 32 ? directive->prefix4
	    : directive->prefix6;
}

/* One of the addresses of a host name is in the client's network. */
static enum match
match_addresses(struct walk *walk, const struct host *host, struct slice name,
    unsigned int prefix_bits)
{
	const struct net_addr *client = &walk->request->client;
	size_t octets = client->bits / 8;
	struct dns_answer answer;
	enum match match = lookup(walk, host, name,
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

static enum match
validate_ptr(struct walk *walk, const struct host *host, struct slice rdata)
{
	struct slice name;
	enum match match;

	if (!dns_name_text(rdata, walk->mem, &name) || name.len == 0)
		return MATCH_NO;
	match = forgive(walk, match_addresses(walk, host, name,
	    walk->request->client.bits));
	if (match == MATCH_YES)
		walk->ptr_names[walk->ptr_count++] = name;
	return match;
}

/* MATCH_PERMERROR, or MATCH_NO. */
static enum match
look_up_ptr_names(struct walk *walk, const struct host *host)
{
	const struct net_addr *client = &walk->request->client;
	struct dns_answer answer;
	enum match match;

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
static enum match
find_ptr_names(struct walk *walk, const struct host *host)
{
	unsigned int voids = walk->report->voids;
	enum match match = MATCH_NO;

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
validated_name(const struct walk *walk, const struct host *host)
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
static enum match
prepare_macros(struct walk *walk, const struct host *host, struct slice spec)
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

/*
 * The target of a term (section 4.8), in *ret_domain; without a domain-spec it
 * is the domain of the record. MATCH_NO: none that matches anything.
 */
static enum match
target_domain(struct walk *walk, const struct host *host, struct slice spec,
    struct slice *ret_domain)
{
	enum match match = MATCH_YES;

	*ret_domain = host->domain;
	if (spec.len == 0)
		return MATCH_YES;
	match = prepare_macros(walk, host, spec);
	if (match == MATCH_YES)
		*ret_domain = spf_macro_expand(spec, &walk->macros, walk->mem);
	return match;
}

/* The same as a name to look up. */
static enum match
target_name(struct walk *walk, const struct host *host, struct slice spec,
    struct slice *ret_name)
{
	struct slice domain;
	enum match match = target_domain(walk, host, spec, &domain);

	if (match == MATCH_YES && !spf_query_name(domain, walk->mem, ret_name))
		return MATCH_NO;
	return match;
}

static enum match
match_a(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct slice name;
	enum match match = target_name(walk, host, directive->domain, &name);

	return match != MATCH_YES ? match
	    : match_addresses(walk, host, name, prefix_of(walk, directive));
}

static enum match
match_mx(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct dns_answer answer;
	struct slice name;
	unsigned int preference;
	enum match match = target_name(walk, host, directive->domain, &name);

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

static enum match
match_ptr(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct slice name;
	enum match match = target_name(walk, host, directive->domain, &name);

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

static enum match
match_exists(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct dns_answer answer;
	struct slice name;
	enum match match = target_name(walk, host, directive->domain, &name);

	/* Whatever the client's family is (section 5.7). */
	return match != MATCH_YES ? match
	    : lookup(walk, host, name, DNS_A, &answer);
}

static enum match
match_network(const struct walk *walk, const struct spf_directive *directive)
{
	const struct net_addr *client = &walk->request->client;
	unsigned int bits = directive->mechanism == SPF_IP4 ? 32 : 128;

	return client->bits == bits && same_network(client->octets,
	    directive->network, prefix_of(walk, directive)) ? MATCH_YES
	    : MATCH_NO;
}

static enum spf_result check_host(struct walk *walk, struct slice domain);

static enum match
match_include(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct slice domain;
	enum match match = target_domain(walk, host, directive->domain,
	    &domain);

	if (match != MATCH_YES)
		return match;
	switch (check_host(walk, domain)) {
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
	return failed(walk, host);
}

static enum match
match_directive(struct walk *walk, const struct host *host,
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
	if (count_term(walk, host) == MATCH_PERMERROR)
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

/* Section 6.1. */
static enum spf_result
follow_redirect(struct walk *walk, const struct host *host)
{
	struct slice domain;
	enum spf_result result = SPF_NONE;

	if (count_term(walk, host) == MATCH_PERMERROR)
		return SPF_PERMERROR;
	switch (target_domain(walk, host, host->record.redirect, &domain)) {
	case MATCH_YES:
		result = check_host(walk, domain);
		break;
	case MATCH_NO:
		domain = host->record.redirect;
		break;
	case MATCH_TEMPERROR:
	case MATCH_PERMERROR:
		return SPF_PERMERROR;
	}
	if (result != SPF_NONE)
		return result;
	err_set(&walk->report->fault, ERR_DATA,
	    "\"redirect=%s\": no SPF record at %s",
	    escape(walk->mem, host->record.redirect, 80),
	    escape(walk->mem, domain, 80));
	(void)failed(walk, host);
	return SPF_PERMERROR;
}

static void
report_match(struct walk *walk, const struct host *host,
    const struct spf_directive *directive)
{
	struct slice inner = walk->report->mechanism;
	struct strbuf text;

	report_host(walk, host);
	walk->report->mechanism = directive->text;
	if (directive->mechanism != SPF_INCLUDE || inner.len == 0)
		return;
	strbuf_init(&text, walk->mem);
	strbuf_add(&text, directive->text);
	strbuf_add_cstr(&text, " > ");
	strbuf_add(&text, inner);
	walk->report->mechanism = strbuf_slice(&text);
}

/* Section 4.6.2 and 4.7. */
static enum spf_result
evaluate(struct walk *walk, const struct host *host)
{
	for (size_t i = 0; i < host->record.count; i++) {
		const struct spf_directive *directive =
		    &host->record.directives[i];

		switch (match_directive(walk, host, directive)) {
		case MATCH_YES:
			report_match(walk, host, directive);
			return directive->result;
		case MATCH_NO:
			break;
		case MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_PERMERROR;
		}
	}
	if (host->record.redirect.len > 0)
		return follow_redirect(walk, host);
	report_host(walk, host);
	walk->report->mechanism = (struct slice){ NULL, 0 };
	return SPF_NEUTRAL;
}

/* Whether "mfrom" or "pra" stands in a list with commas. */
static bool
has_scope(struct slice scopes, struct slice wanted)
{
	struct slice scope;

	while (slice_next_item(&scopes, ",", &scope)) {
		if (slice_eq_nocase(scope, wanted))
			return true;
	}
	return false;
}

struct selection {
	struct slice text;	/* the last one that counts */
	size_t count;
};

static void
select_record(struct selection *selection, struct slice text)
{
	selection->text = text;
	selection->count++;
}

/*
 * The records that the scope is checked with: section 4.5 and RFC 4406 section
 * 4.4. "v=spf1" stands for both scopes of Sender ID where there is no record of
 * its own (RFC 4406 section 3.4).
 */
static struct selection
select_records(const struct walk *walk, const struct dns_answer *answer)
{
	enum spf_scope scope = walk->request->scope;
	struct slice wanted = scope == SENDER_ID_PRA ? SLICE("pra")
	    : SLICE("mfrom");
	struct selection one = { .count = 0 }, two = { .count = 0 };
	struct slice text, scopes, terms;
	bool has_two = false;

	for (size_t i = 0; i < answer->count; i++) {
		if (!dns_txt_text(answer->records[i], walk->mem, &text))
			continue;
		switch (spf_version(text, &scopes, &terms)) {
		case SPF_VERSION_1:
			select_record(&one, text);
			break;
		case SPF_VERSION_2:
			has_two = true;
			if (has_scope(scopes, wanted))
				select_record(&two, text);
			break;
		case SPF_VERSION_NONE:
			break;
		}
	}
	return scope == SPF_MAIL_FROM_V1 || !has_two ? one : two;
}

/* SPF_PASS: exactly one, in host->record. */
static enum spf_result
read_record(struct walk *walk, struct host *host,
    const struct dns_answer *answer)
{
	struct selection selection = select_records(walk, answer);
	struct err err;

	if (selection.count == 0)
		return SPF_NONE;
	host->record.text = selection.text;
	if (selection.count > 1)
		err_set(&walk->report->fault, ERR_DATA, "%zu SPF records at %s",
		    selection.count, escape(walk->mem, host->domain, 80));
	else if (spf_record_parse(selection.text, walk->mem, &host->record,
	    &err) != 0)
		walk->report->fault = err;
	else
		return SPF_PASS;
	(void)failed(walk, host);
	return SPF_PERMERROR;
}

/* Sections 4.3 and 4.4. SPF_PASS: host has its record. */
static enum spf_result
find_record(struct walk *walk, struct host *host)
{
	struct dns_answer answer;
	struct slice name;
	struct err err;

	if (!slice_has(host->domain, '.') ||
	    !spf_query_name(host->domain, walk->mem, &name))
		return SPF_NONE;
	switch (resolver_lookup(walk->resolver, name, DNS_TXT,
	    walk->deadline_us, walk->mem, &answer, &err)) {
	case DNS_FOUND:
		return read_record(walk, host, &answer);
	case DNS_NO_DATA:
		return SPF_NONE;
	case DNS_NO_NAME:
		/* RFC 4406 section 4.3 */
		return walk->request->scope == SENDER_ID_PRA ? SPF_FAIL
		    : SPF_NONE;
	case DNS_FAILED:
		break;
	}
	walk->report->fault = err;
	(void)failed(walk, host);
	return SPF_TEMPERROR;
}

/* The depth is at most SPF_MAX_TERMS: each level takes a term. */
static enum spf_result
check_host(struct walk *walk, struct slice domain)
{
	struct host host = { .domain = domain };
	enum spf_result result = find_record(walk, &host);

	if (result == SPF_PASS)
		return evaluate(walk, &host);
	report_host(walk, &host);
	walk->report->mechanism = (struct slice){ NULL, 0 };
	return result;
}

/* %{i} (section 7.3): dots between octets, or between half octets. */
static struct slice
address_parts(const struct net_addr *client, struct arena *mem)
{
	struct strbuf text;

	strbuf_init(&text, mem);
	for (unsigned int i = 0; i < client->bits / 8; i++) {
		unsigned int octet = client->octets[i];

		if (i > 0)
			strbuf_add_char(&text, '.');
		if (client->bits == 32)
			strbuf_addf(&text, "%u", octet);
		else
			strbuf_addf(&text, "%x.%x", octet >> 4, octet & 15);
	}
	return strbuf_slice(&text);
}

/* U-labels become A-labels (RFC 7208 section 4.3); false where they cannot. */
static bool
ascii_domain(struct slice domain, struct arena *mem, struct slice *ret_domain)
{
	struct err err;

	if (domain.len > 0 && domain.data[domain.len - 1] == '.')
		domain.len--;
	if (!slice_is_ascii(domain) &&
	    domain_canonical(domain, mem, &domain, &err) != 0)
		return false;
	*ret_domain = domain;
	return true;
}

/* The identity (sections 2.3, 2.4 and 4.3); false when it has no domain. */
static bool
read_identity(struct walk *walk)
{
	const struct spf_request *request = walk->request;
	struct spf_macros *macros = &walk->macros;
	struct slice domain = request->helo, local = { NULL, 0 };
	struct slice sender = request->mail_from;
	struct strbuf text;

	if (sender.len > MAX_SENDER_OCTETS || domain.len > MAX_SENDER_OCTETS)
		return false;
	if (sender.len > 0) {
		size_t at = slice_find_last(sender, '@');

		local = at < sender.len ? slice_sub(sender, 0, at) : local;
		domain = at < sender.len ? slice_from(sender, at + 1) : sender;
	}
	/* A domain literal has no record. */
	if (slice_starts(domain, SLICE("[")) ||
	    !ascii_domain(domain, walk->mem, &macros->sender_domain))
		return false;
	macros->local = local.len > 0 ? local : SLICE("postmaster");
	strbuf_init(&text, walk->mem);
	strbuf_add(&text, macros->local);
	strbuf_add_char(&text, '@');
	strbuf_add(&text, macros->sender_domain);
	macros->sender = strbuf_slice(&text);
	return true;
}

enum spf_result
spf_check(struct resolver *resolver, const struct spf_request *request,
    uint64_t deadline_us, struct arena *mem, struct spf_report *ret_report)
{
	struct walk walk = {
		.resolver = resolver,
		.request = request,
		.deadline_us = deadline_us,
		.mem = mem,
		.report = ret_report,
	};

	ENSURE(request->client.bits == 32 || request->client.bits == 128);
	*ret_report = (struct spf_report){ .terms = 0 };
	if (!read_identity(&walk))
		return SPF_NONE;
	walk.macros.address = address_parts(&request->client, mem);
	walk.macros.version = request->client.bits == 32 ? SLICE("in-addr")
	    : SLICE("ip6");
	walk.macros.helo = slice_sub(request->helo, 0, MAX_HELO_OCTETS);
	return check_host(&walk, walk.macros.sender_domain);
}
