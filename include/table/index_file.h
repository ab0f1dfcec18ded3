/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_TABLE_INDEX_FILE_H
#define SUBMILTER_TABLE_INDEX_FILE_H

#include <sys/stat.h>

#include "table/backend.h"

/*
 * Tables that are an indexed file, which is read while it is asked: opening one
 * costs nothing, however large it is, and nothing of it is kept. The file that
 * stands at the path counts: it is looked at in each look-up, so that one which
 * was renamed there is asked at once. It is mapped, and one that is cut meanwhile
 * is a failure and not a signal. A backend brings three operations on one
 * open file; keys with and without a final NUL, replaced files and bounds stand
 * here.
 */
struct index_source {
	const char *path;
	int fd; /* stays open until the index is closed */
	struct stat state;
	struct index_map *map; /* of the file; NULL: it is read with pread(2) */
};

struct index_ops {
	const char *suffix; /* of the file, which the name of a table lacks */
	/*
	 * The file is written in place under flock(2), as by postmap(1): it is
	 * asked by one thread at a time, under a lock, and opened anew after
	 * each change.
	 */
	bool is_locked;
	/*
	 * The file is written in place, and find() sees whether it was so
	 * meanwhile.
	 */
	bool sees_changes;
	/*
	 * Looks whether it is such a file, and whole. source stays as it is
	 * until close(). -1 (ERR_CONFIG).
	 */
	int (*open)(const struct index_source *source, void **ret_index,
	    struct err *err);
	/*
	 * The value of one key, in memory of the context. No length or place
	 * that the file names is believed: TABLE_FAILED where it is impossible.
	 * By many threads at once, unless is_locked.
	 */
	enum table_answer (*find)(void *index, struct slice key,
	    const struct table_context *context, struct slice *ret_value);
	void (*close)(void *index);
};

/* A longer value is TABLE_FAILED. */
enum { INDEX_MAX_VALUE_BYTES = 1024 * 1024 };

/*
 * See struct table_ops. A file that every user may write is refused. A value
 * that is not UTF-8, or has a control character other than a tab, is
 * TABLE_FAILED; one final NUL of it is not part of it.
 */
MUST_USE int index_file_open(const struct index_ops *ops,
    struct table_opening *opening, void **ret_handle, struct err *err);
enum table_answer index_file_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values);
void index_file_close(void *handle);

/*
 * Reads len octets at that place. -1 (ERR_TEMP): the file has fewer, or cannot
 * be read. Thread-safe.
 */
MUST_USE int index_read(const struct index_source *source, uint64_t offset,
    void *data, size_t len, struct err *err);

#endif
