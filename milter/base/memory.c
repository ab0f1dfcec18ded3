/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is not needed any more. */
#include "base/memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void
memory_trim(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

#ifdef __linux__

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* All mappings beyond these keep their pages; libraries have about 130. */
enum { MOST_RANGES = 512 };

struct range {
	uintptr_t begin, end;
};

/* Mappings that hold nothing but what is in their file. */
struct clean {
	struct range ranges[MOST_RANGES];
	size_t count;
};

/* "7f0c5a200000-7f0c5a226000 r-xp 00000000 08:01 131 /usr/lib/..." */
static bool
read_range(const char *line, struct range *ret_range)
{
	char *end;
	struct range range;

	range.begin = strtoul(line, &end, 16);
	if (end == line || *end != '-')
		return false;
	range.end = strtoul(end + 1, &end, 16);
	if (*end != ' ')
		return false;
	*ret_range = range;
	return true;
}

/* Anonymous pages of a file's mapping are those that were written to. */
static void
read_clean(struct clean *clean)
{
	static const char owned[] = "Anonymous:";
	FILE *file = fopen("/proc/self/smaps", "re");
	struct range range = { 0, 0 };
	char line[512];

	clean->count = 0;
	while (file != NULL && clean->count < MOST_RANGES &&
	    fgets(line, sizeof(line), file) != NULL) {
		if (!read_range(line, &range) &&
		    strncmp(line, owned, sizeof(owned) - 1) == 0 &&
		    strtoul(line + sizeof(owned) - 1, NULL, 10) == 0)
			clean->ranges[clean->count++] = range;
	}
	if (file != NULL)
		(void)fclose(file);
}

/*
 * The segments that are not to be written to. The loader calls, and unmaps none
 * meanwhile: at the address of one no other mapping can stand.
 */
static int
drop_segments(struct dl_phdr_info *object, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	const struct clean *clean = arg;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t begin = object->dlpi_addr + segment->p_vaddr;
		uintptr_t end = begin + segment->p_filesz;

		begin &= ~page;
		end = (end + page) & ~page;
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		for (size_t k = 0; k < clean->count; k++) {
			const struct range *range = &clean->ranges[k];

			if (range->begin >= begin && range->end <= end)
				(void)madvise((void *)range->begin,
				    range->end - range->begin, MADV_DONTNEED);
		}
	}
	return 0;
}

void
memory_give_back(void)
{
	struct clean *clean = malloc(sizeof(*clean));

	if (clean != NULL) {
		read_clean(clean);
		(void)dl_iterate_phdr(drop_segments, clean);
	}
	free(clean);
	memory_trim();
}

#else

void
memory_give_back(void)
{
	memory_trim();
}

#endif
