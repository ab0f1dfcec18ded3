/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "sign_priv.h"

/*
 * One body hash serves all signatures, and so does the hash of the header up
 * to the signature field itself, which alone differs from key to key.
 */
struct signer {
	struct arena mem;
	const struct sign_policy *policy;
	const struct sign_key **keys;
	size_t key_count;
	time_t signed_at;
	struct body_canon body;
	EVP_MD_CTX *header_hash;
	struct slice names;
	bool has_header;
};

static const char *
native_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

static int
native_init(struct err *err)
{
	(void)err;
	return 0;
}

static void
native_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	EVP_MD_CTX_free(signer->header_hash);
	body_canon_done(&signer->body);
	arena_done(&signer->mem);
	free(signer);
}

static int
native_begin(const struct sign_policy *policy,
    const struct sign_key *const *keys, size_t key_count, time_t signed_at,
    struct signer **ret_signer, struct err *err)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	ENSURE(signer != NULL && key_count > 0);
	arena_init(&signer->mem);
	signer->policy = policy;
	signer->keys = arena_grow(&signer->mem, keys, key_count, key_count,
	    sizeof(const struct sign_key *));
	signer->key_count = key_count;
	signer->signed_at = signed_at;
	signer->header_hash = EVP_MD_CTX_new();
	ENSURE(signer->header_hash != NULL);
	if (EVP_DigestInit_ex(signer->header_hash, EVP_sha256(), NULL) != 1) {
		err_set(err, ERR_TEMP, "SHA-256: %s", openssl_reason());
		native_free(signer);
		return -1;
	}
	if (body_canon_init(&signer->body, policy->body_canon, err) != 0) {
		native_free(signer);
		return -1;
	}
	*ret_signer = signer;
	return 0;
}

static int
native_header(struct signer *signer, const struct field *fields, size_t count,
    struct err *err)
{
	struct signed_fields picked;
	struct strbuf text;

	ENSURE(!signer->has_header);
	if (signed_fields_pick(signer->policy, fields, count, &signer->mem,
	    &picked, err) != 0)
		return -1;
	strbuf_init(&text, &signer->mem);
	for (size_t i = 0; i < picked.count; i++)
		header_canon(signer->policy->header_canon, picked.fields[i],
		    false, &text);
	ENSURE(EVP_DigestUpdate(signer->header_hash, text.data, text.len) == 1);
	signer->names = picked.names;
	signer->has_header = true;
	return 0;
}

static int
native_body(struct signer *signer, struct slice chunk, struct err *err)
{
	(void)err;
	body_canon_add(&signer->body, chunk);
	return 0;
}

static void
free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* The hash that a signature with this head signs. */
static void
hash_with_head(const struct signer *signer, struct slice head,
    unsigned char ret_hash[SHA256_BYTES], struct arena *mem)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
	const struct field field = { SLICE("DKIM-Signature"), head };
	unsigned int len = SHA256_BYTES;
	struct strbuf text;

	strbuf_init(&text, mem);
	header_canon(signer->policy->header_canon, &field, true, &text);
	ENSURE(context != NULL &&
	    EVP_MD_CTX_copy_ex(context, signer->header_hash) == 1 &&
	    EVP_DigestUpdate(context, text.data, text.len) == 1 &&
	    EVP_DigestFinal_ex(context, ret_hash, &len) == 1);
}

static int
native_finish(struct signer *signer, struct arena *mem,
    struct signature *ret_signatures, struct err *err)
{
	unsigned char body_hash[SHA256_BYTES];

	ENSURE(signer->has_header);
	if (signer->policy->partial)
		body_canon_cut(&signer->body, body_hash);
	else
		body_canon_finish(&signer->body, body_hash);
	for (size_t i = 0; i < signer->key_count; i++) {
		const struct sign_key *key = signer->keys[i];
		struct slice head = signature_head(signer->policy, key,
		    signer->signed_at, signer->names, body_hash,
		    signer->body.octets, mem);
		unsigned char hash[SHA256_BYTES];
		unsigned char signature[MAX_SIGNATURE_BYTES];
		size_t len;

		hash_with_head(signer, head, hash, mem);
		if (key_sign(key, hash, signature, &len, err) != 0)
			return err_wrap(err, "sign with %.*s",
			    SLICE_ARGS(key->path));
		ret_signatures[i].key = key;
		ret_signatures[i].value =
		    signature_append(head, signature, len, mem);
	}
	return 0;
}

const struct sign_engine sign_engine_native = {
	.name = "native",
	.version = native_version,
	.init = native_init,
	.begin = native_begin,
	.header = native_header,
	.body = native_body,
	.finish = native_finish,
	.free = native_free,
};
