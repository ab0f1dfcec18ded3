/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes what look-ups ask and hear. */
#include "base/clock.h"
#include "table/trace.h"
#include "table_priv.h"

void
table_trace_host(struct table_trace *trace, struct slice host)
{
	if (trace == NULL || slice_eq(trace->host, host))
		return;
	trace->host = slice_dup(trace->mem, host);
	trace->hosts = trace->hosts.len == 0 ?
	    trace->host :
	    slice_format(trace->mem, "%.*s, %.*s", SLICE_ARGS(trace->hosts),
		SLICE_ARGS(host));
}

static void
trace_forget_hosts(struct table_trace *trace)
{
	trace->host = trace->hosts = SLICE("");
}

/* The place of a record, which is filled when the answer is there. */
static size_t
trace_begin(struct table_trace *trace, const struct table_asked *asked)
{
	void *items = trace->items;

	arena_reserve_one(
	    trace->mem, &items, &trace->cap, trace->count, sizeof(*asked));
	trace->items = items;
	trace->items[trace->count] = *asked;
	trace_forget_hosts(trace);
	trace->depth++;
	return trace->count++;
}

static size_t
line_of(const struct table *table, struct slice key)
{
	struct table_row row;

	for (size_t i = 0; table_row(table, i, &row); i++) {
		if (row.of == table && slice_eq_nocase(row.key, key))
			return row.line;
	}
	return 0;
}

enum table_answer
table_lookup_traced(const struct table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct table_trace *trace = context->trace;
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count; i++) {
		const struct table_keys one = { &keys->items[i], 1 };
		const struct table_asked begun = { .table = table,
			.spec = slice_dup(trace->mem, table_spec(table)),
			.depth = trace->depth,
			.key = slice_dup(trace->mem, keys->items[i]) };
		size_t at = trace_begin(trace, &begun);
		uint64_t start = clock_monotonic_us();
		enum table_answer answer =
		    table_lookup_asked(table, &one, context, &ret_values[i]);
		struct table_asked *asked = &trace->items[at];

		trace->depth--;
		asked->micros = clock_monotonic_us() - start;
		asked->answer = answer;
		asked->hosts = trace->hosts;
		trace_forget_hosts(trace);
		if (answer == TABLE_FAILED) {
			asked->why = *context->err;
			return TABLE_FAILED;
		}
		if (answer == TABLE_FOUND) {
			asked->value = slice_dup(trace->mem, ret_values[i]);
			asked->line = line_of(table, keys->items[i]);
			all = TABLE_FOUND;
		}
	}
	return all;
}
