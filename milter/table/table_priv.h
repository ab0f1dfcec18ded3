/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PRIV_H
#define SUBMILTER_TABLE_PRIV_H

#include "table/table.h"

struct table_file;

/*
 * One table type. A backend answers one exact query; spec, bounds of the key
 * and the address ladder stand in table.c and address_keys.c.
 */
struct table_ops {
	const char *type;
	unsigned int caps;
	bool has_file;	/* what stands behind "type:" is a file, read by table.c */
	/*
	 * name is what stands behind "type:". Bad lines of file (NULL without
	 * has_file) go to table_file_fault(); -1 is for what has no line.
	 * Fills *ret_handle, also on failure if there is something to close.
	 */
	int (*open)(struct slice name, struct table_file *file,
	    struct arena *mem, void **ret_handle, size_t *ret_rows,
	    struct err *err);
	/* *ret_value may stand in the table's own memory. */
	enum table_answer (*lookup)(const void *handle, struct slice key,
	    struct arena *mem, struct slice *ret_value, struct err *err);
	/*
	 * The rows, for index from 0; false behind the last one. NULL where
	 * a table has none that could be listed.
	 */
	bool (*row)(const void *handle, size_t index, struct slice *ret_key,
	    struct slice *ret_value);
	/* What the arena does not hold; may be NULL. Takes NULL. */
	void (*close)(void *handle);
};

extern const struct table_ops table_texthash;
extern const struct table_ops table_regexp;
extern const struct table_ops table_pcre;
extern const struct table_ops table_cidr;
extern const struct table_ops table_static;

#endif
