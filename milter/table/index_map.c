/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that are mapped, and may be cut meanwhile, as by cp(1) over them: the
 * kernel answers with SIGBUS then. Its handler puts a page of zeros there and
 * notes it, so that whoever reads goes on, and finds out afterwards. (journald of
 * systemd does the same.) The list of maps is shared by all threads and the
 * handler, so it is made of atomics.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "index_map_priv.h"

/* end is 0 where there is no map. */
static struct index_map {
	_Atomic bool taken;
	_Atomic uintptr_t begin, end;
	_Atomic bool is_cut;
} maps[INDEX_MAX_MAPS];

static struct sigaction before;
static _Atomic long page_bytes;

static void
on_sigbus(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	void *zeros;

	(void)number;
	(void)context;
	for (size_t i = 0; i < INDEX_MAX_MAPS; i++) {
		struct index_map *map = &maps[i];

		if (at < atomic_load(&map->begin) ||
		    at >= atomic_load(&map->end))
			continue;
		atomic_store(&map->is_cut, true);
		/* Linux does not look at the descriptor. */
		zeros = mmap((void *)(at & ~((uintptr_t)page_bytes - 1)),
		    (size_t)page_bytes, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, 0);
		if (zeros != MAP_FAILED)
			return;
	}
	/* None of ours: what would have been without us comes again. */
	(void)sigaction(SIGBUS, &before, NULL);
}

/* Others may have put a handler in the place of ours. */
static void
install(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sigaction action = { .sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO };
	struct sigaction now;

	ENSURE(pthread_mutex_lock(&lock) == 0);
	page_bytes = sysconf(_SC_PAGESIZE);
	ENSURE(page_bytes > 0 && sigemptyset(&action.sa_mask) == 0);
	ENSURE(sigaction(SIGBUS, NULL, &now) == 0);
	if ((now.sa_flags & SA_SIGINFO) == 0 || now.sa_sigaction != on_sigbus) {
		before = now;
		ENSURE(sigaction(SIGBUS, &action, NULL) == 0);
	}
	ENSURE(pthread_mutex_unlock(&lock) == 0);
}

struct index_map *
index_map_new(int fd, size_t bytes)
{
	struct index_map *map = NULL;
	void *begin;

	install();
	for (size_t i = 0; i < INDEX_MAX_MAPS && map == NULL; i++) {
		bool is_taken = false;

		if (atomic_compare_exchange_strong(
			&maps[i].taken, &is_taken, true))
			map = &maps[i];
	}
	if (map == NULL)
		return NULL;
	begin = bytes == 0 ? MAP_FAILED :
			     mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (begin == MAP_FAILED) {
		atomic_store(&map->taken, false);
		return NULL;
	}
	atomic_store(&map->is_cut, false);
	atomic_store(&map->begin, (uintptr_t)begin);
	atomic_store(&map->end, (uintptr_t)begin + bytes);
	return map;
}

void
index_map_free(struct index_map *map)
{
	uintptr_t begin, end;

	if (map == NULL)
		return;
	begin = atomic_load(&map->begin);
	end = atomic_exchange(&map->end, 0);
	(void)munmap((void *)begin, end - begin);
	atomic_store(&map->taken, false);
}

const char *
index_map_data(const struct index_map *map, size_t *ret_bytes)
{
	uintptr_t begin = atomic_load(&map->begin);

	*ret_bytes = atomic_load(&map->end) - begin;
	return (const char *)begin;
}

bool
index_map_is_cut(const struct index_map *map)
{
	return atomic_load(&map->is_cut);
}
