/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TABLE_H
#define SUBMILTER_TABLE_TABLE_H

#include "base/err.h"
#include "base/str.h"

/*
 * A lookup table, named as Postfix names it: "texthash:/etc/postfix/logins".
 * Opened while a configuration is built, read by any number of threads, closed
 * with the configuration. submilter-tables(5) describes the types.
 */
struct table;

enum table_answer {
	TABLE_FOUND,
	TABLE_ABSENT,	/* the table answered: no such key */
	TABLE_FAILED,	/* it could not answer, *err says why */
};

/* What a table is; see table_caps(). */
enum {
	/*
	 * The key is matched against patterns: it is asked for whole keys only,
	 * not for parts of an address, as Postfix does with such tables.
	 */
	TABLE_CAP_PATTERNS = 1,
	/* Keys are IP addresses; any other key is TABLE_FAILED. */
	TABLE_CAP_NETWORKS = 2,
};

/* A longer key, which no address is, is TABLE_FAILED. */
enum { TABLE_MAX_KEY_BYTES = 1024 };

/*
 * Opens and reads the table that spec names. *err (ERR_CONFIG, or ERR_TEMP
 * when it may work later) names the table, and the line where there is one; all
 * bad lines are one error that names the first and counts the rest (reading
 * ends at the hundredth). A file that every user of the machine can write is
 * refused, and so is one that is empty or whose last line has no end: it may be
 * cut. Blocks on the file system only; files, rows and patterns are
 * bounded. The table is the caller's: table_close().
 */
MUST_USE int table_open(struct slice spec, struct table **ret_table,
    struct err *err);
/*
 * The same, where report gets each fault by itself, with the table and the line
 * in its text: the first twenty bad lines, and how many more there are.
 */
typedef void table_report(void *arg, bool is_error, const char *text);
MUST_USE int table_open_reported(struct slice spec, table_report *report,
    void *arg, struct table **ret_table, struct err *err);
/*
 * The same with text in memory for what the file would hold. A type that has
 * no file is ERR_CONFIG.
 */
MUST_USE int table_open_text(struct slice spec, struct slice text,
    struct table **ret_table, struct err *err);
void table_close(struct table *table);

/* The text that the table was opened with. */
struct slice table_spec(const struct table *table);
unsigned int table_caps(const struct table *table);
/* Rows read, for the log and "check"; 0 where that means nothing. */
size_t table_rows(const struct table *table);

/*
 * Whether the table may take the place of before, which was read from the same
 * spec. Where its file is only the beginning of the one of before, somebody may
 * be writing it still: then it has to stand for TABLE_STAND_MS, which this
 * waits for, on a disk that is not full. *ret_lost: lines that it lacks.
 * -1 (ERR_TEMP).
 */
enum { TABLE_STAND_MS = 1000 };
MUST_USE int table_check_whole(const struct table *table,
    const struct table *before, size_t *ret_lost, struct err *err);

/*
 * Look up `key` as it stands: no partial keys (see address_keys.h). Letter
 * case is folded where the table type does so. TABLE_FOUND sets *ret_value,
 * in memory of `mem`; TABLE_ABSENT means the table answered "no such key";
 * TABLE_FAILED sets *err: it could not answer. Whoever decides rights treats
 * FAILED as a temporary failure, never as ABSENT. A key with a control
 * character or over TABLE_MAX_KEY_BYTES is FAILED in every table: a library
 * may see less of it than we do. Thread-safe.
 */
MUST_USE enum table_answer table_lookup(const struct table *table,
    struct slice key, struct arena *mem, struct slice *ret_value,
    struct err *err);

/*
 * Goes over the rows of a table: index from 0, false behind the last one and
 * for tables whose rows cannot be listed.
 */
bool table_row(const struct table *table, size_t index, struct slice *ret_key,
    struct slice *ret_value);

/* The table types of this build, for usage texts: names[0 .. *ret_count - 1]. */
const char *const *table_types(size_t *ret_count);

#endif
