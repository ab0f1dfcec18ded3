/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/lookup.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "message/address.h"
#include "table/address_keys.h"

static const char usage[] =
"usage: submilter lookup [OPTION ...] TABLE KEY\n"
"\n"
"Asks a table (\"texthash:/etc/postfix/sender_login\") for a key and prints the\n"
"value. Exit codes: 0 found, 1 no such key, 2 usage, 75 the table cannot answer.\n"
"\n"
"      --address            KEY is a mail address: ask as for the rights of a\n"
"                           login, with user+ext@domain, user@domain, @domain\n"
"      --extension CHARS    with --address: what begins an extension (+)\n"
"      --domain DOMAIN      with --address: a key \"user\" stands for user@DOMAIN\n"
"      --json               for programs\n";

struct request {
	const char *table;
	const char *key;
	const char *extension;
	const char *domain;
	bool address;
	bool json;
};

static void
print_found(const struct request *request, struct slice key,
    struct slice value, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	if (request->json) {
		strbuf_add_cstr(&buf, "{\"found\":true,\"key\":");
		json_append(&buf, key);
		strbuf_add_cstr(&buf, ",\"value\":");
		json_append(&buf, value);
		strbuf_add_cstr(&buf, "}\n");
	} else {
		if (request->address) {
			escape_append(&buf, key, 400);
			strbuf_add_cstr(&buf, ": ");
		}
		strbuf_add(&buf, value);
		strbuf_add_char(&buf, '\n');
	}
	(void)fwrite(buf.data, 1, buf.len, stdout);
}

static int
find_address(const struct request *request, struct table *table,
    struct arena *mem, enum table_answer *ret_answer, struct err *err)
{
	struct address_keys how = { request->extension,
		slice_lower(mem, slice_of(request->domain)) };
	struct address_values found;
	struct mailbox mailbox;
	struct address address;
	unsigned int constructs;
	bool is_null;

	if (reverse_path_parse(slice_of(request->key), mem, &is_null, &mailbox,
	    &constructs, err) != 0 || (!is_null && address_canonical(&mailbox,
	    how.local_domain, true, mem, &address, NULL, err) != 0))
		return -1;
	if (is_null)
		return err_set(err, ERR_DATA, "the null address has no rights");
	*ret_answer = address_lookup(&table, 1, &how, address.local,
	    address.domain, mem, &found, err);
	if (*ret_answer == TABLE_FOUND)
		print_found(request, found.items[0].key,
		    found.items[0].value, mem);
	return 0;
}

static int
ask(const struct request *request, struct table *table, struct arena *mem)
{
	enum table_answer answer = TABLE_FAILED;
	struct slice value;
	struct err err;

	if (request->address) {
		if (find_address(request, table, mem, &answer, &err) != 0) {
			fprintf(stderr, "KEY: %s\n", err.text);
			return EXIT_USAGE;
		}
	} else {
		answer = table_lookup(table, slice_of(request->key), mem,
		    &value, &err);
		if (answer == TABLE_FOUND)
			print_found(request, slice_of(request->key), value,
			    mem);
	}
	switch (answer) {
	case TABLE_FOUND:
		return EXIT_YES;
	case TABLE_ABSENT:
		if (request->json)
			puts("{\"found\":false}");
		return EXIT_NO;
	case TABLE_FAILED:
		break;
	}
	fprintf(stderr, "%s\n", err.text);
	return EXIT_LATER;
}

static int
lookup(const struct request *request)
{
	struct table *table;
	struct arena mem;
	struct err err;
	int code;

	if (table_open(slice_of(request->table), &table, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_LATER;
	}
	arena_init(&mem);
	code = ask(request, table, &mem);
	arena_done(&mem);
	table_close(table);
	return code;
}

int
lookup_main(int argc, char **argv)
{
	enum { ADDRESS = 256, EXTENSION, DOMAIN_NAME, JSON };
	static const struct option options[] = {
		{ "address", no_argument, NULL, ADDRESS },
		{ "extension", required_argument, NULL, EXTENSION },
		{ "domain", required_argument, NULL, DOMAIN_NAME },
		{ "json", no_argument, NULL, JSON },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .extension = "+", .domain = "" };
	int option;

	while ((option = option_next(argc, argv, ":h",
	    options)) != -1) {
		switch (option) {
		case ADDRESS:
			request.address = true;
			break;
		case EXTENSION:
			request.extension = optarg;
			break;
		case DOMAIN_NAME:
			request.domain = optarg;
			break;
		case JSON:
			request.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_YES;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind + 2 != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	request.table = argv[optind];
	request.key = argv[optind + 1];
	return lookup(&request);
}
