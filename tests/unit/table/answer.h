/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_TABLE_ANSWER_H
#define SUBMILTER_TESTS_TABLE_ANSWER_H

#include "table/table.h"

/* An answer as text: a copy of its value, "-" for none, "! why". */
static inline struct slice
answer_text(struct arena *mem, enum table_answer answer, struct slice value,
    const struct err *err)
{
	switch (answer) {
	case TABLE_FOUND:
		return slice_dup(mem, value);
	case TABLE_ABSENT:
		return SLICE("-");
	case TABLE_FAILED:
		break;
	}
	return slice_format(mem, "! %s", err->text);
}

/* What an open table says of a key. */
static inline struct slice
table_says(struct arena *mem, const struct table *table, struct slice key)
{
	struct slice value = { NULL, 0 };
	struct err err;
	const struct table_context context = { .mem = mem, .err = &err };
	enum table_answer answer =
	    table_lookup_one(table, key, &context, &value);

	return answer_text(mem, answer, value, &err);
}

#endif
