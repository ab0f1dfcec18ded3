/* SPDX-License-Identifier: BSD-2-Clause */
/* Camel: Evolution. */
#include <camel/camel.h>

#include "framing.h"

static void
put_list(const char *name, CamelInternetAddress *list)
{
	const char *display, *address;

	for (int i = 0; list != NULL &&
	     camel_internet_address_get(list, i, &display, &address);
	     i++)
		put_mailbox(name, display, address);
}

/* Every field of that name; it has an interface for From only. */
static void
put_fields(const char *name, CamelMimeMessage *message)
{
	const CamelNameValueArray *headers =
	    camel_medium_get_headers(CAMEL_MEDIUM(message));
	const char *field, *value;

	for (guint i = 0;
	     camel_name_value_array_get(headers, i, &field, &value); i++) {
		CamelInternetAddress *list;

		if (g_ascii_strcasecmp(field, name) != 0)
			continue;
		list = camel_internet_address_new();
		camel_address_decode(CAMEL_ADDRESS(list), value);
		put_list(name, list);
		g_object_unref(list);
	}
}

int
main(void)
{
	size_t len;
	char *data;

	camel_init(g_get_tmp_dir(), FALSE);
	while ((data = read_message(&len)) != NULL) {
		CamelMimeMessage *message = camel_mime_message_new();

		begin_line();
		if (camel_data_wrapper_construct_from_data_sync(
			CAMEL_DATA_WRAPPER(message), data, (gssize)len, NULL,
			NULL)) {
			put_list(
			    names[0], camel_mime_message_get_from(message));
			for (int n = 1; n < NAMES; n++)
				put_fields(names[n], message);
		}
		end_line();
		g_object_unref(message);
		free(data);
	}
	return 0;
}
