/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a submitter may use all author addresses of a message together. */
#include "policy/decide.h"
#include "base/clock.h"
#include "world.h"

#define CONFIG "domain = corp.example\n"
#define ROWS                                            \
	"sales@corp.example alice@corp.example\n"       \
	"boss@corp.example alice@corp.example;behalf\n" \
	"odd@corp.example alice@corp.example;forever\n"

enum { FIELDS = 3 };

static const struct decide_case {
	const char *name;
	const char *config;
	const char *fields[FIELDS]; /* "From: ..." */
	enum action action;
	enum reason reason;
	const char *text;    /* in the reply, or the detail of a doubt */
	const char *authors; /* of each: how it came about, "!" if foreign */
} cases[] = {
	{ "own address", "", { "From: alice@corp.example" }, ACTION_ACCEPT,
	    REASON_OK, "", "own address|" },
	{ "a row", "", { "From: sales@corp.example" }, ACTION_ACCEPT, REASON_OK,
	    "", "texthash:rows, key sales@corp.example|" },
	{ "the same address twice is looked up once", "",
	    { "From: sales@corp.example", "Sender: sales@corp.example" },
	    ACTION_ACCEPT, REASON_OK, "",
	    "texthash:rows, key sales@corp.example|"
	    "texthash:rows, key sales@corp.example|" },
	{ "a foreign address", "", { "From: ceo@corp.example" }, ACTION_REJECT,
	    REASON_RIGHTS,
	    "alice@corp.example may not send as ceo@corp.example (From)",
	    "!|" },
	{ "what is foreign comes before what is unknown", "",
	    { "From: odd@corp.example, ceo@corp.example" }, ACTION_REJECT,
	    REASON_RIGHTS, "ceo@corp.example", NULL },
	{ "a row that cannot be read is a doubt", "",
	    { "From: odd@corp.example" }, ACTION_TEMPFAIL, REASON_TABLE,
	    "forever", NULL },
	{ "on behalf, and a Sender is added", "", { "From: boss@corp.example" },
	    ACTION_ACCEPT, REASON_OK, "",
	    "texthash:rows, key boss@corp.example|" },
	{ "on behalf, and no Sender is added", "repair { sender = no }\n",
	    { "From: boss@corp.example" }, ACTION_REJECT, REASON_RIGHTS,
	    "only with an address of your own in Sender", NULL },
	{ "on behalf, with a Sender", "repair { sender = no }\n",
	    { "From: boss@corp.example", "Sender: alice@corp.example" },
	    ACTION_ACCEPT, REASON_OK, "", NULL },
	{ "on behalf in Sender is not enough", "",
	    { "From: alice@corp.example", "Sender: boss@corp.example" },
	    ACTION_REJECT, REASON_RIGHTS,
	    "but Sender must be an address of your own", NULL },
	{ "redirected mail has a foreign From",
	    "rights { redirect = accept }\n",
	    { "From: a@other.example", "Resent-From: alice@corp.example" },
	    ACTION_ACCEPT, REASON_OK, "", "!|own address|" },
	{ "redirected mail is refused where that is off", "",
	    { "From: a@other.example", "Resent-From: alice@corp.example" },
	    ACTION_REJECT, REASON_RIGHTS, "Resent-From) is switched off",
	    NULL },
	{ "redirected by another", "rights { redirect = accept }\n",
	    { "From: a@other.example", "Resent-From: ceo@corp.example" },
	    ACTION_REJECT, REASON_RIGHTS, "(Resent-From)", NULL },
};

static void
read_authors(
    struct world *world, const struct decide_case *c, struct authors *authors)
{
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.max_mailboxes = 20,
		.redirect = true,
		.forms = author_forms_from_config(world->config) };
	const struct header_limits no_limits = { 0 };
	struct header header;
	struct err err;

	header_init(&header, &world->mem);
	authors_init(authors, &world->mem);
	for (size_t i = 0; i < FIELDS && c->fields[i] != NULL; i++) {
		struct slice field = slice_of(c->fields[i]);
		size_t colon = slice_find(field, ':');

		assert_int_equal(
		    header_add(&header, slice_sub(field, 0, colon),
			slice_from(field, colon + 1), &no_limits, &err),
		    0);
	}
	if (authors_add_header(authors, &header, &rules, &err) != 0)
		fail_msg("%s: %s", c->name, err.text);
}

static struct slice
how_of(struct world *world, const struct authors *authors)
{
	struct strbuf buf;

	strbuf_init(&buf, &world->mem);
	for (size_t i = 0; i < authors->count; i++) {
		if (authors->items[i].foreign)
			strbuf_add_char(&buf, '!');
		strbuf_add(&buf, authors->items[i].how);
		strbuf_add_char(&buf, '|');
	}
	return strbuf_slice(&buf);
}

static void
all_authors_are_judged_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct decide_case *c = &cases[i];
		struct submitter alice;
		struct authors authors;
		struct verdict verdict;
		struct world world;
		struct arena mem;
		const char *said;

		arena_init(&mem);
		world_init(&world,
		    slice_format(&mem, CONFIG "%s", c->config).data, ROWS);
		alice = world_submitter(&world, "alice@corp.example");
		read_authors(&world, c, &authors);
		verdict = decide_authors(&world.rights, &alice, &authors,
		    &(const struct table_context){ .deadline_us = 0 });
		said = slice_cstr(&mem,
		    verdict.action == ACTION_TEMPFAIL ? verdict.detail :
							verdict.text);
		if (verdict.action != c->action ||
		    verdict.reason != c->reason ||
		    strstr(said, c->text) == NULL)
			fail_msg("%s: %s %s: %s", c->name,
			    action_name(verdict.action),
			    reason_name(verdict.reason), said);
		if (c->authors != NULL)
			check_slice(
			    c->name, how_of(&world, &authors), c->authors);
		world_done(&world);
		arena_done(&mem);
	}
}

static void
without_time_nothing_is_known(void **state)
{
	struct submitter alice;
	struct authors authors;
	struct verdict verdict;
	struct world world;

	(void)state;
	world_init(&world, CONFIG, ROWS);
	alice = world_submitter(&world, "alice@corp.example");
	read_authors(&world, &cases[0], &authors);
	assert_int_equal(authors.items[0].right, RIGHT_UNJUDGED);
	verdict = decide_authors(&world.rights, &alice, &authors,
	    &(const struct table_context){
		.deadline_us = clock_monotonic_us() - 1 });
	assert_int_equal(verdict.action, ACTION_TEMPFAIL);
	assert_int_equal(authors.items[0].right, RIGHT_UNKNOWN);
	world_done(&world);
}

static void
only_from_is_foreign(void **state)
{
	static const struct {
		const char *fields[FIELDS];
		bool want;
	} sets[] = {
		{ { "From: ceo@corp.example" }, true },
		{ { "From: alice@corp.example" }, false },
		{ { "From: ceo@corp.example", "Sender: ceo@corp.example" },
		    false },
		{ { "From: ceo@corp.example", "Sender: alice@corp.example" },
		    true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct decide_case c = { .name = "only From" };
		struct submitter alice;
		struct authors authors;
		struct world world;

		memcpy(c.fields, sets[i].fields, sizeof(c.fields));
		world_init(&world, CONFIG, ROWS);
		alice = world_submitter(&world, "alice@corp.example");
		read_authors(&world, &c, &authors);
		(void)decide_authors(&world.rights, &alice, &authors,
		    &(const struct table_context){ .deadline_us = 0 });
		assert_int_equal(decide_only_from(&authors), sets[i].want);
		world_done(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_authors_are_judged_together),
		cmocka_unit_test(without_time_nothing_is_known),
		cmocka_unit_test(only_from_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
