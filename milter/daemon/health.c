/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks now and then whether mail would be served: socket, keys and tables. */
#include "health_priv.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "keys/keystore.h"
#include "table/table_stats.h"

/*
 * TRIED_DOMAINS: a key that is bad costs its domain alone, so several are tried
 * before they all count as bad. ANSWER_US: what mail has learned of a table is
 * good for so long. PROBE_US: what a question may take.
 */
enum { TRIED_DOMAINS = 3, ANSWER_US = 30 * 1000000, PROBE_US = 1000000 };

const char *
health_check_name(enum health_check check)
{
	static const char *const names[HEALTH_CHECKS] = { "socket", "keys",
		"tables" };

	return names[check];
}

/* Signs a header, and verifies that. */
static bool
health_try_key(const struct snapshot *snapshot, const struct sign_key *key)
{
	const struct sign_engine *engine = snapshot->engine;
	const struct sign_request request = { .policy = &snapshot->sign_policy,
		.keys = &key,
		.key_count = 1,
		.signed_at = clock_now() };
	struct field field = { SLICE("From"), SLICE(" health@invalid") };
	struct signature signature;
	struct signer *signer;
	struct arena mem;
	struct err err;
	bool good;

	if (engine->begin(&request, &signer, &err) != 0)
		return false;
	arena_init(&mem);
	good = engine->header(signer, &field, 1, &err) == 0 &&
	    engine->body(signer, SLICE("\r\n"), &err) == 0 &&
	    engine->finish(signer, &mem, &signature, &err) == 0 &&
	    signature_check(&snapshot->sign_policy, &signature,
		&(const struct sign_header){ &field, 1 }, &mem, &err) == 0;
	engine->free(signer);
	arena_done(&mem);
	return good;
}

static bool
health_look_at_keys(struct health *health, const struct snapshot *snapshot)
{
	struct keystore *store = snapshot->keys;
	size_t count = store == NULL ? 0 : keystore_domain_count(store);
	bool good = count == 0;

	for (size_t i = 0; i < TRIED_DOMAINS && i < count && !good; i++) {
		size_t index = health->next_domain++ % count;
		struct domain_keys *keys = keystore_take_once(
		    store, keystore_domain_name(store, index));

		good = keys != NULL && keys->count > 0 &&
		    health_try_key(snapshot, keys->keys[0]);
		domain_keys_release(keys);
	}
	return good;
}

/* A question that means nothing; only whether there is an answer counts. */
static bool
health_ask_table(const struct table *table)
{
	unsigned int caps = table_caps(table);
	struct slice key = (caps & TABLE_FOR_ADDRESSES) != 0 ?
	    SLICE("submilter-health@health.invalid") :
	    (caps & TABLE_FOR_LOGINS) != 0  ? SLICE("submilter-health") :
	    (caps & TABLE_FOR_DOMAINS) != 0 ? SLICE("health.invalid") :
					      SLICE("192.0.2.1");
	struct slice value;
	struct arena mem;
	struct err err;
	enum table_answer answer;

	arena_init(&mem);
	answer = table_lookup_one(table, key,
	    &(const struct table_context){ .mem = &mem,
		.is_fresh = true,
		.deadline_us = clock_monotonic_us() + PROBE_US,
		.err = &err },
	    &value);
	arena_done(&mem);
	return answer != TABLE_FAILED;
}

static bool
health_table_is_good(const struct table *table)
{
	const struct table_stats *stats = table_stats_of(table);
	uint64_t answered_us = stats->answered_us;
	uint64_t failed_us = stats->failed_us, now_us = clock_monotonic_us();
	struct err why;

	if (table_is_down(table, &why))
		return false;
	if (!table_asks_server(table) ||
	    (answered_us > failed_us && now_us < answered_us + ANSWER_US))
		return true;
	/* A RADIUS server would count a login that failed: mail alone asks. */
	if (slice_starts(table_spec(table), SLICE("radius:")))
		return failed_us <= answered_us ||
		    now_us > failed_us + ANSWER_US;
	return health_ask_table(table);
}

static void
health_note_table(struct health_result *result, const struct table *table)
{
	size_t used = strlen(result->failing);
	struct arena mem;
	struct slice label;

	arena_init(&mem);
	label = table_label(table_spec(table), &mem);
	if (used + label.len + 3 < sizeof(result->failing)) {
		if (used != 0)
			(void)stpcpy(result->failing + used, ", ");
		strncat(result->failing, label.data, label.len);
	}
	result->good[HEALTH_TABLES] = false;
	arena_done(&mem);
}

static void
health_look(struct health *health)
{
	struct health_result result = { .is_known = true,
		.good[HEALTH_TABLES] = true };
	struct snapshot *snapshot = snapshot_acquire(health->slot);

	result.good[HEALTH_SOCKET] = listener_is_open(health->listener);
	result.good[HEALTH_KEYS] = health_look_at_keys(health, snapshot);
	for (size_t i = 0; i < table_set_count(snapshot->tables); i++) {
		const struct table *table = table_set_at(snapshot->tables, i);

		if (!health_table_is_good(table))
			health_note_table(&result, table);
	}
	snapshot_unref(snapshot);
	ENSURE(pthread_mutex_lock(&health->lock) == 0);
	health->result = result;
	ENSURE(pthread_mutex_unlock(&health->lock) == 0);
}

static void *
health_watch(void *arg)
{
	const struct timespec pause = { .tv_sec = HEALTH_SECONDS };

	for (;;) {
		health_look(arg);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

int
health_start(struct health *health, struct snapshot_slot *slot,
    const struct listener *listener, struct err *err)
{
	pthread_t thread;

	*health = (struct health){ .slot = slot, .listener = listener };
	ENSURE(pthread_mutex_init(&health->lock, NULL) == 0);
	if (pthread_create(&thread, NULL, health_watch, health) != 0)
		return err_set(err, ERR_TEMP, "cannot start a thread");
	(void)pthread_detach(thread);
	return 0;
}

void
health_read(struct health *health, struct health_result *ret_result)
{
	ENSURE(pthread_mutex_lock(&health->lock) == 0);
	*ret_result = health->result;
	ENSURE(pthread_mutex_unlock(&health->lock) == 0);
}

bool
health_is_good(const struct health_result *result)
{
	bool good = result->is_known;

	for (size_t i = 0; i < HEALTH_CHECKS; i++)
		good = good && result->good[i];
	return good;
}
