/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the keys of a configuration come from: a directory, a table, or both. */
#include <stdlib.h>

#include "key_source_priv.h"
#include "keys/key_table.h"

struct key_pair {
	struct key_source source; /* the first member */
	struct key_source *directory;
	struct key_source *table;
};

static const struct key_pair *
key_pair_of(const struct key_source *source)
{
	return (const struct key_pair *)(const void *)source;
}

/* No domain has a blank in it, and each place of a table has one. */
static const struct key_source *
key_pair_source_of(const struct key_source *source, struct slice place)
{
	const struct key_pair *pair = key_pair_of(source);

	return slice_has(place, ' ') ? pair->table : pair->directory;
}

static int
key_pair_list(
    const struct key_source *source, struct key_lister *lister, struct err *err)
{
	const struct key_pair *pair = key_pair_of(source);

	if (pair->directory->ops->list(pair->directory, lister, err) != 0)
		return -1;
	return pair->table->ops->list(pair->table, lister, err);
}

static void
key_pair_read(const struct key_source *source, struct slice place,
    struct key_reader *reader)
{
	const struct key_source *one = key_pair_source_of(source, place);

	one->ops->read(one, place, reader);
}

static void
key_pair_mark(const struct key_source *source, struct slice place, bool whole,
    struct key_mark *mark)
{
	const struct key_source *one = key_pair_source_of(source, place);

	one->ops->mark(one, place, whole, mark);
}

static struct slice
key_pair_path(const struct key_source *source, struct slice place,
    struct slice selector, struct arena *mem)
{
	const struct key_source *one = key_pair_source_of(source, place);

	return one->ops->path == NULL ?
	    (struct slice){ NULL, 0 } :
	    one->ops->path(one, place, selector, mem);
}

static void
key_pair_free(struct key_source *source)
{
	struct key_pair *pair = (struct key_pair *)(void *)source;

	key_source_free(pair->directory);
	key_source_free(pair->table);
	free(pair);
}

struct key_source *
key_sources_join(struct key_source *directory, struct key_source *table)
{
	static const struct key_source_ops ops = { .list = key_pair_list,
		.read = key_pair_read,
		.mark = key_pair_mark,
		.path = key_pair_path,
		.free = key_pair_free };
	struct key_pair *pair;

	if (directory == NULL || table == NULL)
		return directory == NULL ? table : directory;
	pair = calloc(1, sizeof(*pair));
	ENSURE(pair != NULL);
	*pair = (struct key_pair){ { &ops, true }, directory, table };
	return &pair->source;
}

struct key_source *
key_source_from_config(
    const struct config *config, const struct key_tables *tables)
{
	return key_sources_join(config->main.keys.len == 0 ?
		NULL :
		key_directory_source(config->main.keys),
	    tables->keys == NULL ? NULL : key_table_source(tables));
}

struct key_tables
key_tables_from_set(const struct config *config, const struct table_set *set)
{
	struct key_tables tables = {
		.keys = table_set_find(set, config->sign.key_table),
		.signing = table_set_find(set, config->sign.signing_table),
		.multiple = config->sign.multiple_signatures,
	};

	/* One that cannot be opened is reported; the other is of no use. */
	if (tables.keys == NULL || tables.signing == NULL)
		return (struct key_tables){ .keys = NULL };
	return tables;
}

int
key_tables_open(const struct config *config, const struct report *report,
    struct key_tables *ret_tables, struct err *err)
{
	const struct table_options options = { .report = report };
	struct key_tables tables = { .multiple =
					 config->sign.multiple_signatures };

	if (config->sign.key_table.len != 0 &&
	    (table_open(config->sign.key_table, &options, &tables.keys, err) !=
		    0 ||
		table_open(config->sign.signing_table, &options,
		    &tables.signing, err) != 0)) {
		key_tables_close(&tables);
		return -1;
	}
	*ret_tables = tables;
	return 0;
}

void
key_tables_close(struct key_tables *tables)
{
	table_close(tables->keys);
	table_close(tables->signing);
	*tables = (struct key_tables){ .keys = NULL };
}

void
key_source_free(struct key_source *source)
{
	if (source != NULL)
		source->ops->free(source);
}
