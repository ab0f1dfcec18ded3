/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_KEYS_KEY_H
#define SUBMILTER_KEYS_KEY_H

#include <openssl/evp.h>
#include <time.h>

#include "base/err.h"
#include "base/str.h"

enum key_algorithm {
	KEY_RSA_SHA256,	    /* RFC 6376 section 3.3.2 */
	KEY_ED25519_SHA256, /* RFC 8463 */
};

/* One private key, checked and parsed once, then shared by all threads. */
struct sign_key {
	struct slice domain;   /* d=: lower case, A-labels */
	struct slice selector; /* s= */
	enum key_algorithm algorithm;
	unsigned int bits;
	EVP_PKEY *pkey;
	/* Ready to sign, for copies: one of them, or none (key_make_ready()). */
	EVP_PKEY_CTX *ready_rsa;
	EVP_MD_CTX *ready_ed25519;
	struct slice pem;	  /* as libopendkim takes it; NUL behind it */
	struct slice path;	  /* where it came from, for messages */
	struct slice fingerprint; /* SHA-256 of the public key, hex */
	time_t file_time;	  /* when its file was last changed */
	struct slice identity;	  /* i= of this signature; empty: none */
};

/* Where its record stands: SELECTOR._domainkey.DOMAIN. */
struct slice key_record_name(const struct sign_key *key, struct arena *mem);
/*
 * The TXT record that publishes the key (RFC 6376 section 3.6.1, RFC 8463
 * section 4): "v=DKIM1; k=rsa; h=sha256; p=..." in one piece.
 */
struct slice key_record(struct arena *mem, const struct sign_key *key);
/*
 * A master file entry for it: NAME IN TXT ( "..." "..." ), each string at most
 * 255 octets (RFC 1035 section 3.3.14).
 */
struct slice key_zone_entry(struct arena *mem, const struct sign_key *key);

/* What OpenSSL holds of a key that is thrown away with its arena. */
void key_free_contents(const struct sign_key *key);
void key_done(struct sign_key *key);

/*
 * Whether text may stand in d= and s=: labels of letters, digits and hyphens.
 */
bool key_domain_is_valid(struct slice text);
bool key_selector_is_valid(struct slice text);

#endif
