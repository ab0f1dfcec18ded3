/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "keys/key_table.h"

static struct arena memory;

static struct table *
open_text(const char *spec, const char *text)
{
	struct table *table;
	struct err err;

	if (table_open_text(slice_of(spec), slice_of(text), &table, &err) != 0)
		fail_msg("%s", err.text);
	return table;
}

static void
a_row_is_domain_selector_and_key(void **state)
{
	static const struct {
		const char *value, *author;
		const char *want; /* domain selector key; or the error */
	} cases[] = {
		{ "a.example:s1:/k", "b.example", "a.example s1 /k" },
		{ " A.example : s1 : /k ", "", "a.example s1 /k" },
		{ "%:s1:/k/%/x%", "b.example",
		    "b.example s1 /k/b.example/xb.example" },
		{ "a.example:s1:/k/%", "b.example",
		    "a.example s1 /k/b.example" },
		{ "%:s1:/k", "../x", "!the author has no domain" },
		{ "%:s1:/k", "[192.0.2.1]", "!the author has no domain" },
		{ "%:s1:/k/%", "a/b.example", "!the author has no domain" },
		{ "a.example:s1:MIIE+/x%=", "b.example",
		    "a.example s1 MIIE+/x%=" },
		{ "a.example:s1:/k:rsa-sha256", "", "a.example s1 /k" },
		{ "a.example:s1:/k:ED25519-SHA256", "", "a.example s1 /k" },
		{ "a.example:s1:/k:rsa-sha1", "", "a.example s1 /k" },
		{ "a.example:s1:/k:md5", "",
		    "!the algorithm is not rsa-sha256 or ed25519-sha256" },
		{ "a.example:s1:./k", "", "!the path is not absolute" },
		{ "a.example:s1:", "", "!there is no key" },
		{ "a.example:s1", "", "!not DOMAIN:SELECTOR:KEY" },
		{ "", "", "!not DOMAIN:SELECTOR:KEY" },
		{ "a:s1:/k", "", "!the domain is not one in A-labels" },
		{ "a b.example:s1:/k", "",
		    "!the domain is not one in A-labels" },
		{ "a.example:s 1:/k", "", "!the selector is not one" },
		{ "a.example::/k", "", "!the selector is not one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct key_row row;
		struct err err;
		struct slice got;

		if (key_row_read(slice_of(cases[i].value),
			slice_of(cases[i].author), &memory, &row, &err) != 0)
			got = slice_format(&memory, "!%s", err.text);
		else
			got = slice_format(&memory, "%.*s %.*s %.*s",
			    SLICE_ARGS(row.domain), SLICE_ARGS(row.selector),
			    SLICE_ARGS(row.key));
		check_slice(cases[i].value, got, cases[i].want);
	}
}

static void
identities_are_of_the_signing_domain_and_need_no_encoding(void **state)
{
	static const struct {
		const char *identity, *domain, *want;
	} cases[] = {
		{ "@a.example", "a.example", "@a.example" },
		{ "bob@A.example", "a.example", "bob@A.example" },
		{ "bob@x.a.example", "a.example", "bob@x.a.example" },
		{ "bob@xa.example", "a.example", "" },
		{ "bob@example", "a.example", "" },
		{ "a.example", "a.example", "" },
		{ "b ob@a.example", "a.example", "" },
		{ "b;d=x@a.example", "a.example", "" },
		{ "b\xc3\xbc@a.example", "a.example", "" },
		{ "", "a.example", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_slice(cases[i].identity,
		    key_identity(
			slice_of(cases[i].identity), slice_of(cases[i].domain)),
		    cases[i].want);
}

/* The names that a table has for an address, each with a blank behind it. */
static struct slice
wishes(
    struct table *signing, bool multiple, const char *local, const char *domain)
{
	const struct key_tables tables = { NULL, signing, multiple };
	const struct address address = { slice_of(local), slice_of(domain),
		slice_format(&memory, "%s@%s", local, domain) };
	struct err err;
	const struct table_context context = { .mem = &memory, .err = &err };
	struct key_wish found[KEY_MAX_WISHES];
	struct strbuf text;
	size_t count = 0;

	strbuf_init(&text, &memory);
	if (key_wishes_find(&tables, &address, &context, found, &count) ==
	    TABLE_FAILED)
		return slice_of("failed");
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%.*s%s%.*s ", SLICE_ARGS(found[i].name),
		    found[i].identity.len == 0 ? "" : ":",
		    SLICE_ARGS(found[i].identity));
	return strbuf_slice(&text);
}

static void
a_table_is_asked_in_the_order_of_opendkim(void **state)
{
	static const char text[] = "u@a.b.example 1\n"
				   "a.b.example 2:@%\n"
				   "u@.b.example 3\n"
				   "u@.example 4\n"
				   ".b.example 5\n"
				   ".example 6\n"
				   "u@* 7\n"
				   "* 8\n";
	struct table *file = open_text("file:x", text);
	struct table *hash = open_text("texthash:x", text);

	(void)state;
	check_slice("all", wishes(file, true, "u", "a.b.example"),
	    "1 2:@a.b.example 3 4 5 6 7 8 ");
	check_slice("of another type", wishes(hash, true, "u", "a.b.example"),
	    "1 2:@a.b.example 3 4 5 6 7 8 ");
	check_slice("first", wishes(file, false, "u", "a.b.example"), "1 ");
	check_slice("other", wishes(file, true, "x", "a.b.example"),
	    "2:@a.b.example 5 6 8 ");
	check_slice("parent", wishes(file, true, "x", "b.example"), "6 8 ");
	check_slice("none", wishes(file, false, "x", "other"), "8 ");
	check_slice("bad", wishes(file, false, "x\x01", "other"), "failed");
	table_close(file);
	table_close(hash);
}

static void
patterns_count_in_their_order(void **state)
{
	struct table *table = open_text("refile:x",
	    "*@a.example 1\nbob* 2:%\n*b@*.example 3\nb*b@*a.e*e 4\nb* 5\n"
	    "bob@a.example 6 # 7\n#* 8\n** 9\nno-value\n");

	(void)state;
	check_slice("all", wishes(table, true, "bob", "a.example"),
	    "1 2:a.example 3 4 5 6 9 ");
	check_slice("first", wishes(table, false, "bob", "a.example"), "1 ");
	check_slice("other", wishes(table, true, "x", "b.example"), "9 ");
	table_close(table);
}

/* Each pattern by itself; the index must not lose or move any. */
static void
many_patterns_are_found_as_if_each_was_tried(void **state)
{
	static const char letters[] = "ab*@.";
	struct strbuf text;
	unsigned int seed = 1;
	struct table *all;

	(void)state;
	strbuf_init(&text, &memory);
	for (size_t i = 0; i < 300; i++) {
		for (size_t k = 0; k < 1 + i % 7; k++) {
			seed = seed * 1103515245 + 12345;
			strbuf_add_char(&text, letters[seed >> 16 & 3]);
		}
		strbuf_addf(&text, " %zu\n", i);
	}
	all = open_text("refile:x", strbuf_slice(&text).data);
	for (size_t i = 0; i < 64; i++) {
		struct slice local = slice_format(&memory, "%s%s%s",
		    i & 1 ? "a" : "b", i & 2 ? "a" : "", i & 4 ? "b" : "");
		struct slice domain = slice_format(&memory, "%s%s%s",
		    i & 8 ? "a" : "b", i & 16 ? "a" : "", i & 32 ? "b" : "");
		struct slice got = wishes(all, true, local.data, domain.data);
		struct table_row row;
		struct strbuf want;
		size_t count = 0;

		strbuf_init(&want, &memory);
		for (size_t r = 0; table_row(all, r, &row); r++) {
			struct table *one = open_text("refile:x",
			    slice_format(&memory, "%.*s %.*s\n",
				SLICE_ARGS(row.key), SLICE_ARGS(row.value))
				.data);

			if (count < KEY_MAX_WISHES) {
				struct slice found =
				    wishes(one, true, local.data, domain.data);

				strbuf_add(&want, found);
				count += found.len != 0;
			}
			table_close(one);
		}
		assert_true(slice_eq(got, strbuf_slice(&want)));
	}
	table_close(all);
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
		cmocka_unit_test(a_row_is_domain_selector_and_key),
		cmocka_unit_test(
		    identities_are_of_the_signing_domain_and_need_no_encoding),
		cmocka_unit_test(a_table_is_asked_in_the_order_of_opendkim),
		cmocka_unit_test(patterns_count_in_their_order),
		cmocka_unit_test(many_patterns_are_found_as_if_each_was_tried),
	};

	arena_init(&memory);
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
