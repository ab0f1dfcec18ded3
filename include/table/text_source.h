/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TEXT_SOURCE_H
#define SUBMILTER_TABLE_TEXT_SOURCE_H

#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

/* A text that a table was read from, and the file that it stood in. */
struct text_source {
	struct slice path; /* empty: the text was given */
	struct slice text;
	struct stat state;
	struct timespec read_at; /* by the clock of the file's times */
};

struct table_opening;
struct table_source_ops;

/* Reads the file that the table names, or takes the text that was given. */
MUST_USE int text_source_read(const struct table_opening *opening,
    struct text_source *source, struct err *err);

/* For tables whose handles begin with a struct text_source. */
extern const struct table_source_ops text_source_ops;

#endif
