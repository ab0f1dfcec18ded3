/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type cdb: D. J. Bernstein's constant data base. No number in it is
 * believed. The format: 256 pairs (place, slots) of hash tables; a slot is (hash,
 * place of a row), a row is (length of key, of value), key, value. Numbers have
 * 32 bits, the lowest octet first.
 */
#include <stdlib.h>
#include <string.h>

#include "table/index_file.h"
#include "table/module.h"

enum { TABLES = 256, HEADER_BYTES = TABLES * 8, SLOTS_AT_ONCE = 16 };

static uint32_t
number(const unsigned char *octets)
{
	return octets[0] | (uint32_t)octets[1] << 8 |
	    (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 24;
}

static uint32_t
hash(struct slice key)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < key.len; i++)
		h = (h + (h << 5)) ^ (unsigned char)key.data[i];
	return h;
}

static int
cdb_open(const struct index_source *source, void **ret_index, struct err *err)
{
	uint64_t size = (uint64_t)source->state.st_size;
	unsigned char header[HEADER_BYTES];

	if (size < HEADER_BYTES)
		return err_set(
		    err, ERR_CONFIG, "%s is no cdb file, or cut", source->path);
	if (index_read(source, 0, header, sizeof(header), err) != 0)
		return -1;
	for (size_t i = 0; i < TABLES; i++) {
		uint64_t place = number(header + 8 * i);
		uint64_t slots = number(header + 8 * i + 4);

		if (place < HEADER_BYTES || place + 8 * slots > size)
			return err_set(err, ERR_CONFIG,
			    "%s is no cdb file, or cut", source->path);
	}
	/* The program's pointer, which is only read. */
	*ret_index = (void *)(uintptr_t)source;
	return 0;
}

/* 1: the row at that place has the key; 0: another one; -1. */
static int
row_find(const struct index_source *source, uint64_t place, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	size_t len = 8 + key.len, value_len;
	unsigned char *row = arena_alloc(context->mem, len);
	char *value;

	if (index_read(source, place, row, 8, context->err) != 0)
		return -1;
	if (number(row) != key.len)
		return 0;
	if (index_read(source, place, row, len, context->err) != 0)
		return -1;
	if (key.len > 0 && memcmp(row + 8, key.data, key.len) != 0)
		return 0;
	value_len = number(row + 4);
	if (value_len > INDEX_MAX_VALUE_BYTES)
		return err_set(context->err, ERR_LIMIT,
		    "a value over %d octets", (int)INDEX_MAX_VALUE_BYTES);
	value = arena_alloc(context->mem, value_len + 1);
	if (index_read(source, place + len, value, value_len, context->err) !=
	    0)
		return -1;
	*ret_value = (struct slice){ value, value_len };
	return 1;
}

static enum table_answer
cdb_find(void *index, struct slice key, const struct table_context *context,
    struct slice *ret_value)
{
	const struct index_source *source = index;
	unsigned char slots[SLOTS_AT_ONCE * 8];
	uint32_t h = hash(key), count, first;
	uint64_t place;

	if (index_read(source, 8 * (h % TABLES), slots, 8, context->err) != 0)
		return TABLE_FAILED;
	place = number(slots);
	count = number(slots + 4);
	first = count == 0 ? 0 : h / TABLES % count;
	for (uint32_t done = 0, n; done < count; done += n) {
		uint32_t slot = (uint32_t)(((uint64_t)first + done) % count);

		n = slot < first ? first - slot : count - slot;
		n = n < SLOTS_AT_ONCE ? n : SLOTS_AT_ONCE;
		if (index_read(source, place + 8 * (uint64_t)slot, slots, 8 * n,
			context->err) != 0)
			return TABLE_FAILED;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t row = number(slots + 8 * i + 4);
			int found = 0;

			if (row == 0)
				return TABLE_ABSENT;
			if (number(slots + 8 * i) == h)
				found = row_find(
				    source, row, key, context, ret_value);
			if (found != 0)
				return found > 0 ? TABLE_FOUND : TABLE_FAILED;
		}
	}
	return TABLE_ABSENT;
}

static void
cdb_close(void *index)
{
	(void)index;
}

static const struct index_ops cdb_index = {
	.suffix = ".cdb",
	.open = cdb_open,
	.find = cdb_find,
	.close = cdb_close,
};

static int
cdb_table_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	return index_file_open(&cdb_index, opening, ret_handle, err);
}

static const struct table_ops table_cdb = {
	.type = "cdb",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "a file",
	.file_suffix = ".cdb",
	.open = cdb_table_open,
	.lookup = index_file_lookup,
	.close = index_file_close,
};

TABLE_MODULE(&table_cdb);
