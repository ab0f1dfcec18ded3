/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of the commands, and how a command says what is wrong. */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "base/terminal.h"
#include "progress_priv.h"

/* FIRST_LONG: the first value of an option without a letter. */
enum { MAX_OPTIONS = 32, FIRST_LONG = 256 };

/*
 * What a command has said so far. There is one command in a process, on one
 * thread.
 */
static struct {
	const char *command; /* its name, once options_read() was called */
	bool json;	     /* the option was given */
	bool is_answered;    /* something was printed on standard output */
	bool faults;	     /* of a configuration, each with its place */
	char error[4 * ERR_TEXT_BYTES];
} said;

/* Says what is wrong with the word that getopt_long() did not take. */
static void
report_word(char **argv, int got, const struct option *known)
{
	const char *word = argv[optind - 1];
	const char *names[MAX_OPTIONS], *near;
	struct slice name = slice_from(slice_of(word), 2);
	size_t count = 0;

	if (got == ':') {
		command_say("%s takes a value", word);
	} else if (strncmp(word, "--", 2) != 0) {
		command_say("there is no option -%c", optopt);
	} else if (optopt != 0) {
		command_say("%s: this option has no value", word);
	} else {
		for (; known[count].name != NULL; count++)
			names[count] = known[count].name;
		name = slice_sub(name, 0, slice_find(name, '='));
		near = suggest(name, names, count);
		command_say("there is no option %s%s%s%s", word,
		    near == NULL ? "" : ": did you mean --",
		    near == NULL ? "" : near, near == NULL ? "" : "?");
	}
}

/* The lines of a usage that show how to call the command. */
static void
print_synopsis(const char *usage)
{
	const char *end = strstr(usage, "\n\n");

	fprintf(stderr, "%.*s\n\"submilter %s --help\" says more.\n",
	    (int)(end == NULL ? strlen(usage) : (size_t)(end - usage)), usage,
	    said.command);
}

int
options_read(int argc, char **argv, const struct command_option *options,
    const char *usage)
{
	struct option known[MAX_OPTIONS] = { { .name = NULL } };
	char letters[2 * MAX_OPTIONS + 1] = ":h";
	size_t count = 0, len = strlen(letters);
	int got;

	said.command = argv[0];
	for (; options[count].name != NULL; count++) {
		const struct command_option *option = &options[count];
		bool has_value = option->flag == NULL;

		ENSURE(count < MAX_OPTIONS - 2);
		known[count].name = option->name;
		known[count].has_arg =
		    has_value ? required_argument : no_argument;
		known[count].val = option->letter != 0 ?
		    option->letter :
		    FIRST_LONG + (int)count;
		if (option->letter != 0)
			letters[len++] = option->letter;
		if (option->letter != 0 && has_value)
			letters[len++] = ':';
	}
	known[count] = (struct option){ "help", no_argument, NULL, 'h' };
	opterr = 0;
	while ((got = getopt_long(argc, argv, letters, known, NULL)) != -1) {
		const struct command_option *option = options;

		if (got == 'h') {
			fputs(usage, stdout);
			return EXIT_YES;
		}
		if (got == '?' || got == ':') {
			report_word(argv, got, known);
			print_synopsis(usage);
			return EXIT_USAGE;
		}
		while (known[option - options].val != got)
			option++;
		if (option->flag != NULL) {
			*option->flag = true;
			said.json =
			    said.json || strcmp(option->name, "json") == 0;
		} else if (option->text != NULL) {
			*option->text = optarg;
		} else if (option->list->count < option->list->max) {
			option->list->items[option->list->count++] = optarg;
		} else {
			command_say("--%s: more than %zu", option->name,
			    option->list->max);
			return EXIT_USAGE;
		}
	}
	return OPTIONS_READ;
}

void
command_note(const char *text)
{
	(void)snprintf(said.error, sizeof(said.error), "%s", text);
}

const char *
command_error(void)
{
	return said.error;
}

/* A line that begins with what it is about: a command, or a file. */
static void
say_line(const char *before, struct slice text)
{
	progress_clear();
	fputs(before, stderr);
	terminal_write(stderr, text);
	fputc('\n', stderr);
	command_note(text.data);
}

void
command_say(const char *format, ...)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice text;
	va_list args;

	arena_init(&mem);
	va_start(args, format);
	text = slice_format_args(&mem, format, args);
	va_end(args);
	say_line(slice_format(&mem, "submilter %s: ", said.command).data, text);
}

void
command_print(const struct strbuf *answer)
{
	progress_clear();
	said.is_answered = true;
	(void)fwrite(answer->data, 1, answer->len, stdout);
}

void
command_say_fault(const char *text)
{
	say_line("", slice_of(text));
}

int
command_end(int code)
{
	CLEANUP(arena_done) struct arena mem;
	struct strbuf answer;

	arena_init(&mem);
	strbuf_init(&answer, &mem);
	if (said.json && !said.is_answered && code != EXIT_YES) {
		strbuf_add_cstr(&answer, "{\"error\":");
		json_append(&answer, slice_of(said.error));
		strbuf_addf(&answer, ",\"exit\":%d}\n", code);
		command_print(&answer);
	}
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	/* Whoever read it has seen enough; others end so at once. */
	if (errno == EPIPE && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
		(void)raise(SIGPIPE);
	fprintf(stderr, "standard output: %s\n", strerror(errno));
	return EXIT_LATER;
}

int
wrong_usage(const char *usage, const char *why)
{
	command_say("%s", why);
	print_synopsis(usage);
	return EXIT_USAGE;
}

int
command_fail(const struct err *err, int otherwise)
{
	/* Faults of a configuration were told where they were found. */
	if (said.faults)
		command_note(err->text);
	else
		command_say("%s", err->text);
	return err->kind == ERR_TEMP ? EXIT_LATER : otherwise;
}

void
print_config_fault(
    void *arg, const char *file, unsigned int line, const char *text)
{
	CLEANUP(arena_done) struct arena mem;

	(void)arg;
	said.faults = true;
	arena_init(&mem);
	command_say_fault(
	    (line == 0 ? slice_format(&mem, "%s: %s", file, text) :
			 slice_format(&mem, "%s:%u: %s", file, line, text))
		.data);
}
