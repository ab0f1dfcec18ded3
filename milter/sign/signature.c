/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields that a signature covers, and the signature's own field. */
#include "base/octets.h"
#include "message/base64.h"
#include "sign_priv.h"

enum { LINE_OCTETS = 76 };

static bool
name_in(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(names[i], name))
			return true;
	}
	return false;
}

bool
sign_policy_signs(const struct sign_policy *policy, struct slice name)
{
	return name_in(policy->signed_names, policy->signed_count, name);
}

/* A list without one of its names; *count is that of the list. */
static const struct slice *
names_without(const struct slice *names, size_t *count, struct slice name,
    struct arena *mem)
{
	struct slice *list = arena_array(mem, *count + 1, sizeof(*list));
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (!slice_eq_nocase(names[i], name))
			list[kept++] = names[i];
	}
	*count = kept;
	return list;
}

void
sign_policy_partial(const struct sign_policy *policy, struct arena *mem,
    struct sign_policy *ret_policy)
{
	struct slice name = SLICE("content-transfer-encoding");
	struct sign_policy partial = *policy;

	partial.partial = true;
	partial.signed_names = names_without(
	    policy->signed_names, &partial.signed_count, name, mem);
	partial.oversigned_names = names_without(
	    policy->oversigned_names, &partial.oversigned_count, name, mem);
	*ret_policy = partial;
}

/* Whether a field that occurs so often is listed once more. */
static bool
is_oversigned(const struct sign_policy *policy, struct slice name, size_t found)
{
	if (found > 0 &&
	    name_in(policy->present_names, policy->present_count, name))
		return true;
	return name_in(
		   policy->oversigned_names, policy->oversigned_count, name) &&
	    (found > 0 ||
		!name_in(policy->addable_names, policy->addable_count, name));
}

int
signed_fields_pick(const struct sign_policy *policy,
    const struct sign_header *header, struct arena *mem,
    struct signed_fields *ret_fields, struct err *err)
{
	const struct field *fields = header->fields;
	size_t count = header->count;
	struct signed_fields picked = { .count = 0 };
	struct strbuf names;
	size_t listed = 0, froms = 0;

	picked.fields =
	    arena_array(mem, count + 1, sizeof(const struct field *));
	picked.oversigned = arena_array(
	    mem, policy->signed_count + 1, sizeof(*picked.oversigned));
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
				    "the message has more than %d header "
				    "fields that would be signed",
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
sign_needs_simple_header(
    const struct sign_policy *policy, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (octets_have_controls(fields[i].value) &&
		    sign_policy_signs(policy, fields[i].name))
			return true;
	}
	return false;
}

/* A field that is folded where a tag ends or a long value may be cut. */
struct folder {
	struct strbuf buf;
	size_t column;
};

static void
signature_fold(struct folder *folder)
{
	strbuf_add_cstr(&folder->buf, "\n\t");
	folder->column = 8;
}

/* A tag that stays in one piece: "d=", its value, and what ends it. */
static void
signature_add_tag(struct folder *folder, struct slice name, struct slice value,
    struct slice end)
{
	size_t len = name.len + value.len + end.len;

	if (folder->column + 1 + len > LINE_OCTETS)
		signature_fold(folder);
	else {
		strbuf_add_char(&folder->buf, ' ');
		folder->column++;
	}
	strbuf_add(&folder->buf, name);
	strbuf_add(&folder->buf, value);
	strbuf_add(&folder->buf, end);
	folder->column += len;
}

/* h=, which may be cut behind a colon. */
static void
add_names(struct folder *folder, struct slice names)
{
	signature_add_tag(folder, SLICE("h="), SLICE(""), SLICE(""));
	while (names.len > 0) {
		size_t colon = slice_find(names, ':');
		struct slice item = slice_sub(names, 0, colon + 1);

		if (folder->column + item.len + 1 > LINE_OCTETS)
			signature_fold(folder);
		strbuf_add(&folder->buf, item);
		folder->column += item.len;
		names = slice_from(names, item.len);
	}
	strbuf_add_char(&folder->buf, ';');
	folder->column++;
}

struct slice
signature_head(const struct signature_parts *parts, struct arena *mem)
{
	static const struct slice canon[2][2] = {
		{ { "simple/simple", 13 }, { "simple/relaxed", 14 } },
		{ { "relaxed/simple", 14 }, { "relaxed/relaxed", 15 } }
	};
	const struct slice end = SLICE(";");
	const struct sign_policy *policy = parts->policy;
	const struct sign_key *key = parts->key;
	struct folder folder = { .column = sizeof("DKIM-Signature:") - 1 };

	strbuf_init(&folder.buf, mem);
	signature_add_tag(&folder, SLICE("v="), SLICE("1"), end);
	signature_add_tag(&folder, SLICE("a="),
	    key->algorithm == KEY_RSA_SHA256 ? SLICE("rsa-sha256") :
					       SLICE("ed25519-sha256"),
	    end);
	signature_add_tag(&folder, SLICE("c="),
	    canon[policy->header_canon][policy->body_canon], end);
	signature_add_tag(&folder, SLICE("d="), key->domain, end);
	signature_add_tag(&folder, SLICE("s="), key->selector, end);
	if (key->identity.len != 0)
		signature_add_tag(&folder, SLICE("i="), key->identity, end);
	signature_add_tag(&folder, SLICE("t="),
	    slice_format(mem, "%lld", (long long)parts->signed_at), end);
	if (policy->partial)
		signature_add_tag(&folder, SLICE("l="),
		    slice_format(
			mem, "%llu", (unsigned long long)parts->body_octets),
		    end);
	add_names(&folder, parts->picked->names);
	signature_add_tag(&folder, SLICE("bh="),
	    base64(mem, parts->body_hash, SHA256_BYTES), end);
	signature_fold(&folder);
	strbuf_add_cstr(&folder.buf, "b=");
	return strbuf_slice(&folder.buf);
}

struct slice
signature_append(struct slice head, const unsigned char *signature, size_t len,
    struct arena *mem)
{
	struct folder folder = { .column = 10 };
	struct slice text = base64(mem, signature, len);

	strbuf_init(&folder.buf, mem);
	strbuf_add(&folder.buf, head);
	while (text.len > 0) {
		struct slice piece =
		    slice_sub(text, 0, LINE_OCTETS - folder.column);

		strbuf_add(&folder.buf, piece);
		folder.column += piece.len;
		text = slice_from(text, piece.len);
		if (text.len > 0)
			signature_fold(&folder);
	}
	return strbuf_slice(&folder.buf);
}

int
signature_over(const struct signature_parts *parts, struct arena *mem,
    struct slice *ret_value, struct err *err)
{
	enum canonicalization canon = parts->policy->header_canon;
	unsigned char hash[SHA256_BYTES];
	struct key_signature signature;
	struct field field = { .name = SLICE("DKIM-Signature") };
	struct strbuf text;

	strbuf_init(&text, mem);
	for (size_t i = 0; i < parts->picked->count; i++)
		header_canon(canon, parts->picked->fields[i], false, &text);
	field.value = signature_head(parts, mem);
	header_canon(canon, &field, true, &text);
	ENSURE(
	    EVP_Digest(text.data, text.len, hash, NULL, sha256(), NULL) == 1);
	if (key_sign(parts->key, hash, &signature, err) != 0)
		return -1;
	*ret_value =
	    signature_append(field.value, signature.octets, signature.len, mem);
	return 0;
}
