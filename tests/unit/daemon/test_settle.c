/* SPDX-License-Identifier: BSD-2-Clause */
/* A start waits for files that were written just before it. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../milter/daemon/daemon_priv.h"

/* How long the files have to be left alone. */
enum { STILL_MS = 200 };

static const char *
write_file(struct arena *mem, const char *name, const char *text)
{
	const char *path = slice_format(
	    mem, "/tmp/submilter-settle.%ld.%s", (long)getpid(), name)
			       .data;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void
make_old(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static long
age_ms(const char *path)
{
	struct timespec now;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	return (long)(now.tv_sec - st.st_mtim.tv_sec) * 1000 +
	    (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
}

static void
files_of_all_kinds_of_tables_are_waited_for(void **state)
{
	static const char *const specs[] = {
		"texthash:%s",
		"proxy:texthash:%s",
		"unionmap:{inline:{a@x=b}, texthash:%s}",
		"unionmap:{static:x, pipemap:{proxy:texthash:%s, inline:{a=b}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		const char *table, *config;
		struct arena mem;
		struct strbuf text;
		size_t at = slice_find(slice_of(specs[i]), '%');

		arena_init(&mem);
		table = write_file(&mem, "table", "a@x b\n");
		strbuf_init(&text, &mem);
		strbuf_add_cstr(&text, "rights { tables = \"");
		strbuf_add(&text, slice_sub(slice_of(specs[i]), 0, at));
		strbuf_add_cstr(&text, table);
		strbuf_add(&text, slice_from(slice_of(specs[i]), at + 2));
		strbuf_add_cstr(&text, "\" }\n");
		config = write_file(
		    &mem, "conf", slice_cstr(&mem, strbuf_slice(&text)));
		make_old(config);
		table = write_file(&mem, "table", "a@x b\n");
		settle(config);
		if (age_ms(table) < STILL_MS)
			fail_msg("%s: %ld ms", specs[i], age_ms(table));
		assert_int_equal(unlink(table), 0);
		assert_int_equal(unlink(config), 0);
		arena_done(&mem);
	}
}

/* A configuration that cannot be read may be complete in a moment. */
static void
a_broken_configuration_is_waited_for(void **state)
{
	const char *config;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	config = write_file(&mem, "conf", "rights { tables = ");
	settle(config);
	assert_true(age_ms(config) >= STILL_MS);
	assert_int_equal(unlink(config), 0);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_all_kinds_of_tables_are_waited_for),
		cmocka_unit_test(a_broken_configuration_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
