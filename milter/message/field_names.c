/* SPDX-License-Identifier: BSD-2-Clause */
/* The header fields that are known, and what is known of them. */
#include "message/field_names.h"

enum {
	AUTHOR = FIELD_AUTHOR,
	ADDRESSES = FIELD_ADDRESSES,
	RECIPIENTS = FIELD_RECIPIENTS,
	TEXT = FIELD_TEXT,
	ONCE = FIELD_ONCE,
	NEEDED = FIELD_NEEDED,
	UNSIGNED = FIELD_UNSIGNED,
	ACTED_UPON = FIELD_ACTED_UPON,
};

static const struct {
	struct slice name;
	unsigned int traits;
} fields[] = {
#define FIELD(text, its_traits) { { text, sizeof(text) - 1 }, its_traits },
#include "message/field_names.def"
#undef FIELD
};

enum { COUNT = sizeof(fields) / sizeof(fields[0]) };

unsigned int
field_traits(struct slice name)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (slice_eq_nocase(fields[i].name, name))
			return fields[i].traits;
	}
	return 0;
}

bool
field_name_is_good(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~' ||
		    name.data[i] == ':' || name.data[i] == ';')
			return false;
	}
	return name.len > 0;
}

bool
field_is(struct slice name, unsigned int traits)
{
	return (field_traits(name) & traits) == traits;
}

int
field_with(unsigned int traits, int from)
{
	for (int i = from; i < COUNT; i++) {
		if ((fields[i].traits & traits) == traits)
			return i;
	}
	return FIELD_END;
}

struct slice
field_known_name(int index)
{
	ENSURE(index >= 0 && index < COUNT);
	return fields[index].name;
}

bool
field_known_is(int index, unsigned int traits)
{
	ENSURE(index >= 0 && index < COUNT);
	return (fields[index].traits & traits) == traits;
}
