/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit.h"
#include "../../generate_key.h"

#include "sign/signer.h"

static const struct slice names[] = { { "from", 4 }, { "to", 2 },
	{ "subject", 7 } };

static const struct field fields[] = {
	{ { "From", 4 }, { " Alice\n <alice@corp.example>", 28 } },
	{ { "To", 2 }, { " one@rcpt.example", 17 } },
	{ { "X-Other", 7 }, { " not  signed", 12 } },
	{ { "Subject", 7 }, { "  two  blanks ", 14 } },
	{ { "Subject", 7 }, { " again", 6 } },
};

/* A new key; its files go at once. */
static void
make_key(struct arena *mem, enum key_algorithm algorithm, struct sign_key *key)
{
	char directory[] = "/tmp/submilter-unit.XXXXXX";
	struct err err;

	assert_non_null(mkdtemp(directory));
	if (generate_key(&(struct key_spec){ SLICE("s"), algorithm, 2048 },
		slice_of(directory), SLICE("corp.example"), mem, key,
		&err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(unlink(key->path.data), 0);
	assert_int_equal(
	    rmdir(slice_format(mem, "%s/corp.example", directory).data), 0);
	assert_int_equal(rmdir(directory), 0);
}

static struct signature
sign(const struct sign_engine *engine, const struct sign_policy *policy,
    const struct sign_key *key, struct arena *mem)
{
	const struct sign_key *keys[] = { key };
	struct signature signature = { 0 };
	struct signer *signer;
	struct err err;

	if (engine->begin(
		&(const struct sign_request){ policy, keys, 1, 1795428930 },
		&signer, &err) != 0 ||
	    engine->header(signer, fields, sizeof(fields) / sizeof(fields[0]),
		&err) != 0 ||
	    engine->body(signer, SLICE("Hello.\r\n"), &err) != 0 ||
	    engine->finish(signer, mem, &signature, &err) != 0)
		fail_msg("%s", err.text);
	engine->free(signer);
	return signature;
}

static int
check(const struct sign_policy *policy, const struct signature *signature,
    const struct field *header, struct arena *mem)
{
	struct err err;

	return signature_check(policy, signature,
	    &(const struct sign_header){
		header, sizeof(fields) / sizeof(fields[0]) },
	    mem, &err);
}

/* Any octet of the signature or of a signed field that differs shows. */
static void
check_damage(const struct sign_policy *policy, struct signature signature,
    struct arena *mem)
{
	struct field header[sizeof(fields) / sizeof(fields[0])];
	char *value = slice_cstr(mem, signature.value);
	struct slice whole = { value, signature.value.len };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		header[i] = fields[i];
	signature.value = whole;
	for (size_t i = whole.len - 40; i < whole.len - 4; i += 7) {
		char was = value[i];

		if (!char_is_alpha(was))
			continue;
		value[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(check(policy, &signature, header, mem), -1);
		value[i] = was;
	}
	assert_int_equal(check(policy, &signature, header, mem), 0);
	header[1].value = SLICE(" two@rcpt.example");
	assert_int_equal(check(policy, &signature, header, mem), -1);
	header[1].value = fields[1].value;
	header[2].value = SLICE(" something else");
	assert_int_equal(check(policy, &signature, header, mem), 0);
}

static void
finished_signatures_are_good_and_damaged_ones_are_not(void **state)
{
	static const struct sign_engine *const engines[] = {
		&sign_engine_native, &sign_engine_opendkim
	};
	static const enum key_algorithm algorithms[] = { KEY_RSA_SHA256,
		KEY_ED25519_SHA256 };
	static const enum canonicalization canons[] = { CANON_RELAXED,
		CANON_SIMPLE };
	struct err err;

	(void)state;
	for (size_t a = 0; a < 2; a++) {
		struct sign_key key;
		struct arena mem;

		arena_init(&mem);
		make_key(&mem, algorithms[a], &key);
		for (size_t e = 0; e < 2; e++) {
			assert_int_equal(engines[e]->init(&err), 0);
			for (size_t c = 0; c < 2; c++) {
				struct sign_policy policy = { .header_canon =
								  canons[c],
					.body_canon = canons[c],
					.signed_names = names,
					.signed_count = 3,
					.oversigned_names = names,
					.oversigned_count = 2 };

				check_damage(&policy,
				    sign(engines[e], &policy, &key, &mem),
				    &mem);
			}
		}
		key_done(&key);
		arena_done(&mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    finished_signatures_are_good_and_damaged_ones_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
