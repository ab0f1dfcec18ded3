/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "preflight/unsubscribe.h"

static const struct header_limits no_limits = { 0 };

#define ONE_CLICK "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
#define URIS "List-Unsubscribe: <mailto:u@b.example>, <https://b.example/u>\n"

struct bulk_case {
	const char *header;
	bool bulk;
	unsigned int faults;
};

static void
check(const struct bulk_case *c, const struct unsubscribe_facts *signing)
{
	struct unsubscribe_facts facts = *signing;
	struct unsubscribe found;
	struct header header;
	struct slice body;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	header_init(&header, &mem);
	assert_int_equal(
	    header_parse(&header, slice_of(c->header), &no_limits, &body, &err),
	    0);
	facts.fields = header.fields;
	facts.field_count = header.count;
	unsubscribe_check(&facts, &mem, &found);
	if ((found.bulk != NULL) != c->bulk || found.faults != c->faults)
		fail_msg("%s: bulk %s, faults %x: %.*s", c->header,
		    found.bulk == NULL ? "no" : found.bulk, found.faults,
		    SLICE_ARGS(found.text));
	assert_true((found.text.len > 0) == (found.faults != 0));
	arena_done(&mem);
}

static void
bulk_mail_needs_one_click(void **state)
{
	static const struct bulk_case cases[] = {
		{ "From: a@b.example\n", false, 0 },
		{ "Precedence: first-class\n", false, 0 },
		{ URIS ONE_CLICK, true, 0 },
		{ "list-unsubscribe:\n\t<https://b.example/\n\tu>\n"
		  "LIST-UNSUBSCRIBE-POST:  List-Unsubscribe=One-Click \n",
		    true, 0 },
		{ "List-Unsubscribe: (a \\) (comment)) <HTTPS://b.example/u>\n" ONE_CLICK,
		    true, 0 },
		{ "List-Unsubscribe: <https://b.example/>,<mailto:u@b.ex>\n" ONE_CLICK,
		    true, 0 },
		{ "List-Id: <l.b.example>\n", true, UNSUBSCRIBE_MISSING },
		{ "Feedback-ID: a:b:c:d\n", true, UNSUBSCRIBE_MISSING },
		{ "Precedence: Bulk\n", true, UNSUBSCRIBE_MISSING },
		{ "Precedence: list\n", true, UNSUBSCRIBE_MISSING },
		{ "Precedence: junk\n", true, UNSUBSCRIBE_MISSING },
		{ ONE_CLICK, true, UNSUBSCRIBE_MISSING },
		/* A vacation message is no bulk mail. */
		{ "Precedence: bulk\nAuto-Submitted: auto-replied\n", false,
		    0 },
		{ "Precedence: bulk\nAuto-Submitted: no\n", true,
		    UNSUBSCRIBE_MISSING },
		{ URIS "Auto-Submitted: auto-generated\n", true,
		    UNSUBSCRIBE_NO_POST },
		{ URIS, true, UNSUBSCRIBE_NO_POST },
		{ "List-Unsubscribe: <mailto:u@b.example>\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_HTTPS },
		{ "List-Unsubscribe: <http://b.example/u>\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_HTTPS },
		{ "List-Unsubscribe: <https://>\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_HTTPS },
		{ "List-Unsubscribe: https://b.example/u\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_URI },
		{ "List-Unsubscribe: <https://b.example/u\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_URI },
		{ "List-Unsubscribe: (<https://b.example/u>\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_URI },
		{ "List-Unsubscribe: (\\\n" ONE_CLICK, true,
		    UNSUBSCRIBE_NO_URI },
		{ "List-Unsubscribe:\n" ONE_CLICK, true, UNSUBSCRIBE_NO_URI },
		/* Readers stop at text that is in no brackets. */
		{ "List-Unsubscribe: <mailto:u@b.example> or "
		  "<https://b.example/u>\n" ONE_CLICK,
		    true, UNSUBSCRIBE_NO_HTTPS },
		{ URIS "List-Unsubscribe-Post: list-unsubscribe=one-click\n",
		    true, UNSUBSCRIBE_BAD_POST },
		{ URIS "List-Unsubscribe-Post: List-Unsubscribe=One-Click; x\n",
		    true, UNSUBSCRIBE_BAD_POST },
		{ URIS "List-Unsubscribe-Post:\n", true, UNSUBSCRIBE_BAD_POST },
		{ URIS URIS ONE_CLICK, true, UNSUBSCRIBE_REPEATED },
		{ URIS ONE_CLICK ONE_CLICK, true, UNSUBSCRIBE_REPEATED },
	};
	static const struct slice names[] = { { "from", 4 },
		{ "list-unsubscribe", 16 }, { "list-unsubscribe-post", 21 } };
	struct unsubscribe_facts facts = { .signed_names = names,
		.signed_count = 3 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], &facts);
}

static void
both_fields_must_be_signed(void **state)
{
	static const struct slice names[] = { { "list-unsubscribe", 16 },
		{ "from", 4 }, { "list-unsubscribe-post", 21 } };
	static const struct bulk_case covered = { URIS ONE_CLICK, true, 0 };
	static const struct bulk_case open = { URIS ONE_CLICK, true,
		UNSUBSCRIBE_UNSIGNED };
	static const struct bulk_case without_post = { URIS, true,
		UNSUBSCRIBE_NO_POST };

	(void)state;
	check(&covered,
	    &(struct unsubscribe_facts){
		.signed_names = names, .signed_count = 3 });
	check(&open,
	    &(struct unsubscribe_facts){
		.signed_names = names, .signed_count = 2 });
	check(&open,
	    &(struct unsubscribe_facts){
		.signed_names = names + 1, .signed_count = 2 });
	check(&open, &(struct unsubscribe_facts){ .signed_count = 0 });
	check(&without_post,
	    &(struct unsubscribe_facts){
		.signed_names = names, .signed_count = 1 });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_mail_needs_one_click),
		cmocka_unit_test(both_fields_must_be_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
