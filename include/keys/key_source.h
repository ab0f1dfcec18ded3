/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_SOURCE_H
#define SUBMILTER_KEYS_KEY_SOURCE_H

#include "base/err.h"
#include "base/str.h"

/*
 * Where private keys come from: it names domains, which is cheap, and reads the
 * keys of one domain when they are needed. What a kind of source has to do is
 * in milter/keys/key_source_priv.h.
 */
struct key_source;

/*
 * Files DIRECTORY/DOMAIN/SELECTOR.key. Not read: a file that others can read or
 * write, or that belongs neither to root nor to the user that reads it (root's
 * may have mode 0640 where its group has no other member than that user); a
 * directory that others can write to.
 */
struct key_source *key_directory_source(struct slice path);

/*
 * A directory and a table of keys (key_table.h) as one source, which takes both
 * over; the other one where one is NULL.
 */
struct key_source *key_sources_join(
    struct key_source *directory, struct key_source *table);

/* Takes NULL. */
void key_source_free(struct key_source *source);

#endif
