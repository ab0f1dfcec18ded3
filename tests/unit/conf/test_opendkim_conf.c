/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../scratch.h"
#include "conf/opendkim_conf.h"

/* A directory of its own for each test, and what the reader told. */
struct scratch {
	struct arena mem;
	struct strbuf told;
	char dir[SCRATCH_BYTES];
};

static int
setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	arena_init(&s->mem);
	strbuf_init(&s->told, &s->mem);
	strbuf_add_cstr(&s->told, "");
	*state = s;
	return scratch_enter(s->dir);
}

static int
teardown(void **state)
{
	struct scratch *s = *state;
	int status;

	(void)unlink("a");
	(void)unlink("b");
	arena_done(&s->mem);
	status = scratch_leave(s->dir);
	free(s);
	return status;
}

static int
tell(void *arg, const struct opendkim_line *line, struct err *err)
{
	struct strbuf *told = arg;

	if (slice_eq(line->name, SLICE("Stop")))
		return err_set(err, ERR_DATA, "stopped");
	strbuf_addf(told, "%.*s:%u %.*s=%.*s\n", SLICE_ARGS(line->path),
	    line->line, SLICE_ARGS(line->name), SLICE_ARGS(line->value));
	return 0;
}

static int
read_a(struct scratch *s, struct err *err)
{
	return opendkim_conf_read(SLICE("a"), &s->mem, tell, &s->told, err);
}

static void
each_line_is_told_with_its_place(void **state)
{
	struct scratch *s = *state;
	struct err err;

	write_text("a",
	    "# none\n\nMode\tsv # sign and verify\n"
	    "  Syslog   \ninclude b\nSocket local:/x y\n");
	write_text("b", "Domain example.org");
	assert_int_equal(read_a(s, &err), 0);
	check_slice("told", strbuf_slice(&s->told),
	    "a:3 Mode=sv\na:4 Syslog=\nb:1 Domain=example.org\n"
	    "a:6 Socket=local:/x y\n");
}

static void
includes_are_bounded(void **state)
{
	struct scratch *s = *state;
	struct strbuf many;
	struct err err;

	strbuf_init(&many, &s->mem);
	write_text("a", "Include a\n");
	assert_int_equal(read_a(s, &err), -1);
	assert_string_equal(err.text, "Include: nested too deep");
	/* Not deep, and yet it might never end. */
	write_text("b", "Mode s\n");
	for (unsigned int i = 0; i < 65; i++)
		strbuf_add_cstr(&many, "Include b\n");
	write_text("a", many.data + sizeof("Include b\nInclude b\n") - 1);
	assert_int_equal(read_a(s, &err), 0);
	write_text("a", many.data);
	assert_int_equal(read_a(s, &err), -1);
	assert_string_equal(err.text, "Include: more than 64 files");
}

static void
what_ends_it_is_told(void **state)
{
	struct scratch *s = *state;
	struct err err;

	assert_int_equal(read_a(s, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	write_text("a", "Mode s\nStop\nMode v\n");
	assert_int_equal(read_a(s, &err), -1);
	assert_int_equal(err.kind, ERR_DATA);
	check_slice("told", strbuf_slice(&s->told), "a:1 Mode=s\n");
}

static void
words_for_yes(void **state)
{
	(void)state;
	assert_true(opendkim_is_yes(SLICE("Yes")));
	assert_true(opendkim_is_yes(SLICE("true")));
	assert_true(opendkim_is_yes(SLICE("1")));
	assert_false(opendkim_is_yes(SLICE("no")));
	assert_false(opendkim_is_yes(SLICE("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    each_line_is_told_with_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    includes_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_ends_it_is_told, setup, teardown),
		cmocka_unit_test(words_for_yes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
