/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of the log, of any kind, as reports and explanations read it. Oracle:
 * each line is counted once, and what is counted holds what it must.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "logbook/reader.h"

static void
see_message(void *arg, const struct log_record *record)
{
	struct slice rest = record->fields[LOG_FROM], item;
	size_t octets = 0;
	struct arena mem;

	(void)arg;
	arena_init(&mem);
	if (record->fields[LOG_ACTION].len == 0)
		abort();
	while (log_list_next(&rest, &item)) {
		octets += item.len;
		if (log_value_octets(&mem, item).len > item.len ||
		    log_value_domain(item).len > item.len)
			abort();
	}
	if (octets > record->fields[LOG_FROM].len)
		abort();
	arena_done(&mem);
}

static void
see_failed(void *arg, const struct err *err)
{
	(void)arg;
	if (err->text[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_visitor visitor = { .message = see_message,
		.failed = see_failed };
	static const char *const paths[] = { "log" };
	struct log_counts counts = { .files = 0 };
	int fd = memfd_create("log", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	log_read_open(paths, &fd, 1, &visitor, &counts);
	if (counts.messages + counts.others + counts.foreign + counts.unknown !=
		counts.lines ||
	    counts.cut > counts.messages || counts.untimed > counts.messages)
		abort();
	return 0;
}
