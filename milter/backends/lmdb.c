/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of type lmdb: the B+ tree of an LMDB file (data version 1). Its library
 * believes what stands in the file: one that is cut, or copied over, ends the
 * process by a signal. Here each number is checked, and what cannot be is a fault.
 *
 * No lock is taken, so a directory that cannot be written will do. A writer puts
 * changed pages where no page of the last transaction stands, and then one of two
 * meta pages in the place of the older one. So what was read is of one moment if
 * both meta pages are the same afterwards.
 *
 * Numbers are those of this machine: LMDB's files move to no other kind.
 */
#include <stdlib.h>
#include <string.h>

#include "table/index_file.h"
#include "table/module.h"

enum {
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	PAGE_OVERFLOW = 0x04,
	PAGE_META = 0x08,
	NODE_BIG = 0x01, /* the value has pages of its own */
	NODE_PLAIN = 0,
	/* Other orders of keys, and several values of one. */
	DB_ODD_FLAGS = 0x02 | 0x04 | 0x08 | 0x10 | 0x20 | 0x40,
	META_VERSION = 1,
	SMALLEST_PAGE = 256,
	LARGEST_PAGE = 65536,
	MAX_DEPTH = 32,
	MAX_TRIES = 100,
};
static const uint32_t META_MAGIC = 0xBEEFC0DE;
static const size_t NO_PAGE = SIZE_MAX;

struct page_header {
	size_t number;
	uint16_t pad, flags;
	uint16_t lower, upper; /* of the room between places and nodes */
};

struct node_header {
	uint16_t low, high; /* length of the value, or a page */
	uint16_t flags;	    /* or the page's highest bits */
	uint16_t key_len;
};

struct db {
	uint32_t pad; /* of the first one: size of a page */
	uint16_t flags, depth;
	size_t branches, leaves, overflows;
	size_t entries;
	size_t root;
};

struct meta {
	struct page_header header;
	uint32_t magic, version;
	void *address;
	size_t map_bytes;
	struct db free, rows;
	size_t last_page;
	size_t transaction;
};

struct lmdb_index {
	const struct index_source *source;
	size_t page_bytes;
};

/* The two meta pages, and which one is in force. */
struct metas {
	struct meta pages[2];
	const struct meta *newest;
};

/* A page while keys are looked for in it. */
struct page {
	const struct lmdb_index *index;
	char *data;
	struct page_header header;
	size_t count; /* of nodes */
};

/* A node of it. */
struct node {
	struct node_header header;
	struct slice key;
	size_t value; /* where it stands in the page */
};

static int
lmdb_fault(const struct index_source *source, const char *what, struct err *err)
{
	return err_set(err, ERR_CONFIG, "%s is no lmdb file, or is broken: %s",
	    source->path, what);
}

static int
read_metas(
    const struct lmdb_index *index, struct metas *ret_metas, struct err *err)
{
	const struct meta *pages = ret_metas->pages;

	for (size_t i = 0; i < 2; i++) {
		struct meta *meta = &ret_metas->pages[i];

		if (index_read(index->source, i * index->page_bytes, meta,
			sizeof(*meta), err) != 0)
			return -1;
		if (meta->magic != META_MAGIC ||
		    (meta->header.flags & PAGE_META) == 0)
			return lmdb_fault(index->source, "a meta page", err);
		if (meta->version != META_VERSION)
			return err_set(err, ERR_CONFIG,
			    "%s has a version of LMDB's format that is not "
			    "known",
			    index->source->path);
	}
	ret_metas->newest =
	    pages[0].transaction < pages[1].transaction ? &pages[1] : &pages[0];
	return 0;
}

static int
lmdb_check(const struct lmdb_index *index, const struct meta *meta, size_t size,
    struct err *err)
{
	const struct db *dbs[] = { &meta->free, &meta->rows };
	size_t pages = size / index->page_bytes, used = 2;

	/* Pages at the end that are free may never have been written. */
	for (size_t i = 0; i < 2; i++) {
		if (dbs[i]->branches > pages || dbs[i]->leaves > pages ||
		    dbs[i]->overflows > pages)
			used += pages;
		else
			used += dbs[i]->branches + dbs[i]->leaves +
			    dbs[i]->overflows;
	}
	if (used > pages)
		return lmdb_fault(index->source, "it is cut", err);
	if ((meta->rows.flags & DB_ODD_FLAGS) != 0)
		return err_set(err, ERR_CONFIG,
		    "%s has several values of a key, or an order of keys, "
		    "that Postfix does not write",
		    index->source->path);
	return 0;
}

static size_t
size_now(const struct index_source *source)
{
	struct stat now;

	ENSURE(fstat(source->fd, &now) == 0);
	return (size_t)now.st_size;
}

static int
lmdb_open(const struct index_source *source, void **ret_index, struct err *err)
{
	struct lmdb_index *index;
	struct metas metas;
	size_t bytes;

	if (index_read(
		source, 0, &metas.pages[0], sizeof(metas.pages[0]), err) != 0)
		return lmdb_fault(source, "it is too short", err);
	bytes = metas.pages[0].free.pad;
	if (metas.pages[0].magic != META_MAGIC || bytes < SMALLEST_PAGE ||
	    bytes > LARGEST_PAGE || (bytes & (bytes - 1)) != 0)
		return lmdb_fault(source, "a meta page", err);
	index = malloc(sizeof(*index));
	ENSURE(index != NULL);
	*index = (struct lmdb_index){ source, bytes };
	/* A writer makes the file longer first: its size of now counts. */
	if (read_metas(index, &metas, err) != 0 ||
	    lmdb_check(index, metas.newest, size_now(source), err) != 0) {
		free(index);
		err->kind = ERR_CONFIG;
		return -1;
	}
	*ret_index = index;
	return 0;
}

/* -1: the page is none that can be. */
static int
read_page(struct page *page, size_t number, struct err *err)
{
	const struct lmdb_index *index = page->index;
	struct page_header *header = &page->header;

	if (number < 2 || number > INT64_MAX / LARGEST_PAGE)
		return lmdb_fault(index->source, "a number of a page", err);
	if (index_read(index->source, (uint64_t)number * index->page_bytes,
		page->data, index->page_bytes, err) != 0)
		return -1;
	memcpy(header, page->data, sizeof(*header));
	if (header->number != number ||
	    (header->flags != PAGE_BRANCH && header->flags != PAGE_LEAF) ||
	    header->lower < sizeof(*header) || header->lower > header->upper ||
	    header->upper > index->page_bytes)
		return lmdb_fault(index->source, "the header of a page", err);
	page->count = (header->lower - sizeof(*header)) / 2;
	return 0;
}

static int
read_node(
    const struct page *page, size_t i, struct node *ret_node, struct err *err)
{
	size_t bytes = page->index->page_bytes, place;
	uint16_t offset;

	memcpy(&offset, page->data + sizeof(page->header) + 2 * i, 2);
	place = offset;
	if (place < page->header.upper ||
	    place + sizeof(ret_node->header) > bytes)
		return lmdb_fault(
		    page->index->source, "the place of a row", err);
	memcpy(&ret_node->header, page->data + place, sizeof(ret_node->header));
	place += sizeof(ret_node->header);
	if (ret_node->header.key_len > bytes - place)
		return lmdb_fault(
		    page->index->source, "the length of a key", err);
	ret_node->key =
	    (struct slice){ page->data + place, ret_node->header.key_len };
	ret_node->value = place + ret_node->header.key_len;
	return 0;
}

/*
 * The last node of a page whose key is not behind that one; the first node of a
 * branch has no key, and stands before all. *ret_is_same: it has that key. 1; 0:
 * there is none; -1.
 */
static int
find_node(const struct page *page, struct slice key, struct node *ret_node,
    bool *ret_is_same, struct err *err)
{
	size_t first = page->header.flags == PAGE_BRANCH ? 1 : 0;
	size_t low = first, high = page->count;

	*ret_is_same = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order;

		if (read_node(page, middle, ret_node, err) != 0)
			return -1;
		order = slice_cmp(key, ret_node->key);
		if (order == 0) {
			*ret_is_same = true;
			return 1;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0 || page->count == 0)
		return 0;
	return read_node(page, low - 1, ret_node, err) == 0 ? 1 : -1;
}

static size_t
node_page(const struct node *node)
{
	uint64_t number = node->header.low | (uint64_t)node->header.high << 16;

#if SIZE_MAX > UINT32_MAX
	number |= (uint64_t)node->header.flags << 32;
#endif
	return (size_t)number;
}

/* The value that has pages of its own. */
static int
read_overflow(const struct page *page, size_t number, char *value, size_t len,
    struct err *err)
{
	const struct lmdb_index *index = page->index;
	struct page_header header;
	uint64_t place;

	if (number < 2 || number > INT64_MAX / LARGEST_PAGE)
		return lmdb_fault(index->source, "a number of a page", err);
	place = (uint64_t)number * index->page_bytes;
	if (index_read(index->source, place, &header, sizeof(header), err) != 0)
		return -1;
	if (header.number != number || header.flags != PAGE_OVERFLOW)
		return lmdb_fault(index->source, "the header of a page", err);
	return index_read(
	    index->source, place + sizeof(header), value, len, err);
}

static enum table_answer
read_value(const struct page *page, const struct node *node,
    const struct table_context *context, struct slice *ret_value)
{
	size_t len = node->header.low | (size_t)node->header.high << 16;
	bool is_big = node->header.flags == NODE_BIG;
	size_t inside = is_big ? sizeof(size_t) : len, number;
	char *value;

	if ((!is_big && node->header.flags != NODE_PLAIN) ||
	    inside > page->index->page_bytes - node->value) {
		lmdb_fault(
		    page->index->source, "the length of a value", context->err);
		return TABLE_FAILED;
	}
	if (len > INDEX_MAX_VALUE_BYTES) {
		err_set(context->err, ERR_LIMIT, "a value over %d octets",
		    (int)INDEX_MAX_VALUE_BYTES);
		return TABLE_FAILED;
	}
	value = arena_alloc(context->mem, len + 1);
	if (is_big) {
		memcpy(&number, page->data + node->value, sizeof(number));
		if (read_overflow(page, number, value, len, context->err) != 0)
			return TABLE_FAILED;
	} else {
		memcpy(value, page->data + node->value, len);
	}
	*ret_value = (struct slice){ value, len };
	return TABLE_FOUND;
}

/* From the root down. */
static enum table_answer
walk(struct page *page, const struct meta *meta, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	size_t number = meta->rows.root;
	struct node node;
	bool is_same;
	int status;

	if (number == NO_PAGE)
		return TABLE_ABSENT;
	for (size_t depth = 0; depth < MAX_DEPTH; depth++) {
		if (read_page(page, number, context->err) != 0)
			return TABLE_FAILED;
		status = find_node(page, key, &node, &is_same, context->err);
		if (status < 0)
			return TABLE_FAILED;
		if (page->header.flags == PAGE_LEAF)
			return status > 0 && is_same ?
			    read_value(page, &node, context, ret_value) :
			    TABLE_ABSENT;
		if (status == 0)
			break;
		number = node_page(&node);
	}
	lmdb_fault(page->index->source, "its pages make no tree", context->err);
	return TABLE_FAILED;
}

static void
free_data(char **data)
{
	free(*data);
}

static enum table_answer
lmdb_find(void *handle, struct slice key, const struct table_context *context,
    struct slice *ret_value)
{
	const struct lmdb_index *index = handle;
	CLEANUP(free_data) char *data = malloc(index->page_bytes);
	struct page page = { .index = index, .data = data };
	struct metas before, after;

	ENSURE(data != NULL);
	if (read_metas(index, &before, context->err) != 0)
		return TABLE_FAILED;
	for (size_t i = 0; i < MAX_TRIES; i++) {
		enum table_answer answer =
		    walk(&page, before.newest, key, context, ret_value);

		if (read_metas(index, &after, context->err) != 0)
			return TABLE_FAILED;
		if (memcmp(&before.pages, &after.pages, sizeof(before.pages)) ==
		    0)
			return answer;
		before = after;
		before.newest = after.newest == &after.pages[0] ?
		    &before.pages[0] :
		    &before.pages[1];
	}
	err_set(context->err, ERR_TEMP, "%s changes faster than it can be read",
	    index->source->path);
	return TABLE_FAILED;
}

static void
lmdb_close(void *index)
{
	free(index);
}

static const struct index_ops lmdb_index = {
	.suffix = ".lmdb",
	.sees_changes = true,
	.open = lmdb_open,
	.find = lmdb_find,
	.close = lmdb_close,
};

static int
lmdb_table_open(
    struct table_opening *opening, void **ret_handle, struct err *err)
{
	return index_file_open(&lmdb_index, opening, ret_handle, err);
}

static const struct table_ops table_lmdb = {
	.type = "lmdb",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "a file",
	.file_suffix = ".lmdb",
	.open = lmdb_table_open,
	.lookup = index_file_lookup,
	.close = index_file_close,
};

TABLE_MODULE(&table_lmdb);
