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
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descend.h"
#include "base/file.h"
#include "base/map.h"
#include "base/pace.h"
#include "key_history_priv.h"

enum {
	MAX_FILE_OCTETS = 256 * 1024 * 1024,
	FINGERPRINT_DIGITS = 64,
	KEPT_SECONDS = 30 * 86400,
	TIME_COUNT = 5
};
/* The last second of the year 9999. */
#define MAX_TIME 253402300799UL

static const struct slice head = { "submilter key states 1", 22 };

static bool
key_history_file_is_printable(struct slice text)
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
		*times[i] = moved((time_t)number, -skew);
	}
	past->text = line;
	if (!key_history_file_is_printable(line))
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
		return slice_eq(line, head) ?
		    0 :
		    err_set(err, ERR_DATA, "line 1: is not \"%s\"", head.data);
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

/* What is written to the file, and where. */
struct content {
	struct key_history *history;
	const struct keystore *store;  /* whose keys are written; or NULL */
	struct key_history *kept;      /* of domains without keys; or NULL */
	const struct slice *forgotten; /* all of kept but it; or NULL */
	/*
	 * Not NULL: all of kept but those that are in it, by their names, or
	 * were looked up too long ago.
	 */
	struct map *written;
	int directory; /* open, with the lock */
	int lock;
	const char *name; /* in the directory */
};

/* The text again, if it is what a reader takes; else without it. */
static void
write_line(const struct sign_key *key, const struct key_past *past,
    long long skew, FILE *file)
{
	struct slice text = past->text;

	if (!key_history_file_is_printable(text))
		text = (struct slice){ NULL, 0 };
	(void)fprintf(file, "%.*s %.*s %.*s %s %lld %lld %lld %lld %lld %.*s\n",
	    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector),
	    SLICE_ARGS(key->fingerprint), key_status_name(past->status),
	    (long long)moved(past->first_seen, skew),
	    (long long)moved(past->last_seen, skew),
	    (long long)moved(past->since, skew),
	    (long long)moved(past->answered, skew),
	    (long long)moved(past->looked, skew), (int)text.len,
	    text.data == NULL ? "" : text.data);
}

/* As a name in a map. */
static struct slice
key_name(const struct sign_key *key, struct arena *mem)
{
	return slice_format(mem, "%.*s %.*s %.*s", SLICE_ARGS(key->domain),
	    SLICE_ARGS(key->selector), SLICE_ARGS(key->fingerprint));
}

static size_t
write_store(const struct content *content, long long skew, FILE *file)
{
	const struct keystore *store = content->store;
	size_t count = 0;

	for (size_t d = 0; store != NULL && d < keystore_domain_count(store);
	     d++) {
		CLEANUP(arena_done) struct arena scratch;
		const struct domain_keys *domain;

		arena_init(&scratch);
		domain = keystore_domain(store, d, &scratch);
		for (size_t k = 0; k < domain->count; k++) {
			struct key_past past;
			struct arena mem;

			arena_init(&mem);
			key_history_get(
			    content->history, domain->keys[k], &mem, &past);
			write_line(domain->keys[k], &past, skew, file);
			if (content->written != NULL)
				(void)!map_add(content->written,
				    key_name(domain->keys[k], &mem), &past);
			arena_done(&mem);
		}
		count += domain->count;
	}
	return count;
}

/* Whether an entry that the store does not have stays in the file. */
static bool
is_kept(const struct content *content, const struct key_entry *entry,
    struct arena *mem)
{
	const struct domain_keys *keys = NULL;

	if (content->forgotten != NULL)
		return !slice_eq(*content->forgotten, entry->key.domain);
	if (content->written != NULL)
		return entry->past.looked > clock_steady() - KEPT_SECONDS &&
		    map_get(content->written, key_name(&entry->key, mem)) ==
		    NULL;
	/* A domain without keys in memory may sign again. */
	if (content->store != NULL)
		keys = keystore_find(content->store, entry->key.domain, mem);
	return keys != NULL && keys->count == 0;
}

static size_t
write_kept(const struct content *content, long long skew, FILE *file)
{
	size_t count = 0,
	       all =
		   content->kept == NULL ? 0 : key_history_count(content->kept);

	for (size_t i = 0; i < all; i++) {
		struct key_entry entry;
		struct arena mem;

		pace();
		arena_init(&mem);
		entry = key_history_at(content->kept, i, &mem);
		if (is_kept(content, &entry, &mem)) {
			write_line(&entry.key, &entry.past, skew, file);
			count++;
		}
		arena_done(&mem);
	}
	return count;
}

static int
write_aside(const struct content *content, const char *name, struct err *err)
{
	int fd = openat(content->directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	long long skew = clock_skew();
	size_t count;
	bool good;

	if (file == NULL) {
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	(void)fprintf(file, "%s\n", head.data);
	count = write_store(content, skew, file);
	count += write_kept(content, skew, file);
	(void)fprintf(file, "end %zu\n", count);
	good = fflush(file) == 0 && ferror(file) == 0 && fsync(fd) == 0;
	if (!good)
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (fclose(file) != 0 && good)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	return good ? 0 : -1;
}

static int
write_file(const struct content *content, struct arena *mem, struct err *err)
{
	int directory = content->directory;
	const char *new = slice_format(mem, "%s.new", content->name).data;
	int status;

	/* A process that was killed while it wrote may have left one. */
	(void)unlinkat(directory, new, 0);
	status = write_aside(content, new, err);
	if (status == 0 &&
	    renameat(directory, new, directory, content->name) != 0)
		status = err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (status != 0)
		(void)unlinkat(directory, new, 0);
	return status;
}

/* LOCK_TRIES of LOCK_PAUSE_NS: a second. */
enum { LOCK_TRIES = 20, LOCK_PAUSE_NS = 50 * 1000 * 1000 };

/*
 * Who reads the file and writes it again holds the lock of its directory. Where
 * a file system has none, or somebody who may read the directory keeps it, the
 * last one to write counts.
 */
static int
open_place(struct content *content, struct slice path, struct arena *mem,
    struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	size_t slash = slice_find_last(path, '/');
	struct slice parent = slash == path.len ? SLICE(".") :
	    slash == 0				? SLICE("/") :
						  slice_sub(path, 0, slash);

	if (descend_alone(
		slice_cstr(mem, parent), mem, &content->directory, err) != 0)
		return -1;
	content->name = slice_cstr(
	    mem, slash == path.len ? path : slice_from(path, slash + 1));
	content->lock =
	    openat(content->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; content->lock >= 0 && i < LOCK_TRIES &&
	     flock(content->lock, LOCK_EX | LOCK_NB) != 0 &&
	     errno == EWOULDBLOCK;
	     i++)
		(void)nanosleep(&pause, NULL);
	return 0;
}

static void
close_place(const struct content *content)
{
	if (content->lock >= 0)
		(void)close(content->lock);
	(void)close(content->directory);
}

int
key_history_write(struct key_history *history, const struct keystore *store,
    struct slice path, struct err *err)
{
	struct content content = { .history = history, .store = store };
	struct arena mem;
	int status;

	arena_init(&mem);
	status = open_place(&content, path, &mem, err);
	if (status == 0) {
		if (keystore_lacks_keys(store) || keystore_has_unread(store) ||
		    keystore_grows(store))
			content.kept = key_history_of_file(history, path);
		if (keystore_grows(store))
			content.written = map_new(&mem);
		status = write_file(&content, &mem, err);
		if (status != 0)
			err_wrap(err, "%s", slice_cstr(&mem, path));
		close_place(&content);
	}
	key_history_unref(content.kept);
	arena_done(&mem);
	return status;
}

int
key_history_forget(
    struct slice path, struct slice domain, bool *ret_known, struct err *err)
{
	struct content content = { .kept = key_history_new(),
		.forgotten = &domain };
	bool found, known = false;
	struct arena mem;
	int status;

	arena_init(&mem);
	status = open_place(&content, path, &mem, err);
	if (status == 0) {
		status = key_history_read(content.kept, path, &found, err);
		known = status == 0 && key_history_knows(content.kept, domain);
		if (known)
			status = write_file(&content, &mem, err);
		if (status != 0)
			err_wrap(err, "%s", slice_cstr(&mem, path));
		close_place(&content);
	}
	key_history_unref(content.kept);
	arena_done(&mem);
	if (status == 0)
		*ret_known = known;
	return status;
}
