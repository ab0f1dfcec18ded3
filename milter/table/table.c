/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "base/suggest.h"
#include "base/file.h"
#include "table_file_priv.h"
#include "table_priv.h"

static const struct table_ops *const registry[] = {
	&table_texthash,
	&table_regexp,
	&table_pcre,
	&table_cidr,
	&table_static,
};

enum { TYPE_COUNT = sizeof(registry) / sizeof(registry[0]) };

/* The same as text; a test holds the two against each other. */
static const char *const type_names[TYPE_COUNT] = { "texthash", "regexp",
	"pcre", "cidr", "static" };

/* Postfix's types whose source postmap(1) reads, and so can we. */
static const char *const indexed_types[] = { "hash", "btree", "lmdb", "cdb",
	"dbm", "sdbm" };

struct table {
	struct arena mem;
	const struct table_ops *ops;
	struct slice spec;
	void *handle;
	size_t rows;
	struct slice path;	/* and text of its file, if it has one */
	struct slice text;
};

const char *const *
table_types(size_t *ret_count)
{
	*ret_count = TYPE_COUNT;
	return type_names;
}

static int
type_fault(struct slice type, struct arena *mem, struct err *err)
{
	const char *guess = suggest(type, type_names, TYPE_COUNT);
	const char *shown = escape(mem, type, 32);

	for (size_t i = 0; i < sizeof(indexed_types) / sizeof(indexed_types[0]);
	    i++) {
		if (slice_eq(type, slice_of(indexed_types[i])))
			return err_set(err, ERR_CONFIG, "type \"%s\" is an "
			    "index made by postmap(1): name its source file as "
			    "\"texthash:FILE\"", shown);
	}
	if (guess != NULL)
		return err_set(err, ERR_CONFIG, "there is no table type "
		    "\"%s\": did you mean \"%s\"?", shown, guess);
	return err_set(err, ERR_CONFIG, "there is no table type \"%s\"", shown);
}

static int
parse_spec(struct slice spec, struct arena *mem,
    const struct table_ops **ret_ops, struct slice *ret_name, struct err *err)
{
	size_t colon = slice_find(spec, ':');
	struct slice type = slice_sub(spec, 0, colon);

	if (colon == spec.len)
		return err_set(err, ERR_CONFIG,
		    "a table is named as TYPE:NAME, like texthash:/etc/file");
	for (size_t i = 0; i < spec.len; i++) {
		if (char_is_control(spec.data[i]))
			return err_set(err, ERR_CONFIG,
			    "a control character in the name");
	}
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const struct table_ops *ops = registry[i];

		if (!slice_eq(type, slice_of(ops->type)))
			continue;
		*ret_name = slice_from(spec, colon + 1);
		if (ret_name->len == 0)
			return err_set(err, ERR_CONFIG, "%s is missing behind "
			    "the colon", ops->has_file ? "a file" : "a value");
		*ret_ops = ops;
		return 0;
	}
	return type_fault(type, mem, err);
}

/* A row may be cut in what limits it, like ";until=". */
static void
check_end(struct table_file *file)
{
	struct slice text = file->rest;
	size_t line = 1;
	struct err err;

	if (file_check_end(text, &err) == 0)
		return;
	for (size_t i = 0; i < text.len; i++)
		line += text.data[i] == '\n';
	table_file_fault(file, line, "%s", err.text);
}

/*
 * text NULL: from the file that the spec names. *file has the faults of its
 * rows.
 */
static int
fill(struct table *table, const struct slice *text, struct table_file *file,
    struct err *err)
{
	struct slice name, content = { NULL, 0 };

	if (parse_spec(table->spec, &table->mem, &table->ops, &name, err) != 0)
		return -1;
	if (!table->ops->has_file) {
		if (text != NULL)
			return err_set(err, ERR_CONFIG,
			    "a table of type %s has no text",
			    table->ops->type);
		return table->ops->open(name, NULL, &table->mem,
		    &table->handle, &table->rows, err);
	}
	if (text != NULL)
		content = slice_dup(&table->mem, *text);
	else if (file_read(name, TABLE_MAX_FILE_BYTES, &table->mem,
	    &content, err) != 0)
		return -1;
	table_file_init(file, content, &table->mem);
	if (text == NULL) {
		table->path = name;
		table->text = content;
		check_end(file);
	}
	if (table->ops->open(name, file, &table->mem, &table->handle,
	    &table->rows, err) != 0)
		return -1;
	return table_file_finish(file, err);
}

/* One by one; err has the fault of a table that has none in rows. */
static void
report_faults(struct table *table, const struct table_file *file,
    const struct err *err, table_report *report, void *arg)
{
	const char *spec = escape(&table->mem, table->spec, 200);

	if (file->faults == 0)
		report(arg, true, err->text);
	for (size_t i = 0; i < file->faults && i < TABLE_NAMED_FAULTS; i++)
		report(arg, true, slice_format(&table->mem, "table %s: %s",
		    spec, file->named[i].data).data);
	if (file->faults > TABLE_NAMED_FAULTS)
		report(arg, true, slice_format(&table->mem,
		    "table %s: %s%zu more faults", spec,
		    file->faults < TABLE_MAX_FAULTS ? "" : "at least ",
		    file->faults - TABLE_NAMED_FAULTS).data);
}

static int
open_table(struct slice spec, const struct slice *text, table_report *report,
    void *arg, struct table **ret_table, struct err *err)
{
	struct table *table = calloc(1, sizeof(*table));
	struct table_file file = { .faults = 0 };

	ENSURE(table != NULL);
	arena_init(&table->mem);
	table->spec = slice_dup(&table->mem, spec);
	if (fill(table, text, &file, err) != 0) {
		err_wrap(err, "table %s", escape(&table->mem, spec, 200));
		if (report != NULL)
			report_faults(table, &file, err, report, arg);
		table_close(table);
		return -1;
	}
	*ret_table = table;
	return 0;
}

int
table_open(struct slice spec, struct table **ret_table, struct err *err)
{
	return open_table(spec, NULL, NULL, NULL, ret_table, err);
}

int
table_open_reported(struct slice spec, table_report *report, void *arg,
    struct table **ret_table, struct err *err)
{
	return open_table(spec, NULL, report, arg, ret_table, err);
}

int
table_open_text(struct slice spec, struct slice text, struct table **ret_table,
    struct err *err)
{
	return open_table(spec, &text, NULL, NULL, ret_table, err);
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

int
table_check_whole(const struct table *table, const struct table *before,
    size_t *ret_lost, struct err *err)
{
	struct arena mem;
	size_t lost = text_lines_lost(table->text, before->text);

	if (lost == 0 || file_check_stands(table->path, table->text,
	    TABLE_STAND_MS, err) == 0) {
		*ret_lost = lost;
		return 0;
	}
	arena_init(&mem);
	err_wrap(err, "table %s: ends where %zu line%s more stood before",
	    escape(&mem, table->spec, 200), lost, lost == 1 ? "" : "s");
	arena_done(&mem);
	return -1;
}

size_t
table_rows(const struct table *table)
{
	return table->rows;
}

bool
table_row(const struct table *table, size_t index, struct slice *ret_key,
    struct slice *ret_value)
{
	return table->ops->row != NULL &&
	    table->ops->row(table->handle, index, ret_key, ret_value);
}

static int
check_key(struct slice key, struct err *err)
{
	if (key.len > TABLE_MAX_KEY_BYTES)
		return err_set(err, ERR_LIMIT, "a key over %d octets",
		    (int)TABLE_MAX_KEY_BYTES);
	for (size_t i = 0; i < key.len; i++) {
		if (char_is_control(key.data[i]))
			return err_set(err, ERR_DATA,
			    "a control character in the key");
	}
	return 0;
}

enum table_answer
table_lookup(const struct table *table, struct slice key, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	enum table_answer answer = TABLE_FAILED;
	struct slice value = { NULL, 0 };

	if (check_key(key, err) == 0)
		answer = table->ops->lookup(table->handle, key, mem, &value,
		    err);
	if (answer == TABLE_FOUND)
		*ret_value = slice_dup(mem, value);
	else if (answer == TABLE_FAILED)
		err_wrap(err, "table %s", escape(mem, table->spec, 200));
	return answer;
}
