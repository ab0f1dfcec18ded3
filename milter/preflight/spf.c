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
	case SPF_NONE:
		return "none";
	case SPF_NEUTRAL:
		return "neutral";
	case SPF_PASS:
		return "pass";
	case SPF_FAIL:
		return "fail";
	case SPF_SOFTFAIL:
		return "softfail";
	case SPF_TEMPERROR:
		return "temperror";
	case SPF_PERMERROR:
		return "permerror";
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

struct selection {
	struct slice text; /* the last one that counts */
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
	struct slice wanted =
	    scope == SENDER_ID_PRA ? SLICE("pra") : SLICE("mfrom");
	struct selection one = { .count = 0 }, two = { .count = 0 };
	struct slice text, scopes, terms, item;
	enum spf_version version;
	bool has_two = false;

	for (size_t i = 0; i < answer->count; i++) {
		if (!dns_txt_text(answer->records[i], walk->mem, &text))
			continue;
		version = spf_version(text, &scopes, &terms);
		if (version == SPF_VERSION_1)
			select_record(&one, text);
		if (version != SPF_VERSION_2)
			continue;
		has_two = true;
		while (slice_next_item(&scopes, ",", &item)) {
			if (slice_eq_nocase(item, wanted)) {
				select_record(&two, text);
				break;
			}
		}
	}
	return scope == SPF_MAIL_FROM_V1 || !has_two ? one : two;
}

/* Sections 4.3 and 4.4. SPF_PASS: host has its record, the only one. */
static enum spf_result
find_record(struct spf_walk *walk, struct spf_host *host)
{
	struct err *fault = &walk->report->fault;
	struct selection selection = { .count = 0 };
	struct dns_answer answer;
	struct slice name;
	struct err err;

	if (!slice_has(host->domain, '.') ||
	    !spf_query_name(host->domain, walk->mem, &name))
		return SPF_NONE;
	switch (resolver_lookup(walk->dns, name, DNS_TXT, &answer, &err)) {
	case DNS_FOUND:
		selection = select_records(walk, &answer);
		break;
	case DNS_NO_DATA:
		break;
	case DNS_NO_NAME:
		/* RFC 4406 section 4.3 */
		return walk->request->scope == SENDER_ID_PRA ? SPF_FAIL :
							       SPF_NONE;
	case DNS_FAILED:
		*fault = err;
		(void)spf_failed(walk, host);
		return SPF_TEMPERROR;
	}
	if (selection.count == 0)
		return SPF_NONE;
	host->record.text = selection.text;
	if (selection.count > 1)
		err_set(fault, ERR_DATA, "%zu SPF records at %s",
		    selection.count, escape(walk->mem, host->domain, 80));
	else if (spf_record_parse(
		     selection.text, walk->mem, &host->record, &err) != 0)
		*fault = err;
	else
		return SPF_PASS;
	(void)spf_failed(walk, host);
	return SPF_PERMERROR;
}

/* The depth is at most SPF_MAX_TERMS: each level takes a term. */
enum spf_result
spf_check_host(struct spf_walk *walk, struct slice domain)
{
	struct slice *mechanism = &walk->report->mechanism;
	struct spf_host host = { .domain = domain };
	enum spf_result result = find_record(walk, &host);

	/* Sections 4.6.2 and 4.7. */
	for (size_t i = 0; result == SPF_PASS && i < host.record.count; i++) {
		const struct spf_directive *directive =
		    &host.record.directives[i];

		switch (spf_match_directive(walk, &host, directive)) {
		case MATCH_YES:
			spf_report_host(walk, &host);
			if (directive->mechanism == SPF_INCLUDE &&
			    mechanism->len > 0)
				*mechanism = slice_format(walk->mem,
				    "%.*s > %.*s", SLICE_ARGS(directive->text),
				    SLICE_ARGS(*mechanism));
			else
				*mechanism = directive->text;
			return directive->result;
		case MATCH_NO:
			break;
		case MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_PERMERROR;
		}
	}
	if (result == SPF_PASS && host.record.redirect.len > 0)
		return follow_redirect(walk, &host);
	spf_report_host(walk, &host);
	*mechanism = (struct slice){ NULL, 0 };
	return result == SPF_PASS ? SPF_NEUTRAL : result;
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
	struct err err;

	if (sender.len > MAX_SENDER_OCTETS || domain.len > MAX_SENDER_OCTETS)
		return false;
	if (sender.len > 0) {
		size_t at = slice_find_last(sender, '@');

		local = at < sender.len ? slice_sub(sender, 0, at) : local;
		domain = at < sender.len ? slice_from(sender, at + 1) : sender;
	}
	/* A domain literal has no record. */
	if (slice_starts(domain, SLICE("[")))
		return false;
	if (domain.len > 0 && domain.data[domain.len - 1] == '.')
		domain.len--;
	/* U-labels become A-labels (section 4.3). */
	if (!slice_is_ascii(domain) &&
	    domain_canonical(domain, walk->mem, &domain, &err) != 0)
		return false;
	macros->sender_domain = domain;
	macros->local = local.len > 0 ? local : SLICE("postmaster");
	strbuf_init(&text, walk->mem);
	strbuf_add(&text, macros->local);
	strbuf_add_char(&text, '@');
	strbuf_add(&text, macros->sender_domain);
	macros->sender = strbuf_slice(&text);
	return true;
}

enum spf_result
spf_check(const struct dns_client *dns, const struct spf_request *request,
    struct spf_report *ret_report)
{
	struct spf_walk walk = {
		.dns = dns,
		.request = request,
		.mem = dns->mem,
		.report = ret_report,
	};
	const struct net_addr *client = &request->client;
	struct strbuf address;

	ENSURE(client->bits == 32 || client->bits == 128);
	*ret_report = (struct spf_report){ .terms = 0 };
	if (!read_identity(&walk))
		return SPF_NONE;
	/* %{i}: dots between octets, or between half octets (section 7.3). */
	strbuf_init(&address, dns->mem);
	for (unsigned int i = 0; i < client->bits / 8; i++) {
		unsigned int octet = client->octets[i];

		if (i > 0)
			strbuf_add_char(&address, '.');
		if (client->bits == 32)
			strbuf_addf(&address, "%u", octet);
		else
			strbuf_addf(&address, "%x.%x", octet >> 4, octet & 15);
	}
	walk.macros.address = strbuf_slice(&address);
	walk.macros.version =
	    client->bits == 32 ? SLICE("in-addr") : SLICE("ip6");
	walk.macros.helo = slice_sub(request->helo, 0, MAX_HELO_OCTETS);
	return spf_check_host(&walk, walk.macros.sender_domain);
}

enum spf_result
spf_foresee(const struct dns_client *dns, const struct spf_request *request,
    struct spf_report *ret_report)
{
	enum spf_result result = spf_check(dns, request, ret_report);

	if (result == SPF_PASS || ret_report->ptr_fault.kind == ERR_NONE)
		return result;
	ret_report->fault = ret_report->ptr_fault;
	ret_report->mechanism = (struct slice){ NULL, 0 };
	return SPF_TEMPERROR;
}
