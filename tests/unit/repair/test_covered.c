/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>

#include "repair/covered.h"
#include "repair/repair_header.h"

/* Subject twice, and To: what one signature covers of them. */
struct world {
	struct arena mem;
	struct header header;
	struct authors authors;
	struct edits edits;
	struct cover cover;
};

enum { SIGNATURE, UPPER, LOWER, TO };

static void
set_up(struct world *world, const char *signature, bool is_foreign)
{
	const struct header_limits no_limits = { 0 };
	const struct {
		const char *name;
		const char *value;
	} fields[] = { { "DKIM-Signature", signature }, { "Subject", " one" },
		{ "subject", " two  words" }, { "To", " a@far.example" } };
	struct author author = { .role = ROLE_FROM, .foreign = is_foreign };
	struct repair_facts facts = { .authors = &world->authors };
	struct own_domains own = { .mem = &world->mem };
	struct err err;

	arena_init(&world->mem);
	header_init(&world->header, &world->mem);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(
		    header_add(&world->header, slice_of(fields[i].name),
			slice_of(fields[i].value), &no_limits, &err),
		    0);
	authors_init(&world->authors, &world->mem);
	author.address.domain = SLICE("corp.example");
	authors_keep(&world->authors, &author);
	own.names = map_new(&world->mem);
	own_domains_add(&own, SLICE("corp.example"));
	facts.own_domains = &own;
	edits_init(&world->edits, &world->mem, &world->header);
	cover_find(&facts, &world->edits, &world->cover);
}

static void
a_signature_covers_the_last_fields_of_its_names(void **state)
{
	static const struct {
		const char *signature;
		bool upper, lower, to, body, from_ten;
	} cases[] = {
		{ " v=1; a=x; b=x; s=x; d=away.example; h=Subject", 0, 1, 0, 1,
		    1 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=from : subject:\n subject",
		    1, 1, 0, 1, 1 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=subject:subject:subject:to",
		    1, 1, 1, 1, 1 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=to; l=0", 0, 0, 1, 0,
		    0 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=to; l=10", 0, 0, 1, 1,
		    0 },
		{ " v=1; a=x; b=x; s=x; d=away.example; c=relaxed; h=to; l=10",
		    0, 0, 1, 1, 0 },
		{ " v=1; a=x; b=x; s=x; d=away.example; c=simple/relaxed; h=to; l=10",
		    0, 0, 1, 1, 1 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=to; l=x", 0, 0, 1, 1,
		    1 },
		{ " v=1; a=x; b=x; s=x; d=corp.example; h=to", 0, 0, 0, 0, 0 },
		{ " v=1; a=x; b=x; s=x; d=Sub.Corp.Example; h=to", 0, 0, 0, 0,
		    0 },
		{ " v=1; a=x; b=x; s=x; h=to", 0, 0, 0, 0, 0 },
		{ " v=1; a=x; b=x; s=x; d=away.example", 0, 0, 0, 0, 0 },
		{ " v=1; a=x; b=x; s=x; d=away.example; h=to; h=subject", 0, 0,
		    0, 0, 0 },
		{ " nonsense", 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;

		set_up(&world, cases[i].signature, true);
		if (cover_has_field(&world.cover, UPPER) != cases[i].upper ||
		    cover_has_field(&world.cover, LOWER) != cases[i].lower ||
		    cover_has_field(&world.cover, TO) != cases[i].to ||
		    cover_has_body(&world.cover, 0) != cases[i].body ||
		    cover_has_body(&world.cover, 10) != cases[i].from_ten)
			fail_msg("\"%s\"", cases[i].signature);
		assert_false(cover_has_field(&world.cover, TO + 1));
		arena_done(&world.mem);
	}
}

static void
mail_of_our_own_authors_is_not_passed_on(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, " v=1; a=x; b=x; s=x; d=away.example; h=to", false);
	assert_false(cover_is_passed_on(&world.cover));
	assert_false(cover_has_field(&world.cover, TO));
	assert_false(cover_has_field(NULL, TO));
	assert_false(cover_has_body(NULL, 0));
	arena_done(&world.mem);
}

static void
only_what_verifiers_see_breaks_a_signature(void **state)
{
	static const struct {
		const char *canon;
		size_t index;
		const char *value; /* NULL: the field goes */
		const char *broken;
	} cases[] = {
		{ "relaxed/simple", LOWER, " two\n words ", "" },
		{ "simple", LOWER, " two\n words ", "away.example" },
		{ "relaxed", LOWER, " two", "away.example" },
		{ "relaxed", LOWER, " two words more", "away.example" },
		{ "relaxed", LOWER, NULL, "away.example" },
		{ "relaxed", UPPER, " another", "" },
		{ "relaxed", UPPER, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		char signature[100];

		(void)snprintf(signature, sizeof(signature),
		    " v=1; a=x; b=x; s=x; d=away.example; c=%s; h=subject:to",
		    cases[i].canon);
		set_up(&world, signature, true);
		if (cases[i].value == NULL)
			edits_delete(&world.edits, cases[i].index);
		else
			edits_change(&world.edits, cases[i].index,
			    slice_of(cases[i].value));
		check_slice(cases[i].canon,
		    cover_broken(&world.cover, &world.edits, UINT64_MAX),
		    cases[i].broken);
		check_slice("body", cover_broken(&world.cover, &world.edits, 5),
		    "away.example");
		arena_done(&world.mem);
	}
}

static void
a_further_field_breaks_a_signature_unless_on_top(void **state)
{
	struct world world;

	(void)state;
	set_up(&world, " v=1; a=x; b=x; s=x; d=away.example; h=to:date", true);
	assert_true(cover_has_name(&world.cover, SLICE("Date")));
	assert_false(cover_has_name(&world.cover, SLICE("Cc")));
	edits_add_on_top(&world.edits, SLICE("To"), SLICE(" b@far.example"));
	edits_add(&world.edits, SLICE("Cc"), SLICE(" b@far.example"));
	check_slice("neither",
	    cover_broken(&world.cover, &world.edits, UINT64_MAX), "");
	edits_add(&world.edits, SLICE("DATE"), SLICE(" now"));
	check_slice("added",
	    cover_broken(&world.cover, &world.edits, UINT64_MAX),
	    "away.example");
	arena_done(&world.mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_signature_covers_the_last_fields_of_its_names),
		cmocka_unit_test(mail_of_our_own_authors_is_not_passed_on),
		cmocka_unit_test(only_what_verifiers_see_breaks_a_signature),
		cmocka_unit_test(
		    a_further_field_breaks_a_signature_unless_on_top),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
