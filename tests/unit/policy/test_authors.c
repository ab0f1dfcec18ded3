/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/authors.h"
#include "world.h"

/* Each option of the authors block with a value that shows what it decides. */
static const struct {
	const char *option;
	const char *value;
	bool repairs;	 /* its second word is "repair" */
	bool is_default; /* the second word is the default */
} constructs[] = {
	{ "several-from", " a@b.example, c@d.example", false, true },
	{ "group", " G: a@b.example;", true, true },
	{ "route", " <@x.example:a@b.example>", true, true },
	{ "relay-mark", " a%x@b.example", false, false },
	{ "domain-literal", " a@[192.0.2.1]", false, false },
	{ "quoted-local-part", " \"a@x\"@b.example", false, false },
	{ "encoded-address", " =?x?q?a?=@b.example", false, false },
	{ "utf8-address", " \xc3\xbc@b.example", false, false },
	{ "spaced-address", " a @ b.example", true, true },
	{ "text-behind", " <a@b.example> A", true, true },
	{ "bare-name", " A, B <a@b.example>", true, true },
	{ "empty-item", " a@b.example,", true, true },
	{ "control-character", " \"A\x01\" <a@b.example>", true, true },
	{ "blank-line", " a@b.example\n ", true, true },
	{ "raw-8bit", " J\xfc <a@b.example>", true, true },
	{ "dots-in-name", " A. B <a@b.example>", true, false },
	{ "comment", " A (B) <a@b.example>", true, false },
	{ "address-comment", " a@b.example (B)", true, false },
	{ "escapes-in-name", " \"A \\\"B\\\"\" <a@b.example>", true, false },
	{ "encoded-word-in-quotes", " \"=?utf-8?q?A?=\" <a@b.example>", true,
	    false },
	{ "odd-name", " A\"B\" <a@b.example>", true, true },
};

static int
read_from(
    struct world *world, const char *value, bool *ret_rewrite, struct err *err)
{
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.max_mailboxes = 20,
		.forms = author_forms_from_config(world->config) };
	const struct header_limits no_limits = { 0 };
	struct authors authors;
	struct header header;

	header_init(&header, &world->mem);
	authors_init(&authors, &world->mem);
	assert_int_equal(header_add(&header, SLICE("From"), slice_of(value),
			     &no_limits, err),
	    0);
	if (authors_add_header(&authors, &header, &rules, err) != 0)
		return -1;
	assert_true(authors.count > 0);
	*ret_rewrite = authors.items[0].rewrite;
	return 0;
}

static void
check_construct(size_t i, const char *word, bool repair_mode)
{
	struct world world;
	struct arena mem;
	struct err err = { 0 };
	bool rewrite = false, refused;
	int status;

	arena_init(&mem);
	world_init(&world,
	    slice_format(&mem, "authors { %s = %s }\n%s", constructs[i].option,
		word, repair_mode ? "" : "repair { mode = monitor }\n")
		.data,
	    "");
	status = read_from(&world, constructs[i].value, &rewrite, &err);
	refused = slice_eq(slice_of(word), SLICE("refuse")) ||
	    (slice_eq(slice_of(word), SLICE("repair")) && !repair_mode);
	if ((status != 0) != refused ||
	    rewrite != (!refused && slice_eq(slice_of(word), SLICE("repair"))))
		fail_msg("%s = %s: %s", constructs[i].option, word,
		    status != 0 ? err.text : "accepted");
	if (status != 0)
		assert_true(slice_starts(slice_of(err.text),
		    SLICE("From cannot be read in one way: ")));
	world_done(&world);
	arena_done(&mem);
}

static void
each_construct_is_an_option(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(constructs) / sizeof(constructs[0]);
	     i++) {
		check_construct(i, "refuse", true);
		check_construct(
		    i, constructs[i].repairs ? "repair" : "accept", true);
		if (constructs[i].repairs)
			check_construct(i, "repair", false);
	}
}

static void
defaults_are_safe(void **state)
{
	/* What is accepted as it is by default; all else is refused or repaired. */
	static const char *const accepted[] = { "several-from", "dots-in-name",
		"comment", "address-comment", "escapes-in-name",
		"encoded-word-in-quotes" };
	struct world world;

	(void)state;
	world_init(&world, "", "");
	for (size_t i = 0; i < sizeof(constructs) / sizeof(constructs[0]);
	     i++) {
		bool rewrite = false, goes = false;
		struct err err;
		int status =
		    read_from(&world, constructs[i].value, &rewrite, &err);

		for (size_t a = 0; a < sizeof(accepted) / sizeof(accepted[0]);
		     a++)
			goes = goes ||
			    slice_eq(slice_of(accepted[a]),
				slice_of(constructs[i].option));
		if ((status == 0 && !rewrite) != goes ||
		    rewrite != (constructs[i].is_default && !goes))
			fail_msg("%s", constructs[i].option);
	}
	world_done(&world);
}

static void
odd_field_names_are_seen(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		bool author, mislead;
	} cases[] = { { "From", "", false, false },
		{ "fRoM", "", false, false }, { "X-From", "", false, false },
		{ "From-Department", "", false, false },
		{ "Froms", "", false, false },
		{ "Content-Type", "", false, false },
		{ ">From", "", true, false }, { "sender.", "", true, false },
		{ "\"From\"", "", true, false }, { "F\\rom", "", true, false },
		{ "=Resent-From", "", true, false },
		{ "Resent_From", "", true, false },
		{ "From,X", "", true, false },
		/* Comments, wherever they stand. */
		{ "From()", "", true, true }, { "From(x)", "", true, true },
		{ "Fr(x)om", "", true, true }, { "F()rom", "", true, true },
		{ "(x)From", "", true, true },
		{ "Sen(a(b)c)der", "", true, true },
		{ "Fr(\\))om", "", true, true }, { "Fr)om", "", true, true },
		{ "(a)R(b)esent(c)-From", "", true, true },
		{ "From(a", " b", true, true }, { "F(\"r)rom", "", true, true },
		{ "Aut(Fr(x)om)hor", "", true, true },
		/* What the MTA takes for the value is more of the name. */
		{ "(a", " b)From: c", true, true },
		{ "(a", "\n b)\n From: c", true, true },
		{ "Fr(a", "b:c)om : d", true, true },
		{ "\"a", "b\"From: c", true, false },
		{ "\"a\\\"", "b\"Fr(:)om: c", true, false },
		{ "(a", " b)To: From: c", false, true },
		{ "(a", " b)From", false, true },
		/* Others that programs act upon. */
		{ "Content-(x)Type", "", false, true },
		{ "Content_Type", "", false, true },
		{ "Authentication-Results(x)", "", false, true },
		{ ">MIME-Version", "", false, true },
		{ "DKIM-Signature;", "", false, true },
		{ "\"a", "b\"Reply-To: c", false, true },
		{ "=?utf-8?q?From?=", "", false, true },
		{ "=?utf-8?b?RnJvbQ", "?=", false, true },
		{ "(x)", "", false, true }, { "X-Range(1-5)", "", false, true },
		/* Odd and harmless. */
		{ "X-Foo_Bar", "", false, false },
		{ "X.From", "", false, false },
		{ "X-Foo@host", "", false, false },
		{ "\"X-Foo\"", "", false, false },
		{ "X-Foo[1]", "", false, false },
		{ "X-{{name}}", "", false, false },
		{ "Sender_ID", "", false, false },
		{ "From_Name", "", false, false },
		{ "X-Foo\"", " \"From: c", false, false },
		{ "X-a'b", "", false, false },
		{ "$X!#%&*+/<=>?^`{|}~", "", false, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct field field = { slice_of(cases[i].name),
			slice_of(cases[i].value) };
		struct field_readings readings;

		field_readings_of(&field, &readings);
		if (author_field_is_odd(&readings) != cases[i].author)
			fail_msg("author: %s", cases[i].name);
		if (field_readings_mislead(&readings) != cases[i].mislead)
			fail_msg("mislead: %s", cases[i].name);
	}
}

/* A known name, and more than any known name has, in every reading. */
static void
long_names_are_read_as_nothing(void **state)
{
	char text[2 * FIELD_READING_OCTETS + 1];

	(void)state;
	for (size_t len = 5; len < sizeof(text); len++) {
		const struct field field = { { text, len }, SLICE("") };
		struct field_readings readings;

		memset(text, '-', sizeof(text));
		memcpy(text, "From.", 5);
		field_readings_of(&field, &readings);
		assert_int_equal(author_field_is_odd(&readings), true);
		text[4] = '-';
		text[len - 1] = '.';
		field_readings_of(&field, &readings);
		assert_int_equal(author_field_is_odd(&readings), len == 5);
	}
}

static void
authors_are_counted(void **state)
{
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.max_mailboxes = 20,
		.max_authors = 3 };
	const struct header_limits no_limits = { 0 };
	struct authors authors;
	struct header header;
	struct world world;
	struct err err;

	(void)state;
	world_init(&world, "", "");
	rules.forms = author_forms_from_config(world.config);
	header_init(&header, &world.mem);
	authors_init(&authors, &world.mem);
	for (int i = 0; i < 4; i++)
		assert_int_equal(header_add(&header, SLICE("Resent-From"),
				     SLICE(" a@b.example"), &no_limits, &err),
		    0);
	assert_int_equal(
	    authors_add_header(&authors, &header, &rules, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	world_done(&world);
}

/* Whether authors with that many octets of names are read, of at most ten. */
static int
read_names(struct world *world, const char *from, const char *resent_from,
    struct err *err)
{
	struct author_rules rules = { .domain = SLICE("corp.example"),
		.max_mailboxes = 20,
		.max_name_bytes = 10,
		.forms = author_forms_from_config(world->config) };
	const struct header_limits no_limits = { 0 };
	struct authors authors;
	struct header header;

	header_init(&header, &world->mem);
	authors_init(&authors, &world->mem);
	assert_int_equal(
	    header_add(&header, SLICE("From"), slice_of(from), &no_limits, err),
	    0);
	assert_int_equal(header_add(&header, SLICE("Resent-From"),
			     slice_of(resent_from), &no_limits, err),
	    0);
	return authors_add_header(&authors, &header, &rules, err);
}

static void
names_of_all_fields_are_counted_together(void **state)
{
	struct world world;
	struct err err;

	(void)state;
	world_init(&world, "", "");
	/* Blanks and brackets stand beside the address, too: 5 octets each. */
	assert_int_equal(
	    read_names(&world, " A <a@b.example>", " C <a@b.example>", &err),
	    0);
	assert_int_equal(
	    read_names(&world, " A <a@b.example>", " CC <a@b.example>", &err),
	    -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(
	    read_names(&world, " a@b.example", " a@b.example (comment)", &err),
	    -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	world_done(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_construct_is_an_option),
		cmocka_unit_test(defaults_are_safe),
		cmocka_unit_test(odd_field_names_are_seen),
		cmocka_unit_test(long_names_are_read_as_nothing),
		cmocka_unit_test(authors_are_counted),
		cmocka_unit_test(names_of_all_fields_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
