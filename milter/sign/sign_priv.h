/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_PRIV_H
#define SUBMILTER_SIGN_PRIV_H

#include <openssl/evp.h>
#include <sys/stat.h>

#include "sign/signer.h"

enum { SHA256_BYTES = 32, MAX_SIGNATURE_BYTES = 1024,
	MAX_SIGNED_FIELDS = 1000 };

/* A key from PEM text; all but domain, selector and path is filled. */
MUST_USE int key_from_pem(struct slice pem, struct arena *mem,
    struct sign_key *ret_key, struct err *err);

/*
 * Body canonicalization (RFC 6376 section 3.4.3, 3.4.4) of a stream that may
 * be cut anywhere. What has to wait for what follows is counted, not kept.
 */
struct body_canon {
	enum canonicalization kind;
	EVP_MD_CTX *hash;
	size_t pending_lines;	/* empty lines that count if text follows */
	bool pending_blank;	/* white space that counts if text follows */
	bool pending_cr;	/* a CR that an LF may follow */
	bool in_line;		/* the current line has octets */
	uint64_t octets;	/* hashed so far */
};

MUST_USE int body_canon_init(struct body_canon *canon,
    enum canonicalization kind, struct err *err);
void body_canon_done(struct body_canon *canon);
void body_canon_add(struct body_canon *canon, struct slice chunk);
/* The hash; the body ends here, with or without its last CRLF. */
void body_canon_finish(struct body_canon *canon,
    unsigned char ret_hash[SHA256_BYTES]);
/* The hash of canon->octets octets: more of the body follows, outside of it. */
void body_canon_cut(struct body_canon *canon,
    unsigned char ret_hash[SHA256_BYTES]);

/*
 * One field in canonical form (RFC 6376 section 3.4.1, 3.4.2) to buf, with its
 * CRLF unless it is the signature itself.
 */
void header_canon(enum canonicalization kind, const struct field *field,
    bool last, struct strbuf *buf);

/* The fields that a policy signs of a header, and the text of h=. */
struct signed_fields {
	const struct field **fields;	/* in the order of h= */
	size_t count;			/* those that exist */
	struct slice *oversigned;	/* names that h= has once more */
	size_t oversigned_count;
	struct slice names;		/* "from:from:to:..." */
};

/* ERR_LIMIT over MAX_SIGNED_FIELDS; ERR_DATA without From. */
MUST_USE int signed_fields_pick(const struct sign_policy *policy,
    const struct field *fields, size_t count, struct arena *mem,
    struct signed_fields *ret_fields, struct err *err);

/*
 * " v=1; a=...; ...; b=" with folds; the signature of it is appended by
 * signature_append(). body_octets: how many canonical ones body_hash covers;
 * they are named by a partial policy alone.
 */
struct slice signature_head(const struct sign_policy *policy,
    const struct sign_key *key, time_t signed_at, struct slice names,
    const unsigned char body_hash[SHA256_BYTES], uint64_t body_octets,
    struct arena *mem);
struct slice signature_append(struct slice head, const unsigned char *signature,
    size_t len, struct arena *mem);

/*
 * The signature of a SHA-256 hash (which is not hashed again for RSA, and is the
 * message of Ed25519: RFC 8463 section 3) and its length.
 */
MUST_USE int key_sign(const struct sign_key *key,
    const unsigned char hash[SHA256_BYTES],
    unsigned char ret_signature[MAX_SIGNATURE_BYTES], size_t *ret_len,
    struct err *err);

/* A signature over a header and a body hash: head, canonical header, key. */
MUST_USE int signature_over(const struct sign_policy *policy,
    const struct sign_key *key, time_t signed_at, const struct field *fields,
    size_t count, const unsigned char body_hash[SHA256_BYTES],
    struct arena *mem, struct slice *ret_value, struct err *err);

/*
 * Why a directory may hold no keys: group or others can write to it, or its
 * owner is neither root nor the user that runs this. NULL: it may.
 */
const char *key_directory_fault(const struct stat *status);

/*
 * The text of a key file and when it was last changed. ERR_CONFIG for a file
 * that others could use: the owner has to be root or the user that runs this,
 * mode 0600 or less, or 0640 where the file is root's and its group is ours and
 * has no other member. Thread-safe.
 */
MUST_USE int key_file_read(const char *path, struct arena *mem,
    struct slice *ret_text, time_t *ret_time, struct err *err);

/* A private key as PKCS #8 in PEM. */
MUST_USE int key_to_pem(EVP_PKEY *pkey, struct arena *mem,
    struct slice *ret_pem, struct err *err);

struct slice base64(struct arena *mem, const unsigned char *data, size_t len);
/* Base64 without white space, with its padding; false for anything else. */
MUST_USE bool base64_decode(struct arena *mem, struct slice text,
    struct slice *ret_octets);

/* The last error of OpenSSL, taken off its queue. */
const char *openssl_reason(void);

#endif
