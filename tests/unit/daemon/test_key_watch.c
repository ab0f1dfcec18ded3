/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"
#include "../../generate_key.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../../milter/daemon/key_watch_priv.h"

enum { PATIENCE_MS = 20000, STEP_MS = 20 };

static char directory[] = "/tmp/submilter-watch.XXXXXX";
static struct arena memory;
static struct sign_key corp, team;

/* What the daemon is to the watch. */
struct fake {
	pthread_mutex_t lock;
	struct key_watch watch;
	struct config *config;
	struct keystore *keys;
	struct key_history *history; /* NULL: DNS is not asked */
	size_t held;		     /* views that are not given back yet */
	size_t acquired;
	size_t renewed;
};

static struct slice
path_of(const char *name)
{
	return slice_format(&memory, "%s/%s", directory, name);
}

static void
write_zone(const char *one, const char *two)
{
	FILE *file = fopen(path_of("zone").data, "w");

	assert_non_null(file);
	assert_true(fprintf(file,
			"$TTL 300\ncorp.example. IN A 192.0.2.1\n"
			"team.example. IN A 192.0.2.1\n%s\n%s\n",
			one, two) > 0);
	assert_int_equal(fclose(file), 0);
}

static void
ignore(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	(void)text;
}

/* By any thread. */
static struct keystore *
load_keys(struct keystore *previous)
{
	struct keystore *store;
	struct arena mem;
	struct err err;

	arena_init(&mem);
	ENSURE(keystore_load(slice_format(&mem, "%s/keys", directory),
		   &(struct keystore_options){ .previous = previous,
		       .report = &(struct report){ ignore, NULL } },
		   &store, &err) == 0);
	arena_done(&mem);
	return store;
}

static struct key_watch_view
fake_acquire(void *arg)
{
	struct fake *fake = arg;
	struct key_watch_view view;

	ENSURE(pthread_mutex_lock(&fake->lock) == 0);
	fake->held++;
	fake->acquired++;
	view = (struct key_watch_view){ .config = fake->config,
		.keys = keystore_ref(fake->keys),
		.history = fake->history,
		.owner = fake };
	ENSURE(pthread_mutex_unlock(&fake->lock) == 0);
	return view;
}

static void
fake_release(void *arg, struct key_watch_view *view)
{
	struct fake *fake = arg;

	ENSURE(view->owner == fake);
	keystore_free(view->keys);
	ENSURE(pthread_mutex_lock(&fake->lock) == 0);
	fake->held--;
	ENSURE(pthread_mutex_unlock(&fake->lock) == 0);
}

static void
fake_renew(void *arg, const struct keystore *keys, bool forget_dns)
{
	struct fake *fake = arg;
	struct keystore *old = fake->keys;

	/* Nobody else changes them where this is called. */
	ENSURE(keys == old && !forget_dns);
	ENSURE(pthread_mutex_lock(&fake->lock) == 0);
	fake->keys = load_keys(old);
	fake->renewed++;
	ENSURE(pthread_mutex_unlock(&fake->lock) == 0);
	keystore_free(old);
	key_watch_wake(&fake->watch);
}

static void
fake_start(struct fake *fake, const char *preflight)
{
	const struct key_watch_hands hands = { .arg = fake,
		.acquire = fake_acquire,
		.release = fake_release,
		.renew = fake_renew };
	struct err err;

	*fake = (struct fake){ .lock = PTHREAD_MUTEX_INITIALIZER };
	assert_int_equal(
	    config_read_text("test",
		slice_format(&memory,
		    "dns { zone = \"%s/zone\"\n}\nsign { key-interval = "
		    "10\nkey-states = \"%s/history\"\n%s }\n",
		    directory, directory, preflight),
		NULL, NULL, &fake->config, &err),
	    0);
	fake->keys = load_keys(NULL);
	if (fake->config->sign.dkim_key != DKIM_KEY_OFF)
		fake->history = key_history_new();
	assert_int_equal(key_watch_start(&fake->watch, &hands, &err), 0);
}

static void
fake_stop(struct fake *fake)
{
	key_watch_stop(&fake->watch);
	assert_int_equal(fake->held, 0);
	keystore_free(fake->keys);
	key_history_unref(fake->history);
	config_free(fake->config);
}

static enum key_status
status_of(struct fake *fake, const struct sign_key *key)
{
	struct key_past past;

	key_history_get(fake->history, key, &memory, &past);
	return past.status;
}

static size_t
renewed(struct fake *fake)
{
	size_t count;

	ENSURE(pthread_mutex_lock(&fake->lock) == 0);
	count = fake->renewed;
	ENSURE(pthread_mutex_unlock(&fake->lock) == 0);
	return count;
}

/* Until DNS has shown that of the key; false: it never did. */
static bool
wait_for(struct fake *fake, const struct sign_key *key, enum key_status status)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int i = 0; i < PATIENCE_MS / STEP_MS; i++) {
		if (status_of(fake, key) == status)
			return true;
		(void)nanosleep(&step, NULL);
	}
	return false;
}

static void
the_first_round_asks_for_all_keys_and_the_end_writes_it_down(void **state)
{
	struct key_history *read = key_history_new();
	struct fake fake;
	struct key_past past;
	struct err err;
	bool found = false;

	(void)state;
	write_zone(key_zone_entry(&memory, &corp).data, "");
	fake_start(&fake, "dkim-key = require");
	assert_int_equal(status_of(&fake, &corp), KEY_PUBLISHED);
	assert_int_equal(status_of(&fake, &team), KEY_ABSENT);
	fake_stop(&fake);
	assert_int_equal(
	    key_history_read(read, path_of("history"), &found, &err), 0);
	assert_true(found);
	key_history_get(read, &corp, &memory, &past);
	assert_int_equal(past.status, KEY_PUBLISHED);
	key_history_get(read, &team, &memory, &past);
	assert_int_equal(past.status, KEY_ABSENT);
	key_history_unref(read);
}

static void
a_key_that_is_made_is_asked_for_without_a_reload(void **state)
{
	struct sign_key new;
	struct fake fake;
	struct err err;

	(void)state;
	write_zone(key_zone_entry(&memory, &corp).data,
	    key_zone_entry(&memory, &team).data);
	fake_start(&fake, "dkim-key = require");
	assert_int_equal(status_of(&fake, &team), KEY_PUBLISHED);
	assert_int_equal(
	    generate_key(
		&(struct key_spec){ SLICE("e2"), KEY_ED25519_SHA256, 0 },
		path_of("keys"), SLICE("team.example"), &memory, &new, &err),
	    0);
	assert_true(wait_for(&fake, &new, KEY_ABSENT));
	assert_true(renewed(&fake) > 0);
	fake_stop(&fake);
	key_done(&new);
}

/* Where DNS does not decide, new keys wait for a reload. */
static void
what_is_handed_over_counts_from_the_next_round_on(void **state)
{
	struct fake fake;
	struct keystore *old;

	(void)state;
	write_zone("", "");
	fake_start(&fake, "dkim-key = warn");
	assert_int_equal(status_of(&fake, &corp), KEY_ABSENT);
	write_zone(key_zone_entry(&memory, &corp).data, "");
	/* As a reload does it: other keys, and DNS is opened anew for them. */
	ENSURE(pthread_mutex_lock(&fake.lock) == 0);
	old = fake.keys;
	fake.keys = load_keys(old);
	ENSURE(pthread_mutex_unlock(&fake.lock) == 0);
	keystore_free(old);
	key_watch_wake(&fake.watch);
	assert_true(wait_for(&fake, &corp, KEY_PUBLISHED));
	assert_int_equal(renewed(&fake), 0);
	fake_stop(&fake);
}

static void
keys_that_are_not_to_be_watched_are_given_back(void **state)
{
	struct fake fake;

	(void)state;
	fake_start(&fake, "dkim-key = off");
	key_watch_wake(&fake.watch);
	fake_stop(&fake);
	assert_true(fake.acquired >= 1);
	assert_int_equal(access(path_of("history").data, F_OK), -1);
}

static int
remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
make_keys(void **state)
{
	struct err err;

	(void)state;
	arena_init(&memory);
	(void)strcpy(directory, "/tmp/submilter-watch.XXXXXX");
	if (mkdtemp(directory) == NULL ||
	    mkdir(path_of("keys").data, 0700) != 0)
		return -1;
	if (generate_key(
		&(struct key_spec){ SLICE("e1"), KEY_ED25519_SHA256, 0 },
		path_of("keys"), SLICE("corp.example"), &memory, &corp,
		&err) != 0 ||
	    generate_key(
		&(struct key_spec){ SLICE("e1"), KEY_ED25519_SHA256, 0 },
		path_of("keys"), SLICE("team.example"), &memory, &team,
		&err) != 0)
		return -1;
	return 0;
}

static int
remove_keys(void **state)
{
	(void)state;
	key_done(&corp);
	key_done(&team);
	arena_done(&memory);
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define WATCH_TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_keys, remove_keys)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(
		    the_first_round_asks_for_all_keys_and_the_end_writes_it_down),
		WATCH_TEST(a_key_that_is_made_is_asked_for_without_a_reload),
		WATCH_TEST(what_is_handed_over_counts_from_the_next_round_on),
		WATCH_TEST(keys_that_are_not_to_be_watched_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
