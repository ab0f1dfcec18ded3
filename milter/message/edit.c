/* SPDX-License-Identifier: BSD-2-Clause */
#include "message/edit.h"

#include "base/map.h"

void
edits_init(
    struct edits *edits, struct arena *mem, const struct header *received)
{
	*edits = (struct edits){ .mem = mem, .received = received };
	edits->cap = received->count + 4;
	edits->fields = arena_array(mem, edits->cap, sizeof(*edits->fields));
	for (size_t i = 0; i < received->count; i++)
		edits->fields[i] =
		    (struct edited_field){ received->fields[i], FIELD_KEPT, i };
	edits->count = received->count;
}

size_t
edits_find(const struct edits *edits, struct slice name, size_t from)
{
	for (size_t i = from; i < edits->count; i++) {
		if (edits->fields[i].state != FIELD_DELETED &&
		    slice_eq_nocase(edits->fields[i].field.name, name))
			return i;
	}
	return edits->count;
}

size_t
edits_count(const struct edits *edits, struct slice name)
{
	size_t count = 0;

	for (size_t i = edits_find(edits, name, 0); i < edits->count;
	     i = edits_find(edits, name, i + 1))
		count++;
	return count;
}

void
edits_change(struct edits *edits, size_t index, struct slice value)
{
	struct edited_field *field = &edits->fields[index];

	ENSURE(index < edits->count && field->state != FIELD_DELETED);
	field->field.value = value;
	if (field->state == FIELD_KEPT)
		field->state = FIELD_CHANGED;
	edits->changes++;
}

void
edits_delete(struct edits *edits, size_t index)
{
	/* What was added here is never taken back. */
	ENSURE(index < edits->received->count);
	edits->fields[index].state = FIELD_DELETED;
	edits->fields[index].field = edits->received->fields[index];
	edits->changes++;
}

bool
edits_delete_all(struct edits *edits, struct slice name)
{
	bool found = false;

	for (size_t i = edits_find(edits, name, 0); i < edits->received->count;
	     i = edits_find(edits, name, i + 1)) {
		edits_delete(edits, i);
		found = true;
	}
	return found;
}

static void
edit_append(struct edits *edits, struct slice name, struct slice value,
    enum field_state state)
{
	void *fields = edits->fields;

	arena_reserve_one(edits->mem, &fields, &edits->cap, edits->count,
	    sizeof(*edits->fields));
	edits->fields = fields;
	edits->fields[edits->count++] =
	    (struct edited_field){ { name, value }, state, 0 };
	edits->changes++;
}

void
edits_add(struct edits *edits, struct slice name, struct slice value)
{
	edit_append(edits, name, value, FIELD_ADDED);
}

void
edits_add_on_top(struct edits *edits, struct slice name, struct slice value)
{
	edit_append(edits, name, value, FIELD_ON_TOP);
}

const struct field *
edits_view(const struct edits *edits, size_t *ret_count)
{
	struct field *view =
	    arena_array(edits->mem, edits->count + 1, sizeof(*view));
	size_t count = 0;

	/* The last one put on top is the first of the header. */
	for (size_t i = edits->count; i > edits->received->count; i--) {
		if (edits->fields[i - 1].state == FIELD_ON_TOP)
			view[count++] = edits->fields[i - 1].field;
	}
	for (size_t i = 0; i < edits->count; i++) {
		enum field_state state = edits->fields[i].state;

		if (state != FIELD_DELETED && state != FIELD_ON_TOP)
			view[count++] = edits->fields[i].field;
	}
	*ret_count = count;
	return view;
}

const size_t *
edits_occurrences(const struct edits *edits, struct arena *mem)
{
	const struct header *received = edits->received;
	size_t *numbers =
	    arena_array(mem, received->count + 1, sizeof(*numbers));
	struct map *seen = map_new(mem);

	for (size_t i = 0; i < received->count; i++) {
		struct slice name = slice_lower(mem, received->fields[i].name);
		size_t *count = map_get(seen, name);

		if (count == NULL) {
			count = arena_alloc(mem, sizeof(*count));
			ENSURE(map_add(seen, name, count));
		}
		numbers[i] = ++*count;
	}
	return numbers;
}
