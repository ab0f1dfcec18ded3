/* SPDX-License-Identifier: BSD-2-Clause */
/* Queries in SQL: which strings become values, and what keys cannot do there. */
#include "../unit.h"

#include "table/backend.h"
#include "table/sql.h"

static void
tell(void *arg, bool is_error, const char *text)
{
	(void)is_error;
	strbuf_addf(arg, "%s\n", text);
}

struct opened {
	struct arena mem;
	struct strbuf warnings;
	struct report report;
	struct database database;
	struct sql_query query;
	struct err err;
	int status;
};

static void
open_query(struct opened *opened, const char *query, enum sql_dialect dialect)
{
	const struct sql_parameters parameters = { .query = slice_of(query) };
	struct table_opening opening = { .name = SLICE("/f"),
		.mem = &opened->mem,
		.report = &opened->report };

	*opened = (struct opened){ .status = 0 };
	arena_init(&opened->mem);
	strbuf_init(&opened->warnings, &opened->mem);
	opened->report = (struct report){ tell, &opened->warnings };
	opened->status = sql_open(&opening, &opened->database, &parameters,
	    dialect, &opened->query, &opened->err);
}

/* Doubles quotes and backslashes. */
static int
quote(void *arg, struct slice part, struct strbuf *query, struct err *err)
{
	(void)arg;
	(void)err;
	for (size_t i = 0; i < part.len; i++) {
		if (part.data[i] == '\'' || part.data[i] == '\\')
			strbuf_add_char(query, part.data[i]);
		strbuf_add_char(query, part.data[i]);
	}
	return 0;
}

/* "QUERY [VALUE] [VALUE]" if values are bound, and then the quoted query. */
static struct slice
make(struct opened *opened, const char *key)
{
	struct slice *values = arena_array(
	    &opened->mem, opened->query.value_count + 1, sizeof(*values));
	struct database_key parts;
	struct strbuf text;

	if (opened->status != 0)
		return slice_format(&opened->mem, "open: %s", opened->err.text);
	strbuf_init(&text, &opened->mem);
	database_key_init(slice_of(key), &parts);
	if (sql_values(&opened->query, &parts, &opened->mem, values,
		&opened->err) != 0)
		return slice_format(&opened->mem, "! %s", opened->err.text);
	if (opened->query.can_bind) {
		strbuf_add(&text, sql_bound_text(&opened->query, &opened->mem));
		for (size_t i = 0; i < opened->query.value_count; i++)
			strbuf_addf(&text, " [%.*s]", SLICE_ARGS(values[i]));
		strbuf_add_cstr(&text, " | ");
	}
	if (sql_quoted_text(&opened->query, &parts,
		&(struct database_quote){ quote, NULL }, &text,
		&opened->err) != 0)
		return slice_format(&opened->mem, "! %s", opened->err.text);
	return strbuf_slice(&text);
}

struct sample {
	const char *query, *key, *want;
};

static void
check_samples(
    enum sql_dialect dialect, const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct opened opened;

		open_query(&opened, samples[i].query, dialect);
		check_slice(samples[i].query, make(&opened, samples[i].key),
		    samples[i].want);
		arena_done(&opened.mem);
	}
}
#define CHECK_SAMPLES(dialect, samples) \
	check_samples(dialect, samples, sizeof(samples) / sizeof((samples)[0]))

#define OUTSIDE                                                               \
	"open: query: a part of the key stands outside of single quotes, so " \
	"that a sender could change the query: write '%s'"
#define PREFIX                                                              \
	"open: query: a part of the key stands in a string with a prefix: " \
	"write '%s', not E'%s'"

static void
strings_become_values(void **state)
{
	static const struct sample samples[] = {
		{ "SELECT a FROM t WHERE b='%s'", "o'k@x",
		    "SELECT a FROM t WHERE b=$1 [o'k@x] | SELECT a FROM t WHERE "
		    "b='o''k@x'" },
		{ "SELECT f('%u','@%d')", "a@x",
		    "SELECT f($1,$2) [a] [@x] | SELECT f('a','@x')" },
		{ "SELECT '''%u''%%'", "a@x",
		    "SELECT $1 ['a'%] | SELECT '''a''%'" },
		{ "SELECT 5 %% 2, 'x%%'", "a",
		    "SELECT 5 % 2, 'x%' | SELECT 5 % 2, 'x%'" },
		{ "SELECT \"a'b\" /* ' */ WHERE c='%s' -- '", "k",
		    "SELECT \"a'b\" /* ' */ WHERE c=$1 -- ' [k] | SELECT "
		    "\"a'b\" /* ' */ WHERE c='k' -- '" },
		/* A backslash may mean something: it is left to the server. */
		{ "SELECT '%s\\x'", "k", "SELECT 'k\\x'" },
		{ "SELECT $$'$$, '%s'", "'",
		    "SELECT $$'$$, $1 ['] | SELECT $$'$$, ''''" },
		{ "SELECT $a_1$ $$ ' $a$ $a_1$, '%s'", "k",
		    "SELECT $a_1$ $$ ' $a$ $a_1$, $1 [k] | SELECT $a_1$ $$ ' "
		    "$a$ $a_1$, 'k'" },
		{ "SELECT $$%s$$", "k", OUTSIDE },
		/* What is not read keeps nobody out by itself. */
		{ "SELECT a$b, '%s'", "k", "SELECT a$b, 'k'" },
		{ "SELECT a$b, %s", "k", OUTSIDE },
		{ "SELECT a$b, '%s', '', %u", "k", OUTSIDE },
		{ "SELECT a$b, E'%s'", "k", OUTSIDE },
		{ "SELECT a WHERE b = %s /* /* */ */", "k", OUTSIDE },
		{ "SELECT 'a", "k", "SELECT 'a" },
		{ "SELECT %s", "k", OUTSIDE },
		{ "SELECT \"%s\"", "k", OUTSIDE },
		{ "SELECT a -- '%s'", "k", OUTSIDE },
		{ "SELECT '%s' WHERE b = %u", "k", OUTSIDE },
		{ "SELECT E'%s'", "k", PREFIX },
		{ "SELECT U&'\\0041', '%s'", "k",
		    "SELECT U&'\\0041', $1 [k] | SELECT U&'\\0041', 'k'" },
	};
	static const struct sample mysql[] = {
		{ "SELECT \"%s\"", "k", "SELECT ?1 [k] | SELECT 'k'" },
		{ "SELECT \"%s\"\"'\"", "'\"",
		    "SELECT ?1 ['\"\"'] | SELECT '''\"\"'''" },
		{ "SELECT \"%s\\n\"", "k", "SELECT \"k\\n\"" },
		{ "SELECT 'a\\'b', '%s'", "k",
		    "SELECT 'a\\'b', ?1 [k] | SELECT 'a\\'b', 'k'" },
		{ "SELECT '%s' # '", "k",
		    "SELECT ?1 # ' [k] | SELECT 'k' # '" },
		{ "SELECT `%s`", "k", OUTSIDE },
		{ "SELECT /*! '%s' */", "k", "SELECT /*! 'k' */" },
		{ "SELECT /*! \"%s\" */", "k", "SELECT /*! \"k\" */" },
		{ "SELECT /*! %s */", "k", OUTSIDE },
	};

	(void)state;
	CHECK_SAMPLES(SQL_POSTGRESQL, samples);
	CHECK_SAMPLES(SQL_MYSQL, mysql);
}

static void
keys_have_no_wildcards(void **state)
{
	static const struct sample samples[] = {
		{ "SELECT a WHERE b LIKE '%u@%%'", "j_%\\@x",
		    "SELECT a WHERE b LIKE $1 [j\\_\\%\\\\@%] | SELECT a WHERE "
		    "b LIKE 'j\\\\_\\\\%\\\\\\\\@%'" },
		{ "SELECT a WHERE '%s' LIKE b", "j_",
		    "SELECT a WHERE $1 LIKE b [j_] | SELECT a WHERE 'j_' LIKE "
		    "b" },
		{ "SELECT a WHERE b NOT LIKE '%s' AND c='%s'", "_",
		    "SELECT a WHERE b NOT LIKE $1 AND c=$2 [\\_] [_] | SELECT a "
		    "WHERE b NOT LIKE '\\\\_' AND c='_'" },
		{ "SELECT a WHERE b LIKE concat('%s', '%%') OR c='%s'", "_",
		    "SELECT a WHERE b LIKE concat($1, '%') OR c=$2 [\\_] [_] | "
		    "SELECT a WHERE b LIKE concat('\\\\_', '%') OR c='_'" },
		{ "SELECT a WHERE b ilike '%s' ESCAPE '!'", "_!",
		    "SELECT a WHERE b ilike $1 ESCAPE '!' [!_!!] | SELECT a "
		    "WHERE b ilike '!_!!' ESCAPE '!'" },
		{ "SELECT a WHERE b LIKE '%s' ESCAPE ''", "a",
		    "SELECT a WHERE b LIKE $1 ESCAPE '' [a] | SELECT a WHERE b "
		    "LIKE 'a' ESCAPE ''" },
		{ "SELECT a WHERE b LIKE '%s' ESCAPE ''", "a_",
		    "! the query would take \"_\" of the key for a wildcard of "
		    "LIKE" },
		{ "SELECT a WHERE b ~ '%s'", "a@x.y",
		    "SELECT a WHERE b ~ $1 [a@x.y] | SELECT a WHERE b ~ "
		    "'a@x.y'" },
		{ "SELECT a WHERE b ~ '%s'", "a|b",
		    "! the query would take \"|\" of the key for part of a "
		    "pattern" },
	};
	static const struct sample sqlite[] = {
		{ "SELECT a WHERE b LIKE '%s' LIMIT 1", "j_",
		    "SELECT a WHERE b LIKE ?1 ESCAPE '\\' LIMIT 1 [j\\_] | "
		    "SELECT a WHERE b LIKE 'j\\\\_' ESCAPE '\\' LIMIT 1" },
		{ "SELECT a WHERE (b LIKE '%%' || '%s') AND c", "j_",
		    "SELECT a WHERE (b LIKE '%' || ?1 ESCAPE '\\') AND c "
		    "[j\\_] | SELECT a WHERE (b LIKE '%' || 'j\\\\_' ESCAPE "
		    "'\\') AND c" },
		{ "SELECT a WHERE b LIKE '%s' || c", "j",
		    "SELECT a WHERE b LIKE ?1 || c ESCAPE '\\' [j] | SELECT a "
		    "WHERE b LIKE 'j' || c ESCAPE '\\'" },
	};

	(void)state;
	CHECK_SAMPLES(SQL_POSTGRESQL, samples);
	CHECK_SAMPLES(SQL_SQLITE, sqlite);
}

static void
a_row_that_is_a_strangers_shows(void **state)
{
	static const struct {
		const char *query, *value;
		bool is_right;
	} samples[] = {
		{ "SELECT u FROM t WHERE u='%s'", "jose@x", true },
		{ "SELECT u FROM t WHERE u='%s'", "JOSE@x ", true },
		{ "SELECT u FROM t WHERE u='%s'", "jos\xc3\xa9@x", false },
		{ "SELECT DISTINCT t.u FROM t WHERE a=1 AND T.U = '%s'",
		    "jos\xc3\xa9@x", false },
		{ "SELECT `u` FROM t WHERE u='%s' LIMIT 1", "x", false },
		{ "SELECT u FROM t WHERE u='%s'", "", true },
		{ "SELECT l FROM t WHERE u='%s'", "x", true },
		{ "SELECT u FROM t WHERE u='%s' OR a='%s'", "x", true },
		{ "SELECT u FROM t WHERE u='%s' UNION SELECT 1", "x", true },
		{ "SELECT u FROM t WHERE u LIKE '%s'", "x", true },
		{ "SELECT u FROM t WHERE u='%u'", "x", true },
		{ "SELECT u, v FROM t WHERE u='%s'", "x", true },
		{ "CALL p('%s')", "x", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct opened opened;
		struct database_key key;
		bool is_right;

		open_query(&opened, samples[i].query, SQL_MYSQL);
		assert_int_equal(opened.status, 0);
		database_key_init(SLICE("jose@x"), &key);
		is_right = sql_check_value(&opened.query, &key,
			       slice_of(samples[i].value), &opened.mem,
			       &opened.err) == 0;
		if (is_right != samples[i].is_right)
			fail_msg("%s: %s", samples[i].query, samples[i].value);
		arena_done(&opened.mem);
	}
}

static void
older_files_have_the_query_in_parts(void **state)
{
	static const struct {
		struct sql_parameters parameters;
		const char *want;
	} samples[] = {
		{ { .table = { "t", 1 },
		      .select_field = { "f", 1 },
		      .where_field = { "w", 1 } },
		    "SELECT f FROM t WHERE w=$1 " },
		{ { .table = { "t", 1 },
		      .select_field = { "f", 1 },
		      .where_field = { "w", 1 },
		      .additional_conditions = { "AND x", 5 } },
		    "SELECT f FROM t WHERE w=$1 AND x" },
		{ { .table = { "t", 1 },
		      .select_field = { "f", 1 },
		      .where_field = { "w", 1 },
		      .select_function = { "g", 1 } },
		    "SELECT g($1)" },
		{ { .query = { "Q", 1 }, .select_function = { "g", 1 } }, "Q" },
		{ { .table = { "t", 1 }, .select_field = { "f", 1 } }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct arena mem;
		struct database database = { .wants_user = false };
		struct sql_query query;
		struct err err;
		struct table_opening opening = { .name = SLICE("/f"),
			.mem = &mem };
		int status;

		arena_init(&mem);
		status = sql_open(&opening, &database, &samples[i].parameters,
		    SQL_POSTGRESQL, &query, &err);
		assert_int_equal(status, samples[i].want == NULL ? -1 : 0);
		if (status == 0)
			check_slice("query", sql_bound_text(&query, &mem),
			    samples[i].want);
		arena_done(&mem);
	}
}

static void
what_cannot_be_known_is_a_warning(void **state)
{
	static const struct {
		const char *query, *want;
	} samples[] = {
		{ "SELECT a FROM t WHERE b='%s'", "" },
		{ "SELECT a FROM t", "has no part of the key" },
		{ "SELECT a WHERE b ~ '%s'", "takes the key for a pattern" },
		{ "SELECT a WHERE b LIKE '%s' ESCAPE ''",
		    "without an escape character" },
		{ "SELECT a WHERE b MATCH '%s'",
		    "takes the key for a pattern" },
		{ "SELECT a$a WHERE b = '%s'", "only the server can read" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct opened opened;
		struct slice warnings;

		open_query(&opened, samples[i].query, SQL_POSTGRESQL);
		assert_int_equal(opened.status, 0);
		warnings = strbuf_slice(&opened.warnings);
		if (samples[i].want[0] == '\0')
			check_slice("warnings", warnings, "");
		else
			assert_true(slice_has_text_nocase(
			    warnings, slice_of(samples[i].want)));
		arena_done(&opened.mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_become_values),
		cmocka_unit_test(keys_have_no_wildcards),
		cmocka_unit_test(a_row_that_is_a_strangers_shows),
		cmocka_unit_test(older_files_have_the_query_in_parts),
		cmocka_unit_test(what_cannot_be_known_is_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
