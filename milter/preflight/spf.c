/* SPDX-License-Identifier: BSD-2-Clause */
/* check_host(): RFC 7208 section 4; its terms are in spf_match.c. */
#include "dns/record.h"
#include "message/address.h"
#include "spf_walk_priv.h"

enum {
	/* RFC 5321 section 4.5.3.1 allows 64 and 255 octets. */
	MAX_SENDER_OCTETS = 1000,
	MAX_HELO_OCTETS = 255,
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

/* Section 6.1. */
static enum spf_result
follow_redirect(struct spf_walk *walk, const struct spf_host *host)
{
	struct slice domain;
	enum spf_result result = SPF_NONE;

	if (spf_count_term(walk, host) == MATCH_PERMERROR)
		return SPF_PERMERROR;
	switch (spf_target_domain(walk, host, host->record.redirect, &domain)) {
	case MATCH_YES:
		result = spf_check_host(walk, domain);
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
	(void)spf_failed(walk, host);
	return SPF_PERMERROR;
}

static void
report_match(struct spf_walk *walk, const struct spf_host *host,
    const struct spf_directive *directive)
{
	struct slice inner = walk->report->mechanism;
	struct strbuf text;

	spf_report_host(walk, host);
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
evaluate(struct spf_walk *walk, const struct spf_host *host)
{
	for (size_t i = 0; i < host->record.count; i++) {
		const struct spf_directive *directive =
		    &host->record.directives[i];

		switch (spf_match_directive(walk, host, directive)) {
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
	spf_report_host(walk, host);
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
select_records(const struct spf_walk *walk, const struct dns_answer *answer)
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
read_record(struct spf_walk *walk, struct spf_host *host,
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
	(void)spf_failed(walk, host);
	return SPF_PERMERROR;
}

/* Sections 4.3 and 4.4. SPF_PASS: host has its record. */
static enum spf_result
find_record(struct spf_walk *walk, struct spf_host *host)
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
	(void)spf_failed(walk, host);
	return SPF_TEMPERROR;
}

/* The depth is at most SPF_MAX_TERMS: each level takes a term. */
enum spf_result
spf_check_host(struct spf_walk *walk, struct slice domain)
{
	struct spf_host host = { .domain = domain };
	enum spf_result result = find_record(walk, &host);

	if (result == SPF_PASS)
		return evaluate(walk, &host);
	spf_report_host(walk, &host);
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
read_identity(struct spf_walk *walk)
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
	struct spf_walk walk = {
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
	return spf_check_host(&walk, walk.macros.sender_domain);
}

enum spf_result
spf_foresee(struct resolver *resolver, const struct spf_request *request,
    uint64_t deadline_us, struct arena *mem, struct spf_report *ret_report)
{
	enum spf_result result = spf_check(resolver, request, deadline_us, mem,
	    ret_report);

	if (result == SPF_PASS || ret_report->ptr_fault.kind == ERR_NONE)
		return result;
	ret_report->fault = ret_report->ptr_fault;
	ret_report->mechanism = (struct slice){ NULL, 0 };
	return SPF_TEMPERROR;
}
