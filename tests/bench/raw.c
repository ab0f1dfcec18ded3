/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw KEY.pem KEY.pem: what OpenSSL alone takes of the CPU, as JSON: a signature
 * by each key (RSA and Ed25519) in ms, and SHA-256 of large pieces in MB a second.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { HASH_OCTETS = 1 << 20, DIGEST_OCTETS = 32 };

/* Of CPU for each: long enough that the clock does not matter. */
#define SECONDS 0.25

static double
cpu_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void
fail(const char *what)
{
	(void)fprintf(stderr, "raw: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key =
	    file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, NULL);

	if (key == NULL)
		fail(path);
	(void)fclose(file);
	return key;
}

/* One signature of a digest: by RSA as PKCS #1 1.5 with SHA-256. */
static void
sign(EVP_PKEY *key, EVP_MD_CTX *context)
{
	static const unsigned char digest[DIGEST_OCTETS] = "a digest";
	bool is_rsa = EVP_PKEY_base_id(key) == EVP_PKEY_RSA;
	unsigned char signature[512];
	size_t len = sizeof(signature);

	EVP_MD_CTX_reset(context);
	if (EVP_DigestSignInit(
		context, NULL, is_rsa ? EVP_sha256() : NULL, NULL, key) != 1 ||
	    EVP_DigestSign(context, signature, &len, digest, sizeof(digest)) !=
		1)
		fail("signing");
}

static double
sign_ms(const char *path)
{
	EVP_PKEY *key = read_key(path);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned long count = 0;
	double start, used;

	if (context == NULL)
		fail("no memory");
	sign(key, context);
	start = cpu_now();
	do {
		sign(key, context);
		count++;
		used = cpu_now() - start;
	} while (used < SECONDS);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return used / (double)count * 1e3;
}

static double
hash_mb(void)
{
	unsigned char *data = calloc(1, HASH_OCTETS);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned long count = 0;
	double start = cpu_now(), used;

	if (data == NULL)
		fail("no memory");
	do {
		if (EVP_Digest(data, HASH_OCTETS, digest, NULL, EVP_sha256(),
			NULL) != 1)
			fail("hashing");
		count++;
		used = cpu_now() - start;
	} while (used < SECONDS);
	free(data);
	return (double)count * HASH_OCTETS / 1e6 / used;
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: raw RSA.pem ED25519.pem\n");
		return 2;
	}
	(void)printf("{\"rsa\": %.5f, \"ed25519\": %.5f, \"sha256\": %.1f}\n",
	    sign_ms(argv[1]), sign_ms(argv[2]), hash_mb());
	return 0;
}
