/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "repair/repair_header.h"

static void
an_authserv_id_is_a_value_of_rfc_8601(void **state)
{
	static const struct {
		const char *value;
		const char *id; /* NULL: cannot be parsed */
	} cases[] = {
		{ " mail.example.org; none", "mail.example.org" },
		{ " mail.example.org", "mail.example.org" },
		{ "mail.example.org;", "mail.example.org" },
		{ " mail.example.org 1; spf=pass", "mail.example.org" },
		{ " mail.example.org (c) 1 (d); spf=pass", "mail.example.org" },
		{ " (a (b) \\) c) mail.example.org\n ; none",
		    "mail.example.org" },
		{ "\n\tmail.example.org(c);none", "mail.example.org" },
		{ " Mail.Example.ORG; none", "mail.example.org" },
		{ " mail.example.org.; none", "mail.example.org" },
		{ " \"mail.example.org\"; none", "mail.example.org" },
		{ " \"mail\\.example.org\"; none", "mail.example.org" },
		{ " \"two words\"; none", "two words" },
		{ " b\xc3\xbc"
		  "cher.example; none",
		    "xn--bcher-kva.example" },
		{ " an_id; none", "an_id" },
		{ " mail.example.org/1; none", NULL },
		{ " =?us-ascii?Q?mail.example.org?=; none", NULL },
		{ " mail.example.org x; none", NULL },
		{ " mail.example.org@x; none", NULL },
		{ " mail.example.org, other.example; none", NULL },
		{ " mail.example.org 1x; none", NULL },
		{ " mail.example.org (; none", NULL },
		{ " (mail.example.org; none", NULL },
		{ " \"mail.example.org; none", NULL },
		{ " \"mail.example.org\"x; none", NULL },
		{ " \"mail.example.org\\", NULL },
		{ " mail.ex\xff"
		  "ample.org; none",
		    NULL },
		{ " \"mail\x05"
		  "example.org\"; none",
		    NULL },
		{ " \"\"; none", NULL },
		{ " ; none", NULL },
		{ " ", NULL },
		{ "", NULL },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice id = SLICE("untouched");
		bool ok = authserv_id(slice_of(cases[i].value), &mem, &id);

		if (ok != (cases[i].id != NULL))
			fail_msg("\"%s\": %s", cases[i].value,
			    ok ? "parsed" : "not parsed");
		if (ok)
			check_slice(cases[i].value, id, cases[i].id);
	}
	arena_done(&mem);
}

static void
repairs_have_names_in_their_order(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("none", repair_names(&mem, 0), "");
	check_slice("one", repair_names(&mem, REPAIRED_LINES), "lines");
	check_slice("two",
	    repair_names(&mem, REPAIRED_MESSAGE_ID | REPAIRED_DATE),
	    "date,message-id");
	check_slice("all", repair_names(&mem, (REPAIRED_8BIT << 1) - 1U),
	    "from,sender,date,message-id,addresses,bcc,return-path,"
	    "authentication-results,duplicates,lines,author-form,names,"
	    "rewritten-from,dkim-signature,arc,removed,body,"
	    "address-form,8bit");
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authserv_id_is_a_value_of_rfc_8601),
		cmocka_unit_test(repairs_have_names_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
