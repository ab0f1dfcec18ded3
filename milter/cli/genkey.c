/* SPDX-License-Identifier: BSD-2-Clause */
/* "submilter genkey": keys for a domain, and the records that publish them. */
#include "cli/genkey.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/options.h"
#include "conf/config.h"
#include "input_priv.h"
#include "message/address.h"
#include "keys/key_folder.h"
#include "operands_priv.h"
#include "progress_priv.h"

enum { DEFAULT_BITS = 2048 };

static const char usage[] =
    "usage: submilter genkey [-c FILE | -d DIRECTORY] [OPTION ...] DOMAIN ...|-\n"
    "\n"
    "Makes an RSA and an Ed25519 key for each domain, as DIRECTORY/DOMAIN/SELECTOR.key,\n"
    "and prints the DNS records that publish them. With \"-\" the domains are the\n"
    "words of standard input. There is nothing to time: the milter finds the keys by\n"
    "itself, and each signs once DNS shows it (see \"submilter keys\").\n"
    "With sign.dkim-key = warn or off it signs with every key after a reload: then\n"
    "publish the records first. To retire a key, move its file away and reload; leave\n"
    "its record in the DNS for some days.\n"
    "\n"
    "  -c, --config FILE      the configuration that names the directory\n"
    "                         (default: " DEFAULT_CONFIG_FILE ")\n"
    "  -d, --directory DIR    the directory of keys\n"
    "      --selector NAME    selectors rNAME and eNAME (default: the date, as in\n"
    "                         r20261123 and e20261123, so that old and new keys\n"
    "                         stand side by side)\n"
    "      --bits N           size of the RSA key: 2048 (default), 3072 or 4096\n"
    "      --json             for programs\n"
    "\n"
    "Only the owner can read the keys (mode 0600). Root makes them as the owner of\n"
    "DIRECTORY, which is to be the user of the milter, with that user's rights alone;\n"
    "made by another user they belong to that user. A file is never overwritten:\n"
    "of a domain both keys are made or none, and the others go on without it.\n"
    "\n"
    "Exit codes: 0 all keys were made, 1 a domain got none, 2 usage or\n"
    "configuration, 75 a domain got none for a reason that may pass.\n";

struct request {
	const char *config_path;
	const char *directory;
	const char *selector;
	unsigned long bits;
	bool json;
};

/* Says why there are no keys, and returns the exit code for it. */
static int
genkey_fail(int code, const char *text)
{
	command_say("%s", text);
	return code;
}

static const struct {
	char letter;
	enum key_algorithm algorithm;
} kinds[] = { { 'r', KEY_RSA_SHA256 }, { 'e', KEY_ED25519_SHA256 } };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* The keys to make. */
struct plan {
	struct slice domain;
	struct slice directory;
	struct slice selectors[KINDS];
	enum dkim_key_choice rule; /* OFF where no configuration says it */
};

/* What is asked for, by the words of the request and the configuration. */
static int
genkey_plan(const struct request *request, struct arena *mem, struct plan *plan)
{
	struct slice name = plan->domain, config_name = SLICE(""), ascii;
	const char *shown = escape(mem, name, 255);
	struct config *config;
	struct err err;

	if (!key_domain_is_valid(name) &&
	    domain_canonical(name, mem, &ascii, &err) == 0 &&
	    key_domain_is_valid(ascii))
		return genkey_fail(EXIT_NO,
		    slice_format(mem,
			"\"%s\": names with other than ASCII letters are "
			"written in their A-label form: %.*s",
			shown, SLICE_ARGS(ascii))
			.data);
	if (!key_domain_is_valid(name))
		return genkey_fail(EXIT_NO,
		    slice_format(mem,
			"\"%s\" is not a domain: two labels or more of "
			"letters, digits and hyphens",
			shown)
			.data);
	if (request->directory != NULL) {
		plan->directory = slice_of(request->directory);
	} else {
		if (input_config(request->config_path, print_config_fault, NULL,
			&config, &err) != 0)
			return command_fail(&err, EXIT_USAGE);
		plan->directory = slice_dup(mem, config->main.keys);
		plan->rule = config->sign.dkim_key;
		config_name = slice_dup(mem, config->path);
		config_free(config);
	}
	if (plan->directory.len == 0 && request->directory == NULL)
		return genkey_fail(EXIT_USAGE,
		    slice_format(mem,
			"%.*s: \"keys\" names no directory; say it there "
			"or with -d",
			SLICE_ARGS(config_name))
			.data);
	for (size_t i = 0; i < KINDS; i++) {
		plan->selectors[i] = slice_lower(mem,
		    slice_format(
			mem, "%c%s", kinds[i].letter, request->selector));
		if (!key_selector_is_valid(plan->selectors[i]))
			return genkey_fail(EXIT_NO,
			    slice_format(mem,
				"\"%s\" is not a selector: letters, digits and "
				"hyphens, in labels with dots between them",
				escape(mem, slice_of(request->selector), 255))
				.data);
	}
	return EXIT_YES;
}

/* How many domains got keys, and which ones did not. */
struct tally_of_keys {
	size_t printed;	      /* keys */
	struct strbuf failed; /* as JSON */
	struct progress progress;
};

static void
print_key(const struct sign_key *key, bool json, struct tally_of_keys *tally,
    struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	if (!json) {
		strbuf_addf(&buf, "; %s\n", key->path.data);
		strbuf_add(&buf, key_zone_entry(mem, key));
	} else {
		strbuf_add_cstr(
		    &buf, tally->printed == 0 ? "{\"keys\":[" : ",\n");
		strbuf_add_cstr(&buf, "{\"file\":");
		json_append(&buf, key->path);
		strbuf_add_cstr(&buf, ",\"name\":");
		json_append(&buf, key_record_name(key, mem));
		strbuf_add_cstr(&buf, ",\"txt\":");
		json_append(&buf, key_record(mem, key));
		strbuf_add_char(&buf, '}');
	}
	command_print(&buf);
	tally->printed++;
}

/* Both keys or none: what was made before a fault is removed. */
static int
make_keys(const struct request *request, const struct plan *plan,
    struct tally_of_keys *tally, struct arena *mem)
{
	struct sign_key keys[KINDS];
	struct key_folder folder;
	size_t made = 0;
	struct err err;
	int code = EXIT_YES;

	if (key_folder_open(
		plan->directory, plan->domain, mem, &folder, &err) != 0)
		return command_fail(&err, EXIT_NO);
	for (size_t i = 0; i < KINDS && code == EXIT_YES; i++) {
		struct slice selector = plan->selectors[i];

		if (key_folder_has(&folder, selector))
			code = genkey_fail(EXIT_NO,
			    slice_format(mem,
				"%s: File exists: for a second key of the "
				"domain name another selector (--selector)",
				key_folder_file(&folder, selector).data)
				.data);
	}
	while (code == EXIT_YES && made < KINDS) {
		if (key_folder_generate(&folder,
			&(struct key_spec){ plan->selectors[made],
			    kinds[made].algorithm,
			    (unsigned int)request->bits },
			&keys[made], &err) == 0)
			made++;
		else
			code = command_fail(&err, EXIT_NO);
	}
	for (size_t i = 0; i < made; i++) {
		if (code == EXIT_YES)
			print_key(&keys[i], request->json, tally, mem);
		else
			key_folder_remove(&folder, plan->selectors[i]);
		key_done(&keys[i]);
	}
	key_folder_close(&folder);
	return code;
}

/* Keys of one domain, which is one of several, or the only one. */
static int
genkey_domain(const struct request *request, const char *name,
    enum dkim_key_choice *ret_rule, struct tally_of_keys *tally)
{
	CLEANUP(arena_done) struct arena mem;
	struct plan plan = { .rule = DKIM_KEY_OFF };
	int code;

	arena_init(&mem);
	plan.domain = slice_lower(&mem, slice_of(name));
	code = genkey_plan(request, &mem, &plan);
	if (code == EXIT_YES)
		code = make_keys(request, &plan, tally, &mem);
	*ret_rule = plan.rule;
	if (code == EXIT_YES)
		return code;
	strbuf_add_cstr(&tally->failed,
	    tally->failed.len == 0 ? "{\"domain\":" : ",{\"domain\":");
	json_append(&tally->failed, slice_of(name));
	strbuf_add_cstr(&tally->failed, ",\"error\":");
	json_append(&tally->failed, slice_of(command_error()));
	strbuf_add_char(&tally->failed, '}');
	return code;
}

/* The domains in their order; the first exit code that is not fine. */
static int
genkey_all(const struct request *request, const struct operands *domains,
    enum dkim_key_choice *ret_rule, struct arena *mem)
{
	struct tally_of_keys tally = { .printed = 0 };
	struct strbuf end;
	int worst = EXIT_YES, code;

	strbuf_init(&tally.failed, mem);
	strbuf_init(&end, mem);
	progress_begin(&tally.progress);
	for (size_t i = 0; i < domains->count; i++) {
		if (progress_is_due(&tally.progress))
			progress_show(&tally.progress, "%zu of %zu: %s", i + 1,
			    domains->count,
			    escape(mem, slice_of(domains->items[i]), 255));
		code =
		    genkey_domain(request, domains->items[i], ret_rule, &tally);
		if (worst == EXIT_YES)
			worst = code;
		/* Keys that are made are told, whatever comes. */
		(void)fflush(stdout);
		/* The next ones would fail for the same reason. */
		if (code == EXIT_USAGE)
			break;
	}
	progress_clear();
	if (!request->json || tally.printed == 0)
		return worst;
	strbuf_add_char(&end, ']');
	if (tally.failed.len != 0) {
		strbuf_add_cstr(&end, ",\"failed\":[");
		strbuf_add(&end, strbuf_slice(&tally.failed));
		strbuf_add_char(&end, ']');
	}
	strbuf_add_cstr(&end, "}\n");
	command_print(&end);
	return worst;
}

/* What happens to keys that were just made; as comments of a zone. */
static const char *const what_follows[] = {
	[DKIM_KEY_OFF] =
	    "; Publish these records before the milter is reloaded: from then "
	    "on it signs with these\n; keys.\n",
	[DKIM_KEY_WARN] =
	    "; Publish these records before the milter is reloaded: from then "
	    "on it signs with these\n; keys, and its log warns for as long as "
	    "DNS does not show them.\n",
	[DKIM_KEY_REQUIRE] =
	    "; The keys are pending. Publish these records: once DNS shows "
	    "them, the milter signs\n; with these keys, and no longer with "
	    "older ones. \"submilter keys\" says so.\n",
};

int
genkey_main(int argc, char **argv)
{
	CLEANUP(arena_done) struct arena mem;
	struct request request = { .config_path = DEFAULT_CONFIG_FILE,
		.bits = DEFAULT_BITS };
	const char *bits = NULL;
	const struct command_option options[] = {
		{ "config", 'c', .text = &request.config_path },
		{ "directory", 'd', .text = &request.directory },
		{ "selector", .text = &request.selector },
		{ "bits", .text = &bits },
		{ "json", .flag = &request.json },
		{ .name = NULL },
	};
	enum dkim_key_choice rule = DKIM_KEY_OFF;
	struct operands domains;
	char today[16];
	time_t now = clock_now();
	struct tm tm;
	int code;

	arena_init(&mem);
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(today, sizeof(today), "%Y%m%d", &tm) == 0)
		return EXIT_LATER;
	request.selector = today;
	code = options_read(argc, argv, options, usage);
	if (code != OPTIONS_READ)
		return code;
	if (bits != NULL &&
	    (!slice_number(slice_of(bits), 4096, &request.bits) ||
		request.bits < DEFAULT_BITS || request.bits % 1024 != 0)) {
		command_say("--bits takes 2048, 3072 or 4096");
		return EXIT_USAGE;
	}
	code = operands_read(argv + optind, &mem, &domains);
	if (code != EXIT_YES)
		return code;
	if (domains.count == 0)
		return wrong_usage(usage, "no domain is named");
	code = genkey_all(&request, &domains, &rule, &mem);
	if (code == EXIT_YES && !request.json && request.directory == NULL)
		fputs(what_follows[rule], stdout);
	return code;
}
