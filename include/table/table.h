/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_TABLE_H
#define SUBMILTER_TABLE_TABLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/report.h"
#include "base/str.h"

/*
 * A lookup table, named as Postfix names it: "texthash:/etc/postfix/logins".
 * Opened while a configuration is built, read by any number of threads, and
 * counted: several snapshots may share one. What it holds never changes; a file
 * that does is opened anew. submilter-tables(5) describes the types.
 */
struct table;
struct table_world;
struct table_trace;

/* A table that a configuration names, and the option that does. */
struct table_use {
	const char *option;
	struct slice spec;
};

enum table_answer {
	TABLE_FOUND,
	TABLE_ABSENT, /* the table answered: no such key */
	TABLE_FAILED, /* it could not answer, *err says why */
};

/* What a table is, and what it can be asked for; see table_caps(). */
enum {
	/*
	 * The key is matched against patterns: it is asked for whole keys only,
	 * not for parts of an address, as Postfix does with such tables.
	 */
	TABLE_CAP_PATTERNS = 1,
	/* The keys that it knows; any other one is TABLE_FAILED. */
	TABLE_FOR_CLIENTS = 2,	 /* IP addresses */
	TABLE_FOR_ADDRESSES = 4, /* of mail, and parts of them */
	TABLE_FOR_LOGINS = 8,
	TABLE_FOR_DOMAINS = 16,
	TABLE_FOR_ANY = TABLE_FOR_CLIENTS | TABLE_FOR_ADDRESSES |
	    TABLE_FOR_LOGINS | TABLE_FOR_DOMAINS,
};

/* A longer key, which no address is, is TABLE_FAILED. */
enum { TABLE_MAX_KEY_BYTES = 1024 };

/*
 * Whether spec names a table of a type that can be asked for all of these keys,
 * TABLE_FOR_CLIENTS and so on. -1 (ERR_CONFIG) says what is wrong; example is
 * shown where spec is not TYPE:NAME. Opens nothing.
 */
MUST_USE int table_spec_check(
    struct slice spec, unsigned int keys, const char *example, struct err *err);

/*
 * Tells of the file of the table that spec names, and of the files of all tables
 * that it is made of. Opens nothing. A spec that cannot be right has none.
 */
void table_spec_files(
    struct slice spec, void (*tell)(void *arg, struct slice path), void *arg);

/* How a table is opened; NULL for all of it: as its defaults say. */
struct table_options {
	/*
	 * Gets each fault by itself, with "FILE:LINE" or the table in front:
	 * the first twenty bad lines, and how many more there are.
	 */
	const struct report *report;
	/*
	 * A fault that may pass (ERR_TEMP) gives a table that is down: each
	 * look-up in it is TABLE_FAILED. It stays so; table_state() and
	 * table_state_now() differ, so that whoever watches tables opens it
	 * again.
	 */
	bool may_be_down;
	/*
	 * Not NULL: what the file that spec names holds, which is not read. A
	 * type that has no file is ERR_CONFIG.
	 */
	const struct slice *text;
	/* What tables have in common that ask a server; see world.h. */
	struct table_world *world;
};

/*
 * Opens and reads the table that spec names. *err (ERR_CONFIG, or ERR_TEMP
 * when it may work later) names the table, and the line where there is one; all
 * bad lines are one error that names the first and counts the rest (reading
 * ends at the hundredth). A file that every user of the machine can write is
 * refused, and so is one that is empty or whose last line has no end: it may be
 * cut. Blocks on the file system only; files, rows and patterns are
 * bounded. The table is the caller's: table_close().
 */
MUST_USE int table_open(struct slice spec, const struct table_options *options,
    struct table **ret_table, struct err *err);
/* The same with this text for what the file holds. */
MUST_USE int table_open_text(struct slice spec, struct slice text,
    struct table **ret_table, struct err *err);
/* Whether it, or a table that it is made of, is down, and why. */
bool table_is_down(const struct table *table, struct err *ret_why);
/* One more user of an open table. Thread-safe. NULL stays NULL. */
struct table *table_ref(struct table *table);
/* One user less; the last one frees it. Thread-safe. */
void table_close(struct table *table);

/* The world that it was opened with; may be NULL. */
struct table_world *table_world_of(const struct table *table);
/* The text that the table was opened with. */
struct slice table_spec(const struct table *table);
unsigned int table_caps(const struct table *table);
/* Whether it asks a server, so that it may take its time. */
bool table_asks_server(const struct table *table);
/* Rows read, for the log and "check"; 0 where that means nothing. */
size_t table_rows(const struct table *table);

/*
 * A number for the state that the table's source, a file, was in when it was
 * read: any change gives another one. STATE_NONE: nothing is kept that could
 * grow old. STATE_UNSURE: the source may have changed without a trace since.
 */
enum { TABLE_STATE_NONE, TABLE_STATE_UNSURE };
uint64_t table_state(const struct table *table);
/* The state that it is in now; STATE_NONE: it is not there, or there is none. */
uint64_t table_state_now(const struct table *table);
/* Whether two tables of the same spec were read from the same text. */
bool table_same(const struct table *a, const struct table *b);

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

/* The keys of one look-up. */
struct table_keys {
	const struct slice *items;
	size_t count;
};

/* A table that could not answer: what it had said before was taken. */
struct stale_note {
	struct slice spec; /* in memory of the table */
	uint64_t age_s;	   /* of the oldest answer */
};

/* What look-ups tell beside their answers. */
enum { TABLE_MAX_STALE = 4 };
struct table_notes {
	struct stale_note stale[TABLE_MAX_STALE]; /* each table once */
	size_t stale_count;
};
void table_note_stale(struct table_notes *notes, const struct stale_note *note);
/* All notes of more. notes NULL: nobody wants to know. */
void table_notes_add(struct table_notes *notes, const struct table_notes *more);

/* What a look-up needs beside its keys. */
struct table_context {
	struct arena *mem; /* for what is found, and for work on the way */
	bool is_fresh; /* no answer that a cache has, be it of a second ago */
	uint64_t deadline_us;	   /* see clock_monotonic_us(); 0: none */
	struct err *err;	   /* after TABLE_FAILED */
	struct table_notes *notes; /* NULL: nobody wants to know */
	struct table_trace *trace; /* see trace.h; NULL: nobody wants to know */
};

/*
 * Looks up keys as they stand: no partial keys (see address_keys.h). Letter case
 * is folded where the table type does so. TABLE_FOUND: the table has one of
 * them at least; ret_values[i] is what it has for the key i, in memory of the
 * context, and its data is NULL where it has nothing. TABLE_ABSENT: the table
 * answered "no such key" to all. TABLE_FAILED: it could not answer for each of
 * them, or not until the deadline; the context's err says why. Whoever decides
 * rights treats FAILED as a temporary failure, never as ABSENT. A key with a
 * control character or over TABLE_MAX_KEY_BYTES is FAILED in every table: a
 * library may see less of it than we do. Thread-safe. Blocks until the
 * deadline at most where a server is asked.
 */
MUST_USE enum table_answer table_lookup(const struct table *table,
    const struct table_keys *keys, const struct table_context *context,
    struct slice *ret_values);
/* The same for one key; *ret_value is set by TABLE_FOUND only. */
MUST_USE enum table_answer table_lookup_one(const struct table *table,
    struct slice key, const struct table_context *context,
    struct slice *ret_value);

/*
 * All values that one key has, in their order, *ret_count of them. More than one
 * come from a table of type refile alone, in which each matching row counts; the
 * first max of them.
 */
MUST_USE enum table_answer table_lookup_all(const struct table *table,
    struct slice key, const struct table_context *context,
    struct slice *ret_values, size_t max, size_t *ret_count);

/* A row of a table whose rows can be listed. */
struct table_row {
	struct slice key;	/* empty where it is a pattern */
	struct slice value;	/* empty where what matched is part of it */
	size_t line;		/* of the file, where the row begins; 0: none */
	const struct table *of; /* that has it: the table, or a part of it */
};
/*
 * The rows, by an index from 0: false behind the last one, and for a table whose
 * rows cannot be listed.
 */
bool table_row(
    const struct table *table, size_t index, struct table_row *ret_row);
/* Whether all of its keys can be listed. */
bool table_can_list(const struct table *table);

/* Where it stands: "FILE:LINE", or "table SPEC" where there is no line. */
const char *table_place(const struct table_row *row, struct arena *mem);

/* Why a key is never asked for; NULL: it may be. */
typedef const char *table_key_fault(
    const void *arg, struct slice key, struct arena *mem);
/*
 * Warns of each key that can be listed and is never asked for, up to twenty, with
 * "FILE:LINE" in front. Does nothing for patterns, and without a report.
 */
void table_check_row_keys(const struct table *table, table_key_fault *fault_of,
    const void *arg, const struct report *report);

/* -1: the value means nothing to its reader, *err says what is wrong. */
typedef int table_value_check(
    const void *arg, struct slice value, struct arena *mem, struct err *err);
/*
 * Reads the value of each row that can be listed. report gets each fault with
 * "FILE:LINE" in front: the first twenty, and how many more there are. Does
 * nothing without a table, and reads nothing without a report.
 */
void table_check_values(const struct table *table, table_value_check *check,
    const void *arg, const struct report *report);

/* The table types of this build, for usage texts: names[0 .. *ret_count - 1]. */
const char *const *table_types(size_t *ret_count);

#endif
