/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/suggest.h"
#include "table_priv.h"

static const struct table_ops *const registry[] = {
	&table_texthash,
	&table_regexp,
	&table_pcre,
	&table_cidr,
	&table_static,
};

enum { TYPE_COUNT = sizeof(registry) / sizeof(registry[0]) };

struct table {
	struct arena mem;
	const struct table_ops *ops;
	struct slice spec;
	void *handle;
	size_t rows;
};

const char *const *
table_types(size_t *ret_count)
{
	static const char *const names[TYPE_COUNT] = { "texthash", "regexp",
		"pcre", "cidr", "static" };

	*ret_count = TYPE_COUNT;
	return names;
}

static int
find_type(struct slice spec, const struct table_ops **ret_ops, struct err *err)
{
	struct slice type = slice_sub(spec, 0, slice_find(spec, ':'));
	struct arena mem;
	const char *const *types;
	const char *guess;
	size_t count;

	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (type.len < spec.len && slice_eq(registry[i]->type, type)) {
			*ret_ops = registry[i];
			return 0;
		}
	}
	arena_init(&mem);
	types = table_types(&count);
	guess = suggest(type, types, count);
	if (type.len == spec.len)
		err_set(err, ERR_CONFIG, "a table is named as TYPE:NAME");
	else if (guess != NULL)
		err_set(err, ERR_CONFIG,
		    "there is no table type \"%s\": did you mean \"%s\"?",
		    escape(&mem, type, 32), guess);
	else
		err_set(err, ERR_CONFIG, "there is no table type \"%s\"",
		    escape(&mem, type, 32));
	arena_done(&mem);
	return -1;
}

int
table_open(struct slice spec, struct table **ret_table, struct err *err)
{
	struct table *table = calloc(1, sizeof(*table));
	int status;

	ENSURE(table != NULL);
	arena_init(&table->mem);
	table->spec = slice_dup(&table->mem, spec);
	status = find_type(table->spec, &table->ops, err);
	if (status == 0)
		status = table->ops->open(slice_from(table->spec,
		    table->ops->type.len + 1), &table->mem, &table->handle,
		    &table->rows, err);
	if (status != 0) {
		err_wrap(err, "table %s", escape(&table->mem, spec, 200));
		table_close(table);
		return -1;
	}
	*ret_table = table;
	return 0;
}

void
table_close(struct table *table)
{
	if (table == NULL)
		return;
	if (table->ops != NULL && table->ops->close != NULL)
		table->ops->close(table->handle);
	arena_done(&table->mem);
	free(table);
}

struct slice
table_spec(const struct table *table)
{
	return table->spec;
}

unsigned int
table_caps(const struct table *table)
{
	return table->ops->caps;
}

size_t
table_rows(const struct table *table)
{
	return table->rows;
}

enum table_answer
table_lookup(const struct table *table, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	enum table_answer answer;

	/* C libraries would see less of the key than we do. */
	if (slice_has(key, '\0')) {
		err_set(err, ERR_DATA, "NUL in the key");
		answer = TABLE_FAILED;
	} else {
		answer = table->ops->lookup(table->handle, key, mem, ret_value,
		    err);
	}
	if (answer == TABLE_FAILED)
		err_wrap(err, "table %s", escape(mem, table->spec, 200));
	return answer;
}
