/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file or a directory is that is to be imported. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "import_priv.h"

enum { MAX_BYTES = 1 << 20, MAX_SHOWN = 120 };

static bool
has_part(struct arena *mem, const char *directory, const char *part)
{
	return access(slice_format(mem, "%s/%s", directory, part).data, F_OK) ==
	    0;
}

/* By a word at the beginning of a line. */
static bool
guess_by_text(struct slice text, enum import_kind *ret_kind)
{
	static const struct {
		const char *word;
		enum import_kind kind;
	} words[] = { { "KeyFileEd25519", IMPORT_DKIMPY },
		{ "KeyTableEd25519", IMPORT_DKIMPY },
		{ "SigningTable", IMPORT_OPENDKIM },
		{ "KeyTable", IMPORT_OPENDKIM }, { "KeyFile", IMPORT_OPENDKIM },
		{ "Canonicalization", IMPORT_OPENDKIM },
		{ "dkim_signing", IMPORT_RSPAMD },
		{ "DAEMON_OPTIONS", IMPORT_SENDMAIL },
		{ "MAILER", IMPORT_SENDMAIL },
		{ "O DaemonPortOptions", IMPORT_SENDMAIL } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct slice rest = text;

		while (rest.len > 0) {
			if (slice_starts(rest, slice_of(words[i].word))) {
				*ret_kind = words[i].kind;
				return true;
			}
			rest = slice_from(rest, slice_find(rest, '\n') + 1);
		}
	}
	return false;
}

static bool
guess_by_name(struct slice name, enum import_kind *ret_kind)
{
	static const struct {
		const char *part;
		enum import_kind kind;
	} parts[] = { { "opendkim", IMPORT_OPENDKIM },
		{ "dkimpy", IMPORT_DKIMPY }, { "dkim_signing", IMPORT_RSPAMD },
		{ "sendmail", IMPORT_SENDMAIL },
		{ "submit", IMPORT_SENDMAIL } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (slice_has_text_nocase(name, slice_of(parts[i].part))) {
			*ret_kind = parts[i].kind;
			return true;
		}
	}
	return false;
}

static int
guess_directory(const char *path, struct arena *mem,
    struct import_source *ret_source, struct err *err)
{
	if (has_part(mem, path, "main.cf"))
		ret_source->kind = IMPORT_POSTFIX;
	else if (has_part(mem, path, "modules.d") ||
	    has_part(mem, path, "local.d"))
		ret_source->kind = IMPORT_RSPAMD;
	else
		return err_set(err, ERR_CONFIG,
		    "%s: neither main.cf of Postfix nor local.d of rspamd is "
		    "there",
		    escape(mem, slice_of(path), MAX_SHOWN));
	return 0;
}

static int
guess_file(const char *path, struct arena *mem,
    struct import_source *ret_source, struct err *err)
{
	struct slice name = slice_of(path), text;

	name = slice_from(name,
	    slice_find_last(name, '/') == name.len ?
		0 :
		slice_find_last(name, '/') + 1);
	if (slice_eq(name, SLICE("main.cf")) ||
	    slice_eq(name, SLICE("master.cf")))
		return err_set(err, ERR_CONFIG,
		    "%s: name the directory of main.cf and master.cf",
		    escape(mem, slice_of(path), MAX_SHOWN));
	if (guess_by_name(name, &ret_source->kind))
		return 0;
	if (file_read(&(struct file_request){ slice_of(path), MAX_BYTES, mem },
		&text, err) != 0)
		return err_wrap(
		    err, "%s", escape(mem, slice_of(path), MAX_SHOWN));
	return guess_by_text(text, &ret_source->kind) ?
	    0 :
	    err_set(err, ERR_CONFIG,
		"%s: it is not known whose configuration this is: say so, with "
		"--opendkim or another option",
		escape(mem, slice_of(path), MAX_SHOWN));
}

int
import_guess(
    const char *path, struct import_source *ret_source, struct err *err)
{
	CLEANUP(arena_done) struct arena mem;
	struct import_source source = { .path = path };
	struct stat st;
	int status;

	arena_init(&mem);
	if (stat(path, &st) != 0)
		return err_set(err, ERR_CONFIG, "%s: %s",
		    escape(&mem, slice_of(path), MAX_SHOWN), strerror(errno));
	status = S_ISDIR(st.st_mode) ?
	    guess_directory(path, &mem, &source, err) :
	    guess_file(path, &mem, &source, err);
	if (status == 0)
		*ret_source = source;
	return status;
}
