/* SPDX-License-Identifier: BSD-2-Clause */
/* What each login has sent: a hash table of windows of time. */
#include "policy/limit_counts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "limit_window_priv.h"

enum {
	FIRST_BUCKETS = 64,
	/* Of those that may be forgotten, so many are compared. */
	CANDIDATES = 16,
	/* What is behind it in a longer login does not tell two apart. */
	MAX_LOGIN_OCTETS = 256,
	FULL = 1000, /* of a limit: all of it */
};

struct entry {
	struct entry *next;
	uint64_t id; /* of this entry with these windows, once only */
	size_t login_len;
	size_t window_count;
	struct limit_window windows[]; /* then the login */
};

struct limit_counts {
	pthread_mutex_t lock; /* for all of it */
	uint64_t seed;
	uint64_t now_s; /* the latest */
	uint64_t last_id;
	struct entry **buckets;
	size_t bucket_count; /* a power of 2 */
	size_t entry_count;
	size_t max;
	size_t hand; /* the bucket where the next candidates are */
	_Atomic unsigned long references;
};

/* --- one login --- */

static char *
entry_login(struct entry *entry)
{
	return (char *)&entry->windows[entry->window_count];
}

static struct entry *
entry_new(struct limit_counts *counts, struct slice login,
    const struct login_limits *limits)
{
	size_t count = limits->of[LIMIT_MESSAGES].count +
	    limits->of[LIMIT_RECIPIENTS].count;
	struct entry *entry = calloc(1,
	    sizeof(*entry) + count * sizeof(struct limit_window) + login.len);
	size_t w = 0;

	ENSURE(entry != NULL);
	entry->id = ++counts->last_id;
	entry->login_len = login.len;
	entry->window_count = count;
	for (unsigned int k = 0; k < LIMIT_KINDS; k++) {
		for (size_t i = 0; i < limits->of[k].count; i++) {
			struct limit_window *window = &entry->windows[w++];

			window->kind = (enum limit_kind)k;
			window->rate = limits->of[k].items[i];
			limit_window_advance(window, counts->now_s);
		}
	}
	if (login.len > 0)
		memcpy(entry_login(entry), login.data, login.len);
	return entry;
}

/*
 * Whether the windows are those of the limits, in their order; if so, the counts
 * of their rates are put in force.
 */
static bool
entry_fits(struct entry *entry, const struct login_limits *limits)
{
	size_t w = 0;

	for (unsigned int k = 0; k < LIMIT_KINDS; k++) {
		for (size_t i = 0; i < limits->of[k].count; i++, w++) {
			struct limit_window *window = &entry->windows[w];

			if (w == entry->window_count ||
			    window->kind != (enum limit_kind)k ||
			    window->rate.seconds !=
				limits->of[k].items[i].seconds)
				return false;
			window->rate = limits->of[k].items[i];
		}
	}
	return w == entry->window_count;
}

/* The same login with other rates; the times that both have go on. */
static struct entry *
entry_with(struct limit_counts *counts, struct entry *old,
    const struct login_limits *limits)
{
	struct entry *entry = entry_new(
	    counts, (struct slice){ entry_login(old), old->login_len }, limits);

	for (size_t w = 0; w < entry->window_count; w++) {
		struct limit_window *window = &entry->windows[w];

		for (size_t o = 0; o < old->window_count; o++) {
			struct limit_window *before = &old->windows[o];

			if (before->kind != window->kind ||
			    before->rate.seconds != window->rate.seconds)
				continue;
			limit_window_advance(before, counts->now_s);
			memcpy(window->counts, before->counts,
			    sizeof(window->counts));
		}
	}
	entry->next = old->next;
	free(old);
	return entry;
}

/* How near a login is to one of its limits. */
static uint64_t
entry_need(struct entry *entry, uint64_t now_s)
{
	uint64_t need = 0;

	for (size_t w = 0; w < entry->window_count; w++) {
		struct limit_window *window = &entry->windows[w];
		uint64_t part;

		limit_window_advance(window, now_s);
		part = limit_window_used(window) * FULL / window->rate.count;
		need = part > need ? part : need;
	}
	return need;
}

/* --- all logins --- */

static struct entry **
bucket_of(struct limit_counts *counts, struct slice login)
{
	return &counts->buckets[map_hash(counts->seed, login) &
	    (counts->bucket_count - 1)];
}

/* Where the login's entry hangs, or would: *result is NULL. */
static struct entry **
counts_find(struct limit_counts *counts, struct slice login)
{
	struct entry **at = bucket_of(counts, login);

	while (*at != NULL &&
	    !slice_eq(
		(struct slice){ entry_login(*at), (*at)->login_len }, login))
		at = &(*at)->next;
	return at;
}

static void
counts_grow(struct limit_counts *counts)
{
	struct entry **old = counts->buckets;
	size_t old_count = counts->bucket_count;

	counts->bucket_count = old_count == 0 ? FIRST_BUCKETS : old_count * 2;
	counts->buckets =
	    calloc(counts->bucket_count, sizeof(counts->buckets[0]));
	ENSURE(counts->buckets != NULL);
	for (size_t b = 0; b < old_count; b++) {
		while (old[b] != NULL) {
			struct entry *entry = old[b];
			struct entry **at = bucket_of(counts,
			    (struct slice){
				entry_login(entry), entry->login_len });

			old[b] = entry->next;
			entry->next = *at;
			*at = entry;
		}
	}
	free(old);
}

/*
 * Of the next few logins, the one is forgotten that is farthest from its limits:
 * whoever stands at one is not let off because others send, too.
 */
static void
counts_forget_one(struct limit_counts *counts)
{
	struct entry **least = NULL, *gone;
	uint64_t least_need = UINT64_MAX;

	for (size_t seen = 0;
	     seen < CANDIDATES && seen < counts->entry_count;) {
		struct entry **at =
		    &counts
			 ->buckets[counts->hand++ & (counts->bucket_count - 1)];

		for (; *at != NULL; at = &(*at)->next, seen++) {
			uint64_t need = entry_need(*at, counts->now_s);

			if (need >= least_need)
				continue;
			least = at;
			least_need = need;
		}
	}
	if (least == NULL)
		return;
	gone = *least;
	*least = gone->next;
	free(gone);
	counts->entry_count--;
}

/* The login's entry, which has windows for its limits. */
static struct entry *
counts_entry(struct limit_counts *counts, struct slice login,
    const struct login_limits *limits)
{
	struct entry **at = counts_find(counts, login);
	struct entry *entry;

	if (*at != NULL) {
		if (!entry_fits(*at, limits))
			*at = entry_with(counts, *at, limits);
		return *at;
	}
	/* Where there are too many, they become fewer with each new one. */
	for (int i = 0; i < 2 && counts->entry_count >= counts->max; i++)
		counts_forget_one(counts);
	if (counts->entry_count >= counts->bucket_count)
		counts_grow(counts);
	at = bucket_of(counts, login);
	entry = entry_new(counts, login, limits);
	entry->next = *at;
	*at = entry;
	counts->entry_count++;
	return entry;
}

struct limit_counts *
limit_counts_new(size_t max_logins)
{
	struct limit_counts *counts = calloc(1, sizeof(*counts));

	ENSURE(counts != NULL);
	ENSURE(pthread_mutex_init(&counts->lock, NULL) == 0);
	counts->seed = map_seed();
	counts->max = max_logins;
	counts->references = 1;
	counts_grow(counts);
	return counts;
}

struct limit_counts *
limit_counts_ref(struct limit_counts *counts)
{
	counts->references++;
	return counts;
}

void
limit_counts_unref(struct limit_counts *counts)
{
	if (counts == NULL || --counts->references != 0)
		return;
	for (size_t b = 0; b < counts->bucket_count; b++) {
		while (counts->buckets[b] != NULL) {
			struct entry *entry = counts->buckets[b];

			counts->buckets[b] = entry->next;
			free(entry);
		}
	}
	free(counts->buckets);
	(void)pthread_mutex_destroy(&counts->lock);
	free(counts);
}

static void
counts_lock(struct limit_counts *counts)
{
	ENSURE(pthread_mutex_lock(&counts->lock) == 0);
}

static void
counts_unlock(struct limit_counts *counts)
{
	ENSURE(pthread_mutex_unlock(&counts->lock) == 0);
}

void
limit_counts_set_max(struct limit_counts *counts, size_t max_logins)
{
	counts_lock(counts);
	counts->max = max_logins;
	counts_unlock(counts);
}

size_t
limit_counts_logins(struct limit_counts *counts)
{
	size_t count;

	counts_lock(counts);
	count = counts->entry_count;
	counts_unlock(counts);
	return count;
}

/* Whether a rate has no room; the one counts that takes longest. */
static bool
find_excess(struct entry *entry, enum limit_kind kind, unsigned long amount,
    uint64_t now_s, struct limit_excess *ret_excess)
{
	bool found = false;

	for (size_t w = 0; w < entry->window_count; w++) {
		struct limit_window *window = &entry->windows[w];
		struct limit_excess excess;

		if (window->kind != kind)
			continue;
		limit_window_advance(window, now_s);
		excess.rate = window->rate;
		excess.used = limit_window_used(window);
		if (amount <= window->rate.count &&
		    excess.used <= window->rate.count - amount)
			continue;
		excess.wait_s = limit_window_wait(window, amount, now_s);
		if (!found || excess.wait_s == 0 ||
		    (ret_excess->wait_s != 0 &&
			excess.wait_s > ret_excess->wait_s))
			*ret_excess = excess;
		found = true;
	}
	return found;
}

bool
limit_counts_take(struct limit_counts *counts,
    const struct login_limits *limits, enum limit_kind kind,
    unsigned long amount, uint64_t now_s, bool over, struct limit_claim *claim,
    struct limit_excess *ret_excess)
{
	struct entry *entry;
	bool excess;

	claim->login = slice_sub(claim->login, 0, MAX_LOGIN_OCTETS);
	counts_lock(counts);
	if (now_s > counts->now_s)
		counts->now_s = now_s;
	entry = counts_entry(counts, claim->login, limits);
	excess = find_excess(entry, kind, amount, counts->now_s, ret_excess);
	for (size_t w = 0; w < entry->window_count && (over || !excess); w++) {
		if (entry->windows[w].kind == kind)
			limit_window_add(&entry->windows[w], amount);
	}
	if (over || !excess) {
		claim->entry[kind] = entry->id;
		claim->at_s[kind] = counts->now_s;
		claim->amount[kind] = amount;
	}
	counts_unlock(counts);
	return !excess;
}

void
limit_counts_give_back(struct limit_counts *counts, struct limit_claim *claim)
{
	struct entry *entry;
	bool any = false;

	for (size_t k = 0; k < LIMIT_KINDS; k++)
		any = any || claim->amount[k] != 0;
	if (!any)
		return;
	counts_lock(counts);
	entry = *counts_find(counts, claim->login);
	for (size_t w = 0; entry != NULL && w < entry->window_count; w++) {
		struct limit_window *window = &entry->windows[w];

		if (claim->amount[window->kind] != 0 &&
		    claim->entry[window->kind] == entry->id)
			limit_window_give_back(window,
			    claim->amount[window->kind],
			    claim->at_s[window->kind]);
	}
	counts_unlock(counts);
	memset(claim->amount, 0, sizeof(claim->amount));
}
