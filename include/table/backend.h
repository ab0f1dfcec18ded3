/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_BACKEND_H
#define SUBMILTER_TABLE_BACKEND_H

#include "table/record.h"
#include "table/table.h"

/* What is asked of a backend when a table is opened. */
struct table_opening {
	struct slice spec;
	struct slice name;	     /* what stands behind "type:" */
	const struct slice *text;    /* for what name stands for, or NULL */
	struct arena *mem;	     /* of the table; for all that it needs */
	const struct report *report; /* for faults one by one; may be NULL */
	struct table_world *world;   /* outlives the table; may be NULL */
	bool may_be_down;	     /* see struct table_options */
	bool is_reported;	     /* set: report has got what is wrong */
	bool has_unlisted_rows;	     /* set: see table_can_list() */
	size_t rows;		     /* set: their number for the log, or 0 */
};

/*
 * What a table that is read once was read from, which may change behind its
 * back. See table_state(), table_state_now(), table_same(), table_check_whole():
 * handles are of the same type.
 */
struct table_source_ops {
	uint64_t (*state)(const void *handle);
	uint64_t (*state_now)(const void *handle);
	bool (*same)(const void *a, const void *b);
	int (*check_whole)(const void *handle, const void *before,
	    size_t *ret_lost, struct err *err);
	/* See table_is_down(). NULL: it never is. */
	bool (*is_down)(const void *handle, struct err *ret_why);
};

/*
 * One table type. A backend answers exact queries; spec, bounds of the key and
 * the address ladder stand in table.c and address_keys.c.
 *
 * A layer, such as a cache or a pool of connections, is put around a backend as
 * text tables are around their formats: it has operations like these, and a
 * handle of its own that holds the operations and the handle behind it. Its
 * open() opens the inner one with the same struct table_opening; its lookup()
 * asks that for the keys that it cannot answer itself, with the same context. It
 * passes TABLE_FAILED on: a layer may answer with what it knows, but makes no
 * TABLE_ABSENT of a failure. Whatever changes behind a handle has a lock of its
 * own: any number of threads ask at once.
 */
struct table_ops {
	const char *type;
	unsigned int caps;
	/* Keys are looked up as table_fold() makes them. */
	bool folds_keys;
	/* A server answers: the cache stands in front of it. */
	bool asks_server;
	const char *name_word; /* what stands behind "type:" is "a file" */
	/*
	 * Not NULL: it is the path of a file that is read, without this suffix,
	 * which may be "". See table_spec_files().
	 */
	const char *file_suffix;
	/*
	 * In the place of caps, where they depend on the name. Opens nothing.
	 * -1 (ERR_CONFIG): the name cannot be right.
	 */
	int (*caps_of)(
	    struct slice name, unsigned int *ret_caps, struct err *err);
	/*
	 * Fills *ret_handle, also on failure if there is something to close.
	 * -1: ERR_CONFIG, or ERR_TEMP for what may pass.
	 */
	int (*open)(
	    struct table_opening *opening, void **ret_handle, struct err *err);
	/*
	 * See table_lookup(), which looks at the keys before, puts the name of
	 * the table into the error, and copies what is found: it stands in
	 * memory of the context, or in the table's own that lasts as long as
	 * it. All of ret_values come without data; one that is found has data
	 * even if it is empty. A backend that asks a server asks for all keys
	 * at once, waits until the deadline and not longer, and connects here:
	 * open() reads settings only, so that a server that is down keeps
	 * nobody from starting.
	 */
	enum table_answer (*lookup)(void *handle, const struct table_keys *keys,
	    const struct table_context *context, struct slice *ret_values);
	/* See table_tell(). NULL: it takes no records. */
	int (*tell)(void *handle, const struct table_record *record,
	    const struct table_context *context);
	/* See table_row(). NULL where a table has none that could be listed. */
	bool (*row)(
	    const void *handle, size_t index, struct table_row *ret_row);
	/*
	 * Rows that match a key, by their index, in their order; how many there
	 * are. In memory of mem. NULL: a key has one value at most.
	 */
	size_t (*matches)(const void *handle, struct slice key,
	    struct arena *mem, const size_t **ret_rows);
	/* See table_place(). NULL: the spec says enough. */
	const char *(*place)(
	    const void *handle, size_t line, struct arena *mem);
	/* NULL: nothing is kept that could grow old. */
	const struct table_source_ops *source;
	/* What the arena does not hold; may be NULL. Takes NULL. */
	void (*close)(void *handle);
};

/*
 * A key as tables hold it: each letter in lower case, by Unicode's mapping of
 * one character to one, so that strasse and a name with a sharp s stay two; key
 * itself where nothing changes. It is UTF-8. No other character becomes an ASCII
 * letter.
 */
struct slice table_fold(struct arena *mem, struct slice key);

#endif
