/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that KeyTable names, as a source. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "key_priv.h"
#include "keys/key_table.h"
#include "message/base64.h"

/* How long a table that asks a server may take for one key. */
enum { LOOKUP_US = 3000000 };

struct key_table {
	struct key_source source; /* the first member */
	struct key_tables tables;
};

static const struct key_table *
key_table_of(const struct key_source *source)
{
	return (const struct key_table *)(const void *)source;
}

static struct table_context
context_for(struct arena *mem, struct err *err)
{
	return (struct table_context){ .mem = mem,
		.err = err,
		.deadline_us = clock_monotonic_us() + LOOKUP_US };
}

/* A key with its name, for a domain; a row that cannot be read is a fault. */
static void
list_row(struct key_lister *lister, const struct table_row *row,
    struct slice name, struct slice author, struct arena *mem)
{
	const char *where = table_place(row, mem);
	struct key_row key;
	struct err err;

	if (key_row_read(row->value, author, mem, &key, &err) != 0)
		lister->fault(lister, where,
		    slice_format(
			mem, "\"%s\": %s", escape(mem, name, 60), err.text)
			.data);
	else if (!key.for_each || author.len != 0)
		lister->key(lister, key_place(name, &key, author, mem),
		    key.domain, where);
}

/* The one domain that a row of the signing table is for; empty: it has more. */
static struct slice
row_domain(struct slice key)
{
	size_t at = slice_find_last(key, '@');
	struct slice domain = at == key.len ? key : slice_from(key, at + 1);

	return key_domain_is_valid(domain) ? domain : (struct slice){ NULL, 0 };
}

/* A row of the signing table, whose key needs the domain that it is for. */
static void
list_wish(const struct key_table *table, struct key_lister *lister,
    const struct table_row *wish, struct arena *mem)
{
	struct slice name =
	    slice_trim(slice_sub(wish->value, 0, slice_find(wish->value, ':')));
	struct slice domain = row_domain(wish->key);
	struct table_row row = { .of = table->tables.keys };
	struct key_row key;
	struct err err;
	struct table_context context = context_for(mem, &err);

	if (domain.len != 0 &&
	    table_lookup_one(table->tables.keys, name, &context, &row.value) ==
		TABLE_FOUND &&
	    key_row_read(
		row.value, (struct slice){ NULL, 0 }, mem, &key, &err) == 0 &&
	    key.for_each)
		list_row(lister, &row, name, domain, mem);
}

static int
key_table_list(
    const struct key_source *source, struct key_lister *lister, struct err *err)
{
	const struct key_table *table = key_table_of(source);
	struct table_row row;

	(void)err;
	for (size_t i = 0; table_row(table->tables.keys, i, &row); i++) {
		struct arena mem;

		arena_init(&mem);
		list_row(
		    lister, &row, row.key, (struct slice){ NULL, 0 }, &mem);
		arena_done(&mem);
	}
	/* A server is not asked for each row. */
	for (size_t i = 0; !table_asks_server(table->tables.keys) &&
	     table_row(table->tables.signing, i, &row);
	     i++) {
		struct arena mem;

		arena_init(&mem);
		list_wish(table, lister, &row, &mem);
		arena_done(&mem);
	}
	return 0;
}

/* The row of a key by its place; TABLE_FAILED, ERR_CONFIG: it is a bad one. */
static enum table_answer
find_row(const struct key_table *table, struct slice place, struct arena *mem,
    struct key_row *ret_row, struct err *err)
{
	size_t blank = slice_find_last(place, ' ');
	struct table_context context = context_for(mem, err);
	struct slice value;
	enum table_answer answer = table_lookup_one(
	    table->tables.keys, slice_sub(place, 0, blank), &context, &value);

	if (answer == TABLE_FOUND &&
	    key_row_read(
		value, slice_from(place, blank + 1), mem, ret_row, err) != 0)
		return TABLE_FAILED;
	return answer;
}

/* PEM as it is; else DER in base64, as PEM. */
static bool
inline_pem(struct slice key, struct arena *mem, struct slice *ret_pem)
{
	struct slice octets;

	if (slice_starts(key, SLICE("-----"))) {
		*ret_pem = key;
		return true;
	}
	if (!base64_decode(mem, key, &octets))
		return false;
	*ret_pem = key_der_to_pem(octets, mem);
	return ret_pem->len != 0;
}

static void
read_key(
    struct key_reader *reader, const char *where, const struct key_row *row)
{
	struct key_text text = { .selector = row->selector };
	struct err err;

	if (!row->is_path) {
		if (!inline_pem(row->key, reader->mem, &text.pem))
			(void)reader->bad_key(reader, where, row->selector,
			    "neither the path of a file nor a key");
		else
			(void)reader->key(reader, where, &text);
		return;
	}
	where = slice_cstr(reader->mem, row->key);
	if (key_file_read(where, reader->mem, &text, &err) != 0)
		(void)reader->bad_key(reader, where, row->selector, err.text);
	else
		(void)reader->key(reader, where, &text);
}

static void
key_table_read(const struct key_source *source, struct slice place,
    struct key_reader *reader)
{
	const struct key_table *table = key_table_of(source);
	struct arena *mem = reader->mem;
	const char *where = slice_format(mem, "\"%s\" of %s",
	    escape(mem, slice_trim(place), 100),
	    escape(mem, table_spec(table->tables.keys), 200))
				.data;
	struct key_row row;
	struct err err;

	switch (find_row(table, place, mem, &row, &err)) {
	case TABLE_FOUND:
		reader->domain(reader, row.domain);
		read_key(reader, where, &row);
		break;
	case TABLE_ABSENT:
		reader->fault(reader, where, "there is no such key");
		break;
	case TABLE_FAILED:
		if (err.kind != ERR_CONFIG)
			reader->unsure(reader);
		reader->fault(reader, where, err.text);
		break;
	}
}

/* The row, and the file that it names. */
static void
key_table_mark(const struct key_source *source, struct slice place, bool whole,
    struct key_mark *mark)
{
	const struct key_table *table = key_table_of(source);
	struct key_row row;
	struct arena mem;
	struct err err;

	if (place.len == 0 || !whole)
		return;
	if (table_asks_server(table->tables.keys)) {
		mark->late = true;
		return;
	}
	arena_init(&mem);
	if (find_row(table, place, &mem, &row, &err) != TABLE_FOUND) {
		mark->late = true;
	} else {
		key_mark_text(mark, row.domain);
		key_mark_text(mark, row.selector);
		key_mark_text(mark, row.key);
		if (row.is_path)
			key_mark_file(mark, slice_cstr(&mem, row.key));
	}
	arena_done(&mem);
}

static void
key_table_free(struct key_source *source)
{
	struct key_table *table = (struct key_table *)(void *)source;

	table_close(table->tables.keys);
	table_close(table->tables.signing);
	free(table);
}

struct key_source *
key_table_source(const struct key_tables *tables)
{
	static const struct key_source_ops ops = { .list = key_table_list,
		.read = key_table_read,
		.mark = key_table_mark,
		.free = key_table_free };
	struct key_table *table = calloc(1, sizeof(*table));

	ENSURE(table != NULL);
	table->source = (struct key_source){ &ops, true };
	table->tables = *tables;
	table->tables.keys = table_ref(tables->keys);
	table->tables.signing = table_ref(tables->signing);
	return &table->source;
}
