/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/clock.h"
#include "config.h"
#include "dns/resolver_zone.h"
#include "preflight/spf_record.h"

static struct resolver *
open_zone(const char *text)
{
	struct resolver *resolver;
	struct err err;

	if (zone_resolver_new(slice_of(text), "zone", &resolver, &err) != 0)
		fail_msg("%s", err.text);
	return resolver;
}

static struct spf_request
request_of(const char *client, const char *helo, const char *mail_from)
{
	struct spf_request request = { .helo = slice_of(helo),
		.mail_from = slice_of(mail_from) };

	assert_true(net_addr_parse(slice_of(client), &request.client));
	return request;
}

static enum spf_result
check(struct resolver *resolver, const struct spf_request *request,
    struct arena *mem, struct spf_report *ret_report)
{
	const struct dns_client dns = { resolver,
		clock_monotonic_us() + 1000000, mem };

	return spf_check(&dns, request, ret_report);
}

static void
check_result(const char *name, enum spf_result got, enum spf_result want)
{
	if (got != want)
		fail_msg("%s: %s instead of %s", name, spf_result_name(got),
		    spf_result_name(want));
}

static void
records_follow_the_grammar(void **state)
{
	static const struct {
		const char *record;
		const char *fault; /* in its text; NULL: a valid record */
	} cases[] = {
		{ "v=spf1", NULL },
		{ "V=SPF1 A MX PTR -ALL", NULL },
		{ "v=spf1  ip4:192.0.2.0/24   -all ", NULL },
		{ "v=spf1 ip4:0.0.0.0/0 ip6:::/0 a/0 mx//0 a/0//0", NULL },
		{ "v=spf1 a:example.org/24//64 mx:%{d}/32//128", NULL },
		{ "v=spf1 a:foo:bar/baz.example.org", NULL },
		{ "v=spf1 a:_x.%{ir}.%{v}._spf.%{d2}", NULL },
		{ "v=spf1 exists:%{l1r+-}.%{o,_=/.}.%{S}", NULL },
		{ "v=spf1 a:x.%% a:x.%_ a:x.%-", NULL },
		{ "v=spf1 a:example.xn--p1ai a:example.c-1 a:.org", NULL },
		{ "v=spf1 redirect=_spf.example.org exp=x.%{d}", NULL },
		{ "v=spf1 a-b_c.d=%{t}/x: moo= moo=", NULL },
		{ "v=spf1 include:example.org. ?include:%{h}", NULL },
		{ "spf2.0/pra,mfrom +mx -all", NULL },
		{ "v=spf10 -all", "no \"v=spf1\"" },
		{ "v=spf1\t-all", "no \"v=spf1\"" },
		{ "spf2.1/pra -all", "no \"v=spf1\"" },
		{ "", "no \"v=spf1\"" },
		{ "v=spf1 a\t-all", "not printable" },
		{ "v=spf1 a:\303\244.example.org", "not printable" },
		{ "v=spf1 foo", "unknown mechanism \"foo\"" },
		{ "v=spf1 inlcude:example.org", "\"include\" meant?" },
		{ "v=spf1 -all,", "unknown mechanism \"all,\"" },
		{ "v=spf1 --all", "unknown mechanism" },
		{ "v=spf1 -", "unknown mechanism" },
		{ "v=spf1 =x", "unknown mechanism" },
		{ "v=spf1 1up=x", "unknown mechanism" },
		{ "v=spf1 -redirect=example.org", "unknown mechanism" },
		{ "v=spf1 redirect:example.org", "a modifier" },
		{ "v=spf1 192.0.2.1", "without \"ip4:\"" },
		{ "v=spf1 2001:db8::1", "without \"ip4:\"" },
		{ "v=spf1 all:x", "text behind \"all\"" },
		{ "v=spf1 all/24", "text behind \"all\"" },
		{ "v=spf1 a/33", "prefix length" },
		{ "v=spf1 a//129", "prefix length" },
		{ "v=spf1 a/024", "prefix length" },
		{ "v=spf1 a/00", "prefix length" },
		{ "v=spf1 a/99999999999999999999", "prefix length" },
		{ "v=spf1 a/24/64", "prefix length" },
		{ "v=spf1 a/24/24", "text behind the mechanism" },
		{ "v=spf1 a//64/24", "text behind the mechanism" },
		{ "v=spf1 a/", "text behind the mechanism" },
		{ "v=spf1 a:", "empty domain name" },
		{ "v=spf1 a:/24", "empty domain name" },
		{ "v=spf1 a:localhost", "top-level domain" },
		{ "v=spf1 a:example.org:25", "top-level domain" },
		{ "v=spf1 a:example.123", "top-level domain" },
		{ "v=spf1 a:example.-org", "top-level domain" },
		{ "v=spf1 a:example.org-", "top-level domain" },
		{ "v=spf1 a:%{d}org", "top-level domain" },
		{ "v=spf1 a:example..", "top-level domain" },
		{ "v=spf1 a:192.0.2.1", "\"ip4:\" and" },
		{ "v=spf1 mx:2001:db8::1", "\"ip4:\" and" },
		{ "v=spf1 include", "domain name is missing" },
		{ "v=spf1 exists", "domain name is missing" },
		{ "v=spf1 include/24", "text behind the mechanism" },
		{ "v=spf1 exists:example.org/24", "top-level domain" },
		{ "v=spf1 ptr/0", "text behind the mechanism" },
		{ "v=spf1 ip4", "address is missing" },
		{ "v=spf1 ip4:", "not an IPv4 address" },
		{ "v=spf1 ip4:192.0.2", "not an IPv4 address" },
		{ "v=spf1 ip4:192.0.02.1", "not an IPv4 address" },
		{ "v=spf1 ip4:192.0.2.1:25", "not an IPv4 address" },
		{ "v=spf1 ip4:[192.0.2.1]", "not an IPv4 address" },
		{ "v=spf1 ip4:192.0.2.1//32", "not an IPv4 address" },
		{ "v=spf1 ip4:192.0.2.1/33", "prefix length" },
		{ "v=spf1 ip6:192.0.2.1", "not an IPv6 address" },
		{ "v=spf1 ip6:IPv6:2001:db8::1", "not an IPv6 address" },
		{ "v=spf1 ip6:2001:db8::/129", "prefix length" },
		{ "v=spf1 a:%{x}.org", "unknown letter" },
		{ "v=spf1 a:%{", "unknown letter" },
		{ "v=spf1 a:%{d", "does not end" },
		{ "v=spf1 a:%{d!}.org", "does not end" },
		{ "v=spf1 a:%{dr2}.org", "does not end" },
		{ "v=spf1 a:%{d0}.org", "0 parts" },
		{ "v=spf1 a:%(d).org", "does not begin a macro" },
		{ "v=spf1 a:x.org%", "does not begin a macro" },
		{ "v=spf1 a:%{c}.org", "only explanations" },
		{ "v=spf1 exp=%{r}.example.org", "only explanations" },
		{ "v=spf1 x=%{z}", "unknown letter" },
		{ "v=spf1 exp=", "empty domain name" },
		{ "v=spf1 redirect=-all", "top-level domain" },
		{ "v=spf1 exp=a.org EXP=a.org", "second one" },
		{ "v=spf1 redirect=a.org redirect=b.org", "second one" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .kind = ERR_NONE };
		struct spf_record record;
		int got = spf_record_parse(
		    slice_of(cases[i].record), &mem, &record, &err);

		if (got != (cases[i].fault == NULL ? 0 : -1) ||
		    (got != 0 &&
			(err.kind != ERR_DATA ||
			    strstr(err.text, cases[i].fault) == NULL)))
			fail_msg("%s: %s", cases[i].record, err.text);
	}
	arena_done(&mem);
}

static const char world[] =
    "h1.example.org. IN A 192.0.2.1\n"
    "h1.example.org. IN AAAA 2001:db8::1\n"
    "a.h1.example.org. IN A 127.0.0.2\n"
    "no.example.org. IN TXT \"x\"\n"
    "slow.example.org. IN TIMEOUT\n"
    "1.2.0.192.in-addr.arpa. IN PTR slow.example.org.\n"
    "1.2.0.192.in-addr.arpa. IN PTR H1.Example.Org.\n"
    "9.2.0.192.in-addr.arpa. IN TIMEOUT\n"
    "x\\032y.example.org. IN A 192.0.2.1\n"
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
    "ip6.six.example.org. IN A 127.0.0.2\n"
    "ip4.example.org. IN TXT \"v=spf1 ip4:192.0.2.0/28 -all\"\n"
    "loop.example.org. IN TXT \"v=spf1 ip4:127.0.0.0/8 ip6:::1 -all\"\n"
    "deep.example.org. IN TXT \"v=spf1 include:ip4.example.org ~all\"\n"
    "deeper.example.org. IN TXT \"v=spf1 ?include:deep.example.org -all\"\n"
    "away.example.org. IN TXT \"v=spf1 redirect=deep.example.org\"\n"
    "lost.example.org. IN TXT \"v=spf1 redirect=no.example.org\"\n"
    "hole.example.org. IN TXT \"v=spf1 include:no.example.org\"\n"
    "bad.example.org. IN TXT \"v=spf1 include:worse.example.org -all\"\n"
    "worse.example.org. IN TXT \"v=spf1 foo -all\"\n"
    "two.example.org. IN TXT \"v=spf1 -all\"\n"
    "two.example.org. IN TXT \"v=spf1 +all\"\n"
    "ring.example.org. IN TXT \"v=spf1 a:h1.example.org/1 mx\" "
    "\" include:ring.example.org\"\n"
    "ring.example.org. IN MX 0 .\n"
    "wait.example.org. IN TXT \"v=spf1 a:slow.example.org -all\"\n"
    "ptr.example.org. IN TXT \"v=spf1 ptr:example.org -all\"\n"
    "p.example.org. IN TXT \"v=spf1 exists:a.%{p} -all\"\n"
    "i.example.org. IN TXT \"v=spf1 exists:%{ir}.%{v}.six.%{d2} -all\"\n"
    "blank.example.org. IN TXT \"v=spf1 a:x%_y.example.org -all\"\n"
    "local.example.org. IN TXT \"v=spf1 -exists:%{l}.h1.example.org ?all\"\n"
    "exp.example.org. IN TXT \"v=spf1 exp=h1.example.org -all\"\n"
    "void.example.org. IN TXT \"v=spf1 a:no.example.org mx:no.example.org\" "
    "\" exists:gone.example.org +all\"\n"
    "long.example.org. IN TXT \"v=spf1 a:%{l}.%{l}.%{l}.example.org -all\"\n"
    "localhost. IN TXT \"v=spf1 +all\"\n"
    "six.example.org. IN TXT \"v=spf1 ip6:c000:201:: ip6:c000:201::/0 -all\"\n"
    "under.example.org. IN TXT \"v=spf1 ptr:1.example.org -all\"\n"
    "url.example.org. IN TXT \"v=spf1 exists:%{L}.example.org -all\"\n"
    "a\\03726\\0372Fb~.example.org. IN A 127.0.0.2\n"
    "self.example.org. IN TXT \"v=spf1 exists:%{p}.p.example.org -all\"\n"
    "self.example.org.p.example.org. IN A 127.0.0.2\n"
    "self.example.org. IN A 192.0.2.7\n"
    "a.self.example.org. IN A 192.0.2.7\n"
    "7.2.0.192.in-addr.arpa. IN PTR h1.example.org.\n"
    "7.2.0.192.in-addr.arpa. IN PTR a.self.example.org.\n"
    "7.2.0.192.in-addr.arpa. IN PTR self.example.org.\n"
    "names.example.org. IN TXT \"v=spf1 a:a..example.org a:..org \" "
    "\"a:a123456789012345678901234567890123456789012345678901234567890123\" "
    "\".org include:ip4.example.org -all\"\n"
    "xn--bcher-kva.example. IN TXT \"v=spf1 +all\"\n";

static void
results_come_with_their_reasons(void **state)
{
	static const struct {
		const char *client, *mail_from;
		enum spf_result want;
		unsigned int terms, voids;
		const char *domain, *mechanism;
		const char *fault; /* NULL: none */
	} cases[] = {
		{ "192.0.2.1", "u@ip4.example.org", SPF_PASS, 0, 0,
		    "ip4.example.org", "ip4:192.0.2.0/28", NULL },
		{ "192.0.2.16", "u@ip4.example.org", SPF_FAIL, 0, 0,
		    "ip4.example.org", "-all", NULL },
		{ "2001:db8::1", "u@ip4.example.org", SPF_FAIL, 0, 0,
		    "ip4.example.org", "-all", NULL },
		{ "127.0.0.1", "u@ip4.example.org", SPF_FAIL, 0, 0,
		    "ip4.example.org", "-all", NULL },
		{ "127.0.0.1", "u@loop.example.org", SPF_PASS, 0, 0,
		    "loop.example.org", "ip4:127.0.0.0/8", NULL },
		{ "::1", "u@ip4.example.org", SPF_FAIL, 0, 0, "ip4.example.org",
		    "-all", NULL },
		{ "192.0.2.1", "u@deeper.example.org", SPF_NEUTRAL, 2, 0,
		    "deeper.example.org",
		    "?include:deep.example.org > "
		    "include:ip4.example.org > ip4:192.0.2.0/28",
		    NULL },
		{ "192.0.2.99", "u@deep.example.org", SPF_SOFTFAIL, 1, 0,
		    "deep.example.org", "~all", NULL },
		{ "192.0.2.99", "u@away.example.org", SPF_SOFTFAIL, 2, 0,
		    "deep.example.org", "~all", NULL },
		{ "192.0.2.1", "u@lost.example.org", SPF_PERMERROR, 1, 0,
		    "lost.example.org", "",
		    "\"redirect=no.example.org\": no SPF record at "
		    "no.example.org" },
		{ "192.0.2.1", "u@hole.example.org", SPF_PERMERROR, 1, 0,
		    "hole.example.org", "",
		    "\"include:no.example.org\": no SPF record at "
		    "no.example.org" },
		{ "192.0.2.1", "u@bad.example.org", SPF_PERMERROR, 1, 0,
		    "worse.example.org", "", "unknown mechanism \"foo\"" },
		{ "192.0.2.1", "u@two.example.org", SPF_PERMERROR, 0, 0,
		    "two.example.org", "", "2 SPF records at two.example.org" },
		{ "10.0.0.1", "u@ring.example.org", SPF_PERMERROR, 10, 0,
		    "ring.example.org", "",
		    "more than 10 terms that cause DNS lookups" },
		{ "192.0.2.1", "u@wait.example.org", SPF_TEMPERROR, 1, 0,
		    "wait.example.org", "",
		    "A of slow.example.org: timed out" },
		{ "192.0.2.1", "u@void.example.org", SPF_PERMERROR, 3, 3,
		    "void.example.org", "", "more than 2 lookups that find" },
		{ "192.0.2.1", "u@ptr.example.org", SPF_PASS, 1, 0,
		    "ptr.example.org", "ptr:example.org", NULL },
		{ "192.0.2.9", "u@ptr.example.org", SPF_FAIL, 1, 0,
		    "ptr.example.org", "-all", NULL },
		{ "192.0.2.1", "u@p.example.org", SPF_PASS, 1, 0,
		    "p.example.org", "exists:a.%{p}", NULL },
		{ "192.0.2.2", "u@p.example.org", SPF_FAIL, 1, 2,
		    "p.example.org", "-all", NULL },
		{ "2001:db8::1", "u@i.example.org", SPF_PASS, 1, 0,
		    "i.example.org", "exists:%{ir}.%{v}.six.%{d2}", NULL },
		{ "192.0.2.1", "u@blank.example.org", SPF_PASS, 1, 0,
		    "blank.example.org", "a:x%_y.example.org", NULL },
		{ "192.0.2.1", "a@local.example.org", SPF_FAIL, 1, 0,
		    "local.example.org", "-exists:%{l}.h1.example.org", NULL },
		{ "192.0.2.1", "\303\244@local.example.org", SPF_NEUTRAL, 1, 0,
		    "local.example.org", "?all", NULL },
		{ "192.0.2.1", "u@exp.example.org", SPF_FAIL, 0, 0,
		    "exp.example.org", "-all", NULL },
		{ "192.0.2.1", "u@b\303\274cher.example", SPF_PASS, 0, 0,
		    "xn--bcher-kva.example", "+all", NULL },
		{ "192.0.2.1", "", SPF_PASS, 1, 0, "deep.example.org",
		    "include:ip4.example.org > ip4:192.0.2.0/28", NULL },
		{ "192.0.2.1", "u@no.example.org", SPF_NONE, 0, 0,
		    "no.example.org", "", NULL },
		{ "192.0.2.1", "u@gone.example.org", SPF_NONE, 0, 0,
		    "gone.example.org", "", NULL },
		{ "192.0.2.1", "u@slow.example.org", SPF_TEMPERROR, 0, 0,
		    "slow.example.org", "", "TXT of slow.example.org" },
		{ "192.0.2.1", "u@six.example.org", SPF_FAIL, 0, 0,
		    "six.example.org", "-all", NULL },
		{ "192.0.2.1", "u@under.example.org", SPF_FAIL, 1, 0,
		    "under.example.org", "-all", NULL },
		{ "192.0.2.1", "a&/b~@url.example.org", SPF_PASS, 1, 0,
		    "url.example.org", "exists:%{L}.example.org", NULL },
		{ "192.0.2.7", "u@self.example.org", SPF_PASS, 1, 0,
		    "self.example.org", "exists:%{p}.p.example.org", NULL },
		/* Names that cannot exist are not looked up, so not void. */
		{ "192.0.2.1", "u@names.example.org", SPF_PASS, 4, 0,
		    "names.example.org",
		    "include:ip4.example.org > "
		    "ip4:192.0.2.0/28",
		    NULL },
		{ "192.0.2.1", "u@localhost", SPF_NONE, 0, 0, "localhost", "",
		    NULL },
		{ "192.0.2.1", "u@a..example.org", SPF_NONE, 0, 0,
		    "a..example.org", "", NULL },
		{ "192.0.2.1", "u@[192.0.2.1]", SPF_NONE, 0, 0, "", "", NULL },
		{ "192.0.2.1", "u@\377.example.org", SPF_NONE, 0, 0, "", "",
		    NULL },
		{ "192.0.2.1", "u@", SPF_NONE, 0, 0, "", "", NULL },
	};
	struct resolver *resolver = open_zone(world);
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_request request = request_of(
		    cases[i].client, "deep.example.org", cases[i].mail_from);
		struct spf_report report;
		const char *name = cases[i].mail_from;

		check_result(name, check(resolver, &request, &mem, &report),
		    cases[i].want);
		check_slice(name, report.domain, cases[i].domain);
		check_slice(name, report.mechanism, cases[i].mechanism);
		if (report.terms != cases[i].terms ||
		    report.voids != cases[i].voids)
			fail_msg("%s: %u terms, %u void", name, report.terms,
			    report.voids);
		if (cases[i].fault == NULL ?
			report.fault.kind != ERR_NONE :
			strstr(report.fault.text, cases[i].fault) == NULL)
			fail_msg("%s: %s", name, report.fault.text);
	}
	arena_done(&mem);
	resolver_unref(resolver);
}

/* The record of a domain as it stands in the zone, and what went wrong. */
static void
reports_show_records_and_passed_over_failures(void **state)
{
	struct resolver *resolver = open_zone(world);
	struct spf_request request =
	    request_of("192.0.2.9", "x", "u@ptr.example.org");
	struct spf_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_result("ptr", check(resolver, &request, &mem, &report), SPF_FAIL);
	assert_true(report.ptr);
	assert_int_equal(report.fault.kind, ERR_NONE);
	assert_int_equal(report.ptr_fault.kind, ERR_TEMP);
	assert_non_null(strstr(report.ptr_fault.text, "9.2.0.192.in-addr"));
	check_slice("record", report.record, "v=spf1 ptr:example.org -all");
	/* For others DNS may not fail. */
	check_result("foreseen ptr",
	    spf_foresee(&(struct dns_client){ resolver,
			    clock_monotonic_us() + 1000000, &mem },
		&request, &report),
	    SPF_TEMPERROR);
	assert_int_equal(report.fault.kind, ERR_TEMP);
	assert_non_null(strstr(report.fault.text, "9.2.0.192.in-addr"));
	request.mail_from = SLICE("u@bad.example.org");
	check_result(
	    "bad", check(resolver, &request, &mem, &report), SPF_PERMERROR);
	assert_false(report.ptr);
	assert_int_equal(report.fault.kind, ERR_DATA);
	assert_int_equal(report.ptr_fault.kind, ERR_NONE);
	check_slice("record", report.record, "v=spf1 foo -all");
	request = request_of("10.0.0.1", "x", "u@ring.example.org");
	check_result(
	    "ring", check(resolver, &request, &mem, &report), SPF_PERMERROR);
	assert_int_equal(report.fault.kind, ERR_LIMIT);
	arena_done(&mem);
	resolver_unref(resolver);
}

static void
an_explanation_is_never_fetched(void **state)
{
	struct resolver *resolver = open_zone(world);
	struct spf_request request =
	    request_of("192.0.2.1", "x", "u@exp.example.org");
	struct spf_report report;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_result("exp", check(resolver, &request, &mem, &report), SPF_FAIL);
	assert_int_equal(zone_resolver_lookups(resolver), 1);
	arena_done(&mem);
	resolver_unref(resolver);
}

/* COUNT hosts, of which the last one is the client's. */
static struct resolver *
hosts_zone(unsigned int count, const char *record, const char *owner,
    const char *type, struct arena *mem)
{
	struct strbuf zone;

	strbuf_init(&zone, mem);
	strbuf_addf(&zone, "d.example. IN TXT \"%s\"\n", record);
	for (unsigned int i = 1; i <= count; i++)
		strbuf_addf(&zone,
		    "%s IN %s h%u.d.example.\n"
		    "h%u.d.example. IN A 192.0.2.%u\n",
		    owner, type, i, i, i == count ? 1 : i + 100);
	return open_zone(zone.data);
}

static void
hosts_of_mx_and_ptr_are_limited(void **state)
{
	static const struct {
		const char *record, *owner, *type;
		unsigned int count;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 mx -all", "d.example.", "MX 0", 10, SPF_PASS },
		{ "v=spf1 mx -all", "d.example.", "MX 0", 11, SPF_PERMERROR },
		{ "v=spf1 ptr -all", "1.2.0.192.in-addr.arpa.", "PTR", 10,
		    SPF_PASS },
		{ "v=spf1 ptr -all", "1.2.0.192.in-addr.arpa.", "PTR", 11,
		    SPF_FAIL },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolver *resolver = hosts_zone(cases[i].count,
		    cases[i].record, cases[i].owner, cases[i].type, &mem);
		struct spf_request request =
		    request_of("192.0.2.1", "x", "u@d.example");
		struct spf_report report;

		check_result(cases[i].record,
		    check(resolver, &request, &mem, &report), cases[i].want);
		resolver_unref(resolver);
	}
	arena_done(&mem);
}

/* What is void in one "ptr" is void in the next one, and %{p} is one of them. */
static void
each_ptr_counts_its_void_lookups(void **state)
{
	static const struct {
		const char *record;
		enum spf_result want;
	} cases[] = {
		{ "v=spf1 ptr ptr ?all", SPF_NEUTRAL },
		{ "v=spf1 ptr ptr ptr ?all", SPF_PERMERROR },
		{ "v=spf1 exists:%{p}.%{p}.%{p}.d.example ?all", SPF_NEUTRAL },
		{ "v=spf1 exists:%{p}.d.example ptr ?all", SPF_PERMERROR },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolver *resolver = open_zone(slice_format(
		    &mem, "d.example. IN TXT \"%s\"\n", cases[i].record)
							  .data);
		struct spf_request request =
		    request_of("192.0.2.1", "x", "u@d.example");
		struct spf_report report;

		check_result(cases[i].record,
		    check(resolver, &request, &mem, &report), cases[i].want);
		resolver_unref(resolver);
	}
	arena_done(&mem);
}

static void
sender_id_has_records_of_its_own(void **state)
{
	static const char zone[] =
	    "one.example. IN TXT \"v=spf1 +all\"\n"
	    "pra.example. IN TXT \"v=spf1 +all\"\n"
	    "pra.example. IN TXT \"SPF2.0/pra ~all\"\n"
	    "both.example. IN TXT \"spf2.0/mfrom,pra ?all\"\n"
	    "twice.example. IN TXT \"spf2.0/pra -all\"\n"
	    "twice.example. IN TXT \"spf2.0/pra,mfrom -all\"\n"
	    "other.example. IN TXT \"spf2.0/x.y ?all\"\n"
	    "other.example. IN TXT \"v=spf1 +all\"\n"
	    "in.example. IN TXT \"spf2.0/pra include:one.example -all\"\n"
	    "bad.example. IN TXT \"spf2.0/pra foo\"\n"
	    "no.example. IN TXT \"spf2.0pra -all\"\n";
	static const struct {
		const char *domain;
		enum spf_result v1, mfrom, pra;
	} cases[] = {
		{ "one.example", SPF_PASS, SPF_PASS, SPF_PASS },
		{ "pra.example", SPF_PASS, SPF_NONE, SPF_SOFTFAIL },
		{ "both.example", SPF_NONE, SPF_NEUTRAL, SPF_NEUTRAL },
		{ "twice.example", SPF_NONE, SPF_FAIL, SPF_PERMERROR },
		{ "other.example", SPF_PASS, SPF_NONE, SPF_NONE },
		{ "in.example", SPF_NONE, SPF_NONE, SPF_PASS },
		{ "bad.example", SPF_NONE, SPF_NONE, SPF_PERMERROR },
		{ "no.example", SPF_NONE, SPF_NONE, SPF_NONE },
		{ "gone.example", SPF_NONE, SPF_NONE, SPF_FAIL },
	};
	struct resolver *resolver = open_zone(zone);
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_request request = request_of("192.0.2.1", "x",
		    slice_format(&mem, "u@%s", cases[i].domain).data);
		struct spf_report report;

		request.scope = SPF_MAIL_FROM_V1;
		check_result(cases[i].domain,
		    check(resolver, &request, &mem, &report), cases[i].v1);
		request.scope = SENDER_ID_MFROM;
		check_result(cases[i].domain,
		    check(resolver, &request, &mem, &report), cases[i].mfrom);
		request.scope = SENDER_ID_PRA;
		check_result(cases[i].domain,
		    check(resolver, &request, &mem, &report), cases[i].pra);
	}
	arena_done(&mem);
	resolver_unref(resolver);
}

/* text COUNT times, as strings of one TXT record behind "v=spf1 ". */
static struct resolver *
repeated_zone(
    const char *text, unsigned int count, const char *end, struct arena *mem)
{
	struct strbuf zone;

	strbuf_init(&zone, mem);
	strbuf_add_cstr(&zone, "d.example. IN TXT \"v=spf1 \"");
	while (count-- > 0)
		strbuf_addf(&zone, " \"%s\"", text);
	strbuf_addf(&zone, " \"%s\"\nh.d.example. IN A 192.0.2.1\n", end);
	return open_zone(zone.data);
}

static void
long_records_take_bounded_memory(void **state)
{
	enum { MAX_BYTES = 2 * 1024 * 1024 };
	static const struct {
		const char *text;
		unsigned int count;
		const char *end;
		enum spf_result want;
	} cases[] = {
		{ "a:%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}", 1, ".d.example ?all",
		    SPF_NEUTRAL },
		{ "%{s}.%{S}.%{sr}.", 1, "x ?all", SPF_PERMERROR },
		{ "ip4:192.0.2.9 ", 500, "+all", SPF_PASS },
		{ "x=%{s}%{s}%{s} ", 500, "+all", SPF_PASS },
		{ "......................", 300, "+all", SPF_PERMERROR },
		{ "a ", 4000, "+all", SPF_PERMERROR },
		{ "ip4:192.0.2.9 ", 1000, "+all", SPF_PERMERROR },
	};
	char local[900];
	struct arena mem;

	(void)state;
	memset(local, 'l', sizeof(local));
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolver *resolver = repeated_zone(
		    cases[i].text, cases[i].count, cases[i].end, &mem);
		struct spf_request request = request_of("192.0.2.1", "x",
		    slice_format(
			&mem, "%.*s@d.example", (int)sizeof(local), local)
			.data);
		struct spf_report report;
		size_t before = mem.used_bytes;

		check_result(cases[i].text,
		    check(resolver, &request, &mem, &report), cases[i].want);
		assert_true(mem.used_bytes - before < MAX_BYTES);
		resolver_unref(resolver);
	}
	arena_done(&mem);
}

/* A name of 253 octets is whole; of one of 254 the first label is cut off. */
static void
names_of_253_octets_are_whole(void **state)
{
	static const struct {
		const char *first, *client;
	} cases[] = {
		{ "aa", "192.0.2.1" },
		{ "aaa", "192.0.2.2" },
	};
	struct strbuf rest;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	strbuf_init(&rest, &mem);
	for (int i = 0; i < 242; i++)
		strbuf_add_char(&rest, i % 64 == 63 ? '.' : 'l');
	strbuf_add_cstr(&rest, ".example");
	assert_int_equal(rest.len, 250);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_request request =
		    request_of(cases[i].client, "x", "u@d.example");
		struct resolver *resolver = open_zone(slice_format(&mem,
		    "d.example. IN TXT \"v=spf1 a:%s.\" \"%s\" \" -all\"\n"
		    "aa.%s. IN A 192.0.2.1\n%s. IN A 192.0.2.2\n",
		    cases[i].first, rest.data, rest.data, rest.data)
							  .data);
		struct spf_report report;

		check_result(cases[i].first,
		    check(resolver, &request, &mem, &report), SPF_PASS);
		resolver_unref(resolver);
	}
	arena_done(&mem);
}

/* One term whose macros make 6 MB is cut from the left, as section 7.3 says. */
static void
long_expansions_are_cut_from_the_left(void **state)
{
	struct arena mem;
	struct resolver *resolver;
	struct spf_request request;
	struct spf_report report;
	struct strbuf zone;
	size_t before;

	(void)state;
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_add_cstr(&zone, "d.example. IN TXT \"v=spf1 a:\"");
	for (int i = 0; i < 600; i++)
		strbuf_add_cstr(&zone, " \"%{l}.%{lr-}.\"");
	strbuf_add_cstr(&zone, " \"h.d.example -all\"\n");
	/* The last 253 octets that begin with a label. */
	for (int i = 0; i < 121; i++)
		strbuf_add_cstr(&zone, "a.");
	strbuf_add_cstr(&zone, "h.d.example. IN A 192.0.2.1\n");
	resolver = open_zone(zone.data);
	strbuf_init(&zone, &mem);
	for (int i = 0; i < 900; i++)
		strbuf_add_cstr(&zone, i % 2 == 0 ? "a" : ".");
	strbuf_add_cstr(&zone, "a@d.example");
	request = request_of("192.0.2.1", "x", zone.data);
	before = mem.used_bytes;
	check_result(
	    "long", check(resolver, &request, &mem, &report), SPF_PASS);
	assert_true(mem.used_bytes - before < 256 * 1024);
	request.mail_from = slice_format(&mem, "%s%s",
	    "aaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaa",
	    zone.data);
	check_result(
	    "too long", check(resolver, &request, &mem, &report), SPF_NONE);
	arena_done(&mem);
	resolver_unref(resolver);
}

static bool
ask_libspf2(struct resolver *resolver, const struct spf_request *request,
    enum spf_result *ret_result)
{
	const struct dns_client dns = { .resolver = resolver,
		.deadline_us = clock_monotonic_us() + 1000000 };

	return spf_libspf2_result(&dns, request, ret_result);
}

static void
libspf2_is_asked_where_that_is_safe(void **state)
{
	static const struct {
		const char *client, *helo, *mail_from;
		bool asked;
		enum spf_result want;
	} cases[] = {
		{ "192.0.2.1", "x.example", "u@deep.example.org", true,
		    SPF_PASS },
		{ "192.0.2.99", "x.example", "u@deep.example.org", true,
		    SPF_SOFTFAIL },
		{ "192.0.2.1", "deep.example.org", "", true, SPF_PASS },
		{ "2001:db8::1", "x.example", "u@i.example.org", true,
		    SPF_PASS },
		{ "192.0.2.99", "x.example", "u@ptr.example.org", true,
		    SPF_FAIL },
		/* It does not pass over failures of names of PTR. */
		{ "192.0.2.1", "x.example", "u@ptr.example.org", true,
		    SPF_TEMPERROR },
		{ "192.0.2.1", "x.example", "u@gone.example.org", true,
		    SPF_NONE },
		{ "192.0.2.1", "x.example", "u@wait.example.org", true,
		    SPF_TEMPERROR },
		{ "192.0.2.1", "x.example", "u@exp.example.org", true,
		    SPF_FAIL },
		/* It knows no limit on void lookups. */
		{ "192.0.2.1", "x.example", "u@void.example.org", true,
		    SPF_PASS },
		/* It takes /0 for an error. */
		{ "192.0.2.1", "x.example", "u@zero.example.org", true,
		    SPF_PERMERROR },
		{ "127.0.0.1", "x.example", "u@ip4.example.org", false,
		    SPF_NONE },
		{ "::1", "x.example", "u@ip4.example.org", false, SPF_NONE },
		{ "192.0.2.1", "", "u@ip4.example.org", false, SPF_NONE },
		{ "192.0.2.1", "x.example", "u\001@ip4.example.org", false,
		    SPF_NONE },
		{ "192.0.2.1", "\303\244.example", "u@ip4.example.org", false,
		    SPF_NONE },
		{ "192.0.2.1", "x.example", "u@bad.example.org", false,
		    SPF_NONE },
		{ "192.0.2.1", "x.example", "u@spec.example.org", false,
		    SPF_NONE },
	};
	struct resolver *resolver;
	struct strbuf zone;
	struct arena mem;

	(void)state;
#ifndef HAVE_LIBSPF2
	skip();
#endif
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_addf(&zone,
	    "%szero.example.org. IN TXT "
	    "\"v=spf1 ip4:192.0.2.1/0\"\nspec.example.org. IN TXT "
	    "\"v=spf1 +all \" \"a:",
	    world);
	for (int i = 0; i < 120; i++)
		strbuf_add_cstr(&zone, "a.");
	strbuf_add_cstr(&zone, "\" \"a.example.example.org\"\n");
	resolver = open_zone(zone.data);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spf_request request = request_of(
		    cases[i].client, cases[i].helo, cases[i].mail_from);
		enum spf_result result = SPF_NONE;

		if (ask_libspf2(resolver, &request, &result) != cases[i].asked)
			fail_msg("%s: asked: %d", cases[i].mail_from,
			    !cases[i].asked);
		check_result(cases[i].mail_from, result, cases[i].want);
		request.scope = SENDER_ID_PRA;
		assert_false(ask_libspf2(resolver, &request, &result));
	}
	arena_done(&mem);
	resolver_unref(resolver);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_follow_the_grammar),
		cmocka_unit_test(results_come_with_their_reasons),
		cmocka_unit_test(reports_show_records_and_passed_over_failures),
		cmocka_unit_test(an_explanation_is_never_fetched),
		cmocka_unit_test(hosts_of_mx_and_ptr_are_limited),
		cmocka_unit_test(each_ptr_counts_its_void_lookups),
		cmocka_unit_test(sender_id_has_records_of_its_own),
		cmocka_unit_test(long_records_take_bounded_memory),
		cmocka_unit_test(names_of_253_octets_are_whole),
		cmocka_unit_test(long_expansions_are_cut_from_the_left),
		cmocka_unit_test(libspf2_is_asked_where_that_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
