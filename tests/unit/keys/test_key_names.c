/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/keys/key_names_priv.h"

/* A name that is all there is, and a key of a table. */
static const struct key_name plain = { .name = { "a.example", 9 },
	.place = { "a.example", 9 },
	.domain = { "a.example", 9 } };
static const struct key_name upper = { .name = { "b.example", 9 },
	.place = { "B.example", 9 },
	.domain = { "b.example", 9 } };
static const struct key_name row = { .name = { "k c.example", 11 },
	.place = { "k c.example", 11 },
	.domain = { "c.example", 9 } };
static const struct key_name grown = { .name = { "l c.example", 11 },
	.place = { "l c.example", 11 },
	.domain = { "c.example", 9 },
	.added = true };

static const struct key_name *const all[] = { &plain, &upper, &row, &grown };

enum { COUNT = 4 };

static bool
are_same(const struct key_name *a, const struct key_name *b)
{
	return slice_eq(a->name, b->name) && slice_eq(a->place, b->place) &&
	    slice_eq(a->domain, b->domain) && slice_eq(a->fault, b->fault) &&
	    a->added == b->added;
}

static struct key_names *
names_of_all(void)
{
	struct key_names *names = key_names_new();

	for (size_t i = 0; i < COUNT; i++)
		assert_true(key_names_add(names, all[i]));
	return names;
}

static void
names_are_found_as_they_were_added(void **state)
{
	struct key_names *names = names_of_all();

	(void)state;
	assert_int_equal(key_names_count(names), COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		struct key_name name = key_names_at(names, i);

		assert_true(are_same(&name, all[i]));
		assert_int_equal(key_names_find(names, name.name), i);
		assert_false(key_names_add(names, &name));
	}
	assert_int_equal(key_names_find(names, SLICE("c.example")), COUNT);
	/* The first key of a domain. */
	assert_int_equal(key_names_find_domain(names, SLICE("c.example")), 2);
	assert_int_equal(key_names_find_domain(names, SLICE("b.example")), 1);
	assert_int_equal(
	    key_names_find_domain(names, SLICE("d.example")), COUNT);
	key_names_unref(names);
}

static void
a_fault_belongs_to_its_name(void **state)
{
	struct key_names *names = names_of_all();
	struct key_name name;

	(void)state;
	key_names_set_fault(names, plain.name, SLICE("twice"));
	key_names_set_fault(names, row.name, SLICE("thrice"));
	name = key_names_at(names, 0);
	check_slice("fault", name.fault, "twice");
	check_slice("place", name.place, "a.example");
	name = key_names_at(names, 2);
	check_slice("fault", name.fault, "thrice");
	check_slice("domain", name.domain, "c.example");
	name = key_names_at(names, 1);
	assert_int_equal(name.fault.len, 0);
	assert_int_equal(key_names_find_domain(names, SLICE("c.example")), 2);
	key_names_unref(names);
}

/* Adds the first of them to names that are perhaps those of before. */
static struct key_names *
name_again(struct key_names *before, size_t count)
{
	struct key_naming naming;
	struct key_names *names, *more;

	key_naming_begin(&naming, before);
	for (size_t i = 0; i < count; i++) {
		assert_true(key_naming_add(&naming, all[i]));
		/* What is there is there, copied or not. */
		assert_false(key_naming_add(&naming, all[0]));
	}
	names = key_naming_finish(&naming, &more);
	assert_int_equal(key_names_count(more), 0);
	key_names_unref(more);
	return names;
}

static void
the_same_names_are_shared(void **state)
{
	struct key_names *before = name_again(NULL, COUNT - 1), *same;

	(void)state;
	assert_int_equal(key_names_count(before), COUNT - 1);
	same = name_again(before, COUNT - 1);
	assert_ptr_equal(same, before);
	key_names_unref(before);
	assert_int_equal(key_names_find(same, plain.name), 0);
	key_names_unref(same);
}

static void
other_names_are_copied(void **state)
{
	static const struct key_name other = { .name = { "b.example", 9 },
		.place = { "b.example", 9 },
		.domain = { "b.example", 9 } };
	struct key_names *before = name_again(NULL, 3), *after, *more;
	struct key_naming naming;
	struct key_name name;

	(void)state;
	/* One more, or less. */
	for (size_t count = 2; count <= 4; count += 2) {
		after = name_again(before, count);
		assert_ptr_not_equal(after, before);
		assert_int_equal(key_names_count(after), count);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(
			    key_names_find(after, all[i]->name), i);
		key_names_unref(after);
	}
	/* Another place under the same name. */
	key_naming_begin(&naming, before);
	assert_true(key_naming_add(&naming, &plain));
	assert_true(key_naming_add(&naming, &other));
	after = key_naming_finish(&naming, &more);
	name = key_names_at(after, 1);
	check_slice("place", name.place, "b.example");
	key_names_unref(after);
	key_names_unref(more);
	key_names_unref(before);
}

/* Adds names from one number to below another; those of skip are left out. */
static void
add_numbers(struct key_naming *naming, size_t from, size_t to, size_t skip)
{
	for (size_t i = from; i < to; i++) {
		CLEANUP(arena_done) struct arena mem;
		struct slice text;

		arena_init(&mem);
		text = slice_format(&mem, "d%zu.example", i);
		if (i != skip)
			assert_true(key_naming_add(naming,
			    &(struct key_name){
				.name = text, .place = text, .domain = text }));
	}
}

static void
a_few_more_stand_beside_names_that_are_shared(void **state)
{
	enum { MANY = 80, NONE = 1000 };
	struct key_names *before, *after, *more;
	struct key_naming naming;

	(void)state;
	key_naming_begin(&naming, NULL);
	add_numbers(&naming, 0, MANY, NONE);
	before = key_naming_finish(&naming, &more);
	key_names_unref(more);
	for (size_t extra = 9; extra <= 11; extra++) {
		key_naming_begin(&naming, before);
		add_numbers(&naming, 0, 30, NONE);
		add_numbers(&naming, MANY, MANY + extra, NONE);
		assert_false(key_naming_add(&naming,
		    &(struct key_name){ .name = SLICE("d88.example"),
			.place = SLICE("d88.example"),
			.domain = SLICE("d88.example") }));
		add_numbers(&naming, 30, MANY, NONE);
		after = key_naming_finish(&naming, &more);
		assert_int_equal(after == before, extra <= 10);
		assert_int_equal(
		    key_names_count(more), extra <= 10 ? extra : 0);
		assert_int_equal(key_names_count(after) + key_names_count(more),
		    MANY + extra);
		key_names_unref(after);
		key_names_unref(more);
	}
	/* One that is missing is in none of them. */
	key_naming_begin(&naming, before);
	add_numbers(&naming, MANY, MANY + 2, NONE);
	add_numbers(&naming, 0, MANY, 40);
	after = key_naming_finish(&naming, &more);
	assert_ptr_not_equal(after, before);
	assert_int_equal(key_names_count(after), MANY + 1);
	assert_int_equal(key_names_find(after, SLICE("d40.example")), MANY + 1);
	key_names_unref(after);
	key_names_unref(more);
	key_names_unref(before);
}

/* What was wrong is told again by whoever names it again. */
static void
names_with_a_fault_are_not_shared(void **state)
{
	struct key_names *before = name_again(NULL, 3), *after;
	struct key_name name;

	(void)state;
	key_names_set_fault(before, upper.name, SLICE("twice"));
	after = name_again(before, 3);
	assert_ptr_not_equal(after, before);
	name = key_names_at(after, 1);
	assert_int_equal(name.fault.len, 0);
	key_names_unref(after);
	key_names_unref(before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_as_they_were_added),
		cmocka_unit_test(a_fault_belongs_to_its_name),
		cmocka_unit_test(the_same_names_are_shared),
		cmocka_unit_test(other_names_are_copied),
		cmocka_unit_test(a_few_more_stand_beside_names_that_are_shared),
		cmocka_unit_test(names_with_a_fault_are_not_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
