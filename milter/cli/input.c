/* SPDX-License-Identifier: BSD-2-Clause */
/* Standard input, in the place of files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check.h"
#include "cli/options.h"
#include "input_priv.h"

/* More than any configuration has, see config_read_text(). */
enum {
	MAX_CONFIG_BYTES = 1024 * 1024,
	MAX_ZONE_BYTES = 64 * 1024 * 1024,
	INPUT_PATH_BYTES = 32
};

static const char name[] = "standard input";

bool
input_claim(const char *what)
{
	static const char *is;

	if (is != NULL && strcmp(is, what) != 0) {
		command_say(
		    "%s is %s already, and cannot be %s, too", name, is, what);
		return false;
	}
	is = what;
	return true;
}

/* -1 with the fault reported, too. */
static int
read_config_text(struct arena *mem, struct slice *ret_text,
    config_report *report, void *arg, struct err *err)
{
	struct slice text;
	int status = 0;

	if (!input_claim("the configuration"))
		return err_set(err, ERR_CONFIG, "%s", command_error());
	if (fd_read_all(STDIN_FILENO, mem, MAX_CONFIG_BYTES, &text) != 0)
		status = err_set(err, ERR_CONFIG, "%s", strerror(errno));
	else if (file_check_end(text, slice_of(name), err) != 0)
		status = -1;
	else
		*ret_text = text;
	if (status != 0 && report != NULL)
		report(arg, name, 0, err->text);
	return status == 0 ? 0 : err_wrap(err, "%s", name);
}

/*
 * A file without a name that holds all of standard input: a master file is
 * opened by its name, perhaps by another user, and must be a whole file.
 */
static int
keep_input(char path[INPUT_PATH_BYTES])
{
	CLEANUP(arena_done) struct arena mem;
	FILE *file = tmpfile();
	struct slice text;

	arena_init(&mem);
	if (file == NULL || fchmod(fileno(file), 0444) != 0 ||
	    fd_read_all(STDIN_FILENO, &mem, MAX_ZONE_BYTES, &text) != 0 ||
	    fwrite(text.data, 1, text.len, file) != text.len ||
	    fflush(file) != 0 || fseek(file, 0, SEEK_SET) != 0) {
		command_say("%s: %s", name, strerror(errno));
		return -1;
	}
	(void)snprintf(path, INPUT_PATH_BYTES, "/dev/fd/%d", fileno(file));
	return 0;
}

int
input_zone(const char **path)
{
	static char kept[INPUT_PATH_BYTES];

	if (*path == NULL || strcmp(*path, "-") != 0)
		return EXIT_YES;
	if (!input_claim("the zone"))
		return EXIT_USAGE;
	if (keep_input(kept) != 0)
		return EXIT_LATER;
	*path = kept;
	return EXIT_YES;
}

int
input_config(const char *path, config_report *report, void *arg,
    struct config **ret_config, struct err *err)
{
	/* For the whole run of the command. */
	static struct arena mem;
	static struct slice text;
	static bool is_read;

	if (strcmp(path, "-") != 0)
		return config_read(path, report, arg, ret_config, err);
	if (!is_read) {
		arena_init(&mem);
		if (read_config_text(&mem, &text, report, arg, err) != 0) {
			arena_done(&mem);
			return -1;
		}
		is_read = true;
	}
	return config_read_text(name, text, report, arg, ret_config, err);
}
