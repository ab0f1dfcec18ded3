/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells faults to whoever opens a configuration, tables or keys. */
#include "base/report.h"

#include <stdarg.h>

#include "base/str.h"

bool
report_is_read(const struct report *report)
{
	return report != NULL && report->tell != NULL;
}

static void report_args(const struct report *report, bool is_error,
    const char *format, va_list args) PRINTF_LIKE(3, 0);

static void
report_args(const struct report *report, bool is_error, const char *format,
    va_list args)
{
	struct arena mem;

	if (!report_is_read(report))
		return;
	arena_init(&mem);
	report->tell(
	    report->arg, is_error, slice_format_args(&mem, format, args).data);
	arena_done(&mem);
}

void
report_error(const struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_args(report, true, format, args);
	va_end(args);
}

void
report_warning(const struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_args(report, false, format, args);
	va_end(args);
}
