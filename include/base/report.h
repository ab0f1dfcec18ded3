/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_BASE_REPORT_H
#define SUBMILTER_BASE_REPORT_H

#include <stdbool.h>

#include "base/ensure.h"

/*
 * Where the faults of what is opened are told, one by one: an error, or a
 * warning. text is one line, and lasts as long as the call. NULL for a report,
 * or for tell: nowhere.
 */
typedef void report_tell(void *arg, bool is_error, const char *text);

struct report {
	report_tell *tell;
	void *arg;
};

bool report_is_read(const struct report *report);
void report_error(const struct report *report, const char *format, ...)
    PRINTF_LIKE(2, 3);
void report_warning(const struct report *report, const char *format, ...)
    PRINTF_LIKE(2, 3);

#endif
