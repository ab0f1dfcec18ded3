/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of types file, refile and csl: data sets of OpenDKIM, as opendkim(8)
 * has them.
 */
#include "base/map.h"
#include "table_text_priv.h"
#include "wildcard_index_priv.h"

struct data_row {
	struct slice key; /* folded */
	struct slice value;
	size_t line;
	bool unusable; /* no key that is asked for can be it */
};

struct dataset {
	struct data_row *rows;
	size_t count;
	size_t cap;
	struct map *exact;		  /* file, csl: to the row */
	struct wildcard_index *wildcards; /* refile */
};

static struct dataset *
dataset_new(bool has_wildcards, struct arena *mem)
{
	struct dataset *set = arena_alloc(mem, sizeof(*set));

	if (has_wildcards)
		set->wildcards = wildcard_index_new(mem);
	else
		set->exact = map_new(mem);
	return set;
}

/* Of several rows with a key, the first counts. */
static void
dataset_add(struct dataset *set, struct data_row row, struct arena *mem)
{
	void *rows = set->rows;
	size_t number = set->count;

	arena_reserve_one(
	    mem, &rows, &set->cap, set->count, sizeof(set->rows[0]));
	set->rows = rows;
	row.unusable =
	    row.key.len > TABLE_MAX_KEY_BYTES || !slice_is_utf8(row.key);
	if (!row.unusable)
		row.key = table_fold(mem, row.key);
	set->rows[set->count++] = row;
	if (row.unusable)
		return;
	if (set->wildcards != NULL)
		wildcard_index_add(set->wildcards, row.key, number);
	else
		(void)!map_add(
		    set->exact, row.key, (void *)(uintptr_t)(number + 1));
}

/* The key ends at the first blank. */
static struct data_row
split_line(struct slice text, size_t line)
{
	size_t end = 0;

	while (end < text.len && !char_is_wsp(text.data[end]))
		end++;
	return (struct data_row){ .key = slice_sub(text, 0, end),
		.value = slice_trim(slice_from(text, end)),
		.line = line };
}

/*
 * A line is a row, what stands behind "#" is a comment. No line is a fault of
 * the table: whoever reads its value says what is wrong.
 */
static void *
read_rows(bool has_wildcards, struct table_file *file, struct arena *mem,
    size_t *ret_count)
{
	struct dataset *set = dataset_new(has_wildcards, mem);
	struct slice rest = file->rest;

	for (size_t line = 1; rest.len > 0; line++) {
		struct slice text = slice_sub(rest, 0, slice_find(rest, '\n'));

		rest = slice_from(rest, text.len + 1);
		if (text.len > 0 && text.data[text.len - 1] == '\r')
			text.len--;
		text = slice_trim(slice_sub(text, 0, slice_find(text, '#')));
		if (text.len > 0)
			dataset_add(set, split_line(text, line), mem);
	}
	*ret_count = set->count;
	return set;
}

static void *
file_read_rows(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	return read_rows(false, file, mem, ret_count);
}

static void *
refile_read_rows(struct table_file *file, struct arena *mem, size_t *ret_count)
{
	return read_rows(true, file, mem, ret_count);
}

/* All rows that have a key, or match it; how many there are. */
static size_t
dataset_find_all(const struct dataset *set, struct slice key, struct arena *mem,
    size_t **ret_numbers)
{
	uintptr_t row;

	key = table_fold(mem, key);
	if (set->wildcards != NULL)
		return wildcard_index_find(
		    set->wildcards, key, mem, ret_numbers);
	row = (uintptr_t)map_get(set->exact, key);
	if (row == 0)
		return 0;
	*ret_numbers = arena_alloc(mem, sizeof(**ret_numbers));
	**ret_numbers = row - 1;
	return 1;
}

static enum table_answer
dataset_find(const void *handle, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct dataset *set = handle;
	size_t *numbers;

	if (dataset_find_all(set, key, context->mem, &numbers) == 0)
		return TABLE_ABSENT;
	*ret_value = set->rows[numbers[0]].value;
	return TABLE_FOUND;
}

static size_t
dataset_matches(const void *handle, struct slice key, struct arena *mem,
    const size_t **ret_rows)
{
	size_t *numbers = NULL;
	size_t count = dataset_find_all(handle, key, mem, &numbers);

	*ret_rows = numbers;
	return count;
}

static bool
dataset_row(const void *handle, size_t index, struct table_row *ret_row)
{
	const struct dataset *set = handle;

	if (index >= set->count)
		return false;
	ret_row->key = set->rows[index].key;
	ret_row->value = set->rows[index].value;
	ret_row->line = set->rows[index].line;
	return true;
}

static const struct text_format file_format = {
	.read = file_read_rows,
	.find = dataset_find,
	.row = dataset_row,
};
static const struct text_format refile_format = {
	.read = refile_read_rows,
	.find = dataset_find,
	.row = dataset_row,
	.matches = dataset_matches,
};

static int
file_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&file_format, opening, ret_handle, err);
}

static int
refile_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	return text_table_open(&refile_format, opening, ret_handle, err);
}

/* "KEY=VALUE,KEY=VALUE". */
static int
csl_open(struct table_opening *opening, void **ret_handle, struct err *err)
{
	struct dataset *set = dataset_new(false, opening->mem);
	struct slice rest = opening->name;

	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "a table of type csl has no text");
	while (rest.len > 0) {
		struct slice item = slice_sub(rest, 0, slice_find(rest, ','));
		size_t equal = slice_find(item, '=');

		rest = slice_from(rest, item.len + 1);
		if (slice_trim(item).len == 0)
			continue;
		dataset_add(set,
		    (struct data_row){
			.key = slice_trim(slice_sub(item, 0, equal)),
			.value = slice_trim(slice_from(item, equal + 1)) },
		    opening->mem);
	}
	opening->rows = set->count;
	*ret_handle = set;
	return 0;
}

static enum table_answer
csl_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count; i++) {
		if (dataset_find(handle, keys->items[i], context,
			&ret_values[i]) != TABLE_FOUND)
			continue;
		if (ret_values[i].data == NULL)
			ret_values[i] = SLICE("");
		all = TABLE_FOUND;
	}
	return all;
}

const struct table_ops table_dataset_file = {
	.type = "file",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.open = file_open,
	TEXT_TABLE_OPS,
};

const struct table_ops table_dataset_refile = {
	.type = "refile",
	.caps = TABLE_CAP_PATTERNS | TABLE_FOR_ANY,
	.folds_keys = true,
	.open = refile_open,
	.matches = text_table_matches,
	TEXT_TABLE_OPS,
};

const struct table_ops table_dataset_csl = {
	.type = "csl",
	.caps = TABLE_FOR_ANY,
	.folds_keys = true,
	.name_word = "KEY=VALUE,...",
	.open = csl_open,
	.lookup = csl_lookup,
	.row = dataset_row,
};
