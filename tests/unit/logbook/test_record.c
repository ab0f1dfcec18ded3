/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "logbook/record.h"

static struct log_record
read_well(const char *line)
{
	struct log_record record;

	if (log_record_read(slice_of(line), &record) != LOG_TEXT_MESSAGE)
		fail_msg("not a message: %s", line);
	return record;
}

static void
fields_are_found(void **state)
{
	struct log_record record = read_well(
	    "qid=4F2A login=alice@example.org via=sasl client=192.0.2.7 "
	    "mail_from=\"a\\x20b@example.org\" from=\"x@a.example,y@b.example\" "
	    "from_more=93 action=reject reason=rights "
	    "reply=\"550 5.7.1 You may not send as x=y; ask\" signed=none "
	    "ms=1.3");
	uint64_t tenths;

	(void)state;
	check_slice("qid", record.fields[LOG_QID], "4F2A");
	check_slice(
	    "mail_from", record.fields[LOG_MAIL_FROM], "a\\x20b@example.org");
	check_slice("reply", record.fields[LOG_REPLY],
	    "550 5.7.1 You may not send as x=y; ask");
	assert_int_equal(record.more[LOG_FROM], 93);
	assert_false(log_record_has_all(&record, LOG_FROM));
	assert_true(log_record_has_all(&record, LOG_LOGIN));
	/* A field that is not there says that there is none. */
	assert_true(log_record_has_all(&record, LOG_RIGHT));
	assert_int_equal(record.fields[LOG_WOULD].len, 0);
	assert_false(record.is_cut);
	assert_true(log_value_ms(record.fields[LOG_MS], &tenths));
	assert_int_equal(tenths, 13);
	assert_false(log_value_ms(SLICE("1"), &tenths));
	assert_false(log_value_ms(SLICE("1.x"), &tenths));
	assert_false(log_value_ms(SLICE("-1.3"), &tenths));
}

/* Loggers that cut take the end of a line, wherever that is. */
static void
a_line_that_was_cut(void **state)
{
	static const char whole[] =
	    "qid=4F2A action=accept signed=none unsigned=\"no key of a.example\" "
	    "ms=1.3";
	size_t action = strlen("qid=4F2A action=a");

	(void)state;
	for (size_t len = 4; len < sizeof(whole) - 2; len++) {
		struct log_record record;
		enum log_text got =
		    log_record_read((struct slice){ whole, len }, &record);

		if (len < action) {
			assert_int_equal(got, LOG_TEXT_BROKEN);
			continue;
		}
		assert_int_equal(got, LOG_TEXT_MESSAGE);
		/* "ms=1" looks whole, as far as anyone can tell. */
		assert_true(record.is_cut || len >= sizeof(whole) - 4);
		if (record.fields[LOG_UNSIGNED].len != 0)
			check_slice("unsigned", record.fields[LOG_UNSIGNED],
			    "no key of a.example");
	}
	{
		struct log_record record = read_well("qid=1 action=accept si");

		assert_true(record.is_cut);
		assert_false(log_record_has_all(&record, LOG_UNSIGNED));
		assert_true(log_record_has_all(&record, LOG_QID));
	}
}

static void
what_is_no_line_of_a_message(void **state)
{
	static const struct {
		const char *text;
		enum log_text want;
	} cases[] = {
		{ "", LOG_TEXT_OTHER },
		{ "=", LOG_TEXT_OTHER },
		{ "reloaded /etc/submilter/submilter.conf", LOG_TEXT_OTHER },
		{ "accounting: the record of qid=1 action=accept is lost",
		    LOG_TEXT_OTHER },
		{ "quid=1 action=accept ms=1.0", LOG_TEXT_OTHER },
		{ "qid=1 ms=1.0", LOG_TEXT_BROKEN },
		{ "qid=1", LOG_TEXT_BROKEN },
		{ "qid=", LOG_TEXT_BROKEN },
		{ "qid=\"", LOG_TEXT_BROKEN },
		/* Each field is written once. */
		{ "qid=1 action=accept action=reject ms=1.0", LOG_TEXT_BROKEN },
		{ "qid=1 login= action=accept login=x ms=1.0",
		    LOG_TEXT_BROKEN },
		{ "qid=1 login=\"a\"b action=accept ms=1.0", LOG_TEXT_BROKEN },
		{ "qid=1 from=a from_more=x action=accept ms=1.0",
		    LOG_TEXT_BROKEN },
		/* What a later version may add. */
		{ "qid=1 action=accept colour=\"red and blue\" colour_more=7 "
		  "ms=1.0",
		    LOG_TEXT_MESSAGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_record record;

		if (log_record_read(slice_of(cases[i].text), &record) !=
		    cases[i].want)
			fail_msg("%s", cases[i].text);
	}
}

static void
octets_come_back(void **state)
{
	struct arena mem;

	(void)state;
	arena_init(&mem);
	check_slice("escaped",
	    log_value_octets(&mem, SLICE("\\x22a\\x5c\\x22b\\x22@c")),
	    "\"a\\\"b\"@c");
	check_slice("none", log_value_octets(&mem, SLICE("a@b")), "a@b");
	check_slice("broken", log_value_octets(&mem, SLICE("\\x2 \\xzz \\x2")),
	    "\\x2 \\xzz \\x2");
	check_slice(
	    "twice", log_value_octets(&mem, SLICE("\\x5cx22")), "\\x22");
	arena_done(&mem);
}

/* The local part of an address may hold a comma in quotes. */
static void
entries_of_a_list(void **state)
{
	static const struct {
		const char *list;
		const char *want[4];
	} cases[] = {
		{ "", { NULL } },
		{ "a@b", { "a@b", NULL } },
		{ "a@b,c@d", { "a@b", "c@d", NULL } },
		{ "\\x22a,b\\x22@c,d@e", { "\\x22a,b\\x22@c", "d@e", NULL } },
		{ "\\x22a\\x5c\\x22,b\\x22@c,d@e",
		    { "\\x22a\\x5c\\x22,b\\x22@c", "d@e", NULL } },
		{ "\\x22a\\x5c\\x5c\\x22@c,d@e",
		    { "\\x22a\\x5c\\x5c\\x22@c", "d@e", NULL } },
		/* A list whose end was cut. */
		{ "\\x22a,b", { "\\x22a,b", NULL } },
		{ "\\x22a\\x5c", { "\\x22a\\x5c", NULL } },
		{ "a,\\x2", { "a", "\\x2", NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice rest = slice_of(cases[i].list), item;
		size_t n = 0;

		while (log_list_next(&rest, &item)) {
			assert_non_null(cases[i].want[n]);
			check_slice(cases[i].list, item, cases[i].want[n++]);
		}
		assert_null(cases[i].want[n]);
	}
	check_slice("domain",
	    log_value_domain(SLICE("\\x22a@b\\x22@c.example")), "c.example");
	check_slice("none", log_value_domain(SLICE("<>")), "<>");
}

/* No octet of a line, and no end of it, leads astray (with sanitizers). */
static void
any_line_is_read(void **state)
{
	static const char line[] =
	    "qid=1 from=\"\\x22a\\x5c\\x22b\\x22@c,d\" from_more=2 action=hold "
	    "reply=\"x y\" ms=1.3";
	char changed[sizeof(line)];
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		struct log_record record;
		struct slice rest, item;
		size_t len;

		memcpy(changed, line, sizeof(line));
		for (int j = 0; j < 3; j++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			changed[(seed >> 33) % (sizeof(line) - 1)] =
			    (j & 1) != 0 ? "\"\\ =,x2"[(seed >> 20) % 7] :
					   (char)(seed >> 48);
		}
		len = (size_t)(seed >> 40) % sizeof(line);
		if (log_record_read((struct slice){ changed, len }, &record) !=
		    LOG_TEXT_MESSAGE)
			continue;
		rest = record.fields[LOG_FROM];
		while (log_list_next(&rest, &item))
			assert_true(item.len <= len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found),
		cmocka_unit_test(a_line_that_was_cut),
		cmocka_unit_test(what_is_no_line_of_a_message),
		cmocka_unit_test(octets_come_back),
		cmocka_unit_test(entries_of_a_list),
		cmocka_unit_test(any_line_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
