/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "sign_priv.h"

enum { LINE_OCTETS = 76 };

const char *
openssl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return reason == NULL ? "failed" : reason;
}

struct slice
base64(struct arena *mem, const unsigned char *data, size_t len)
{
	unsigned char *text;

	ENSURE(len < 1 << 20);
	text = arena_alloc(mem, (len + 2) / 3 * 4 + 1);
	return (struct slice){ (const char *)text,
		(size_t)EVP_EncodeBlock(text, data, (int)len) };
}

static bool
is_base64(struct slice text)
{
	size_t padding = 0;

	if (text.len % 4 != 0 || text.len > 1 << 20)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '=' && i + 2 >= text.len)
			padding++;
		else if (padding > 0 || (!char_is_alpha(c) &&
		    !char_is_digit(c) && c != '+' && c != '/'))
			return false;
	}
	return true;
}

bool
base64_decode(struct arena *mem, struct slice text, struct slice *ret_octets)
{
	unsigned char *octets;
	int len;

	if (text.len == 0 || !is_base64(text))
		return false;
	octets = arena_alloc(mem, text.len);
	len = EVP_DecodeBlock(octets, (const unsigned char *)text.data,
	    (int)text.len);
	/* It counts the octets that padding stands for. */
	for (size_t i = text.len; i > 0 && text.data[i - 1] == '='; i--)
		len--;
	if (len <= 0)
		return false;
	*ret_octets = (struct slice){ (const char *)octets, (size_t)len };
	return true;
}

static bool
name_in(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(names[i], name))
			return true;
	}
	return false;
}

/* What is oversigned is signed as well. */
static int
check_oversigned(const struct sign_policy *policy, const char *option,
    const struct slice *names, size_t count, struct arena *mem,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!name_in(policy->signed_names, policy->signed_count,
		    names[i]))
			return err_set(err, ERR_CONFIG,
			    "%s: %s is not in signed-headers", option,
			    escape(mem, names[i], 64));
	}
	return 0;
}

int
sign_policy_check(const struct sign_policy *policy, struct err *err)
{
	/* What an MTA removes or adds on the way, or what changes by nature. */
	static const struct slice never[] = { { "bcc", 3 },
		{ "resent-bcc", 10 }, { "return-path", 11 }, { "received", 8 },
		{ "content-length", 14 }, { "dkim-signature", 14 },
		{ "full-name", 9 } };
	struct arena mem;
	int status = 0;

	arena_init(&mem);
	for (size_t i = 0; i < policy->signed_count && status == 0; i++) {
		struct slice name = policy->signed_names[i];

		for (size_t j = 0; j < name.len; j++) {
			char c = name.data[j];

			/* ':' and ';' would end what stands in h=. */
			if (c <= ' ' || c == 0x7f || c == ':' || c == ';' ||
			    char_is_8bit(c))
				name.len = 0;
		}
		if (name.len == 0)
			status = err_set(err, ERR_CONFIG,
			    "signed-headers: \"%s\" is no field name",
			    escape(&mem, policy->signed_names[i], 64));
		else if (name_in(never, sizeof(never) / sizeof(never[0]), name))
			status = err_set(err, ERR_CONFIG, "signed-headers: %s "
			    "changes on the way and cannot be signed",
			    escape(&mem, name, 64));
		else if (name_in(policy->signed_names, i, name))
			status = err_set(err, ERR_CONFIG,
			    "signed-headers: %s stands there twice",
			    escape(&mem, name, 64));
	}
	if (status == 0 && !name_in(policy->signed_names,
	    policy->signed_count, SLICE("from")))
		status = err_set(err, ERR_CONFIG,
		    "signed-headers: From must be signed");
	if (status == 0)
		status = check_oversigned(policy, "oversigned-headers",
		    policy->oversigned_names, policy->oversigned_count, &mem,
		    err);
	if (status == 0)
		status = check_oversigned(policy, "oversigned-if-present",
		    policy->present_names, policy->present_count, &mem, err);
	arena_done(&mem);
	return status;
}

/* A list without one of its names. */
static const struct slice *
names_without(const struct slice *names, size_t count, struct slice name,
    struct arena *mem, size_t *ret_count)
{
	struct slice *list = arena_array(mem, count + 1, sizeof(*list));

	*ret_count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!slice_eq_nocase(names[i], name))
			list[(*ret_count)++] = names[i];
	}
	return list;
}

void
sign_policy_partial(const struct sign_policy *policy, struct arena *mem,
    struct sign_policy *ret_policy)
{
	struct slice name = SLICE("content-transfer-encoding");
	struct sign_policy partial = *policy;

	partial.partial = true;
	partial.signed_names = names_without(policy->signed_names,
	    policy->signed_count, name, mem, &partial.signed_count);
	partial.oversigned_names = names_without(policy->oversigned_names,
	    policy->oversigned_count, name, mem, &partial.oversigned_count);
	*ret_policy = partial;
}

/* Whether a field that occurs so often is listed once more. */
static bool
is_oversigned(const struct sign_policy *policy, struct slice name, size_t found)
{
	if (found > 0 && name_in(policy->present_names, policy->present_count,
	    name))
		return true;
	return name_in(policy->oversigned_names, policy->oversigned_count,
	    name) && (found > 0 || !name_in(policy->addable_names,
	    policy->addable_count, name));
}

int
signed_fields_pick(const struct sign_policy *policy,
    const struct field *fields, size_t count, struct arena *mem,
    struct signed_fields *ret_fields, struct err *err)
{
	struct signed_fields picked = { .count = 0 };
	struct strbuf names;
	size_t listed = 0, froms = 0;

	picked.fields = arena_array(mem, count + 1,
	    sizeof(const struct field *));
	picked.oversigned = arena_array(mem, policy->signed_count + 1,
	    sizeof(*picked.oversigned));
	strbuf_init(&names, mem);
	for (size_t n = 0; n < policy->signed_count; n++) {
		struct slice name = policy->signed_names[n];
		size_t found = 0;

		/* From the bottom up: RFC 6376 section 5.4.2. */
		for (size_t i = count; i > 0; i--) {
			if (!slice_eq_nocase(fields[i - 1].name, name))
				continue;
			ENSURE(picked.count < count);
			picked.fields[picked.count++] = &fields[i - 1];
			found++;
		}
		if (slice_eq_nocase(name, SLICE("from")))
			froms = found;
		if (is_oversigned(policy, name, found)) {
			picked.oversigned[picked.oversigned_count++] = name;
			found++;
		}
		for (size_t i = 0; i < found; i++) {
			if (++listed > MAX_SIGNED_FIELDS)
				return err_set(err, ERR_LIMIT,
				    "more than %d fields to sign",
				    MAX_SIGNED_FIELDS);
			if (names.len != 0)
				strbuf_add_char(&names, ':');
			strbuf_add(&names, name);
		}
	}
	if (froms == 0)
		return err_set(err, ERR_DATA, "no From to sign");
	picked.names = strbuf_slice(&names);
	*ret_fields = picked;
	return 0;
}

bool
sign_needs_simple_header(const struct sign_policy *policy,
    const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slice value = fields[i].value;

		if (!name_in(policy->signed_names, policy->signed_count,
		    fields[i].name))
			continue;
		for (size_t c = 0; c < value.len; c++) {
			if (char_is_control(value.data[c]) &&
			    value.data[c] != '\t' && value.data[c] != '\n')
				return true;
		}
	}
	return false;
}

/* A field that is folded where a tag ends or a long value may be cut. */
struct folder {
	struct strbuf buf;
	size_t column;
};

static void
fold(struct folder *folder)
{
	strbuf_add_cstr(&folder->buf, "\n\t");
	folder->column = 8;
}

/* A tag that stays in one piece. */
static void
add_tag(struct folder *folder, struct slice text)
{
	if (folder->column + 1 + text.len > LINE_OCTETS)
		fold(folder);
	else {
		strbuf_add_char(&folder->buf, ' ');
		folder->column++;
	}
	strbuf_add(&folder->buf, text);
	folder->column += text.len;
}

/* The rest of a value that may be cut anywhere. */
static void
add_anywhere(struct folder *folder, struct slice text)
{
	while (text.len > 0) {
		size_t room = folder->column < LINE_OCTETS
		    ? LINE_OCTETS - folder->column : 0;
		struct slice piece = slice_sub(text, 0, room);

		strbuf_add(&folder->buf, piece);
		folder->column += piece.len;
		text = slice_from(text, piece.len);
		if (text.len > 0)
			fold(folder);
	}
}

/* h=, which may be cut behind a colon. */
static void
add_names(struct folder *folder, struct slice names)
{
	add_tag(folder, SLICE("h="));
	while (names.len > 0) {
		size_t colon = slice_find(names, ':');
		struct slice item = slice_sub(names, 0, colon + 1);

		if (folder->column + item.len + 1 > LINE_OCTETS)
			fold(folder);
		strbuf_add(&folder->buf, item);
		folder->column += item.len;
		names = slice_from(names, item.len);
	}
	strbuf_add_char(&folder->buf, ';');
	folder->column++;
}

struct slice
signature_head(const struct sign_policy *policy, const struct sign_key *key,
    time_t signed_at, struct slice names,
    const unsigned char body_hash[SHA256_BYTES], uint64_t body_octets,
    struct arena *mem)
{
	static const char *const canon[] = { "simple", "relaxed" };
	struct folder folder = { .column = sizeof("DKIM-Signature:") - 1 };
	struct slice hash = base64(mem, body_hash, SHA256_BYTES);

	strbuf_init(&folder.buf, mem);
	add_tag(&folder, SLICE("v=1;"));
	add_tag(&folder, key->algorithm == KEY_RSA_SHA256
	    ? SLICE("a=rsa-sha256;") : SLICE("a=ed25519-sha256;"));
	add_tag(&folder, slice_format(mem, "c=%s/%s;",
	    canon[policy->header_canon], canon[policy->body_canon]));
	add_tag(&folder, slice_format(mem, "d=%.*s;", SLICE_ARGS(key->domain)));
	add_tag(&folder, slice_format(mem, "s=%.*s;",
	    SLICE_ARGS(key->selector)));
	add_tag(&folder, slice_format(mem, "t=%lld;", (long long)signed_at));
	if (policy->partial)
		add_tag(&folder, slice_format(mem, "l=%llu;",
		    (unsigned long long)body_octets));
	add_names(&folder, names);
	add_tag(&folder, slice_format(mem, "bh=%.*s;", SLICE_ARGS(hash)));
	fold(&folder);
	strbuf_add_cstr(&folder.buf, "b=");
	return strbuf_slice(&folder.buf);
}

struct slice
signature_append(struct slice head, const unsigned char *signature,
    size_t len, struct arena *mem)
{
	struct folder folder = { .column = 10 };

	strbuf_init(&folder.buf, mem);
	strbuf_add(&folder.buf, head);
	add_anywhere(&folder, base64(mem, signature, len));
	return strbuf_slice(&folder.buf);
}

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

static int
sign_rsa(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *signature,
    size_t *len, struct err *err)
{
	CLEANUP(free_context) EVP_PKEY_CTX *context =
	    EVP_PKEY_CTX_new(pkey, NULL);

	if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1 ||
	    EVP_PKEY_sign(context, signature, len, hash, SHA256_BYTES) != 1)
		return err_set(err, ERR_TEMP, "RSA: %s", openssl_reason());
	return 0;
}

static int
sign_ed25519(EVP_PKEY *pkey, const unsigned char *hash,
    unsigned char *signature, size_t *len, struct err *err)
{
	CLEANUP(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL ||
	    EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) != 1 ||
	    EVP_DigestSign(context, signature, len, hash, SHA256_BYTES) != 1)
		return err_set(err, ERR_TEMP, "Ed25519: %s", openssl_reason());
	return 0;
}

int
key_sign(const struct sign_key *key, const unsigned char hash[SHA256_BYTES],
    unsigned char ret_signature[MAX_SIGNATURE_BYTES], size_t *ret_len,
    struct err *err)
{
	*ret_len = MAX_SIGNATURE_BYTES;
	if (key->algorithm == KEY_RSA_SHA256)
		return sign_rsa(key->pkey, hash, ret_signature, ret_len, err);
	return sign_ed25519(key->pkey, hash, ret_signature, ret_len, err);
}

int
signature_over(const struct sign_policy *policy, const struct sign_key *key,
    time_t signed_at, const struct field *fields, size_t count,
    const unsigned char body_hash[SHA256_BYTES], struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	unsigned char hash[SHA256_BYTES];
	unsigned char signature[MAX_SIGNATURE_BYTES];
	struct signed_fields picked;
	struct field field = { .name = SLICE("DKIM-Signature") };
	struct strbuf text;
	size_t len;

	if (signed_fields_pick(policy, fields, count, mem, &picked, err) != 0)
		return -1;
	strbuf_init(&text, mem);
	for (size_t i = 0; i < picked.count; i++)
		header_canon(policy->header_canon, picked.fields[i], false,
		    &text);
	field.value = signature_head(policy, key, signed_at, picked.names,
	    body_hash, 0, mem);
	header_canon(policy->header_canon, &field, true, &text);
	ENSURE(EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(),
	    NULL) == 1);
	if (key_sign(key, hash, signature, &len, err) != 0)
		return -1;
	*ret_value = signature_append(field.value, signature, len, mem);
	return 0;
}
