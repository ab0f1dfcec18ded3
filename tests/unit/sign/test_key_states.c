/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/key_states.h"

enum { HOUR = 3600, DAY = 24 * HOUR, START = 1800000000 };

static const struct key_rules rules = { 72 * HOUR, 7 * DAY };
static const char *directory;

/* Keys of one domain; the letter of a selector is its algorithm. */
struct fixture {
	struct arena mem;
	struct key_states *states;
	struct sign_key keys[MAX_KEYS_OF_DOMAIN];
	const struct sign_key *list[MAX_KEYS_OF_DOMAIN];
	struct domain_keys domain;
};

static void
add_key(struct fixture *f, const char *selector, time_t file_time)
{
	size_t i = f->domain.count++;

	f->keys[i] = (struct sign_key){ .domain = SLICE("corp.example"),
		.selector = slice_of(selector),
		.algorithm = selector[0] == 'e' ? KEY_ED25519_SHA256
		    : KEY_RSA_SHA256,
		.file_time = file_time,
		.fingerprint = slice_format(&f->mem, "%064zx", i + 1) };
	f->list[i] = &f->keys[i];
	key_states_track(f->states, &f->keys[i]);
}

static void
set_up(struct fixture *f, const char *const *selectors, time_t file_time)
{
	*f = (struct fixture){ .states = key_states_new() };
	arena_init(&f->mem);
	f->domain = (struct domain_keys){
		.domain = SLICE("corp.example"), .keys = f->list };
	for (size_t i = 0; selectors[i] != NULL; i++)
		add_key(f, selectors[i], file_time);
}

static void
tear_down(struct fixture *f)
{
	key_states_unref(f->states);
	arena_done(&f->mem);
}

static bool
say(struct fixture *f, size_t key, enum key_state state, time_t now)
{
	struct key_finding finding = { .state = state,
		.text = SLICE("what DNS said") };

	return key_states_note(f->states, &f->keys[key], &finding, now);
}

static void
check_use(struct fixture *f, size_t key, time_t now, enum key_use want)
{
	enum key_use uses[MAX_KEYS_OF_DOMAIN];

	key_states_uses(f->states, &f->domain, &rules, now, uses);
	if (uses[key] != want)
		fail_msg("key %zu is %s, not %s", key, key_use_name(uses[key]),
		    key_use_name(want));
}

static const char *const one[] = { "r1", NULL };
static const char *const two[] = { "r1", "r2", NULL };

static void
a_key_of_which_nothing_is_known_does_not_sign(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	check_use(&f, 0, START, KEY_USE_UNKNOWN);
	(void)say(&f, 0, KEY_UNKNOWN, START);
	check_use(&f, 0, START, KEY_USE_UNKNOWN);
	tear_down(&f);
}

static void
each_state_of_dns_has_its_use(void **state)
{
	static const struct {
		enum key_state said;
		enum key_use never_seen;
		enum key_use seen_before;
	} cases[] = {
		{ KEY_PUBLISHED, KEY_USE_SIGNING, KEY_USE_SIGNING },
		{ KEY_ABSENT, KEY_USE_PENDING, KEY_USE_UNPUBLISHED },
		{ KEY_REVOKED, KEY_USE_REVOKED, KEY_USE_REVOKED },
		{ KEY_DIFFERS, KEY_USE_DIFFERS, KEY_USE_DIFFERS },
		{ KEY_UNUSABLE, KEY_USE_UNUSABLE, KEY_USE_UNUSABLE },
		{ KEY_UNKNOWN, KEY_USE_UNKNOWN, KEY_USE_SIGNING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		set_up(&f, two, START);
		(void)say(&f, 0, cases[i].said, START);
		check_use(&f, 0, START, cases[i].never_seen);
		(void)say(&f, 1, KEY_PUBLISHED, START);
		check_use(&f, 1, START, KEY_USE_SIGNING);
		(void)say(&f, 1, cases[i].said, START + 1);
		check_use(&f, 1, START + 1, cases[i].seen_before);
		tear_down(&f);
	}
}

static void
a_revoked_key_does_not_sign_when_dns_falls_silent(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	(void)say(&f, 0, KEY_REVOKED, START + 1);
	(void)say(&f, 0, KEY_UNKNOWN, START + 2);
	check_use(&f, 0, START + 3, KEY_USE_REVOKED);
	tear_down(&f);
}

static void
the_last_known_state_counts_up_to_the_age_limit(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	(void)say(&f, 0, KEY_UNKNOWN, START + HOUR);
	check_use(&f, 0, START + 72 * HOUR, KEY_USE_SIGNING);
	check_use(&f, 0, START + 72 * HOUR + 1, KEY_USE_UNKNOWN);
	(void)say(&f, 0, KEY_PUBLISHED, START + 100 * HOUR);
	check_use(&f, 0, START + 172 * HOUR, KEY_USE_SIGNING);
	tear_down(&f);
}

/* What DNS denied once may be there by now. */
static void
no_state_counts_beyond_the_age_limit(void **state)
{
	static const enum key_state states[] = { KEY_ABSENT, KEY_REVOKED,
		KEY_DIFFERS, KEY_UNUSABLE };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct fixture f;

		set_up(&f, one, START);
		(void)say(&f, 0, states[i], START);
		(void)say(&f, 0, KEY_UNKNOWN, START + HOUR);
		check_use(&f, 0, START + 72 * HOUR + 1, KEY_USE_UNKNOWN);
		tear_down(&f);
	}
}

static void
a_time_in_the_future_is_not_believed(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	(void)say(&f, 0, KEY_PUBLISHED, START + DAY);
	check_use(&f, 0, START, KEY_USE_UNKNOWN);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	check_use(&f, 0, START, KEY_USE_SIGNING);
	tear_down(&f);
}

static void
a_new_key_takes_over_when_it_is_published(void **state)
{
	struct fixture f;
	time_t published = START + 2 * DAY;

	(void)state;
	set_up(&f, one, START - DAY);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	/* The selector of the new one comes first, so it is not by its name. */
	add_key(&f, "r0", START + DAY);
	check_use(&f, 0, START + DAY, KEY_USE_SIGNING);
	check_use(&f, 1, START + DAY, KEY_USE_UNKNOWN);
	(void)say(&f, 1, KEY_ABSENT, START + DAY);
	check_use(&f, 0, START + DAY, KEY_USE_SIGNING);
	check_use(&f, 1, START + DAY, KEY_USE_PENDING);
	(void)say(&f, 1, KEY_PUBLISHED, published);
	(void)say(&f, 0, KEY_PUBLISHED, published);
	check_use(&f, 1, published, KEY_USE_SIGNING);
	check_use(&f, 0, published, KEY_USE_OVERLAP);
	/* Old and new are looked at all the time. */
	(void)say(&f, 0, KEY_PUBLISHED, published + 7 * DAY);
	(void)say(&f, 1, KEY_PUBLISHED, published + 7 * DAY);
	check_use(&f, 0, published + 7 * DAY, KEY_USE_OVERLAP);
	check_use(&f, 0, published + 7 * DAY + 1, KEY_USE_RETIRE);
	check_use(&f, 1, published + 7 * DAY + 1, KEY_USE_SIGNING);
	/* The new one is taken back: the old one is there still. */
	(void)say(&f, 1, KEY_ABSENT, published + 8 * DAY);
	check_use(&f, 1, published + 8 * DAY, KEY_USE_UNPUBLISHED);
	check_use(&f, 0, published + 8 * DAY, KEY_USE_SIGNING);
	tear_down(&f);
}

static void
keys_that_were_there_before_are_as_old_as_their_files(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START - 20 * DAY);
	add_key(&f, "r0", START - 10 * DAY);
	(void)say(&f, 1, KEY_PUBLISHED, START);
	/* DNS was silent for the older one at first: it is no newer for that. */
	(void)say(&f, 0, KEY_UNKNOWN, START);
	(void)say(&f, 0, KEY_PUBLISHED, START + HOUR);
	check_use(&f, 1, START + HOUR, KEY_USE_SIGNING);
	check_use(&f, 0, START + HOUR, KEY_USE_RETIRE);
	tear_down(&f);
}

static void
a_file_of_before_1970_is_of_no_known_age(void **state)
{
	struct key_sighting sighting;
	struct fixture f;

	(void)state;
	set_up(&f, one, -DAY);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	key_states_get(f.states, &f.keys[0], &f.mem, &sighting);
	assert_int_equal(sighting.since, START);
	tear_down(&f);
}

static void
of_keys_of_one_age_the_later_selector_signs(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, two, START - DAY);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	(void)say(&f, 1, KEY_PUBLISHED, START);
	check_use(&f, 0, START, KEY_USE_OVERLAP);
	check_use(&f, 1, START, KEY_USE_SIGNING);
	tear_down(&f);
}

static void
each_algorithm_has_a_key_that_signs(void **state)
{
	static const char *const four[] = { "e1", "e2", "r1", "r2", NULL };
	struct fixture f;

	(void)state;
	set_up(&f, four, START - DAY);
	for (size_t i = 0; i < 4; i++)
		(void)say(&f, i, i == 1 ? KEY_DIFFERS : KEY_PUBLISHED, START);
	check_use(&f, 0, START, KEY_USE_SIGNING);
	check_use(&f, 1, START, KEY_USE_DIFFERS);
	check_use(&f, 2, START, KEY_USE_OVERLAP);
	check_use(&f, 3, START, KEY_USE_SIGNING);
	tear_down(&f);
}

static void
another_key_under_the_same_selector_begins_anew(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	f.keys[0].fingerprint = slice_format(&f.mem, "%064d", 9);
	check_use(&f, 0, START, KEY_USE_UNKNOWN);
	tear_down(&f);
}

static void
only_changes_are_told(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	assert_true(say(&f, 0, KEY_ABSENT, START));
	assert_false(say(&f, 0, KEY_ABSENT, START + 1));
	assert_true(say(&f, 0, KEY_PUBLISHED, START + 2));
	assert_false(say(&f, 0, KEY_PUBLISHED, START + 3));
	assert_true(say(&f, 0, KEY_UNKNOWN, START + 4));
	assert_false(say(&f, 0, KEY_UNKNOWN, START + 5));
	assert_true(say(&f, 0, KEY_PUBLISHED, START + 6));
	tear_down(&f);
}

/* The file. */

static struct slice
path_of(struct arena *mem, const char *name)
{
	return slice_format(mem, "%s/%s", directory, name);
}

static void
write_text(struct slice path, const char *text, mode_t mode)
{
	FILE *file = fopen(path.data, "w");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path.data, mode), 0);
}

static void
ignore(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	(void)text;
}

/* A store of one real key, and its path. */
static struct keystore *
make_store(struct arena *mem)
{
	struct slice keys = path_of(mem, "keys");
	struct keystore *store;
	struct sign_key key;
	struct err err;

	(void)mkdir(keys.data, 0700);
	if (access(path_of(mem, "keys/corp.example/e1.key").data, F_OK) != 0) {
		assert_int_equal(key_generate(keys, SLICE("corp.example"),
		    SLICE("e1"), KEY_ED25519_SHA256, 0, mem, &key, &err), 0);
		key_done(&key);
	}
	assert_int_equal(keystore_load(keys, NULL, ignore, NULL, &store, &err), 0);
	return store;
}

static void
what_is_written_is_read_again(void **state)
{
	struct arena mem;
	struct key_states *before = key_states_new();
	struct key_states *after = key_states_new();
	struct key_finding finding = { .state = KEY_PUBLISHED,
		.text = SLICE("e1: the key is \"there\"") };
	struct key_sighting sighting;
	struct keystore *store;
	const struct sign_key *key;
	struct slice path;
	struct stat st;
	bool found;
	struct err err;

	(void)state;
	arena_init(&mem);
	store = make_store(&mem);
	key = keystore_domain(store, 0)->keys[0];
	path = path_of(&mem, "written");
	assert_int_equal(key_states_read(after, path, &found, &err), 0);
	assert_false(found);
	assert_true(key_states_note(before, key, &finding, START));
	finding.state = KEY_UNKNOWN;
	assert_true(key_states_note(before, key, &finding, START + 5));
	assert_int_equal(key_states_write(before, store, path, &err), 0);
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_mode & 037, 0);
	assert_int_equal(key_states_read(after, path, &found, &err), 0);
	assert_true(found);
	key_states_get(after, key, &mem, &sighting);
	assert_int_equal(sighting.state, KEY_PUBLISHED);
	assert_int_equal(sighting.first_seen, START);
	assert_int_equal(sighting.last_seen, START);
	assert_int_equal(sighting.answered, START);
	assert_int_equal(sighting.looked, START + 5);
	check_slice("text", sighting.text, "e1: the key is \"there\"");
	keystore_free(store);
	key_states_unref(before);
	key_states_unref(after);
	arena_done(&mem);
}

#define HEAD "submilter key states 1\n"
#define PRINT "0000000000000000000000000000000000000000000000000000000000000001"
#define GOOD "corp.example r1 " PRINT " published 5 9 4 9 9 text\n"

static const struct {
	const char *text;
	const char *fault;	/* NULL: it is taken */
} files[] = {
	{ HEAD "end 0\n", NULL },
	{ HEAD GOOD "end 1\n", NULL },
	{ HEAD "corp.example r1 " PRINT " unknown 0 0 0 0 0 \nend 1\n", NULL },
	{ "", "line 1" },
	{ "submilter key states 2\nend 0\n", "line 1" },
	{ HEAD, "line 2: the end is missing" },
	{ HEAD GOOD, "line 3: the end is missing" },
	{ HEAD GOOD "end 1", "line 3" },
	{ HEAD GOOD "end 2\n", "line 3" },
	{ HEAD GOOD "end 0\n", "line 3" },
	{ HEAD GOOD "end 1\nmore\n", "line 3" },
	{ HEAD "\nend 1\n", "line 2: no domain" },
	{ HEAD "corp r1 " PRINT " published 5 9 4 9 9 \nend 1\n",
	    "line 2: no domain" },
	{ HEAD "corp.example r/1 " PRINT " published 5 9 4 9 9 \nend 1\n",
	    "line 2: no domain" },
	{ HEAD "corp.example r1 X" PRINT " published 5 9 4 9 9 \nend 1\n",
	    "line 2: no domain" },
	{ HEAD "corp.example r1 " PRINT " publishe 5 9 4 9 9 \nend 1\n",
	    "line 2: no state" },
	{ HEAD "corp.example r1 " PRINT " published 5 9 4 9\nend 1\n",
	    "line 2: no time" },
	{ HEAD "corp.example r1 " PRINT " published 5 -9 4 9 9 \nend 1\n",
	    "line 2: no time" },
	{ HEAD "corp.example r1 " PRINT
	    " published 5 99999999999999999999 4 9 9 \nend 1\n",
	    "line 2: no time" },
	{ HEAD "corp.example r1 " PRINT " published 0 0 0 9 9 \nend 1\n",
	    "line 2: its state" },
	{ HEAD "corp.example r1 " PRINT " published 9 5 4 9 9 \nend 1\n",
	    "line 2: its times" },
	{ HEAD "corp.example r1 " PRINT " unknown 5 9 4 9 9 \nend 1\n",
	    "line 2: its state" },
	{ HEAD "corp.example r1 " PRINT " absent 0 0 0 9 9 a\tb\nend 1\n",
	    "line 2: control" },
	/* A fault at its end spoils all of it. */
	{ HEAD GOOD "corp.example r2\nend 2\n", "line 3" },
};

static void
nothing_of_a_garbled_file_counts(void **state)
{
	struct sign_key key = { .domain = SLICE("corp.example"),
		.selector = SLICE("r1"), .fingerprint = SLICE(PRINT) };
	struct arena mem;
	struct slice path;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "garbled");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct key_states *states = key_states_new();
		struct key_sighting sighting;
		struct err err = { .kind = ERR_NONE };
		bool found = false;
		int status;

		write_text(path, files[i].text, 0640);
		status = key_states_read(states, path, &found, &err);
		key_states_get(states, &key, &mem, &sighting);
		if (files[i].fault == NULL) {
			if (status != 0 || !found)
				fail_msg("%s: %s", files[i].text, err.text);
		} else if (status == 0 || err.kind != ERR_DATA ||
		    sighting.state != KEY_UNKNOWN ||
		    !slice_starts(slice_of(err.text),
			slice_of(files[i].fault))) {
			fail_msg("%s: %s, not %s", files[i].text,
			    status == 0 ? "taken" : err.text, files[i].fault);
		}
		key_states_unref(states);
	}
	arena_done(&mem);
}

static void
a_file_that_others_can_write_to_is_refused(void **state)
{
	static const struct {
		mode_t mode;
		uid_t owner;
		bool good;
	} cases[] = { { 0640, 0, true }, { 0600, 0, true }, { 0660, 0, false },
		{ 0642, 0, false }, { 0600, 12345, false } };
	struct arena mem;
	struct slice path;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "mode");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct key_states *states = key_states_new();
		struct err err;
		bool found;

		write_text(path, HEAD GOOD "end 1\n", cases[i].mode);
		/* Only root can give a file away. */
		if (cases[i].owner == 0 ||
		    chown(path.data, cases[i].owner, (gid_t)-1) == 0)
			assert_int_equal(key_states_read(states, path, &found,
			    &err), cases[i].good ? 0 : -1);
		key_states_unref(states);
	}
	arena_done(&mem);
}

/* Root writes nowhere where another user can put links in the way. */
static void
root_writes_nothing_below_others(void **state)
{
	struct key_states *states = key_states_new();
	struct arena mem;
	struct slice theirs, ours;
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	arena_init(&mem);
	theirs = path_of(&mem, "theirs");
	ours = path_of(&mem, "ours");
	assert_int_equal(mkdir(theirs.data, 0755), 0);
	assert_int_equal(mkdir(ours.data, 0755), 0);
	assert_int_equal(symlink("../ours", path_of(&mem,
	    "theirs/deep").data), 0);
	assert_int_equal(chown(theirs.data, 12345, 12345), 0);
	assert_int_equal(key_states_write(states, NULL,
	    path_of(&mem, "theirs/file"), &err), -1);
	assert_int_equal(key_states_write(states, NULL,
	    path_of(&mem, "theirs/deep/file"), &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "user 12345 owns a directory"));
	assert_int_equal(rmdir(ours.data), 0);
	key_states_unref(states);
	arena_done(&mem);
}

static void
a_file_that_cannot_be_written_is_a_fault_and_stays(void **state)
{
	struct key_states *states = key_states_new();
	struct arena mem;
	struct slice path;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(key_states_write(states, NULL,
	    path_of(&mem, "nowhere/file"), &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	/* A directory cannot be replaced by a file. */
	path = path_of(&mem, "directory");
	assert_int_equal(mkdir(path.data, 0700), 0);
	assert_int_equal(key_states_write(states, NULL, path, &err), -1);
	assert_int_equal(access(path_of(&mem, "directory.new").data, F_OK),
	    -1);
	assert_int_equal(access(path.data, F_OK), 0);
	key_states_unref(states);
	arena_done(&mem);
}

static int
make_directory(void **state)
{
	static char template[] = "/tmp/submilter-states.XXXXXX";

	(void)state;
	directory = mkdtemp(template);
	return directory == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
	static const char *const names[] = { "written", "garbled", "mode",
		"keys/corp.example/e1.key", "keys/corp.example", "keys",
		"directory", "theirs/deep", "theirs", "" };
	struct arena mem;

	(void)state;
	arena_init(&mem);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(path_of(&mem, names[i]).data);
	arena_done(&mem);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_which_nothing_is_known_does_not_sign),
		cmocka_unit_test(each_state_of_dns_has_its_use),
		cmocka_unit_test(
		    a_revoked_key_does_not_sign_when_dns_falls_silent),
		cmocka_unit_test(
		    the_last_known_state_counts_up_to_the_age_limit),
		cmocka_unit_test(no_state_counts_beyond_the_age_limit),
		cmocka_unit_test(a_time_in_the_future_is_not_believed),
		cmocka_unit_test(a_new_key_takes_over_when_it_is_published),
		cmocka_unit_test(
		    keys_that_were_there_before_are_as_old_as_their_files),
		cmocka_unit_test(a_file_of_before_1970_is_of_no_known_age),
		cmocka_unit_test(of_keys_of_one_age_the_later_selector_signs),
		cmocka_unit_test(each_algorithm_has_a_key_that_signs),
		cmocka_unit_test(
		    another_key_under_the_same_selector_begins_anew),
		cmocka_unit_test(only_changes_are_told),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(nothing_of_a_garbled_file_counts),
		cmocka_unit_test(a_file_that_others_can_write_to_is_refused),
		cmocka_unit_test(root_writes_nothing_below_others),
		cmocka_unit_test(
		    a_file_that_cannot_be_written_is_a_fault_and_stays),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
