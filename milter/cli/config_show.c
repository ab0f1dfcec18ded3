/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter config": the options of a configuration, and where they are set. */
#include "cli/config_show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cli/options.h"
#include "config_show_priv.h"
#include "input_priv.h"

static const char usage[] =
    "usage: submilter config [-c FILE] [-n] [--json] [OPTION|BLOCK ...]\n"
    "       submilter config [-c FILE] --diff [--json]\n"
    "\n"
    "Prints the configuration that counts: every option, or those that are named\n"
    "(\"mode\", \"sign.mode\", \"sign\"), with its value and where it comes from. What it\n"
    "prints is a configuration file. Passwords are in files of their own, which it\n"
    "names and does not read.\n"
    "\n"
    "  -c, --config FILE    the configuration (default: " DEFAULT_CONFIG_FILE
    ")\n"
    "  -n, --set            only options that are set in a file\n"
    "      --diff           what the running milter has otherwise, and whether it\n"
    "                       takes a reload or a restart\n"
    "      --json           for programs\n"
    "\n"
    "Exit codes: 0 fine, 1 with --diff: it differs, 2 usage, or faults in the file,\n"
    "75 it cannot be read now, or with --diff: no milter runs with it.\n";

/* PLACE_COLUMN: where comments begin behind values that are short. */
enum { PLACE_COLUMN = 48, SHOWN_OCTETS = 4096, MAX_NAMES = 1024 };

void
config_place_json(struct strbuf *buf, const struct config_option *option)
{
	if (option->file == NULL)
		return;
	strbuf_add_cstr(buf, ",\"file\":");
	json_append(buf, slice_of(option->file));
	strbuf_addf(buf, ",\"line\":%u", option->line);
}

const char *
config_place(const struct config_option *option, struct arena *mem)
{
	if (option->file == NULL)
		return "";
	return slice_format(mem, "%s:%u",
	    escape(mem, slice_of(option->file), SHOWN_OCTETS), option->line)
	    .data;
}

/* The part of a name before its dot; "" for an option outside of blocks. */
static struct slice
block_of(const char *name)
{
	struct slice text = slice_of(name);
	size_t dot = slice_find(text, '.');

	return dot == text.len ? SLICE("") : slice_sub(text, 0, dot);
}

static bool
is_asked_for(
    const struct config_request *request, const struct config_option *option)
{
	if (request->only_set && option->file == NULL &&
	    option->derived == NULL)
		return false;
	for (size_t i = 0; i < request->name_count; i++) {
		if (strcmp(request->names[i], option->name) == 0 ||
		    slice_eq(
			slice_of(request->names[i]), block_of(option->name)))
			return true;
	}
	return request->name_count == 0;
}

static void
show_option(struct strbuf *buf, const struct config_option *option,
    struct slice block, struct arena *mem)
{
	const char *name = option->name + (block.len > 0 ? block.len + 1 : 0);
	struct slice line = slice_format(mem, "%s%s%s = %.*s",
	    block.len > 0 ? "    " : "", option->derived != NULL ? "# " : "",
	    name, SLICE_ARGS(option->value));

	strbuf_addf(buf, "%-*.*s  # ", PLACE_COLUMN, SLICE_ARGS(line));
	if (option->derived != NULL)
		strbuf_addf(buf, "by %s\n", option->derived);
	else if (option->file != NULL)
		strbuf_addf(buf, "%s\n", config_place(option, mem));
	else
		strbuf_add_cstr(buf, "default\n");
}

static void
show_text(const struct config_request *request,
    const struct config_option *list, size_t count, struct arena *mem)
{
	struct slice open = SLICE("");
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < count; i++) {
		struct slice block = block_of(list[i].name);

		if (!is_asked_for(request, &list[i]))
			continue;
		if (!slice_eq(block, open)) {
			strbuf_addf(&buf, "%s%s%.*s {\n",
			    open.len > 0 ? "}\n" : "", buf.len > 0 ? "\n" : "",
			    SLICE_ARGS(block));
			open = block;
		}
		show_option(&buf, &list[i], block, mem);
	}
	if (open.len > 0)
		strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

static void
show_json(const struct config_request *request,
    const struct config_option *list, size_t count, struct arena *mem)
{
	struct strbuf buf;
	bool is_first = true;

	strbuf_init(&buf, mem);
	strbuf_add_cstr(&buf, "{\"config\":");
	json_append(&buf, slice_of(request->path));
	strbuf_add_cstr(&buf, ",\"options\":[");
	for (size_t i = 0; i < count; i++) {
		const struct config_option *option = &list[i];

		if (!is_asked_for(request, option))
			continue;
		strbuf_addf(&buf, "%s\n {\"name\":\"%s\",\"value\":%.*s",
		    is_first ? "" : ",", option->name,
		    SLICE_ARGS(option->json));
		strbuf_addf(&buf, ",\"default\":%.*s,\"from\":\"%s\"",
		    SLICE_ARGS(option->initial_json),
		    option->derived != NULL  ? option->derived :
			option->file != NULL ? "file" :
					       "default");
		config_place_json(&buf, option);
		strbuf_addf(&buf, ",\"takes\":\"%s\"}",
		    option->restart ? "restart" : "reload");
		is_first = false;
	}
	strbuf_add_cstr(&buf, "]}\n");
	command_print(&buf);
}

/* Whether each name is one of an option or a block; stderr has the first not. */
static bool
names_are_known(const struct config_request *request,
    const struct config_option *list, size_t count, struct arena *mem)
{
	const char *known[MAX_NAMES], *near;
	size_t known_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct slice block = block_of(list[i].name);

		ENSURE(known_count + 2 < MAX_NAMES);
		known[known_count++] = list[i].name;
		if (block.len > 0 &&
		    (i == 0 || !slice_eq(block, block_of(list[i - 1].name))))
			known[known_count++] = slice_cstr(mem, block);
	}
	for (size_t i = 0; i < request->name_count; i++) {
		const char *name = request->names[i];
		size_t k = 0;

		while (k < known_count && strcmp(known[k], name) != 0)
			k++;
		if (k < known_count)
			continue;
		near = suggest(slice_of(name), known, known_count);
		command_say("there is no option or block "
			    "\"%s\"%s%s%s",
		    escape(mem, slice_of(name), SHOWN_OCTETS),
		    near == NULL ? "" : ": did you mean \"",
		    near == NULL ? "" : near, near == NULL ? "" : "\"?");
		return false;
	}
	return true;
}

static int
show(const struct config_request *request, const struct config *config,
    struct arena *mem)
{
	size_t count;
	const struct config_option *list = config_options(config, mem, &count);

	if (!names_are_known(request, list, count, mem))
		return EXIT_USAGE;
	if (request->json)
		show_json(request, list, count, mem);
	else
		show_text(request, list, count, mem);
	return EXIT_YES;
}

int
config_main(int argc, char **argv)
{
	struct config_request request = { .path = DEFAULT_CONFIG_FILE };
	const struct command_option known[] = {
		{ "config", 'c', .text = &request.path },
		{ "set", 'n', .flag = &request.only_set },
		{ "diff", .flag = &request.diff },
		{ "json", .flag = &request.json },
		{ .name = NULL },
	};
	CLEANUP(arena_done) struct arena mem;
	struct config *config;
	struct err err;
	int code = options_read(argc, argv, known, usage);

	arena_init(&mem);
	if (code != OPTIONS_READ)
		return code;
	request.names = argv + optind;
	request.name_count = (size_t)(argc - optind);
	if (request.diff && (request.only_set || request.name_count > 0))
		return wrong_usage(usage,
		    "--diff is about all options: it has no -n and no names");
	if (input_config(
		request.path, print_config_fault, NULL, &config, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	code = request.diff ? config_diff(&request, config, &mem) :
			      show(&request, config, &mem);
	config_free(config);
	return code;
}
