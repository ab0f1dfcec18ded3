/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of types hash and btree: files of Berkeley DB, as postmap(1) of Postfix
 * writes them in their place. Its library is asked by one thread at a time, has
 * no environment, and reads the file without mapping it.
 */
#include <db.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "table/index_file.h"
#include "table/module.h"

enum { LEAST_CACHE_BYTES = 256 * 1024, MOST_CACHE_BYTES = 16 * 1024 * 1024 };

struct bdb_index {
	const struct index_source *source;
	DB *db;
};

static void
bdb_close(void *handle)
{
	struct bdb_index *index = handle;

	(void)index->db->close(index->db, DB_NOSYNC);
	free(index);
}

/* Its messages are ours to give, and not for standard error. */
static void
say_nothing(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	(void)text;
}

/* The library opens the path again: is that the file which was looked at? */
static bool
is_same_file(const struct bdb_index *index)
{
	struct stat now;
	int fd;

	return index->db->fd(index->db, &fd) == 0 && fstat(fd, &now) == 0 &&
	    now.st_dev == index->source->state.st_dev &&
	    now.st_ino == index->source->state.st_ino;
}

/* Its own cache of pages: of all of the file, if that is not too large. */
static uint32_t
cache_bytes(off_t bytes)
{
	return bytes > MOST_CACHE_BYTES ? MOST_CACHE_BYTES :
	    bytes < LEAST_CACHE_BYTES	? LEAST_CACHE_BYTES :
					  (uint32_t)bytes;
}

static int
bdb_open(const struct index_source *source, DBTYPE type, void **ret_index,
    struct err *err)
{
	struct bdb_index *index = calloc(1, sizeof(*index));
	int status;

	ENSURE(index != NULL);
	index->source = source;
	ENSURE(db_create(&index->db, NULL, 0) == 0);
	index->db->set_errcall(index->db, say_nothing);
	ENSURE(index->db->set_cachesize(
		   index->db, 0, cache_bytes(source->state.st_size), 1) == 0);
	status = index->db->open(index->db, NULL, source->path, NULL, type,
	    DB_RDONLY | DB_NOMMAP, 0);
	if (status != 0)
		err_set(err, ERR_CONFIG,
		    "%s is no file of Berkeley DB of this type, or is broken: "
		    "%s",
		    source->path, db_strerror(status));
	else if (!is_same_file(index))
		status = err_set(err, ERR_TEMP,
		    "%s was replaced while it was opened", source->path);
	if (status != 0) {
		bdb_close(index);
		return -1;
	}
	*ret_index = index;
	return 0;
}

static int
hash_open(const struct index_source *source, void **ret_index, struct err *err)
{
	return bdb_open(source, DB_HASH, ret_index, err);
}

static int
btree_open(const struct index_source *source, void **ret_index, struct err *err)
{
	return bdb_open(source, DB_BTREE, ret_index, err);
}

static enum table_answer
bdb_find(void *handle, struct slice key, const struct table_context *context,
    struct slice *ret_value)
{
	const struct bdb_index *index = handle;
	/* The library's structure wants octets that it could change. */
	DBT asked = { .data = slice_cstr(context->mem, key),
		.size = (uint32_t)key.len };
	DBT found = { .flags = DB_DBT_USERMEM, .ulen = 512 };
	int status;

	found.data = arena_alloc(context->mem, found.ulen);
	status = index->db->get(index->db, NULL, &asked, &found, 0);
	if (status == DB_BUFFER_SMALL && found.size <= INDEX_MAX_VALUE_BYTES) {
		found.ulen = found.size;
		found.data = arena_alloc(context->mem, found.ulen);
		status = index->db->get(index->db, NULL, &asked, &found, 0);
	}
	switch (status) {
	case 0:
		*ret_value = (struct slice){ found.data, found.size };
		return TABLE_FOUND;
	case DB_NOTFOUND:
		return TABLE_ABSENT;
	case DB_BUFFER_SMALL:
		err_set(context->err, ERR_LIMIT, "a value over %d octets",
		    (int)INDEX_MAX_VALUE_BYTES);
		return TABLE_FAILED;
	default:
		err_set(context->err, ERR_TEMP, "%s: %s", index->source->path,
		    db_strerror(status));
		return TABLE_FAILED;
	}
}

static const struct index_ops hash_index = {
	.suffix = ".db",
	.is_locked = true,
	.open = hash_open,
	.find = bdb_find,
	.close = bdb_close,
};

static const struct index_ops btree_index = {
	.suffix = ".db",
	.is_locked = true,
	.open = btree_open,
	.find = bdb_find,
	.close = bdb_close,
};

static int
hash_table_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	return index_file_open(&hash_index, opening, ret_handle, err);
}

static int
btree_table_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	return index_file_open(&btree_index, opening, ret_handle, err);
}

static const struct table_ops table_hash = {
	.type = "hash",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "a file",
	.file_suffix = ".db",
	.open = hash_table_open,
	.lookup = index_file_lookup,
	.close = index_file_close,
};

static const struct table_ops table_btree = {
	.type = "btree",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "a file",
	.file_suffix = ".db",
	.open = btree_table_open,
	.lookup = index_file_lookup,
	.close = index_file_close,
};

TABLE_MODULE(&table_hash, &table_btree);
