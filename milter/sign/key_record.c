/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/x509.h>

#include "dns/record.h"
#include "message/tag_list.h"
#include "sign/key_record.h"
#include "sign_priv.h"

enum { MIN_RSA_BITS = 1024, GOOD_RSA_BITS = 2048, MAX_RSA_BITS = 4096,
	ED25519_BYTES = 32, ESCAPED_OCTETS = 80 };

static void
free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

const char *
key_state_name(enum key_state state)
{
	static const char *const names[] = { "published", "absent", "revoked",
		"differs", "unusable", "unknown" };

	return names[state];
}

static const char *
algorithm_name(const struct sign_key *key)
{
	return key->algorithm == KEY_RSA_SHA256 ? "rsa" : "ed25519";
}

static struct slice
key_dns_name(const struct sign_key *key, struct arena *mem)
{
	return slice_format(mem, "%.*s._domainkey.%.*s",
	    SLICE_ARGS(key->selector), SLICE_ARGS(key->domain));
}

/* A finding after which the record that genkey writes should be published. */
static void
publish(struct key_finding *finding, const struct sign_key *key,
    enum key_state state, struct arena *mem, const char *what)
{
	struct slice record = key_record(mem, key);

	finding->state = state;
	finding->text = slice_format(mem, "%.*s: %s; publish there one TXT "
	    "record, \"%.*s\"", SLICE_ARGS(finding->name), what,
	    SLICE_ARGS(record));
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
	if (pkey != NULL && ((size_t)(at - start) != octets.len ||
	    EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static void
compare_rsa(const struct sign_key *key, struct slice octets,
    struct arena *mem, struct key_finding *finding)
{
	CLEANUP(free_pkey) EVP_PKEY *pkey = read_rsa(octets, &finding->notes);
	int bits;

	if (pkey == NULL) {
		publish(finding, key, KEY_UNUSABLE, mem, "p= is no RSA key");
		return;
	}
	bits = EVP_PKEY_get_bits(pkey);
	if (bits < GOOD_RSA_BITS)
		finding->notes |= KEY_NOTE_SHORT;
	else if (bits > MAX_RSA_BITS)
		finding->notes |= KEY_NOTE_LONG;
	if (EVP_PKEY_eq(pkey, key->pkey) != 1)
		publish(finding, key, KEY_DIFFERS, mem, "another key is there, "
		    "so no signature made here verifies");
	else if (bits < MIN_RSA_BITS)
		publish(finding, key, KEY_UNUSABLE, mem, "a key of under 1024 "
		    "bits, which verifiers must not accept (RFC 8301)");
	else
		finding->state = KEY_PUBLISHED;
}

static void
compare_ed25519(const struct sign_key *key, struct slice octets,
    struct arena *mem, struct key_finding *finding)
{
	unsigned char own[ED25519_BYTES];
	size_t len = sizeof(own);
	struct slice ours = { (const char *)own, sizeof(own) };

	ENSURE(EVP_PKEY_get_raw_public_key(key->pkey, own, &len) == 1);
	if (slice_eq(octets, ours))
		finding->state = KEY_PUBLISHED;
	else if (octets.len != ED25519_BYTES)
		/* SubjectPublicKeyInfo in most cases: RFC 8463 section 4. */
		publish(finding, key, KEY_UNUSABLE, mem,
		    "p= is not the 32 octets of an Ed25519 key");
	else
		publish(finding, key, KEY_DIFFERS, mem, "another key is there, "
		    "so no signature made here verifies");
}

/* What rules the record out, whatever its key is; NULL: nothing. */
static const char *
fault_of_tags(const struct tag_list *tags, const struct sign_key *key)
{
	const struct tag *version = tag_list_find(tags, SLICE("v"));
	const struct tag *kind = tag_list_find(tags, SLICE("k"));
	const struct tag *hashes = tag_list_find(tags, SLICE("h"));
	const struct tag *services = tag_list_find(tags, SLICE("s"));

	if (version != NULL && (version != &tags->items[0] ||
	    !slice_eq(version->value, SLICE("DKIM1"))))
		return "v= is there, but not v=DKIM1 at the beginning";
	if (!slice_eq(kind == NULL ? SLICE("rsa") : kind->value,
	    slice_of(algorithm_name(key))))
		return key->algorithm == KEY_RSA_SHA256
		    ? "k= is not rsa" : "k= is not ed25519";
	if (hashes != NULL && !tag_value_lists(hashes->value, SLICE("sha256")))
		return "h= does not allow sha256";
	if (services != NULL && !tag_value_lists(services->value, SLICE("*")) &&
	    !tag_value_lists(services->value, SLICE("email")))
		return "s= does not allow email";
	if (tag_list_find(tags, SLICE("p")) == NULL)
		return "p= is missing";
	return NULL;
}

static unsigned int
notes_of_flags(const struct tag_list *tags)
{
	const struct tag *flags = tag_list_find(tags, SLICE("t"));
	unsigned int notes = 0;

	if (flags != NULL && tag_value_lists(flags->value, SLICE("y")))
		notes |= KEY_NOTE_TESTING;
	if (flags != NULL && tag_value_lists(flags->value, SLICE("s")))
		notes |= KEY_NOTE_STRICT;
	return notes;
}

static void
compare(const struct sign_key *key, struct slice record, struct arena *mem,
    struct key_finding *finding)
{
	struct tag_list tags;
	struct slice octets, text;
	const char *fault;
	struct err err;

	if (tag_list_parse(record, &tags, &err) != 0) {
		text = slice_format(mem, "no key record but \"%s\" (%s)",
		    escape(mem, record, ESCAPED_OCTETS), err.text);
		publish(finding, key, KEY_UNUSABLE, mem, text.data);
		return;
	}
	finding->notes = notes_of_flags(&tags);
	fault = fault_of_tags(&tags, key);
	if (fault != NULL) {
		publish(finding, key, KEY_UNUSABLE, mem, fault);
		return;
	}
	text = tag_value_squeeze(tag_list_find(&tags, SLICE("p"))->value, mem);
	if (text.len == 0)
		publish(finding, key, KEY_REVOKED, mem,
		    "p= is empty: the key is revoked (use a new key under "
		    "another selector, unless that was an error)");
	else if (!base64_decode(mem, text, &octets))
		publish(finding, key, KEY_UNUSABLE, mem, "p= is not base64");
	else if (key->algorithm == KEY_RSA_SHA256)
		compare_rsa(key, octets, mem, finding);
	else
		compare_ed25519(key, octets, mem, finding);
}

/* The notes that change what an operator should do. */
static struct slice
with_notes(const struct key_finding *finding, struct arena *mem)
{
	static const struct {
		enum key_note note;
		const char *text;
	} notes[] = {
		{ KEY_NOTE_TESTING, "t=y says that this is a test: verifiers "
		    "may treat the mail as unsigned" },
		{ KEY_NOTE_SHORT, "RSA of under 2048 bits is short "
		    "(RFC 8301)" },
		{ KEY_NOTE_LONG, "RSA of over 4096 bits is more than all "
		    "verifiers can read" },
		{ KEY_NOTE_BARE, "p= is a bare RSAPublicKey, which some "
		    "verifiers cannot read" },
	};
	struct strbuf buf;

	strbuf_init(&buf, mem);
	strbuf_add(&buf, finding->text);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if ((finding->notes & notes[i].note) != 0)
			strbuf_addf(&buf, "; %s", notes[i].text);
	}
	return strbuf_slice(&buf);
}

void
key_record_judge(const struct sign_key *key, struct slice record,
    struct arena *mem, struct key_finding *ret_finding)
{
	struct key_finding finding = { .name = key_dns_name(key, mem) };

	compare(key, record, mem, &finding);
	if (finding.state == KEY_PUBLISHED)
		finding.text = slice_format(mem, "%.*s: the key is published",
		    SLICE_ARGS(finding.name));
	finding.text = with_notes(&finding, mem);
	*ret_finding = finding;
}

void
key_record_check(struct resolver *resolver, const struct sign_key *key,
    uint64_t deadline_us, struct arena *mem, struct key_finding *ret_finding)
{
	struct key_finding finding = { .name = key_dns_name(key, mem) };
	struct dns_answer answer = { .count = 0 };
	struct slice record;
	struct err err;

	switch (resolver_lookup(resolver, finding.name, DNS_TXT, deadline_us,
	    mem, &answer, &err)) {
	case DNS_NO_NAME:
		publish(&finding, key, KEY_ABSENT, mem, "there is no such name "
		    "in DNS");
		break;
	case DNS_NO_DATA:
		publish(&finding, key, KEY_ABSENT, mem, "there is no TXT "
		    "record");
		break;
	case DNS_FAILED:
		finding.state = KEY_UNKNOWN;
		finding.text = slice_format(mem, "%.*s: not known whether the "
		    "key is published: %s", SLICE_ARGS(finding.name), err.text);
		break;
	case DNS_FOUND:
		if (answer.count > 1)
			publish(&finding, key, KEY_UNUSABLE, mem,
			    slice_format(mem, "%zu TXT records, of which "
			    "verifiers take any", answer.count).data);
		else if (!dns_txt_text(answer.records[0], mem, &record))
			publish(&finding, key, KEY_UNUSABLE, mem,
			    "a TXT record that is cut short");
		else
			key_record_judge(key, record, mem, &finding);
		break;
	}
	*ret_finding = finding;
}
