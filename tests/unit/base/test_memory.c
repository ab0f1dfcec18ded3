/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

/* Of the program's file, and not to be written to. */
enum { PAGE = 4096, PAGES = 512, MARK = 16 };
static const char table[PAGES * PAGE] __attribute__((aligned(PAGE))) =
    "of the file";

/* The kB of that file that are resident; -1: no such line in /proc. */
static long
resident(void)
{
	static const char key[] = "RssFile:";
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long kb = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			kb = strtol(line + sizeof(key) - 1, NULL, 10);
	}
	if (file != NULL)
		(void)fclose(file);
	return kb;
}

/* Reads each page, so that it is there. */
static long
touch(void)
{
	const volatile char *at = table;
	long sum = 0;

	for (size_t i = 0; i < sizeof(table); i += PAGE)
		sum += at[i];
	return sum;
}

static void
pages_of_files_go_and_come_again(void **state)
{
	long before, sum = touch();

	(void)state;
	before = resident();
	if (before < 0)
		skip();
	memory_give_back();
	assert_true(resident() < before - PAGES * PAGE / 1024 / 2);
	assert_string_equal(table, "of the file");
	assert_int_equal(touch(), sum);
}

/* As a debugger's breakpoint is. */
static void
pages_that_were_written_to_stay(void **state)
{
	const volatile char *at = table + 8 * PAGE + MARK;
	void *page = (void *)(uintptr_t)(table + 8 * PAGE);

	(void)state;
	if (sysconf(_SC_PAGESIZE) != PAGE)
		skip();
	assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
	((char *)page)[MARK] = 'x';
	assert_int_equal(mprotect(page, PAGE, PROT_READ), 0);
	memory_give_back();
	assert_int_equal(*at, 'x');
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_files_go_and_come_again),
		cmocka_unit_test(pages_that_were_written_to_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
