/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sign_message ENGINE HEADER-CANON/BODY-CANON KEYS DOMAIN < MESSAGE: writes the
 * message with its signatures on top, CRLF line ends. A test tool: it signs
 * whatever it is given, with the options' default lists of fields.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "keys/keystore.h"
#include "pipeline/snapshot.h"
#include "sign/signer.h"

static void
report(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		fprintf(stderr, "%s\n", text);
}

static void
report_config(void *arg, const char *file, unsigned int line, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static struct slice
read_all(struct arena *mem)
{
	struct strbuf buf;
	char chunk[4096];
	size_t len;

	strbuf_init(&buf, mem);
	while ((len = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		strbuf_add(&buf, (struct slice){ chunk, len });
	return strbuf_slice(&buf);
}

/* As an MTA hands it over, and as it sends it: CRLF alone ends a line. */
static struct slice
with_crlf(struct arena *mem, struct slice text)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			strbuf_add_cstr(&buf, "\r\n");
		else if (text.data[i] != '\r')
			strbuf_add_char(&buf, text.data[i]);
	}
	if (buf.len > 0 && buf.data[buf.len - 1] != '\n')
		strbuf_add_cstr(&buf, "\r\n");
	return strbuf_slice(&buf);
}

/* Each fault was reported. */
static int
exit_for_faults(const struct keystore *store)
{
	size_t faults = keystore_faults(store);

	if (faults > 0)
		fprintf(stderr, "%zu faults\n", faults);
	return faults > 0 ? 3 : 0;
}

static void
print_field(struct arena *mem, struct slice name, struct slice value)
{
	struct slice text = with_crlf(mem, value);

	/* with_crlf() ends the last line. */
	printf("%.*s:", (int)name.len, name.data);
	fwrite(text.data, 1, text.len, stdout);
	if (text.len == 0)
		fputs("\r\n", stdout);
}

/* Signs with the keys of a domain and prints the result; an exit code. */
static int
sign(const struct sign_engine *engine, const struct sign_policy *policy,
    const struct domain_keys *domain, const struct header *header,
    struct slice body, struct arena *mem, struct signer **signer,
    struct err *err)
{
	struct signature signatures[8];

	if (domain == NULL || domain->count == 0 || domain->count > 8)
		return 2;
	if (engine->begin(&(const struct sign_request){ policy, domain->keys,
			      domain->count, clock_now() },
		signer, err) != 0 ||
	    engine->header(*signer, header->fields, header->count, err) != 0)
		return 3;
	/* Cut where it hurts: in the middle of lines and of line ends. */
	for (size_t at = 0, cut = 1; at < body.len;
	     at += cut, cut = cut % 7 + 1)
		if (engine->body(*signer, slice_sub(body, at, cut), err) != 0)
			return 1;
	if (engine->finish(*signer, mem, signatures, err) != 0)
		return 1;
	for (size_t i = 0; i < domain->count; i++)
		print_field(mem, SLICE("DKIM-Signature"), signatures[i].value);
	for (size_t i = 0; i < header->count; i++)
		print_field(
		    mem, header->fields[i].name, header->fields[i].value);
	fputs("\r\n", stdout);
	fwrite(body.data, 1, body.len, stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct sign_engine *engine;
	const struct header_limits no_limits = { 0 };
	struct sign_policy policy = { .signed_count = 0 };
	struct keystore *store = NULL;
	struct domain_keys *keys = NULL;
	struct signer *signer = NULL;
	struct config *config = NULL;
	struct header header;
	struct slice body = { NULL, 0 };
	struct arena mem;
	struct err err = { 0 };
	struct slice conf;
	int code = 3;

	if (argc != 5)
		return 2;
	arena_init(&mem);
	conf = slice_format(&mem, "sign { canonicalization = %s }\n", argv[2]);
	engine = strcmp(argv[1], "native") == 0 ? &sign_engine_native :
						  &sign_engine_opendkim;
	header_init(&header, &mem);
	if (config_read_text(
		"test", conf, report_config, NULL, &config, &err) == 0)
		policy = sign_policy_from_config(config, &mem);
	if (config != NULL &&
	    keystore_load(slice_of(argv[3]),
		&(struct keystore_options){
		    .report = &(struct report){ report, NULL } },
		&store, &err) == 0 &&
	    engine->init(&err) == 0 && exit_for_faults(store) == 0 &&
	    header_parse(&header, read_all(&mem), &no_limits, &body, &err) ==
		0) {
		keys = keystore_take(store, slice_of(argv[4]));
		code = sign(engine, &policy, keys, &header,
		    with_crlf(&mem, body), &mem, &signer, &err);
	}
	if (err.kind != ERR_NONE)
		fprintf(stderr, "%s\n", err.text);
	/* All of it, also after a failure: LeakSanitizer looks on. */
	engine->free(signer);
	domain_keys_release(keys);
	keystore_free(store);
	config_free(config);
	arena_done(&mem);
	return code;
}
