/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"
#include "../../generate_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "keys/key_lookup.h"
#include "keys/key_role.h"

enum { START = 1800000000 };

static const char *directory;
static struct arena memory;
static struct sign_key key, other;

static struct slice
path_of(const char *name)
{
	return slice_format(&memory, "%s/%s", directory, name);
}

static void
write_zone(const char *line)
{
	FILE *file = fopen(path_of("zone").data, "w");

	assert_non_null(file);
	assert_true(fprintf(file,
			"$TTL 300\ncorp.example. IN A 192.0.2.1\n"
			"%s\n",
			line) > 0);
	assert_int_equal(fclose(file), 0);
}

static struct config *
make_config(const char *sign)
{
	struct config *config;
	struct err err;

	assert_int_equal(config_read_text("test",
			     slice_format(&memory,
				 "dns { zone = \"%s/zone\"\n}\nsign { %s }\n",
				 directory, sign),
			     NULL, NULL, &config, &err),
	    0);
	return config;
}

static enum key_status
look(struct key_history *history, const _Atomic bool *stop)
{
	struct config *config = make_config("dkim-key = require");
	const struct sign_key *list[1] = { &key };
	struct key_shown shown;
	struct key_lookup *lookup;
	struct err err;

	assert_int_equal(key_lookup_open(config, &lookup, &err), 0);
	key_lookup_ask(lookup,
	    &(struct key_questions){ .keys = list,
		.count = 1,
		.history = history,
		.seconds = 1,
		.stop = stop },
	    &memory, &shown);
	key_lookup_close(lookup);
	config_free(config);
	return shown.status;
}

static void
a_look_finds_what_the_zone_shows(void **state)
{
	static const _Atomic bool stop = false;
	struct key_history *history = key_history_new();
	const struct {
		const char *line;
		enum key_status want;
	} cases[] = {
		{ "", KEY_ABSENT },
		{ key_zone_entry(&memory, &key).data, KEY_PUBLISHED },
		{ key_zone_entry(&memory, &other).data, KEY_DIFFERS },
		{ "e1._domainkey.corp.example. IN TXT \"k=ed25519; p=\"",
		    KEY_REVOKED },
		{ "e1._domainkey.corp.example. IN FAIL", KEY_UNKNOWN },
		{ "e1._domainkey.corp.example. IN TIMEOUT", KEY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum key_status found;

		write_zone(cases[i].line);
		found = look(history, &stop);
		if (found != cases[i].want)
			fail_msg(
			    "%s: %s", cases[i].line, key_status_name(found));
	}
	key_history_unref(history);
}

static bool
only_corp(const void *arg, struct slice domain)
{
	(void)arg;
	return slice_eq(domain, SLICE("corp.example"));
}

/* Called once for each key, with how many were before it. */
static void
note_done(void *arg, size_t done)
{
	size_t *calls = arg;

	assert_int_equal(done, (*calls)++);
}

static void
ignore(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	(void)text;
}

static void
all_keys_of_wanted_domains_are_noted(void **state)
{
	struct key_history *history = key_history_new();
	struct config *config = make_config("dkim-key = warn");
	struct key_role_rules rules = key_role_rules_from_config(config, START);
	struct keystore *store;
	struct key_past past;
	enum key_role roles[MAX_KEYS_OF_DOMAIN];
	size_t calls = 0;
	struct err err;

	(void)state;
	clock_set(START);
	write_zone(key_zone_entry(&memory, &key).data);
	assert_int_equal(keystore_load(path_of("keys"),
			     &(struct keystore_options){
				 .report = &(struct report){ ignore, NULL } },
			     &store, &err),
	    0);
	assert_int_equal(key_lookup_all(config,
			     &(struct key_lookup_scope){ .store = store,
				 .history = history,
				 .is_wanted = only_corp,
				 .progress = note_done,
				 .progress_arg = &calls },
			     &err),
	    0);
	assert_int_equal(calls, 1);
	key_roles_decide(history,
	    keystore_find(store, SLICE("corp.example"), &memory), &rules,
	    roles);
	assert_int_equal(roles[0], KEY_ROLE_SIGNING);
	key_history_get(history,
	    keystore_find(store, SLICE("team.example"), &memory)->keys[0],
	    &memory, &past);
	assert_int_equal(past.looked, 0);
	clock_set(0);
	keystore_free(store);
	config_free(config);
	key_history_unref(history);
}

static void
a_zone_that_cannot_be_read_is_a_fault(void **state)
{
	struct config *config = make_config("dkim-key = require");
	struct key_lookup *lookup;
	struct err err;

	(void)state;
	write_zone("garbage");
	assert_int_equal(key_lookup_open(config, &lookup, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	config_free(config);
}

static void
monitor_mode_requires_nothing(void **state)
{
	static const struct {
		const char *text;
		bool required;
	} cases[] = {
		{ "dkim-key = require", true },
		{ "dkim-key = require\nmode = monitor", false },
		{ "dkim-key = require }\nmode = monitor\nsign { key-age = 72h",
		    false },
		{ "dkim-key = require\nmode = enforce }\nmode = monitor\n"
		  "sign { key-age = 72h",
		    true },
		{ "dkim-key = require }\npreflight { mode = monitor", true },
		{ "dkim-key = warn", false },
		{ "dkim-key = off", false },
		{ "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = make_config(cases[i].text);

		assert_int_equal(
		    key_status_required(config), cases[i].required);
		config_free(config);
	}
}

static int
set_up(void **state)
{
	static char template[] = "/tmp/submilter-sight.XXXXXX";
	struct err err;

	(void)state;
	arena_init(&memory);
	directory = mkdtemp(template);
	if (directory == NULL || mkdir(path_of("keys").data, 0700) != 0)
		return -1;
	if (generate_key(
		&(struct key_spec){ SLICE("e1"), KEY_ED25519_SHA256, 0 },
		path_of("keys"), SLICE("corp.example"), &memory, &key,
		&err) != 0 ||
	    generate_key(
		&(struct key_spec){ SLICE("e1"), KEY_ED25519_SHA256, 0 },
		path_of("keys"), SLICE("team.example"), &memory, &other,
		&err) != 0)
		return -1;
	/* The other key, where ours should be. */
	other.domain = key.domain;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "keys/corp.example/e1.key",
		"keys/team.example/e1.key", "keys/corp.example",
		"keys/team.example", "keys", "zone", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(names[i]).data);
	key_done(&key);
	key_done(&other);
	arena_done(&memory);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_finds_what_the_zone_shows),
		cmocka_unit_test(all_keys_of_wanted_domains_are_noted),
		cmocka_unit_test(a_zone_that_cannot_be_read_is_a_fault),
		cmocka_unit_test(monitor_mode_requires_nothing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
