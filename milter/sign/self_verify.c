/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/rsa.h>

#include "message/tag_list.h"
#include "sign_priv.h"

static void
free_context(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void
free_digest(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* Whether a signature of a hash is good for the public half of a key. */
static bool
key_verifies(const struct sign_key *key, const unsigned char *hash,
    const unsigned char *signature, size_t len)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context = NULL;
	CLEANUP(free_digest) EVP_MD_CTX *digest = NULL;
	bool good;

	if (key->algorithm == KEY_RSA_SHA256) {
		context = EVP_PKEY_CTX_new(key->pkey, NULL);
		good = context != NULL && EVP_PKEY_verify_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context,
			RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(context,
			EVP_sha256()) == 1 &&
		    EVP_PKEY_verify(context, signature, len, hash,
			SHA256_BYTES) == 1;
	} else {
		digest = EVP_MD_CTX_new();
		good = digest != NULL && EVP_DigestVerifyInit(digest, NULL,
		    NULL, NULL, key->pkey) == 1 && EVP_DigestVerify(digest,
		    signature, len, hash, SHA256_BYTES) == 1;
	}
	/* Whatever it was stays in nobody's queue. */
	(void)openssl_reason();
	return good;
}

/* The fields of h=, from the bottom up (RFC 6376 section 5.4.2). */
static void
add_signed_fields(enum canonicalization kind, const struct field *fields,
    size_t count, struct slice names, struct arena *mem, struct strbuf *buf)
{
	bool *used = arena_array(mem, count + 1, sizeof(*used));
	struct slice name;

	while (slice_next_item(&names, ":", &name)) {
		for (size_t i = count; i > 0; i--) {
			if (used[i - 1] || !slice_eq_nocase(fields[i - 1].name,
			    name))
				continue;
			used[i - 1] = true;
			header_canon(kind, &fields[i - 1], false, buf);
			break;
		}
	}
}

static int
damaged(const struct sign_key *key, struct err *err)
{
	return err_set(err, ERR_TEMP, "ALARM: the signature made with "
	    "%.*s does not verify: is the key or this machine damaged?",
	    SLICE_ARGS(key->path));
}

int
signature_check(const struct sign_policy *policy,
    const struct signature *signature, const struct field *fields,
    size_t count, struct arena *mem, struct err *err)
{
	struct slice value = signature->value;
	const struct tag *names, *last;
	struct tag_list tags = { .count = 0 };
	unsigned char hash[SHA256_BYTES];
	struct slice octets;
	struct field field = { .name = SLICE("DKIM-Signature") };
	struct strbuf buf;

	if (tag_list_parse(value, &tags, err) != 0)
		return damaged(signature->key, err);
	names = tag_list_find(&tags, SLICE("h"));
	/* b= is the last tag of every signature that is made here. */
	last = &tags.items[tags.count - 1];
	if (names == NULL || !slice_eq(last->name, SLICE("b")) ||
	    last->raw.data + last->raw.len != value.data + value.len)
		return damaged(signature->key, err);
	field.value = slice_sub(value, 0, value.len - last->raw.len);
	strbuf_init(&buf, mem);
	add_signed_fields(policy->header_canon, fields, count,
	    tag_value_squeeze(names->value, mem), mem, &buf);
	header_canon(policy->header_canon, &field, true, &buf);
	ENSURE(EVP_Digest(buf.data, buf.len, hash, NULL, EVP_sha256(),
	    NULL) == 1);
	if (!base64_decode(mem, tag_value_squeeze(last->value, mem), &octets) ||
	    !key_verifies(signature->key, hash,
	    (const unsigned char *)octets.data, octets.len))
		return damaged(signature->key, err);
	return 0;
}
