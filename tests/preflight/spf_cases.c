/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks SPF for other programs, which speak to it in lines on its input:
 *
 *	zone COUNT		DNS from now on: the COUNT lines that follow
 *	check SCOPE CLIENT HELO SENDER
 *
 * SCOPE is the number of an enum spf_scope; HELO and SENDER are in hexadecimal
 * digits behind an "x". Each check is answered with one line of words: result,
 * terms, voids, result of libspf2 or "-", and then the fault, if there is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "preflight/spf.h"

static _Noreturn void
bad_input(const char *what)
{
	fprintf(stderr, "spf_cases: %s\n", what);
	exit(2);
}

static bool
next_line(struct arena *mem, struct slice *ret_line)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);

	if (len > 0)
		*ret_line = slice_trim(
		    slice_dup(mem, (struct slice){ line, (size_t)len }));
	free(line);
	return len > 0;
}

static struct resolver *
read_zone(unsigned long lines, struct arena *mem)
{
	struct resolver *resolver;
	struct strbuf text;
	struct slice line;
	struct err err;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	while (lines-- > 0) {
		if (!next_line(mem, &line))
			bad_input("the zone ends early");
		strbuf_add(&text, line);
		strbuf_add_char(&text, '\n');
	}
	if (zone_resolver_new(strbuf_slice(&text), "zone", &resolver, &err) !=
	    0)
		bad_input(err.text);
	return resolver;
}

static struct slice
from_hex(struct slice hex, struct arena *mem)
{
	struct strbuf text;

	strbuf_init(&text, mem);
	strbuf_add_cstr(&text, "");
	for (size_t i = 1; i + 1 < hex.len; i += 2)
		strbuf_add_char(&text,
		    (char)(char_hex_value(hex.data[i]) * 16 +
			char_hex_value(hex.data[i + 1])));
	return strbuf_slice(&text);
}

static void
check(struct resolver *resolver, struct slice words, struct arena *mem)
{
	const struct dns_client dns = { resolver,
		clock_monotonic_us() + 10000000, mem };
	struct slice scope, client, helo, sender;
	struct spf_request request;
	struct spf_report report;
	enum spf_result result, other;
	unsigned long number;

	if (!slice_next_item(&words, " ", &scope) ||
	    !slice_number(scope, SENDER_ID_PRA, &number) ||
	    !slice_next_item(&words, " ", &client) ||
	    !net_addr_parse(client, &request.client) ||
	    !slice_next_item(&words, " ", &helo) ||
	    !slice_next_item(&words, " ", &sender) || resolver == NULL)
		bad_input("a check that cannot be read");
	request.scope = (enum spf_scope)number;
	request.helo = from_hex(helo, mem);
	request.mail_from = from_hex(sender, mem);
	result = spf_check(&dns, &request, &report);
	printf("%s %u %u %s %s\n", spf_result_name(result), report.terms,
	    report.voids,
	    spf_libspf2_result(&dns, &request, &other) ?
		spf_result_name(other) :
		"-",
	    report.fault.text);
	fflush(stdout);
}

int
main(void)
{
	struct resolver *resolver = NULL;
	struct slice line, command;
	struct arena mem;
	unsigned long lines;

	arena_init(&mem);
	while (next_line(&mem, &line)) {
		if (!slice_next_item(&line, " ", &command))
			continue;
		if (slice_eq(command, SLICE("zone")) &&
		    slice_number(slice_trim(line), 100000, &lines)) {
			resolver_unref(resolver);
			resolver = read_zone(lines, &mem);
		} else if (slice_eq(command, SLICE("check"))) {
			check(resolver, line, &mem);
		} else {
			bad_input("an unknown command");
		}
		arena_done(&mem);
	}
	resolver_unref(resolver);
	arena_done(&mem);
	return 0;
}
