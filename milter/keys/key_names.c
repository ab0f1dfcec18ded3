/* SPDX-License-Identifier: BSD-2-Clause */
/* The names in a store of keys. */
#include "key_names_priv.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/pace.h"

struct key_names {
	struct arena mem;
	struct map *names;  /* to what differs from the name; NULL: nothing */
	struct map *others; /* by domain, where that is no name: to a name */
	_Atomic unsigned long users;
};

struct key_names *
key_names_new(void)
{
	struct key_names *names = calloc(1, sizeof(*names));

	ENSURE(names != NULL);
	arena_init_large(&names->mem);
	names->names = map_new(&names->mem);
	names->others = map_new(&names->mem);
	names->users = 1;
	return names;
}

struct key_names *
key_names_ref(struct key_names *names)
{
	names->users++;
	return names;
}

void
key_names_unref(struct key_names *names)
{
	if (names == NULL || --names->users != 0)
		return;
	arena_done(&names->mem);
	free(names);
}

void
key_names_expect(struct key_names *names, size_t count)
{
	map_expect(names->names, count);
}

/* A copy of what is kept beside a name. */
static struct key_name *
key_names_copy(struct key_names *names, const struct key_name *name)
{
	struct key_name *copy = arena_alloc(&names->mem, sizeof(*copy));

	copy->name = slice_dup(&names->mem, name->name);
	copy->place = slice_dup(&names->mem, name->place);
	copy->domain = slice_dup(&names->mem, name->domain);
	copy->fault = slice_dup(&names->mem, name->fault);
	copy->added = name->added;
	return copy;
}

/* Whether a name is all that there is to keep: so it is of most domains. */
static bool
is_plain(const struct key_name *name)
{
	return slice_eq(name->place, name->name) &&
	    slice_eq(name->domain, name->name) && name->fault.len == 0 &&
	    !name->added;
}

bool
key_names_add(struct key_names *names, const struct key_name *name)
{
	struct key_name *copy;

	if (is_plain(name))
		return map_add(names->names, name->name, NULL);
	if (map_index(names->names, name->name) != map_count(names->names))
		return false;
	copy = key_names_copy(names, name);
	ENSURE(map_add(names->names, name->name, copy));
	if (!slice_eq(name->domain, name->name))
		(void)!map_add(names->others, name->domain, copy);
	return true;
}

void
key_names_set_fault(
    struct key_names *names, struct slice name, struct slice fault)
{
	void **place = map_place(names->names, name);
	struct key_name whole =
	    key_names_at(names, map_index(names->names, name));
	struct key_name *copy = key_names_copy(names, &whole);

	copy->fault = slice_dup(&names->mem, fault);
	*place = copy;
}

size_t
key_names_count(const struct key_names *names)
{
	return map_count(names->names);
}

struct key_name
key_names_at(const struct key_names *names, size_t index)
{
	struct slice name;
	const struct key_name *more = map_entry(names->names, index, &name);

	return more != NULL ?
	    *more :
	    (struct key_name){ .name = name, .place = name, .domain = name };
}

size_t
key_names_find(const struct key_names *names, struct slice name)
{
	return map_index(names->names, name);
}

size_t
key_names_find_domain(const struct key_names *names, struct slice domain)
{
	size_t index = map_index(names->names, domain);
	const struct key_name *other;

	if (index != map_count(names->names))
		return index;
	other = map_get(names->others, domain);
	return other == NULL ? index : map_index(names->names, other->name);
}

void
key_naming_begin(struct key_naming *naming, struct key_names *before)
{
	*naming = (struct key_naming){ .before = before,
		.more = key_names_new(),
		.names = before == NULL ? key_names_new() : NULL };
}

static void
add_first(struct key_names *names, const struct key_names *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct key_name name = key_names_at(from, i);

		pace();
		ENSURE(key_names_add(names, &name));
	}
}

struct key_names *
key_naming_own(struct key_naming *naming)
{
	if (naming->names != NULL)
		return naming->names;
	naming->names = key_names_new();
	key_names_expect(naming->names, key_names_count(naming->before));
	add_first(naming->names, naming->before, naming->same);
	add_first(naming->names, naming->more, key_names_count(naming->more));
	key_names_unref(naming->more);
	naming->more = key_names_new();
	return naming->names;
}

/* Whether a name is the next one of before, which has no fault. */
static bool
is_next(const struct key_naming *naming, const struct key_name *name)
{
	struct key_name next;

	if (naming->same == key_names_count(naming->before))
		return false;
	next = key_names_at(naming->before, naming->same);
	return slice_eq(next.name, name->name) &&
	    slice_eq(next.place, name->place) &&
	    slice_eq(next.domain, name->domain) && next.fault.len == 0;
}

bool
key_naming_add(struct key_naming *naming, const struct key_name *name)
{
	size_t index, count;

	if (naming->names != NULL)
		return key_names_add(naming->names, name);
	if (is_next(naming, name)) {
		naming->same++;
		return true;
	}
	count = key_names_count(naming->before);
	index = key_names_find(naming->before, name->name);
	if (index < naming->same ||
	    key_names_find(naming->more, name->name) !=
		key_names_count(naming->more))
		return false;
	/* Many more are better off in one table with the others. */
	if (index == count && key_names_count(naming->more) < count / 8)
		return key_names_add(naming->more, name);
	return key_names_add(key_naming_own(naming), name);
}

struct key_names *
key_naming_finish(struct key_naming *naming, struct key_names **ret_more)
{
	struct key_names *names;

	if (naming->names == NULL &&
	    naming->same == key_names_count(naming->before))
		names = key_names_ref(naming->before);
	else
		names = key_naming_own(naming);
	*ret_more = naming->more;
	return names;
}
