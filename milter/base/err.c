/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors: a kind, and a text for people. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	err->kind = kind;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

int
err_wrap(struct err *err, const char *format, ...)
{
	char old[ERR_TEXT_BYTES];
	va_list args;
	size_t used;

	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	return -1;
}
