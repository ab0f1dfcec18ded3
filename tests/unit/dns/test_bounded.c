/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include "dns/bounded.h"
#include "dns/resolver_zone.h"

static const char zone_text[] = "*.example. 300 IN TXT \"text\"\n"
				"away.example. 300 IN CNAME there.example.\n"
				"there.example. 300 IN A 192.0.2.1\n"
				"quiet.example. IN FAIL\n";

struct scene {
	struct arena mem;
	struct resolver *zone;
	struct domain_quota *quota;
	struct resolver *bounded;
	struct err err;
};

static int
begin(void **state)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));

	arena_init(&scene->mem);
	assert_int_equal(zone_resolver_new(slice_of(zone_text), "zone",
			     &scene->zone, &scene->err),
	    0);
	scene->quota = domain_quota_new(7);
	scene->bounded = bounded_resolver_new(scene->zone, 5, scene->quota);
	bounded_resolver_for(scene->bounded, SLICE("one.example"));
	*state = scene;
	return 0;
}

static int
end(void **state)
{
	struct scene *scene = *state;

	resolver_unref(scene->bounded);
	domain_quota_free(scene->quota);
	resolver_unref(scene->zone);
	arena_done(&scene->mem);
	test_free(scene);
	return 0;
}

static enum dns_outcome
ask(struct scene *scene, const char *name, enum dns_type type,
    struct dns_answer *answer)
{
	const struct dns_client dns = { .resolver = scene->bounded,
		.mem = &scene->mem };

	return resolver_lookup(&dns, slice_of(name), type, answer, &scene->err);
}

static void
a_question_is_asked_once(void **state)
{
	struct scene *scene = *state;
	struct dns_answer one, two;

	assert_int_equal(ask(scene, "away.example", DNS_A, &one), DNS_FOUND);
	assert_int_equal(ask(scene, "AWAY.example.", DNS_A, &two), DNS_FOUND);
	assert_int_equal(zone_resolver_lookups(scene->zone), 1);
	assert_int_equal(two.count, 1);
	assert_true(slice_eq(one.records[0], two.records[0]));
	check_slice("owner", two.owner, "there.example");
	assert_int_equal(two.ttl, one.ttl);
	/* Another type is another question. */
	assert_int_equal(
	    ask(scene, "there.example", DNS_TXT, &one), DNS_NO_DATA);
	assert_int_equal(
	    ask(scene, "there.example", DNS_TXT, &one), DNS_NO_DATA);
	assert_int_equal(ask(scene, "no.where", DNS_TXT, &one), DNS_NO_NAME);
	assert_int_equal(ask(scene, "no.where", DNS_TXT, &one), DNS_NO_NAME);
	assert_int_equal(zone_resolver_lookups(scene->zone), 3);
	assert_int_equal(bounded_resolver_asked(scene->bounded), 3);
}

static void
no_answer_is_not_asked_for_again(void **state)
{
	struct scene *scene = *state;
	struct dns_answer answer;

	for (size_t i = 0; i < 3; i++) {
		scene->err = (struct err){ .kind = ERR_NONE };
		assert_int_equal(
		    ask(scene, "quiet.example", DNS_TXT, &answer), DNS_FAILED);
		assert_int_equal(scene->err.kind, ERR_TEMP);
		assert_string_equal(
		    scene->err.text, "TXT of quiet.example: SERVFAIL");
	}
	assert_int_equal(zone_resolver_lookups(scene->zone), 1);
}

static enum dns_outcome
refute(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	size_t *asked = handle;

	(void)question;
	++*asked;
	ret_answer->bogus = true;
	err_set(err, ERR_TEMP, "no signature");
	return DNS_FAILED;
}

static void
leave(void *handle)
{
	(void)handle;
}

static void
what_dnssec_refutes_stays_so(void **state)
{
	static const struct resolver_ops ops = { .lookup = refute,
		.free = leave };
	struct scene *scene = *state;
	struct dns_answer answer;
	size_t asked = 0;

	resolver_unref(scene->bounded);
	resolver_unref(scene->zone);
	scene->zone = resolver_new(&ops, &asked);
	scene->bounded = bounded_resolver_new(scene->zone, 5, scene->quota);
	for (size_t i = 0; i < 2; i++) {
		answer = (struct dns_answer){ .count = 0 };
		assert_int_equal(
		    ask(scene, "a.example", DNS_TXT, &answer), DNS_FAILED);
		assert_true(answer.bogus);
		assert_string_equal(
		    scene->err.text, "TXT of a.example: no signature");
	}
	assert_int_equal(asked, 1);
}

static void
over_the_bound_of_a_message_nothing_is_asked(void **state)
{
	static const char *const names[] = { "a.example", "b.example",
		"c.example", "d.example", "e.example" };
	struct scene *scene = *state;
	struct dns_answer answer;

	for (size_t i = 0; i < 5; i++)
		assert_int_equal(
		    ask(scene, names[i], DNS_TXT, &answer), DNS_FOUND);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(
		    ask(scene, "f.example", DNS_TXT, &answer), DNS_FAILED);
		assert_int_equal(scene->err.kind, ERR_TEMP);
		assert_string_equal(scene->err.text,
		    "TXT of f.example: more "
		    "than 5 questions for one message (dns.questions)");
		assert_int_equal(
		    ask(scene, names[i], DNS_TXT, &answer), DNS_FOUND);
	}
	assert_int_equal(zone_resolver_lookups(scene->zone), 5);
}

/* Nor can somebody have large answers asked for without end. */
static void
what_is_too_large_to_hold_counts_each_time(void **state)
{
	struct scene *scene = *state;
	struct dns_answer answer;
	struct strbuf text;
	char name[] = "0.example";

	strbuf_init(&text, &scene->mem);
	for (; name[0] < '5'; name[0]++) {
		strbuf_addf(&text, "%s. IN TXT", name);
		for (size_t i = 0; i < 240; i++)
			strbuf_addf(&text, " \"%0250zu\"", i);
		strbuf_add_char(&text, '\n');
	}
	resolver_unref(scene->bounded);
	resolver_unref(scene->zone);
	assert_int_equal(zone_resolver_new(strbuf_slice(&text), "zone",
			     &scene->zone, &scene->err),
	    0);
	scene->bounded = bounded_resolver_new(scene->zone, 7, scene->quota);
	for (size_t i = 0; i < 20; i++) {
		name[0] = (char)('0' + i % 5);
		(void)ask(scene, name, DNS_TXT, &answer);
	}
	assert_int_equal(bounded_resolver_asked(scene->bounded), 7);
	assert_int_equal(zone_resolver_lookups(scene->zone), 7);
}

static void
what_is_begun_in_advance_counts_once(void **state)
{
	struct scene *scene = *state;
	struct dns_answer answer;

	resolver_prefetch(scene->bounded, SLICE("a.example"), DNS_TXT);
	resolver_prefetch(scene->bounded, SLICE("a.example"), DNS_TXT);
	assert_int_equal(bounded_resolver_asked(scene->bounded), 1);
	assert_int_equal(ask(scene, "a.example", DNS_TXT, &answer), DNS_FOUND);
	assert_int_equal(bounded_resolver_asked(scene->bounded), 1);
	for (char name[] = "b.example"; name[0] < 'z'; name[0]++)
		resolver_prefetch(scene->bounded, slice_of(name), DNS_TXT);
	assert_int_equal(bounded_resolver_asked(scene->bounded), 5);
}

static void
the_quota_is_that_of_a_domain_in_all_messages(void **state)
{
	struct scene *scene = *state;
	struct dns_answer answer;
	char name[] = "a.example";

	for (; name[0] < 'f'; name[0]++)
		assert_int_equal(ask(scene, name, DNS_TXT, &answer), DNS_FOUND);
	resolver_unref(scene->bounded);
	scene->bounded = bounded_resolver_new(scene->zone, 5, scene->quota);
	bounded_resolver_for(scene->bounded, SLICE("one.example"));
	for (; name[0] < 'h'; name[0]++)
		assert_int_equal(ask(scene, name, DNS_TXT, &answer), DNS_FOUND);
	assert_int_equal(ask(scene, name, DNS_TXT, &answer), DNS_FAILED);
	assert_non_null(strstr(scene->err.text,
	    "more than 7 questions in a "
	    "minute for this domain (dns.domain-questions)"));
	assert_int_equal(zone_resolver_lookups(scene->zone), 7);
	bounded_resolver_for(scene->bounded, SLICE("two.example"));
	assert_int_equal(ask(scene, name, DNS_TXT, &answer), DNS_FOUND);
}

int
main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		SCENE(a_question_is_asked_once),
		SCENE(no_answer_is_not_asked_for_again),
		SCENE(what_dnssec_refutes_stays_so),
		SCENE(over_the_bound_of_a_message_nothing_is_asked),
		SCENE(what_is_too_large_to_hold_counts_each_time),
		SCENE(what_is_begun_in_advance_counts_once),
		SCENE(the_quota_is_that_of_a_domain_in_all_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
