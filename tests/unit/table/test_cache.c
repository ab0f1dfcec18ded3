/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a server's answers, for how long, and who waits for one. */
#include "../unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../../milter/table/cache_priv.h"
#include "../../../milter/table/cache_store_priv.h"
#include "../../../milter/table/outage_priv.h"
#include "base/clock.h"
#include "base/map.h"

/* A table whose every key has its number of the question as its value. */
struct fake {
	atomic_int asked; /* keys */
	atomic_int under_way, most;
	atomic_bool is_down, is_absurd;
	atomic_bool is_held;	  /* it answers no one until this ends ... */
	atomic_bool is_held_once; /* ... or until the deadline, the first one */
	atomic_bool is_made_of_old; /* a table within has noted that */
	atomic_int waiting;
};

static void
pause_ms(int ms)
{
	const struct timespec time = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L };

	(void)nanosleep(&time, NULL);
}

static enum table_answer
fake_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct fake *fake = handle;
	enum table_answer answer = TABLE_ABSENT;
	bool is_once = atomic_exchange(&fake->is_held_once, false);

	fake->waiting++;
	while ((fake->is_held || is_once) &&
	    clock_monotonic_us() < context->deadline_us)
		pause_ms(1);
	fake->waiting--;
	if (is_once || fake->is_down) {
		err_set(context->err, fake->is_absurd ? ERR_DATA : ERR_TEMP,
		    "down");
		return TABLE_FAILED;
	}
	if (fake->is_made_of_old)
		table_note_stale(context->notes,
		    &(struct stale_note){ SLICE("within:y"), 7 });
	for (size_t i = 0; i < keys->count; i++) {
		int number;

		if (slice_eq(keys->items[i], SLICE("bad"))) {
			err_set(context->err, ERR_DATA, "bad key");
			return TABLE_FAILED;
		}
		number = ++fake->asked;
		if (slice_starts(keys->items[i], SLICE("no")))
			continue;
		ret_values[i] = slice_format(context->mem, "%.*s=%d",
		    SLICE_ARGS(keys->items[i]), number);
		answer = TABLE_FOUND;
	}
	return answer;
}

/* A cache in front of it, in a world with these ages. */
struct scene {
	struct fake fake;
	struct table_world *world;
	struct cache *cache;
	struct table_stats *stats;
	struct arena mem;
	struct table_notes notes;
	uint64_t deadline_us;
};

static void
scene_init(struct scene *scene, struct cache_ages ages)
{
	*scene = (struct scene){ .world = table_world_new() };
	if (ages.bytes == 0)
		ages.bytes = 1 << 20;
	table_world_set(scene->world, &ages, NULL);
	scene->cache = cache_acquire(scene->world, SLICE("x"), SLICE("fake:x"));
	scene->stats = table_stats_acquire(SLICE("fake:x"));
	arena_init(&scene->mem);
}

static void
scene_done(struct scene *scene)
{
	cache_release(scene->cache);
	table_stats_release(scene->stats);
	table_world_unref(scene->world);
	arena_done(&scene->mem);
}

/* The values of keys that commas separate, "-" for none, "!" for a failure. */
static struct slice
ask_in(struct scene *scene, const char *text, struct arena *mem)
{
	const struct cache_source source = { fake_lookup, &scene->fake,
		SLICE("fake:x"), scene->stats };
	struct slice rest = slice_of(text), keys[8], values[8] = { 0 };
	struct strbuf buf;
	bool is_stale;
	struct err err;
	size_t count = 0;

	while (slice_next_item(&rest, ",", &keys[count]))
		count++;
	if (cache_lookup(scene->cache, &source,
		&(struct table_keys){ keys, count },
		&(const struct table_context){ .mem = mem,
		    .deadline_us = scene->deadline_us,
		    .err = &err,
		    .notes = &scene->notes },
		values, &is_stale) == TABLE_FAILED)
		return slice_format(mem, "! %s", err.text);
	strbuf_init(&buf, mem);
	for (size_t i = 0; i < count; i++) {
		strbuf_add_cstr(&buf, i == 0 ? "" : ",");
		strbuf_add(
		    &buf, values[i].data == NULL ? SLICE("-") : values[i]);
	}
	return strbuf_slice(&buf);
}

static struct slice
ask(struct scene *scene, const char *keys)
{
	return ask_in(scene, keys, &scene->mem);
}

static void
an_answer_is_not_asked_for_again(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	check_slice("first", ask(&scene, "a"), "a=1");
	check_slice("again", ask(&scene, "a"), "a=1");
	check_slice("mixed", ask(&scene, "b,a,b"), "b=2,a=1,b=2");
	/* Absences have an age of their own. */
	check_slice("none", ask(&scene, "no"), "-");
	check_slice("none", ask(&scene, "no,a"), "-,a=1");
	assert_int_equal(scene.fake.asked, 4);
	table_world_set(scene.world,
	    &(struct cache_ages){ .absent_s = 60, .bytes = 1 << 20 }, NULL);
	check_slice("none", ask(&scene, "no"), "-");
	check_slice("changed ages", ask(&scene, "a"), "a=5");
	assert_int_equal(scene.notes.stale_count, 0);
	scene_done(&scene);
}

static void
an_answer_ends_with_its_age(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 1, .stale_s = 1 });
	check_slice("first", ask(&scene, "a"), "a=1");
	pause_ms(1050);
	scene.fake.is_down = true;
	check_slice("old", ask(&scene, "a"), "! down");
	scene.fake.is_down = false;
	check_slice("anew", ask(&scene, "a"), "a=2");
	scene_done(&scene);
}

static void
old_answers_count_while_the_table_is_down(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .stale_s = 3600 });
	check_slice("first", ask(&scene, "a,no,b"), "a=1,-,b=3");
	check_slice("anew", ask(&scene, "a"), "a=4");
	scene.fake.is_down = true;
	check_slice("old", ask(&scene, "no,a"), "-,a=4");
	assert_int_equal(scene.notes.stale_count, 1);
	check_slice("note", scene.notes.stale[0].spec, "fake:x");
	check_slice("old", ask(&scene, "no"), "-");
	assert_int_equal(scene.notes.stale_count, 1);
	/* One key that nothing is known of is enough. */
	check_slice("part", ask(&scene, "a,c"), "! down");
	/* The table did answer, and said what nobody can read. */
	scene.fake.is_absurd = true;
	check_slice("absurd", ask(&scene, "a"), "! down");
	scene.fake.is_down = false;
	check_slice("up", ask(&scene, "no,a"), "-,a=6");
	scene_done(&scene);
}

static void
a_table_that_hangs_leaves_time_where_an_old_answer_is_there(void **state)
{
	struct scene scene;
	uint64_t begin;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .stale_s = 3600 });
	check_slice("first", ask(&scene, "a"), "a=1");
	scene.fake.is_down = true;
	scene.fake.is_held = true;
	begin = clock_monotonic_us();
	scene.deadline_us = begin + 400000;
	check_slice("old", ask(&scene, "a"), "a=1");
	assert_true(clock_monotonic_us() >= begin + 190000);
	scene.deadline_us = clock_monotonic_us() + 50000;
	check_slice("none", ask(&scene, "b"), "! down");
	assert_true(clock_monotonic_us() >= scene.deadline_us);
	scene_done(&scene);
}

struct asker {
	struct scene *scene;
	pthread_t thread;
	atomic_int *begun;
	const char *want;
	bool is_right;
};

static void *
ask_for_a(void *arg)
{
	struct asker *asker = arg;
	struct arena mem;

	arena_init(&mem);
	(*asker->begun)++;
	asker->is_right =
	    slice_eq(ask_in(asker->scene, "a", &mem), slice_of(asker->want));
	arena_done(&mem);
	return NULL;
}

enum { ASKERS = 32 };

static void
ask_together(struct scene *scene, const char *want,
    void (*meanwhile)(struct scene *scene))
{
	struct asker askers[ASKERS];
	atomic_int begun = 0;

	for (int i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){
			.scene = scene, .begun = &begun, .want = want
		};
		assert_int_equal(pthread_create(&askers[i].thread, NULL,
				     ask_for_a, &askers[i]),
		    0);
	}
	while (begun < ASKERS)
		pause_ms(1);
	meanwhile(scene);
	for (int i = 0; i < ASKERS; i++) {
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
		if (!askers[i].is_right)
			fail_msg("asker %d", i);
	}
}

static void
let_go(struct scene *scene)
{
	while (scene->fake.waiting == 0)
		pause_ms(1);
	assert_int_equal(scene->fake.waiting, 1);
	scene->fake.is_held = false;
}

static void
do_nothing(struct scene *scene)
{
	(void)scene;
}

static void
many_who_need_one_key_cost_one_question(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	scene.fake.is_held = true;
	ask_together(&scene, "a=1", let_go);
	assert_int_equal(scene.fake.asked, 1);
	scene_done(&scene);
	/* A failure is one for all of them. */
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	scene.fake.is_held = scene.fake.is_down = true;
	ask_together(&scene, "! down", let_go);
	scene_done(&scene);
}

/* Asks for "a" until then; whether there is an answer. */
static bool
ask_until(struct scene *scene, uint64_t deadline_us)
{
	const struct cache_source source = { fake_lookup, &scene->fake,
		SLICE("fake:x"), scene->stats };
	struct slice key = SLICE("a"), value;
	enum table_answer answer;
	struct arena mem;
	bool is_stale;
	struct err err;

	arena_init(&mem);
	answer =
	    cache_lookup(scene->cache, &source, &(struct table_keys){ &key, 1 },
		&(const struct table_context){
		    .mem = &mem, .deadline_us = deadline_us, .err = &err },
		&value, &is_stale);
	arena_done(&mem);
	return answer == TABLE_FOUND;
}

static void *
ask_in_a_hurry(void *arg)
{
	assert_false(ask_until(arg, clock_monotonic_us() + 200000));
	return NULL;
}

static void *
ask_at_leisure(void *arg)
{
	assert_true(ask_until(arg, 0));
	return NULL;
}

static void
whoever_waits_has_a_deadline_of_their_own(void **state)
{
	struct scene scene;
	pthread_t thread;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	/* The one that asks has less time than those that wait for it. */
	scene.fake.is_held_once = true;
	assert_int_equal(
	    pthread_create(&thread, NULL, ask_in_a_hurry, &scene), 0);
	while (scene.fake.waiting == 0)
		pause_ms(1);
	ask_together(&scene, "a=1", do_nothing);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(scene.fake.asked, 1);
	/* And one that waits may have less. */
	scene.fake.is_held = true;
	table_world_set(
	    scene.world, &(struct cache_ages){ .bytes = 1 << 20 }, NULL);
	assert_int_equal(
	    pthread_create(&thread, NULL, ask_at_leisure, &scene), 0);
	while (scene.fake.waiting == 0)
		pause_ms(1);
	scene.deadline_us = clock_monotonic_us() + 50000;
	check_slice("late", ask(&scene, "a"), "! no answer within the time");
	scene.fake.is_held = false;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(scene.fake.asked, 2);
	scene_done(&scene);
}

static void
what_is_made_of_old_answers_does_not_become_young(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60, .stale_s = 60 });
	scene.fake.is_made_of_old = true;
	check_slice("first", ask(&scene, "a"), "a=1");
	assert_int_equal(scene.notes.stale_count, 1);
	check_slice("note", scene.notes.stale[0].spec, "within:y");
	assert_int_equal(scene.notes.stale[0].age_s, 7);
	check_slice("not kept", ask(&scene, "a"), "a=2");
	scene.fake.is_made_of_old = false;
	check_slice("anew", ask(&scene, "a"), "a=3");
	check_slice("kept", ask(&scene, "a"), "a=3");
	/* Nor does it drive out what was known before. */
	table_world_set(scene.world,
	    &(struct cache_ages){ .stale_s = 60, .bytes = 1 << 20 }, NULL);
	scene.fake.is_made_of_old = true;
	check_slice("old within", ask(&scene, "a"), "a=4");
	scene.fake.is_down = true;
	check_slice("down", ask(&scene, "a"), "a=3");
	scene_done(&scene);
}

static void *
ask_for_bad_and_a(void *arg)
{
	struct arena mem;

	arena_init(&mem);
	check_slice("bad", ask_in(arg, "bad,a", &mem), "! bad key");
	arena_done(&mem);
	return NULL;
}

static void
a_key_of_one_message_fails_no_other_message(void **state)
{
	struct scene scene;
	pthread_t thread;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	scene.fake.is_held = true;
	assert_int_equal(
	    pthread_create(&thread, NULL, ask_for_bad_and_a, &scene), 0);
	while (scene.fake.waiting == 0)
		pause_ms(1);
	ask_together(&scene, "a=1", let_go);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(scene.fake.asked, 1);
	scene_done(&scene);
}

static void
tables_of_one_identity_share_what_is_known(void **state)
{
	struct scene scene;
	struct cache *other, *same;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .found_s = 60 });
	check_slice("first", ask(&scene, "a"), "a=1");
	other = cache_acquire(scene.world, SLICE("y"), SLICE("fake:x"));
	same = cache_acquire(scene.world, SLICE("x"), SLICE("fake:x"));
	assert_ptr_not_equal(other, scene.cache);
	assert_ptr_equal(same, scene.cache);
	cache_release(scene.cache);
	check_slice("again", ask(&scene, "a"), "a=1");
	cache_release(other);
	scene_done(&scene);
}

/* Keys from first on, with their number as value, or absent. */
static void
store_many(struct store *store, int first, int count, bool is_absent)
{
	for (int i = first; i < first + count; i++) {
		struct arena mem;
		struct slice key;

		arena_init(&mem);
		key = slice_format(&mem, "key%d", i);
		store_put(store,
		    &(struct store_answer){ map_hash(1, key), 1, key,
			is_absent ? (struct slice){ NULL, 0 } : key },
		    100000);
		arena_done(&mem);
	}
}

static bool
store_has(struct store *store, const char *key)
{
	return store_find(store, map_hash(1, slice_of(key)), slice_of(key)) !=
	    NULL;
}

static void
memory_is_bounded_and_strangers_drive_out_nothing(void **state)
{
	struct store store = { .count = 0 };
	char long_text[20000] = "x";
	struct slice long_key = { long_text, sizeof(long_text) };

	(void)state;
	store_many(&store, 0, 100, false);
	store_many(&store, 1000, 20000, true);
	assert_in_range(store.found.bytes + store.absent.bytes, 1, 100000);
	for (int i = 0; i < 100; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "key%d", i);
		assert_true(store_has(&store, key));
	}
	assert_true(store_has(&store, "key20999"));
	assert_false(store_has(&store, "key1000"));
	/* What was used last stays. */
	for (int i = 2000; i < 20000; i += 10) {
		store_many(&store, 100000 + i, 10, false);
		assert_true(store_has(&store, "key7"));
	}
	assert_false(store_has(&store, "key8"));
	assert_in_range(store.found.bytes + store.absent.bytes, 1, 100000);
	/* One that would fill much of it is not kept, nor what it replaces. */
	store_put(&store,
	    &(struct store_answer){
		map_hash(1, SLICE("key7")), 2, SLICE("key7"), long_key },
	    100000);
	assert_false(store_has(&store, "key7"));
	store_free(&store);
}

static void
note_news(void *arg, struct slice spec, const struct err *why)
{
	strbuf_addf(arg, "%.*s %s\n", SLICE_ARGS(spec),
	    why == NULL ? "answers" : why->text);
}

static void
check_news(struct scene *scene, const char *want)
{
	struct strbuf news;

	strbuf_init(&news, &scene->mem);
	table_world_tell_outages(
	    scene->world, &(struct outage_listener){ note_news, &news });
	check_slice("news", strbuf_slice(&news), want);
}

static void
an_outage_is_told_once(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, (struct cache_ages){ .stale_s = 60 });
	check_news(&scene, "");
	(void)ask_in(&scene, "a", &scene.mem);
	check_news(&scene, "");
	scene.fake.is_down = true;
	/* A message that had no time left says nothing. */
	scene.deadline_us = clock_monotonic_us();
	(void)ask_in(&scene, "b", &scene.mem);
	check_news(&scene, "");
	/* What is wrong with one value says nothing, either. */
	scene.deadline_us = 0;
	scene.fake.is_absurd = true;
	(void)ask_in(&scene, "b", &scene.mem);
	check_news(&scene, "");
	scene.fake.is_absurd = false;
	(void)ask_in(&scene, "a", &scene.mem);
	(void)ask_in(&scene, "b", &scene.mem);
	check_news(&scene, "fake:x down\n");
	(void)ask_in(&scene, "a", &scene.mem);
	check_news(&scene, "");
	scene_done(&scene);
}

static void
an_outage_ends_when_no_look_up_fails_for_a_while(void **state)
{
	const uint64_t begin = 1000000, quiet = OUTAGE_QUIET_SECONDS * 1000000;
	const struct err why = { .kind = ERR_TEMP };
	struct outage outage = { .is_failing = false };

	(void)state;
	outage_note(&outage, &why, begin);
	assert_int_equal(outage_news(&outage, begin), OUTAGE_BEGINS);
	assert_int_equal(outage_news(&outage, begin + quiet), OUTAGE_SAME);
	outage_note(&outage, NULL, begin + 1);
	assert_int_equal(outage_news(&outage, begin + quiet - 1), OUTAGE_SAME);
	/* It comes and goes. */
	outage_note(&outage, &why, begin + 2);
	outage_note(&outage, NULL, begin + 3);
	assert_int_equal(outage_news(&outage, begin + quiet + 1), OUTAGE_SAME);
	assert_int_equal(outage_news(&outage, begin + quiet + 2), OUTAGE_ENDS);
	assert_int_equal(outage_news(&outage, begin + quiet + 3), OUTAGE_SAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_not_asked_for_again),
		cmocka_unit_test(an_answer_ends_with_its_age),
		cmocka_unit_test(old_answers_count_while_the_table_is_down),
		cmocka_unit_test(
		    a_table_that_hangs_leaves_time_where_an_old_answer_is_there),
		cmocka_unit_test(many_who_need_one_key_cost_one_question),
		cmocka_unit_test(whoever_waits_has_a_deadline_of_their_own),
		cmocka_unit_test(
		    what_is_made_of_old_answers_does_not_become_young),
		cmocka_unit_test(a_key_of_one_message_fails_no_other_message),
		cmocka_unit_test(tables_of_one_identity_share_what_is_known),
		cmocka_unit_test(
		    memory_is_bounded_and_strangers_drive_out_nothing),
		cmocka_unit_test(an_outage_is_told_once),
		cmocka_unit_test(
		    an_outage_ends_when_no_look_up_fails_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
