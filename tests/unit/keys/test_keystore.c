/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "../../../milter/keys/keystore_priv.h"
#include "keys/key_crypto.h"
#include "keys/keystore.h"

enum { DOMAINS = 6 };

/* A source in memory, which counts what it is asked for. */
struct memory_source {
	struct key_source source;
	size_t lists;
	_Atomic size_t reads;
	_Atomic size_t reads_of[DOMAINS];
	bool bad[DOMAINS];  /* the key cannot be read */
	bool gone[DOMAINS]; /* the domain is not named */
	uint64_t marks[DOMAINS];
	bool freed;
};

static struct arena memory;
static struct slice pem[2];
static struct memory_source fake;

static struct slice
name_of(size_t index, struct arena *mem)
{
	return slice_format(mem, "d%zu.example", index);
}

static int
memory_list(
    const struct key_source *source, struct key_lister *lister, struct err *err)
{
	(void)err;
	assert_ptr_equal(source, &fake.source);
	fake.lists++;
	for (size_t i = 0; i < DOMAINS; i++) {
		if (!fake.gone[i])
			lister->domain(lister,
			    slice_format(lister->mem, "%zu", i),
			    name_of(i, lister->mem), "memory");
	}
	return 0;
}

static void
memory_read(const struct key_source *source, struct slice place,
    struct key_reader *reader)
{
	unsigned long i = 0;

	(void)source;
	if (!slice_number(place, DOMAINS - 1, &i)) {
		reader->fault(reader, "memory", "it is away");
		return;
	}
	fake.reads++;
	fake.reads_of[i]++;
	if (fake.bad[i])
		(void)reader->bad_key(
		    reader, "memory", SLICE("S1"), "it is bad");
	else
		(void)reader->key(reader, "memory",
		    &(struct key_text){ SLICE("S1"), pem[0], 1 });
	/* One domain has two keys, the first of which may be bad. */
	if (i == 1)
		(void)reader->key(reader, "memory",
		    &(struct key_text){ SLICE("s2"), pem[1], 1 });
}

static void
memory_mark(const struct key_source *source, struct slice place, bool whole,
    struct key_mark *mark)
{
	unsigned long i = 0;

	(void)source;
	if (whole && slice_number(place, DOMAINS - 1, &i))
		mark->value += fake.marks[i];
}

static void
memory_free(struct key_source *source)
{
	assert_ptr_equal(source, &fake.source);
	fake.freed = true;
}

static struct key_source *
new_source(void)
{
	static const struct key_source_ops ops = {
		.list = memory_list, .read = memory_read, .free = memory_free
	};

	fake = (struct memory_source){ .source = { .ops = &ops } };
	return &fake.source;
}

struct heard {
	size_t errors;
	size_t warnings;
	char last[200];
};

static void
hear(void *arg, bool is_error, const char *text)
{
	struct heard *heard = arg;

	heard->errors += is_error;
	heard->warnings += !is_error;
	(void)snprintf(heard->last, sizeof(heard->last), "%s", text);
}

static struct keystore *
open_store(struct key_source *source, size_t room, struct keystore *previous,
    struct heard *heard)
{
	struct keystore *store;
	struct err err;

	*heard = (struct heard){ 0 };
	assert_int_equal(keystore_open(source,
			     &(struct keystore_options){ room, previous,
				 &(struct report){ hear, heard } },
			     &store, &err),
	    0);
	return store;
}

/* Takes the keys of a domain and tries each; how many there are. */
static size_t
try_keys(struct keystore *store, size_t index)
{
	static const unsigned char hash[SHA256_BYTES] = "a hash";
	struct key_signature signature;
	struct domain_keys *keys;
	struct arena mem;
	size_t count;
	struct err err;

	arena_init(&mem);
	keys = keystore_take(store, name_of(index, &mem));
	assert_non_null(keys);
	assert_true(slice_eq(keys->domain, name_of(index, &mem)));
	count = keys->count;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(
		    key_sign(keys->keys[i], hash, &signature, &err), 0);
	domain_keys_release(keys);
	arena_done(&mem);
	return count;
}

static void
all_keys_are_read_at_once_where_there_is_room(void **state)
{
	struct heard heard;
	struct keystore *store =
	    open_store(new_source(), DOMAINS, NULL, &heard);
	const struct domain_keys *known =
	    keystore_find(store, SLICE("d1.example"), &memory);

	(void)state;
	assert_int_equal(fake.reads, DOMAINS);
	assert_int_equal(keystore_domain_count(store), DOMAINS);
	assert_false(keystore_has_unread(store) || keystore_lacks_keys(store));
	/* What is known has no private key. */
	assert_int_equal(known->count, 2);
	check_slice("s=", known->keys[0]->selector, "s1");
	assert_int_equal(known->keys[0]->fingerprint.len, 64);
	assert_null(known->keys[0]->pkey);
	assert_int_equal(known->keys[0]->pem.len, 0);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < DOMAINS; i++)
			assert_int_equal(try_keys(store, i), i == 1 ? 2 : 1);
	}
	assert_int_equal(fake.reads, DOMAINS);
	assert_null(keystore_take(store, SLICE("none.example")));
	assert_null(keystore_find(store, SLICE("none.example"), &memory));
	keystore_free(store);
	assert_true(fake.freed);
}

static void
a_walk_meets_each_domain_once(void **state)
{
	CLEANUP(keystore_walk_done) struct keystore_walk walk, nothing;
	struct heard heard;
	struct keystore *store =
	    open_store(new_source(), DOMAINS, NULL, &heard);
	size_t count = 0;

	(void)state;
	keystore_walk_init(&walk, store);
	while (keystore_walk_next(&walk)) {
		assert_true(slice_eq(
		    walk.domain->name, keystore_domain_name(store, count)));
		(void)slice_dup(&walk.mem, walk.domain->name);
		count++;
	}
	assert_int_equal(count, DOMAINS);
	assert_false(keystore_walk_next(&walk));
	keystore_walk_init(&nothing, NULL);
	assert_false(keystore_walk_next(&nothing));
	keystore_free(store);
}

static void
keys_are_read_on_use_and_those_of_few_domains_are_kept(void **state)
{
	struct heard heard;
	struct keystore *store = open_store(new_source(), 2, NULL, &heard);

	(void)state;
	assert_int_equal(fake.reads, 0);
	assert_int_equal(keystore_domain_count(store), DOMAINS);
	assert_true(keystore_find(store, SLICE("d0.example"), &memory)->unread);
	/* Nobody has looked: no key is missed yet. */
	assert_true(keystore_has_unread(store));
	assert_false(keystore_lacks_keys(store) || keystore_is_empty(store));
	assert_int_equal(try_keys(store, 0), 1);
	assert_int_equal(try_keys(store, 1), 2);
	assert_int_equal(try_keys(store, 0), 1);
	assert_int_equal(fake.reads, 2);
	/* The one that was not needed for longest makes room. */
	assert_int_equal(try_keys(store, 2), 1);
	assert_int_equal(try_keys(store, 0), 1);
	assert_int_equal(fake.reads, 3);
	assert_int_equal(try_keys(store, 1), 2);
	assert_int_equal(fake.reads_of[1], 2);
	/* What is known of it stays. */
	assert_int_equal(
	    keystore_find(store, SLICE("d2.example"), &memory)->count, 1);
	keystore_free(store);
}

static void
who_holds_keys_keeps_them_when_they_make_room(void **state)
{
	static const unsigned char hash[SHA256_BYTES] = "a hash";
	struct key_signature signature;
	struct heard heard;
	struct keystore *store = open_store(new_source(), 1, NULL, &heard);
	struct domain_keys *held = keystore_take(store, SLICE("d0.example"));
	struct err err;

	(void)state;
	for (size_t i = 1; i < DOMAINS; i++)
		(void)try_keys(store, i);
	assert_int_equal(key_sign(held->keys[0], hash, &signature, &err), 0);
	domain_keys_release(held);
	keystore_free(store);
}

static void
a_bad_key_concerns_its_domain_alone(void **state)
{
	struct heard heard;
	struct key_source *source = new_source();
	struct keystore *store;
	const struct domain_keys *known;

	(void)state;
	fake.bad[0] = fake.bad[1] = true;
	store = open_store(source, DOMAINS, NULL, &heard);
	assert_int_equal(heard.errors, 2);
	assert_int_equal(keystore_faults(store), 2);
	assert_int_equal(try_keys(store, 0), 0);
	assert_int_equal(try_keys(store, 1), 1);
	assert_int_equal(try_keys(store, 2), 1);
	known = keystore_find(store, SLICE("d0.example"), &memory);
	assert_true(known->told && !known->unread && !known->gone);
	check_slice("fault", known->fault, "key memory: it is bad");
	assert_true(keystore_lacks_keys(store));
	/* It was told, and waits for a reload. */
	fake.bad[0] = false;
	assert_int_equal(try_keys(store, 0), 0);
	keystore_free(store);
}

static void
a_fault_that_is_found_on_use_ends_with_its_cause(void **state)
{
	struct heard heard;
	struct keystore *store = open_store(new_source(), 2, NULL, &heard);
	struct domain_keys *keys;

	(void)state;
	fake.bad[1] = true;
	keys = keystore_take(store, SLICE("d1.example"));
	assert_int_equal(keys->count, 1);
	assert_false(keys->told);
	check_slice("fault", keys->fault, "key memory: it is bad");
	domain_keys_release(keys);
	fake.bad[1] = false;
	assert_int_equal(try_keys(store, 1), 2);
	assert_int_equal(
	    keystore_find(store, SLICE("d1.example"), &memory)->fault.len, 0);
	/* Of a domain whose only key is bad, it is known that it lacks them. */
	fake.bad[3] = true;
	assert_int_equal(try_keys(store, 3), 0);
	assert_true(keystore_lacks_keys(store));
	fake.bad[3] = false;
	assert_int_equal(try_keys(store, 3), 1);
	assert_false(keystore_lacks_keys(store));
	keystore_free(store);
}

static void
who_looks_at_all_keys_displaces_none_that_sign(void **state)
{
	struct heard heard;
	struct keystore *store = open_store(new_source(), 2, NULL, &heard);

	(void)state;
	(void)try_keys(store, 0);
	(void)try_keys(store, 1);
	for (size_t i = 0; i < DOMAINS; i++) {
		struct arena mem;
		struct domain_keys *keys;

		arena_init(&mem);
		keys = keystore_take_once(store, name_of(i, &mem));
		assert_true(keys->count > 0 && keys->keys[0]->pkey != NULL);
		domain_keys_release(keys);
		arena_done(&mem);
	}
	assert_false(keystore_has_unread(store));
	fake.reads = 0;
	(void)try_keys(store, 0);
	(void)try_keys(store, 1);
	assert_int_equal(fake.reads, 0);
	(void)try_keys(store, 2);
	assert_int_equal(fake.reads, 1);
	keystore_free(store);
}

static void
commands_read_what_nobody_has_needed(void **state)
{
	struct heard heard;
	struct keystore *store = open_store(new_source(), 2, NULL, &heard);

	(void)state;
	assert_int_equal(try_keys(store, 0), 1);
	fake.bad[4] = true;
	keystore_read_all(store, &(struct report){ hear, &heard });
	assert_int_equal(fake.reads, DOMAINS);
	assert_int_equal(heard.errors, 1);
	assert_string_equal(heard.last, "key memory: it is bad");
	assert_false(keystore_has_unread(store));
	keystore_free(store);
}

static void
keys_that_were_read_go_on_where_they_are_away(void **state)
{
	struct heard heard;
	struct key_source *source = new_source();
	struct keystore *first = open_store(source, 3, NULL, &heard), *next;

	(void)state;
	(void)try_keys(first, 0);
	(void)try_keys(first, 1);
	fake.reads = 0;
	fake.bad[0] = fake.bad[2] = fake.gone[1] = true;
	next = open_store(source, 3, first, &heard);
	/* Those that the store before has read are read again, and told of. */
	assert_int_equal(fake.reads, 1);
	assert_int_equal(heard.errors, 2);
	assert_int_equal(try_keys(next, 0), 1);
	assert_int_equal(try_keys(next, 1), 2);
	/* Nobody had the other one. */
	assert_int_equal(try_keys(next, 2), 0);
	/* The store before serves those who have it still. */
	assert_int_equal(try_keys(first, 1), 2);
	keystore_free(first);
	assert_int_equal(try_keys(next, 1), 2);
	keystore_free(next);
}

static void *
take_many(void *arg)
{
	for (size_t i = 0; i < 200; i++)
		(void)try_keys(arg, (i * 7 + i / 11) % DOMAINS);
	return NULL;
}

static void
a_reload_reads_only_keys_whose_files_have_changed(void **state)
{
	static const struct key_source_ops ops = { .list = memory_list,
		.read = memory_read,
		.mark = memory_mark,
		.free = memory_free };
	struct key_source *source = new_source();
	struct heard heard;
	struct keystore *before, *after;

	(void)state;
	fake.source.ops = &ops;
	fake.bad[3] = true;
	before = open_store(source, DOMAINS, NULL, &heard);
	assert_int_equal(fake.reads, DOMAINS);
	fake.marks[2] = 1;
	after = open_store(source, DOMAINS, before, &heard);
	/* That of the domain with a fault is told again. */
	assert_int_equal(fake.reads, DOMAINS + 2);
	assert_int_equal(fake.reads_of[2], 2);
	assert_int_equal(fake.reads_of[3], 2);
	assert_int_equal(heard.errors, 1);
	for (size_t i = 0; i < DOMAINS; i++)
		assert_int_equal(try_keys(after, i), i == 1 ? 2 : i != 3);
	/* What goes on belongs to both. */
	keystore_free(before);
	assert_int_equal(try_keys(after, 0), 1);
	keystore_free(after);
}

static void
a_reload_of_many_domains_reads_none_but_knows_all(void **state)
{
	struct key_source *source = new_source();
	struct heard heard;
	struct keystore *before = open_store(source, 2, NULL, &heard), *after;

	(void)state;
	assert_int_equal(fake.reads, 0);
	keystore_read_all(before, NULL);
	assert_int_equal(fake.reads, DOMAINS);
	after = open_store(source, 2, before, &heard);
	keystore_free(before);
	assert_int_equal(fake.reads, DOMAINS);
	assert_false(keystore_has_unread(after));
	assert_int_equal(
	    keystore_find(after, SLICE("d1.example"), &memory)->count, 2);
	assert_int_equal(try_keys(after, 1), 2);
	assert_int_equal(fake.reads, DOMAINS + 1);
	keystore_free(after);
}

/* There may be very many, and they are in memory once. */
static void
a_reload_shares_what_did_not_change(void **state)
{
	struct heard heard;
	struct keystore *before = open_store(new_source(), 2, NULL, &heard);
	struct keystore *after, *other;

	(void)state;
	keystore_read_all(before, NULL);
	after = open_store(&fake.source, 2, before, &heard);
	assert_ptr_equal(after->listed, before->listed);
	assert_ptr_equal(after->pool, before->pool);
	for (size_t i = 0; i < DOMAINS; i++)
		assert_ptr_equal(
		    keystore_known_at(after, i), keystore_known_at(before, i));
	fake.gone[0] = true;
	other = open_store(&fake.source, 2, after, &heard);
	assert_ptr_not_equal(other->listed, after->listed);
	assert_ptr_equal(other->pool, after->pool);
	/* One that had keys is not forgotten: it is behind the others. */
	assert_int_equal(keystore_domain_count(other), DOMAINS);
	assert_int_equal(
	    keystore_index(other, SLICE("d0.example")), DOMAINS - 1);
	assert_ptr_equal(
	    keystore_known_at(other, DOMAINS - 1), keystore_known_at(after, 0));
	keystore_free(before);
	keystore_free(after);
	assert_int_equal(try_keys(other, 1), 2);
	keystore_free(other);
}

static void
threads_share_what_is_kept(void **state)
{
	struct heard heard;
	struct keystore *store = open_store(new_source(), 2, NULL, &heard);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, take_many, store), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(try_keys(store, 1), 2);
	keystore_free(store);
}

static int
set_up(void **state)
{
	(void)state;
	arena_init(&memory);
	for (size_t i = 0; i < 2; i++) {
		EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		struct err err;

		if (pkey == NULL ||
		    key_to_pem(pkey, &memory, &pem[i], &err) != 0)
			return -1;
		EVP_PKEY_free(pkey);
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	arena_done(&memory);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_keys_are_read_at_once_where_there_is_room),
		cmocka_unit_test(a_walk_meets_each_domain_once),
		cmocka_unit_test(
		    keys_are_read_on_use_and_those_of_few_domains_are_kept),
		cmocka_unit_test(who_holds_keys_keeps_them_when_they_make_room),
		cmocka_unit_test(a_bad_key_concerns_its_domain_alone),
		cmocka_unit_test(
		    a_fault_that_is_found_on_use_ends_with_its_cause),
		cmocka_unit_test(
		    who_looks_at_all_keys_displaces_none_that_sign),
		cmocka_unit_test(commands_read_what_nobody_has_needed),
		cmocka_unit_test(keys_that_were_read_go_on_where_they_are_away),
		cmocka_unit_test(
		    a_reload_reads_only_keys_whose_files_have_changed),
		cmocka_unit_test(
		    a_reload_of_many_domains_reads_none_but_knows_all),
		cmocka_unit_test(a_reload_shares_what_did_not_change),
		cmocka_unit_test(threads_share_what_is_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
