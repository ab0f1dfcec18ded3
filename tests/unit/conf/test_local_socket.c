/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "conf/local_socket.h"

static void
only_this_host_can_reach_it(void **state)
{
	static const struct {
		const char *text;
		int family; /* 0: it is refused */
	} cases[] = {
		{ "inet:9105@127.0.0.1", AF_INET },
		{ "inet:9105@127.1.2.3", AF_INET },
		{ "inet6:9105@::1", AF_INET6 },
		{ "unix:/run/submilter/metrics.sock", AF_UNIX },
		{ "inet:9105@0.0.0.0", 0 },
		{ "inet:9105@192.0.2.1", 0 },
		{ "inet6:9105@::", 0 },
		{ "inet6:9105@2001:db8::1", 0 },
		{ "inet6:9105@::ffff:192.0.2.1", 0 },
		{ "inet6:9105@127.0.0.1", 0 },
		{ "inet:9105@localhost", 0 },
		{ "inet:9105", 0 },
		{ "inet:0@127.0.0.1", 0 },
		{ "inet:65536@127.0.0.1", 0 },
		{ "inet:@127.0.0.1", 0 },
		{ "127.0.0.1:9105", 0 },
		{ "unix:metrics.sock", 0 },
		{ "unix:/", 0 },
		{ "unix:", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct local_socket socket = { .len = 0 };
		struct err err;
		int status =
		    local_socket_parse(slice_of(cases[i].text), &socket, &err);

		if (status == (cases[i].family != 0 ? 0 : -1) &&
		    socket.address.ss_family == cases[i].family)
			continue;
		fail_msg("%s: %d", cases[i].text, status);
	}
}

static void
a_path_that_does_not_fit_is_refused(void **state)
{
	struct local_socket socket;
	char text[5 + 108 + 1] = "unix:/";
	struct err err;

	(void)state;
	memset(text + 6, 'x', sizeof(text) - 7);
	assert_int_equal(local_socket_parse(slice_of(text), &socket, &err), -1);
	text[sizeof(text) - 2] = '\0';
	assert_int_equal(local_socket_parse(slice_of(text), &socket, &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_this_host_can_reach_it),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
