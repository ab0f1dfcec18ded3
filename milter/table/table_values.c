/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the values of all rows of a table before any of them is asked for. */
#include "table_file_priv.h"
#include "table_priv.h"

const char *
table_place(const struct table_row *row, struct arena *mem)
{
	const struct table *table = row->of;

	if (table->ops->place != NULL)
		return table->ops->place(table->handle, row->line, mem);
	return slice_format(mem, "table %s", escape(mem, table->spec, 200))
	    .data;
}

void
table_check_values(const struct table *table, table_value_check *check,
    const void *arg, const struct report *report)
{
	struct table_row row;
	size_t faults = 0;
	struct arena mem;
	struct err err;

	if (table == NULL || !report_is_read(report))
		return;
	arena_init(&mem);
	for (size_t i = 0; table_row(table, i, &row); i++) {
		if (row.value.len != 0 &&
		    check(arg, row.value, &mem, &err) != 0 &&
		    faults++ < TABLE_NAMED_FAULTS)
			report_error(report,
			    "%s: %s%s%s%s (mail that needs this row is "
			    "answered with 451)",
			    table_place(&row, &mem),
			    row.key.len == 0 ? "" : "key ",
			    escape(&mem, row.key, 128),
			    row.key.len == 0 ? "" : ": ", err.text);
		arena_done(&mem);
	}
	if (faults > TABLE_NAMED_FAULTS)
		report_error(report,
		    "table %s: %zu more values that cannot be read",
		    escape(&mem, table->spec, 200),
		    faults - TABLE_NAMED_FAULTS);
	arena_done(&mem);
}

void
table_check_row_keys(const struct table *table, table_key_fault *fault_of,
    const void *arg, const struct report *report)
{
	struct table_row row;
	size_t faults = 0;

	if (table == NULL || (table_caps(table) & TABLE_CAP_PATTERNS) != 0 ||
	    !report_is_read(report))
		return;
	for (size_t i = 0;
	     faults < TABLE_NAMED_FAULTS && table_row(table, i, &row); i++) {
		CLEANUP(arena_done) struct arena mem;
		const char *fault;

		arena_init(&mem);
		if (row.key.len == 0)
			continue;
		fault = fault_of(arg, row.key, &mem);
		if (fault == NULL)
			continue;
		faults++;
		report_warning(report, "%s: key %s %s", table_place(&row, &mem),
		    escape(&mem, row.key, 128), fault);
	}
}
