/* SPDX-License-Identifier: BSD-2-Clause */
/* A key from PEM and to it, and the record that publishes it. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "message/base64.h"
#include "key_priv.h"
#include "keys/key_crypto.h"

enum { MIN_RSA_BITS = 1024, MAX_RSA_BITS = 8192 };

/* Nobody sits at a daemon's terminal: an encrypted key is refused. */
static int
no_passphrase(char *buf, int size, int writing, void *was_asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)was_asked = true;
	return -1;
}

static void
free_bio(BIO **bio)
{
	(void)BIO_free(*bio);
}

/* Numbers of an RSA key, in the order of rsa_names. */
enum { RSA_N, RSA_E, RSA_D, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV, RSA_COUNT };

static const char *const rsa_names[RSA_COUNT] = { OSSL_PKEY_PARAM_RSA_N,
	OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };

/* Whether a * b is 1 modulo m. */
static bool
is_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *context)
{
	BIGNUM *product = BN_new();
	bool is_one = product != NULL &&
	    BN_mod_mul(product, a, b, m, context) == 1 && BN_is_one(product);

	BN_clear_free(product);
	return is_one;
}

/* Whether e is the inverse of d, and of its shorter form, modulo prime - 1. */
static bool
is_exponent(BIGNUM *const n[RSA_COUNT], const BIGNUM *prime,
    const BIGNUM *shorter, BN_CTX *context)
{
	BIGNUM *less = BN_dup(prime);
	bool fits = less != NULL && BN_sub_word(less, 1) == 1 &&
	    !BN_is_zero(less) &&
	    is_inverse(n[RSA_E], n[RSA_D], less, context) &&
	    is_inverse(n[RSA_E], shorter, less, context);

	BN_clear_free(less);
	return fits;
}

static bool
rsa_numbers_fit(BIGNUM *const n[RSA_COUNT], BN_CTX *context)
{
	BIGNUM *product = BN_new();
	bool fits = product != NULL &&
	    BN_mul(product, n[RSA_P], n[RSA_Q], context) == 1 &&
	    BN_cmp(product, n[RSA_N]) == 0 &&
	    is_exponent(n, n[RSA_P], n[RSA_DP], context) &&
	    is_exponent(n, n[RSA_Q], n[RSA_DQ], context) &&
	    is_inverse(n[RSA_Q], n[RSA_QINV], n[RSA_P], context);

	BN_clear_free(product);
	return fits;
}

/*
 * Whether the numbers of an RSA key belong together (RFC 8017 section 3.2).
 * *ret_known: it has them all.
 */
static bool
is_consistent_rsa(const struct sign_key *key, bool *ret_known)
{
	BIGNUM *n[RSA_COUNT] = { NULL };
	BN_CTX *context = BN_CTX_new();
	bool known = true, fits;

	ENSURE(context != NULL);
	for (size_t i = 0; i < RSA_COUNT && known; i++)
		known =
		    EVP_PKEY_get_bn_param(key->pkey, rsa_names[i], &n[i]) == 1;
	fits = known && rsa_numbers_fit(n, context);
	for (size_t i = 0; i < RSA_COUNT; i++)
		BN_clear_free(n[i]);
	BN_CTX_free(context);
	ERR_clear_error();
	*ret_known = known;
	return fits;
}

/*
 * Whether the halves of the key belong together: what the private one signs,
 * the public one verifies. The numbers of an RSA key show that in a tenth of
 * the time, and a host may have 100,000 keys. (EVP_PKEY_pairwise_check() proves
 * the factors to be primes, too, which takes 25 ms.)
 */
static bool
is_consistent(const struct sign_key *key)
{
	static const unsigned char hash[SHA256_BYTES] = "any hash does";
	struct key_signature signature;
	bool known = false, fits = false;
	struct err err;

	if (key->algorithm == KEY_RSA_SHA256)
		fits = is_consistent_rsa(key, &known);
	return known ? fits :
		       key_sign(key, hash, &signature, &err) == 0 &&
		key_verify(key, hash, signature.octets, signature.len);
}

void
key_print_octets(
    struct slice fingerprint, unsigned char ret_octets[SHA256_BYTES])
{
	ENSURE(fingerprint.len == 2 * SHA256_BYTES);
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		unsigned int high =
		    (unsigned int)char_hex_value(fingerprint.data[2 * i]);
		unsigned int low =
		    (unsigned int)char_hex_value(fingerprint.data[2 * i + 1]);

		ret_octets[i] = (unsigned char)(high << 4 | low);
	}
}

struct slice
key_print_text(const unsigned char octets[SHA256_BYTES], struct arena *mem)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(mem, 2 * SHA256_BYTES + 1);

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digits[octets[i] >> 4];
		text[2 * i + 1] = digits[octets[i] & 15];
	}
	return (struct slice){ text, 2 * SHA256_BYTES };
}

/* Of the SubjectPublicKeyInfo, which is the same in any kind of file. */
static struct slice
fingerprint(EVP_PKEY *pkey, struct arena *mem)
{
	unsigned char *der = NULL, hash[SHA256_BYTES];
	int len = i2d_PUBKEY(pkey, &der);

	ENSURE(len > 0 &&
	    EVP_Digest(der, (size_t)len, hash, NULL, sha256(), NULL) == 1);
	OPENSSL_free(der);
	return key_print_text(hash, mem);
}

static int
check_type(EVP_PKEY *pkey, struct sign_key *key, struct err *err)
{
	key->bits = (unsigned int)EVP_PKEY_get_bits(pkey);
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		key->algorithm = KEY_RSA_SHA256;
		if (key->bits < MIN_RSA_BITS)
			return err_set(err, ERR_CONFIG,
			    "an RSA key of %u bits: "
			    "under %d it proves nothing (RFC 8301)",
			    key->bits, MIN_RSA_BITS);
		if (key->bits > MAX_RSA_BITS)
			return err_set(err, ERR_CONFIG,
			    "an RSA key of %u bits: over %d no verifier takes it",
			    key->bits, MAX_RSA_BITS);
		break;
	case EVP_PKEY_ED25519:
		key->algorithm = KEY_ED25519_SHA256;
		break;
	default:
		return err_set(
		    err, ERR_CONFIG, "neither an RSA nor an Ed25519 key");
	}
	if (!is_consistent(key))
		return err_set(err, ERR_CONFIG,
		    "the private and public halves do not match");
	return 0;
}

int
key_from_pem(struct slice pem, struct arena *mem, struct sign_key *ret_key,
    struct err *err)
{
	CLEANUP(free_bio) BIO *bio = NULL;
	struct sign_key key = { 0 };
	bool asked = false;

	if (slice_has(pem, '\0') || pem.len > 65536)
		return err_set(err, ERR_CONFIG, "not a key in PEM form");
	key.pem = slice_dup(mem, pem);
	bio = BIO_new_mem_buf(key.pem.data, (int)key.pem.len);
	ENSURE(bio != NULL);
	key.pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	ERR_clear_error();
	if (key.pkey == NULL)
		return err_set(err, ERR_CONFIG,
		    asked ?
			"the key is encrypted: a passphrase is never asked for" :
			slice_has_text_nocase(pem, SLICE("BEGIN PUBLIC KEY")) ?
			"not a private key but a public one" :
			"not a private key in PEM form");
	if (check_type(key.pkey, &key, err) != 0) {
		EVP_PKEY_free(key.pkey);
		return -1;
	}
	key.fingerprint = fingerprint(key.pkey, mem);
	key_make_ready(&key);
	*ret_key = key;
	return 0;
}

int
key_to_pem(
    EVP_PKEY *pkey, struct arena *mem, struct slice *ret_pem, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long len;

	ENSURE(bio != NULL);
	if (PEM_write_bio_PKCS8PrivateKey(
		bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) {
		(void)BIO_free(bio);
		return err_set(
		    err, ERR_TEMP, "cannot write a key: %s", openssl_reason());
	}
	len = BIO_get_mem_data(bio, &data);
	ENSURE(len > 0);
	*ret_pem = slice_dup(mem, (struct slice){ data, (size_t)len });
	(void)BIO_free(bio);
	return 0;
}

struct slice
key_der_to_pem(struct slice der, struct arena *mem)
{
	const unsigned char *at = (const unsigned char *)der.data;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
	struct slice pem = { NULL, 0 };
	struct err err;

	ERR_clear_error();
	if (pkey != NULL && key_to_pem(pkey, mem, &pem, &err) != 0)
		pem = (struct slice){ NULL, 0 };
	EVP_PKEY_free(pkey);
	return pem;
}

static bool
label_is_valid(struct slice label)
{
	if (label.len == 0 || label.len > 63 || label.data[0] == '-' ||
	    label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' &&
		    c != '_')
			return false;
	}
	return true;
}

bool
key_selector_is_valid(struct slice text)
{
	if (text.len == 0 || text.len > 200 || slice_has(text, '\0'))
		return false;
	while (text.len > 0) {
		size_t dot = slice_find(text, '.');

		if (!label_is_valid(slice_sub(text, 0, dot)) ||
		    dot + 1 == text.len)
			return false;
		text = slice_from(text, dot + 1);
	}
	return true;
}

bool
key_domain_is_valid(struct slice text)
{
	return slice_has(text, '.') && key_selector_is_valid(text);
}

struct slice
key_record_name(const struct sign_key *key, struct arena *mem)
{
	return slice_format(mem, "%.*s._domainkey.%.*s",
	    SLICE_ARGS(key->selector), SLICE_ARGS(key->domain));
}

struct slice
key_record(struct arena *mem, const struct sign_key *key)
{
	unsigned char raw[32];
	unsigned char *der = NULL;
	size_t raw_len = sizeof(raw);
	struct slice text;
	int len;

	if (key->algorithm == KEY_ED25519_SHA256) {
		/* RFC 8463 section 4: the 32 octets themselves. */
		ENSURE(
		    EVP_PKEY_get_raw_public_key(key->pkey, raw, &raw_len) == 1);
		text = base64(mem, raw, raw_len);
		return slice_format(mem, "v=DKIM1; k=ed25519; h=sha256; p=%.*s",
		    SLICE_ARGS(text));
	}
	len = i2d_PUBKEY(key->pkey, &der);
	ENSURE(len > 0);
	text = base64(mem, der, (size_t)len);
	OPENSSL_free(der);
	return slice_format(
	    mem, "v=DKIM1; k=rsa; h=sha256; p=%.*s", SLICE_ARGS(text));
}

struct slice
key_zone_entry(struct arena *mem, const struct sign_key *key)
{
	struct slice rest = key_record(mem, key);
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_addf(&buf, "%.*s._domainkey.%.*s. IN TXT (",
	    SLICE_ARGS(key->selector), SLICE_ARGS(key->domain));
	while (rest.len > 0) {
		struct slice piece = slice_sub(rest, 0, 255);

		strbuf_add_cstr(&buf, "\n\t\"");
		strbuf_add(&buf, piece);
		strbuf_add_char(&buf, '"');
		rest = slice_from(rest, piece.len);
	}
	strbuf_add_cstr(&buf, " )\n");
	return strbuf_slice(&buf);
}

void
key_free_contents(const struct sign_key *key)
{
	EVP_PKEY_CTX_free(key->ready_rsa);
	EVP_MD_CTX_free(key->ready_ed25519);
	EVP_PKEY_free(key->pkey);
}

void
key_done(struct sign_key *key)
{
	if (key == NULL)
		return;
	key_free_contents(key);
	key->ready_rsa = NULL;
	key->ready_ed25519 = NULL;
	key->pkey = NULL;
}
