/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/genkey.h"

#include <getopt.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/options.h"
#include "conf/config.h"
#include "message/address.h"
#include "sign/keys.h"

enum { DEFAULT_BITS = 2048 };

static const char usage[] =
"usage: submilter genkey [-c FILE | -d DIRECTORY] [OPTION ...] DOMAIN\n"
"\n"
"Makes an RSA and an Ed25519 key for a domain, as DIRECTORY/DOMAIN/SELECTOR.key,\n"
"and prints the DNS records that publish them. There is nothing to time: the\n"
"milter finds the keys by itself, and each signs once DNS shows it (see\n"
"\"submilter keys\").\n"
"With preflight.dkim-key = warn or off it signs with every key after a reload: then\n"
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
"either both keys are made or none.\n";

struct request {
	const char *config_path;
	const char *directory;
	const char *selector;
	unsigned long bits;
	bool json;
};

/* Says why there are no keys, and returns the exit code for it. */
static int
fail(const struct request *request, int code, const char *text)
{
	struct arena mem;
	struct strbuf buf;

	arena_init(&mem);
	strbuf_init(&buf, &mem);
	if (request->json) {
		strbuf_add_cstr(&buf, "{\"error\":");
		json_append(&buf, slice_of(text));
		strbuf_add_char(&buf, '}');
	} else {
		strbuf_add_cstr(&buf, text);
	}
	strbuf_add_char(&buf, '\n');
	(void)fwrite(buf.data, 1, buf.len, request->json ? stdout : stderr);
	arena_done(&mem);
	return code;
}

static int
fail_for(const struct request *request, const struct err *err)
{
	return fail(request, err->kind == ERR_TEMP ? EXIT_LATER : EXIT_NO,
	    err->text);
}

static int
find_directory(const struct request *request, struct arena *mem,
    struct slice *ret_directory, enum dkim_key_choice *ret_rule)
{
	struct config *config;
	struct err err;

	if (request->directory != NULL) {
		*ret_directory = slice_of(request->directory);
		return EXIT_YES;
	}
	/* The summary names the first fault; stderr has each. */
	if (config_read(request->config_path,
	    request->json ? NULL : print_config_fault, NULL, &config,
	    &err) != 0)
		return fail(request, EXIT_USAGE, err.text);
	*ret_directory = slice_dup(mem, config->main.keys);
	*ret_rule = config->preflight.dkim_key;
	config_free(config);
	if (ret_directory->len == 0)
		return fail(request, EXIT_USAGE, slice_format(mem, "%s: "
		    "\"keys\" names no directory; say it there or with -d",
		    request->config_path).data);
	return EXIT_YES;
}

/* Says what is wrong with a domain, and what it may have been meant to be. */
static int
check_domain(const struct request *request, struct slice domain,
    struct arena *mem)
{
	const char *shown = escape(mem, domain, 255);
	struct slice ascii;
	struct err err;

	if (key_domain_is_valid(domain))
		return EXIT_YES;
	if (domain_canonical(domain, mem, &ascii, &err) == 0 &&
	    key_domain_is_valid(ascii))
		return fail(request, EXIT_NO, slice_format(mem, "\"%s\": "
		    "names with other than ASCII letters are written in their "
		    "A-label form: %.*s", shown, SLICE_ARGS(ascii)).data);
	return fail(request, EXIT_NO, slice_format(mem, "\"%s\" is no domain: "
	    "two labels or more of letters, digits and hyphens",
	    shown).data);
}

/* Both files are free, so that never one key alone is made. */
static int
check_file(const struct request *request, const struct key_folder *folder,
    struct slice selector, struct arena *mem)
{
	if (key_folder_has(folder, selector, mem))
		return fail(request, EXIT_NO, slice_format(mem,
		    "%s: File exists",
		    key_folder_file(folder, selector, mem).data).data);
	return EXIT_YES;
}

static void
print_key(const struct sign_key *key, bool json, bool first,
    struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	if (!json) {
		strbuf_addf(&buf, "; %s\n", key->path.data);
		strbuf_add(&buf, key_zone_entry(mem, key));
	} else {
		strbuf_add_cstr(&buf, first ? "{\"keys\":[" : ",");
		strbuf_add_cstr(&buf, "{\"file\":");
		json_append(&buf, key->path);
		strbuf_add_cstr(&buf, ",\"name\":");
		json_append(&buf, slice_format(mem, "%.*s._domainkey.%.*s",
		    SLICE_ARGS(key->selector), SLICE_ARGS(key->domain)));
		strbuf_add_cstr(&buf, ",\"txt\":");
		json_append(&buf, key_record(mem, key));
		strbuf_addf(&buf, "}%s", first ? "" : "]}\n");
	}
	(void)fwrite(buf.data, 1, buf.len, stdout);
}

static const struct {
	char letter;
	enum key_algorithm algorithm;
} kinds[] = { { 'r', KEY_RSA_SHA256 }, { 'e', KEY_ED25519_SHA256 } };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int
name_selectors(const struct request *request, struct arena *mem,
    struct slice selectors[KINDS])
{
	for (size_t i = 0; i < KINDS; i++) {
		selectors[i] = slice_lower(mem, slice_format(mem, "%c%s",
		    kinds[i].letter, request->selector));
		if (!key_selector_is_valid(selectors[i]))
			return fail(request, EXIT_NO, slice_format(mem,
			    "\"%s\" is no selector: letters, digits and "
			    "hyphens, in labels with dots between them",
			    escape(mem, slice_of(request->selector),
				255)).data);
	}
	return EXIT_YES;
}

static int
make_keys_in(const struct request *request, const struct key_folder *folder,
    const struct slice selectors[KINDS], struct arena *mem)
{
	struct sign_key keys[KINDS];
	size_t made = 0;
	struct err err;
	int code = EXIT_YES;

	for (size_t i = 0; i < KINDS && code == EXIT_YES; i++)
		code = check_file(request, folder, selectors[i], mem);
	if (code != EXIT_YES)
		return code;
	while (made < KINDS && key_folder_generate(folder, selectors[made],
	    kinds[made].algorithm, (unsigned int)request->bits, mem,
	    &keys[made], &err) == 0)
		made++;
	code = made == KINDS ? EXIT_YES : fail_for(request, &err);
	for (size_t i = 0; i < made; i++) {
		if (code == EXIT_YES)
			print_key(&keys[i], request->json, i == 0, mem);
		else
			key_folder_remove(folder, selectors[i], mem);
		key_done(&keys[i]);
	}
	return code;
}

static int
make_keys(const struct request *request, struct slice directory,
    struct slice domain, struct arena *mem)
{
	struct slice selectors[KINDS];
	struct key_folder folder;
	struct err err;
	int code = name_selectors(request, mem, selectors);

	if (code != EXIT_YES)
		return code;
	if (key_folder_open(directory, domain, mem, &folder, &err) != 0)
		return fail_for(request, &err);
	code = make_keys_in(request, &folder, selectors, mem);
	key_folder_close(&folder);
	return code;
}

/* What happens to keys that were just made; as comments of a zone. */
static void
print_what_follows(enum dkim_key_choice rule)
{
	static const char *const texts[] = {
		[DKIM_KEY_OFF] = "; Publish both records before the milter is "
		    "reloaded: from then on it signs with these\n; keys.\n",
		[DKIM_KEY_WARN] = "; Publish both records before the milter is "
		    "reloaded: from then on it signs with these\n; keys, and "
		    "its log warns for as long as DNS does not show them.\n",
		[DKIM_KEY_REQUIRE] = "; The keys are pending. Publish both "
		    "records: once DNS shows them, the milter signs\n; with "
		    "these keys, and no longer with older ones. \"submilter "
		    "keys\" says so.\n",
	};

	fputs(texts[rule], stdout);
}

static int
generate(const struct request *request, const char *name)
{
	enum dkim_key_choice rule = DKIM_KEY_OFF;
	struct arena mem;
	struct slice directory, domain;
	int code;

	arena_init(&mem);
	domain = slice_lower(&mem, slice_of(name));
	code = check_domain(request, domain, &mem);
	if (code == EXIT_YES)
		code = find_directory(request, &mem, &directory, &rule);
	if (code == EXIT_YES)
		code = make_keys(request, directory, domain, &mem);
	if (code == EXIT_YES && !request->json && request->directory == NULL)
		print_what_follows(rule);
	arena_done(&mem);
	return code;
}

int
genkey_main(int argc, char **argv)
{
	enum { SELECTOR = 256, BITS, JSON };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "directory", required_argument, NULL, 'd' },
		{ "selector", required_argument, NULL, SELECTOR },
		{ "bits", required_argument, NULL, BITS },
		{ "json", no_argument, NULL, JSON },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct request request = { .config_path = DEFAULT_CONFIG_FILE,
		.bits = DEFAULT_BITS };
	char today[16];
	time_t now = clock_now();
	struct tm tm;
	int option;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(today, sizeof(today), "%Y%m%d", &tm) == 0)
		return EXIT_LATER;
	request.selector = today;
	while ((option = option_next(argc, argv, ":c:d:h",
	    options)) != -1) {
		switch (option) {
		case 'c':
			request.config_path = optarg;
			break;
		case 'd':
			request.directory = optarg;
			break;
		case SELECTOR:
			request.selector = optarg;
			break;
		case BITS:
			if (!slice_number(slice_of(optarg), 4096,
			    &request.bits) || request.bits < DEFAULT_BITS ||
			    request.bits % 1024 != 0) {
				fputs("--bits wants 2048, 3072 or 4096\n",
				    stderr);
				return EXIT_USAGE;
			}
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
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return generate(&request, argv[optind]);
}
