/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"
#include "../../generate_key.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "keys/key_choice.h"

/* Domains that have keys, one for each time they stand here. */
static const struct key_parents two_labels_do = { .top = NULL };

static const char *const with_keys[] = { "corp.example", "corp.example",
	"other.example", "sub.other.example", "deep.shop.example",
	"half.example" };

/* And two that have a file which is no key, one of them beside a key. */
static const char *const with_bad_keys[] = { "bad.example/s0.key",
	"half.example/s0.key" };

struct store {
	char directory[40];
	struct arena mem;
	struct keystore *keys;
};

static void
ignore(void *arg, bool is_error, const char *text)
{
	(void)arg;
	(void)is_error;
	(void)text;
}

static int
remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
make_directory_of(const char *path)
{
	struct arena mem;
	struct slice text = slice_of(path);

	arena_init(&mem);
	(void)mkdir(
	    slice_cstr(&mem, slice_sub(text, 0, slice_find_last(text, '/'))),
	    0700);
	arena_done(&mem);
}

static int
set_up(void **state)
{
	static struct store store = { .directory =
					  "/tmp/submilter-choice.XXXXXX" };
	struct err err;

	arena_init(&store.mem);
	assert_non_null(mkdtemp(store.directory));
	for (size_t i = 0; i < sizeof(with_keys) / sizeof(with_keys[0]); i++) {
		struct sign_key key;

		if (generate_key(
			&(struct key_spec){ slice_format(&store.mem, "s%zu", i),
			    KEY_ED25519_SHA256, 0 },
			slice_of(store.directory), slice_of(with_keys[i]),
			&store.mem, &key, &err) != 0)
			fail_msg("%s", err.text);
		key_done(&key);
	}
	for (size_t i = 0; i < sizeof(with_bad_keys) / sizeof(with_bad_keys[0]);
	     i++) {
		FILE *file;
		const char *path = slice_format(
		    &store.mem, "%s/%s", store.directory, with_bad_keys[i])
				       .data;

		make_directory_of(path);
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fchmod(fileno(file), 0600), 0);
		assert_true(fputs("nonsense", file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	if (keystore_load(slice_of(store.directory),
		&(struct keystore_options){
		    .report = &(struct report){ ignore, NULL } },
		&store.keys, &err) != 0)
		fail_msg("%s", err.text);
	*state = &store;
	return 0;
}

static int
tear_down(void **state)
{
	struct store *store = *state;

	keystore_free(store->keys);
	arena_done(&store->mem);
	return nftw(store->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* "From alice@corp.example, From !bob@x.example": ! is a foreign one. */
static void
add_authors(struct authors *authors, struct arena *mem, const char *text)
{
	struct slice rest = slice_of(text), item;

	authors_init(authors, mem);
	while (slice_next_item(&rest, ",", &item)) {
		struct author author = { .role = ROLE_MAIL_FROM };
		size_t blank;

		item = slice_trim(item);
		blank = slice_find(item, ' ');
		if (slice_starts(item, SLICE("From ")))
			author.role = ROLE_FROM;
		else if (slice_starts(item, SLICE("Resent-From ")))
			author.role = ROLE_RESENT_FROM;
		else
			assert_true(slice_starts(item, SLICE("Path ")));
		item = slice_from(item, blank + 1);
		author.foreign = slice_starts(item, SLICE("!"));
		item = slice_from(item, author.foreign ? 1 : 0);
		author.address.text = item;
		author.address.domain =
		    slice_from(item, slice_find(item, '@') + 1);
		authors_keep(authors, &author);
	}
}

static void
domains_of_authors_sign_but_never_for_foreign_ones(void **state)
{
	static const struct {
		const char *authors;
		bool parents;
		const char *want;
		const char *why;
	} cases[] = {
		{ "From a@corp.example", false, "corp.example ", "" },
		{ "Path a@other.example, From a@corp.example", false,
		    "corp.example ", "" },
		{ "From a@corp.example, From b@corp.example", false,
		    "corp.example ", "" },
		{ "From a@other.example, From b@corp.example", false,
		    "other.example corp.example ", "" },
		{ "From a@none.example", false, "", "no key of none.example" },
		{ "From a@none.example, From a@corp.example", false,
		    "corp.example ", "no key of none.example" },
		/* A parent's key, by option; never that of a top level. */
		{ "From a@x.corp.example", false, "",
		    "no key of x.corp.example" },
		{ "From a@x.y.corp.example", true, "corp.example ", "" },
		{ "From a@x.sub.other.example", true, "sub.other.example ",
		    "" },
		{ "From a@shop.example", true, "", "no key of shop.example" },
		{ "From a@x.corp.example, From a@corp.example", true,
		    "corp.example ", "" },
		{ "From a@example", true, "", "no key of example" },
		{ "From a@", true, "", "no key of " },
		/* Redirected mail is signed for whoever redirects it. */
		{ "From !a@far.test, Resent-From a@corp.example", false,
		    "corp.example ", "" },
		{ "From !a@other.example, Resent-From a@corp.example", false,
		    "corp.example ", "" },
		{ "From !a@far.test", false, "", "" },
		{ "From a@corp.example, From !b@far.test", false, "", "" },
		/* ... unless receivers might take it for the author's own. */
		{ "From !a@corp.example, Resent-From a@corp.example", false, "",
		    "a foreign author shares the domain of corp.example" },
		{ "From !a@x.other.example, Resent-From a@sub.other.example",
		    false, "",
		    "a foreign author shares the domain of "
		    "sub.other.example" },
		{ "From !a@other.example, Resent-From a@corp.example, "
		  "Resent-From a@sub.other.example",
		    false, "corp.example ",
		    "a foreign author shares the domain of "
		    "sub.other.example" },
		{ "", false, "", "" },
	};
	const struct store *store = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct key_choice_rules rules = { .store = store->keys,
			.parents = cases[i].parents ? &two_labels_do : NULL };
		struct key_choice_domains domains;
		struct authors authors;
		struct strbuf text;
		struct arena mem;

		arena_init(&mem);
		add_authors(&authors, &mem, cases[i].authors);
		key_choice_domains(&rules, &authors, &mem, &domains);
		strbuf_init(&text, &mem);
		for (size_t d = 0; d < domains.count; d++)
			strbuf_addf(&text, "%.*s ",
			    SLICE_ARGS(domains.items[d]->domain));
		check_slice(
		    cases[i].authors, strbuf_slice(&text), cases[i].want);
		check_slice(cases[i].authors, domains.why, cases[i].why);
		arena_done(&mem);
	}
}

static void
without_keys_nothing_signs_and_nothing_is_said(void **state)
{
	const struct key_choice_rules rules = { .parents = &two_labels_do };
	struct key_choice_domains domains;
	struct authors authors;
	struct arena mem;

	(void)state;
	arena_init(&mem);
	add_authors(&authors, &mem, "From a@corp.example");
	key_choice_domains(&rules, &authors, &mem, &domains);
	assert_int_equal(domains.count, 0);
	assert_int_equal(domains.why.len, 0);
	arena_done(&mem);
}

static void
domains_take_turns_until_there_are_enough(void **state)
{
	static const struct {
		size_t max;
		const char *want;
		bool left_out;
	} cases[] = {
		{ 8, "s0 s2 s1 ", false },
		{ 3, "s0 s2 s1 ", false },
		{ 2, "s0 s2 ", true },
		{ 1, "s0 ", true },
		{ 0, "", true },
	};
	const struct store *store = *state;
	struct arena mem;
	const struct domain_keys *items[2];
	const struct key_choice_domains domains = { .items = items,
		.count = 2 };

	arena_init(&mem);
	items[0] = keystore_find(store->keys, SLICE("corp.example"), &mem);
	items[1] = keystore_find(store->keys, SLICE("other.example"), &mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sign_key *keys[8];
		struct strbuf text;
		bool left_out;
		size_t count =
		    key_choice_take(&domains, keys, cases[i].max, &left_out);

		strbuf_init(&text, &mem);
		for (size_t k = 0; k < count; k++)
			strbuf_addf(
			    &text, "%.*s ", SLICE_ARGS(keys[k]->selector));
		check_slice("keys", strbuf_slice(&text), cases[i].want);
		assert_int_equal(left_out, cases[i].left_out);
	}
	arena_done(&mem);
}

/* "s0 published, s1 absent": what DNS shows of keys of a domain. */
static void
show_keys(struct key_history *history, const struct keystore *store,
    const char *text, time_t now)
{
	struct slice rest = slice_of(text), item;

	while (slice_next_item(&rest, ",", &item)) {
		struct slice name = slice_trim(item);
		size_t blank = slice_find(name, ' ');
		struct key_shown shown = { .status = KEY_UNKNOWN,
			.text = SLICE("shown") };

		for (enum key_status s = KEY_PUBLISHED; s <= KEY_UNKNOWN; s++) {
			if (slice_eq(slice_from(name, blank + 1),
				slice_of(key_status_name(s))))
				shown.status = s;
		}
		name = slice_sub(name, 0, blank);
		for (size_t d = 0; d < keystore_domain_count(store); d++) {
			CLEANUP(arena_done) struct arena mem;
			const struct domain_keys *keys;

			arena_init(&mem);
			keys = keystore_domain(store, d, &mem);
			for (size_t k = 0; k < keys->count; k++) {
				if (slice_eq(keys->keys[k]->selector, name))
					(void)key_history_note(history,
					    keys->keys[k], &shown, now);
			}
		}
	}
}

enum { NOW = 1800000000 };

struct choice_case {
	const char *authors;
	const char *shown; /* NULL: DNS is not asked */
	bool by_dns;
	bool unsigned_if_broken;
	const char *keys;
	const char *why;
	const char *warnings; /* each with "; " behind it */
	const char *fault;    /* its end; NULL: there is none */
};

static void
check_choice(const struct store *store, const struct choice_case *c)
{
	struct key_history *history =
	    c->shown == NULL ? NULL : key_history_new();
	struct key_choice_rules rules = { .store = store->keys,
		.history = history,
		.roles = { .now = NOW, .age = 3600, .overlap = 86400 },
		.max = 3,
		.by_dns = c->by_dns,
		.broken_later = !c->unsigned_if_broken,
		.directory = SLICE("/keys") };
	struct key_choice choice;
	struct strbuf keys, warnings;
	struct authors authors;
	struct arena mem;

	arena_init(&mem);
	if (history != NULL)
		show_keys(history, store->keys, c->shown, NOW);
	add_authors(&authors, &mem, c->authors);
	key_choice_make(&rules, &authors, &mem, &choice);
	strbuf_init(&keys, &mem);
	for (size_t i = 0; i < choice.count; i++) {
		assert_non_null(choice.keys[i]->pkey);
		strbuf_addf(&keys, "%.*s/%.*s ",
		    SLICE_ARGS(choice.keys[i]->domain),
		    SLICE_ARGS(choice.keys[i]->selector));
	}
	strbuf_init(&warnings, &mem);
	for (size_t i = 0; i < choice.warning_count; i++)
		strbuf_addf(
		    &warnings, "%.*s; ", SLICE_ARGS(choice.warnings[i]));
	check_slice(c->authors, strbuf_slice(&keys), c->keys);
	check_slice(c->authors, choice.why, c->why);
	check_slice(c->authors, strbuf_slice(&warnings), c->warnings);
	if (c->fault == NULL) {
		assert_int_equal(choice.fault.kind, ERR_NONE);
	} else {
		assert_int_equal(choice.fault.kind, ERR_TEMP);
		assert_true(slice_ends_nocase(
		    slice_of(choice.fault.text), slice_of(c->fault)));
	}
	key_choice_done(&choice);
	key_history_unref(history);
	arena_done(&mem);
}

static void
keys_of_these_domains_sign_as_far_as_they_may(void **state)
{
	static const struct choice_case cases[] = {
		{ "From a@corp.example", NULL, false, false,
		    "corp.example/s0 corp.example/s1 ", "", "", NULL },
		{ "From a@none.example", NULL, false, false, "",
		    "no key of none.example", "", NULL },
		{ "From a@corp.example, From a@other.example, From "
		  "a@sub.other.example",
		    NULL, false, false,
		    "corp.example/s0 other.example/s2 sub.other.example/s3 ",
		    "", "more keys than signatures: some did not sign; ",
		    NULL },
		/* A domain's bad key is that domain's fault, told before. */
		{ "From a@half.example", NULL, false, false, "half.example/s5 ",
		    "", "", NULL },
		{ "From a@bad.example", NULL, false, false, "",
		    "no key may sign of bad.example", "",
		    "bad.example/s0.key: not a private key in PEM form" },
		{ "From a@bad.example, From a@other.example", NULL, false,
		    false, "other.example/s2 ",
		    "no key may sign of bad.example", "",
		    "bad.example/s0.key: not a private key in PEM form" },
		/* DNS decides: the newest of those that it shows. */
		{ "From a@corp.example", "s0 published, s1 absent", true, false,
		    "corp.example/s0 ", "", "", NULL },
		{ "From a@corp.example", "s0 absent, s1 differs", true, false,
		    "", "no key may sign of corp.example",
		    "key s0._domainkey.corp.example: not published in DNS yet; "
		    "key s1._domainkey.corp.example: DNS shows another key; ",
		    NULL },
		/* Not known is not "no". */
		{ "From a@corp.example", "s0 absent, s1 unknown", true, false,
		    "", "no key may sign of corp.example",
		    "key s0._domainkey.corp.example: not published in DNS yet; ",
		    "key s1._domainkey.corp.example: not known whether it is "
		    "published in DNS" },
		{ "From a@corp.example", "", true, false, "",
		    "no key may sign of corp.example",
		    "key s1._domainkey.corp.example: not known whether it is "
		    "published in DNS; ",
		    "key s0._domainkey.corp.example: not known whether it is "
		    "published in DNS" },
		/* One of two domains is known to sign: still not the other. */
		{ "From a@corp.example, From a@other.example", "s0 published",
		    true, false, "corp.example/s0 ",
		    "no key may sign of other.example", "",
		    "key s2._domainkey.other.example: not known whether it is "
		    "published in DNS" },
		/* DNS is asked and does not decide. */
		{ "From a@corp.example", "s0 published, s1 revoked", false,
		    false, "corp.example/s0 corp.example/s1 ", "",
		    "key s1._domainkey.corp.example: revoked in DNS; ", NULL },
		{ "From a@other.example", "", false, false, "other.example/s2 ",
		    "",
		    "key s2._domainkey.other.example: not known whether it is "
		    "published in DNS; ",
		    NULL },
		/* A foreign author: see above. */
		{ "From !a@corp.example", NULL, false, false, "", "", "",
		    NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_choice(*state, &cases[i]);
}

static void
broken_keys_are_later_unless_mail_may_go_on_unsigned(void **state)
{
	const struct store *store = *state;
	struct slice fault;
	struct choice_case c = { "From a@bad.example", NULL, false, true, "",
		"no key may sign of bad.example", NULL, NULL };
	struct arena mem;

	arena_init(&mem);
	fault = keystore_find(store->keys, SLICE("bad.example"), &mem)->fault;
	c.warnings = slice_format(&mem, "%.*s; ", SLICE_ARGS(fault)).data;
	check_choice(store, &c);
	arena_done(&mem);
}

/* Nobody was told of it, for the keys were not needed until now. */
static void
a_fault_that_was_not_told_is_in_the_warnings(void **state)
{
	struct store store = *(const struct store *)*state;
	struct choice_case c = { "From a@half.example", NULL, false, false,
		"half.example/s5 ", "", NULL, NULL };
	struct arena mem;
	struct err err;

	arena_init(&mem);
	assert_int_equal(
	    keystore_open(key_directory_source(slice_of(store.directory)),
		&(struct keystore_options){
		    .room = 1, .report = &(struct report){ ignore, NULL } },
		&store.keys, &err),
	    0);
	assert_true(keystore_has_unread(store.keys));
	c.warnings = slice_format(&mem,
	    "key %s/half.example/s0.key: not a private key in PEM form; ",
	    store.directory)
			 .data;
	check_choice(&store, &c);
	check_choice(&store, &c);
	keystore_free(store.keys);
	arena_done(&mem);
}

static void
without_any_key_our_authors_are_told_to_come_again(void **state)
{
	static const struct choice_case cases[] = {
		{ "From a@corp.example", NULL, false, false, "",
		    "no key of corp.example", "", "there is no key in /keys" },
		{ "From a@corp.example", NULL, false, true, "",
		    "no key of corp.example", "", NULL },
		{ "From !a@corp.example", NULL, false, false, "", "", "",
		    NULL },
		{ "Path a@corp.example", NULL, false, false, "", "", "", NULL },
	};
	struct store store = { .directory = "/tmp/submilter-choice.XXXXXX" };
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(store.directory));
	assert_int_equal(keystore_load(slice_of(store.directory),
			     &(struct keystore_options){
				 .report = &(struct report){ ignore, NULL } },
			     &store.keys, &err),
	    0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_choice(&store, &cases[i]);
	keystore_free(store.keys);
	assert_int_equal(remove(store.directory), 0);
}

static void
without_a_store_nothing_is_chosen(void **state)
{
	static const struct choice_case none = { "From a@corp.example", NULL,
		false, false, "", "", "", NULL };
	const struct store store = { .keys = NULL };

	(void)state;
	check_choice(&store, &none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    domains_of_authors_sign_but_never_for_foreign_ones),
		cmocka_unit_test(
		    without_keys_nothing_signs_and_nothing_is_said),
		cmocka_unit_test(domains_take_turns_until_there_are_enough),
		cmocka_unit_test(keys_of_these_domains_sign_as_far_as_they_may),
		cmocka_unit_test(
		    broken_keys_are_later_unless_mail_may_go_on_unsigned),
		cmocka_unit_test(a_fault_that_was_not_told_is_in_the_warnings),
		cmocka_unit_test(
		    without_any_key_our_authors_are_told_to_come_again),
		cmocka_unit_test(without_a_store_nothing_is_chosen),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
