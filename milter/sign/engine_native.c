/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine that needs OpenSSL alone. */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "sign_priv.h"

/*
 * One body hash serves all signatures, and so does the hash of the header up
 * to the signature field itself, which alone differs from key to key.
 */
struct signer {
	struct arena mem;
	struct sign_request request; /* with a list of keys of its own */
	const struct sign_policy *policy;
	struct body_canon body;
	EVP_MD_CTX *header_hash;
	struct signed_fields picked;
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
native_begin(const struct sign_request *request, struct signer **ret_signer,
    struct err *err)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	ENSURE(signer != NULL && request->key_count > 0);
	arena_init(&signer->mem);
	signer->request = *request;
	signer->request.keys =
	    arena_grow(&signer->mem, request->keys, request->key_count,
		request->key_count, sizeof(const struct sign_key *));
	signer->policy = request->policy;
	signer->header_hash = EVP_MD_CTX_new();
	ENSURE(signer->header_hash != NULL);
	if (EVP_DigestInit_ex(signer->header_hash, sha256(), NULL) != 1) {
		err_set(err, ERR_TEMP, "SHA-256: %s", openssl_reason());
		native_free(signer);
		return -1;
	}
	if (body_canon_init(&signer->body, signer->policy->body_canon, err) !=
	    0) {
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
	const struct sign_header header = { fields, count };
	struct strbuf text;

	ENSURE(!signer->has_header);
	if (signed_fields_pick(signer->policy, &header, &signer->mem,
		&signer->picked, err) != 0)
		return -1;
	strbuf_init(&text, &signer->mem);
	for (size_t i = 0; i < signer->picked.count; i++)
		header_canon(signer->policy->header_canon,
		    signer->picked.fields[i], false, &text);
	ENSURE(EVP_DigestUpdate(signer->header_hash, text.data, text.len) == 1);
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
engine_native_free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* The hash that a signature with this head signs. */
static void
hash_with_head(const struct signer *signer, struct slice head,
    unsigned char ret_hash[SHA256_BYTES], struct arena *mem)
{
	CLEANUP(engine_native_free_digest)
	EVP_MD_CTX *context = EVP_MD_CTX_new();
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
	for (size_t i = 0; i < signer->request.key_count; i++) {
		const struct sign_key *key = signer->request.keys[i];
		const struct signature_parts parts = { signer->policy, key,
			signer->request.signed_at, &signer->picked, body_hash,
			signer->body.octets };
		struct slice head = signature_head(&parts, mem);
		unsigned char hash[SHA256_BYTES];
		struct key_signature signature;

		hash_with_head(signer, head, hash, mem);
		if (key_sign(key, hash, &signature, err) != 0)
			return err_wrap(
			    err, "sign with %.*s", SLICE_ARGS(key->path));
		ret_signatures[i].key = key;
		ret_signatures[i].value = signature_append(
		    head, signature.octets, signature.len, mem);
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
