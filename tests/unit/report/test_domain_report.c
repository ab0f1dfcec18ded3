/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <time.h>

#include "base/clock.h"
#include "base/map.h"
#include "dns/resolver_zone.h"
#include "report/domain_report.h"

#define ZONE                                                  \
	"example.org. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n" \
	"example.org. IN MX 10 mail.example.org.\n"           \
	"mail.example.org. IN A 192.0.2.1\n"                  \
	"_dmarc.example.org. IN TXT \"v=DMARC1; p=none\"\n"

enum { NOW = 1700000000, DAY = 86400 };

/* Answers from a zone, secure but for one name, and counts. */
struct fake {
	struct resolver *zone;
	const char *insecure;	    /* names that end so */
	const char *failing;	    /* names that end so fail ... */
	enum dns_type failing_type; /* ... for this type; 0: for all */
	bool in_time;		    /* fails behind the deadline */
	const char *why;	    /* ... with this text ... */
	bool bogus;		    /* ... because DNSSEC refutes it */
	unsigned int prefetched;
	unsigned int prefetched_before_lookups;
	unsigned int lookups;
};

static bool
ends(struct slice name, const char *end)
{
	return end != NULL && slice_ends_nocase(name, slice_of(end));
}

static enum dns_outcome
fake_lookup(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	struct fake *fake = handle;
	enum dns_outcome outcome;

	if (fake->lookups++ == 0)
		fake->prefetched_before_lookups = fake->prefetched;
	if (fake->in_time && clock_monotonic_us() >= question->deadline_us) {
		err_set(err, ERR_TEMP, "timed out");
		return DNS_FAILED;
	}
	if (ends(question->name, fake->failing) &&
	    (fake->failing_type == 0 || fake->failing_type == question->type)) {
		ret_answer->bogus = fake->bogus;
		err_set(err, ERR_TEMP, "%s", fake->why);
		return DNS_FAILED;
	}
	outcome = resolver_pass_on(fake->zone, question, ret_answer, err);
	if (outcome != DNS_FAILED)
		ret_answer->secure = !ends(question->name, fake->insecure);
	return outcome;
}

static void
fake_prefetch(void *handle, struct slice name, enum dns_type type)
{
	struct fake *fake = handle;

	(void)name;
	(void)type;
	fake->prefetched++;
}

static void
fake_free(void *handle)
{
	struct fake *fake = handle;

	resolver_unref(fake->zone);
}

static const struct resolver_ops fake_ops = { fake_lookup, fake_prefetch,
	fake_free, false };

static const struct net_addr egress[] = { { 32, { 192, 0, 2, 1 } } };

static void
open_facts(struct domain_facts *facts, struct fake *fake, const char *zone)
{
	struct err err;

	assert_int_equal(
	    zone_resolver_new(slice_of(zone), "zone", &fake->zone, &err), 0);
	facts->resolver = resolver_new(&fake_ops, fake);
	if (facts->seconds == 0)
		facts->seconds = 5;
	facts->egress = egress;
	facts->egress_count = 1;
}

static void
make(struct fake *fake, const char *zone, const struct domain_facts *base,
    struct arena *mem, struct domain_report *report)
{
	struct domain_facts facts = *base;

	open_facts(&facts, fake, zone);
	domain_report_make(&facts, SLICE("example.org"), NULL, mem, report);
	resolver_unref(facts.resolver);
}

/* What is found of the service itself: HELO and the addresses. */
static void
make_of_service(struct fake *fake, const char *zone, struct arena *mem,
    struct domain_report *report)
{
	struct domain_facts facts = { .helo = SLICE("mail.example.org") };

	open_facts(&facts, fake, zone);
	service_report_make(&facts, mem, report);
	resolver_unref(facts.resolver);
}

/* The findings about a subject, "level:says level:says". */
static const char *
about(const struct domain_report *report, const char *subject)
{
	struct strbuf buf;

	strbuf_init(&buf, report->mem);
	strbuf_add_cstr(&buf, "");
	for (size_t i = 0; i < report->count; i++) {
		const struct domain_finding *f = &report->items[i];

		if (strcmp(f->about, subject) == 0)
			strbuf_addf(&buf, "%s%s:%.*s", buf.len > 0 ? " " : "",
			    domain_level_name(f->level), SLICE_ARGS(f->says));
	}
	return buf.data;
}

static void
test_dnssec_is_what_the_answers_about_the_domain_say(void **state)
{
	static const struct {
		const char *insecure, *failing, *why;
		bool bogus, validates;
		const char *wanted;
	} cases[] = {
		{ NULL, NULL, NULL, false, true, "ok:secure" },
		{ "mail.example.org", NULL, NULL, false, true, "note:partly" },
		{ "example.org", NULL, NULL, false, true, "note:insecure" },
		{ NULL, "example.org", "timed out", false, true,
		    "later:unknown" },
		{ NULL, "_dmarc.example.org", "no signature", true, true,
		    "error:bogus" },
		/* What the text says does not count. */
		{ NULL, "_dmarc.example.org", "bogus: why", false, true,
		    "ok:secure" },
		{ NULL, NULL, NULL, false, false, "note:unchecked" },
		/* Other domains do not count. */
		{ "_dmarc.org", NULL, NULL, false, true, "ok:secure" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake fake = { .insecure = cases[i].insecure,
			.failing = cases[i].failing,
			.why = cases[i].why,
			.bogus = cases[i].bogus };
		const struct domain_facts facts = { .validates =
							cases[i].validates };
		struct domain_report report;
		struct arena mem;

		arena_init(&mem);
		make(&fake, ZONE, &facts, &mem, &report);
		assert_string_equal(about(&report, "dnssec"), cases[i].wanted);
		arena_done(&mem);
	}
}

static void
test_what_fails_in_dns_is_not_known_and_no_error(void **state)
{
	struct fake fake = { .failing = "org", .why = "timed out" };
	const struct domain_facts facts = { .validates = false };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make(&fake, ZONE, &facts, &mem, &report);
	assert_string_equal(
	    about(&report, "spf"), "later:temperror later:temperror ok:0");
	assert_string_equal(about(&report, "dmarc"), "later:unknown");
	assert_string_equal(about(&report, "mx"), "later:unknown");
	for (size_t i = 0; i < report.count; i++)
		assert_int_not_equal(report.items[i].level, DOMAIN_ERROR);
	arena_done(&mem);
}

#define REVERSE "1.2.0.192.in-addr.arpa. IN PTR mail.example.org.\n"

static void
test_half_of_the_addresses_says_nothing_of_the_others(void **state)
{
	struct fake fake = { .failing = "mail.example.org",
		.failing_type = DNS_A,
		.why = "timed out" };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make_of_service(&fake,
	    ZONE REVERSE "mail.example.org. IN AAAA 2001:db8::1\n", &mem,
	    &report);
	assert_string_equal(about(&report, "ptr"), "later:unknown");
	assert_string_equal(about(&report, "helo"), "later:unknown");
	arena_done(&mem);
}

static void
test_each_of_many_addresses_counts(void **state)
{
	struct fake fake = { .failing = NULL };
	struct domain_report report;
	struct strbuf zone;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_add_cstr(&zone, REVERSE);
	for (int i = 40; i > 0; i--)
		strbuf_addf(&zone, "mail.example.org. IN A 192.0.2.%d\n", i);
	make_of_service(&fake, zone.data, &mem, &report);
	assert_string_equal(about(&report, "ptr"), "ok:confirmed");
	assert_string_equal(about(&report, "helo"), "ok:egress");
	arena_done(&mem);
}

static void
test_what_hangs_on_the_sender_is_said(void **state)
{
	const struct domain_facts facts = { .validates = false };
	struct fake fake = { .failing = NULL };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make(&fake,
	    "example.org. IN TXT \"v=spf1 exists:%{l}.ok.example "
	    "-all\"\npostmaster.ok.example. IN A 127.0.0.2\n",
	    &facts, &mem, &report);
	assert_non_null(strstr(about(&report, "spf"), "ok:pass"));
	assert_non_null(strstr(about(&report, "spf"), "note:differ"));
	arena_done(&mem);
}

/* "-all" is right for a domain that sends nothing; ours sends. */
static void
test_a_domain_of_ours_sends_mail_without_keys_too(void **state)
{
	static const char zone[] = "example.org. IN TXT \"v=spf1 -all\"\n";
	struct fake fake = { .failing = NULL };
	struct own_domains own = { .names = NULL };
	struct domain_facts facts = { .own = &own };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make(&fake, zone, &facts, &mem, &report);
	assert_non_null(strstr(about(&report, "spf"), "ok:fail"));
	own.mem = &mem;
	own.names = map_new(&mem);
	own_domains_add(&own, SLICE("example.org"));
	make(&fake, zone, &facts, &mem, &report);
	assert_non_null(strstr(about(&report, "spf"), "error:fail"));
	arena_done(&mem);
}

/* How much is asked for in advance with that between "v=spf1" and "?all". */
static unsigned int
prefetched_with(const char *begin, unsigned int terms)
{
	const struct domain_facts facts = { .validates = false };
	struct fake fake = { .failing = NULL };
	struct domain_report report;
	struct strbuf zone;
	struct arena mem;

	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_addf(&zone, "example.org. IN TXT \"v=spf1%s\"", begin);
	for (unsigned int i = 0; i < terms; i++)
		strbuf_addf(&zone, " \" a:%u.b.example\"", i);
	strbuf_add_cstr(&zone, " \" ?all\"\n");
	for (int record = 0; record < 2; record++) {
		strbuf_addf(&zone, "%s.example. IN TXT \"v=spf1\"",
		    record == 0 ? "many" : "more");
		for (int i = 0; i < 100; i++)
			strbuf_addf(
			    &zone, " \" a:%d.%d.c.example\"", i, record);
		strbuf_add_cstr(&zone, " \" -all\"\n");
	}
	make(&fake, zone.data, &facts, &mem, &report);
	arena_done(&mem);
	return fake.prefetched;
}

static void
test_no_more_is_prefetched_than_spf_may_need(void **state)
{
	unsigned int without = prefetched_with("", 0);

	(void)state;
	assert_int_equal(prefetched_with("", 3), without + 2 * 3);
	assert_int_equal(prefetched_with("", 100), without + 2 * 20);
	assert_int_equal(prefetched_with(" -all", 100), without);
	/* That is for all records together: two of the terms are "include". */
	assert_int_equal(prefetched_with(" include:many.example "
					 "include:more.example",
			     0),
	    without + 2 + 2 * 18);
}

static void
test_lookups_are_begun_together_before_the_first_is_waited_for(void **state)
{
	struct fake fake = { .insecure = NULL };
	const struct domain_facts facts = { .validates = false };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make(&fake, ZONE, &facts, &mem, &report);
	/* TXT, MX, A, AAAA, ADSP, two of DMARC, six SRV. */
	assert_int_equal(fake.prefetched_before_lookups, 13);
	arena_done(&mem);
}

struct probed {
	struct service_seen seen;
	unsigned int calls;
	enum service_kind kind;
	unsigned int port;
	char target[64];
};

static void
fake_probe(void *arg, const struct service_place *place, struct arena *mem,
    struct service_seen *ret_seen)
{
	struct probed *probed = arg;

	(void)mem;
	assert_int_equal(place->count, 1);
	assert_int_equal(place->addresses[0].octets[3], 1);
	probed->calls++;
	probed->kind = place->kind;
	probed->port = place->port;
	assert_true(place->target.len < sizeof(probed->target));
	memcpy(probed->target, place->target.data, place->target.len);
	probed->target[place->target.len] = '\0';
	*ret_seen = probed->seen;
}

static void
test_services_are_what_was_seen_of_them(void **state)
{
	const struct {
		struct service_seen seen;
		const char *wanted;
	} cases[] = {
		{ { SERVICE_DOWN, SLICE("refused"), false, false, 0 },
		    "error:down" },
		{ { SERVICE_SILENT, SLICE("x"), false, false, 0 },
		    "error:silent" },
		{ { SERVICE_PLAIN, SLICE("x"), false, false, 0 },
		    "error:plain" },
		{ { SERVICE_NO_TLS, SLICE("x"), false, false, 0 },
		    "error:no-tls" },
		{ { SERVICE_TLS, SLICE(""), true, true, NOW + 90 * DAY },
		    "ok:tls" },
		{ { SERVICE_TLS, SLICE(""), true, false, NOW + 90 * DAY },
		    "warning:untrusted" },
		{ { SERVICE_TLS, SLICE(""), false, true, NOW + 90 * DAY },
		    "error:name" },
		{ { SERVICE_TLS, SLICE(""), true, true, NOW + 14 * DAY },
		    "ok:tls" },
		{ { SERVICE_TLS, SLICE(""), true, true, NOW + 14 * DAY - 1 },
		    "ok:tls warning:expires" },
		{ { SERVICE_TLS, SLICE(""), true, true, NOW },
		    "error:expired" },
		{ { SERVICE_TLS, SLICE(""), false, false, NOW - 1 },
		    "error:name error:expired" },
	};

	(void)state;
	clock_set(NOW);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probed probed = { .seen = cases[i].seen };
		const struct domain_facts facts = { .probe = fake_probe,
			.probe_arg = &probed };
		struct fake fake = { .insecure = NULL };
		struct domain_report report;
		struct arena mem;

		arena_init(&mem);
		make(&fake,
		    ZONE "_submissions._tcp.example.org. IN SRV 0 1 "
			 "465 mail.example.org.\n",
		    &facts, &mem, &report);
		assert_string_equal(about(&report, "service"), cases[i].wanted);
		assert_int_equal(probed.calls, 1);
		assert_int_equal(probed.kind, SERVICE_SUBMISSIONS);
		assert_int_equal(probed.port, 465);
		assert_string_equal(probed.target, "mail.example.org");
		arena_done(&mem);
	}
	clock_set(0);
}

static void
slow_probe(void *arg, const struct service_place *place, struct arena *mem,
    struct service_seen *ret_seen)
{
	const struct timespec more = { .tv_sec = 1, .tv_nsec = 100000000 };

	(void)nanosleep(&more, NULL);
	fake_probe(arg, place, mem, ret_seen);
}

static void
test_a_silent_service_takes_no_time_from_dns(void **state)
{
	struct probed probed = { .seen = { .state = SERVICE_SILENT,
				     .why = SLICE("x") } };
	const struct domain_facts facts = {
		.probe = slow_probe, .probe_arg = &probed, .seconds = 1
	};
	struct fake fake = { .in_time = true };
	struct domain_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	make(&fake,
	    ZONE
	    "_submission._tcp.example.org. IN SRV 0 1 587 mail.example.org.\n"
	    "_imaps._tcp.example.org. IN SRV 0 1 993 mail.example.org.\n",
	    &facts, &mem, &report);
	assert_string_equal(
	    about(&report, "service"), "error:silent error:silent");
	arena_done(&mem);
}

static void
test_services_are_bounded(void **state)
{
	struct probed probed = { .seen = { .state = SERVICE_DOWN,
				     .why = SLICE("x") } };
	const struct domain_facts facts = { .probe = fake_probe,
		.probe_arg = &probed };
	struct fake fake = { .insecure = NULL };
	struct domain_report report;
	struct strbuf zone;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_add_cstr(&zone, ZONE);
	for (int i = 0; i < 50; i++)
		strbuf_addf(&zone,
		    "_imap._tcp.example.org. IN SRV 0 1 %d "
		    "mail.example.org.\n",
		    143 + i);
	make(&fake, zone.data, &facts, &mem, &report);
	assert_int_equal(probed.calls, 10);
	arena_done(&mem);
}

static void
test_findings_are_printable_lines(void **state)
{
	struct domain_report report = { .count = 0 };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	report.mem = &mem;
	domain_report_add(&report, DOMAIN_NOTE, "x", SLICE("a\x1b\xff"), "b\r",
	    SLICE("c\x7f\nd"), "%s", "e\n\x1b[31mf");
	assert_string_equal(report.items[0].item.data, "a??");
	assert_string_equal(report.items[0].says.data, "b?");
	assert_string_equal(report.items[0].publish.data, "c?\nd");
	assert_string_equal(report.items[0].text.data, "e??[31mf");
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_dnssec_is_what_the_answers_about_the_domain_say),
		cmocka_unit_test(
		    test_what_fails_in_dns_is_not_known_and_no_error),
		cmocka_unit_test(
		    test_half_of_the_addresses_says_nothing_of_the_others),
		cmocka_unit_test(test_each_of_many_addresses_counts),
		cmocka_unit_test(test_what_hangs_on_the_sender_is_said),
		cmocka_unit_test(
		    test_a_domain_of_ours_sends_mail_without_keys_too),
		cmocka_unit_test(test_no_more_is_prefetched_than_spf_may_need),
		cmocka_unit_test(
		    test_lookups_are_begun_together_before_the_first_is_waited_for),
		cmocka_unit_test(test_services_are_what_was_seen_of_them),
		cmocka_unit_test(test_a_silent_service_takes_no_time_from_dns),
		cmocka_unit_test(test_services_are_bounded),
		cmocka_unit_test(test_findings_are_printable_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
