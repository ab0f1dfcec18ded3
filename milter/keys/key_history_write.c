/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing the file of states: see key_history_file.c for its form. */
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
#include "base/map.h"
#include "base/pace.h"
#include "key_history_priv.h"

enum { KEPT_SECONDS = 30 * 86400 };

/* What is written to the file, and where. */
struct content {
	struct key_history *history;
	const struct keystore *store; /* whose keys are written; or NULL */
	struct key_history *kept;     /* of domains without keys; or NULL */
	struct slice path; /* what it says of them stays; empty: see kept */
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

	if (!key_history_text_is_printable(text))
		text = (struct slice){ NULL, 0 };
	(void)fprintf(file, "%.*s %.*s %.*s %s %lld %lld %lld %lld %lld %.*s\n",
	    SLICE_ARGS(key->domain), SLICE_ARGS(key->selector),
	    SLICE_ARGS(key->fingerprint), key_status_name(past->status),
	    (long long)key_history_moved(past->first_seen, skew),
	    (long long)key_history_moved(past->last_seen, skew),
	    (long long)key_history_moved(past->since, skew),
	    (long long)key_history_moved(past->answered, skew),
	    (long long)key_history_moved(past->looked, skew), (int)text.len,
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
	CLEANUP(keystore_walk_done) struct keystore_walk walk;
	size_t count = 0;

	keystore_walk_init(&walk, content->store);
	while (keystore_walk_next(&walk)) {
		const struct domain_keys *domain = walk.domain;

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

/* The former file while it is copied. */
struct copying {
	const struct content *content;
	long long skew;
	FILE *file;
	size_t count;
};

static void
copy_entry(void *arg, const struct sign_key *key, const struct key_past *past)
{
	struct copying *copying = arg;
	const struct key_entry entry = { *key, *past };
	CLEANUP(arena_done) struct arena mem;

	arena_init(&mem);
	if (!is_kept(copying->content, &entry, &mem))
		return;
	write_line(key, past, copying->skew, copying->file);
	copying->count++;
}

/*
 * Of very many keys the former file is not kept in memory. One that is missing
 * or cannot be read is doubt: what was copied of it goes, and what memory knows
 * counts. -1: not even that.
 */
static int
write_former(struct content *content, long long skew, FILE *file, size_t *count)
{
	struct copying copying = {
		.content = content, .skew = skew, .file = file
	};
	long begin = ftell(file);
	bool found = false;
	struct err err;

	if (key_history_each(
		content->path, copy_entry, &copying, &found, &err) == 0 &&
	    found) {
		*count += copying.count;
		return 0;
	}
	if (begin < 0 || fseek(file, begin, SEEK_SET) != 0 ||
	    ftruncate(fileno(file), begin) != 0)
		return -1;
	content->kept = key_history_ref(content->history);
	*count += write_kept(content, skew, file);
	return 0;
}

static int
write_aside(struct content *content, const char *name, struct err *err)
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
	(void)fprintf(file, "%s\n", KEY_HISTORY_HEAD.data);
	count = write_store(content, skew, file);
	count += write_kept(content, skew, file);
	good = content->path.len == 0 ||
	    write_former(content, skew, file, &count) == 0;
	(void)fprintf(file, "end %zu\n", count);
	good = good && fflush(file) == 0 && ferror(file) == 0 && fsync(fd) == 0;
	if (!good)
		err_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (fclose(file) != 0 && good)
		return err_set(err, ERR_CONFIG, "%s", strerror(errno));
	return good ? 0 : -1;
}

static int
write_file(struct content *content, struct arena *mem, struct err *err)
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
		if (keystore_grows(store)) {
			content.kept = key_history_of_file(history, path);
			content.written = map_new(&mem);
		} else if (keystore_lacks_keys(store) ||
		    keystore_has_unread(store)) {
			content.path = path;
		}
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
