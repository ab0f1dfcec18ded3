/* SPDX-License-Identifier: BSD-2-Clause */
/* A key that signs here beside the one that DNS shows. */
#include <openssl/x509.h>

#include "dns/record.h"
#include "message/base64.h"
#include "message/tag_list.h"
#include "keys/key_crypto.h"
#include "keys/key_status.h"

enum {
	MIN_RSA_BITS = 1024,
	GOOD_RSA_BITS = 2048,
	MAX_RSA_BITS = 4096,
	ED25519_BYTES = 32,
	ESCAPED_OCTETS = 80
};

static void
free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

const char *
key_status_name(enum key_status status)
{
	static const char *const names[] = { "published", "absent", "revoked",
		"differs", "unusable", "unknown" };

	return names[status];
}

/* A key beside what DNS holds of it. */
struct comparison {
	const struct sign_key *key;
	struct arena *mem;
	struct key_shown shown;
};

static struct comparison
comparison_of(const struct sign_key *key, struct arena *mem)
{
	return (struct comparison){ .key = key,
		.mem = mem,
		.shown = { .name = key_record_name(key, mem) } };
}

/* Says that the record that genkey writes should be published. */
static void
publish(struct comparison *c, enum key_status status, const char *what)
{
	c->shown.status = status;
	c->shown.found =
	    slice_format(c->mem, "%.*s: %s", SLICE_ARGS(c->shown.name), what);
	c->shown.publish = key_record(c->mem, c->key);
}

/*
 * p= of an RSA key: SubjectPublicKeyInfo or, as RFC 6376 section 3.6.1 words
 * it, RSAPublicKey. NULL when it is neither, or when octets follow.
 */
static EVP_PKEY *
read_rsa(struct slice octets, unsigned int *notes)
{
	const unsigned char *start = (const unsigned char *)octets.data;
	const unsigned char *at = start;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)octets.len);

	if (pkey == NULL) {
		at = start;
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)octets.len);
		if (pkey != NULL)
			*notes |= KEY_NOTE_BARE;
	}
	(void)openssl_reason();
	if (pkey != NULL &&
	    ((size_t)(at - start) != octets.len ||
		EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static void
compare_rsa(struct comparison *c, struct slice octets)
{
	unsigned int *notes = &c->shown.notes;
	CLEANUP(free_pkey) EVP_PKEY *pkey = read_rsa(octets, notes);
	int bits;

	if (pkey == NULL) {
		publish(c, KEY_UNUSABLE, "p= is not an RSA key");
		return;
	}
	bits = EVP_PKEY_get_bits(pkey);
	if (bits < GOOD_RSA_BITS)
		*notes |= KEY_NOTE_SHORT;
	else if (bits > MAX_RSA_BITS)
		*notes |= KEY_NOTE_LONG;
	if (EVP_PKEY_eq(pkey, c->key->pkey) != 1)
		publish(c, KEY_DIFFERS,
		    "another key is there, "
		    "so no signature made here verifies");
	else if (bits < MIN_RSA_BITS)
		publish(c, KEY_UNUSABLE,
		    "a key of under 1024 "
		    "bits, which verifiers must not accept (RFC 8301)");
	else
		c->shown.status = KEY_PUBLISHED;
}

static void
compare_ed25519(struct comparison *c, struct slice octets)
{
	unsigned char own[ED25519_BYTES];
	size_t len = sizeof(own);
	struct slice ours = { (const char *)own, sizeof(own) };

	ENSURE(EVP_PKEY_get_raw_public_key(c->key->pkey, own, &len) == 1);
	if (slice_eq(octets, ours))
		c->shown.status = KEY_PUBLISHED;
	else if (octets.len != ED25519_BYTES)
		/* SubjectPublicKeyInfo in most cases: RFC 8463 section 4. */
		publish(c, KEY_UNUSABLE,
		    "p= is not the 32 octets of an Ed25519 key");
	else
		publish(c, KEY_DIFFERS,
		    "another key is there, "
		    "so no signature made here verifies");
}

/* Why the record is of no use, whatever its key is; NULL: it may be. */
static const char *
fault_of_tags(const struct tag_list *tags, const struct sign_key *key)
{
	const struct tag *version = tag_list_find(tags, SLICE("v"));
	const struct tag *kind = tag_list_find(tags, SLICE("k"));
	const struct tag *hashes = tag_list_find(tags, SLICE("h"));
	const struct tag *services = tag_list_find(tags, SLICE("s"));
	bool is_rsa = key->algorithm == KEY_RSA_SHA256;

	if (version != NULL &&
	    (version != &tags->items[0] ||
		!slice_eq(version->value, SLICE("DKIM1"))))
		return "v= is there, but not v=DKIM1 at the beginning";
	if (!slice_eq(kind == NULL ? SLICE("rsa") : kind->value,
		is_rsa ? SLICE("rsa") : SLICE("ed25519")))
		return is_rsa ? "k= is not rsa" : "k= is not ed25519";
	if (hashes != NULL && !tag_value_lists(hashes->value, SLICE("sha256")))
		return "h= does not allow sha256";
	if (services != NULL && !tag_value_lists(services->value, SLICE("*")) &&
	    !tag_value_lists(services->value, SLICE("email")))
		return "s= does not allow email";
	if (tag_list_find(tags, SLICE("p")) == NULL)
		return "p= is missing";
	return NULL;
}

static void
compare(struct comparison *c, struct slice record)
{
	struct tag_list tags;
	const struct tag *flags;
	struct slice octets, text;
	const char *fault;
	struct err err;

	if (tag_list_parse(record, &tags, &err) != 0) {
		text = slice_format(c->mem, "no key record but \"%s\" (%s)",
		    escape(c->mem, record, ESCAPED_OCTETS), err.text);
		publish(c, KEY_UNUSABLE, text.data);
		return;
	}
	flags = tag_list_find(&tags, SLICE("t"));
	if (flags != NULL && tag_value_lists(flags->value, SLICE("y")))
		c->shown.notes |= KEY_NOTE_TESTING;
	if (flags != NULL && tag_value_lists(flags->value, SLICE("s")))
		c->shown.notes |= KEY_NOTE_STRICT;
	fault = fault_of_tags(&tags, c->key);
	if (fault != NULL) {
		publish(c, KEY_UNUSABLE, fault);
		return;
	}
	text =
	    tag_value_squeeze(tag_list_find(&tags, SLICE("p"))->value, c->mem);
	if (text.len == 0)
		publish(c, KEY_REVOKED,
		    "p= is empty: the key is revoked (use a new key under "
		    "another selector, unless that was an error)");
	else if (!base64_decode(c->mem, text, &octets))
		publish(c, KEY_UNUSABLE, "p= is not base64");
	else if (c->key->algorithm == KEY_RSA_SHA256)
		compare_rsa(c, octets);
	else
		compare_ed25519(c, octets);
}

/* The line of text, with the notes that change what an operator should do. */
static struct key_shown
put_into_words(struct comparison *c)
{
	static const struct {
		enum key_note note;
		const char *text;
	} notes[] = {
		{ KEY_NOTE_TESTING,
		    "t=y says that this is a test: verifiers "
		    "may treat the mail as unsigned" },
		{ KEY_NOTE_SHORT,
		    "RSA of under 2048 bits is short "
		    "(RFC 8301)" },
		{ KEY_NOTE_LONG,
		    "RSA of over 4096 bits is more than all "
		    "verifiers can read" },
		{ KEY_NOTE_BARE,
		    "p= is a bare RSAPublicKey, which some "
		    "verifiers cannot read" },
	};
	struct key_shown *shown = &c->shown;
	struct strbuf buf;

	if (shown->status == KEY_PUBLISHED)
		shown->found = slice_format(
		    c->mem, KEY_PUBLISHED_TEXT, SLICE_ARGS(shown->name));
	strbuf_init(&buf, c->mem);
	strbuf_add(&buf, shown->found);
	if (shown->publish.len != 0)
		strbuf_addf(&buf, "; publish there one TXT record, \"%.*s\"",
		    SLICE_ARGS(shown->publish));
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if ((shown->notes & notes[i].note) != 0)
			strbuf_addf(&buf, "; %s", notes[i].text);
	}
	shown->text = strbuf_slice(&buf);
	if (shown->status == KEY_PUBLISHED)
		shown->found = shown->text;
	return *shown;
}

void
key_status_judge(const struct sign_key *key, struct slice record,
    struct arena *mem, struct key_shown *ret_shown)
{
	struct comparison c = comparison_of(key, mem);

	compare(&c, record);
	*ret_shown = put_into_words(&c);
}

void
key_status_check(struct resolver *resolver, const struct sign_key *key,
    uint64_t deadline_us, struct arena *mem, struct key_shown *ret_shown)
{
	const struct dns_client dns = { resolver, deadline_us, mem };
	struct comparison c = comparison_of(key, mem);
	struct dns_answer answer;
	struct slice record;
	struct err err;

	switch (resolver_lookup(&dns, c.shown.name, DNS_TXT, &answer, &err)) {
	case DNS_NO_NAME:
		publish(&c, KEY_ABSENT, "there is no such name in DNS");
		break;
	case DNS_NO_DATA:
		publish(&c, KEY_ABSENT, "there is no TXT record");
		break;
	case DNS_FAILED:
		c.shown.status = KEY_UNKNOWN;
		c.shown.found = slice_format(mem,
		    "%.*s: not known whether the "
		    "key is published: %s",
		    SLICE_ARGS(c.shown.name), err.text);
		break;
	case DNS_FOUND:
		if (answer.count > 1)
			publish(&c, KEY_UNUSABLE,
			    slice_format(mem,
				"%zu TXT records, of which "
				"verifiers take any",
				answer.count)
				.data);
		else if (!dns_txt_text(answer.records[0], mem, &record))
			publish(
			    &c, KEY_UNUSABLE, "a TXT record that is cut short");
		else
			compare(&c, record);
		break;
	}
	*ret_shown = put_into_words(&c);
}
