/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_CONF_OPENDKIM_CONF_H
#define SUBMILTER_CONF_OPENDKIM_CONF_H

#include "base/err.h"
#include "base/str.h"

/* A line of opendkim.conf, "NAME VALUE", without its comment. */
struct opendkim_line {
	struct slice path; /* the file that it stands in */
	unsigned int line;
	struct slice name;
	struct slice value; /* may be empty */
};

/* -1 with *err ends the reading. */
typedef int opendkim_visit(
    void *arg, const struct opendkim_line *line, struct err *err);

/*
 * Tells of each line of a file in the format of opendkim.conf(5) that is not
 * empty, and of those of the files that it includes, in the place of the line
 * that does. -1 (ERR_CONFIG, ERR_TEMP) for a file that cannot be read: see
 * file_read(). Sizes, number and nesting of files are bounded. Texts are in mem.
 * Blocks on the file system only. Thread-safe.
 */
MUST_USE int opendkim_conf_read(struct slice path, struct arena *mem,
    opendkim_visit *visit, void *arg, struct err *err);

/* "yes", "true" and "1" in any letter case. */
bool opendkim_is_yes(struct slice value);

#endif
