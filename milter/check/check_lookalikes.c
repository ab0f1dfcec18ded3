/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys that look like one that a table has. A server that takes letters for one
 * another, a key for a pattern, or a user for the same in each domain, gives a
 * stranger the owner's row.
 */
#include <string.h>

#include "check_tables_priv.h"

/*
 * KNOWN: keys of which it is tried whether the table has them. OWNERS: as many
 * of those that it has are enough. ROWS: of another table, to know keys from.
 */
enum {
	MAX_KNOWN = 24,
	MAX_OWNERS = 2,
	MAX_ROWS = 8,
	MAX_DOMAINS = 4,
	SHOWN_OCTETS = 128
};

/* What most domains have. */
static const char *const usual[] = { "postmaster", "info", "abuse", "admin",
	"root" };

struct known_keys {
	struct slice items[MAX_KNOWN];
	size_t count;
};

static void
know(struct known_keys *known, struct slice key)
{
	size_t at = slice_find_last(key, '@');

	if (known->count < MAX_KNOWN && at > 0 && at + 1 < key.len)
		known->items[known->count++] = key;
}

/* Addresses and logins of tables that can be listed. */
static void
know_rows(struct known_keys *known, const struct table *table)
{
	struct table_row row;

	if (!table_can_list(table))
		return;
	for (size_t i = 0; i < MAX_ROWS && table_row(table, i, &row); i++) {
		struct slice value = row.value, word;

		know(known, row.key);
		if (slice_next_item(&value, ", \t", &word))
			know(known, slice_sub(word, 0, slice_find(word, ';')));
	}
}

static void
gather_known(const struct checked_table *checked, struct known_keys *known)
{
	const struct table_set *tables = checked->snapshot->tables;

	for (size_t i = 0; i < table_set_count(tables); i++)
		know_rows(known, table_set_at(tables, i));
	for (size_t d = 0; d < MAX_DOMAINS; d++) {
		struct slice domain = check_own_domain(checked, d);

		for (size_t i = 0;
		     i < sizeof(usual) / sizeof(usual[0]) && domain.len != 0;
		     i++)
			know(known,
			    slice_format(checked->found->mem, "%s@%.*s",
				usual[i], SLICE_ARGS(domain)));
	}
}

/* A key that is to look like another one, and what is wrong if it does. */
struct lookalike {
	const char *what;
	const char *fix;
	struct slice key;
};

enum { LOOKALIKES = 6 };

static const char by_letter[] =
    "an exact comparison: in MySQL COLLATE utf8mb4_bin, in LDAP an attribute "
    "with caseExactMatch";
static const char by_pattern[] =
    "compare with = in the query: LIKE takes % and _ of a key for wildcards";
static const char by_user[] =
    "domain = your domains in the file of the table, or %s in its query: %u "
    "alone is the same in each domain";

/* The letter at an index, in the place of which another text stands. */
static struct slice
with_letter(
    struct slice key, size_t index, const char *letter, struct arena *mem)
{
	return slice_format(mem, "%.*s%s%.*s", (int)index, key.data, letter,
	    SLICE_ARGS(slice_from(key, index + 1)));
}

static size_t
make_lookalikes(
    struct slice key, struct arena *mem, struct lookalike ret_keys[LOOKALIKES])
{
	static const char vowels[] = "aeiou";
	static const char *const accented[] = { "\xc3\xa1", "\xc3\xa9",
		"\xc3\xad", "\xc3\xb3", "\xc3\xba" };
	size_t letter = 0, vowel = 0, at = slice_find_last(key, '@'), count = 0;
	char full[4] = { '\xef', '\xbd', '\0', '\0' };

	while (letter < at && !char_is_alpha(key.data[letter]))
		letter++;
	if (letter == at)
		return 0;
	/* U+FF41 is the fullwidth a. */
	full[2] = (char)(0x81 + (char_lower(key.data[letter]) - 'a'));
	ret_keys[count++] = (struct lookalike){ "a fullwidth letter", by_letter,
		with_letter(key, letter, full, mem) };
	while (
	    vowel < at && strchr(vowels, char_lower(key.data[vowel])) == NULL)
		vowel++;
	if (vowel < at)
		ret_keys[count++] = (struct lookalike){ "an accent", by_letter,
			with_letter(key, vowel,
			    accented[strchr(
					 vowels, char_lower(key.data[vowel])) -
				vowels],
			    mem) };
	ret_keys[count++] = (struct lookalike){ "%", by_pattern,
		with_letter(key, letter, "%", mem) };
	ret_keys[count++] = (struct lookalike){ "_", by_pattern,
		with_letter(key, letter, "_", mem) };
	ret_keys[count++] = (struct lookalike){ "*", by_pattern,
		with_letter(key, letter, "*", mem) };
	ret_keys[count++] = (struct lookalike){ "another domain", by_user,
		slice_format(
		    mem, "%.*s@submilter-check.invalid", (int)at, key.data) };
	return count;
}

/* Whether the table has something for anybody at the domain of a key. */
static bool
has_catch_all(const struct checked_table *checked, struct slice key)
{
	struct arena *mem = checked->found->mem;
	struct table_trace trace;
	struct slice value;
	struct err err;

	return check_ask(checked,
		   slice_format(mem, "%s%.*s", check_nobody,
		       SLICE_ARGS(slice_from(key, slice_find_last(key, '@')))),
		   &trace, &value, &err) != TABLE_ABSENT;
}

/* Tries what looks like a key that has this value. */
static void
try_lookalikes(
    const struct checked_table *checked, struct slice key, struct slice owned)
{
	struct arena *mem = checked->found->mem;
	struct lookalike keys[LOOKALIKES];
	size_t count = make_lookalikes(key, mem, keys);

	for (size_t i = 0; i < count; i++) {
		struct table_trace trace;
		struct slice value;
		struct err err;

		/* One that fails gives nobody anything. */
		if (check_ask(checked, keys[i].key, &trace, &value, &err) !=
			TABLE_FOUND ||
		    !slice_eq(value, owned))
			continue;
		finding_add(checked->found, FINDING_ERROR, keys[i].fix,
		    "%s: table %s: a stranger's key %s, with %s, gets the row "
		    "of %s",
		    checked->option,
		    escape(mem, table_spec(checked->table), SHOWN_OCTETS),
		    escape(mem, keys[i].key, SHOWN_OCTETS), keys[i].what,
		    escape(mem, key, SHOWN_OCTETS));
		return;
	}
}

/*
 * A backend may know that its server takes such letters for others, and answer
 * for none of them.
 */
static void
try_other_letters(const struct checked_table *checked)
{
	struct slice domain = check_own_domain(checked, 0), value;
	struct arena *mem = checked->found->mem;
	struct table_trace trace;
	struct err err;

	if (domain.len == 0)
		domain = SLICE("submilter-check.invalid");
	if (check_ask(checked,
		slice_format(
		    mem, "%s.\xc3\xa9@%.*s", check_nobody, SLICE_ARGS(domain)),
		&trace, &value, &err) == TABLE_FAILED &&
	    err.kind == ERR_DATA)
		finding_add(checked->found, FINDING_WARNING, by_letter,
		    "%s: keys with other letters than ASCII cannot be "
		    "answered: %s",
		    checked->option, err.text);
}

void
check_lookalikes(const struct checked_table *checked)
{
	struct known_keys known = { .count = 0 };
	size_t owners = 0;

	try_other_letters(checked);
	gather_known(checked, &known);
	for (size_t i = 0; i < known.count && owners < MAX_OWNERS; i++) {
		struct slice key = known.items[i], value;
		struct table_trace trace;
		struct err err;

		if (check_ask(checked, key, &trace, &value, &err) !=
			TABLE_FOUND ||
		    has_catch_all(checked, key))
			continue;
		owners++;
		try_lookalikes(checked, key, value);
	}
}
