/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/net.h"

static void
addresses_have_one_text_form(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: no address */
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:DB8:0:0::1", "2001:db8::1" },
		{ "IPv6:2001:db8::1", "2001:db8::1" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "192.0.2", NULL },
		{ "192.0.2.256", NULL },
		{ "localhost", NULL },
		{ "", NULL },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_addr addr;
		bool ok = net_addr_parse(slice_of(cases[i].text), &addr);

		if (ok != (cases[i].want != NULL))
			fail_msg("%s", cases[i].text);
		if (ok)
			check_slice(cases[i].text, net_addr_text(&mem, &addr),
			    cases[i].want);
	}
	arena_done(&mem);
}

static void
networks_contain_what_their_prefix_says(void **state)
{
	static const struct {
		const char *network, *address;
		bool valid, contains;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", true, true },
		{ "192.0.2.0/24", "192.0.3.0", true, false },
		{ "192.0.2.128/25", "192.0.2.127", true, false },
		{ "0.0.0.0/0", "198.51.100.1", true, true },
		{ "0.0.0.0/0", "2001:db8::1", true, false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true, true },
		{ "2001:db8::/33", "2001:db8:8000::1", true, false },
		{ "192.0.2.7", "192.0.2.7", true, true },
		{ "192.0.2.7", "::ffff:192.0.2.7", true, true },
		{ "192.0.2.1/24", "192.0.2.1", false, false },
		{ "192.0.2.0/33", "192.0.2.1", false, false },
		{ "192.0.2.0/", "192.0.2.1", false, false },
		{ "192.0.2.0/-1", "192.0.2.1", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_cidr cidr;
		struct net_addr addr;
		struct err err = { 0 };
		bool valid = net_cidr_parse(
				 slice_of(cases[i].network), &cidr, &err) == 0;

		assert_true(net_addr_parse(slice_of(cases[i].address), &addr));
		if (valid != cases[i].valid)
			fail_msg("%s", cases[i].network);
		if (!valid)
			assert_int_equal(err.kind, ERR_CONFIG);
		else if (net_cidr_contains(&cidr, &addr) != cases[i].contains)
			fail_msg(
			    "%s in %s", cases[i].address, cases[i].network);
	}
}

static void
own_addresses_are_those_of_interfaces(void **state)
{
	struct net_addr loopback, mapped, other;

	(void)state;
	assert_true(net_addr_parse(SLICE("127.0.0.1"), &loopback));
	assert_true(net_addr_parse(SLICE("::ffff:127.0.0.1"), &mapped));
	assert_true(net_addr_parse(SLICE("198.51.100.7"), &other));
	assert_true(net_addr_eq(&loopback, &mapped));
	assert_false(net_addr_eq(&loopback, &other));
	assert_true(net_addr_is_local(&loopback));
	assert_false(net_addr_is_local(&other));
	assert_true(net_addr_parse(SLICE("::7f00:1"), &other));
	assert_false(net_addr_eq(&loopback, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_text_form),
		cmocka_unit_test(networks_contain_what_their_prefix_says),
		cmocka_unit_test(own_addresses_are_those_of_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
