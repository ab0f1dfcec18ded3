/* SPDX-License-Identifier: BSD-2-Clause */
/* Indexed files: what is found in them, and what becomes of them while open. */
#include "write_index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "table/backend.h"
#include "table/index_file.h"

#define TEXT(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define ROW(key, value)                \
	{                              \
		TEXT(key), TEXT(value) \
	}
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A file of one type in a directory of its own, and the table. */
struct scene {
	struct arena mem;
	const struct index_type *type;
	char dir[64];
	const char *path, *aside;
	struct table *table;
};

static void
scene_begin(struct scene *scene, const struct index_type *type)
{
	*scene = (struct scene){ .type = type,
		.dir = "/tmp/submilter-index.XXXXXX" };
	arena_init(&scene->mem);
	assert_non_null(mkdtemp(scene->dir));
	scene->path =
	    slice_format(&scene->mem, "%s/rows%s", scene->dir, type->suffix)
		.data;
	scene->aside = slice_format(&scene->mem, "%s/aside", scene->dir).data;
}

static void
scene_open(struct scene *scene)
{
	struct err err;

	if (table_open(slice_format(&scene->mem, "%s:%s/rows",
			   scene->type->type, scene->dir),
		NULL, &scene->table, &err) != 0)
		fail_msg("%s", err.text);
}

static void
scene_end(struct scene *scene)
{
	table_close(scene->table);
	(void)unlink(scene->path);
	(void)unlink(scene->aside);
	assert_int_equal(rmdir(scene->dir), 0);
	arena_done(&scene->mem);
}

/* Written aside and renamed, as it should be done. */
static void
scene_replace(struct scene *scene, const struct index_row *rows, size_t count)
{
	scene->type->write(scene->aside, rows, count);
	assert_int_equal(rename(scene->aside, scene->path), 0);
}

/* The value of a key, "-" for none, "!" for a failure. */
static void
check(struct scene *scene, struct slice key, const char *want)
{
	struct err err;
	const struct table_context context = { .mem = &scene->mem,
		.err = &err };
	struct slice value;

	switch (table_lookup_one(scene->table, key, &context, &value)) {
	case TABLE_FOUND:
		break;
	case TABLE_ABSENT:
		value = SLICE("-");
		break;
	case TABLE_FAILED:
		value = SLICE("!");
		break;
	}
	check_slice(scene->type->type, value, want);
}

static void
keys_stand_with_their_final_nul_or_without(void **state)
{
	static const struct index_row rows[] = {
		ROW("a\0", "1\0"),
		ROW("b", "2"),
		ROW("c\0", "3"),
		ROW("d", "4\0"),
		ROW("both\0", "with\0"),
		ROW("both", "without"),
		ROW("empty\0", "\0"),
		ROW("void", ""),
		ROW("j\xc3\xbcrgen@x.example\0", "t\tx  y, z\0"),
		ROW("Upper\0", "never found\0"),
		ROW("two\0\0", "never found\0"),
	};

	(void)state;
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct scene scene;

		scene_begin(&scene, &index_types[i]);
		index_types[i].write(scene.path, rows, COUNT(rows));
		scene_open(&scene);
		check(&scene, SLICE("a"), "1");
		check(&scene, SLICE("B"), "2");
		check(&scene, SLICE("c"), "3");
		check(&scene, SLICE("d"), "4");
		check(&scene, SLICE("both"), "with");
		check(&scene, SLICE("empty"), "");
		check(&scene, SLICE("void"), "");
		check(&scene, SLICE("J\xc3\x9crgen@X.example"), "t\tx  y, z");
		check(&scene, SLICE("Upper"), "-");
		check(&scene, SLICE("two"), "-");
		check(&scene, SLICE(""), "-");
		check(&scene, SLICE("nobody"), "-");
		scene_end(&scene);
	}
}

static void
values_that_are_none_are_failures(void **state)
{
	size_t len = 1024 * 1024 + 2;
	char *octets = malloc(len);
	struct index_row rows[] = {
		ROW("nul", "a\0b"),
		ROW("nuls", "a\0\0"),
		ROW("line", "a\nb"),
		ROW("latin", "j\xfcrgen"),
		{ TEXT("long"), { octets, len } },
		{ TEXT("large"), { octets, 100000 } },
	};

	(void)state;
	assert_non_null(octets);
	memset(octets, 'x', len);
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct scene scene;

		scene_begin(&scene, &index_types[i]);
		index_types[i].write(scene.path, rows, COUNT(rows));
		scene_open(&scene);
		for (size_t r = 0; r + 1 < COUNT(rows); r++)
			check(&scene, rows[r].key, "!");
		check(&scene, SLICE("large"),
		    slice_cstr(&scene.mem, rows[COUNT(rows) - 1].value));
		scene_end(&scene);
	}
	free(octets);
}

static void
a_file_that_is_replaced_counts_at_once(void **state)
{
	static const struct index_row first[] = { ROW("a", "1"),
		ROW("b", "1") };
	static const struct index_row second[] = { ROW("a", "2") };

	(void)state;
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct scene scene;

		scene_begin(&scene, &index_types[i]);
		index_types[i].write(scene.path, first, COUNT(first));
		scene_open(&scene);
		check(&scene, SLICE("a"), "1");
		scene_replace(&scene, second, COUNT(second));
		check(&scene, SLICE("a"), "2");
		check(&scene, SLICE("b"), "-");
		assert_int_equal(unlink(scene.path), 0);
		check(&scene, SLICE("a"), "!");
		scene_replace(&scene, first, COUNT(first));
		check(&scene, SLICE("b"), "1");
		assert_int_equal(chmod(scene.path, 0666), 0);
		scene_replace(&scene, second, COUNT(second));
		check(&scene, SLICE("a"), "2");
		scene_end(&scene);
	}
}

/* Rows that fill pages of all kinds. */
static struct index_row *
many_rows(struct arena *mem, size_t count)
{
	struct index_row *rows = arena_array(mem, count, sizeof(*rows));

	for (size_t i = 0; i < count; i++) {
		char *value = arena_alloc(mem, i % 97 == 0 ? 5000 : 40);

		memset(value, 'a' + (int)(i % 26), i % 97 == 0 ? 5000 : i % 40);
		rows[i].key = slice_format(mem, "user%zu@corp.example", i);
		rows[i].value =
		    (struct slice){ value, i % 97 == 0 ? 5000 : i % 40 };
	}
	return rows;
}

/* Also while it is open, as when another file is copied over it. */
static void
a_file_that_is_cut_is_a_failure_and_no_signal(void **state)
{
	enum { ROWS = 3000 };

	(void)state;
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct scene scene;
		struct index_row *rows;
		struct stat st;
		size_t failed = 0;

		scene_begin(&scene, &index_types[i]);
		rows = many_rows(&scene.mem, ROWS);
		index_types[i].write(scene.path, rows, ROWS);
		scene_open(&scene);
		assert_int_equal(stat(scene.path, &st), 0);
		assert_int_equal(truncate(scene.path, st.st_size / 2), 0);
		for (size_t r = 0; r < ROWS; r++) {
			struct err err;
			const struct table_context context = {
				.mem = &scene.mem, .err = &err
			};
			struct slice value;

			switch (table_lookup_one(
			    scene.table, rows[r].key, &context, &value)) {
			case TABLE_FOUND:
				assert_true(slice_eq(value, rows[r].value));
				break;
			case TABLE_ABSENT:
				fail_msg("%s: %s is absent in half a file",
				    scene.type->type, rows[r].key.data);
				break;
			case TABLE_FAILED:
				failed++;
				break;
			}
		}
		assert_true(failed > 0);
		assert_int_equal(truncate(scene.path, 0), 0);
		check(&scene, rows[0].key, "!");
		scene_replace(&scene, rows, 1);
		check(&scene, SLICE("nobody"), "-");
		scene_end(&scene);
	}
}

/* What stands in it may be anything: no lookup reads or waits beyond it. */
static void
broken_files_end_nothing(void **state)
{
	enum { ROWS = 400, ROUNDS = 400 };
	unsigned int seed = 1;

	(void)state;
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct scene scene;
		struct index_row *rows;
		struct stat st;

		if (!index_types[i].is_ours)
			continue;
		scene_begin(&scene, &index_types[i]);
		rows = many_rows(&scene.mem, ROWS);
		index_types[i].write(scene.path, rows, ROWS);
		scene_open(&scene);
		assert_int_equal(stat(scene.path, &st), 0);
		for (size_t round = 0; round < ROUNDS; round++) {
			FILE *file = fopen(scene.path, "r+b");

			assert_non_null(file);
			for (int n = 0; n < 20; n++) {
				long place = rand_r(&seed) % st.st_size;

				/* Headers are hit more often. */
				if (n % 2 == 0)
					place =
					    place / 4096 * 4096 + place % 64;
				(void)fseek(file, place, SEEK_SET);
				(void)putc(rand_r(&seed), file);
			}
			assert_int_equal(fclose(file), 0);
			for (size_t r = 0; r < ROWS; r += 37) {
				CLEANUP(arena_done) struct arena mem;
				struct err err;
				const struct table_context context = {
					.mem = &mem, .err = &err
				};
				struct slice value = SLICE("");
				enum table_answer answer;

				arena_init(&mem);
				answer = table_lookup_one(
				    scene.table, rows[r].key, &context, &value);
				assert_true(answer != TABLE_FOUND ||
				    slice_is_utf8(value));
			}
		}
		scene_end(&scene);
	}
}

enum { THREADS = 16, TIMES = 300 };

struct crowd {
	const struct table *table;
	_Atomic int running;
	_Atomic size_t wrong;
};

static void *
ask_often(void *arg)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < TIMES; i++) {
		CLEANUP(arena_done) struct arena mem;
		const struct slice keys[] = { SLICE("nobody"),
			SLICE("user7@corp.example"),
			SLICE("user97@corp.example") };
		struct slice values[3];
		struct err err;
		const struct table_context context = {
			.mem = &mem, .deadline_us = 0, .err = &err
		};

		arena_init(&mem);
		if (table_lookup(crowd->table, &(struct table_keys){ keys, 3 },
			&context, values) != TABLE_FOUND ||
		    values[0].data != NULL || values[1].len != 7 ||
		    values[2].len != 5000)
			crowd->wrong++;
	}
	crowd->running--;
	return NULL;
}

/* With a file that is replaced, and one that is written in its place. */
static void
many_threads_ask_while_the_file_changes(void **state)
{
	enum { ROWS = 200 };

	(void)state;
	for (size_t i = 0; i < INDEX_TYPES; i++) {
		struct crowd crowd = { .running = THREADS };
		pthread_t threads[THREADS];
		struct index_row *rows;
		struct scene scene;

		scene_begin(&scene, &index_types[i]);
		rows = many_rows(&scene.mem, ROWS);
		index_types[i].write(scene.path, rows, ROWS);
		scene_open(&scene);
		crowd.table = scene.table;
		for (size_t t = 0; t < THREADS; t++)
			assert_int_equal(pthread_create(&threads[t], NULL,
					     ask_often, &crowd),
			    0);
		for (size_t n = 0; crowd.running > 0; n++) {
			if (n % 2 == 0 || strcmp(scene.type->type, "lmdb") != 0)
				scene_replace(&scene, rows, ROWS);
			else
				scene.type->write(
				    scene.path, rows + n % ROWS, 1);
		}
		for (size_t t = 0; t < THREADS; t++)
			assert_int_equal(pthread_join(threads[t], NULL), 0);
		assert_int_equal(crowd.wrong, 0);
		scene_end(&scene);
	}
}

#ifdef HAVE_LMDB
/* Trees as a writer of years makes them: rows come, grow and go. */
static void
trees_of_lmdb_are_read_as_its_library_reads_them(void **state)
{
	enum { ROWS = 4000, ROUNDS = 12, CHANGES = 1500 };
	unsigned int seed = 2;
	struct index_row *rows, changes[CHANGES];
	struct scene scene;

	(void)state;
	scene_begin(&scene, &index_types[1]);
	rows = many_rows(&scene.mem, ROWS);
	for (size_t i = 0; i < ROWS; i++)
		rows[i].value.data = NULL;
	lmdb_write(scene.path, NULL, 0);
	scene_open(&scene);
	check(&scene, rows[0].key, "-");
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t n = 0; n < CHANGES; n++) {
			struct index_row *row =
			    &rows[(size_t)rand_r(&seed) % ROWS];
			size_t len = (size_t)rand_r(&seed) %
			    (rand_r(&seed) % 50 == 0 ? 20000 : 60);

			if (row->value.data != NULL && round % 3 == 2) {
				row->value.data = NULL;
			} else {
				char *value = arena_alloc(&scene.mem, len + 1);

				memset(value, 'a' + (int)(n % 26), len);
				row->value = (struct slice){ value, len };
			}
			changes[n] = *row;
		}
		lmdb_write(scene.path, changes, CHANGES);
		for (size_t i = 0; i < ROWS; i++)
			check(&scene, rows[i].key,
			    rows[i].value.data == NULL ? "-" :
							 rows[i].value.data);
	}
	scene_end(&scene);
}
#endif

/* A library that gives no answer until this ends. */
static atomic_bool is_lost;
static atomic_int lost;

static int
lost_open(const struct index_source *source, void **ret_index, struct err *err)
{
	(void)err;
	*ret_index = (void *)(uintptr_t)source;
	return 0;
}

static enum table_answer
lost_find(void *index, struct slice key, const struct table_context *context,
    struct slice *ret_value)
{
	(void)index;
	(void)key;
	(void)context;
	(void)ret_value;
	lost++;
	while (is_lost)
		(void)sched_yield();
	return TABLE_ABSENT;
}

static void
lost_close(void *index)
{
	(void)index;
}

static enum table_answer
lost_ask(void *handle, uint64_t deadline_us)
{
	const struct slice key = SLICE("k");
	struct slice value = { NULL, 0 };
	enum table_answer answer;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	answer = index_file_lookup(handle, &(struct table_keys){ &key, 1 },
	    &(struct table_context){
		.mem = &mem, .deadline_us = deadline_us, .err = &err },
	    &value);
	arena_done(&mem);
	return answer;
}

static void *
lost_thread(void *handle)
{
	assert_int_equal(lost_ask(handle, 0), TABLE_ABSENT);
	return NULL;
}

static void
a_library_that_is_lost_keeps_others_until_their_deadline(void **state)
{
	static const struct index_ops ops = { .suffix = "",
		.is_locked = true,
		.open = lost_open,
		.find = lost_find,
		.close = lost_close };
	char path[] = "/tmp/submilter-index.XXXXXX";
	struct table_opening opening = { .name = { path, sizeof(path) - 1 } };
	int fd = mkstemp(path);
	void *handle = NULL;
	struct arena mem;
	pthread_t thread;
	struct err err;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	arena_init(&mem);
	opening.mem = &mem;
	assert_int_equal(index_file_open(&ops, &opening, &handle, &err), 0);
	is_lost = true;
	assert_int_equal(pthread_create(&thread, NULL, lost_thread, handle), 0);
	while (lost == 0)
		(void)sched_yield();
	assert_int_equal(
	    lost_ask(handle, clock_monotonic_us() + 50000), TABLE_FAILED);
	is_lost = false;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(lost_ask(handle, 0), TABLE_ABSENT);
	index_file_close(handle);
	assert_int_equal(unlink(path), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_library_that_is_lost_keeps_others_until_their_deadline),
		cmocka_unit_test(keys_stand_with_their_final_nul_or_without),
		cmocka_unit_test(values_that_are_none_are_failures),
		cmocka_unit_test(a_file_that_is_replaced_counts_at_once),
		cmocka_unit_test(a_file_that_is_cut_is_a_failure_and_no_signal),
		cmocka_unit_test(broken_files_end_nothing),
		cmocka_unit_test(many_threads_ask_while_the_file_changes),
#ifdef HAVE_LMDB
		cmocka_unit_test(
		    trees_of_lmdb_are_read_as_its_library_reads_them),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
