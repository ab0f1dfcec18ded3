/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TESTS_WRITE_INDEX_H
#define SUBMILTER_TESTS_WRITE_INDEX_H

/* Writes indexed files, by the libraries that other programs use. */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#ifdef HAVE_LMDB
#include <lmdb.h>
#endif
#ifdef HAVE_BDB
#include <db.h>
#endif

struct index_row {
	struct slice key, value;
};

typedef void index_write(
    const char *path, const struct index_row *rows, size_t count);

static inline uint32_t
cdb_hash_of(struct slice key)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < key.len; i++)
		h = (h * 33) ^ (unsigned char)key.data[i];
	return h;
}

static inline void
cdb_put_numbers(FILE *file, uint32_t a, uint32_t b)
{
	const uint32_t numbers[] = { a, b };

	for (int i = 0; i < 8; i++)
		assert_int_not_equal(
		    putc((int)(numbers[i / 4] >> 8 * (i % 4) & 0xff), file),
		    EOF);
}

/* As "A structure for constant data bases" says; no library is needed. */
static inline void
cdb_write(const char *path, const struct index_row *rows, size_t count)
{
	FILE *file = fopen(path, "wb");
	uint32_t *places = calloc(count + 1, sizeof(*places));
	uint32_t starts[256], slots[256];

	assert_non_null(file);
	assert_non_null(places);
	assert_int_equal(fseek(file, 2048, SEEK_SET), 0);
	for (size_t i = 0; i < count; i++) {
		places[i] = (uint32_t)ftell(file);
		cdb_put_numbers(file, (uint32_t)rows[i].key.len,
		    (uint32_t)rows[i].value.len);
		(void)fwrite(rows[i].key.data, 1, rows[i].key.len, file);
		(void)fwrite(rows[i].value.data, 1, rows[i].value.len, file);
	}
	for (uint32_t t = 0; t < 256; t++) {
		uint32_t(*table)[2], n = 0;

		for (size_t i = 0; i < count; i++)
			n += cdb_hash_of(rows[i].key) % 256 == t ? 2 : 0;
		starts[t] = (uint32_t)ftell(file);
		slots[t] = n;
		table = calloc(n + 1, sizeof(*table));
		assert_non_null(table);
		for (size_t i = 0; i < count; i++) {
			uint32_t h = cdb_hash_of(rows[i].key), slot;

			if (h % 256 != t)
				continue;
			slot = h / 256 % n;
			while (table[slot][1] != 0)
				slot = (slot + 1) % n;
			table[slot][0] = h;
			table[slot][1] = places[i];
		}
		for (uint32_t i = 0; i < n; i++)
			cdb_put_numbers(file, table[i][0], table[i][1]);
		free(table);
	}
	rewind(file);
	for (size_t t = 0; t < 256; t++)
		cdb_put_numbers(file, starts[t], slots[t]);
	assert_int_equal(fclose(file), 0);
	free(places);
}

#ifdef HAVE_LMDB
/* Puts rows into the file; one with no data as its value is taken out. */
static inline void
lmdb_write(const char *path, const struct index_row *rows, size_t count)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_mapsize(env, 64 << 20), 0);
	assert_int_equal(mdb_env_open(env, path,
			     MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0644),
	    0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	for (size_t i = 0; i < count; i++) {
		MDB_val key = { rows[i].key.len,
			(void *)(uintptr_t)rows[i].key.data };
		MDB_val value = { rows[i].value.len,
			(void *)(uintptr_t)rows[i].value.data };

		assert_int_equal(rows[i].value.data == NULL ?
			mdb_del(txn, dbi, &key, NULL) :
			mdb_put(txn, dbi, &key, &value, 0),
		    0);
	}
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}
#endif

#ifdef HAVE_BDB
static inline void
bdb_write(
    const char *path, DBTYPE type, const struct index_row *rows, size_t count)
{
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	assert_int_equal(
	    db->open(db, NULL, path, NULL, type, DB_CREATE | DB_TRUNCATE, 0644),
	    0);
	for (size_t i = 0; i < count; i++) {
		DBT key = { .data = (void *)(uintptr_t)rows[i].key.data,
			.size = (uint32_t)rows[i].key.len };
		DBT value = { .data = (void *)(uintptr_t)rows[i].value.data,
			.size = (uint32_t)rows[i].value.len };

		assert_int_equal(db->put(db, NULL, &key, &value, 0), 0);
	}
	assert_int_equal(db->close(db, 0), 0);
}

static inline void
hash_write(const char *path, const struct index_row *rows, size_t count)
{
	bdb_write(path, DB_HASH, rows, count);
}

static inline void
btree_write(const char *path, const struct index_row *rows, size_t count)
{
	bdb_write(path, DB_BTREE, rows, count);
}
#endif

struct index_type {
	const char *type, *suffix;
	index_write *write;
	bool is_ours; /* no library reads it: it may be broken in any way */
};

static const struct index_type index_types[] = {
	{ "cdb", ".cdb", cdb_write, true },
#ifdef HAVE_LMDB
	{ "lmdb", ".lmdb", lmdb_write, true },
#endif
#ifdef HAVE_BDB
	{ "hash", ".db", hash_write, false },
	{ "btree", ".db", btree_write, false },
#endif
};
enum { INDEX_TYPES = sizeof(index_types) / sizeof(index_types[0]) };

#endif
