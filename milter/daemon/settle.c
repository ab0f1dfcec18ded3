/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits at a start for files that somebody writes at this moment. */
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "daemon_priv.h"
#include "table/table.h"

/*
 * STILL_MS: how long all files must have been left alone. At a start nothing is
 * in force that would show that last lines are missing. PATIENCE: after as many
 * looks the files are read as they are, which tells whether they change.
 */
enum { STILL_MS = 200, PATIENCE = 25 };

/* A look at files, at one moment. */
struct look {
	struct timespec now;
	struct arena mem;
	bool moving; /* one of them is young */
};

/* A date ahead of the clock says nothing, and counts as an old one. */
static void
look_at_file(void *arg, struct slice path)
{
	struct look *look = arg;
	const struct timespec *now = &look->now;
	struct stat st;
	int64_t ms;

	if (stat(slice_cstr(&look->mem, path), &st) != 0 ||
	    st.st_mtim.tv_sec < now->tv_sec - 1 ||
	    st.st_mtim.tv_sec > now->tv_sec)
		return;
	ms = (int64_t)(now->tv_sec - st.st_mtim.tv_sec) * 1000 +
	    (now->tv_nsec - st.st_mtim.tv_nsec) / 1000000;
	look->moving = look->moving || ms < STILL_MS;
}

/* A file that cannot be read yet may be complete in a moment. */
static bool
is_moving(const char *path)
{
	struct look look = { .moving = false };
	const struct table_use *uses;
	struct config *config;
	struct err err;
	size_t count;

	arena_init(&look.mem);
	ENSURE(clock_gettime(CLOCK_REALTIME, &look.now) == 0);
	if (config_read(path, NULL, NULL, &config, &err) == 0) {
		for (size_t i = 0; i < config->file_count; i++)
			look_at_file(&look, config->files[i].path);
		uses = config_tables(config, &look.mem, &count);
		for (size_t i = 0; i < count; i++)
			table_spec_files(uses[i].spec, look_at_file, &look);
		config_free(config);
	} else {
		look_at_file(&look, slice_of(path));
	}
	arena_done(&look.mem);
	return look.moving;
}

void
settle(const char *path)
{
	const struct timespec step = { .tv_nsec = STILL_MS * 500000L };

	for (int i = 0; i < PATIENCE && is_moving(path); i++)
		(void)nanosleep(&step, NULL);
}
