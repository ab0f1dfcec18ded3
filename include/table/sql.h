/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_SQL_H
#define SUBMILTER_TABLE_SQL_H

#include "table/database.h"

/*
 * Queries in SQL that are made of a key. A query is read once: each string in it
 * that has parts of the key becomes a value, which is given to the server apart
 * from the query, or quoted. Where the query uses a value as a pattern (LIKE),
 * the key has no wildcards.
 */

enum sql_dialect { SQL_POSTGRESQL, SQL_MYSQL, SQL_SQLITE };

/* The parameters that say what is asked, as Postfix has them. */
struct sql_parameters {
	struct slice query;
	struct slice select_function; /* of PostgreSQL */
	struct slice table;
	struct slice select_field;
	struct slice where_field;
	struct slice additional_conditions;
};

/* Rows of struct database_parameter for them, in a member of a handle. */
#define SQL_PARAMETERS(handle, member)                                         \
	{ "query", DATABASE_TEXT, offsetof(handle, member.query), NULL, 0,     \
		0 },                                                           \
	    { "table", DATABASE_TEXT, offsetof(handle, member.table), NULL, 1, \
		    0 },                                                       \
	    { "select_field", DATABASE_TEXT,                                   \
		    offsetof(handle, member.select_field), NULL, 1, 0 },       \
	    { "where_field", DATABASE_TEXT,                                    \
		    offsetof(handle, member.where_field), NULL, 1, 0 },        \
	{                                                                      \
		"additional_conditions", DATABASE_TEXT,                        \
		    offsetof(handle, member.additional_conditions), NULL, 0, 0 \
	}

enum sql_use {
	SQL_TEXT,    /* no value: part of the query itself */
	SQL_VALUE,   /* compared */
	SQL_PATTERN, /* LIKE */
	SQL_REGEXP,  /* a pattern of another kind */
};

struct sql_piece {
	enum sql_use use;
	char quote;	    /* around a value, as it is written */
	char escape;	    /* of a pattern; '\0': it has none */
	struct slice text;  /* a template, without the quotes */
	struct slice value; /* the same with doubled quotes made single */
};

struct sql_query {
	enum sql_dialect dialect;
	struct slice text; /* a template, as the file has it */
	struct sql_piece *pieces;
	size_t count;
	size_t value_count;
	/* All parts of the key stand in strings that can be given apart. */
	bool can_bind;
	/* What it selects is what is compared with the key. */
	bool echoes_key;
};

/*
 * Makes the query of the parameters, and reads it. -1 (ERR_CONFIG): there is
 * none, or a part of the key stands where a stranger could change the query.
 * What it may find too much goes to the report of the opening.
 */
MUST_USE int sql_open(const struct table_opening *opening,
    struct database *database, const struct sql_parameters *parameters,
    enum sql_dialect dialect, struct sql_query *ret_query, struct err *err);

/* The query with $1, $2 (PostgreSQL) or ?1, ?2 in the place of its values. */
struct slice sql_bound_text(const struct sql_query *query, struct arena *mem);
/*
 * Its values for a key: value_count. -1 (ERR_DATA): the key has a character that
 * the query would take for a wildcard.
 */
MUST_USE int sql_values(const struct sql_query *query,
    const struct database_key *key, struct arena *mem, struct slice *ret_values,
    struct err *err);
/* The query with its values in it, quoted. -1: as above, or quote failed. */
MUST_USE int sql_quoted_text(const struct sql_query *query,
    const struct database_key *key, const struct database_quote *quote,
    struct strbuf *text, struct err *err);

/*
 * Whether a value that was found can be right. -1 (ERR_DATA): the query selects
 * what it compares with the key, and that is not the key: the server takes
 * different letters for the same.
 */
MUST_USE int sql_check_value(const struct sql_query *query,
    const struct database_key *key, struct slice value, struct arena *mem,
    struct err *err);

#endif
