/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "dns/resolver_zone.h"
#include "message/base64.h"
#include "keys/key_status.h"
#include "../../../milter/keys/key_priv.h"

/* Ours, and one of somebody else. */
static struct sign_key rsa, ed, other_rsa, other_ed, weak, short_rsa;

static struct slice
p_value(struct arena *mem, const struct sign_key *key, bool bare)
{
	unsigned char *der = NULL;
	int len =
	    bare ? i2d_PublicKey(key->pkey, &der) : i2d_PUBKEY(key->pkey, &der);
	struct slice text = base64(mem, der, (size_t)len);

	OPENSSL_free(der);
	return text;
}

static struct slice
raw_ed(struct arena *mem, const struct sign_key *key)
{
	unsigned char raw[32];
	size_t len = sizeof(raw);

	assert_int_equal(EVP_PKEY_get_raw_public_key(key->pkey, raw, &len), 1);
	return base64(mem, raw, len);
}

/* "@R" and the like become p= values, with a blank in the middle. */
static struct slice
expand(struct arena *mem, const char *template)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (const char *c = template; *c != '\0'; c++) {
		struct slice text;

		if (*c != '@') {
			strbuf_add_char(&buf, *c);
			continue;
		}
		switch (*++c) {
		case 'R':
			text = p_value(mem, &rsa, false);
			break;
		case 'B':
			text = p_value(mem, &rsa, true);
			break;
		case 'O':
			text = p_value(mem, &other_rsa, false);
			break;
		case 'W':
			text = p_value(mem, &weak, false);
			break;
		case 'S':
			text = p_value(mem, &ed, false);
			break;
		case 'E':
			text = raw_ed(mem, &ed);
			break;
		case 'X':
			text = raw_ed(mem, &other_ed);
			break;
		default:
			fail();
			return SLICE("");
		}
		strbuf_add(&buf, slice_sub(text, 0, 20));
		strbuf_add_cstr(&buf, " \t ");
		strbuf_add(&buf, slice_from(text, 20));
	}
	return strbuf_slice(&buf);
}

struct record_case {
	const char *record;
	enum key_status status;
	const char *text; /* that stands in the sentence */
	unsigned int notes;
};

/* The record stands apart, and in the text, but not in what was found. */
static void
check_publish(
    const struct key_shown *shown, bool is_published, struct slice record)
{
	assert_true(slice_starts(shown->text, shown->found));
	assert_false(slice_has_text_nocase(shown->found, record));
	assert_true(
	    slice_has_text_nocase(shown->text, record) == !is_published);
	if (is_published) {
		assert_int_equal(shown->publish.len, 0);
		assert_true(slice_eq(shown->text, shown->found));
	} else {
		assert_true(slice_eq(shown->publish, record));
		assert_true(
		    slice_starts(slice_from(shown->text, shown->found.len),
			SLICE("; publish there one TXT record, \"")));
	}
}

static void
check_records(
    const struct sign_key *key, const struct record_case *cases, size_t count)
{
	struct arena mem;

	arena_init(&mem);
	for (size_t i = 0; i < count; i++) {
		const struct record_case *c = &cases[i];
		struct key_shown shown;

		key_status_judge(key, expand(&mem, c->record), &mem, &shown);
		if (shown.status != c->status || shown.notes != c->notes ||
		    !slice_has_text_nocase(shown.text, slice_of(c->text)))
			fail_msg("%s: %s, notes %x: %.*s", c->record,
			    key_status_name(shown.status), shown.notes,
			    SLICE_ARGS(shown.text));
		/* What to publish stands there when something is to be done. */
		check_publish(
		    &shown, c->status == KEY_PUBLISHED, key_record(&mem, key));
		assert_true(slice_starts(
		    shown.text, SLICE("s._domainkey.corp.example: ")));
	}
	arena_done(&mem);
}

static void
records_of_an_rsa_key(void **state)
{
	static const struct record_case cases[] = {
		{ "v=DKIM1; k=rsa; h=sha256; p=@R", KEY_PUBLISHED,
		    "the key is published", 0 },
		{ "p=@R", KEY_PUBLISHED, "", 0 },
		{ "k=rsa;p=@R;", KEY_PUBLISHED, "", 0 },
		{ "v=DKIM1; h = sha1 : sha256 ; s = foo : email ; p = @R ; "
		  "n=a note; x=unknown; g=*",
		    KEY_PUBLISHED, "", 0 },
		{ "v=DKIM1; s=*; p=@R", KEY_PUBLISHED, "", 0 },
		{ "v=DKIM1; t=y:s; p=@R", KEY_PUBLISHED, "t=y says",
		    KEY_NOTE_TESTING | KEY_NOTE_STRICT },
		{ "v=DKIM1; t=s; p=@R", KEY_PUBLISHED, "", KEY_NOTE_STRICT },
		{ "v=DKIM1; p=@B", KEY_PUBLISHED, "bare RSAPublicKey",
		    KEY_NOTE_BARE },
		{ "v=DKIM1; p=", KEY_REVOKED, "revoked", 0 },
		{ "v=DKIM1; t=y; p= \t", KEY_REVOKED, "revoked",
		    KEY_NOTE_TESTING },
		{ "v=DKIM1; p=@O", KEY_DIFFERS, "another key", 0 },
		{ "v=DKIM1; p=@W", KEY_DIFFERS, "another key", KEY_NOTE_SHORT },
		{ "v=DKIM1; k=ed25519; p=@E", KEY_UNUSABLE, "k= is not rsa",
		    0 },
		{ "v=DKIM1; k=RSA; p=@R", KEY_UNUSABLE, "k= is not rsa", 0 },
		{ "v=DKIM1; h=sha1; p=@R", KEY_UNUSABLE,
		    "h= does not allow sha256", 0 },
		{ "v=DKIM1; h=; p=@R", KEY_UNUSABLE, "h= does not", 0 },
		{ "v=DKIM1; s=tlsrpt; p=@R", KEY_UNUSABLE,
		    "s= does not allow email", 0 },
		{ "v=DKIM1; k=rsa", KEY_UNUSABLE, "p= is missing", 0 },
		{ "v=DKIM1; p=@R; p=@R", KEY_UNUSABLE, "p= is there twice", 0 },
		{ "k=rsa; v=DKIM1; p=@R", KEY_UNUSABLE, "v=DKIM1 at the", 0 },
		{ "v=dkim1; p=@R", KEY_UNUSABLE, "v=DKIM1 at the", 0 },
		{ "v=DKIM2; p=@R", KEY_UNUSABLE, "v=DKIM1 at the", 0 },
		{ "v=DKIM1; p=@E", KEY_UNUSABLE, "p= is not an RSA key", 0 },
		{ "v=DKIM1; p=@S", KEY_UNUSABLE, "p= is not an RSA key", 0 },
		{ "v=DKIM1; p=@RAAAA", KEY_UNUSABLE, "p= is not an RSA key",
		    0 },
		{ "v=DKIM1; p=MIIB", KEY_UNUSABLE, "p= is not an RSA key", 0 },
		{ "v=DKIM1; p=@R*", KEY_UNUSABLE, "p= is not base64", 0 },
		{ "v=DKIM1; p=AAA", KEY_UNUSABLE, "p= is not base64", 0 },
		{ "v=DKIM1; p=A===", KEY_UNUSABLE, "p= is not base64", 0 },
		{ "v=DKIM1; p=AA=A", KEY_UNUSABLE, "p= is not base64", 0 },
		{ "v=DKIM1 p=@R", KEY_UNUSABLE, "v=DKIM1 at the", 0 },
		{ "v=DKIM1;; p=@R", KEY_UNUSABLE,
		    "no key record but \"v=DKIM1"
		    ";; p=",
		    0 },
		{ "v=spf1 -all", KEY_UNUSABLE, "v=DKIM1 at the", 0 },
		{ "", KEY_UNUSABLE, "nothing in it", 0 },
		{ ";; publish there p=", KEY_UNUSABLE,
		    "but \";; publish there p=\" (", 0 },
		{ "hello\n\x01", KEY_UNUSABLE, "\"hello\\x0a\\x01\"", 0 },
	};

	(void)state;
	check_records(&rsa, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
records_of_an_ed25519_key(void **state)
{
	static const struct record_case cases[] = {
		{ "v=DKIM1; k=ed25519; h=sha256; p=@E", KEY_PUBLISHED, "", 0 },
		{ "v=DKIM1; k=ed25519; p=@X", KEY_DIFFERS, "another key", 0 },
		{ "v=DKIM1; k=ed25519; p=@S", KEY_UNUSABLE, "not the 32 octets",
		    0 },
		{ "v=DKIM1; p=@E", KEY_UNUSABLE, "k= is not ed25519", 0 },
		{ "v=DKIM1; k=ed25519; p=", KEY_REVOKED, "revoked", 0 },
	};

	(void)state;
	check_records(&ed, cases, sizeof(cases) / sizeof(cases[0]));
}

static void
keys_that_are_too_short_are_named(void **state)
{
	struct key_shown shown;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	key_status_judge(&weak, key_record(&mem, &weak), &mem, &shown);
	assert_int_equal(shown.status, KEY_UNUSABLE);
	assert_true(
	    slice_has_text_nocase(shown.text, SLICE("under 1024 bits")));
	key_status_judge(
	    &short_rsa, key_record(&mem, &short_rsa), &mem, &shown);
	assert_int_equal(shown.status, KEY_PUBLISHED);
	assert_int_equal(shown.notes, KEY_NOTE_SHORT);
	arena_done(&mem);
}

static void
DNS_is_asked_for_the_name_of_the_key(void **state)
{
	static const struct {
		const char *zone; /* "@" is what genkey writes */
		enum key_status status;
		const char *text;
	} cases[] = {
		{ "@", KEY_PUBLISHED, "the key is published" },
		{ "s._domainkey.corp.example. IN CNAME k.esp.example.\n"
		  "k.esp.example. IN TXT \"v=DKIM1; p=\"\n",
		    KEY_REVOKED, "revoked" },
		{ "corp.example. IN TXT x\n", KEY_ABSENT, "no such name" },
		{ "", KEY_ABSENT, "no such name" },
		{ "s._domainkey.corp.example. IN A 192.0.2.1\n", KEY_ABSENT,
		    "no TXT record" },
		{ "@s._domainkey.corp.example. IN TXT \"v=spf1 -all\"\n",
		    KEY_UNUSABLE, "2 TXT records" },
		{ "s._domainkey.corp.example. IN FAIL\n", KEY_UNKNOWN,
		    "not known whether the key is published" },
		{ "s._domainkey.corp.example. IN TIMEOUT\n", KEY_UNKNOWN,
		    "timed out" },
	};
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *zone = cases[i].zone;
		struct slice entry = key_zone_entry(&mem, &rsa);
		struct key_shown shown;
		struct resolver *dns = NULL;
		struct err err;
		bool ours = zone[0] == '@';

		if (ours)
			zone = slice_format(
			    &mem, "%.*s%s", SLICE_ARGS(entry), zone + 1)
				   .data;
		if (zone_resolver_new(slice_of(zone), "zone", &dns, &err) != 0)
			fail_msg("%s", err.text);
		key_status_check(
		    dns, &rsa, clock_monotonic_us() + 1000000, &mem, &shown);
		resolver_unref(dns);
		check_slice("name", shown.name, "s._domainkey.corp.example");
		assert_int_equal(shown.publish.len == 0,
		    shown.status == KEY_PUBLISHED ||
			shown.status == KEY_UNKNOWN);
		if (shown.status != cases[i].status ||
		    !slice_has_text_nocase(shown.text, slice_of(cases[i].text)))
			fail_msg("%s: %s: %.*s", cases[i].zone,
			    key_status_name(shown.status),
			    SLICE_ARGS(shown.text));
	}
	arena_done(&mem);
}

static void
make_key(struct sign_key *key, unsigned int rsa_bits)
{
	*key = (struct sign_key){ .domain = SLICE("corp.example"),
		.selector = SLICE("s"),
		.bits = rsa_bits,
		.algorithm =
		    rsa_bits > 0 ? KEY_RSA_SHA256 : KEY_ED25519_SHA256 };
	key->pkey = rsa_bits > 0 ? EVP_RSA_gen(rsa_bits) :
				   EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	assert_non_null(key->pkey);
}

static int
make_keys(void **state)
{
	(void)state;
	make_key(&rsa, 2048);
	make_key(&other_rsa, 2048);
	make_key(&short_rsa, 1024);
	make_key(&weak, 768);
	make_key(&ed, 0);
	make_key(&other_ed, 0);
	return 0;
}

static int
free_keys(void **state)
{
	struct sign_key *keys[] = { &rsa, &other_rsa, &short_rsa, &weak, &ed,
		&other_ed };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		EVP_PKEY_free(keys[i]->pkey);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_an_rsa_key),
		cmocka_unit_test(records_of_an_ed25519_key),
		cmocka_unit_test(keys_that_are_too_short_are_named),
		cmocka_unit_test(DNS_is_asked_for_the_name_of_the_key),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
