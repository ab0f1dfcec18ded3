/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameter "domain" of databases: a list of names, files and tables. */
#include "base/file.h"
#include "base/map.h"
#include "database_priv.h"
#include "table_file_priv.h"

/* Files may name files. */
enum {
	LIST_MAX_DEPTH = 8,
	LIST_MAX_ITEMS = 1000000,
	LIST_MAX_TABLES = 64,
	LIST_MAX_FILES = 64
};

struct list_item {
	size_t place; /* in the list */
	bool is_exception;
	struct table *table; /* NULL: a name */
};

struct domain_list {
	struct map *names; /* folded, to the first struct list_item of it */
	struct list_item tables[LIST_MAX_TABLES];
	size_t table_count;
	struct text_source *files[LIST_MAX_FILES];
	size_t file_count;
	size_t count;
	struct arena *mem;
	const struct table_opening *opening;
	unsigned int depth;
};

static int list_add(struct domain_list *list, struct slice text,
    bool is_exception, struct err *err);

static int
list_add_file(struct domain_list *list, struct slice path, bool is_exception,
    struct err *err)
{
	const struct table_opening named = { .name = path, .mem = list->mem };
	struct text_source *source = arena_alloc(list->mem, sizeof(*source));
	struct table_file file;
	struct slice row;
	int status = 0;

	if (list->depth == LIST_MAX_DEPTH)
		return err_set(err, ERR_CONFIG, "more than %d files in files",
		    (int)LIST_MAX_DEPTH);
	if (list->file_count == LIST_MAX_FILES)
		return err_set(
		    err, ERR_CONFIG, "more than %d files", (int)LIST_MAX_FILES);
	if (text_source_read(&named, source, err) != 0 ||
	    file_check_end(source->text, path, err) != 0)
		return err_wrap(err, "%s", escape(list->mem, path, 200));
	list->files[list->file_count++] = source;
	list->depth++;
	table_file_init(&file, source->text, list->mem);
	while (status == 0 && table_file_next(&file, &row))
		status = list_add(list, row, is_exception, err);
	list->depth--;
	if (status == 0 && table_file_finish(&file, err) != 0)
		status = err_wrap(err, "%s", escape(list->mem, path, 200));
	return status;
}

static int
list_add_table(struct domain_list *list, struct slice spec,
    struct list_item item, struct err *err)
{
	const struct table_options options = {
		.report = list->opening->report,
		.may_be_down = list->opening->may_be_down,
		.world = list->opening->world,
	};

	if (list->table_count == LIST_MAX_TABLES)
		return err_set(err, ERR_CONFIG, "more than %d tables",
		    (int)LIST_MAX_TABLES);
	if (table_open(spec, &options, &item.table, err) != 0)
		return -1;
	list->tables[list->table_count++] = item;
	return 0;
}

static int
list_add_item(struct domain_list *list, struct slice text, bool is_exception,
    struct err *err)
{
	struct list_item item = { list->count, is_exception, NULL };
	struct list_item *name;

	while (text.len > 0 && text.data[0] == '!') {
		item.is_exception = !item.is_exception;
		text = slice_from(text, 1);
	}
	if (text.len == 0)
		return err_set(err, ERR_CONFIG, "nothing behind \"!\"");
	if (list->count++ == LIST_MAX_ITEMS)
		return err_set(
		    err, ERR_CONFIG, "more than %d names", (int)LIST_MAX_ITEMS);
	if (text.data[0] == '/')
		return list_add_file(list, text, item.is_exception, err);
	/* A name in brackets is an address literal, which may have colons. */
	if (text.data[0] != '[' && slice_has(text, ':'))
		return list_add_table(list, text, item, err);
	if (!slice_is_utf8(text))
		return err_set(err, ERR_CONFIG, "the name %s is not UTF-8",
		    escape(list->mem, text, 100));
	name = arena_alloc(list->mem, sizeof(*name));
	*name = item;
	/* The first one of a name counts. */
	(void)!map_add(list->names, table_fold(list->mem, text), name);
	return 0;
}

static int
list_add(struct domain_list *list, struct slice text, bool is_exception,
    struct err *err)
{
	struct slice item;
	int status;

	while ((status = table_list_next(&text, &item, err)) > 0) {
		if (list_add_item(list, item, is_exception, err) != 0)
			return -1;
	}
	return status;
}

int
domain_list_open(struct slice text, const struct table_opening *opening,
    struct domain_list **ret_list, struct err *err)
{
	struct domain_list *list = arena_alloc(opening->mem, sizeof(*list));

	*ret_list = list;
	list->mem = opening->mem;
	list->opening = opening;
	list->names = map_new(opening->mem);
	if (list_add(list, text, false, err) != 0)
		return -1;
	list->opening = NULL;
	return 0;
}

enum table_answer
domain_list_has(const struct domain_list *list, struct slice domain,
    const struct table_context *context)
{
	const struct list_item *first;
	struct slice value;

	first = map_get(list->names, table_fold(context->mem, domain));
	for (size_t i = 0; i < list->table_count; i++) {
		const struct list_item *item = &list->tables[i];

		if (first != NULL && first->place < item->place)
			break;
		switch (
		    table_lookup_one(item->table, domain, context, &value)) {
		case TABLE_FOUND:
			return item->is_exception ? TABLE_ABSENT : TABLE_FOUND;
		case TABLE_ABSENT:
			break;
		case TABLE_FAILED:
			err_wrap(context->err, "domain");
			return TABLE_FAILED;
		}
	}
	return first != NULL && !first->is_exception ? TABLE_FOUND :
						       TABLE_ABSENT;
}

const struct text_source *
domain_list_file(const struct domain_list *list, size_t index)
{
	return list != NULL && index < list->file_count ? list->files[index] :
							  NULL;
}

const struct table *
domain_list_table(const struct domain_list *list, size_t index)
{
	return list != NULL && index < list->table_count ?
	    list->tables[index].table :
	    NULL;
}

void
domain_list_close(struct domain_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->table_count; i++)
		table_close(list->tables[i].table);
}
