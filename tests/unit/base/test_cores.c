/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cores.h"

/* A hierarchy with one group in another, and what their files say. */
static void
write_quota(const char *root, const char *group, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s%s", root, group);
	assert_true(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
	(void)snprintf(path, sizeof(path), "%s%s/cpu.max", root, group);
	if (text == NULL) {
		(void)unlink(path);
		return;
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
a_quota_of_time_is_counted_as_cores(void **state)
{
	static const struct quota_case {
		const char *outer, *inner;
		unsigned int cores;
	} cases[] = {
		{ NULL, NULL, 8 },
		{ "max 100000\n", "max 100000\n", 8 },
		{ "max 100000\n", "200000 100000\n", 2 },
		{ "max 100000\n", "200001 100000\n", 3 },
		{ "max 100000\n", "10000 100000\n", 1 },
		{ "300000 100000\n", "max 100000\n", 3 },
		{ "300000 100000\n", "500000 100000\n", 3 },
		{ "500000 100000\n", "300000 100000\n", 3 },
		{ "500000 100000\n", NULL, 5 },
		{ "9900000 100000\n", NULL, 8 },
		{ "0 100000\n", "100000 0\n", 8 },
		{ "", "nothing\n", 8 },
	};
	char root[] = "/tmp/test_cores.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_quota(root, "/outer", cases[i].outer);
		write_quota(root, "/outer/inner", cases[i].inner);
		assert_int_equal(cores_within_quota(root, "/outer/inner", 8),
		    cases[i].cores);
	}
	write_quota(root, "/outer", NULL);
	write_quota(root, "/outer/inner", NULL);
	assert_int_equal(chdir(root), 0);
	assert_int_equal(rmdir("outer/inner"), 0);
	assert_int_equal(rmdir("outer"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(root), 0);
}

static void
a_group_without_a_path_has_no_quota(void **state)
{
	(void)state;
	assert_int_equal(cores_within_quota("/nowhere", "/", 4), 4);
	assert_int_equal(cores_within_quota("/nowhere", "", 4), 4);
	assert_int_equal(cores_within_quota("/nowhere", "odd", 4), 4);
	assert_int_equal(cores_within_quota("/nowhere", "/gone/", 4), 4);
}

static void
a_process_that_is_kept_on_one_core_has_one(void **state)
{
	cpu_set_t before, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_true(cores_count() >= 1);
	assert_true(cores_count() <= (unsigned int)CPU_COUNT(&before));
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(cores_count(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_of_time_is_counted_as_cores),
		cmocka_unit_test(a_group_without_a_path_has_no_quota),
		cmocka_unit_test(a_process_that_is_kept_on_one_core_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
