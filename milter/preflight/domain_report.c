/* SPDX-License-Identifier: BSD-2-Clause */
#include "preflight/domain_report.h"

#include <stdarg.h>
#include <stdio.h>

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
    struct arena *mem, struct host_addresses *addresses)
{
	addresses->alias = addresses->alias || answer->owner.len > 0;
	addresses->items = arena_grow(mem, addresses->items, addresses->count,
	    addresses->count + answer->count, sizeof(addresses->items[0]));
	for (size_t i = 0; i < answer->count; i++) {
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
	struct err err;

	*ret_addresses = (struct host_addresses){ .outcome = DNS_NO_NAME };
	resolver_prefetch(q->resolver, name, DNS_AAAA);
	for (size_t i = 0; i < 2; i++) {
		enum dns_outcome outcome = inquiry_lookup(q, name, types[i],
		    &answer, &err);

		if (outcome == DNS_FOUND)
			take_addresses(&answer, i == 0 ? 32 : 128, q->mem,
			    ret_addresses);
		if (outcome == DNS_FAILED) {
			ret_addresses->failed = true;
			ret_addresses->err = err;
		}
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

static void
begin(struct inquiry *q, const struct domain_facts *facts, struct slice name,
    struct dnssec_watch *watch, struct arena *mem, struct domain_report *report)
{
	*report = (struct domain_report){ .mem = mem, .name = name };
	*q = (struct inquiry){
		.facts = facts,
		.resolver = dnssec_watch_resolver(watch),
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
	struct dnssec_watch *watch = dnssec_watch_new(facts->resolver, domain);
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
	dnssec_report(&q, watch);
	resolver_unref(q.resolver);
}

static void
prefetch_service(const struct domain_facts *facts, struct arena *mem)
{
	for (size_t i = 0; i < facts->egress_count; i++)
		resolver_prefetch(facts->resolver, dns_reverse_name(
		    facts->egress[i].octets, facts->egress[i].bits / 8, mem),
		    DNS_PTR);
	if (facts->helo.len == 0)
		return;
	resolver_prefetch(facts->resolver, facts->helo, DNS_A);
	resolver_prefetch(facts->resolver, facts->helo, DNS_AAAA);
	resolver_prefetch(facts->resolver, facts->helo, DNS_TXT);
}

void
service_report_make(const struct domain_facts *facts, struct arena *mem,
    struct domain_report *ret_report)
{
	struct dnssec_watch *watch = dnssec_watch_new(facts->resolver, facts->helo);
	struct inquiry q;

	prefetch_service(facts, mem);
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
