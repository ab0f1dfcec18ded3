/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_UNIT_H
#define SUBMILTER_TESTS_UNIT_H

/* cmocka wants these first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/str.h"

/* A slice equals a C string; says both when it does not. */
static inline void
check_slice(const char *name, struct slice got, const char *want)
{
	if (slice_eq(got, slice_of(want)))
		return;
	fail_msg("%s: got \"%.*s\", want \"%s\"", name, SLICE_ARGS(got), want);
}

#endif
