/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_CRYPTO_H
#define SUBMILTER_KEYS_KEY_CRYPTO_H

#include "keys/key.h"

enum { SHA256_BYTES = 32, MAX_SIGNATURE_BYTES = 1024 };

struct key_signature {
	unsigned char octets[MAX_SIGNATURE_BYTES];
	size_t len;
};

/* SHA-256, looked up once; it stays. Thread-safe. */
const EVP_MD *sha256(void);

/*
 * Prepares a new key for key_sign(), which can do without: what it does before
 * it signs with RSA is then done once. key_done() undoes it.
 */
void key_make_ready(struct sign_key *key);

/*
 * The signature of a SHA-256 hash, which is not hashed again for RSA, and is
 * the message of Ed25519: RFC 8463 section 3.
 */
MUST_USE int key_sign(const struct sign_key *key,
    const unsigned char hash[SHA256_BYTES], struct key_signature *ret_signature,
    struct err *err);

/*
 * Whether a signature of a hash is good for the public half of a key. Nothing
 * is left in OpenSSL's queue of errors.
 */
bool key_verify(const struct sign_key *key,
    const unsigned char hash[SHA256_BYTES], const unsigned char *signature,
    size_t len);

/* A private key as PKCS #8 in PEM. */
MUST_USE int key_to_pem(
    EVP_PKEY *pkey, struct arena *mem, struct slice *ret_pem, struct err *err);

/* The last error of OpenSSL, taken off its queue. */
const char *openssl_reason(void);

#endif
