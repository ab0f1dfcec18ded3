/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How saslauthd(8) runs: by its command line, if it runs, or by the files that
 * distributions start it with.
 */
#include <dirent.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_sasl_priv.h"

/* Debian's and Red Hat's, by the words that each has for the same. */
static const char *const system_files[] = { "/etc/default/saslauthd*",
	"/etc/sysconfig/saslauthd" };

#define DEFAULT_DIRECTORY SLICE("/var/run/saslauthd")

/* Where a path leads; the path itself, cleaned, when it does not exist. */
static struct slice
resolve(struct slice path, struct arena *mem)
{
	char *real = realpath(slice_cstr(mem, path), NULL);
	struct slice result = real == NULL ? path_clean(mem, path) :
					     slice_dup(mem, slice_of(real));

	free(real);
	return result;
}

/* One word of the command line; *pending is the option that waits for one. */
static void
saslauthd_config_read_word(
    struct saslauthd *s, struct slice word, char *pending)
{
	char option = *pending;

	*pending = '\0';
	if (option == '\0') {
		if (word.len < 2 || word.data[0] != '-')
			return;
		/* Flags may stand together, as in "-cr" or "-cm". */
		for (size_t i = 1; i < word.len && option == '\0'; i++) {
			if (word.data[i] == 'r')
				s->whole_login = true;
			else if (slice_has(SLICE("aOmnst"), word.data[i])) {
				option = word.data[i];
				word = slice_from(word, i + 1);
			}
		}
		if (option == '\0' || word.len == 0) {
			*pending = option;
			return;
		}
	}
	if (option == 'a')
		s->mechanism = word;
	else if (option == 'O')
		s->option = word;
	else if (option == 'm')
		s->directory = word;
}

static bool
saslauthd_config_read_file(
    const char *path, struct arena *mem, struct saslauthd *ret)
{
	struct saslauthd s = { .directory = DEFAULT_DIRECTORY };
	struct slice text, line, word;
	bool is_off = false;
	struct err err;

	if (text_file_read(path, mem, &text, &err) != 0)
		return false;
	/* NAME=value of a shell's file, its quotes taken off. */
	while (slice_next_item(&text, "\n", &line)) {
		struct slice name, value;
		size_t equals;
		char quote, pending = '\0';

		line = slice_trim(line);
		equals = slice_find(line, '=');
		if (line.len == 0 || line.data[0] == '#' || equals == line.len)
			continue;
		name = slice_sub(line, 0, equals);
		value = slice_from(line, equals + 1);
		quote = value.len > 0 ? value.data[0] : '\0';
		if (quote == '"' || quote == '\'') {
			value = slice_from(value, 1);
			value = slice_sub(value, 0, slice_find(value, quote));
		} else {
			value = slice_trim(
			    slice_sub(value, 0, slice_find(value, '#')));
		}
		if (slice_eq(name, SLICE("MECHANISMS")) ||
		    slice_eq(name, SLICE("MECH")))
			s.mechanism = value;
		else if (slice_eq(name, SLICE("MECH_OPTIONS")) && value.len > 0)
			s.option = value;
		else if (slice_eq(name, SLICE("SOCKETDIR")))
			s.directory = value;
		else if (slice_eq(name, SLICE("START")))
			is_off = slice_eq_nocase(value, SLICE("no"));
		else if (slice_eq(name, SLICE("OPTIONS")) ||
		    slice_eq(name, SLICE("FLAGS")))
			while (slice_next_item(&value, " \t", &word))
				saslauthd_config_read_word(&s, word, &pending);
	}
	s.source = slice_dup(mem, slice_of(path));
	*ret = s;
	return !is_off;
}

static bool
serves(const struct saslauthd *s, const struct slice_list *directories,
    struct arena *mem)
{
	struct slice ours = resolve(s->directory, mem);

	for (size_t i = 0; i < directories->count; i++) {
		if (slice_eq(ours, resolve(directories->items[i], mem)))
			return true;
	}
	return false;
}

/*
 * A process by its command line: words that end in NUL. Anybody can start one
 * under that name; only root's is believed, and one's own.
 */
static bool
find_process(const struct slice_list *directories, struct arena *mem,
    struct saslauthd *ret_saslauthd)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	while (!found && proc != NULL && (entry = readdir(proc)) != NULL) {
		struct saslauthd s = { .directory = DEFAULT_DIRECTORY };
		const char *pid = entry->d_name;
		const char *path =
		    slice_format(mem, "/proc/%s/cmdline", pid).data;
		struct slice text, name, word;
		char pending = '\0';
		struct stat st;
		struct err err;

		if (!char_is_digit(pid[0]) || stat(path, &st) != 0 ||
		    (st.st_uid != 0 && st.st_uid != geteuid()) ||
		    text_file_read(path, mem, &text, &err) != 0)
			continue;
		name = slice_sub(text, 0, slice_find(text, '\0'));
		text = slice_from(text, name.len + 1);
		if (slice_has(name, '/'))
			name = slice_from(name, slice_find_last(name, '/') + 1);
		if (!slice_eq(name, SLICE("saslauthd")))
			continue;
		for (; text.len > 0; text = slice_from(text, word.len + 1)) {
			word = slice_sub(text, 0, slice_find(text, '\0'));
			saslauthd_config_read_word(&s, word, &pending);
		}
		s.source = slice_format(mem, "process %s", pid);
		found = serves(&s, directories, mem);
		if (found)
			*ret_saslauthd = s;
	}
	if (proc != NULL)
		(void)closedir(proc);
	return found;
}

static bool
find_file(const char *pattern, const struct slice_list *directories,
    struct arena *mem, struct saslauthd *ret_saslauthd)
{
	bool found = false;
	glob_t files;

	if (glob(pattern, 0, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		struct saslauthd s;

		if (!saslauthd_config_read_file(files.gl_pathv[i], mem, &s) ||
		    !serves(&s, directories, mem))
			continue;
		*ret_saslauthd = s;
		found = true;
	}
	globfree(&files);
	return found;
}

bool
saslauthd_find(const char *file, const struct slice_list *directories,
    struct arena *mem, struct saslauthd *ret_saslauthd)
{
	if (find_process(directories, mem, ret_saslauthd))
		return true;
	if (file != NULL)
		return find_file(file, directories, mem, ret_saslauthd);
	for (size_t i = 0; i < sizeof(system_files) / sizeof(system_files[0]);
	     i++) {
		if (find_file(system_files[i], directories, mem, ret_saslauthd))
			return true;
	}
	return false;
}
