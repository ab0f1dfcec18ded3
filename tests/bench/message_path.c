/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message_path SHAPE COUNT DIRECTORY: takes COUNT messages of that shape from MAIL
 * FROM to the line of the log. For tests/bench/instructions, which counts what it
 * costs, and which makes the keys in DIRECTORY.
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

#define LATIN_LINE "caf\xc3\xa9 au lait, s'il vous pla\xc3\xaet\r\n"
#define BINARY_LINE                                 \
	"\x89PNG\x01\x02 \xf3\xa9\x10\x7f\x80\x91 " \
	"abc\xe0\xff\x11\x12\r\n\xde\xad\xbe\xef"
#define BASE64_LINE                        \
	"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1w" \
	"cyBvdmVyIHRoZSBsYXp5IGRvZy4gVGhl" \
	"IHF1aWNr\r\n"
/* Over 500 octets. */
#define WORD "The quick brown fox jumps over the lazy dog. "
#define WORDS WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD "."
#define LABELLED(encoding)                                          \
	"From: Alice <alice@corp.example>\n" RECIPIENTS STAMPS MIME \
	"Content-Transfer-Encoding: " encoding "\n"
#define FILE_OF(encoding)                                             \
	"From: Alice <alice@corp.example>\n" RECIPIENTS STAMPS        \
	"MIME-Version: 1.0\nContent-Type: application/octet-stream\n" \
	"Content-Transfer-Encoding: " encoding "\n"

enum { LARGE_BYTES = 10 * 1000 * 1000, DOMAINS = 10000, USED_DOMAINS = 2 };

static const struct shape {
	const char *name;
	const char *header;
	const char *body_line;
	size_t body_bytes;
	enum action action;
} shapes[] = {
	{ "2k", LABELLED("7bit"), PLAIN_LINE, 2000, ACTION_ACCEPT },
	{ "100k", LABELLED("7bit"), PLAIN_LINE, 100000, ACTION_ACCEPT },
	{ "repaired",
	    "From: alice\nBcc: x@y.example\n"
	    "To: bob@far.example\nSubject: \xc3\xa9t\xc3\xa9\n" MIME
	    "Content-Transfer-Encoding: 8bit\n",
	    "caf\xc3\xa9 au lait\r\n", 8192, ACTION_ACCEPT },
	/* Large ones: clean, and what is repaired in each way. */
	{ "10m", LABELLED("7bit"), PLAIN_LINE, LARGE_BYTES, ACTION_ACCEPT },
	{ "10m-latin", LABELLED("8bit"), LATIN_LINE, LARGE_BYTES,
	    ACTION_ACCEPT },
	{ "10m-long", LABELLED("7bit"), WORDS WORDS "\r\n", LARGE_BYTES,
	    ACTION_ACCEPT },
	{ "10m-bare", LABELLED("7bit"), WORDS "\n", LARGE_BYTES,
	    ACTION_ACCEPT },
	{ "10m-binary", FILE_OF("binary"), BINARY_LINE, LARGE_BYTES,
	    ACTION_ACCEPT },
	{ "10m-base64", FILE_OF("base64"), BASE64_LINE, LARGE_BYTES,
	    ACTION_ACCEPT },
	{ "refused", "From: Boss <ceo@corp.example>\n" RECIPIENTS STAMPS,
	    PLAIN_LINE, 2000, ACTION_REJECT },
	/* As 2k; its author is of another domain each time. */
	{ "domains", NULL, PLAIN_LINE, 2000, ACTION_ACCEPT },
};

static void
no_fault(void *arg, bool is_error, const char *text)
{
	(void)arg;
	if (is_error)
		(void)fprintf(stderr, "message_path: %s\n", text);
}

static void
make_key(const char *directory, struct arena *mem)
{
	struct sign_key key;
	struct err err;

	ENSURE(
	    generate_key(&(struct key_spec){ SLICE("r"), KEY_RSA_SHA256, 2048 },
		slice_of(directory), SLICE("corp.example"), mem, &key,
		&err) == 0);
	key_done(&key);
}

/* Rights of alice to all domains, in a file. */
static struct slice
write_rights(const char *directory, struct arena *mem)
{
	struct slice path = slice_format(mem, "%s/rights", directory);
	FILE *file = fopen(path.data, "w");

	ENSURE(file != NULL);
	for (size_t i = 0; i < DOMAINS; i++)
		ENSURE(
		    fprintf(file, "@d%zu.example alice@corp.example\n", i) > 0);
	ENSURE(fclose(file) == 0);
	return path;
}

static struct snapshot *
make_snapshot(const char *directory, struct arena *mem)
{
	struct slice rights = write_rights(directory, mem);
	struct snapshot *snapshot;
	struct config *config;
	struct err err;

	ENSURE(config_read_text("bench",
		   slice_format(mem,
		       "domain = corp.example; hostname = mail.corp.example\n"
		       "keys = \"%s\"\nsign { dkim-key = off }\n"
		       "rights { tables = \"texthash:%s\" }\n",
		       directory, rights.data),
		   NULL, NULL, &config, &err) == 0);
	ENSURE(snapshot_new(config, NULL, &(struct report){ no_fault, NULL },
		   &snapshot, &err) == 0);
	ENSURE(unlink(rights.data) == 0);
	return snapshot;
}

static const char *
make_header(const struct shape *shape, unsigned long number, struct arena *mem)
{
	if (shape->header != NULL)
		return shape->header;
	return slice_format(mem,
	    "From: Alice <alice@d%lu.example>\n" RECIPIENTS STAMPS MIME
	    "Content-Transfer-Encoding: 7bit\n",
	    number % USED_DOMAINS)
	    .data;
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
take(struct snapshot *snapshot, const char *header, struct slice body)
{
	struct mail_facts facts = {
		.client.said[FACT_AUTH_AUTHEN] = SLICE("alice"),
		.path = SLICE("<alice@corp.example>"),
		.client.said[FACT_MTA_VERSION] = SLICE("Postfix 3.7.11"),
	};
	enum { CHUNK = 65535 };
	struct message *message = message_new(snapshot, &facts);
	struct verdict verdict = pipeline_mail(message);

	for (const char *text = header; *text != '\0';)
		text = add_field(message, text);
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_header(message);
	for (size_t at = 0; verdict.action == ACTION_ACCEPT && at < body.len;
	     at += CHUNK)
		pipeline_body(message, slice_sub(body, at, CHUNK));
	if (verdict.action == ACTION_ACCEPT)
		verdict = pipeline_end(message);
	(void)pipeline_log_line(message, SLICE("4F2A"), &verdict);
	message_count(message, &verdict);
	message_free(message);
	return verdict.action;
}

/* The key is made by a run of its own: chance says how long that takes. */
static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: message_path SHAPE COUNT DIRECTORY\n"
	    "       message_path keys DIRECTORY\n"
	    "shapes:");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		(void)fprintf(stderr, " %s", shapes[i].name);
	(void)fprintf(stderr, "\n");
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
		make_key(argv[2], &mem);
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
		ENSURE(take(snapshot, make_header(shape, i, &mem), body) ==
		    shape->action);
	snapshot_unref(snapshot);
	arena_done(&mem);
	return 0;
}
