/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations of others. The first octet chooses whose it is. Oracle: what
 * comes of it is a configuration, of printable text, or there is a reason why
 * nothing does; that the result cannot be read is none.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "import/import.h"

static char directory[] = "/tmp/submilter-fuzz.XXXXXX";

/* A file of that directory; what was named before is forgotten. */
static const char *
path_of(const char *name)
{
	static char path[sizeof(directory) + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
remove_files(void)
{
	static const char *const names[] = { "f.mc", "f", "main.cf",
		"master.cf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(directory);
}

/* A directory of its own, in which files are written anew for each input. */
static void
make_directory(void)
{
	static bool made;

	if (made)
		return;
	ENSURE(mkdtemp(directory) != NULL);
	ENSURE(atexit(remove_files) == 0);
	made = true;
}

static void
write_file(const char *name, struct slice text)
{
	int fd =
	    open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ENSURE(fd >= 0);
	ENSURE(fchmod(fd, 0644) == 0);
	ENSURE(write(fd, text.data, text.len) == (ssize_t)text.len);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		[IMPORT_OPENDKIM] = "f",
		[IMPORT_DKIMPY] = "f",
		[IMPORT_POSTFIX] = "",
		[IMPORT_SENDMAIL] = "f.mc",
		[IMPORT_RSPAMD] = "f",
	};
	struct import_source source;
	const char *name;
	struct slice text = { (const char *)data + 1, size - 1 };
	struct import *im;
	struct strbuf json;
	struct arena mem;
	struct err err;

	if (size == 0 || slice_has_text_nocase(text, SLICE("include")) ||
	    slice_has(text, '/'))
		return 0; /* no file of this machine is to decide */
	make_directory();
	source.kind = (enum import_kind)(data[0] % 5);
	name = names[source.kind];
	if (source.kind == IMPORT_SENDMAIL && data[0] % 2 == 0)
		name = "f"; /* sendmail.cf */
	if (source.kind == IMPORT_POSTFIX) {
		write_file("main.cf", text);
		write_file("master.cf", text);
	} else {
		write_file(name, text);
	}
	source.path = path_of(name);
	arena_init(&mem);
	if (import_sources(&source, 1, &mem, &im, &err) != 0) {
		ENSURE(err.text[0] != '\0');
		ENSURE(strncmp(err.text, "the result", 10) != 0);
	} else {
		ENSURE(slice_is_ascii(import_text(im)));
		strbuf_init(&json, &mem);
		import_json(im, &json);
		ENSURE(slice_is_utf8(strbuf_slice(&json)));
	}
	arena_done(&mem);
	return 0;
}
