/* SPDX-License-Identifier: BSD-2-Clause */
#include "../unit.h"

#include <stdio.h>
#include <time.h>

#include "../../../milter/preflight/outlook_cache_priv.h"
#include "base/clock.h"
#include "conf/config_dns.h"
#include "dns/resolver_zone.h"

#define HOST(x, n) "*." x ".m.example. IN MX 1 " n "." x ".hosts.example.\n"
/* clang-format off */
#define HOSTS(x) \
	HOST(x, "0") HOST(x, "1") HOST(x, "2") HOST(x, "3") HOST(x, "4") \
	HOST(x, "5") HOST(x, "6") HOST(x, "7") HOST(x, "8") HOST(x, "9")
/* clang-format on */

static const char zone_text[] =
    "one.example. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "none.example. IN A 192.0.2.9\n"
    "host.example. IN TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "_dmarc.one.example. IN TXT \"v=DMARC1; p=reject\"\n"
    "quiet.one.example. IN TIMEOUT\n"
    "quiet.other.example. IN TIMEOUT\n"
    "person.example. IN TXT \"v=spf1 exists:%{l}.ok.example -all\"\n"
    "alice.ok.example. IN A 127.0.0.2\n"
    /* Every name of the macros is there, and has ten hosts of its own. */
    "greedy.example. IN TXT \"v=spf1 mx:%{l}.a.m.example mx:%{i}.b.m.example "
    "mx:%{i}.c.m.example mx:%{i}.d.m.example mx:%{i}.e.m.example "
    "?all\"\n" HOSTS("a") HOSTS("b") HOSTS("c") HOSTS("d")
	HOSTS("e") "*.hosts.example. IN A 192.0.2.99\n"
		   "soft.example. IN TXT \"v=spf1 mx:%{d}.a.m.example +all\"\n"
		   "_dmarc.greedy.example. IN TXT \"v=DMARC1; p=reject\"\n";

/* A world of checks, what it asked, and a message. */
struct scene {
	struct arena mem;
	struct config *config;
	struct resolver *zone;
	size_t seen;
	struct preflight_world world;
	struct preflight_facts facts;
	struct slice author;
	struct slice signer;
	struct net_addr egress[1];
	struct outlook outlooks[PREFLIGHT_CHECKS];
};

static enum dns_outcome
ask_zone(void *handle, const struct dns_question *question,
    struct dns_answer *ret_answer, struct err *err)
{
	uint64_t deadline_us = question->deadline_us;

	/* All below this is silent until the deadline. */
	if (slice_ends_nocase(question->name, SLICE("silent.example"))) {
		uint64_t now_us = clock_monotonic_us();
		struct timespec rest = { .tv_nsec = now_us < deadline_us ?
			    (long)(deadline_us - now_us) * 1000 :
			    0 };

		(void)nanosleep(&rest, NULL);
	}
	if (clock_monotonic_us() >= deadline_us) {
		err_set(err, ERR_TEMP, "timed out");
		return DNS_FAILED;
	}
	return resolver_pass_on(handle, question, ret_answer, err);
}

static void
free_zone(void *handle)
{
	resolver_unref(handle);
}

static const struct resolver_ops slow_ops = { .lookup = ask_zone,
	.free = free_zone };

static int
begin(void **state)
{
	struct scene *scene = test_calloc(1, sizeof(*scene));
	struct err err;

	arena_init(&scene->mem);
	assert_int_equal(
	    config_read_text("test",
		SLICE("preflight {\n"
		      "egress = {192.0.2.1}; spf = warn; dmarc = warn }\n"),
		NULL, NULL, &scene->config, &err),
	    0);
	assert_int_equal(
	    zone_resolver_new(slice_of(zone_text), "zone", &scene->zone, &err),
	    0);
	assert_int_equal(preflight_world_open(&scene->world, scene->config,
			     resolver_new(&slow_ops, resolver_ref(scene->zone)),
			     NULL, &scene->mem, &err),
	    0);
	assert_true(net_addr_parse(SLICE("192.0.2.1"), &scene->egress[0]));
	scene->author = SLICE("one.example");
	scene->facts =
	    (struct preflight_facts){ .mail_from = SLICE("alice@one.example"),
		    .helo = SLICE("host.example"),
		    .egress = scene->egress,
		    .egress_count = 1,
		    .authors = &scene->author,
		    .author_count = 1,
		    .signers = &scene->signer };
	*state = scene;
	return 0;
}

static int
end(void **state)
{
	struct scene *scene = *state;

	preflight_world_close(&scene->world);
	resolver_unref(scene->zone);
	config_free(scene->config);
	arena_done(&scene->mem);
	test_free(scene);
	return 0;
}

/* Makes checks at the levels of words; how much was asked of DNS for it. */
static size_t
look(struct scene *scene, const char *words)
{
	struct preflight_levels levels = { { PREFLIGHT_OFF } };
	size_t before = scene->seen;
	struct err err;

	assert_int_equal(
	    preflight_levels_change(&levels, slice_of(words), &err), 0);
	preflight_look(&scene->world, &levels, &scene->facts,
	    clock_monotonic_us() + 100000, &scene->mem, scene->outlooks);
	scene->seen = zone_resolver_lookups(scene->zone);
	return scene->seen - before;
}

static void
check(const struct scene *scene, enum preflight_check which,
    enum outlook_state want)
{
	if (scene->outlooks[which].state != want)
		fail_msg("%s: state %d, want %d", preflight_check_name(which),
		    (int)scene->outlooks[which].state, (int)want);
}

static void
what_is_off_asks_nothing(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(look(scene, ""), 0);
	for (size_t i = 0; i < PREFLIGHT_CHECKS; i++)
		check(scene, (enum preflight_check)i, OUTLOOK_NOT_ASKED);
}

static void
spf_that_is_off_is_asked_only_where_dmarc_hangs_on_it(void **state)
{
	struct scene *scene = *state;

	scene->signer = SLICE("one.example");
	scene->facts.signer_count = 1;
	/* The walk: one.example and example. */
	assert_int_equal(look(scene, "dmarc=reject"), 2);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
	scene->facts.signer_count = 0;
	assert_true(look(scene, "dmarc=reject") > 2);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
	check(scene, PREFLIGHT_SPF, OUTLOOK_NOT_ASKED);
}

static void
a_known_domain_costs_no_question(void **state)
{
	struct scene *scene = *state;
	const char *const all = "spf=warn dmarc=warn adsp=warn";

	assert_true(look(scene, all) > 3);
	assert_int_equal(look(scene, all), 0);
	scene->facts.mail_from = SLICE("bob@one.example");
	assert_int_equal(look(scene, all), 0);
	check(scene, PREFLIGHT_SPF, OUTLOOK_GOOD);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
}

static void
what_hangs_on_the_sender_is_not_shared(void **state)
{
	struct scene *scene = *state;

	scene->facts.mail_from = SLICE("alice@person.example");
	(void)look(scene, "spf=warn");
	check(scene, PREFLIGHT_SPF, OUTLOOK_GOOD);
	scene->facts.mail_from = SLICE("bob@person.example");
	(void)look(scene, "spf=warn");
	check(scene, PREFLIGHT_SPF, OUTLOOK_BAD);
	scene->facts.mail_from = SLICE("");
	scene->facts.helo = SLICE("person.example");
	(void)look(scene, "spf=warn");
	check(scene, PREFLIGHT_SPF, OUTLOOK_BAD);
}

/* Lists that differ behind what fits a short key. */
static void
egress_lists_are_told_apart_to_their_ends(void **state)
{
	struct scene *scene = *state;
	struct strbuf text;

	strbuf_init(&text, &scene->mem);
	for (size_t i = 0; i < 1000; i++)
		strbuf_add_cstr(&text, "192.0.2.1, ");
	scene->facts.egress_text = slice_dup(&scene->mem, strbuf_slice(&text));
	(void)look(scene, "spf=warn");
	check(scene, PREFLIGHT_SPF, OUTLOOK_GOOD);
	strbuf_add_cstr(&text, "192.0.2.2");
	scene->facts.egress_text = strbuf_slice(&text);
	assert_true(net_addr_parse(SLICE("192.0.2.2"), &scene->egress[0]));
	assert_true(look(scene, "spf=warn") > 0);
	check(scene, PREFLIGHT_SPF, OUTLOOK_BAD);
}

/* Signers and the domain of SPF are written apart. */
static void
parts_of_a_key_cannot_pass_for_each_other(void **state)
{
	struct scene *scene = *state;

	scene->signer = SLICE("one.example");
	scene->facts.signer_count = 1;
	scene->facts.mail_from = SLICE("alice@none.example");
	(void)look(scene, "spf=warn dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
	scene->facts.signer_count = 0;
	(void)look(scene, "spf=warn dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_BAD);
}

static void
silence_is_unknown_and_costs_the_time_once(void **state)
{
	struct scene *scene = *state;
	const char *const all = "spf=warn dmarc=warn adsp=warn sender-id=warn";
	struct field from = { SLICE("From"), SLICE(" <a@silent.example>") };
	uint64_t start_us;

	scene->facts.mail_from = SLICE("alice@silent.example");
	scene->author = SLICE("silent.example");
	scene->facts.fields = &from;
	scene->facts.field_count = 1;
	(void)look(scene, all);
	for (size_t i = 0; i < PREFLIGHT_UNSUBSCRIBE; i++)
		check(scene, (enum preflight_check)i, OUTLOOK_UNKNOWN);
	start_us = clock_monotonic_us();
	assert_int_equal(look(scene, all), 0);
	assert_true(clock_monotonic_us() - start_us < 50000);
	for (size_t i = 0; i < PREFLIGHT_UNSUBSCRIBE; i++)
		check(scene, (enum preflight_check)i, OUTLOOK_UNKNOWN);
}

static void
silence_of_one_domain_is_not_held_against_another(void **state)
{
	struct scene *scene = *state;
	const char *const all = "spf=reject dmarc=reject adsp=reject";

	scene->signer = SLICE("one.example");
	scene->facts.signer_count = 1;
	scene->facts.mail_from = SLICE("alice@silent.example");
	(void)look(scene, all);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_UNKNOWN);
	check(scene, PREFLIGHT_ADSP, OUTLOOK_UNKNOWN);
	scene->facts.mail_from = SLICE("bob@none.example");
	(void)look(scene, all);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
	check(scene, PREFLIGHT_ADSP, OUTLOOK_GOOD);
}

/* The message has addresses on which each macro makes other names. */
static void
be_greedy(struct scene *scene, const char *sender, size_t addresses)
{
	struct net_addr *egress =
	    arena_array(&scene->mem, addresses, sizeof(*egress));

	for (size_t i = 0; i < addresses; i++) {
		ENSURE(net_addr_parse(SLICE("192.0.2.99"), &egress[i]));
		egress[i].octets[2] = 3; /* of no host */
		egress[i].octets[3] = (uint8_t)i;
	}
	scene->facts.egress = egress;
	scene->facts.egress_count = addresses;
	scene->facts.mail_from = slice_of(sender);
}

static void
what_one_message_asks_is_bounded(void **state)
{
	struct scene *scene = *state;

	be_greedy(scene, "alice@greedy.example", 1);
	scene->world.questions = 40;
	assert_int_equal(look(scene, "spf=reject"), 40);
	check(scene, PREFLIGHT_SPF, OUTLOOK_UNKNOWN);
	assert_non_null(strstr(scene->outlooks[PREFLIGHT_SPF].text.data,
	    "more than 40 questions for one message (dns.questions)"));
	/* That it is not known holds for all senders for a while. */
	scene->facts.mail_from = SLICE("bob@greedy.example");
	assert_int_equal(look(scene, "spf=reject"), 0);
	check(scene, PREFLIGHT_SPF, OUTLOOK_UNKNOWN);
}

static void
what_addresses_have_in_common_is_asked_once(void **state)
{
	struct scene *scene = *state;
	size_t one;

	be_greedy(scene, "alice@soft.example", 1);
	one = look(scene, "spf=warn");
	assert_int_equal(one, 12); /* TXT, MX, and ten hosts */
	be_greedy(scene, "bob@soft.example", 200);
	scene->facts.egress_text = SLICE("all of them");
	/* No answer is remembered in between: the list is another one. */
	assert_int_equal(look(scene, "spf=warn"), one);
}

static void
a_greedy_domain_is_not_held_against_another(void **state)
{
	struct scene *scene = *state;

	scene->signer = SLICE("one.example");
	scene->facts.signer_count = 1;
	be_greedy(scene, "alice@greedy.example", 1);
	scene->world.questions = 40;
	(void)look(scene, "spf=reject dmarc=reject");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_UNKNOWN);
	scene->facts.mail_from = SLICE("bob@none.example");
	(void)look(scene, "dmarc=reject");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_GOOD);
}

static void
each_sender_of_a_domain_is_remembered(void **state)
{
	struct scene *scene = *state;

	scene->facts.mail_from = SLICE("alice@person.example");
	assert_true(look(scene, "spf=warn") > 0);
	assert_int_equal(look(scene, "spf=warn"), 0);
	check(scene, PREFLIGHT_SPF, OUTLOOK_GOOD);
	scene->facts.mail_from = SLICE("bob@person.example");
	assert_true(look(scene, "spf=warn") > 0);
	assert_int_equal(look(scene, "spf=warn"), 0);
	check(scene, PREFLIGHT_SPF, OUTLOOK_BAD);
}

/* Not known whether SPF passes is not the same as that it does not. */
static void
dmarc_without_what_spf_says_is_unknown(void **state)
{
	struct scene *scene = *state;

	(void)look(scene, "dmarc=warn");
	scene->facts.mail_from = SLICE("alice@none.example");
	(void)look(scene, "dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_BAD);
	scene->facts.mail_from = SLICE("alice@quiet.one.example");
	(void)look(scene, "dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_UNKNOWN);
	(void)look(scene, "spf=warn dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_UNKNOWN);
	/* Whatever SPF says of a foreign domain is no help. */
	scene->facts.mail_from = SLICE("alice@quiet.other.example");
	(void)look(scene, "spf=warn dmarc=warn");
	check(scene, PREFLIGHT_SPF, OUTLOOK_UNKNOWN);
	check(scene, PREFLIGHT_DMARC, OUTLOOK_BAD);
	/* Nor can SPF pass where nobody says what mail leaves from. */
	scene->facts.egress_count = 0;
	(void)look(scene, "dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_BAD);
	scene->facts.mail_from = SLICE("alice@one.example");
	(void)look(scene, "dmarc=warn");
	check(scene, PREFLIGHT_DMARC, OUTLOOK_UNKNOWN);
}

/* A reload keeps what it has of DNS where no file can have changed. */
static void
what_files_say_of_dns_is_read_again(void **state)
{
	static const struct {
		const char *dns;
		bool same;
	} cases[] = {
		{ "dns { servers = {127.0.0.1} }", true },
		{ "dns { recursive = yes }", true },
		{ "", false }, /* resolv.conf */
		{ "dns { servers = {127.0.0.1}; trust-anchor = \"/x\" }",
		    false },
		{ "dns { zone = \"/x\" }", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		struct err err;

		assert_int_equal(
		    config_read_text("test", slice_of(cases[i].dns), NULL, NULL,
			&config, &err),
		    0);
		if (config_same_dns(config, config) != cases[i].same)
			fail_msg("%s", cases[i].dns);
		config_free(config);
	}
}

static bool
is_cached(struct outlook_cache *cache, unsigned int number)
{
	struct outlook outlook;
	struct arena mem;
	bool found;

	arena_init(&mem);
	found = outlook_cache_get(
	    cache, slice_format(&mem, "%u", number), &mem, &outlook);
	arena_done(&mem);
	return found;
}

/* The first of many additions that is still there. */
static unsigned int
first_kept(size_t octets, unsigned int count)
{
	struct outlook_cache *cache = outlook_cache_new();
	struct outlook outlook = { .state = OUTLOOK_GOOD };
	unsigned int first = 0;
	struct arena mem;

	arena_init(&mem);
	outlook.text = (struct slice){ arena_alloc(&mem, octets), octets };
	for (unsigned int i = 0; i < count; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "%u", i);
		outlook_cache_put(cache, slice_of(key), &outlook, 60);
	}
	while (first < count && !is_cached(cache, first))
		first++;
	for (unsigned int i = first; i < count; i++)
		assert_true(is_cached(cache, i));
	outlook_cache_free(cache);
	arena_done(&mem);
	return first;
}

static void
the_cache_keeps_the_newest_and_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(first_kept(10, 20000), 0);
	assert_int_equal(first_kept(10, 35000), 20000);
	/* 100 MB in all. */
	assert_true(first_kept(100000, 1000) > 600);
}

static void
seconds_bound_what_is_kept(void **state)
{
	struct outlook_cache *cache = outlook_cache_new();
	struct outlook outlook = { .state = OUTLOOK_GOOD };
	const struct timespec nap = { .tv_sec = 1, .tv_nsec = 10000000 };

	(void)state;
	outlook_cache_put(cache, SLICE("0"), &outlook, 0);
	outlook_cache_put(cache, SLICE("1"), &outlook, 1);
	assert_false(is_cached(cache, 0));
	assert_true(is_cached(cache, 1));
	(void)nanosleep(&nap, NULL);
	assert_false(is_cached(cache, 1));
	outlook_cache_free(cache);
}

static void
gather_report(void *arg, bool is_error, const char *text)
{
	struct strbuf *said = arg;

	assert_true(is_error);
	strbuf_addf(said, "%s\n", text);
}

static void
faults_of_options_come_with_their_line(void **state)
{
	static const struct {
		const char *config;
		const char *want;
	} cases[] = {
		{ "preflight { spf = warn; egress = {192.0.2.0/28, ::1} }",
		    "" },
		{ "preflight {\negress = {192.0.2.1/24,\nfoo, 192.0.2.1} }",
		    "test:2: preflight.egress: \"192.0.2.1/24\": the address "
		    "has bits set behind its prefix length: write "
		    "192.0.2.0/24 or 192.0.2.1\n"
		    "test:2: preflight.egress: \"foo\": not an IP address or "
		    "network\n" },
		{ "preflight {\n\nspf = warn\nsender-id = tag }",
		    "test:3: preflight.spf: needs preflight.egress, the "
		    "addresses that mail leaves from\n"
		    "test:4: preflight.sender-id: needs preflight.egress, the "
		    "addresses that mail leaves from\n" },
		{ "preflight { dmarc = warn }", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		struct strbuf said;
		struct arena mem;
		struct err err;
		int status;

		arena_init(&mem);
		strbuf_init(&said, &mem);
		strbuf_add_cstr(&said, "");
		assert_int_equal(
		    config_read_text("test", slice_of(cases[i].config), NULL,
			NULL, &config, &err),
		    0);
		status = preflight_check_config(
		    config, &(struct report){ gather_report, &said });
		check_slice("said", strbuf_slice(&said), cases[i].want);
		assert_int_equal(status, cases[i].want[0] == '\0' ? 0 : -1);
		config_free(config);
		arena_done(&mem);
	}
}

static void
more_addresses_than_are_tried_are_a_fault(void **state)
{
	struct config *config;
	struct strbuf text, said;
	struct arena mem;
	struct err err;

	(void)state;
	arena_init(&mem);
	strbuf_init(&text, &mem);
	strbuf_init(&said, &mem);
	strbuf_add_cstr(&text, "preflight { egress = {");
	for (int i = 0; i <= PREFLIGHT_MAX_EGRESS / 16; i++)
		strbuf_addf(&text, "%s192.0.%d.0/28", i > 0 ? ", " : "", i);
	strbuf_add_cstr(&text, "} }");
	assert_int_equal(config_read_text("test", strbuf_slice(&text), NULL,
			     NULL, &config, &err),
	    0);
	assert_int_equal(preflight_check_config(
			     config, &(struct report){ gather_report, &said }),
	    -1);
	check_slice("said", strbuf_slice(&said),
	    "test:1: preflight.egress: \"192.0.16.0/28\": more than 256 "
	    "addresses\n");
	config_free(config);
	arena_done(&mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
		cmocka_unit_test(faults_of_options_come_with_their_line),
		cmocka_unit_test(more_addresses_than_are_tried_are_a_fault),
		SCENE(what_is_off_asks_nothing),
		SCENE(spf_that_is_off_is_asked_only_where_dmarc_hangs_on_it),
		SCENE(a_known_domain_costs_no_question),
		SCENE(what_hangs_on_the_sender_is_not_shared),
		SCENE(egress_lists_are_told_apart_to_their_ends),
		SCENE(parts_of_a_key_cannot_pass_for_each_other),
		SCENE(silence_is_unknown_and_costs_the_time_once),
		SCENE(silence_of_one_domain_is_not_held_against_another),
		SCENE(what_one_message_asks_is_bounded),
		SCENE(what_addresses_have_in_common_is_asked_once),
		SCENE(a_greedy_domain_is_not_held_against_another),
		SCENE(each_sender_of_a_domain_is_remembered),
		SCENE(dmarc_without_what_spf_says_is_unknown),
		cmocka_unit_test(what_files_say_of_dns_is_read_again),
		cmocka_unit_test(the_cache_keeps_the_newest_and_is_bounded),
		cmocka_unit_test(seconds_bound_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
