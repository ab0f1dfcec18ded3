/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "preflight/adsp.h"

static void
a_record_begins_with_its_practice(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: no record */
	} cases[] = {
		{ "dkim=unknown", "unknown" },
		{ "dkim=all", "all" },
		{ "dkim=discardable", "discardable" },
		{ "dkim = all ; x=1;", "all" },
		{ "dkim=never-heard-of", "unknown" },
		{ "dkim=ALL", "unknown" },
		{ "dkim=", "unknown" },
		{ "DKIM=all", NULL },
		{ " dkim=all", NULL },
		{ "x=1; dkim=all", NULL },
		{ "dkimx=all", NULL },
		{ "dkim=all; dkim=unknown", NULL },
		{ "dkim", NULL },
		{ "", NULL },
		{ "v=spf1 -all", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum adsp_practice practice = ADSP_FAILED;
		bool is = adsp_record_parse(slice_of(cases[i].text), &practice);

		if (is != (cases[i].want != NULL) ||
		    (is &&
			strcmp(adsp_practice_name(practice), cases[i].want) !=
			    0))
			fail_msg("%s: %s", cases[i].text,
			    is ? adsp_practice_name(practice) : "no record");
	}
}

static void
only_a_signature_of_the_author_domain_counts(void **state)
{
	static const struct {
		const char *zone;
		const char *signer;
		enum adsp_practice want;
		bool broken;
		const char *text;
	} cases[] = {
		{ "a.example. IN A 192.0.2.1\n", "", ADSP_NONE, false,
		    "a.example: no signing practice is published" },
		{ "a.example. IN MX 0 .\n"
		  "_adsp._domainkey.a.example. IN TXT \"dkim=all\"\n",
		    "", ADSP_ALL, true, "but there is no signature" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=all\"\n",
		    "a.example", ADSP_ALL, false, "and there is a signature" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=discardable\"\n",
		    "sub.a.example", ADSP_DISCARDABLE, true, "to discard" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=discardable\"\n",
		    "example", ADSP_DISCARDABLE, true, "to discard" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=unknown\"\n", "",
		    ADSP_UNKNOWN, false, "no signing practice" },
		{ "_adsp._domainkey.a.example. IN TXT \"v=spf1 -all\"\n", "",
		    ADSP_NONE, false, "no signing practice" },
		{ "_adsp._domainkey.a.example. IN TXT \"v=spf1 -all\"\n"
		  "_adsp._domainkey.a.example. IN TXT \"dkim=all\"\n",
		    "", ADSP_ALL, true, "no signature" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=all\"\n"
		  "_adsp._domainkey.a.example. IN TXT \"dkim=unknown\"\n",
		    "", ADSP_UNKNOWN, false, "no signing practice" },
		{ "_adsp._domainkey.a.example. IN TXT \"dkim=all\"\n"
		  "_adsp._domainkey.a.example. IN TXT \"dkim=discardable\"\n",
		    "", ADSP_UNKNOWN, false, "no signing practice" },
		{ "b.example. IN A 192.0.2.1\n", "a.example", ADSP_NO_DOMAIN,
		    false, "does not exist in DNS" },
		{ "a.example. IN FAIL\n", "", ADSP_FAILED, false,
		    "not known which signing practice" },
		{ "_adsp._domainkey.a.example. IN TIMEOUT\n", "", ADSP_FAILED,
		    false, "timed out" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice signers[] = { SLICE("other.example"),
			slice_of(cases[i].signer) };
		const struct passing passing = { .signers = signers,
			.signer_count = 2 };
		struct dns_client dns = { .deadline_us =
					      clock_monotonic_us() + 1000000,
			.mem = &mem };
		struct adsp adsp;
		struct err err;

		if (zone_resolver_new(slice_of(cases[i].zone), "zone",
			&dns.resolver, &err) != 0)
			fail_msg("%s", err.text);
		adsp_check(&dns, SLICE("a.example"), &passing, &adsp);
		resolver_unref(dns.resolver);
		if (adsp.practice != cases[i].want ||
		    adsp.broken != cases[i].broken ||
		    !slice_has_text_nocase(adsp.text, slice_of(cases[i].text)))
			fail_msg("%s: %s %d: %.*s", cases[i].zone,
			    adsp_practice_name(adsp.practice), adsp.broken,
			    SLICE_ARGS(adsp.text));
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_begins_with_its_practice),
		cmocka_unit_test(only_a_signature_of_the_author_domain_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
