/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_PRIV_H
#define SUBMILTER_KEYS_KEY_PRIV_H

#include <sys/stat.h>

#include "key_source_priv.h"
#include "keys/key_crypto.h"

/* A key from PEM text; all but domain, selector and path is filled. */
MUST_USE int key_from_pem(struct slice pem, struct arena *mem,
    struct sign_key *ret_key, struct err *err);

/* A fingerprint, 64 digits in sign_key, as octets, and back. */
void key_print_octets(
    struct slice fingerprint, unsigned char ret_octets[SHA256_BYTES]);
struct slice key_print_text(
    const unsigned char octets[SHA256_BYTES], struct arena *mem);

/* A private key in DER as PEM; empty: it is none. */
struct slice key_der_to_pem(struct slice der, struct arena *mem);

/*
 * Why a directory may hold no keys: group or others can write to it, or its
 * owner is neither root nor the user that runs this. NULL: it may.
 */
const char *key_directory_fault(const struct stat *status);

/*
 * The text of a key file and when it was last changed, not its selector. What
 * others could use is refused as private_file_read() says. Thread-safe.
 */
MUST_USE int key_file_read(const char *path, struct arena *mem,
    struct key_text *ret_text, struct err *err);

#endif
