/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "base/report.h"
#include "base/str.h"

/* What was told last. */
struct told {
	struct arena mem;
	struct slice text;
	bool is_error;
};

static void
note(void *arg, bool is_error, const char *text)
{
	struct told *told = arg;

	told->text = slice_dup(&told->mem, slice_of(text));
	told->is_error = is_error;
}

static void
a_fault_is_told_whole(void **state)
{
	struct told told = { .is_error = false };
	const struct report report = { note, &told };
	char longest[2000];

	(void)state;
	arena_init(&told.mem);
	memset(longest, 'x', sizeof(longest));
	report_error(&report, "%.*s %d", (int)sizeof(longest), longest, 7);
	assert_true(told.is_error);
	assert_int_equal(told.text.len, sizeof(longest) + 2);
	assert_true(slice_ends_nocase(told.text, SLICE("x 7")));
	report_warning(&report, "%s", "soon");
	assert_false(told.is_error);
	check_slice("warning", told.text, "soon");
	arena_done(&told.mem);
}

static void
without_a_reader_nothing_is_told(void **state)
{
	const struct report none = { NULL, NULL };
	const struct report some = { note, NULL };

	(void)state;
	assert_false(report_is_read(NULL));
	assert_false(report_is_read(&none));
	assert_true(report_is_read(&some));
	report_error(NULL, "%d", 1);
	report_warning(&none, "%d", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_is_told_whole),
		cmocka_unit_test(without_a_reader_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
