/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_DATABASE_H
#define SUBMILTER_TABLE_DATABASE_H

#include "table/server.h"
#include "table/text_source.h"

/*
 * Tables whose name is a file of parameters, as Postfix has them for its
 * databases: ldap_table(5), mysql_table(5) and so on. A backend lists its
 * parameters; reading the file, what keys it is asked for, how queries are made
 * of keys, and values of what is found, stand here. submilter-tables(5) says
 * what is meant.
 */

struct table_opening;
struct domain_list;

enum database_kind {
	DATABASE_TEXT,	 /* struct slice; its data is NULL if it is not set */
	DATABASE_SECRET, /* the same; a file that others can read is a warning */
	DATABASE_NUMBER, /* unsigned int */
	DATABASE_BOOL,	 /* bool: yes or no */
	DATABASE_UNUSED, /* is read, and has no meaning here */
};

struct database_parameter {
	const char *name;
	enum database_kind kind;
	size_t offset;	      /* in the handle of the backend */
	const char *standard; /* as in a file; NULL: not set, 0, false */
	unsigned int minimum; /* of a number, or of the length of a text */
	unsigned int maximum; /* of a number; 0: INT_MAX */
};

struct database_type {
	const struct database_parameter *parameters;
	size_t count;
	/* It has result_format and expansion_limit. */
	bool has_results;
};

/* The handle of a backend begins with it; zeroed before database_open(). */
struct database {
	struct text_source source; /* first: see text_source_ops */
	struct slice domain;
	struct slice result_format; /* never empty once it is open */
	/* The older name, for a backend that has it among its parameters. */
	struct slice result_filter;
	unsigned int expansion_limit; /* 0: none */
	struct domain_list *domains;
	/* Opened by the backend, if it has one; database_close() closes it. */
	struct table *backup;
	/* What a key must have, or it is absent without a query. */
	bool wants_user;
	bool wants_domain;
	unsigned int wants_labels;
	bool wants_value_user; /* what a value must have, or it is left out */
	bool wants_value_domain;
	struct server *server; /* set by the backend; see database_lookup() */
};

/* A longer value is ERR_LIMIT. */
enum { DATABASE_MAX_VALUE_BYTES = 1000000, DATABASE_MAX_FILE_BYTES = 1 << 20 };

/*
 * Reads the file (or text) that the table names into the handle that begins
 * with database: all parameters of type, the common ones, the tables of
 * "domain". Warnings, such as that for an unknown parameter, go to the report
 * of the opening. -1: *err names the line; database_close() is due all the same.
 */
MUST_USE int database_open(struct table_opening *opening,
    const struct database_type *type, struct database *database,
    struct err *err);
/* A file that holds a secret, and can be read by others, is a warning. */
void database_warn_secret(
    const struct database *database, const struct table_opening *opening);
/* Whether the file sets it, with any text. For parameters of text. */
static inline bool
database_is_set(struct slice parameter)
{
	return parameter.data != NULL;
}

/*
 * A template with %s, %u, %d, %1 to %9 for parts of the key, which the parameter
 * of that name has: keys that lack a part are absent from now on. *ret_has_key:
 * it has a part of the key at all; may be NULL. -1 (ERR_CONFIG): another letter
 * stands behind a percent sign.
 */
MUST_USE int database_add_template(struct database *database, const char *name,
    struct slice text, bool *ret_has_key, struct err *err);

/* The parts of a key, or of a value. Labels of the domain: the last one first. */
struct database_key {
	struct slice whole;
	struct slice user;   /* to the last "@"; all of it if there is none */
	struct slice domain; /* its data is NULL if there is no "@" */
	struct slice labels[9];
	unsigned int label_count; /* at most 9 */
};
void database_key_init(struct slice whole, struct database_key *ret_key);

/*
 * Whether the table is asked for a key at all: its domain is one of "domain",
 * and it has what the templates need. ABSENT: it is not.
 */
enum table_answer database_admits(const struct database *database,
    const struct database_key *key, const struct table_context *context);

/* Adds a part of a key to a query, made safe for where it stands. -1: *err. */
struct database_quote {
	int (*add)(void *arg, struct slice part, struct strbuf *query,
	    struct err *err);
	void *arg;
};

/*
 * Adds the template with the parts of a key that database_admits(). quote: NULL
 * adds them as they are. What it adds is never expanded again.
 */
MUST_USE int database_expand(struct slice template,
    const struct database_key *key, const struct database_quote *quote,
    struct strbuf *query, struct err *err);

/* What is found for one key: values, made by result_format and joined by ",". */
struct database_result {
	const struct database *database;
	struct database_key key;
	struct strbuf joined;
	unsigned int count;
};
void database_result_init(struct database_result *result,
    const struct database *database, struct slice key, struct arena *mem);
/*
 * One value; an empty one, and one that lacks what result_format needs, is left
 * out. -1: more than expansion_limit, or too long (ERR_LIMIT), or result_format
 * would make a list of a part of the key (ERR_DATA): there is no answer.
 */
MUST_USE int database_result_add(
    struct database_result *result, struct slice value, struct err *err);
/* FOUND, or ABSENT if nothing was added. */
enum server_answer database_result_end(
    const struct database_result *result, struct slice *ret_value);

/*
 * For struct table_ops: asks the server of the database for the keys that it
 * admits; frees the server, the backup and the tables of "domain". The source is
 * database_source_ops.
 */
enum table_answer database_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values);
void database_close(void *handle);
extern const struct table_source_ops database_source_ops;

#endif
