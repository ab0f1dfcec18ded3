/* SPDX-License-Identifier: BSD-2-Clause */
/* GMime 3: gmime loose|strict. */
#include <gmime/gmime.h>

#include "framing.h"

static void
put_list(const char *name, InternetAddressList *list)
{
	int count = list == NULL ? 0 : internet_address_list_length(list);

	for (int i = 0; i < count; i++) {
		InternetAddress *item =
		    internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(item))
			put_list(name,
			    internet_address_group_get_members(
				INTERNET_ADDRESS_GROUP(item)));
		else
			put_mailbox(name, internet_address_get_name(item),
			    internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(item)));
	}
}

/* Every field of that name; it has an interface for From and Sender only. */
static void
put_fields(const char *name, GMimeMessage *message, GMimeParserOptions *options)
{
	GMimeHeaderList *headers =
	    g_mime_object_get_header_list(GMIME_OBJECT(message));

	for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
		GMimeHeader *header =
		    g_mime_header_list_get_header_at(headers, i);
		InternetAddressList *list;

		if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) !=
		    0)
			continue;
		list = internet_address_list_parse(
		    options, g_mime_header_get_raw_value(header));
		put_list(name, list);
		if (list != NULL)
			g_object_unref(list);
	}
}

int
main(int argc, char **argv)
{
	GMimeRfcComplianceMode mode =
	    argc > 1 && strcmp(argv[1], "strict") == 0 ?
	    GMIME_RFC_COMPLIANCE_STRICT :
	    GMIME_RFC_COMPLIANCE_LOOSE;
	GMimeParserOptions *options;
	size_t len;
	char *data;

	g_mime_init();
	options = g_mime_parser_options_new();
	g_mime_parser_options_set_address_compliance_mode(options, mode);
	g_mime_parser_options_set_rfc2047_compliance_mode(options, mode);
	g_mime_parser_options_set_allow_addresses_without_domain(options, TRUE);
	while ((data = read_message(&len)) != NULL) {
		GMimeStream *stream =
		    g_mime_stream_mem_new_with_buffer(data, len);
		GMimeParser *parser = g_mime_parser_new_with_stream(stream);
		GMimeMessage *message =
		    g_mime_parser_construct_message(parser, options);

		begin_line();
		if (message != NULL) {
			put_list(names[0], g_mime_message_get_from(message));
			put_list(names[1], g_mime_message_get_sender(message));
			for (int n = 2; n < NAMES; n++)
				put_fields(names[n], message, options);
			g_object_unref(message);
		}
		end_line();
		g_object_unref(parser);
		g_object_unref(stream);
		free(data);
	}
	return 0;
}
