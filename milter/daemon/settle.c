/* SPDX-License-Identifier: BSD-2-Clause */
/* Waits at a start for files that somebody writes at this moment. */
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "daemon_priv.h"

/*
 * STILL_MS: how long all files must have been left alone. A start comes with
 * nothing in force that would show that lines are missing at an end. PATIENCE:
 * after as many looks the files are read as they are, which tells whether they
 * change.
 */
enum { STILL_MS = 200, PATIENCE = 25 };

/* A date ahead of the clock says nothing, and counts as an old one. */
static bool
is_young(struct slice path, const struct timespec *now, struct arena *mem)
{
	struct stat st;
	int64_t ms;

	if (stat(slice_cstr(mem, path), &st) != 0 ||
	    st.st_mtim.tv_sec < now->tv_sec - 1 ||
	    st.st_mtim.tv_sec > now->tv_sec)
		return false;
	ms = (int64_t)(now->tv_sec - st.st_mtim.tv_sec) * 1000 +
	    (now->tv_nsec - st.st_mtim.tv_nsec) / 1000000;
	return ms < STILL_MS;
}

static bool
is_young_table(struct slice spec, const struct timespec *now,
    struct arena *mem)
{
	return is_young(slice_from(spec, slice_find(spec, ':') + 1), now, mem);
}

static bool
has_young_file(const struct config *config, const struct timespec *now,
    struct arena *mem)
{
	const struct slice_list *tables = &config->rights.tables;
	const struct slice others[] = { config->identify.network,
		config->identify.login_map, config->preflight.levels,
		config->preflight.egress_table };
	bool young = false;

	for (size_t i = 0; i < config->file_count && !young; i++)
		young = is_young(config->files[i].path, now, mem);
	for (size_t i = 0; i < tables->count && !young; i++)
		young = is_young_table(tables->items[i], now, mem);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		young = young || is_young_table(others[i], now, mem);
	return young;
}

/* What cannot be read yet may be whole in a moment, too. */
static bool
is_moving(const char *path)
{
	struct config *config;
	struct timespec now;
	struct arena mem;
	struct err err;
	bool moving;

	arena_init(&mem);
	ENSURE(clock_gettime(CLOCK_REALTIME, &now) == 0);
	if (config_read(path, NULL, NULL, &config, &err) == 0) {
		moving = has_young_file(config, &now, &mem);
		config_free(config);
	} else {
		moving = is_young(slice_of(path), &now, &mem);
	}
	arena_done(&mem);
	return moving;
}

void
settle(const char *path)
{
	const struct timespec step = { .tv_nsec = STILL_MS * 500000L };

	for (int i = 0; i < PATIENCE && is_moving(path); i++)
		(void)nanosleep(&step, NULL);
}
