/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter lookup": asks a table as the milter would. */
#include "cli/lookup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "cli/options.h"
#include "conf/config_dns.h"
#include "input_priv.h"
#include "lookup_priv.h"
#include "message/address.h"
#include "table/address_keys.h"

static const char usage[] =
    "usage: submilter lookup [-c FILE] [OPTION ...] TABLE KEY|-\n"
    "       submilter lookup [-c FILE] --login LOGIN [OPTION ...] [ADDRESS]\n"
    "\n"
    "Asks a table (\"texthash:/etc/postfix/sender_login\") for a key and prints the\n"
    "value. Exit codes: 0 found, 1 no such key, 2 usage, 75 the table cannot answer.\n"
    "With the KEY \"-\" each line of standard input is a key, and each key that is\n"
    "found is printed with a tab and its value, as by postmap(1).\n"
    "\n"
    "      --address            KEY is a mail address: ask as for the rights of a\n"
    "                           login, with user+ext@domain, user@domain, @domain\n"
    "      --extension CHARS    with --address: what begins an extension (+)\n"
    "      --domain DOMAIN      with --address: a key \"user\" stands for user@DOMAIN\n"
    "      --login LOGIN        all addresses of a login, by the tables of the\n"
    "                           configuration, with the rows that say so; or with an\n"
    "                           ADDRESS whether the login may use that, and why\n"
    "      --explain            with each key that was asked for: the table, its file\n"
    "                           or the server that was asked, the answer, and the time\n"
    "  -c, --config FILE        the configuration; with TABLE, only its block dns\n"
    "                           counts (with --login: " DEFAULT_CONFIG_FILE
    ")\n"
    "      --json               for programs\n";

struct request {
	struct table *table;
	const char *extension;
	const char *domain;
	const char *config;
	const char *login;
	bool address;
	struct lookup_style style;
};

/* What the table has for a key, or for the address that the key is. */
struct found {
	enum table_answer answer;
	struct slice key; /* of the row */
	struct slice value;
};

/*
 * Asks for the key as it stands, or as for the rights of a login, with the keys
 * of an address. -1: the key is not an address that can have rights.
 */
static int
find(const struct request *request, struct slice key,
    const struct table_context *context, struct found *ret_found)
{
	struct arena *mem = context->mem;
	struct address_keys how = { request->extension,
		slice_lower(mem, slice_of(request->domain)) };
	struct address_values found;
	struct mailbox mailbox;
	struct address address;
	unsigned int constructs;
	bool is_null;

	ret_found->key = key;
	if (!request->address) {
		ret_found->answer = table_lookup_one(
		    request->table, key, context, &ret_found->value);
		return 0;
	}
	if (reverse_path_parse(
		key, mem, &is_null, &mailbox, &constructs, context->err) != 0 ||
	    (!is_null &&
		address_canonical(&mailbox, how.local_domain, true, mem,
		    &address, NULL, context->err) != 0))
		return err_wrap(context->err, "KEY");
	if (is_null)
		return err_set(context->err, ERR_DATA,
		    "KEY: the null address has no rights");
	ret_found->answer =
	    address_lookup(&(struct address_tables){ &request->table, 1, &how },
		&address, context, &found);
	if (ret_found->answer == TABLE_FOUND) {
		ret_found->key = found.items[0].key;
		ret_found->value = found.items[0].value;
	}
	return 0;
}

/* asked: for one of many keys; its data is NULL for the only one. */
static void
print_found(const struct request *request, struct slice asked,
    const struct found *found, const struct table_context *context)
{
	struct strbuf buf;

	strbuf_init(&buf, context->mem);
	if (request->style.json) {
		strbuf_add_cstr(&buf, "{\"found\":true,");
		if (asked.data != NULL) {
			strbuf_add_cstr(&buf, "\"asked\":");
			json_append(&buf, asked);
			strbuf_add_char(&buf, ',');
		}
		strbuf_add_cstr(&buf, "\"key\":");
		json_append(&buf, found->key);
		strbuf_add_cstr(&buf, ",\"value\":");
		json_append(&buf, found->value);
		if (context->trace != NULL)
			lookup_explain_json(context->trace, &buf);
		strbuf_add_cstr(&buf, "}\n");
	} else {
		if (asked.data != NULL) {
			strbuf_add(&buf, asked);
			strbuf_add_char(&buf, '\t');
		} else if (request->address) {
			escape_append(&buf, found->key, 400);
			strbuf_add_cstr(&buf, ": ");
		}
		strbuf_add(&buf, found->value);
		strbuf_add_char(&buf, '\n');
	}
	command_print(&buf);
}

/*
 * One of many keys that the table does not have is printed only with what was
 * asked.
 */
static void
print_absent(const struct request *request, struct slice asked,
    const struct table_context *context)
{
	struct strbuf buf;

	if (!request->style.json ||
	    (asked.data != NULL && context->trace == NULL))
		return;
	strbuf_init(&buf, context->mem);
	strbuf_add_cstr(&buf, "{\"found\":false");
	if (asked.data != NULL) {
		strbuf_add_cstr(&buf, ",\"asked\":");
		json_append(&buf, asked);
	}
	if (context->trace != NULL)
		lookup_explain_json(context->trace, &buf);
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

/* Nobody knows whether the table has it: why is in context->err. */
static void
print_failed(const struct request *request, struct slice asked,
    const struct table_context *context)
{
	struct strbuf buf;

	command_say("%s", context->err->text);
	if (!request->style.json)
		return;
	strbuf_init(&buf, context->mem);
	strbuf_add_cstr(&buf, "{\"found\":null");
	if (asked.data != NULL) {
		strbuf_add_cstr(&buf, ",\"asked\":");
		json_append(&buf, asked);
	}
	strbuf_add_cstr(&buf, ",\"error\":");
	json_append(&buf, slice_of(context->err->text));
	if (context->trace != NULL)
		lookup_explain_json(context->trace, &buf);
	strbuf_add_cstr(&buf, "}\n");
	command_print(&buf);
}

/* Asks for one key, and prints what comes of it. An exit code. */
static int
look_up(const struct request *request, struct slice key, bool is_one_of_many)
{
	CLEANUP(arena_done) struct arena mem;
	struct slice asked = { is_one_of_many ? key.data : NULL, key.len };
	struct found found = { .answer = TABLE_FAILED };
	struct err err;
	struct table_trace trace = { .mem = &mem };
	const struct table_context context = { .mem = &mem,
		.err = &err,
		.trace = request->style.explain ? &trace : NULL };

	arena_init(&mem);
	if (find(request, key, &context, &found) != 0) {
		print_failed(request, asked, &context);
		return EXIT_USAGE;
	}
	if (!request->style.json)
		lookup_explain(&trace, &mem);
	switch (found.answer) {
	case TABLE_FOUND:
		print_found(request, asked, &found, &context);
		return EXIT_YES;
	case TABLE_ABSENT:
		print_absent(request, asked, &context);
		return EXIT_NO;
	case TABLE_FAILED:
		break;
	}
	print_failed(request, asked, &context);
	return EXIT_LATER;
}

/* The lines of standard input. The worst exit code; 0 if any key was found. */
static int
look_up_lines(const struct request *request)
{
	bool any = false;
	int worst = EXIT_NO;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!input_claim("the list of keys"))
		return EXIT_USAGE;
	while ((len = getline(&line, &size, stdin)) > 0) {
		size_t octets = (size_t)len - (line[len - 1] == '\n');
		int code =
		    look_up(request, (struct slice){ line, octets }, true);

		any = any || code == EXIT_YES;
		if (code > worst)
			worst = code;
	}
	free(line);
	return worst == EXIT_NO && any ? EXIT_YES : worst;
}

/* address: NULL for all of them. */
static int
look_up_right(const struct request *request, const char *address)
{
	struct lookup_rights of;
	int code = lookup_rights_open(&of,
	    request->config != NULL ? request->config : DEFAULT_CONFIG_FILE,
	    request->login);

	if (code == EXIT_YES)
		code = address == NULL ?
		    lookup_login(&of, &request->style) :
		    lookup_right(&of, address, &request->style);
	lookup_rights_close(&of);
	return code;
}

static void
print_warning(void *arg, bool is_error, const char *text)
{
	(void)arg;
	/* What is wrong is in the error of table_open(), too. */
	if (!is_error)
		command_say("warning: %s", text);
}

/* With the DNS of a configuration, if one is named. */
static int
open_table(struct request *request, const char *spec)
{
	const struct report report = { print_warning, NULL };
	struct table_options how = { .report = &report };
	struct config *config = NULL;
	struct err err;
	int status;

	if (request->config != NULL &&
	    input_config(
		request->config, print_config_fault, NULL, &config, &err) != 0)
		return command_fail(&err, EXIT_USAGE);
	how.world = config_table_world(config);
	status = table_open(slice_of(spec), &how, &request->table, &err);
	table_world_unref(how.world);
	config_free(config);
	if (status == 0)
		return EXIT_YES;
	return command_fail(&err, EXIT_USAGE);
}

int
lookup_main(int argc, char **argv)
{
	struct request request = { .extension = "+", .domain = "" };
	const struct command_option options[] = {
		{ "address", .flag = &request.address },
		{ "extension", .text = &request.extension },
		{ "domain", .text = &request.domain },
		{ "login", .text = &request.login },
		{ "config", 'c', .text = &request.config },
		{ "explain", .flag = &request.style.explain },
		{ "json", .flag = &request.style.json },
		{ .name = NULL },
	};
	int code = options_read(argc, argv, options, usage);

	if (code != OPTIONS_READ)
		return code;
	if (request.login != NULL && optind + 1 >= argc)
		return look_up_right(&request, argv[optind]);
	if (request.login != NULL || optind + 2 != argc)
		return wrong_usage(usage,
		    "it takes a table and a key, or --login and an address");
	code = open_table(&request, argv[optind]);
	if (code != EXIT_YES)
		return code;
	code = strcmp(argv[optind + 1], "-") == 0 ?
	    look_up_lines(&request) :
	    look_up(&request, slice_of(argv[optind + 1]), false);
	table_close(request.table);
	return code;
}
