/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "dns/record.h"

/* Rdata as one text: "-" when it is refused. */
static struct slice
read_rdata(enum dns_type type, struct slice rdata, struct arena *mem)
{
	/* An output that is written to in spite of a fault shows. */
	struct slice text = SLICE("untouched");
	struct dns_srv srv = { 9, 9, 9, SLICE("untouched") };
	unsigned int preference = 9;

	switch ((unsigned int)type) {
	case DNS_TXT:
		if (dns_txt_text(rdata, mem, &text))
			return text;
		break;
	case DNS_MX:
		if (dns_mx_read(rdata, mem, &preference, &text))
			return slice_format(
			    mem, "%u %.*s", preference, SLICE_ARGS(text));
		break;
	case DNS_SRV:
		if (dns_srv_read(rdata, mem, &srv))
			return slice_format(mem, "%u %u %u %.*s", srv.priority,
			    srv.weight, srv.port, SLICE_ARGS(srv.target));
		break;
	default:
		if (dns_name_text(rdata, mem, &text))
			return text;
		break;
	}
	check_slice("output of a fault", text, "untouched");
	check_slice("output of a fault", srv.target, "untouched");
	assert_int_equal(preference + srv.port, 18);
	return SLICE("-");
}

struct rdata_case {
	const char *name;
	enum dns_type type;
	struct slice rdata;
	const char *want;
};

/*
 * The rdata stands at the end of memory of its own size, so that a sanitizer
 * sees what reads over it.
 */
static void
check_rdata(const struct rdata_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice rdata = cases[i].rdata;
		char *copy = test_malloc(rdata.len + 1);
		struct arena mem;

		memcpy(copy + 1, rdata.data, rdata.len);
		arena_init(&mem);
		check_slice(cases[i].name,
		    read_rdata(cases[i].type,
			(struct slice){ copy + 1, rdata.len }, &mem),
		    cases[i].want);
		arena_done(&mem);
		test_free(copy);
	}
}

static void
rdata_is_read_as_text(void **state)
{
	static const struct rdata_case cases[] = {
		{ "name", DNS_PTR, { "\1a\2Bc\0", 6 }, "a.Bc" },
		{ "root", DNS_PTR, { "\0", 1 }, "" },
		{ "octets of no host", DNS_CNAME, { "\6a_b.-*\2\0\377\0", 11 },
		    "a_b\\046-\\042.\\000\\255" },
		{ "one string", DNS_TXT, { "\3abc", 4 }, "abc" },
		{ "strings", DNS_TXT, { "\3abc\0\2 d", 8 }, "abc d" },
		{ "empty string", DNS_TXT, { "\0", 1 }, "" },
		{ "exchanger", DNS_MX, { "\1\2\1a\0", 5 }, "258 a" },
		{ "null exchanger", DNS_MX, { "\0\0\0", 3 }, "0 " },
		{ "service", DNS_SRV, { "\0\1\377\377\2\113\1a\0", 9 },
		    "1 65535 587 a" },
	};

	(void)state;
	check_rdata(cases, sizeof(cases) / sizeof(cases[0]));
}

static void
rdata_with_faults_is_refused(void **state)
{
	static const struct rdata_case cases[] = {
		{ "no name", DNS_PTR, { "", 0 }, "-" },
		{ "no root label", DNS_PTR, { "\1a", 2 }, "-" },
		{ "cut in a label", DNS_PTR, { "\5ab", 3 }, "-" },
		{ "pointer", DNS_PTR, { "\1a\300\0", 4 }, "-" },
		{ "unused label type", DNS_PTR, { "\100a\0", 3 }, "-" },
		{ "octets behind a name", DNS_PTR, { "\1a\0\0", 4 }, "-" },
		{ "no string", DNS_TXT, { "", 0 }, "-" },
		{ "string cut short", DNS_TXT, { "\1a\3bc", 5 }, "-" },
		{ "length octet only", DNS_TXT, { "\1", 1 }, "-" },
		{ "preference only", DNS_MX, { "\0\1", 2 }, "-" },
		{ "half a preference", DNS_MX, { "\0", 1 }, "-" },
		{ "octets behind an exchanger", DNS_MX, { "\0\1\0x", 4 }, "-" },
		{ "no target", DNS_SRV, { "\0\1\0\2\0\3", 6 }, "-" },
		{ "no port", DNS_SRV, { "\0\1\0\2\0", 5 }, "-" },
		{ "pointer as target", DNS_SRV, { "\0\1\0\2\0\3\300\14", 8 },
		    "-" },
	};

	(void)state;
	check_rdata(cases, sizeof(cases) / sizeof(cases[0]));
}

/* A wire name of that many labels of 63 octets, and a last one. */
static struct slice
long_name(char *wire, size_t labels, size_t last)
{
	size_t len = 0;

	for (size_t i = 0; i <= labels; i++) {
		size_t octets = i < labels ? 63 : last;

		wire[len++] = (char)octets;
		memset(wire + len, 'x', octets);
		len += octets;
	}
	wire[len++] = 0;
	return (struct slice){ wire, len };
}

static void
names_are_bounded(void **state)
{
	char wire[512];
	struct slice text;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	assert_true(dns_name_text(long_name(wire, 3, 61), &mem, &text));
	assert_int_equal(text.len, 253);
	assert_false(dns_name_text(long_name(wire, 3, 62), &mem, &text));
	assert_false(dns_name_text(long_name(wire, 6, 1), &mem, &text));
	arena_done(&mem);
}

static void
addresses_have_names_in_the_reverse_tree(void **state)
{
	static const unsigned char four[4] = { 192, 0, 2, 129 };
	static const unsigned char six[16] = { 0x20, 0x01, 0x0d,
		0xb8, [15] = 0xf1 };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("IPv4", dns_reverse_name(four, 4, &mem),
	    "129.2.0.192.in-addr.arpa");
	check_slice("IPv6", dns_reverse_name(six, 16, &mem),
	    "1.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6.arpa");
	arena_done(&mem);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rdata_is_read_as_text),
		cmocka_unit_test(rdata_with_faults_is_refused),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(addresses_have_names_in_the_reverse_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
