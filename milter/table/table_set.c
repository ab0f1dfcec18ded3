/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place where all tables of a configuration are opened. */
#include "table/table_set.h"

#include <stdlib.h>

struct table_set {
	struct table **tables;
	size_t count;
};

static struct table_set *
set_new(size_t max)
{
	struct table_set *set = calloc(1, sizeof(*set));

	ENSURE(set != NULL);
	set->tables = calloc(max + 1, sizeof(struct table *));
	ENSURE(set->tables != NULL);
	return set;
}

/* Whether a table is still as its file is, or has no file. */
static bool
is_current(const struct table *table)
{
	uint64_t state = table_state(table);

	return state == TABLE_STATE_NONE ||
	    (state != TABLE_STATE_UNSURE && state == table_state_now(table));
}

int
table_set_open(const struct table_set_options *options,
    struct table_set **ret_set, struct err *err)
{
	struct table_set *set = set_new(options->count);
	int status = 0;

	for (size_t i = 0; i < options->count; i++) {
		struct slice spec = options->uses[i].spec;
		struct table *old = table_set_find(options->before, spec);
		struct table_options how = { .report = options->report,
			.world = options->world };
		bool is_repeated = false;
		struct err why;

		for (size_t j = 0; j < i; j++)
			is_repeated = is_repeated ||
			    slice_eq(options->uses[j].spec, spec);
		if (is_repeated)
			continue;
		/* While there are tables in force, they stay so. */
		how.may_be_down = options->before == NULL ||
		    (old != NULL && table_is_down(old, &why));
		if (old != NULL && is_current(old))
			set->tables[set->count++] = table_ref(old);
		else if (table_open(
			     spec, &how, &set->tables[set->count], err) == 0)
			set->count++;
		else
			status = -1;
	}
	*ret_set = set;
	return status;
}

struct table_set *
table_set_with(const struct table_set *set, struct table *const *tables)
{
	size_t count = table_set_count(set);
	struct table_set *other = set_new(count);

	for (size_t i = 0; i < count; i++)
		other->tables[i] =
		    table_ref(tables != NULL ? tables[i] : set->tables[i]);
	other->count = count;
	return other;
}

void
table_set_free(struct table_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		table_close(set->tables[i]);
	free(set->tables);
	free(set);
}

struct table *
table_set_find(const struct table_set *set, struct slice spec)
{
	for (size_t i = 0; spec.len != 0 && i < table_set_count(set); i++) {
		if (slice_eq(table_spec(set->tables[i]), spec))
			return set->tables[i];
	}
	return NULL;
}

size_t
table_set_count(const struct table_set *set)
{
	return set == NULL ? 0 : set->count;
}

struct table *
table_set_at(const struct table_set *set, size_t index)
{
	ENSURE(index < table_set_count(set));
	return set->tables[index];
}
