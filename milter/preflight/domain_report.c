/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/domain_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dns/record.h"
#include "domain_priv.h"

enum { MAX_FINDING_OCTETS = 2048, TXT_OCTETS = 255, MAX_PARENTS = 8 };

const char *
domain_level_name(enum domain_level level)
{
	static const char *const names[] = { "ok", "note", "warning", "error",
		"later" };

	return names[level];
}

static struct slice
printable(struct arena *mem, struct slice text)
{
	char *copy = arena_alloc(mem, text.len + 1);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = (char_is_control(text.data[i]) &&
		    text.data[i] != '\n') || char_is_8bit(text.data[i]) ? '?'
		    : text.data[i];
	return (struct slice){ copy, text.len };
}

void
domain_report_add(struct domain_report *report, enum domain_level level,
    const char *about, struct slice item, const char *says,
    struct slice publish, const char *format, ...)
{
	char text[MAX_FINDING_OCTETS];
	void *items = report->items;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '\n')
			*c = '?';
	}
	arena_reserve_one(report->mem, &items, &report->cap, report->count,
	    sizeof(report->items[0]));
	report->items = items;
	report->items[report->count++] = (struct domain_finding){
		.level = level,
		.about = about,
		.item = printable(report->mem, item),
		.says = printable(report->mem, slice_of(says)),
		.text = printable(report->mem, slice_of(text)),
		.publish = printable(report->mem, publish),
	};
}

enum dns_outcome
inquiry_lookup(const struct inquiry *q, struct slice name, enum dns_type type,
    struct dns_answer *ret_answer, struct err *err)
{
	return resolver_lookup(q->resolver, name, type, q->deadline_us, q->mem,
	    ret_answer, err);
}

static void
take_addresses(const struct dns_answer *answer, unsigned int bits,
    struct host_addresses *addresses)
{
	addresses->alias = addresses->alias || answer->owner.len > 0;
	for (size_t i = 0; i < answer->count &&
	    addresses->count < DOMAIN_ADDRESSES; i++) {
		struct slice rdata = answer->records[i];
		struct net_addr *addr = &addresses->items[addresses->count];

		if (rdata.len != bits / 8)
			continue;
		*addr = (struct net_addr){ .bits = bits };
		for (size_t octet = 0; octet < rdata.len; octet++)
			addr->octets[octet] = (uint8_t)rdata.data[octet];
		addresses->count++;
	}
}

void
inquiry_addresses(const struct inquiry *q, struct slice name,
    struct host_addresses *ret_addresses)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_answer answer;

	*ret_addresses = (struct host_addresses){ .outcome = DNS_NO_NAME };
	resolver_prefetch(q->resolver, name, DNS_AAAA);
	for (size_t i = 0; i < 2; i++) {
		enum dns_outcome outcome = inquiry_lookup(q, name, types[i],
		    &answer, &ret_addresses->err);

		if (outcome == DNS_FOUND)
			take_addresses(&answer, i == 0 ? 32 : 128,
			    ret_addresses);
		/* FAILED counts unless the other family was found. */
		if (outcome == DNS_FOUND ||
		    (outcome == DNS_FAILED &&
		    ret_addresses->outcome != DNS_FOUND) ||
		    (outcome == DNS_NO_DATA &&
		    ret_addresses->outcome == DNS_NO_NAME))
			ret_addresses->outcome = outcome;
	}
}

struct slice
zone_txt(struct arena *mem, struct slice name, struct slice text)
{
	struct strbuf out;

	strbuf_init(&out, mem);
	strbuf_addf(&out, "%.*s. IN TXT", SLICE_ARGS(name));
	for (size_t i = 0; i < text.len || i == 0; i++) {
		char c = i < text.len ? text.data[i] : ' ';

		if (i % TXT_OCTETS == 0)
			strbuf_add_cstr(&out, i == 0 ? " \"" : "\" \"");
		if (i == text.len)
			break;
		if (char_is_control(c) || char_is_8bit(c))
			strbuf_addf(&out, "\\%03u", (unsigned char)c);
		else
			strbuf_addf(&out, "%s%c",
			    c == '"' || c == '\\' ? "\\" : "", c);
	}
	strbuf_add_char(&out, '"');
	return strbuf_slice(&out);
}

/* A resolver that sees which answers about the domain were secure. */
struct watch {
	struct resolver *inner;
	struct slice domain;
	unsigned int secure;
	unsigned int insecure;
	unsigned int bogus;
	char first_insecure[MAX_FINDING_OCTETS / 8];
};

static bool
is_of(struct slice name, struct slice domain)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	return slice_eq_nocase(name, domain) || (name.len > domain.len &&
	    slice_ends_nocase(name, domain) &&
	    name.data[name.len - domain.len - 1] == '.');
}

static enum dns_outcome
watch_lookup(void *handle, struct slice name, enum dns_type type,
    uint64_t deadline_us, struct arena *mem, struct dns_answer *ret_answer,
    struct err *err)
{
	struct watch *watch = handle;
	enum dns_outcome outcome = resolver_lookup(watch->inner, name, type,
	    deadline_us, mem, ret_answer, err);

	if (!is_of(name, watch->domain))
		return outcome;
	if (outcome == DNS_FAILED)
		watch->bogus += slice_starts(slice_of(err->text),
		    SLICE("bogus"));
	else if (ret_answer->secure)
		watch->secure++;
	else if (watch->insecure++ == 0)
		(void)snprintf(watch->first_insecure,
		    sizeof(watch->first_insecure), "%s",
		    escape(mem, name, DOMAIN_ESCAPED_OCTETS));
	return outcome;
}

static void
watch_prefetch(void *handle, struct slice name, enum dns_type type)
{
	struct watch *watch = handle;

	resolver_prefetch(watch->inner, name, type);
}

static void
watch_free(void *handle)
{
	struct watch *watch = handle;

	resolver_unref(watch->inner);
	free(watch);
}

static struct watch *
watch_new(struct resolver *inner, struct slice domain)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	ENSURE(watch != NULL);
	watch->inner = resolver_ref(inner);
	watch->domain = domain;
	return watch;
}

static void
report_dnssec(struct inquiry *q, const struct watch *watch)
{
	if (watch->bogus > 0)
		domain_report_add(q->report, DOMAIN_ERROR, "dnssec", nothing,
		    "bogus", nothing, "answers are refuted by DNSSEC: "
		    "receivers that validate do not see them");
	else if (!q->facts->validates)
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "unchecked", nothing, "whether answers are secure was not "
		    "looked at: it takes dns.trust-anchor, and no zone file");
	else if (watch->insecure == 0 && watch->secure > 0)
		domain_report_add(q->report, DOMAIN_OK, "dnssec", nothing,
		    "secure", nothing, "all %u answers about the domain are "
		    "secure", watch->secure);
	else if (watch->secure > 0)
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "partly", nothing, "%u of %u answers are secure, but not "
		    "that for %s", watch->secure,
		    watch->secure + watch->insecure, watch->first_insecure);
	else
		domain_report_add(q->report, DOMAIN_NOTE, "dnssec", nothing,
		    "insecure", nothing, "the domain is not signed: whoever "
		    "forges DNS answers can forge its mail");
}

static const struct resolver_ops watch_ops = { watch_lookup, watch_prefetch,
	watch_free };

static void
begin(struct inquiry *q, const struct domain_facts *facts, struct slice name,
    struct watch *watch, struct arena *mem, struct domain_report *report)
{
	*report = (struct domain_report){ .mem = mem, .name = name };
	*q = (struct inquiry){
		.facts = facts,
		.resolver = resolver_new(&watch_ops, watch),
		.deadline_us = clock_monotonic_us() +
		    facts->seconds * UINT64_C(1000000),
		.mem = mem,
		.report = report,
		.domain = name,
	};
}

void
domain_report_make(const struct domain_facts *facts, struct slice domain,
    const struct domain_keys *keys, struct arena *mem,
    struct domain_report *ret_report)
{
	struct watch *watch = watch_new(facts->resolver, domain);
	struct inquiry q;

	domain_report_prefetch(facts, domain, keys);
	begin(&q, facts, domain, watch, mem, ret_report);
	q.keys = keys;
	domain_keys_inquire(&q);
	domain_spf_inquire(&q);
	domain_policy_inquire(&q);
	domain_sender_id_inquire(&q);
	domain_mx_inquire(&q);
	domain_services_inquire(&q);
	report_dnssec(&q, watch);
	resolver_unref(q.resolver);
}

static void
prefetch_reverse(const struct domain_facts *facts, struct arena *mem)
{
	for (size_t i = 0; i < facts->egress_count; i++)
		resolver_prefetch(facts->resolver, dns_reverse_name(
		    facts->egress[i].octets, facts->egress[i].bits / 8, mem),
		    DNS_PTR);
}

void
service_report_make(const struct domain_facts *facts, struct arena *mem,
    struct domain_report *ret_report)
{
	struct watch *watch = watch_new(facts->resolver, facts->helo);
	struct inquiry q;

	prefetch_reverse(facts, mem);
	begin(&q, facts, facts->helo, watch, mem, ret_report);
	service_hosts_inquire(&q);
	resolver_unref(q.resolver);
}

static void
prefetch_below(const struct domain_facts *facts, struct slice prefix,
    struct slice domain, enum dns_type type, struct arena *mem)
{
	resolver_prefetch(facts->resolver, slice_format(mem, "%.*s.%.*s",
	    SLICE_ARGS(prefix), SLICE_ARGS(domain)), type);
}

void
domain_report_prefetch(const struct domain_facts *facts, struct slice domain,
    const struct domain_keys *keys)
{
	struct slice parent = domain;
	struct arena mem;

	arena_init(&mem);
	resolver_prefetch(facts->resolver, domain, DNS_TXT);
	resolver_prefetch(facts->resolver, domain, DNS_MX);
	resolver_prefetch(facts->resolver, domain, DNS_A);
	prefetch_below(facts, SLICE("_adsp._domainkey"), domain, DNS_TXT, &mem);
	for (int i = 0; i < MAX_PARENTS && parent.len > 0; i++) {
		prefetch_below(facts, SLICE("_dmarc"), parent, DNS_TXT, &mem);
		parent = slice_from(parent, slice_find(parent, '.') + 1);
	}
	for (size_t i = 0; keys != NULL && i < keys->count; i++)
		prefetch_below(facts, slice_format(&mem, "%.*s._domainkey",
		    SLICE_ARGS(keys->keys[i]->selector)), domain, DNS_TXT, &mem);
	for (int kind = 0; kind < SERVICE_KINDS; kind++)
		prefetch_below(facts, service_label((enum service_kind)kind),
		    domain, DNS_SRV, &mem);
	arena_done(&mem);
}
