/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_SOURCE_PRIV_H
#define SUBMILTER_CONF_SOURCE_PRIV_H

#include <sys/types.h>

#include "config_priv.h"
#include "lexer_priv.h"

enum { MAX_FAULTS = 100 }; /* reported one by one */

/* One file, and how far it was read. */
struct source {
	struct reading *r;
	const struct source *parent; /* what includes it, or NULL */
	const char *name;
	unsigned int depth;
	dev_t dev; /* which file it is, to catch loops */
	ino_t ino;
	bool is_file;
	struct token *tokens;
	size_t at;
};

#define FAULT(s, line, ...)                                         \
	reading_fault((s)->r,                                       \
	    &(const struct fault){ ERR_CONFIG, (s)->name, (line) }, \
	    __VA_ARGS__)
/* The same of the file as a whole, which may be one that passes. */
#define FAULT_OF_KIND(kind, s, ...)                                          \
	reading_fault((s)->r, &(const struct fault){ (kind), (s)->name, 0 }, \
	    __VA_ARGS__)

/* config_entries.c: reads all entries of a text into the configuration. */
void source_read_text(struct source *s, struct slice text);

/*
 * config.c: reads the files that an include names, by path or pattern; a path
 * is relative to the directory of the file that it stands in.
 */
void source_include(struct source *s, unsigned int line, struct slice path);

#endif
