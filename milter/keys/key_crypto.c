/* SPDX-License-Identifier: BSD-2-Clause */
/* What OpenSSL does with a key: signs and verifies one hash. */
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>

#include "keys/key_crypto.h"

const char *
openssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return reason == NULL ? "failed" : reason;
}

static void
free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void
key_crypto_free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static EVP_MD *fetched_sha256;

static void
fetch_sha256(void)
{
	fetched_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ENSURE(fetched_sha256 != NULL);
}

const EVP_MD *
sha256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	ENSURE(pthread_once(&once, fetch_sha256) == 0);
	return fetched_sha256;
}

/* A context that signs with RSA; NULL if there is none. */
static EVP_PKEY_CTX *
rsa_signing_context(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

	if (context != NULL && EVP_PKEY_sign_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(context, sha256()) == 1)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

/* The same with Ed25519. */
static EVP_MD_CTX *
ed25519_signing_context(EVP_PKEY *pkey)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context != NULL &&
	    EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

void
key_make_ready(struct sign_key *key)
{
	key->ready_rsa = NULL;
	key->ready_ed25519 = NULL;
	if (key->algorithm == KEY_RSA_SHA256)
		key->ready_rsa = rsa_signing_context(key->pkey);
	else
		key->ready_ed25519 = ed25519_signing_context(key->pkey);
	ERR_clear_error();
}

/* A copy only reads what is ready: many threads may make one at once. */
static EVP_PKEY_CTX *
rsa_context(const struct sign_key *key)
{
	return key->ready_rsa != NULL ? EVP_PKEY_CTX_dup(key->ready_rsa) :
					rsa_signing_context(key->pkey);
}

static EVP_MD_CTX *
ed25519_context(const struct sign_key *key)
{
	EVP_MD_CTX *context;

	if (key->ready_ed25519 == NULL)
		return ed25519_signing_context(key->pkey);
	context = EVP_MD_CTX_new();
	if (context != NULL &&
	    EVP_MD_CTX_copy_ex(context, key->ready_ed25519) == 1)
		return context;
	EVP_MD_CTX_free(context);
	return NULL;
}

int
key_sign(const struct sign_key *key, const unsigned char hash[SHA256_BYTES],
    struct key_signature *ret_signature, struct err *err)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context = NULL;
	CLEANUP(key_crypto_free_digest) EVP_MD_CTX *digest = NULL;
	unsigned char *octets = ret_signature->octets;
	size_t *len = &ret_signature->len;

	*len = MAX_SIGNATURE_BYTES;
	if (key->algorithm == KEY_RSA_SHA256) {
		context = rsa_context(key);
		if (context == NULL ||
		    EVP_PKEY_sign(context, octets, len, hash, SHA256_BYTES) !=
			1)
			return err_set(
			    err, ERR_TEMP, "RSA: %s", openssl_reason());
		return 0;
	}
	digest = ed25519_context(key);
	if (digest == NULL ||
	    EVP_DigestSign(digest, octets, len, hash, SHA256_BYTES) != 1)
		return err_set(err, ERR_TEMP, "Ed25519: %s", openssl_reason());
	return 0;
}

bool
key_verify(const struct sign_key *key, const unsigned char hash[SHA256_BYTES],
    const unsigned char *signature, size_t len)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context = NULL;
	CLEANUP(key_crypto_free_digest) EVP_MD_CTX *digest = NULL;
	bool good;

	if (key->algorithm == KEY_RSA_SHA256) {
		context = EVP_PKEY_CTX_new(key->pkey, NULL);
		good = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) ==
			1 &&
		    EVP_PKEY_CTX_set_signature_md(context, sha256()) == 1 &&
		    EVP_PKEY_verify(
			context, signature, len, hash, SHA256_BYTES) == 1;
	} else {
		digest = EVP_MD_CTX_new();
		good = digest != NULL &&
		    EVP_DigestVerifyInit(digest, NULL, NULL, NULL, key->pkey) ==
			1 &&
		    EVP_DigestVerify(
			digest, signature, len, hash, SHA256_BYTES) == 1;
	}
	/* An error does not stay in the queue. */
	(void)openssl_reason();
	return good;
}
