/* SPDX-License-Identifier: BSD-2-Clause */
/* What logins have sent, by a clock that the test sets. */
#include "../unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/limit_counts.h"

enum { DAY = 86400, NOON = 20000 * DAY };

static struct login_limits
limits_by(const char *words)
{
	struct login_limits limits = { .row = { NULL, 0 } };
	struct arena mem;
	struct err err;

	arena_init(&mem);
	if (limits_change(&limits, slice_of(words), &mem, &err) != 0)
		fail_msg("%s: %s", words, err.text);
	arena_done(&mem);
	return limits;
}

struct sender {
	struct limit_counts *counts;
	struct login_limits limits;
	const char *login;
	struct limit_excess excess;
};

static struct sender
sender_new(const char *words)
{
	return (struct sender){ .counts = limit_counts_new(1000),
		.limits = limits_by(words),
		.login = "alice" };
}

static bool
send_claim(struct sender *sender, enum limit_kind kind, unsigned long amount,
    uint64_t now_s, struct limit_claim *claim)
{
	claim->login = slice_of(sender->login);
	return limit_counts_take(sender->counts, &sender->limits, kind, amount,
	    now_s, false, claim, &sender->excess);
}

/* One message that is accepted. */
static bool
send(struct sender *sender, uint64_t now_s)
{
	struct limit_claim claim = { .login = { NULL, 0 } };

	return send_claim(sender, LIMIT_MESSAGES, 1, now_s, &claim);
}

static void
no_stretch_of_time_has_more_than_the_limit(void **state)
{
	static const struct {
		const char *words;
		unsigned long count, seconds;
	} cases[] = { { "messages=10/600s", 10, 600 },
		{ "messages=3/1s", 3, 1 }, { "messages=5/7s", 5, 7 },
		{ "messages=4/11s", 4, 11 }, { "messages=4/19s", 4, 19 },
		{ "messages=7/95s", 7, 95 }, { "messages=50/1h", 50, 3600 },
		{ "messages=1/1d", 1, DAY } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sender sender = sender_new(cases[i].words);
		unsigned long count = cases[i].count, done = 0;
		uint64_t times[1000], now_s = NOON + i;
		unsigned int random = 1;

		/* In bursts, at odd times, and as soon as it is said. */
		while (done < 1000) {
			bool fits = send(&sender, now_s);

			if (fits) {
				times[done] = now_s;
				if (done >= count &&
				    now_s - times[done - count] <
					cases[i].seconds)
					fail_msg("%s: too many at %lu",
					    cases[i].words, done);
				done++;
			} else {
				/* It fits then, and not a second before. */
				assert_true(sender.excess.wait_s > 0);
				assert_false(send(
				    &sender, now_s + sender.excess.wait_s - 1));
				now_s += sender.excess.wait_s;
			}
			random = random * 1103515245 + 12345;
			if (fits && (random >> 16) % 4 == 0)
				now_s +=
				    (random >> 18) % (cases[i].seconds + 1);
		}
		limit_counts_unref(sender.counts);
	}
}

static void
what_was_sent_is_forgotten_after_a_tenth_more(void **state)
{
	struct sender sender = sender_new("messages=2/1h");

	(void)state;
	assert_true(send(&sender, NOON));
	assert_true(send(&sender, NOON + 100));
	assert_false(send(&sender, NOON + 3600));
	assert_int_equal(sender.excess.wait_s, 360);
	assert_int_equal(sender.excess.used, 2);
	assert_int_equal(sender.excess.rate.count, 2);
	assert_true(send(&sender, NOON + 3600 + 360));
	assert_true(send(&sender, NOON + 3600 + 360));
	assert_false(send(&sender, NOON + 3600 + 360));
	limit_counts_unref(sender.counts);
}

static void
all_rates_hold_and_the_longest_wait_is_said(void **state)
{
	struct sender sender = sender_new("messages=2/10s,3/1d");

	(void)state;
	assert_true(send(&sender, NOON));
	assert_true(send(&sender, NOON));
	assert_false(send(&sender, NOON));
	assert_int_equal(sender.excess.rate.seconds, 10);
	assert_true(send(&sender, NOON + 20));
	assert_false(send(&sender, NOON + 20));
	assert_int_equal(sender.excess.rate.seconds, DAY);
	limit_counts_unref(sender.counts);
}

static void
a_clock_that_jumps_gives_nothing_away(void **state)
{
	struct sender sender = sender_new("messages=2/1h");

	(void)state;
	assert_true(send(&sender, NOON));
	/* Back: time stands still. */
	assert_true(send(&sender, NOON - 10 * DAY));
	assert_false(send(&sender, NOON - 20 * DAY));
	assert_false(send(&sender, 0));
	assert_false(send(&sender, NOON + 1));
	/* Ahead, as far as it goes: all is forgotten, once. */
	assert_true(send(&sender, UINT64_MAX - DAY));
	assert_true(send(&sender, UINT64_MAX - DAY));
	assert_false(send(&sender, UINT64_MAX - DAY));
	assert_false(send(&sender, NOON));
	limit_counts_unref(sender.counts);
	/* A clock that begins at 0. */
	sender = sender_new("messages=2/1h");
	assert_true(send(&sender, 0));
	assert_true(send(&sender, 1));
	assert_false(send(&sender, 1));
	assert_int_equal(sender.excess.wait_s, 3600 + 360 - 1);
	limit_counts_unref(sender.counts);
}

static void
an_amount_above_the_limit_never_fits(void **state)
{
	struct sender sender =
	    sender_new("recipients=5/1h,1000000000/31d;messages=1/1h");
	struct limit_claim claim = { .login = { NULL, 0 } };

	(void)state;
	assert_false(send_claim(&sender, LIMIT_RECIPIENTS, 6, NOON, &claim));
	assert_int_equal(sender.excess.wait_s, 0);
	assert_false(
	    send_claim(&sender, LIMIT_RECIPIENTS, ULONG_MAX, NOON, &claim));
	assert_int_equal(sender.excess.wait_s, 0);
	/* Nothing of it was counted. */
	assert_true(send_claim(&sender, LIMIT_RECIPIENTS, 5, NOON, &claim));
	assert_true(send(&sender, NOON));
	limit_counts_unref(sender.counts);
}

/* Where a limit is only watched, all is counted, and no count runs over. */
static void
what_is_only_watched_counts_beyond_the_limit(void **state)
{
	struct sender sender = sender_new("recipients=5/1h");
	struct limit_claim claim = { .login = SLICE("alice") };

	(void)state;
	for (int i = 0; i < 5; i++) {
		claim = (struct limit_claim){ .login = SLICE("alice") };
		assert_false(limit_counts_take(sender.counts, &sender.limits,
		    LIMIT_RECIPIENTS, i == 0 ? 6 : ULONG_MAX, NOON, true,
		    &claim, &sender.excess));
	}
	assert_int_equal(sender.excess.used, UINT32_MAX);
	claim = (struct limit_claim){ .login = { NULL, 0 } };
	assert_false(send_claim(&sender, LIMIT_RECIPIENTS, 1, NOON, &claim));
	assert_int_equal(sender.excess.wait_s, 3600 + 360);
	limit_counts_unref(sender.counts);
}

static void
what_is_given_back_counts_no_more(void **state)
{
	struct sender sender = sender_new("messages=1/1h;recipients=5/1h");
	struct limit_claim claim = { .login = { NULL, 0 } }, late;

	(void)state;
	assert_true(send_claim(&sender, LIMIT_MESSAGES, 1, NOON, &claim));
	assert_true(
	    send_claim(&sender, LIMIT_RECIPIENTS, 5, NOON + 400, &claim));
	assert_false(send(&sender, NOON + 400));
	late = claim;
	limit_counts_give_back(sender.counts, &claim);
	/* Once. */
	assert_true(send(&sender, NOON + 400));
	limit_counts_give_back(sender.counts, &claim);
	assert_false(send(&sender, NOON + 400));
	/* Long after: what others sent since then stays. */
	assert_true(send(&sender, NOON + 2 * 3600));
	limit_counts_give_back(sender.counts, &late);
	assert_false(send(&sender, NOON + 2 * 3600));
	limit_counts_unref(sender.counts);
}

static void
other_rates_keep_the_counts_of_times_that_stay(void **state)
{
	struct sender sender = sender_new("messages=3/1h");
	struct limit_claim claim = { .login = { NULL, 0 } };

	(void)state;
	assert_true(send(&sender, NOON));
	assert_true(send_claim(&sender, LIMIT_MESSAGES, 1, NOON, &claim));
	/* A smaller number for the same time. */
	sender.limits = limits_by("messages=2/1h");
	assert_false(send(&sender, NOON));
	/* One more time, which begins anew, and a kind. */
	sender.limits = limits_by("recipients=9/1h;messages=1000/1d,3/1h");
	assert_true(send(&sender, NOON));
	assert_false(send(&sender, NOON));
	assert_int_equal(sender.excess.rate.seconds, 3600);
	/* A message that began before has nothing in the new windows. */
	limit_counts_give_back(sender.counts, &claim);
	sender.limits = limits_by("messages=1/1d");
	assert_false(send(&sender, NOON));
	assert_int_equal(sender.excess.used, 1);
	limit_counts_unref(sender.counts);
}

static void
logins_do_not_share_a_limit(void **state)
{
	struct sender sender = sender_new("messages=1/1h");
	char login[40];

	(void)state;
	sender.login = login;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 900; i++) {
			(void)snprintf(
			    login, sizeof(login), "u%d@x.example", i);
			assert_true(send(&sender, NOON) == (round == 0));
		}
	}
	assert_int_equal(limit_counts_logins(sender.counts), 900);
	limit_counts_unref(sender.counts);
}

/* Whoever has reached a limit is not let off by a flood of other logins. */
static void
too_many_logins_forget_those_that_need_it_least(void **state)
{
	struct sender sender = sender_new("messages=5/1h");
	char login[40];

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(send(&sender, NOON));
	sender.login = login;
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(login, sizeof(login), "u%d@x.example", i);
		assert_true(send(&sender, NOON));
	}
	assert_int_equal(limit_counts_logins(sender.counts), 1000);
	sender.login = "alice";
	assert_false(send(&sender, NOON));
	/* A smaller bound is reached step by step. */
	limit_counts_set_max(sender.counts, 100);
	sender.login = login;
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(login, sizeof(login), "v%d@x.example", i);
		assert_true(send(&sender, NOON));
	}
	assert_int_equal(limit_counts_logins(sender.counts), 100);
	sender.login = "alice";
	assert_false(send(&sender, NOON));
	limit_counts_unref(sender.counts);
}

static void
a_very_long_login_is_bounded(void **state)
{
	struct sender sender = sender_new("messages=1/1h");
	char login[100000];

	(void)state;
	memset(login, 'x', sizeof(login) - 1);
	login[sizeof(login) - 1] = '\0';
	sender.login = login;
	assert_true(send(&sender, NOON));
	assert_false(send(&sender, NOON));
	sender.login = "";
	assert_true(send(&sender, NOON));
	assert_false(send(&sender, NOON));
	limit_counts_unref(sender.counts);
}

enum { THREADS = 8, TRIES = 4000, ROOM = 1000 };

struct work {
	struct sender sender;
	unsigned long kept;
	int number;
};

/* Takes, gives some back, and sends as other logins in between. */
static void *
work_run(void *arg)
{
	struct work *work = arg;
	char other[40];

	for (int i = 0; i < TRIES; i++) {
		struct limit_claim claim = { .login = { NULL, 0 } };

		work->sender.login = "alice";
		if (send_claim(
			&work->sender, LIMIT_MESSAGES, 1, NOON, &claim)) {
			if (i % 3 == 0)
				work->kept++;
			else
				limit_counts_give_back(
				    work->sender.counts, &claim);
		}
		(void)snprintf(
		    other, sizeof(other), "u%d.%d", work->number, i % 200);
		work->sender.login = other;
		(void)send(&work->sender, NOON);
	}
	return NULL;
}

static void
threads_together_keep_the_limit(void **state)
{
	struct sender sender = sender_new("messages=1000/1h");
	struct work works[THREADS];
	pthread_t threads[THREADS];
	unsigned long kept = 0;

	(void)state;
	/* Nobody is forgotten, so that the limit is exact. */
	limit_counts_set_max(sender.counts, 10000);
	for (int i = 0; i < THREADS; i++) {
		works[i] = (struct work){ .sender = sender, .number = i };
		limit_counts_ref(sender.counts);
		assert_int_equal(
		    pthread_create(&threads[i], NULL, work_run, &works[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		limit_counts_unref(sender.counts);
		kept += works[i].kept;
	}
	assert_int_equal(kept, ROOM);
	assert_false(send(&sender, NOON));
	assert_int_equal(sender.excess.used, ROOM);
	limit_counts_unref(sender.counts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_stretch_of_time_has_more_than_the_limit),
		cmocka_unit_test(what_was_sent_is_forgotten_after_a_tenth_more),
		cmocka_unit_test(all_rates_hold_and_the_longest_wait_is_said),
		cmocka_unit_test(a_clock_that_jumps_gives_nothing_away),
		cmocka_unit_test(an_amount_above_the_limit_never_fits),
		cmocka_unit_test(what_is_only_watched_counts_beyond_the_limit),
		cmocka_unit_test(what_is_given_back_counts_no_more),
		cmocka_unit_test(
		    other_rates_keep_the_counts_of_times_that_stay),
		cmocka_unit_test(logins_do_not_share_a_limit),
		cmocka_unit_test(
		    too_many_logins_forget_those_that_need_it_least),
		cmocka_unit_test(a_very_long_login_is_bounded),
		cmocka_unit_test(threads_together_keep_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
