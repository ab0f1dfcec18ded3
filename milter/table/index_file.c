/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that are an indexed file: what all of their types have in common. */
#include "table/index_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "index_map_priv.h"

/* One open file; the last of its users closes it. */
struct index_opened {
	const struct index_ops *ops;
	struct index_source source;
	void *index;
	size_t users; /* under the lock of the table */
	bool is_open; /* index is to be closed */
	bool is_new;  /* written just before: a change may not show */
};

struct index_table {
	const struct index_ops *ops;
	const char *path;
	pthread_mutex_t lock;
	struct index_opened *current; /* NULL: none could be opened */
	/*
	 * Of a file that one thread asks at a time. No mutex: a library that
	 * loses its way in a damaged file keeps nobody else for ever.
	 */
	bool is_busy;
	pthread_cond_t freed;
};

/*
 * LOCK_PAUSE_MS: between two tries to get a lock. MAX_TRIES: to open a file that is
 * replaced meanwhile.
 */
enum { LOCK_PAUSE_MS = 5, MAX_TRIES = 20 };

static int
too_short(const struct index_source *source, struct err *err)
{
	return err_set(err, ERR_TEMP,
	    "%s ends too early: it is cut, or just being written",
	    source->path);
}

int
index_read(const struct index_source *source, uint64_t offset, void *data,
    size_t len, struct err *err)
{
	size_t mapped = 0;
	const char *map =
	    source->map == NULL ? NULL : index_map_data(source->map, &mapped);

	if (offset <= mapped && len <= mapped - offset) {
		if (len > 0)
			memcpy(data, map + offset, len);
		return index_map_is_cut(source->map) ? too_short(source, err) :
						       0;
	}
	if (offset > INT64_MAX - len)
		return too_short(source, err);
	for (size_t done = 0; done < len;) {
		ssize_t count = pread(source->fd, (char *)data + done,
		    len - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_set(err, ERR_TEMP, "%s: %s", source->path,
			    strerror(errno));
		if (count == 0)
			return too_short(source, err);
		done += (size_t)count;
	}
	return 0;
}

static void
opened_free(struct index_opened *opened)
{
	if (opened->is_open)
		opened->ops->close(opened->index);
	index_map_free(opened->source.map);
	fd_close(&opened->source.fd);
	free(opened);
}

/* The caller has the lock, or is the only one. */
static void
opened_unref(struct index_opened *opened)
{
	if (opened != NULL && --opened->users == 0)
		opened_free(opened);
}

/*
 * Waits for the lock that a writer of the file holds, until the deadline, or
 * for one try without it.
 */
static int
index_lock(
    const struct index_source *source, uint64_t deadline_us, struct err *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };

	while (flock(source->fd, LOCK_SH | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, ERR_TEMP, "%s: %s", source->path,
			    strerror(errno));
		if (deadline_us == 0 || clock_monotonic_us() >= deadline_us)
			return err_set(
			    err, ERR_TEMP, "%s is being written", source->path);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int
check_file(const struct index_source *source, struct err *err)
{
	if (!S_ISREG(source->state.st_mode))
		return err_set(
		    err, ERR_CONFIG, "%s is not a regular file", source->path);
	if ((source->state.st_mode & S_IWOTH) != 0)
		return err_set(err, ERR_CONFIG,
		    "%s may be written by every user: chmod o-w it",
		    source->path);
	return 0;
}

/* Opens what stands at the path now; -1 frees all that was opened. */
static int
opened_new(const struct index_table *table, uint64_t deadline_us,
    struct index_opened **ret_opened, struct err *err)
{
	struct index_opened *opened = calloc(1, sizeof(*opened));
	struct index_source *source;
	struct timespec now;

	ENSURE(opened != NULL);
	opened->ops = table->ops;
	opened->users = 1;
	source = &opened->source;
	source->path = table->path;
	source->fd = open(table->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (source->fd < 0)
		err_set(err,
		    errno == EMFILE || errno == ENFILE || errno == ENOMEM ?
			ERR_TEMP :
			ERR_CONFIG,
		    "cannot open %s: %s", table->path, strerror(errno));
	else if (!table->ops->is_locked ||
	    index_lock(source, deadline_us, err) == 0) {
		ENSURE(clock_gettime(CLOCK_REALTIME, &now) == 0);
		ENSURE(fstat(source->fd, &source->state) == 0);
		opened->is_new = source->state.st_mtim.tv_sec + 1 >= now.tv_sec;
		if (check_file(source, err) == 0) {
			if (!table->ops->is_locked)
				source->map = index_map_new(
				    source->fd, (size_t)source->state.st_size);
			opened->is_open =
			    table->ops->open(source, &opened->index, err) == 0;
		}
	}
	if (table->ops->is_locked && source->fd >= 0)
		(void)flock(source->fd, LOCK_UN);
	if (!opened->is_open) {
		opened_free(opened);
		return -1;
	}
	*ret_opened = opened;
	return 0;
}

/*
 * Whether what is open is what stands at the path, and as it was. Behind the end
 * of a file that was cut its map has zeros, which might be taken for a row that is
 * not there: so this is asked after reading, and not before.
 */
static bool
is_current(const struct index_opened *opened, const struct stat *now)
{
	const struct index_source *source = &opened->source;
	const struct stat *then = &source->state;

	if (then->st_dev != now->st_dev || then->st_ino != now->st_ino ||
	    then->st_size != now->st_size ||
	    (source->map != NULL && index_map_is_cut(source->map)))
		return false;
	return opened->ops->sees_changes || file_same_state(then, now);
}

/*
 * Opens what stands at the path. Some libraries open it once more by its path,
 * where another file may stand by then: that is tried again.
 */
static int
index_open_current(
    struct index_table *table, uint64_t deadline_us, struct err *err)
{
	opened_unref(table->current);
	table->current = NULL;
	for (int i = 0; i < MAX_TRIES; i++) {
		if (opened_new(table, deadline_us, &table->current, err) == 0)
			return 0;
		if (err->kind != ERR_TEMP)
			break;
	}
	/* Once the table was open, whatever it is may pass. */
	err->kind = ERR_TEMP;
	return -1;
}

/* Opens the file again in the next look-up; the caller has the lock. */
static void
index_forget(struct index_table *table, struct index_opened *opened)
{
	if (table->current != opened)
		return;
	table->current = NULL;
	opened_unref(opened);
}

static int
index_stat(
    const struct index_table *table, struct stat *ret_now, struct err *err)
{
	if (stat(table->path, ret_now) == 0)
		return 0;
	return err_set(
	    err, ERR_TEMP, "cannot read %s: %s", table->path, strerror(errno));
}

/* A key with its final NUL, and without: who wrote the file chose one. */
static enum table_answer
index_find(const struct index_opened *opened, struct slice key,
    const struct table_context *context, struct slice *ret_value)
{
	const struct index_ops *ops = opened->ops;
	struct slice with = slice_dup(context->mem, key), value;
	enum table_answer answer;

	with.len++;
	answer = ops->find(opened->index, with, context, &value);
	if (answer == TABLE_ABSENT && key.len > 0)
		answer = ops->find(opened->index, key, context, &value);
	if (answer != TABLE_FOUND)
		return answer;
	if (value.len > 0 && value.data[value.len - 1] == '\0')
		value.len--;
	for (size_t i = 0; i < value.len; i++) {
		if (!char_is_control(value.data[i]) || value.data[i] == '\t')
			continue;
		err_set(context->err, ERR_DATA,
		    "the value of %s has a control character",
		    escape(context->mem, key, 128));
		return TABLE_FAILED;
	}
	if (!slice_is_utf8(value)) {
		err_set(context->err, ERR_DATA, "the value of %s is not UTF-8",
		    escape(context->mem, key, 128));
		return TABLE_FAILED;
	}
	*ret_value = value.len > 0 ? value : SLICE("");
	return TABLE_FOUND;
}

static enum table_answer
index_find_all(const struct index_opened *opened, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	enum table_answer all = TABLE_ABSENT;

	for (size_t i = 0; i < keys->count; i++) {
		switch (index_find(
		    opened, keys->items[i], context, &ret_values[i])) {
		case TABLE_FOUND:
			all = TABLE_FOUND;
			break;
		case TABLE_ABSENT:
			break;
		case TABLE_FAILED:
			return TABLE_FAILED;
		}
	}
	return all;
}

/*
 * By one thread at a time, under the lock of the file. It may have been written before it
 * was locked: then it is opened anew. What was written just before it was opened
 * may not show in its times, so it is opened anew for each look-up at first.
 */
static enum table_answer
locked_lookup(struct index_table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	enum table_answer answer = TABLE_FAILED;
	bool is_done = false, is_fresh = false;
	struct stat now;

	for (int i = 0; i < MAX_TRIES && !is_done; i++) {
		struct index_opened *opened;

		if (table->current == NULL) {
			if (index_open_current(
				table, context->deadline_us, context->err) != 0)
				return TABLE_FAILED;
			is_fresh = true;
		}
		opened = table->current;
		if (index_lock(&opened->source, context->deadline_us,
			context->err) != 0)
			return TABLE_FAILED;
		is_done = index_stat(table, &now, context->err) != 0;
		if (!is_done && is_current(opened, &now) &&
		    (is_fresh || !opened->is_new)) {
			is_done = true;
			answer =
			    index_find_all(opened, keys, context, ret_values);
		}
		(void)flock(opened->source.fd, LOCK_UN);
		if (!is_done)
			index_forget(table, opened);
	}
	if (!is_done)
		err_set(context->err, ERR_TEMP,
		    "%s changes faster than it can be read", table->path);
	return answer;
}

/* One more user of the open file. */
static int
index_acquire(struct index_table *table, struct index_opened **ret_opened,
    struct err *err)
{
	int status = 0;

	ENSURE(pthread_mutex_lock(&table->lock) == 0);
	if (table->current == NULL)
		status = index_open_current(table, 0, err);
	if (status == 0) {
		*ret_opened = table->current;
		table->current->users++;
	}
	ENSURE(pthread_mutex_unlock(&table->lock) == 0);
	return status;
}

static void
index_release(
    struct index_table *table, struct index_opened *opened, bool is_stale)
{
	ENSURE(pthread_mutex_lock(&table->lock) == 0);
	if (is_stale)
		index_forget(table, opened);
	opened_unref(opened);
	ENSURE(pthread_mutex_unlock(&table->lock) == 0);
}

/* Beside other threads; what was read counts if the file was whole till then. */
static enum table_answer
shared_lookup(struct index_table *table, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		struct index_opened *opened;
		enum table_answer answer;
		bool is_there, is_right;
		struct stat now;
		struct err why;

		if (index_acquire(table, &opened, context->err) != 0)
			return TABLE_FAILED;
		answer = index_find_all(opened, keys, context, ret_values);
		is_there = index_stat(table, &now, &why) == 0;
		is_right = is_there && is_current(opened, &now);
		index_release(table, opened, !is_right);
		if (is_right)
			return answer;
		if (!is_there) {
			*context->err = why;
			return TABLE_FAILED;
		}
		for (size_t k = 0; k < keys->count; k++)
			ret_values[k] = (struct slice){ NULL, 0 };
	}
	err_set(context->err, ERR_TEMP, "%s changes faster than it can be read",
	    table->path);
	return TABLE_FAILED;
}

/* Waits until nobody else asks the file, or the deadline. */
static int
index_enter(struct index_table *table, uint64_t deadline_us, struct err *err)
{
	const struct timespec until = { .tv_sec =
					    (time_t)(deadline_us / 1000000),
		.tv_nsec = (long)(deadline_us % 1000000 * 1000) };
	int status = 0;

	ENSURE(pthread_mutex_lock(&table->lock) == 0);
	while (table->is_busy && status == 0)
		status = deadline_us == 0 ?
		    pthread_cond_wait(&table->freed, &table->lock) :
		    pthread_cond_timedwait(&table->freed, &table->lock, &until);
	if (table->is_busy)
		status = err_set(err, ERR_TEMP,
		    "no time left to wait for %s, which others read",
		    table->path);
	else
		status = 0;
	table->is_busy = true;
	ENSURE(pthread_mutex_unlock(&table->lock) == 0);
	return status;
}

static void
index_leave(struct index_table *table)
{
	ENSURE(pthread_mutex_lock(&table->lock) == 0);
	table->is_busy = false;
	ENSURE(pthread_cond_signal(&table->freed) == 0);
	ENSURE(pthread_mutex_unlock(&table->lock) == 0);
}

enum table_answer
index_file_lookup(void *handle, const struct table_keys *keys,
    const struct table_context *context, struct slice *ret_values)
{
	struct index_table *table = handle;
	enum table_answer answer;

	if (!table->ops->is_locked)
		return shared_lookup(table, keys, context, ret_values);
	if (index_enter(table, context->deadline_us, context->err) != 0)
		return TABLE_FAILED;
	answer = locked_lookup(table, keys, context, ret_values);
	index_leave(table);
	return answer;
}

int
index_file_open(const struct index_ops *ops, struct table_opening *opening,
    void **ret_handle, struct err *err)
{
	struct index_table *table;
	pthread_condattr_t attributes;

	if (opening->text != NULL)
		return err_set(
		    err, ERR_CONFIG, "an indexed file cannot be given as text");
	table = arena_alloc(opening->mem, sizeof(*table));
	table->ops = ops;
	table->path = slice_format(
	    opening->mem, "%.*s%s", SLICE_ARGS(opening->name), ops->suffix)
			  .data;
	ENSURE(pthread_mutex_init(&table->lock, NULL) == 0);
	ENSURE(pthread_condattr_init(&attributes) == 0);
	ENSURE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ENSURE(pthread_cond_init(&table->freed, &attributes) == 0);
	ENSURE(pthread_condattr_destroy(&attributes) == 0);
	*ret_handle = table;
	return opened_new(table, 0, &table->current, err);
}

void
index_file_close(void *handle)
{
	struct index_table *table = handle;

	if (table == NULL)
		return;
	opened_unref(table->current);
	ENSURE(pthread_cond_destroy(&table->freed) == 0);
	ENSURE(pthread_mutex_destroy(&table->lock) == 0);
}
