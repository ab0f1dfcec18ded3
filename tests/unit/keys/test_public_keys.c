/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "../../../milter/keys/public_keys_priv.h"

#define PRINT "00ff20410a00000000000000000000000000000000000000000000000000f00d"

static const struct sign_key keys[] = {
	{ .domain = { "a.example", 9 },
	    .selector = { "s1", 2 },
	    .algorithm = KEY_ED25519_SHA256,
	    .bits = 256,
	    .path = { "/keys/a.example/s1.key", 22 },
	    .fingerprint = { PRINT, 64 },
	    .file_time = 17 },
	{ .domain = { "a.example", 9 },
	    .selector = { "s2", 2 },
	    .algorithm = KEY_RSA_SHA256,
	    .bits = 16384,
	    .path = { "/keys/a.example/S2.KEY", 22 },
	    .fingerprint = { PRINT, 64 },
	    .file_time = -5 },
};
static const struct key_name name = { .name = { "a.example", 9 },
	.place = { "a.example", 9 },
	.domain = { "a.example", 9 } };

static struct domain_keys
domain_with(const struct sign_key *const *list, size_t count)
{
	return (struct domain_keys){ .name = name.name,
		.domain = name.domain,
		.keys = list,
		.count = count };
}

static void
keys_are_shown_as_they_were(void **state)
{
	const struct sign_key *const list[] = { &keys[0], &keys[1] };
	struct domain_keys domain = domain_with(list, 2), *shown;
	struct key_source *source = key_directory_source(SLICE("/keys"));
	struct public_pool *pool = public_pool_new();
	const struct public_keys *known;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	domain.fault = SLICE("one cannot be read");
	domain.told = domain.unsure = true;
	known = public_keys_add(pool, &domain, source, name.place);
	assert_int_equal(public_keys_count(known), 2);
	assert_true(public_keys_have_fault(known));
	assert_false(public_keys_are_gone(known));
	shown = public_keys_show(known, source, &name, &mem);
	check_slice("name", shown->name, "a.example");
	check_slice("fault", shown->fault, "one cannot be read");
	assert_true(shown->told && shown->unsure && !shown->gone);
	assert_int_equal(shown->count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct sign_key *key = shown->keys[i];

		check_slice("domain", key->domain, "a.example");
		check_slice("selector", key->selector, keys[i].selector.data);
		check_slice("path", key->path, keys[i].path.data);
		check_slice("fingerprint", key->fingerprint, PRINT);
		assert_int_equal(key->algorithm, keys[i].algorithm);
		assert_int_equal(key->bits, keys[i].bits);
		assert_int_equal(key->file_time, keys[i].file_time);
		assert_null(key->pkey);
	}
	public_pool_unref(pool);
	key_source_free(source);
	arena_done(&mem);
}

static void
other_keys_are_told_from_them(void **state)
{
	const struct sign_key *const first[] = { &keys[0] };
	const struct sign_key *const second[] = { &keys[1] };
	struct sign_key changed = keys[0];
	const struct sign_key *const third[] = { &changed };
	struct domain_keys domain = domain_with(first, 1), other;
	struct key_source *source = key_directory_source(SLICE("/keys"));
	struct public_pool *pool = public_pool_new();
	const struct public_keys *known =
	    public_keys_add(pool, &domain, source, name.place);

	(void)state;
	assert_true(public_keys_are(known, &domain));
	other = domain_with(first, 0);
	assert_false(public_keys_are(known, &other));
	other = domain_with(second, 1);
	assert_false(public_keys_are(known, &other));
	other = domain_with(third, 1);
	assert_true(public_keys_are(known, &other));
	changed.fingerprint = SLICE("00ff20410a000000000000000000000000000000"
				    "00000000000000000000f00e");
	assert_false(public_keys_are(known, &other));
	domain.fault = SLICE("it is bad");
	assert_false(public_keys_are(known, &domain));
	public_pool_unref(pool);
	key_source_free(source);
}

/* There may be 100,000 of them. */
static void
a_pool_that_is_mostly_replaced_is_stale(void **state)
{
	const struct sign_key *const list[] = { &keys[0] };
	struct domain_keys domain = domain_with(list, 1);
	struct key_source *source = key_directory_source(SLICE("/keys"));
	struct public_pool *pool = public_pool_new();

	(void)state;
	for (size_t i = 0; i < 3001; i++)
		(void)public_keys_add(pool, &domain, source, name.place);
	assert_false(public_pool_is_stale(pool, 3001));
	assert_false(public_pool_is_stale(pool, 1001));
	assert_true(public_pool_is_stale(pool, 1000));
	public_pool_unref(pool);
	key_source_free(source);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_shown_as_they_were),
		cmocka_unit_test(other_keys_are_told_from_them),
		cmocka_unit_test(a_pool_that_is_mostly_replaced_is_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
