/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "conf/config.h"
#include "fuzz.h"

static void
check_report(void *arg, const char *file, unsigned int line, const char *text)
{
	size_t *count = arg;

	(void)line;
	ENSURE(file != NULL && text[0] != '\0' && strchr(text, '\n') == NULL);
	ENSURE(++*count <= 100);
}

/*
 * Any text is read or refused with a reason, and what was read is printed so
 * that it reads back as the same.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct config *config = NULL, *again = NULL;
	struct slice printed;
	struct arena mem;
	size_t faults = 0;
	struct err err;

	/* An include would make the outcome depend on this machine. */
	if (slice_has_text_nocase(text, SLICE("include")))
		return 0;
	if (config_read_text("/nonexistent/fuzz.conf", text, check_report,
		&faults, &config, &err) != 0) {
		ENSURE(faults > 0 && config == NULL && err.text[0] != '\0');
		return 0;
	}
	ENSURE(faults == 0);
	arena_init(&mem);
	printed = config_print(&mem, config);
	ENSURE(config_read_text("/nonexistent/printed.conf", printed,
		   check_report, &faults, &again, &err) == 0);
	ENSURE(slice_eq(printed, config_print(&mem, again)));
	config_free(config);
	config_free(again);
	arena_done(&mem);
	return 0;
}
