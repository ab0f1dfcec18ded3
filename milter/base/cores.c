/* SPDX-License-Identifier: BSD-2-Clause */
/* How many cores there are for this process. */
#include "base/cores.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static unsigned int
cores_allowed(void)
{
	cpu_set_t set;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	int count;

	/* It fails where the machine has more cores than the set holds. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0 &&
	    (count = CPU_COUNT(&set)) > 0)
		return (unsigned int)count;
	return online > 0 ? (unsigned int)online : 1;
}

/* cpu.max of a control group: "200000 100000", or "max 100000". */
static unsigned int
cores_of_group(const char *path, unsigned int cores)
{
	FILE *file = fopen(path, "re");
	unsigned long long quota, period, count;

	if (file == NULL)
		return cores;
	if (fscanf(file, "%llu %llu", &quota, &period) == 2 && period > 0) {
		count = quota / period + (quota % period > 0);
		if (count > 0 && count < cores)
			cores = (unsigned int)count;
	}
	(void)fclose(file);
	return cores;
}

unsigned int
cores_within_quota(const char *root, const char *group, unsigned int cores)
{
	struct arena mem;
	struct slice rest = slice_of(group);

	arena_init(&mem);
	/* The root itself has no quota. */
	while (rest.len > 1 && rest.data[0] == '/') {
		struct slice path = slice_format(
		    &mem, "%s%.*s/cpu.max", root, SLICE_ARGS(rest));

		cores = cores_of_group(path.data, cores);
		rest = slice_sub(rest, 0, slice_find_last(rest, '/'));
	}
	arena_done(&mem);
	return cores;
}

unsigned int
cores_count(void)
{
	static const char version_2[] = "0::";
	unsigned int cores = cores_allowed();
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;

	if (file == NULL)
		return cores;
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, version_2, sizeof(version_2) - 1) == 0)
			cores = cores_within_quota("/sys/fs/cgroup",
			    line + sizeof(version_2) - 1, cores);
	}
	free(line);
	(void)fclose(file);
	return cores;
}
