/* SPDX-License-Identifier: BSD-2-Clause */
/* A header with changes: what goes on, and what the MTA is told. */
#include "../unit.h"

#include "message/edit.h"

struct world {
	struct arena mem;
	struct header header;
	struct edits edits;
};

static int
set_up(void **state)
{
	static struct world world;
	static const char *const names[] = { "From", "To", "to", "Subject",
		"TO" };
	const struct header_limits no_limits = { 0 };
	struct err err;

	arena_init(&world.mem);
	header_init(&world.header, &world.mem);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(
		    header_add(&world.header, slice_of(names[i]),
			slice_format(&world.mem, " %zu", i), &no_limits, &err),
		    0);
	edits_init(&world.edits, &world.mem, &world.header);
	*state = &world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	arena_done(&world->mem);
	return 0;
}

/* "From: 0|To: 1|...", as it goes on. */
static void
check_view(struct world *world, const char *want)
{
	const struct field *fields;
	struct strbuf buf;
	size_t count;

	fields = edits_view(&world->edits, &count);
	strbuf_init(&buf, &world->mem);
	for (size_t i = 0; i < count; i++) {
		strbuf_add(&buf, fields[i].name);
		strbuf_add_char(&buf, ':');
		strbuf_add(&buf, fields[i].value);
		strbuf_add_char(&buf, '|');
	}
	check_slice("view", strbuf_slice(&buf), want);
}

static void
without_a_change_it_goes_on_as_it_came(void **state)
{
	struct world *world = *state;

	check_view(world, "From: 0|To: 1|to: 2|Subject: 3|TO: 4|");
	assert_int_equal(world->edits.changes, 0);
}

static void
names_are_found_whatever_their_case(void **state)
{
	struct world *world = *state;
	struct edits *edits = &world->edits;

	assert_int_equal(edits_count(edits, SLICE("To")), 3);
	assert_int_equal(edits_find(edits, SLICE("tO"), 0), 1);
	assert_int_equal(edits_find(edits, SLICE("tO"), 2), 2);
	assert_int_equal(edits_find(edits, SLICE("Cc"), 0), edits->count);
	edits_delete(edits, 1);
	assert_int_equal(edits_find(edits, SLICE("To"), 0), 2);
	assert_int_equal(edits_count(edits, SLICE("To")), 2);
}

static void
a_field_is_changed_and_deleted_in_its_place(void **state)
{
	struct world *world = *state;
	struct edits *edits = &world->edits;

	edits_change(edits, 2, SLICE(" new"));
	edits_delete(edits, 3);
	check_view(world, "From: 0|To: 1|to: new|TO: 4|");
	assert_int_equal(edits->fields[2].state, FIELD_CHANGED);
	assert_int_equal(edits->fields[3].state, FIELD_DELETED);
	assert_int_equal(edits->changes, 2);
	check_slice("as it was", edits->fields[3].field.value, " 3");
	check_slice("received", world->header.fields[2].value, " 2");
}

static void
all_of_a_name_are_deleted_or_none(void **state)
{
	struct world *world = *state;

	assert_false(edits_delete_all(&world->edits, SLICE("Bcc")));
	assert_true(edits_delete_all(&world->edits, SLICE("To")));
	check_view(world, "From: 0|Subject: 3|");
	assert_false(edits_delete_all(&world->edits, SLICE("To")));
}

static void
what_is_added_on_top_is_seen_there(void **state)
{
	struct world *world = *state;
	struct edits *edits = &world->edits;

	edits_add(edits, SLICE("Date"), SLICE(" d"));
	edits_add_on_top(edits, SLICE("A"), SLICE(" a"));
	assert_int_equal(edits_count(edits, SLICE("Date")), 1);
	assert_int_equal(edits->changes, 2);
	check_view(world, "A: a|From: 0|To: 1|to: 2|Subject: 3|TO: 4|Date: d|");
}

static void
the_mta_counts_fields_of_a_name_as_they_came(void **state)
{
	struct world *world = *state;
	const size_t *occurrences;

	edits_delete(&world->edits, 1);
	occurrences = edits_occurrences(&world->edits, &world->mem);
	assert_int_equal(occurrences[0], 1);
	assert_int_equal(occurrences[1], 1);
	assert_int_equal(occurrences[2], 2);
	assert_int_equal(occurrences[3], 1);
	assert_int_equal(occurrences[4], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    without_a_change_it_goes_on_as_it_came, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    names_are_found_whatever_their_case, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_field_is_changed_and_deleted_in_its_place, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    all_of_a_name_are_deleted_or_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_is_added_on_top_is_seen_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    the_mta_counts_fields_of_a_name_as_they_came, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
