/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What GMime sees in messages. Reads messages from standard input, each behind
 * its length ("123\n"), and writes for each, parts in order:
 *
 *	P DEPTH TYPE			a part begins
 *	F LENGTH and octets		each field, as it stands
 *	R LENGTH and octets		a leaf as it stands; what surrounds parts
 *	D LENGTH and octets		a leaf decoded
 *	.				the message ends
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

static void
show(char kind, const void *data, size_t len)
{
	printf("%c %zu\n", kind, len);
	if (len > 0)
		(void)fwrite(data, 1, len, stdout);
	putchar('\n');
}

static void
show_stream(char kind, GMimeStream *stream)
{
	GByteArray *octets =
	    g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

	show(kind, octets->data, octets->len);
}

static void
show_fields(GMimeObject *object)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		GMimeHeader *field = g_mime_header_list_get_header_at(list, i);
		const char *value = g_mime_header_get_raw_value(field);
		GString *text = g_string_new(g_mime_header_get_name(field));

		g_string_append_c(text, ':');
		g_string_append(text, value == NULL ? "" : value);
		show('F', text->str, text->len);
		g_string_free(text, TRUE);
	}
}

static void
show_leaf(GMimeDataWrapper *content)
{
	GMimeStream *raw, *decoded;

	if (content == NULL)
		return;
	raw = g_mime_stream_mem_new();
	decoded = g_mime_stream_mem_new();
	(void)g_mime_stream_reset(g_mime_data_wrapper_get_stream(content));
	(void)g_mime_stream_write_to_stream(
	    g_mime_data_wrapper_get_stream(content), raw);
	show_stream('R', raw);
	(void)g_mime_data_wrapper_write_to_stream(content, decoded);
	show_stream('D', decoded);
	g_object_unref(raw);
	g_object_unref(decoded);
}

static void
show_text(const char *text)
{
	show('R', text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

static void
show_part(GMimeObject *object, int depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	char *name = g_mime_content_type_get_mime_type(type);
	char *lower = g_ascii_strdown(name, -1);

	printf("P %d %s\n", depth, lower);
	g_free(name);
	g_free(lower);
	show_fields(object);
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *all = GMIME_MULTIPART(object);

		show_text(g_mime_multipart_get_prologue(all));
		show_text(g_mime_multipart_get_epilogue(all));
		for (int i = 0; i < g_mime_multipart_get_count(all); i++)
			show_part(g_mime_multipart_get_part(all, i), depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *message =
		    g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

		if (message == NULL)
			return;
		printf("P %d message\n", depth + 1);
		show_fields(GMIME_OBJECT(message));
		if (g_mime_message_get_mime_part(message) != NULL)
			show_part(
			    g_mime_message_get_mime_part(message), depth + 2);
	} else if (GMIME_IS_PART(object)) {
		show_leaf(g_mime_part_get_content(GMIME_PART(object)));
	}
}

static void
show_message(const char *data, size_t len)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, len);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

	if (message != NULL) {
		printf("P 0 message\n");
		show_fields(GMIME_OBJECT(message));
		if (g_mime_message_get_mime_part(message) != NULL)
			show_part(g_mime_message_get_mime_part(message), 1);
		g_object_unref(message);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	puts(".");
}

int
main(void)
{
	char line[32];

	g_mime_init();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t len = strtoul(line, NULL, 10);
		char *data = malloc(len + 1);

		if (data == NULL || fread(data, 1, len, stdin) != len)
			return 1;
		show_message(data, len);
		free(data);
		fflush(stdout);
	}
	return 0;
}
