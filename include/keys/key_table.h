/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_TABLE_H
#define SUBMILTER_KEYS_KEY_TABLE_H

#include "base/report.h"
#include "conf/config.h"
#include "keys/key.h"
#include "keys/key_source.h"
#include "message/address.h"
#include "table/table_set.h"

/*
 * Keys as OpenDKIM finds them (opendkim.conf(5), KeyTable and SigningTable):
 * one table says which keys sign for an address, by their names, and the other
 * one what the name of a key stands for.
 */
struct key_tables {
	struct table *keys;    /* KeyTable; NULL: there are none */
	struct table *signing; /* SigningTable; NULL with it */
	bool multiple;	       /* each row that matches signs */
};

/* Those of a configuration; the set outlives them. */
struct key_tables key_tables_from_set(
    const struct config *config, const struct table_set *set);
/*
 * The same, opened for a command: to be closed. -1 as table_open(), which
 * reports.
 */
MUST_USE int key_tables_open(const struct config *config,
    const struct report *report, struct key_tables *ret_tables,
    struct err *err);
void key_tables_close(struct key_tables *tables);

/*
 * The source of a configuration: its directory, its tables, or both. NULL: it
 * names no keys.
 */
struct key_source *key_source_from_config(
    const struct config *config, const struct key_tables *tables);

/* A key that signs for an address. */
struct key_wish {
	struct slice name;     /* in the table of keys */
	struct slice identity; /* for i=; empty: none */
};

enum { KEY_MAX_WISHES = 16 };

/*
 * The keys that sign for an address, in their order, ret_wishes[0 .. *ret_count
 * - 1]; all but the first count only where multiple. A table of patterns is
 * asked for the whole address, and each row that matches counts; any other one
 * for user@host, host, user@.domain and .domain of each domain above the host,
 * user@* and *. In the second field of a value "%" is the domain of the
 * address. TABLE_FAILED: *context->err says why.
 */
MUST_USE enum table_answer key_wishes_find(const struct key_tables *tables,
    const struct address *address, const struct table_context *context,
    struct key_wish ret_wishes[KEY_MAX_WISHES], size_t *ret_count);

/* What stands in the table of keys: DOMAIN:SELECTOR:KEY[:ALGORITHM]. */
struct key_row {
	struct slice domain;   /* d= */
	struct slice selector; /* s= */
	struct slice key;      /* the path of a file, PEM, or DER in base64 */
	bool is_path;
	bool for_each; /* "%" stood for the domain of an address in it */
};

/*
 * Reads a row; "%" as the domain, and in a path, becomes `author`, which may be
 * empty: then a row that needs it is read as far as for_each. -1 (ERR_CONFIG)
 * says what is wrong; an author domain that is none, such as an address
 * literal, is, too.
 */
MUST_USE int key_row_read(struct slice value, struct slice author,
    struct arena *mem, struct key_row *ret_row, struct err *err);

/*
 * i= for a key of that domain: identity if its domain is that one or below, and
 * nothing in it would have to be encoded; else nothing, as OpenDKIM does.
 */
struct slice key_identity(struct slice identity, struct slice domain);

/*
 * The name of a key in the store: that of a row; where "%" stands in it, each
 * domain has its own. With a blank in it, which no domain has.
 */
struct slice key_place(struct slice name, const struct key_row *row,
    struct slice author, struct arena *mem);

/*
 * The source of all keys of the table. It lists those whose domain a row says,
 * or a row of the signing table for one domain; others are found when they are
 * needed. Keeps its own references on the tables.
 */
struct key_source *key_table_source(const struct key_tables *tables);

/*
 * Reports rows that name no key, or one that no signature can come from, and
 * those that sign in the name of another domain, which is not aligned with the
 * author's for DMARC; the first ones, and how many more. Reads tables that can be
 * listed.
 */
void key_tables_check(
    const struct key_tables *tables, const struct report *report);

#endif
