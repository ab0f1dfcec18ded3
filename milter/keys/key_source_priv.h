/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_SOURCE_PRIV_H
#define SUBMILTER_KEYS_KEY_SOURCE_PRIV_H

#include <stdint.h>
#include <time.h>

#include "keys/key_source.h"

/*
 * A source calls this while it lists its domains. `place` is the source's own
 * name of the domain's keys, for read and mark. `where` is for people.
 */
struct key_lister {
	struct arena *mem; /* for what lasts as long as the store */
	/* About so many domains follow. */
	void (*expect)(struct key_lister *lister, size_t count);
	void (*domain)(struct key_lister *lister, struct slice place,
	    struct slice domain, const char *where);
	/* One key, by a place with a blank in it, which signs for a domain. */
	void (*key)(struct key_lister *lister, struct slice place,
	    struct slice domain, const char *where);
	void (*fault)(
	    struct key_lister *lister, const char *where, const char *why);
	void (*warn)(
	    struct key_lister *lister, const char *where, const char *why);
};

/* A key as a source has it. */
struct key_text {
	struct slice selector;
	struct slice pem;
	time_t changed;
};

/*
 * And this while it reads the keys of one domain, in order of their selectors.
 */
struct key_reader {
	struct arena *mem;
	/* Which domain they sign for, where list did not tell. */
	void (*domain)(struct key_reader *reader, struct slice domain);
	/* What is said next may be otherwise later: it is not "no key". */
	void (*unsure)(struct key_reader *reader);
	/* True: another key is welcome. */
	bool (*key)(struct key_reader *reader, const char *where,
	    const struct key_text *text);
	/* A key that is there and cannot be read. As key() otherwise. */
	bool (*bad_key)(struct key_reader *reader, const char *where,
	    struct slice selector, const char *why);
	/* A fault that all of them have. */
	void (*fault)(
	    struct key_reader *reader, const char *where, const char *why);
	void (*warn)(
	    struct key_reader *reader, const char *where, const char *why);
};

/* Where a mark begins. */
#define KEY_MARK_SEED 14695981039346656037ULL

/* Tells one state of a source from another, without reading a key. */
struct key_mark {
	uint64_t value;
	struct timespec began; /* when reading began, by the wall clock */
	bool late;	       /* something was changed since then */
};

/* Mixes in what tells one number, text, file, or directory from another. */
void key_mark_number(struct key_mark *mark, uint64_t value);
/* Whether something changed at a time, or at that of reading or later. */
bool key_mark_is_late(
    const struct timespec *changed, const struct timespec *began);
void key_mark_files(struct key_mark *mark, const char *path);
void key_mark_text(struct key_mark *mark, struct slice text);
void key_mark_file(struct key_mark *mark, const char *path);

struct key_source_ops {
	/*
	 * Names every domain that has keys, and reads none. -1 (ERR_CONFIG,
	 * after a fault) when it is not known which domains there are.
	 */
	int (*list)(const struct key_source *source, struct key_lister *lister,
	    struct err *err);
	/* The keys of one domain. Thread-safe. */
	void (*read)(const struct key_source *source, struct slice place,
	    struct key_reader *reader);
	/*
	 * Mixes in which keys a domain has; whole: and what each of them is.
	 * An empty place stands for the list of domains. NULL: it cannot tell.
	 */
	void (*mark)(const struct key_source *source, struct slice place,
	    bool whole, struct key_mark *mark);
	/*
	 * The path of a key of a domain by its selector, as read() tells it for
	 * most keys; empty: it cannot be told from that. NULL: nor can any. Pure.
	 */
	struct slice (*path)(const struct key_source *source,
	    struct slice place, struct slice selector, struct arena *mem);
	void (*free)(struct key_source *source);
};

/* The first member of each kind of source. */
struct key_source {
	const struct key_source_ops *ops;
	bool grows; /* it may have keys that it does not list */
};

#endif
