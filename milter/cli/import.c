/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter import": a configuration made of those of others. */
#include "cli/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/options.h"
#include "import/import.h"
#include "import_priv.h"

enum { MAX_SOURCES = 16, KINDS = 5, MAX_SAMPLES = 100 };

static const char usage[] =
    "usage: submilter import [OPTION ...] SOURCE ...\n"
    "\n"
    "Reads what signs and checks mail now, and writes a configuration that does the\n"
    "same. A comment accounts for each line that was read, and says what differs.\n"
    "Nothing else is changed. SOURCE is opendkim.conf, dkimpy-milter.conf, rspamd's\n"
    "dkim_signing.conf or its directory, sendmail.mc, sendmail.cf, or Postfix's\n"
    "directory; what it is shows by its name and content. Several make one\n"
    "configuration.\n"
    "\n"
    "      --opendkim FILE  a source, whatever its name is\n"
    "      --dkimpy FILE    the same for dkimpy-milter\n"
    "      --postfix DIR    the same for Postfix\n"
    "      --sendmail FILE  the same for Sendmail\n"
    "      --rspamd FILE    the same for rspamd, also its directory\n"
    "  -o, --output FILE    where to write; default: standard output. A file that\n"
    "                       is there already is never replaced\n"
    "      --sample FILE    mail of before, a log (of Postfix, too) or a message: show\n"
    "                       what would change. Without -o nothing else is printed.\n"
    "                       May be repeated\n"
    "      --auth LOGIN     of the messages; default: the one that Postfix noted in\n"
    "                       Received, or the address in From\n"
    "      --json           for programs; the configuration is a member of the answer\n"
    "\n"
    "Exit codes: 0 written, 1 a source cannot be read or the file cannot be\n"
    "written, or somebody of the sample would be refused, 2 usage, 75 try again\n"
    "later.\n";

struct import_request {
	struct import_source sources[MAX_SOURCES];
	size_t count;
	const char *output;
	struct option_list samples;
	const char *login; /* of a sample */
	bool json;
};

static bool
add_source(struct import_request *request, const struct import_source *source)
{
	if (request->count == MAX_SOURCES) {
		command_say("more than %d sources", MAX_SOURCES);
		return false;
	}
	request->sources[request->count++] = *source;
	return true;
}

/* -1: there was such a file, or it cannot be written; *err says so. */
static int
write_new(const char *path, struct slice text, struct err *err)
{
	int fd CLEANUP(fd_close) = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return err_set(
		    err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	while (text.len > 0) {
		ssize_t done = write(fd, text.data, text.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			err_set(
			    err, ERR_CONFIG, "%s: %s", path, strerror(errno));
			(void)unlink(path);
			return -1;
		}
		text = slice_from(text, (size_t)done);
	}
	return 0;
}

/* The answer as JSON, as far as it is known before a sample is read. */
static void
begin_json(const struct import_request *request, const struct import *im,
    struct strbuf *buf)
{
	strbuf_add_char(buf, '{');
	import_json(im, buf);
	if (request->output == NULL)
		return;
	strbuf_add_cstr(buf, ",\"output\":");
	json_append(buf, slice_of(request->output));
}

static int
run_import(const struct import_request *request)
{
	CLEANUP(arena_done) struct arena mem;
	struct import *im;
	struct strbuf buf;
	struct err err;

	arena_init(&mem);
	strbuf_init(&buf, &mem);
	if (import_sources(request->sources, request->count, &mem, &im, &err) !=
	    0)
		return command_fail(&err, EXIT_NO);
	if (request->output != NULL &&
	    write_new(request->output, import_text(im), &err) != 0)
		return command_fail(&err, EXIT_NO);
	if (request->json)
		begin_json(request, im, &buf);
	if (request->samples.count > 0)
		return import_sample_show(import_text(im),
		    &(const struct import_sample){ request->samples.items,
			request->samples.count, request->login,
			request->json ? &buf : NULL });
	if (request->json)
		strbuf_add_cstr(&buf, "}\n");
	else if (request->output == NULL)
		strbuf_add(&buf, import_text(im));
	if (buf.len > 0)
		command_print(&buf);
	return EXIT_YES;
}

int
import_main(int argc, char **argv)
{
	const char *samples[MAX_SAMPLES];
	struct import_request request = { .samples = {
					      samples, 0, MAX_SAMPLES } };
	const char *paths[KINDS][MAX_SOURCES] = { { NULL } };
	struct option_list lists[KINDS];
	const struct command_option options[] = {
		{ "opendkim", .list = &lists[IMPORT_OPENDKIM] },
		{ "dkimpy", .list = &lists[IMPORT_DKIMPY] },
		{ "postfix", .list = &lists[IMPORT_POSTFIX] },
		{ "sendmail", .list = &lists[IMPORT_SENDMAIL] },
		{ "rspamd", .list = &lists[IMPORT_RSPAMD] },
		{ "output", 'o', .text = &request.output },
		{ "sample", .list = &request.samples },
		{ "auth", .text = &request.login },
		{ "json", .flag = &request.json },
		{ .name = NULL },
	};
	struct import_source source;
	struct err err;
	int code;

	for (size_t i = 0; i < KINDS; i++)
		lists[i] = (struct option_list){ paths[i], 0, MAX_SOURCES };
	code = options_read(argc, argv, options, usage);
	if (code != OPTIONS_READ)
		return code;
	for (size_t i = 0; i < KINDS; i++) {
		for (size_t j = 0; j < lists[i].count; j++) {
			source = (struct import_source){ (enum import_kind)i,
				paths[i][j] };
			if (!add_source(&request, &source))
				return EXIT_USAGE;
		}
	}
	for (int i = optind; i < argc; i++) {
		if (import_guess(argv[i], &source, &err) != 0)
			return command_fail(&err, EXIT_NO);
		if (!add_source(&request, &source))
			return EXIT_USAGE;
	}
	return request.count == 0 ? wrong_usage(usage, "no source is named") :
				    run_import(&request);
}
