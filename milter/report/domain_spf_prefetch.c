/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks for all that SPF will ask for, level by level, so that a tree of includes
 * costs as many round trips as it is deep.
 */
#include "dns/record.h"
#include "domain_spf_priv.h"
#include "preflight/spf_record.h"

/* Over SPF_MAX_TERMS: all of a faulty record is looked up, too. */
enum { MAX_RECORDS = 2 * SPF_MAX_TERMS, MAX_TERMS = 2 * SPF_MAX_TERMS };

struct tree {
	struct inquiry *q;
	struct slice names[MAX_RECORDS]; /* whose records are asked for */
	size_t count;
	size_t terms; /* that were asked for, of all */
};

/* False: a spec with macros, or one that gives no name. */
static bool
domain_spf_prefetch_plain_name(const struct tree *tree, struct slice spec,
    struct slice domain, struct slice *ret_name)
{
	if (spec.len == 0)
		spec = domain;
	return !slice_has(spec, '%') &&
	    spf_query_name(spec, tree->q->mem, ret_name);
}

static void
domain_spf_prefetch_add_record(struct tree *tree, struct slice spec)
{
	struct slice name;

	if (spec.len == 0 || tree->count == MAX_RECORDS ||
	    !domain_spf_prefetch_plain_name(tree, spec, spec, &name))
		return;
	for (size_t i = 0; i < tree->count; i++) {
		if (slice_eq_nocase(tree->names[i], name))
			return;
	}
	tree->names[tree->count++] = name;
	resolver_prefetch(tree->q->dns.resolver, name, DNS_TXT);
}

static void
prefetch_record(struct tree *tree, struct slice text, struct slice domain)
{
	static const enum dns_type types[] = {
		[SPF_A] = DNS_A, [SPF_MX] = DNS_MX, [SPF_EXISTS] = DNS_A
	};
	struct resolver *resolver = tree->q->dns.resolver;
	struct slice scopes, terms, name;
	struct spf_record record;
	struct err err;

	if (spf_version(text, &scopes, &terms) != SPF_VERSION_1 ||
	    spf_record_parse(text, tree->q->mem, &record, &err) != 0)
		return;
	for (size_t i = 0; i < record.count; i++) {
		const struct spf_directive *directive = &record.directives[i];
		enum spf_mechanism mechanism = directive->mechanism;

		/* The terms behind it are never looked up. */
		if (mechanism == SPF_ALL)
			return;
		if (mechanism == SPF_IP4 || mechanism == SPF_IP6)
			continue;
		if (tree->terms == MAX_TERMS)
			return;
		tree->terms++;
		if (mechanism == SPF_INCLUDE)
			domain_spf_prefetch_add_record(tree, directive->domain);
		else if (mechanism != SPF_PTR &&
		    domain_spf_prefetch_plain_name(
			tree, directive->domain, domain, &name)) {
			resolver_prefetch(resolver, name, types[mechanism]);
			if (mechanism == SPF_A)
				resolver_prefetch(resolver, name, DNS_AAAA);
		}
	}
	domain_spf_prefetch_add_record(tree, record.redirect);
}

void
spf_prefetch(struct inquiry *q)
{
	struct tree tree = { .q = q, .names = { q->domain }, .count = 1 };
	struct dns_answer answer;
	struct slice text;
	struct err err;

	for (size_t i = 0; i < tree.count; i++) {
		if (resolver_lookup(&q->dns, tree.names[i], DNS_TXT, &answer,
			&err) != DNS_FOUND)
			continue;
		for (size_t k = 0; k < answer.count; k++) {
			if (dns_txt_text(answer.records[k], q->mem, &text))
				prefetch_record(&tree, text, tree.names[i]);
		}
	}
}
