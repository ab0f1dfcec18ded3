/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SUBMILTER_SIGN_PRIV_H
#define SUBMILTER_SIGN_PRIV_H

#include <openssl/evp.h>

#include "keys/key_crypto.h"
#include "sign/signer.h"

enum { MAX_SIGNED_FIELDS = 1000 };

/*
 * Body canonicalization (RFC 6376 section 3.4.3, 3.4.4) of a stream that may
 * be cut anywhere. What has to wait for what follows is counted, not kept.
 */
struct body_canon {
	enum canonicalization kind;
	EVP_MD_CTX *hash;
	size_t pending_lines; /* empty lines that count if text follows */
	bool pending_blank;   /* white space that counts if text follows */
	bool pending_cr;      /* a CR that an LF may follow */
	bool in_line;	      /* the current line has octets */
	uint64_t octets;      /* hashed so far */
};

MUST_USE int body_canon_init(
    struct body_canon *canon, enum canonicalization kind, struct err *err);
void body_canon_done(struct body_canon *canon);
void body_canon_add(struct body_canon *canon, struct slice chunk);
/* The hash; the body ends here, with or without its last CRLF. */
void body_canon_finish(
    struct body_canon *canon, unsigned char ret_hash[SHA256_BYTES]);
/* The hash of canon->octets octets: more of the body follows, outside of it. */
void body_canon_cut(
    struct body_canon *canon, unsigned char ret_hash[SHA256_BYTES]);

/* A value as on the wire: folds are CRLF there. */
void field_value_on_wire(struct slice value, struct strbuf *buf);

/*
 * One field in canonical form (RFC 6376 section 3.4.1, 3.4.2) to buf, with its
 * CRLF unless it is the signature itself.
 */
void header_canon(enum canonicalization kind, const struct field *field,
    bool last, struct strbuf *buf);

/* The fields that a policy signs of a header, and the text of h=. */
struct signed_fields {
	const struct field **fields; /* in the order of h= */
	size_t count;		     /* those that exist */
	struct slice *oversigned;    /* names that h= has once more */
	size_t oversigned_count;
	struct slice names; /* "from:from:to:..." */
};

/* Whether a field of this name is signed. */
bool sign_policy_signs(const struct sign_policy *policy, struct slice name);

/* ERR_LIMIT over MAX_SIGNED_FIELDS; ERR_DATA without From. */
MUST_USE int signed_fields_pick(const struct sign_policy *policy,
    const struct sign_header *header, struct arena *mem,
    struct signed_fields *ret_fields, struct err *err);

/* The contents of one signature. */
struct signature_parts {
	const struct sign_policy *policy;
	const struct sign_key *key;
	time_t signed_at;
	const struct signed_fields *picked;
	const unsigned char *body_hash; /* SHA256_BYTES */
	/* How many canonical ones it covers; a partial policy names them. */
	uint64_t body_octets;
};

/*
 * " v=1; a=...; ...; b=" with folds; the signature of it is appended by
 * signature_append().
 */
struct slice signature_head(
    const struct signature_parts *parts, struct arena *mem);
struct slice signature_append(struct slice head, const unsigned char *signature,
    size_t len, struct arena *mem);

/* The whole of a signature, by the key of the parts. */
MUST_USE int signature_over(const struct signature_parts *parts,
    struct arena *mem, struct slice *ret_value, struct err *err);

#endif
