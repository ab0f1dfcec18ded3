/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of states: a line that names the format, a line for each key, and a
 * last line with their number, so that a file that was cut is seen to be.
 *
 *	DOMAIN SELECTOR FINGERPRINT STATE FIRST LAST SINCE ANSWERED LOOKED TEXT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descend.h"
#include "base/file.h"
#include "key_states_priv.h"

enum { MAX_FILE_OCTETS = 256 * 1024 * 1024, FINGERPRINT_DIGITS = 64,
	TIME_COUNT = 5 };
/* The last second of the year 9999. */
#define MAX_TIME 253402300799UL

static const struct slice head = { "submilter key states 1", 22 };

static bool
next_line(struct slice *rest, struct slice *ret_line)
{
	size_t end = slice_find(*rest, '\n');

	if (end == rest->len)
		return false;
	*ret_line = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end + 1);
	return true;
}

/* What stands before the next blank; empty when there is none. */
static struct slice
next_word(struct slice *rest)
{
	size_t end = slice_find(*rest, ' ');
	struct slice word = slice_sub(*rest, 0, end);

	*rest = slice_from(*rest, end + 1);
	return word;
}

static bool
parse_state(struct slice word, enum key_state *ret_state)
{
	for (enum key_state s = KEY_PUBLISHED; s <= KEY_UNKNOWN; s++) {
		if (slice_eq(word, slice_of(key_state_name(s)))) {
			*ret_state = s;
			return true;
		}
	}
	return false;
}

static bool
is_fingerprint(struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		if (char_hex_value(word.data[i]) < 0 ||
		    char_lower(word.data[i]) != word.data[i])
			return false;
	}
	return word.len == FINGERPRINT_DIGITS;
}

static bool
is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (char_is_control(text.data[i]) || char_is_8bit(text.data[i]))
			return false;
	}
	return true;
}

/* What cannot be true of one key; NULL: it can. */
static const char *
contradiction(const struct key_sighting *s)
{
	if ((s->first_seen == 0) != (s->last_seen == 0) ||
	    (s->first_seen == 0) != (s->since == 0) ||
	    s->first_seen > s->last_seen || s->since > s->first_seen)
		return "its times contradict each other";
	if ((s->state == KEY_UNKNOWN) != (s->answered == 0) ||
	    (s->state == KEY_PUBLISHED && s->last_seen == 0))
		return "its state and times contradict each other";
	return NULL;
}

/* The file has times of the wall clock, memory those of clock_steady(). */
static time_t
moved(time_t when, long long seconds)
{
	if (when == 0)
		return 0;
	return when + seconds > 0 ? when + (time_t)seconds : 1;
}

/* One key; NULL, or what is wrong. */
static const char *
parse_line(struct slice line, long long skew, struct sign_key *key,
    struct key_sighting *sighting)
{
	time_t *const times[TIME_COUNT] = { &sighting->first_seen,
		&sighting->last_seen, &sighting->since, &sighting->answered,
		&sighting->looked };
	unsigned long number;

	key->domain = next_word(&line);
	key->selector = next_word(&line);
	key->fingerprint = next_word(&line);
	if (!key_domain_is_valid(key->domain) ||
	    !key_selector_is_valid(key->selector) ||
	    !is_fingerprint(key->fingerprint))
		return "no domain, selector and fingerprint";
	if (!parse_state(next_word(&line), &sighting->state))
		return "no state";
	for (size_t i = 0; i < TIME_COUNT; i++) {
		if (!slice_number(next_word(&line), MAX_TIME, &number))
			return "no time";
		*times[i] = moved((time_t)number, -skew);
	}
	sighting->text = line;
	if (!is_printable(line))
		return "control characters";
	return contradiction(sighting);
}

/* Reads all; restores it only when told to, so that it is all or nothing. */
static int
parse(struct key_states *states, struct slice text, bool restore,
    struct err *err)
{
	struct slice line, end = SLICE("end ");
	unsigned long count = 0, number;
	long long skew = clock_skew();

	if (!next_line(&text, &line) || !slice_eq(line, head))
		return err_set(err, ERR_DATA, "line 1: is not \"%s\"",
		    head.data);
	while (next_line(&text, &line)) {
		struct key_sighting sighting = { .state = KEY_UNKNOWN };
		struct sign_key key = { .pkey = NULL };
		const char *fault;

		if (slice_starts(line, end)) {
			if (text.len == 0 && slice_number(slice_from(line,
			    end.len), MAX_TIME, &number) && number == count)
				return 0;
			return err_set(err, ERR_DATA, "line %lu: not the end "
			    "of %lu keys", count + 2, count);
		}
		fault = parse_line(line, skew, &key, &sighting);
		if (fault != NULL)
			return err_set(err, ERR_DATA, "line %lu: %s",
			    count + 2, fault);
		if (restore)
			key_states_restore(states, &key, &sighting);
		count++;
	}
	return err_set(err, ERR_DATA, "line %lu: the end is missing",
	    count + 2);
}

int
key_states_read(struct key_states *states, struct slice path,
    bool *ret_found, struct err *err)
{
	struct arena mem;
	struct slice text;
	bool found;
	int status;

	arena_init(&mem);
	/* Whoever can write to it can make an unpublished key sign. */
	status = file_read_own(path, MAX_FILE_OCTETS, &mem, &found, &text, err);
	if (status == 0 && found)
		status = parse(states, text, false, err);
	if (status == 0 && found)
		status = parse(states, text, true, err);
	arena_done(&mem);
	if (status == 0)
		*ret_found = found;
	return status;
}

/* The text again, if it is what a reader takes; else without it. */
static void
write_key(struct key_states *states, const struct sign_key *key,
    long long skew, FILE *file)
{
	struct key_sighting sighting;
	struct arena mem;

	arena_init(&mem);
	key_states_get(states, key, &mem, &sighting);
	if (!is_printable(sighting.text))
		sighting.text = (struct slice){ NULL, 0 };
	(void)fprintf(file, "%.*s %.*s %.*s %s %lld %lld %lld %lld %lld %.*s\n",
	    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector),
	    SLICE_ARGS(key->fingerprint), key_state_name(sighting.state),
	    (long long)moved(sighting.first_seen, skew),
	    (long long)moved(sighting.last_seen, skew),
	    (long long)moved(sighting.since, skew),
	    (long long)moved(sighting.answered, skew),
	    (long long)moved(sighting.looked, skew), (int)sighting.text.len,
	    sighting.text.data == NULL ? "" : sighting.text.data);
	arena_done(&mem);
}

static void
write_keys(struct key_states *states, const struct keystore *store,
    FILE *file)
{
	long long skew = clock_skew();
	size_t count = 0;

	(void)fprintf(file, "%s\n", head.data);
	for (size_t d = 0; store != NULL &&
	    d < keystore_domain_count(store); d++) {
		const struct domain_keys *domain = keystore_domain(store, d);

		for (size_t k = 0; k < domain->count; k++)
			write_key(states, domain->keys[k], skew, file);
		count += domain->count;
	}
	(void)fprintf(file, "end %zu\n", count);
}

static int
write_aside(struct key_states *states, const struct keystore *store,
    int directory, const char *name, struct err *err)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool good;

	if (file == NULL) {
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	write_keys(states, store, file);
	good = fflush(file) == 0 && ferror(file) == 0 && fsync(fd) == 0;
	if (!good)
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (fclose(file) != 0 && good)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	return good ? 0 : -1;
}

static int
write_in(struct key_states *states, const struct keystore *store,
    int directory, const char *final, struct arena *mem, struct err *err)
{
	const char *new = slice_format(mem, "%s.new", final).data;
	int status;

	/* What a process left that was killed while it wrote. */
	(void)unlinkat(directory, new, 0);
	status = write_aside(states, store, directory, new, err);
	if (status == 0 && renameat(directory, new, directory, final) != 0)
		status = err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (status != 0)
		(void)unlinkat(directory, new, 0);
	return status;
}

int
key_states_write(struct key_states *states, const struct keystore *store,
    struct slice path, struct err *err)
{
	size_t slash = slice_find_last(path, '/');
	struct slice parent = slash == path.len ? SLICE(".")
	    : slash == 0 ? SLICE("/") : slice_sub(path, 0, slash);
	struct slice name = slash == path.len ? path
	    : slice_from(path, slash + 1);
	struct arena mem;
	int directory, status;

	arena_init(&mem);
	status = descend_alone(slice_cstr(&mem, parent), &mem, &directory,
	    err);
	if (status == 0) {
		status = write_in(states, store, directory,
		    slice_cstr(&mem, name), &mem, err);
		(void)close(directory);
		if (status != 0)
			err_wrap(err, "%s", slice_cstr(&mem, path));
	}
	arena_done(&mem);
	return status;
}
