/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message_path SHAPE COUNT: takes COUNT messages of that shape from MAIL FROM to
 * their signatures. For tests/bench/instructions, which counts what it costs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/stamp.h"
#include "../generate_key.h"
#include "pipeline/pipeline.h"

#define STAMPS                                    \
	"Date: Mon, 23 Nov 2026 10:15:30 +0100\n" \
	"Message-ID: <1@corp.example>\n"
#define MIME "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
#define RECIPIENTS                                       \
	"To: Bob <bob@far.example>, carol@far.example\n" \
	"Subject: The figures of this week\n"
#define PLAIN_LINE "The quick brown fox jumps over the lazy dog.\r\n"

enum { DOMAINS = 4, KEYS = 2 };

static const struct shape {
	const char *name;
	const char *header;
	const char *body_line;
	size_t body_bytes;
	enum action action;
} shapes[] = {
	{ "small",
	    "From: Alice <alice@corp.example>\n" RECIPIENTS STAMPS MIME
	    "Content-Transfer-Encoding: 7bit\n",
	    PLAIN_LINE, 2048, ACTION_ACCEPT },
	{ "large",
	    "From: Alice <alice@corp.example>\n" RECIPIENTS STAMPS MIME
	    "Content-Transfer-Encoding: 7bit\n",
	    PLAIN_LINE, 1048576, ACTION_ACCEPT },
	{ "repaired",
	    "From: alice\nBcc: x@y.example\n"
	    "To: bob@far.example\nSubject: \xc3\xa9t\xc3\xa9\n" MIME
	    "Content-Transfer-Encoding: 8bit\n",
	    "caf\xc3\xa9 au lait\r\n", 8192, ACTION_ACCEPT },
	{ "refused", "From: Boss <ceo@corp.example>\n" RECIPIENTS STAMPS,
	    PLAIN_LINE, 2048, ACTION_REJECT },
	{ "many-keys",
	    "From: a@corp.example, a@b.example, a@c.example,\n"
	    "\ta@d.example\nSender: alice@corp.example\n" RECIPIENTS STAMPS,
	    PLAIN_LINE, 2048, ACTION_ACCEPT },
};

static const char *const domains[DOMAINS] = { "corp.example", "b.example",
	"c.example", "d.example" };

static void
no_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		(void)fprintf(stderr, "message_path: %s\n", text);
}

static void
make_keys(const char *directory, struct arena *mem)
{
	for (size_t i = 0; i < DOMAINS * (size_t)KEYS; i++) {
		struct sign_key key;
		struct err err;

		ENSURE(
		    generate_key(
			&(struct key_spec){
			    i % KEYS == 0 ? SLICE("e") : SLICE("r"),
			    i % KEYS == 0 ? KEY_ED25519_SHA256 : KEY_RSA_SHA256,
			    2048 },
			slice_of(directory), slice_of(domains[i / KEYS]), mem,
			&key, &err) == 0);
		key_done(&key);
	}
}

static struct snapshot *
make_snapshot(const char *directory, struct arena *mem)
{
	struct slice rights = slice_format(mem, "%s/rights", directory);
	FILE *file = fopen(rights.data, "w");
	struct snapshot *snapshot;
	struct config *config;
	struct err err;

	ENSURE(file != NULL &&
	    fputs(
		"a@corp.example alice@corp.example\n"
		"@b.example alice@corp.example\n@c.example alice@corp.example\n"
		"@d.example alice@corp.example\n",
		file) >= 0 &&
	    fclose(file) == 0);
	ENSURE(config_read_text("bench",
		   slice_format(mem,
		       "domain = corp.example; hostname = mail.corp.example\n"
		       "keys = \"%s\"\nsign { dkim-key = off }\n"
		       "rights { tables = \"texthash:%s/rights\" }\n",
		       directory, directory),
		   NULL, NULL, &config, &err) == 0);
	ENSURE(snapshot_new(config, NULL, &(struct report){ no_fault, NULL },
		   &snapshot, &err) == 0);
	ENSURE(unlink(rights.data) == 0);
	return snapshot;
}

static struct slice
make_body(const struct shape *shape, struct arena *mem)
{
	struct strbuf buf;

	strbuf_init(&buf, mem);
	while (buf.len < shape->body_bytes)
		strbuf_add_cstr(&buf, shape->body_line);
	return strbuf_slice(&buf);
}

/* One header field, its continuation lines with it. */
static const char *
add_field(struct message *message, const char *text)
{
	size_t len = strcspn(text, "\n"), colon = strcspn(text, ":");

	while (text[len + 1] == '\t')
		len += 1 + strcspn(text + len + 1, "\n");
	message_add_header(message, (struct slice){ text, colon },
	    (struct slice){ text + colon + 1, len - colon - 1 });
	return text + len + 1;
}

/* Counted by its name: not inlined. */
__attribute__((noinline)) static enum action
take(struct snapshot *snapshot, const struct shape *shape, struct slice body)
{
	struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice"),
		.path = SLICE("<alice@corp.example>"),
		.client.said[FACT_MTA_VERSION] = SLICE("Postfix 3.7.11"),
	};
	enum { CHUNK = 65535 };
	struct message *message = message_new(snapshot, &facts);
	struct verdict verdict = pipeline_mail(message);

	for (const char *text = shape->header; *text != '\0';)
		text = add_field(message, text);
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_header(message);
	for (size_t at = 0; verdict.action == ACTION_ACCEPT && at < body.len;
	     at += CHUNK)
		pipeline_body(message, slice_sub(body, at, CHUNK));
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_end(message);
	(void)pipeline_log_line(message, SLICE("4F2A"), &verdict);
	message_free(message);
	return verdict.action;
}

/* Keys are made by a run of their own: chance says how long that takes. */
static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: message_path small|large|repaired|refused|many-keys COUNT "
	    "DIRECTORY\n"
	    "       message_path keys DIRECTORY\n");
	return 2;
}

int
main(int argc, char **argv)
{
	const struct shape *shape = NULL;
	struct snapshot *snapshot;
	unsigned long count = 0;
	struct slice body;
	struct arena mem;

	arena_init(&mem);
	if (argc == 3 && strcmp(argv[1], "keys") == 0) {
		make_keys(argv[2], &mem);
		arena_done(&mem);
		return 0;
	}
	for (size_t i = 0; argc == 4 && i < sizeof(shapes) / sizeof(shapes[0]);
	     i++) {
		if (strcmp(argv[1], shapes[i].name) == 0)
			shape = &shapes[i];
	}
	if (shape == NULL || !slice_number(slice_of(argv[2]), 1000000, &count))
		return usage();
	snapshot = make_snapshot(argv[3], &mem);
	body = make_body(shape, &mem);
	for (unsigned long i = 0; i < count; i++)
		ENSURE(take(snapshot, shape, body) == shape->action);
	snapshot_unref(snapshot);
	arena_done(&mem);
	return 0;
}
