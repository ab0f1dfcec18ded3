/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"
#include "../../generate_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/key_history.h"
#include "keys/key_role.h"

enum { HOUR = 3600, DAY = 24 * HOUR, START = 1800000000 };

static const char *directory;

/* Keys of one domain; the letter of a selector is its algorithm. */
struct fixture {
	struct arena mem;
	struct key_history *history;
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
		.algorithm =
		    selector[0] == 'e' ? KEY_ED25519_SHA256 : KEY_RSA_SHA256,
		.file_time = file_time,
		.fingerprint = slice_format(&f->mem, "%064zx", i + 1) };
	f->list[i] = &f->keys[i];
	key_history_track(f->history, &f->keys[i]);
}

static void
set_up(struct fixture *f, const char *const *selectors, time_t file_time)
{
	*f = (struct fixture){ .history = key_history_new() };
	arena_init(&f->mem);
	f->domain = (struct domain_keys){ .domain = SLICE("corp.example"),
		.keys = f->list };
	for (size_t i = 0; selectors[i] != NULL; i++)
		add_key(f, selectors[i], file_time);
}

static void
tear_down(struct fixture *f)
{
	key_history_unref(f->history);
	arena_done(&f->mem);
}

static bool
say(struct fixture *f, size_t key, enum key_status status, time_t now)
{
	struct key_shown shown = { .status = status,
		.text = SLICE("what DNS said") };

	return key_history_note(f->history, &f->keys[key], &shown, now);
}

static void
check_use(struct fixture *f, size_t key, time_t now, enum key_role want)
{
	enum key_role roles[MAX_KEYS_OF_DOMAIN];

	key_roles_decide(f->history, &f->domain,
	    &(struct key_role_rules){
		.now = now, .age = 72 * HOUR, .overlap = 7 * DAY },
	    roles);
	if (roles[key] != want)
		fail_msg("key %zu is %s, not %s", key,
		    key_role_name(roles[key]), key_role_name(want));
}

static const char *const one[] = { "r1", NULL };
static const char *const two[] = { "r1", "r2", NULL };

static void
a_key_of_which_nothing_is_known_does_not_sign(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, one, START);
	check_use(&f, 0, START, KEY_ROLE_UNKNOWN);
	(void)say(&f, 0, KEY_UNKNOWN, START);
	check_use(&f, 0, START, KEY_ROLE_UNKNOWN);
	tear_down(&f);
}

static void
each_state_of_dns_has_its_use(void **state)
{
	static const struct {
		enum key_status said;
		enum key_role never_seen;
		enum key_role seen_before;
	} cases[] = {
		{ KEY_PUBLISHED, KEY_ROLE_SIGNING, KEY_ROLE_SIGNING },
		{ KEY_ABSENT, KEY_ROLE_PENDING, KEY_ROLE_UNPUBLISHED },
		{ KEY_REVOKED, KEY_ROLE_REVOKED, KEY_ROLE_REVOKED },
		{ KEY_DIFFERS, KEY_ROLE_DIFFERS, KEY_ROLE_DIFFERS },
		{ KEY_UNUSABLE, KEY_ROLE_UNUSABLE, KEY_ROLE_UNUSABLE },
		{ KEY_UNKNOWN, KEY_ROLE_UNKNOWN, KEY_ROLE_SIGNING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		set_up(&f, two, START);
		(void)say(&f, 0, cases[i].said, START);
		check_use(&f, 0, START, cases[i].never_seen);
		(void)say(&f, 1, KEY_PUBLISHED, START);
		check_use(&f, 1, START, KEY_ROLE_SIGNING);
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
	check_use(&f, 0, START + 3, KEY_ROLE_REVOKED);
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
	check_use(&f, 0, START + 72 * HOUR, KEY_ROLE_SIGNING);
	check_use(&f, 0, START + 72 * HOUR + 1, KEY_ROLE_UNKNOWN);
	(void)say(&f, 0, KEY_PUBLISHED, START + 100 * HOUR);
	check_use(&f, 0, START + 172 * HOUR, KEY_ROLE_SIGNING);
	tear_down(&f);
}

/* What DNS denied once may be there by now. */
static void
no_state_counts_beyond_the_age_limit(void **state)
{
	static const enum key_status history[] = { KEY_ABSENT, KEY_REVOKED,
		KEY_DIFFERS, KEY_UNUSABLE };

	(void)state;
	for (size_t i = 0; i < sizeof(history) / sizeof(history[0]); i++) {
		struct fixture f;

		set_up(&f, one, START);
		(void)say(&f, 0, history[i], START);
		(void)say(&f, 0, KEY_UNKNOWN, START + HOUR);
		check_use(&f, 0, START + 72 * HOUR + 1, KEY_ROLE_UNKNOWN);
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
	check_use(&f, 0, START, KEY_ROLE_UNKNOWN);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	check_use(&f, 0, START, KEY_ROLE_SIGNING);
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
	check_use(&f, 0, START + DAY, KEY_ROLE_SIGNING);
	check_use(&f, 1, START + DAY, KEY_ROLE_UNKNOWN);
	(void)say(&f, 1, KEY_ABSENT, START + DAY);
	check_use(&f, 0, START + DAY, KEY_ROLE_SIGNING);
	check_use(&f, 1, START + DAY, KEY_ROLE_PENDING);
	(void)say(&f, 1, KEY_PUBLISHED, published);
	(void)say(&f, 0, KEY_PUBLISHED, published);
	check_use(&f, 1, published, KEY_ROLE_SIGNING);
	check_use(&f, 0, published, KEY_ROLE_OVERLAP);
	/* Old and new are looked at all the time. */
	(void)say(&f, 0, KEY_PUBLISHED, published + 7 * DAY);
	(void)say(&f, 1, KEY_PUBLISHED, published + 7 * DAY);
	check_use(&f, 0, published + 7 * DAY, KEY_ROLE_OVERLAP);
	check_use(&f, 0, published + 7 * DAY + 1, KEY_ROLE_RETIRE);
	check_use(&f, 1, published + 7 * DAY + 1, KEY_ROLE_SIGNING);
	/* The new one is taken back: the old one is there still. */
	(void)say(&f, 1, KEY_ABSENT, published + 8 * DAY);
	check_use(&f, 1, published + 8 * DAY, KEY_ROLE_UNPUBLISHED);
	check_use(&f, 0, published + 8 * DAY, KEY_ROLE_SIGNING);
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
	check_use(&f, 1, START + HOUR, KEY_ROLE_SIGNING);
	check_use(&f, 0, START + HOUR, KEY_ROLE_RETIRE);
	tear_down(&f);
}

static void
a_file_of_before_1970_is_of_no_known_age(void **state)
{
	struct key_past past;
	struct fixture f;

	(void)state;
	set_up(&f, one, -DAY);
	(void)say(&f, 0, KEY_PUBLISHED, START);
	key_history_get(f.history, &f.keys[0], &f.mem, &past);
	assert_int_equal(past.since, START);
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
	check_use(&f, 0, START, KEY_ROLE_OVERLAP);
	check_use(&f, 1, START, KEY_ROLE_SIGNING);
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
	check_use(&f, 0, START, KEY_ROLE_SIGNING);
	check_use(&f, 1, START, KEY_ROLE_DIFFERS);
	check_use(&f, 2, START, KEY_ROLE_OVERLAP);
	check_use(&f, 3, START, KEY_ROLE_SIGNING);
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
	check_use(&f, 0, START, KEY_ROLE_UNKNOWN);
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
		assert_int_equal(
		    generate_key(&(struct key_spec){ SLICE("e1"),
				     KEY_ED25519_SHA256, 0 },
			keys, SLICE("corp.example"), mem, &key, &err),
		    0);
		key_done(&key);
	}
	assert_int_equal(keystore_load(keys,
			     &(struct keystore_options){
				 .report = &(struct report){ ignore, NULL } },
			     &store, &err),
	    0);
	return store;
}

static void
what_is_written_is_read_again(void **state)
{
	struct arena mem;
	struct key_history *before = key_history_new();
	struct key_history *after = key_history_new();
	struct key_shown shown = { .status = KEY_PUBLISHED,
		.text = SLICE("e1: the key is \"there\"") };
	struct key_past past;
	struct keystore *store;
	const struct sign_key *key;
	struct slice path;
	struct stat st;
	bool found;
	struct err err;

	(void)state;
	arena_init(&mem);
	store = make_store(&mem);
	key = keystore_domain(store, 0, &mem)->keys[0];
	path = path_of(&mem, "written");
	assert_int_equal(key_history_read(after, path, &found, &err), 0);
	assert_false(found);
	assert_true(key_history_note(before, key, &shown, START));
	shown.status = KEY_UNKNOWN;
	assert_true(key_history_note(before, key, &shown, START + 5));
	assert_int_equal(key_history_write(before, store, path, &err), 0);
	assert_int_equal(stat(path.data, &st), 0);
	assert_int_equal(st.st_mode & 037, 0);
	assert_int_equal(key_history_read(after, path, &found, &err), 0);
	assert_true(found);
	key_history_get(after, key, &mem, &past);
	assert_int_equal(past.status, KEY_PUBLISHED);
	assert_int_equal(past.first_seen, START);
	assert_int_equal(past.last_seen, START);
	assert_int_equal(past.answered, START);
	assert_int_equal(past.looked, START + 5);
	check_slice("text", past.text, "e1: the key is \"there\"");
	keystore_free(store);
	key_history_unref(before);
	key_history_unref(after);
	arena_done(&mem);
}

/* Domains that signed before, by the file. */

#define HEAD "submilter key states 1\n"
#define PRINT "0000000000000000000000000000000000000000000000000000000000000001"
#define GOOD "corp.example r1 " PRINT " published 5 9 4 9 9 text\n"

#define NEVER "team.example r1 " PRINT " absent 0 0 0 9 9 text\n"

static void
count_report(void *arg, bool is_error, const char *text)
{
	assert_true(is_error);
	assert_non_null(strstr(text, ": it is gone, "));
	*(size_t *)arg += 1;
}

/* How many domains are recalled into an empty store, which is the caller's. */
static size_t
recall(struct slice path, bool unpublished, struct keystore **ret_store)
{
	struct key_history *history = key_history_new();
	size_t count = 0;
	struct recall how = { .directory = slice_of(directory),
		.unpublished = unpublished,
		.report = &(struct report){ count_report, &count } };
	struct err err;
	struct arena mem;

	arena_init(&mem);
	assert_int_equal(
	    mkdir(path_of(&mem, "none").data, 0700) == 0 || errno == EEXIST, 1);
	assert_int_equal(
	    keystore_load(path_of(&mem, "none"),
		&(struct keystore_options){
		    .report = &(struct report){ count_report, &count } },
		ret_store, &err),
	    0);
	key_history_recall(history, path, *ret_store, &how);
	assert_true(keystore_is_empty(*ret_store));
	assert_int_equal(keystore_domain_count(*ret_store), count);
	key_history_unref(history);
	arena_done(&mem);
	return count;
}

static void
domains_that_signed_before_are_recalled(void **state)
{
	struct keystore *store;
	const struct domain_keys *domain;
	struct arena mem;
	struct slice path;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "recalled");
	write_text(path, HEAD GOOD NEVER "end 2\n", 0640);
	assert_int_equal(recall(path, true, &store), 2);
	keystore_free(store);
	assert_int_equal(recall(path, false, &store), 1);
	domain = keystore_find(store, SLICE("corp.example"), &mem);
	assert_non_null(domain);
	assert_true(domain->gone && domain->count == 0);
	assert_true(domain->fault.len != 0 && keystore_lacks_keys(store));
	keystore_free(store);
	write_text(path, HEAD GOOD, 0640);
	assert_int_equal(recall(path, true, &store), 0);
	keystore_free(store);
	arena_done(&mem);
}

static void
only_the_file_forgets_them(void **state)
{
	struct key_history *history = key_history_new();
	struct keystore *store;
	struct arena mem;
	struct slice path;
	bool found = false;
	struct err err;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "forgotten");
	write_text(path, HEAD GOOD NEVER "end 2\n", 0640);
	assert_int_equal(recall(path, false, &store), 1);
	assert_int_equal(key_history_write(history, store, path, &err), 0);
	assert_false(key_history_forgotten(store, path));
	/* Doubt is no forgetting. */
	write_text(path, HEAD GOOD, 0640);
	assert_false(key_history_forgotten(store, path));
	assert_int_equal(unlink(path.data), 0);
	assert_false(key_history_forgotten(store, path));
	write_text(path, HEAD GOOD, 0640);
	assert_int_equal(
	    key_history_forget(path, SLICE("corp.example"), &found, &err), -1);
	write_text(path, HEAD GOOD "end 1\n", 0640);
	assert_int_equal(
	    key_history_forget(path, SLICE("team.example"), &found, &err), 0);
	assert_false(found);
	assert_int_equal(
	    key_history_forget(path, SLICE("corp.example"), &found, &err), 0);
	assert_true(found);
	assert_true(key_history_forgotten(store, path));
	assert_int_equal(key_history_write(history, store, path, &err), 0);
	assert_true(key_history_forgotten(store, path));
	keystore_free(store);
	key_history_unref(history);
	arena_done(&mem);
}

/* Half of a file is not copied: what memory knows counts. */
static void
a_file_that_is_cut_is_written_from_memory(void **state)
{
	const struct sign_key key = { .domain = SLICE("corp.example"),
		.selector = SLICE("r1"),
		.fingerprint = SLICE(PRINT) };
	struct key_history *history = key_history_new();
	struct key_history *again = key_history_new();
	struct key_past past;
	struct keystore *store;
	struct arena mem;
	struct slice path;
	struct err err;
	bool found;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "forgotten");
	write_text(path, HEAD GOOD "end 1\n", 0640);
	assert_int_equal(key_history_read(history, path, &found, &err), 0);
	assert_int_equal(recall(path, false, &store), 1);
	/* The first line of it would be copied, with other times. */
	write_text(path,
	    HEAD "corp.example r1 " PRINT " published 1 1 1 1 1 other\n", 0640);
	assert_int_equal(key_history_write(history, store, path, &err), 0);
	assert_int_equal(key_history_read(again, path, &found, &err), 0);
	assert_true(found);
	key_history_get(again, &key, &mem, &past);
	assert_int_equal(past.status, KEY_PUBLISHED);
	check_slice("text", past.text, "text");
	keystore_free(store);
	key_history_unref(history);
	key_history_unref(again);
	arena_done(&mem);
}

/* Memory has the octets of a fingerprint between its names. */
static void
a_fingerprint_may_have_any_octets(void **state)
{
	const struct sign_key key = { .domain = SLICE("corp.example"),
		.selector = SLICE("r1"),
		.fingerprint = SLICE("20200a0020202020202020202020202020202020"
				     "2020202020202020202020ff") };
	struct key_history *history = key_history_new();
	struct key_past past;
	struct arena mem;
	struct slice path;
	struct err err;
	bool found;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "forgotten");
	write_text(path,
	    slice_format(&mem,
		HEAD "corp.example r1 %.*s published 5 9 4 9 9 text\n" NEVER
		     "end 2\n",
		SLICE_ARGS(key.fingerprint))
		.data,
	    0640);
	assert_int_equal(
	    key_history_forget(path, SLICE("team.example"), &found, &err), 0);
	assert_true(found);
	assert_int_equal(key_history_read(history, path, &found, &err), 0);
	key_history_get(history, &key, &mem, &past);
	assert_int_equal(past.status, KEY_PUBLISHED);
	check_slice("text", past.text, "text");
	key_history_unref(history);
	arena_done(&mem);
}

/* Whoever may read the directory can keep its lock. */
static void
a_lock_that_is_kept_does_not_stop_the_writing(void **state)
{
	struct key_history *history = key_history_new();
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	struct arena mem;
	struct slice path;
	struct err err;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "locked");
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	(void)alarm(30);
	assert_int_equal(key_history_write(history, NULL, path, &err), 0);
	(void)alarm(0);
	assert_int_equal(access(path.data, F_OK), 0);
	assert_int_equal(unlink(path.data), 0);
	assert_int_equal(close(fd), 0);
	key_history_unref(history);
	arena_done(&mem);
}

static const struct {
	const char *text;
	const char *fault; /* NULL: it is taken */
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
		.selector = SLICE("r1"),
		.fingerprint = SLICE(PRINT) };
	struct arena mem;
	struct slice path;

	(void)state;
	arena_init(&mem);
	path = path_of(&mem, "garbled");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct key_history *history = key_history_new();
		struct key_past past;
		struct err err = { .kind = ERR_NONE };
		bool found = false;
		int status;

		write_text(path, files[i].text, 0640);
		status = key_history_read(history, path, &found, &err);
		key_history_get(history, &key, &mem, &past);
		if (files[i].fault == NULL) {
			if (status != 0 || !found)
				fail_msg("%s: %s", files[i].text, err.text);
		} else if (status == 0 || err.kind != ERR_DATA ||
		    past.status != KEY_UNKNOWN ||
		    !slice_starts(
			slice_of(err.text), slice_of(files[i].fault))) {
			fail_msg("%s: %s, not %s", files[i].text,
			    status == 0 ? "taken" : err.text, files[i].fault);
		}
		key_history_unref(history);
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
		struct key_history *history = key_history_new();
		struct err err;
		bool found;

		write_text(path, HEAD GOOD "end 1\n", cases[i].mode);
		/* Only root can give a file away. */
		if (cases[i].owner == 0 ||
		    chown(path.data, cases[i].owner, (gid_t)-1) == 0)
			assert_int_equal(
			    key_history_read(history, path, &found, &err),
			    cases[i].good ? 0 : -1);
		key_history_unref(history);
	}
	arena_done(&mem);
}

/* Root writes nowhere where another user can put links in the way. */
static void
root_writes_nothing_below_others(void **state)
{
	struct key_history *history = key_history_new();
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
	assert_int_equal(
	    symlink("../ours", path_of(&mem, "theirs/deep").data), 0);
	assert_int_equal(chown(theirs.data, 12345, 12345), 0);
	assert_int_equal(key_history_write(
			     history, NULL, path_of(&mem, "theirs/file"), &err),
	    -1);
	assert_int_equal(key_history_write(history, NULL,
			     path_of(&mem, "theirs/deep/file"), &err),
	    -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "user 12345 owns a directory"));
	assert_int_equal(rmdir(ours.data), 0);
	key_history_unref(history);
	arena_done(&mem);
}

static void
a_file_that_cannot_be_written_is_a_fault_and_stays(void **state)
{
	struct key_history *history = key_history_new();
	struct arena mem;
	struct slice path;
	struct err err;

	(void)state;
	arena_init(&mem);
	assert_int_equal(key_history_write(history, NULL,
			     path_of(&mem, "nowhere/file"), &err),
	    -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	/* A directory cannot be replaced by a file. */
	path = path_of(&mem, "directory");
	assert_int_equal(mkdir(path.data, 0700), 0);
	assert_int_equal(key_history_write(history, NULL, path, &err), -1);
	assert_int_equal(access(path_of(&mem, "directory.new").data, F_OK), -1);
	assert_int_equal(access(path.data, F_OK), 0);
	key_history_unref(history);
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
		"forgotten", "recalled", "none", "keys/corp.example/e1.key",
		"keys/corp.example", "keys", "directory", "theirs/deep",
		"theirs", "" };
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
		cmocka_unit_test(domains_that_signed_before_are_recalled),
		cmocka_unit_test(only_the_file_forgets_them),
		cmocka_unit_test(a_fingerprint_may_have_any_octets),
		cmocka_unit_test(a_file_that_is_cut_is_written_from_memory),
		cmocka_unit_test(a_lock_that_is_kept_does_not_stop_the_writing),
		cmocka_unit_test(nothing_of_a_garbled_file_counts),
		cmocka_unit_test(a_file_that_others_can_write_to_is_refused),
		cmocka_unit_test(root_writes_nothing_below_others),
		cmocka_unit_test(
		    a_file_that_cannot_be_written_is_a_fault_and_stays),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
