/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "preflight/sender_id.h"

static const struct header_limits no_limits = { 0 };

static void
the_responsible_address_is_that_of_RFC_4407(void **state)
{
	static const struct {
		const char *header;
		const char *want; /* "FIELD ADDRESS", or "!reason" */
	} cases[] = {
		{ "From: a@b.example\n", "From a@b.example" },
		{ "From: A <A@B.example>\nSender:\n", "From a@b.example" },
		{ "From: a@b.example, c@d.example\nSender: s@b.example\n",
		    "Sender s@b.example" },
		/* Step 1: Resent-Sender, first block. */
		{ "Resent-Sender: r@s.example\nResent-From: r@f.example\n"
		  "From: a@b.example\n",
		    "Resent-Sender r@s.example" },
		{ "Resent-From: r@f.example\nResent-Sender: r@s.example\n"
		  "From: a@b.example\n",
		    "Resent-Sender r@s.example" },
		{ "Resent-From: r@f.example\nReceived: by x\n"
		  "Resent-Sender: r@s.example\nFrom: a@b.example\n",
		    "Resent-From r@f.example" },
		{ "Resent-From: r@f.example\nReturn-Path: <>\n"
		  "Resent-Sender: r@s.example\nFrom: a@b.example\n",
		    "Resent-From r@f.example" },
		{ "Received: by x\nResent-From: r@f.example\n"
		  "Resent-Sender: r@s.example\nReceived: by y\n"
		  "From: a@b.example\n",
		    "Resent-Sender r@s.example" },
		{ "Resent-Sender: r@s.example\nReceived: by x\n"
		  "Resent-From: r@f.example\nFrom: a@b.example\n",
		    "Resent-Sender r@s.example" },
		{ "Resent-From:  \nReceived: by x\nResent-Sender: r@s.example\n"
		  "From: a@b.example\n",
		    "Resent-Sender r@s.example" },
		{ "Resent-Sender: one@s.example\nResent-Sender: two@s.example\n"
		  "From: a@b.example\n",
		    "Resent-Sender one@s.example" },
		{ "Resent-Sender:\nResent-Sender: two@s.example\n"
		  "From: a@b.example\n",
		    "Resent-Sender two@s.example" },
		/* Step 2. */
		{ "Resent-From: r@f.example\nSender: s@b.example\n"
		  "From: a@b.example\n",
		    "Resent-From r@f.example" },
		/* Steps 3 and 4: nothing twice. */
		{ "Sender: s@b.example\nSender: t@b.example\n"
		  "From: a@b.example\n",
		    "!more than one Sender" },
		{ "Sender:\nSender: t@b.example\nFrom: a@b.example\n",
		    "Sender t@b.example" },
		{ "From: a@b.example\nFrom: c@d.example\n",
		    "!more than one From" },
		{ "Subject: x\n", "!no From" },
		{ "From: \n", "!no From" },
		/* Step 5: one mailbox with a domain. */
		{ "From: a@b.example, c@d.example\n",
		    "!From holds more than one mailbox" },
		{ "From: undisclosed:;\n", "!From holds no mailbox" },
		{ "From: root\n", "!From: an address without a full domain" },
		{ "Resent-Sender: <a@\nFrom: a@b.example\n",
		    "!Resent-Sender: " },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct responsible found;
		struct header header;
		struct slice body, got;
		struct err err;

		header_init(&header, &mem);
		assert_int_equal(
		    header_parse(&header, slice_of(cases[i].header), &no_limits,
			&body, &err),
		    0);
		if (responsible_address(header.fields, header.count, false,
			&mem, &found, &err) != 0)
			got = slice_format(&mem, "!%s", err.text);
		else
			got = slice_format(&mem, "%.*s %.*s",
			    SLICE_ARGS(found.field),
			    SLICE_ARGS(found.address.text));
		if (!slice_starts(got, slice_of(cases[i].want)) ||
		    (cases[i].want[0] != '!' &&
			got.len != strlen(cases[i].want)))
			fail_msg("%s: %.*s", cases[i].header, SLICE_ARGS(got));
	}
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_responsible_address_is_that_of_RFC_4407),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
