/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_FOLDER_H
#define SUBMILTER_KEYS_KEY_FOLDER_H

#include "keys/key.h"

/* DIRECTORY/DOMAIN, open for new keys: what is made there goes by the fd. */
struct key_folder {
	struct arena *mem; /* of all that is made of it */
	int fd;
	struct slice path;
	struct slice domain; /* lower case */
};

/*
 * Opens it in memory of mem, and makes it and DIRECTORY (mode 0700) where they
 * are missing. Root becomes the owner of the first directory of another user on
 * the path, for good and before it touches what is in there: so keys belong to
 * the owner of their directory, and no link of that user leads to a file of
 * root's. -1 (ERR_DATA, ERR_CONFIG, ERR_TEMP).
 */
MUST_USE int key_folder_open(struct slice directory, struct slice domain,
    struct arena *mem, struct key_folder *ret_folder, struct err *err);
void key_folder_close(struct key_folder *folder);
/* FOLDER/SELECTOR.key, as text; whether there is one; away with it. */
struct slice key_folder_file(
    const struct key_folder *folder, struct slice selector);
bool key_folder_has(const struct key_folder *folder, struct slice selector);
void key_folder_remove(const struct key_folder *folder, struct slice selector);

/* A key that is to be made. */
struct key_spec {
	struct slice selector;
	enum key_algorithm algorithm;
	unsigned int rsa_bits; /* of an RSA key */
};
/*
 * Makes a key there, mode 0600; a file that exists is never overwritten
 * (ERR_DATA), a half-written one never left behind. It is returned as
 * keystore_load would load it; its pkey is freed with key_done().
 */
MUST_USE int key_folder_generate(const struct key_folder *folder,
    const struct key_spec *spec, struct sign_key *ret_key, struct err *err);

#endif
