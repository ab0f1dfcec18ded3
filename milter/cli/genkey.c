/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/genkey.h"

#include <getopt.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/options.h"
#include "conf/config.h"
#include "sign/keys.h"

enum { DEFAULT_BITS = 2048 };

static const char usage[] =
"usage: submilter genkey [-c FILE | -d DIRECTORY] [OPTION ...] DOMAIN\n"
"\n"
"Makes an RSA and an Ed25519 key for a domain, as DIRECTORY/DOMAIN/SELECTOR.key,\n"
"and prints the DNS records that publish them. Publish the records first; then\n"
"reload the milter, which signs with every key that it finds there. To retire a\n"
"key, move its file away and reload; leave its record in the DNS for some days.\n"
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
"Keys get mode 0600 and the owner of DIRECTORY. A file is never overwritten.\n";

struct request {
	const char *config_path;
	const char *directory;
	const char *selector;
	unsigned long bits;
	bool json;
};

static int
find_directory(const struct request *request, struct arena *mem,
    struct slice *ret_directory)
{
	struct config *config;
	struct err err;

	if (request->directory != NULL) {
		*ret_directory = slice_of(request->directory);
		return EXIT_YES;
	}
	if (config_read(request->config_path, print_config_fault, NULL, &config,
	    &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_USAGE;
	}
	*ret_directory = slice_dup(mem, config->main.keys);
	config_free(config);
	if (ret_directory->len == 0) {
		fprintf(stderr, "%s: \"keys\" names no directory; say it there "
		    "or with -d\n", request->config_path);
		return EXIT_USAGE;
	}
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

static int
generate(const struct request *request, const char *domain)
{
	static const struct {
		char letter;
		enum key_algorithm algorithm;
	} kinds[] = { { 'r', KEY_RSA_SHA256 }, { 'e', KEY_ED25519_SHA256 } };
	struct arena mem;
	struct slice directory;
	struct sign_key keys[2];
	size_t made = 0;
	struct err err;
	int code;

	arena_init(&mem);
	code = find_directory(request, &mem, &directory);
	for (; code == EXIT_YES && made < 2; made++) {
		struct slice selector = slice_format(&mem, "%c%s",
		    kinds[made].letter, request->selector);

		if (key_generate(directory, slice_lower(&mem, slice_of(domain)),
		    selector, kinds[made].algorithm,
		    (unsigned int)request->bits, &mem, &keys[made],
		    &err) == 0)
			continue;
		fprintf(stderr, "%s\n", err.text);
		code = err.kind == ERR_TEMP ? EXIT_LATER : EXIT_NO;
		break;
	}
	for (size_t i = 0; i < made; i++) {
		/* What was made is said, even if the second one failed. */
		if (code == EXIT_YES || !request->json)
			print_key(&keys[i], request->json, i == 0, &mem);
		key_done(&keys[i]);
	}
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
	while ((option = getopt_long(argc, argv, "c:d:h", options, NULL)) != -1) {
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
