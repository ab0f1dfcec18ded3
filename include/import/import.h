/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_IMPORT_IMPORT_H
#define SUBMILTER_IMPORT_IMPORT_H

#include "base/err.h"
#include "base/str.h"

/* What others are configured by. */
enum import_kind {
	IMPORT_OPENDKIM, /* opendkim.conf */
	IMPORT_DKIMPY,	 /* dkimpy-milter.conf */
	IMPORT_POSTFIX,	 /* the directory of main.cf and master.cf */
	IMPORT_SENDMAIL, /* sendmail.mc or sendmail.cf */
	IMPORT_RSPAMD, /* dkim_signing.conf, or the directory of rspamd.conf */
};

struct import_source {
	enum import_kind kind;
	const char *path;
};

/*
 * The kind of a file or a directory, by its name and by what stands in it; -1
 * (ERR_CONFIG): it is none of these, or cannot be read. Blocks on files.
 */
MUST_USE int import_guess(
    const char *path, struct import_source *ret_source, struct err *err);

/* What came of sources. */
struct import;

/*
 * Reads the sources and makes *ret_import, a configuration that does what they
 * did, in memory of mem; it refers to the sources. Where two of them say
 * something about one option, the first counts. Nothing of a line that was not
 * understood is kept but its name, for it may hold a secret. -1 (ERR_CONFIG,
 * ERR_TEMP, ERR_LIMIT) for a source that cannot be read, or is too large. Reads
 * also the tables of keys and lists of hosts that sources name, and nothing
 * else; writes nothing. Blocks on files.
 */
MUST_USE int import_sources(const struct import_source *sources, size_t count,
    struct arena *mem, struct import **ret_import, struct err *err);

/*
 * The configuration, which was read back as one. A comment of it accounts for
 * every line: what became of it, or that it was not understood. It also says
 * where submilter behaves in another way.
 */
struct slice import_text(const struct import *im);

/*
 * Appends the same as the members of a JSON object, without its braces:
 * docs/schema/import.json describes them.
 */
void import_json(const struct import *im, struct strbuf *buf);

#endif
