/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that a login may use, as a reply names them. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "rights_priv.h"

/*
 * Rows of a table that grant something, by login: the hash of the login in the
 * upper half, the row in the lower one, in ascending order. Tables may have very
 * many rows, and what a row says can be read there again.
 */
struct rights_index {
	uint64_t seed;
	struct row_list {
		uint64_t *items;
		size_t count;
	} tables[];
};

static uint64_t
index_place(const struct rights_index *index, struct slice login, size_t row)
{
	return (map_hash(index->seed, login) & ~(uint64_t)UINT32_MAX) | row;
}

/* The next login that a value grants something to, as it is compared. */
static bool
next_granted(const struct rights *rights, struct slice *value,
    struct arena *mem, struct slice *ret_login)
{
	struct slice word;
	struct grant grant;
	struct err err;

	while (slice_next_item(value, ", \t\r\n", &word)) {
		if (grant_parse(word, mem, &grant, &err) != 0 ||
		    grant.of.denied || grant.of.behalf)
			continue;
		*ret_login = login_normalise(
		    mem, grant.login, rights->keys.local_domain);
		return true;
	}
	return false;
}

static int
compare_places(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static struct row_list
index_table(const struct rights *rights, const struct rights_index *index,
    const struct table *table, struct arena *mem)
{
	struct row_list list = { NULL, 0 };
	CLEANUP(arena_done) struct arena all;
	void *items = NULL;
	size_t cap = 0;
	struct table_row row;

	arena_init(&all);
	for (size_t i = 0; i <= UINT32_MAX && table_row(table, i, &row); i++) {
		CLEANUP(arena_done) struct arena scratch;
		struct slice login;

		arena_init(&scratch);
		while (slice_has(row.key, '@') &&
		    next_granted(rights, &row.value, &scratch, &login)) {
			arena_reserve_one(&all, &items, &cap, list.count,
			    sizeof(*list.items));
			((uint64_t *)items)[list.count++] =
			    index_place(index, login, i);
		}
	}
	list.items = arena_array(mem, list.count, sizeof(*list.items));
	if (list.count == 0)
		return list;
	memcpy(list.items, items, list.count * sizeof(*list.items));
	qsort(list.items, list.count, sizeof(*list.items), compare_places);
	return list;
}

struct rights_index *
rights_index_new(const struct rights *rights, struct arena *mem)
{
	struct rights_index *index = arena_alloc(mem,
	    sizeof(*index) + rights->table_count * sizeof(struct row_list));

	index->seed = map_seed();
	for (size_t i = 0; i < rights->table_count; i++)
		index->tables[i] =
		    index_table(rights, index, rights->tables[i], mem);
	return index;
}

/* The first place of a list that is not before that one. */
static size_t
list_find(const struct row_list *list, uint64_t place)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle] < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The key of a row if it does grant something to the login, else empty. */
static struct slice
granting_key(const struct rights *rights, const struct table *table,
    size_t index, struct slice login, struct arena *mem)
{
	struct table_row row;
	struct slice granted;

	if (!table_row(table, index, &row))
		return (struct slice){ NULL, 0 };
	while (next_granted(rights, &row.value, mem, &granted)) {
		if (slice_eq(granted, login))
			return row.key;
	}
	return (struct slice){ NULL, 0 };
}

/* Keys of the first rows that grant something to a login. */
static size_t
granting_keys(const struct rights *rights, struct slice login,
    struct arena *mem, struct slice keys[RIGHTS_EXAMPLES])
{
	const struct rights_index *index = rights->index;
	uint64_t first = index_place(index, login, 0);
	size_t count = 0;

	for (size_t t = 0; t < rights->table_count; t++) {
		const struct row_list *list = &index->tables[t];

		for (size_t i = list_find(list, first);
		     i < list->count && list->items[i] - first <= UINT32_MAX &&
		     count < RIGHTS_EXAMPLES;
		     i++) {
			struct slice key =
			    granting_key(rights, rights->tables[t],
				list->items[i] - first, login, mem);

			if (key.len != 0)
				keys[count++] = key;
		}
	}
	return count;
}

/* A key of a row as an address that is granted now; an empty slice if not. */
static struct slice
checked_example(const struct rights *rights, const struct submitter *submitter,
    struct slice key, const struct table_context *context)
{
	bool whole_domain = key.data[0] == '@';
	struct arena *mem = context->mem;
	struct slice path =
	    whole_domain ? slice_format(mem, "x%.*s", SLICE_ARGS(key)) : key;
	struct address address;
	struct slice how;

	if (!rights_login_address(path, mem, &address) ||
	    rights_check(rights, submitter, &address, context, &how) !=
		RIGHT_GRANTED)
		return (struct slice){ NULL, 0 };
	return whole_domain ?
	    slice_format(mem, "*@%.*s", SLICE_ARGS(address.domain)) :
	    address.text;
}

/* The first of the login's own rows that grant something. */
static size_t
own_row_keys(const struct rights *rights, const struct submitter *submitter,
    const struct table_context *context, struct slice keys[RIGHTS_EXAMPLES])
{
	struct login_grants grants;
	size_t count = 0;

	if (rights_of_login(rights, submitter, context, &grants) != 0)
		return 0;
	for (size_t i = 0; i < grants.count && count < RIGHTS_EXAMPLES; i++) {
		const struct row_grant *grant = &grants.items[i].grant;

		struct slice text = grants.items[i].address.text;

		/* The own address is named already. */
		if (!grant->denied && !grant->behalf && !grant->expired &&
		    !slice_eq(text, submitter->login))
			keys[count++] = text;
	}
	return count;
}

size_t
rights_examples(const struct rights *rights, const struct submitter *submitter,
    const struct table_context *context,
    struct slice ret_texts[RIGHTS_EXAMPLES])
{
	struct slice keys[1 + 2 * RIGHTS_EXAMPLES], own[RIGHTS_EXAMPLES];
	struct slice rows[RIGHTS_EXAMPLES];
	size_t row_count =
	    granting_keys(rights, submitter->login, context->mem, rows);
	size_t own_count = own_row_keys(rights, submitter, context, own);
	size_t key_count = 0, count = 0;

	if (submitter->login.len != 0)
		keys[key_count++] = submitter->login;
	for (size_t i = 0; i < RIGHTS_EXAMPLES; i++) {
		if (i < row_count)
			keys[key_count++] = rows[i];
		if (i < own_count)
			keys[key_count++] = own[i];
	}
	for (size_t i = 0; i < key_count && count < RIGHTS_EXAMPLES; i++) {
		struct slice text =
		    checked_example(rights, submitter, keys[i], context);
		bool known = text.len == 0;

		for (size_t j = 0; j < count; j++)
			known = known || slice_eq(text, ret_texts[j]);
		if (!known)
			ret_texts[count++] = text;
	}
	return count;
}
