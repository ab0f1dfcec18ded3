/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/table_set.h"

enum { MAX_USES = 8 };

/* A directory with the files "one" and "two", and uses of them. */
struct scene {
	struct arena mem;
	char dir[64];
	struct table_use uses[MAX_USES];
	size_t count;
	size_t reported;
};

static const char *
path_of(struct scene *scene, const char *name)
{
	return slice_format(&scene->mem, "%s/%s", scene->dir, name).data;
}

/* A file whose times are those of long ago, so that they tell any change. */
static void
write_rows(struct scene *scene, const char *name, const char *text)
{
	const char *path = path_of(scene, name);
	const struct timespec old[2] = { { .tv_sec = 1700000000 },
		{ .tv_sec = 1700000000 } };
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static struct slice
use(struct scene *scene, const char *option, const char *type, const char *name)
{
	struct slice spec =
	    slice_format(&scene->mem, "%s:%s", type, path_of(scene, name));

	assert_true(scene->count < MAX_USES);
	scene->uses[scene->count++] = (struct table_use){ option, spec };
	return spec;
}

static void
count_report(void *arg, bool is_error, const char *text)
{
	struct scene *scene = arg;

	assert_true(is_error);
	assert_non_null(text);
	scene->reported++;
}

static int
open_with(struct scene *scene, const struct table_set *before,
    report_tell *tell, struct table_set **ret_set, struct err *err)
{
	const struct report report = { tell, scene };

	return table_set_open(&(struct table_set_options){ scene->uses,
				  scene->count, before, &report, NULL },
	    ret_set, err);
}

static struct table_set *
open_set(struct scene *scene, const struct table_set *before)
{
	struct table_set *set;
	struct err err;

	if (open_with(scene, before, count_report, &set, &err) != 0)
		fail_msg("%s", err.text);
	return set;
}

static int
begin(void **state)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));

	arena_init(&scene->mem);
	(void)snprintf(
	    scene->dir, sizeof(scene->dir), "%s", "/tmp/submilter-test.XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	write_rows(scene, "one", "a 1\n");
	write_rows(scene, "two", "192.0.2.0/24 2\n");
	*state = scene;
	return 0;
}

static int
end(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(unlink(path_of(scene, "one")), 0);
	assert_int_equal(unlink(path_of(scene, "two")), 0);
	assert_int_equal(rmdir(scene->dir), 0);
	arena_done(&scene->mem);
	test_free(scene);
	return 0;
}

static void
a_table_of_several_options_is_opened_once(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct slice two = use(scene, "identify.network", "cidr", "two");
	struct table_set *set;

	(void)use(scene, "identify.login-map", "texthash", "one");
	set = open_set(scene, NULL);
	assert_int_equal(table_set_count(set), 2);
	check_slice("first", table_spec(table_set_at(set, 0)), one.data);
	check_slice("second", table_spec(table_set_at(set, 1)), two.data);
	assert_ptr_equal(table_set_find(set, one), table_set_at(set, 0));
	assert_ptr_equal(table_set_find(set, two), table_set_at(set, 1));
	assert_null(table_set_find(set, SLICE("")));
	assert_null(table_set_find(set, SLICE("static:x")));
	assert_null(table_set_find(NULL, one));
	table_set_free(set);
}

static void
the_faults_of_all_tables_are_reported(void **state)
{
	struct scene *scene = *state;
	struct slice good = use(scene, "rights.tables", "texthash", "one");
	struct table_set *set;
	struct err err;

	(void)use(scene, "rights.tables", "texthash", "nowhere");
	(void)use(scene, "rights.tables", "nonsense", "one");
	assert_int_equal(open_with(scene, NULL, count_report, &set, &err), -1);
	assert_int_equal(scene->reported, 2);
	assert_int_equal(table_set_count(set), 1);
	assert_non_null(table_set_find(set, good));
	table_set_free(set);
}

static void
a_file_that_is_the_same_is_not_read_again(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct slice two = use(scene, "identify.network", "cidr", "two");
	struct slice all = SLICE("static:all");
	struct table_set *before, *after;

	scene->uses[scene->count++] =
	    (struct table_use){ "rights.levels", all };
	before = open_set(scene, NULL);
	write_rows(scene, "two", "192.0.2.0/24 3\n");
	after = open_set(scene, before);
	assert_ptr_equal(
	    table_set_find(after, one), table_set_find(before, one));
	assert_ptr_equal(
	    table_set_find(after, all), table_set_find(before, all));
	assert_ptr_not_equal(
	    table_set_find(after, two), table_set_find(before, two));
	/* Each lives as long as the last set that has it. */
	table_set_free(before);
	assert_int_equal(table_rows(table_set_find(after, one)), 1);
	table_set_free(after);
}

static void
a_file_that_changed_in_any_way_is_read_again(void **state)
{
	static const char *const commands[] = {
		"printf 'b 2\\n' >one; touch -d @1700000000 one",
		"cp -p one new && mv new one",
		"chmod 600 one",
		"touch one",
		"printf 'a 1\\n' | tee one >/dev/null",
	};
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct table_set *before, *after;

		write_rows(scene, "one", "a 1\n");
		before = open_set(scene, NULL);
		assert_int_equal(system(slice_format(&scene->mem,
				     "cd %s && sleep 0.05 && { %s; }",
				     scene->dir, commands[i])
					    .data),
		    0);
		after = open_set(scene, before);
		if (table_set_find(after, one) == table_set_find(before, one))
			fail_msg("%s", commands[i]);
		table_set_free(before);
		table_set_free(after);
	}
}

/* Times of files are coarse: it may have changed after it was read. */
static void
a_file_that_was_just_written_is_read_again(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct table_set *before, *after;

	assert_int_equal(
	    utimensat(AT_FDCWD, path_of(scene, "one"), NULL, 0), 0);
	before = open_set(scene, NULL);
	after = open_set(scene, before);
	assert_ptr_not_equal(
	    table_set_find(after, one), table_set_find(before, one));
	table_set_free(before);
	table_set_free(after);
}

static void
a_file_that_went_is_a_fault_at_a_reload_too(void **state)
{
	struct scene *scene = *state;
	struct table_set *before, *after;
	struct err err;

	(void)use(scene, "rights.tables", "texthash", "one");
	before = open_set(scene, NULL);
	assert_int_equal(unlink(path_of(scene, "one")), 0);
	assert_int_equal(
	    open_with(scene, before, count_report, &after, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	write_rows(scene, "one", "a 1\n");
	table_set_free(before);
	table_set_free(after);
}

/* No file can be opened: it may pass. Ends with fewest_files(old). */
static rlim_t
fewest_files(rlim_t limit)
{
	struct rlimit files;
	rlim_t before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	before = files.rlim_cur;
	files.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	return before;
}

static void
count_warning(void *arg, bool is_error, const char *text)
{
	struct scene *scene = arg;

	assert_false(is_error);
	assert_non_null(strstr(text,
	    "Too many open files: mail that needs it is told to come again "
	    "until it can be read"));
	scene->reported++;
}

static void
a_table_that_may_work_later_does_not_refuse_the_start(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct slice all = SLICE("static:all"), value;
	struct err err;
	const struct table_context context = { .mem = &scene->mem,
		.err = &err };
	struct table_set *start, *again, *later;
	struct table *table;
	rlim_t limit;

	scene->uses[scene->count++] =
	    (struct table_use){ "rights.levels", all };
	limit = fewest_files(0);
	assert_int_equal(
	    open_with(scene, NULL, count_warning, &start, &err), 0);
	/* A reload that has another reason does not refuse it either. */
	assert_int_equal(
	    open_with(scene, start, count_warning, &again, &err), 0);
	(void)fewest_files(limit);
	assert_int_equal(scene->reported, 2);
	table = table_set_find(again, one);
	assert_true(table_is_down(table, &err));
	assert_false(table_is_down(table_set_find(again, all), &err));
	assert_int_equal(table_rows(table), 0);
	assert_false(table_can_list(table));
	assert_int_equal(table_lookup_one(table, SLICE("a"), &context, &value),
	    TABLE_FAILED);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_string_equal(err.text,
	    slice_format(&scene->mem, "table %s: Too many open files", one.data)
		.data);
	later = open_set(scene, again);
	table_set_free(start);
	table_set_free(again);
	table = table_set_find(later, one);
	assert_false(table_is_down(table, &err));
	assert_int_equal(
	    table_lookup_one(table, SLICE("a"), &context, &value), TABLE_FOUND);
	table_set_free(later);
}

/* It cannot answer either, whatever else it is made of. */
static void
a_table_made_of_one_that_is_down_is_down(void **state)
{
	struct scene *scene = *state;
	struct slice spec = slice_format(&scene->mem,
	    "unionmap:{static:all, texthash:%s}", path_of(scene, "one"));
	struct slice value;
	struct err err;
	const struct table_context context = { .mem = &scene->mem,
		.err = &err };
	struct table_set *start, *again, *later;
	rlim_t limit;

	scene->uses[scene->count++] =
	    (struct table_use){ "rights.tables", spec };
	limit = fewest_files(0);
	assert_int_equal(
	    open_with(scene, NULL, count_warning, &start, &err), 0);
	assert_int_equal(
	    open_with(scene, start, count_warning, &again, &err), 0);
	(void)fewest_files(limit);
	assert_true(table_is_down(table_set_find(again, spec), &err));
	assert_int_equal(table_lookup_one(table_set_find(again, spec),
			     SLICE("a"), &context, &value),
	    TABLE_FAILED);
	assert_string_equal(err.text,
	    slice_format(&scene->mem, "table texthash:%s: Too many open files",
		path_of(scene, "one"))
		.data);
	later = open_set(scene, again);
	table_set_free(start);
	table_set_free(again);
	assert_false(table_is_down(table_set_find(later, spec), &err));
	assert_int_equal(table_lookup_one(table_set_find(later, spec),
			     SLICE("a"), &context, &value),
	    TABLE_FOUND);
	check_slice("value", value, "all,1");
	table_set_free(later);
}

/* What is in force is better than nothing. */
static void
a_reload_does_not_put_a_table_down(void **state)
{
	struct scene *scene = *state;
	struct table_set *before, *after;
	struct err err;
	rlim_t limit;
	int status;

	(void)use(scene, "rights.tables", "texthash", "one");
	before = open_set(scene, NULL);
	write_rows(scene, "one", "b 2\n");
	(void)use(scene, "rights.levels", "texthash", "two");
	limit = fewest_files(0);
	status = open_with(scene, before, count_report, &after, &err);
	(void)fewest_files(limit);
	assert_int_equal(status, -1);
	assert_int_equal(err.kind, ERR_TEMP);
	assert_int_equal(scene->reported, 2);
	table_set_free(before);
	table_set_free(after);
}

static void
other_tables_come_in_the_place_of_some(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct slice two = use(scene, "identify.network", "cidr", "two");
	struct table_set *set = open_set(scene, NULL), *same, *other;
	struct table *tables[2], *new;
	struct err err;

	same = table_set_with(set, NULL);
	assert_int_equal(table_open(one, NULL, &new, &err), 0);
	tables[0] = new;
	tables[1] = table_set_at(set, 1);
	other = table_set_with(set, tables);
	assert_ptr_equal(table_set_find(same, one), table_set_find(set, one));
	assert_ptr_equal(table_set_find(other, one), new);
	assert_ptr_equal(table_set_find(other, two), table_set_find(set, two));
	table_close(new);
	table_set_free(set);
	table_set_free(same);
	assert_int_equal(table_rows(table_set_find(other, one)), 1);
	assert_int_equal(table_rows(table_set_find(other, two)), 1);
	table_set_free(other);
}

/* Messages of the old configuration look up while the new one is read. */
struct reader {
	const struct table_set *set;
	struct slice spec;
	atomic_bool stop;
	atomic_ulong found;
};

static void *
read_on(void *arg)
{
	struct reader *reader = arg;
	struct table *table = table_set_find(reader->set, reader->spec);
	struct slice value;
	struct err err;

	while (!reader->stop) {
		CLEANUP(arena_done) struct arena mem;
		const struct table_context context = { .mem = &mem,
			.err = &err };

		arena_init(&mem);
		reader->found += table_lookup_one(table, SLICE("a"), &context,
				     &value) == TABLE_FOUND;
	}
	return NULL;
}

static void
tables_are_shared_while_they_are_read(void **state)
{
	struct scene *scene = *state;
	struct slice one = use(scene, "rights.tables", "texthash", "one");
	struct table_set *first = open_set(scene, NULL), *set = first;
	struct reader reader = { .set = first, .spec = one };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (int i = 0; i < 200 || reader.found == 0; i++) {
		struct table_set *next = open_set(scene, set);

		assert_ptr_equal(
		    table_set_find(next, one), table_set_find(first, one));
		if (set != first)
			table_set_free(set);
		set = next;
	}
	reader.stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(reader.found > 0);
	table_set_free(set);
	table_set_free(first);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_table_of_several_options_is_opened_once),
		TEST(the_faults_of_all_tables_are_reported),
		TEST(a_file_that_is_the_same_is_not_read_again),
		TEST(a_file_that_changed_in_any_way_is_read_again),
		TEST(a_file_that_was_just_written_is_read_again),
		TEST(a_file_that_went_is_a_fault_at_a_reload_too),
		TEST(a_table_that_may_work_later_does_not_refuse_the_start),
		TEST(a_table_made_of_one_that_is_down_is_down),
		TEST(a_reload_does_not_put_a_table_down),
		TEST(other_tables_come_in_the_place_of_some),
		TEST(tables_are_shared_while_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
