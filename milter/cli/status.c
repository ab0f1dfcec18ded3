/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter status": whether the milter runs, and with what. */
#include "cli/status.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/options.h"
#include "input_priv.h"
#include "status_priv.h"

static const char usage[] =
    "usage: submilter status [-c FILE] [--status-file FILE] [--json]\n"
    "\n"
    "Says whether the milter runs, since when, and whether the configuration on the\n"
    "disk is in force; what came of the last reload; keys, and messages by action.\n"
    "Exit codes: 0 it runs with what is on the disk, 1 not with all of it, 2 usage,\n"
    "3 it does not run, 75 that cannot be said.\n"
    "\n"
    "  -c, --config FILE        the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --status-file FILE   what the option status-file says there\n"
    "      --json               for programs\n";

enum { MAX_SOURCE_BYTES = 16 * 1024 * 1024 };

bool
status_is_current(const struct status_view *view)
{
	const struct status *status = &view->status;

	return view->difference_count == 0 &&
	    (!view->compared || view->disk_fault.len == 0) &&
	    !status->reload_refused && status->tables_fault.len == 0 &&
	    status->after_restart.len == 0;
}

static void
add_difference(struct status_view *view, struct slice path, const char *how)
{
	view->differences[view->difference_count++] =
	    (struct status_difference){ path, how };
}

/* The first fault of the configuration on the disk. */
struct first_fault {
	struct arena *mem;
	struct slice text;
};

static struct slice
first_fault_or(const struct first_fault *fault, const struct err *err)
{
	return fault->text.len != 0 ?
	    fault->text :
	    slice_dup(fault->mem, slice_of(err->text));
}

static void
status_note_fault(
    void *arg, const char *file, unsigned int line, const char *text)
{
	struct first_fault *fault = arg;

	if (fault->text.len == 0)
		fault->text = line == 0 ?
		    slice_format(fault->mem, "%s: %s", file, text) :
		    slice_format(fault->mem, "%s:%u: %s", file, line, text);
}

static void
compare_with_disk(struct status_view *view, struct arena *mem)
{
	const struct status *status = &view->status;
	struct first_fault fault = { .mem = mem };
	struct config *config = NULL;
	struct slice text;
	struct err err;

	view->compared = config_read(slice_cstr(mem, status->config_path),
			     status_note_fault, &fault, &config, &err) == 0;
	if (!view->compared)
		view->disk_fault = first_fault_or(&fault, &err);
	view->differences = arena_array(mem,
	    (config == NULL ? 1 : config->file_count) + status->source_count,
	    sizeof(view->differences[0]));
	for (size_t i = 0; config != NULL && i < config->file_count; i++) {
		const struct config_file *file = &config->files[i];
		const char *how = "new";

		for (size_t k = 0; k < status->source_count; k++) {
			if (slice_eq(status->sources[k].path, file->path))
				how = slice_eq(status->sources[k].hash,
					  status_hash(file->text, mem)) ?
				    NULL :
				    "changed";
		}
		if (how != NULL)
			add_difference(view, slice_dup(mem, file->path), how);
	}
	for (size_t i = 0; i < status->source_count; i++) {
		struct slice path = status->sources[i].path;

		bool gone = config != NULL;

		for (size_t k = 0; gone && k < config->file_count; k++)
			gone = !slice_eq(config->files[k].path, path);
		if (gone)
			add_difference(view, path, "gone");
		/* The configuration cannot be read: its files one by one. */
		if (config == NULL &&
		    file_read(
			&(struct file_request){ path, MAX_SOURCE_BYTES, mem },
			&text, &err) == 0 &&
		    !slice_eq(status->sources[i].hash, status_hash(text, mem)))
			add_difference(view, path, "changed");
	}
	view->compared = view->compared || view->difference_count != 0;
	config_free(config);
}

static int
status_tell(struct status_view *view, bool json, struct arena *mem)
{
	struct err err;

	if (view->path[0] == '\0') {
		command_say("the option status-file "
			    "names no file: the milter cannot tell how it is");
		return EXIT_LATER;
	}
	if (status_read(slice_of(view->path), mem, &view->status, &err) != 0) {
		command_say("%s", err.text);
		return EXIT_LATER;
	}
	view->found = view->status.pid != 0;
	if (!view->found && view->is_guess) {
		command_say("%s; and there is no %s: "
			    "name the milter's file with --status-file",
		    slice_cstr(mem, view->disk_fault), view->path);
		return view->guess_code;
	}
	view->disk_fault = (struct slice){ NULL, 0 };
	view->running = view->found && status_is_alive(&view->status);
	if (view->running)
		compare_with_disk(view, mem);
	if (json)
		status_show_json(view, mem);
	else
		status_show(view, mem);
	if (!view->running)
		return EXIT_NOT_RUNNING;
	if (!status_is_current(view))
		return EXIT_NO;
	return view->compared ? EXIT_YES : EXIT_LATER;
}

int
status_main(int argc, char **argv)
{
	struct status_view view = { .path = NULL };
	const char *config_path = DEFAULT_CONFIG_FILE;
	bool json = false;
	const struct command_option options[] = {
		{ "config", 'c', .text = &config_path },
		{ "status-file", .text = &view.path },
		{ "json", .flag = &json },
		{ .name = NULL },
	};
	CLEANUP(arena_done) struct arena mem;
	struct first_fault fault = { .mem = &mem };
	struct config *config = NULL;
	struct err err;
	int code = options_read(argc, argv, options, usage);

	arena_init(&mem);
	if (code != OPTIONS_READ)
		return code;
	if (optind != argc)
		return wrong_usage(usage, "it takes no operands");
	if (view.path != NULL)
		return status_tell(&view, json, &mem);
	/*
	 * The configuration names the file; where that cannot be read, the
	 * default counts.
	 */
	view.path = "";
	if (input_config(
		config_path, status_note_fault, &fault, &config, &err) != 0) {
		view.is_guess = true;
		view.guess_code =
		    err.kind == ERR_TEMP ? EXIT_LATER : EXIT_USAGE;
		view.disk_fault = first_fault_or(&fault, &err);
		if (config_read_text("defaults", SLICE("#\n"), NULL, NULL,
			&config, &err) != 0)
			config = NULL;
	}
	if (config != NULL)
		view.path = slice_cstr(&mem, config->main.status_file);
	config_free(config);
	return status_tell(&view, json, &mem);
}
