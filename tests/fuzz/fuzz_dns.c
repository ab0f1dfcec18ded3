/* SPDX-License-Identifier: BSD-2-Clause */
#include "dns/record.h"
#include "dns/resolver_zone.h"
#include "fuzz.h"

enum { MAX_OWNERS = 64 };

/* A name is printed so that it cannot be mistaken. */
static void
check_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		ENSURE(char_is_alpha(name.data[i]) ||
		    char_is_digit(name.data[i]) || name.data[i] == '.' ||
		    name.data[i] == '-' || name.data[i] == '_' ||
		    name.data[i] == '\\');
	ENSURE(name.len == 0 || name.data[name.len - 1] != '.');
	/* 253 octets, each of them written as four. */
	ENSURE(name.len <= 4 * 253);
}

static void
check_rdata(struct slice rdata, struct arena *mem)
{
	struct slice text = SLICE("untouched");
	unsigned int preference;
	struct dns_srv srv;

	if (dns_name_text(rdata, mem, &text))
		check_name(text);
	if (dns_mx_read(rdata, mem, &preference, &text)) {
		check_name(text);
		ENSURE(preference <= 65535);
	}
	if (dns_srv_read(rdata, mem, &srv)) {
		check_name(srv.target);
		ENSURE(srv.port <= 65535);
	}
	if (dns_txt_text(rdata, mem, &text))
		ENSURE(text.len < rdata.len);
}

static void
check_answer(
    enum dns_type type, const struct dns_answer *answer, struct arena *mem)
{
	struct slice text;
	unsigned int preference;
	struct dns_srv srv;

	check_name(answer->owner);
	for (size_t i = 0; i < answer->count; i++) {
		struct slice rdata = answer->records[i];

		/* What the zone's reader makes, the readers of records take. */
		switch (type) {
		case DNS_TXT:
			ENSURE(dns_txt_text(rdata, mem, &text));
			break;
		case DNS_MX:
			ENSURE(dns_mx_read(rdata, mem, &preference, &text));
			break;
		case DNS_SRV:
			ENSURE(dns_srv_read(rdata, mem, &srv));
			break;
		case DNS_CNAME:
		case DNS_NS:
		case DNS_PTR:
			ENSURE(dns_name_text(rdata, mem, &text));
			break;
		case DNS_A:
			ENSURE(rdata.len == 4);
			break;
		case DNS_AAAA:
			ENSURE(rdata.len == 16);
			break;
		case DNS_SOA:
			ENSURE(rdata.len >= 22);
			break;
		}
	}
}

static void
check_lookup(struct resolver *resolver, struct slice name)
{
	static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_CNAME,
		DNS_SOA, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_SRV };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct dns_client dns = { .resolver = resolver };
		struct dns_answer answer;
		enum dns_outcome outcome;
		struct arena mem;
		struct err err;

		arena_init(&mem);
		dns.mem = &mem;
		outcome = resolver_lookup(&dns, name, types[i], &answer, &err);
		if (outcome == DNS_FAILED) {
			ENSURE(err.kind == ERR_TEMP && err.text[0] != '\0');
		} else {
			ENSURE((outcome == DNS_FOUND) == (answer.count > 0));
			check_answer(types[i], &answer, &mem);
		}
		arena_done(&mem);
	}
}

/* Any octets as rdata, and as a zone whose words are names to ask for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = { (const char *)data, size };
	struct slice rest = input, word;
	struct resolver *resolver = NULL;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	check_rdata(input, &mem);
	arena_done(&mem);
	if (zone_resolver_new(input, "fuzz", &resolver, &err) != 0) {
		ENSURE(err.kind == ERR_CONFIG && resolver == NULL &&
		    slice_starts(slice_of(err.text), SLICE("fuzz:")));
		return 0;
	}
	for (size_t i = 0;
	     i < MAX_OWNERS && slice_next_item(&rest, " \t\r\n", &word); i++)
		check_lookup(resolver, word);
	resolver_unref(resolver);
	return 0;
}
