/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PRIV_H
#define SUBMILTER_TABLE_PRIV_H

#include <stdatomic.h>

#include "cache_priv.h"
#include "table/backend.h"
#include "table/table_stats.h"

struct table {
	struct arena mem;
	const struct table_ops *ops;
	void *handle;
	struct slice spec;
	struct table_world *world; /* or NULL */
	struct cache *cache;	   /* NULL: each look-up asks the handle */
	struct table_stats *stats;
	unsigned int caps;
	bool has_unlisted_rows;
	size_t rows;
	_Atomic unsigned long users;
};

/*
 * Makes a table that could not be opened one that is down, for the reason why;
 * closes what was opened of it.
 */
void table_put_down(struct table *table, const struct err *why);

/*
 * The type, the name behind it and the capabilities of the table that spec
 * names, if all of spec can be right. Opens nothing. -1 (ERR_CONFIG).
 */
MUST_USE int table_find_type(struct slice spec,
    const struct table_ops **ret_ops, struct slice *ret_name,
    unsigned int *ret_caps, struct err *err);

/*
 * The type of a table that a module has, which is loaded when that is asked for
 * first and stays: 1 and *ret_ops; 0: no module has such a type; -1 (ERR_CONFIG):
 * the module is missing, of another version, or not to be trusted. Thread-safe;
 * what it guards is the list of modules that are loaded.
 */
MUST_USE int table_module_find(
    struct slice type, const struct table_ops **ret_ops, struct err *err);
/* The types that modules have, by an index from 0; NULL behind the last one. */
enum { TABLE_MODULE_TYPES = 11 };
const char *table_module_type(size_t index);

/*
 * A list in braces, as Postfix writes it: items between commas and blanks, each
 * with the braces around it that it may have. *ret_rest is what stands between
 * the outer ones. -1 (ERR_CONFIG).
 */
MUST_USE int table_list_open(
    struct slice name, struct slice *ret_rest, struct err *err);
/* 1: the next item, which is not empty; 0: there is none; -1 (ERR_CONFIG). */
MUST_USE int table_list_next(
    struct slice *rest, struct slice *ret_item, struct err *err);
/* table_lookup() without a trace, and with the one of the context. */
enum table_answer table_lookup_asked(const struct table *table,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values);
enum table_answer table_lookup_traced(const struct table *table,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values);

/* Length of what begins with '{', to the '}' of that; 0: there is none. */
size_t table_braces_end(struct slice text);

extern const struct table_ops table_texthash;
extern const struct table_ops table_regexp;
extern const struct table_ops table_pcre;
extern const struct table_ops table_cidr;
extern const struct table_ops table_static;
extern const struct table_ops table_inline;
extern const struct table_ops table_unionmap;
extern const struct table_ops table_pipemap;
extern const struct table_ops table_socketmap;
extern const struct table_ops table_tcp;
extern const struct table_ops table_dataset_file;
extern const struct table_ops table_dataset_refile;
extern const struct table_ops table_dataset_csl;

#endif
