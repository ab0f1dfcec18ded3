/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "preflight/author_policy.h"

static struct suffix_list *suffixes;

static struct resolver *
zone(const char *text)
{
	struct resolver *dns = NULL;
	struct err err;

	if (zone_resolver_new(slice_of(text), "zone", &dns, &err) != 0)
		fail_msg("%s", err.text);
	return dns;
}

static struct dmarc_world
world_of(struct resolver *dns, enum dmarc_method method, struct arena *mem)
{
	return (struct dmarc_world){ .dns = { dns,
					 clock_monotonic_us() + 1000000, mem },
		.method = method,
		.suffixes = suffixes };
}

/* "p=reject @corp.example org corp.example": all that was concluded. */
static struct slice
shown(const struct author_policy *policy, struct arena *mem)
{
	static const char *const states[] = { "", "absent", "unusable",
		"unknown" };
	struct strbuf buf;

	strbuf_init(&buf, mem);
	if (policy->state == AUTHOR_POLICY_FOUND)
		strbuf_addf(&buf, "%s=%s", policy->tag,
		    dmarc_policy_name(policy->policy));
	strbuf_add_cstr(&buf, states[policy->state]);
	if (policy->record_domain.len > 0)
		strbuf_addf(&buf, " @%.*s", SLICE_ARGS(policy->record_domain));
	strbuf_addf(&buf, " org %.*s", SLICE_ARGS(policy->organization));
	return strbuf_slice(&buf);
}

struct policy_case {
	const char *zone;
	const char *author;
	const char *want;
	unsigned int queries;
	unsigned int notes;
};

static void
check_policies(
    enum dmarc_method method, const struct policy_case *cases, size_t count)
{
	struct arena mem;

	arena_init(&mem);
	for (size_t i = 0; i < count; i++) {
		const struct policy_case *c = &cases[i];
		struct resolver *dns = zone(c->zone);
		struct dmarc_world world = world_of(dns, method, &mem);
		struct author_policy policy;

		author_policy_find(&world, slice_of(c->author), &policy);
		check_slice(c->author, shown(&policy, &mem), c->want);
		if (policy.queries != c->queries ||
		    policy.queries != zone_resolver_lookups(dns) ||
		    policy.notes != c->notes)
			fail_msg("%s in %s: %u queries, notes %x", c->author,
			    c->zone, policy.queries, policy.notes);
		assert_true(slice_starts(policy.text, slice_of(c->author)));
		resolver_unref(dns);
	}
	arena_done(&mem);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EXAMPLE_COM                                         \
	"_dmarc.example.com. IN TXT \"v=DMARC1; p=reject; " \
	"sp=quarantine; np=none\"\n"
#define BANK                                                        \
	"_dmarc.bank.example. IN TXT \"v=DMARC1; p=reject; psd=y; " \
	"sp=quarantine\"\n"

static void
the_tree_walk_finds_records_and_organizations(void **state)
{
	static const struct policy_case cases[] = {
		/* Examples of section 4.10.2. */
		{ "_dmarc.mail.example.com. IN TXT \"v=DMARC1; p=none\"\n" EXAMPLE_COM
		  "a.mail.example.com. IN A 192.0.2.1\n",
		    "a.mail.example.com",
		    "sp=quarantine @example.com org example.com", 5, 0 },
		{ "_dmarc.mail.example.com. IN TXT \"v=DMARC1; p=none; "
		  "psd=n\"\n" EXAMPLE_COM,
		    "a.mail.example.com",
		    "p=none @mail.example.com org mail.example.com", 2, 0 },
		{ "_dmarc.com. IN TXT \"v=DMARC1; p=reject; psd=y\"\n",
		    "a.mail.example.com", "p=reject @com org example.com", 4,
		    0 },
		/* Appendix B.4.1 to B.4.3. */
		{ EXAMPLE_COM
		    "_dmarc.signing.example.com. IN TXT \"v=DMARC1; p=none\"\n",
		    "example.com", "p=reject @example.com org example.com", 2,
		    0 },
		{ EXAMPLE_COM "a.b.c.d.e.f.g.h.i.j.k.example.com. IN MX 0 .\n",
		    "a.b.c.d.e.f.g.h.i.j.k.example.com",
		    "sp=quarantine @example.com org example.com", 9, 0 },
		{ BANK "_dmarc.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=none\"\n",
		    "giant.bank.example",
		    "p=none @giant.bank.example org giant.bank.example", 2, 0 },
		/* Section 5.1.8: a record that no walk comes to. */
		{ EXAMPLE_COM "_dmarc.b.c.d.e.f.g.example.com. IN TXT "
			      "\"v=DMARC1; p=none; psd=n\"\n",
		    "mail.a.b.c.d.e.f.g.example.com",
		    "np=none @example.com org example.com", 9, 0 },
		{ "_dmarc.c.d.e.f.g.example.com. IN TXT "
		  "\"v=DMARC1; p=none; psd=n\"\n",
		    "mail.a.b.c.d.e.f.g.example.com",
		    "p=none "
		    "@c.d.e.f.g.example.com org c.d.e.f.g.example.com",
		    2, 0 },
		/* Eight labels are cut to seven; seven to six. */
		{ "", "a.b.c.d.e.f.example.com",
		    "absent org a.b.c.d.e.f.example.com", 8, 0 },
		{ "", "b.c.d.e.f.example.com",
		    "absent org b.c.d.e.f.example.com", 7, 0 },
		{ "", "example.com", "absent org example.com", 2, 0 },
		{ "", "com", "absent org com", 1, 0 },
		/* A PSD: for names below, itself, and over a walk's jump. */
		{ BANK, "mega.bank.example",
		    "sp=quarantine @bank.example org mega.bank.example", 2, 0 },
		{ BANK, "bank.example",
		    "p=reject @bank.example "
		    "org bank.example",
		    1, 0 },
		{ "_dmarc.3.4.5.6.7.8.example. IN TXT \"v=DMARC1; p=reject; "
		  "psd=y\"\n",
		    "1.2.3.4.5.6.7.8.example",
		    "p=reject "
		    "@3.4.5.6.7.8.example org 2.3.4.5.6.7.8.example",
		    2, 0 },
		/* Between the organization and the author nothing counts. */
		{ BANK "_dmarc.a.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=none\"\n",
		    "b.a.giant.bank.example",
		    "sp=quarantine "
		    "@bank.example org giant.bank.example",
		    4, 0 },
		/* The organization's own record is stronger than its PSD's. */
		{ BANK "_dmarc.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=none\"\n",
		    "a.giant.bank.example",
		    "p=none "
		    "@giant.bank.example org giant.bank.example",
		    3, 0 },
		/* No organization over a record: the parent is another one. */
		{ "_dmarc.a.example.com. IN TXT \"v=DMARC1; p=none\"\n",
		    "example.com", "absent org example.com", 2, 0 },
		{ "", "[192.0.2.1]", "absent org [192.0.2.1]", 0, 0 },
	};

	(void)state;
	check_policies(DMARC_TREE_WALK, cases, COUNT(cases));
}

static void
subdomains_have_sp_and_what_does_not_exist_np(void **state)
{
	static const struct policy_case cases[] = {
		{ EXAMPLE_COM, "no.example.com",
		    "np=none @example.com org example.com", 4, 0 },
		{ EXAMPLE_COM "is.example.com. IN A 192.0.2.1\n",
		    "is.example.com",
		    "sp=quarantine @example.com org example.com", 4, 0 },
		/* An empty non-terminal exists (RFC 8020). */
		{ EXAMPLE_COM "below.ent.example.com. IN A 192.0.2.1\n",
		    "ent.example.com",
		    "sp=quarantine @example.com org example.com", 4, 0 },
		{ EXAMPLE_COM, "example.com",
		    "p=reject @example.com org example.com", 2, 0 },
		/* Not asked for when it makes no difference. */
		{ "_dmarc.example.com. IN TXT \"v=DMARC1; p=none; sp=reject; "
		  "np=reject\"\n",
		    "no.example.com", "sp=reject @example.com org example.com",
		    3, 0 },
		{ "_dmarc.example.com. IN TXT \"v=DMARC1; p=none; "
		  "np=reject\"\n",
		    "no.example.com", "np=reject @example.com org example.com",
		    4, 0 },
		{ "_dmarc.example.com. IN TXT \"v=DMARC1; p=none; "
		  "np=reject\"\nis.example.com. IN A 192.0.2.1\n",
		    "is.example.com", "p=none @example.com org example.com", 4,
		    0 },
		{ EXAMPLE_COM "no.example.com. IN FAIL\n", "no.example.com",
		    "unknown @example.com org example.com", 4, 0 },
	};

	(void)state;
	check_policies(DMARC_TREE_WALK, cases, COUNT(cases));
}

static void
odd_records_are_judged_as_the_RFC_says(void **state)
{
	static const struct policy_case cases[] = {
		/* Test mode takes one level off. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; t=y\"\n",
		    "a.example", "p=quarantine @a.example org a.example", 2,
		    DMARC_NOTE_TESTING },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=quarantine; t=y\"\n",
		    "a.example", "p=none @a.example org a.example", 2,
		    DMARC_NOTE_TESTING },
		/* pct= is nothing any more. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; pct=0\"\n",
		    "a.example", "p=reject @a.example org a.example", 2,
		    DMARC_NOTE_PCT },
		/* Without a valid p= all hangs on rua=. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; rua=mailto:r@b.c\"\n",
		    "a.example", "p=none @a.example org a.example", 2,
		    DMARC_NOTE_NO_P },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; sp=no; "
		  "rua=mailto:r@b.c\"\n",
		    "x.a.example", "p=none @a.example org a.example", 3,
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1;\"\n", "a.example",
		    "unusable @a.example org a.example", 2, DMARC_NOTE_NO_P },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; np=no\"\n",
		    "a.example", "unusable @a.example org a.example", 2,
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		/* Several are none; the walk goes on. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject\"\n"
		  "_dmarc.a.example. IN TXT \"v=DMARC1; p=none\"\n",
		    "a.example", "absent org a.example", 2,
		    DMARC_NOTE_SEVERAL },
		{ "_dmarc.x.a.example. IN TXT \"v=DMARC1; p=reject\"\n"
		  "_dmarc.x.a.example. IN TXT \"v=DMARC1; p=reject; x=1\"\n"
		  "_dmarc.a.example. IN TXT \"v=DMARC1; p=none\"\n",
		    "x.a.example", "p=none @a.example org a.example", 3,
		    DMARC_NOTE_SEVERAL },
		/* Other TXT records at the name do not matter. */
		{ "_dmarc.a.example. IN TXT \"v=spf1 -all\"\n"
		  "_dmarc.a.example. IN TXT \"v=DMARC1; \" \"p=reject\"\n",
		    "a.example", "p=reject @a.example org a.example", 2, 0 },
		{ "_dmarc.a.example. IN TXT \"v=dmarc1; p=reject\"\n",
		    "a.example", "absent org a.example", 2, DMARC_NOTE_NEARLY },
		/* A CNAME, as report services ask for. */
		{ "_dmarc.a.example. IN CNAME x.esp.example.\n"
		  "x.esp.example. IN TXT \"v=DMARC1; p=reject\"\n",
		    "a.example", "p=reject @a.example org a.example", 2, 0 },
	};

	(void)state;
	check_policies(DMARC_TREE_WALK, cases, COUNT(cases));
}

static void
a_failure_of_DNS_is_never_an_answer(void **state)
{
	static const struct policy_case walks[] = {
		{ "_dmarc.a.example. IN FAIL\n", "a.example", "unknown org ", 1,
		    0 },
		{ "_dmarc.example. IN TIMEOUT\n", "a.example", "unknown org ",
		    2, 0 },
		/* The record is known, the organization is not. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject\"\n"
		  "_dmarc.example. IN FAIL\n",
		    "a.example", "p=reject @a.example org ", 2, 0 },
		/* A record below the organization may not be the one. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject\"\n"
		  "_dmarc.example. IN FAIL\n",
		    "x.a.example", "unknown org ", 3, 0 },
	};
	static const struct policy_case lists[] = {
		{ "_dmarc.x.a.example. IN FAIL\n"
		  "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject\"\n",
		    "x.a.example", "unknown org a.example", 1, 0 },
		{ "_dmarc.a.example. IN TIMEOUT\n", "x.a.example",
		    "unknown org a.example", 2, 0 },
	};

	(void)state;
	check_policies(DMARC_TREE_WALK, walks, COUNT(walks));
	check_policies(DMARC_SUFFIX_LIST, lists, COUNT(lists));
}

static void
the_suffix_list_finds_records_as_RFC_7489_did(void **state)
{
	static const struct policy_case cases[] = {
		{ EXAMPLE_COM, "example.com",
		    "p=reject @example.com org example.com", 1, 0 },
		{ EXAMPLE_COM, "a.b.example.com",
		    "sp=quarantine @example.com org example.com", 2, 0 },
		{ "_dmarc.b.example.com. IN TXT \"v=DMARC1; p=none\"\n" EXAMPLE_COM,
		    "a.b.example.com",
		    "sp=quarantine @example.com org example.com", 2, 0 },
		{ "_dmarc.b.example.com. IN TXT \"v=DMARC1; p=none\"\n",
		    "b.example.com", "p=none @b.example.com org example.com", 1,
		    0 },
		{ "_dmarc.com. IN TXT \"v=DMARC1; p=reject; psd=y\"\n",
		    "example.com", "absent org example.com", 1, 0 },
		/* A record that is doubled ends it, also below. */
		{ "_dmarc.x.a.example. IN TXT \"v=DMARC1; p=reject\"\n"
		  "_dmarc.x.a.example. IN TXT \"v=DMARC1; p=none\"\n"
		  "_dmarc.a.example. IN TXT \"v=DMARC1; p=none\"\n",
		    "x.a.example", "absent org a.example", 1,
		    DMARC_NOTE_SEVERAL },
		/* pct= counts, t=, psd= and np= are unknown. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; pct=0\"\n",
		    "a.example", "p=quarantine @a.example org a.example", 1,
		    DMARC_NOTE_PCT },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; pct=50\"\n",
		    "a.example", "p=reject @a.example org a.example", 1,
		    DMARC_NOTE_PCT },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; t=y; psd=n; "
		  "np=bad\"\n",
		    "no.a.example", "p=reject @a.example org a.example", 2,
		    DMARC_NOTE_TESTING | DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; sp=bad\"\n",
		    "a.example", "unusable @a.example org a.example", 1,
		    DMARC_NOTE_NO_P | DMARC_NOTE_VALUE },
	};

	(void)state;
	check_policies(DMARC_SUFFIX_LIST, cases, COUNT(cases));
}

static void
organizations_by_the_suffix_list(void **state)
{
	static const char *const cases[][2] = {
		{ "com", "com" },
		{ "co.uk", "co.uk" },
		{ "a.co.uk", "a.co.uk" },
		{ "b.a.co.uk", "a.co.uk" },
		/* Wildcard rules and their exceptions. */
		{ "c.kobe.jp", "c.kobe.jp" },
		{ "b.c.kobe.jp", "b.c.kobe.jp" },
		{ "a.b.c.kobe.jp", "b.c.kobe.jp" },
		{ "a.city.kobe.jp", "city.kobe.jp" },
		{ "a.www.ck", "www.ck" },
		/* Suffixes that companies have put there. */
		{ "github.io", "github.io" },
		{ "x.github.io", "x.github.io" },
		{ "a.x.github.io", "x.github.io" },
		/* A-labels. */
		{ "y.x.xn--55qx5d.cn", "x.xn--55qx5d.cn" },
		/* Not in the list: the last label is a suffix. */
		{ "a.corp.example", "corp.example" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_slice(cases[i][0],
		    suffix_list_organization(suffixes, slice_of(cases[i][0])),
		    cases[i][1]);
}

struct alignment_case {
	const char *zone;
	const char *author;
	const char *domain;
	enum alignment walk;
	enum alignment list;
};

static void
domains_are_aligned_by_their_organization(void **state)
{
	static const struct alignment_case cases[] = {
		{ EXAMPLE_COM, "example.com", "example.com", ALIGNMENT_SAME,
		    ALIGNMENT_SAME },
		/* Appendix B.4.1, B.4.2. */
		{ EXAMPLE_COM "_dmarc.signing.example.com. IN TXT "
			      "\"v=DMARC1; p=none\"\n",
		    "example.com", "signing.example.com", ALIGNMENT_RELAXED,
		    ALIGNMENT_RELAXED },
		{ EXAMPLE_COM "_dmarc.signing.example.com. IN TXT "
			      "\"v=DMARC1; p=none\"\n",
		    "a.b.c.d.e.f.g.h.i.j.k.example.com", "signing.example.com",
		    ALIGNMENT_RELAXED, ALIGNMENT_RELAXED },
		/* Appendix B.4.3. */
		{ BANK "_dmarc.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=none\"\n",
		    "giant.bank.example", "mail.giant.bank.example",
		    ALIGNMENT_RELAXED, ALIGNMENT_RELAXED },
		{ BANK "_dmarc.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=none\"\n",
		    "giant.bank.example", "mail.mega.bank.example",
		    ALIGNMENT_NONE, ALIGNMENT_RELAXED },
		/* Table 1 of section 4.4. */
		{ EXAMPLE_COM, "news.example.com", "foo.example.com",
		    ALIGNMENT_RELAXED, ALIGNMENT_RELAXED },
		{ EXAMPLE_COM, "news.example.com", "foo.example.net",
		    ALIGNMENT_NONE, ALIGNMENT_NONE },
		{ EXAMPLE_COM, "news.example.com", "badexample.com",
		    ALIGNMENT_NONE, ALIGNMENT_NONE },
		/* psd=n makes a department an organization. */
		{ EXAMPLE_COM "_dmarc.dep.example.com. IN TXT "
			      "\"v=DMARC1; p=none; psd=n\"\n",
		    "example.com", "x.dep.example.com", ALIGNMENT_NONE,
		    ALIGNMENT_RELAXED },
		/* Only the author has a record: no organization above it. */
		{ "_dmarc.a.example.com. IN TXT \"v=DMARC1; p=none\"\n",
		    "a.example.com", "example.com", ALIGNMENT_NONE,
		    ALIGNMENT_RELAXED },
		/* Suffixes: tenants of one company. */
		{ "_dmarc.a.github.io. IN TXT \"v=DMARC1; p=none\"\n",
		    "a.github.io", "b.github.io", ALIGNMENT_NONE,
		    ALIGNMENT_NONE },
		{ "_dmarc.github.io. IN TXT \"v=DMARC1; p=none\"\n"
		  "_dmarc.a.github.io. IN TXT \"v=DMARC1; p=none\"\n",
		    "a.github.io", "b.github.io", ALIGNMENT_RELAXED,
		    ALIGNMENT_NONE },
		/* DNS fails. */
		{ EXAMPLE_COM "_dmarc.x.example.com. IN FAIL\n", "example.com",
		    "x.example.com", ALIGNMENT_UNKNOWN, ALIGNMENT_RELAXED },
		{ EXAMPLE_COM "_dmarc.com. IN FAIL\n", "example.com",
		    "x.example.com", ALIGNMENT_UNKNOWN, ALIGNMENT_RELAXED },
		{ EXAMPLE_COM "_dmarc.com. IN FAIL\n", "example.com",
		    "x.example.net", ALIGNMENT_NONE, ALIGNMENT_NONE },
		{ EXAMPLE_COM "_dmarc.com. IN FAIL\n", "example.com",
		    "example.com", ALIGNMENT_SAME, ALIGNMENT_SAME },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		const struct alignment_case *c = &cases[i / 2];
		enum dmarc_method method =
		    i % 2 == 0 ? DMARC_TREE_WALK : DMARC_SUFFIX_LIST;
		struct resolver *dns = zone(c->zone);
		struct dmarc_world world = world_of(dns, method, &mem);
		struct author_policy policy;
		enum alignment got;

		author_policy_find(&world, slice_of(c->author), &policy);
		assert_int_equal(policy.state, AUTHOR_POLICY_FOUND);
		got = author_policy_align(
		    &world, &policy, slice_of(c->domain), false);
		if (got != (i % 2 == 0 ? c->walk : c->list))
			fail_msg("%s, %s, method %zu: %d", c->author, c->domain,
			    i % 2, got);
		assert_int_equal(author_policy_align(&world, &policy,
				     slice_of(c->domain), true),
		    got == ALIGNMENT_SAME ? ALIGNMENT_SAME : ALIGNMENT_NONE);
		resolver_unref(dns);
	}
	arena_done(&mem);
}

struct judgment_case {
	const char *zone;
	const char *author;
	const char *signer;
	const char *spf;
	enum author_verdict verdict;
	const char *text;
};

static void
a_message_passes_by_one_aligned_domain(void **state)
{
	static const struct judgment_case cases[] = {
		{ EXAMPLE_COM, "example.com", "example.com", "", AUTHOR_PASSES,
		    "example.com publishes p=reject; the "
		    "signature of example.com is aligned with it" },
		{ EXAMPLE_COM, "example.com", "esp.example", "mail.example.com",
		    AUTHOR_PASSES,
		    "example.com publishes "
		    "p=reject; the SPF pass is aligned with it" },
		{ EXAMPLE_COM, "example.com", "a.example.com", "example.com",
		    AUTHOR_PASSES,
		    "example.com publishes p=reject; the "
		    "signature of a.example.com and the SPF pass are aligned "
		    "with it" },
		{ EXAMPLE_COM, "example.com", "esp.example", "", AUTHOR_FAILS,
		    "example.com publishes p=reject, but no "
		    "signature or SPF pass of this service is aligned with "
		    "it: receivers will refuse it" },
		{ EXAMPLE_COM "is.example.com. IN A 192.0.2.1\n",
		    "is.example.com", "", "esp.example", AUTHOR_FAILS,
		    "example.com publishes sp=quarantine, which applies to "
		    "is.example.com, but no signature or SPF pass of this "
		    "service is aligned with it: receivers will treat it as "
		    "suspicious" },
		{ EXAMPLE_COM, "no.example.com", "", "", AUTHOR_FAILS,
		    "example.com publishes np=none, which applies to "
		    "no.example.com, but no signature or SPF pass of this "
		    "service is aligned with it: receivers are asked to do "
		    "nothing about that" },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; t=y\"\n",
		    "a.example", "", "", AUTHOR_FAILS,
		    "a.example publishes "
		    "p=reject with t=y, but no signature or SPF pass of this "
		    "service is aligned with it: receivers will treat it as "
		    "suspicious" },
		/* Strict for signatures, relaxed for SPF. */
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=none; adkim=s\"\n",
		    "a.example", "x.a.example", "", AUTHOR_FAILS, NULL },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=none; adkim=s\"\n",
		    "a.example", "x.a.example", "x.a.example", AUTHOR_PASSES,
		    "a.example publishes p=none; the SPF pass is aligned with "
		    "it" },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=none; aspf=s\"\n",
		    "a.example", "x.a.example", "x.a.example", AUTHOR_PASSES,
		    "a.example publishes p=none; the signature of x.a.example "
		    "is aligned with it" },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=none; aspf=s\"\n",
		    "a.example", "", "x.a.example", AUTHOR_FAILS, NULL },
		{ "", "a.example", "a.example", "", AUTHOR_NOT_ASKED,
		    "a.example publishes no DMARC policy, and none above it "
		    "applies" },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1\"\n", "a.example", "",
		    "", AUTHOR_NOT_ASKED,
		    "a.example: the DMARC record at "
		    "_dmarc.a.example turns DMARC off; it has no valid p=, or "
		    "an invalid sp= or np=, so that it asks for nothing" },
		{ "_dmarc.a.example. IN FAIL\n", "a.example", "a.example", "",
		    AUTHOR_UNKNOWN, NULL },
		{ EXAMPLE_COM "_dmarc.com. IN TIMEOUT\n", "example.com",
		    "x.example.com", "", AUTHOR_UNKNOWN,
		    "example.com "
		    "publishes p=reject; DNS did not say whether a signature "
		    "or SPF pass of this service is aligned with it" },
		{ EXAMPLE_COM "_dmarc.com. IN TIMEOUT\n", "example.com",
		    "x.example.com", "example.com", AUTHOR_PASSES, NULL },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct judgment_case *c = &cases[i];
		struct slice signers[] = { slice_of(c->signer),
			SLICE("other.example") };
		struct passing passing = { .signers = signers,
			.signer_count = 2,
			.spf_domain = slice_of(c->spf) };
		struct resolver *dns = zone(c->zone);
		struct dmarc_world world = world_of(dns, DMARC_TREE_WALK, &mem);
		struct author_policy policy;
		struct author_judgment judgment;

		author_policy_find(&world, slice_of(c->author), &policy);
		author_policy_judge(&world, &policy, &passing, &judgment);
		if (judgment.verdict != c->verdict)
			fail_msg("%s: %d: %.*s", c->zone, judgment.verdict,
			    SLICE_ARGS(judgment.text));
		if (c->text != NULL)
			check_slice(c->zone, judgment.text, c->text);
		resolver_unref(dns);
	}
	arena_done(&mem);
}

static void
the_two_methods_are_compared(void **state)
{
	static const struct judgment_case cases[] = {
		{ EXAMPLE_COM, "example.com", "example.com", "", 0, NULL },
		{ "", "a.example", "", "", 0, NULL },
		{ EXAMPLE_COM "_dmarc.com. IN FAIL\n", "example.com",
		    "x.example.com", "", 0, NULL },
		{ BANK "_dmarc.giant.bank.example. IN TXT \"v=DMARC1; "
		       "p=reject\"\n",
		    "giant.bank.example", "mega.bank.example", "", 0,
		    "giant.bank.example: "
		    "receivers disagree: by the tree walk (RFC 9989) the "
		    "organization is giant.bank.example and the message fails "
		    "under the policy reject, by the public suffix list "
		    "(RFC 7489) the organization is bank.example and the "
		    "message passes under the policy reject" },
		{ "_dmarc.com. IN TXT \"v=DMARC1; p=none; psd=y\"\n",
		    "example.com", "example.com", "", 0,
		    "example.com: "
		    "receivers disagree: by the tree walk (RFC 9989) the "
		    "organization is example.com and the message passes under "
		    "the policy none, by the public suffix list (RFC 7489) "
		    "the organization is example.com and DMARC does not "
		    "apply" },
		{ "_dmarc.a.example. IN TXT \"v=DMARC1; p=reject; t=y\"\n",
		    "a.example", "a.example", "", 0,
		    "a.example: receivers "
		    "disagree: by the tree walk (RFC 9989) the organization is "
		    "a.example and the message passes under the policy "
		    "quarantine, by the public suffix list (RFC 7489) the "
		    "organization is a.example and the message passes under "
		    "the policy reject" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct judgment_case *c = &cases[i];
		struct slice signer = slice_of(c->signer);
		struct passing passing = { .signers = &signer,
			.signer_count = 1 };
		struct resolver *dns = zone(c->zone);
		struct author_opinion opinions[2];
		struct slice text = SLICE("");

		for (int m = 0; m < 2; m++) {
			struct dmarc_world world = world_of(dns,
			    m == 0 ? DMARC_TREE_WALK : DMARC_SUFFIX_LIST, &mem);

			author_policy_find(
			    &world, slice_of(c->author), &opinions[m].policy);
			author_policy_judge(&world, &opinions[m].policy,
			    &passing, &opinions[m].judgment);
		}
		assert_int_equal(author_policy_disagree(
				     &opinions[0], &opinions[1], &mem, &text),
		    c->text != NULL);
		check_slice(c->author, text, c->text == NULL ? "" : c->text);
		resolver_unref(dns);
	}
	arena_done(&mem);
}

static int
load(void **state)
{
	struct err err;

	(void)state;
	return suffix_list_load(SLICE(""), &suffixes, &err);
}

static int
unload(void **state)
{
	(void)state;
	suffix_list_free(suffixes);
	suffix_list_free(NULL);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_walk_finds_records_and_organizations),
		cmocka_unit_test(subdomains_have_sp_and_what_does_not_exist_np),
		cmocka_unit_test(odd_records_are_judged_as_the_RFC_says),
		cmocka_unit_test(a_failure_of_DNS_is_never_an_answer),
		cmocka_unit_test(the_suffix_list_finds_records_as_RFC_7489_did),
		cmocka_unit_test(organizations_by_the_suffix_list),
		cmocka_unit_test(domains_are_aligned_by_their_organization),
		cmocka_unit_test(a_message_passes_by_one_aligned_domain),
		cmocka_unit_test(the_two_methods_are_compared),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
