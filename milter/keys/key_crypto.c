/* SPDX-License-Identifier: BSD-2-Clause */
/* What OpenSSL does with a key: signs and verifies one hash. */
#include <openssl/err.h>
#include <openssl/rsa.h>

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
		context = EVP_PKEY_CTX_new(key->pkey, NULL);
		if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) !=
			1 ||
		    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1 ||
		    EVP_PKEY_sign(context, octets, len, hash, SHA256_BYTES) !=
			1)
			return err_set(
			    err, ERR_TEMP, "RSA: %s", openssl_reason());
		return 0;
	}
	digest = EVP_MD_CTX_new();
	if (digest == NULL ||
	    EVP_DigestSignInit(digest, NULL, NULL, NULL, key->pkey) != 1 ||
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
		    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
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
