/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the table of a database was read from: its file of parameters, the files
 * and tables of "domain", and its backup. A change of any of them counts.
 */
#include "database_priv.h"

/* One of those beside the file of parameters: a file or a table. */
struct part {
	const struct text_source *file;
	const struct table *table;
};

/* By an index from 0; false behind the last one. */
static bool
part_at(const struct database *database, size_t index, struct part *ret_part)
{
	const struct domain_list *list = database->domains;
	size_t files = 0, tables = 0;

	*ret_part = (struct part){ NULL, NULL };
	while (domain_list_file(list, files) != NULL)
		files++;
	while (domain_list_table(list, tables) != NULL)
		tables++;
	if (index < files)
		ret_part->file = domain_list_file(list, index);
	else if (index < files + tables)
		ret_part->table = domain_list_table(list, index - files);
	else if (index == files + tables)
		ret_part->table = database->backup;
	return ret_part->file != NULL || ret_part->table != NULL;
}

static uint64_t
part_state(const struct part *part, bool now)
{
	if (part->file != NULL)
		return (now ? text_source_ops.state_now :
			      text_source_ops.state)(part->file);
	return (now ? table_state_now : table_state)(part->table);
}

/* One number for all of them. */
static uint64_t
state_of(const void *handle, bool now)
{
	uint64_t all =
	    (now ? text_source_ops.state_now : text_source_ops.state)(handle);
	struct part part;

	if (all == TABLE_STATE_NONE)
		return all;
	for (size_t i = 0; part_at(handle, i, &part); i++) {
		uint64_t state = part_state(&part, now);

		if (all == TABLE_STATE_UNSURE || state == TABLE_STATE_UNSURE)
			return TABLE_STATE_UNSURE;
		all = (all ^ state) * 1099511628211ULL + 1;
		if (all <= TABLE_STATE_UNSURE)
			all += 2;
	}
	return all;
}

static uint64_t
database_state(const void *handle)
{
	return state_of(handle, false);
}

static uint64_t
database_state_now(const void *handle)
{
	return state_of(handle, true);
}

static bool
part_same(const struct part *a, const struct part *b)
{
	if (a->file != NULL && b->file != NULL)
		return text_source_ops.same(a->file, b->file);
	if (a->table != NULL && b->table != NULL)
		return table_same(a->table, b->table);
	return a->file == b->file && a->table == b->table;
}

static bool
database_same(const void *a, const void *b)
{
	struct part one, other;
	bool more = true;

	if (!text_source_ops.same(a, b))
		return false;
	for (size_t i = 0; more; i++) {
		more = part_at(a, i, &one);
		if (part_at(b, i, &other) != more || !part_same(&one, &other))
			return false;
	}
	return true;
}

static int
database_check_whole(
    const void *handle, const void *before, size_t *ret_lost, struct err *err)
{
	struct part part, old;
	size_t lost;

	if (text_source_ops.check_whole(handle, before, ret_lost, err) != 0)
		return -1;
	for (size_t i = 0;
	     part_at(handle, i, &part) && part_at(before, i, &old); i++) {
		int status = 0;

		lost = 0;
		if (part.file != NULL && old.file != NULL)
			status = text_source_ops.check_whole(
			    part.file, old.file, &lost, err);
		else if (part.table != NULL && old.table != NULL)
			status = table_check_whole(
			    part.table, old.table, &lost, err);
		if (status != 0)
			return -1;
		*ret_lost += lost;
	}
	return 0;
}

/* While one of its tables is down, not all of its keys can be answered. */
static bool
database_is_down(const void *handle, struct err *ret_why)
{
	struct part part;

	for (size_t i = 0; part_at(handle, i, &part); i++) {
		if (part.table != NULL && table_is_down(part.table, ret_why))
			return true;
	}
	return false;
}

const struct table_source_ops database_source_ops = {
	.state = database_state,
	.state_now = database_state_now,
	.same = database_same,
	.check_whole = database_check_whole,
	.is_down = database_is_down,
};
