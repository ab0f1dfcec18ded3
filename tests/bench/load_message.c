/* SPDX-License-Identifier: BSD-2-Clause */
/* The messages of a load, and the MTAs that it plays. */
#include "load.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_LINE "The quick brown fox jumps over the lazy dog again.\r\n"
#define LATIN_LINE "caf\xc3\xa9 au lait, s'il vous pla\xc3\xaet\r\n"
#define USUAL(author)                                                       \
	"From: " author, "To: Bob <bob@far.example>, carol@far.example",    \
	    "Subject: The figures of this week",                            \
	    "Date: Mon, 23 Nov 2026 10:15:30 +0100", "Message-ID: <%n@%d>", \
	    "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", \
	    "User-Agent: load"

static const char *const usual[] = { USUAL("Alice <alice@%d>"),
	"Content-Transfer-Encoding: 7bit", NULL };
static const char *const borrowed[] = { USUAL("Boss <ceo@%d>"),
	"Content-Transfer-Encoding: 7bit", NULL };
/* No Date and no Message-ID, Bcc, and raw 8-bit text. */
static const char *const faulty[] = { "From: alice@%d", "Bcc: x@y.example",
	"To: bob@far.example", "Subject: \xc3\xa9t\xc3\xa9 %n",
	"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
	"Content-Transfer-Encoding: 8bit", NULL };

enum { KB = 1000, MB = 1000 * KB };

static const struct load_shape shapes[] = {
	{ "2k", usual, PLAIN_LINE, 2 * KB, "<alice@%d>", false },
	{ "100k", usual, PLAIN_LINE, 100 * KB, "<alice@%d>", false },
	{ "10m", usual, PLAIN_LINE, 10 * MB, "<alice@%d>", false },
	{ "repaired", faulty, LATIN_LINE, 2 * KB, "<alice@%d>", false },
	{ "repaired-10m", faulty, LATIN_LINE, 10 * MB, "<alice@%d>", false },
	{ "refused-mail", usual, PLAIN_LINE, 2 * KB, "<ceo@%d>", true },
	{ "refused-header", borrowed, PLAIN_LINE, 2 * KB, "<alice@%d>", true },
};

const struct load_shape *
load_shape_find(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	}
	return NULL;
}

const char *
load_shape_names(void)
{
	return "2k 100k 10m repaired repaired-10m refused-mail "
	       "refused-header";
}

struct load_author
load_author_of(unsigned long number, unsigned long domains)
{
	struct load_author author = { "corp.example", number };

	if (domains > 1)
		(void)snprintf(author.domain, sizeof(author.domain),
		    "d%lu.example", number % domains);
	return author;
}

size_t
load_expand(
    char *out, size_t size, const char *text, const struct load_author *author)
{
	size_t len = 0;

	for (; *text != '\0' && len < size; text++) {
		if (text[0] == '%' && text[1] == 'd') {
			len += (size_t)snprintf(
			    out + len, size - len, "%s", author->domain);
			text++;
		} else if (text[0] == '%' && text[1] == 'n') {
			len += (size_t)snprintf(
			    out + len, size - len, "%lu", author->number);
			text++;
		} else {
			out[len++] = *text;
		}
	}
	if (len >= size)
		load_fail("a text is longer than %zu octets", size);
	out[len] = '\0';
	return len;
}

/* Adds a piece at *at, which moves behind it. */
static void
body_add(struct load_body *body, char command, size_t octets)
{
	uint32_t length = htonl((uint32_t)octets + 1);

	memcpy(body->data + body->len, &length, sizeof(length));
	body->data[body->len + sizeof(length)] = command;
	body->len += sizeof(length) + 1 + octets;
}

struct load_body
load_body_new(
    const struct load_shape *shape, const char *macros, size_t macros_len)
{
	size_t line = strlen(shape->body_line), done = 0, extra = 16;
	size_t octets = (shape->body_octets + line - 1) / line * line;
	size_t pieces = octets / LOAD_CHUNK_OCTETS + 1;
	struct load_body body = {
		.data = malloc(octets + pieces * (macros_len + extra)),
		.ends = calloc(pieces, sizeof(size_t)),
	};

	if (body.data == NULL || body.ends == NULL)
		load_fail("no memory");
	while (done < octets) {
		size_t now = octets - done < LOAD_CHUNK_OCTETS ?
		    octets - done :
		    LOAD_CHUNK_OCTETS;
		char *data;

		if (macros != NULL) {
			memcpy(body.data + body.len, macros, macros_len);
			body.len += macros_len;
		}
		data = body.data + body.len + sizeof(uint32_t) + 1;
		for (size_t i = 0; i < now; i++)
			data[i] = shape->body_line[(done + i) % line];
		body_add(&body, 'B', now);
		body.ends[body.pieces++] = body.len;
		done += now;
	}
	return body;
}

void
load_body_free(struct load_body *body)
{
	free(body->data);
	free(body->ends);
}

/* Stages: connect, HELO, MAIL, RCPT, DATA, end of message, end of header. */
static const struct load_mta mtas[] = {
	{ "postfix", "Postfix 3.7.11", true,
	    { "j daemon_name daemon_addr v _", "",
		"i auth_type auth_authen mail_addr mail_host mail_mailer",
		"i rcpt_addr rcpt_host rcpt_mailer", "i", "i", "i" } },
	{ "sendmail", "8.17.1.9", false,
	    { "j _ daemon_name if_name if_addr", "",
		"i auth_type auth_authen auth_ssf mail_mailer mail_host "
		"mail_addr",
		"rcpt_mailer rcpt_host rcpt_addr", "", "msg_id", "" } },
};

const struct load_mta *
load_mta_find(const char *name)
{
	for (size_t i = 0; i < sizeof(mtas) / sizeof(mtas[0]); i++) {
		if (strcmp(mtas[i].name, name) == 0)
			return &mtas[i];
	}
	return NULL;
}
