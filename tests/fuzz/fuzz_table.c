/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of each type that has a file, and the rights that they give. The first
 * octet chooses the type, the first line is the login and the second one the
 * address; the rest is the file.
 */
#include <string.h>

#include "fuzz.h"
#include "identity/identity.h"
#include "policy/rights.h"

static struct config *
default_config(void)
{
	static struct config *config;
	struct err err;

	if (config == NULL)
		ENSURE(
		    config_read_text("fuzz", SLICE("domain = corp.example\n"),
			NULL, NULL, &config, &err) == 0);
	return config;
}

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_sub(*rest, 0, slice_find(*rest, '\n'));

	*rest = slice_from(*rest, line.len + 1);
	return line;
}

/* What is granted is granted to one login, and a denial is heard first. */
static void
check_rights(const struct rights *rights, struct slice login, struct slice path,
    struct arena *mem)
{
	struct submitter submitter = { .realm_counts = true };
	struct slice texts[RIGHTS_EXAMPLES];
	struct address address;
	struct slice how = { NULL, 0 };
	struct err err;

	submitter.login = login_normalise(mem, login, SLICE("corp.example"));
	for (size_t i = rights_examples(rights, &submitter,
		 &(const struct table_context){ .mem = mem, .err = &err },
		 texts);
	     i > 0; i--)
		ENSURE(slice_has(texts[i - 1], '@'));
	if (!rights_login_address(path, mem, &address))
		return;
	switch (rights_check(rights, &submitter, &address,
	    &(const struct table_context){ .mem = mem, .err = &err }, &how)) {
	case RIGHT_GRANTED:
	case RIGHT_BEHALF:
		ENSURE(how.len > 0);
		break;
	case RIGHT_NONE:
		break;
	case RIGHT_UNJUDGED:
	case RIGHT_UNKNOWN:
		ENSURE(err.text[0] != '\0');
		break;
	}
}

/* The table as one of each direction, and both of them together. */
static void
check_directions(struct table *table, struct slice login, struct slice path,
    struct arena *mem)
{
	struct rights rights;

	for (unsigned int way = 1; way <= 3; way++) {
		rights_init(&rights, default_config(), &table, way & 1, mem);
		rights.login_tables = &table;
		rights.login_table_count = way >> 1;
		check_rights(&rights, login, path, mem);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const specs[] = { "texthash:f", "cidr:f", "regexp:f",
		"pcre:f" };
	struct slice rest = { (const char *)data, size };
	struct slice login, path, value;
	struct table_row row;
	struct table *table;
	struct arena mem;
	struct err err;
	const struct table_context context = { .mem = &mem, .err = &err };
	size_t type;

	if (size == 0)
		return 0;
	type = (size_t)(data[0] & 3);
	rest = slice_from(rest, 1);
	login = next_line(&rest);
	path = next_line(&rest);
	arena_init(&mem);
	if (table_open_text(slice_of(specs[type]), rest, &table, &err) != 0) {
		ENSURE(err.kind == ERR_CONFIG || err.kind == ERR_TEMP);
		ENSURE(strlen(err.text) > 0);
		arena_done(&mem);
		return 0;
	}
	if (table_lookup_one(table, path, &context, &value) == TABLE_FAILED)
		ENSURE(err.text[0] != '\0');
	for (size_t i = 0; table_row(table, i, &row); i++)
		ENSURE((table_caps(table) & TABLE_CAP_PATTERNS) != 0 ||
		    (row.key.len > 0 && row.value.len > 0 &&
			table_lookup_one(table, row.key, &context, &value) !=
			    TABLE_ABSENT));
	if (type != 1)
		check_directions(table, login, path, &mem);
	table_close(table);
	arena_done(&mem);
	return 0;
}
