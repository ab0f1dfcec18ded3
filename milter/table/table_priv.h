/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_PRIV_H
#define SUBMILTER_TABLE_PRIV_H

#include "table/table.h"

/*
 * One table type. A backend answers one exact query; spec, folding and the
 * address ladder stand in table.c and address_keys.c.
 */
struct table_ops {
	struct slice type;
	unsigned int caps;
	/* Fills *ret_handle and *ret_rows; name is what stands behind "type:". */
	int (*open)(struct slice name, struct arena *mem, void **ret_handle,
	    size_t *ret_rows, struct err *err);
	enum table_answer (*lookup)(const void *handle, struct slice key,
	    struct arena *mem, struct slice *ret_value, struct err *err);
	/* What the arena does not hold; may be NULL. Takes NULL. */
	void (*close)(void *handle);
};

extern const struct table_ops table_texthash;
extern const struct table_ops table_regexp;
extern const struct table_ops table_pcre;
extern const struct table_ops table_cidr;
extern const struct table_ops table_static;

/*
 * The logical lines of a table file, as Postfix reads them: comments and empty
 * lines left out, lines that begin with white space joined to the one before.
 * Faults are gathered: the first one is kept with its place, the others counted.
 */
struct table_file {
	struct arena *mem;
	struct slice path;
	struct slice rest;
	size_t line;		/* of the next physical line */
	size_t faults;
	struct err first;
};

/* Reads all of the file. */
MUST_USE int table_file_open(struct table_file *file, struct slice path,
    struct arena *mem, struct err *err);
/* For text in memory; path stands for it in faults. */
void table_file_open_text(struct table_file *file, struct slice path,
    struct slice text, struct arena *mem);
/* False at the end. *ret_number is the number of its first physical line. */
bool table_file_next(struct table_file *file, struct slice *ret_text,
    size_t *ret_number);
void table_file_fault(struct table_file *file, size_t number,
    const char *format, ...) PRINTF_LIKE(3, 4);
/* -1 and *err if there was any fault. */
MUST_USE int table_file_close(struct table_file *file, struct err *err);

/* "key value": false when there is no value. Both without outer blanks. */
bool table_split_row(struct slice text, struct slice *ret_key,
    struct slice *ret_value);

#endif
