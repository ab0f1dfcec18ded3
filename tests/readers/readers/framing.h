/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers in C and C++ have in common: records in, JSON lines out. */
#ifndef READERS_FRAMING_H
#define READERS_FRAMING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = { "From", "Sender", "Resent-From",
	"Resent-Sender", "Author" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* The next message, ended by a NUL as well; NULL at the end. */
static char *
read_message(size_t *ret_len)
{
	unsigned char prefix[4];
	char *data;
	size_t len;

	if (fread(prefix, 1, 4, stdin) != 4)
		return NULL;
	len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 |
	    (size_t)prefix[2] << 8 | prefix[3];
	data = (char *)malloc(len + 1);
	if (data == NULL || fread(data, 1, len, stdin) != len)
		return NULL;
	data[len] = '\0';
	*ret_len = len;
	return data;
}

/* Octets as a JSON string, 8-bit ones as they stand. */
static void
put_string(const char *text)
{
	putchar('"');
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"' || *text == '\\' ||
		    (unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static const char *open_name;
static int pairs;

static inline void
begin_line(void)
{
	open_name = NULL;
	putchar('{');
}

/* Mailboxes of one field stand together. */
static inline void
put_mailbox(const char *name, const char *display, const char *address)
{
	if (open_name != name) {
		if (open_name != NULL)
			fputs("],", stdout);
		printf("\"%s\":[", name);
		pairs = 0;
	}
	open_name = name;
	fputs(pairs++ ? ",[" : "[", stdout);
	put_string(display);
	putchar(',');
	put_string(address);
	putchar(']');
}

static inline void
end_line(void)
{
	fputs(open_name != NULL ? "]}\n" : "}\n", stdout);
	/* What was read before a crash is not lost with it. */
	fflush(stdout);
}

#endif
