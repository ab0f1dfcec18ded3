/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a signature that was made here verifies. */
#include "message/base64.h"
#include "message/tag_list.h"
#include "sign_priv.h"

static int
damaged(const struct sign_key *key, struct err *err)
{
	return err_set(err, ERR_TEMP,
	    "ALARM: the signature made with "
	    "%.*s does not verify: is the key or this machine damaged?",
	    SLICE_ARGS(key->path));
}

int
signature_check(const struct sign_policy *policy,
    const struct signature *signature, const struct sign_header *header,
    struct arena *mem, struct err *err)
{
	bool *used = arena_array(mem, header->count + 1, sizeof(*used));
	struct slice value = signature->value, list, name, octets;
	struct field field = { .name = SLICE("DKIM-Signature") };
	struct tag_list tags = { .count = 0 };
	const struct tag *names, *last;
	unsigned char hash[SHA256_BYTES];
	struct strbuf buf;

	if (tag_list_parse(value, &tags, err) != 0)
		return damaged(signature->key, err);
	names = tag_list_find(&tags, SLICE("h"));
	/* b= is the last tag of every signature that is made here. */
	last = &tags.items[tags.count - 1];
	if (names == NULL || !slice_eq(last->name, SLICE("b")) ||
	    last->raw.data + last->raw.len != value.data + value.len)
		return damaged(signature->key, err);
	strbuf_init(&buf, mem);
	list = tag_value_squeeze(names->value, mem);
	while (slice_next_item(&list, ":", &name)) {
		size_t i = header->count;

		/* From the bottom up (RFC 6376 section 5.4.2). */
		while (i > 0 &&
		    (used[i - 1] ||
			!slice_eq_nocase(header->fields[i - 1].name, name)))
			i--;
		if (i == 0)
			continue;
		used[i - 1] = true;
		header_canon(
		    policy->header_canon, &header->fields[i - 1], false, &buf);
	}
	field.value = slice_sub(value, 0, value.len - last->raw.len);
	header_canon(policy->header_canon, &field, true, &buf);
	ENSURE(EVP_Digest(buf.data, buf.len, hash, NULL, sha256(), NULL) == 1);
	if (!base64_decode(mem, tag_value_squeeze(last->value, mem), &octets) ||
	    !key_verify(signature->key, hash,
		(const unsigned char *)octets.data, octets.len))
		return damaged(signature->key, err);
	return 0;
}
