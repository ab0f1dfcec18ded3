/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "dns/record.h"
#include "dns/resolver_zone.h"

static struct slice
record_text(enum dns_type type, struct slice rdata, struct arena *mem)
{
	struct slice text = SLICE("unreadable");
	struct dns_srv srv;
	unsigned int preference;
	struct strbuf hex;

	switch (type) {
	case DNS_TXT:
		(void)dns_txt_text(rdata, mem, &text);
		return text;
	case DNS_MX:
		if (dns_mx_read(rdata, mem, &preference, &text))
			text = slice_format(
			    mem, "%u %.*s", preference, SLICE_ARGS(text));
		return text;
	case DNS_SRV:
		if (dns_srv_read(rdata, mem, &srv))
			text = slice_format(mem, "%u %u %u %.*s", srv.priority,
			    srv.weight, srv.port, SLICE_ARGS(srv.target));
		return text;
	case DNS_CNAME:
	case DNS_NS:
	case DNS_PTR:
		(void)dns_name_text(rdata, mem, &text);
		return text;
	case DNS_A:
	case DNS_AAAA:
	case DNS_SOA:
		break;
	}
	strbuf_init(&hex, mem);
	for (size_t i = 0; i < rdata.len; i++)
		strbuf_addf(
		    &hex, "%02x", (unsigned int)(unsigned char)rdata.data[i]);
	return strbuf_slice(&hex);
}

/*
 * What a resolver says: "OWNER> ONE | TWO @TTL", "no data", "no name" or
 * "! why".
 */
static struct slice
ask(struct resolver *resolver, const char *name, enum dns_type type,
    struct arena *mem)
{
	const struct dns_client dns = { .resolver = resolver, .mem = mem };
	struct dns_answer answer = { .count = 77, .bogus = true };
	struct strbuf text;
	struct err err;

	strbuf_init(&text, mem);
	switch (resolver_lookup(&dns, slice_of(name), type, &answer, &err)) {
	case DNS_FAILED:
		assert_int_equal(err.kind, ERR_TEMP);
		assert_int_equal(answer.count, 0);
		assert_false(answer.bogus);
		return slice_format(mem, "! %s", err.text);
	case DNS_FOUND:
		assert_true(answer.count > 0);
		break;
	case DNS_NO_DATA:
		strbuf_add_cstr(&text, "no data");
		break;
	case DNS_NO_NAME:
		strbuf_add_cstr(&text, "no name");
		break;
	}
	assert_false(answer.secure);
	if (answer.owner.len != 0) {
		if (text.len != 0)
			strbuf_add_cstr(&text, " ");
		strbuf_add(&text, answer.owner);
		strbuf_add_cstr(&text, "> ");
	}
	for (size_t i = 0; i < answer.count; i++) {
		strbuf_add_cstr(&text, i == 0 ? "" : " | ");
		strbuf_add(&text, record_text(type, answer.records[i], mem));
	}
	if (answer.ttl != 0)
		strbuf_addf(&text, " @%u", (unsigned int)answer.ttl);
	return slice_trim(strbuf_slice(&text));
}

struct zone_case {
	const char *name;
	enum dns_type type;
	const char *want;
};

static void
check_zone(const char *text, const struct zone_case *cases, size_t count)
{
	struct resolver *resolver;
	struct err err;

	if (zone_resolver_new(slice_of(text), "zone", &resolver, &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < count; i++) {
		struct arena mem;

		arena_init(&mem);
		check_slice(cases[i].name,
		    ask(resolver, cases[i].name, cases[i].type, &mem),
		    cases[i].want);
		arena_done(&mem);
	}
	resolver_unref(resolver);
}

static void
records_are_read_in_all_forms(void **state)
{
	static const char zone[] =
	    "; a zone\n"
	    "$ORIGIN corp.example.\r\n"
	    "$TTL 1h30m ; a while\n"
	    "@\tIN SOA ns1 host\\.master (\n"
	    "\t\t2026112401 ; serial\n"
	    "\t\t1d 2h 4w\n"
	    "\t300 )\n"
	    "\tIN NS ns1\n"
	    "  60 NS ns2.far.example.\n"
	    "\n"
	    "   \n"
	    "@ MX 10 mx\n"
	    "@ IN 60 MX 0 .\n"
	    "@ 60 in txt \"v=spf1 \" \"a -all\"\n"
	    "@ TXT bare\\032word \"semi;colon (not) \\\"quoted\\\" \\092\"\n"
	    "MX A 192.0.2.1\n"
	    "   A 192.0.2.2\n"
	    "   A 192.0.2.1\n"
	    "   AAAA 2001:db8::1\n"
	    "   AAAA ::ffff:192.0.2.1\n"
	    "_sub._tcp SRV 1 2 587 mx\n"
	    "$ORIGIN deep\n"
	    "x 0 PTR y.corp.example.\n"
	    "here CAA 0 issue \"ca.example\"\n"
	    "@ A 192.0.2.9";
	static const struct zone_case cases[] = {
		{ "corp.example", DNS_SOA,
		    "036e733104636f7270076578616d706c6500"
		    "0b686f73742e6d617374657204636f7270076578616d706c6500"
		    "78c405910001518000001c200024ea000000012c @5400" },
		{ "corp.example", DNS_NS,
		    "ns1.corp.example | ns2.far.example @60" },
		{ "Corp.Example.", DNS_MX, "10 mx.corp.example | 0  @60" },
		{ "corp.example", DNS_TXT,
		    "v=spf1 a -all | bare word"
		    "semi;colon (not) \"quoted\" \\ @60" },
		{ "mx.corp.example", DNS_A, "c0000201 | c0000202 @5400" },
		{ "mx.corp.example", DNS_AAAA,
		    "20010db8000000000000000000000001 | "
		    "00000000000000000000ffffc0000201 @5400" },
		{ "_sub._tcp.corp.example", DNS_SRV,
		    "1 2 587 mx.corp.example @5400" },
		{ "x.deep.corp.example", DNS_PTR, "y.corp.example" },
		{ "deep.corp.example", DNS_A, "c0000209 @5400" },
		{ "here.deep.corp.example", DNS_TXT, "no data" },
		{ "ns2.far.example", DNS_A, "no name" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
the_ttl_is_the_last_one_named(void **state)
{
	static const char zone[] = "a.example. TXT one\n"
				   "b.example. 77 TXT two\n"
				   "c.example. TXT three\n"
				   "$TTL 2w\n"
				   "d.example. 5 TXT four\n"
				   "e.example. TXT five\n";
	static const struct zone_case cases[] = {
		{ "a.example", DNS_TXT, "one @3600" },
		{ "b.example", DNS_TXT, "two @77" },
		{ "c.example", DNS_TXT, "three @77" },
		{ "d.example", DNS_TXT, "four @5" },
		{ "e.example", DNS_TXT, "five @1209600" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

/* The zone of RFC 4592 section 2.2.1, and what it says there. */
static void
wildcards_are_those_of_rfc_4592(void **state)
{
	static const char zone[] = "$ORIGIN example.\n"
				   "$TTL 3600\n"
				   "@ SOA ns a 1 2 3 4 5\n"
				   "@ NS ns.example.com.\n"
				   "@ NS ns.example.net.\n"
				   "* TXT \"this is a wildcard\"\n"
				   "* MX 10 host1\n"
				   "sub.* TXT \"this is not a wildcard\"\n"
				   "host1 A 192.0.2.1\n"
				   "_ssh._tcp.host1 SRV 0 0 22 host1\n"
				   "_ssh._tcp.host2 SRV 0 0 22 host2\n"
				   "*.cname CNAME host1\n"
				   "*.a.*.b A 192.0.2.2\n";
	static const struct zone_case cases[] = {
		{ "host3.example", DNS_MX, "10 host1.example @3600" },
		{ "host3.example", DNS_A, "no data" },
		{ "foo.bar.example", DNS_TXT, "this is a wildcard @3600" },
		{ "host1.example", DNS_MX, "no data" },
		{ "sub.*.example", DNS_MX, "no data" },
		{ "sub.*.example", DNS_TXT, "this is not a wildcard @3600" },
		{ "_telnet._tcp.host1.example", DNS_SRV, "no name" },
		{ "host.subdel.example", DNS_A, "no data" },
		{ "ghost.*.example", DNS_MX, "no name" },
		{ "x.cname.example", DNS_A, "host1.example> c0000201 @3600" },
		{ "cname.example", DNS_A, "no data" },
		/* The source of synthesis is an empty non-terminal. */
		{ "c.b.example", DNS_A, "no data" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
names_above_names_exist(void **state)
{
	static const char zone[] = "_dmarc.a.b.example. TXT x\n"
				   "\\*.c\\.d.example. TXT y\n";
	static const struct zone_case cases[] = {
		{ "a.b.example", DNS_TXT, "no data" },
		{ "b.example", DNS_TXT, "no data" },
		{ "example", DNS_TXT, "no data" },
		{ ".", DNS_TXT, "no data" },
		{ "x.b.example", DNS_TXT, "no name" },
		{ "com", DNS_TXT, "no name" },
		{ "d.example", DNS_TXT, "no name" },
		{ "*.c\\.d.example", DNS_TXT, "y @3600" },
		{ "\\042.C\\046D.example", DNS_TXT, "y @3600" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
cnames_are_followed_to_their_end(void **state)
{
	static const char zone[] =
	    "$ORIGIN example.\n"
	    "a 60 CNAME B\n"
	    "b 30 CNAME c\n"
	    "c 90 TXT end\n"
	    "c FAIL\n"
	    "gone CNAME nowhere.test.\n"
	    "loop CNAME pool\n"
	    "pool CNAME loop\n"
	    "n1 CNAME n2\nn2 CNAME n3\nn3 CNAME n4\nn4 CNAME n5\n"
	    "n5 CNAME n6\nn6 CNAME n7\nn7 CNAME n8\nn8 CNAME n9\n"
	    "n9 CNAME n10\nn10 CNAME n11\nn11 CNAME n12\nn12 CNAME n13\n"
	    "n13 CNAME n14\nn14 CNAME n15\nn15 CNAME n16\nn16 CNAME n17\n"
	    "n17 TXT far\nn0 CNAME n1\n";
	static const struct zone_case cases[] = {
		{ "a.example", DNS_TXT, "c.example> end @30" },
		{ "a.example", DNS_CNAME, "B.example @60" },
		{ "a.example", DNS_A, "! A of a.example: SERVFAIL" },
		{ "gone.example", DNS_TXT, "no name nowhere.test>" },
		{ "loop.example", DNS_TXT,
		    "! TXT of loop.example: more than 16 CNAMEs in a row" },
		{ "n1.example", DNS_TXT, "n17.example> far @90" },
		{ "n0.example", DNS_TXT,
		    "! TXT of n0.example: more than 16 CNAMEs in a row" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
faults_are_rehearsed(void **state)
{
	static const char zone[] = "broken.example. IN FAIL\n"
				   "slow.example. IN TIMEOUT\n"
				   "half.example. TXT there\n"
				   "half.example. TIMEOUT\n"
				   "*.all.example. FAIL\n";
	static const struct zone_case cases[] = {
		{ "broken.example", DNS_A, "! A of broken.example: SERVFAIL" },
		{ "slow.example", DNS_MX, "! MX of slow.example: timed out" },
		{ "half.example", DNS_TXT, "there @3600" },
		{ "half.example", DNS_A, "! A of half.example: timed out" },
		{ "x.y.all.example", DNS_A,
		    "! A of x.y.all.example: SERVFAIL" },
		{ "all.example", DNS_A, "no data" },
		{ "x.broken.example", DNS_A, "no name" },
	};

	(void)state;
	check_zone(zone, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
what_cannot_be_a_name_does_not_exist(void **state)
{
	static const char l63[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				  "xxxxxxxxxxxxxxxxxxxxx";
	static const char *const names[] = { "", "..", "a..b", ".a", "a.b..",
		"a\\", "a\\25", "a\\256.b", "a\\2x5" };
	struct resolver *resolver;
	struct arena mem;
	struct slice name;
	struct err err;

	(void)state;
	arena_init(&mem);
	/* Whatever can be a name is found here. */
	assert_int_equal(zone_resolver_new(SLICE("*. 5 TXT any\n. 5 TXT any"),
			     "zone", &resolver, &err),
	    0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_slice(names[i], ask(resolver, names[i], DNS_TXT, &mem),
		    "no name");
	name = slice_format(&mem, "x%s.b", l63);
	check_slice("64", ask(resolver, name.data, DNS_TXT, &mem), "no name");
	name = slice_format(&mem, "%s.b", l63);
	check_slice("63", ask(resolver, name.data, DNS_TXT, &mem), "any @5");
	name = slice_format(&mem, "%s.%s.%s.%.61s", l63, l63, l63, l63);
	check_slice("253", ask(resolver, name.data, DNS_TXT, &mem), "any @5");
	name = slice_format(&mem, "%s.%s.%s.%.62s.", l63, l63, l63, l63);
	check_slice("254", ask(resolver, name.data, DNS_TXT, &mem), "no name");
	check_slice("root", ask(resolver, ".", DNS_TXT, &mem), "any @5");
	/* It cost no lookup to say so. */
	assert_int_equal(zone_resolver_lookups(resolver), 3);
	resolver_unref(resolver);
	arena_done(&mem);
}

static void
faults_of_the_text_are_named_with_their_line(void **state)
{
	static const char *const cases[][2] = {
		{ "a. A 192.0.2.1\nb. A 192.0.2\n", "zone:2: \"192.0.2\"" },
		{ "a. AAAA 192.0.2.1\n", "zone:1: \"192.0.2.1\"" },
		{ "a. A\n", "missing" },
		{ "a. A 192.0.2.1 192.0.2.2\n", "more fields than a A record" },
		{ "a.\n", "record type is missing" },
		{ "a. 60 IN\n", "record type is missing" },
		{ "a. IN IN A 192.0.2.1\n", "\"IN\"" },
		{ "a. CH A 192.0.2.1\n", "\"CH\"" },
		{ "a. 3000000000 A 192.0.2.1\n", "TTL" },
		{ "a. 5x A 192.0.2.1\n", "TTL" },
		{ "a. 1w99999999999999999999s A 192.0.2.1\n", "TTL" },
		{ "a. DNAME b.\n", "\"DNAME\"" },
		{ "a. \"TXT\" b\n", "record type" },
		{ "$INCLUDE x\n", "directive" },
		{ "$ORIGIN a. b.\n", "behind a directive" },
		{ "$ORIGIN\n", "missing" },
		{ "$ORIGIN a\n", "relative" },
		{ "$TTL x\n", "TTL" },
		{ "a A 192.0.2.1\n", "relative" },
		{ "@ A 192.0.2.1\n", "relative" },
		{ "a. CNAME b\n", "relative" },
		{ "a..b. A 192.0.2.1\n", "name" },
		{ "\"a.\" A 192.0.2.1\n", "name" },
		{ "\n A 192.0.2.1\n", "zone:2: a record without a name" },
		{ "a. MX mx.\n", "number" },
		{ "a. MX 65536 mx.\n", "number" },
		{ "a. MX -1 mx.\n", "number" },
		{ "a. SOA b. c. 1 2 3 4\n", "missing" },
		{ "a. TXT\n", "missing" },
		{ "a. TXT \"b\nc\"\n", "zone:1: a string without its end" },
		{ "a. TXT \"b", "without its end" },
		{ "a. TXT b\"c\"\n", "quotation mark" },
		{ "a. TXT \"b\"c\n", "quotation mark" },
		{ "a. TXT b\\\n", "backslash" },
		{ "a. TXT \"\\256\"\n", "backslash" },
		{ "a. TXT \x01\n", "control" },
		{ "a. TXT (\nb\n", "without its \")\"" },
		{ "a. TXT b )\n", "without its \"(\"" },
		{ "a. CNAME b.\na. CNAME c.\n", "zone:2: a CNAME and" },
		{ "a. TXT b\na. CNAME c.\n", "zone:2: a CNAME and" },
		{ "a. CNAME b.\nA. TXT c\n", "zone:2: a CNAME and" },
		{ "a. CNAME b.\na. FAIL\n", "zone:2: a CNAME and" },
		{ "a. FAIL\na. CNAME b.\n", "zone:2: a CNAME and" },
		{ "a. FAIL\na. TIMEOUT\n", "two pseudo types" },
		{ "a. FAIL b\n", "behind a pseudo type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolver *resolver = NULL;
		struct err err;

		if (zone_resolver_new(
			slice_of(cases[i][0]), "zone", &resolver, &err) == 0)
			fail_msg("\"%s\" is accepted", cases[i][0]);
		assert_null(resolver);
		assert_int_equal(err.kind, ERR_CONFIG);
		if (!slice_has_text_nocase(
			slice_of(err.text), slice_of(cases[i][1])))
			fail_msg("\"%s\": got \"%s\", want \"%s\"", cases[i][0],
			    err.text, cases[i][1]);
	}
}

static void
sets_are_bounded_by_a_message(void **state)
{
	struct resolver *resolver;
	struct strbuf zone;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_add_cstr(&zone, "a. TXT");
	for (size_t i = 0; i < 248; i++)
		strbuf_addf(&zone, " %0255d", 0);
	assert_int_equal(
	    zone_resolver_new(strbuf_slice(&zone), "zone", &resolver, &err), 0);
	assert_int_equal(
	    ask(resolver, "a", DNS_TXT, &mem).len, 248 * 255 + sizeof("@3600"));
	resolver_unref(resolver);
	strbuf_addf(&zone, "\na. TXT %0255d %0255d %0255d %0255d", 1, 2, 3, 4);
	strbuf_addf(&zone, "\na. TXT %0255d %0255d %0255d %0255d", 5, 2, 3, 4);
	assert_int_equal(
	    zone_resolver_new(strbuf_slice(&zone), "zone", &resolver, &err),
	    -1);
	check_slice("error", slice_of(err.text),
	    "zone:3: more records of one "
	    "name and type than a DNS message can hold");
	arena_done(&mem);
	arena_init(&mem);
	strbuf_init(&zone, &mem);
	strbuf_addf(&zone, "a. TXT %0256d", 0);
	assert_int_equal(
	    zone_resolver_new(strbuf_slice(&zone), "zone", &resolver, &err),
	    -1);
	assert_non_null(strstr(err.text, "over 255 octets"));
	arena_done(&mem);
}

static void
lookups_are_counted_and_answers_outlive_the_resolver(void **state)
{
	struct dns_client dns;
	struct resolver *resolver;
	struct slice text;
	struct arena mem;
	struct err err;
	struct dns_answer answer;

	(void)state;
	arena_init(&mem);
	assert_int_equal(zone_resolver_new(SLICE("a. CNAME b.\nb. TXT x\n"),
			     "zone", &resolver, &err),
	    0);
	assert_int_equal(zone_resolver_lookups(resolver), 0);
	resolver_prefetch(resolver, SLICE("a"), DNS_TXT);
	assert_int_equal(zone_resolver_lookups(resolver), 0);
	dns = (struct dns_client){ .resolver = resolver_ref(resolver),
		.mem = &mem };
	assert_int_equal(
	    resolver_lookup(&dns, SLICE("a"), DNS_TXT, &answer, &err),
	    DNS_FOUND);
	assert_int_equal(resolver_lookup(&dns, SLICE("c"), DNS_TXT,
			     &(struct dns_answer){ .count = 0 }, &err),
	    DNS_NO_NAME);
	assert_int_equal(zone_resolver_lookups(resolver), 2);
	resolver_unref(resolver);
	resolver_unref(resolver);
	resolver_unref(NULL);
	assert_int_equal(answer.count, 1);
	assert_true(dns_txt_text(answer.records[0], &mem, &text));
	check_slice("text", text, "x");
	check_slice("owner", answer.owner, "b");
	arena_done(&mem);
}

static void
types_have_names(void **state)
{
	(void)state;
	assert_string_equal(dns_type_name(DNS_TXT), "TXT");
	assert_string_equal(dns_type_name(DNS_AAAA), "AAAA");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_read_in_all_forms),
		cmocka_unit_test(the_ttl_is_the_last_one_named),
		cmocka_unit_test(wildcards_are_those_of_rfc_4592),
		cmocka_unit_test(names_above_names_exist),
		cmocka_unit_test(cnames_are_followed_to_their_end),
		cmocka_unit_test(faults_are_rehearsed),
		cmocka_unit_test(what_cannot_be_a_name_does_not_exist),
		cmocka_unit_test(faults_of_the_text_are_named_with_their_line),
		cmocka_unit_test(sets_are_bounded_by_a_message),
		cmocka_unit_test(
		    lookups_are_counted_and_answers_outlive_the_resolver),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
