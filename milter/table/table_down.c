/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table that could not be opened, for a reason that may pass: each look-up
 * fails. The watch over tables opens the spec again, and that table takes its
 * place.
 */
#include "table_priv.h"

static enum table_answer
down_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	(void)keys;
	(void)ret_values;
	*context->err = *(const struct err *)handle;
	return TABLE_FAILED;
}

/* The source always differs from what was read, which is nothing. */
static uint64_t
down_state(const void *handle)
{
	(void)handle;
	return TABLE_STATE_UNSURE;
}

static uint64_t
down_state_now(const void *handle)
{
	(void)handle;
	return TABLE_STATE_NONE;
}

static bool
down_same(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return false;
}

static int
down_check_whole(
    const void *handle, const void *before, size_t *ret_lost, struct err *err)
{
	(void)handle;
	(void)before;
	(void)err;
	*ret_lost = 0;
	return 0;
}

static bool
down_is_down(const void *handle, struct err *ret_why)
{
	*ret_why = *(const struct err *)handle;
	return true;
}

static const struct table_source_ops down_source = {
	.state = down_state,
	.state_now = down_state_now,
	.same = down_same,
	.check_whole = down_check_whole,
	.is_down = down_is_down,
};

void
table_put_down(struct table *table, const struct err *why)
{
	struct table_ops *ops = arena_alloc(&table->mem, sizeof(*ops));
	struct err *kept = arena_alloc(&table->mem, sizeof(*kept));

	if (table->ops->close != NULL)
		table->ops->close(table->handle);
	*kept = *why;
	*ops = (struct table_ops){ .type = table->ops->type,
		.caps = table->ops->caps,
		.lookup = down_lookup,
		.source = &down_source };
	table->ops = ops;
	table->handle = kept;
}
