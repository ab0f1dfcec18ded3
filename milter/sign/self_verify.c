/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/rsa.h>

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

/* Text without white space. */
static struct slice
squeeze(struct slice text, struct arena *mem)
{
	struct slice rest = text, part;
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (slice_next_item(&rest, " \t\r\n", &part))
		strbuf_add(&buf, part);
	return strbuf_slice(&buf);
}

/* Where the value of a tag begins; value.len when there is no such tag. */
static size_t
find_tag(struct slice value, const char *name)
{
	for (size_t at = 0; at < value.len;) {
		struct slice tag = slice_sub(slice_from(value, at), 0,
		    slice_find(slice_from(value, at), ';'));
		size_t equals = slice_find(tag, '=');

		if (slice_eq(slice_trim(slice_sub(tag, 0, equals)),
		    slice_of(name)) && equals < tag.len)
			return at + equals + 1;
		at += tag.len + 1;
	}
	return value.len;
}

static struct slice
tag_text(struct slice value, const char *name, struct arena *mem)
{
	struct slice rest = slice_from(value, find_tag(value, name));

	return squeeze(slice_sub(rest, 0, slice_find(rest, ';')), mem);
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

int
signature_check(const struct sign_policy *policy,
    const struct signature *signature, const struct field *fields,
    size_t count, struct arena *mem, struct err *err)
{
	struct slice value = signature->value;
	size_t start = find_tag(value, "b");
	struct slice text = squeeze(slice_from(value, start), mem);
	unsigned char *octets = arena_alloc(mem, text.len + 4);
	unsigned char hash[SHA256_BYTES];
	struct field field = { .name = SLICE("DKIM-Signature"),
		.value = slice_sub(value, 0, start) };
	struct strbuf buf;
	int len;

	strbuf_init(&buf, mem);
	add_signed_fields(policy->header_canon, fields, count,
	    tag_text(value, "h", mem), mem, &buf);
	header_canon(policy->header_canon, &field, true, &buf);
	ENSURE(EVP_Digest(buf.data, buf.len, hash, NULL, EVP_sha256(),
	    NULL) == 1 && text.len < 1 << 20);
	/* b= is the last tag of every signature that is made here. */
	len = EVP_DecodeBlock(octets, (const unsigned char *)text.data,
	    (int)text.len);
	for (size_t i = text.len; i > 0 && text.data[i - 1] == '='; i--)
		len--;
	if (len <= 0 || !key_verifies(signature->key, hash, octets,
	    (size_t)len))
		return err_set(err, ERR_TEMP, "ALARM: the signature made with "
		    "%.*s does not verify: is the key or this machine damaged?",
		    SLICE_ARGS(signature->key->path));
	return 0;
}
