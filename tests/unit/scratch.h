/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_SCRATCH_H
#define SUBMILTER_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_BYTES = 64 };

/* Makes a directory for a test and goes there. -1: it cannot. */
static inline int
scratch_enter(char ret_dir[static SCRATCH_BYTES])
{
	(void)snprintf(
	    ret_dir, SCRATCH_BYTES, "%s", "/tmp/submilter-test.XXXXXX");
	return mkdtemp(ret_dir) == NULL ? -1 : chdir(ret_dir);
}

/* The test has removed what it has made there. */
static inline int
scratch_leave(const char *dir)
{
	return chdir("/") != 0 ? -1 : rmdir(dir);
}

/* Exactly this text. */
static inline void
write_text(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, 0644), 0);
}

#endif
