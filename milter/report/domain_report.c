/* SPDX-License-Identifier: BSD-2-Clause */
/* A report and its subjects; what all of them use. */
#include "report/domain_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/*
 * A copy of text in which what is not printable ASCII is "?"; tab stands for a
 * tab.
 */
static struct slice
printable(struct arena *mem, struct slice text, char tab)
{
	char *copy = arena_alloc(mem, text.len + 1);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i] == '\t' ? tab : text.data[i];

		copy[i] = (char_is_control(c) && c != '\n') || char_is_8bit(c) ?
		    '?' :
		    c;
	}
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
		.item = printable(report->mem, item, '?'),
		.says = printable(report->mem, slice_of(says), '?'),
		.text = printable(report->mem, slice_of(text), '?'),
		/* A master file takes a blank for a tab (RFC 1035 section 5.1). */
		.publish = printable(report->mem, publish, ' '),
	};
}

void
inquiry_addresses(const struct inquiry *q, struct slice name,
    struct host_addresses *ret_addresses)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct host_addresses host = { .outcome = DNS_NO_NAME };
	struct dns_answer answer;
	struct err err;

	resolver_prefetch(q->dns.resolver, name, DNS_AAAA);
	for (size_t i = 0; i < 2; i++) {
		unsigned int octets = types[i] == DNS_A ? 4 : 16;
		enum dns_outcome outcome =
		    resolver_lookup(&q->dns, name, types[i], &answer, &err);

		/* FAILED counts unless the other family was found. */
		if (outcome == DNS_FOUND ||
		    (outcome == DNS_FAILED && host.outcome != DNS_FOUND) ||
		    (outcome == DNS_NO_DATA && host.outcome == DNS_NO_NAME))
			host.outcome = outcome;
		if (outcome == DNS_FAILED) {
			host.failed = true;
			host.err = err;
		}
		if (outcome != DNS_FOUND)
			continue;
		host.alias = host.alias || answer.owner.len > 0;
		host.items = arena_grow(q->mem, host.items, host.count,
		    host.count + answer.count, sizeof(host.items[0]));
		for (size_t k = 0; k < answer.count; k++) {
			struct slice rdata = answer.records[k];
			struct net_addr *addr = &host.items[host.count];

			if (rdata.len != octets)
				continue;
			*addr = (struct net_addr){ .bits = 8 * octets };
			memcpy(addr->octets, rdata.data, octets);
			host.count++;
		}
	}
	*ret_addresses = host;
}

enum spf_result
inquiry_spf(const struct inquiry *q, const struct spf_request *request,
    const char **ret_words)
{
	struct spf_report report;
	enum spf_result result = spf_foresee(&q->dns, request, &report);

	*ret_words = spf_result_name(result);
	if (report.fault.kind != ERR_NONE)
		*ret_words = slice_format(q->mem, "%s, %s", *ret_words,
		    escape(q->mem, slice_of(report.fault.text), 300))
				 .data;
	return result;
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
			strbuf_addf(
			    &out, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
	}
	strbuf_add_char(&out, '"');
	return strbuf_slice(&out);
}

/* Begins a report on a name; the caller lets go of its resolver. */
static struct inquiry
domain_report_begin(const struct domain_facts *facts, struct slice name,
    struct arena *mem, struct domain_report *report)
{
	struct dnssec_watch *watch = dnssec_watch_new(facts->resolver, name);

	*report = (struct domain_report){ .mem = mem, .name = name };
	return (struct inquiry){
		.facts = facts,
		.dns = { .resolver = dnssec_watch_resolver(watch),
		    .deadline_us = clock_monotonic_us() +
			facts->seconds * UINT64_C(1000000),
		    .mem = mem },
		.watch = watch,
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
	struct inquiry q;

	domain_report_prefetch(facts, domain, keys);
	q = domain_report_begin(facts, domain, mem, ret_report);
	q.keys = keys;
	domain_keys_inquire(&q);
	domain_spf_inquire(&q);
	domain_policy_inquire(&q);
	domain_sender_id_inquire(&q);
	domain_mx_inquire(&q);
	domain_services_inquire(&q);
	dnssec_report(&q);
	resolver_unref(q.dns.resolver);
}

void
service_report_make(const struct domain_facts *facts, struct arena *mem,
    struct domain_report *ret_report)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_TXT };
	struct inquiry q;

	for (size_t i = 0; i < facts->egress_count; i++)
		resolver_prefetch(facts->resolver,
		    dns_reverse_name(facts->egress[i].octets,
			facts->egress[i].bits / 8, mem),
		    DNS_PTR);
	for (size_t i = 0; i < 3 && facts->helo.len > 0; i++)
		resolver_prefetch(facts->resolver, facts->helo, types[i]);
	q = domain_report_begin(facts, facts->helo, mem, ret_report);
	service_hosts_inquire(&q);
	resolver_unref(q.dns.resolver);
}

static struct slice
name_below(struct arena *mem, struct slice prefix, struct slice domain)
{
	return slice_format(
	    mem, "%.*s.%.*s", SLICE_ARGS(prefix), SLICE_ARGS(domain));
}

void
domain_report_prefetch(const struct domain_facts *facts, struct slice domain,
    const struct domain_keys *keys)
{
	struct resolver *resolver = facts->resolver;
	struct slice parent = domain;
	struct arena mem;

	arena_init(&mem);
	resolver_prefetch(resolver, domain, DNS_TXT);
	resolver_prefetch(resolver, domain, DNS_MX);
	resolver_prefetch(resolver, domain, DNS_A);
	resolver_prefetch(resolver, domain, DNS_AAAA);
	resolver_prefetch(resolver,
	    name_below(&mem, SLICE("_adsp._domainkey"), domain), DNS_TXT);
	for (int i = 0; i < MAX_PARENTS && parent.len > 0; i++) {
		resolver_prefetch(resolver,
		    name_below(&mem, SLICE("_dmarc"), parent), DNS_TXT);
		parent = slice_from(parent, slice_find(parent, '.') + 1);
	}
	for (size_t i = 0; keys != NULL && i < keys->count; i++)
		resolver_prefetch(
		    resolver, key_record_name(keys->keys[i], &mem), DNS_TXT);
	for (int kind = 0; kind < SERVICE_KINDS; kind++)
		resolver_prefetch(resolver,
		    name_below(
			&mem, service_label((enum service_kind)kind), domain),
		    DNS_SRV);
	arena_done(&mem);
}
