/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of states: a line that names the format, a line for each key, and a
 * last line with their number, so that a file that was cut is seen to be.
 *
 *	DOMAIN SELECTOR FINGERPRINT STATE FIRST LAST SINCE ANSWERED LOOKED TEXT
 */
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/pace.h"
#include "key_history_priv.h"

enum {
	MAX_FILE_OCTETS = 256 * 1024 * 1024,
	FINGERPRINT_DIGITS = 64,
	TIME_COUNT = 5
};
/* The last second of the year 9999. */
#define MAX_TIME 253402300799UL

bool
key_history_text_is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_control(text.data[i]) || char_is_8bit(text.data[i]))
			return false;
	}
	return true;
}

/* Why this cannot be true of one key; NULL: it can. */
static const char *
contradiction(const struct key_past *s)
{
	if ((s->first_seen == 0) != (s->last_seen == 0) ||
	    (s->first_seen == 0) != (s->since == 0) ||
	    s->first_seen > s->last_seen || s->since > s->first_seen)
		return "its times contradict each other";
	if ((s->status == KEY_UNKNOWN) != (s->answered == 0) ||
	    (s->status == KEY_PUBLISHED && s->last_seen == 0))
		return "its state and times contradict each other";
	return NULL;
}

time_t
key_history_moved(time_t when, long long seconds)
{
	if (when == 0)
		return 0;
	return when + seconds > 0 ? when + (time_t)seconds : 1;
}

/* One key; NULL, or what is wrong. */
static const char *
parse_line(struct slice line, long long skew, struct sign_key *key,
    struct key_past *past)
{
	time_t *const times[TIME_COUNT] = { &past->first_seen, &past->last_seen,
		&past->since, &past->answered, &past->looked };
	enum key_status state = KEY_PUBLISHED;
	unsigned long number;
	struct slice word;

	key->domain = key_history_next_word(&line);
	key->selector = key_history_next_word(&line);
	key->fingerprint = key_history_next_word(&line);
	if (!key_domain_is_valid(key->domain) ||
	    !key_selector_is_valid(key->selector) ||
	    key->fingerprint.len != FINGERPRINT_DIGITS)
		return "no domain, selector and fingerprint";
	for (size_t i = 0; i < FINGERPRINT_DIGITS; i++) {
		char c = key->fingerprint.data[i];

		if (char_hex_value(c) < 0 || char_lower(c) != c)
			return "no domain, selector and fingerprint";
	}
	word = key_history_next_word(&line);
	while (state <= KEY_UNKNOWN &&
	    !slice_eq(word, slice_of(key_status_name(state))))
		state++;
	if (state > KEY_UNKNOWN)
		return "no state";
	past->status = state;
	for (size_t i = 0; i < TIME_COUNT; i++) {
		if (!slice_number(
			key_history_next_word(&line), MAX_TIME, &number))
			return "no time";
		*times[i] = key_history_moved((time_t)number, -skew);
	}
	past->text = line;
	if (!key_history_text_is_printable(line))
		return "control characters";
	return contradiction(past);
}

/* A file while it is read. */
struct reading {
	key_history_entry *entry;
	void *arg;
	long long skew;
	unsigned long count; /* of lines that were read */
	bool ended;
};

static int
not_the_end(const struct reading *reading, struct err *err)
{
	return err_set(err, ERR_DATA, "line %lu: not the end of %lu keys",
	    reading->count, reading->count - 2);
}

/* The last line has the number of those between it and the first one. */
static int
take_end(struct reading *reading, struct slice number, struct err *err)
{
	unsigned long keys;

	if (!slice_number(number, MAX_TIME, &keys) ||
	    keys != reading->count - 2)
		return not_the_end(reading, err);
	reading->ended = true;
	return 0;
}

static int
take_line(void *arg, struct slice line, struct err *err)
{
	const struct slice end = SLICE("end ");
	struct reading *reading = arg;
	struct key_past past = { .status = KEY_UNKNOWN };
	struct sign_key key = { .pkey = NULL };
	const char *fault;

	pace();
	if (reading->ended)
		return not_the_end(reading, err);
	reading->count++;
	if (line.data[line.len - 1] != '\n')
		return err_set(err, ERR_DATA, "line %lu: the end is missing",
		    reading->count);
	line = slice_sub(line, 0, line.len - 1);
	if (reading->count == 1)
		return slice_eq(line, KEY_HISTORY_HEAD) ?
		    0 :
		    err_set(err, ERR_DATA, "line 1: is not \"%s\"",
			KEY_HISTORY_HEAD.data);
	if (slice_starts(line, end))
		return take_end(reading, slice_from(line, end.len), err);
	fault = parse_line(line, reading->skew, &key, &past);
	if (fault != NULL)
		return err_set(
		    err, ERR_DATA, "line %lu: %s", reading->count, fault);
	reading->entry(reading->arg, &key, &past);
	return 0;
}

int
key_history_each(struct slice path, key_history_entry *entry, void *arg,
    bool *ret_found, struct err *err)
{
	struct reading reading = {
		.entry = entry, .arg = arg, .skew = clock_skew()
	};
	struct arena mem;
	bool found = false;
	int status;

	arena_init(&mem);
	/* Who can write to it can make an unpublished key sign. */
	status = file_each_line_own(
	    &(struct file_request){ path, MAX_FILE_OCTETS, &mem }, take_line,
	    &reading, &found, err);
	arena_done(&mem);
	if (status == 0 && found && !reading.ended)
		return err_set(err, ERR_DATA, "line %lu: the end is missing",
		    reading.count + 1);
	if (status == 0)
		*ret_found = found;
	return status;
}

static void
restore_entry(
    void *arg, const struct sign_key *key, const struct key_past *past)
{
	key_history_restore(arg, key, past);
}

int
key_history_read(struct key_history *history, struct slice path,
    bool *ret_found, struct err *err)
{
	int status =
	    key_history_each(path, restore_entry, history, ret_found, err);

	/* It is all or nothing. */
	if (status != 0)
		key_history_clear(history);
	return status;
}
